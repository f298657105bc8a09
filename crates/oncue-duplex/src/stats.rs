//! The figures of both directions: counters that callbacks and consumer write, and the snapshot that anyone reads.
//!
//! Atomics only. Each counter has one writer at a time, so that counting is a load and a store and never a retry; a
//! snapshot taken while audio runs may be a block apart between two figures, and is exact when it is stopped.

mod callback_time;

pub use callback_time::CallbackTime;
pub(crate) use callback_time::Histogram;

use crate::rights::Rights;
use crate::silence::SilentAudio;
use crate::time_to_audio::FirstFrame;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use cpal::SampleFormat;

/// Adds to a counter that has one writer.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
}

/// What one direction counts, on cache lines of its own for each side.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) callback: CallbackCounters,
    pub(crate) consumer: ConsumerCounters,
    /// What the error callback counts, which some hosts enter from a thread of its own.
    pub(crate) xruns: AtomicU64,
    pub(crate) errors: AtomicU64,
    /// What the backend said it granted, in frames; 0 = it did not say.
    pub(crate) granted: AtomicU32,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct CallbackCounters {
    pub(crate) callbacks: AtomicU64,
    pub(crate) frames: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) inserted: AtomicU64,
    pub(crate) underrun: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) first: FirstFrame,
    /// Between the callback and the converter, of a block's first frame, in ns.
    pub(crate) delay: AtomicU64,
    pub(crate) time: Histogram,
    peak: AtomicU32,
    block: Extremes,
    fill: Extremes,
    /// The sum of all fills that were seen, and how many.
    fills: AtomicU64,
    looks: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ConsumerCounters {
    pub(crate) moved: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

impl CallbackCounters {
    /// Counts a block of `frames` frames.
    pub(crate) fn block(&self, frames: usize) {
        add(&self.callbacks, 1);
        add(&self.frames, frames as u64);
        self.block.saw(frames);
    }

    pub(crate) fn fill(&self, frames: usize) {
        self.fill.saw(frames);
        add(&self.fills, frames as u64);
        add(&self.looks, 1);
    }

    /// Takes in the largest magnitude of a block: of magnitudes, the order of the bits is that of the numbers.
    pub(crate) fn peak(&self, peak: f32) {
        raise(&self.peak, peak.abs().to_bits());
    }

    /// Publishes how far the device's converter is from the callback.
    pub(crate) fn delay(&self, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.delay.store(nanos, Ordering::Relaxed);
    }

    /// The largest block so far, in frames.
    pub(crate) fn largest_block(&self) -> u32 {
        self.block.max.load(Ordering::Relaxed)
    }

    /// The last block, in frames.
    pub(crate) fn last_block(&self) -> u32 {
        self.block.last.load(Ordering::Relaxed)
    }
}

/// Last, smallest and largest of a figure that has one writer. The smallest is kept as its complement, so that all
/// start at 0.
#[derive(Debug, Default)]
struct Extremes {
    last: AtomicU32,
    max: AtomicU32,
    min_complement: AtomicU32,
}

impl Extremes {
    fn saw(&self, figure: usize) {
        let figure = u32::try_from(figure).unwrap_or(u32::MAX);
        self.last.store(figure, Ordering::Relaxed);
        raise(&self.max, figure);
        raise(&self.min_complement, !figure);
    }

    fn read(&self) -> Range {
        let min = !self.min_complement.load(Ordering::Relaxed);
        let max = self.max.load(Ordering::Relaxed);
        Range { last: self.last.load(Ordering::Relaxed), min: min.min(max), max }
    }
}

fn raise(highest: &AtomicU32, figure: u32) {
    if figure > highest.load(Ordering::Relaxed) {
        highest.store(figure, Ordering::Relaxed);
    }
}

fn raise_long(highest: &AtomicU64, figure: u64) {
    if figure > highest.load(Ordering::Relaxed) {
        highest.store(figure, Ordering::Relaxed);
    }
}

/// What was agreed with the device for one direction when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// The device, by the name that people read.
    pub device: String,
    /// Hz.
    pub rate: u32,
    /// Channels of the device; the engine is mono (capture: channel 0; playback: all alike).
    pub channels: u16,
    /// The device's sample format; the engine's is `f32`.
    pub format: SampleFormat,
}

/// A figure's last, smallest and largest value; all 0 when there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The latest.
    pub last: u32,
    /// The smallest since the engine was opened.
    pub min: u32,
    /// The largest since the engine was opened.
    pub max: u32,
}

/// What both directions count. All counts run from opening the engine, over stops and restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamStats {
    /// What was agreed with the device.
    pub format: StreamFormat,
    /// The period that the backend says it granted, in frames; `None` before the stream was built, or unknown.
    /// Blocks may be of any other size.
    pub granted: Option<u32>,
    /// Calls of the data callback.
    pub callbacks: u64,
    /// Device frames in these calls.
    pub frames: u64,
    /// Frames in one call.
    pub block: Range,
    /// Frames in the ring now.
    pub waiting: u64,
    /// Frames in the ring at each callback, before and after it: its headroom both ways.
    pub fill: Range,
    /// The mean of the same; 0 before the first callback.
    pub fill_mean: f64,
    /// The fill that is aimed at, in frames; 0 before the stream was built.
    pub target: u32,
    /// From the device's converter to the consumer (capture), or from the consumer to the converter (playback), as of
    /// the last callback: what the host says of its own delay, and the frames that wait.
    pub latency: Duration,
    /// How long the callbacks took.
    pub time: CallbackTime,
    /// Whether the thread that calls has a real-time priority.
    pub rights: Rights,
    /// Overruns and underruns that the host reported. Many hosts report none, so count on the other figures.
    pub xruns: u64,
    /// Other errors that the host reported while the stream ran. A dead server may give millions.
    pub errors: u64,
    /// The largest magnitude of a sample that the device gave (capture) or got (playback); full scale is 1.
    pub peak: f32,
    /// The time to audio in the present run: from the activation that [`Duplex::activated`](crate::Duplex::activated)
    /// told of, or else from the call of `start`, to the callback that gave the first frame (capture) or took the first
    /// that the consumer wrote (playback; the cushion of silence ahead of it is still to come). `None` before that.
    pub first_frame_after: Option<Duration>,
    /// The silence that the direction is in, as of the last [`Duplex::poll_event`](crate::Duplex::poll_event).
    pub silence: Option<SilentAudio>,
}

/// The figures of capture: every device frame is delivered, lost, discarded, or waiting.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureStats {
    /// What both directions count.
    pub stream: StreamStats,
    /// Frames that the consumer got.
    pub delivered: u64,
    /// Frames that came while the ring was full.
    pub lost: u64,
    /// Frames thrown away unread: the consumer lagged behind, a loss cut a 10 ms frame short, or they were left from
    /// before a stop.
    pub discarded: u64,
}

/// The figures of playback: every device frame was written or inserted; every written frame is played, skipped, or
/// waiting.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaybackStats {
    /// What both directions count.
    pub stream: StreamStats,
    /// Frames that the consumer wrote.
    pub written: u64,
    /// Frames of the consumer that found no room.
    pub refused: u64,
    /// Frames of silence that the device got in place of written ones: before the first, as a cushion, or since none
    /// waited.
    pub inserted: u64,
    /// Those among [`inserted`](Self::inserted) that broke into what the consumer wrote: the audible ones.
    pub underrun: u64,
    /// Written frames that were never played: left from before a stop, or silent when a tuned target shrank.
    pub skipped: u64,
}

/// How the clocks of capture and playback stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockStats {
    /// How much faster than capture playback runs, by their nominal rates, in ppm; 0 until both were seen for 2 s.
    /// With two clocks the resampler makes up for it.
    pub drift_ppm: f64,
    /// How often one of the clocks jumped: the device lost frames, or the machine slept.
    pub slips: u64,
    /// What the resampler of capture adds to its latency, on average; zero where there is none.
    pub resampler_delay: Duration,
}

/// The same, as the endpoint publishes it.
#[derive(Debug, Default)]
pub(crate) struct ClockFigures {
    /// As bits.
    drift_ppm: AtomicU64,
    slips: AtomicU64,
    resampler_delay_ns: AtomicU64,
}

impl ClockFigures {
    pub(crate) fn publish(&self, stats: ClockStats) {
        let ns = u64::try_from(stats.resampler_delay.as_nanos()).unwrap_or(u64::MAX);
        self.drift_ppm.store(stats.drift_ppm.to_bits(), Ordering::Relaxed);
        self.slips.store(stats.slips, Ordering::Relaxed);
        self.resampler_delay_ns.store(ns, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> ClockStats {
        ClockStats {
            drift_ppm: f64::from_bits(self.drift_ppm.load(Ordering::Relaxed)),
            slips: self.slips.load(Ordering::Relaxed),
            resampler_delay: Duration::from_nanos(self.resampler_delay_ns.load(Ordering::Relaxed)),
        }
    }
}

/// A snapshot of both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// From the device to the consumer.
    pub capture: CaptureStats,
    /// From the consumer to the device.
    pub playback: PlaybackStats,
    /// What the endpoint has seen of both clocks.
    pub clocks: ClockStats,
}

impl Counters {
    fn stream(&self, format: &StreamFormat, waiting: u64) -> StreamStats {
        let granted = self.granted.load(Ordering::Relaxed);
        let callback = &self.callback;
        let lasts =
            |frames: u64| Duration::from_secs_f64(frames as f64 / f64::from(format.rate.max(1)));
        let delay = Duration::from_nanos(callback.delay.load(Ordering::Relaxed));
        let looks = callback.looks.load(Ordering::Relaxed);
        let fills = callback.fills.load(Ordering::Relaxed);
        StreamStats {
            format: format.clone(),
            granted: (granted != 0).then_some(granted),
            callbacks: self.callback.callbacks.load(Ordering::Relaxed),
            frames: self.callback.frames.load(Ordering::Relaxed),
            block: self.callback.block.read(),
            waiting,
            fill: self.callback.fill.read(),
            fill_mean: fills as f64 / looks.max(1) as f64,
            latency: delay.saturating_add(lasts(waiting)),
            time: callback.time.read(lasts(u64::from(callback.last_block()))),
            rights: Rights::NotAsked,
            target: 0,
            xruns: self.xruns.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            peak: f32::from_bits(self.callback.peak.load(Ordering::Relaxed)),
            silence: None,
            first_frame_after: None,
        }
    }

    /// How much went wrong so far, of what a fuller ring would have helped against.
    pub(crate) fn troubles(&self) -> u64 {
        let Self { callback, xruns, .. } = self;
        [xruns, &callback.lost, &callback.underrun]
            .iter()
            .fold(0, |sum, count| sum.wrapping_add(count.load(Ordering::Relaxed)))
    }

    pub(crate) fn capture(&self, format: &StreamFormat) -> CaptureStats {
        let delivered = self.consumer.moved.load(Ordering::Relaxed);
        let discarded = self.consumer.dropped.load(Ordering::Relaxed);
        let lost = self.callback.lost.load(Ordering::Relaxed);
        let frames = self.callback.frames.load(Ordering::Relaxed);
        let waiting = frames.saturating_sub(lost + delivered + discarded);
        CaptureStats { stream: self.stream(format, waiting), delivered, lost, discarded }
    }

    pub(crate) fn playback(&self, format: &StreamFormat) -> PlaybackStats {
        let inserted = self.callback.inserted.load(Ordering::Relaxed);
        let skipped = self.callback.skipped.load(Ordering::Relaxed);
        let played = self.callback.frames.load(Ordering::Relaxed).saturating_sub(inserted);
        let written = self.consumer.moved.load(Ordering::Relaxed);
        PlaybackStats {
            stream: self.stream(format, written.saturating_sub(played + skipped)),
            written,
            refused: self.consumer.dropped.load(Ordering::Relaxed),
            inserted,
            underrun: self.callback.underrun.load(Ordering::Relaxed),
            skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_start_empty_and_keep_both_ends() {
        let extremes = Extremes::default();
        assert_eq!(extremes.read(), Range::default());
        for figure in [480, 24, 2400] {
            extremes.saw(figure);
        }
        assert_eq!(extremes.read(), Range { last: 2400, min: 24, max: 2400 });
        extremes.saw(0);
        assert_eq!(extremes.read(), Range { last: 0, min: 0, max: 2400 });
    }
}
