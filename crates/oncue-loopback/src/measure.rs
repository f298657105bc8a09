//! Measures the lag of one block near where it is expected, and how sure that is.

use std::borrow::Cow;

use crate::correlate::{Correlator, energy_without_mean, largest, refine};
use crate::history::Played;
use crate::sinc;
use crate::stretch::delayed;
use crate::tracker::Block;

/// Frames to either side of the expected lag within which a peak is the same path.
const NEAR: usize = 4;
/// Share of the best peak that the near one must have to be preferred.
const PREFERENCE: f32 = 0.7;
/// Variance of a lag without any noise, in frames²: 0.002² for what the block's edges cut off.
const LEAST_VARIANCE: f64 = 4e-6;

/// The lag of the `captured` frames from `start` on: the best peak around `expected`, as far as the
/// correlator reaches. `drift` is that of the lag, in frames per frame.
pub(crate) fn measure(
    correlator: &mut Correlator,
    start: i64,
    captured: &[f32],
    played: &mut Played,
    expected: f64,
    drift: f64,
) -> Block {
    let frames = captured.len() as i64;
    let unheard = Block { start, frames, lag: expected, variance: 1.0, correlation: 0.0 };
    let around = (correlator.shifts(captured.len()) as i64 - 1) / 2;
    let centre = expected.round() as i64;
    let heard = start - centre - around..start - centre + around + frames;
    // Over a long block drift smears the peak: play at the speed of the capture clock.
    let heard = if (drift * frames as f64).abs() < 0.2 {
        played.get(heard.start, heard.end).map(Cow::Borrowed)
    } else {
        let middle = unheard.middle() - centre;
        delayed(played, heard, |frame| drift * (frame - middle) as f64).map(Cow::Owned)
    };
    let Some(heard) = heard else { return unheard };

    let correlation = correlator.correlate(captured, &heard);
    let margin = sinc::REACH + 1;
    let (mut index, height) = largest(correlation, margin..correlation.len() - margin);
    let middle = around as usize;
    let (near, near_height) = largest(correlation, middle - NEAR..middle + NEAR + 1);
    if near_height >= PREFERENCE * height {
        index = near;
    }
    let Some(peak) = refine(correlation, index) else { return unheard };
    let energy = energy_without_mean(captured);
    let energy_heard = energy_without_mean(&heard[index..index + captured.len()]);
    if energy <= 0.0 || energy_heard <= 0.0 {
        return unheard;
    }
    let correlation = (peak.height / (energy * energy_heard).sqrt()).min(1.0);
    // The peak moves by the slope that noise puts on it over its curvature. The slope of noise
    // follows from its level and its mean square frequency, for which that of the capture has to
    // do. This is what tells a narrow band, with its blunt peak, from a wide one.
    let noise = energy * (1.0 - correlation * correlation) / captured.len() as f64;
    let slope = noise * energy_heard * mean_square_frequency(captured, energy);
    let variance = (slope / (peak.curvature * peak.curvature)).max(LEAST_VARIANCE);
    let lag = (centre + around) as f64 - peak.position;
    Block { start, frames, lag, variance, correlation }
}

/// In (radians per frame)²: the power of the difference of neighbours over the power.
fn mean_square_frequency(frames: &[f32], energy: f64) -> f64 {
    let steps = frames.windows(2).map(|pair| f64::from(pair[1] - pair[0]).powi(2)).sum::<f64>();
    steps / energy
}
