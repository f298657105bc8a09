//! The deadlines: what must follow, and by when. They are values; whoever has a clock calls.

use super::Centre;
use crate::EARLY;
use oncue_session::Id;
use std::time::Duration;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Provider,
    Activation,
    Resume,
    Action(Id),
    Ring(Id),
    Locked(Id),
}

impl Centre {
    /// When [`handle`](Self::handle) is to be called with [`Input::Time`](crate::Input::Time) if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.next_due().map(|(at, _)| at)
    }

    fn next_due(&self) -> Option<(Duration, Due)> {
        let calls = self.calls.iter().flat_map(|call| {
            let ring = call.rings_until.map(|at| (at, Due::Ring(call.id)));
            ring.into_iter().chain(call.locked_until.map(|at| (at, Due::Locked(call.id))))
        });
        let actions = self.open.iter().map(|open| (open.due, Due::Action(open.id)));
        let single = [
            self.provider_ready.map(|at| (at, Due::Provider)),
            self.awaits.activation.map(|at| (at, Due::Activation)),
            self.awaits.resume.map(|at| (at, Due::Resume)),
        ];
        single.into_iter().flatten().chain(calls).chain(actions).min_by_key(|&(at, _)| at)
    }

    /// When it is done at the latest what has to be done within `wait` from now: a moment before, so that it is not late.
    pub(super) fn in_time(&self, wait: Duration) -> Duration {
        self.now.saturating_add(wait - EARLY.min(wait / 4))
    }

    /// Does what is due by now. Each deadline is cleared by what it leads to.
    pub(super) fn expire(&mut self) {
        while let Some((at, due)) = self.next_due()
            && at <= self.now
        {
            match due {
                Due::Provider => self.provider_is_ready(),
                Due::Activation => self.activation_is_missing(),
                Due::Resume => self.attempt_to_resume(),
                Due::Action(action) => self.give_up(action),
                Due::Ring(call) => self.rang_out(call),
                Due::Locked(call) => self.locked_too_long(call),
            }
        }
    }
}
