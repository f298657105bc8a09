//! What a program spends on a 10 ms duplex frame on a JACK server: the engine with every watch on, beside a bare cpal and
//! ringbuf passthrough and miniaudio's duplex device.
//!
//! `cargo bench -p oncue-benches --bench engine_on_jack`, on a server that `scripts/audio-server` starts. Each runs in a
//! process of its own, whose time on the processor is counted, all threads of it, and that says how much it played. Their
//! turns alternate. The engine may cost three times the bare one: that is asserted. Where no server can be started it is
//! skipped aloud.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a table is what this is for")]

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, HostId, StreamConfig};
use cpu_time::ProcessTime;
use jack::{Client, ClientOptions, PortFlags, PortSpec};
use maudio::audio::sample_rate::SampleRate;
use maudio::backend::Backend;
use maudio::context::ContextBuilder;
use maudio::device::device_builder::{DeviceBuilder, DeviceBuilderOps};
use oncue_duplex::{Duplex, DuplexSettings, HostSource};
use oncue_session::{Directions, Engine, StartPermit};
use ringbuf::HeapRb;
use ringbuf::traits::{Consumer, Producer, Split};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{array, env};

const RATE: u32 = 48_000;
/// 10 ms, and the server's period.
const FRAME: usize = 480;
/// What a process is: one of [`PEERS`], or the one that starts them beside the server.
const ROLE: &str = "ONCUE_ENGINE_ON_JACK";
const BESIDE_THE_SERVER: &str = "beside the server";
const PEERS: [&str; 3] = ["bare", "engine", "miniaudio"];
/// The exit code of `scripts/audio-server` for a server that is not installed.
const NOT_INSTALLED: i32 = 77;
/// The engine may cost this many times the bare passthrough.
const BOUND: f64 = 3.0;

/// Turns of each, and how long one takes after it has run in.
fn turns() -> (usize, Duration) {
    // `cargo test --benches` only wants to know that it runs.
    if env::args().any(|arg| arg == "--bench") {
        (5, Duration::from_secs(5))
    } else {
        (1, Duration::from_millis(300))
    }
}

fn main() -> ExitCode {
    match env::var(ROLE).as_deref() {
        Err(_) => server(),
        Ok(BESIDE_THE_SERVER) => table(),
        Ok("bare") => bare(),
        Ok("engine") => engine(),
        Ok(_) => miniaudio(),
    }
}

/// Runs this program again beside a server.
fn server() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let status = Command::new(root.join("scripts/audio-server"))
        .args([&format!("jack={FRAME}"), "--"])
        .arg(env::current_exe().unwrap())
        .args(env::args().skip(1))
        .env(ROLE, BESIDE_THE_SERVER)
        .status()
        .unwrap();
    match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(NOT_INSTALLED) => {
            println!("skipped: no JACK server");
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

/// A port like a sound card's: miniaudio captures from nothing else, and a server without a card has none.
struct Microphone;

// SAFETY: type, flags and size are libjack's own for audio; the port is never asked for its buffer.
unsafe impl PortSpec for Microphone {
    fn jack_port_type(&self) -> &str {
        "32 bit float mono audio"
    }

    fn jack_flags(&self) -> PortFlags {
        PortFlags::IS_OUTPUT | PortFlags::IS_PHYSICAL
    }

    fn jack_buffer_size(&self) -> core::ffi::c_ulong {
        0
    }
}

/// Lets all take turns, and prints the medians.
fn table() -> ExitCode {
    let (client, _) = Client::new("card", ClientOptions::NO_START_SERVER).unwrap();
    client.register_port("left", Microphone).unwrap();
    client.register_port("right", Microphone).unwrap();
    let _card = client.activate_async((), ()).unwrap();
    let mut spent: [Vec<f64>; 3] = array::from_fn(|_| Vec::new());
    let mut played: [Vec<f64>; 3] = array::from_fn(|_| Vec::new());
    for _ in 0..turns().0 {
        for (place, peer) in PEERS.iter().enumerate() {
            let output = Command::new(env::current_exe().unwrap())
                .args(env::args().skip(1))
                .env(ROLE, peer)
                .stderr(Stdio::inherit())
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let last = text.lines().last().unwrap_or_default();
            let (ns, share) = last.split_once(' ').expect("a peer tells two figures");
            spent[place].push(ns.parse().unwrap());
            played[place].push(share.parse().unwrap());
        }
    }
    println!("| a 10 ms duplex frame on JACK, {FRAME} a period | µs | of a core | played |");
    println!("|---|--:|--:|--:|");
    let spent = spent.map(median);
    for ((peer, ns), share) in PEERS.iter().zip(spent).zip(played.map(median)) {
        let (us, core) = (ns / 1e3, ns / 1e7 * 100.0);
        println!("| {peer} | {us:.1} | {core:.2} % | {:.1} % |", share * 100.0);
    }
    let ratio = spent[1] / spent[0];
    let holds = ratio <= BOUND;
    let verdict = if holds { "ok    " } else { "BROKEN" };
    println!("\n{verdict} engine beside bare: {ratio:.2}, at most {BOUND}");
    // Without optimisation, or in one short turn, there is nothing to judge.
    if holds || turns().0 == 1 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Does what is left to be done for each frame for a turn, and prints the ns of processor a frame and the share of the
/// frames that were played.
fn measure(played: &AtomicU64, mut work: impl FnMut()) -> ExitCode {
    let mut run = |time: Duration| {
        let (start, frames, processor) =
            (Instant::now(), played.load(Ordering::Relaxed), ProcessTime::now());
        while start.elapsed() < time {
            thread::sleep(Duration::from_millis(10));
            work();
        }
        let due = start.elapsed().as_secs_f64() * f64::from(RATE) / FRAME as f64;
        let came = (played.load(Ordering::Relaxed) - frames) as f64 / FRAME as f64;
        (processor.elapsed().as_nanos() as f64 / due, came / due)
    };
    run(turns().1 / 5);
    let (ns, share) = run(turns().1);
    println!("{ns} {share}");
    ExitCode::SUCCESS
}

/// Two callbacks and a ring.
fn bare() -> ExitCode {
    let host = cpal::host_from_id(HostId::Jack).unwrap();
    let config = StreamConfig {
        channels: 1,
        sample_rate: RATE,
        buffer_size: BufferSize::Fixed(FRAME as u32),
    };
    let (mut captured, mut to_play) = HeapRb::<f32>::new(8192).split();
    let played = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&played);
    let capture = move |data: &[f32], _: &_| _ = captured.push_slice(data);
    let playback = move |data: &mut [f32], _: &_| {
        let came = to_play.pop_slice(data);
        data[came..].fill(0.0);
        counted.fetch_add(came as u64, Ordering::Relaxed);
    };
    let input = host.default_input_device().unwrap();
    let input = input.build_input_stream(config, capture, drop, None).unwrap();
    let output = host.default_output_device().unwrap();
    let output = output.build_output_stream(config, playback, drop, None).unwrap();
    output.play().unwrap();
    input.play().unwrap();
    measure(&played, || {})
}

/// The engine, with what a program does around it: it moves what was captured, and ten times a second asks for events,
/// which judges silence and stalls, and for the figures.
fn engine() -> ExitCode {
    let settings =
        DuplexSettings { rate: RATE, period: Some(FRAME as u32), ..DuplexSettings::default() };
    let (mut duplex, mut endpoint) =
        Duplex::open(HostSource::Named("jack".into()), settings).unwrap();
    // No session is involved here.
    let running = duplex.start(StartPermit::against_the_order(), Directions::Duplex).unwrap();
    let played = AtomicU64::new(0);
    let mut frames = 0_u64;
    let mut frame = vec![0.0; FRAME];
    let result = measure(&played, || {
        while endpoint.read(&mut frame).is_some() {
            let written = endpoint.write(&frame).accepted;
            played.fetch_add(written as u64, Ordering::Relaxed);
        }
        frames += 1;
        if frames.is_multiple_of(10) {
            while duplex.poll_event(Instant::now()).is_some() {}
            std::hint::black_box(duplex.stats());
        }
    });
    drop(running);
    result
}

/// One callback, which copies both channels: here it takes no other number of them.
fn miniaudio() -> ExitCode {
    let context = ContextBuilder::new().preferred_backends([Backend::Jack]).build().unwrap();
    let played = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&played);
    let mut device = DeviceBuilder::duplex()
        .new::<f32, f32>()
        .context(&context)
        .sample_rate(SampleRate::Sr48000)
        .capture_channels(2)
        .playback_channels(2)
        .period_size_frames(FRAME as u32)
        .with_callback(move |_, to_play: &mut [f32], captured: &[f32]| {
            to_play.copy_from_slice(captured);
            counted.fetch_add(to_play.len() as u64 / 2, Ordering::Relaxed);
        })
        .unwrap();
    device.device_start().unwrap();
    measure(&played, || {})
}
