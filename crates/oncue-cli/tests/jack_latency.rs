//! From capture through the engine to playback on JACK: one period where samples pass as they are, and the resampler's
//! delay and two frames more where capture is resampled to playback's clock.
//!
//! Independent: `jack_iodelay` measures from outside, by the phases of tones. It reads the floor: a period is what a
//! program adds that plays in one cycle what it captured in the one before.
//!
//! A thread that wakes too late for a cycle lets a period of silence in, which stays as latency; and callbacks that come
//! late make the drift loop's first seconds uncertain by some frames. Where a busy machine does that, the measurement is
//! made again, on a new server. A setting that three attempts did not show is printed; at one period at least each of the
//! two must be shown.
//!
//! Where no server can be started the test is skipped aloud, or fails if `ONCUE_REQUIRE_SERVERS` is 1.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "figures, and what was skipped")]

#[path = "../../oncue-duplex/examples/passthrough.rs"]
mod passthrough;
mod program;

use program::root;
use std::process::{Command, Stdio};

/// Set in the process that passes audio through: `one` or `two` clocks.
const CHILD: &str = "ONCUE_PASSTHROUGH";

/// The exit codes of `scripts/audio-server` for a server that is not installed, and for one that did not come up.
const NOT_INSTALLED: i32 = 77;
const NOT_STARTED: i32 = 99;

/// The resampler's delay, in frames: 32 to 33, by where the next frame lies between two of the input.
const RESAMPLER: (f64, f64) = (32.0, 33.0);

/// What the drift correction may hold beyond that, in frames.
const BEYOND: f64 = 2.0;

/// What the figures are rounded to, and a step of the resampler's tables, which have 128 to a frame.
const ROUNDED: f64 = 0.02;

const ATTEMPTS: u32 = 3;

/// What one attempt came to.
enum Attempt {
    /// What jack_iodelay read, in frames.
    Read(f64),
    /// It read nothing, and why.
    Failed(String),
    NoServer(String),
}

fn attempt(period: u32, clocks: &str) -> Attempt {
    let test = std::env::current_exe().unwrap();
    let output = Command::new(root().join("scripts/audio-server"))
        .args([&format!("jack={period}"), "--"])
        .arg(root().join("scripts/jack-iodelay"))
        .arg(test)
        .args(["--exact", "capture_to_playback_takes_a_period", "--nocapture"])
        .env(CHILD, clocks)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let required = std::env::var("ONCUE_REQUIRE_SERVERS").is_ok_and(|required| required == "1");
    match (output.status.code(), stdout.trim().parse()) {
        (Some(NOT_INSTALLED | NOT_STARTED), _) if !required => Attempt::NoServer(stderr.into()),
        (_, Ok(frames)) => Attempt::Read(frames),
        _ => Attempt::Failed(format!("{stdout}{stderr}")),
    }
}

#[test]
fn capture_to_playback_takes_a_period() {
    if let Ok(clocks) = std::env::var(CHILD) {
        passthrough::run(clocks == "two").unwrap();
        return;
    }
    let settings = [("one", (0.0, 0.0)), ("two", (RESAMPLER.0, RESAMPLER.1 + BEYOND))];
    for (clocks, (least, most)) in settings {
        let (mut shown, mut said) = (0, String::new());
        for period in [64, 128, 256] {
            let mut shows = false;
            for _ in 0..ATTEMPTS {
                match attempt(period, clocks) {
                    Attempt::Read(frames) => {
                        println!("period {period}, {clocks} clock(s): {frames:.3} frames");
                        let added = frames - f64::from(period);
                        shows = (least - ROUNDED..=most + ROUNDED).contains(&added);
                    }
                    Attempt::Failed(why) => said = why,
                    Attempt::NoServer(why) => {
                        println!("skipped: {}", why.trim());
                        return;
                    }
                }
                if shows {
                    break;
                }
            }
            shown += u32::from(shows);
            if !shows {
                println!("not shown: period {period}, {clocks} clock(s). {said}");
            }
        }
        assert!(shown > 0, "{clocks} clock(s): never one period and {most} frames. {said}");
    }
}
