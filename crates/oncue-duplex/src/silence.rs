//! Silence with its cause: what the figures of a direction say, as a typed error.
//!
//! Pure. The figures tell what is silent and since what they were taken; why is often known only to the session, so
//! that the program puts its knowledge into the cause.

use crate::error::Direction;
use crate::stats::{CaptureStats, PlaybackStats, StreamStats};

/// A direction of a call in which nothing can be heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{direction} is silent: {kind} ({cause})")]
pub struct SilentAudio {
    /// The silent direction.
    pub direction: Direction,
    /// What was seen.
    pub kind: SilenceKind,
    /// Why it is so, as far as is known.
    pub cause: SilenceCause,
}

/// What was seen of a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SilenceKind {
    /// The device asks for nothing, or gives nothing.
    #[error("no callback comes")]
    NoCallbacks,
    /// The device gives frames, or is given written ones, and each sample is exactly zero. A far end that is muted
    /// looks like this too.
    #[error("every sample is zero")]
    DigitalZero,
    /// The device asks for frames, and nobody has written any.
    #[error("nothing is written")]
    NothingWritten,
    /// A test signal was played and did not come back.
    #[error("the signal is not heard")]
    NotHeard,
}

/// Why a direction is silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SilenceCause {
    /// The session was never activated, or no longer is.
    #[error("the session is not active")]
    MissingActivation,
    /// A rule of the session's order was broken; its id.
    #[error("rule {0} was broken")]
    Violation(String),
    /// The stream runs, but its device or server has stopped.
    #[error("the device stalled")]
    Stalled,
    /// The device or its server is gone.
    #[error("the device is gone")]
    DeviceGone,
    /// Nothing known explains it.
    #[default]
    #[error("cause unknown")]
    Unknown,
}

impl SilentAudio {
    /// What two snapshots of capture that lie some time apart (`before`, `after`) say of the time between.
    pub fn in_capture(before: &CaptureStats, after: &CaptureStats) -> Option<Self> {
        let kind = stream_kind(&before.stream, &after.stream)?;
        Some(Self::seen(Direction::Capture, kind))
    }

    /// What two snapshots of playback that lie some time apart (`before`, `after`) say of the time between.
    pub fn in_playback(before: &PlaybackStats, after: &PlaybackStats) -> Option<Self> {
        let kind = match stream_kind(&before.stream, &after.stream)? {
            SilenceKind::DigitalZero if after.written == before.written => {
                SilenceKind::NothingWritten
            }
            kind => kind,
        };
        Some(Self::seen(Direction::Playback, kind))
    }

    fn seen(direction: Direction, kind: SilenceKind) -> Self {
        let cause = if kind == SilenceKind::NoCallbacks {
            SilenceCause::Stalled
        } else {
            SilenceCause::Unknown
        };
        Self { direction, kind, cause }
    }
}

fn stream_kind(before: &StreamStats, after: &StreamStats) -> Option<SilenceKind> {
    if after.callbacks == before.callbacks {
        Some(SilenceKind::NoCallbacks)
    } else if after.frames != before.frames && after.nonzero == before.nonzero {
        Some(SilenceKind::DigitalZero)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Counters, StreamFormat};
    use cpal::SampleFormat;

    fn playback(callbacks: u64, frames: u64, nonzero: u64, written: u64) -> PlaybackStats {
        let format = StreamFormat {
            device: "test".into(),
            rate: 48_000,
            channels: 1,
            format: SampleFormat::F32,
        };
        let mut stats = Counters::default().playback(&format);
        stats.stream.callbacks = callbacks;
        stats.stream.frames = frames;
        stats.stream.nonzero = nonzero;
        stats.written = written;
        stats
    }

    #[test]
    fn each_silence_has_its_kind() {
        let before = playback(10, 4800, 100, 4800);
        let kind = |after: PlaybackStats| {
            SilentAudio::in_playback(&before, &after).map(|silence| silence.kind)
        };
        assert_eq!(kind(playback(10, 4800, 100, 9600)), Some(SilenceKind::NoCallbacks));
        assert_eq!(kind(playback(20, 9600, 100, 9600)), Some(SilenceKind::DigitalZero));
        assert_eq!(kind(playback(20, 9600, 100, 4800)), Some(SilenceKind::NothingWritten));
        assert_eq!(kind(playback(20, 9600, 101, 9600)), None);
    }

    #[test]
    fn it_reads_as_one_line() {
        let silence = SilentAudio {
            direction: Direction::Capture,
            kind: SilenceKind::DigitalZero,
            cause: SilenceCause::Violation("activate-only-by-system".into()),
        };
        assert_eq!(
            silence.to_string(),
            "capture is silent: every sample is zero (rule activate-only-by-system was broken)"
        );
    }
}
