//! What can go wrong with a sound card, on demand. Only the words: the schedule acts on them.

use core::{fmt, time::Duration};

use cpal::{ErrorKind, SampleFormat};

/// One direction of the card, with its own stream and its own clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From the card to the program (input, microphone).
    Capture,
    /// From the program to the card (output, speaker).
    Playback,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Capture, Self::Playback];
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Playback => "playback",
        })
    }
}

/// A call that controls a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Call {
    /// Building it, which observes its time-out.
    Open,
    /// `play`.
    Play,
    /// `pause`.
    Pause,
    /// Dropping it.
    Drop,
    /// Reading its clock: `now`, which only [`Fault::HangIn`] holds.
    Clock,
}

/// A fault to inject with [`Card::inject`](crate::Card::inject), at any time and from any thread.
/// It shows at the next tick of the card's clocks. What hits both directions is injected twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An overrun or underrun: the device stops for want of room or of data, and starts again.
    ///
    /// Captured audio of that time is lost. On playback there is silence for that time, after which
    /// the stream goes on where it was. So the loop gets `frames` shorter, or longer, counted in
    /// frames of the streams; in the time stamps it stays what it was. That direction's callbacks
    /// come `frames` later from then on, as after a restart of the device, so that the two
    /// directions no longer tick together (unless `frames` is whole periods).
    ///
    /// Reported as `ErrorKind::Xrun`, unless
    /// [`CardSettings::report_xruns`](crate::CardSettings::report_xruns) is off. Zero frames are
    /// reported and cost nothing, like a late cycle of a synchronous JACK. A direction that is not
    /// playing cannot have one.
    Xrun {
        /// The direction that is hit.
        direction: Direction,
        /// Frames of that direction's clock lost, or of silence.
        frames: u32,
    },
    /// No callbacks for a while, and no word about it: a suspended source, a stopped server, for a very long while a
    /// driver that never calls.
    /// What would have been captured is lost, playback is silent; then callbacks go on as before.
    Stall {
        /// The direction that stalls.
        direction: Direction,
        /// How long, in the card's time from now on.
        duration: Duration,
    },
    /// The device is gone: each open stream gets `ErrorKind::DeviceNotAvailable` once and no
    /// callback any more, the host lists no device, and opening fails with `DeviceNotAvailable`.
    /// [`Card::plug_in`](crate::Card::plug_in) brings the device back, but not the streams: they
    /// are to be dropped and opened anew.
    Unplug,
    /// One stream ends, with this error, and the other goes on: a microphone that is taken by another program, a stream
    /// that its server kills. It can be opened again at once.
    Fail {
        /// The direction whose stream ends.
        direction: Direction,
        /// What its error callback is told.
        kind: ErrorKind,
    },
    /// The card runs at another rate and period from now on, and at no other: a server that was set up anew, a headset
    /// that has one rate for calls. Open streams end with `ErrorKind::StreamInvalidated`.
    Reconfigure {
        /// Hz, 8000 to 192000; others are brought into that range.
        rate: u32,
        /// Frames a callback, 16 to 16384; others are brought into that range.
        period: u32,
    },
    /// The card takes this sample format from now on, and no other. Open streams end with `ErrorKind::StreamInvalidated`.
    Reformat(SampleFormat),
    /// While on, the host lists the card a second time, as another device with an id of its own, and that is the
    /// default: a headset was plugged in. Streams go on where they are.
    OtherDefault(bool),
    /// Capture is exactly zero while on: a muted microphone switch, a missing permission.
    ZeroCapture(bool),
    /// Capture repeats its last block while on: a driver whose DMA pointer moves and whose buffer
    /// does not.
    StuckBuffer(bool),
    /// A server that is stopped, not dead: no callbacks, and `play`, `pause`, drop and opening of
    /// streams do not return until [`Card::release`](crate::Card::release). Opening observes its
    /// time-out. Queries (`now`, `buffer_size`, configurations) still answer.
    Hang,
    /// One call of one direction does not return until [`Card::release`](crate::Card::release), while everything else
    /// works: PulseAudio's drop of a stream whose sink is gone, its start of a suspended source.
    HangIn {
        /// The call.
        call: Call,
        /// The direction of its stream.
        direction: Direction,
    },
    /// A dead server: in place of data each playing stream gets this many
    /// `ErrorKind::BackendError` a tick, as from ALSA's worker, which retries at once. Zero ends
    /// it.
    ErrorFlood {
        /// Errors a tick and stream.
        errors: u32,
    },
}
