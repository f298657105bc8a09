//! Endpoints of a call stack under a typed session and over streams that are lost: intent waits, hardware follows the
//! order.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{CardSettings, Direction as CardDirection, Fault};
use oncue_duplex::{Clocks, Direction, DuplexSettings, HardwareEvent, Recovery};
use oncue_session::{
    Action, Activation, Audio, Directions, Fresh, NullPlatform, PlayAndRecord, State, action, owner,
};
use rig::until;
use stack::{Heard, Listener, Phone, Ramp, Told, noise, ten_ms};

fn answer(audio: &mut Audio<owner::System>) {
    let session = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    let _ = session.fulfill(Action::<action::Answer>::from_system(|_| ())).unwrap();
}

/// An engine that brings lost streams back at once.
fn recovering(follow_default: bool) -> DuplexSettings {
    let long = Duration::from_secs(60);
    let soon = Duration::from_millis(20);
    let recovery = Recovery { rebuild_after: long, retry_at_most: soon, follow_default };
    DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() }
}

fn sounds(heard: &Heard<f32>, from: usize) -> bool {
    heard.lock().unwrap()[from..].iter().any(|(frame, ..)| frame.iter().any(|s| *s != 0.0))
}

#[test]
fn an_endpoint_waits_for_the_activation_is_silent_after_it_and_comes_back_with_the_next() {
    let mut phone = Phone::new(CardSettings::default());
    let mut audio = Audio::under_system(NullPlatform);
    let told = Told::default();
    answer(&mut audio);
    // The stack starts as early as it likes: before the activation.
    let _far_end = phone.pump.playout(ten_ms(48_000), noise());
    let _listener = phone.pump.playout(ten_ms(48_000), Listener(told.clone()));
    let (microphone, heard) = phone.listen::<f32>(ten_ms(48_000));
    phone.card.advance_frames(48_000);
    assert_eq!(phone.duplex.stats().playback.stream.callbacks, 0, "no hardware ran");
    assert_eq!((audio.state(), microphone.stats().frames), (State::AwaitingActivation, 0));

    let session = audio.did_activate(Activation::from_system()).unwrap();
    let _ = session.start(&mut phone.duplex).unwrap();
    phone.turns(20);
    assert!(sounds(&heard, 0));

    let _ = audio.did_deactivate();
    until(|| (told.lock().unwrap().len() == 2).then_some(()));
    let before = (heard.lock().unwrap().len(), phone.duplex.stats());
    phone.card.advance_frames(48_000);
    assert_eq!((heard.lock().unwrap().len(), phone.duplex.stats()), before, "a zombie, silent");
    // A repeated one takes nothing.
    let _ = audio.did_deactivate();

    let session = audio.did_activate(Activation::from_system()).unwrap();
    let _ = session.start(&mut phone.duplex).unwrap();
    // A doubled activation, which the stack counts for itself, leaves alone what runs.
    assert!(audio.did_activate(Activation::from_system()).is_err());
    assert_eq!(audio.state(), State::Running);
    phone.turns(20);
    assert!(sounds(&heard, before.0));
    drop(audio);
    until(|| (told.lock().unwrap().len() == 4).then_some(()));
    let (started, stopped) = (HardwareEvent::Started, HardwareEvent::Stopped);
    assert_eq!(*told.lock().unwrap(), [started.clone(), stopped.clone(), started, stopped]);
}

#[test]
fn ringback_plays_alone_until_the_call_is_there() {
    let mut phone = Phone::new(CardSettings::default());
    let ringback = phone.pump.playout::<i16>(ten_ms(48_000), Ramp::from(0));
    let (microphone, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _playing = phone.start(Directions::Playback);
    phone.turns(20);
    assert!(ringback.stats().frames > 15 && microphone.stats().frames == 0);
    ringback.detach();
    let _far_end = phone.pump.playout(ten_ms(48_000), noise());
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    assert!(sounds(&heard, 0));
    assert_eq!(phone.duplex.stats().playback.underrun, 0);
}

#[test]
fn each_direction_comes_back_and_a_mute_outlives_it() {
    for lost in [CardDirection::Capture, CardDirection::Playback] {
        let card = CardSettings { noise_dbfs: Some(-20.0), ..CardSettings::default() };
        let mut phone = Phone::with(card, recovering(false));
        let told = Told::default();
        let _far_end = phone.pump.playout(ten_ms(48_000), noise());
        let _listener = phone.pump.playout(ten_ms(48_000), Listener(told.clone()));
        let (microphone, heard) = phone.listen::<f32>(ten_ms(48_000));
        let _running = phone.start(Directions::Duplex);
        phone.turns(20);
        assert!(sounds(&heard, 0));
        // Muted after its last block: the next comes from another stream.
        phone.card.inject(Fault::Fail { direction: lost, kind: ErrorKind::DeviceNotAvailable });
        phone.pump.set_muted(true);
        let before = heard.lock().unwrap().len();
        phone.run_until_recovered();
        phone.turns(20);
        let frames = heard.lock().unwrap().len();
        assert!(frames >= before + 20, "{lost}: {before}, {frames}");
        if lost == CardDirection::Capture {
            assert!(!sounds(&heard, before), "not even the ramp");
        }
        phone.pump.set_muted(false);
        phone.turns(5);
        assert!(sounds(&heard, frames));
        microphone.detach();
        let stopped =
            told.lock().unwrap().iter().filter(|it| **it == HardwareEvent::Stopped).count();
        assert!(stopped <= usize::from(lost == CardDirection::Playback), "{lost}");
    }
}

#[test]
fn the_stack_hears_of_another_device_and_goes_on_in_its_own_frames() {
    let mut phone = Phone::with(CardSettings::default(), recovering(true));
    let told = Told::default();
    let listener = phone.pump.playout(ten_ms(8_000), Listener(told.clone()));
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    phone.card.inject(Fault::OtherDefault(true));
    let changed = until(|| {
        phone.card.advance_frames(480);
        told.lock().unwrap().iter().find_map(|event| match event {
            HardwareEvent::FormatChanged { direction: Direction::Playback, format } => {
                Some(format.clone())
            }
            _ => None,
        })
    });
    assert_eq!(changed, phone.duplex.stats().playback.stream.format);
    let before = listener.stats().frames;
    phone.turns(20);
    assert!(listener.stats().frames > before + 10);
}

#[test]
fn the_device_s_rate_changes_and_the_stack_s_does_not() {
    // Clocks that are one by order forbid to convert.
    let settings = DuplexSettings { clocks: Clocks::Two, ..recovering(false) };
    let mut phone = Phone::with(CardSettings::default(), settings);
    let told = Told::default();
    let _far_end = phone.pump.playout(ten_ms(48_000), noise());
    let listener = phone.pump.playout(ten_ms(8_000), Listener(told.clone()));
    let (microphone, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    phone.card.inject(Fault::Reconfigure { rate: 16_000, period: 160 });
    let rates = || -> Vec<(Direction, u32)> {
        let told = told.lock().unwrap();
        let changed = told.iter().filter_map(|event| match event {
            HardwareEvent::FormatChanged { direction, format } => Some((*direction, format.rate)),
            _ => None,
        });
        changed.collect()
    };
    let advance_until = |done: &dyn Fn() -> bool| {
        until(|| {
            phone.card.advance(Duration::from_millis(10));
            done().then_some(())
        });
    };
    advance_until(&|| rates().len() == 2);
    let mut rates = rates();
    rates.sort_by_key(|(direction, _)| *direction == Direction::Playback);
    assert_eq!(rates, [(Direction::Capture, 16_000), (Direction::Playback, 16_000)]);
    let (given, before) = (listener.stats().frames, heard.lock().unwrap().len());
    advance_until(&|| listener.stats().frames > given + 20 && sounds(&heard, before));
    microphone.detach();
    assert!(heard.lock().unwrap().iter().all(|(frame, ..)| frame.len() == 480));
}
