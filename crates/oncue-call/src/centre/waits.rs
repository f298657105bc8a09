//! The waits for activations. Each has an end, at which the calls that would be silent end, or audio is started without
//! an activation once, or the user is told.

use super::Centre;
use crate::{CallAction, Notice, Output};
use oncue_session::State;
use std::time::Duration;

/// What is waited for, and until when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Awaited {
    /// When a missing activation is given up.
    pub(super) activation: Option<Duration>,
    /// When the one attempt without an activation is made, or the user told that none came.
    pub(super) resume: Option<Duration>,
    /// When a held call was taken back, if no activation has come since.
    unheld: Option<Duration>,
}

impl Centre {
    /// A call was taken back. A wait that goes on is not begun anew by a second unhold.
    pub(super) fn await_after_unhold(&mut self) {
        let again = self.awaits.unheld.replace(self.now).is_some();
        if self.awaits.activation.is_some() || again && self.awaits.resume.is_some() {
            return;
        }
        if self.audio.state() == State::AwaitingActivation {
            self.await_activation();
        } else {
            self.await_resume();
        }
    }

    /// Nobody is left in silence while all are held.
    pub(super) fn wait_for_no_held_call(&mut self) {
        if !self.is_any_heard() {
            (self.awaits.activation, self.awaits.resume) = (None, None);
        }
    }

    /// Until when an activation is waited for from now on: before the guard takes it for missing.
    fn last_moment(&self) -> Duration {
        self.in_time(self.settings.waits.activation)
    }

    /// From now on an activation has to come; the wait has an end (rule `activation-watchdog`).
    pub(super) fn await_activation(&mut self) {
        self.awaits.activation = Some(self.last_moment());
    }

    /// From now on an activation may come, or not; at the deadline there is one attempt.
    pub(super) fn await_resume(&mut self) {
        // A start that failed is tried again.
        self.silent = false;
        if self.audio.state() == State::Resuming {
            self.awaits.resume = Some(self.last_moment());
        }
    }

    /// After an interruption the next activation may come, or not: at the deadline the user is told.
    pub(super) fn await_going_on(&mut self) {
        let last = self.last_moment();
        self.awaits.resume.get_or_insert(last);
    }

    /// The activation stayed away.
    pub(super) fn activation_is_missing(&mut self) {
        self.awaits.activation = None;
        self.put(Output::Notice(Notice::NoActivation));
        self.fail_heard_calls();
    }

    /// Ends the calls that would be silent; a held one waits until it is taken back.
    pub(super) fn fail_heard_calls(&mut self) {
        for call in self.live() {
            // One that the user has ended, as soon as the provider takes requests, ends so (rule `local-end-is-requested`).
            let end = [CallAction::End { call }];
            let ends = self.waiting.iter().any(|actions| *actions == end);
            if !ends && self.call(call).is_some_and(|call| !call.held) {
                self.fail_call(call);
            }
        }
    }

    /// No activation came after an unhold or a reset: one attempt without it. After an interruption nothing may be tried
    /// (rule `no-app-reactivation-after-interruption-under-callkit`): the user is told, and the next activation goes on.
    pub(super) fn attempt_to_resume(&mut self) {
        self.awaits.resume = None;
        match self.audio.state() {
            State::Resuming => self.start_audio(),
            State::Interrupted | State::Configured => {
                self.put(Output::Notice(Notice::NoActivation));
            }
            _ => {}
        }
    }

    /// Whether a deactivation may be an old call's, while one that was taken back waits for its activation (§2.9).
    pub(super) fn is_just_unheld(&self) -> bool {
        let wait = self.settings.waits.activation;
        self.awaits.unheld.is_some_and(|at| self.now <= at.saturating_add(wait))
    }

    /// A deactivation from here on is no old call's.
    pub(super) fn await_no_resume(&mut self) {
        (self.awaits.unheld, self.awaits.resume) = (None, None);
    }
}
