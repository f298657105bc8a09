//! The signal is what its documentation says.

use core::f64::consts::TAU;

use oncue_loopback::{SettingsError, TestSignal};

use crate::simulated::amplitude;

fn frames(signal: &mut TestSignal, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    signal.fill(&mut out);
    out
}

fn rms_dbfs(frames: &[f32]) -> f64 {
    let energy: f64 = frames.iter().map(|x| f64::from(x * x)).sum();
    10.0 * (energy / frames.len() as f64).log10()
}

#[test]
fn the_level_is_as_asked_for_and_no_peak_is_beyond_the_limit() {
    for rate in [8_000, 16_000, 44_100, 48_000, 192_000] {
        for dbfs in [-18.0, -30.0, -12.0] {
            let mut signal = TestSignal::new(rate, 7).unwrap().with_level_dbfs(dbfs).unwrap();
            let limit = amplitude(signal.peak_limit_dbfs());
            let frames = frames(&mut signal, 200_000);
            let got = rms_dbfs(&frames[10_000..]);
            assert!((got - dbfs).abs() < 0.1, "{got} dBFS for {dbfs} at {rate} Hz");
            let peak = frames.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
            assert!(f64::from(peak) <= limit && limit < 1.0, "{peak}, {limit} at {rate} Hz");
        }
    }
}

#[test]
fn a_level_that_would_clip_and_a_rate_out_of_range_are_refused() {
    let signal = TestSignal::new(48_000, 7).unwrap();
    let refused = signal.clone().with_level_dbfs(-3.0).unwrap_err();
    let SettingsError::Level { max_dbfs, .. } = refused else { panic!("{refused:?}") };
    signal.clone().with_level_dbfs(max_dbfs).unwrap();
    assert!(signal.with_level_dbfs(f64::NAN).is_err());
    assert_eq!(TestSignal::new(0, 7).unwrap_err(), SettingsError::Rate { rate: 0 });
}

#[test]
fn any_frame_can_be_made_again() {
    let mut signal = TestSignal::new(48_000, 7).unwrap();
    let once = frames(&mut signal, 10_000);
    for start in [0, 1, 63, 64, 479, 480, 7_001] {
        signal.seek(start as u64);
        assert_eq!(signal.position(), start as u64);
        let mut again = Vec::new();
        for size in [1, 5, 256, 257, 600] {
            again.extend(frames(&mut signal, size));
        }
        assert_eq!(again, once[start..start + again.len()], "from frame {start}");
    }
}

#[test]
fn filling_allocates_nothing() {
    let mut signal = TestSignal::new(48_000, 7).unwrap();
    let mut block = [0.0; 480];
    let allocations = allocation_counter::measure(|| signal.fill(&mut block));
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn the_start_fades_in() {
    let start = frames(&mut TestSignal::new(48_000, 7).unwrap(), 480);
    assert!(start[0] == 0.0 && rms_dbfs(&start[..48]) < -50.0);
}

#[test]
fn the_band_is_flat_and_ends_before_the_edge() {
    let mut signal = TestSignal::new(48_000, 7).unwrap();
    let frames = frames(&mut signal, 48_000 * 4);
    // Power in 100 Hz bands, in dB above that of white noise at the same level.
    let band = |hz: usize| {
        let frames = &frames[480..];
        let bins: Vec<f64> = (0..50)
            .map(|i| {
                let omega = TAU * (hz as f64 + 2.0 * f64::from(i)) / 48_000.0;
                let (mut re, mut im) = (0.0, 0.0);
                for (n, x) in frames.iter().enumerate() {
                    let (sin, cos) = (omega * n as f64).sin_cos();
                    re += f64::from(*x) * cos;
                    im += f64::from(*x) * sin;
                }
                (re * re + im * im) / frames.len() as f64
            })
            .collect();
        10.0 * (bins.iter().sum::<f64>() / 50.0).log10() + 18.0
    };
    for hz in [200, 400, 1_000, 5_000, 12_000, 19_000] {
        assert!(band(hz).abs() < 3.0, "{} dB at {hz} Hz", band(hz));
    }
    for hz in [0, 22_200, 23_800] {
        assert!(band(hz) < -12.0, "{} dB at {hz} Hz", band(hz));
    }
}

#[test]
fn nothing_in_two_seconds_resembles_anything_else_in_them_or_another_seed() {
    let whole = frames(&mut TestSignal::new(48_000, 7).unwrap(), 100_000);
    let other = frames(&mut TestSignal::new(48_000, 8).unwrap(), 100_000);
    let piece = &whole[1_000..3_000];
    let likeness = |b: &[f32]| {
        let product = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        product(piece, b) / (product(piece, piece) * product(b, b)).sqrt()
    };
    // Chance has a deviation of 1/√2000 = 0.022; close by, the filter's own response rings.
    let far = |n: &usize| n.abs_diff(1_000) > 64;
    let (start, end) = (480, whole.len() - piece.len());
    for n in (start..end).filter(far) {
        let like = likeness(&whole[n..n + 2_000]);
        assert!(like.abs() < 0.14, "{like} at {n}");
    }
    for n in start..end {
        let like = likeness(&other[n..n + 2_000]);
        assert!(like.abs() < 0.14, "{like} at {n} of another seed");
    }
}
