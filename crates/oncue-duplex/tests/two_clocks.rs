//! Two clocks of a card that drift apart, through the whole engine: playback leads, capture follows, nothing is lost or
//! inserted, a tone stays pure, and the round trip stays what it is.
//!
//! Independent: the card's clocks are whole numbers, its wire interpolates by a kernel of its own; the tone is judged by
//! a fit of least squares here, the latency by an impulse's place among the frames that were read and written.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;
mod tone;

use core::f64::consts::TAU;
use oncue_card::{Card, CardSettings, Direction, Fault};
use oncue_duplex::{Clocks, Duplex, DuplexSettings, Endpoint, Stats};
use oncue_session::{Directions, Engine, RunningIo};
use rig::{free_running, open, permit};
use tone::residual_db;

/// A consumer that moves frames of 10 ms through a running engine.
struct Call {
    card: Card,
    duplex: Duplex,
    endpoint: Endpoint,
    _running: Box<dyn RunningIo>,
    /// Frames written so far, and frames read with the index of the first.
    written: u64,
    captured: Vec<f32>,
    first: Option<u64>,
}

impl Call {
    fn start(card: CardSettings, settings: DuplexSettings) -> Self {
        let card = free_running(card);
        let (mut duplex, endpoint) = open(&card, settings);
        let running = duplex.start(permit(), Directions::Duplex).unwrap();
        let (written, captured, first) = (0, Vec::new(), None);
        Self { card, duplex, endpoint, _running: running, written, captured, first }
    }

    /// Goes on for `frames` frames of 10 ms: a frame is written for each that is read, as call stacks do that go by
    /// their microphone. `signal` gives the sample that is written at a place.
    fn go_on(&mut self, frames: usize, signal: impl Fn(u64) -> f64) {
        let mut frame = vec![0.0; self.endpoint.frame()];
        for _ in 0..frames {
            self.card.advance(core::time::Duration::from_millis(10));
            while let Some(captured) = self.endpoint.read(&mut frame) {
                let first = *self.first.get_or_insert(captured.index);
                assert_eq!(
                    captured.index - first,
                    self.captured.len() as u64,
                    "no frame is missing"
                );
                self.captured.extend_from_slice(&frame);
                for sample in &mut frame {
                    *sample = signal(self.written) as f32;
                    self.written += 1;
                }
                assert_eq!(self.endpoint.write(&frame).accepted, frame.len());
            }
        }
    }

    fn stats(&self) -> Stats {
        self.duplex.stats()
    }
}

fn drifting(capture_ppm: f64, playback_ppm: f64) -> CardSettings {
    CardSettings { capture_ppm, playback_ppm, latency: 100.0, ..CardSettings::default() }
}

fn two() -> DuplexSettings {
    DuplexSettings { clocks: Clocks::Two, ..DuplexSettings::default() }
}

#[test]
fn two_minutes_400_ppm_apart_lose_and_insert_nothing() {
    for (capture_ppm, playback_ppm) in [(200.0, -200.0), (-200.0, 200.0), (0.0, 37.0)] {
        let mut call = Call::start(drifting(capture_ppm, playback_ppm), two());
        call.go_on(1_000, |_| 0.0);
        let settled = call.stats();
        call.go_on(9_000, |_| 0.0);
        let stats = call.stats();
        assert_eq!((stats.capture.lost, stats.capture.discarded), (0, 0));
        assert_eq!((stats.playback.underrun, stats.playback.refused), (0, 0));
        let expected = ((1.0 + playback_ppm * 1e-6) / (1.0 + capture_ppm * 1e-6) - 1.0) * 1e6;
        assert!((stats.clocks.drift_ppm - expected).abs() < 0.1, "{:?}", stats.clocks);
        assert_eq!(stats.clocks.slips, 0);
        let waiting = |stats: &Stats| stats.playback.stream.waiting + stats.capture.stream.waiting;
        // Frames wait in blocks and so by up to two more or less; drift would have brought 1728.
        assert!(waiting(&stats).abs_diff(waiting(&settled)) <= 960, "{stats:?}");
    }
}

#[test]
fn with_one_clock_assumed_the_same_call_is_cut() {
    let one = DuplexSettings { clocks: Clocks::One, ..DuplexSettings::default() };
    let mut call = Call::start(drifting(-200.0, 200.0), one);
    call.go_on(12_000, |_| 0.0);
    assert!(call.stats().playback.underrun > 0, "what the other tests show would be no merit");
    assert_eq!(call.stats().clocks.resampler_delay, core::time::Duration::ZERO);
}

#[test]
fn a_tone_that_went_through_both_clocks_is_pure() {
    let mut call = Call::start(drifting(150.0, -100.0), two());
    call.go_on(1_000, |t| 0.5 * (TAU * 997.0 / 48_000.0 * t as f64).sin());
    call.captured.clear();
    call.first = None;
    call.go_on(100, |t| 0.5 * (TAU * 997.0 / 48_000.0 * t as f64).sin());
    // On playback's clock, the tone comes back at its own pitch: what was played is heard as it was written.
    let (frequency, residual) = residual_db(&call.captured, 997.0 / 48_000.0);
    assert!((frequency * 48_000.0 - 997.0).abs() < 0.001, "{} Hz", frequency * 48_000.0);
    assert!(residual < -95.0, "{residual} dB beside the tone");
}

#[test]
fn the_latency_stays_where_it_is() {
    // An impulse every 20 s comes back after the same number of frames that were read and written.
    let mut call = Call::start(drifting(-120.0, 60.0), two());
    call.go_on(1_000, |_| 0.0);
    let mut trips = Vec::new();
    for _ in 0..5 {
        let start = call.written + 1_000;
        call.captured.clear();
        let first = call.written;
        call.first = None;
        call.go_on(100, |t| if t == start { 0.5 } else { 0.0 });
        let peak = (0..call.captured.len())
            .max_by(|a, b| call.captured[*a].abs().total_cmp(&call.captured[*b].abs()))
            .unwrap();
        trips.push(peak as i64 - (start - first) as i64);
        call.go_on(1_900, |_| 0.0);
    }
    let spread = trips.iter().max().unwrap() - trips.iter().min().unwrap();
    assert!(spread <= 1, "{trips:?} frames");
}

#[test]
fn the_round_trip_by_the_clocks_is_the_card_s() {
    // Independent of the rings: indices and offset are where both streams stand, resampled or not.
    let mut call = Call::start(drifting(80.0, -80.0), two());
    call.go_on(1_000, |_| 0.0);
    let start = call.written + 1_000;
    call.captured.clear();
    call.first = None;
    call.go_on(30, |t| if t == start { 0.5 } else { 0.0 });
    let peak = (0..call.captured.len())
        .max_by(|a, b| call.captured[*a].abs().total_cmp(&call.captured[*b].abs()))
        .unwrap();
    let index = call.first.unwrap() + peak as u64;
    let played = call.endpoint.playback_index(start).unwrap();
    let trip = index as f64 - played as f64 - call.endpoint.offset().unwrap();
    assert!((trip - 580.0).abs() < 1.0, "{trip} frames");
}

#[test]
fn lost_frames_of_the_device_are_not_stretched_over() {
    let mut call = Call::start(drifting(50.0, 0.0), two());
    call.go_on(1_000, |_| 0.0);
    let before = call.stats().clocks.drift_ppm;
    call.card.inject(Fault::Xrun { direction: Direction::Capture, frames: 4_800 });
    for _ in 0..100 {
        call.go_on(10, |_| 0.0);
        let now = call.stats().clocks.drift_ppm;
        assert!((now - before).abs() < 10.0, "from {before} to {now} ppm");
    }
    assert_eq!(call.stats().clocks.slips, 1);
}

#[test]
fn a_stop_and_a_start_go_on_without_learning_anew() {
    let mut call = Call::start(drifting(90.0, -30.0), two());
    call.go_on(1_000, |_| 0.0);
    let known = call.stats().clocks.drift_ppm;
    call._running.stop();
    call._running = call.duplex.start(permit(), Directions::Duplex).unwrap();
    call.captured.clear();
    call.first = None;
    call.go_on(150, |_| 0.0);
    let now = call.stats().clocks.drift_ppm;
    assert!((now - known).abs() < 1.0, "from {known} to {now} ppm");
}

#[test]
fn one_device_is_one_clock_unless_told() {
    let mut call = Call::start(CardSettings::default(), DuplexSettings::default());
    call.go_on(10, |_| 0.0);
    assert_eq!(call.stats().clocks.resampler_delay, core::time::Duration::ZERO);
    let mut call = Call::start(CardSettings::default(), two());
    call.go_on(10, |_| 0.0);
    let delay = call.stats().clocks.resampler_delay.as_secs_f64() * 48_000.0;
    assert!((32.0..=34.0).contains(&delay), "{delay} frames");
}
