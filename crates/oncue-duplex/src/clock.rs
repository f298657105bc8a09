//! When blocks passed.
//!
//! Each callback publishes a stamp: the host's time of the call and the stream index of the block's first frame. The
//! consumer's side maps both streams' times to one base, for [`Alignment`](crate::Alignment). Pure but for the two
//! conversions of a time.

use core::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use cpal::StreamInstant;
use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
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
    /// Measures the playback stream's clock against the process's.
    pub(crate) fn calibrate_playback(&self, run: u32, epoch: Instant, playback: impl Fn() -> u64) {
        let process = || u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.playback.set(run, relate(process, playback));
    }

    /// Measures the capture stream's clock against the playback stream's: that relation is what matters, and where
    /// both are one clock it is exact, even if that clock has nothing to do with real time.
    pub(crate) fn calibrate_capture(
        &self,
        run: u32,
        playback: impl Fn() -> u64,
        capture: impl Fn() -> u64,
    ) {
        if let Some(offset) = self.playback.get(run) {
            self.capture.set(run, offset.saturating_add(relate(playback, capture)));
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
fn relate(reference: impl Fn() -> u64, other: impl Fn() -> u64) -> i64 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    fn stream(stamp: u64) -> Stamp {
        Stamp { run: 1, clock: Clock::Stream, ns: stamp, index: 0 }
    }

    #[test]
    fn one_clock_is_recognised_even_when_it_stands_still() {
        let base = Timebase::default();
        base.calibrate_playback(1, Instant::now(), || 7_000);
        assert_eq!(base.capture_ns(stream(7_000)), None);
        base.calibrate_capture(1, || 7_000, || 7_000);
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
        base.calibrate_capture(1, tick, || tick() - 600_000);
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
}
