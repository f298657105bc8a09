//! A duplex program for a card: plays what a function of the frame number gives, keeps what it
//! captures and is told, with the time stamps.
#![allow(dead_code, reason = "every test file compiles this and uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use cpal::{
    BufferSize, Error, ErrorKind, Host, Stream, StreamConfig, StreamInstant,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Card, CardSettings, Pacing};

/// A free-running card with these settings otherwise.
pub(crate) fn free_running(settings: CardSettings) -> Card {
    Card::new(CardSettings { pacing: Pacing::FreeRunning, ..settings }).unwrap()
}

pub(crate) fn mono(card: &Card) -> StreamConfig {
    StreamConfig {
        channels: 1,
        sample_rate: card.settings().rate,
        buffer_size: BufferSize::Default,
    }
}

/// One callback as the program saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) callback: StreamInstant,
    /// The time stamp `capture` or `playback`.
    pub(crate) converted: StreamInstant,
    pub(crate) samples: Vec<f32>,
}

type Log<T> = Arc<Mutex<Vec<T>>>;

/// One direction of the program.
pub(crate) struct Side {
    pub(crate) stream: Stream,
    blocks: Log<Block>,
    errors: Log<ErrorKind>,
}

impl Side {
    pub(crate) fn capture(host: &Host, config: StreamConfig) -> Result<Self, Error> {
        let (blocks, errors) = (Log::default(), Log::default());
        let (log, told) = (Arc::clone(&blocks), Arc::clone(&errors));
        let stream = host.default_input_device().unwrap().build_input_stream(
            config,
            move |samples: &[f32], info| {
                let stamp = info.timestamp();
                log.lock().unwrap().push(Block {
                    callback: stamp.callback,
                    converted: stamp.capture,
                    samples: samples.to_vec(),
                });
            },
            move |error| told.lock().unwrap().push(error.kind()),
            None,
        )?;
        Ok(Self { stream, blocks, errors })
    }

    pub(crate) fn playback(
        host: &Host,
        config: StreamConfig,
        mut signal: impl FnMut(u64) -> f32 + Send + 'static,
    ) -> Result<Self, Error> {
        let (blocks, errors) = (Log::default(), Log::default());
        let (log, told) = (Arc::clone(&blocks), Arc::clone(&errors));
        let mut frame = 0;
        let stream = host.default_output_device().unwrap().build_output_stream(
            config,
            move |samples: &mut [f32], info| {
                for sample in &mut *samples {
                    *sample = signal(frame);
                    frame += 1;
                }
                let stamp = info.timestamp();
                log.lock().unwrap().push(Block {
                    callback: stamp.callback,
                    converted: stamp.playback,
                    samples: samples.to_vec(),
                });
            },
            move |error| told.lock().unwrap().push(error.kind()),
            None,
        )?;
        Ok(Self { stream, blocks, errors })
    }

    /// The callbacks since the last call.
    pub(crate) fn take_blocks(&self) -> Vec<Block> {
        core::mem::take(&mut self.blocks.lock().unwrap())
    }

    /// The samples since the last call.
    pub(crate) fn take(&self) -> Vec<f32> {
        self.take_blocks().into_iter().flat_map(|block| block.samples).collect()
    }

    /// The errors since the last call.
    pub(crate) fn take_errors(&self) -> Vec<ErrorKind> {
        core::mem::take(&mut self.errors.lock().unwrap())
    }
}

/// Both directions, playing from the same tick on.
pub(crate) struct Duplex {
    pub(crate) capture: Side,
    pub(crate) playback: Side,
}

impl Duplex {
    pub(crate) fn start(card: &Card, signal: impl FnMut(u64) -> f32 + Send + 'static) -> Self {
        let host = card.host();
        let capture = Side::capture(&host, mono(card)).unwrap();
        let playback = Side::playback(&host, mono(card), signal).unwrap();
        capture.stream.play().unwrap();
        playback.stream.play().unwrap();
        Self { capture, playback }
    }
}

/// A signal that never repeats within reach: every sample tells its frame number.
pub(crate) fn ramp(frame: u64) -> f32 {
    ((frame + 1) % (1 << 23)) as f32 / (1 << 23) as f32
}

/// A sine of `cycles` a frame.
pub(crate) fn sine(cycles: f64, amplitude: f64) -> impl Fn(f64) -> f64 + Copy + Send {
    // The whole cycles go first: the phase keeps its precision over long runs.
    move |frame| amplitude * (core::f64::consts::TAU * (frame * cycles).fract()).sin()
}

/// Amplitude, phase (of a sine, at frame zero) and RMS of the rest, by least squares over samples
/// that begin at frame `first`.
pub(crate) fn fit_sine(samples: &[f32], first: usize, cycles: f64) -> (f64, f64, f64) {
    let wave = |n: usize| {
        let turn = core::f64::consts::TAU * ((first + n) as f64 * cycles).fract();
        (turn.sin(), turn.cos())
    };
    let (mut ss, mut sc, mut cc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        let (s, c) = wave(n);
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (sx, cx) = (sx + s * f64::from(x), cx + c * f64::from(x));
    }
    let determinant = ss * cc - sc * sc;
    let a = (sx * cc - cx * sc) / determinant;
    let b = (cx * ss - sx * sc) / determinant;
    let rest: f64 = samples
        .iter()
        .enumerate()
        .map(|(n, &x)| {
            let (s, c) = wave(n);
            (f64::from(x) - a * s - b * c).powi(2)
        })
        .sum();
    (a.hypot(b), b.atan2(a), (rest / samples.len() as f64).sqrt())
}
