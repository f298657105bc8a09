//! The callbacks make no system call but the clock's, and under RealtimeSanitizer no allocation and no blocking call,
//! in any state of the engine; and both guards catch what is planted.
//!
//! The seccomp part runs everywhere on Linux. The sanitizer's needs a nightly compiler:
//! `RUSTFLAGS="-Zsanitizer=realtime --cfg rtsan" cargo +nightly test -p oncue-duplex --test realtime
//! --target x86_64-unknown-linux-gnu`. A guard ends the process, so each case is a process of its own.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![cfg_attr(rtsan, feature(sanitize))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use cpal::{ErrorKind, FromSample, SampleFormat, SizedSample};
use oncue_card::{CardSettings, Direction, Fault};
use oncue_duplex::{
    CaptureInfo, Duplex, DuplexSettings, Endpoint, FrameFormat, PlayoutInfo, Pump, PumpHooks,
    Recovery, SilenceKind,
};
use oncue_session::{Directions, Engine, RunningIo};
use puppet::{Puppet, capture, playback};
use rig::{free_running, open, permit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Instant;

const CHILD: &str = "ONCUE_DUPLEX_CHILD";
const SIGSYS: i32 = 31;

/// Runs `case` in a process of its own, in which this test is called again.
fn in_a_process(test: &str, case: impl FnOnce()) -> Output {
    if std::env::var_os(CHILD).is_some() {
        case();
        std::process::exit(0);
    }
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

fn survives(test: &str, case: impl FnOnce()) {
    let Output { status, stderr, .. } = in_a_process(test, case);
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{status}: a callback did what it may not: {stderr}");
}

const GETTIMEOFDAY: i64 = 96;
const CLOCK_GETTIME: i64 = 228;
/// What the clock reads where the process cannot do so by itself.
const CLOCKS: &[i64] = &[GETTIMEOFDAY, CLOCK_GETTIME];
/// The number of the thread that calls: what a callback makes once a stream, if real-time rights are asked for.
const GETTID: i64 = 186;
/// What installs a filter.
const PRCTL: i64 = 157;
const SECCOMP: i64 = 317;

/// A filter under which a thread may make `calls`. Anything else ends the process with SIGSYS.
fn program(calls: &[i64]) -> BpfProgram {
    SeccompFilter::new(
        calls.iter().map(|call| (*call, vec![])).collect(),
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        TargetArch::x86_64,
    )
    .unwrap()
    .try_into()
    .unwrap()
}

/// How far both threads of a case are. They wait for each other by looking: the one under the filter may do no more.
static STEP: AtomicU32 = AtomicU32::new(0);

fn reach(step: u32) {
    STEP.store(step, Ordering::Release);
}

fn reached(step: u32) -> bool {
    STEP.load(Ordering::Acquire) >= step
}

fn await_step(step: u32) {
    while !reached(step) {
        core::hint::spin_loop();
    }
}

/// Runs `audio` on a thread that may only read clocks while `control` runs here.
fn under_the_filter(audio: impl FnMut() + Send + 'static, control: impl FnOnce()) {
    under(CLOCKS, audio, control);
}

/// Runs `audio` on a thread that may only make `calls` while `control` runs here, and returns after both. The thread may
/// neither free what it holds nor end, so it is left looking at nothing.
fn under(calls: &'static [i64], mut audio: impl FnMut() + Send + 'static, control: impl FnOnce()) {
    std::thread::spawn(move || {
        seccompiler::apply_filter(&program(calls)).unwrap();
        audio();
        reach(u32::MAX);
        loop {
            core::hint::spin_loop();
        }
    });
    control();
    while !reached(u32::MAX) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Every state of an engine on a device that gives blocks of any size in format `T`.
fn all_states<T: SizedSample + FromSample<f32> + Send + 'static>() {
    let puppet = Puppet::new(2, T::FORMAT);
    let (mut duplex, mut endpoint) =
        Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    duplex.prepare().unwrap();
    let (mut pull, mut playback_error) = puppet.playback_strings();
    let (mut push, mut capture_error) = puppet.capture_strings();
    let mut buffer = vec![T::from_sample(0.1_f32); 2 * 96_000].into_boxed_slice();
    let mut ns = 0;
    let mut blocks = move |sizes: &[usize], endpoint: &mut Endpoint, consume: bool| {
        let mut frame = [0.1; 480];
        for size in sizes {
            ns += 500_000;
            capture(&mut push, &mut buffer[..2 * size], ns);
            playback(&mut pull, &mut buffer[..2 * size], ns);
            if consume {
                while endpoint.read(&mut frame).is_some() {
                    endpoint.write(&frame);
                }
            }
        }
        // JACK's clock after an xrun.
        ns -= 250_000;
    };
    let audio = move || {
        // Prepared, not started.
        blocks(&[480, 480], &mut endpoint, true);
        reach(1);
        await_step(2);
        // Started: a huge first block, then steady, then every size.
        blocks(&[96_000], &mut endpoint, true);
        blocks(&[480; 100], &mut endpoint, true);
        blocks(&[0, 1, 24, 255, 256, 257, 2400, 4800], &mut endpoint, true);
        // Nobody reads and writes: overrun of capture, underrun of playback; and back.
        blocks(&[4800; 20], &mut endpoint, false);
        blocks(&[480; 20], &mut endpoint, true);
        // Faults that do not end the run.
        for _ in 0..1000 {
            playback_error(ErrorKind::Xrun.into());
            capture_error(ErrorKind::Xrun.into());
            capture_error(ErrorKind::DeviceChanged.into());
        }
        // Stopped meanwhile, and started again.
        reach(3);
        while !reached(4) {
            blocks(&[480], &mut endpoint, true);
        }
        blocks(&[480; 10], &mut endpoint, true);
        // A dead server.
        for _ in 0..1000 {
            playback_error(ErrorKind::BackendError.into());
            blocks(&[480], &mut endpoint, true);
        }
    };
    under_the_filter(audio, || {
        await_step(1);
        let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
        reach(2);
        await_step(3);
        running.stop();
        duplex.start(permit(), Directions::Duplex).unwrap();
        reach(4);
    });
    let stats = duplex.stats();
    assert!(stats.capture.lost > 0 && stats.capture.discarded > 0 && stats.capture.delivered > 0);
    assert!(stats.playback.underrun > 0 && stats.playback.written > 0);
    assert!(stats.playback.stream.xruns == 1000 && stats.playback.stream.errors > 0);
}

#[test]
fn all_states_in_f32() {
    survives("all_states_in_f32", all_states::<f32>);
}

#[test]
fn all_states_in_i32() {
    survives("all_states_in_i32", all_states::<i32>);
}

#[test]
fn all_states_in_i16() {
    survives("all_states_in_i16", all_states::<i16>);
}

#[test]
fn all_states_in_u16() {
    survives("all_states_in_u16", all_states::<u16>);
}

/// The callbacks of both directions, as they are handed from the thread that builds to the one under the filter.
type Strings = (
    (
        Box<dyn FnMut(&cpal::Data, &cpal::InputCallbackInfo) + Send>,
        Box<dyn FnMut(cpal::Error) + Send>,
    ),
    (
        Box<dyn FnMut(&mut cpal::Data, &cpal::OutputCallbackInfo) + Send>,
        Box<dyn FnMut(cpal::Error) + Send>,
    ),
);

/// Streams fail and are built anew while their callbacks go on: those of the lost stream until it is dropped and after,
/// those of the new one from before it is handed over.
fn lost_and_rebuilt() {
    /// Read by one thread after the other wrote it: neither ever waits.
    static REBUILT: [OnceLock<Mutex<Option<Strings>>>; 3] =
        [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let puppet = Puppet::new(2, SampleFormat::F32);
    let recovery = Recovery { retry_at_most: Duration::from_millis(4), ..Recovery::default() };
    let settings = DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() };
    let (mut duplex, mut endpoint) = Duplex::open(puppet.source(), settings).unwrap();
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    let strings = |puppet: &Puppet| {
        let strings = puppet.strings.lock().unwrap();
        strings.capture.is_some() && strings.playback.is_some()
    };
    let mut held = Some((puppet.capture_strings(), puppet.playback_strings()));
    // What was lost may not be freed on the thread under the filter, which never ends.
    let mut kept: [Option<Strings>; 3] = [None, None, None];
    let audio = move || {
        let mut buffer = [0.1_f32; 960];
        let mut ns = 0;
        for (slot, keep) in REBUILT.iter().zip(&mut kept) {
            let Some(((push, capture_error), (pull, playback_error))) = &mut held else { return };
            for _ in 0..100 {
                ns += 10_000_000;
                capture(push, &mut buffer, ns);
                playback(pull, &mut buffer, ns);
            }
            // One error is fatal at once, many may be an underrun until no callback follows them.
            playback_error(ErrorKind::DeviceNotAvailable.into());
            for _ in 0..1000 {
                capture_error(ErrorKind::StreamInvalidated.into());
                playback_error(ErrorKind::BackendError.into());
            }
            while slot.get().is_none() {
                ns += 10_000_000;
                capture(push, &mut buffer, ns);
                playback(pull, &mut buffer, ns);
            }
            let next = slot.get().and_then(|slot| slot.try_lock().ok()?.take());
            *keep = core::mem::replace(&mut held, next);
        }
        let Some(((push, _), (pull, _))) = &mut held else { return };
        while !reached(1) {
            ns += 10_000_000;
            capture(push, &mut buffer, ns);
            playback(pull, &mut buffer, ns);
        }
        for old in kept.iter_mut().flatten() {
            capture(&mut old.0.0, &mut buffer, ns);
            playback(&mut old.1.0, &mut buffer, ns);
        }
    };
    let control = || {
        let mut frame = [0.1; 480];
        for slot in &REBUILT {
            while !strings(&puppet) {
                endpoint.write(&frame);
                while endpoint.read(&mut frame).is_some() {}
                std::thread::sleep(Duration::from_millis(1));
            }
            let strings = (puppet.capture_strings(), puppet.playback_strings());
            assert!(slot.set(Mutex::new(Some(strings))).is_ok());
        }
        let before = duplex.stats().capture.delivered;
        while duplex.stats().capture.delivered < before + 48_000 {
            endpoint.write(&frame);
            while endpoint.read(&mut frame).is_some() {}
            std::thread::sleep(Duration::from_millis(1));
        }
        running.stop();
        reach(1);
    };
    under_the_filter(audio, control);
    let stats = duplex.stats();
    assert!(stats.capture.stream.errors > 0 && stats.playback.stream.errors > 0);
}

#[test]
fn streams_that_are_lost_and_rebuilt() {
    survives("streams_that_are_lost_and_rebuilt", lost_and_rebuilt);
}

/// A started engine on a card that a test moves.
fn on_a_card() -> (oncue_card::Card, Duplex, Endpoint, Box<dyn RunningIo>) {
    let card = free_running(CardSettings {
        noise_dbfs: Some(-60.0),
        capture_ppm: 50.0,
        ..CardSettings::default()
    });
    let (mut duplex, endpoint) = open(&card, DuplexSettings::default());
    let running = duplex.start(permit(), Directions::Duplex).unwrap();
    (card, duplex, endpoint, running)
}

#[test]
fn driven_by_a_card() {
    survives("driven_by_a_card", || {
        let (card, mut duplex, mut endpoint, mut running) = on_a_card();
        let its = card.clone();
        let mut frames = move |count: usize, consume: bool| {
            let mut frame = [0.0; 480];
            for _ in 0..count {
                its.advance_frames(480);
                while consume && endpoint.read(&mut frame).is_some() {
                    endpoint.write(&frame);
                }
            }
        };
        let audio = move || {
            frames(100, true);
            frames(100, false);
            reach(1);
            await_step(2);
            frames(100, true);
            reach(3);
            await_step(4);
            frames(100, true);
        };
        under_the_filter(audio, || {
            await_step(1);
            card.inject(Fault::Xrun { direction: Direction::Capture, frames: 100 });
            card.inject(Fault::Xrun { direction: Direction::Playback, frames: 100 });
            card.inject(Fault::Stall {
                direction: Direction::Playback,
                duration: Duration::from_millis(200),
            });
            card.inject(Fault::StuckBuffer(true));
            reach(2);
            // Who judges silence reads while blocks are published.
            while !reached(3) {
                duplex.poll_event(Instant::now());
            }
            duplex.poll_event(Instant::now());
            let judged = duplex.stats().capture.stream.silence;
            assert_eq!(judged.map(|silence| silence.kind), Some(SilenceKind::Repeated));
            running.stop();
            reach(4);
        });
        let stats = duplex.stats();
        assert!(
            stats.capture.lost > 0
                && stats.playback.underrun > 0
                && stats.capture.stream.xruns == 1
        );
        assert_eq!(stats.capture.stream.format.format, SampleFormat::F32);
    });
}

#[test]
fn with_a_call_stack_on_a_pump() {
    survives("with_a_call_stack_on_a_pump", || {
        let card =
            free_running(CardSettings { noise_dbfs: Some(-60.0), ..CardSettings::default() });
        let (mut duplex, endpoint) = open(&card, DuplexSettings::default());
        let pump = Pump::spawn(endpoint, PumpHooks::default()).unwrap();
        let frames = FrameFormat::new(16_000, 20).unwrap();
        let play = |frame: &mut [i16], _: &PlayoutInfo| frame.fill(100);
        let _far_end = pump.playout(frames, play);
        let tap = pump.capture(frames, |_: &[i16], _: &[i16], _: &CaptureInfo| {});
        let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
        let its = card.clone();
        let audio = move || {
            for run in 0..10 {
                while !reached(3 * run + 1) {
                    its.advance_frames(480);
                }
                // The card's lock is contended while streams are stopped and started: that is no callback's doing.
                reach(3 * run + 2);
                await_step(3 * run + 3);
            }
        };
        under_the_filter(audio, || {
            // Endpoints come and go, and the hardware stops and starts, while callbacks run under the filter.
            for run in 0..10 {
                let frames = tap.stats().frames;
                while tap.stats().frames < frames + 10 {
                    std::thread::yield_now();
                }
                pump.playout(frames_of_10_ms(), play).detach();
                pump.set_muted(run % 2 == 0);
                reach(3 * run + 1);
                await_step(3 * run + 2);
                running.stop();
                running = duplex.start(permit(), Directions::Duplex).unwrap();
                reach(3 * run + 3);
            }
        });
        assert!(duplex.stats().playback.written > 0 && tap.stats().frames >= 100);
    });
}

fn frames_of_10_ms() -> FrameFormat {
    FrameFormat::new(48_000, 10).unwrap()
}

#[test]
fn asking_for_rights_takes_one_call_for_a_number_and_none_later() {
    survives("asking_for_rights_takes_one_call_for_a_number_and_none_later", || {
        let card = free_running(CardSettings::default());
        let asking = DuplexSettings { realtime: Some(1), ..DuplexSettings::default() };
        let (mut duplex, _endpoint) = open(&card, asking);
        let _running = duplex.start(permit(), Directions::Duplex).unwrap();
        let filter = program(CLOCKS);
        let audio = move || {
            card.advance_frames(480);
            reach(1);
            await_step(2);
            seccompiler::apply_filter(&filter).unwrap();
            card.advance_frames(480);
        };
        // Until it is under the stricter filter the thread may install it.
        under(&[GETTID, GETTIMEOFDAY, CLOCK_GETTIME, PRCTL, SECCOMP], audio, || {
            await_step(1);
            rig::until(|| {
                let stats = duplex.stats();
                let told = |rights| rights != oncue_duplex::Rights::NotAsked;
                (told(stats.capture.stream.rights) && told(stats.playback.stream.rights))
                    .then_some(())
            });
            reach(2);
        });
    });
}

/// Puts `planted` into what runs under the filter: the process must not survive it.
fn is_caught(test: &str, mut planted: impl FnMut() + Send + 'static) {
    let child = in_a_process(test, || {
        let (card, _duplex, _endpoint, _running) = on_a_card();
        let audio = move || {
            card.advance_frames(480);
            planted();
            card.advance_frames(480);
        };
        under_the_filter(audio, || {});
    });
    assert_eq!(child.status.signal(), Some(SIGSYS));
}

#[test]
fn a_planted_lock_is_caught() {
    static LOCK: Mutex<()> = Mutex::new(());
    let _held = LOCK.lock();
    is_caught("a_planted_lock_is_caught", || drop(LOCK.lock()));
}

#[test]
fn a_planted_sleep_is_caught() {
    is_caught("a_planted_sleep_is_caught", || std::thread::sleep(Duration::from_nanos(1)));
}

#[test]
fn a_planted_stat_is_caught() {
    is_caught("a_planted_stat_is_caught", || {
        let _ = std::fs::metadata("/");
    });
}

#[test]
fn a_planted_wake_up_is_caught() {
    static WAKE: Condvar = Condvar::new();
    is_caught("a_planted_wake_up_is_caught", || WAKE.notify_one());
}

/// The sanitizer sees what the callbacks' own attribute makes it see.
#[cfg(rtsan)]
#[test]
fn a_planted_allocation_is_caught_by_the_sanitizer() {
    #[sanitize(realtime = "nonblocking")]
    fn callback() {
        core::hint::black_box(Vec::<u8>::with_capacity(1000));
    }
    let child = in_a_process("a_planted_allocation_is_caught_by_the_sanitizer", callback);
    assert_eq!(child.status.code(), Some(43));
}
