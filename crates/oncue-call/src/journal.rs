//! Joins a centre, or the calls without a call system, and a store of identities: writes down the calls as they go, ends at
//! launch what a dead process left behind, and finds whom to call again. It only listens; no call waits for it.

use crate::app_call::Over;
use crate::{
    AppCall, AppId, CallAction, CallRecord, CallState, CannotRedial, Ending, Handle, IdentityStore,
    Input, Message, NewCall, Output, Signal, Stage, StartCallRequest, StoreError, Wish,
};
use oncue_session::{EndedReason, Id};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::SystemTime;

/// What keeps the calls of a [`Centre`](crate::Centre) in an [`IdentityStore`], and those of an [`InApp`](crate::InApp),
/// which the phone's own Recents never see.
///
/// It is shown every input before either of them takes it, every output after it was done, and every change. So a report
/// never waits for the store, and what is acknowledged to the far end was written before.
///
/// While the store is locked (`before-first-unlock`) it keeps what is to be written, and writes it after
/// [`Input::Unlocked`]; a process that dies before that loses it. Any other error of the store is returned, and is no
/// reason to end a call.
pub struct Journal<S> {
    store: S,
    peer: Box<dyn Fn(&Handle) -> AppId + Send>,
    in_recents: bool,
    /// The calls of this process that are not over.
    live: BTreeMap<Id, Live>,
    over: Over,
    /// The call that began to ring in the app since the last input: by whom, and whether with video.
    rings: Option<(AppCall, Handle, bool)>,
    /// The report that comes next is only there since a push has to be reported: its call is listed elsewhere, as the one
    /// that is over or that rings in the app.
    elsewhere: bool,
    unwritten: VecDeque<Write>,
    left_behind: Vec<CallRecord>,
}

/// What is known of a call's end before it is over.
#[derive(Debug, Default)]
struct Live {
    /// Its last change.
    seen: Option<CallState>,
    /// What was reported, or performed.
    ending: Option<Ending>,
    /// What far end or user said last: why it ends if it ends without a report.
    said: Option<Ending>,
}

/// Something to write.
#[derive(Clone, Debug)]
enum Write {
    EndLeftBehind(SystemTime),
    Begin { uuid: Id, handle: Handle, outgoing: bool, video: bool, listed: bool, at: SystemTime },
    Connected(Id, SystemTime),
    End(Id, SystemTime, Ending),
}

impl<S: IdentityStore> Journal<S> {
    /// For a process that has just started: ends the calls that the one before left behind.
    ///
    /// `in_recents` is `includesCallsInRecents` of the provider's configuration. `peer` gives the app's id of a far end
    /// whose handle the store does not know yet.
    ///
    /// # Errors
    /// Those of the store, but for [`StoreError::Locked`].
    pub fn at_launch(
        store: S,
        in_recents: bool,
        peer: impl Fn(&Handle) -> AppId + Send + 'static,
        now: SystemTime,
    ) -> Result<Self, StoreError> {
        let mut journal = Self {
            store,
            peer: Box::new(peer),
            in_recents,
            live: BTreeMap::new(),
            over: Over::default(),
            rings: None,
            elsewhere: false,
            unwritten: VecDeque::new(),
            left_behind: Vec::new(),
        };
        journal.write(Write::EndLeftBehind(now))?;
        Ok(journal)
    }

    /// The calls that a dead process left behind, once: the app tells its server that they are over.
    pub fn take_left_behind(&mut self) -> Vec<CallRecord> {
        std::mem::take(&mut self.left_behind)
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The store, to remember a peer or to unlock it.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// The centre, or the calls without a call system, are about to be told this.
    ///
    /// # Errors
    /// Those of the store, as above.
    pub fn told(&mut self, input: &Input) -> Result<(), StoreError> {
        self.rings = None;
        match input {
            Input::Push(push) => self.elsewhere = self.over.contains(&push.call),
            Input::Signal(Signal::Ended { call, reason }) => {
                self.said(|it| it.app.as_ref() == Some(call), Ending::Reported(*reason));
            }
            Input::Wish(Wish::End { call }) => {
                self.said(|it| it.app.as_ref() == Some(call), Ending::Local);
            }
            // Without a call system one call goes on at a time.
            Input::Wish(Wish::Answer { .. }) => {
                self.said(|it| it.stage != Stage::Ringing, Ending::Local);
            }
            Input::ProviderReset => {
                let failed = Ending::Reported(EndedReason::Failed);
                self.live.values_mut().for_each(|live| {
                    live.ending.get_or_insert(failed);
                });
            }
            Input::Perform(performed) => {
                if let CallAction::End { call } = performed.action {
                    self.ends(call, Ending::Local);
                }
            }
            Input::Unlocked(true) => return self.catch_up(),
            _ => {}
        }
        Ok(())
    }

    /// This was done for them.
    ///
    /// # Errors
    /// Those of the store, as above.
    pub fn done(&mut self, output: &Output, at: SystemTime) -> Result<(), StoreError> {
        match output {
            Output::ReportIncoming { call, update } => {
                let handle = update.remote_handle.clone();
                let handle = handle.unwrap_or_else(|| Handle::generic(""));
                self.elsewhere |= self.rings.is_some();
                self.begin(*call, handle, false, update.has_video, at)
            }
            Output::Request(transaction) => {
                transaction.actions.iter().try_for_each(|action| match action {
                    CallAction::Start { call, handle, video, .. } => {
                        self.begin(*call, handle.clone(), true, *video, at)
                    }
                    _ => Ok(()),
                })
            }
            Output::ReportEnded { call, reason } => {
                self.ends(*call, Ending::Reported(*reason));
                Ok(())
            }
            Output::RingInApp { call, from, video, .. } => {
                self.rings = Some((call.clone(), from.clone(), *video));
                Ok(())
            }
            Output::Send { id: Some(call), message: Message::Dial { to, video }, .. } => {
                self.begin(*call, to.clone(), true, *video, at)
            }
            _ => Ok(()),
        }
    }

    /// A call changed ([`Centre::poll_change`](crate::Centre::poll_change)), after what led to it was done.
    ///
    /// # Errors
    /// Those of the store, as above.
    pub fn changed(&mut self, state: &CallState, at: SystemTime) -> Result<(), StoreError> {
        if let Some((_, from, video)) = self.rings.take_if(|it| Some(&it.0) == state.app.as_ref()) {
            self.begin(state.id, from, false, video, at)?;
        }
        match state.stage {
            Stage::Connected if self.live.contains_key(&state.id) => {
                self.write(Write::Connected(state.id, at))?;
            }
            Stage::Ended => {
                if let Some(app) = &state.app {
                    self.over.remember(app.clone());
                }
                let Some(Live { seen, ending, said }) = self.live.remove(&state.id) else {
                    return Ok(());
                };
                // Nobody reported an end and nobody asked for one: it rang for too long, or the system did not take the
                // call, or lost it.
                let rang = seen.is_some_and(|it| it.stage == Stage::Ringing);
                let reason = if rang { EndedReason::Unanswered } else { EndedReason::Failed };
                let ending = ending.or(said).unwrap_or(Ending::Reported(reason));
                return self.write(Write::End(state.id, at, ending));
            }
            _ => {}
        }
        if let Some(live) = self.live.get_mut(&state.id) {
            live.seen = Some(state.clone());
        }
        Ok(())
    }

    /// What the user wishes who calls from the phone's Recents, a contact or Siri: for the centre, as the new call
    /// `call`.
    ///
    /// # Errors
    /// [`CannotRedial`], for the user to see.
    pub fn redial(&self, request: &StartCallRequest, call: AppCall) -> Result<Wish, CannotRedial> {
        let again = request.redial(&self.store)?;
        let intent = Some(request.intent());
        let (to, contact, video) = (again.handle, again.contact, again.video);
        Ok(Wish::Start { call, to, contact, video, intent })
    }

    fn begin(
        &mut self,
        uuid: Id,
        handle: Handle,
        outgoing: bool,
        video: bool,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        // A push that comes twice reports its call twice.
        if self.live.contains_key(&uuid) {
            return Ok(());
        }
        self.live.insert(uuid, Live::default());
        let listed = self.in_recents && (outgoing || !std::mem::take(&mut self.elsewhere));
        self.write(Write::Begin { uuid, handle, outgoing, video, listed, at })
    }

    /// Why a call will have ended; the first word counts.
    fn ends(&mut self, call: Id, why: Ending) {
        if let Some(live) = self.live.get_mut(&call) {
            live.ending.get_or_insert(why);
        }
    }

    /// Far end or user said why these calls end; the last word counts.
    fn said(&mut self, of: impl Fn(&CallState) -> bool, why: Ending) {
        for live in self.live.values_mut().filter(|live| live.seen.as_ref().is_some_and(&of)) {
            live.said = Some(why);
        }
    }

    /// Writes, in the order in which it was asked; later, if the store is locked.
    fn write(&mut self, write: Write) -> Result<(), StoreError> {
        self.unwritten.push_back(write);
        self.catch_up()
    }

    fn catch_up(&mut self) -> Result<(), StoreError> {
        while let Some(write) = self.unwritten.front().cloned() {
            match self.write_now(write) {
                Err(StoreError::Locked) => return Ok(()),
                done => {
                    self.unwritten.pop_front();
                    done?;
                }
            }
        }
        Ok(())
    }

    fn write_now(&mut self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::EndLeftBehind(at) => {
                self.left_behind = self.store.end_left_behind(at)?;
                Ok(())
            }
            Write::Begin { uuid, handle, outgoing, video, listed: in_recents, at } => {
                let known = self.store.peer_of(&handle)?;
                let peer = known.unwrap_or_else(|| (self.peer)(&handle));
                self.store.begin(&NewCall { uuid, peer, handle, outgoing, video, in_recents, at })
            }
            Write::Connected(uuid, at) => self.store.connected(uuid, at),
            Write::End(uuid, at, why) => self.store.end(uuid, at, why),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Journal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("store", &self.store)
            .field("live", &self.live)
            .field("unwritten", &self.unwritten)
            .finish_non_exhaustive()
    }
}
