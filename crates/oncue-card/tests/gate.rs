//! The gate models a phone whose call system owns the hardware.

mod rig;

use cpal::traits::StreamTrait;
use oncue_card::{CardSettings, Direction};
use rig::{Duplex, Side, free_running, mono, ramp};

const PERIOD: u64 = 480;

fn noisy() -> CardSettings {
    // A real card's silence is not zero; a closed gate's is.
    CardSettings { noise_dbfs: Some(-80.0), ..CardSettings::default() }
}

fn zeros(samples: &[f32]) -> usize {
    samples.iter().filter(|&&sample| sample == 0.0).count()
}

#[test]
fn a_closed_gate_is_silent_in_both_directions_and_nothing_comes_back_later() {
    let card = free_running(CardSettings { latency: 960.0, ..CardSettings::default() });
    let duplex = Duplex::start(&card, |_| 0.5);
    card.advance_frames(10 * PERIOD);
    let capture = duplex.capture.take();
    assert_eq!(zeros(&capture), 3 * 480);

    card.gate().close();
    card.advance_frames(5 * PERIOD);
    assert_eq!(zeros(&duplex.capture.take()), 5 * 480, "callbacks go on, with zeros");
    assert_eq!(duplex.playback.take_blocks().len(), 15);

    card.gate().open();
    card.advance_frames(10 * PERIOD);
    // Of what was played before the gate closed, what was under way is past; what was played while
    // it was closed went nowhere.
    assert_eq!(zeros(&duplex.capture.take()), 3 * 480);
}

#[test]
fn each_direction_has_its_own_permission() {
    let card = free_running(noisy());
    let gate = card.gate();
    let duplex = Duplex::start(&card, |_| 0.5);
    card.advance_frames(4 * PERIOD);
    duplex.capture.take();

    gate.set(true, false);
    assert!(gate.is_open(Direction::Capture) && !gate.is_open(Direction::Playback));
    card.advance_frames(4 * PERIOD);
    let captured = duplex.capture.take();
    assert!(captured[480..].iter().all(|sample| sample.abs() < 0.01), "nothing but noise");
    assert!(zeros(&captured) < 10);

    gate.set(false, true);
    card.advance_frames(4 * PERIOD);
    assert_eq!(zeros(&duplex.capture.take()), 4 * 480);
    gate.open();
    card.advance_frames(PERIOD);
    assert!(duplex.capture.take().iter().all(|sample| (sample - 0.5).abs() < 0.01));
}

#[test]
fn what_is_started_before_the_gate_opens_stays_dead_until_it_is_started_again() {
    let card = free_running(noisy());
    let host = card.host();
    let capture = Side::capture(&host, mono(&card)).unwrap();
    let playback = Side::playback(&host, mono(&card), |_| 0.5).unwrap();
    card.gate().close();
    capture.stream.play().unwrap();
    playback.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    card.gate().open();
    // Starting what runs is nothing: it does not bring it back to life.
    capture.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    assert_eq!(zeros(&capture.take()), 6 * 480);
    assert!(capture.take_errors().is_empty() && playback.take_errors().is_empty());

    capture.stream.pause().unwrap();
    capture.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    let captured = capture.take();
    assert!(zeros(&captured) < 10, "capture lives");
    assert!(captured.iter().all(|sample| sample.abs() < 0.01), "playback is still dead");

    playback.stream.pause().unwrap();
    playback.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    assert!(capture.take()[480..].iter().all(|sample| (sample - 0.5).abs() < 0.01));
}

#[test]
fn what_is_opened_before_and_started_after_the_gate_opens_lives() {
    let card = free_running(CardSettings::default());
    card.gate().close();
    let host = card.host();
    let capture = Side::capture(&host, mono(&card)).unwrap();
    let playback = Side::playback(&host, mono(&card), ramp).unwrap();
    card.advance_frames(3 * PERIOD);
    card.gate().open();
    capture.stream.play().unwrap();
    playback.stream.play().unwrap();
    card.advance_frames(3 * PERIOD);
    assert!(capture.take()[480..].iter().zip(0..).all(|(&sample, n)| sample == ramp(n)));
}
