//! Where both directions stand as of their latest callbacks: what the pump goes by.

use super::Endpoint;
use crate::callback::UNTOUCHED;
use crate::error::Direction;
use crate::pump::Played;
use crate::ring::Splice;
use crate::settings::FRAMES_PER_SECOND;
use crate::stats::{Counters, StreamFormat};
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::time::Instant;

/// A look at both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// The present run, or the last one.
    pub(crate) run: u32,
    /// Whether the hardware may run, in each direction.
    pub(crate) captures: bool,
    pub(crate) plays: bool,
    /// How often a stream was built.
    pub(crate) built: u32,
    /// From the microphone to the capture callback, of a block's first frame.
    pub(crate) input: Duration,
    /// From the playback callback to the speaker, of a block's first frame.
    pub(crate) output: Duration,
    /// How much faster than capture playback runs, in ppm.
    pub(crate) drift_ppm: f64,
}

impl Endpoint {
    /// Follows the callbacks and looks.
    pub(crate) fn stand(&mut self) -> Standing {
        self.follow();
        let captures = self.capture.as_ref().is_some_and(|end| end.lane.gate.is_open());
        let plays = self.playback.as_ref().is_some_and(|end| end.lane.gate.is_open());
        let delay = |counters: &Counters| {
            Duration::from_nanos(counters.callback.delay.load(Ordering::Relaxed))
        };
        let (input, output) =
            (delay(&self.shared.capture.counters), delay(&self.shared.playback.counters));
        let (run, built, drift_ppm) = (self.run, self.built, self.drift.ppm());
        Standing { run, captures, plays, built, input, output, drift_ppm }
    }

    /// Capture index less playback index of what is at microphone and speaker at the same time; `None` until both
    /// directions run.
    pub(crate) fn apart(&mut self, standing: &Standing) -> Option<i64> {
        let delays = (standing.input + standing.output).as_secs_f64() * f64::from(self.rate());
        self.offset().map(|offset| (offset + delays).round() as i64)
    }

    /// What was agreed with the device of a direction.
    pub(crate) fn format(&self, direction: Direction) -> StreamFormat {
        self.shared.side(direction).format()
    }

    /// Hz.
    pub(crate) fn rate(&self) -> u32 {
        self.shared.settings.rate
    }

    /// Whether playback should be given another frame now: there is less in the ring than the target fill without
    /// the frame that is on its way, or than the device takes at once.
    pub(crate) fn is_due(&self) -> bool {
        let Some(end) = self.playback.as_ref().filter(|end| end.lane.gate.is_open()) else {
            return false;
        };
        let block = self.shared.playback.counters.callback.largest_block() as usize;
        let target = end.lane.target.load(Ordering::Relaxed) as usize;
        self.waiting() < (target + 1).saturating_sub(self.played_frame()).max(block).max(1)
    }

    /// The device's frames that a frame of 10 ms is played as.
    pub(super) fn played_frame(&self) -> usize {
        (self.rates.1 / FRAMES_PER_SECOND) as usize
    }

    /// The device's frames that wait to be played.
    pub(super) fn waiting(&self) -> usize {
        self.playback.as_ref().map_or(0, |end| {
            let stale = end.lane.stale.load(Ordering::Acquire);
            let fresh = end.frames.position().saturating_sub(stale);
            end.frames.fill().min(usize::try_from(fresh).unwrap_or(usize::MAX))
        })
    }

    /// Whether all samples before `position` have been at the speaker.
    pub(crate) fn is_played(&mut self, standing: &Standing, position: u64) -> bool {
        let callback = &self.shared.playback.counters.callback;
        let frames = callback.frames.load(Ordering::Relaxed);
        let stood = self.played_place(frames.saturating_sub(u64::from(callback.last_block())));
        let output = (standing.output.as_secs_f64() * f64::from(self.rate())).round() as u64;
        position.checked_sub(1).is_none_or(|last| {
            self.playback_index(last).is_some_and(|index| index + output < stood)
        })
    }

    /// From the latest playback callback until a sample that is written now is at the speaker.
    pub(crate) fn playout_delay(&self, standing: &Standing) -> Duration {
        let callback = &self.shared.playback.counters.callback;
        let block = u64::from(callback.last_block());
        duration(self.waiting() as u64 + block, self.rates.1) + standing.output
    }

    /// From the microphone until the latest capture callback, of the sample at `index`.
    pub(crate) fn capture_delay(&self, standing: &Standing, index: u64) -> Duration {
        let callback = &self.shared.capture.counters.callback;
        let block = u64::from(callback.last_block());
        let stood = callback.frames.load(Ordering::Relaxed).saturating_sub(block);
        let stood = self.capture.as_ref().map_or(0.0, |end| end.place(stood as f64)) as u64;
        duration(stood.saturating_sub(index), self.rate()) + standing.input
    }

    /// When the sample at capture index `index` was at the microphone.
    pub(crate) fn capture_time(&self, standing: &Standing, index: u64) -> Option<Instant> {
        let stood = self.capture_beats.time_of(index, self.rate())?;
        self.instant(stood)?.checked_sub(standing.input)
    }

    /// When the latest capture callback came.
    pub(crate) fn captured_at(&self) -> Option<Instant> {
        self.capture_beats.latest().and_then(|(at, _)| self.instant(at))
    }

    /// When a sample that is written now will be at the speaker: by the index of the stream at which the device will take
    /// it. What waits and the latest callback do not tell, since a callback may come between a look at one and at the other.
    pub(crate) fn playout_time(&self, standing: &Standing) -> Option<Instant> {
        let end = self.playback.as_ref().filter(|end| end.lane.gate.is_open())?;
        let shift = end.lane.shift.load(Ordering::Acquire);
        let index = end.frames.position().wrapping_add(shift);
        let taken = self.playback_beats.time_of(index, self.rates.1);
        self.instant(taken.filter(|_| shift != UNTOUCHED)?)?.checked_add(standing.output)
    }

    /// Which samples the device took when.
    pub(crate) fn played(&self) -> Played<'_> {
        let callback = &self.shared.playback.counters.callback;
        let taken = callback.frames.load(Ordering::Relaxed);
        let nothing = Splice { position: u64::MAX, index: self.played_place(taken) };
        let next = self.playback.as_ref().filter(|end| end.lane.gate.is_open()).map(|end| {
            let shift = end.lane.shift.load(Ordering::Acquire);
            let position = end.frames.position() - self.waiting() as u64;
            let index = if shift == UNTOUCHED {
                taken + u64::from(end.lane.target.load(Ordering::Relaxed))
            } else {
                position.wrapping_add(shift)
            };
            let splice = end.splice(Splice { position, index }, self.rate());
            Splice { position: self.accepted + splice.position, ..splice }
        });
        let known = self.played_place(self.plays_since)
            ..self.played_place(taken + u64::from(callback.last_block()));
        Played { splices: &self.played, next: next.unwrap_or(nothing), known }
    }

    /// The playback stream's frame `index`, counted in frames of the endpoint.
    fn played_place(&self, index: u64) -> u64 {
        let (rate, device) = (u128::from(self.rate()), u128::from(self.rates.1.max(1)));
        (u128::from(index) * rate / device) as u64
    }

    fn instant(&self, ns: i64) -> Option<Instant> {
        self.shared.epoch.checked_add(Duration::from_nanos(u64::try_from(ns).ok()?))
    }
}

/// The time that `frames` take at `rate` Hz.
pub(super) fn duration(frames: u64, rate: u32) -> Duration {
    let rate = u64::from(rate.max(1));
    Duration::from_nanos(frames / rate * 1_000_000_000 + frames % rate * 1_000_000_000 / rate)
}
