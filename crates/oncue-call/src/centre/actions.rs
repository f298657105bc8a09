//! The actions that the system asks for, from the system's screens and from the app's own alike. Each is completed once.

use super::{Centre, audio};
use crate::{CallAction, FulfilAt, Message, Output, Performed, Stage};
use oncue_session::{ActionKind, EndedReason, Event, Framework, Id, State, action};
use std::time::Duration;

/// How many actions can be open at once. One more fails.
const OPEN: usize = 32;

/// An action of the system that is being performed.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) id: Id,
    pub(super) action: CallAction,
    /// When the centre gives it up, before the system does.
    pub(super) due: Duration,
    pub(super) step: Step,
    /// Whether the dialling or the acceptance was handed to the network.
    pub(super) sent: bool,
}

/// What an open action waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The category.
    Category,
    /// The app's connection to its server.
    Signalling,
    /// The dialling.
    Dialled,
    /// The media.
    Joined,
    /// Another answer of the same call: the user tapped here and there.
    Other,
}

impl Centre {
    /// The system asks for an action.
    pub(super) fn perform(&mut self, performed: Performed) {
        let Performed { id, action, transaction, timeout } = performed;
        let (kind, call) = (action.kind(), action.call());
        let timeout_ms = timeout.map(|it| u32::try_from(it.as_millis()).unwrap_or(u32::MAX));
        self.tell(Event::Perform { action: id, kind, call, transaction, timeout_ms });
        if let CallAction::End { call } = action {
            self.perform_end(id, call);
            return;
        }
        let known = self.call(call).filter(|call| call.over.is_none());
        let Some((stage, live, held)) = known.map(|call| (call.stage, call.is_live(), call.held))
        else {
            self.put(Output::Fail { action: id });
            return;
        };
        match action {
            CallAction::Start { .. } if stage == Stage::Requested => {
                self.perform_start(id, action, timeout);
            }
            CallAction::Answer { .. } if matches!(stage, Stage::Reporting | Stage::Ringing) => {
                self.perform_answer(id, action, timeout);
            }
            // A failed answer would end the call: its wish is met with the first one's, or is met already.
            CallAction::Answer { .. } if stage == Stage::Answering && self.open.len() < OPEN => {
                let due = self.due(timeout);
                self.open.push(Open { id, action, due, step: Step::Other, sent: false });
            }
            // What its first answer began goes on as it is.
            CallAction::Answer { .. } if stage == Stage::Connected => {
                self.put(Output::Fulfill { action: id });
            }
            CallAction::SetHeld { on_hold: true, .. } if live && held => {
                self.put(Output::Fulfill { action: id });
            }
            CallAction::SetHeld { on_hold: true, .. } if live => self.perform_hold(id, call),
            CallAction::SetHeld { on_hold: false, .. } if live => {
                self.open(id, action, timeout);
            }
            CallAction::SetMuted { muted, .. } => {
                self.change(call, |call| call.muted = muted);
                self.mute_as_heard();
                self.put(Output::Fulfill { action: id });
            }
            CallAction::SetGroup { with, .. } if live && self.group(call, with) => {
                self.put(Output::Fulfill { action: id });
            }
            CallAction::PlayDtmf { digits, kind, .. } if live && !held => {
                self.send(call, Message::Tones { digits, kind });
                self.put(Output::Fulfill { action: id });
            }
            CallAction::SetTranslating { .. } if stage == Stage::Connected => {
                let engine = self.settings.translation_engine;
                self.put(Output::FulfillTranslation { action: id, engine });
            }
            _ => self.put(Output::Fail { action: id }),
        }
    }

    fn perform_start(&mut self, id: Id, action: CallAction, timeout: Option<Duration>) {
        let call = action.call();
        // The user hung up before the system asked.
        if self.call(call).is_some_and(|call| call.hung_up) {
            self.put(Output::Fail { action: id });
            self.forget(call);
            return;
        }
        self.change(call, |call| (call.known, call.stage) = (true, Stage::Dialling));
        self.open(id, action, timeout);
    }

    fn perform_answer(&mut self, id: Id, action: CallAction, timeout: Option<Duration>) {
        let call = action.call();
        self.stop_ring_timer(call);
        // Nothing that the call needs can be read yet (rule `before-first-unlock`).
        if !self.unlocked {
            self.put(Output::Fail { action: id });
            self.end_for_the_app(call, EndedReason::Failed);
            return;
        }
        self.change(call, |call| (call.locked_until, call.stage) = (None, Stage::Answering));
        // A conversation is joining from here on, and joined with the fulfil.
        if self.settings.framework == Framework::LiveCommunicationKit {
            self.put(Output::ReportConnecting { call });
        }
        self.open(id, action, timeout);
    }

    /// What runs for no other call stops, and the action is fulfilled at once.
    fn perform_hold(&mut self, id: Id, call: Id) {
        self.change(call, |call| call.held = true);
        if !self.calls.iter().any(|call| call.wants_audio() || call.wants_ringback()) {
            self.stop_audio();
        }
        self.wait_for_no_held_call();
        self.put(Output::Fulfill { action: id });
        self.send(call, Message::Hold(true));
        self.mute_as_heard();
    }

    /// Takes an action in hand that needs the session, and others, first.
    fn open(&mut self, id: Id, action: CallAction, timeout: Option<Duration>) {
        if self.open.len() >= OPEN {
            self.put(Output::Fail { action: id });
            if !matches!(action, CallAction::SetHeld { .. }) {
                self.fail_call(action.call());
            }
            return;
        }
        let due = self.due(timeout);
        self.open.push(Open { id, action, due, step: Step::Category, sent: false });
        self.ask_for_action(id);
    }

    /// When an action is given up, before the system does.
    fn due(&self, timeout: Option<Duration>) -> Duration {
        self.in_time(timeout.unwrap_or(self.settings.waits.acceptance))
    }

    /// The category that an open action needs.
    pub(super) fn ask_for_action(&mut self, id: Id) {
        let Some(open) = self.open.iter().find(|open| open.id == id) else { return };
        let video = self.call(open.action.call()).is_some_and(|call| call.video);
        if self.ask_category(audio::Purpose::Action(id), video) == audio::Asked::NotNeeded {
            self.configured(id);
        }
    }

    /// The session is configured for an open action.
    pub(super) fn configured(&mut self, id: Id) {
        let signalling = self.signalling;
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else { return };
        if !matches!(open.step, Step::Category | Step::Signalling) {
            return;
        }
        let (kind, call, sent) = (open.action.kind(), open.action.call(), open.sent);
        if kind == ActionKind::Unhold {
            self.complete_unhold(id, call);
            return;
        }
        open.step = match kind {
            _ if !signalling => Step::Signalling,
            ActionKind::Start => Step::Dialled,
            _ => Step::Joined,
        };
        open.sent |= signalling;
        self.prepare_audio();
        if !signalling {
            return;
        }
        if kind == ActionKind::Start {
            let dial = self
                .call(call)
                .map(|call| Message::Dial { to: call.handle.clone(), video: call.video });
            if let Some(dial) = dial.filter(|_| !sent) {
                self.send(call, dial);
            } else {
                self.connect(id);
            }
        } else {
            if !sent {
                self.send(call, Message::Accept);
            }
            if sent || self.settings.fulfil_at == FulfilAt::Accept {
                self.connect(id);
            }
        }
    }

    /// An outgoing call was handed to the network.
    pub(super) fn dialled(&mut self, call: Id) {
        self.connect_where(call, Step::Dialled);
    }

    /// The media of an answered call are joined.
    pub(super) fn joined(&mut self, call: Id) {
        self.connect_where(call, Step::Joined);
    }

    fn connect_where(&mut self, call: Id, step: Step) {
        let open = self.open.iter().find(|open| open.action.call() == call && open.step == step);
        if let Some(id) = open.map(|open| open.id) {
            self.connect(id);
        }
    }

    /// Fulfils an answer or a start: the call is live from here on.
    fn connect(&mut self, id: Id) {
        let Some(place) = self.open.iter().position(|open| open.id == id) else { return };
        // The media services were lost or reset meanwhile: the category first.
        if matches!(self.audio.state(), State::Fresh | State::MediaLost) {
            self.open[place].step = Step::Category;
            self.ask_for_action(id);
            return;
        }
        // Nobody is heard in what an attempt for another call has won.
        if self.audio.state() == State::Active {
            self.leave_the_attempt();
        }
        let action = self.open.remove(place).action;
        let (call, starts) = (action.call(), action.kind() == ActionKind::Start);
        if !starts && self.settings.framework == Framework::LiveCommunicationKit {
            self.put(Output::ReportConnected { call });
        }
        let fulfilled = if starts {
            self.fulfill_connecting::<action::Start>(id)
        } else {
            self.fulfill_connecting::<action::Answer>(id)
        };
        if !fulfilled {
            self.fail_call(call);
            return;
        }
        self.set_stage(call, if starts { Stage::Connecting } else { Stage::Connected });
        let others =
            self.open.extract_if(.., |open| open.action.call() == call && open.step == Step::Other);
        for action in others.map(|open| open.id).collect::<Vec<_>>() {
            self.put(Output::Fulfill { action });
        }
        let wish =
            self.call_mut(call).and_then(|call| call.mute.take().filter(|&it| it != call.muted));
        if let Some(muted) = wish {
            self.request(vec![CallAction::SetMuted { call, muted }]);
        }
        if self.activates() {
            self.activate();
        } else {
            // Where the session stayed active, no activation may come.
            self.start_audio();
            if self.audio.is_active() {
                self.report_connecting();
            }
        }
        if self.call(call).is_some_and(|call| call.answered) {
            self.connected(call);
        }
        self.mute_as_heard();
    }

    fn complete_unhold(&mut self, id: Id, call: Id) {
        self.open.retain(|open| open.id != id);
        if !self.fulfill_unhold(id) {
            return;
        }
        if self.call(call).is_some_and(|call| call.held) {
            self.change(call, |call| call.held = false);
            self.send(call, Message::Hold(false));
        }
        if self.activates() {
            self.activate();
        } else if self.audio.state() != State::Resuming {
            // Where the session stayed active, no activation may come.
            self.start_audio();
        }
        self.mute_as_heard();
    }

    /// Fails an action that took too long, or could not be done.
    pub(super) fn give_up(&mut self, id: Id) {
        let Some(place) = self.open.iter().position(|open| open.id == id) else { return };
        let open = self.open.remove(place);
        self.put(Output::Fail { action: id });
        match open.action.kind() {
            // A start that fails needs no report.
            ActionKind::Start => {
                if open.sent {
                    self.send(open.action.call(), Message::End);
                }
                self.forget(open.action.call());
            }
            ActionKind::Answer => self.fail_call(open.action.call()),
            _ => {}
        }
    }

    /// The system gave an action up: it is not completed any more.
    pub(super) fn timed_out(&mut self, id: Id) {
        self.tell(Event::TimedOut { action: id, transaction: None });
        let Some(place) = self.open.iter().position(|open| open.id == id) else { return };
        let action = self.open.remove(place).action;
        if matches!(action.kind(), ActionKind::Answer | ActionKind::Start) {
            self.fail_call(action.call());
        }
    }

    /// The actions of a call that is over.
    pub(super) fn fail_actions_of(&mut self, call: Id) {
        let of_it = self.open.extract_if(.., |open| open.action.call() == call);
        for action in of_it.map(|open| open.id).collect::<Vec<_>>() {
            self.put(Output::Fail { action });
        }
    }

    /// Groups a call with another, or takes it out of its group; false where that cannot be.
    fn group(&mut self, call: Id, with: Option<Id>) -> bool {
        let group = match with {
            None => None,
            Some(with) => {
                let Some(other) = self.call(with).filter(|other| other.is_live() && with != call)
                else {
                    return false;
                };
                let group = other.group.unwrap_or(with);
                let members = self.calls.iter().filter(|call| call.group == Some(group)).count();
                if members >= usize::from(self.settings.provider.maximum_calls_per_call_group) {
                    return false;
                }
                self.change(with, |other| other.group = Some(group));
                Some(group)
            }
        };
        self.change(call, |call| call.group = group);
        self.settle_groups();
        true
    }

    /// A group of one is none, and a group is named by its first call.
    pub(super) fn settle_groups(&mut self) {
        let groups: Vec<_> = self.calls.iter().map(|call| (call.id, call.group)).collect();
        for &(id, group) in groups.iter().filter(|(_, group)| group.is_some()) {
            let mut members = groups.iter().filter(|(_, other)| *other == group).map(|&(id, _)| id);
            let first = members.next();
            let name = first.filter(|_| members.next().is_some());
            self.change(id, |call| call.group = name);
        }
    }

    /// Mutes or unmutes what is captured as the calls that are heard are; while all are held it stays as it is.
    pub(super) fn mute_as_heard(&mut self) {
        let muted = self.is_muted();
        if self.muted != muted && (self.is_any_heard() || self.live().is_empty()) {
            self.muted = muted;
            self.put(Output::ApplyMute { muted });
        }
    }

    /// Sends a message about a call.
    pub(super) fn send(&mut self, call: Id, message: Message) {
        if let Some(known) = self.call(call) {
            self.put(Output::Send { call: known.app.clone(), id: Some(call), message });
        }
    }
}
