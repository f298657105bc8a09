//! Between the frames: band-limited interpolation with a windowed sinc.
//!
//! The window is Blackman's over 64 frames, so the passband reaches 0.45 of the rate: all of the
//! test signal, and more than enough for its correlation.

use core::f64::consts::PI;

/// Frames that must exist on either side of an interpolated position.
pub(crate) const REACH: usize = 32;
pub(crate) const TAPS: usize = 2 * REACH;

/// Weights that give the value `fraction` (0 to 1) of a frame after the frame at index
/// `REACH - 1` of the `TAPS` frames they are applied to.
pub(crate) fn kernel(fraction: f64) -> [f64; TAPS] {
    let mut taps = [0.0; TAPS];
    let sine = (PI * fraction).sin();
    for (i, tap) in taps.iter_mut().enumerate() {
        let distance = i as f64 - (REACH - 1) as f64 - fraction;
        // sin(π(k − f)) is ± sin(πf): one sine serves all taps.
        let sine = if i % 2 == 0 { sine } else { -sine };
        let sinc = if distance.abs() < 1e-9 { 1.0 } else { sine / (PI * distance) };
        let c = (PI * distance / REACH as f64).cos();
        *tap = sinc * (0.34 + 0.5 * c + 0.16 * c * c); // Blackman, cos 2u = 2cos²u − 1
    }
    taps
}

/// The value of `frames` at `position`, which lies `REACH` or more from either end.
pub(crate) fn at(frames: &[f32], position: f64) -> f64 {
    let first = position as usize + 1 - REACH;
    let taps = kernel(position.fract());
    taps.iter().zip(&frames[first..]).map(|(tap, x)| tap * f64::from(*x)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_below_the_edge_of_the_passband_comes_out_as_a_sine() {
        for frequency in [0.01, 0.1, 0.3, 0.44] {
            let wave = |t: f64| (2.0 * PI * frequency * t + 0.7).sin();
            let frames: Vec<f32> = (0..200).map(|n| wave(f64::from(n)) as f32).collect();
            for i in 0..50 {
                let position = 90.0 + 0.1 * f64::from(i);
                let error = (at(&frames, position) - wave(position)).abs();
                assert!(error < 2e-3, "{error} at {position}, {frequency} cycles per frame");
            }
        }
    }
}
