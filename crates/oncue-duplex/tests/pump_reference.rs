//! With each captured frame comes what was at the speaker at its time: on a card whose loop adds nothing and takes
//! nothing away, that is the captured frame itself, sample by sample. The card knows nothing of the pump.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use core::f64::consts::TAU;
use core::ops::Range;
use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{CardSettings, Direction, Fault};
use oncue_duplex::{Clocks, DuplexSettings, FrameFormat, PlayoutInfo, Recovery};
use oncue_session::Directions;
use stack::{Heard, Phone, Ramp, noise, ten_ms};

/// How many samples of these frames are not silence, after it was found that each is the reference's where that is
/// known, as it must be but for the first two blocks of a stream.
fn echoes(heard: &Heard<f32>, frames: Range<usize>) -> usize {
    let heard = heard.lock().unwrap();
    let (mut sounding, mut unknown) = (0, 0);
    for (n, (frame, reference, info)) in
        heard.iter().enumerate().take(frames.end).skip(frames.start)
    {
        unknown = if info.aligned { 0 } else { unknown + 1 };
        assert!(unknown <= 2, "frame {n}, {info:?}");
        if !info.aligned {
            continue;
        }
        for (k, (sample, played)) in frame.iter().zip(reference).enumerate() {
            assert_eq!(sample, played, "frame {n}, sample {k}, {info:?}");
            sounding += usize::from(*sample != 0.0);
        }
    }
    sounding
}

#[test]
fn the_reference_is_what_the_loop_gives_back_whatever_rate_period_and_latency() {
    for (rate, period, latency) in
        [(48_000, 480, 0.0), (48_000, 128, 77.0), (16_000, 160, 3.0), (44_100, 1000, 2205.0)]
    {
        let mut phone =
            Phone::new(CardSettings { rate, period, latency, ..CardSettings::default() });
        let _far_end = phone.pump.playout::<f32>(ten_ms(rate), Ramp::from(0));
        let (tap, heard) = phone.listen(ten_ms(rate));
        let _running = phone.start(Directions::Duplex);
        phone.turns(60);
        tap.detach();
        let all = heard.lock().unwrap().len();
        assert!(
            echoes(&heard, 0..all) > 40 * rate as usize / 100,
            "{rate} Hz, {period}, {latency}"
        );
    }
}

#[test]
fn it_is_aligned_in_the_stack_s_own_frames_too() {
    for (rate, ptime) in [(8_000, 20), (16_000, 10), (44_100, 40)] {
        let mut phone = Phone::new(CardSettings { latency: 333.0, ..CardSettings::default() });
        let _far_end = phone.pump.playout(ten_ms(48_000), noise());
        let (tap, heard) = phone.listen(FrameFormat::new(rate, ptime).unwrap());
        let _running = phone.start(Directions::Duplex);
        phone.turns(60);
        tap.detach();
        let all = heard.lock().unwrap().len();
        assert!(echoes(&heard, 0..all) > 40 * rate as usize / 100, "{rate} Hz");
    }
}

#[test]
fn it_is_aligned_between_two_clocks_too_and_each_frame_says_when_it_was_captured() {
    let card = CardSettings { capture_ppm: 80.0, latency: 500.0, ..CardSettings::default() };
    let two = DuplexSettings { clocks: Clocks::Two, ..DuplexSettings::default() };
    let mut phone = Phone::with(card, two);
    let turn = |n: u32| TAU * f64::from(n) / 100.0;
    let mut n = 0;
    let _far_end = phone.pump.playout(ten_ms(48_000), move |frame: &mut [f32], _: &PlayoutInfo| {
        for sample in frame {
            *sample = (0.25 * turn(n % 100).sin()) as f32;
            n += 1;
        }
    });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(1200);
    tap.detach();
    let heard = heard.lock().unwrap();
    let settled = &heard[1000..];
    for (frame, reference, info) in settled {
        // 480 samples are whole turns, whose phases say how many samples lie between the two.
        let phase = |samples: &[f32]| {
            let part = |of: fn(f64) -> f64| -> f64 {
                samples.iter().zip(0..).map(|(sample, n)| f64::from(*sample) * of(turn(n))).sum()
            };
            part(f64::cos).atan2(part(f64::sin))
        };
        let apart = (phase(frame) - phase(reference)) * 100.0 / TAU;
        let apart = (apart + 150.0).rem_euclid(100.0) - 50.0;
        assert!(apart.abs() < 1.5, "{apart} frames, {info:?}");
        assert!((info.drift_ppm + 80.0).abs() < 5.0, "{info:?}");
    }
    // Frames are 10 ms of playback's clock, which is the card's own time.
    let (first, last) = (settled[0].2, settled[settled.len() - 1].2);
    let took = last.time.unwrap().duration_since(first.time.unwrap()).as_secs_f64();
    assert!((took - (last.index - first.index) as f64 / 48_000.0).abs() < 20e-6, "{took}");
}

/// An engine that brings lost streams back at once.
fn recovering() -> DuplexSettings {
    let long = Duration::from_secs(60);
    let soon = Duration::from_millis(20);
    let recovery = Recovery { rebuild_after: long, retry_at_most: soon, ..Recovery::default() };
    DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() }
}

/// Blocks after which a step of a clock is believed.
const BELIEVED: usize = 10;

#[test]
fn it_stays_exact_over_losses_and_insertions() {
    let mut phone = Phone::new(CardSettings { latency: 100.0, ..CardSettings::default() });
    let _far_end = phone.pump.playout(ten_ms(48_000), noise());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    let mut exact_from = vec![0];
    phone.turns(40);
    let count = || heard.lock().unwrap().len();
    let mut exact_to = Vec::new();
    let mut disturbed = |phone: &Phone, believed: usize, disturb: &dyn Fn(&Phone)| {
        exact_to.push(count());
        disturb(phone);
        while count() < exact_to.last().unwrap() + believed {
            phone.turns(1);
        }
        exact_from.push(count());
        phone.turns(30);
    };
    // Playback finds its ring empty, and capture its ring full: the engine's own doing, known to the frame at once.
    disturbed(&phone, 0, &|phone| phone.card.advance_frames(480 * 7));
    disturbed(&phone, 0, &|phone| phone.card.advance_frames(480 * 100));
    // The device loses or inserts frames: known from its callbacks' times alone.
    for (direction, frames) in
        [(Direction::Capture, 100), (Direction::Playback, 250), (Direction::Capture, 4800)]
    {
        disturbed(&phone, BELIEVED, &|phone| phone.card.inject(Fault::Xrun { direction, frames }));
    }
    exact_to.push(count());
    tap.detach();
    let mut sounding = 0;
    for (from, to) in exact_from.into_iter().zip(exact_to) {
        sounding += echoes(&heard, from..to);
    }
    assert!(sounding > 100 * 480, "{sounding}");
}

#[test]
fn it_stays_exact_over_a_rebuild_of_either_stream_and_over_another_run() {
    let mut phone =
        Phone::with(CardSettings { latency: 100.0, ..CardSettings::default() }, recovering());
    let _far_end = phone.pump.playout(ten_ms(48_000), noise());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let mut running = phone.start(Directions::Duplex);
    phone.turns(40);
    let count = || heard.lock().unwrap().len();
    let (mut exact_from, mut exact_to) = (vec![0], Vec::new());
    for direction in [Direction::Capture, Direction::Playback] {
        exact_to.push(count());
        phone.card.inject(Fault::Fail { direction, kind: ErrorKind::DeviceNotAvailable });
        phone.run_until_recovered();
        phone.turns(2);
        exact_from.push(count());
        phone.turns(40);
    }
    exact_to.push(count());
    running.stop();
    let _running = phone.start(Directions::Duplex);
    phone.turns(40);
    tap.detach();
    exact_from.push(*exact_to.last().unwrap());
    exact_to.push(count());
    let sounding: usize =
        exact_from.into_iter().zip(exact_to).map(|(from, to)| echoes(&heard, from..to)).sum();
    assert!(sounding > 120 * 480, "{sounding}");
}
