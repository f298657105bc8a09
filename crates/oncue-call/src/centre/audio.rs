//! The session of the calls, step by step: what it is asked for, what it answers, what the system does to it. Where the app
//! activates it, see `own.rs`.

use super::Centre;
use super::actions::Step;
use super::waits::Awaited;
use crate::{Notice, Order, Output};
use oncue_session::{
    CallCategory as _, Connects, Event, EventKind, Id, InterruptionReason, OutputPort, Refusal,
    State,
};

/// What a category is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A call that is about to be reported (QQ).
    Report,
    /// An action that goes on when it is set.
    Action(Id),
    /// Calls that go on after the media services were reset.
    Reset,
    /// A session that was interrupted and is active again.
    Again,
    /// Nothing any more: a reset has wiped it.
    Nothing,
}

/// An interruption, until an activation comes after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Interruption {
    #[default]
    None,
    /// It goes on, or its end was not told.
    Began,
    /// It is over, and the session not active again.
    Ended,
}

impl Centre {
    /// Asks for the category, if this is a time for it.
    pub(super) fn ask_category(&mut self, purpose: Purpose, video: bool) -> Asked {
        match self.audio.state() {
            // While a call is being resumed it was set already, and the session may be active.
            State::Active | State::Playing | State::Running | State::Resuming => Asked::NotNeeded,
            State::MediaLost => Asked::Later,
            _ => {
                self.set_category(purpose, video);
                Asked::Yes
            }
        }
    }

    pub(super) fn set_category(&mut self, purpose: Purpose, video: bool) {
        let configuration = if video {
            self.settings.video.configuration()
        } else {
            self.settings.voice.configuration()
        };
        self.put(Output::SetCategory(configuration));
        self.category.push_back((purpose, video));
    }

    pub(super) fn category_set(&mut self, result: Result<(), Refusal>) {
        let Some((purpose, video)) = self.category.pop_front() else { return };
        if purpose == Purpose::Nothing {
            return;
        }
        match result {
            // Where the session became active meanwhile, it was configured before.
            Ok(()) => _ = self.audio.configure(&self.settings, video),
            Err(refusal) => {
                let Refusal { domain, code } = refusal;
                self.tell(Event::Refused { of: EventKind::SetCategory, domain, code, unit: None });
                self.put(Output::Notice(Notice::NoCategory(refusal)));
            }
        }
        match purpose {
            Purpose::Report | Purpose::Nothing => {}
            Purpose::Again => self.start_active(),
            Purpose::Action(action) => match self.audio.state() {
                // A category that was set before still stands.
                State::Fresh => self.give_up(action),
                State::MediaLost => {}
                _ => self.configured(action),
            },
            Purpose::Reset => {
                // No category, no audio: a call that is heard ends as one whose activation stays away. Where the media
                // services are lost again, they are asked again when they are back.
                if self.audio.state() == State::MediaLost {
                    return;
                }
                if result.is_err() {
                    self.fail_heard_calls();
                } else if self.activates() {
                    self.activate();
                }
                self.ask_for_waiting_actions();
            }
        }
    }

    /// Initializes the unit before the fulfil, as QQ does.
    pub(super) fn prepare_audio(&mut self) {
        if self.settings.order != Order::Qq || self.hardware.unit().is_some() {
            return;
        }
        let mut relay = self.hardware.relay(&self.out);
        let prepared = self.audio.prepare(&mut relay);
        self.hardware.is_prepared(prepared);
    }

    /// Fulfils an answer or a start. False where no category is set, so that no type allows it: the action is failed.
    pub(super) fn fulfill_connecting<K: Connects>(&mut self, id: Id) -> bool {
        let done = self.audio.fulfill::<K>(id, &self.out);
        if done && self.audio.state() == State::AwaitingActivation {
            self.await_activation();
        }
        done
    }

    /// Fulfils the unhold of a call.
    pub(super) fn fulfill_unhold(&mut self, id: Id) -> bool {
        let done = self.audio.resume(id, &self.out);
        if done {
            self.await_after_unhold();
        }
        done
    }

    /// Starts what the calls want, where the session lets it.
    pub(super) fn start_audio(&mut self) {
        let state = self.audio.state();
        let duplex = self.calls.iter().any(|call| call.wants_audio());
        let ringback =
            self.settings.ringback && self.calls.iter().any(|call| call.wants_ringback());
        // After an interruption the category comes first.
        let again = self.category.iter().any(|(purpose, _)| *purpose == Purpose::Again);
        if self.silent || again || !(duplex || ringback && state == State::Active) {
            return;
        }
        if state == State::Active || state == State::Playing || state == State::Resuming {
            self.attempt = state == State::Resuming;
            let mut relay = self.hardware.relay(&self.out);
            let started = self.audio.start(&mut relay, duplex);
            self.hardware.is_prepared(started);
            // A mute outlives every start (rule `mute-survives-resume`), and so may that of a call which is held now.
            let (muted, was_muted) = (self.is_muted(), self.muted);
            self.muted = muted;
            if muted || was_muted {
                self.put(Output::ApplyMute { muted });
            }
        }
    }

    /// Whether what is captured is muted: no call that is heard is unmuted.
    pub(super) fn is_muted(&self) -> bool {
        let mut heard = self.calls.iter().filter(|call| call.is_live() && !call.held).peekable();
        heard.peek().is_some() && heard.all(|call| call.muted)
    }

    /// Stops what runs.
    pub(super) fn stop_audio(&mut self) {
        self.audio.stop();
    }

    fn dispose_audio(&mut self) {
        if let Some(unit) = self.hardware.dispose() {
            self.put(Output::DisposeAudio { unit });
        }
    }

    pub(super) fn audio_started(&mut self, result: Result<(), Refusal>) {
        let Err(refusal) = result else {
            // Started without an activation, the session is active only now.
            self.renew_speaker();
            return;
        };
        let Refusal { domain, code } = refusal;
        let unit = self.hardware.unit();
        self.tell(Event::Refused { of: EventKind::StartUnit, domain, code, unit });
        self.hardware.fail();
        self.stop_audio();
        // The call that it was for is over.
        if self.live().is_empty() {
            return;
        }
        self.silent = true;
        self.put(Output::Notice(Notice::NoAudio(refusal)));
        // The one attempt without an activation may fail; else the next activation has to come.
        if self.activates() {
            self.fail_heard_calls();
        } else if self.attempt {
            // It was not active after all.
            self.audio.did_deactivate();
        } else if self.is_any_heard() {
            self.await_activation();
        }
    }

    pub(super) fn did_activate(&mut self) {
        self.tell(Event::DidActivate {});
        if self.activates() {
            return;
        }
        self.awaits = Awaited::default();
        (self.silent, self.activated) = (false, true);
        // A repeat while audio runs is no activation to start anything for. After an attempt without an activation it is
        // the first that the stack hears of.
        let starts = self.audio.did_activate();
        let interrupted = std::mem::take(&mut self.interruption) != Interruption::None;
        if starts || !self.told || interrupted {
            self.told = true;
            self.put(Output::TellStack { active: true });
        }
        if !starts {
            return;
        }
        self.renew_speaker();
        self.start_audio();
        self.report_connecting();
    }

    pub(super) fn did_deactivate(&mut self) {
        self.tell(Event::DidDeactivate {});
        if self.activates() {
            return;
        }
        self.audio.did_deactivate();
        self.activated = false;
        (self.speaker, self.speaker_lost) = (false, false);
        self.lose_audio();
        let wanted = self.calls.iter().any(|call| call.wants_audio());
        if wanted && self.is_just_unheld() {
            // An old call's deactivation: the activation of the call that was taken back may still come (§2.9).
            self.audio.resume_late();
            self.await_resume();
        } else if self.live().is_empty() {
            self.put(Output::RestoreAudio);
        } else if self.audio.state() == State::Configured && self.is_any_heard() {
            match self.interruption {
                // An ended call's deactivation, behind the fulfil of the next: that call's activation is still to come (§3.6).
                Interruption::None => self.await_activation(),
                Interruption::Began => {}
                Interruption::Ended => self.await_going_on(),
            }
        }
    }

    /// What one attempt won without an activation is its call's: the next call waits for an activation of its own. Whether
    /// there was something to leave.
    pub(super) fn leave_the_attempt(&mut self) -> bool {
        let attempted = self.audio.is_active() || self.silent;
        let leaves = attempted && !self.activated && !self.activates();
        if leaves {
            self.audio.did_deactivate();
            // No deactivation comes that would end it.
            self.lose_audio();
        }
        leaves
    }

    /// What ran is gone with its activation.
    pub(super) fn lose_audio(&mut self) {
        self.dispose_audio();
        if std::mem::take(&mut self.told) {
            self.put(Output::TellStack { active: false });
        }
    }

    pub(super) fn interruption_began(&mut self, reason: Option<InterruptionReason>) {
        self.tell(Event::InterruptionBegan { reason });
        self.speaker_lost |= self.speaker;
        (self.interruption, self.activated) = (Interruption::Began, false);
        // A deactivation from here on is the interruption's, not an old call's.
        self.await_no_resume();
        self.audio.interruption_began();
    }

    pub(super) fn interruption_ended(&mut self, should_resume: bool) {
        self.tell(Event::InterruptionEnded { should_resume: Some(should_resume) });
        self.audio.interruption_ended();
        if self.interruption == Interruption::Began {
            self.interruption = Interruption::Ended;
        }
        if should_resume {
            self.reactivate();
        }
        self.await_after_interruption();
    }

    /// An interruption is over, or the app is in the foreground again, since the end of one need not be told.
    pub(super) fn await_after_interruption(&mut self) {
        // Deactivated meanwhile, it is configured.
        let silent = matches!(self.audio.state(), State::Interrupted | State::Configured);
        let interrupted = self.interruption != Interruption::None;
        if interrupted && silent && !self.activates() && self.is_any_heard() {
            self.await_going_on();
        }
    }

    pub(super) fn media_services_lost(&mut self) {
        self.tell(Event::MediaServicesLost {});
        self.audio.media_services_were_lost();
        (self.activated, self.activating) = (false, false);
        self.awaits = Awaited::default();
        if std::mem::take(&mut self.told) {
            self.put(Output::TellStack { active: false });
        }
    }

    pub(super) fn media_services_reset(&mut self) {
        self.tell(Event::MediaServicesReset {});
        self.audio.media_services_were_reset();
        (self.interruption, self.activated) = (Interruption::None, false);
        self.category.iter_mut().for_each(|asked| asked.0 = Purpose::Nothing);
        self.awaits = Awaited::default();
        self.silent = false;
        self.lose_audio();
        let live = self.calls.iter().find(|call| call.is_live()).map(|call| call.video);
        match live {
            Some(video) => {
                self.ask_category(Purpose::Reset, video);
                // Nobody knows whether the system activates again; the wait has an end (rule book §3.8).
                if !self.activates() && self.is_any_heard() {
                    self.await_activation();
                }
            }
            None => self.ask_for_waiting_actions(),
        }
    }

    /// Asks for the category again for those who waited for it.
    fn ask_for_waiting_actions(&mut self) {
        let waiting = self.open.iter().filter(|open| open.step == Step::Category);
        let waiting: Vec<_> = waiting.map(|open| open.id).collect();
        waiting.into_iter().for_each(|action| self.ask_for_action(action));
    }

    /// An interruption undoes the user's choice of the loudspeaker (rule `configuration-reapplied-after-interruption`).
    pub(super) fn renew_speaker(&mut self) {
        if std::mem::take(&mut self.speaker_lost) {
            self.override_output(true);
        }
    }

    pub(super) fn override_output(&mut self, on: bool) {
        // Between two calls the session may be active and nobody's.
        if self.live().is_empty() {
            return;
        }
        let port = if on { OutputPort::Speaker } else { OutputPort::None };
        let done = self.audio.override_output(port);
        (self.speaker, self.speaker_lost) = (on && done, on && !done);
    }
}

/// What became of the wish for a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It was asked for; the answer comes.
    Yes,
    /// The session is configured, and active or resuming.
    NotNeeded,
    /// The media services are dead: it is asked for when they are back.
    Later,
}
