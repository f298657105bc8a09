//! What a card is: rate, period, latency, level, clocks and pacing, checked once, so that nothing
//! behind [`Card::new`](crate::Card::new) has to doubt them.

use core::ops::RangeInclusive;

use crate::fault::Direction;

/// Sample rates a card runs at, in Hz.
pub(crate) const RATES: RangeInclusive<u32> = 8_000..=192_000;
/// Periods a card runs at, in frames.
pub(crate) const PERIODS: RangeInclusive<u32> = 16..=16_384;
/// Channels a stream may have.
pub(crate) const CHANNELS: RangeInclusive<u16> = 1..=8;
/// Largest added latency, in frames (21.8 s at 48 kHz): it bounds the memory of the wire.
const LATENCY_MAX: f64 = 1_048_576.0;
/// Largest error of a clock, in ppm. Real crystals stay within 200.
const PPM_MAX: f64 = 10_000.0;
/// Range of the gain, in dB.
const GAIN: RangeInclusive<f64> = -200.0..=60.0;
/// Range of the noise floor, in dBFS.
const NOISE: RangeInclusive<f64> = -300.0..=0.0;

/// The properties of a virtual card. [`Default`] is an ideal one: 48 kHz, periods of 480 frames, no
/// added latency, unity gain, no noise, both clocks exact, paced by real time.
#[derive(Clone, Debug, PartialEq)]
pub struct CardSettings {
    /// Sample rate in Hz that the card offers by default, 8000 to 192000. A stream may ask for any
    /// other in that range while no other stream is open.
    pub rate: u32,
    /// Frames a callback, 16 to 16384, that `BufferSize::Default` gives. A stream may ask for any
    /// other in that range by `BufferSize::Fixed` while no other stream is open.
    pub period: u32,
    /// Latency of the loop beyond its one period, in frames, 0 to 1048576. Fractions are exact to
    /// −120 dB up to 0.45 of the rate; a whole number with equal clocks is exact to the bit.
    pub latency: f64,
    /// Gain from playback to capture in dB, −200 to 60. The converters clip at full scale.
    pub gain_db: f64,
    /// RMS of the white noise that the capture side adds, in dB relative to 1.0 (where a full-scale
    /// sine has −3 dB), −300 to 0. `None` adds none: an idle card then captures exact zeros.
    pub noise_dbfs: Option<f64>,
    /// How much faster than nominal the capture clock runs, in ppm, −10000 to 10000, resolved to
    /// 10⁻⁶ ppm.
    pub capture_ppm: f64,
    /// How much faster than nominal the playback clock runs, in ppm, as `capture_ppm`.
    pub playback_ppm: f64,
    /// What makes time pass for the card.
    pub pacing: Pacing,
    /// Whether lost audio is reported to the streams as `ErrorKind::Xrun`, as ALSA and JACK do.
    /// With `false` it is lost in silence, as on PulseAudio and PipeWire.
    pub report_xruns: bool,
    /// Seed of the noise. Same settings, same seed and same calls give the same samples.
    pub seed: u64,
}

/// What makes time pass for a card.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pacing {
    /// A thread calls the streams at absolute deadlines on the monotonic clock.
    RealTime,
    /// Time stands still until [`Card::advance`](crate::Card::advance) moves it, and the callbacks
    /// run on the thread that calls it.
    FreeRunning,
}

/// A setting out of range. No card was made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// `gain_db` is out of range or not a number.
    #[error("gain {got} dB is out of range: set -200 to 60 dB")]
    Gain {
        /// The gain asked for, in dB.
        got: f64,
    },
    /// `latency` is negative, too long or not a number.
    #[error("latency {got} frames is out of range: set 0 to 1048576 frames")]
    Latency {
        /// The latency asked for, in frames.
        got: f64,
    },
    /// `noise_dbfs` is out of range or not a number.
    #[error("noise floor {got} dBFS is out of range: set -300 to 0 dBFS, or none")]
    NoiseFloor {
        /// The noise floor asked for, in dBFS.
        got: f64,
    },
    /// `period` is out of range.
    #[error("period {got} frames is out of range: set 16 to 16384 frames")]
    Period {
        /// The period asked for, in frames.
        got: u32,
    },
    /// `capture_ppm` or `playback_ppm` is out of range or not a number.
    #[error("{direction} clock error {got} ppm is out of range: set -10000 to 10000 ppm")]
    Ppm {
        /// The clock meant.
        direction: Direction,
        /// The clock error asked for, in ppm.
        got: f64,
    },
    /// `rate` is out of range.
    #[error("rate {got} Hz is out of range: set 8000 to 192000 Hz")]
    Rate {
        /// The rate asked for, in Hz.
        got: u32,
    },
}

impl CardSettings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !RATES.contains(&self.rate) {
            return Err(SettingsError::Rate { got: self.rate });
        }
        if !PERIODS.contains(&self.period) {
            return Err(SettingsError::Period { got: self.period });
        }
        if !(0.0..=LATENCY_MAX).contains(&self.latency) {
            return Err(SettingsError::Latency { got: self.latency });
        }
        if !GAIN.contains(&self.gain_db) {
            return Err(SettingsError::Gain { got: self.gain_db });
        }
        if let Some(got) = self.noise_dbfs.filter(|level| !NOISE.contains(level)) {
            return Err(SettingsError::NoiseFloor { got });
        }
        for direction in Direction::BOTH {
            let got = self.ppm(direction);
            if !(-PPM_MAX..=PPM_MAX).contains(&got) {
                return Err(SettingsError::Ppm { direction, got });
            }
        }
        Ok(())
    }

    pub(crate) fn ppm(&self, direction: Direction) -> f64 {
        match direction {
            Direction::Capture => self.capture_ppm,
            Direction::Playback => self.playback_ppm,
        }
    }
}

impl Default for CardSettings {
    fn default() -> Self {
        Self {
            rate: 48_000,
            period: 480,
            latency: 0.0,
            gain_db: 0.0,
            noise_dbfs: None,
            capture_ppm: 0.0,
            playback_ppm: 0.0,
            pacing: Pacing::RealTime,
            report_xruns: true,
            seed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_checked_and_named() {
        let ideal = CardSettings::default();
        assert_eq!(ideal.check(), Ok(()));
        let ppm = |direction, got| SettingsError::Ppm { direction, got };
        for (settings, error) in [
            (CardSettings { rate: 7_999, ..ideal.clone() }, SettingsError::Rate { got: 7_999 }),
            (CardSettings { period: 15, ..ideal.clone() }, SettingsError::Period { got: 15 }),
            (
                CardSettings { latency: -0.25, ..ideal.clone() },
                SettingsError::Latency { got: -0.25 },
            ),
            (
                CardSettings { latency: f64::INFINITY, ..ideal.clone() },
                SettingsError::Latency { got: f64::INFINITY },
            ),
            (CardSettings { gain_db: 61.0, ..ideal.clone() }, SettingsError::Gain { got: 61.0 }),
            (
                CardSettings { noise_dbfs: Some(1.0), ..ideal.clone() },
                SettingsError::NoiseFloor { got: 1.0 },
            ),
            (
                CardSettings { capture_ppm: 10_001.0, ..ideal.clone() },
                ppm(Direction::Capture, 10_001.0),
            ),
            (CardSettings { playback_ppm: -1e9, ..ideal.clone() }, ppm(Direction::Playback, -1e9)),
        ] {
            assert_eq!(settings.check(), Err(error), "{error}");
        }
        assert!(CardSettings { latency: f64::NAN, ..ideal }.check().is_err());
    }
}
