//! Incoming calls: pushes and invitations, their reports, ringing, and calls before the first unlock.
//!
//! A report waits for nothing: not for the session, not for the provider, not for the store of identities.

use super::audio::Purpose;
use super::{CALLS, Centre};
use crate::call::Call;
use crate::{AppCall, Handle, Message, Notice, Order, Output, Push, PushKind, Stage};
use oncue_session::{EndedReason, Event, Id, Refusal, State, Version};

/// From here on every push must be reported, or the system kills the app.
const EVERY_PUSH: Version = Version { major: 13, minor: 0 };

/// What a report shows of a call.
struct Caller {
    from: Handle,
    name: Option<String>,
    video: bool,
}

/// A report whose completion has not come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) call: Id,
    /// The push whose completion follows.
    pub(super) push: Option<Id>,
}

impl Centre {
    /// A push came in: it is reported before its callback returns, whatever it says.
    pub(super) fn pushed(&mut self, push: Push) {
        let Push { id, call: app, from, name, video, kind, must_report } = push;
        let known = self.uuid(&app);
        let over = self.over.contains(&app);
        let dead = over || self.is_withdrawn() || self.calls.len() >= CALLS;
        let calls = kind == PushKind::Calls && known.is_none() && !dead;
        // The call itself goes on in the app, or does not.
        if kind == PushKind::Calls && known.is_none() && !over {
            if self.is_withdrawn() {
                let (call, from, name) = (app.clone(), from.clone(), name.clone());
                self.put(Output::RingInApp { call, from, name, video });
            } else if dead {
                self.put(Output::Send { call: app.clone(), id: None, message: Message::End });
            }
        }
        let every = self.settings.ios.is_none_or(|version| version >= EVERY_PUSH);
        if !calls && (!every || must_report == Some(false)) {
            let call = known;
            self.tell(Event::Push { push: id, call, must_report: Some(false) });
            self.put(Output::CompletePush { push: id });
            if let (Some(call), PushKind::Cancelled(reason)) = (known, kind) {
                self.tell(Event::PeerEnded { call });
                self.peer_ended(call, reason);
            }
            return;
        }
        let caller = Caller { from, name, video };
        let call = match known {
            // The report of a call that stands is only refused.
            Some(call) => call,
            None => self.new_incoming(app, caller),
        };
        self.tell(Event::Push { push: id, call: Some(call), must_report });
        self.report(call, Some(id), calls);
        let over = match kind {
            PushKind::Cancelled(reason) => Some(reason),
            PushKind::Expired => Some(EndedReason::Unanswered),
            PushKind::Calls => (known.is_none() && dead).then_some(EndedReason::Failed),
        };
        match over {
            // What is late says nothing of a call that goes on.
            Some(_) if kind == PushKind::Expired && known.is_some() => {}
            Some(reason) => {
                self.tell(Event::PeerEnded { call });
                self.peer_ended(call, reason);
            }
            None => {}
        }
    }

    /// The far end calls by the app's own connection, with or without a push beside it.
    pub(super) fn invited(
        &mut self,
        app: AppCall,
        from: Handle,
        name: Option<String>,
        video: bool,
    ) {
        if self.uuid(&app).is_some() || self.over.contains(&app) {
            return;
        }
        if self.is_withdrawn() {
            self.put(Output::RingInApp { call: app, from, name, video });
            return;
        }
        if self.calls.len() >= CALLS {
            self.put(Output::Send { call: app, id: None, message: Message::End });
            return;
        }
        let call = self.new_incoming(app, Caller { from, name, video });
        self.tell(Event::Invite { call });
        self.report(call, None, true);
    }

    fn new_incoming(&mut self, app: AppCall, caller: Caller) -> Id {
        let id = self.fresh_uuid();
        let Caller { from, name, video } = caller;
        // Before the first unlock a generic name has to do: what the push itself carries.
        let locked = self.in_time(self.settings.waits.locked_call);
        let locked_until = (!self.unlocked).then_some(locked);
        let shown = self.settings.update.clone();
        let call = Call::new(id, app, from, Stage::Reporting);
        let call = Call { name, video, shown, locked_until, ..call };
        self.changes.push(call.state());
        self.calls.push(call);
        id
    }

    /// Reports a call. `rings` if it is a new one that is to ring.
    fn report(&mut self, call: Id, push: Option<Id>, rings: bool) {
        let Some(update) = self.call(call).map(Call::update) else { return };
        let video = update.has_video;
        // QQ's order, where it takes nothing from a live call; what becomes of it does not matter to the report.
        if self.settings.order == Order::Qq
            && (rings || self.audio.state() == State::Fresh)
            && self.live().is_empty()
        {
            self.ask_category(Purpose::Report, video);
        }
        match self.provider {
            // A push that still comes after a withdrawal.
            None => self.create_provider(),
            Some(provider) if self.settings.configure_before_each_report => {
                let configuration = self.settings.provider.clone();
                self.put(Output::ConfigureProvider { provider, configuration });
            }
            Some(_) => {}
        }
        self.put(Output::ReportIncoming { call, update });
        // The report of a call that the system has is only refused: its push need not wait for that.
        let repeated = self.call(call).is_some_and(|call| call.known);
        if let Some(push) = push.filter(|_| repeated) {
            self.put(Output::CompletePush { push });
        }
        self.reports.push_back(Report { call, push: push.filter(|_| !repeated) });
    }

    /// The report's completion.
    pub(super) fn reported(&mut self, call: Id, result: Result<(), Refusal>) {
        self.tell(match result {
            Ok(()) => Event::ReportSucceeded { call },
            Err(refusal) => Event::ReportRefused { call, code: refusal.code },
        });
        // A push that repeated the call does not wait for a completion of its own.
        let of_it = self.reports.iter_mut().filter(|report| report.call == call);
        let pushes: Vec<_> = of_it.filter_map(|report| report.push.take()).collect();
        // The first completion decides; a later one is of a repeated report.
        if let Some(known) = self.call(call)
            && !known.known
        {
            match result {
                Ok(()) => self.rings(call),
                Err(refusal) => self.not_reported(call, refusal),
            }
        }
        pushes.into_iter().for_each(|push| self.put(Output::CompletePush { push }));
        if let Some(place) = self.reports.iter().position(|report| report.call == call) {
            self.reports.remove(place);
        }
        self.settle();
    }

    /// The system took the call.
    fn rings(&mut self, id: Id) {
        let (now, ring) = (self.now, self.settings.ring);
        self.change(id, |call| {
            call.known = true;
            if call.stage == Stage::Reporting {
                call.stage = Stage::Ringing;
            }
        });
        let Some(call) = self.call_mut(id) else { return };
        if let Some(reason) = call.over {
            self.report_end(id, reason);
            return;
        }
        let rings = call.stage == Stage::Ringing;
        call.rings_until = ring.filter(|_| rings).map(|ring| now.saturating_add(ring));
        let (timed, answer, hung_up) =
            (call.rings_until.is_some(), call.answer.take(), call.hung_up);
        if timed {
            self.tell(Event::StartRingTimer { call: id });
        }
        // What the user wished while the report was on its way.
        if hung_up {
            self.request_end(id);
        } else if let Some(other) = answer {
            self.request_answer(id, other);
        }
    }

    /// The system did not take the call: it does not exist.
    fn not_reported(&mut self, id: Id, refusal: Refusal) {
        let Some(call) = self.call(id).map(|call| call.app.clone()) else { return };
        if self.call(id).is_some_and(|call| call.over.is_none()) {
            self.send(id, Message::Refuse(refusal));
            self.put(Output::Notice(Notice::NotReported { call, refusal }));
        }
        self.forget(id);
    }

    /// Nobody answered in time.
    pub(super) fn rang_out(&mut self, id: Id) {
        self.tell(Event::RingTimerFired { call: id });
        if let Some(call) = self.call_mut(id) {
            call.rings_until = None;
        }
        self.end_for_the_app(id, EndedReason::Unanswered);
    }

    pub(super) fn stop_ring_timer(&mut self, id: Id) {
        if self.call_mut(id).is_some_and(|call| call.rings_until.take().is_some()) {
            self.tell(Event::CancelRingTimer { call: id });
        }
    }

    /// Nothing can be read before the first unlock: the call ends before anybody waits for it.
    pub(super) fn locked_too_long(&mut self, id: Id) {
        if let Some(call) = self.call_mut(id) {
            call.locked_until = None;
        }
        self.end_for_the_app(id, EndedReason::Unanswered);
    }

    pub(super) fn unlocked(&mut self, unlocked: bool) {
        self.tell(Event::ProtectedData { available: unlocked });
        // There is one first unlock; `isProtectedDataAvailable`, which is false at every lock, says something else.
        self.was_unlocked |= unlocked;
        self.unlocked = self.was_unlocked;
        if self.unlocked {
            self.calls.iter_mut().for_each(|call| call.locked_until = None);
        }
    }
}
