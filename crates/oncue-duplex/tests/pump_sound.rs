//! What is heard of the endpoints' mix, sample by sample, on a card whose loop is exact to the bit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use oncue_card::CardSettings;
use oncue_duplex::{FrameFormat, Playout, PlayoutInfo, Sample};
use oncue_session::Directions;
use stack::{Heard, Phone, Ramp, ten_ms};

/// All that was heard, from the first sample that is not silence.
fn sound(heard: &Heard<f32>) -> Vec<f32> {
    let heard = heard.lock().unwrap();
    let samples = heard.iter().flat_map(|(frame, ..)| frame.iter().copied());
    samples.skip_while(|sample| *sample == 0.0).collect()
}

const STEP: f32 = 1.0 / 32_768.0;

#[test]
fn endpoints_of_any_sample_and_frame_are_summed_exactly() {
    let mut phone = Phone::new(CardSettings::default());
    let of_40_ms = FrameFormat::new(48_000, 40).unwrap();
    let of_20_ms = FrameFormat::new(48_000, 20).unwrap();
    let _ringback = phone.pump.playout::<i16>(of_40_ms, Ramp::from(0));
    let _tone = phone.pump.playout::<f32>(of_20_ms, Ramp::from(0));
    let _far_end = phone.pump.playout(ten_ms(48_000), |frame: &mut [i16], _: &PlayoutInfo| {
        frame.fill(-100);
    });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(30);
    tap.detach();
    let sound = sound(&heard);
    assert!(sound.len() > 20 * 480);
    for (n, sample) in sound.iter().enumerate() {
        assert_eq!(*sample, (2 * (n + 1)) as f32 * STEP - 100.0 * STEP, "sample {n}");
    }
}

#[test]
fn taps_of_any_sample_and_frame_hear_the_same() {
    let mut phone = Phone::new(CardSettings::default());
    let _far_end = phone.pump.playout::<i16>(ten_ms(48_000), Ramp::from(0));
    let (short, of_10_ms) = phone.listen::<f32>(ten_ms(48_000));
    let (long, of_40_ms) = phone.listen::<i16>(FrameFormat::new(48_000, 40).unwrap());
    let _running = phone.start(Directions::Duplex);
    phone.turns(41);
    short.detach();
    long.detach();
    let (of_10_ms, of_40_ms) = (of_10_ms.lock().unwrap(), of_40_ms.lock().unwrap());
    assert!(of_40_ms.len() >= 9);
    for (long, short) in of_40_ms.iter().zip(of_10_ms.chunks_exact(4)) {
        assert_eq!(long.2.index, short[0].2.index);
        let shorts = short.iter().flat_map(|(frame, ..)| frame);
        let longs = long.0.iter().map(|sample| f32::from(*sample) * STEP);
        assert!(shorts.copied().eq(longs));
        assert_eq!(long.2.capture_delay, short[0].2.capture_delay + 3 * rig::TEN_MS);
    }
}

/// A sine of `hz` at `rate`, with an amplitude of 1/4.
fn sine<S: Sample>(rate: u32, hz: f64) -> impl Playout<S> {
    let mut n = 0_u32;
    move |frame: &mut [S], _: &PlayoutInfo| {
        for sample in frame {
            let phase = core::f64::consts::TAU * hz * f64::from(n % rate) / f64::from(rate);
            *sample = S::from_f32((0.25 * phase.sin()) as f32);
            n += 1;
        }
    }
}

/// What is left of `sound` at `rate` when sines of these frequencies are taken away, which must have an amplitude of
/// 1/4 each; both as RMS. The frequencies are multiples of 100 Hz, so that they are apart over whole 10 ms.
fn residual(sound: &[f32], rate: u32, tones: &[f64]) -> f64 {
    let mut left: Vec<f64> = sound.iter().map(|sample| f64::from(*sample)).collect();
    for hz in tones {
        let turn = |n: usize| core::f64::consts::TAU * hz * n as f64 / f64::from(rate);
        let part = |of: fn(f64) -> f64| {
            let sum: f64 = sound.iter().enumerate().map(|(n, s)| f64::from(*s) * of(turn(n))).sum();
            2.0 * sum / sound.len() as f64
        };
        let (sines, cosines) = (part(f64::sin), part(f64::cos));
        assert!((sines.hypot(cosines) - 0.25).abs() < 1e-3, "{hz} Hz: {}", sines.hypot(cosines));
        for (n, sample) in left.iter_mut().enumerate() {
            *sample -= sines * turn(n).sin() + cosines * turn(n).cos();
        }
    }
    (left.iter().map(|sample| sample * sample).sum::<f64>() / left.len() as f64).sqrt()
}

#[test]
fn endpoints_of_any_rate_are_mixed_and_heard_at_any_rate() {
    let mut phone = Phone::new(CardSettings::default());
    let frames = |rate, ptime_ms| FrameFormat::new(rate, ptime_ms).unwrap();
    let _ringback = phone.pump.playout::<i16>(frames(8_000, 40), sine(8_000, 400.0));
    let _far_end = phone.pump.playout::<f32>(frames(16_000, 20), sine(16_000, 1_000.0));
    let _tone = phone.pump.playout::<i16>(frames(44_100, 10), sine(44_100, 2_500.0));
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let (narrow, heard_8) = phone.listen::<i16>(frames(8_000, 20));
    let (wide, heard_44) = phone.listen::<f32>(frames(44_100, 10));
    let _running = phone.start(Directions::Duplex);
    phone.turns(150);
    tap.detach();
    narrow.detach();
    wide.detach();
    let tones = [400.0, 1_000.0, 2_500.0];
    // Half a second, after all that starts has settled. The level that i16 leaves is about -98 dBFS.
    let of_48: Vec<f32> = heard.lock().unwrap().iter().flat_map(|heard| heard.0.clone()).collect();
    let of_44: Vec<f32> =
        heard_44.lock().unwrap().iter().flat_map(|heard| heard.0.clone()).collect();
    let of_8 = heard_8.lock().unwrap();
    let of_8: Vec<f32> =
        of_8.iter().flat_map(|heard| &heard.0).map(|s| f32::from(*s) * STEP).collect();
    for (sound, rate) in [(of_48, 48_000), (of_44, 44_100), (of_8, 8_000)] {
        let half = rate as usize / 2;
        let noise = 20.0 * residual(&sound[half..2 * half], rate, &tones).log10();
        assert!(noise < -90.0, "{noise} dBFS at {rate} Hz");
    }
    assert_eq!(phone.duplex.stats().playback.underrun, 0);
}

#[test]
fn a_sum_beyond_full_scale_keeps_its_shape_and_one_within_is_not_touched() {
    let mut phone = Phone::new(CardSettings::default());
    let voice = |phone: &Phone| {
        phone.pump.playout(ten_ms(48_000), |frame: &mut [f32], _: &PlayoutInfo| {
            for (n, sample) in frame.iter_mut().enumerate() {
                *sample = 0.8 * (core::f32::consts::TAU * n as f32 / 48.0).sin();
            }
        })
    };
    let _one = voice(&phone);
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    let two = voice(&phone);
    phone.turns(20);
    two.detach();
    phone.turns(300);
    tap.detach();
    let heard = heard.lock().unwrap();
    let peaks: Vec<f32> = heard
        .iter()
        .map(|(frame, ..)| frame.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs())))
        .collect();
    assert!((peaks[10] - 0.8).abs() < 1e-6, "{}", peaks[10]);
    assert!((peaks[35] - 1.0).abs() < 1e-6, "{}", peaks[35]);
    assert!(peaks.iter().all(|peak| *peak <= 1.0));
    // A clipped sine would be flat at its top.
    let (loud, _, _) = &heard[35];
    for (n, sample) in loud.iter().enumerate() {
        let sine = (core::f32::consts::TAU * n as f32 / 48.0).sin();
        assert!((sample - sine).abs() < 1e-6, "sample {n}: {sample}");
    }
    assert!((peaks[339] - 0.8).abs() < 1e-6, "{}", peaks[339]);
}

#[test]
fn a_mute_ramps_and_is_silence_then() {
    let mut phone = Phone::new(CardSettings::default());
    let far_end = phone.pump.playout(ten_ms(48_000), |frame: &mut [f32], _: &PlayoutInfo| {
        frame.fill(0.5);
    });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    far_end.set_muted(true);
    phone.turns(20);
    far_end.set_muted(false);
    phone.turns(20);
    phone.pump.set_muted(true);
    phone.turns(20);
    tap.detach();
    let sound = sound(&heard);
    let edges: Vec<usize> =
        sound.windows(2).enumerate().filter(|(_, two)| two[0] != two[1]).map(|(n, _)| n).collect();
    for two in sound.windows(2) {
        assert!((two[1] - two[0]).abs() < 1.01 * 0.5 / 480.0, "{two:?}");
    }
    assert!(sound.windows(480).any(|ten| ten.iter().all(|sample| *sample == 0.0)));
    assert_eq!(edges.len(), 3 * 480, "three ramps of 10 ms");
    let heard = heard.lock().unwrap();
    let (muted, reference, info) = heard.last().unwrap();
    assert!(info.muted && muted.iter().all(|sample| *sample == 0.0));
    assert!(reference.iter().all(|sample| *sample == 0.5), "the far end goes on");
}
