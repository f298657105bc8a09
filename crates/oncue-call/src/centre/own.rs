//! The session of LiveCommunicationKit's conversations where the app activates it. Apple's words on both callbacks say that
//! the app does, Twilio's example leaves it to the system, and no source settles it (rule book §2.10), so that it is a
//! setting ([`Settings::lck_owner`](crate::Settings::lck_owner)).
//!
//! The app activates once a conversation is joined, and audio starts after that (rule `lck-no-capture-before-joined`); what
//! the system says of activations is an echo of it.

use super::Centre;
use super::actions::Open;
use super::audio::{Interruption, Purpose};
use crate::{Notice, Output};
use oncue_session::{ActionKind, Event, EventKind, Owner, Refusal, State};

impl Centre {
    /// Whether the app activates.
    pub(super) fn activates(&self) -> bool {
        self.audio.owner() == Owner::App
    }

    /// Asks for the activation that joined conversations need; where the session is active, audio starts at once.
    pub(super) fn activate(&mut self) {
        if self.audio.is_active() {
            self.start_audio();
            self.report_connecting();
        } else if self.is_any_heard()
            && matches!(self.audio.state(), State::Configured | State::Interrupted)
            && !std::mem::replace(&mut self.activating, true)
        {
            self.put(Output::SetActive(true));
        }
    }

    pub(super) fn active_set(&mut self, result: Result<(), Refusal>) {
        if !std::mem::take(&mut self.activating) {
            return;
        }
        if let Err(refusal) = result {
            let Refusal { domain, code } = refusal;
            self.tell(Event::Refused { of: EventKind::SetActive, domain, code, unit: None });
            self.put(Output::Notice(Notice::NoAudio(refusal)));
            // An interruption goes on: its end, or the user, asks again.
            if self.interruption == Interruption::None {
                self.fail_heard_calls();
            }
            return;
        }
        if !self.audio.activate() {
            return;
        }
        self.silent = false;
        if self.live().is_empty() {
            self.release();
        } else if std::mem::take(&mut self.interruption) != Interruption::None {
            // The interruption may have taken the configuration along.
            self.set_category(Purpose::Again, self.is_any_video());
        } else {
            self.start_active();
        }
    }

    /// Starts what the conversations want, in a session that has become active.
    pub(super) fn start_active(&mut self) {
        self.put(Output::PreferNoAlerts);
        self.renew_speaker();
        self.start_audio();
        self.report_connecting();
    }

    /// After an interruption, or in the foreground again, since the end of one need not be told.
    pub(super) fn reactivate(&mut self) {
        if self.activates() && self.audio.state() == State::Interrupted {
            self.activate();
        }
    }

    /// The last conversation is over: gives the session back, so that others may go on; unless another is joining, which
    /// needs it next.
    pub(super) fn release(&mut self) {
        let joining =
            |open: &Open| matches!(open.action.kind(), ActionKind::Answer | ActionKind::Start);
        if !self.activates() || self.open.iter().any(joining) {
            return;
        }
        self.stop_audio();
        if self.audio.deactivate() {
            self.put(Output::SetActive(false));
        }
        (self.interruption, self.silent) = (Interruption::None, false);
        self.lose_audio();
        self.put(Output::RestoreAudio);
    }
}
