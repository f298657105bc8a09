//! A call that goes on whatever its audio server does: talks and listens for a while, says what was lost and came back,
//! and in the end whether every frame is accounted for. `scripts/soak` runs it beside servers that it kills.
//!
//! `cargo run -p oncue-cli --example survive -- HOST SECONDS`
#![allow(clippy::print_stdout, reason = "a report")]

use oncue_duplex::{
    Duplex, DuplexSettings, HostSource, Recovery, Stats, StreamEvent, abandoned_threads,
};
use oncue_session::{Directions, Engine, StartPermit};
use std::error::Error;
use std::time::{Duration, Instant};

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

    let mut frame = vec![0.0; endpoint.frame()];
    let tone = vec![0.25; endpoint.frame()];
    let (mut written, mut delivered) = (0, 0);
    let (mut lost, mut recovered, mut worst, mut stuck) = (0, 0, Duration::ZERO, 0);
    let since = Instant::now();
    let (mut at_first, mut most) = (None, 0);
    let mut next = since;
    while since.elapsed() < duration {
        endpoint.wait(Duration::from_millis(20));
        while endpoint.read(&mut frame).is_some() {
            delivered += frame.len() as u64;
        }
        while next <= Instant::now() {
            next += Duration::from_millis(10);
            written += endpoint.write(&tone).accepted as u64;
        }
        while let Some(event) = duplex.poll_event(Instant::now()) {
            println!("{:8.3} s  {event:?}", since.elapsed().as_secs_f64());
            match event {
                StreamEvent::Lost { .. } => lost += 1,
                StreamEvent::Recovered { gap, .. } => {
                    recovered += 1;
                    worst = worst.max(gap);
                }
                _ => {}
            }
        }
        stuck = stuck.max(abandoned_threads());
        let resident = resident_kib();
        most = most.max(resident);
        if since.elapsed() > duration / 5 {
            at_first.get_or_insert(resident);
        }
    }
    let stats = duplex.stats();
    let (capture, playback) = (&stats.capture, &stats.playback);
    println!(
        "{host}, {seconds} s: {lost} directions lost, {recovered} recovered, longest gap {:.1} s; \
         captured {}: {} delivered, {} lost, {} discarded, {} waiting; wrote {}: {} skipped, {} waiting, {} refused; \
         inserted {}, {} underrun; at most {stuck} threads stuck; memory {} KiB after a fifth, {most} at most",
        worst.as_secs_f64(),
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
        at_first.unwrap_or_default(),
    );
    running.stop();
    drop(duplex);
    accounted(&stats, written, delivered)?;
    if lost != recovered {
        return Err(format!("{} directions did not come back", lost - recovered).into());
    }
    if abandoned_threads() > 0 {
        println!("{} threads are stuck", abandoned_threads());
    }
    Ok(())
}

/// What the engine counted is what was read and written here, and nothing is left over.
fn accounted(stats: &Stats, written: u64, delivered: u64) -> Result<(), String> {
    let (capture, playback) = (&stats.capture, &stats.playback);
    let counted = capture.delivered + capture.lost + capture.discarded;
    let played = playback.stream.frames.saturating_sub(playback.inserted);
    let holds = capture.delivered == delivered
        && playback.written == written
        && counted <= capture.stream.frames
        && played + playback.skipped <= playback.written;
    if holds { Ok(()) } else { Err(format!("frames are unaccounted for: {stats:?}")) }
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
