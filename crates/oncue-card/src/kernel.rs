//! The interpolation kernel: reads a signal between its samples. A sinc under a Kaiser window, its
//! error below −120 dB up to 0.45 of the rate (`tests/fractional_delay_is_transparent.rs`).

use core::{array, f64::consts::PI};
use std::sync::OnceLock;

/// Samples that one interpolated sample is made of.
pub(crate) const TAPS: usize = 96;
/// Samples needed after the position that is read: half of the kernel.
pub(crate) const AHEAD: usize = TAPS / 2;
/// Shape of the window: side lobes near −140 dB, and a transition that ends at 0.45 of the rate.
const BETA: f64 = 14.0;
/// Fractions in the table. Linear interpolation between neighbours then errs by −132 dB.
const PHASES: usize = 2048;
/// Samples that are weighed at a time.
const LANES: usize = 4;

/// The kernel at one fraction: weights of the samples `1 - AHEAD ..= AHEAD` around a position.
#[derive(Clone)]
pub(crate) struct Row([f64; TAPS]);

impl Row {
    /// The kernel for a position `fraction` (0 to 1) of a frame after a sample.
    pub(crate) fn new(fraction: f64) -> Self {
        let half = AHEAD as f64;
        let scale = bessel_i0(BETA);
        let mut row = [0.0; TAPS];
        for (tap, weight) in row.iter_mut().enumerate() {
            let x = tap as f64 + 1.0 - half - fraction;
            let edge = 1.0 - (x / half) * (x / half);
            *weight = sinc(x) * bessel_i0(BETA * edge.max(0.0).sqrt()) / scale;
        }
        // A constant must pass as it is: the window alone leaves an error of its side lobes.
        let sum: f64 = row.iter().sum();
        Self(row.map(|weight| weight / sum))
    }

    /// The signal at this row's position; `around` holds the samples that the weights belong to.
    pub(crate) fn dot(&self, around: &[f64; TAPS]) -> f64 {
        // Independent sums: one chain of 96 additions would wait for itself.
        let mut sums = [0.0; LANES];
        for (weights, samples) in self.chunks().zip(chunks(around)) {
            sums = array::from_fn(|lane| sums[lane] + weights[lane] * samples[lane]);
        }
        sums.iter().sum()
    }

    fn chunks(&self) -> impl Iterator<Item = &[f64; LANES]> {
        chunks(&self.0)
    }
}

/// The kernel at every fraction, for a position that moves.
pub(crate) struct Table(Box<[Row]>);

impl Table {
    /// The one table of the process (1.6 MB), computed when it is first asked for.
    pub(crate) fn shared() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self((0..=PHASES).map(|phase| Row::new(phase as f64 / PHASES as f64)).collect())
        })
    }

    /// The signal `fraction` (0 to 1) of a frame after a sample.
    pub(crate) fn dot(&self, fraction: f64, around: &[f64; TAPS]) -> f64 {
        let phase = fraction * PHASES as f64;
        let index = (phase as usize).min(PHASES - 1);
        let rows = self.0[index].chunks().zip(self.0[index + 1].chunks());
        // Both rows in one pass over the samples.
        let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
        for ((before, after), samples) in rows.zip(chunks(around)) {
            low = array::from_fn(|lane| low[lane] + before[lane] * samples[lane]);
            high = array::from_fn(|lane| high[lane] + after[lane] * samples[lane]);
        }
        let (low, high): (f64, f64) = (low.iter().sum(), high.iter().sum());
        low + (high - low) * (phase - index as f64)
    }
}

fn chunks(samples: &[f64; TAPS]) -> impl Iterator<Item = &[f64; LANES]> {
    samples.as_chunks().0.iter()
}

fn sinc(x: f64) -> f64 {
    // Exact zeros at the whole numbers: sin(πx) is not zero there in floating point.
    if x == 0.0 {
        1.0
    } else if x.fract() == 0.0 {
        0.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_position_is_the_sample_itself() {
        let samples: [f64; TAPS] = array::from_fn(|n| (n as f64 * 0.7).sin());
        assert_eq!(Row::new(0.0).dot(&samples), samples[AHEAD - 1]);
        assert_eq!(Row::new(1.0).dot(&samples), samples[AHEAD]);
    }

    #[test]
    fn bessel_matches_published_values() {
        // Abramowitz and Stegun, table 9.8.
        for (x, value) in [(0.0, 1.0), (1.0, 1.266_065_877_8), (5.0, 27.239_871_823_6)] {
            assert!((bessel_i0(x) / value - 1.0).abs() < 1e-10, "I0({x})");
        }
    }
}
