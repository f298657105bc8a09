//! What the engine costs for a 10 ms duplex frame with every watch on, beside a bare cpal and ringbuf passthrough: two
//! callbacks that copy, and a loop that moves what was captured to playback.
//!
//! `cargo bench -p oncue-benches --bench engine`. Both stand on the same free-running virtual card, which paces nothing;
//! what the card itself costs, with callbacks that do nothing, is measured too and taken off both. What is left is our own
//! code beside two copies through rings: here a change shows that a real host would hide (`--bench engine_on_jack`).

#![allow(clippy::print_stdout, reason = "a table is what this is for")]

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, Stream, StreamConfig};
use oncue_card::{Card, CardSettings, Pacing};
use oncue_duplex::{Duplex, DuplexSettings, HostSource};
use oncue_session::{Directions, Engine, StartPermit};
use ringbuf::HeapRb;
use ringbuf::traits::{Consumer, Producer, Split};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;
const FRAME: usize = 480;
/// Rounds in which each takes its turn once.
const ROUNDS: usize = 60;
/// Frames in a turn.
const FRAMES: u32 = 500;
/// The engine may cost this many times the two copies: seven on an idle machine, the rest is margin.
const BOUND: f64 = 10.0;

fn main() -> ExitCode {
    // `cargo test --benches` only wants to know that it runs.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 2 };
    let (mut idle, mut bare, mut engine) = (idle(), bare(), engine());
    let (mut alone, mut simple, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(turn(&mut idle));
        simple.push(turn(&mut bare));
        whole.push(turn(&mut engine));
    }
    let [alone, simple, whole] = [alone, simple, whole].map(lowest_decile);
    let (simple, whole) = (simple - alone, whole - alone);
    let ratio = whole / simple;
    println!("ns for a 10 ms duplex frame, lowest decile of {rounds} turns of {FRAMES} frames");
    println!("| | ns | of a core |");
    println!("|---|--:|--:|");
    for (name, ns) in
        [("the card alone, taken off below", alone), ("bare", simple), ("engine", whole)]
    {
        println!("| {name} | {ns:.0} | {:.4} % |", ns / 1e7 * 100.0);
    }
    let holds = ratio <= BOUND;
    println!(
        "\n{} engine beside bare: {ratio:.2}, at most {BOUND}",
        if holds { "ok    " } else { "BROKEN" }
    );
    // Without optimisation, or in two rounds, there is nothing to judge.
    if holds || rounds < ROUNDS { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// ns a frame.
fn turn(frame: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..FRAMES).for_each(|_| frame());
    start.elapsed().as_nanos() as f64 / f64::from(FRAMES)
}

/// What else runs on the machine disturbs the lowest decile least.
fn lowest_decile(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 10).copied().unwrap_or(f64::NAN)
}

fn card() -> Card {
    let settings = CardSettings { rate: RATE, period: FRAME as u32, ..CardSettings::default() };
    Card::new(CardSettings { pacing: Pacing::FreeRunning, ..settings }).expect("a card")
}

/// Both streams of a card, playing.
fn streams(
    card: &Card,
    capture: impl FnMut(&[f32]) + Send + 'static,
    playback: impl FnMut(&mut [f32]) + Send + 'static,
) -> (Stream, Stream) {
    let (mut capture, mut playback) = (capture, playback);
    let host = card.host();
    let device = host.default_input_device().expect("a device");
    let config = StreamConfig {
        channels: 1,
        sample_rate: RATE,
        buffer_size: BufferSize::Fixed(FRAME as u32),
    };
    let input = device
        .build_input_stream(config, move |data: &[f32], _| capture(data), drop, None)
        .expect("capture");
    let output = device
        .build_output_stream(config, move |data: &mut [f32], _| playback(data), drop, None)
        .expect("playback");
    output.play().expect("plays");
    input.play().expect("captures");
    (input, output)
}

/// The card alone.
fn idle() -> impl FnMut() {
    let card = card();
    let streams = streams(&card, |data| _ = black_box(data), |data| data.fill(0.0));
    move || {
        let _ = &streams;
        card.advance_frames(FRAME as u64);
    }
}

/// Two rings and no more.
fn bare() -> impl FnMut() {
    let card = card();
    let (mut captured, mut from_capture) = HeapRb::<f32>::new(8192).split();
    let (mut to_playback, mut played) = HeapRb::<f32>::new(8192).split();
    let streams = streams(
        &card,
        move |data| {
            captured.push_slice(data);
        },
        move |data| {
            let came = played.pop_slice(data);
            data[came..].fill(0.0);
        },
    );
    let mut frame = vec![0.0; FRAME];
    to_playback.push_slice(&frame);
    move || {
        let _ = &streams;
        card.advance_frames(FRAME as u64);
        if from_capture.pop_slice(&mut frame) == FRAME {
            to_playback.push_slice(black_box(&frame));
        }
    }
}

/// The engine, with what a program does around it: ten times a second it asks for events, which judges silence and stalls,
/// and for the figures.
fn engine() -> impl FnMut() {
    let card = card();
    let its = card.clone();
    let source = HostSource::Made(Box::new(move || its.host()));
    let settings = DuplexSettings { rate: RATE, ..DuplexSettings::default() };
    let (mut duplex, mut endpoint) = Duplex::open(source, settings).expect("an engine");
    let running = duplex.start(StartPermit::against_the_order(), Directions::Duplex).expect("runs");
    let mut frame = vec![0.0; FRAME];
    endpoint.write(&frame);
    let mut frames = 0_u64;
    let start = Instant::now();
    move || {
        let _ = &running;
        card.advance_frames(FRAME as u64);
        while endpoint.read(&mut frame).is_some() {
            endpoint.write(black_box(&frame));
        }
        frames += 1;
        if frames.is_multiple_of(10) {
            // By the card's time.
            let now = start + Duration::from_millis(10 * frames);
            while let Some(event) = duplex.poll_event(now) {
                black_box(event);
            }
            black_box(duplex.stats());
        }
    }
}
