//! A virtual duplex sound card, as a [cpal] custom host: what is played comes back as capture, after
//! a latency that is exact, over clocks that drift as set, with faults on demand. A program that
//! uses cpal cannot tell it from a real card.
//!
//! ```
//! use core::time::Duration;
//! use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
//!
//! use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
//! use oncue_card::{Card, CardSettings, Pacing};
//!
//! let card = Card::new(CardSettings {
//!     latency: 12.5,
//!     pacing: Pacing::FreeRunning,
//!     ..CardSettings::default()
//! })?;
//! let device = card.host().default_input_device().ok_or("the card is unplugged")?;
//! let config = device.default_input_config()?.config();
//! let captured = Arc::new(AtomicUsize::new(0));
//! let count = Arc::clone(&captured);
//! let stream = device.build_input_stream(
//!     config,
//!     move |samples: &[f32], _: &_| { count.fetch_add(samples.len(), Ordering::Relaxed); },
//!     |error| eprintln!("{error}"),
//!     None,
//! )?;
//! stream.play()?;
//! card.advance(Duration::from_secs(60)); // returns in a fraction of a second
//! // 6000 periods of 480 stereo frames have passed; see “Look-ahead” for where the last one is.
//! assert_eq!(captured.load(Ordering::Relaxed), 5999 * 480 * 2);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # The loop
//!
//! Channel 0 of playback feeds a wire, and the wire is heard on every channel of capture. Both
//! directions are called once a period, each by its own clock. Of the callback at an instant `T`,
//! captured samples are those of the period before `T`; played samples are at the output from `T` on
//! and reach the input [`latency`](CardSettings::latency) frames of the playback clock later. So
//!
//! > **round trip = period + latency**
//!
//! from the instant of the playback callback to that of the capture callback, the places in their
//! blocks counted. Where both streams started on the same tick and the clocks are equal, playback
//! frame `j` is capture frame `j + period + latency`. It stays so, told by the time stamps, whatever
//! happens to the frame numbers (drift, xruns, stalls, pauses).
//!
//! - **Time stamps** carry ideal clock times of one epoch for both streams, that of `Stream::now`.
//!   `callback` is `T`; `capture` is the time of the block's first frame, one period before `T`;
//!   `playback` is when the first frame reaches the input: `T` plus the latency.
//! - **Level.** Both converters clip at ±1. With unity gain, no noise, equal clocks and a latency of
//!   whole frames the loop is exact to the bit, in each sample format.
//! - **Fractions** of a frame, and clocks that differ, are interpolated by a windowed sinc whose
//!   error is below −120 dB up to 0.45 of the rate.
//! - **Look-ahead.** The kernel needs 48 frames of what is played later. A latency of 48 frames or
//!   more has them at hand. With less the card waits: a capture callback is then called up to
//!   48 − latency frames after its instant, as if the wake-up was late, and its time stamps still
//!   tell the instant, so that the round trip is as above. Otherwise callbacks are called at their
//!   instant, and of two at the same instant capture is first. A playback callback due within the
//!   wait comes before the capture callback, that of the same instant too.
//! - **Clocks** start with the first stream that plays, whose first callback is one period later, and
//!   stop with the last, when the wire falls silent. A stream that plays later joins at the next
//!   tick.
//! - **A clock thread that is late** catches up tick by tick. Beyond a quarter of a second (or two
//!   periods, if longer) it skips whole periods and reports an xrun to each stream.
//! - **A panic in a callback** ends its stream with `ErrorKind::StreamInvalidated` and nothing else.
//!
//! Rate and period are the card's: the first stream sets them (8 to 192 kHz, 16 to 16384 frames), the
//! second takes them. One stream a direction, 1 to 8 channels, F32, I16 or I32.
#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "cpal's callbacks take raw memory")]
mod buffer;
mod card;
mod clock;
mod fault;
mod gate;
mod host;
mod kernel;
mod port;
mod schedule;
mod settings;
mod signal;
mod wire;

pub use card::Card;
pub use fault::{Call, Direction, Fault};
pub use gate::Gate;
pub use settings::{CardSettings, Pacing, SettingsError};
