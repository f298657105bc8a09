//! The wake-up from a callback to who waits for it, the one there is.
//!
//! A callback may wake nobody, since that is a system call. So who waits sleeps until the next callback is to be expected,
//! by the times of those before it, and looks; where it is late, or its times are not of the process's clock, a moment
//! later again. `cargo run --release -p oncue-duplex --example pump_lateness` prints what that costs.

use super::standing::duration;
use super::{Beats, Endpoint};
use crate::settings::FRAMES_PER_SECOND;
use crate::stats::Counters;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::thread::Thread;
use std::time::Instant;

/// How long after the expected callback to look: it does its work first.
const MARGIN: Duration = Duration::from_micros(100);

/// How long to sleep where no callback can be foreseen.
const SOON: Duration = Duration::from_micros(500);

/// The longest sleep while a stream runs.
const LONGEST: Duration = Duration::from_millis(100);

impl Endpoint {
    /// Waits until a 10 ms frame can be read, at most `timeout`; true if one can.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        let start = Instant::now();
        loop {
            if self.available() >= self.frame() {
                return true;
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(left.min(self.until_captured().unwrap_or(SOON)));
        }
    }

    /// Names the thread that is unparked when a stream is started.
    pub(crate) fn wakes(&self, thread: Thread) {
        // An endpoint is owned by one thread for good.
        let _ = self.shared.waiter.set(thread);
    }

    /// How long to sleep until there is something to do: a frame of capture is whole, or playback is due.
    pub(crate) fn until_due(&self) -> Duration {
        let (capture, playback) = (self.until_captured(), self.until_played());
        capture.unwrap_or(SOON).min(playback.unwrap_or(SOON))
    }

    /// Until a frame of capture is whole; `None` if that cannot be foreseen.
    fn until_captured(&self) -> Option<Duration> {
        let Some(end) = self.capture.as_ref().filter(|end| end.lane.gate.is_open()) else {
            return Some(LONGEST);
        };
        // What the resampler needs beside that is in it once it runs.
        let frame = (self.rates.0 / FRAMES_PER_SECOND) as usize;
        let missing = frame.saturating_sub(end.frames.fill());
        self.until(&self.shared.capture.counters, &self.capture_beats, missing, self.rates.0)
    }

    /// Until playback is due; `None` if that cannot be foreseen.
    fn until_played(&self) -> Option<Duration> {
        let Some(end) = self.playback.as_ref().filter(|end| end.lane.gate.is_open()) else {
            return Some(LONGEST);
        };
        let target = end.lane.target.load(Ordering::Relaxed) as usize;
        let over = (self.waiting() + self.played_frame()).saturating_sub(target);
        self.until(&self.shared.playback.counters, &self.playback_beats, over, self.rates.1)
    }

    /// Until the callback with which at least `frames` more of a device of `rate` Hz have passed.
    fn until(
        &self,
        counters: &Counters,
        beats: &Beats,
        frames: usize,
        rate: u32,
    ) -> Option<Duration> {
        let block = u64::from(counters.callback.last_block().max(1));
        let blocks = (frames as u64).div_ceil(block).max(1);
        let (at, _) = beats.latest()?;
        let now = self.shared.epoch.elapsed();
        let at = Duration::from_nanos(u64::try_from(at).ok()?);
        // A clock that is ahead of the process's is another one.
        let wait = (at + duration(blocks * block, rate)).checked_sub(now).filter(|_| at <= now)?;
        Some((wait + MARGIN).min(LONGEST))
    }
}
