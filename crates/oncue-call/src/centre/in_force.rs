//! What calls are shown by in a running process, and what it is to become: a call system withdrawn from an app in use, or
//! given back to it (rule book §3.14).
//!
//! What is in force stays so until the last call is over: a call ends under the owner that it began with, and there is one
//! session, so that a call which begins meanwhile joins it there.

use super::Centre;
use crate::Output;
use crate::integration::CallUi;
use crate::session::Session;

/// What is in force, and what was decided for the time after the last call.
#[derive(Clone, Copy, Debug)]
pub(super) struct InForce {
    now: CallUi,
    next: CallUi,
    /// VoIP pushes are asked for.
    pushes: bool,
}

impl InForce {
    /// At launch nothing waits for anything.
    pub(super) const fn at_launch(ui: CallUi) -> Self {
        Self { now: ui, next: ui, pushes: matches!(ui, CallUi::System(_)) }
    }
}

impl Centre {
    /// What a call that begins now is shown by. Where it is [`CallUi::InApp`], it is a matter of an
    /// [`InApp`](crate::InApp), and the centre only answers what still comes from the call system.
    pub const fn in_force(&self) -> CallUi {
        self.in_force.now
    }

    /// Whether no call begins in a call system any more.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.in_force.now == CallUi::InApp
    }

    /// Something else was decided for the calls to come.
    pub(super) fn decided(&mut self, ui: CallUi) {
        self.in_force.next = ui;
        // At once: whoever has no call system must not be sent VoIP pushes (rule `no-pushkit-without-callkit`).
        if ui == CallUi::InApp && std::mem::take(&mut self.in_force.pushes) {
            self.put(Output::StopPushes);
        }
        self.settle();
    }

    /// Takes what was decided, as far as the calls let it. A provider that is invalidated earlier would end them as failed.
    pub(super) fn settle(&mut self) {
        let InForce { now, next, .. } = self.in_force;
        if self.calls.is_empty() && self.reports.is_empty() {
            // A push to an old token has made a provider for itself alone.
            if now != next || next == CallUi::InApp {
                self.invalidate_provider();
            }
            self.in_force.now = next;
            if let CallUi::System(framework) = next
                && now != next
            {
                self.settings.framework = framework;
                if self.settings.owner() != self.audio.owner() {
                    self.stop_audio();
                    self.lose_audio();
                    self.audio = Session::new(self.settings.owner(), &self.out);
                }
                self.create_provider();
            }
        }
        let pushes = self.in_force.now != CallUi::InApp && next != CallUi::InApp;
        if pushes && !std::mem::replace(&mut self.in_force.pushes, true) {
            self.put(Output::RegisterForPushes);
        }
    }
}
