//! A sample clock with an error: frames to nanoseconds and back, in whole numbers, so that tick
//! times are exact after hours and the clocks of two directions tie when they should.

/// One part of the skew: 10⁻¹², a millionth of a ppm.
const UNIT: i64 = 1_000_000_000_000;
const NANOS: u128 = 1_000_000_000;

/// A clock of `rate · (1 + skew)` Hz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    rate: u32,
    /// In units of 10⁻¹²; above −1 as settings are checked.
    skew: i64,
}

impl Clock {
    pub(crate) fn new(rate: u32, ppm: f64) -> Self {
        Self { rate, skew: (ppm * 1e6).round() as i64 }
    }

    /// Time from frame zero to `frame`, in nanoseconds, rounded down.
    pub(crate) fn nanos(self, frame: u64) -> u64 {
        let nanos = u128::from(frame) * NANOS * UNIT as u128 / self.hertz();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// The last frame that is not later than `nanos` after frame zero.
    pub(crate) fn frames(self, nanos: u64) -> u64 {
        (u128::from(nanos) * self.hertz() / (NANOS * UNIT as u128)) as u64
    }

    /// This clock's rate over `other`'s, minus one.
    pub(crate) fn skew_over(self, other: Self) -> f64 {
        (self.skew - other.skew) as f64 / (UNIT + other.skew) as f64
    }

    /// The true rate, in units of 10⁻¹² Hz.
    fn hertz(self) -> u128 {
        u128::from(self.rate) * (UNIT + self.skew) as u128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_ticks_keeps_its_rate() {
        let day = 48_000 * 86_400;
        assert_eq!(Clock::new(48_000, 0.0).nanos(day), 86_400_000_000_000);
        // 100 ppm fast: a day's frames are done 8.639136 s early.
        assert_eq!(Clock::new(48_000, 100.0).nanos(day), 86_391_360_863_913);
        assert_eq!(Clock::new(44_100, -50.0).frames(1_000_000_000_000), 44_097_795);
        assert_eq!(Clock::new(44_100, 7.0).skew_over(Clock::new(44_100, 7.0)), 0.0);
    }
}
