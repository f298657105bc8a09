//! How long callbacks took: a histogram that a callback fills without a lock, and what is read from it.
//!
//! Buckets grow by an eighth of a power of two, so that a quantile is told to within 12.5 %, from 1 ns to hours, in
//! two kilobytes that never grow.

use super::{add, raise_long};
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

/// Buckets to a power of two.
const PARTS: u32 = 8;
/// Powers of two: durations of 2^40 ns (18 minutes) and more share the last bucket.
const POWERS: u32 = 40;
const BUCKETS: usize = ((POWERS - 2) * PARTS) as usize;

/// Counts durations. One writer.
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    max: AtomicU64,
}

/// How long the data callbacks of a direction took, since the engine was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackTime {
    /// Half of the callbacks took no longer. This and [`p99`](Self::p99) are at most 12.5 % above the truth.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest took this long: exact.
    pub max: Duration,
    /// The time that the last block plays for: a callback that takes longer is late for the next one.
    pub period: Duration,
}

impl Histogram {
    pub(crate) fn record(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(bucket(nanos)) {
            add(bucket, 1);
        }
        raise_long(&self.max, nanos);
    }

    /// What was recorded, of callbacks whose last block plays for `period`.
    pub(super) fn read(&self, period: Duration) -> CallbackTime {
        let counts = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        let max = self.max.load(Ordering::Relaxed);
        let total: u64 = counts.iter().sum();
        let quantile = |percent: u64| {
            let rank = (total * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let found = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            Duration::from_nanos(found.map_or(0, upper).min(max))
        };
        CallbackTime {
            p50: quantile(50),
            p99: quantile(99),
            max: Duration::from_nanos(max),
            period,
        }
    }
}

/// The bucket of a duration: exact below 16 ns, then the power of two and the next three bits.
fn bucket(nanos: u64) -> usize {
    let nanos = nanos.min((1 << POWERS) - 1);
    if nanos < u64::from(PARTS) {
        return nanos as usize;
    }
    let power = nanos.ilog2() - PARTS.ilog2();
    (power * PARTS) as usize + (nanos >> power) as usize
}

/// The largest duration of a bucket, in ns.
fn upper(bucket: usize) -> u64 {
    let (bucket, parts) = (bucket as u64, u64::from(PARTS));
    if bucket < 2 * parts {
        return bucket;
    }
    let power = bucket / parts - 1;
    ((bucket % parts + parts + 1) << power) - 1
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], max: AtomicU64::new(0) }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(Duration::ZERO).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_recorded_is_nothing() {
        assert_eq!(Histogram::default().read(Duration::ZERO), CallbackTime::default());
    }

    #[test]
    fn the_longest_of_all_fits() {
        let histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.read(Duration::ZERO).max, Duration::from_nanos(u64::MAX));
        assert_eq!(upper(BUCKETS - 1), (1 << POWERS) - 1, "the last bucket is the last there is");
    }

    proptest! {
        /// Against the sorted list.
        #[test]
        fn quantiles_are_the_sorted_list_s_to_within_an_eighth(
            nanos in prop::collection::vec(
                prop_oneof![0..100_u64, 100..100_000_u64, 0..1_u64 << 39], 1..300,
            ),
        ) {
            let histogram = Histogram::default();
            for nanos in &nanos {
                histogram.record(Duration::from_nanos(*nanos));
            }
            let mut sorted = nanos;
            sorted.sort_unstable();
            let read = histogram.read(Duration::ZERO);
            let at = |percent: usize| sorted[((sorted.len() * percent).div_ceil(100)).max(1) - 1];
            for (told, truth) in [(read.p50, at(50)), (read.p99, at(99))] {
                let told = told.as_nanos() as f64;
                prop_assert!(told >= truth as f64 && told <= truth as f64 * 1.125, "{told} {truth}");
            }
            prop_assert_eq!(read.max.as_nanos(), u128::from(sorted[sorted.len() - 1]));
        }

        #[test]
        fn a_duration_lies_in_its_bucket_and_in_no_earlier_one(nanos in 0..1_u64 << 40) {
            let bucket = bucket(nanos);
            prop_assert!(bucket < BUCKETS && nanos <= upper(bucket));
            prop_assert!(bucket == 0 || nanos > upper(bucket - 1));
        }
    }
}
