//! Holds a stretch of the capture against the played signal at the lag it was tracked at.

use core::ops::Range;

use crate::figures::{Repeat, decibels};
use crate::history::Played;
use crate::signal::dot;
use crate::sinc;

/// The lag is constant over so many frames: at 200 ppm it is never more than 0.0025 frames off.
const STEP: i64 = 24;

/// The played signal as it would be captured over `frames` with the lag that `lag` gives for a
/// captured frame, at gain 1. `None` if the played frames are forgotten.
pub(crate) fn delayed(
    played: &mut Played,
    frames: Range<i64>,
    lag: impl Fn(i64) -> f64,
) -> Option<Vec<f32>> {
    let mut out = Vec::with_capacity(usize::try_from(frames.end - frames.start).ok()?);
    let mut fraction_of_taps = f64::INFINITY;
    let mut taps = [0.0; sinc::TAPS];
    let mut start = frames.start;
    while start < frames.end {
        let end = (start + STEP).min(frames.end);
        let position = start as f64 - lag((start + end) / 2);
        let whole = position.floor();
        let fraction = position - whole;
        if (fraction - fraction_of_taps).abs() > 5e-4 {
            taps = sinc::kernel(fraction).map(|tap| tap as f32);
            fraction_of_taps = fraction;
        }
        let first = whole as i64 + 1 - sinc::REACH as i64;
        let window = played.get(first, first + (end - start) + sinc::TAPS as i64 - 1)?;
        out.extend(window.windows(sinc::TAPS).map(|window| dot(&taps, window)));
        start = end;
    }
    Some(out)
}

/// How the signal stands in a stretch of captured frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    gain: f64,
    offset: f64,
    frames: f64,
    energy: f64,
    peak: f32,
    /// Sums of products of captured and delayed frames, each without its mean.
    cc: f64,
    cd: f64,
    dd: f64,
}

impl Fit {
    pub(crate) fn new(captured: &[f32], delayed: &[f32]) -> Self {
        let frames = captured.len() as f64;
        let sum = |x: &[f32]| x.iter().map(|x| f64::from(*x)).sum::<f64>();
        let product = |x: &[f32], y: &[f32]| {
            x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>()
        };
        let (mean_c, mean_d) = (sum(captured) / frames, sum(delayed) / frames);
        let energy = product(captured, captured);
        let cc = energy - frames * mean_c * mean_c;
        let cd = product(captured, delayed) - frames * mean_c * mean_d;
        let dd = product(delayed, delayed) - frames * mean_d * mean_d;
        let gain = if dd > 0.0 { cd / dd } else { 0.0 };
        let peak = captured.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        Self { gain, offset: mean_c - gain * mean_d, frames, energy, peak, cc, cd, dd }
    }
}

/// Gain and offset of the loop, averaged so that a hole or a burst hardly moves them.
///
/// A Kalman filter of the gain: a stretch counts by how well the signal explains it.
#[derive(Debug)]
pub(crate) struct Level {
    gain: f64,
    offset: f64,
    /// Variance of the gain, relative to its square.
    variance: f64,
}

impl Level {
    /// What the gain may change by in a stretch: 0.5 %, squared.
    const CHANGE: f64 = 2.5e-5;

    pub(crate) const fn gain(&self) -> f64 {
        self.gain
    }

    pub(crate) fn update(&mut self, fit: &Fit) {
        let explained = fit.cd * fit.cd;
        if explained <= 0.0 {
            return;
        }
        let unexplained = (fit.cc * fit.dd - explained).max(0.0);
        let variance = (unexplained / explained / fit.frames).max(1e-6);
        self.variance += Self::CHANGE;
        let weight = self.variance / (self.variance + variance);
        self.gain += weight * (fit.gain - self.gain);
        self.offset += weight * (fit.offset - self.offset);
        self.variance *= 1.0 - weight;
    }

    /// What remains of the captured frames without the signal and the offset.
    pub(crate) fn residual(&self, captured: &[f32], delayed: &[f32]) -> Vec<f32> {
        let (gain, offset) = (self.gain as f32, self.offset as f32);
        captured.iter().zip(delayed).map(|(c, d)| c - offset - gain * d).collect()
    }
}

impl Default for Level {
    /// Nothing known: the first stretch says it all.
    fn default() -> Self {
        Self { gain: 0.0, offset: 0.0, variance: 1e6 }
    }
}

/// A repeat in the making: adjacent stretches without a slip.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    start: i64,
    frames: f64,
    lag: f64,
    energy: f64,
    cc: f64,
    cd: f64,
    dd: f64,
    residual: f64,
    pub(crate) peak: f32,
}

impl Collected {
    /// Adds the stretch that begins at captured frame `start` and has a mean lag of `lag`.
    pub(crate) fn add(&mut self, start: i64, lag: f64, fit: &Fit) {
        if self.frames == 0.0 {
            self.start = start;
        }
        self.frames += fit.frames;
        self.lag += fit.frames * lag;
        self.energy += fit.energy;
        self.cc += fit.cc;
        self.cd += fit.cd;
        self.dd += fit.dd;
        self.residual += (fit.cc - fit.gain * fit.cd).max(0.0);
        self.peak = self.peak.max(fit.peak);
    }

    pub(crate) fn frames(&self) -> u64 {
        self.frames as u64
    }

    /// The figures of all stretches; `None` without any signal in them.
    pub(crate) fn repeat(&self) -> Option<Repeat> {
        if self.cc <= 0.0 || self.dd <= 0.0 {
            return None;
        }
        let gain = self.cd / self.dd;
        let signal = gain * self.cd;
        Some(Repeat {
            captured_at_frame: self.start.max(0).unsigned_abs(),
            frames: self.frames(),
            lag_frames: self.lag / self.frames,
            gain_db: decibels(gain * gain),
            inverted: gain < 0.0,
            confidence: (self.cd.abs() / (self.cc * self.dd).sqrt()).min(1.0),
            captured_rms_dbfs: decibels(self.energy / self.frames),
            residual_dbfs: decibels(self.residual / self.frames),
            signal_to_residual_db: decibels(signal / self.frames)
                - decibels(self.residual / self.frames),
        })
    }
}
