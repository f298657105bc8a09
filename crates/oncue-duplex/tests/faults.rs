//! What devices and servers do wrong, and that the engine says so once and never hangs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::time::Duration;
use cpal::{ErrorKind, SampleFormat};
use oncue_card::{Card, CardSettings, Direction as CardDirection, Fault};
use oncue_duplex::{
    Deadlines, DeviceError, Direction, Duplex, DuplexSettings, Operation, SilenceKind, SilentAudio,
    StreamEvent, abandoned_threads,
};
use oncue_session::{Directions, Engine};
use puppet::Puppet;
use rig::{free_running, next_event, open, permit, until};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Tests that abandon threads share the process's figure of them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ideal() -> Card {
    free_running(CardSettings::default())
}

const SOON: Duration = Duration::from_millis(30);

/// Deadlines that nothing healthy misses, but for the one that a test means to pass.
fn deadlines(short: impl FnOnce(&mut Deadlines)) -> DuplexSettings {
    let long = Duration::from_secs(60);
    let mut deadlines = Deadlines { open: long, start: long, stop: long };
    short(&mut deadlines);
    DuplexSettings { deadlines, ..DuplexSettings::default() }
}

/// The events that are there now.
fn events(duplex: &mut Duplex) -> Vec<StreamEvent> {
    core::iter::from_fn(|| duplex.poll_event(Instant::now())).collect()
}

/// Waits until the engine has dropped its streams: then the card can be given other ones.
fn streams_gone(card: &Card) {
    until(|| {
        let settings = DuplexSettings { rate: 16_000, ..DuplexSettings::default() };
        open(card, settings).0.prepare().ok()
    });
}

#[test]
fn a_start_that_hangs_is_an_error_and_leaves_one_thread() {
    let _alone = alone();
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, deadlines(|d| d.start = SOON));
    duplex.prepare().unwrap();
    card.inject(Fault::Hang);
    let error = duplex.start(permit(), Directions::Duplex).err().unwrap();
    let operation = Operation::Play(Direction::Playback);
    assert_eq!(error, DeviceError::TimedOut { operation, after: SOON });
    assert_eq!(abandoned_threads(), 1);
    let again = duplex.start(permit(), Directions::Duplex).err().unwrap();
    assert_eq!(again, DeviceError::GivenUp { operation });
    assert_eq!(events(&mut duplex), [], "nothing ran that could fail");
    drop(duplex);
    // The hung call returns after all: too late, it starts nothing.
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
    card.advance_frames(4800);
    assert!(!endpoint.wait(Duration::ZERO));
    streams_gone(&card);
}

#[test]
fn building_that_hangs_is_an_error() {
    let _alone = alone();
    let card = ideal();
    // Opening has to be done within it.
    let half = Duration::from_millis(500);
    let (mut duplex, _endpoint) = open(&card, deadlines(|d| d.open = half));
    card.inject(Fault::Hang);
    let operation = Operation::Build(Direction::Playback);
    assert_eq!(duplex.prepare(), Err(DeviceError::TimedOut { operation, after: half }));
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
}

#[test]
fn a_stop_that_hangs_returns_with_the_gate_closed() {
    let _alone = alone();
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, deadlines(|d| d.stop = SOON));
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.advance_frames(4800);
    assert!(endpoint.wait(Duration::ZERO));
    card.inject(Fault::Hang);
    running.stop();
    assert_eq!(abandoned_threads(), 1);
    let stopped = duplex.stats();
    assert_eq!(stopped.capture.stream.callbacks, 10);
    card.release();
    card.advance_frames(4800);
    assert_eq!(duplex.stats(), stopped);
    running.stop();
    until(|| (abandoned_threads() == 0).then_some(()));
}

#[test]
fn dropping_an_engine_whose_server_hangs_returns() {
    let _alone = alone();
    let card = ideal();
    let (mut duplex, _endpoint) = open(&card, deadlines(|d| d.stop = SOON));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.inject(Fault::Hang);
    drop(duplex);
    assert_eq!(abandoned_threads(), 1);
    card.release();
    until(|| (abandoned_threads() == 0).then_some(()));
}

#[test]
fn an_unplugged_device_fails_once_and_can_be_started_again() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.advance_frames(4800);
    card.inject(Fault::Unplug);
    card.advance_frames(4800);
    let StreamEvent::Failed { error, .. } = next_event(&mut duplex) else { panic!("no failure") };
    assert_eq!(error.kind(), ErrorKind::DeviceNotAvailable);
    assert_eq!(events(&mut duplex), []);

    let error = duplex.start(permit(), Directions::Duplex).err().unwrap();
    assert!(
        matches!(error, DeviceError::Refused { operation: Operation::Build(_), .. }),
        "{error}"
    );
    card.plug_in();
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let before = duplex.stats().capture;
    card.advance_frames(4800);
    let mut frame = [0.0; 480];
    let captured = endpoint.read(&mut frame).unwrap();
    assert_eq!(captured.index, before.stream.frames, "indices go on over new streams");
    let stats = duplex.stats().capture;
    assert_eq!(
        stats.stream.frames,
        stats.delivered + stats.lost + stats.discarded + stats.stream.waiting
    );
    assert!(endpoint.offset().is_some());
}

#[test]
fn a_flood_of_errors_is_one_event_and_ends() {
    let card = ideal();
    let (mut duplex, _endpoint) = open(&card, DuplexSettings::default());
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.inject(Fault::ErrorFlood { errors: 100_000 });
    card.advance_frames(960);
    let StreamEvent::Failed { error, .. } = next_event(&mut duplex) else { panic!("no failure") };
    assert_eq!(error.kind(), ErrorKind::BackendError);
    streams_gone(&card);
    assert_eq!(events(&mut duplex), []);
    let stats = duplex.stats();
    assert!(stats.playback.stream.errors + stats.capture.stream.errors > 0);
    card.advance_frames(960);
    assert_eq!(duplex.stats(), stats, "no stream is left to report any");
}

/// As ALSA over PulseAudio gives around an underrun: hundreds of errors, after which the stream goes on.
#[test]
fn errors_that_callbacks_follow_end_nothing() {
    let card = ideal();
    let (mut duplex, _endpoint) = open(&card, DuplexSettings::default());
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    card.inject(Fault::ErrorFlood { errors: 300 });
    card.advance_frames(960);
    card.inject(Fault::ErrorFlood { errors: 0 });
    let callbacks = duplex.stats().playback.stream.callbacks;
    // Longer than an engine takes to give up a stream whose callbacks do not come.
    let end = Instant::now() + Duration::from_millis(600);
    while Instant::now() < end {
        card.advance_frames(480);
        assert_eq!(events(&mut duplex), []);
        std::thread::sleep(Duration::from_millis(5));
    }
    let stats = duplex.stats();
    assert!(stats.playback.stream.errors > 0 && stats.playback.stream.callbacks > callbacks);
}

#[test]
fn xruns_are_counted_and_harmless() {
    let card = ideal();
    let (mut duplex, _endpoint) = open(&card, DuplexSettings::default());
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    for _ in 0..3 {
        card.inject(Fault::Xrun { direction: CardDirection::Capture, frames: 480 });
        card.advance_frames(4800);
    }
    card.inject(Fault::Xrun { direction: CardDirection::Playback, frames: 0 });
    card.advance_frames(4800);
    let stats = duplex.stats();
    assert_eq!((stats.capture.stream.xruns, stats.playback.stream.xruns), (3, 1));
    assert_eq!((stats.capture.stream.errors, stats.playback.stream.errors), (0, 0));
    assert_eq!(events(&mut duplex), []);
}

#[test]
fn a_stall_is_told_once_until_callbacks_come_again() {
    let card = ideal();
    let (mut duplex, _endpoint) = open(&card, DuplexSettings::default());
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    let start = Instant::now();
    let at = |duplex: &mut Duplex, ms| duplex.poll_event(start + Duration::from_millis(ms));
    let stall = |direction, ms, since| {
        let silence = SilentAudio::new(direction, SilenceKind::NoCallbacks, since);
        SilentAudio { lasted: Duration::from_millis(ms), ..silence }
    };
    let stalled = |direction, ms, since| Some(StreamEvent::Silent(stall(direction, ms, since)));
    let over = |direction, ms| Some(StreamEvent::SilenceOver(stall(direction, ms, 0)));

    assert_eq!(at(&mut duplex, 0), None);
    assert_eq!(at(&mut duplex, 499), None);
    assert_eq!(at(&mut duplex, 500), stalled(Direction::Playback, 500, 0), "callbacks never came");
    assert_eq!(at(&mut duplex, 500), stalled(Direction::Capture, 500, 0));
    assert_eq!(at(&mut duplex, 900), None, "told once");
    card.advance_frames(4800);
    card.inject(Fault::Stall {
        direction: CardDirection::Capture,
        duration: Duration::from_secs(60),
    });
    assert_eq!(at(&mut duplex, 1000), over(Direction::Playback, 1000));
    assert_eq!(at(&mut duplex, 1000), over(Direction::Capture, 1000));
    assert_eq!(at(&mut duplex, 1000), None);
    card.advance_frames(4800);
    assert_eq!(at(&mut duplex, 1200), None);
    card.advance_frames(4800);
    assert_eq!(at(&mut duplex, 1700), stalled(Direction::Capture, 700, 4800), "playback goes on");
    running.stop();
    let StreamEvent::SilenceOver(_) = at(&mut duplex, 5000).unwrap() else { panic!("stopped") };
    assert_eq!(at(&mut duplex, 5000), None, "what is stopped does not stall");
    let _running = duplex.start(permit(), Directions::Playback).unwrap();
    assert_eq!(at(&mut duplex, 6000), None, "a new run starts anew");
}

#[test]
fn errors_after_a_stop_are_nobody_s_but_the_stream_is_built_anew() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (mut duplex, _endpoint) = Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    let mut running = duplex.start(permit(), Directions::Playback).unwrap();
    running.stop();
    let (_callback, mut on_error) = puppet.playback_strings();
    for _ in 0..1000 {
        on_error(ErrorKind::BackendError.into());
    }
    until(|| (puppet.strings.lock().unwrap().dropped == 1).then_some(()));
    assert_eq!(events(&mut duplex), []);
    assert_eq!(duplex.stats().playback.stream.errors, 0);
    duplex.start(permit(), Directions::Playback).unwrap();
    assert_eq!(puppet.strings.lock().unwrap().configs.len(), 2);
}

#[test]
fn what_cpal_calls_harmless_is_a_notice() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (mut duplex, _endpoint) = Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    duplex.start(permit(), Directions::Playback).unwrap();
    let (_callback, mut on_error) = puppet.playback_strings();
    on_error(ErrorKind::DeviceChanged.into());
    on_error(ErrorKind::DeviceChanged.into());
    let notice = |kind: ErrorKind| StreamEvent::Notice {
        direction: Direction::Playback,
        error: kind.into(),
    };
    assert_eq!(next_event(&mut duplex), notice(ErrorKind::DeviceChanged));
    on_error(ErrorKind::RealtimeDenied.into());
    assert_eq!(next_event(&mut duplex), notice(ErrorKind::RealtimeDenied));
    assert_eq!(duplex.stats().playback.stream.errors, 3);
    assert_eq!(puppet.strings.lock().unwrap().dropped, 0);
}
