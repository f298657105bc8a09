//! Cross-correlation by Fourier transform, and the place of its peak to a fraction of a frame.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::sinc;

/// Correlates blocks of one captured length against longer stretches of the played signal.
pub(crate) struct Correlator {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    input: Vec<f32>,
    captured: Vec<Complex<f32>>,
    played: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    result: Vec<f32>,
}

impl Correlator {
    /// For captured blocks of `captured` frames and `shifts` places or more to try.
    pub(crate) fn new(captured: usize, shifts: usize) -> Self {
        let size = (captured + shifts - 1).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(size);
        let inverse = planner.plan_fft_inverse(size);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            input: vec![0.0; size],
            captured: forward.make_output_vec(),
            played: forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
            result: vec![0.0; size],
            forward,
            inverse,
        }
    }

    /// How many shifts a block of `captured` frames can be tried at.
    pub(crate) fn shifts(&self, captured: usize) -> usize {
        self.result.len() + 1 - captured
    }

    /// `result[j]` is the sum over `i` of `captured[i] * played[i + j]`, for each `j` at which the
    /// captured block lies within `played`. The captured block's mean is taken out first: the test
    /// signal has no DC, so an offset of the device can only hide it.
    pub(crate) fn correlate(&mut self, captured: &[f32], played: &[f32]) -> &[f32] {
        let mean = captured.iter().sum::<f32>() / captured.len() as f32;
        let without_mean = captured.iter().map(|x| x - mean);
        transform(
            &*self.forward,
            &mut self.input,
            without_mean,
            &mut self.captured,
            &mut self.scratch,
        );
        transform(
            &*self.forward,
            &mut self.input,
            played.iter().copied(),
            &mut self.played,
            &mut self.scratch,
        );
        for (p, c) in self.played.iter_mut().zip(&self.captured) {
            *p *= c.conj();
        }
        // The product of two spectra of real signals is real at both ends; rounding may not be.
        for end in [0, self.played.len() - 1] {
            self.played[end].im = 0.0;
        }
        self.inverse
            .process_with_scratch(&mut self.played, &mut self.result, &mut self.scratch)
            .expect("buffers are as long as the plan says");
        let shifts = played.len() + 1 - captured.len();
        let scale = 1.0 / self.input.len() as f32;
        let result = &mut self.result[..shifts];
        result.iter_mut().for_each(|x| *x *= scale);
        result
    }
}

fn transform(
    plan: &dyn RealToComplex<f32>,
    input: &mut [f32],
    frames: impl ExactSizeIterator<Item = f32>,
    spectrum: &mut [Complex<f32>],
    scratch: &mut [Complex<f32>],
) {
    let count = frames.len();
    input.iter_mut().zip(frames).for_each(|(input, x)| *input = x);
    input[count..].fill(0.0);
    plan.process_with_scratch(input, spectrum, scratch)
        .expect("buffers are as long as the plan says");
}

impl fmt::Debug for Correlator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Correlator").field("size", &self.input.len()).finish_non_exhaustive()
    }
}

/// Index of the largest magnitude within `range`, and that magnitude.
pub(crate) fn largest(correlation: &[f32], range: Range<usize>) -> (usize, f32) {
    let candidates = correlation[range.clone()].iter().map(|x| x.abs());
    range.zip(candidates).fold((0, 0.0), |best, at| if at.1 > best.1 { at } else { best })
}

/// The sum of squares without the part of the mean.
pub(crate) fn energy_without_mean(frames: &[f32]) -> f64 {
    let (sum, energy) = frames.iter().fold((0.0, 0.0), |(sum, energy), x| {
        let x = f64::from(*x);
        (sum + x, energy + x * x)
    });
    energy - sum * sum / frames.len() as f64
}

/// A peak between the samples of a correlation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peak {
    pub(crate) position: f64,
    /// Magnitude.
    pub(crate) height: f64,
    /// How fast it falls to the sides: minus the second derivative of the magnitude.
    pub(crate) curvature: f64,
}

/// The peak that index `near` is on the slope of; `None` if that leads out of the correlation. The
/// correlation of band-limited signals is band-limited too, so what is between its samples is known.
pub(crate) fn refine(correlation: &[f32], near: usize) -> Option<Peak> {
    let sign = if correlation[near] < 0.0 { -1.0 } else { 1.0 };
    let height = |i: usize| correlation[i] * sign as f32;
    let interior = sinc::REACH + 1..correlation.len() - sinc::REACH - 1;
    let mut near = near;
    loop {
        if !interior.contains(&near) {
            return None;
        }
        match [near - 1, near + 1].into_iter().find(|i| height(*i) > height(near)) {
            Some(higher) => near = higher,
            None => break,
        }
    }
    let mut peak = Peak { position: near as f64, height: 0.0, curvature: 0.0 };
    // Parabolas through ever closer points: the last error is far below what noise allows.
    for step in [0.5, 0.25, 0.1, 0.05] {
        let [before, here, after] =
            [-step, 0.0, step].map(|offset| sign * sinc::at(correlation, peak.position + offset));
        let fall = 2.0 * here - before - after;
        if fall > 0.0 {
            peak.position += (0.5 * (after - before) / fall).clamp(-1.0, 1.0) * step;
        } else {
            peak.position += if after > before { step } else { -step };
        }
        peak.height = here;
        // Of the first points, which rounding hardly touches.
        if peak.curvature <= 0.0 {
            peak.curvature = fall / (step * step);
        }
    }
    Some(peak).filter(|peak| peak.height > 0.0 && peak.curvature > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::TAU;

    #[test]
    fn the_transform_agrees_with_the_sum_it_stands_for() {
        let mut random = fastrand::Rng::with_seed(3);
        let captured: Vec<f32> = (0..37).map(|_| random.f32() - 0.3).collect();
        let played: Vec<f32> = (0..99).map(|_| random.f32() - 0.5).collect();
        let mean = captured.iter().sum::<f32>() / 37.0;
        let mut correlator = Correlator::new(37, 63);
        let result = correlator.correlate(&captured, &played);
        assert_eq!(result.len(), 63);
        for (j, got) in result.iter().enumerate() {
            let sum: f32 = (0..37).map(|i| (captured[i] - mean) * played[i + j]).sum();
            assert!((got - sum).abs() < 1e-4, "{got} for {sum} at {j}");
        }
    }

    /// The peak of a sum of cosines in phase at `truth`, whose place is exact by construction.
    #[test]
    fn the_peak_is_found_to_a_thousandth_of_a_frame() {
        for i in 0..97 {
            let truth = 100.0 + f64::from(i) / 97.0;
            let wave = |n: usize| -> f64 {
                (1..=44).map(|k| (TAU * 0.01 * f64::from(k) * (n as f64 - truth)).cos()).sum()
            };
            for sign in [1.0, -1.0] {
                let correlation: Vec<f32> = (0..200).map(|n| (sign * wave(n)) as f32).collect();
                let (near, _) = largest(&correlation, 60..140);
                let found = refine(&correlation, near).unwrap().position;
                assert!((found - truth).abs() < 1e-3, "{found} for {truth}");
            }
        }
    }
}
