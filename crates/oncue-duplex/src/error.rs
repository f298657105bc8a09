//! Why a device does not open, start or go on.

use crate::settings::SettingsError;
use crate::silence::SilentAudio;
use core::fmt;
use core::time::Duration;

/// One of the two directions of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the device.
    Capture,
    /// To the device.
    Playback,
}

impl Direction {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Capture => Self::Playback,
            Self::Playback => Self::Capture,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Playback => "playback",
        })
    }
}

/// What the device thread was doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Nothing; it waited for the next thing to do.
    #[default]
    Idle,
    /// Connecting to the host.
    OpenHost,
    /// Listing hosts or devices and what they support.
    List,
    /// Building a stream.
    Build(Direction),
    /// Starting a stream.
    Play(Direction),
    /// Pausing a stream.
    Pause(Direction),
    /// Dropping a stream.
    Drop(Direction),
    /// Reading the clocks of streams.
    Clock,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("waiting"),
            Self::OpenHost => f.write_str("connecting to the host"),
            Self::List => f.write_str("listing devices"),
            Self::Build(direction) => write!(f, "building the {direction} stream"),
            Self::Play(direction) => write!(f, "starting the {direction} stream"),
            Self::Pause(direction) => write!(f, "pausing the {direction} stream"),
            Self::Drop(direction) => write!(f, "dropping the {direction} stream"),
            Self::Clock => f.write_str("reading the clocks of the streams"),
        }
    }
}

/// Why a device operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The host has not answered within the deadline. Its thread was given up with the streams it holds; the engine
    /// plays and captures nothing any more, and another one must be opened.
    #[error(
        "{operation} took longer than {after:?}: the audio server does not answer; restart it and open again"
    )]
    TimedOut {
        /// What the host was asked for.
        operation: Operation,
        /// The deadline that passed.
        after: Duration,
    },
    /// An earlier operation of this engine timed out, so that its devices cannot be reached any more.
    #[error("the engine was given up earlier, while {operation}; open another one")]
    GivenUp {
        /// What the host was asked for then.
        operation: Operation,
    },
    /// The host's code panicked: a bug there. The engine is as good as given up.
    #[error("the host's code panicked while {operation}; open another engine")]
    Panicked {
        /// What the host was asked for.
        operation: Operation,
    },
    /// Clients of a JACK server that died, or does not answer, are still held in this process, and libjack would crash
    /// if it connected again before they are gone. Nothing was tried. Those of an engine that runs with
    /// [`DuplexSettings::recovery`](crate::DuplexSettings::recovery) go by themselves.
    #[error(
        "{held} clients of a dead JACK server are still there, and libjack connects to no other before they are gone: \
         wait, or drop their engines"
    )]
    DeadClients {
        /// How many.
        held: usize,
    },
    /// So many calls of this engine hang in the audio server that no further attempt to bring a lost direction back is
    /// begun: each may cost another thread. It goes on by itself when one of them comes back.
    #[error(
        "{threads} threads hang in the audio server, and nothing more is tried before one comes back: if the server runs, \
         open another engine"
    )]
    Stuck {
        /// How many.
        threads: usize,
    },
    /// The host refused. Nothing was started that did not run before.
    #[error("{operation} failed: {error}")]
    Refused {
        /// What the host was asked for.
        operation: Operation,
        /// The host's own error.
        error: cpal::Error,
    },
}

/// Why an engine does not open. No thread, device or stream is left of the attempt, but those of a
/// [`DeviceError::TimedOut`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No device could serve these settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The device could not be asked.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// No host of this name was compiled in.
    #[error("no audio host \"{asked}\"; this build has: {}", available.join(", "))]
    UnknownHost {
        /// The name asked for.
        asked: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// The host has no such device.
    #[error("no {direction} device \"{asked}\"; {}", there_are(available))]
    NoDevice {
        /// The direction it was asked for.
        direction: Direction,
        /// The name asked for, or "default".
        asked: String,
        /// What there is.
        available: Vec<String>,
    },
    /// The name is part of several devices' names.
    #[error("{direction} device \"{asked}\" could be any of: {}; use one whole name", matching.join(", "))]
    AmbiguousDevice {
        /// The direction it was asked for.
        direction: Direction,
        /// The name asked for.
        asked: String,
        /// The devices it is part of the names of.
        matching: Vec<String>,
    },
    /// The device does not run at this rate in a format that the engine knows (f32, i32, i16, u16).
    #[error("{direction} device \"{device}\" does not run at {rate} Hz; it supports: {}", available.join(", "))]
    UnsupportedRate {
        /// The direction it was asked for.
        direction: Direction,
        /// The device.
        device: String,
        /// What was asked for, in Hz.
        rate: u32,
        /// Rates and formats there are.
        available: Vec<String>,
    },
    /// The device does not run with this period.
    #[error("{direction} device \"{device}\" does not run with a period of {period} frames; {}", use_period(*min, *max))]
    UnsupportedPeriod {
        /// The direction it was asked for.
        direction: Direction,
        /// The device.
        device: String,
        /// What was asked for, in frames.
        period: u32,
        /// The smallest that works, in frames.
        min: u32,
        /// The largest that works, in frames.
        max: u32,
    },
}

fn there_are(available: &[String]) -> String {
    if available.is_empty() {
        "there is none".into()
    } else {
        format!("there are: {}", available.join(", "))
    }
}

fn use_period(min: u32, max: u32) -> String {
    if min == max {
        format!("the server's is {min}: use that or none")
    } else {
        format!("use {min} to {max}")
    }
}

/// What happened to a running engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEvent {
    /// A stream failed, and [`DuplexSettings::recovery`](crate::DuplexSettings::recovery) is off: both directions are
    /// stopped and their streams dropped. Comes once in a run. Starting again builds new streams, which may work if the
    /// device or its server is back.
    Failed {
        /// The direction that failed first.
        direction: Direction,
        /// The host's error.
        error: cpal::Error,
    },
    /// A direction is lost and will be brought back; the other goes on. What it held for the consumer is given up and
    /// counted ([`CaptureStats::discarded`](crate::CaptureStats::discarded),
    /// [`PlaybackStats::skipped`](crate::PlaybackStats::skipped)).
    Lost {
        /// The direction.
        direction: Direction,
        /// What is wrong with it.
        cause: LossCause,
    },
    /// An attempt to bring a lost direction back failed, or cannot begin ([`DeviceError::Stuck`]); the next one comes by
    /// itself. Attempts that fail as the one before did are not told.
    StillLost {
        /// The direction.
        direction: Direction,
        /// Attempts so far.
        attempts: u32,
        /// Why this one failed, or why there is none.
        error: OpenError,
    },
    /// A lost direction runs again: its first callback came.
    Recovered {
        /// The direction.
        direction: Direction,
        /// Attempts that it took.
        attempts: u32,
        /// How long the device gave or took no audio, from the last callback before to the first one after, as far as
        /// looking every 20 ms can tell.
        gap: Duration,
    },
    /// The host reported something that does not end the stream, as it says itself: another route, or no real-time
    /// priority.
    Notice {
        /// The direction it concerns.
        direction: Direction,
        /// The host's error.
        error: cpal::Error,
    },
    /// A direction is silent, or spoilt, and has been for its hold time ([`SilenceSettings`](crate::SilenceSettings)).
    /// The streams are left as they are, also where no callback comes: a suspended device may go on.
    Silent(SilentAudio),
    /// A silence that was told is over, with how long it lasted: the stream is sound again, stopped, or muted by the
    /// user.
    SilenceOver(SilentAudio),
}

/// Why a direction was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LossCause {
    /// The stream failed.
    #[error("{0}")]
    Error(cpal::Error),
    /// No callback came.
    #[error("no callback for {0:?}")]
    NoCallbacks(Duration),
    /// The other direction was lost, and both are clients of one server that only lets go of them together (JACK).
    #[error("the other direction of the same server was lost")]
    Together,
    /// The host has another default device, which is followed.
    #[error("the default device changed")]
    DefaultChanged,
}
