//! How long it takes from the activation to the first frame of each direction.
//!
//! The callback notes when its first frame passed, by one load a block afterwards. No lock, no system call.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant;

/// When the first frame of a run passed. The callback writes it, anyone reads it.
#[derive(Debug, Default)]
pub(crate) struct FirstFrame {
    /// The run that it is of.
    run: AtomicU32,
    /// Since the engine's epoch.
    ns: AtomicU64,
}

impl FirstFrame {
    /// A frame of run `run` passed in a callback that was entered at `entered`.
    pub(crate) fn passed(&self, run: u32, epoch: Instant, entered: Instant) {
        if self.run.load(Ordering::Relaxed) != run {
            let ns = entered.saturating_duration_since(epoch).as_nanos();
            self.ns.store(u64::try_from(ns).unwrap_or(u64::MAX), Ordering::Relaxed);
            self.run.store(run, Ordering::Release);
        }
    }

    /// How long after `from` the first frame of run `run` passed, if one has.
    pub(crate) fn after(&self, run: u32, epoch: Instant, from: Instant) -> Option<Duration> {
        (run != 0 && self.run.load(Ordering::Acquire) == run).then(|| {
            let at = epoch + Duration::from_nanos(self.ns.load(Ordering::Relaxed));
            at.saturating_duration_since(from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_run_counts() {
        let (first, epoch) = (FirstFrame::default(), Instant::now());
        let at = |ms| epoch + Duration::from_millis(ms);
        assert_eq!(first.after(0, epoch, epoch), None);
        assert_eq!(first.after(1, epoch, epoch), None);
        first.passed(1, epoch, at(30));
        first.passed(1, epoch, at(40));
        assert_eq!(first.after(1, epoch, at(10)), Some(Duration::from_millis(20)));
        assert_eq!(first.after(2, epoch, at(10)), None, "of another run");
        first.passed(2, epoch, at(90));
        assert_eq!(first.after(2, epoch, at(85)), Some(Duration::from_millis(5)));
    }
}
