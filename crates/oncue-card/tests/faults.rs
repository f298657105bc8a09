//! Each fault does what its documentation says a real card or server does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{sync::Arc, thread};

use cpal::{
    ErrorKind,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Card, CardSettings, Direction, Fault};
use rig::{Duplex, Side, free_running, mono, ramp};

const PERIOD: u64 = 480;

/// Plays its frame numbers through an exact card with the period as its round trip.
fn start() -> (Card, Duplex) {
    start_with(CardSettings::default())
}

fn start_with(settings: CardSettings) -> (Card, Duplex) {
    let card = free_running(settings);
    let duplex = Duplex::start(&card, ramp);
    card.advance_frames(4 * PERIOD);
    let captured = duplex.capture.take();
    assert!(captured[480..].iter().zip(0..).all(|(&sample, n)| sample == ramp(n)));
    duplex.playback.take();
    (card, duplex)
}

fn ramps(frames: core::ops::Range<u64>) -> Vec<f32> {
    frames.map(ramp).collect()
}

#[test]
fn a_capture_xrun_loses_audio_and_shortens_the_loop() {
    let (card, duplex) = start();
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 100 });
    card.advance_frames(5 * PERIOD);
    assert_eq!(duplex.capture.take_errors(), [ErrorKind::Xrun]);
    assert_eq!(duplex.playback.take_errors(), []);
    // 1440 frames were heard; the next 100 are lost, and callbacks come 100 frames later.
    let blocks = duplex.capture.take_blocks();
    assert_eq!(blocks.len(), 4);
    assert_eq!(blocks[0].callback.as_nanos(), 52_083_333, "5 periods and 100 frames");
    let heard: Vec<f32> = blocks.into_iter().flat_map(|block| block.samples).collect();
    assert_eq!(heard, ramps(1540..1540 + 4 * 480));
}

#[test]
fn a_playback_xrun_inserts_silence_and_lengthens_the_loop() {
    let (card, duplex) = start();
    card.inject(Fault::Xrun { direction: Direction::Playback, frames: 100 });
    card.advance_frames(5 * PERIOD);
    assert_eq!(duplex.playback.take_errors(), [ErrorKind::Xrun]);
    assert_eq!(duplex.capture.take_errors(), []);
    let mut expected = ramps(1440..1920);
    expected.extend([0.0; 100]);
    expected.extend(ramps(1920..1920 + 3 * 480 + 380));
    assert_eq!(duplex.capture.take(), expected);
}

#[test]
fn an_xrun_may_cost_nothing_or_go_unreported() {
    let (card, duplex) = start();
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 0 });
    card.advance_frames(5 * PERIOD);
    assert_eq!(duplex.capture.take_errors(), [ErrorKind::Xrun]);
    assert_eq!(duplex.capture.take(), ramps(1440..1440 + 5 * 480));

    let (card, duplex) =
        start_with(CardSettings { report_xruns: false, ..CardSettings::default() });
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 480 });
    card.advance_frames(5 * PERIOD);
    assert_eq!(duplex.capture.take_errors(), []);
    assert_eq!(duplex.capture.take(), ramps(1920..1920 + 4 * 480));
}

#[test]
fn a_stall_stops_one_direction_without_a_word() {
    let (card, duplex) = start();
    let stall = Duration::from_millis(30);
    card.inject(Fault::Stall { direction: Direction::Playback, duration: stall });
    card.advance_frames(6 * PERIOD);
    // Of the ticks at 10, 20, ... 60 ms from here, two are before its end.
    assert_eq!(duplex.playback.take_blocks().len(), 4);
    let mut expected = ramps(1440..1920);
    expected.extend([0.0; 2 * 480]);
    expected.extend(ramps(1920..1920 + 3 * 480));
    assert_eq!(duplex.capture.take(), expected, "capture goes on");

    card.inject(Fault::Stall { direction: Direction::Capture, duration: stall });
    card.advance_frames(6 * PERIOD);
    assert_eq!(duplex.capture.take(), ramps(1920 + 5 * 480..1920 + 9 * 480));
    assert_eq!(duplex.playback.take_blocks().len(), 6);
    assert!(duplex.capture.take_errors().is_empty() && duplex.playback.take_errors().is_empty());
}

#[test]
fn a_stall_is_the_cards_and_a_new_stream_does_not_end_it() {
    let (card, duplex) = start();
    let duration = Duration::from_millis(50);
    card.inject(Fault::Stall { direction: Direction::Capture, duration });
    drop(duplex.capture);
    let capture = Side::capture(&card.host(), mono(&card)).unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(4 * PERIOD);
    assert!(capture.take_blocks().is_empty());
    card.advance_frames(PERIOD);
    assert_eq!(capture.take_blocks().len(), 1);
}

#[test]
fn a_paused_stream_takes_no_xrun_along() {
    let (card, duplex) = start();
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 100 });
    duplex.capture.stream.pause().unwrap();
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 100 });
    duplex.capture.stream.play().unwrap();
    card.advance_frames(PERIOD);
    assert_eq!(duplex.capture.take_errors(), []);
    assert_eq!(duplex.capture.take(), ramps(1440..1920));
}

#[test]
fn an_unplugged_card_tells_each_stream_once_and_is_gone() {
    let (card, duplex) = start();
    let host = card.host();
    let device = host.default_input_device().unwrap();
    card.inject(Fault::Unplug);
    card.inject(Fault::Unplug);
    card.advance_frames(5 * PERIOD);
    for side in [&duplex.capture, &duplex.playback] {
        assert_eq!(side.take_errors(), [ErrorKind::DeviceNotAvailable]);
        assert!(side.take_blocks().is_empty());
        assert_eq!(side.stream.play().unwrap_err().kind(), ErrorKind::DeviceNotAvailable);
        assert_eq!(side.stream.pause().unwrap_err().kind(), ErrorKind::DeviceNotAvailable);
    }
    assert_eq!(host.devices().unwrap().count(), 0);
    assert!(host.default_output_device().is_none());
    let open = |card: &Card| {
        device.build_input_stream(mono(card), |_: &[f32], _: &_| {}, |_| {}, None).map(drop)
    };
    assert_eq!(open(&card).unwrap_err().kind(), ErrorKind::DeviceNotAvailable);
    assert_eq!(device.default_input_config().unwrap_err().kind(), ErrorKind::DeviceNotAvailable);

    card.plug_in();
    assert_eq!(open(&card).unwrap_err().kind(), ErrorKind::DeviceBusy, "the old one is not closed");
    card.advance_frames(5 * PERIOD);
    assert!(duplex.capture.take_blocks().is_empty(), "and stays ended");
    drop(duplex);
    let duplex = Duplex::start(&card, ramp);
    card.advance_frames(5 * PERIOD);
    assert_eq!(duplex.capture.take()[480..], ramps(0..4 * 480));
}

#[test]
fn a_stream_that_is_only_open_is_told_too() {
    let card = free_running(CardSettings::default());
    let capture = Side::capture(&card.host(), mono(&card)).unwrap();
    card.inject(Fault::Unplug);
    card.advance_frames(5 * PERIOD);
    assert_eq!(capture.take_errors(), [ErrorKind::DeviceNotAvailable]);
}

#[test]
fn zeros_replace_what_is_captured_while_on() {
    let (card, duplex) = start_with(CardSettings { latency: 0.0, ..CardSettings::default() });
    card.inject(Fault::ZeroCapture(true));
    card.advance_frames(2 * PERIOD);
    assert_eq!(duplex.capture.take(), [0.0; 2 * 480]);
    card.inject(Fault::ZeroCapture(false));
    card.advance_frames(PERIOD);
    assert_eq!(duplex.capture.take(), ramps(1440 + 960..1440 + 1440));
}

#[test]
fn a_stuck_buffer_repeats_the_last_block() {
    let (card, duplex) = start();
    card.inject(Fault::StuckBuffer(true));
    card.advance_frames(3 * PERIOD);
    assert_eq!(duplex.capture.take(), ramps(960..1440).repeat(3));
    card.inject(Fault::StuckBuffer(false));
    card.advance_frames(PERIOD);
    assert_eq!(duplex.capture.take(), ramps(1440 + 3 * 480..1440 + 4 * 480));
}

#[test]
fn a_dead_server_floods_with_errors_in_place_of_data() {
    let (card, duplex) = start();
    card.inject(Fault::ErrorFlood { errors: 1000 });
    card.advance_frames(3 * PERIOD);
    for side in [&duplex.capture, &duplex.playback] {
        assert_eq!(side.take_errors(), [ErrorKind::BackendError; 3000]);
        assert!(side.take_blocks().is_empty());
    }
    card.inject(Fault::ErrorFlood { errors: 0 });
    card.advance_frames(3 * PERIOD);
    assert_eq!(duplex.playback.take_blocks().len(), 3);
    assert!(duplex.playback.take_errors().is_empty());
}

#[test]
fn calls_to_a_hanging_server_return_after_its_release() {
    // Each gives the stream back, so that it is the call that waits and not the drop after it.
    type Call = fn(Side) -> Option<Side>;
    let calls: [Call; 3] = [
        |side| side.stream.play().map(|()| Some(side)).unwrap(),
        |side| side.stream.pause().map(|()| Some(side)).unwrap(),
        |side| {
            drop(side);
            None
        },
    ];
    for call in calls {
        let (card, Duplex { capture, playback }) = start();
        card.inject(Fault::Hang);
        card.advance_frames(3 * PERIOD);
        assert!(capture.take_blocks().is_empty(), "no callbacks");

        let (entered, returned) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let flags = (Arc::clone(&entered), Arc::clone(&returned));
        let caller = thread::spawn(move || {
            flags.0.store(true, Ordering::Release);
            let capture = call(capture);
            flags.1.store(true, Ordering::Release);
            capture
        });
        while !entered.load(Ordering::Acquire) {
            thread::yield_now();
        }
        for _ in 0..1000 {
            thread::yield_now();
        }
        assert!(!returned.load(Ordering::Acquire));
        // What does not control a stream still answers.
        assert_eq!(playback.stream.buffer_size().unwrap(), 480);
        card.advance_frames(PERIOD);

        card.release();
        let capture = caller.join().unwrap();
        assert!(returned.load(Ordering::Acquire));
        card.advance_frames(3 * PERIOD);
        assert_eq!(playback.take_blocks().len(), 3);
        drop(capture);
    }
}

#[test]
fn opening_on_a_hanging_server_observes_its_time_out() {
    let card = free_running(CardSettings::default());
    let device = card.host().default_output_device().unwrap();
    card.inject(Fault::Hang);
    let open = || {
        device.build_output_stream(
            mono(&card),
            |_: &mut [f32], _: &_| {},
            |_| {},
            Some(Duration::from_millis(1)),
        )
    };
    assert_eq!(open().map(drop).unwrap_err().kind(), ErrorKind::BackendError);
    card.release();
    assert!(open().is_ok());
}

#[test]
fn a_panic_ends_its_own_stream_only() {
    let card = free_running(CardSettings::default());
    let host = card.host();
    let capture = Side::capture(&host, mono(&card)).unwrap();
    let playback = Side::playback(&host, mono(&card), |frame| {
        assert!(frame < 3 * 480, "a bug in the program, on purpose");
        ramp(frame)
    })
    .unwrap();
    capture.stream.play().unwrap();
    playback.stream.play().unwrap();
    card.advance_frames(6 * PERIOD);
    assert_eq!(playback.take_errors(), [ErrorKind::StreamInvalidated]);
    assert_eq!(playback.stream.play().unwrap_err().kind(), ErrorKind::StreamInvalidated);
    let captured = capture.take();
    assert_eq!(captured[480..4 * 480], ramps(0..3 * 480));
    assert_eq!(captured[4 * 480..], [0.0; 2 * 480]);

    drop(playback);
    let playback = Side::playback(&host, mono(&card), ramp).unwrap();
    playback.stream.play().unwrap();
    card.advance_frames(2 * PERIOD);
    assert_eq!(capture.take()[480..], ramps(0..480));
}
