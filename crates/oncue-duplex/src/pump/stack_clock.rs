//! A call stack that brings its own clock: its ticker pulls captured frames and pushes frames to be played, and both
//! directions are resampled between that clock and the device's.
//!
//! Two rings lie between the stack's thread and the pump's, each kept near its target fill by the ratio of the clocks,
//! which a [`DriftLoop`] measures from the times of the stack's calls. None of the stack's code runs on the pump's thread,
//! so that it may take its time, and nothing here waits.

use crate::clock::{StampReader, StampWriter, stamps};
use crate::drift::DriftLoop;
use crate::pump::attachment::Attachment;
use crate::pump::capture::{Captured10, Tap};
use crate::pump::mix::Ramp;
use crate::pump::playout::{PlayoutInfo, Voice};
use crate::pump::{FrameFormat, HardwareEvent, Sample};
use crate::resampler::Resampler;
use crate::ring::{FrameReader, FrameWriter, frame_ring};
use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

/// The stack's end of a pump that follows the stack's clock. Dropping it detaches.
///
/// One thread's: the ticker's. It calls [`capture`](Self::capture) and [`playout`](Self::playout) once a frame each.
#[must_use = "a stack's end that is dropped is detached"]
pub struct StackClock<S> {
    epoch: Instant,
    frames: FrameReader,
    references: FrameReader,
    played: FrameWriter,
    cushion: Cushion,
    captures: StampWriter,
    playouts: StampWriter,
    taken: u64,
    given: u64,
    samples: Vec<f32>,
    figures: Arc<Figures>,
    _attached: (Attachment, Attachment),
    format: PhantomData<fn() -> S>,
}

/// How the two clocks get on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StackClockStats {
    /// Frames of capture that were silence since none waited: before the first, while the hardware does not run, and
    /// whenever the stack came too early.
    pub captures_missed: u64,
    /// 10 ms of playout that were silence since the stack had not pushed enough.
    pub playouts_missed: u64,
    /// Samples of either direction that were thrown away since too many waited.
    pub skipped: u64,
    /// The device's capture clock against the stack's, in ppm; positive: the device's is faster.
    pub capture_ppm: f64,
    /// The device's playback clock against the stack's, in ppm.
    pub playout_ppm: f64,
    /// From [`playout`](StackClock::playout) to the speaker and from the microphone to
    /// [`capture`](StackClock::capture), as of the latest captured frame.
    pub total_delay: Duration,
}

#[derive(Debug, Default)]
struct Figures {
    captures_missed: AtomicU64,
    playouts_missed: AtomicU64,
    skipped: AtomicU64,
    capture_ppm: AtomicU64,
    playout_ppm: AtomicU64,
    /// In ns: of capture and playout as the pump tells, and of what waits to be played.
    total: AtomicU64,
    waiting: AtomicU64,
}

impl<S: Sample> StackClock<S> {
    /// An end, and what is attached for it by `attach`.
    pub(crate) fn new(
        engine_rate: u32,
        format: FrameFormat,
        attach: impl FnOnce(Box<dyn Tap>, Box<dyn Voice>) -> (Attachment, Attachment),
    ) -> Self {
        let epoch = Instant::now();
        let rate = format.rate();
        let figures = Arc::<Figures>::default();
        let (frames, captured) = frame_ring();
        let (references, reference) = frame_ring();
        let (played, playing) = frame_ring();
        let (captures, capture_calls) = stamps(epoch);
        let (playouts, playout_calls) = stamps(epoch);
        let tap = Box::new(Outward {
            epoch,
            drift: DriftLoop::new(engine_rate, rate, rate),
            calls: capture_calls,
            resamplers: [Resampler::new(engine_rate, rate), Resampler::new(engine_rate, rate)],
            rings: [frames, references],
            ramp: Ramp::OPEN,
            muted: Vec::new(),
            figures: Arc::clone(&figures),
        });
        let voice = Box::new(Inward {
            epoch,
            drift: DriftLoop::new(rate, engine_rate, engine_rate),
            calls: playout_calls,
            resampler: Resampler::new(rate, engine_rate),
            frames: playing,
            cushion: Cushion::new(format),
            mixed: 0,
            ramp: Ramp::OPEN,
            samples: Vec::new(),
            figures: Arc::clone(&figures),
        });
        Self {
            epoch,
            frames: captured,
            references: reference,
            played,
            cushion: Cushion::new(format),
            captures,
            playouts,
            taken: 0,
            given: 0,
            samples: Vec::with_capacity(format.samples()),
            figures,
            _attached: attach(tap, voice),
            format: PhantomData,
        }
    }

    /// Takes a captured frame and the playback reference aligned to it, as in
    /// [`Capture::captured`](crate::Capture::captured), at `now` by the stack's ticker. False where there is none, and
    /// both are silence: before the hardware runs, and where the stack comes too early.
    pub fn capture(&mut self, frame: &mut [S], reference: &mut [S], now: Instant) -> bool {
        self.taken += frame.len() as u64;
        self.captures.publish(0, since(self.epoch, now).unsigned_abs(), self.taken);
        let Some(skip) = self.cushion.take(self.frames.fill(), frame.len()) else {
            self.figures.captures_missed.fetch_add(1, Ordering::Relaxed);
            frame.fill(S::default());
            reference.fill(S::default());
            return false;
        };
        self.figures.skipped.fetch_add(skip as u64, Ordering::Relaxed);
        self.samples.resize(frame.len(), 0.0);
        for (ring, out) in [(&mut self.frames, frame), (&mut self.references, reference)] {
            ring.skip(skip);
            ring.pop(&mut self.samples);
            for (slot, sample) in out.iter_mut().zip(&self.samples) {
                *slot = S::from_f32(*sample);
            }
        }
        true
    }

    /// Gives a frame to be played, at `now` by the stack's ticker.
    pub fn playout(&mut self, frame: &[S], now: Instant) {
        self.samples.clear();
        self.samples.extend(frame.iter().map(|sample| sample.to_f32()));
        let pushed = self.played.push(&self.samples);
        self.figures.skipped.fetch_add((frame.len() - pushed) as u64, Ordering::Relaxed);
        self.given += pushed as u64;
        self.playouts.publish(0, since(self.epoch, now).unsigned_abs(), self.given);
    }

    /// How the clocks get on.
    pub fn stats(&self) -> StackClockStats {
        let Figures { captures_missed, playouts_missed, skipped, .. } = &*self.figures;
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        StackClockStats {
            captures_missed: load(captures_missed),
            playouts_missed: load(playouts_missed),
            skipped: load(skipped),
            capture_ppm: f64::from_bits(load(&self.figures.capture_ppm)),
            playout_ppm: f64::from_bits(load(&self.figures.playout_ppm)),
            total_delay: Duration::from_nanos(
                load(&self.figures.total) + load(&self.figures.waiting),
            ),
        }
    }
}

impl<S> fmt::Debug for StackClock<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackClock").field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// A time in ns of the process's clock.
fn since(epoch: Instant, at: Instant) -> i64 {
    let ns = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    at.checked_duration_since(epoch).map_or_else(|| -ns(epoch.duration_since(at)), ns)
}

fn time_of(samples: usize, rate: u32) -> u64 {
    samples as u64 * 1_000_000_000 / u64::from(rate.max(1))
}

/// How a ring between two threads is read: it begins at the target fill, and goes back there from far above.
#[derive(Clone, Copy, Debug)]
struct Cushion {
    flows: bool,
    target: usize,
}

impl Cushion {
    /// 20 ms: either thread may be late by that.
    fn new(format: FrameFormat) -> Self {
        Self { flows: false, target: format.rate() as usize / 50 }
    }

    /// How many samples to skip before `wanted` are taken of `waiting`; `None`: take none.
    fn take(&mut self, waiting: usize, wanted: usize) -> Option<usize> {
        let enough = if self.flows { wanted } else { self.target + wanted };
        self.flows = waiting >= enough;
        let most = 4 * self.target + wanted;
        let surplus = if waiting > most { waiting - self.target - wanted } else { 0 };
        self.flows.then_some(surplus)
    }
}

/// Captured frames on their way to the stack's clock, which leads.
struct Outward {
    epoch: Instant,
    drift: DriftLoop,
    calls: StampReader,
    /// Of the frames and of the references, which go the same way.
    resamplers: [Resampler; 2],
    rings: [FrameWriter; 2],
    ramp: Ramp,
    muted: Vec<f32>,
    figures: Arc<Figures>,
}

impl Tap for Outward {
    fn take(&mut self, captured: &Captured10<'_>, muted: bool) -> u64 {
        while let Some(stamp) = self.calls.pop() {
            self.drift.leader(i64::try_from(stamp.ns).unwrap_or(i64::MAX), stamp.index);
        }
        if let Some(at) = captured.info.time {
            self.drift.follower(since(self.epoch, at), captured.info.index);
        }
        self.muted.clear();
        self.muted.extend(captured.frame);
        self.ramp.apply(muted, &mut self.muted);
        let ratio = self.drift.ratio();
        let mut lost = 0;
        for ((resampler, ring), samples) in self
            .resamplers
            .iter_mut()
            .zip(&mut self.rings)
            .zip([&self.muted[..], captured.reference])
        {
            resampler.set_ratio(ratio);
            resampler.push(samples, |made| lost += made.len() - ring.push(made));
        }
        self.figures.skipped.fetch_add(lost as u64 / 2, Ordering::Relaxed);
        self.figures.capture_ppm.store((-self.drift.ppm()).to_bits(), Ordering::Relaxed);
        let [frames, _] = &self.rings;
        let [resampler, _] = &self.resamplers;
        let rate = (f64::from(captured.rate) * resampler.ratio()).round() as u32;
        let inside = frames.fill() + resampler.delay().round() as usize;
        let total = captured.info.total_delay().as_nanos();
        let total = u64::try_from(total).unwrap_or(u64::MAX).saturating_add(time_of(inside, rate));
        self.figures.total.store(total, Ordering::Relaxed);
        0
    }

    fn hardware(&mut self, event: &HardwareEvent) {
        if *event == HardwareEvent::Started {
            self.drift.clear();
        }
    }
}

/// Frames of the stack on their way to playback's clock, which leads.
struct Inward {
    epoch: Instant,
    drift: DriftLoop,
    calls: StampReader,
    resampler: Resampler,
    frames: FrameReader,
    cushion: Cushion,
    /// Frames that were mixed: where playback's clock stands.
    mixed: u64,
    ramp: Ramp,
    samples: Vec<f32>,
    figures: Arc<Figures>,
}

impl Voice for Inward {
    fn mix(&mut self, mix: &mut [f32], info: &PlayoutInfo, muted: bool, ending: bool) -> bool {
        while let Some(stamp) = self.calls.pop() {
            self.drift.follower(i64::try_from(stamp.ns).unwrap_or(i64::MAX), stamp.index);
        }
        if let Some(at) = info.time {
            self.drift.leader(since(self.epoch, at), self.mixed);
        }
        self.mixed += mix.len() as u64;
        self.resampler.set_ratio(self.drift.ratio());
        self.figures.playout_ppm.store(self.drift.ppm().to_bits(), Ordering::Relaxed);
        let needed = self.resampler.needs(mix.len());
        let waiting = self.frames.fill();
        let Some(skip) = self.cushion.take(waiting, needed) else {
            self.figures.playouts_missed.fetch_add(1, Ordering::Relaxed);
            return !ending;
        };
        self.figures.skipped.fetch_add(skip as u64, Ordering::Relaxed);
        self.frames.skip(skip);
        self.samples.resize(mix.len(), 0.0);
        let frames = &mut self.frames;
        self.resampler.pull(&mut self.samples, |input| {
            frames.pop(input);
        });
        self.ramp.apply(muted, &mut self.samples);
        for (slot, sample) in mix.iter_mut().zip(&self.samples) {
            *slot += sample;
        }
        let rate = (mix.len() as f64 * 100.0 / self.resampler.ratio()).round() as u32;
        let inside =
            self.frames.fill() + (self.resampler.delay() / self.resampler.ratio()) as usize;
        self.figures.waiting.store(time_of(inside, rate), Ordering::Relaxed);
        true
    }

    fn hardware(&mut self, event: &HardwareEvent) {
        if *event == HardwareEvent::Started {
            self.drift.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cushion_is_there_before_the_first_sample_and_cut_down_when_it_grew() {
        let mut cushion = Cushion { flows: false, target: 100 };
        assert_eq!(cushion.take(149, 50), None);
        assert_eq!(cushion.take(150, 50), Some(0));
        assert_eq!(cushion.take(50, 50), Some(0));
        assert_eq!(cushion.take(450, 50), Some(0));
        assert_eq!(cushion.take(451, 50), Some(301));
        assert_eq!(cushion.take(49, 50), None);
        assert_eq!(cushion.take(149, 50), None, "it fills up again first");
    }

    #[test]
    fn times_before_the_epoch_are_negative() {
        let epoch = Instant::now();
        let later = epoch + Duration::from_nanos(5);
        assert_eq!((since(epoch, later), since(later, epoch)), (5, -5));
    }
}
