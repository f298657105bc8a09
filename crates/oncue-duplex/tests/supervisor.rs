//! What a call goes through on a card that fails: each loss is told, brought back by itself and counted, the other
//! direction goes on, and nothing plays that the session does not permit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;

use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Call, Card, CardSettings, Direction as CardDirection, Fault};
use oncue_duplex::{
    Deadlines, DeviceError, Direction, Duplex, DuplexSettings, Endpoint, LossCause, OpenError,
    Recovery, StreamEvent, abandoned_threads,
};
use oncue_session::{Directions, Engine};
use rig::{free_running, nothing_is_unaccounted_for, open, permit, until};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Tests that abandon threads share the process's figure of them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const LONG: Duration = Duration::from_secs(60);

/// Recovers fast, and takes nothing for a stall: time stands still on a free-running card.
fn settings(change: impl FnOnce(&mut Recovery)) -> DuplexSettings {
    let retry_at_most = Duration::from_millis(20);
    let mut recovery = Recovery { rebuild_after: LONG, retry_at_most, ..Recovery::default() };
    change(&mut recovery);
    DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() }
}

/// The stream of a direction ends, as when its device is gone.
fn take_away(card: &Card, direction: CardDirection) {
    card.inject(Fault::Fail { direction, kind: ErrorKind::DeviceNotAvailable });
}

fn ideal() -> Card {
    free_running(CardSettings::default())
}

/// Lets the card run until an event comes for which `wanted` says yes.
fn run_until(
    card: &Card,
    duplex: &mut Duplex,
    wanted: impl Fn(&StreamEvent) -> bool,
) -> StreamEvent {
    until(|| {
        card.advance_frames(480);
        duplex.poll_event(Instant::now()).filter(|event| wanted(event))
    })
}

fn run_until_recovered(card: &Card, duplex: &mut Duplex, direction: Direction) -> u32 {
    let event = run_until(
        card,
        duplex,
        |event| matches!(event, StreamEvent::Recovered { direction: its, .. } if *its == direction),
    );
    let StreamEvent::Recovered { attempts, .. } = event else { panic!("{event:?}") };
    attempts
}

fn run_until_lost(card: &Card, duplex: &mut Duplex) -> (Direction, LossCause) {
    let event = run_until(card, duplex, |event| matches!(event, StreamEvent::Lost { .. }));
    let StreamEvent::Lost { direction, cause } = event else { panic!("{event:?}") };
    (direction, cause)
}

/// Talks and listens for `frames` frames of 10 ms.
fn talk(card: &Card, endpoint: &mut Endpoint, frames: usize) {
    let mut frame = [0.0; 480];
    for _ in 0..frames {
        card.advance_frames(480);
        endpoint.write(&[0.25; 480]);
        while endpoint.read(&mut frame).is_some() {}
    }
}

/// The clocks of streams that were built anew are measured beside them.
fn talk_until_aligned(card: &Card, endpoint: &mut Endpoint) {
    until(|| {
        talk(card, endpoint, 1);
        endpoint.offset()
    });
}

#[test]
fn an_unplugged_card_is_told_and_both_directions_come_back_when_it_is_plugged_in() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    card.inject(Fault::Unplug);
    let gone = LossCause::Error(ErrorKind::DeviceNotAvailable.into());
    let mut lost = [run_until_lost(&card, &mut duplex), run_until_lost(&card, &mut duplex)];
    lost.sort_by_key(|(direction, _)| *direction as u8);
    assert_eq!(lost, [(Direction::Capture, gone.clone()), (Direction::Playback, gone)]);
    run_until(&card, &mut duplex, |event| matches!(event, StreamEvent::StillLost { .. }));
    assert_eq!(endpoint.write(&[0.5; 480]).accepted, 0, "there is nobody to play it");
    card.plug_in();
    let before = duplex.stats();
    let mut left = vec![Direction::Capture, Direction::Playback];
    while !left.is_empty() {
        let event =
            run_until(&card, &mut duplex, |event| matches!(event, StreamEvent::Recovered { .. }));
        let StreamEvent::Recovered { direction, attempts, .. } = event else { unreachable!() };
        assert!(attempts > 0);
        left.retain(|waits| *waits != direction);
    }
    talk(&card, &mut endpoint, 20);
    let stats = duplex.stats();
    assert!(stats.capture.delivered > before.capture.delivered);
    assert!(stats.playback.written > before.playback.written);
    nothing_is_unaccounted_for(&stats);
    talk_until_aligned(&card, &mut endpoint);
    running.stop();
    let stopped = duplex.stats();
    card.advance_frames(4800);
    assert_eq!(duplex.stats(), stopped);
}

#[test]
fn after_a_stop_nothing_starts_and_before_a_start_neither() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    duplex.prepare().unwrap();
    card.inject(Fault::Unplug);
    card.advance_frames(480);
    card.plug_in();
    // Prepared streams that fail are nobody's before a start.
    std::thread::sleep(Duration::from_millis(60));
    card.advance_frames(4800);
    assert_eq!(duplex.stats().capture.stream.callbacks, 0);
    assert_eq!(duplex.poll_event(Instant::now()), None);

    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    card.inject(Fault::Unplug);
    run_until(&card, &mut duplex, |event| matches!(event, StreamEvent::StillLost { .. }));
    running.stop();
    card.plug_in();
    let stopped = duplex.stats();
    for _ in 0..20 {
        card.advance_frames(480);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(duplex.stats(), stopped, "the run is over");
    while let Some(event) = duplex.poll_event(Instant::now()) {
        assert!(!matches!(event, StreamEvent::Recovered { .. }));
    }
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    assert!(duplex.stats().capture.delivered > stopped.capture.delivered);
}

#[test]
fn callbacks_that_never_come_are_a_loss() {
    let card = ideal();
    let (mut duplex, mut endpoint) =
        open(&card, settings(|recovery| recovery.rebuild_after = Duration::from_millis(300)));
    card.inject(Fault::Stall { direction: CardDirection::Capture, duration: LONG });
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let (direction, cause) = run_until_lost(&card, &mut duplex);
    assert_eq!(direction, Direction::Capture);
    assert!(matches!(cause, LossCause::NoCallbacks(_)), "{cause}");
    let playback = duplex.stats().playback.stream.callbacks;
    card.advance(LONG);
    run_until_recovered(&card, &mut duplex, Direction::Capture);
    talk(&card, &mut endpoint, 20);
    let stats = duplex.stats();
    assert!(stats.playback.stream.callbacks > playback, "playback goes on");
    nothing_is_unaccounted_for(&stats);
}

#[test]
fn a_flood_of_errors_is_one_loss() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 10);
    card.inject(Fault::ErrorFlood { errors: 10_000 });
    run_until_lost(&card, &mut duplex);
    run_until_lost(&card, &mut duplex);
    card.inject(Fault::ErrorFlood { errors: 0 });
    let mut back = 0;
    while back < 2 {
        let event = run_until(&card, &mut duplex, |_| true);
        back += usize::from(matches!(event, StreamEvent::Recovered { .. }));
    }
    talk(&card, &mut endpoint, 10);
    nothing_is_unaccounted_for(&duplex.stats());
}

#[test]
fn one_direction_is_lost_and_comes_back_while_the_other_goes_on() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    for (there, here) in [
        (CardDirection::Capture, Direction::Capture),
        (CardDirection::Playback, Direction::Playback),
    ] {
        let (before, now) = (duplex.stats(), card.now());
        card.inject(Fault::Fail { direction: there, kind: ErrorKind::StreamInvalidated });
        let cause = LossCause::Error(ErrorKind::StreamInvalidated.into());
        assert_eq!(run_until_lost(&card, &mut duplex), (here, cause));
        assert_eq!(run_until_recovered(&card, &mut duplex, here), 1);
        talk(&card, &mut endpoint, 20);
        let periods = (card.now().as_nanos() - now.as_nanos()) / 10_000_000;
        let (lost, other) = match here {
            Direction::Capture => (duplex.stats().capture.stream, duplex.stats().playback.stream),
            Direction::Playback => (duplex.stats().playback.stream, duplex.stats().capture.stream),
        };
        let (lost_before, other_before) = match here {
            Direction::Capture => (before.capture.stream, before.playback.stream),
            Direction::Playback => (before.playback.stream, before.capture.stream),
        };
        // The card counts in periods from a whole one on, so that not one callback is missing.
        assert_eq!(u128::from(other.callbacks - other_before.callbacks), periods);
        assert!(u128::from(lost.callbacks - lost_before.callbacks) < periods);
        nothing_is_unaccounted_for(&duplex.stats());
        talk_until_aligned(&card, &mut endpoint);
    }
}

#[test]
fn another_period_is_taken_as_it_is() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    card.inject(Fault::Reconfigure { rate: 48_000, period: 128 });
    let mut back = 0;
    while back < 2 {
        let event = run_until(&card, &mut duplex, |_| true);
        back += usize::from(matches!(event, StreamEvent::Recovered { .. }));
    }
    talk(&card, &mut endpoint, 20);
    let stats = duplex.stats();
    assert_eq!(
        (stats.capture.stream.granted, stats.playback.stream.granted),
        (Some(128), Some(128))
    );
    assert_eq!((stats.capture.stream.block.last, stats.playback.stream.block.last), (128, 128));
    nothing_is_unaccounted_for(&stats);
}

/// The activation changed the hardware after the streams were prepared.
#[test]
fn what_was_prepared_and_fits_no_more_is_built_anew_by_the_start() {
    let card = ideal();
    let (mut duplex, mut endpoint) = open(&card, settings(|_| {}));
    duplex.prepare().unwrap();
    card.inject(Fault::Reconfigure { rate: 48_000, period: 256 });
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    talk(&card, &mut endpoint, 20);
    let stats = duplex.stats();
    assert_eq!(stats.capture.stream.block.last, 256);
    assert!(stats.capture.delivered > 0);
}

#[test]
fn the_default_device_is_followed_where_that_is_asked_and_only_there() {
    for follow_default in [true, false] {
        let card = ideal();
        let (mut duplex, mut endpoint) =
            open(&card, settings(|recovery| recovery.follow_default = follow_default));
        let _running = duplex.start(permit(), Directions::Duplex).unwrap();
        talk(&card, &mut endpoint, 10);
        let device = |duplex: &Duplex| duplex.stats().playback.stream.format.device;
        let first = device(&duplex);
        card.inject(Fault::OtherDefault(true));
        if follow_default {
            for _ in 0..2 {
                assert_eq!(run_until_lost(&card, &mut duplex).1, LossCause::DefaultChanged);
            }
            until(|| {
                talk(&card, &mut endpoint, 1);
                (device(&duplex) != first).then_some(())
            });
            // The headset is unplugged: its streams end, and the default is the first device again.
            card.inject(Fault::OtherDefault(false));
            for direction in [CardDirection::Capture, CardDirection::Playback] {
                take_away(&card, direction);
            }
            until(|| {
                talk(&card, &mut endpoint, 1);
                (device(&duplex) == first).then_some(())
            });
        } else {
            // It is found again by its id, though another one is the default.
            take_away(&card, CardDirection::Playback);
            run_until_recovered(&card, &mut duplex, Direction::Playback);
            assert_eq!(device(&duplex), first);
        }
    }
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
