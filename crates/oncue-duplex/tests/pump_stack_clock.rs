//! A stack whose ticker is not the device's clock: a quarter of a minute of it, by simulated time, 250 ppm apart either way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use core::f64::consts::TAU;
use core::time::Duration;
use oncue_card::CardSettings;
use oncue_duplex::{FrameFormat, StackClock, StackClockStats};
use oncue_session::Directions;
use rig::{TEN_MS, until};
use stack::{Phone, ten_ms};
use std::time::Instant;

const RATE: u32 = 16_000;

/// A stack that plays a sine of 500 Hz by its own clock, and keeps what it hears.
struct Ticker {
    end: StackClock<f32>,
    next: Instant,
    period: Duration,
    played: u32,
    heard: Vec<f32>,
}

impl Ticker {
    /// Ticks as often as its clock has come to do until `now`.
    fn until(&mut self, now: Instant) {
        while self.next <= now {
            let mut frame = [0.0; 320];
            for sample in &mut frame {
                *sample = (0.25 * (TAU * f64::from(self.played % 32) / 32.0).sin()) as f32;
                self.played += 1;
            }
            self.end.playout(&frame, self.next);
            let mut reference = [0.0; 320];
            self.end.capture(&mut frame, &mut reference, self.next);
            assert_eq!(frame, reference, "the loop gives back what is played");
            self.heard.extend(frame);
            self.next += self.period;
        }
    }
}

/// A quarter of a minute with a stack whose clock is `ppm` faster than the card's.
fn a_while(ppm: f64) -> (Vec<f32>, StackClockStats) {
    let mut phone = Phone::new(CardSettings { latency: 100.0, ..CardSettings::default() });
    let end = phone.pump.stack_clocked(FrameFormat::new(RATE, 20).unwrap());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(1);
    // Which time of the process the card's stands for.
    let first = until(|| heard.lock().unwrap().first().map(|(_, _, info)| *info));
    tap.detach();
    let mut now = first.time.unwrap() + first.capture_delay;
    let period = Duration::from_secs_f64(0.02 / (1.0 + 1e-6 * ppm));
    let mut ticker = Ticker { end, next: now, period, played: 0, heard: Vec::new() };
    for _ in 0..1500 {
        now += TEN_MS;
        phone.turns(1);
        ticker.until(now);
    }
    (ticker.heard, ticker.end.stats())
}

#[test]
fn both_directions_follow_the_stack_s_clock() {
    for ppm in [-250.0, 250.0] {
        let (heard, stats) = a_while(ppm);
        // Without a resampler between the clocks, 180 samples of the device would be over, or missing.
        assert!(stats.captures_missed <= 5 && stats.playouts_missed <= 10, "{stats:?}");
        assert_eq!(stats.skipped, 0, "{stats:?}");
        assert!((stats.capture_ppm + ppm).abs() < 3.0, "{stats:?}");
        assert!((stats.playout_ppm + ppm).abs() < 3.0, "{stats:?}");
        assert!(stats.total_delay < Duration::from_millis(200), "{stats:?}");
        // The last second is the sine of the stack's own clock, to what is left of the clocks' settling.
        let last = &heard[heard.len() - RATE as usize..];
        let part = |of: fn(f64) -> f64| {
            let sum: f64 = last
                .iter()
                .enumerate()
                .map(|(n, s)| f64::from(*s) * of(TAU * n as f64 / 32.0))
                .sum();
            2.0 * sum / last.len() as f64
        };
        let (sines, cosines) = (part(f64::sin), part(f64::cos));
        let left: f64 = last
            .iter()
            .enumerate()
            .map(|(n, s)| {
                let turn = TAU * n as f64 / 32.0;
                (f64::from(*s) - sines * turn.sin() - cosines * turn.cos()).powi(2)
            })
            .sum();
        let residual = 20.0 * ((left / last.len() as f64).sqrt() / 0.25).log10();
        assert!((sines.hypot(cosines) - 0.25).abs() < 0.001 && residual < -50.0, "{residual} dB");
    }
}
