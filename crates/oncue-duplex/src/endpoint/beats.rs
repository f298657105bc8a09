//! When the callbacks of a direction came, which tells when the next will come and when a frame passed the device.
//!
//! Pure. Times are ns of the process's clock since the engine's epoch; a callback may be late but never early.

/// Callbacks that are remembered: a few late ones among them do no harm.
const REMEMBERED: usize = 16;

/// The latest callbacks: when each came, and the stream index of its first frame.
#[derive(Debug, Default)]
pub(crate) struct Beats {
    recent: [Option<(i64, u64)>; REMEMBERED],
    latest: usize,
}

impl Beats {
    /// A callback came at `at`, when the stream stood at `index`.
    pub(crate) fn came(&mut self, at: i64, index: u64) {
        self.latest = (self.latest + 1) % REMEMBERED;
        if let Some(slot) = self.recent.get_mut(self.latest) {
            *slot = Some((at, index));
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The latest callback.
    pub(crate) fn latest(&self) -> Option<(i64, u64)> {
        self.recent.get(self.latest).copied().flatten()
    }

    /// The time at which the stream stood at `index`, by the callback that was late the least.
    pub(crate) fn time_of(&self, index: u64, rate: u32) -> Option<i64> {
        let ns = |frames: i128| (frames * 1_000_000_000 / i128::from(rate.max(1))) as i64;
        let since =
            |&(at, then): &(i64, u64)| at.saturating_add(ns(i128::from(index) - i128::from(then)));
        self.recent.iter().flatten().map(since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_callbacks_do_not_tell_the_time() {
        let mut beats = Beats::default();
        assert_eq!((beats.latest(), beats.time_of(0, 48_000)), (None, None));
        for block in 0..20_u64 {
            let late = if block % 3 == 1 { 2_000_000 } else { 0 };
            beats.came(block as i64 * 10_000_000 + late, block * 480);
        }
        assert_eq!(beats.latest(), Some((192_000_000, 19 * 480)));
        assert_eq!(beats.time_of(20 * 480, 48_000), Some(200_000_000));
        assert_eq!(beats.time_of(19 * 480 + 48, 48_000), Some(191_000_000));
        // The device stopped for a second and went on.
        for block in 20..36_u64 {
            beats.came(block as i64 * 10_000_000 + 1_000_000_000, block * 480);
        }
        assert_eq!(beats.time_of(36 * 480, 48_000), Some(1_360_000_000));
    }
}
