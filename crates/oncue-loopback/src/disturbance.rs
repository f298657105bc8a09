//! Finds what came into the loop besides the signal: clicks, bursts, holes. Sees the residual (the
//! captured frames less the delayed, scaled signal), never the lag.
//!
//! Each millisecond of residual is held against the usual one: the median of the last half second.

use core::ops::Range;
use std::collections::VecDeque;

use crate::summary::median;

/// How many milliseconds make the usual one.
const USUAL: usize = 500;
/// A sample is disturbed beyond this many times the usual RMS: chance needs 10¹⁵ Gaussian samples.
const PEAK: f64 = 8.0;
/// A millisecond is disturbed beyond this many times the usual energy, at least.
const ENERGY: f64 = 6.0;
/// What stays this far below the signal's RMS (20 dB) is no disturbance, however quiet the loop:
/// what interpolation cannot follow is of that kind.
const AUDIBLE: f64 = 0.1;

/// After so many times 10 ms a disturbance is taken for a new state of the loop.
const LASTING: i64 = 100;

#[derive(Debug)]
pub(crate) struct Disturbances {
    /// Frames of a millisecond.
    chunk: usize,
    /// Disturbed frames no further apart than this (10 ms) are one disturbance.
    join: i64,
    usual: VecDeque<f64>,
    open: Option<Range<i64>>,
    /// What begins before this frame has another cause.
    ignore_until: i64,
}

impl Disturbances {
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            chunk: (rate / 1000) as usize,
            join: i64::from(rate / 100),
            usual: VecDeque::with_capacity(USUAL),
            open: None,
            ignore_until: i64::MIN,
        }
    }

    /// Looks at the residual from captured frame `start` on; stretches come in order. Hands each
    /// disturbance that is over to `report`. True if anything was found in this stretch.
    pub(crate) fn look(
        &mut self,
        start: i64,
        residual: &[f32],
        signal_rms: f64,
        mut report: impl FnMut(Range<i64>),
    ) -> bool {
        let count = (residual.len() / self.chunk).max(1);
        let bounds = |i: usize| i * residual.len() / count..(i + 1) * residual.len() / count;
        let energies: Vec<f64> = (0..count).map(|i| mean_square(&residual[bounds(i)])).collect();
        let usual = if self.usual.is_empty() {
            Usual::of(energies.clone())
        } else {
            Usual::of(self.usual.iter().copied().collect())
        };
        let mut found = false;
        for (i, energy) in energies.into_iter().enumerate() {
            let within = usual.disturbed(&residual[bounds(i)], energy, AUDIBLE * signal_rms);
            // What lasts becomes usual.
            let lasts = self.open.as_ref().is_some_and(|o| o.end - o.start > LASTING * self.join);
            if within.is_none() || lasts {
                if self.usual.len() == USUAL {
                    self.usual.pop_front();
                }
                self.usual.push_back(energy);
            }
            let Some(within) = within else { continue };
            let first = start + (bounds(i).start + within.start) as i64;
            let end = start + (bounds(i).start + within.end) as i64;
            if first < self.ignore_until {
                continue;
            }
            found = true;
            self.add(first..end, &mut report);
        }
        if let Some(over) =
            self.open.take_if(|open| start + residual.len() as i64 - open.end > self.join)
        {
            report(over);
        }
        found
    }

    /// Takes `frames` as disturbed.
    pub(crate) fn add(&mut self, frames: Range<i64>, mut report: impl FnMut(Range<i64>)) {
        match &mut self.open {
            Some(open) if frames.start - open.end <= self.join => open.end = frames.end,
            open => {
                if let Some(over) = open.replace(frames) {
                    report(over);
                }
            }
        }
    }

    /// Forgets what is not over, and reports nothing that begins before captured frame `frame`.
    pub(crate) fn ignore_until(&mut self, frame: i64) {
        self.open = None;
        self.ignore_until = frame;
    }

    /// The disturbance that was not over yet.
    pub(crate) fn close(&mut self) -> Option<Range<i64>> {
        self.open.take()
    }
}

/// What a millisecond of residual is like without disturbance.
struct Usual {
    rms: f64,
    /// Energy beyond which a millisecond is disturbed.
    limit: f64,
}

impl Usual {
    /// The energy of a millisecond varies little in a wide band, and much in a narrow one or with
    /// hum: so the limit depends on how far the upper quartile is from the median. The sixth power
    /// leaves room for the tail of an exponential distribution, the widest that noise gives.
    fn of(mut energies: Vec<f64>) -> Self {
        let quartile = 3 * energies.len() / 4;
        let (_, upper, _) = energies.select_nth_unstable_by(quartile, f64::total_cmp);
        let upper = *upper;
        let median = median(energies);
        let spread = if median > 0.0 { (upper / median).powi(6) } else { 1.0 };
        Self { rms: median.sqrt(), limit: median * spread.max(ENERGY) }
    }

    /// The disturbed frames of a chunk. `least` is the RMS below which nothing is.
    fn disturbed(&self, chunk: &[f32], energy: f64, least: f64) -> Option<Range<usize>> {
        let peak = (PEAK * self.rms).max(least * PEAK / ENERGY.sqrt());
        let beyond = |limit: f64| move |x: &f32| f64::from(x.abs()) > limit;
        let is_loud = energy > self.limit.max(least * least);
        if !is_loud && !chunk.iter().any(beyond(peak)) {
            return None;
        }
        let first = chunk.iter().position(beyond(0.5 * peak));
        let last = chunk.iter().rposition(beyond(0.5 * peak));
        Some(first.unwrap_or(0)..last.map_or(chunk.len(), |last| last + 1))
    }
}

fn mean_square(frames: &[f32]) -> f64 {
    frames.iter().map(|x| f64::from(x * x)).sum::<f64>() / frames.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(residual: &[f32]) -> Vec<Range<i64>> {
        let mut disturbances = Disturbances::new(48_000);
        let mut found = Vec::new();
        for (i, stretch) in residual.chunks(480).enumerate() {
            disturbances.look(i as i64 * 480, stretch, 0.1, |over| found.push(over));
        }
        found.extend(disturbances.close());
        found
    }

    fn noise() -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(1);
        (0..480_000).map(|_| (random.f32() - 0.5) * 0.05).collect()
    }

    #[test]
    fn steady_noise_is_undisturbed() {
        assert_eq!(run(&noise()), []);
    }

    #[test]
    fn a_click_is_one_frame_and_a_burst_has_its_length() {
        let mut residual = noise();
        residual[100_007] = -0.4;
        for (x, i) in residual[200_000..200_400].iter_mut().zip(0..) {
            *x = if i % 2 == 0 { 0.3 } else { -0.3 };
        }
        assert_eq!(run(&residual), [100_007..100_008, 200_000..200_400]);
    }

    #[test]
    fn hum_is_usual() {
        let hum = |n: i32| 0.05 * (n as f32 * 50.0 / 48_000.0 * core::f32::consts::TAU).sin();
        let residual: Vec<f32> = (0..96_000).map(hum).collect();
        assert_eq!(run(&residual), []);
    }
}
