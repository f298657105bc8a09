//! Calls into the system that do not return, as dead and stopped servers leave them: they hold nothing but the thread that
//! made them, which is counted, and what comes of them late is not played.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod recovery;
mod rig;

use core::time::Duration;
use oncue_card::{Call, Direction as CardDirection, Fault};
use oncue_duplex::{
    Deadlines, DeviceError, Direction, DuplexSettings, OpenError, StreamEvent, abandoned_threads,
};
use oncue_session::{Directions, Engine};
use recovery::{ideal, run_until_lost, run_until_recovered, settings, take_away, talk};
use rig::{nothing_is_unaccounted_for, open, permit, until};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Tests that abandon threads share the process's figure of them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As PulseAudio does when the sink of a playback stream is gone: the drop never returns.
#[test]
fn a_drop_that_never_returns_does_not_hold_the_other_direction() {
    let _alone = alone();
    let card = ideal();
    let soon = Duration::from_millis(50);
    let deadlines = Deadlines { stop: soon, ..Deadlines::default() };
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings { deadlines, ..settings(|_| {}) });
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.inject(Fault::HangIn { call: Call::Drop, direction: CardDirection::Playback });
    for direction in [CardDirection::Capture, CardDirection::Playback] {
        take_away(&card, direction);
    }
    run_until_recovered(&card, &mut duplex, Direction::Capture);
    until(|| {
        card.advance_frames(480);
        (abandoned_threads() == 1).then_some(())
    });
    card.release();
    run_until_recovered(&card, &mut duplex, Direction::Playback);
    talk(&card, &mut endpoint, 10);
    assert_eq!(abandoned_threads(), 0);
    nothing_is_unaccounted_for(&duplex.stats());
}

/// As ALSA over PulseAudio does when its server dies in the wrong moment: what asks a stream for its time hangs for ever.
#[test]
fn a_clock_that_does_not_answer_does_not_hold_the_other_direction() {
    let _alone = alone();
    let card = ideal();
    let soon = Duration::from_millis(50);
    let deadlines = Deadlines { stop: soon, ..Deadlines::default() };
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings { deadlines, ..settings(|_| {}) });
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::HangIn { call: Call::Clock, direction: CardDirection::Capture });
    for _ in 0..2 {
        take_away(&card, CardDirection::Playback);
        run_until_recovered(&card, &mut duplex, Direction::Playback);
    }
    until(|| (abandoned_threads() > 0).then_some(()));
    talk(&card, &mut endpoint, 10);
    nothing_is_unaccounted_for(&duplex.stats());
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
}

/// A stream that is lost is being dropped when the app prepares, which waits for what is being dropped: it is brought
/// back nevertheless.
#[test]
fn who_waits_for_a_drop_does_not_end_the_recovery() {
    let _alone = alone();
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::HangIn { call: Call::Drop, direction: CardDirection::Playback });
    take_away(&card, CardDirection::Playback);
    run_until_lost(&card, &mut duplex);
    // The drop hangs for longer than anybody waits for it.
    duplex.prepare().unwrap();
    card.release();
    run_until_recovered(&card, &mut duplex, Direction::Playback);
    talk(&card, &mut endpoint, 10);
    nothing_is_unaccounted_for(&duplex.stats());
    until(|| (abandoned_threads() == 0).then_some(()));
}

/// All of a run is lost when the app starts the other direction too, which fails: the run is still that of its handle,
/// which ends it.
#[test]
fn a_start_that_fails_leaves_the_run_to_its_handle() {
    let _alone = alone();
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    duplex.prepare().unwrap();
    let mut running = duplex.start(permit(), Directions::Playback).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::HangIn { call: Call::Open, direction: CardDirection::Playback });
    take_away(&card, CardDirection::Playback);
    run_until_lost(&card, &mut duplex);
    // Nobody is told before a tick: the prepared stream of capture refuses to play, and there is no other.
    card.inject(Fault::Unplug);
    assert!(duplex.start(permit(), Directions::Duplex).is_err());
    running.stop();
    card.plug_in();
    card.release();
    for _ in 0..20 {
        card.advance_frames(480);
        std::thread::sleep(Duration::from_millis(5));
        assert!(!card.is_playing(CardDirection::Playback), "the run is over");
    }
    until(|| (abandoned_threads() == 0).then_some(()));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let before = duplex.stats();
    talk(&card, &mut endpoint, 10);
    let stats = duplex.stats();
    assert_eq!(stats.playback.stream.callbacks, before.playback.stream.callbacks + 10);
    assert_eq!(stats.capture.stream.callbacks, before.capture.stream.callbacks + 10);
    nothing_is_unaccounted_for(&stats);
}

/// As PulseAudio does with a suspended source: starting to capture does not return. A stop waits for it no longer than
/// its deadline, and what comes of it late plays nothing.
#[test]
fn a_play_that_hangs_is_forgotten_by_a_stop() {
    let _alone = alone();
    let card = ideal();
    let soon = Duration::from_millis(100);
    let deadlines = Deadlines { stop: soon, ..Deadlines::default() };
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings { deadlines, ..settings(|_| {}) });
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::HangIn { call: Call::Play, direction: CardDirection::Capture });
    take_away(&card, CardDirection::Capture);
    run_until_lost(&card, &mut duplex);
    let before = duplex.stats().playback.stream.callbacks;
    std::thread::sleep(Duration::from_millis(60));
    card.advance_frames(4800);
    assert_eq!(duplex.stats().playback.stream.callbacks, before + 10, "playback goes on");
    running.stop();
    assert_eq!(abandoned_threads(), 1, "the attempt that hangs");
    let stopped = duplex.stats();
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
    card.advance_frames(4800);
    assert_eq!(duplex.stats(), stopped);
    let _running = until(|| duplex.start(permit(), Directions::Duplex).ok());
    talk(&card, &mut endpoint, 10);
    nothing_is_unaccounted_for(&duplex.stats());
}

/// A server that is stopped holds every call. The engine answers, leaves a bounded number of threads in it, and goes on
/// when the server does.
#[test]
fn a_stopped_server_costs_a_bounded_number_of_threads_and_is_survived() {
    let _alone = alone();
    let card = ideal();
    let soon = Duration::from_millis(100);
    let deadlines = Deadlines { open: soon, start: soon, stop: soon };
    let recovery = settings(|recovery| recovery.rebuild_after = Duration::from_millis(100));
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings { deadlines, ..recovery });
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::Hang);
    let (mut most, mut told) = (0, 0);
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        card.advance_frames(480);
        most = most.max(abandoned_threads());
        if let Some(StreamEvent::StillLost { error, .. }) = duplex.poll_event(Instant::now()) {
            told += usize::from(matches!(
                error,
                OpenError::Device(DeviceError::Stuck { threads }) if threads >= 4
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!((2..=8).contains(&most), "{most} threads hang");
    assert!(told > 0, "that nothing more is tried is told");
    card.release();
    until(|| {
        card.advance_frames(480);
        (abandoned_threads() == 0).then_some(())
    });
    let before = duplex.stats();
    until(|| {
        talk(&card, &mut endpoint, 1);
        let stats = duplex.stats();
        (stats.capture.delivered > before.capture.delivered
            && stats.playback.written > before.playback.written)
            .then_some(())
    });

    // A stop in it returns, and the next start finds the server as it is then.
    card.inject(Fault::Hang);
    running.stop();
    let stopped = duplex.stats();
    assert!(duplex.start(permit(), Directions::Duplex).is_err());
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
    card.advance_frames(4800);
    assert_eq!(duplex.stats().capture.stream.callbacks, stopped.capture.stream.callbacks);
    let _running = until(|| duplex.start(permit(), Directions::Duplex).ok());
    talk(&card, &mut endpoint, 10);
    assert!(duplex.stats().capture.delivered > stopped.capture.delivered);
    nothing_is_unaccounted_for(&duplex.stats());
}

/// The device thread was given up, and meanwhile another device became the default: the next start finds the old one.
#[test]
fn an_engine_that_connects_anew_keeps_its_device() {
    let _alone = alone();
    let card = ideal();
    let soon = Duration::from_millis(100);
    let deadlines = Deadlines { start: soon, stop: soon, ..Deadlines::default() };
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings { deadlines, ..settings(|_| {}) });
    let first = duplex.stats().playback.stream.format.device;
    card.inject(Fault::HangIn { call: Call::Play, direction: CardDirection::Playback });
    assert!(duplex.start(permit(), Directions::Duplex).is_err());
    card.inject(Fault::OtherDefault(true));
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
    let _running = until(|| duplex.start(permit(), Directions::Duplex).ok());
    talk(&card, &mut endpoint, 10);
    assert!(duplex.stats().capture.delivered > 0);
    assert_eq!(duplex.stats().playback.stream.format.device, first);
}
