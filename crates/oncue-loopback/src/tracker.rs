//! Follows the lag from block to block, and tells drift from slips. Sees lags only, never audio.
//!
//! A Kalman filter of lag and drift predicts the lag of the next block, and how sure that is. A
//! block that agrees steers the filter; one that does not is held until the next ones say whether it
//! was an outlier or the lag has slipped.

/// A correlation peak is believed when it stands this many deviations of chance above zero.
const BELIEVED: f64 = 5.5;
/// Two clocks are never further apart than this (1000 ppm), in frames per frame.
const MAX_DRIFT: f64 = 1e-3;
/// Deviation of the drift as far as it is known before any measurement.
const ANY_DRIFT: f64 = 0.5 * MAX_DRIFT;
/// Variance that the drift gains in a frame: 5 ppm in a second at 48 kHz.
const WANDER: f64 = 5e-16;

/// The lag of a block of captured frames, as measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    pub(crate) start: i64,
    pub(crate) frames: i64,
    pub(crate) lag: f64,
    /// Variance of the lag's error, in frames².
    pub(crate) variance: f64,
    /// Magnitude of the correlation coefficient, 0 to 1.
    pub(crate) correlation: f64,
}

impl Block {
    /// The frame whose lag the block's lag is.
    pub(crate) const fn middle(&self) -> i64 {
        self.start + self.frames / 2
    }

    pub(crate) const fn end(&self) -> i64 {
        self.start + self.frames
    }

    /// The coefficient of unrelated signals has a deviation of 1/√frames.
    pub(crate) fn is_believed(&self) -> bool {
        self.correlation * (self.frames as f64).sqrt() > BELIEVED
    }
}

/// What a block brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// Nothing certain yet.
    Unclear,
    /// From the middle of `from` to the middle of `to` the lag moved steadily. The lag of `to` is
    /// the filtered one.
    Steady { from: Block, to: Block },
    /// The lag jumped by `frames` between the middles of `before` and `after`, and was steady from
    /// `after` to `to`.
    Slip { before: Block, after: Block, to: Block, frames: i64 },
}

/// Where the lag is and where it goes.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    line: Option<Line>,
    /// The latest block, if it is believed but does not agree with the line.
    candidate: Option<Block>,
}

impl Tracker {
    /// The lag expected at a captured frame.
    pub(crate) fn expected(&self, frame: i64) -> Option<f64> {
        self.line.as_ref().map(|line| line.lag_at(frame))
    }

    /// The last block that agreed with the line.
    pub(crate) fn last(&self) -> Option<Block> {
        self.line.as_ref().map(|line| line.last)
    }

    /// Slope of the lag, in frames per frame.
    pub(crate) fn drift(&self) -> f64 {
        self.line.as_ref().map_or(0.0, |line| line.drift)
    }

    pub(crate) fn take(&mut self, block: Block) -> Step {
        let candidate = self.candidate.take();
        if !block.is_believed() {
            return Step::Unclear;
        }
        let Some(line) = &mut self.line else {
            self.line = candidate.and_then(|first| Line::through(first, block));
            return match (candidate, &self.line) {
                (Some(first), Some(line)) => Step::Steady { from: first, to: line.last },
                _ => {
                    self.candidate = Some(block);
                    Step::Unclear
                }
            };
        };
        let from = line.last;
        let error = line.error(&block).abs();
        if error <= line.tolerance(0.3, 4.0, &block) {
            line.steer(block);
            return Step::Steady { from, to: line.last };
        }
        let Some(first) = candidate.filter(|first| line.are_parallel(first, &block)) else {
            self.candidate = Some(block);
            return Step::Unclear;
        };
        let jump = 0.5 * (line.error(&first) + line.error(&block));
        let slipped = jump.abs() > line.tolerance(0.5, 6.0, &first);
        line.jump_to(block);
        if slipped {
            Step::Slip { before: from, after: first, to: block, frames: jump.round() as i64 }
        } else {
            Step::Steady { from, to: block }
        }
    }
}

#[derive(Debug)]
struct Line {
    /// Filtered lag at the middle of `last`, and its slope in frames per frame.
    lag: f64,
    drift: f64,
    /// Variances of both and their covariance.
    lag_variance: f64,
    covariance: f64,
    drift_variance: f64,
    /// Deviation of the errors of prediction, in frames, as seen.
    jitter: f64,
    last: Block,
}

impl Line {
    /// `None` if the lags are further apart than drift and noise take them.
    fn through(first: Block, second: Block) -> Option<Self> {
        let elapsed = (second.middle() - first.middle()) as f64;
        if (second.lag - first.lag).abs() > MAX_DRIFT * elapsed + 0.3 {
            return None;
        }
        let mut line = Self {
            lag: first.lag,
            drift: 0.0,
            lag_variance: first.variance,
            covariance: 0.0,
            drift_variance: ANY_DRIFT * ANY_DRIFT,
            jitter: 0.0,
            last: first,
        };
        line.steer(second);
        // Until errors are seen: noise sharpens a peak, so the variances may be too small.
        line.jitter = 3.0 * first.variance.max(second.variance).sqrt();
        Some(line)
    }

    fn lag_at(&self, frame: i64) -> f64 {
        self.lag + self.drift * self.elapsed(frame)
    }

    fn variance_at(&self, frame: i64) -> f64 {
        let elapsed = self.elapsed(frame);
        let drift_variance = self.drift_variance + WANDER * elapsed;
        self.lag_variance + elapsed * (2.0 * self.covariance + elapsed * drift_variance)
    }

    const fn elapsed(&self, frame: i64) -> f64 {
        (frame - self.last.middle()) as f64
    }

    fn error(&self, block: &Block) -> f64 {
        block.lag - self.lag_at(block.middle())
    }

    /// `least`, or so many deviations of an error of prediction if that is more. A lag that
    /// wanders has more error than that of the block: then what was seen counts.
    fn tolerance(&self, least: f64, deviations: f64, block: &Block) -> f64 {
        let measured = block.variance.max(self.jitter * self.jitter);
        least.max(deviations * (measured + self.variance_at(block.middle())).sqrt())
    }

    fn are_parallel(&self, first: &Block, second: &Block) -> bool {
        let moved = self.drift * (second.middle() - first.middle()) as f64;
        (second.lag - first.lag - moved).abs() <= self.tolerance(0.3, 4.0, second)
    }

    fn steer(&mut self, block: Block) {
        let error = self.error(&block);
        self.predict(&block);
        let sum = self.lag_variance + block.variance;
        let (lag_gain, drift_gain) = (self.lag_variance / sum, self.covariance / sum);
        self.lag += lag_gain * error;
        self.drift = (self.drift + drift_gain * error).clamp(-MAX_DRIFT, MAX_DRIFT);
        self.drift_variance -= drift_gain * self.covariance;
        self.covariance *= 1.0 - lag_gain;
        self.lag_variance *= 1.0 - lag_gain;
        // 1.25 turns a mean magnitude into a deviation.
        self.jitter += 0.1 * (1.25 * error.abs() - self.jitter);
        self.last = Block { lag: self.lag, ..block };
    }

    /// Goes on to the block's time.
    fn predict(&mut self, block: &Block) {
        let elapsed = self.elapsed(block.middle());
        self.lag = self.lag_at(block.middle());
        self.lag_variance = self.variance_at(block.middle());
        self.drift_variance += WANDER * elapsed;
        self.covariance += elapsed * self.drift_variance;
    }

    fn jump_to(&mut self, block: Block) {
        self.predict(&block);
        self.lag = block.lag;
        self.lag_variance = block.variance;
        self.covariance = 0.0;
        self.last = block;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: i64 = 480;

    fn block(index: i64, lag: f64) -> Block {
        Block { start: index * FRAMES, frames: FRAMES, lag, variance: 1e-4, correlation: 1.0 }
    }

    fn slips(lags: impl IntoIterator<Item = f64>) -> Vec<i64> {
        let mut tracker = Tracker::default();
        (0..)
            .zip(lags)
            .filter_map(|(i, lag)| match tracker.take(block(i, lag)) {
                Step::Slip { frames, .. } => Some(frames),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn drift_up_to_a_thousand_ppm_is_no_slip() {
        for ppm in [-1000.0, -200.0, 0.0, 50.0, 200.0, 1000.0] {
            let lags = (0..2000).map(|i| 700.0 + f64::from(i) * 480.0 * ppm * 1e-6);
            assert_eq!(slips(lags), [], "{ppm} ppm");
        }
    }

    #[test]
    fn a_jump_that_stays_is_a_slip_and_one_that_does_not_is_none() {
        let jump_at_50 = |k: f64| (0..100).map(move |i| if i < 50 { 90.2 } else { 90.2 + k });
        assert_eq!(slips(jump_at_50(1.0)), [1]);
        assert_eq!(slips(jump_at_50(-480.0)), [-480]);
        let outlier_at_50 = (0..100).map(|i| if i == 50 { 300.0 } else { 90.2 });
        assert_eq!(slips(outlier_at_50), []);
    }

    #[test]
    fn a_slip_of_one_frame_is_found_on_top_of_drift() {
        let lag = |i: i32| 90.0 + f64::from(i) * 480.0 * 200e-6 - if i < 50 { 0.0 } else { 1.0 };
        assert_eq!(slips((0..100).map(lag)), [-1]);
    }

    #[test]
    fn a_first_drift_that_was_noise_is_unlearnt() {
        let noisy = |(i, lag)| Block { variance: 0.04, ..block(i, lag) };
        let lags = (0..).zip([0.0, 0.4, 0.0].into_iter().chain([0.0; 500]));
        let mut tracker = Tracker::default();
        assert!(lags.map(noisy).all(|block| !matches!(tracker.take(block), Step::Slip { .. })));
    }

    #[test]
    fn noise_of_a_tenth_of_a_frame_is_no_slip() {
        let mut random = fastrand::Rng::with_seed(9);
        let mut noise = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let lags: Vec<f64> = (0..100_000).map(|_| 50.0 + 0.1 * noise()).collect();
        assert_eq!(slips(lags), []);
    }
}
