//! Any lag, gain and block size: the right lag, or an honest word that there is none. Any input at
//! all: no panic, and figures that are finite.

use oncue_loopback::{Analyser, AnalyserSettings, NotHeard};
use proptest::prelude::*;

use crate::simulated::{Noise, RATE, amplify, captured, signal};

/// A piece of a capture that goes wrong in every way.
#[derive(Debug, Clone)]
enum Piece {
    /// The signal as it is played at this time, or at another.
    Signal {
        frames: usize,
        ahead: i64,
        gain: f32,
    },
    Noise {
        frames: usize,
        dbfs: f64,
    },
    Constant {
        frames: usize,
        value: f32,
    },
    Gap {
        frames: u64,
    },
}

fn piece() -> impl Strategy<Value = Piece> {
    let frames = 0_usize..30_000;
    let ahead = prop_oneof![Just(0_i64), -10_000_i64..10_000];
    prop_oneof![
        4 => (frames.clone(), ahead, -2.0_f32..2.0)
            .prop_map(|(frames, ahead, gain)| Piece::Signal { frames, ahead, gain }),
        1 => (frames.clone(), -120.0..60.0)
            .prop_map(|(frames, dbfs)| Piece::Noise { frames, dbfs }),
        1 => (frames, any::<f32>()).prop_map(|(frames, value)| Piece::Constant { frames, value }),
        1 => prop_oneof![0_u64..50_000, any::<u64>()].prop_map(|frames| Piece::Gap { frames }),
    ]
}

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
                // Six deviations of what the noise leaves of a delay's estimate, for a band of half the signal's.
                let heard = figures.repeats as f64 * f64::from(RATE / 10);
                let bound = 0.02 + 6.0 * (1.5 / heard / 10_f64.powf(signal_to_noise / 10.0)).sqrt();
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

    #[test]
    fn no_input_is_a_panic_or_an_infinite_figure(pieces in prop::collection::vec(piece(), 0..12)) {
        let settings =
            AnalyserSettings { max_latency_frames: 9_600, ..AnalyserSettings::for_rate(RATE) };
        let mut analyser = Analyser::new(&signal(), settings).unwrap();
        let mut at = 0_u64;
        for piece in pieces {
            let frames = match piece {
                Piece::Signal { frames, ahead, gain } => {
                    let mut signal = signal();
                    signal.seek(at.saturating_add_signed(ahead));
                    let mut block = vec![0.0; frames];
                    signal.fill(&mut block);
                    block.iter().map(|x| x * gain).collect()
                }
                Piece::Noise { frames, dbfs } => {
                    let mut block = vec![0.0; frames];
                    Noise::new(7, dbfs).add_to(&mut block);
                    block
                }
                Piece::Constant { frames, value } => vec![value; frames],
                Piece::Gap { frames } => {
                    analyser.gap(frames);
                    at = at.saturating_add(frames);
                    continue;
                }
            };
            analyser.push(&frames);
            at = at.saturating_add(frames.len() as u64);
        }
        match analyser.finish() {
            Ok(figures) => {
                let json = serde_json::to_value(&figures).unwrap();
                // What is not finite becomes null.
                let odd = json.as_object().unwrap().iter().filter(|(name, value)| {
                    value.is_null() && !name.starts_with("drift")
                });
                prop_assert_eq!(odd.count(), 0, "{:?}", figures);
                prop_assert!(figures.drift_ppm.is_none_or(f64::is_finite));
            }
            Err(reason) => prop_assert!(!reason.to_string().contains("inf"), "{reason}"),
        }
    }
}
