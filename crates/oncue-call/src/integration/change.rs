//! A call system is withdrawn from an app in use, or comes back (rule book §3.14): what is done now, and what waits for
//! the live calls.

use super::CallUi;
use oncue_session::{Framework, Version};

/// What voice calls are shown by in a running process, and what it is to become.
///
/// What is in force stays so until the last live call is over: a call ends under the owner that it began with, and there
/// is one session, so that a call which begins meanwhile joins it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    now: CallUi,
    next: CallUi,
    pushes: bool,
    live: usize,
}

/// What the app does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// No more VoIP pushes: the server drops the token, the app no longer asks for the VoIP push type. Calls come as
    /// ordinary alerts (`no-pushkit-without-callkit`).
    StopVoipPushes,
    /// The provider is invalidated; no call of it lives any more (`single-provider`).
    InvalidateProvider(Framework),
    /// A provider is made (`single-provider`, `no-use-of-invalidated-provider`).
    MakeProvider(Framework),
    /// VoIP pushes again, now that they can be reported.
    StartVoipPushes,
}

/// What a VoIP push is answered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushAnswer {
    /// A report to this framework's provider.
    Report(Framework),
    /// A report to a provider that is made for it alone, and the end of that call at once: the push went to an old token,
    /// and without a report the process is killed (`push-report-is-unconditional`, iOS 13).
    ReportAndEnd,
    /// Nothing has to be reported: a notification.
    Notify,
}

impl InForce {
    /// At launch: what was decided for voice calls, with no call live. The app makes the provider, if there is one, and
    /// asks for VoIP pushes where that has one.
    #[must_use]
    pub const fn at_launch(ui: CallUi) -> Self {
        Self { now: ui, next: ui, pushes: matches!(ui, CallUi::System(_)), live: 0 }
    }

    /// What a call that begins now is shown by.
    #[must_use]
    pub const fn now(&self) -> CallUi {
        self.now
    }

    /// Something else was decided, by an update's first launch or a remote switch.
    pub fn decide(&mut self, ui: CallUi) -> Vec<Change> {
        self.next = ui;
        let mut changes = Vec::new();
        if self.pushes && ui == CallUi::InApp {
            self.pushes = false;
            changes.push(Change::StopVoipPushes);
        }
        changes.extend(self.settle());
        changes
    }

    /// A call begins.
    pub const fn call_began(&mut self) {
        self.live += 1;
    }

    /// A call is over.
    pub fn call_ended(&mut self) -> Vec<Change> {
        self.live = self.live.saturating_sub(1);
        self.settle()
    }

    /// What a VoIP push is answered by. One may come to a token that is no longer used.
    #[must_use]
    pub fn on_voip_push(&self, ios: Version) -> PushAnswer {
        match self.now {
            CallUi::System(framework) => PushAnswer::Report(framework),
            CallUi::InApp if ios.major >= 13 => PushAnswer::ReportAndEnd,
            CallUi::InApp => PushAnswer::Notify,
        }
    }

    /// Takes what is to come, as far as the live calls let it.
    fn settle(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.live == 0 && self.now != self.next {
            if let CallUi::System(framework) = self.now {
                changes.push(Change::InvalidateProvider(framework));
            }
            if let CallUi::System(framework) = self.next {
                changes.push(Change::MakeProvider(framework));
            }
            self.now = self.next;
        }
        if !self.pushes && self.now != CallUi::InApp && self.next != CallUi::InApp {
            self.pushes = true;
            changes.push(Change::StartVoipPushes);
        }
        changes
    }
}
