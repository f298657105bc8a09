//! Silence: which directions of a call are silent or spoilt, since when, and why.
//!
//! The callbacks publish a few figures of each block ([`BlockStats`]); a [`SilenceWatch`] judges them elsewhere; the
//! session's history names the probable cause ([`SilentAudio::explained_by`]).

mod blocks;
mod floor;
mod meter;
mod polled;
mod settings;
mod sine;
mod watch;

pub use blocks::BlockStats;
pub(crate) use blocks::{BlockReader, BlockWriter, blocks};
pub use meter::BlockMeter;
pub(crate) use polled::Polled;
pub use settings::SilenceSettings;
pub use watch::{Silence, SilenceWatch};

use crate::error::Direction;
use core::fmt;
use core::time::Duration;
use oncue_session::{Guard, NoAudio, State};

/// A direction of a call in which nothing can be heard, or not what should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilentAudio {
    /// The direction.
    pub direction: Direction,
    /// What was seen.
    pub kind: SilenceKind,
    /// The stream's index of the first frame that is concerned, exact to one block of the device; exact to the frame
    /// for [`SilenceKind::DigitalZero`].
    pub since: u64,
    /// How long it has been so, or was so if it is over.
    pub lasted: Duration,
    /// Whether the other direction was alive meanwhile: one-way audio.
    pub one_way: bool,
    /// Why it is so, as far as is known.
    pub cause: SilenceCause,
}

/// What was seen of a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SilenceKind {
    /// The device asks for nothing, or gives nothing, though its stream runs.
    #[error("no callback comes")]
    NoCallbacks,
    /// The device asks for frames, and nobody has written any. Zeros that are written are the far end's affair.
    #[error("nothing is written")]
    NothingWritten,
    /// The device gives frames, and nobody reads them.
    #[error("nothing is read")]
    NothingRead,
    /// The device gives frames, and each sample is exactly zero: no permission, no activation, a digital mute.
    #[error("every sample is zero")]
    DigitalZero,
    /// The device gives much less (8 dB) than the quietest pauses of what it gave before, and less than −55 dBFS: an
    /// analogue mute. A room that itself became that much quieter looks the same.
    #[error("the level is below the floor")]
    BelowFloor,
    /// Every sample has one and the same value, which is not zero.
    #[error("every sample is the same")]
    Stuck,
    /// The same buffers come again and again, to the bit.
    #[error("the same buffer comes again and again")]
    Repeated,
    /// The mean of the samples is far from zero.
    #[error("there is a DC offset")]
    DcOffset,
    /// Much of the signal is at full scale.
    #[error("the signal is clipped")]
    Clipping,
    /// A test signal was played and did not come back.
    #[error("the signal is not heard")]
    NotHeard,
}

impl SilenceKind {
    /// Whether nothing at all can be heard; otherwise something is, but not what should be.
    pub const fn is_silent(self) -> bool {
        !matches!(self, Self::Repeated | Self::DcOffset | Self::Clipping)
    }
}

/// Why a direction is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SilenceCause {
    /// The session lets none through.
    #[error(transparent)]
    Session(#[from] NoAudio),
    /// The stream runs, but its device or server has stopped.
    #[error("the device stalled")]
    Stalled,
    /// The device or its server is gone.
    #[error("the device is gone")]
    DeviceGone,
    /// The call stack does not write what is to be played, or read what was captured.
    #[error("the call stack does not move its frames")]
    Stack,
    /// Nothing known explains it.
    #[default]
    #[error("cause unknown")]
    Unknown,
}

impl SilentAudio {
    /// A silence that was just seen; its cause as far as its kind tells.
    pub const fn new(direction: Direction, kind: SilenceKind, since: u64) -> Self {
        let cause = match kind {
            SilenceKind::NoCallbacks => SilenceCause::Stalled,
            SilenceKind::NothingWritten | SilenceKind::NothingRead => SilenceCause::Stack,
            _ => SilenceCause::Unknown,
        };
        Self { direction, kind, since, lasted: Duration::ZERO, one_way: false, cause }
    }

    /// The same for a cause that is known from elsewhere.
    #[must_use]
    pub fn because(self, cause: impl Into<SilenceCause>) -> Self {
        Self { cause: cause.into(), ..self }
    }

    /// The same with the probable cause that a guard knows from the session's history, if it knows one. What is spoilt
    /// but not silent, or never written or read, is no matter of the session.
    #[must_use]
    pub fn explained_by(self, guard: &Guard) -> Self {
        self.explained(|| match self.direction {
            Direction::Capture => guard.why_no_capture(),
            Direction::Playback => guard.why_no_playback(),
        })
    }

    /// The same with the cause that lies in the session's state, if it does: for apps whose session is typed, and which
    /// therefore broke no rule.
    #[must_use]
    pub fn explained_by_state(self, state: State) -> Self {
        self.explained(|| match self.direction {
            Direction::Capture => NoAudio::capture_in(state),
            Direction::Playback => NoAudio::playback_in(state),
        })
    }

    fn explained(self, why: impl FnOnce() -> Option<NoAudio>) -> Self {
        if !self.kind.is_silent() || self.cause == SilenceCause::Stack {
            return self;
        }
        why().map_or(self, |reason| self.because(reason))
    }
}

impl fmt::Display for SilentAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, kind, one_way, cause, .. } = self;
        let what = if kind.is_silent() { "silent" } else { "spoilt" };
        let only = if *one_way { ", one way" } else { "" };
        write!(f, "{direction} is {what}{only}: {kind} ({cause})")
    }
}

impl core::error::Error for SilentAudio {}

#[cfg(test)]
mod tests {
    use super::*;
    use oncue_session::Rule;

    #[test]
    fn it_reads_as_one_line() {
        let zero = SilentAudio::new(Direction::Capture, SilenceKind::DigitalZero, 0);
        assert_eq!(
            zero.because(NoAudio::Rule(Rule::NoAppActivationUnderCallkit)).to_string(),
            "capture is silent: every sample is zero (rule no-app-activation-under-callkit was broken)"
        );
        assert_eq!(
            SilentAudio { one_way: true, ..zero }.because(NoAudio::NotActivated).to_string(),
            "capture is silent, one way: every sample is zero (the session is not active)"
        );
        assert_eq!(
            SilentAudio::new(Direction::Playback, SilenceKind::Clipping, 0).to_string(),
            "playback is spoilt: the signal is clipped (cause unknown)"
        );
    }
}
