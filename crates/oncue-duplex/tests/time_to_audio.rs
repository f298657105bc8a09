//! The time from the activation to the first frame of each direction: what it counts from and to, and what streams that
//! were prepared save. No time is asserted but such as cannot be shorter.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::time::Duration;
use cpal::SampleFormat;
use oncue_card::CardSettings;
use oncue_duplex::{Duplex, DuplexSettings};
use oncue_session::{Directions, Engine};
use puppet::Puppet;
use rig::{free_running, open, permit};
use std::time::Instant;

/// Of playback and capture.
fn first_frames(duplex: &Duplex) -> [Option<Duration>; 2] {
    let stats = duplex.stats();
    [stats.playback.stream.first_frame_after, stats.capture.stream.first_frame_after]
}

#[test]
fn captured_with_the_first_block_played_with_the_first_that_was_written() {
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    duplex.prepare().unwrap();
    card.advance_frames(4800);
    assert_eq!(first_frames(&duplex), [None, None], "prepared is not started");
    let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
    assert_eq!(first_frames(&duplex), [None, None]);
    card.advance_frames(4800);
    let [None, Some(captured)] = first_frames(&duplex) else { panic!("nothing was written") };
    endpoint.write(&[0.5; 480]);
    // The cushion of silence goes ahead of it.
    card.advance_frames(3 * 480);
    assert_eq!(first_frames(&duplex), [None, Some(captured)]);
    card.advance_frames(480);
    let [Some(played), Some(_)] = first_frames(&duplex) else { panic!("it was played") };
    assert!(played >= captured, "it came later");
    card.advance_frames(48_000);
    assert_eq!(first_frames(&duplex), [Some(played), Some(captured)], "the first one counts");

    // Each run has its own.
    running.stop();
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    assert_eq!(first_frames(&duplex), [None, None]);
    card.advance_frames(480);
    assert!(first_frames(&duplex)[1].is_some());
}

#[test]
fn it_counts_from_the_activation_where_that_is_told() {
    const LONG: Duration = Duration::from_secs(3);
    let card = free_running(CardSettings::default());
    let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
    duplex.activated(Instant::now().checked_sub(LONG).unwrap());
    let mut running = duplex.start(permit(), Directions::Playback).unwrap();
    for _ in 0..10 {
        endpoint.write(&[0.5; 480]);
        card.advance_frames(480);
    }
    let [Some(played), None] = first_frames(&duplex) else { panic!("playback alone") };
    assert!(played >= LONG);
    // Capture joins: its own time counts from the start that asked for it, and playback's stays.
    let asked = Instant::now();
    running = {
        drop(running);
        duplex.start(permit(), Directions::Duplex).unwrap()
    };
    card.advance_frames(4800);
    let [again, Some(captured)] = first_frames(&duplex) else { panic!("capture joined") };
    assert_eq!(again, Some(played));
    assert!(captured <= asked.elapsed());
    running.stop();
}

/// Building takes as long as the puppet says: what is prepared does not pay for it after the activation.
#[test]
fn streams_that_are_prepared_are_not_built_after_the_activation() {
    const BUILD: Duration = Duration::from_millis(30);
    for prepared in [true, false] {
        let puppet = Puppet { builds_for: BUILD, ..Puppet::new(1, SampleFormat::F32) };
        let settings = DuplexSettings::default();
        let (mut duplex, _endpoint) = Duplex::open(puppet.source(), settings).unwrap();
        if prepared {
            duplex.prepare().unwrap();
        }
        let built = || puppet.strings.lock().unwrap().configs.len();
        assert_eq!(built(), if prepared { 2 } else { 0 });
        duplex.activated(Instant::now());
        let _running = duplex.start(permit(), Directions::Duplex).unwrap();
        assert_eq!(built(), 2, "built once, before the activation or after it");
        let (mut push, _) = puppet.capture_strings();
        puppet::capture(&mut push, &mut [0.0_f32; 480], 1);
        let [None, Some(captured)] = first_frames(&duplex) else { panic!("one block came") };
        if !prepared {
            assert!(captured >= 2 * BUILD, "{captured:?}: both streams were built meanwhile");
        }
    }
}
