//! Any lag, gain and block size: the right lag, or an honest word that there is none.

use oncue_loopback::{Analyser, AnalyserSettings, NotHeard};
use proptest::prelude::*;

use crate::simulated::{Noise, RATE, amplify, captured, signal};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_lag_is_right_or_not_there(
        lag in 0.0..110_000.0,
        gain in -40.0..0.0,
        noise in -120.0..-10.0,
        seconds in 0.0..3.0,
        blocks in prop::collection::vec(1_usize..5_000, 1..5),
    ) {
        let mut frames = captured(seconds, |_| lag);
        amplify(&mut frames, gain);
        Noise::new(1, noise).add_to(&mut frames);
        let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
        let mut rest = &frames[..];
        for size in blocks.iter().cycle() {
            let (block, after) = rest.split_at(rest.len().min(*size));
            analyser.push(block);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let signal_to_noise = gain - 18.0 - noise;
        match analyser.finish() {
            Ok(figures) => {
                let off = (figures.lag_frames - lag).abs();
                let bound = if signal_to_noise > -5.0 { 0.05 } else { 0.3 };
                prop_assert!(off < bound, "{} for {lag}: {figures:?}", figures.lag_frames);
                prop_assert_eq!(figures.glitches, []);
            }
            Err(NotHeard::NothingCaptured) => prop_assert!(frames.is_empty()),
            Err(reason) => {
                // Enough of a clear signal within the range must be found.
                let heard = frames.len() as f64 - lag;
                prop_assert!(
                    heard < 24_000.0 || lag > 96_000.0 || signal_to_noise < -10.0,
                    "{reason} though there were {heard} frames at {signal_to_noise} dB"
                );
            }
        }
    }
}
