//! Starting, adding capture, stopping, starting again, and outliving.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use cpal::SampleFormat;
use oncue_card::CardSettings;
use oncue_duplex::{Deadlines, Duplex, DuplexSettings};
use oncue_session::{Directions, Engine};
use puppet::Puppet;
use rig::{free_running, open, permit, until};

#[test]
fn nothing_flows_before_the_start() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    duplex.prepare().unwrap();
    card.advance_frames(48_000);
    assert_eq!(duplex.stats().playback.stream.callbacks, 0);
    assert_eq!(endpoint.write(&[0.5; 480]).accepted, 0);
    assert!(!endpoint.wait(Duration::ZERO));
    assert_eq!(duplex.stats().playback.stream.granted, Some(480));
}

#[test]
fn capture_joins_playback_without_breaking_it() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    let _ringback = duplex.start(permit(), Directions::Playback).unwrap();
    let mut tick = || {
        card.advance_frames(480);
        endpoint.write(&[0.25; 480]);
    };
    (0..20).for_each(|_| tick());
    assert_eq!(duplex.stats().capture.stream.callbacks, 0);
    let mut call = duplex.start(permit(), Directions::Duplex).unwrap();
    (0..20).for_each(|_| tick());
    let stats = duplex.stats();
    assert_eq!((stats.playback.stream.callbacks, stats.capture.stream.callbacks), (40, 20));
    assert_eq!(stats.playback.underrun, 0);
    assert!(endpoint.offset().is_some());
    call.stop();
    card.advance_frames(4800);
    assert_eq!(duplex.stats(), stats, "the later handle stops both");
}

#[test]
fn no_callback_does_anything_after_stop_returned() {
    let card = free_running(CardSettings::default());
    let long = Duration::from_secs(60);
    let deadlines = Deadlines { open: long, start: long, stop: long };
    let (mut duplex, _endpoint) =
        open(&card, DuplexSettings { deadlines, ..DuplexSettings::default() });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                card.advance_frames(480);
                std::thread::yield_now(); // the card's lock is not fair
            }
        });
        for _ in 0..50 {
            let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
            let started = duplex.stats().playback.stream.callbacks;
            until(|| (duplex.stats().playback.stream.callbacks > started).then_some(()));
            running.stop();
            let stopped = duplex.stats();
            for _ in 0..100 {
                std::thread::yield_now();
                assert_eq!(duplex.stats(), stopped);
            }
            running.stop();
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_run_gets_nothing_that_was_left_from_the_one_before() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    let mut first = duplex.start(permit(), Directions::Duplex).unwrap();
    for _ in 0..10 {
        card.advance_frames(480);
        endpoint.write(&[0.5; 480]);
    }
    first.stop();
    let before = duplex.stats();
    assert!(before.playback.stream.waiting > 0 && before.capture.stream.waiting > 0);
    let _second = duplex.start(permit(), Directions::Duplex).unwrap();
    card.advance_frames(960);
    let mut frame = [9.0; 480];
    let captured = endpoint.read(&mut frame).unwrap();
    assert_eq!(captured.index, before.capture.stream.frames);
    let after = duplex.stats();
    assert_eq!(after.capture.discarded, before.capture.stream.waiting);
    assert_eq!(after.playback.skipped, before.playback.stream.waiting);
    assert_eq!(after.playback.inserted, before.playback.inserted + 960);
    // A handle of the run before stops nothing now.
    first.stop();
    card.advance_frames(480);
    assert!(duplex.stats().playback.stream.callbacks > after.playback.stream.callbacks);
}

#[test]
fn the_offset_is_that_of_the_present_run() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    let mut first = duplex.start(permit(), Directions::Duplex).unwrap();
    for _ in 0..200 {
        card.advance_frames(480);
        endpoint.write(&[0.5; 480]);
    }
    assert!(endpoint.offset().unwrap().abs() < 0.05);
    first.stop();
    // Playback gets ahead by ten blocks.
    let _second = duplex.start(permit(), Directions::Playback).unwrap();
    card.advance_frames(4800);
    assert_eq!(endpoint.offset(), None);
    let _second = duplex.start(permit(), Directions::Duplex).unwrap();
    card.advance_frames(4800);
    assert!((endpoint.offset().unwrap() + 4800.0).abs() < 0.05);
}

#[test]
fn a_stream_that_cannot_pause_is_dropped_and_built_anew() {
    let puppet = Puppet { pauses: false, ..Puppet::new(1, SampleFormat::F32) };
    let (mut duplex, _endpoint) = Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    running.stop();
    // They are dropped on threads of their own.
    until(|| (puppet.strings.lock().unwrap().dropped == 2).then_some(()));
    duplex.start(permit(), Directions::Duplex).unwrap();
    assert_eq!(puppet.strings.lock().unwrap().configs.len(), 4);
}

#[test]
fn the_endpoint_and_the_handles_outlive_the_engine() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    let meter = duplex.meter();
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.advance_frames(4800);
    drop(duplex);
    card.advance_frames(4800);
    let mut frame = [0.0; 480];
    while endpoint.read(&mut frame).is_some() {}
    assert_eq!(endpoint.write(&frame).accepted, 0);
    assert!(!endpoint.wait(Duration::from_millis(2)));
    assert_eq!(meter.stats().capture.stream.callbacks, 10);
    running.stop();
    // The card is free for another engine.
    let (mut next, _endpoint) =
        open(&card, DuplexSettings { rate: 16_000, ..DuplexSettings::default() });
    next.prepare().unwrap();
}
