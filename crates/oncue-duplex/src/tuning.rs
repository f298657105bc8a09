//! A target fill that tunes itself: it starts low, grows after trouble, shrinks after a quiet while, within bounds.
//!
//! Pure: troubles and time are told to it. It does not hunt. A step down is a trial; if trouble follows before the trial
//! is over, the step is taken back and the next trial waits twice as long, so that a device which needs more than the
//! lower bound is disturbed ever more rarely: n times in 2^n quiet whiles, and in the end twice a day. (As
//! TCP's additive increase the growth is by steps, and as its back-off the patience doubles.)

use core::time::Duration;

/// How long nothing may go wrong before the first step down is tried.
const QUIET: Duration = Duration::from_secs(10);
/// Doublings of [`QUIET`] at most: 11 hours.
const DOUBLINGS: u32 = 12;
/// Troubles that come this soon after the target grew are the same one: a stall costs several blocks.
const ONE: Duration = Duration::from_millis(500);

/// Between which fills the target may be, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetBounds {
    /// The lowest, where it starts; but never less than the device takes at once.
    pub min: u32,
    /// The highest, at most [`MAX_PERIOD`](crate::MAX_PERIOD).
    pub max: u32,
}

/// Tunes the target fill of one direction. Times are of any monotonic clock.
#[derive(Clone, Debug)]
pub struct TargetTuner {
    bounds: TargetBounds,
    step: u32,
    target: u32,
    doublings: u32,
    /// When the last trouble was, or the last change, or the start.
    since: Duration,
    /// When the target grew last, or was to.
    grew: Option<Duration>,
    /// The last change was a step down.
    on_trial: bool,
}

impl TargetTuner {
    /// Starts at the lower bound, at `now`. A device that takes `period` frames at once needs at least these; they are
    /// also the size of a step, with 2.5 ms at least at a rate of `rate` Hz.
    pub fn new(bounds: TargetBounds, period: u32, rate: u32, now: Duration) -> Self {
        let max = bounds.max.max(1);
        let bounds = TargetBounds { min: bounds.min.max(period).min(max), max };
        Self {
            bounds,
            step: period.max(rate / 400).max(1),
            target: bounds.min,
            doublings: 0,
            since: now,
            grew: None,
            on_trial: false,
        }
    }

    /// The fill to keep, in frames.
    pub const fn target(&self) -> u32 {
        self.target
    }

    /// Says at `now` whether something went wrong since the last call: an xrun, an underrun, a lost frame. Returns the
    /// new target if it changed. `now` may not go back; ask ten times a second or so.
    pub fn observe(&mut self, trouble: bool, now: Duration) -> Option<u32> {
        let before = self.target;
        if trouble {
            self.since = now;
            if self.grew.is_none_or(|last| now.saturating_sub(last) >= ONE) {
                self.grew = Some(now);
                if core::mem::take(&mut self.on_trial) {
                    self.doublings = (self.doublings + 1).min(DOUBLINGS);
                }
                self.target = self.target.saturating_add(self.step).min(self.bounds.max);
            }
        } else if now.saturating_sub(self.since) >= self.patience() {
            // A trial that lasted makes the next one come sooner again.
            if self.on_trial {
                self.doublings = self.doublings.saturating_sub(1);
            }
            self.target = self.target.saturating_sub(self.step).max(self.bounds.min);
            self.on_trial = self.target < before;
            self.since = now;
        }
        (self.target != before).then_some(self.target)
    }

    fn patience(&self) -> Duration {
        QUIET.saturating_mul(1 << self.doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;
    const BOUNDS: TargetBounds = TargetBounds { min: 480, max: 4800 };
    const LOOK: Duration = Duration::from_millis(100);

    fn seconds(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    fn tuner() -> TargetTuner {
        TargetTuner::new(BOUNDS, 480, RATE, Duration::ZERO)
    }

    /// A device that is in trouble a second after its fill is below `needed`, and is never so above: how often it was,
    /// and where the target stands, after `time`.
    fn run(
        tuner: &mut TargetTuner,
        needed: u32,
        from: Duration,
        time: Duration,
    ) -> (u32, Vec<u32>) {
        let (mut now, mut below, mut troubles, mut targets) = (from, from, 0, Vec::new());
        while now < from + time {
            now += LOOK;
            if tuner.target() >= needed {
                below = now;
            }
            let trouble = now - below >= seconds(1.0);
            if trouble {
                troubles += 1;
                below = now;
            }
            tuner.observe(trouble, now);
            targets.push(tuner.target());
        }
        (troubles, targets)
    }

    #[test]
    fn it_starts_low_and_stays_there_while_nothing_goes_wrong() {
        let mut tuner = tuner();
        assert_eq!(tuner.target(), 480);
        assert_eq!(tuner.observe(false, seconds(1e6)), None);
        assert_eq!(tuner.target(), 480);
    }

    #[test]
    fn it_grows_once_for_a_trouble_and_shrinks_after_a_quiet_while() {
        let mut tuner = tuner();
        assert_eq!(tuner.observe(true, seconds(1.0)), Some(960));
        assert_eq!(tuner.observe(true, seconds(1.1)), None, "the same trouble goes on");
        assert_eq!(tuner.observe(true, seconds(1.7)), Some(1440), "another one");
        assert_eq!(tuner.observe(false, seconds(11.6)), None);
        assert_eq!(tuner.observe(false, seconds(11.7)), Some(960));
        assert_eq!(tuner.observe(false, seconds(21.7)), Some(480));
        assert_eq!(tuner.observe(false, seconds(99.0)), None, "no lower than the bound");
    }

    #[test]
    fn a_period_is_the_least_and_bounds_that_cross_are_the_upper_one() {
        let tuner = |min, max, period| {
            TargetTuner::new(TargetBounds { min, max }, period, RATE, Duration::ZERO).target()
        };
        assert_eq!(tuner(100, 4800, 960), 960);
        assert_eq!(tuner(1000, 500, 64), 500);
        assert_eq!(tuner(0, 4800, 0), 0);
    }

    /// A day on a device that needs three steps: the trials become rare.
    #[test]
    fn it_does_not_hunt() {
        let mut tuner = tuner();
        let day = seconds(86_400.0);
        let (troubles, targets) = run(&mut tuner, 1900, Duration::ZERO, day);
        // Three to come up, and one for each doubling that fits into the day.
        assert!(troubles <= 3 + 14, "{troubles}");
        let right = targets.iter().filter(|target| **target == 1920).count();
        assert!(right * 1000 > targets.len() * 999, "{right} of {}", targets.len());
    }

    /// What was needed for an hour and is not any more is given back.
    #[test]
    fn it_comes_down_again_when_less_will_do() {
        let mut tuner = tuner();
        run(&mut tuner, 3000, Duration::ZERO, seconds(3600.0));
        let (_, targets) = run(&mut tuner, 0, seconds(3600.0), seconds(6.0 * 3600.0));
        assert_eq!(targets.last(), Some(&480));
    }

    proptest! {
        #[test]
        fn bounds_are_kept_whatever_comes(
            min in 0..20_000_u32,
            max in 0..20_000_u32,
            period in 0..5000_u32,
            told in prop::collection::vec((any::<bool>(), 0..100_000_u64), 0..300),
        ) {
            let bounds = TargetBounds { min, max };
            let mut tuner = TargetTuner::new(bounds, period, RATE, Duration::ZERO);
            let mut now = Duration::ZERO;
            for (trouble, ms) in told {
                now += Duration::from_millis(ms);
                let before = tuner.target();
                let told = tuner.observe(trouble, now);
                let target = tuner.target();
                prop_assert_eq!(told, (target != before).then_some(target));
                prop_assert!(target <= max.max(1));
                prop_assert!(target >= min.max(period).min(max.max(1)));
                prop_assert!(trouble || target <= before, "no growth without trouble");
            }
        }

        /// Whatever a device needs within the bounds: it is found within as many troubles as there are steps, and from
        /// then on trouble comes from trials alone, no more of them than there are doublings in the time.
        #[test]
        fn what_is_needed_is_found_and_kept(needed in 0..4800_u32, hours in 1..48_u32) {
            let mut tuner = tuner();
            let time = seconds(3600.0) * hours;
            let (troubles, targets) = run(&mut tuner, needed, Duration::ZERO, time);
            let steps = needed.saturating_sub(480).div_ceil(480);
            let doublings = (time.as_secs_f64() / 10.0).log2().ceil() as u32;
            // A trial that fails is told a second later, and its step is taken back at once.
            prop_assert!(troubles <= steps + doublings + 2, "{troubles} {steps} {doublings}");
            let enough = targets.iter().filter(|target| **target >= needed).count();
            prop_assert!(enough * 100 >= targets.len() * 98, "{enough} of {}", targets.len());
        }
    }
}
