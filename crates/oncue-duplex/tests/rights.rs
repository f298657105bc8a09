//! Real-time rights: what the engine says it got is what the kernel says the thread has, and nobody is put at risk for
//! them. The kernel's word (`/proc/thread-self/stat`) is independent of the engine's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::sync::atomic::{AtomicBool, Ordering};
use cpal::SampleFormat;
use oncue_duplex::{Denied, Duplex, DuplexSettings, Rights};
use oncue_session::{Directions, Engine};
use puppet::{Puppet, capture};
use rig::{permit, until};
use std::process::Command;

const ASKED: u8 = 7;

/// Has a thread of its own call back once, and says what the engine got for it, with the kernel's priority of it.
fn rights(realtime: Option<u8>) -> (Rights, i32) {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let settings = DuplexSettings { realtime, ..DuplexSettings::default() };
    let (mut duplex, _endpoint) = Duplex::open(puppet.source(), settings).unwrap();
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let (mut push, _error) = puppet.capture_strings();
    let (called, judged) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            capture(&mut push, &mut [0.5_f32; 480], 1);
            called.store(true, Ordering::Release);
            until(|| judged.load(Ordering::Acquire).then_some(()));
            own_priority()
        });
        until(|| called.load(Ordering::Acquire).then_some(()));
        let rights = until(|| {
            let rights = duplex.stats().capture.stream.rights;
            // Who did not ask is told nothing, however long it waits.
            (realtime.is_none() || rights != Rights::NotAsked).then_some(rights)
        });
        assert_eq!(duplex.stats().playback.stream.rights, Rights::NotAsked, "it never called");
        judged.store(true, Ordering::Release);
        (rights, thread.join().unwrap())
    })
}

/// The real-time priority that the kernel gives the calling thread; 0 = none.
fn own_priority() -> i32 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    // Fields after the name in parentheses, which may hold anything, count from 3; this is field 40.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(40 - 3).unwrap().parse().unwrap()
}

/// Runs this test again in a process that `prefix` starts, in which `ONCUE_RIGHTS` says what is to come out.
fn within(test: &str, prefix: &str, expected: &str) -> bool {
    let me = std::env::current_exe().unwrap();
    let command = format!("exec {prefix} '{}' --exact {test} --nocapture", me.display());
    let output =
        Command::new("sh").arg("-c").arg(command).env("ONCUE_RIGHTS", expected).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{prefix}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text.contains("1 passed")
}

/// In the process that [`within`] started: whether it came out as expected.
fn is_child() -> bool {
    let Ok(expected) = std::env::var("ONCUE_RIGHTS") else { return false };
    let (rights, kernel) = rights(Some(ASKED));
    assert_eq!(format!("{rights:?} {kernel}"), expected);
    true
}

#[test]
fn what_was_not_asked_for_is_not_given() {
    assert_eq!(rights(None), (Rights::NotAsked, 0));
}

#[test]
fn what_the_engine_got_is_what_the_kernel_says() {
    let (rights, kernel) = rights(Some(ASKED));
    match rights {
        Rights::Realtime { priority } => assert_eq!(priority, kernel),
        Rights::Denied { why: Denied::NotPermitted { .. } } => assert_eq!(kernel, 0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_overrunning_would_kill_nothing_is_asked_for() {
    if is_child() {
        return;
    }
    let expected = "Denied { why: CpuTimeLimited } 0";
    let name = "where_overrunning_would_kill_nothing_is_asked_for";
    assert!(within(name, "prlimit --rttime=1000000:1000000", expected));
}

/// Without the capability, the user's limit counts: none, and one below what was asked for.
#[test]
fn the_users_limit_counts() {
    if is_child() {
        return;
    }
    let works = |prefix: &str| {
        let output = Command::new("sh").arg("-c").arg(format!("{prefix} true")).output().unwrap();
        output.status.success()
    };
    // Who is root gives the capability up; who is not has none.
    let gives_up = "setpriv --bounding-set=-sys_nice";
    let without = if works(gives_up) { gives_up } else { "" };
    let none = "Denied { why: NotPermitted { allowed: 0 } } 0";
    assert!(within("the_users_limit_counts", &format!("prlimit --rtprio=0:0 {without}"), none));
    // To raise a limit is a right of its own.
    let some = format!("prlimit --rtprio=3:3 {without}");
    if works(&some) {
        assert!(within("the_users_limit_counts", &some, "Realtime { priority: 3 } 3"));
    }
}

#[test]
fn a_thread_that_has_a_priority_keeps_it() {
    if is_child() {
        return;
    }
    // Threads inherit it. Who may not have one has nothing to keep.
    let may = Command::new("chrt").args(["-f", "11", "true"]).output().unwrap();
    if may.status.success() {
        let name = "a_thread_that_has_a_priority_keeps_it";
        assert!(within(name, "chrt -f 11", "AlreadyRealtime { priority: 11 } 11"));
    }
}
