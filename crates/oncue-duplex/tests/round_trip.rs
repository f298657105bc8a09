//! What goes out comes back: every sample in place whatever the period, and the round trip known to a small part of a
//! frame from the callbacks' times alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use oncue_card::{Card, CardSettings};
use oncue_duplex::{Duplex, DuplexSettings, Endpoint};
use oncue_session::{Directions, Engine, RunningIo};
use rig::{free_running, open, permit};

/// A started engine on a card, its consumer, and what the consumer captured so far.
struct Loop {
    card: Card,
    _duplex: Duplex,
    endpoint: Endpoint,
    _running: Box<dyn RunningIo>,
    captured: Vec<(u64, f32)>,
}

impl Loop {
    fn start(settings: CardSettings) -> Self {
        let card = free_running(settings);
        let rate = card.settings().rate;
        let (mut duplex, endpoint) =
            open(&card, DuplexSettings { rate, ..DuplexSettings::default() });
        let running = duplex.start(permit(), Directions::Duplex).unwrap();
        Self { card, _duplex: duplex, endpoint, _running: running, captured: Vec::new() }
    }

    /// Lets 10 ms pass as the consumer sees it: time, a frame in, a frame out.
    fn frame(&mut self, out: &[f32]) -> u64 {
        self.card.advance_frames(out.len() as u64);
        let mut frame = vec![0.0; self.endpoint.frame()];
        while let Some(captured) = self.endpoint.read(&mut frame) {
            self.captured.extend((captured.index..).zip(frame.iter().copied()));
        }
        let written = self.endpoint.write(out);
        assert_eq!(written.accepted, out.len());
        written.position
    }

    /// Plays one impulse after a second of silence, and returns its round trip in frames by the callbacks' times.
    fn round_trip(&mut self) -> f64 {
        let silence = vec![0.0; self.endpoint.frame()];
        let mut impulse = silence.clone();
        impulse[100] = 0.5;
        for _ in 0..100 {
            self.frame(&silence);
        }
        self.captured.clear();
        let position = self.frame(&impulse) + 100;
        for _ in 0..40 {
            self.frame(&silence);
        }
        let played = self.endpoint.playback_index(position).unwrap();
        let (back, _) =
            self.captured.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        *back as f64 - played as f64 - self.endpoint.offset().unwrap()
    }
}

#[test]
fn every_sample_comes_back_in_place_whatever_the_period() {
    for period in [16, 24, 64, 128, 441, 480, 960, 2400, 4800] {
        let mut sound =
            Loop::start(CardSettings { period, latency: 37.0, ..CardSettings::default() });
        // A ramp that never repeats and is exact in f32.
        let mut next = 0;
        for _ in 0..200 {
            let out: Vec<f32> =
                (next..next + 480).map(|k| (k + 1) as f32 / (1 << 20) as f32).collect();
            next += 480;
            sound.frame(&out);
        }
        let stats = sound._duplex.stats();
        assert_eq!(
            (stats.capture.lost, stats.capture.discarded, stats.playback.refused),
            (0, 0, 0),
            "period {period}"
        );
        assert_eq!(stats.playback.underrun, 0, "period {period}");
        let back: Vec<(u64, f32)> =
            sound.captured.iter().copied().filter(|(_, sample)| *sample != 0.0).collect();
        assert!(back.len() > 60_000, "period {period}: only {} came back", back.len());
        for pair in back.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + 1, "period {period}: indices are consecutive");
            assert_eq!(
                pair[1].1 - pair[0].1,
                1.0 / (1 << 20) as f32,
                "period {period}: samples are consecutive"
            );
        }
        let played = sound.endpoint.playback_index(0).unwrap();
        let offset = sound.endpoint.offset().unwrap();
        let trip = back[0].0 as f64 - played as f64 - offset;
        assert!((trip - f64::from(period) - 37.0).abs() < 1e-6, "{trip} frames, period {period}");
    }
}

#[test]
fn the_round_trip_is_the_card_s_to_a_twentieth_of_a_frame() {
    for (rate, period, latency) in
        [(48_000, 128, 0.0), (48_000, 480, 1000.0), (44_100, 256, 77.0), (16_000, 160, 3.0)]
    {
        let mut sound =
            Loop::start(CardSettings { rate, period, latency, ..CardSettings::default() });
        let measured = sound.round_trip();
        let truth = f64::from(period) + latency;
        assert!(
            (measured - truth).abs() < 0.05,
            "{measured} frames instead of {truth} at {rate} Hz, {period}"
        );
    }
}

#[test]
fn the_round_trip_is_right_between_drifting_clocks_too() {
    for ppm in [-80.0, 80.0] {
        let mut sound = Loop::start(CardSettings {
            capture_ppm: ppm,
            latency: 200.0,
            ..CardSettings::default()
        });
        let measured = sound.round_trip();
        // The impulse falls between two capture frames, so half a frame is the index's own coarseness; the drift of
        // the 0.4 s between impulse and offset is known and taken away.
        let truth = 680.0 - ppm * 1e-6 * 48_000.0 * 0.4;
        assert!(
            (measured - truth).abs() < 1.0,
            "{measured} frames instead of {truth} at {ppm} ppm"
        );
    }
}
