//! A tone, and how pure one is.

#![allow(dead_code, reason = "each test file uses a part of it")]

use core::f64::consts::TAU;

/// Takes the best sine near `frequency` (cycles per frame) away from `signal`: its frequency, and what is left over what
/// was there, in dB.
pub(crate) fn residual_db(signal: &[f32], frequency: f64) -> (f64, f64) {
    let mut frequency = frequency;
    let mut left = f64::INFINITY;
    // The phase of the fit in the first and the last third tells how far the frequency is off.
    for _ in 0..6 {
        let third = signal.len() / 3;
        let (first, last) = (&signal[..third], &signal[signal.len() - third..]);
        let distance = (signal.len() - third) as f64;
        let (a, b) = (fit(first, frequency, 0.0), fit(last, frequency, distance));
        let turn = (b.1.atan2(b.0) - a.1.atan2(a.0)) / TAU;
        frequency -= (turn - turn.round()) / distance;
        let (cosine, sine) = fit(signal, frequency, 0.0);
        let (mut energy, mut residual) = (0.0, 0.0);
        for (t, sample) in signal.iter().enumerate() {
            let angle = TAU * frequency * t as f64;
            let rest = f64::from(*sample) - cosine * angle.cos() - sine * angle.sin();
            energy += f64::from(*sample).powi(2);
            residual += rest * rest;
        }
        left = 10.0 * (residual / energy).log10();
    }
    (frequency, left)
}

/// Weights of cosine and sine, by least squares, of a signal that begins at frame `start`.
fn fit(signal: &[f32], frequency: f64, start: f64) -> (f64, f64) {
    let (mut cc, mut cs, mut ss, mut cx, mut sx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (t, sample) in signal.iter().enumerate() {
        let (sine, cosine) = (TAU * frequency * (start + t as f64)).sin_cos();
        cc += cosine * cosine;
        cs += cosine * sine;
        ss += sine * sine;
        cx += cosine * f64::from(*sample);
        sx += sine * f64::from(*sample);
    }
    let determinant = cc * ss - cs * cs;
    ((cx * ss - sx * cs) / determinant, (sx * cc - cx * cs) / determinant)
}

/// Frame `n` of a tone of `hz` at −6 dBFS that ends a second before a lone impulse, frame `impulse_at`.
pub(crate) fn tone_then_impulse(n: u64, impulse_at: u64, hz: f64, rate: u32) -> f32 {
    if n < impulse_at - u64::from(rate) {
        0.5 * (TAU * hz / f64::from(rate) * n as f64).sin() as f32
    } else if n == impulse_at {
        0.9
    } else {
        0.0
    }
}
