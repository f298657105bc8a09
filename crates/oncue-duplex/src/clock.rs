//! When blocks passed, and from that how the positions of both streams stand to each other.
//!
//! Each callback publishes a stamp: the host's time of the call and the stream index of the block's first frame. The
//! consumer's side maps both streams' times to one base and compares. Pure but for the two conversions of a time.

use core::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use cpal::StreamInstant;
use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// Stamps in flight. A consumer that comes every 10 ms takes them soon enough even from blocks of 24 frames; one that
/// comes later misses some, which costs nothing but time.
const STAMPS: usize = 256;

type Stamps = Arc<SharedRb<Array<Stamp, STAMPS>>>;

/// A stream time in ns.
pub(crate) fn nanos(instant: StreamInstant) -> u64 {
    u64::try_from(instant.as_nanos()).unwrap_or(u64::MAX)
}

/// Where the stream stood at one callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) run: u32,
    /// Whose clock `ns` is of.
    pub(crate) clock: Clock,
    pub(crate) ns: u64,
    pub(crate) index: u64,
}

/// A clock that stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The stream's own, as cpal gives it.
    Stream,
    /// The process's monotonic clock, ns since [`StampWriter`]'s epoch: where the stream's own did not advance.
    Process,
}

/// The callback's end of the stamps.
pub(crate) struct StampWriter {
    ring: CachingProd<Stamps>,
    epoch: Instant,
    last: u64,
}

/// The consumer's end of the stamps.
pub(crate) struct StampReader(CachingCons<Stamps>);

/// An empty log of stamps, whose process clock counts from `epoch`.
pub(crate) fn stamps(epoch: Instant) -> (StampWriter, StampReader) {
    let (writer, reader) = SharedRb::<Array<Stamp, STAMPS>>::default().split();
    (StampWriter { ring: writer, epoch, last: 0 }, StampReader(reader))
}

impl StampWriter {
    /// What the process's clock counts from.
    pub(crate) const fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Publishes a stamp, or not if the log is full. JACK's callback times go backwards after an xrun, and a host may
    /// give none at all: where `ns` does not advance, the process's clock is read instead.
    pub(crate) fn publish(&mut self, run: u32, ns: u64, index: u64) {
        let (clock, ns) = if ns > self.last {
            self.last = ns;
            (Clock::Stream, ns)
        } else {
            (Clock::Process, u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
        };
        // A full log means that nobody looks.
        let _ = self.ring.try_push(Stamp { run, clock, ns, index });
    }
}

impl StampReader {
    pub(crate) fn pop(&mut self) -> Option<Stamp> {
        self.0.try_pop()
    }
}

/// How both streams' clocks stand to the process's clock, as measured when the streams were started.
#[derive(Debug, Default)]
pub(crate) struct Timebase {
    playback: Offset,
    capture: Offset,
}

#[derive(Debug, Default)]
struct Offset {
    /// The run it was measured in.
    run: AtomicU32,
    ns: AtomicI64,
}

impl Offset {
    fn set(&self, run: u32, ns: i64) {
        self.ns.store(ns, Ordering::Relaxed);
        self.run.store(run, Ordering::Release);
    }

    fn get(&self, run: u32) -> Option<i64> {
        (self.run.load(Ordering::Acquire) == run).then(|| self.ns.load(Ordering::Relaxed))
    }

    fn map(&self, stamp: Stamp) -> Option<i64> {
        let ns = i64::try_from(stamp.ns).ok()?;
        match stamp.clock {
            Clock::Process => Some(ns),
            Clock::Stream => Some(ns.saturating_add(self.get(stamp.run)?)),
        }
    }
}

impl Timebase {
    /// Knows nothing of the playback stream's clock any more: another stream has another.
    pub(crate) fn forget_playback(&self) {
        self.playback.run.store(0, Ordering::Release);
    }

    /// Knows nothing of the capture stream's clock any more.
    pub(crate) fn forget_capture(&self) {
        self.capture.run.store(0, Ordering::Release);
    }

    /// The playback stream's clock stands so to the process's: see [`relate`].
    pub(crate) fn set_playback(&self, run: u32, ns: i64) {
        self.playback.set(run, ns);
    }

    /// The capture stream's clock stands so to the playback stream's: that relation is what matters, and where both are
    /// one clock it is exact, even if that clock has nothing to do with real time.
    pub(crate) fn set_capture(&self, run: u32, ns: i64) {
        if let Some(offset) = self.playback.get(run) {
            self.capture.set(run, offset.saturating_add(ns));
        }
    }

    /// The time of a capture stamp on the process's clock, in ns; `None` before its stream was measured.
    pub(crate) fn capture_ns(&self, stamp: Stamp) -> Option<i64> {
        self.capture.map(stamp)
    }

    /// The time of a playback stamp on the process's clock, in ns; `None` before its stream was measured.
    pub(crate) fn playback_ns(&self, stamp: Stamp) -> Option<i64> {
        self.playback.map(stamp)
    }
}

/// What must be added to a time of `other` to make it one of `reference`, in ns. 0 if no reading tells them apart.
pub(crate) fn relate(reference: impl Fn() -> u64, other: impl Fn() -> u64) -> i64 {
    let mut best: Option<(u64, i64)> = None;
    for _ in 0..9 {
        let (before, between, after) = (reference(), other(), reference());
        let width = after.saturating_sub(before);
        let offset = if (before..=after).contains(&between) {
            0
        } else {
            i64::try_from(i128::from(before) + i128::from(width / 2) - i128::from(between))
                .unwrap_or(0)
        };
        // The narrowest reading was disturbed least.
        if best.is_none_or(|(narrowest, _)| width < narrowest) {
            best = Some((width, offset));
        }
    }
    best.map_or(0, |(_, offset)| offset)
}

/// Pairs that an offset is taken from: 1 s of 10 ms blocks.
const PAIRS: usize = 96;

/// Pairs that must agree on another offset until it is believed, and more than how many frames away it must be.
const STEP: usize = 5;
const STEP_FRAMES: f64 = 8.0;

/// Stamps of a direction that wait for the other's.
const HISTORY: usize = 256;

/// How the positions of capture and playback stand to each other at the same instant.
#[derive(Clone, Debug)]
pub struct Alignment {
    capture: VecDeque<(i64, f64)>,
    playback: VecDeque<(i64, f64)>,
    pairs: VecDeque<(i64, f64)>,
}

impl Default for Alignment {
    fn default() -> Self {
        Self {
            capture: VecDeque::with_capacity(HISTORY),
            playback: VecDeque::with_capacity(HISTORY),
            pairs: VecDeque::with_capacity(PAIRS),
        }
    }
}

impl Alignment {
    /// The capture stream stood at `index` at time `at` (ns).
    pub fn capture(&mut self, at: i64, index: f64) {
        remember(&mut self.capture, at, index);
        self.pair();
    }

    /// The playback stream stood at `index` at time `at` (ns, on the same clock).
    pub fn playback(&mut self, at: i64, index: f64) {
        remember(&mut self.playback, at, index);
        self.pair();
    }

    /// Forgets everything: the streams were started anew.
    pub fn clear(&mut self) {
        self.capture.clear();
        self.playback.clear();
        self.pairs.clear();
    }

    /// Capture position less playback position at the same instant, in frames; `None` until both are known.
    ///
    /// A sample that was played at playback index `p` and came back at capture index `c` took `c - p - offset` frames.
    /// It is a line through the last second or so of callbacks, robust against late ones, at the latest of them: it
    /// follows two clocks that drift.
    pub fn offset(&self) -> Option<f64> {
        let (latest, _) = *self.pairs.back()?;
        let mut pairs = [(0.0, 0.0); PAIRS];
        for (slot, (at, offset)) in pairs.iter_mut().zip(&self.pairs) {
            *slot = ((at - latest) as f64, *offset);
        }
        let pairs = pairs.get(..self.pairs.len())?;
        let third = pairs.len() / 3;
        // Tukey's resistant line: the slope between the medians of the outer thirds.
        let slope = if third < 3 {
            0.0
        } else {
            let (head, tail) = (&pairs[..third], &pairs[pairs.len() - third..]);
            let run = median(tail.iter().map(|p| p.0))? - median(head.iter().map(|p| p.0))?;
            (median(tail.iter().map(|p| p.1))? - median(head.iter().map(|p| p.1))?) / run
        };
        median(pairs.iter().map(|(at, offset)| offset - slope * at))
    }

    /// A device that lost frames, or inserted some, goes on at another offset: what was before it is forgotten once
    /// [`STEP`] pairs agree on that. A callback that was late for once is no step.
    fn forget_before_a_step(&mut self) {
        let before = self.pairs.len().saturating_sub(STEP);
        // Medians cost more than all the rest. Where the last pair is near both the first and the middle one, at most
        // one of which is a late callback's, there is no step.
        let near = |place: usize| {
            let pair = self.pairs.get(place).zip(self.pairs.back());
            pair.is_some_and(|(one, last)| (one.1 - last.1).abs() <= STEP_FRAMES)
        };
        if near(0) && near(before / 2) {
            return;
        }
        let Some(old) = median(self.pairs.range(..before).map(|pair| pair.1)) else { return };
        let (low, high) = self
            .pairs
            .range(before..)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, offset)| {
                (low.min(*offset), high.max(*offset))
            });
        if (low - old).max(old - high) > STEP_FRAMES + 2.0 * (high - low) {
            self.pairs.drain(..before);
        }
    }

    /// Makes pairs of what came: each playback stamp with the capture position at its time.
    fn pair(&mut self) {
        while let Some(&(at, index)) = self.playback.front() {
            // The capture stamps around that time.
            while self.capture.get(1).is_some_and(|next| next.0 <= at) {
                self.capture.pop_front();
            }
            let Some(&(earlier, from)) = self.capture.front() else { return };
            if at >= earlier {
                let position = if at == earlier {
                    from
                } else if let Some(&(later, to)) = self.capture.get(1) {
                    from + (to - from) * ((at - earlier) as f64 / (later - earlier) as f64)
                } else {
                    return; // its later neighbour is still to come
                };
                if self.pairs.len() == PAIRS {
                    self.pairs.pop_front();
                }
                self.pairs.push_back((at, position - index));
                self.forget_before_a_step();
            }
            self.playback.pop_front();
        }
    }
}

/// Appends a stamp. A stamp may be late but never early, so that one after it with an earlier time tells on it.
fn remember(history: &mut VecDeque<(i64, f64)>, at: i64, index: f64) {
    while history.back().is_some_and(|last| at <= last.0) {
        history.pop_back();
    }
    if history.len() == HISTORY {
        history.pop_front();
    }
    history.push_back((at, index));
}

/// The middle one of at most [`PAIRS`] values, or of two the mean.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted = [0.0; PAIRS];
    let mut count = 0;
    for (slot, value) in sorted.iter_mut().zip(values) {
        *slot = value;
        count += 1;
    }
    let sorted = sorted.get_mut(..count)?;
    sorted.sort_unstable_by(f64::total_cmp);
    let (upper, lower) = (sorted.get(count / 2)?, sorted.get(count.saturating_sub(1) / 2)?);
    Some((upper + lower) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use proptest::prelude::*;

    fn stream(stamp: u64) -> Stamp {
        Stamp { run: 1, clock: Clock::Stream, ns: stamp, index: 0 }
    }

    #[test]
    fn one_clock_is_recognised_even_when_it_stands_still() {
        let base = Timebase::default();
        base.set_playback(1, 5);
        assert_eq!(base.capture_ns(stream(7_000)), None);
        base.set_capture(1, relate(|| 7_000, || 7_000));
        assert_eq!(base.capture_ns(stream(9_000)), base.playback_ns(stream(9_000)));
        assert!(base.capture_ns(stream(9_000)).is_some());
    }

    #[test]
    fn separate_epochs_are_related_by_the_narrowest_reading() {
        let now = Cell::new(1_000_000_u64);
        let calls = Cell::new(0);
        // Each reading takes 100 ns, but the first is interrupted for 5 ms.
        let tick = || {
            calls.set(calls.get() + 1);
            now.set(now.get() + if calls.get() == 2 { 5_000_000 } else { 100 });
            now.get()
        };
        let base = Timebase::default();
        base.playback.set(1, 0);
        base.set_capture(1, relate(tick, || tick() - 600_000));
        let error = base.capture_ns(stream(400_000)).unwrap()
            - base.playback_ns(stream(1_000_000)).unwrap();
        assert!(error.abs() <= 100, "{error} ns");
    }

    #[test]
    fn a_measure_of_another_run_is_not_used() {
        let base = Timebase::default();
        base.playback.set(1, 5);
        assert_eq!(base.playback_ns(Stamp { run: 2, ..stream(10) }), None);
    }

    #[test]
    fn stamps_that_do_not_advance_are_taken_from_the_process() {
        let (mut writer, mut reader) = stamps(Instant::now());
        for ns in [100, 90, 100, 110] {
            writer.publish(1, ns, 0);
        }
        let clocks: Vec<Clock> =
            core::iter::from_fn(|| reader.pop()).map(|stamp| stamp.clock).collect();
        assert_eq!(clocks, [Clock::Stream, Clock::Process, Clock::Process, Clock::Stream]);
    }

    #[test]
    fn nothing_is_known_from_one_direction() {
        let mut alignment = Alignment::default();
        for k in 0..20 {
            alignment.playback(k * 10, k as f64);
        }
        assert_eq!(alignment.offset(), None);
        alignment.capture(0, 0.0);
        assert_eq!(alignment.offset(), Some(0.0));
    }

    #[test]
    fn a_lasting_silence_of_one_direction_does_not_pair_across_it() {
        let mut alignment = Alignment::default();
        alignment.capture(1_000, 10.0);
        alignment.playback(500, 3.0); // before the first capture: of no use
        assert_eq!(alignment.offset(), None);
        alignment.playback(1_500, 7.0);
        alignment.capture(2_000, 20.0);
        assert_eq!(alignment.offset(), Some(8.0));
    }

    #[test]
    fn a_step_is_followed_once_it_is_believed() {
        let mut alignment = Alignment::default();
        let block = |k: u64, lost: i64, alignment: &mut Alignment| {
            let at = k as i64 * 10_000_000;
            alignment.capture(at + lost * 1_000_000_000 / 48_000, (k * 480) as f64);
            alignment.playback(at + 3_000_000, (k * 480 + 144) as f64);
        };
        (0..50).for_each(|k| block(k, 0, &mut alignment));
        assert!(alignment.offset().unwrap().abs() < 0.01);
        // The device lost 100 frames, so that capture comes later for good.
        (50..50 + STEP as u64).for_each(|k| block(k, 100, &mut alignment));
        block(50 + STEP as u64, 100, &mut alignment);
        assert!((alignment.offset().unwrap() + 100.0).abs() < 0.01, "{:?}", alignment.offset());
    }

    proptest! {
        /// Blocks of any sizes on two clocks of any phase: the offset is what the clocks say, though every eighth
        /// stamp of playback comes up to 20 ms late.
        #[test]
        fn exact_between_drifting_clocks_with_late_stamps(
            ppm in -200.0..200.0_f64,
            phase in 0..10_000_000_i64,
            capture_block in 24..2400_u64,
            playback_block in 24..2400_u64,
            late in prop::collection::vec(0..20_000_000_i64, 25),
        ) {
            let rate_p = 48_000.0 / 1e9;
            let rate_c = rate_p * (1.0 + ppm * 1e-6);
            let at_p = |k: usize| playback_block as f64 * k as f64 / rate_p;
            let at_c = |k: u64| (capture_block * k) as f64 / rate_c + phase as f64;
            let mut alignment = Alignment::default();
            let (mut p, mut c) = (0, 0);
            while p < 200 {
                if at_p(p) <= at_c(c) {
                    let late = if p % 8 == 3 { late[p / 8] } else { 0 };
                    alignment.playback(at_p(p) as i64 + late, (playback_block * p as u64) as f64);
                    p += 1;
                } else {
                    alignment.capture(at_c(c) as i64, (c * capture_block) as f64);
                    c += 1;
                }
            }
            let offset = alignment.offset().unwrap();
            // The latest pair is one of the last few stamps of playback: within 0.25 s of the last.
            let last = at_p(p - 1);
            let truth = (last - phase as f64) * rate_c - last * rate_p;
            let slack = 0.05 + ppm.abs() * 1e-6 * 0.25 * 48_000.0;
            prop_assert!((offset - truth).abs() < slack, "{} instead of {}", offset, truth);
        }
    }
}
