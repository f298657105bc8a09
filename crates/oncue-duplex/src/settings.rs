//! What an engine is opened with, and what of it can be told to be wrong before any device is asked.

use crate::ring::RING_FRAMES;
use crate::silence::SilenceSettings;
use crate::tuning::TargetBounds;
use core::time::Duration;

/// The rate of a call by default, in Hz.
pub const DEFAULT_RATE: u32 = 48_000;

/// Consumer frames are 10 ms: a hundred in a second.
pub const FRAMES_PER_SECOND: u32 = 100;

/// The longest period and the highest target fill, in frames: half the ring, so that a block always fits beside one.
pub const MAX_PERIOD: u32 = (RING_FRAMES / 2) as u32;

/// The highest real-time priority that there is, on Linux.
pub const MAX_PRIORITY: u8 = 99;

/// How to open both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplexSettings {
    /// The playback device; `None` = the host's default. See [`DeviceInfo`](crate::DeviceInfo) for what a name matches.
    pub playback_device: Option<String>,
    /// The capture device; `None` = the host's default.
    pub capture_device: Option<String>,
    /// Hz, a multiple of 100.
    pub rate: u32,
    /// Frames per callback to ask for, at most [`MAX_PERIOD`]; `None` = what suits the host: its own default, but
    /// 10 ms on PulseAudio, whose default is a buffer of 2 s. A host may grant another, and blocks may be of any size.
    pub period: Option<u32>,
    /// The fill that rings are kept at, in frames, at most [`MAX_PERIOD`]: playback starts with that much silence ahead
    /// of the first written frame, and a consumer that lagged far behind finds that much of capture. `None` = the
    /// granted period and 20 ms: the device takes a period at once, and a consumer that wakes every 10 ms may be late.
    pub target_fill: Option<u32>,
    /// Has the target fill tune itself between bounds, from the lower one, instead of [`target_fill`](Self::target_fill):
    /// it grows by a period after an xrun, an underrun or a loss, and shrinks again after a quiet while. Playback grows by
    /// inserted silence, right after the trouble, and shrinks where what is played is silent anyway (below −60 dBFS). The
    /// present one: [`StreamStats::target`](crate::StreamStats::target).
    pub target_bounds: Option<TargetBounds>,
    /// Whether capture and playback run on one clock.
    pub clocks: Clocks,
    /// How long device operations may take.
    pub deadlines: Deadlines,
    /// When silence is told.
    pub silence: SilenceSettings,
    /// The real-time priority to ask for, for the threads that call back: 1 to [`MAX_PRIORITY`]; `None` (the default) =
    /// none. It is not asked for unless a program says so, since a host that the program brings may call back on the
    /// program's own threads. What was granted: [`StreamStats::rights`](crate::StreamStats::rights).
    pub realtime: Option<u8>,
    /// How a lost stream is brought back while the engine runs; `None` = not: the first failure stops both directions.
    pub recovery: Option<Recovery>,
}

/// Whether capture and playback run on one clock. Two that do not drift apart for ever, by 20 to 100 ppm as a rule: one
/// frame in 0.2 to 1 s. With two, playback leads and capture is resampled to it ([`DriftLoop`](crate::DriftLoop)), which
/// costs 32 to 33 frames of latency and a fifth of a per cent of a core; with one, samples pass as they are.
///
/// Apart from that, a device that does not run at the engine's rate is used at one that it has, and resampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Clocks {
    /// One where both directions are of one device, of a sink and its monitor, or of a server that has one clock for all
    /// (JACK, PipeWire), else two.
    #[default]
    Auto,
    /// One, whatever the devices are: nothing makes up for a drift.
    One,
    /// Two.
    Two,
}

/// How a stream that fails, or whose callbacks do not come, is brought back: each direction by itself, the other goes
/// on. The stream is dropped, the host is connected to anew (its server may be another by now), the device is looked up
/// and asked for its format, and a stream is built and played: at once, then after pauses that double. That happens
/// only within the run that the session permitted: before a start, and after a stop, nothing is built or played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Which device a direction that was opened on the host's default goes on with: `false` = the one that it was
    /// opened on, waiting for it to come back; `true` = whatever the default is then, also when the user changes it,
    /// which is noticed within a second. A device that was asked for by its name is never exchanged.
    pub follow_default: bool,
    /// A stream that gets no callback for this long, or for three blocks if that is longer, is built anew. 2 s by
    /// default: an idle source of PulseAudio may take as long for its first.
    pub rebuild_after: Duration,
    /// The longest pause between two attempts, 2 s by default; the first is a 32nd of it. A stream that was lost again
    /// before it ran this long goes on where the doubling was.
    pub retry_at_most: Duration,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            follow_default: false,
            rebuild_after: Duration::from_secs(2),
            retry_at_most: Duration::from_secs(2),
        }
    }
}

impl Default for DuplexSettings {
    fn default() -> Self {
        Self {
            playback_device: None,
            capture_device: None,
            rate: DEFAULT_RATE,
            period: None,
            target_fill: None,
            target_bounds: None,
            clocks: Clocks::Auto,
            deadlines: Deadlines::default(),
            silence: SilenceSettings::default(),
            realtime: None,
            recovery: None,
        }
    }
}

/// How long device operations may take before their thread is given up. A server that died or was stopped can hold any
/// of them for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Connecting to the host, finding devices, building streams. 5 s by default: healthy servers take up to 0.2 s, a
    /// Bluetooth device seconds.
    pub open: Duration,
    /// Starting streams. 3 s by default: PulseAudio holds the start of capture until the first data, which an idle
    /// source may give only after 2 s.
    pub start: Duration,
    /// Pausing and dropping streams. 1 s by default: healthy servers take up to 0.05 s.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(5),
            start: Duration::from_secs(3),
            stop: Duration::from_secs(1),
        }
    }
}

/// Settings that no device could serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// 10 ms are not a whole number of frames at this rate.
    #[error(
        "rate {rate} Hz has no whole number of frames in 10 ms; use a multiple of {FRAMES_PER_SECOND} Hz from \
         {FRAMES_PER_SECOND} Hz on, such as {DEFAULT_RATE}"
    )]
    Rate {
        /// What was asked for, in Hz.
        rate: u32,
    },
    /// The period is 0 or larger than the ring allows.
    #[error(
        "period of {period} frames; use 1 to {MAX_PERIOD} frames, or none for the host's default"
    )]
    Period {
        /// What was asked for, in frames.
        period: u32,
    },
    /// There is no such real-time priority.
    #[error("real-time priority {priority}; use 1 to {MAX_PRIORITY}, or none")]
    Realtime {
        /// What was asked for.
        priority: u8,
    },
    /// The target fill is larger than the ring allows.
    #[error(
        "target fill of {target} frames; use at most {MAX_PERIOD} frames, or none for one period and 20 ms"
    )]
    TargetFill {
        /// What was asked for, in frames.
        target: u32,
    },
    /// The bounds of the target fill are no bounds.
    #[error(
        "target fill between {min} and {max} frames; use bounds in order, the upper one 1 to {MAX_PERIOD} frames"
    )]
    TargetBounds {
        /// The lower one, in frames.
        min: u32,
        /// The upper one, in frames.
        max: u32,
    },
}

impl DuplexSettings {
    /// Checks what can be checked without a device.
    ///
    /// # Errors
    /// The first setting that no device could serve.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.rate == 0
            || !self.rate.is_multiple_of(FRAMES_PER_SECOND)
            || self.rate / FRAMES_PER_SECOND > MAX_PERIOD
        {
            return Err(SettingsError::Rate { rate: self.rate });
        }
        if let Some(period) = self.period.filter(|period| !(1..=MAX_PERIOD).contains(period)) {
            return Err(SettingsError::Period { period });
        }
        if let Some(priority) = self.realtime.filter(|it| !(1..=MAX_PRIORITY).contains(it)) {
            return Err(SettingsError::Realtime { priority });
        }
        if let Some(target) = self.target_fill.filter(|target| *target > MAX_PERIOD) {
            return Err(SettingsError::TargetFill { target });
        }
        if let Some(TargetBounds { min, max }) = self.target_bounds
            && (min > max || max == 0 || max > MAX_PERIOD)
        {
            return Err(SettingsError::TargetBounds { min, max });
        }
        Ok(())
    }

    /// Frames in 10 ms.
    pub(crate) const fn frame(&self) -> usize {
        (self.rate / FRAMES_PER_SECOND) as usize
    }

    /// The fill to keep when a device of `rate` Hz takes `period` frames at once, in its frames.
    pub(crate) fn target(&self, period: u32, rate: u32) -> u32 {
        let asked = |fill| u64::from(fill) * u64::from(rate) / u64::from(self.rate.max(1));
        let target = self
            .target_fill
            .map_or_else(|| u64::from(period) + 2 * u64::from(rate / FRAMES_PER_SECOND), asked);
        u32::try_from(target).unwrap_or(MAX_PERIOD).min(MAX_PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_says_what_would() {
        let with = |change: fn(&mut DuplexSettings)| {
            let mut settings = DuplexSettings::default();
            change(&mut settings);
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|s| s.rate = 44_100), Ok(()));
        assert_eq!(with(|s| s.period = Some(MAX_PERIOD)), Ok(()));
        assert_eq!(
            with(|s| s.rate = 0).unwrap_err(),
            "rate 0 Hz has no whole number of frames in 10 ms; use a multiple of 100 Hz from 100 Hz on, such as 48000"
        );
        assert!(with(|s| s.rate = 11_025).is_err());
        assert!(with(|s| s.rate = u32::MAX / 100 * 100).is_err());
        assert_eq!(
            with(|s| s.period = Some(0)).unwrap_err(),
            "period of 0 frames; use 1 to 16384 frames, or none for the host's default"
        );
        assert!(with(|s| s.period = Some(MAX_PERIOD + 1)).is_err());
        assert!(with(|s| s.target_fill = Some(MAX_PERIOD + 1)).is_err());
        let bounds = |min, max| {
            let target_bounds = Some(TargetBounds { min, max });
            DuplexSettings { target_bounds, ..DuplexSettings::default() }.check()
        };
        assert_eq!(bounds(0, MAX_PERIOD), Ok(()));
        assert_eq!(
            bounds(961, 960).unwrap_err().to_string(),
            "target fill between 961 and 960 frames; use bounds in order, the upper one 1 to 16384 frames"
        );
        assert!(bounds(0, 0).is_err() && bounds(0, MAX_PERIOD + 1).is_err());
        assert_eq!(with(|s| s.realtime = Some(99)), Ok(()));
        assert!(with(|s| s.realtime = Some(0)).is_err());
        assert!(with(|s| s.realtime = Some(100)).is_err());
    }
}
