//! The resampler changes nothing but the clock: purity, level and delay at ratios near 1 and between the rates of calls.
//!
//! Independent: tones are fitted to the result by least squares, with the ratio, and what the fit leaves is the residual;
//! the delay is where a pulse comes out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::f64::consts::TAU;
use oncue_duplex::Resampler;
use proptest::prelude::*;

/// Resamples a signal by the consumer's frames of 10 ms.
fn pulled(resampler: &mut Resampler, out: usize, signal: impl Fn(usize) -> f64) -> Vec<f32> {
    let mut next = 0;
    let mut result = vec![0.0; out];
    for frame in result.chunks_mut(480) {
        resampler.pull(frame, |input| {
            for sample in input {
                *sample = signal(next) as f32;
                next += 1;
            }
        });
    }
    result
}

/// Fits tones of `frequencies` (cycles per frame) to `signal`, takes them away, and returns their amplitudes and the
/// energy of the residual over that of the signal, in dB.
fn fit(signal: &[f32], frequencies: &[f64]) -> (Vec<f64>, f64) {
    // Normal equations for a cosine and a sine of each tone.
    let basis = |k: usize, t: usize| {
        let angle = TAU * frequencies[k / 2] * t as f64;
        if k.is_multiple_of(2) { angle.cos() } else { angle.sin() }
    };
    let n = 2 * frequencies.len();
    let mut matrix = vec![vec![0.0; n + 1]; n];
    for (t, sample) in signal.iter().enumerate() {
        let row: Vec<f64> = (0..n).map(|k| basis(k, t)).collect();
        for i in 0..n {
            for j in 0..n {
                matrix[i][j] += row[i] * row[j];
            }
            matrix[i][n] += row[i] * f64::from(*sample);
        }
    }
    for i in 0..n {
        let pivot = matrix[i].clone();
        for row in matrix.iter_mut().enumerate().filter(|(j, _)| *j != i).map(|(_, row)| row) {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(&pivot).for_each(|(a, b)| *a -= factor * b);
        }
    }
    let weights: Vec<f64> = (0..n).map(|i| matrix[i][n] / matrix[i][i]).collect();
    let (mut energy, mut residual) = (0.0, 0.0);
    for (t, sample) in signal.iter().enumerate() {
        let fitted: f64 = (0..n).map(|k| weights[k] * basis(k, t)).sum();
        energy += f64::from(*sample).powi(2);
        residual += (f64::from(*sample) - fitted).powi(2);
    }
    let amplitudes = weights.chunks(2).map(|w| w[0].hypot(w[1])).collect();
    (amplitudes, 10.0 * (residual / energy).log10())
}

/// Tones of amplitude 0.4 (or whatever 0.8 leave each) at `hz` through a resampler set to `ratio`: their gains in dB, and
/// the residual in dB.
fn through(from: u32, to: u32, drift: f64, hz: &[f64]) -> (Vec<f64>, f64) {
    let mut resampler = Resampler::new(from, to);
    let ratio = f64::from(to) / f64::from(from) * drift;
    resampler.set_ratio(ratio);
    let each = 0.8 / hz.len() as f64;
    let out = pulled(&mut resampler, 2 * to as usize, |t| {
        hz.iter().map(|hz| each * (TAU * hz / f64::from(from) * t as f64).sin()).sum()
    });
    // In the result a tone's frequency is lower by the ratio.
    let frequencies: Vec<f64> = hz.iter().map(|hz| hz / f64::from(from) / ratio).collect();
    let (amplitudes, residual) = fit(&out[to as usize / 2..], &frequencies);
    (amplitudes.iter().map(|a| 20.0 * (a / each).log10()).collect(), residual)
}

#[test]
fn near_ratio_1_nothing_but_the_clock_changes() {
    for drift in [1.0001, 0.9998, 1.0005] {
        let (gains, residual) = through(48_000, 48_000, drift, &[1_000.0, 10_000.0]);
        assert!(residual <= -130.0, "{drift}: {residual} dB");
        assert!(gains.iter().all(|gain| gain.abs() < 0.001), "{drift}: {gains:?} dB");
        let (gains, residual) = through(48_000, 48_000, drift, &[18_000.0]);
        assert!(residual <= -130.0, "{drift}, 18 kHz: {residual} dB");
        assert!(gains[0].abs() <= 0.1, "{drift}, 18 kHz: {gains:?} dB");
    }
}

#[test]
fn between_the_rates_of_calls_tones_stay_pure() {
    let rates = [8_000_u32, 16_000, 44_100, 48_000, 96_000];
    for from in rates {
        for to in rates.into_iter().filter(|to| *to != from) {
            let top = 0.4 * f64::from(from.min(to));
            let (gains, residual) = through(from, to, 1.0001, &[1_000.0, top]);
            assert!(residual <= -110.0, "{from} to {to}: {residual} dB");
            assert!(gains.iter().all(|gain| gain.abs() < 0.1), "{from} to {to}: {gains:?} dB");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_kept_out() {
    for (from, to, hz) in
        [(48_000, 16_000, 9_000.0), (48_000, 8_000, 5_000.0), (96_000, 44_100, 30_000.0)]
    {
        let mut resampler = Resampler::new(from, to);
        let out = pulled(&mut resampler, to as usize, |t| {
            0.8 * (TAU * hz / f64::from(from) * t as f64).sin()
        });
        let peak =
            out[to as usize / 2..].iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak < 1e-4, "{from} to {to}: {peak}");
    }
}

/// Where a smooth pulse at input frame 1000 comes out, in frames of the result.
fn pulse(resampler: &mut Resampler) -> f64 {
    let out = pulled(resampler, 4_800, |t| (-((t as f64 - 1_000.0) / 8.0).powi(2)).exp());
    let (weight, sum) = out.iter().enumerate().fold((0.0, 0.0), |(weight, sum), (t, sample)| {
        (weight + f64::from(*sample), sum + f64::from(*sample) * t as f64)
    });
    sum / weight
}

#[test]
fn the_delay_is_what_it_says_and_at_most_34_frames() {
    let mut resampler = Resampler::new(48_000, 48_000);
    let shift = pulse(&mut resampler) - 1_000.0;
    // What waits in the resampler for its turn is delay, too: the whole is from the last frame that went in.
    let delay = resampler.behind();
    assert!(delay <= 34.0 && shift <= delay, "{delay} frames, of which {shift} in the filter");
    assert!((delay - resampler.delay()).abs() <= 1.0);
}

#[test]
fn where_the_next_frame_lies_is_known_exactly() {
    for (from, to, drift) in [
        (48_000, 48_000, 1.0),
        (48_000, 48_000, 1.0003),
        (44_100, 48_000, 0.9999),
        (48_000, 16_000, 1.0001),
    ] {
        let mut resampler = Resampler::new(from, to);
        let nominal = f64::from(to) / f64::from(from);
        resampler.set_ratio(nominal * drift);
        let mut gone = 0;
        let mut places = Vec::new();
        let mut out = Vec::new();
        let mut frame = [0.0; 100];
        for _ in 0..60 {
            places.push((out.len(), gone as f64 - resampler.behind()));
            resampler.pull(&mut frame, |input| {
                for sample in input {
                    *sample = (-((gone as f64 - 1_000.0) / 24.0).powi(2)).exp() as f32;
                    gone += 1;
                }
            });
            out.extend_from_slice(&frame);
        }
        // Where the pulse lies in the result, and by the places said in the input.
        let (weight, sum) =
            out.iter().enumerate().fold((0.0, 0.0), |(weight, sum), (t, sample)| {
                (weight + f64::from(*sample), sum + f64::from(*sample) * t as f64)
            });
        let found = sum / weight;
        let (start, place) =
            *places.iter().rev().find(|(start, _)| *start as f64 <= found).unwrap();
        let input = place + (found - start as f64) / resampler.ratio();
        assert!(
            (input - 1_000.0).abs() < 0.01,
            "{from} to {to}: the pulse of 1000 is found at {input}"
        );
    }
}

#[test]
fn after_a_reset_nothing_of_before_is_heard() {
    let mut resampler = Resampler::new(48_000, 44_100);
    resampler.set_ratio(0.92);
    let ratio = resampler.ratio();
    pulled(&mut resampler, 4_410, |_| 0.9);
    resampler.reset();
    assert_eq!(resampler.ratio(), ratio);
    let out = pulled(&mut resampler, 441, |_| 0.0);
    assert!(out.iter().all(|sample| *sample == 0.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Pushed or pulled, in parts of any size, the result is the same, and what is said to be needed or given is what is.
    #[test]
    fn any_parts_give_the_same(
        rates in prop::sample::select(vec![(48_000, 48_000), (44_100, 48_000), (48_000, 16_000), (8_000, 96_000)]),
        ppm in -500.0..500.0_f64,
        parts in prop::collection::vec(1..1_500_usize, 1..20),
    ) {
        let (from, to) = rates;
        let ratio = f64::from(to) / f64::from(from) * (1.0 + ppm * 1e-6);
        let signal = |t: usize| ((t * t % 1_009) as f32 / 1_009.0) - 0.5;
        let [mut pulled, mut pushed] = [(); 2].map(|()| {
            let mut resampler = Resampler::new(from, to);
            resampler.set_ratio(ratio);
            resampler
        });
        let (mut next, mut out) = (0, Vec::new());
        for part in &parts {
            let (before, needs) = (next, pulled.needs(*part));
            let mut frame = vec![0.0; *part];
            pulled.pull(&mut frame, |input| input.iter_mut().for_each(|sample| {
                *sample = signal(next);
                next += 1;
            }));
            let slack = usize::from(*part > 1024);
            prop_assert!((needs - slack..=needs).contains(&(next - before)));
            out.extend(frame);
        }
        let (mut given, mut at) = (Vec::new(), 0);
        for part in parts.iter().cycle() {
            let part = (*part).min(next - at);
            let input: Vec<f32> = (at..at + part).map(signal).collect();
            let (before, gives) = (given.len(), pushed.gives(part));
            pushed.push(&input, |frames| given.extend_from_slice(frames));
            let slack = if gives >= 1024 { 1 + ratio as usize } else { 0 };
            prop_assert!((gives..=gives + slack).contains(&(given.len() - before)));
            at += part;
            if at == next { break }
        }
        prop_assert!(given.len() >= out.len());
        for (a, b) in out.iter().zip(&given) {
            prop_assert!((a - b).abs() < 1e-4, "{} {}", a, b);
        }
    }
}
