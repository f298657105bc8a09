//! Adds repeats and glitches up to figures, in bounded memory however long the run.

use core::ops::Range;

use crate::figures::{Figures, Glitch, GlitchKind, NotHeard, Repeat, decibels};

const MAX_GLITCHES: usize = 10_000;
/// Repeats kept for the medians. When they are full every other one goes, and from then on only
/// every second (fourth, …) is kept.
const MAX_REPEATS: usize = 8_192;
/// Below this many repeats a slope would be chance.
const MIN_FOR_DRIFT: u64 = 10;

#[derive(Debug)]
pub(crate) struct Summary {
    captured_frames: u64,
    lost_frames: u64,
    all_zero: bool,
    energy: f64,

    repeats: u64,
    kept: Vec<Repeat>,
    stride: u64,
    lag: Line,
    /// Lag over time, less the slips.
    unslipped: Line,
    slipped: i64,
    lag_range: Range<f64>,
    confidence: f64,
    inverted: u64,
    measured_frames: u64,
    measured_energy: f64,
    peak: f32,

    counts: [u64; 3],
    glitches: Vec<Glitch>,
}

impl Summary {
    pub(crate) const fn new() -> Self {
        Self {
            captured_frames: 0,
            lost_frames: 0,
            all_zero: true,
            energy: 0.0,
            repeats: 0,
            kept: Vec::new(),
            stride: 1,
            lag: Line::new(),
            unslipped: Line::new(),
            slipped: 0,
            lag_range: f64::INFINITY..f64::NEG_INFINITY,
            confidence: 0.0,
            inverted: 0,
            measured_frames: 0,
            measured_energy: 0.0,
            peak: 0.0,
            counts: [0; 3],
            glitches: Vec::new(),
        }
    }

    pub(crate) fn captured(&mut self, frames: &[f32], is_zero: bool) {
        self.captured_frames += frames.len() as u64;
        self.all_zero &= is_zero;
        self.energy += frames.iter().map(|x| f64::from(x * x)).sum::<f64>();
    }

    pub(crate) const fn lost(&mut self, frames: u64) {
        self.lost_frames = self.lost_frames.saturating_add(frames);
    }

    pub(crate) fn repeat(&mut self, repeat: Repeat, peak: f32) {
        if self.repeats.is_multiple_of(self.stride) {
            if self.kept.len() == MAX_REPEATS {
                let mut odd = false;
                self.kept.retain(|_| {
                    odd = !odd;
                    odd
                });
                self.stride *= 2;
            }
            self.kept.push(repeat);
        }
        self.repeats += 1;
        let middle = repeat.captured_at_frame as f64 + 0.5 * repeat.frames as f64;
        let lag = repeat.lag_frames;
        self.lag.add(middle, lag);
        self.unslipped.add(middle, lag - self.slipped as f64);
        self.lag_range = self.lag_range.start.min(lag)..self.lag_range.end.max(lag);
        self.confidence += repeat.confidence;
        self.inverted += u64::from(repeat.inverted);
        self.measured_frames += repeat.frames;
        self.measured_energy += repeat.frames as f64 * 10_f64.powf(repeat.captured_rms_dbfs / 10.0);
        self.peak = self.peak.max(peak);
    }

    /// No repeat yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.repeats == 0
    }

    /// The lag jumped by `frames` at a captured frame.
    pub(crate) fn slip(&mut self, at: i64, frames: i64) {
        self.slipped += frames;
        let kind = if frames < 0 { GlitchKind::Dropped } else { GlitchKind::Inserted };
        self.glitch(at, frames.unsigned_abs(), kind);
    }

    pub(crate) fn disturbed(&mut self, frames: &Range<i64>) {
        self.glitch(
            frames.start,
            (frames.end - frames.start).unsigned_abs(),
            GlitchKind::Disturbed,
        );
    }

    fn glitch(&mut self, at: i64, frames: u64, kind: GlitchKind) {
        self.counts[kind as usize] += 1;
        if self.glitches.len() < MAX_GLITCHES {
            self.glitches.push(Glitch { at_frame: at.max(0).unsigned_abs(), frames, kind });
        }
    }

    /// `needed`: captured frames without which nothing can be found.
    pub(crate) fn figures(
        &self,
        rate_hz: u32,
        floor_dbfs: f64,
        needed: u64,
    ) -> Result<Figures, NotHeard> {
        let repeats = self.repeats as f64;
        if self.repeats == 0 {
            return Err(self.not_heard(floor_dbfs, needed));
        }
        let drift = self.unslipped.slope().filter(|_| self.repeats >= MIN_FOR_DRIFT);
        let [dropped, inserted, disturbed] = self.counts;
        Ok(Figures {
            rate_hz,
            captured_frames: self.captured_frames,
            lost_frames: self.lost_frames,
            repeats: self.repeats,
            lag_frames: self.median(|repeat| repeat.lag_frames),
            lag_min_frames: self.lag_range.start,
            lag_max_frames: self.lag_range.end,
            lag_deviation_frames: self.lag.deviation(),
            confidence: self.confidence / repeats,
            gain_db: self.median(|repeat| repeat.gain_db),
            inverted: 2 * self.inverted > self.repeats,
            captured_rms_dbfs: decibels(self.measured_energy / self.measured_frames as f64),
            captured_peak_dbfs: decibels(f64::from(self.peak).powi(2)),
            residual_dbfs: self.median(|repeat| repeat.residual_dbfs),
            signal_to_residual_db: self.median(|repeat| repeat.signal_to_residual_db),
            drift_ppm: drift.map(|(slope, _)| slope * 1e6),
            drift_error_ppm: drift.map(|(_, error)| error * 1e6),
            dropped,
            inserted,
            disturbed,
            glitches: self.glitches.clone(),
        })
    }

    fn not_heard(&self, floor_dbfs: f64, needed: u64) -> NotHeard {
        let frames = self.captured_frames;
        let dbfs = decibels(self.energy / frames.max(1) as f64);
        if frames == 0 {
            NotHeard::NothingCaptured
        } else if self.all_zero {
            NotHeard::DigitalZero { frames }
        } else if frames < needed {
            NotHeard::TooShort { frames, needed }
        } else if dbfs < floor_dbfs {
            NotHeard::BelowFloor { dbfs }
        } else {
            NotHeard::NoMatch { dbfs }
        }
    }

    fn median(&self, figure: impl Fn(&Repeat) -> f64) -> f64 {
        median(self.kept.iter().map(figure).collect())
    }
}

/// The middle one of `values`, which are not none (of an even number the upper one).
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Least squares of a line through points as they come (Welford's sums).
#[derive(Debug)]
struct Line {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Line {
    const fn new() -> Self {
        Self { count: 0.0, mean_x: 0.0, mean_y: 0.0, xx: 0.0, xy: 0.0, yy: 0.0 }
    }

    fn add(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        let (dx, dy) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += dx / self.count;
        self.mean_y += dy / self.count;
        self.xx += dx * (x - self.mean_x);
        self.xy += dx * (y - self.mean_y);
        self.yy += dy * (y - self.mean_y);
    }

    fn deviation(&self) -> f64 {
        (self.yy / self.count).sqrt()
    }

    /// Slope and its standard error, from three points on.
    fn slope(&self) -> Option<(f64, f64)> {
        if self.count < 3.0 || self.xx <= 0.0 {
            return None;
        }
        let slope = self.xy / self.xx;
        let residual = (self.yy - slope * self.xy).max(0.0) / (self.count - 2.0);
        Some((slope, (residual / self.xx).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_through_points_of_a_line_is_that_line() {
        let mut line = Line::new();
        for i in 0..100 {
            let x = 1e9 + 4800.0 * f64::from(i);
            line.add(x, 7.0 + (x - 1e9) * 150e-6 + if i % 2 == 0 { 0.01 } else { -0.01 });
        }
        let (slope, error) = line.slope().unwrap();
        assert!((slope * 1e6 - 150.0).abs() < 0.02, "{slope}");
        // 0.01 / (4800 · √(100³ / 12))
        assert!((error * 1e6 - 0.00722).abs() < 1e-4, "{error}");
    }

    #[test]
    fn a_long_run_keeps_its_median_in_bounded_memory() {
        let mut summary = Summary::new();
        for i in 0..100_000_u64 {
            let repeat = Repeat {
                captured_at_frame: i * 4800,
                frames: 4800,
                lag_frames: i as f64,
                gain_db: 0.0,
                inverted: false,
                confidence: 1.0,
                captured_rms_dbfs: -18.0,
                residual_dbfs: -90.0,
                signal_to_residual_db: 72.0,
            };
            summary.repeat(repeat, 0.5);
            summary.disturbed(&(0..1));
        }
        assert!(summary.kept.len() <= MAX_REPEATS);
        let figures = summary.figures(48_000, -80.0, 1).unwrap();
        assert!((figures.lag_frames - 50_000.0).abs() < 50.0, "{}", figures.lag_frames);
        assert_eq!((figures.disturbed, figures.glitches.len()), (100_000, MAX_GLITCHES));
    }
}
