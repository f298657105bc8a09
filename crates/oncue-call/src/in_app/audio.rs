//! The session of calls without a call system: configured, activated and given back by the app.

use super::InApp;
use crate::{Message, Notice, Output, Stage};
use oncue_session::{CallCategory as _, Event, EventKind, OutputPort, Refusal, State};

impl InApp {
    /// Configures the session, unless it is on its way; an active one goes on.
    pub(super) fn ask_category(&mut self) {
        match self.audio.state() {
            State::Active | State::Playing | State::Running => self.start(),
            State::MediaLost => {}
            _ if self.activating => {}
            _ => {
                self.activating = true;
                self.set_category();
            }
        }
    }

    pub(super) fn set_category(&self) {
        let video = self.live().is_some_and(|call| call.video);
        self.put(Output::SetCategory(if video {
            self.settings.video.configuration()
        } else {
            self.settings.voice.configuration()
        }));
    }

    pub(super) fn category_set(&mut self, result: Result<(), Refusal>) {
        if let Err(refusal) = result {
            let Refusal { domain, code } = refusal;
            self.tell(Event::Refused { of: EventKind::SetCategory, domain, code, unit: None });
            self.put(Output::Notice(Notice::NoCategory(refusal)));
            self.activating = false;
            self.fail();
            return;
        }
        // After an interruption the same values are set again, before anything runs.
        let again = self.audio.state() == State::Active;
        let video = self.live().is_some_and(|call| call.video);
        if !self.audio.configure(&self.settings, video) {
            return;
        }
        if again {
            self.start();
        } else {
            self.activating = false;
            self.activate();
        }
    }

    /// Asks for the activation that the live call needs, in the foreground; else when the app is there again.
    pub(super) fn activate(&mut self) {
        let state = self.audio.state();
        if self.foreground
            && self.live().is_some()
            && matches!(state, State::Configured | State::Interrupted)
            && !std::mem::replace(&mut self.activating, true)
        {
            self.put(Output::SetActive(true));
        }
    }

    pub(super) fn active_set(&mut self, result: Result<(), Refusal>) {
        self.activating = false;
        if let Err(refusal) = result {
            self.no_audio(EventKind::SetActive, refusal);
            return;
        }
        if !self.audio.activate() {
            return;
        }
        if self.live().is_none() {
            self.release();
        } else if std::mem::take(&mut self.interrupted) {
            // The interruption may have taken the configuration along.
            self.set_category();
        } else {
            self.start();
        }
    }

    /// Starts what the live call wants: everything where it is answered, playback alone before that.
    pub(super) fn start(&mut self) {
        let Some(call) = self.live() else { return };
        let duplex = !call.outgoing || call.answered;
        let (id, muted, answers) = (call.id, call.muted, call.stage == Stage::Answering);
        if answers {
            self.send(call, Message::Accept);
        }
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.stage = if duplex { Stage::Connected } else { Stage::Connecting };
        }
        let mut relay = self.hardware.relay(&self.out);
        if self.audio.state() == State::Active {
            self.put(Output::PreferNoAlerts);
            if self.speaker {
                self.audio.override_output(port(true));
            }
        }
        let started = (duplex || self.settings.ringback) && self.audio.start(&mut relay, duplex);
        self.hardware.is_prepared(started);
        // A mute outlives every start, and no call (rule `mute-survives-resume`).
        if started && muted || self.muted != muted {
            self.mute(muted);
        }
    }

    pub(super) fn mute(&mut self, muted: bool) {
        self.muted = muted;
        self.put(Output::ApplyMute { muted });
    }

    /// The session was not activated, or the audio did not start: another call has the session, as a rule.
    pub(super) fn no_audio(&mut self, of: EventKind, refusal: Refusal) {
        let Refusal { domain, code } = refusal;
        let unit = self.hardware.unit();
        self.tell(Event::Refused { of, domain, code, unit });
        self.put(Output::Notice(Notice::NoAudio(refusal)));
        if of == EventKind::StartUnit {
            self.hardware.fail();
        }
        // An interruption goes on: its end, or the user, asks again.
        if !self.interrupted {
            self.fail();
        }
    }

    /// Gives the session back, so that others may go on.
    pub(super) fn release(&mut self) {
        if self.audio.deactivate() {
            self.put(Output::SetActive(false));
        }
        self.dispose();
        self.put(Output::RestoreAudio);
    }

    pub(super) fn dispose(&mut self) {
        if let Some(unit) = self.hardware.dispose() {
            self.put(Output::DisposeAudio { unit });
        }
    }
}

/// Where playback goes.
pub(super) const fn port(speaker: bool) -> OutputPort {
    if speaker { OutputPort::Speaker } else { OutputPort::None }
}
