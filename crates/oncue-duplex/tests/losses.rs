//! What a call goes through on a card that fails: each loss is told, brought back by itself and counted, the other
//! direction goes on, and nothing plays that the session does not permit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recovery;
mod rig;

use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Direction as CardDirection, Fault};
use oncue_duplex::{Direction, Duplex, LossCause, StreamEvent};
use oncue_session::{Directions, Engine};
use recovery::{
    LONG, ideal, run_until, run_until_lost, run_until_recovered, settings, take_away, talk,
    talk_until_aligned,
};
use rig::{nothing_is_unaccounted_for, open, permit, until};
use std::time::Instant;

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
