//! What is heard of the endpoints' mix, sample by sample, on a card whose loop is exact to the bit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use oncue_card::CardSettings;
use oncue_duplex::{FrameFormat, PlayoutInfo};
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
