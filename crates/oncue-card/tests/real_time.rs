//! A card paced by real time behaves like the free-running one, on a thread of its own. Nothing is
//! said about how punctual it is: that is the machine's doing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::{
    sync::mpsc::{self, Receiver},
    thread,
};

use cpal::{
    ErrorKind, Stream,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Card, CardSettings, Fault};
use rig::{Block, mono, ramp};

/// Streams whose callbacks can be waited for.
struct Program {
    capture: Stream,
    playback: Stream,
    captured: Receiver<Block>,
    played: Receiver<()>,
    errors: Receiver<ErrorKind>,
}

fn open(card: &Card) -> Program {
    let device = card.host().default_input_device().unwrap();
    let (send_captured, captured) = mpsc::channel();
    let (send_played, played) = mpsc::channel();
    let (send_error, errors) = mpsc::channel();
    let capture = device
        .build_input_stream(
            mono(card),
            move |samples: &[f32], info| {
                let stamp = info.timestamp();
                let block = Block {
                    callback: stamp.callback,
                    converted: stamp.capture,
                    samples: samples.to_vec(),
                };
                let _ = send_captured.send(block);
            },
            move |error| {
                let _ = send_error.send(error.kind());
            },
            None,
        )
        .unwrap();
    let mut frame = 0;
    let playback = device
        .build_output_stream(
            mono(card),
            move |samples: &mut [f32], _| {
                for sample in samples {
                    *sample = ramp(frame);
                    frame += 1;
                }
                let _ = send_played.send(());
            },
            |_| {},
            None,
        )
        .unwrap();
    Program { capture, playback, captured, played, errors }
}

fn card() -> Card {
    Card::new(CardSettings { period: 96, latency: 50.0, ..CardSettings::default() }).unwrap()
}

#[test]
fn what_is_played_comes_back_by_its_time_stamp() {
    let card = card();
    let program = open(&card);
    program.capture.play().unwrap();
    program.playback.play().unwrap();
    let blocks: Vec<Block> = program.captured.iter().take(100).collect();
    // The two may have started a tick apart; and a stalled machine loses ticks, as a card does.
    let first = blocks.iter().flat_map(|block| &block.samples).position(|&x| x == ramp(0));
    assert!(first.is_some_and(|frame| frame >= 96 + 50 && (frame - 50) % 96 == 0), "{first:?}");
    for pair in blocks.windows(2) {
        let frames = (pair[1].callback - pair[0].callback).as_secs_f64() * 48_000.0;
        assert!((frames / 96.0 - (frames / 96.0).round()).abs() < 1e-3, "ticks are on a grid");
        if frames.round() == 96.0 && pair[0].samples[95] > 0.0 && pair[1].samples[0] > 0.0 {
            assert_eq!(pair[1].samples[0], pair[0].samples[95] + ramp(0));
        }
    }
    assert!(program.capture.now() >= blocks[99].callback);
}

#[test]
fn pausing_one_direction_leaves_the_other_running() {
    let card = card();
    let program = open(&card);
    program.capture.play().unwrap();
    program.playback.play().unwrap();
    program.played.iter().take(3).count();
    program.playback.pause().unwrap();
    // A tick after the pause: nothing is under way from before it.
    let paused = card.now();
    assert!(program.captured.iter().any(|block| block.callback > paused));
    program.played.try_iter().count();
    assert_eq!(program.captured.iter().take(20).count(), 20);
    assert_eq!(program.played.try_iter().count(), 0);
    program.playback.play().unwrap();
    assert_eq!(program.played.iter().take(3).count(), 3);
}

#[test]
fn a_fault_reaches_streams_that_only_wait() {
    let card = card();
    let program = open(&card);
    card.inject(Fault::Unplug);
    assert_eq!(program.errors.recv(), Ok(ErrorKind::DeviceNotAvailable));
}

#[test]
fn streams_are_dropped_in_any_order_on_any_thread_while_they_play() {
    let card = card();
    for round in 0..20 {
        let Program { capture, playback, captured, played, errors } = open(&card);
        capture.play().unwrap();
        playback.play().unwrap();
        captured.recv().unwrap();
        let (first, last) = if round % 2 == 0 { (capture, playback) } else { (playback, capture) };
        thread::spawn(move || drop(first)).join().unwrap();
        drop(last);
        // The callbacks are gone, with what they owned: the channels end.
        assert!(captured.iter().count() < 10_000);
        assert!(played.iter().count() < 10_000);
        assert_eq!(errors.iter().filter(|&kind| kind != ErrorKind::Xrun).count(), 0);
    }
}

#[test]
fn a_panic_leaves_the_card_usable() {
    let card = card();
    let device = card.host().default_output_device().unwrap();
    let (told, errors) = mpsc::channel();
    let bug = |_: &mut [f32], _: &_| panic!("a bug in the program, on purpose");
    let broken = device
        .build_output_stream(mono(&card), bug, move |error| told.send(error.kind()).unwrap(), None)
        .unwrap();
    broken.play().unwrap();
    assert_eq!(errors.recv(), Ok(ErrorKind::StreamInvalidated));
    drop(broken);
    let program = open(&card);
    program.capture.play().unwrap();
    assert_eq!(program.captured.iter().take(5).count(), 5);
}
