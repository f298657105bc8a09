//! `advance` allocates nothing and makes no system call, so that a program's callbacks can be tested
//! for both through it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use core::time::Duration;
use std::{env, process::Command};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use oncue_card::{Card, CardSettings, Direction, Fault};
use rig::{free_running, mono};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

const CHILD: &str = "ONCUE_CARD_UNDER_FILTER";
// System calls of x86-64.
const EXIT_GROUP: i64 = 231;
const MUNMAP: i64 = 11;
const SIGALTSTACK: i64 = 131;

/// Runs through everything a tick may do, with callbacks that do nothing.
fn exercise(card: &Card) {
    for _ in 0..20 {
        card.advance(Duration::from_millis(500));
    }
}

fn with_streams(run: impl FnOnce(&Card)) {
    let card = free_running(CardSettings {
        latency: 10.5,
        capture_ppm: 80.0,
        noise_dbfs: Some(-70.0),
        ..CardSettings::default()
    });
    let device = card.host().default_input_device().unwrap();
    let capture = device.build_input_stream(mono(&card), |_: &[f32], _| {}, drop, None).unwrap();
    let playback = device
        .build_output_stream(mono(&card), |samples: &mut [f32], _| samples.fill(0.5), drop, None)
        .unwrap();
    capture.play().unwrap();
    playback.play().unwrap();
    card.advance(Duration::from_secs(1));
    card.inject(Fault::Xrun { direction: Direction::Capture, frames: 77 });
    card.inject(Fault::Xrun { direction: Direction::Playback, frames: 1234 });
    card.inject(Fault::Stall { direction: Direction::Playback, duration: Duration::from_secs(2) });
    run(&card);
}

#[test]
fn no_allocation() {
    with_streams(|card| {
        let info = allocation_counter::measure(|| exercise(card));
        assert_eq!(info.count_total, 0);
    });
}

#[test]
fn no_system_call() {
    if env::var_os(CHILD).is_none() {
        // The filter cannot be taken off again, so it goes into a process of its own.
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", "no_system_call", "--test-threads=1", "--nocapture"])
            .env(CHILD, "1")
            .status()
            .unwrap();
        assert!(status.success(), "{status}: a signal here is a system call made by advance");
        return;
    }
    with_streams(|card| {
        // What ends the process is all that is allowed; anything else kills it.
        let filter: BpfProgram = SeccompFilter::new(
            [EXIT_GROUP, MUNMAP, SIGALTSTACK].map(|call| (call, vec![])).into(),
            SeccompAction::KillProcess,
            SeccompAction::Allow,
            TargetArch::x86_64,
        )
        .unwrap()
        .try_into()
        .unwrap();
        seccompiler::apply_filter(&filter).unwrap();
        exercise(card);
        std::process::exit(0);
    });
}
