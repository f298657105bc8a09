//! A call beside a real server that is stopped, whose device goes away, or is suspended: each is told as what it is, the
//! call comes back by itself, and no call of the engine hangs meanwhile.
//!
//! Each scene is played by this test's own program in a process of its own, beside a server of its own. What it waits for
//! is sure to come, some time: only a hang is judged by the clock, far beyond what the engine states.
//!
//! Independent: the server's own tools do what happens to it, and the null sink's monitor hears what is played.
//!
//! Where no server can be started the test is skipped aloud, or fails if `ONCUE_REQUIRE_SERVERS` is 1.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what happened, and what was skipped")]

mod program;

use oncue_duplex::{
    Deadlines, Direction, Duplex, DuplexSettings, Endpoint, HostSource, Recovery, StreamEvent,
    abandoned_threads,
};
use oncue_session::{Directions, Engine, RunningIo, StartPermit};
use program::root;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Set in the process that plays a scene: the host.
const CHILD: &str = "ONCUE_SCENE_ON";

/// The exit codes of `scripts/audio-server` for a server that is not installed, and for one that did not come up.
const NOT_INSTALLED: i32 = 77;
const NOT_STARTED: i32 = 99;

/// What is waited for comes sooner, also on a machine that stalls.
const HANGS: Duration = Duration::from_secs(60);

/// What the engine states here: a call of it takes at most twice the deadline of what it does, since it first waits for
/// callbacks that are inside.
const DEADLINES: Deadlines = Deadlines {
    open: Duration::from_secs(4),
    start: Duration::from_secs(3),
    stop: Duration::from_secs(1),
};

/// How much later a call may return because the machine is busy.
const BUSY: Duration = Duration::from_secs(10);

/// Plays `scene` on `host` beside `server`; in the process that was started for it, here.
fn on(host: &str, server: &str, test: &str, scene: impl FnOnce()) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if let Ok(here) = std::env::var(CHILD) {
        if here == host {
            scene();
        }
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(root().join("scripts/audio-server"))
        .args([server, "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, host)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    let required = std::env::var("ONCUE_REQUIRE_SERVERS").is_ok_and(|required| required == "1");
    match output.status.code() {
        Some(NOT_INSTALLED | NOT_STARTED) if !required => println!("skipped: {}", said[1].trim()),
        code => assert_eq!(code, Some(0), "{test} on {host}: {}{}", said[0], said[1]),
    }
}

struct Call {
    duplex: Duplex,
    endpoint: Endpoint,
    running: Box<dyn RunningIo>,
    next: Instant,
    /// Frames of 10 ms of captured sound since this was last 0.
    heard: usize,
    /// What was told since something was done to the server.
    told: Vec<StreamEvent>,
}

impl Call {
    fn begin(host: &str) -> Self {
        let recovery = Recovery {
            rebuild_after: Duration::from_secs(1),
            retry_at_most: Duration::from_millis(500),
            ..Recovery::default()
        };
        let settings = DuplexSettings {
            period: (host != "jack").then_some(480),
            deadlines: DEADLINES,
            recovery: Some(recovery),
            ..DuplexSettings::default()
        };
        let (mut duplex, endpoint) =
            Duplex::open(HostSource::Named(host.into()), settings).unwrap();
        let running = start(&mut duplex).unwrap();
        let mut call =
            Self { duplex, endpoint, running, next: Instant::now(), heard: 0, told: Vec::new() };
        call.is_heard();
        call
    }

    /// Talks and listens for a moment.
    fn go_on(&mut self) {
        self.endpoint.wait(Duration::from_millis(10));
        let mut frame = [0.0; 480];
        while self.next <= Instant::now() {
            self.next += Duration::from_millis(10);
            self.endpoint.write(&[0.25; 480]);
        }
        while self.endpoint.read(&mut frame).is_some() {
            self.heard += usize::from(frame.iter().any(|sample| sample.abs() > 0.1));
        }
        while let Some(event) = self.duplex.poll_event(Instant::now()) {
            println!("{event:?}");
            self.told.push(event);
        }
    }

    /// Does something to the server, of which the following is told.
    fn then(&mut self, act: impl FnOnce()) {
        self.told.clear();
        act();
    }

    /// Goes on until `wanted` was told of each direction in `of`.
    fn until_told(&mut self, of: &[Direction], wanted: fn(&StreamEvent) -> Option<Direction>) {
        let since = Instant::now();
        while !of.iter().all(|of| self.told.iter().any(|event| wanted(event) == Some(*of))) {
            self.go_on();
            assert!(since.elapsed() < HANGS, "not told: {:?}", self.duplex.stats());
        }
    }

    /// What is played is captured again.
    fn is_heard(&mut self) {
        let since = Instant::now();
        self.heard = 0;
        while self.heard < 20 {
            self.go_on();
            assert!(since.elapsed() < HANGS, "nothing comes back: {:?}", self.duplex.stats());
        }
    }

    /// All ends, and whatever hung comes back, but for `stuck` threads.
    fn ends(mut self, stuck: usize) {
        within(DEADLINES.stop, "stop", || self.running.stop());
        within(DEADLINES.stop, "drop", || drop(self.duplex));
        come_back(stuck);
    }
}

/// Waits until no more than `stuck` threads hang in the server.
fn come_back(stuck: usize) {
    let since = Instant::now();
    while abandoned_threads() > stuck {
        assert!(since.elapsed() < HANGS, "{} threads hang", abandoned_threads());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn start(duplex: &mut Duplex) -> Result<Box<dyn RunningIo>, oncue_duplex::DeviceError> {
    // No session is involved: the audio server is what is tried.
    duplex.start(StartPermit::against_the_order(), Directions::Duplex)
}

/// A call of the engine returns, whatever the server does.
fn within<R>(deadline: Duration, what: &str, call: impl FnOnce() -> R) -> R {
    let since = Instant::now();
    let result = call();
    println!("{what}: {:.3} s, at most {:?}", since.elapsed().as_secs_f64(), 2 * deadline);
    assert!(since.elapsed() < 2 * deadline + BUSY, "{what} took {:?}", since.elapsed());
    result
}

const BOTH: [Direction; 2] = [Direction::Capture, Direction::Playback];

fn lost(event: &StreamEvent) -> Option<Direction> {
    if let StreamEvent::Lost { direction, .. } = event { Some(*direction) } else { None }
}

fn still_lost(event: &StreamEvent) -> Option<Direction> {
    if let StreamEvent::StillLost { direction, .. } = event { Some(*direction) } else { None }
}

fn recovered(event: &StreamEvent) -> Option<Direction> {
    if let StreamEvent::Recovered { direction, .. } = event { Some(*direction) } else { None }
}

fn silent(event: &StreamEvent) -> Option<Direction> {
    if let StreamEvent::Silent(silence) = event { Some(silence.direction) } else { None }
}

fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{arguments:?}");
}

fn pactl(command: &str) {
    run("pactl", &command.split(' ').collect::<Vec<_>>());
}

/// Sends the server a signal; its pid is what the script exports.
fn signal(server: &str, signal: &str) {
    let pid = std::env::var(format!("ONCUE_{}_PID", server.to_uppercase())).unwrap();
    run("kill", &[signal, &pid]);
}

/// A server that is stopped for a while is two losses; start and stop of an engine return in the middle of it.
fn stopped(host: &str, server: &str, test: &str) {
    let name = server.split('=').next().unwrap();
    on(host, server, test, || {
        let mut call = Call::begin(host);
        call.then(|| signal(name, "-STOP"));
        call.until_told(&BOTH, lost);
        call.then(|| signal(name, "-CONT"));
        call.until_told(&BOTH, recovered);
        call.is_heard();

        signal(name, "-STOP");
        within(DEADLINES.stop, "stop", || call.running.stop());
        // Connecting anew, building and starting have a deadline each. JACK starts without its server.
        let anew = DEADLINES.open + DEADLINES.open + DEADLINES.start;
        let mut started = within(anew, "start", || start(&mut call.duplex));
        signal(name, "-CONT");
        let since = Instant::now();
        call.running = loop {
            match started {
                Ok(running) => break running,
                Err(error) => assert!(since.elapsed() < HANGS, "does not start: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
            started = start(&mut call.duplex);
        };
        call.is_heard();
        call.ends(0);
    });
}

#[test]
fn a_stopped_pulseaudio_is_survived() {
    stopped("pulseaudio", "pulse", "a_stopped_pulseaudio_is_survived");
}

#[test]
fn a_stopped_pulseaudio_under_alsa_is_survived() {
    stopped("alsa", "pulse", "a_stopped_pulseaudio_under_alsa_is_survived");
}

#[test]
fn a_stopped_jack_is_survived() {
    stopped("jack", "jack=256", "a_stopped_jack_is_survived");
}

#[test]
fn an_engine_is_dropped_while_its_server_is_stopped() {
    for (host, server) in [("pulseaudio", "pulse"), ("alsa", "pulse"), ("jack", "jack=256")] {
        on(host, server, "an_engine_is_dropped_while_its_server_is_stopped", || {
            let name = server.split('=').next().unwrap();
            let mut call = Call::begin(host);
            signal(name, "-STOP");
            within(DEADLINES.stop, "stop", || call.running.stop());
            within(DEADLINES.stop, "drop", || drop(call.duplex));
            signal(name, "-CONT");
            come_back(0);
        });
    }
}

/// The sink goes away with its monitor, as a headset does, and comes back under its name. Dropping the playback stream of
/// a sink that is gone never returns: one thread is left in it.
#[test]
fn an_unloaded_sink_is_taken_again_when_it_is_back() {
    on("pulseaudio", "pulse", "an_unloaded_sink_is_taken_again_when_it_is_back", || {
        let mut call = Call::begin("pulseaudio");
        call.then(|| pactl("unload-module module-null-sink"));
        call.until_told(&BOTH, lost);
        call.until_told(&BOTH, still_lost);
        call.then(|| {
            pactl("load-module module-null-sink sink_name=vsink rate=48000 channels=2 norewinds=1");
            pactl("set-default-sink vsink");
            pactl("set-default-source vsink.monitor");
        });
        call.until_told(&BOTH, recovered);
        call.is_heard();
        call.ends(1);
    });
}

/// A suspended source gives no callbacks, and holds who starts to capture from it. Playback goes on.
#[test]
fn a_suspended_source_is_silent_then_lost_and_comes_back() {
    on("pulseaudio", "pulse", "a_suspended_source_is_silent_then_lost_and_comes_back", || {
        // The monitor of a sink cannot be suspended by itself.
        pactl("load-module module-remap-source source_name=vsource master=vsink.monitor");
        pactl("set-default-source vsource");
        let mut call = Call::begin("pulseaudio");
        call.then(|| pactl("suspend-source vsource 1"));
        call.until_told(&[Direction::Capture], silent);
        call.until_told(&[Direction::Capture], lost);
        assert!(!call.told.iter().any(|event| lost(event) == Some(Direction::Playback)));
        call.then(|| pactl("suspend-source vsource 0"));
        call.until_told(&[Direction::Capture], recovered);
        call.is_heard();
        call.ends(0);
    });
}

/// A suspended sink takes nothing, and its monitor gives nothing.
#[test]
fn a_suspended_sink_is_lost_in_both_directions_and_comes_back() {
    on("pulseaudio", "pulse", "a_suspended_sink_is_lost_in_both_directions_and_comes_back", || {
        let mut call = Call::begin("pulseaudio");
        call.then(|| pactl("suspend-sink vsink 1"));
        call.until_told(&BOTH, lost);
        call.then(|| pactl("suspend-sink vsink 0"));
        call.until_told(&BOTH, recovered);
        call.is_heard();
        call.ends(0);
    });
}
