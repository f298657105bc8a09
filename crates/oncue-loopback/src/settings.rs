//! What a caller may choose, and what is refused. No signal processing here.

use crate::signal::{MAX_RATE, MIN_RATE};

/// What an [`Analyser`](crate::Analyser) searches and how often it reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnalyserSettings {
    /// Largest lag that is searched for, in frames. The search costs memory and time in proportion.
    /// A lag that drifts more than two repeats beyond is lost.
    pub max_latency_frames: u32,
    /// Length of a [`Repeat`](crate::Repeat), in frames.
    pub repeat_frames: u32,
    /// Audio that is quieter than this RMS level and does not match is reported as
    /// [`BelowFloor`](crate::NotHeard::BelowFloor), in dBFS. A match is a match at any level.
    pub floor_dbfs: f64,
}

impl AnalyserSettings {
    /// Largest lag that can be searched for, in frames.
    pub const MAX_LATENCY_FRAMES: u32 = 1 << 22;
    /// Shortest repeat, in frames: less does not tell a weak signal from chance.
    pub const MIN_REPEAT_FRAMES: u32 = 512;
    /// Longest repeat, in frames.
    pub const MAX_REPEAT_FRAMES: u32 = 1 << 16;

    /// Searches lags up to 2 s, reports every 100 ms, floor at −80 dBFS, at `rate` Hz.
    #[must_use]
    pub fn for_rate(rate: u32) -> Self {
        Self {
            max_latency_frames: rate.saturating_mul(2),
            repeat_frames: (rate / 10).max(Self::MIN_REPEAT_FRAMES),
            floor_dbfs: -80.0,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !(1..=Self::MAX_LATENCY_FRAMES).contains(&self.max_latency_frames) {
            return Err(SettingsError::Latency { frames: self.max_latency_frames });
        }
        if !(Self::MIN_REPEAT_FRAMES..=Self::MAX_REPEAT_FRAMES).contains(&self.repeat_frames) {
            return Err(SettingsError::Repeat { frames: self.repeat_frames });
        }
        if !self.floor_dbfs.is_finite() {
            return Err(SettingsError::Floor { dbfs: self.floor_dbfs });
        }
        Ok(())
    }
}

/// A setting that cannot be used. Nothing was made.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The sample rate is outside of what the signal's filter is made for.
    #[error("rate of {rate} Hz is outside of {MIN_RATE} to {MAX_RATE} Hz")]
    Rate {
        /// The rate that was asked for, in Hz.
        rate: u32,
    },
    /// The level is not a number, or so high that peaks would clip.
    #[error("level of {dbfs} dBFS RMS would clip or is no level: use {max_dbfs:.1} dBFS or less")]
    Level {
        /// The RMS level that was asked for, in dBFS.
        dbfs: f64,
        /// The highest RMS level whose peaks stay within full scale, in dBFS.
        max_dbfs: f64,
    },
    /// The largest latency is 0 or too large to search.
    #[error(
        "latency of {frames} frames cannot be searched: use 1 to {} frames",
        AnalyserSettings::MAX_LATENCY_FRAMES
    )]
    Latency {
        /// The largest latency that was asked for, in frames.
        frames: u32,
    },
    /// The repeat is too short to measure, or too long to follow drift.
    #[error(
        "repeat of {frames} frames cannot be measured: use {} to {} frames",
        AnalyserSettings::MIN_REPEAT_FRAMES,
        AnalyserSettings::MAX_REPEAT_FRAMES
    )]
    Repeat {
        /// The length that was asked for, in frames.
        frames: u32,
    },
    /// The floor is not a finite number.
    #[error("floor of {dbfs} dBFS is no level: use a finite number such as -80")]
    Floor {
        /// The floor that was asked for, in dBFS.
        dbfs: f64,
    },
}
