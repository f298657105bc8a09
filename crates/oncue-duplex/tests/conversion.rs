//! A device that does not run at the engine's rate: both directions are resampled, drift and rate by one ratio, and what
//! the consumer sees is its own rate.
//!
//! Independent: the card runs at one rate only; tone and round trip are judged as in `two_clocks.rs`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;
mod tone;

use core::time::Duration;
use oncue_card::{CardSettings, Fault};
use oncue_duplex::{Clocks, Duplex, DuplexSettings, HostSource, OpenError};
use oncue_session::{Directions, Engine};
use rig::{free_running, open, permit};
use tone::{residual_db, tone_then_impulse};

#[test]
fn tones_are_pure_and_the_round_trip_is_right_at_any_device_rate() {
    for device in [8_000_u32, 16_000, 44_100, 48_000, 96_000] {
        for rate in [16_000_u32, 48_000] {
            for clocks in [Clocks::Auto, Clocks::Two] {
                converted(device, rate, clocks);
            }
        }
    }
}

fn converted(device: u32, rate: u32, clocks: Clocks) {
    let what = format!("a device at {device} Hz, a call at {rate} Hz, {clocks:?}");
    let two = clocks == Clocks::Two;
    let card = free_running(CardSettings {
        rate: device,
        period: device / 100,
        latency: 200.0,
        capture_ppm: if two { 60.0 } else { 0.0 },
        playback_ppm: if two { -40.0 } else { 0.0 },
        ..CardSettings::default()
    });
    card.inject(Fault::Reconfigure { rate: device, period: device / 100 });
    card.advance(Duration::from_millis(1));
    let (mut duplex, mut endpoint) =
        open(&card, DuplexSettings { rate, clocks, ..DuplexSettings::default() });
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let hz = 997.0;
    let (mut written, mut captured, mut first) = (0_u64, Vec::new(), 0);
    let mut frame = vec![0.0; endpoint.frame()];
    // Time for the clocks, a second of tone, and an impulse.
    let settled = if two { 1_500 } else { 200 };
    let impulse_at = u64::from(rate / 100) * (settled + 300);
    let mut tone = Vec::new();
    for block in 0..settled + 400 {
        card.advance(Duration::from_millis(10));
        while let Some(read) = endpoint.read(&mut frame) {
            if block < settled + 200 {
                if block >= settled + 100 {
                    tone.extend_from_slice(&frame);
                }
            } else {
                if captured.is_empty() {
                    first = read.index;
                }
                assert_eq!(read.index - first, captured.len() as u64, "{what}");
                captured.extend_from_slice(&frame);
            }
            for sample in &mut frame {
                *sample = tone_then_impulse(written, impulse_at, hz, rate);
                written += 1;
            }
            assert_eq!(endpoint.write(&frame).accepted, frame.len(), "{what}");
        }
    }
    let stats = duplex.stats();
    assert_eq!(
        (stats.capture.stream.format.rate, stats.playback.stream.format.rate),
        (device, device)
    );
    assert_eq!((stats.capture.lost, stats.capture.discarded), (0, 0), "{what}");
    assert_eq!((stats.playback.underrun, stats.playback.refused), (0, 0), "{what}");
    assert_eq!(stats.clocks.slips, 0, "{what}");

    let (frequency, residual) = residual_db(&tone, hz / f64::from(rate));
    assert!((frequency * f64::from(rate) - hz).abs() < 0.001, "{what}: {frequency}");
    assert!(residual < -90.0, "{what}: {residual} dB beside the tone");

    let skipped = captured.len() / 5; // the tone is over
    let peak = (skipped..captured.len())
        .max_by(|a, b| captured[*a].abs().total_cmp(&captured[*b].abs()))
        .unwrap();
    let played = endpoint.playback_index(impulse_at).unwrap();
    let trip = (first + peak as u64) as f64 - played as f64 - endpoint.offset().unwrap();
    let truth = (200.0 + f64::from(device / 100)) * f64::from(rate) / f64::from(device);
    // A frame of the lower rate, since the impulse has no sharper place there.
    let coarse = 1.0 + f64::from(rate) / f64::from(device);
    assert!((trip - truth).abs() < coarse, "{what}: {trip} frames instead of {truth}");
}

#[test]
fn with_one_clock_by_order_nothing_is_resampled_and_the_rate_is_refused() {
    let card = free_running(CardSettings { rate: 44_100, ..CardSettings::default() });
    card.inject(Fault::Reconfigure { rate: 44_100, period: 441 });
    card.advance(Duration::from_millis(1));
    let settings = DuplexSettings { clocks: Clocks::One, ..DuplexSettings::default() };
    let error =
        Duplex::open(HostSource::Made(Box::new(move || card.host())), settings).unwrap_err();
    assert!(matches!(error, OpenError::UnsupportedRate { rate: 48_000, .. }), "{error}");
}
