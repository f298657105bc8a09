//! On real audio servers, started without sound hardware by `scripts/audio-server`: the signal comes back, the figure is
//! the same at every open, agrees with `jack_iodelay`, and nothing hangs when the server does.
//!
//! One test runs at a time: two servers on two cores would measure each other.
//!
//! A server that is not installed is skipped aloud, or fails the test if `ONCUE_REQUIRE_SERVERS` is 1, as in
//! `scripts/test`. These machines stall for 80 ms now and then: a series of opens may be tried three times, and losses
//! are findings, not failures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "figures, and what was skipped")]

mod program;

use program::{ONCUE, Said, root};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The exit code of `scripts/audio-server` for a server that is not installed.
const NOT_INSTALLED: i32 = 77;

/// Held by whoever runs a server.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a shell command beside a server; nothing if that is not installed.
fn beside(server: &str, command: &str) -> Option<Said> {
    let _alone = alone();
    let output = beside_command(server, command).output().unwrap();
    let said = Said::from(output);
    if said.code == Some(NOT_INSTALLED) {
        println!("skipped: {}", said.stderr.trim());
        return None;
    }
    Some(said)
}

fn beside_command(server: &str, command: &str) -> Command {
    let mut beside = Command::new(root().join("scripts/audio-server"));
    beside.args([server, "--", "bash", "-c", command]).env("ONCUE", ONCUE);
    beside
}

/// Five opens in a row give the same round trip, none further than `within` frames from one figure, and the signal comes
/// back in each.
fn five_opens_agree(server: &str, options: &str, within: f64) {
    let command = format!(
        "for i in 1 2 3 4 5; do $ONCUE loopback --json {options} | tr -d '\\n'; echo; done"
    );
    let mut series = Vec::new();
    for _ in 0..3 {
        let Some(said) = beside(server, &command) else { return };
        let mut trips: Vec<_> = said
            .stdout
            .lines()
            .map(|line| {
                let said =
                    Said { code: None, stdout: line.to_owned(), stderr: said.stderr.clone() };
                said.json()["round_trip"]["frames"].as_f64().unwrap_or(f64::INFINITY)
            })
            .collect();
        assert_eq!(trips.len(), 5, "{}", said.stderr);
        trips.sort_by(f64::total_cmp);
        println!("{server} {options}: {trips:.2?}");
        // An open that heard nothing is infinitely far.
        if trips[4] - trips[0] <= 2.0 * within {
            return;
        }
        series.push(trips);
    }
    panic!("{server} {options}: no series of five opens within ±{within} frames: {series:.2?}");
}

#[test]
fn five_opens_agree_on_pulseaudio() {
    five_opens_agree("pulse", "--host pulseaudio --period 480 --duration 2", 2.0);
}

#[test]
fn five_opens_agree_on_alsa_through_pulseaudio() {
    // The plugin's two streams start up to five frames apart, another time at each open, however long one listens.
    five_opens_agree("pulse", "--host alsa --period 480 --duration 6", 4.0);
}

#[test]
fn five_opens_agree_on_jack() {
    five_opens_agree("jack=128", "--host jack --duration 2", 2.0);
}

#[test]
fn the_figure_is_the_one_of_jack_iodelay() {
    for period in ["128", "256"] {
        let command = format!(
            "{}/scripts/jack-iodelay; $ONCUE loopback --json --duration 2 --host jack",
            root().display()
        );
        let Some(said) = beside(&format!("jack={period}"), &command) else { return };
        let (iodelay, report) = said.stdout.split_once('\n').unwrap();
        let iodelay: f64 =
            iodelay.trim().parse().unwrap_or_else(|_| panic!("{iodelay}: {}", said.stderr));
        let ours =
            Said { code: None, stdout: report.to_owned(), stderr: String::new() }.round_trip();
        println!("period {period}: jack_iodelay {iodelay:.3}, oncue {ours:.3} frames");
        assert!((ours - iodelay).abs() <= 1.0, "jack_iodelay {iodelay}, oncue {ours}");
    }
}

#[test]
fn jack_at_another_period_names_the_servers() {
    let Some(said) = beside("jack=128", "$ONCUE loopback --host jack --period 64") else { return };
    assert_eq!(said.code, Some(3), "{}", said.stdout);
    assert!(
        said.stderr.contains("64") && said.stderr.contains("the server's is 128"),
        "{}",
        said.stderr
    );
}

/// Starts a long run beside `server`, does `then` to the server once audio runs, and returns what the run said. The
/// signal is sent to the pid that the script exports.
fn when_running(server: &str, options: &str, pid: &str, signal: &str) -> Option<Said> {
    let _alone = alone();
    let command = format!("echo pid ${pid}; exec $ONCUE loopback --duration 120 {options}");
    let mut child = beside_command(server, &command)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let (mut said, mut server_pid, mut done) = (String::new(), None, None);
    for line in lines.by_ref() {
        if let Some(pid) = line.strip_prefix("pid ") {
            server_pid = Some(pid.to_owned());
        }
        let runs = line.contains("app     Start");
        said += &(line + "\n");
        if runs && done.is_none() {
            let pid = server_pid.clone().expect("the script exports the pid");
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            done = Some(Instant::now());
        }
    }
    let code = child.wait().unwrap().code();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    if code == Some(NOT_INSTALLED) {
        println!("skipped: {}", stderr.trim());
        return None;
    }
    let took = done
        .unwrap_or_else(|| panic!("{server} {options} did not start: {said}{stderr}"))
        .elapsed();
    println!("{server} {options}, {signal}: over after {:.2} s", took.as_secs_f64());
    // Far from the 120 s of the run: it neither hung nor went on. How long it takes is printed, not asserted.
    assert!(took.as_secs() < 60, "{said}");
    Some(Said { code, stdout: said, stderr })
}

fn ends_with_silence(said: Option<Said>) {
    let Some(said) = said else { return };
    assert_eq!(said.code, Some(2), "{}{}", said.stdout, said.stderr);
    let silence = said.stdout.lines().find(|line| line.starts_with("silence ")).unwrap_or_default();
    assert!(silence.contains("no callback comes (the device "), "{}", said.stdout);
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
}

#[test]
fn a_killed_server_ends_the_run() {
    ends_with_silence(when_running(
        "pulse",
        "--host pulseaudio --period 480",
        "ONCUE_PULSE_PID",
        "-KILL",
    ));
    ends_with_silence(when_running(
        "pulse",
        "--host alsa --period 480",
        "ONCUE_PULSE_PID",
        "-KILL",
    ));
    ends_with_silence(when_running("jack", "--host jack", "ONCUE_JACK_PID", "-KILL"));
}

#[test]
fn a_stopped_server_ends_the_run() {
    ends_with_silence(when_running(
        "pulse",
        "--host pulseaudio --period 480",
        "ONCUE_PULSE_PID",
        "-STOP",
    ));
    ends_with_silence(when_running(
        "pulse",
        "--host alsa --period 480",
        "ONCUE_PULSE_PID",
        "-STOP",
    ));
    ends_with_silence(when_running("jack", "--host jack", "ONCUE_JACK_PID", "-STOP"));
}

#[test]
fn a_suspended_source_does_not_hang() {
    let suspended =
        "pactl suspend-sink vsink 1; $ONCUE loopback --host pulseaudio --period 480 --duration 2";
    let Some(said) = beside("pulse", suspended) else { return };
    assert!(matches!(said.code, Some(2 | 3)), "{:?} {}{}", said.code, said.stdout, said.stderr);
    println!("{}{}", said.stdout, said.stderr);
    assert!(said.code == Some(2) || said.stderr.contains("took longer than"), "{}", said.stderr);
}

#[test]
fn the_devices_of_a_server_are_listed() {
    let Some(said) = beside("pulse", "$ONCUE devices --host pulseaudio") else { return };
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in [
        "pulseaudio\n",
        "Null Output (default playback)",
        "Monitor of Null Output (default capture)",
        " Hz, ",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
}

#[cfg(feature = "pipewire")]
#[test]
fn five_opens_agree_on_pipewire_and_a_killed_server_ends_the_run() {
    five_opens_agree("pipewire=256", "--host pipewire --period 256 --duration 2", 2.0);
    ends_with_silence(when_running(
        "pipewire=256",
        "--host pipewire --period 256",
        "ONCUE_PIPEWIRE_PID",
        "-KILL",
    ));
}
