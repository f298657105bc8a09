//! Lag, gain, levels and drift, against loops whose values are known.

use oncue_loopback::{Analyser, AnalyserSettings, Figures, NotHeard, TestSignal};

use crate::simulated::{Noise, RATE, amplify, analyse, captured, delay, signal, telephone_band};

/// `count` lags, from 0 to 1.9 s.
fn lags(seed: u64, count: usize) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut lags: Vec<f64> = (0..count).map(|_| random.f64() * 1.9 * f64::from(RATE)).collect();
    lags.extend([0.0, 0.37, 1.5]);
    lags
}

/// The largest error of the lag over random lags, of loops that `spoil` makes out of ideal ones.
fn largest_error(
    seed: u64,
    count: usize,
    mut spoil: impl FnMut(&mut [f32]),
) -> (f64, Vec<Figures>) {
    let mut all = Vec::new();
    let mut largest = 0.0_f64;
    for lag in lags(seed, count) {
        let mut frames = captured(lag / f64::from(RATE) + 1.5, |_| lag);
        spoil(&mut frames);
        let figures = analyse(&frames).unwrap();
        assert_eq!(figures.glitches, [], "at {lag}");
        largest = largest.max((figures.lag_frames - lag).abs());
        all.push(figures);
    }
    println!("largest error {largest:.5} frames over {} loops", all.len());
    (largest, all)
}

#[test]
fn an_ideal_loop_is_exact_to_a_fiftieth_of_a_frame() {
    let (error, all) = largest_error(1, 25, |_| ());
    assert!(error < 0.02, "{error}");
    for figures in all {
        assert!(figures.confidence > 0.999 && figures.gain_db.abs() < 0.01, "{figures:?}");
        assert!(figures.lag_deviation_frames < 0.01, "{figures:?}");
        assert!((figures.captured_rms_dbfs - -18.0).abs() < 0.3, "{figures:?}");
        assert!(figures.signal_to_residual_db > 40.0, "{figures:?}");
        assert!(!figures.inverted);
    }
}

#[test]
fn a_quiet_loop_with_noise_is_exact_to_a_twentieth_of_a_frame() {
    // Signal at −48 dBFS, noise 40 dB below it.
    let mut noise = Noise::new(2, -88.0);
    let (error, all) = largest_error(2, 20, |frames| {
        amplify(frames, -30.0);
        noise.add_to(frames);
    });
    assert!(error < 0.05, "{error}");
    for figures in all {
        assert!((figures.gain_db - -30.0).abs() < 0.1, "{figures:?}");
        assert!((figures.signal_to_residual_db - 40.0).abs() < 1.0, "{figures:?}");
        assert!((figures.residual_dbfs - -88.0).abs() < 1.0, "{figures:?}");
    }
}

#[test]
fn a_quiet_loop_under_noise_louder_than_itself_is_exact_to_a_twentieth_of_a_frame() {
    // Signal at −48 dBFS, noise at −40 dBFS.
    let mut noise = Noise::new(3, -40.0);
    let (error, all) = largest_error(3, 20, |frames| {
        amplify(frames, -30.0);
        noise.add_to(frames);
    });
    assert!(error < 0.05, "{error}");
    // √(1 / (1 + 10^0.8))
    assert!(all.iter().all(|figures| (figures.confidence - 0.370).abs() < 0.03), "{all:?}");
}

#[test]
fn noise_as_loud_as_the_signal_costs_confidence_and_nothing_else() {
    let mut noise = Noise::new(4, -18.0);
    let (error, all) = largest_error(4, 20, |frames| noise.add_to(frames));
    assert!(error < 0.05, "{error}");
    assert!(all.iter().all(|figures| (figures.confidence - 0.707).abs() < 0.03), "{all:?}");
}

#[test]
fn inverted_polarity_is_found_and_said() {
    let frames = captured(2.0, |_| 1234.56).iter().map(|x| -0.5 * x).collect::<Vec<_>>();
    let figures = analyse(&frames).unwrap();
    assert!(figures.inverted);
    assert!((figures.lag_frames - 1234.56).abs() < 0.02, "{figures:?}");
    assert!((figures.gain_db - -6.02).abs() < 0.01, "{figures:?}");
}

#[test]
fn a_low_pass_adds_its_delay_and_costs_confidence() {
    let pole = (-core::f32::consts::TAU * 8_000.0 / RATE as f32).exp();
    let mut state = 0.0;
    let frames: Vec<f32> = captured(2.0, |_| 500.25)
        .iter()
        .map(|x| {
            state += (1.0 - pole) * (x - state);
            state
        })
        .collect();
    let figures = analyse(&frames).unwrap();
    // Group delay: 0.54 frames at DC, less above.
    let extra = figures.lag_frames - 500.25;
    println!("low-pass adds {extra:.3} frames, confidence {:.3}", figures.confidence);
    assert!((0.0..0.6).contains(&extra), "{figures:?}");
    assert!((0.8..0.99).contains(&figures.confidence), "{figures:?}");
    assert_eq!(figures.glitches, []);
}

#[test]
fn the_band_of_a_telephone_is_enough() {
    let mut frames = captured(3.0, |_| 7_000.5);
    telephone_band(&mut frames);
    let figures = analyse(&frames).unwrap();
    println!("telephone band: lag {:.3}, confidence {:.3}", figures.lag_frames, figures.confidence);
    assert!((7_000.0..7_015.0).contains(&figures.lag_frames), "{figures:?}");
    assert!(figures.lag_deviation_frames < 0.5, "{figures:?}");
    assert_eq!(figures.glitches, []);
}

#[test]
fn an_echo_or_an_offset_does_not_move_the_lag() {
    let direct = captured(2.0, |_| 480.3);
    let echo = captured(2.0, |_| 1_300.8);
    let frames: Vec<f32> =
        direct.iter().zip(&echo).map(|(x, echo)| x - 0.8 * echo + 0.25).collect();
    let figures = analyse(&frames).unwrap();
    assert!((figures.lag_frames - 480.3).abs() < 0.05, "{figures:?}");
    assert_eq!(figures.glitches, []);
}

#[test]
fn drift_is_measured_in_ppm() {
    for ppm in [-1000.0, -200.0, -3.0, 20.0, 200.0, 1000.0] {
        let figures = analyse(&captured(10.0, |n| 2_000.0 + n * ppm * 1e-6)).unwrap();
        let (drift, error) = (figures.drift_ppm.unwrap(), figures.drift_error_ppm.unwrap());
        println!("{ppm} ppm: {drift:.4} ± {error:.4}, confidence {:.4}", figures.confidence);
        assert!((drift - ppm).abs() < 0.1, "{drift} for {ppm}");
        assert!(error < 0.1, "{error} for {ppm}");
        assert_eq!(figures.glitches, [], "{ppm}");
        let middle = 2_000.0 + 240_000.0 * ppm * 1e-6;
        assert!((figures.lag_frames - middle).abs() < 0.03 * ppm.abs() + 0.02, "{figures:?}");
    }
}

#[test]
fn other_rates_and_repeats_measure_as_well() {
    for (rate, repeat) in
        [(8_000, 800), (16_000, 1_600), (44_100, 4_410), (192_000, 19_200), (48_000, 512)]
    {
        let mut signal = TestSignal::new(rate, 3).unwrap();
        let mut source = vec![0.0; 2 * rate as usize];
        signal.fill(&mut source);
        let frames = delay(&source, source.len(), |_| 333.7);
        let settings =
            AnalyserSettings { repeat_frames: repeat, ..AnalyserSettings::for_rate(rate) };
        let mut analyser = Analyser::new(&signal, settings).unwrap();
        analyser.push(&frames);
        let figures = analyser.finish().unwrap();
        assert!((figures.lag_frames - 333.7).abs() < 0.02, "{figures:?} at {rate} Hz");
        assert_eq!(figures.glitches, [], "at {rate} Hz");
    }
}

#[test]
fn repeats_come_while_the_loop_runs() {
    let frames = captured(2.0, |_| 4_800.0);
    let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
    let mut next = 0;
    let mut repeats = 0;
    for block in frames.chunks(480) {
        analyser.push(block);
        while let Some(repeat) = analyser.poll_repeat() {
            assert!(repeat.captured_at_frame >= next, "{repeat:?} after {next}");
            assert!((repeat.lag_frames - 4_800.0).abs() < 0.01, "{repeat:?}");
            next = repeat.captured_at_frame + repeat.frames;
            repeats += 1;
        }
    }
    assert!(repeats >= 16, "{repeats}");
    assert_eq!(analyser.figures().unwrap().repeats, repeats);
}

#[test]
fn a_declared_gap_counts_in_the_lag_and_is_no_glitch() {
    let frames = captured(4.0, |n| 700.3 + n * 50e-6);
    for lost in [1, 480, 30_000, 90_000] {
        let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
        analyser.push(&frames[..60_000]);
        analyser.gap(lost as u64);
        analyser.push(&frames[60_000 + lost..]);
        let figures = analyser.finish().unwrap();
        assert_eq!((figures.lost_frames, &figures.glitches[..]), (lost as u64, &[][..]));
        assert!(figures.lag_max_frames < 710.0 && figures.lag_min_frames > 700.0, "{figures:?}");
    }
}

#[test]
fn a_gap_without_end_costs_nothing() {
    let frames = captured(1.0, |_| 100.0);
    let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
    analyser.push(&frames);
    for _ in 0..3 {
        analyser.gap(u64::MAX);
    }
    analyser.push(&frames);
    assert!((analyser.finish().unwrap().lag_frames - 100.0).abs() < 0.02);
    let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
    analyser.gap(u64::MAX);
    assert_eq!(analyser.finish(), Err(NotHeard::NothingCaptured));
}
