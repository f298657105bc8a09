//! The program reads the round trip that the virtual card was set to, to 0.1 frame.
//!
//! Independent: the card delays by its own interpolation, the program finds the delay by correlation and the streams'
//! time stamps; neither sees the other's figures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::oncue;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Rate in Hz, period and latency in frames.
const SETTINGS: [(u32, u32, f64); 21] = [
    (48_000, 480, 0.0),
    (48_000, 480, 0.1),
    (48_000, 480, 0.25),
    (48_000, 480, 0.5),
    (48_000, 480, 0.9),
    (48_000, 480, 1.75),
    (48_000, 480, 37.25),
    (48_000, 480, 1_000.333),
    (48_000, 480, 4_799.01),
    (48_000, 480, 23_456.789),
    (48_000, 64, 0.6),
    (48_000, 128, 2.2),
    (48_000, 256, 99.99),
    (48_000, 512, 12.345),
    (48_000, 1_024, 511.5),
    (48_000, 2_400, 0.75),
    (44_100, 441, 3.3),
    (44_100, 256, 777.7),
    (16_000, 160, 0.4),
    (16_000, 320, 5.05),
    (96_000, 480, 8.8),
];

#[test]
fn the_round_trip_is_the_one_that_was_set() {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(&(rate, period, latency)) =
                    SETTINGS.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let [rate, period, set] =
                        [rate.to_string(), period.to_string(), latency.to_string()];
                    let said = oncue(&[
                        "loopback",
                        "--json",
                        "--duration",
                        "1.5",
                        "--rate",
                        &rate,
                        "--period",
                        &period,
                        "--latency",
                        &set,
                    ]);
                    let expected = period.parse::<f64>().unwrap() + latency;
                    let found = said.round_trip();
                    assert!(
                        (found - expected).abs() <= 0.1,
                        "{rate} Hz: set {expected}, read {found}\n{}",
                        said.stdout
                    );
                }
            });
        }
    });
}
