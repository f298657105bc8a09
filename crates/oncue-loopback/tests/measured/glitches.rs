//! Each kind of glitch is found: its kind, its size, its place, and nothing else.

use core::ops::Range;

use oncue_loopback::{Glitch, GlitchKind};

use crate::simulated::{Noise, amplify, analyse, captured};

/// 5 ms: what a glitch may be misplaced by.
const NEAR: u64 = 240;

/// Each glitch, with its frames (0: any number) and the places at which it may be reported. The
/// frames themselves drift as well, by up to 1 in 5000.
fn expect(name: &str, frames: &[f32], expected: &[(GlitchKind, u64, Range<u64>)]) {
    let figures = analyse(frames).unwrap();
    let fits = |(got, (kind, frames, at)): (&Glitch, &(GlitchKind, u64, Range<u64>))| {
        let place = at.start.saturating_sub(NEAR)..at.end + NEAR;
        got.kind == *kind
            && (*frames == 0 || got.frames.abs_diff(*frames) <= frames / 4_000)
            && place.contains(&got.at_frame)
    };
    assert!(
        figures.glitches.len() == expected.len() && figures.glitches.iter().zip(expected).all(fits),
        "{name}: {:?} for {expected:?}",
        figures.glitches
    );
    let count = |kind| expected.iter().filter(|(k, ..)| *k == kind).count() as u64;
    assert_eq!(
        [figures.dropped, figures.inserted, figures.disturbed],
        [GlitchKind::Dropped, GlitchKind::Inserted, GlitchKind::Disturbed].map(count),
        "{name}"
    );
}

/// Loops that a glitch must be found in: ideal, quiet with noise, noisy, drifting.
fn loops() -> Vec<(String, Vec<f32>)> {
    let mut loops = Vec::new();
    for (gain, noise) in [(0.0, -200.0), (-40.0, -88.0), (0.0, -48.0), (0.0, -24.0)] {
        for ppm in [0.0, 200.0, -200.0] {
            let mut frames = captured(4.0, |n| 1_700.4 + n * ppm * 1e-6);
            amplify(&mut frames, gain);
            Noise::new(5, noise).add_to(&mut frames);
            loops.push((format!("gain {gain} dB, noise {noise} dBFS, {ppm} ppm"), frames));
        }
    }
    loops
}

/// Places in all phases of a block.
fn places() -> impl Iterator<Item = usize> {
    (0..5).map(|i| 90_000 + 107 * i)
}

#[test]
fn dropped_frames() {
    for (name, frames) in loops() {
        for k in [1, 7, 24, 480, 1_500, 9_600] {
            for at in places() {
                let mut frames = frames.clone();
                frames.drain(at..at + k);
                let place = at as u64..at as u64 + 1;
                let name = format!("{k} frames at {at}, {name}");
                expect(&name, &frames, &[(GlitchKind::Dropped, k as u64, place)]);
            }
        }
    }
}

#[test]
fn inserted_silence() {
    for (name, frames) in loops() {
        for k in [1, 7, 24, 480, 1_500, 9_600] {
            for at in places() {
                let mut frames = frames.clone();
                frames.splice(at..at, vec![0.0; k]);
                let place = at as u64..at as u64 + 1;
                let name = format!("{k} frames at {at}, {name}");
                expect(&name, &frames, &[(GlitchKind::Inserted, k as u64, place)]);
            }
        }
    }
}

#[test]
fn doubled_blocks() {
    for (name, frames) in loops() {
        for k in [64, 240, 480] {
            for at in places() {
                let mut frames = frames.clone();
                let block = frames[at - k..at].to_vec();
                frames.splice(at..at, block);
                let place = at as u64 - k as u64..at as u64 + 1;
                let name = format!("{k} frames at {at}, {name}");
                expect(&name, &frames, &[(GlitchKind::Inserted, k as u64, place)]);
            }
        }
    }
}

#[test]
fn clicks() {
    for (name, frames) in loops() {
        let loudest = frames.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        for at in places() {
            let mut frames = frames.clone();
            frames[at] += 2.0 * loudest;
            let name = format!("click at {at}, {name}");
            let at = at as u64;
            expect(&name, &frames, &[(GlitchKind::Disturbed, 1, at..at + 1)]);
        }
    }
}

#[test]
fn bursts_leave_the_lag_alone() {
    for (name, frames) in loops() {
        for length in [96, 480, 4_800, 30_000] {
            for at in places() {
                let mut frames = frames.clone();
                Noise::new(6, -6.0).add_to(&mut frames[at..at + length]);
                let place = at as u64..at as u64 + 1;
                let name = format!("{length} frames at {at}, {name}");
                expect(&name, &frames, &[(GlitchKind::Disturbed, 0, place)]);
            }
        }
    }
}

/// The residual shows a hole while the noise is well below the signal. Close to it (6 dB here) the
/// missing signal does, block by block.
#[test]
fn holes_leave_the_lag_alone() {
    for (name, frames) in loops() {
        let is_noisy = name.contains("-24 dBFS");
        let (least, block) = if is_noisy { (960, 480) } else { (96, 0) };
        for length in [96, 480, 960, 4_800, 30_000].into_iter().filter(|n| *n >= least) {
            for at in places() {
                let mut frames = frames.clone();
                frames[at..at + length].fill(0.0);
                let place = at as u64 - block..at as u64 + block + 1;
                let name = format!("{length} frames at {at}, {name}");
                expect(&name, &frames, &[(GlitchKind::Disturbed, 0, place)]);
            }
        }
    }
}

#[test]
fn many_glitches_in_one_run() {
    let mut frames = captured(20.0, |n| 96.5 - n * 30e-6);
    // Back to front, so that no place moves another.
    frames[900_000] = 0.9;
    frames.splice(700_000..700_000, [0.0; 256]);
    frames.drain(500_000..500_001);
    frames.drain(300_000..300_128);
    frames[200_000..200_480].fill(0.0);
    expect(
        "many",
        &frames,
        &[
            (GlitchKind::Disturbed, 480, 200_000..200_001),
            (GlitchKind::Dropped, 128, 300_000..300_001),
            (GlitchKind::Dropped, 1, 499_872..499_873),
            (GlitchKind::Inserted, 256, 699_871..699_872),
            (GlitchKind::Disturbed, 1, 900_127..900_128),
        ],
    );
    let drift = analyse(&frames).unwrap().drift_ppm.unwrap();
    assert!((drift - -30.0).abs() < 0.5, "slips are no drift: {drift}");
}

#[test]
fn a_loop_that_goes_silent_is_disturbed_to_its_end() {
    let mut frames = captured(5.0, |_| 300.0);
    frames[150_000..].fill(0.0);
    let figures = analyse(&frames).unwrap();
    let [glitch] = figures.glitches[..] else { panic!("{:?}", figures.glitches) };
    assert_eq!(glitch.kind, GlitchKind::Disturbed);
    assert!(glitch.at_frame.abs_diff(150_000) < 960, "{glitch:?}");
    assert!((glitch.at_frame + glitch.frames).abs_diff(240_000) < 960, "{glitch:?}");
}
