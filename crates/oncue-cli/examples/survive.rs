//! A call that goes on whatever its audio server does: talks and listens for a while, says what was lost and came back,
//! and in the end whether every frame is accounted for. `scripts/soak` runs it beside servers that it kills.
//!
//! `cargo run -p oncue-cli --example survive -- HOST SECONDS`
#![allow(clippy::print_stdout, reason = "a report")]

use oncue_duplex::{
    Duplex, DuplexSettings, Endpoint, HostSource, Recovery, Stats, StreamEvent, abandoned_threads,
};
use oncue_session::{Directions, Engine, StartPermit};
use std::error::Error;
use std::time::{Duration, Instant};

/// Hz: what [`DuplexSettings`] asks for by default.
const RATE: u64 = 48_000;

/// How long what was written may take to be played in the end.
const DRAIN: Duration = Duration::from_secs(2);

/// How long a thread may hang in the server after the end.
const RETURN: Duration = Duration::from_secs(10);

/// Threads that one run of the engine may leave in servers that do not answer.
const STUCK: usize = 10;

/// What libpulse calls the thread of a connection. All streams are gone in the end, so that one that is left hangs for
/// ever: it frees the memory of a server that died, and waits for ALSA's plugin to be done with a captured block, which
/// waits for that thread's lock.
const LIBPULSE: &str = "threaded-ml";

/// How much memory may grow after the first fifth of the call, in KiB. What libraries hold for the streams that were lost
/// goes back to the allocator, which keeps an arena for each thread that drops one; that evens out, a leak does not.
const GROWTH: usize = 16 * 1024;

/// What was read and written here, and what the engine told.
#[derive(Default)]
struct Call {
    delivered: u64,
    written: u64,
    lost: u32,
    recovered: u32,
    longest: Duration,
    stuck: usize,
    /// Resident memory after a fifth of the call, and at most since, in KiB.
    early: Option<usize>,
    most: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(host), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: survive HOST SECONDS".into());
    };
    let duration = Duration::from_secs(seconds.parse()?);
    let settings =
        DuplexSettings { recovery: Some(Recovery::default()), ..DuplexSettings::default() };
    let (mut duplex, mut endpoint) = Duplex::open(HostSource::Named(host.clone()), settings)?;
    // No session is involved: the audio server is what is tried.
    let mut running = duplex.start(StartPermit::against_the_order(), Directions::Duplex)?;
    println!("runs");

    let mut call = Call::default();
    let mut frame = vec![0.0; endpoint.frame()];
    let since = Instant::now();
    let mut next = since;
    while since.elapsed() < duration {
        while next <= Instant::now() {
            next += Duration::from_millis(10);
            tone(&mut frame, call.written);
            call.written += endpoint.write(&frame).accepted as u64;
        }
        call.listen(&mut duplex, &mut endpoint, &mut frame, since);
        let resident = resident_kib();
        if since.elapsed() > duration / 5 {
            call.early.get_or_insert(resident);
            call.most = call.most.max(resident);
        }
    }
    // What was written is to be played before the end: then each frame of it has an end of its own.
    let drained = Instant::now();
    while duplex.stats().playback.stream.waiting > 0 && drained.elapsed() < DRAIN {
        call.listen(&mut duplex, &mut endpoint, &mut frame, since);
    }
    running.stop();
    while endpoint.read(&mut frame).is_some() {
        call.delivered += frame.len() as u64;
    }
    let (stats, left) = (duplex.stats(), endpoint.available() as u64);
    drop(duplex);
    println!("{host}, {seconds} s: {}", call.report(&stats));
    accounted(&stats, &call, left)?;
    if call.lost != call.recovered {
        return Err(format!("{} directions did not come back", call.lost - call.recovered).into());
    }
    let growth = call.most.saturating_sub(call.early.unwrap_or_default());
    if growth > GROWTH {
        return Err(format!("memory grew by {growth} KiB; {GROWTH} are meant").into());
    }
    // The server is there: whatever it held comes back, a slow drop too, but for what libpulse holds for ever.
    let waited = Instant::now();
    while abandoned_threads() > 0 && waited.elapsed() < RETURN {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (stuck, theirs) = (abandoned_threads(), threads(LIBPULSE));
    if stuck > theirs.min(STUCK) {
        return Err(format!("{stuck} threads hang, {theirs} of them in libpulse").into());
    }
    println!("{stuck} threads hang in libpulse, of {STUCK} at most");
    Ok(())
}

/// Threads of this process with this name.
fn threads(named: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let names = tasks.filter_map(|it| std::fs::read_to_string(it.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == named).count()
}

impl Call {
    /// Waits for a callback, reads what there is, and takes note of what happened.
    fn listen(
        &mut self,
        duplex: &mut Duplex,
        endpoint: &mut Endpoint,
        frame: &mut [f32],
        since: Instant,
    ) {
        endpoint.wait(Duration::from_millis(20));
        while endpoint.read(frame).is_some() {
            self.delivered += frame.len() as u64;
        }
        while let Some(event) = duplex.poll_event(Instant::now()) {
            println!("{:8.3} s  {event:?}", since.elapsed().as_secs_f64());
            match event {
                StreamEvent::Lost { .. } => self.lost += 1,
                StreamEvent::Recovered { gap, .. } => {
                    self.recovered += 1;
                    self.longest = self.longest.max(gap);
                }
                _ => {}
            }
        }
        self.stuck = self.stuck.max(abandoned_threads());
    }

    fn report(&self, stats: &Stats) -> String {
        let (capture, playback) = (&stats.capture, &stats.playback);
        format!(
            "{} directions lost, {} recovered, longest gap {:.1} s; \
             captured {}: {} delivered, {} lost, {} discarded, {} left; wrote {}: {} skipped, {} left, {} refused; \
             inserted {}, {} underrun; at most {} threads stuck; memory {} KiB after a fifth, {} at most",
            self.lost,
            self.recovered,
            self.longest.as_secs_f64(),
            capture.stream.frames,
            capture.delivered,
            capture.lost,
            capture.discarded,
            capture.stream.waiting,
            playback.written,
            playback.skipped,
            playback.stream.waiting,
            playback.refused,
            playback.inserted,
            playback.underrun,
            self.stuck,
            self.early.unwrap_or_default(),
            self.most,
        )
    }
}

/// What the engine counted is what was read and written here, and no frame is counted twice or not at all. `left` are the
/// captured frames that still wait after the end, as the ring itself says: less than one frame of 10 ms.
fn accounted(stats: &Stats, call: &Call, left: u64) -> Result<(), String> {
    let (capture, playback) = (&stats.capture, &stats.playback);
    let holds = capture.delivered == call.delivered
        && capture.stream.frames == call.delivered + capture.lost + capture.discarded + left
        && playback.written == call.written
        && playback.stream.frames + playback.skipped == call.written + playback.inserted;
    if holds {
        Ok(())
    } else {
        Err(format!("frames are unaccounted for, with {left} captured ones left: {stats:?}"))
    }
}

/// 997 Hz, from sample `position` on: a tone of which no block is like the next.
fn tone(frame: &mut [f32], position: u64) {
    for (sample, n) in frame.iter_mut().zip(position..) {
        let turns = (n * 997 % RATE) as f32 / RATE as f32;
        *sample = 0.25 * (turns * core::f32::consts::TAU).sin();
    }
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
