//! Gains of the mix: a ramp that mutes without a click, and a limiter that keeps a sum within full scale.
//!
//! Pure. Both work on the pump's frames of 10 ms and leave a signal that needs them not exactly as it is.

/// A switch between silence and the signal that takes one frame each way, so that it does not click.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    gain: f32,
}

impl Ramp {
    /// On from the start.
    pub(crate) const OPEN: Self = Self { gain: 1.0 };

    /// Passes `frame` on, or mutes it; where that changes, on a line over the frame.
    pub(crate) fn apply(&mut self, muted: bool, frame: &mut [f32]) {
        let target = if muted { 0.0 } else { 1.0 };
        slope(frame, self.gain, target, frame.len());
        self.gain = target;
    }

    /// Takes the state without a signal to pass.
    pub(crate) const fn set(&mut self, muted: bool) {
        self.gain = if muted { 0.0 } else { 1.0 };
    }

    /// Whether nothing passes now.
    pub(crate) const fn is_closed(&self) -> bool {
        self.gain == 0.0
    }
}

/// Keeps a sum of signals within ±1 by a gain that falls at once and comes back over half a second. A sum that stays
/// within is not touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limiter {
    gain: f32,
}

/// How much of the missing gain comes back in a frame of 10 ms.
const RELEASE: f32 = 0.02;

/// The part of a frame over which the gain falls.
const ATTACK: usize = 10;

impl Limiter {
    pub(crate) const IDLE: Self = Self { gain: 1.0 };

    /// Limits one frame of 10 ms. What is not a finite number becomes silence.
    pub(crate) fn apply(&mut self, frame: &mut [f32]) {
        let mut peak = 0.0_f32;
        for sample in &mut *frame {
            if !sample.is_finite() {
                *sample = 0.0;
            }
            peak = peak.max(sample.abs());
        }
        if self.gain == 1.0 && peak <= 1.0 {
            return;
        }
        let risen = if self.gain > 0.999 { 1.0 } else { self.gain + (1.0 - self.gain) * RELEASE };
        let target = if peak * risen > 1.0 { 1.0 / peak } else { risen };
        // Falling is done in the first millisecond, which may reach full scale; rising takes the frame.
        let over = if target < self.gain { frame.len() / ATTACK } else { frame.len() };
        slope(frame, self.gain, target, over);
        for sample in frame {
            *sample = sample.clamp(-1.0, 1.0);
        }
        self.gain = target;
    }
}

/// Scales `frame` by a gain that goes from `from` to `to` over its first `over` samples.
fn slope(frame: &mut [f32], from: f32, to: f32, over: usize) {
    if from == to && to == 1.0 {
        return;
    }
    let step = (to - from) / over.max(1) as f32;
    for (n, sample) in frame.iter_mut().enumerate() {
        *sample *= if n < over { from + step * n as f32 } else { to };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ramp_steps_nowhere_by_more_than_its_slope() {
        let mut ramp = Ramp::OPEN;
        let mut heard = Vec::new();
        for muted in [false, true, true, false, false] {
            let mut frame = [1.0; 480];
            ramp.apply(muted, &mut frame);
            heard.extend(frame);
        }
        assert_eq!(heard[..481], [1.0; 481]);
        assert_eq!(heard[960..1441], [0.0; 481]);
        assert_eq!(heard[1920..], [1.0; 480]);
        for pair in heard.windows(2) {
            assert!((pair[1] - pair[0]).abs() < 1.01 / 480.0);
        }
    }

    #[test]
    fn a_loud_sum_keeps_its_shape_after_the_first_millisecond() {
        let mut limiter = Limiter::IDLE;
        let sum: Vec<f32> = (0..480).map(|n| 2.0 * (n as f32 * 0.1).sin()).collect();
        let mut frame = sum.clone();
        limiter.apply(&mut frame);
        let peak = sum.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        for (limited, sample) in frame.iter().zip(&sum).skip(48) {
            assert!((limited - sample / peak).abs() < 1e-6);
        }
        // And the gain comes back.
        for _ in 0..400 {
            limiter.apply(&mut [0.5; 480]);
        }
        let mut frame = [0.5; 480];
        limiter.apply(&mut frame);
        assert_eq!(frame, [0.5; 480]);
    }

    proptest! {
        #[test]
        fn nothing_leaves_full_scale_and_what_is_within_is_not_touched(
            frames in prop::collection::vec(prop::collection::vec(-4.0..4.0_f32, 96), 1..20),
            scale in prop::sample::select(vec![0.25_f32, 1.0]),
        ) {
            let mut limiter = Limiter::IDLE;
            for frame in frames {
                let given: Vec<f32> = frame.iter().map(|sample| sample * scale).collect();
                let mut limited = given.clone();
                limiter.apply(&mut limited);
                prop_assert!(limited.iter().all(|sample| sample.abs() <= 1.0));
                if scale == 0.25 {
                    prop_assert_eq!(limited, given);
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_silence() {
        let mut frame = [f32::NAN, 0.5, f32::INFINITY, f32::NEG_INFINITY];
        let mut limiter = Limiter::IDLE;
        limiter.apply(&mut frame);
        assert_eq!(frame, [0.0, 0.5, 0.0, 0.0]);
    }
}
