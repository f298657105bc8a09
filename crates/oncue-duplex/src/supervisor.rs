//! Which direction is lost, and what is done about it when.
//!
//! Pure: what happened and what time it is come in, orders go out. Each direction is by itself. The other side of it,
//! which carries the orders out, is `rescue.rs`.

use crate::error::{DeviceError, Direction, LossCause, OpenError, StreamEvent};
use crate::settings::Recovery;
use core::time::Duration;
use std::collections::VecDeque;

/// Pauses between attempts double from this fraction of the longest one.
const FIRST_PAUSE: u32 = 32;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Let nothing of this direction's stream through any more, drop it, and say with [`Supervisor::dropped`] that none
    /// is left.
    Drop(Direction),
    /// Build and play a stream, and say what came of it with [`Supervisor::rebuilt`].
    Rebuild(Direction),
    /// Tell the app.
    Tell(StreamEvent),
}

/// Both directions of a run. Times are since any fixed moment, and may not go back.
#[derive(Debug)]
pub(crate) struct Supervisor {
    recovery: Recovery,
    capture: Side,
    playback: Side,
    orders: VecDeque<Order>,
}

#[derive(Debug, Default)]
struct Side {
    phase: Phase,
    /// How many callbacks there had been when the last one was noticed, and when that was.
    callbacks: u64,
    heard: Duration,
    /// Since when the present stream is known to run.
    well: Option<Duration>,
    /// When the last callback before a loss was heard; `None` while nothing is lost.
    lost: Option<Duration>,
    /// Attempts since the direction last ran for a while.
    attempts: u32,
    /// How the last attempt failed.
    failure: Option<OpenError>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No part of a run.
    #[default]
    Off,
    /// There is a stream, and callbacks are expected.
    Runs,
    /// Its stream is being dropped.
    Drops,
    /// The next attempt is due then.
    Waits(Duration),
    /// An attempt is under way.
    Rebuilds,
}

impl Supervisor {
    pub(crate) fn new(recovery: Recovery) -> Self {
        Self {
            recovery,
            capture: Side::default(),
            playback: Side::default(),
            orders: VecDeque::new(),
        }
    }

    /// The direction's stream was started, and has had `callbacks` callbacks in its life.
    pub(crate) fn started(&mut self, direction: Direction, callbacks: u64, now: Duration) {
        let side = self.side(direction);
        if side.phase == Phase::Off {
            *side = Side { phase: Phase::Runs, callbacks, heard: now, ..Side::default() };
        }
    }

    /// The run is over: nothing is to be built or played any more.
    pub(crate) fn stopped(&mut self) {
        (self.capture, self.playback) = (Side::default(), Side::default());
        self.orders.retain(|order| matches!(order, Order::Tell(_)));
    }

    /// The direction has had `callbacks` callbacks by now, of blocks that last `block`.
    pub(crate) fn heard(
        &mut self,
        direction: Direction,
        callbacks: u64,
        block: Duration,
        now: Duration,
    ) {
        let limit = self.recovery.rebuild_after.max(block.saturating_mul(3));
        let side = self.side(direction);
        if side.phase != Phase::Runs {
            return;
        }
        if side.callbacks == callbacks {
            let silent = now.saturating_sub(side.heard);
            if silent >= limit {
                self.lose(direction, LossCause::NoCallbacks(silent), now);
            }
            return;
        }
        (side.callbacks, side.heard) = (callbacks, now);
        side.well.get_or_insert(now);
        side.failure = None;
        if let Some(since) = side.lost.take() {
            let (attempts, gap) = (side.attempts, now.saturating_sub(since));
            self.orders.push_back(Order::Tell(StreamEvent::Recovered { direction, attempts, gap }));
        }
    }

    /// The direction's stream is of no use any more.
    pub(crate) fn lose(&mut self, direction: Direction, cause: LossCause, now: Duration) {
        let enough = self.recovery.retry_at_most;
        let side = self.side(direction);
        if side.phase != Phase::Runs {
            return;
        }
        side.phase = Phase::Drops;
        if side.well.take().is_some_and(|well| now.saturating_sub(well) >= enough) {
            side.attempts = 0;
        }
        if side.lost.is_none() {
            side.lost = Some(side.heard);
            self.orders.push_back(Order::Tell(StreamEvent::Lost { direction, cause }));
        }
        self.orders.push_back(Order::Drop(direction));
    }

    /// No stream of the direction is being dropped (any more, or it was given up). It may be said at any time: it counts
    /// once [`Order::Drop`] was given.
    pub(crate) fn dropped(&mut self, direction: Direction, now: Duration) {
        let longest = self.recovery.retry_at_most;
        if self.orders.contains(&Order::Drop(direction)) {
            return;
        }
        let side = self.side(direction);
        if side.phase == Phase::Drops {
            side.phase = Phase::Waits(now.saturating_add(pause(side.attempts, longest)));
        }
    }

    /// What came of [`Order::Rebuild`], and how long it took. A stream has had `callbacks` callbacks in its life.
    pub(crate) fn rebuilt(
        &mut self,
        direction: Direction,
        result: Result<u64, OpenError>,
        took: Duration,
        now: Duration,
    ) {
        let longest = self.recovery.retry_at_most;
        let side = self.side(direction);
        if side.phase != Phase::Rebuilds {
            return;
        }
        match result {
            Ok(callbacks) => {
                (side.phase, side.callbacks, side.heard) = (Phase::Runs, callbacks, now);
            }
            Err(error) => {
                // A server that takes long to refuse is not asked as often: PulseAudio's host leaves a thread behind
                // each time. One that does not answer is: the threads that hang in it are counted, and limited.
                let answered = !matches!(error, OpenError::Device(DeviceError::TimedOut { .. }));
                let slow = if answered { took.saturating_mul(2) } else { Duration::ZERO };
                let pause = pause(side.attempts, longest).max(slow);
                side.phase = Phase::Waits(now.saturating_add(pause));
                let attempts = side.attempts;
                if side.failure.as_ref() != Some(&error) {
                    side.failure = Some(error.clone());
                    let told = StreamEvent::StillLost { direction, attempts, error };
                    self.orders.push_back(Order::Tell(told));
                }
            }
        }
    }

    /// The next thing to do. An attempt is not begun while there is no `room` for it: too many hang already.
    pub(crate) fn order(&mut self, now: Duration, room: bool) -> Option<Order> {
        for direction in [Direction::Playback, Direction::Capture] {
            let side = self.side(direction);
            if room && matches!(side.phase, Phase::Waits(until) if until <= now) {
                side.phase = Phase::Rebuilds;
                side.attempts += 1;
                self.orders.push_back(Order::Rebuild(direction));
            }
        }
        self.orders.pop_front()
    }

    /// There is no room for attempts for long, and why: told where one is due.
    pub(crate) fn held_up(&mut self, error: &OpenError, now: Duration) {
        for direction in [Direction::Playback, Direction::Capture] {
            let side = self.side(direction);
            let due = matches!(side.phase, Phase::Waits(until) if until <= now);
            if due && side.failure.as_ref() != Some(error) {
                side.failure = Some(error.clone());
                let (attempts, error) = (side.attempts, error.clone());
                self.orders.push_back(Order::Tell(StreamEvent::StillLost {
                    direction,
                    attempts,
                    error,
                }));
            }
        }
    }

    /// Whether a direction is being brought back.
    pub(crate) fn is_busy(&self) -> bool {
        [&self.capture, &self.playback]
            .into_iter()
            .any(|side| !matches!(side.phase, Phase::Off | Phase::Runs) || side.lost.is_some())
    }

    /// Whether the direction is part of the run.
    pub(crate) fn is_on(&self, direction: Direction) -> bool {
        let side = match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        };
        side.phase != Phase::Off
    }

    const fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }
}

/// The pause before the next attempt, after so many.
fn pause(attempts: u32, longest: Duration) -> Duration {
    match attempts.checked_sub(1) {
        None => Duration::ZERO,
        Some(doubled) => (longest / FIRST_PAUSE).saturating_mul(1 << doubled.min(16)).min(longest),
    }
}

#[cfg(test)]
#[path = "supervised.rs"]
mod tests;
