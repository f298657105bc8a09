//! A minute without glitches has none, whatever the clocks, the gain and the noise.

use crate::simulated::{Noise, amplify, analyse, captured, telephone_band};

fn check(ppm: f64, seed: u64) {
    let clean = captured(60.0, |n| 15_000.7 + n * ppm * 1e-6);
    // dB of gain, dBFS of noise: ideal; quiet; 30 dB of noise; both; as loud as the signal; louder.
    for (gain, noise) in
        [(0.0, -200.0), (-40.0, -200.0), (0.0, -48.0), (-40.0, -88.0), (0.0, -18.0), (0.0, -10.0)]
    {
        let mut frames = clean.clone();
        amplify(&mut frames, gain);
        Noise::new(seed, noise).add_to(&mut frames);
        let figures = analyse(&frames).unwrap();
        let name = format!("{ppm} ppm, gain {gain} dB, noise {noise} dBFS");
        println!("{name}: {figures:?}");
        assert_eq!(figures.glitches, [], "{name}");
        assert!((figures.drift_ppm.unwrap() - ppm).abs() < 0.1, "{name}: {figures:?}");
        let middle = 15_000.7 + 1_440_000.0 * ppm * 1e-6;
        let off = 0.05 + (ppm * 1e-6 * 24_000.0).abs();
        assert!((figures.lag_frames - middle).abs() < off, "{name}: {figures:?}");
        assert!(figures.repeats >= 590, "{name}: {}", figures.repeats);
    }
}

#[test]
fn with_one_clock() {
    check(0.0, 11);
}

#[test]
fn with_a_fast_capture_clock() {
    check(200.0, 12);
}

#[test]
fn with_a_slow_capture_clock() {
    check(-200.0, 13);
}

/// A blunt correlation peak makes lags less certain, which is no glitch either.
#[test]
fn within_the_band_of_a_telephone() {
    for ppm in [0.0, 200.0] {
        let mut clean = captured(30.0, |n| 5_000.3 + n * ppm * 1e-6);
        telephone_band(&mut clean);
        // The band leaves the signal at −26 dBFS.
        for noise in [-86.0, -46.0, -26.0, -31.0] {
            let mut frames = clean.clone();
            Noise::new(14, noise).add_to(&mut frames);
            let figures = analyse(&frames).unwrap();
            assert_eq!(figures.glitches, [], "{ppm} ppm, noise {noise} dBFS");
            let drift = figures.drift_ppm.unwrap();
            assert!((drift - ppm).abs() < 0.5, "{drift} for {ppm}, noise {noise} dBFS");
        }
    }
}
