//! A fractional latency delays and does nothing else: the loop's output differs from the
//! analytic sine by less than −120 dB, at every frequency up to 0.45 of the rate.

mod rig;

use oncue_card::CardSettings;
use rig::{Duplex, free_running, sine};

/// RMS of the deviation from the analytic sine over the RMS of the sine, in dB.
fn deviation(period: u32, latency: f64, cycles: f64, ppm: [f64; 2]) -> f64 {
    let [capture_ppm, playback_ppm] = ppm;
    let wave = sine(cycles, 0.9);
    let card = free_running(CardSettings {
        period,
        latency,
        capture_ppm,
        playback_ppm,
        ..CardSettings::default()
    });
    let duplex = Duplex::start(&card, move |frame| wave(frame as f64) as f32);
    card.advance_frames(9600);
    let captured = duplex.capture.take();
    assert!(captured.len() > 8000);
    // The start of the sine is a step, and rings through the band-limited kernel.
    let settled = latency.ceil() as usize + 2 * period as usize + 200;
    let (mut error, mut count) = (0.0, 0);
    for (frame, &x) in captured.iter().enumerate().skip(settled) {
        let ratio = (1.0 + playback_ppm * 1e-6) / (1.0 + capture_ppm * 1e-6);
        let time = frame as f64 * ratio;
        error += (f64::from(x) - wave(time - f64::from(period) - latency)).powi(2);
        count += 1;
    }
    10.0 * (error / f64::from(count) / (0.9 * 0.9 / 2.0)).log10()
}

#[test]
fn at_every_fraction_and_frequency() {
    let mut worst = f64::NEG_INFINITY;
    for fraction in [0.001, 0.1, 0.25, 0.333, 0.5, 0.617, 0.75, 0.9, 0.999] {
        for cycles in [0.0007, 0.021, 0.1, 0.2113, 0.25, 0.333, 0.4, 0.43, 0.4499, 0.45] {
            for whole in [0.0, 100.0] {
                worst = worst.max(deviation(480, whole + fraction, cycles, [0.0; 2]));
            }
        }
    }
    assert!(worst < -120.0, "{worst:.1} dB");
}

#[test]
fn while_the_clocks_drift() {
    let mut worst = f64::NEG_INFINITY;
    for ppm in [[0.0, 100.0], [100.0, 0.0], [-300.0, 200.0]] {
        for cycles in [0.021, 0.25, 0.4, 0.4499] {
            worst = worst.max(deviation(480, 70.3, cycles, ppm));
        }
    }
    assert!(worst < -120.0, "{worst:.1} dB");
}

/// The kernel needs 48 frames that follow; with less latency and shorter periods than that the card
/// has to wait for them.
#[test]
fn where_the_look_ahead_is_longer_than_latency_and_period() {
    let mut worst = f64::NEG_INFINITY;
    for period in [16, 17, 48, 64] {
        for latency in [0.01, 0.25, 0.5, 15.9, 16.1, 47.5] {
            for ppm in [[0.0; 2], [0.0, 50.0], [400.0, -400.0]] {
                worst = worst.max(deviation(period, latency, 0.43, ppm));
            }
        }
        for ppm in [[0.0, 50.0], [400.0, -400.0]] {
            worst = worst.max(deviation(period, 0.0, 0.43, ppm));
        }
    }
    assert!(worst < -120.0, "{worst:.1} dB");
}
