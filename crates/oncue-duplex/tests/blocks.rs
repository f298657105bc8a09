//! Blocks of any size, from 24 frames to 2 s, through the callbacks that cpal is given.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use cpal::SampleFormat;
use oncue_duplex::{Duplex, DuplexSettings, Endpoint, RING_FRAMES};
use oncue_session::{Directions, Engine};
use puppet::{Puppet, capture, playback};
use rig::permit;

fn started(puppet: &Puppet) -> (Duplex, Endpoint) {
    let (mut duplex, endpoint) = Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    duplex.start(permit(), Directions::Duplex).unwrap();
    (duplex, endpoint)
}

#[test]
fn a_huge_first_request_gets_what_there_is_and_silence() {
    let puppet = Puppet::new(2, SampleFormat::F32);
    let (duplex, mut endpoint) = started(&puppet);
    let (mut pull, _) = puppet.playback_strings();
    assert_eq!(endpoint.write(&[0.5; 480]).accepted, 480);
    let mut block = vec![9.0_f32; 2 * 96_000];
    playback(&mut pull, &mut block, 1);
    let target = 480 + 2 * 480;
    let first = block.iter().position(|sample| *sample != 0.0).unwrap();
    assert_eq!(first, 2 * target, "the cushion goes ahead");
    assert!(block[first..first + 960].iter().all(|sample| *sample == 0.5));
    assert!(block[first + 960..].iter().all(|sample| *sample == 0.0));
    let stats = duplex.stats().playback;
    assert_eq!((stats.stream.frames, stats.inserted), (96_000, 96_000 - 480));
    assert_eq!(stats.underrun, 96_000 - 480 - target as u64);
    assert_eq!(endpoint.playback_index(0), Some(target as u64));
}

#[test]
fn a_huge_captured_block_loses_what_the_ring_cannot_hold() {
    let puppet = Puppet::new(1, SampleFormat::I16);
    let (duplex, mut endpoint) = started(&puppet);
    let (mut push, _) = puppet.capture_strings();
    capture(&mut push, &mut vec![1_i16; 96_000], 1);
    let stats = duplex.stats().capture;
    assert_eq!((stats.stream.frames, stats.lost), (96_000, (96_000 - RING_FRAMES) as u64));
    capture(&mut push, &mut [2_i16; 480], 2);
    let mut frame = [0.0; 480];
    let mut indices = Vec::new();
    while let Some(captured) = endpoint.read(&mut frame) {
        indices.push(captured.index);
        capture(&mut push, &mut [3_i16; 480], 3 + indices.len() as u64);
        if indices.len() == 100 {
            break;
        }
    }
    let jumps = indices.windows(2).filter(|pair| pair[1] != pair[0] + 480).count();
    assert_eq!((indices[0], jumps), (0, 1), "one loss, seen once");
    assert!(indices[99] > 96_480);
}

#[test]
fn a_lagging_consumer_goes_on_at_the_target() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (duplex, mut endpoint) = started(&puppet);
    let (mut push, _) = puppet.capture_strings();
    let mut ns = 0;
    let mut captured = |count| {
        for _ in 0..count {
            ns += 500_000;
            capture(&mut push, &mut [0.1_f32; 24], ns);
        }
    };
    let mut frame = [0.0; 480];
    let limit = 1440 + 4800;
    captured(limit / 24);
    assert_eq!(endpoint.read(&mut frame).unwrap().index, 0, "at the limit nothing is cut");
    captured(20 + 1);
    assert_eq!(endpoint.read(&mut frame).unwrap().index, limit as u64 + 24 + 480 - 1440);
    let stats = duplex.stats().capture;
    assert_eq!((stats.lost, stats.discarded), (0, limit as u64 + 24 - 1440));
    assert_eq!(stats.stream.block.max, 24);
}

#[test]
fn a_consumer_that_writes_too_much_is_told_how_much_was_taken() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (duplex, mut endpoint) = started(&puppet);
    let limit = 1440 + 4800;
    assert_eq!(endpoint.write(&vec![0.5; limit - 100]).accepted, limit - 100);
    let written = endpoint.write(&[0.5; 480]);
    assert_eq!((written.accepted, written.position), (100, limit as u64 - 100));
    assert_eq!(duplex.stats().playback.refused, 380);
}

#[test]
fn the_peak_is_the_largest_magnitude_ever() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (duplex, _endpoint) = started(&puppet);
    let (mut push, _) = puppet.capture_strings();
    let mut peak = |samples: &mut [f32]| {
        capture(&mut push, samples, 1);
        duplex.stats().capture.stream.peak
    };
    assert_eq!(peak(&mut [-0.0; 480]), 0.0);
    assert_eq!(peak(&mut [0.125, -0.25, 0.0]), 0.25);
    assert_eq!(peak(&mut [0.125; 480]), 0.25);
}
