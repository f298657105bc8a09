//! Capture and playback of a call over any [cpal] host.
//!
//! [`Duplex`] is the engine that a session starts and stops, [`Endpoint`] the side of the call stack: 10 ms frames of
//! mono `f32` in and out, whatever blocks the device takes. In the audio callbacks there is no allocation, no lock, no
//! system call but the clock's, and no panic; between them and the endpoint are two lock-free rings, and every frame
//! is accounted for ([`Stats`]). Whatever an audio server does, every call returns within its deadline
//! ([`Deadlines`]); a thread that hangs in one is given up ([`abandoned_threads`]).
//!
//! | when | then | counted as |
//! |---|---|---|
//! | capture finds its ring full | the newest frames are lost | [`CaptureStats::lost`] |
//! | the consumer of capture lags by more than 100 ms | it goes on at the target fill | [`CaptureStats::discarded`] |
//! | a loss cuts a frame of capture short | the part before the loss goes too | [`CaptureStats::discarded`] |
//! | playback finds its ring empty | silence is inserted | [`PlaybackStats::inserted`] |
//! | playback fell short and its target is tuned | silence is inserted up to the new target | [`PlaybackStats::inserted`] |
//! | a tuned target shrinks | silent frames of playback are let go | [`PlaybackStats::skipped`] |
//! | the first frame of a run is written | the target fill of silence goes ahead of it | [`PlaybackStats::inserted`] |
//! | the consumer writes 100 ms ahead of the target | the newest frames are refused | [`PlaybackStats::refused`] |
//! | a run ends with frames in a ring | the next run does not get them | `discarded`, [`PlaybackStats::skipped`] |

#![deny(unsafe_code)] // but in ring/slots.rs and rights.rs
#![cfg_attr(rtsan, feature(sanitize))]

#[cfg(test)]
mod accounting;
mod callback;
mod clock;
mod device_thread;
mod devices;
mod dll;
mod drift;
mod endpoint;
mod engine;
mod errand;
mod error;
mod gate;
mod libjack;
mod pump;
mod resampler;
mod rescue;
mod rights;
mod ring;
mod settings;
mod shared;
mod silence;
mod stats;
mod streams;
mod supervisor;
mod time_to_audio;
mod tuning;

pub use clock::Alignment;
pub use device_thread::abandoned_threads;
pub use devices::{DeviceInfo, HostInfo, HostSource, Support, devices, hosts};
pub use dll::Dll;
pub use drift::{DriftLoop, MAX_PPM};
pub use endpoint::{Captured, Endpoint, Written};
pub use engine::{Duplex, Meter};
pub use error::{DeviceError, Direction, LossCause, OpenError, Operation, StreamEvent};
pub use pump::{
    Attachment, AttachmentId, AttachmentStats, Capture, CaptureInfo, FormatError, FrameFormat,
    HardwareEvent, Playout, PlayoutInfo, Pump, PumpEvent, PumpHooks, Sample, StackClock,
    StackClockStats,
};
pub use resampler::Resampler;
pub use rights::{Denied, Rights};
pub use ring::{FrameReader, FrameWriter, RING_FRAMES, frame_ring, frame_ring_from};
pub use settings::{
    Clocks, DEFAULT_RATE, Deadlines, DuplexSettings, FRAMES_PER_SECOND, MAX_PERIOD, MAX_PRIORITY,
    Recovery, SettingsError,
};
pub use silence::{
    BlockMeter, BlockStats, Silence, SilenceCause, SilenceKind, SilenceSettings, SilenceWatch,
    SilentAudio,
};
pub use stats::{
    CallbackTime, CaptureStats, ClockStats, PlaybackStats, Range, Stats, StreamFormat, StreamStats,
};
pub use tuning::{TargetBounds, TargetTuner};
