//! The calls: how far each has come, as the app, the system and the far end told.

use super::Seen;
use super::actions::Actions;
use super::call::{Call, Report};
use super::under_way::UnderWay;
use core::time::Duration;
use oncue_platform::{ActionKind, Event, EventKind, Id};

/// The calls that are remembered.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    calls: UnderWay<Call>,
    /// Whether a call was forgotten, so that an unknown one need not be new.
    pub(crate) forgot: bool,
    /// Whether the stream tells what app and far end say to each other.
    pub(crate) tells_signalling: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::ProviderReset,
    EventKind::Push,
    EventKind::Invite,
    EventKind::ReportIncoming,
    EventKind::ReportSucceeded,
    EventKind::ReportRefused,
    EventKind::ReportConnecting,
    EventKind::ReportConnected,
    EventKind::ReportEnded,
    EventKind::Request,
    EventKind::RequestRefused,
    EventKind::Perform,
    EventKind::Fulfill,
    EventKind::Fail,
    EventKind::TimedOut,
    EventKind::WantAudio,
    EventKind::SendAccept,
    EventKind::SendDial,
    EventKind::SendEnd,
    EventKind::PeerAnswered,
    EventKind::PeerEnded,
    EventKind::StartRingTimer,
    EventKind::CancelRingTimer,
    EventKind::RingTimerFired,
    EventKind::UserAnswers,
    EventKind::UserEnds,
    EventKind::UserMutes,
    EventKind::AddIncomingCall,
];

impl Calls {
    pub(super) fn new() -> Self {
        Self { calls: UnderWay::new(), forgot: false, tells_signalling: false }
    }

    pub(crate) fn place(&self, id: Id) -> Option<usize> {
        self.calls.all().iter().position(|call| call.id == id)
    }

    pub(super) fn at(&self, place: usize) -> &Call {
        self.calls.at(place)
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Call> {
        self.calls.all().iter().find(|call| call.id == id)
    }

    /// Whether this holds for any call, be it over.
    pub(crate) fn any(&self, what: impl Fn(&Call) -> bool) -> bool {
        self.calls.all().iter().any(what)
    }

    /// Whether this holds for any call that is under way.
    pub(crate) fn any_under_way(&self, what: impl Fn(&Call) -> bool) -> bool {
        self.calls.under_way().iter().any(what)
    }

    /// Whether a call is under way.
    pub(crate) fn is_any_under_way(&self) -> bool {
        !self.calls.under_way().is_empty()
    }

    pub(crate) fn count(&self, what: impl Fn(&Call) -> bool) -> usize {
        self.calls.all().iter().filter(|call| what(call)).count()
    }

    /// The call, which begins if it is not known yet.
    #[inline]
    fn known(&mut self, id: Id, since: Duration) -> &mut Call {
        let place = self.place(id).unwrap_or_else(|| self.begin(id, since));
        self.calls.at_mut(place)
    }

    #[inline(never)]
    fn begin(&mut self, id: Id, since: Duration) -> usize {
        self.forgot |= self.calls.is_full();
        // A phone has few live calls at once; it may report any number.
        self.calls.begin(Call::new(id, since), |call| (call.is_live(), call.is_somebodys()))
    }

    /// The call at its report or the request of its start: one that ended has left nothing but its UUID.
    fn begun(&mut self, id: Id, since: Duration) -> &mut Call {
        let place = match self.place(id) {
            Some(place) if self.calls.at(place).ended => {
                *self.calls.at_mut(place) = Call::new(id, since);
                self.calls.again(place)
            }
            Some(place) => place,
            None => self.begin(id, since),
        };
        self.calls.at_mut(place)
    }

    /// From now on a call is over for the system.
    fn end(&mut self, id: Id, at: Duration) {
        let place = self.place(id).unwrap_or_else(|| self.begin(id, at));
        self.calls.at_mut(place).end(at);
        self.calls.end(place);
    }

    #[inline(always)]
    pub(super) fn learn(
        &mut self,
        seen: &Seen<'_>,
        action: Option<(ActionKind, Id)>,
        actions: &Actions,
    ) {
        let at = seen.at;
        match *seen.event {
            Event::Push { call: Some(call), .. }
            | Event::Invite { call }
            | Event::AddIncomingCall { call } => {
                self.known(call, at).incoming = true;
            }
            Event::ReportIncoming { call, video } => {
                let call = self.begun(call, at);
                call.incoming = true;
                // A second report of a call that the system has changes nothing: it is only refused.
                if call.report != Report::Succeeded {
                    call.report = Report::Asked;
                }
                call.video = video.or(call.video);
            }
            Event::ReportSucceeded { call } => self.known(call, at).report = Report::Succeeded,
            // It may be over long since.
            Event::ReportRefused { call, .. } if self.forgot && self.place(call).is_none() => {}
            // The system has a call with this UUID.
            Event::ReportRefused { call, code: 2 } => {
                self.known(call, at).report = Report::Succeeded;
            }
            Event::ReportRefused { call, .. } => {
                let known = self.known(call, at);
                // A second report of a call that stands is refused too, and takes nothing.
                if known.report == Report::Asked && !known.connects {
                    known.report = Report::Refused;
                    self.end(call, at);
                }
            }
            Event::Request { kind, call, video, .. } => self.requested(at, kind, call, video),
            Event::RequestRefused { transaction, code } => {
                let others = |one| actions.requested_in(transaction).any(|(_, call)| call != one);
                for (_, call) in actions.requested_in(transaction) {
                    if self.forgot && self.place(call).is_none() {
                        continue;
                    }
                    let known = self.known(call, at);
                    known.request_refused = true;
                    // By code 4 (UnknownCallUUID) the system has no such call; of several, nobody knows which.
                    if code == 4 && !others(call) || known.outgoing && !known.start_performed {
                        self.end(call, at);
                    }
                }
            }
            Event::Perform { kind, call, .. } => self.performed(at, kind, call),
            Event::Fulfill { .. } => {
                if let Some((kind, call)) = action {
                    self.fulfilled(at, kind, call);
                }
            }
            Event::Fail { .. } | Event::TimedOut { .. } => {
                let unknown =
                    seen.action.get().is_some_and(|place| actions.at(place).of_unknown_call);
                if let Some((kind, call)) = action {
                    let begins = matches!(kind, ActionKind::Answer | ActionKind::Start);
                    if !self.known(call, at).connects && (begins || unknown) {
                        self.end(call, at);
                    }
                }
            }
            Event::ReportConnecting { call } => self.known(call, at).connecting_reported = true,
            Event::ReportConnected { call } => self.known(call, at).connected_reported = true,
            Event::ReportEnded { call, reason } => {
                self.known(call, at).end_reported = Some(reason);
                self.end(call, at);
            }
            Event::WantAudio { call } => self.known(call, at).wants_audio = true,
            Event::UserAnswers { call }
            | Event::StartRingTimer { call }
            | Event::CancelRingTimer { call }
            | Event::RingTimerFired { call } => {
                self.known(call, at);
            }
            Event::UserEnds { call } => {
                let call = self.known(call, at);
                call.user_ends = true;
                call.user_ended_at.get_or_insert(at);
            }
            Event::UserMutes { call, muted } => {
                let call = self.known(call, at);
                (call.user_muted, call.muted, call.mute_requested) =
                    (Some(muted), Some(muted), None);
            }
            Event::SendAccept { call } => self.signalled(at, call).accept_sent = true,
            Event::SendDial { call } => self.signalled(at, call).dialled = true,
            Event::SendEnd { call } => self.signalled(at, call).end_sent = true,
            Event::PeerAnswered { call } => {
                let call = self.signalled(at, call);
                call.peer_answered = true;
                call.peer_answered_at.get_or_insert(at);
            }
            Event::PeerEnded { call } => {
                let call = self.signalled(at, call);
                call.peer_ended = true;
                call.peer_ended_at.get_or_insert(at);
            }
            Event::ProviderReset {} => {
                while let Some(call) = self.calls.under_way().first() {
                    self.end(call.id, at);
                }
            }
            _ => {}
        }
    }

    fn signalled(&mut self, at: Duration, call: Id) -> &mut Call {
        self.tells_signalling = true;
        self.known(call, at)
    }

    fn requested(&mut self, at: Duration, kind: ActionKind, call: Id, video: Option<bool>) {
        let call =
            if kind == ActionKind::Start { self.begun(call, at) } else { self.known(call, at) };
        call.request_refused = false;
        match kind {
            ActionKind::Start => {
                (call.outgoing, call.start_requested) = (true, true);
                call.video = video.or(call.video);
            }
            ActionKind::Answer => call.answer_requested = true,
            ActionKind::End => call.end_requested = true,
            ActionKind::Mute => call.mute_requested = Some(true),
            ActionKind::Unmute => call.mute_requested = Some(false),
            _ => {}
        }
    }

    fn performed(&mut self, at: Duration, kind: ActionKind, id: Id) {
        // An unknown call is remembered too: in the middle of a story it may well exist, and in a whole one its action
        // holds that it was unknown.
        let call = self.known(id, at);
        match kind {
            ActionKind::Start => (call.outgoing, call.start_performed) = (true, true),
            ActionKind::Answer => call.answer_performed = true,
            ActionKind::End => call.end_performed = true,
            ActionKind::Mute => (call.mute_performed, call.muted) = (Some(true), Some(true)),
            ActionKind::Unmute => (call.mute_performed, call.muted) = (Some(false), Some(false)),
            _ => {}
        }
    }

    fn fulfilled(&mut self, at: Duration, kind: ActionKind, id: Id) {
        let call = self.known(id, at);
        match kind {
            ActionKind::Start | ActionKind::Answer => call.connects = true,
            ActionKind::End => self.end(id, at),
            ActionKind::Hold | ActionKind::Unhold => {
                // What can be held is live, be its answer or start not seen.
                (call.held, call.connects) = (kind == ActionKind::Hold, true);
            }
            ActionKind::Group => call.grouped = true,
            _ => {}
        }
    }
}
