//! What is not the signal gets a reason and never a number.

use core::f64::consts::TAU;

use oncue_loopback::{Analyser, AnalyserSettings, NotHeard, SettingsError, TestSignal};

use crate::simulated::{Noise, RATE, analyse, captured, signal};

const SECOND: usize = RATE as usize;

/// Chords with harmonics and decays, a new one every 200 ms.
fn music(seed: u64, frames: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut out = vec![0.0; frames];
    for start in (0..frames).step_by(9_600) {
        for _ in 0..4 {
            let note = 110.0 * 2_f64.powf(f64::from(random.u32(0..48)) / 12.0);
            let loud = 0.02 + 0.1 * random.f64();
            for harmonic in 1..6 {
                let omega = TAU * note * f64::from(harmonic) / f64::from(RATE);
                for (n, x) in out[start..].iter_mut().take(19_200).enumerate() {
                    let n = n as f64;
                    let fade = (-n / 6_000.0).exp() / f64::from(harmonic);
                    *x += (loud * fade * (omega * n).sin()) as f32;
                }
            }
        }
    }
    out
}

/// A buzz through a wandering resonance, in syllables, with hiss between them.
fn speech(seed: u64, frames: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hiss = Noise::new(seed, -50.0);
    let (mut y1, mut y2, mut phase) = (0.0, 0.0, 0.0);
    let (mut pitch, mut formant, mut voiced) = (120.0, 700.0, true);
    (0..frames)
        .map(|n| {
            if n % 4_800 == 0 {
                pitch = 90.0 + 120.0 * random.f64();
                formant = 300.0 + 2_500.0 * random.f64();
                voiced = random.f64() < 0.7;
            }
            phase += pitch / f64::from(RATE);
            let pulse = if phase >= 1.0 && voiced { 1.0 } else { 0.0 };
            phase -= phase.floor();
            let y = pulse + 1.94 * (TAU * formant / f64::from(RATE)).cos() * y1 - 0.94 * y2;
            (y2, y1) = (y1, y);
            (0.2 * y) as f32 + hiss.sample()
        })
        .collect()
}

#[test]
fn two_hundred_unrelated_captures_give_no_number() {
    for seed in 0..200 {
        let frames = match seed % 4 {
            0 => music(seed, SECOND),
            1 => speech(seed, SECOND),
            2 => {
                let mut noise = vec![0.0; SECOND];
                Noise::new(seed, -18.0).add_to(&mut noise);
                noise
            }
            _ => {
                let mut other = TestSignal::new(RATE, seed + 1_000).unwrap();
                let mut frames = vec![0.0; SECOND];
                other.fill(&mut frames);
                frames
            }
        };
        match analyse(&frames) {
            Err(NotHeard::NoMatch { dbfs }) => assert!((-50.0..0.0).contains(&dbfs), "{dbfs}"),
            other => panic!("seed {seed}: {other:?}"),
        }
    }
}

#[test]
fn odd_captures_give_no_number() {
    let sine = |n: usize| (TAU * 997.0 * n as f64 / f64::from(RATE)).sin() as f32;
    let impulse = |every: usize| move |n: usize| if n.is_multiple_of(every) { 1.0 } else { 0.0 };
    let odd: [(&str, Vec<f32>); 7] = [
        ("offset", vec![0.3; SECOND]),
        ("sine", (0..SECOND).map(sine).collect()),
        ("one impulse", (0..SECOND).map(impulse(SECOND)).collect()),
        ("a buzz", (0..SECOND).map(impulse(480)).collect()),
        ("infinite", vec![f32::INFINITY; SECOND]),
        ("no numbers", vec![f32::NAN; SECOND]),
        ("square", (0..SECOND).map(|n| if n % 100 < 50 { 3e38 } else { -3e38 }).collect()),
    ];
    for (name, frames) in odd {
        let result = analyse(&frames);
        assert!(
            matches!(result, Err(NotHeard::NoMatch { .. } | NotHeard::BelowFloor { .. })),
            "{name}: {result:?}"
        );
    }
}

#[test]
fn the_reason_is_the_right_one() {
    assert_eq!(analyse(&[]), Err(NotHeard::NothingCaptured));
    assert_eq!(analyse(&vec![0.0; SECOND]), Err(NotHeard::DigitalZero { frames: SECOND as u64 }));
    assert_eq!(analyse(&[-0.0; 3]), Err(NotHeard::DigitalZero { frames: 3 }));
    let mut hiss = vec![0.0; SECOND];
    Noise::new(1, -95.0).add_to(&mut hiss);
    let Err(NotHeard::BelowFloor { dbfs }) = analyse(&hiss) else { panic!() };
    assert!((dbfs - -95.0).abs() < 0.1, "{dbfs}");
    let Err(NotHeard::TooShort { frames, .. }) = analyse(&hiss[..500]) else { panic!() };
    assert_eq!(frames, 500);
    // Later than the largest latency.
    let settings =
        AnalyserSettings { max_latency_frames: 4_800, ..AnalyserSettings::for_rate(RATE) };
    let mut analyser = Analyser::new(&signal(), settings).unwrap();
    analyser.push(&captured(1.0, |_| 9_600.0));
    assert!(matches!(analyser.finish(), Err(NotHeard::NoMatch { .. })));
}

#[test]
fn a_match_below_the_floor_is_a_match() {
    let frames: Vec<f32> = captured(1.0, |_| 77.0).iter().map(|x| x * 1e-4).collect();
    let figures = analyse(&frames).unwrap();
    assert!((figures.lag_frames - 77.0).abs() < 0.02, "{figures:?}");
    assert!((figures.gain_db - -80.0).abs() < 0.1, "{figures:?}");
}

#[test]
fn settings_out_of_range_are_refused() {
    let defaults = AnalyserSettings::for_rate(RATE);
    for (settings, expected) in [
        (
            AnalyserSettings { max_latency_frames: 0, ..defaults },
            SettingsError::Latency { frames: 0 },
        ),
        (AnalyserSettings { repeat_frames: 9, ..defaults }, SettingsError::Repeat { frames: 9 }),
    ] {
        assert_eq!(Analyser::new(&signal(), settings).unwrap_err(), expected);
    }
}

#[test]
fn reasons_and_glitches_read_well_as_json() {
    let reason = NotHeard::BelowFloor { dbfs: -91.5 };
    assert_eq!(serde_json::to_string(&reason).unwrap(), r#"{"reason":"below_floor","dbfs":-91.5}"#);
    let mut frames = captured(2.0, |_| 100.0);
    frames.drain(50_000..50_010);
    let figures = analyse(&frames).unwrap();
    let json = serde_json::to_value(&figures).unwrap();
    assert_eq!(json["glitches"][0]["kind"], "dropped");
    assert_eq!(json["glitches"][0]["frames"], 10);
    assert!(json["lag_frames"].is_number() && json["drift_ppm"].is_number());
    // No figure is an infinity, which JSON would turn into null.
    assert_eq!(serde_json::from_value::<oncue_loopback::Figures>(json).unwrap(), figures);
}
