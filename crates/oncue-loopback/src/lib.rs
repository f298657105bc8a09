//! Measures an audio loop: what comes back of what was played, when, how loud and how whole.
//!
//! Samples in, figures out: the crate opens no device, starts no thread and reads no clock. A
//! caller plays a [`TestSignal`], hands every captured frame to an [`Analyser`] and gets
//! [`Repeat`]s while the loop runs and [`Figures`] at the end, or [`NotHeard`] with the reason why
//! there is nothing to measure. There is never a number without a match behind it.
//!
//! ```
//! use oncue_loopback::{Analyser, AnalyserSettings, TestSignal};
//!
//! let mut signal = TestSignal::new(48_000, 1)?;
//! let mut analyser = Analyser::new(&signal, AnalyserSettings::for_rate(48_000))?;
//!
//! // A loop of 480 frames that halves the level.
//! let mut line = vec![0.0; 480];
//! let mut block = [0.0; 240];
//! for _ in 0..400 {
//!     signal.fill(&mut block);
//!     line.extend(block.map(|x| x * 0.5));
//!     let captured: Vec<f32> = line.drain(..240).collect();
//!     analyser.push(&captured);
//!     while let Some(repeat) = analyser.poll_repeat() {
//!         println!("{:.3} frames", repeat.lag_frames);
//!     }
//! }
//!
//! let figures = analyser.finish()?;
//! assert!((figures.lag_frames - 480.0).abs() < 0.01);
//! assert!((figures.gain_db - -6.02).abs() < 0.01);
//! assert!(figures.glitches.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//!
//! A *frame* is one mono sample. Frame 0 of the *capture* is the first one pushed (or declared
//! lost); frame 0 of the *playback* is the first one of the test signal. The *lag* of a captured
//! frame is its index minus the index of the played frame that it holds. Lag grows when frames are
//! inserted, shrinks when frames are dropped, and moves steadily when the two directions run on
//! two clocks. Levels are in dBFS with 0 dBFS = an RMS (or peak) amplitude of 1.0.
#![forbid(unsafe_code)]

mod analyser;
mod correlate;
mod disturbance;
mod figures;
mod history;
mod measure;
mod settings;
mod signal;
mod sinc;
mod slip;
mod stretch;
mod summary;
mod tracker;

pub use analyser::Analyser;
pub use figures::{Figures, Glitch, GlitchKind, NotHeard, Repeat};
pub use settings::{AnalyserSettings, SettingsError};
pub use signal::TestSignal;
