//! Fault and recovery, over and over: threads, files and memory are back where they were, and every frame is accounted
//! for. One test alone in its process, whose threads it counts.
//!
//! 100 cycles, or as many as `ONCUE_CYCLES` says; 1 000 take about a minute.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "figures")]

mod process;
mod recovery;
mod rig;

use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Call, Card, Direction, Fault};
use oncue_duplex::{Deadlines, Duplex, DuplexSettings, Endpoint, StreamEvent, abandoned_threads};
use oncue_session::{Directions, Engine, RunningIo};
use process::{at_rest, files, resident_kib, threads};
use recovery::{ideal, settings, talk};
use rig::{nothing_is_unaccounted_for, open, permit, until};
use std::time::Instant;

struct Phone {
    duplex: Duplex,
    endpoint: Endpoint,
    running: Box<dyn RunningIo>,
}

fn begin(card: &Card) -> Phone {
    let fast = settings(|recovery| recovery.retry_at_most = Duration::from_millis(4));
    let deadlines = Deadlines { stop: Duration::from_millis(500), ..Deadlines::default() };
    let (mut duplex, endpoint) = open(card, DuplexSettings { deadlines, ..fast });
    let running = duplex.start(permit(), Directions::Duplex).unwrap();
    Phone { duplex, endpoint, running }
}

impl Phone {
    fn talk(&mut self, card: &Card) {
        talk(card, &mut self.endpoint, 1);
    }

    /// Talks until so many directions came back.
    fn recovered(&mut self, card: &Card, mut directions: usize) {
        while directions > 0 {
            self.talk(card);
            while let Some(event) = self.duplex.poll_event(Instant::now()) {
                directions -= usize::from(matches!(event, StreamEvent::Recovered { .. }));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // Nothing waits in a ring that nobody reads: what is not delivered is lost or discarded, and counted so.
        self.talk(card);
        let stats = self.duplex.stats();
        assert!(stats.capture.stream.waiting < 480, "{stats:?}");
        nothing_is_unaccounted_for(&stats);
    }
}

fn fail(card: &Card, direction: Direction, kind: ErrorKind) {
    card.inject(Fault::Fail { direction, kind });
}

#[test]
fn threads_files_and_memory_are_back_where_they_were() {
    let cycles = std::env::var("ONCUE_CYCLES").map_or(100, |cycles| cycles.parse().unwrap());
    let card = ideal();
    let mut call = begin(&card);
    call.talk(&card);
    let before = at_rest();
    let mut resident = 0;
    let since = Instant::now();
    for cycle in 0..cycles {
        match cycle % 7 {
            0 => {
                card.inject(Fault::Unplug);
                until(|| {
                    call.talk(&card);
                    let event = call.duplex.poll_event(Instant::now())?;
                    matches!(event, StreamEvent::StillLost { .. }).then_some(())
                });
                card.plug_in();
                call.recovered(&card, 2);
            }
            1 => {
                fail(&card, Direction::Capture, ErrorKind::StreamInvalidated);
                call.recovered(&card, 1);
            }
            2 => {
                fail(&card, Direction::Playback, ErrorKind::DeviceNotAvailable);
                call.recovered(&card, 1);
            }
            3 => {
                card.inject(Fault::Reconfigure { rate: 48_000, period: [480, 256][cycle % 2] });
                call.recovered(&card, 2);
            }
            4 => {
                // A drop that hangs past its deadline, and returns.
                card.inject(Fault::HangIn { call: Call::Drop, direction: Direction::Playback });
                fail(&card, Direction::Playback, ErrorKind::DeviceNotAvailable);
                until(|| {
                    call.talk(&card);
                    (abandoned_threads() == 1).then_some(())
                });
                card.release();
                call.recovered(&card, 1);
            }
            5 => {
                call.running.stop();
                call.running = call.duplex.start(permit(), Directions::Duplex).unwrap();
                call.talk(&card);
            }
            _ => {
                drop(call);
                call = begin(&card);
                call.talk(&card);
            }
        }
        // Errands that are done end by themselves, a moment later.
        until(|| ((threads(), files()) == before && abandoned_threads() == 0).then_some(()));
        if cycle == cycles / 5 {
            resident = resident_kib();
        }
    }
    let grown = resident_kib().saturating_sub(resident);
    println!(
        "{cycles} cycles in {:.1} s: {} threads and {} files as before, {grown} KiB more after the first fifth",
        since.elapsed().as_secs_f64(),
        before.0,
        before.1
    );
    assert!(grown < 4096, "{grown} KiB");
}
