//! Endpoints of a call stack: attached, called, detached and drained while the hardware does what it does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use oncue_card::CardSettings;
use oncue_duplex::{CaptureInfo, HardwareEvent, PlayoutInfo, PumpEvent};
use oncue_session::Directions;
use rig::{TEN_MS, until};
use stack::{Listener, Phone, Ramp, Told, ten_ms};
use std::sync::{Arc, mpsc};

#[test]
fn what_is_attached_before_the_hardware_runs_is_called_once_it_does() {
    let mut phone = Phone::new(CardSettings::default());
    let told = Told::default();
    let far_end = phone.pump.playout(ten_ms(48_000), Listener(told.clone()));
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    phone.card.advance_frames(4800);
    assert_eq!((far_end.stats().frames, tap.stats().frames), (0, 0));
    let mut running = phone.start(Directions::Duplex);
    phone.turns(10);
    assert_eq!(heard.lock().unwrap().len(), 10);
    assert!(far_end.stats().frames > 5);
    running.stop();
    until(|| (told.lock().unwrap().len() == 2).then_some(()));
    let frames = (far_end.stats().frames, tap.stats().frames);
    phone.card.advance_frames(4800);
    assert_eq!((far_end.stats().frames, tap.stats().frames), frames);
    let _running = phone.start(Directions::Duplex);
    phone.turns(10);
    assert!(far_end.stats().frames > frames.0 && tap.stats().frames > frames.1);
    let started_and_stopped =
        [HardwareEvent::Started, HardwareEvent::Stopped, HardwareEvent::Started];
    assert_eq!(*told.lock().unwrap(), started_and_stopped);
}

#[test]
fn endpoints_outlive_the_engine_in_silence() {
    let mut phone = Phone::new(CardSettings::default());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(5);
    let Phone { duplex, pump, .. } = phone;
    drop(duplex);
    let before = heard.lock().unwrap().len();
    let far_end = pump.playout::<i16>(ten_ms(48_000), Ramp::from(0));
    tap.detach();
    assert_eq!(heard.lock().unwrap().len(), before);
    assert!(!far_end.drain(TEN_MS));
    pump.stop();
}

#[test]
fn a_second_start_changes_nothing_for_the_stack() {
    let mut phone = Phone::new(CardSettings::default());
    let told = Told::default();
    let _far_end = phone.pump.playout(ten_ms(48_000), Listener(told.clone()));
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _first = phone.start(Directions::Duplex);
    phone.turns(10);
    let _second = phone.start(Directions::Duplex);
    phone.turns(10);
    tap.detach();
    let heard = heard.lock().unwrap();
    assert!(heard.windows(2).all(|two| two[1].2.index == two[0].2.index + 480));
    assert_eq!(*told.lock().unwrap(), [HardwareEvent::Started]);
    assert_eq!(phone.duplex.stats().playback.underrun, 0);
}

#[test]
fn a_player_comes_and_goes_without_a_gap_in_capture_and_a_tap_without_one_in_playback() {
    let mut phone = Phone::new(CardSettings::default());
    let _far_end = phone.pump.playout::<f32>(ten_ms(48_000), Ramp::from(0));
    let (whole, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(10);
    for _ in 0..5 {
        let player = phone.pump.playout::<i16>(ten_ms(48_000), Ramp::from(0));
        let (tap, _) = phone.listen::<i16>(ten_ms(48_000));
        phone.turns(2);
        player.detach();
        tap.detach();
        phone.turns(2);
    }
    whole.detach();
    let heard = heard.lock().unwrap();
    assert!(heard.windows(2).all(|two| two[1].2.index == two[0].2.index + 480));
    let stats = phone.duplex.stats();
    assert_eq!((stats.playback.underrun, stats.capture.lost, stats.capture.discarded), (0, 0, 0));
    assert_eq!(stats.playback.stream.callbacks, 30, "no stream was started anew");
}

#[test]
fn the_program_hears_which_directions_are_needed() {
    let mut phone = Phone::new(CardSettings::default());
    assert_eq!(phone.pump.wanted(), None);
    let ringback = phone.pump.playout::<i16>(ten_ms(48_000), Ramp::from(0));
    assert_eq!(phone.pump.wanted(), Some(Directions::Playback));
    assert_eq!(event(&mut phone), PumpEvent::Wanted(Some(Directions::Playback)));
    let (microphone, _) = phone.listen::<i16>(ten_ms(48_000));
    assert_eq!(event(&mut phone), PumpEvent::Wanted(Some(Directions::Duplex)));
    ringback.detach();
    microphone.detach();
    assert_eq!(phone.pump.wanted(), None);
    assert_eq!(
        phone.pump.poll_event(),
        Some(PumpEvent::Wanted(None)),
        "before the detach returned"
    );
}

fn event(phone: &mut Phone) -> PumpEvent {
    until(|| phone.pump.poll_event())
}

#[test]
fn a_drain_plays_all_that_was_given_and_no_more() {
    let mut phone = Phone::new(CardSettings { latency: 960.0, ..CardSettings::default() });
    let tone = phone.pump.playout::<f32>(oncue_duplex::FrameFormat::new(48_000, 40).unwrap(), {
        let mut given = 0;
        move |frame: &mut [f32], _: &PlayoutInfo| {
            given += 1;
            frame.fill(given as f32 / 1024.0);
        }
    });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(10);
    let given = tone.stats().frames.div_ceil(4);
    let waits = std::thread::spawn(move || tone.drain(Duration::from_secs(3600)));
    let mut turns = 0;
    while !waits.is_finished() {
        phone.turns(1);
        turns += 1;
    }
    assert!(waits.join().unwrap());
    tap.detach();
    let heard = heard.lock().unwrap();
    let sound: Vec<f32> = heard.iter().flat_map(|(frame, ..)| frame.clone()).collect();
    for n in 1..=given {
        let played = sound.iter().filter(|sample| **sample == n as f32 / 1024.0).count();
        assert_eq!(played, 1920, "frame {n} after {turns} turns");
    }
    assert!(sound.iter().all(|sample| *sample <= given as f32 / 1024.0));
}

#[test]
fn a_drain_gives_up_at_its_deadline_or_when_nothing_runs() {
    let mut phone = Phone::new(CardSettings::default());
    let idle = phone.pump.playout::<f32>(ten_ms(48_000), Ramp::from(0));
    assert!(!idle.drain(Duration::from_secs(3600)), "no hardware runs");
    let stuck = phone.pump.playout::<f32>(ten_ms(48_000), Ramp::from(0));
    let _running = phone.start(Directions::Duplex);
    phone.turns(5);
    assert!(!stuck.drain(TEN_MS), "time stands still");
    assert_eq!(phone.pump.wanted(), None);
}

#[test]
fn warming_up_opens_the_microphone_and_calls_nobody() {
    let mut phone = Phone::new(CardSettings::default());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    phone.pump.set_warm_up(true);
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    assert_eq!(tap.stats().frames, 0);
    assert!(phone.duplex.stats().capture.delivered > 0);
    phone.pump.set_warm_up(false);
    phone.turns(5);
    tap.detach();
    assert_eq!(heard.lock().unwrap().len(), 5);
    assert_eq!(heard.lock().unwrap()[0].2.index, 20 * 480);
}

#[test]
fn a_mute_set_while_nothing_runs_lets_no_sample_through_at_the_resume() {
    let mut phone = Phone::new(CardSettings { noise_dbfs: Some(-20.0), ..CardSettings::default() });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let mut running = phone.start(Directions::Duplex);
    phone.turns(10);
    running.stop();
    phone.pump.set_muted(true);
    let before = heard.lock().unwrap().len();
    let _running = phone.start(Directions::Duplex);
    phone.turns(10);
    // As an endpoint that comes later, which a re-INVITE makes.
    let (late, heard_late) = phone.listen::<f32>(ten_ms(48_000));
    phone.turns(10);
    tap.detach();
    late.detach();
    let heard = heard.lock().unwrap();
    assert!(heard[..before].iter().any(|(frame, ..)| frame.iter().any(|sample| *sample != 0.0)));
    assert!(heard.len() > before + 15);
    for (frame, _, info) in heard[before..].iter().chain(heard_late.lock().unwrap().iter()) {
        assert!(info.muted && frame.iter().all(|sample| *sample == 0.0));
    }
}

#[test]
fn the_delays_are_those_of_a_sample_on_its_way_through_the_loop() {
    let mut phone = Phone::new(CardSettings { latency: 1000.0, ..CardSettings::default() });
    let turn = Arc::new(AtomicU32::new(0));
    let (say, given) = mpsc::channel();
    let (now, mut count) = (Arc::clone(&turn), 0);
    let _far_end =
        phone.pump.playout(ten_ms(48_000), move |frame: &mut [f32], info: &PlayoutInfo| {
            count += 1;
            if count == 20 {
                frame[0] = 0.5;
                say.send((now.load(Ordering::Acquire), info.delay)).unwrap();
            }
        });
    let (say, got) = mpsc::channel();
    let now = Arc::clone(&turn);
    let tap =
        phone.pump.capture(ten_ms(48_000), move |frame: &[f32], _: &[f32], info: &CaptureInfo| {
            if let Some(place) = frame.iter().position(|sample| *sample != 0.0) {
                say.send((now.load(Ordering::Acquire), place as u32, *info)).unwrap();
            }
        });
    let _running = phone.start(Directions::Duplex);
    for _ in 0..40 {
        turn.fetch_add(1, Ordering::AcqRel);
        phone.turns(1);
    }
    tap.detach();
    let (there, delay) = given.recv().unwrap();
    let (back, place, info) = got.recv().unwrap();
    // The card moved 10 ms a turn; the impulse came back at the microphone when it was at the speaker.
    assert_eq!(delay + info.capture_delay, (back - there) * TEN_MS + place * TEN_MS / 480);
    assert_eq!(info.capture_delay, TEN_MS, "the block is of the period before its callback");
    assert_eq!(info.total_delay(), delay + TEN_MS, "the next frame is as far ahead as that one");
}
