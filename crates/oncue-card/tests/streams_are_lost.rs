//! Faults after which a program has to open its streams anew, and calls that do not return.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use cpal::{
    BufferSize, ErrorKind, SampleFormat, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use oncue_card::{Call, Card, CardSettings, Direction, Fault};
use rig::{Duplex, Side, free_running, mono, ramp};

const PERIOD: u64 = 480;

fn start() -> (Card, Duplex) {
    let card = free_running(CardSettings::default());
    let duplex = Duplex::start(&card, ramp);
    card.advance_frames(4 * PERIOD);
    duplex.capture.take();
    duplex.playback.take();
    (card, duplex)
}

#[test]
fn one_stream_fails_and_can_be_opened_again_while_the_other_goes_on() {
    let (card, Duplex { capture, playback }) = start();
    card.inject(Fault::Fail { direction: Direction::Capture, kind: ErrorKind::StreamInvalidated });
    card.advance_frames(3 * PERIOD);
    assert_eq!(capture.take_errors(), [ErrorKind::StreamInvalidated]);
    assert!(capture.take_blocks().is_empty());
    assert!(playback.take_errors().is_empty());
    assert_eq!(playback.take_blocks().len(), 3);
    drop(capture);
    let capture = Side::capture(&card.host(), mono(&card)).unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    assert_eq!(capture.take_blocks().len(), 3);
}

#[test]
fn a_card_set_up_anew_ends_its_streams_and_has_one_rate_and_period() {
    let (card, duplex) = start();
    card.inject(Fault::Reconfigure { rate: 16_000, period: 320 });
    card.advance_frames(3 * PERIOD);
    for side in [&duplex.capture, &duplex.playback] {
        assert_eq!(side.take_errors(), [ErrorKind::StreamInvalidated]);
        assert!(side.take_blocks().is_empty());
    }
    drop(duplex);
    let host = card.host();
    let device = host.default_input_device().unwrap();
    assert_eq!(device.default_input_config().unwrap().sample_rate(), 16_000);
    assert!(device.supported_input_configs().unwrap().all(|range| !range.contains_rate(48_000)));
    let refused = Side::capture(&host, mono(&card)).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedConfig);
    let config =
        StreamConfig { channels: 1, sample_rate: 16_000, buffer_size: BufferSize::Default };
    let capture = Side::capture(&host, config).unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(3 * 320);
    assert!(capture.take_blocks().iter().all(|block| block.samples.len() == 320));
}

#[test]
fn another_default_device_comes_and_goes_and_streams_stay_where_they_are() {
    let (card, duplex) = start();
    let host = card.host();
    let id = || host.default_output_device().unwrap().id().unwrap();
    let first = id();
    card.inject(Fault::OtherDefault(true));
    let second = id();
    assert_ne!(first, second);
    assert_eq!(host.devices().unwrap().count(), 2);
    card.advance_frames(3 * PERIOD);
    assert_eq!(duplex.playback.take_blocks().len(), 3);
    card.inject(Fault::OtherDefault(false));
    assert_eq!(id(), first);
    assert_eq!(host.devices().unwrap().count(), 1);
}

#[test]
fn one_call_hangs_until_the_release_and_all_else_works() {
    let (card, Duplex { capture, playback }) = start();
    card.inject(Fault::HangIn { call: Call::Drop, direction: Direction::Playback });
    let returned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&returned);
    let caller = thread::spawn(move || {
        drop(playback);
        flag.store(true, Ordering::Release);
    });
    for _ in 0..1000 {
        thread::yield_now();
    }
    assert!(!returned.load(Ordering::Acquire));
    capture.stream.pause().unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    assert_eq!(capture.take_blocks().len(), 3);
    card.release();
    caller.join().unwrap();
}

#[test]
fn a_card_that_takes_another_sample_format_takes_no_other() {
    let (card, duplex) = start();
    card.inject(Fault::Reformat(SampleFormat::I16));
    card.advance_frames(3 * PERIOD);
    for side in [&duplex.capture, &duplex.playback] {
        assert_eq!(side.take_errors(), [ErrorKind::StreamInvalidated]);
    }
    drop(duplex);
    let host = card.host();
    let device = host.default_output_device().unwrap();
    assert_eq!(device.default_output_config().unwrap().sample_format(), SampleFormat::I16);
    let mut supported = device.supported_output_configs().unwrap();
    assert!(supported.all(|range| range.sample_format() == SampleFormat::I16));
    let refused = Side::capture(&host, mono(&card)).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnsupportedConfig);
}
