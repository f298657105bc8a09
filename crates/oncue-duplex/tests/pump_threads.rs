//! Where the stack's code runs, when it is over, and what its panics and delays cost.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;
mod stack;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use oncue_card::CardSettings;
use oncue_duplex::{
    Attachment, CaptureInfo, DuplexSettings, HardwareEvent, Playout, PlayoutInfo, Pump, PumpEvent,
    PumpHooks,
};
use oncue_session::Directions;
use rig::{free_running, open, until};
use stack::{Phone, ten_ms};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

/// A stack that says what is done with it, and where.
struct Stack(Sender<(&'static str, ThreadId)>);

impl Stack {
    fn say(&self, what: &'static str) {
        // The test may have heard enough.
        let _ = self.0.send((what, thread::current().id()));
    }
}

impl Playout<f32> for Stack {
    fn need_playout(&mut self, _: &mut [f32], _: &PlayoutInfo) {
        self.say("called");
    }

    fn hardware(&mut self, event: &HardwareEvent) {
        self.say(if *event == HardwareEvent::Started { "started" } else { "stopped" });
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.say("dropped");
    }
}

#[test]
fn one_thread_runs_hooks_and_stack_from_first_to_last() {
    let card = free_running(CardSettings::default());
    let (duplex, endpoint) = open(&card, DuplexSettings::default());
    let (say, said) = mpsc::channel();
    let (first, last) = (say.clone(), say.clone());
    let thread = || thread::current().id();
    let hooks = PumpHooks {
        started: Some(Box::new(move || first.send(("thread started", thread())).unwrap())),
        stopping: Some(Box::new(move || last.send(("thread stopping", thread())).unwrap())),
    };
    let pump = Pump::spawn(endpoint, hooks).unwrap();
    let far_end = pump.playout(ten_ms(48_000), Stack(say));
    let mut phone = Phone { card, duplex, pump, left: 0 };
    let mut all = Vec::new();
    for _ in 0..3 {
        let mut running = phone.start(Directions::Duplex);
        phone.turns(5);
        running.stop();
        until(|| {
            all.extend(said.try_iter());
            all.last().filter(|(what, _)| *what == "stopped").map(|_| ())
        });
    }
    far_end.detach();
    all.extend(said.try_iter());
    assert_eq!(all.last().unwrap().0, "dropped", "before the detach returned");
    phone.pump.stop();
    all.extend(said.try_iter());
    let (_, pump) = all[0];
    assert!(pump != thread() && all.iter().all(|(_, on)| *on == pump));
    let mut words: Vec<&str> = all.iter().map(|(what, _)| *what).collect();
    words.dedup();
    let run = ["started", "called", "stopped"];
    let expected = [&["thread started"][..], &run, &run, &run, &["dropped", "thread stopping"]];
    assert_eq!(words, expected.concat());
}

#[test]
fn after_detach_or_stop_returned_the_stack_is_never_entered() {
    let mut phone = Phone::new(CardSettings::default());
    let _running = phone.start(Directions::Duplex);
    let card = phone.card.clone();
    let over = Arc::new(AtomicBool::new(false));
    let moves = {
        let over = Arc::clone(&over);
        thread::spawn(move || {
            while !over.load(Ordering::Acquire) {
                card.advance_frames(480);
                thread::sleep(Duration::from_micros(200));
            }
        })
    };
    let entered = Arc::new(AtomicBool::new(false));
    let attach = |phone: &Phone| {
        let gone = Arc::new(AtomicBool::new(false));
        let (entered, its) = (Arc::clone(&entered), Arc::clone(&gone));
        let far_end = phone.pump.playout(ten_ms(48_000), move |_: &mut [f32], _: &PlayoutInfo| {
            assert!(!its.load(Ordering::SeqCst));
            entered.store(true, Ordering::SeqCst);
            thread::yield_now();
            assert!(!its.load(Ordering::SeqCst), "left after it was gone");
        });
        (far_end, gone)
    };
    let await_call = || until(|| entered.swap(false, Ordering::SeqCst).then_some(()));
    let mut gone = Vec::new();
    for _ in 0..100 {
        let (far_end, its) = attach(&phone);
        await_call();
        far_end.detach();
        its.store(true, Ordering::SeqCst);
        gone.push(its);
    }
    let (_far_end, its) = attach(&phone);
    await_call();
    assert!(phone.pump.poll_event().is_some());
    while let Some(event) = phone.pump.poll_event() {
        assert!(matches!(event, PumpEvent::Wanted(_)), "{event:?}");
    }
    phone.pump.stop();
    its.store(true, Ordering::SeqCst);
    entered.store(false, Ordering::SeqCst);
    let callbacks = phone.duplex.stats().playback.stream.callbacks;
    until(|| (phone.duplex.stats().playback.stream.callbacks > callbacks + 20).then_some(()));
    assert!(!entered.load(Ordering::SeqCst));
    over.store(true, Ordering::Release);
    moves.join().unwrap();
}

#[test]
fn a_stack_that_detaches_itself_is_gone_when_its_call_returns() {
    let mut phone = Phone::new(CardSettings::default());
    let mine: Arc<Mutex<Option<Attachment>>> = Arc::default();
    let (its, (say, said)) = (Arc::clone(&mine), mpsc::channel());
    let far_end = phone.pump.playout(ten_ms(48_000), move |_: &mut [f32], _: &PlayoutInfo| {
        if let Some(attachment) = its.lock().unwrap().take() {
            attachment.detach();
        }
        say.send(()).unwrap();
    });
    *mine.lock().unwrap() = Some(far_end);
    let _running = phone.start(Directions::Duplex);
    assert!(said.recv().is_ok());
    assert!(said.recv().is_err(), "it was called once, and dropped");
    phone.turns(5);
}

#[test]
fn a_panic_ends_its_endpoint_and_nothing_else() {
    let mut phone = Phone::new(CardSettings::default());
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let steady = phone.pump.playout(ten_ms(48_000), |frame: &mut [f32], _: &PlayoutInfo| {
        frame.fill(0.25);
    });
    let mut calls = 0;
    let frail = phone.pump.playout(ten_ms(48_000), move |frame: &mut [f32], _: &PlayoutInfo| {
        calls += 1;
        frame.fill(0.25);
        assert!(calls < 5, "out of {}", "luck");
    });
    let bad = phone.pump.capture(ten_ms(48_000), |_: &[f32], _: &[f32], _: &CaptureInfo| {
        std::panic::panic_any(7);
    });
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    tap.detach();
    assert!(frail.stats().panicked && bad.stats().panicked && !steady.stats().panicked);
    assert_eq!(frail.stats().frames, 4);
    let mut panics = Vec::new();
    while let Some(event) = phone.pump.poll_event() {
        if let PumpEvent::Panicked { attachment, message } = event {
            panics.push((attachment, message));
        }
    }
    panics.sort_by_key(|(_, message)| message.len());
    assert_eq!(panics, [(bad.id(), String::new()), (frail.id(), "out of luck".into())]);
    let heard = heard.lock().unwrap();
    let sound: Vec<f32> = heard.iter().flat_map(|(frame, ..)| frame.clone()).collect();
    assert_eq!(sound.iter().filter(|sample| **sample == 0.5).count(), 4 * 480);
    assert_eq!(sound.last(), Some(&0.25));
    assert_eq!(phone.duplex.stats().playback.underrun, 0);
}

#[test]
fn a_call_that_blocks_costs_the_frames_of_its_time_and_no_delay_after_it() {
    let mut phone = Phone::new(CardSettings::default());
    let (enter, entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let blocks = Arc::new(AtomicBool::new(false));
    let its = Arc::clone(&blocks);
    let far_end = phone.pump.playout(ten_ms(48_000), move |_: &mut [f32], _: &PlayoutInfo| {
        if its.swap(false, Ordering::AcqRel) {
            enter.send(()).unwrap();
            may_leave.recv().unwrap();
        }
    });
    let (tap, heard) = phone.listen::<f32>(ten_ms(48_000));
    let _running = phone.start(Directions::Duplex);
    phone.turns(20);
    let steady = heard.lock().unwrap().last().unwrap().2;
    blocks.store(true, Ordering::Release);
    let turns = |count| (0..count).for_each(|_| phone.card.advance_frames(480));
    turns(1);
    entered.recv().unwrap();
    let before = phone.duplex.stats();
    // Half a second of the device, and more than 10 ms of ours.
    turns(50);
    thread::sleep(Duration::from_millis(11));
    leave.send(()).unwrap();
    phone.settle();
    let after = phone.duplex.stats();
    let lost = after.playback.underrun - before.playback.underrun;
    let waited = before.playback.stream.waiting;
    assert_eq!(lost, 50 * 480 - waited, "playback went on with what it had");
    // Of capture the latest 30 ms are kept.
    let skipped = after.capture.discarded - before.capture.discarded;
    assert!((47 * 480..=50 * 480).contains(&skipped), "{skipped}");
    phone.turns(20);
    tap.detach();
    assert_eq!(phone.duplex.stats().playback.underrun, after.playback.underrun);
    assert!(far_end.stats().slow >= 1 && far_end.stats().slowest >= Duration::from_millis(11));
    let (_, _, last) = heard.lock().unwrap().pop().unwrap();
    assert_eq!(last.total_delay(), steady.total_delay());
}
