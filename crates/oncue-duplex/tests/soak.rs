//! A call of hours on the free-running card, with random faults: it comes back from each, nothing is lost but what the
//! fault took, each frame is counted, and memory stays flat.
//!
//! Five minutes of the card's time, or as many hours as `ONCUE_SOAK_HOURS` says; a day is for `scripts/soak`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "figures")]

mod process;
mod rig;

use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Card, CardSettings, Direction, Fault};
use oncue_duplex::{Duplex, DuplexSettings, Endpoint, Recovery, StreamEvent, abandoned_threads};
use oncue_session::{Directions, Engine};
use process::{at_rest, files, resident_kib, threads};
use rig::{free_running, open, permit};
use std::time::Instant;

const FRAME: u64 = 480;
/// A fault about every minute.
const BETWEEN: u64 = 6_000;

/// xorshift64*: the same faults every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

/// A call with what is known of it without asking the engine.
struct Phone {
    card: Card,
    duplex: Duplex,
    endpoint: Endpoint,
    written: u64,
    delivered: u64,
    /// Samples that came back, of those that were written.
    heard: u64,
    lost: usize,
    recovered: usize,
}

impl Phone {
    /// One frame of 10 ms both ways.
    fn frame(&mut self) {
        self.card.advance_frames(FRAME);
        self.written += self.endpoint.write(&[0.25; FRAME as usize]).accepted as u64;
        let mut frame = [0.0; FRAME as usize];
        while self.endpoint.read(&mut frame).is_some() {
            self.delivered += FRAME;
            self.heard += frame.iter().filter(|sample| **sample == 0.25).count() as u64;
        }
    }

    /// Notes what happened.
    fn poll(&mut self) {
        while let Some(event) = self.duplex.poll_event(Instant::now()) {
            match event {
                StreamEvent::Lost { .. } => self.lost += 1,
                StreamEvent::Recovered { .. } => self.recovered += 1,
                StreamEvent::Failed { .. } => panic!("{event:?}"),
                _ => {}
            }
        }
    }

    /// Goes on until `losses` more directions were lost than before, and all came back.
    fn survives(&mut self, losses: usize) {
        let expected = self.lost + losses;
        while self.lost < expected || self.recovered < self.lost {
            self.frame();
            self.poll();
            // The device thread works in real time.
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

#[test]
fn a_long_call_with_random_faults() {
    let hours =
        std::env::var("ONCUE_SOAK_HOURS").map_or(5.0 / 60.0, |hours| hours.parse().unwrap());
    let frames = (hours * 360_000.0) as u64;
    let card = free_running(CardSettings::default());
    let recovery = Recovery {
        rebuild_after: Duration::from_secs(60),
        retry_at_most: Duration::from_millis(4),
        ..Recovery::default()
    };
    let settings = DuplexSettings { recovery: Some(recovery), ..DuplexSettings::default() };
    let (mut duplex, endpoint) = open(&card, settings);
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    let (written, delivered, heard, lost, recovered) = (0, 0, 0, 0, 0);
    let mut phone = Phone { card, duplex, endpoint, written, delivered, heard, lost, recovered };
    let mut random = Random(12);
    for _ in 0..100 {
        phone.frame();
    }
    let (since, before, resident) = (Instant::now(), at_rest(), resident_kib());
    let (mut faults, mut most) = (0, resident);
    let start = phone.card.now().as_nanos();
    let mut next = random.below(BETWEEN);
    let mut frame = 0;
    while frame < frames {
        phone.frame();
        frame += 1;
        if frame < next {
            continue;
        }
        next = frame + random.below(2 * BETWEEN);
        faults += 1;
        most = most.max(resident_kib());
        let direction = [Direction::Capture, Direction::Playback][random.below(2) as usize];
        let kind =
            [ErrorKind::DeviceNotAvailable, ErrorKind::StreamInvalidated][random.below(2) as usize];
        let count = random.below(4_800) as u32;
        match random.below(7) {
            0 => phone.card.inject(Fault::Xrun { direction, frames: count }),
            1 => {
                let duration = Duration::from_millis(random.below(400));
                phone.card.inject(Fault::Stall { direction, duration });
            }
            2 | 3 => {
                phone.card.inject(Fault::Fail { direction, kind });
                phone.survives(1);
            }
            4 => {
                phone.card.inject(Fault::Unplug);
                for _ in 0..random.below(500) {
                    phone.frame();
                }
                phone.card.plug_in();
                phone.survives(2);
            }
            5 => {
                let period = [128, 256, 480, 960][random.below(4) as usize];
                phone.card.inject(Fault::Reconfigure { rate: 48_000, period });
                phone.survives(2);
            }
            _ => {
                phone.card.inject(Fault::ErrorFlood { errors: 1_000 });
                phone.survives_flood();
            }
        }
    }
    let clean = (phone.heard, phone.written);
    for _ in 0..1000 {
        phone.frame();
    }
    // The last ten seconds are without a fault: all of it came back.
    assert_eq!(phone.heard - clean.0, phone.written - clean.1, "what is played comes back");
    let passed = (phone.card.now().as_nanos() - start) as f64 / 1e9;
    let took = since.elapsed().as_secs_f64();
    let stats = phone.duplex.stats();
    let (capture, playback) = (&stats.capture, &stats.playback);
    println!(
        "{:.2} h of call in {took:.0} s ({:.0} x real time): {faults} faults, {} directions lost, {} recovered; \
         captured {} frames: {} delivered, {} lost, {} discarded; wrote {}: {} skipped; inserted {} ({} underrun); \
         memory {resident} KiB at first, {most} at most",
        passed / 3600.0,
        passed / took,
        phone.lost,
        phone.recovered,
        capture.stream.frames,
        capture.delivered,
        capture.lost,
        capture.discarded,
        playback.written,
        playback.skipped,
        playback.inserted,
        playback.underrun,
    );
    assert_eq!((capture.delivered, playback.written), (phone.delivered, phone.written));
    assert_eq!(
        capture.stream.frames,
        capture.delivered + capture.lost + capture.discarded + capture.stream.waiting
    );
    assert_eq!(
        playback.stream.frames + playback.skipped + playback.stream.waiting,
        playback.written + playback.inserted
    );
    assert!(capture.stream.waiting < 2 * FRAME, "{capture:?}");
    assert!(most - resident < 8192, "memory is flat: {resident} KiB at first, {most} at most");
    running.stop();
    while (threads(), files()) != before || abandoned_threads() > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Phone {
    /// A server floods with errors until it is given up, and is well again.
    fn survives_flood(&mut self) {
        let expected = self.lost + 2;
        while self.lost < expected {
            self.frame();
            self.poll();
            std::thread::sleep(Duration::from_micros(500));
        }
        self.card.inject(Fault::ErrorFlood { errors: 0 });
        self.survives(0);
    }
}
