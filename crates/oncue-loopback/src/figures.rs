//! What a measurement says: plain data for people and for JSON. Units are in the field names.

use serde::{Deserialize, Serialize};

/// One measurement of the loop, over some 100 ms in which the lag did not slip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// First captured frame it is made from.
    pub captured_at_frame: u64,
    /// How many captured frames it is made from.
    pub frames: u64,
    /// Captured index minus played index, averaged over the repeat, in frames.
    pub lag_frames: f64,
    /// Level of the signal in the capture, relative to what was played, in dB.
    pub gain_db: f64,
    /// Whether the loop turns the polarity round.
    pub inverted: bool,
    /// Magnitude of the correlation coefficient of the captured frames and the delayed test signal,
    /// 0 to 1. Its square is the share of the captured power that one delay and one gain explain:
    /// 1.0 is an ideal loop, 0.71 a loop with as much noise (or colouring, or echo) as signal.
    pub confidence: f64,
    /// RMS level of the captured frames, DC included, in dBFS.
    pub captured_rms_dbfs: f64,
    /// RMS level of what the delayed, scaled test signal does not explain, in dBFS: noise, and
    /// whatever the loop does to the signal besides delaying and scaling it.
    pub residual_dbfs: f64,
    /// Level of the test signal in the capture relative to the residual, in dB.
    pub signal_to_residual_db: f64,
}

/// What the loop does, over all repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Sample rate in Hz: what turns frames into time.
    pub rate_hz: u32,
    /// Captured frames, without the lost ones.
    pub captured_frames: u64,
    /// Frames that were declared lost before they reached the analyser.
    pub lost_frames: u64,
    /// How many repeats the figures rest on.
    pub repeats: u64,
    /// Median lag, in frames. This is the round-trip latency when playback and capture started
    /// together, and a loop's own latency plus that difference when they did not.
    pub lag_frames: f64,
    /// Smallest lag of a repeat, in frames.
    pub lag_min_frames: f64,
    /// Largest lag of a repeat, in frames.
    pub lag_max_frames: f64,
    /// Standard deviation of the lag over the repeats, in frames. Like the smallest and largest it
    /// holds drift and slips.
    pub lag_deviation_frames: f64,
    /// Mean confidence of the repeats, 0 to 1: see [`Repeat::confidence`].
    pub confidence: f64,
    /// Median loop gain, in dB.
    pub gain_db: f64,
    /// Whether the loop turns the polarity round, in most repeats.
    pub inverted: bool,
    /// RMS level captured over all repeats, in dBFS.
    pub captured_rms_dbfs: f64,
    /// Highest captured peak in a repeat, in dBFS.
    pub captured_peak_dbfs: f64,
    /// Median residual, in dBFS: see [`Repeat::residual_dbfs`].
    pub residual_dbfs: f64,
    /// Median signal-to-residual ratio, in dB.
    pub signal_to_residual_db: f64,
    /// How fast the lag moves apart from slips, in ppm of the captured frames. Positive when the
    /// capture clock runs faster than the playback clock. `None` before a second of repeats.
    pub drift_ppm: Option<f64>,
    /// Standard error of the drift, in ppm. `None` where the drift is.
    pub drift_error_ppm: Option<f64>,
    /// How often frames were dropped.
    pub dropped: u64,
    /// How often frames were inserted.
    pub inserted: u64,
    /// How often the signal was disturbed.
    pub disturbed: u64,
    /// The glitches in the order of their discovery; the first 10 000 of them, while the three
    /// counts hold all.
    pub glitches: Vec<Glitch>,
}

/// A place where the loop did not pass the signal on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glitch {
    /// Captured frame at which it begins.
    pub at_frame: u64,
    /// How many frames were dropped, inserted or disturbed.
    pub frames: u64,
    /// What happened.
    pub kind: GlitchKind,
}

/// What happened to the signal in a [`Glitch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlitchKind {
    /// Played frames are missing from the capture: the lag shrank.
    Dropped,
    /// The capture has frames that were not played, or some twice: the lag grew.
    Inserted,
    /// A click, burst or hole: the lag is the same before and after.
    Disturbed,
}

/// Why there are no figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotHeard {
    /// No frame was captured: the capture side delivered nothing.
    #[error("nothing was captured")]
    NothingCaptured,
    /// Every captured sample is exactly zero: a muted, refused or disconnected input.
    #[error("all {frames} captured frames are digital zero")]
    DigitalZero {
        /// How many frames were captured.
        frames: u64,
    },
    /// There is something, but less than it takes to tell.
    #[error(
        "{frames} captured frames are too few to measure: capture {needed} frames or more after the latency"
    )]
    TooShort {
        /// How many frames were captured.
        frames: u64,
        /// How many it takes beyond the loop's latency.
        needed: u64,
    },
    /// The captured audio is quieter than the floor of the settings, and does not match.
    #[error(
        "captured audio is at {dbfs:.1} dBFS, below the floor, and holds no test signal: check gains and connections"
    )]
    BelowFloor {
        /// RMS level of all captured frames, in dBFS.
        dbfs: f64,
    },
    /// There is audio, but it is not the test signal, or later than the largest latency.
    #[error(
        "captured audio at {dbfs:.1} dBFS does not hold the test signal within the latency searched"
    )]
    NoMatch {
        /// RMS level of all captured frames, in dBFS.
        dbfs: f64,
    },
}

/// 10 lg of a power ratio. Nothing at all is −200 dB: JSON knows no infinities.
pub(crate) fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}
