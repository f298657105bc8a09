//! A free-running card is a function of its settings and the calls made: how time is cut into
//! `advance` makes no difference, and what is heard is what a model says that does not share a line
//! with the card.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use core::time::Duration;
use std::collections::HashMap;

use cpal::{ErrorKind, traits::StreamTrait};
use oncue_card::{CardSettings, Direction, Fault};
use proptest::{collection::vec, prelude::*};
use rig::{Block, Duplex, free_running, ramp};

#[derive(Clone, Debug)]
enum Step {
    Advance { frames: u16 },
    Inject(Fault),
    Gate { capture: bool, playback: bool },
    Playback { play: bool },
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Capture), Just(Direction::Playback)]
}

/// Steps that leave what is heard a matter of time stamps alone.
fn timed_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4000_u16).prop_map(|frames| Step::Advance { frames }),
        2 => (direction(), 0..3000_u32)
            .prop_map(|(direction, frames)| Step::Inject(Fault::Xrun { direction, frames })),
        1 => (direction(), 0..100_u64).prop_map(|(direction, millis)| {
            let duration = Duration::from_millis(millis);
            Step::Inject(Fault::Stall { direction, duration })
        }),
        1 => any::<bool>().prop_map(|play| Step::Playback { play }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => timed_step(),
        1 => any::<(bool, bool)>()
            .prop_map(|(capture, playback)| Step::Gate { capture, playback }),
        1 => any::<bool>().prop_map(|on| Step::Inject(Fault::ZeroCapture(on))),
        1 => any::<bool>().prop_map(|on| Step::Inject(Fault::StuckBuffer(on))),
        1 => (0..3_u32).prop_map(|errors| Step::Inject(Fault::ErrorFlood { errors })),
    ]
}

fn settings() -> impl Strategy<Value = CardSettings> {
    let noise = prop_oneof![Just(None), Just(Some(-60.0))];
    let latency = prop_oneof![Just(0.0), Just(333.0), 0.0..500.0];
    let ppm = || prop_oneof![Just(0.0), -300.0..300.0];
    (16..1000_u32, latency, noise, ppm(), ppm(), any::<u64>()).prop_map(
        |(period, latency, noise_dbfs, capture_ppm, playback_ppm, seed)| CardSettings {
            period,
            latency,
            noise_dbfs,
            capture_ppm,
            playback_ppm,
            seed,
            ..CardSettings::default()
        },
    )
}

type Run = (Vec<Block>, Vec<Block>, Vec<ErrorKind>, Vec<ErrorKind>);

/// Does the steps on a new card, each advance in parts of at most `part` frames.
fn run(settings: &CardSettings, steps: &[Step], part: u64) -> Run {
    let card = free_running(settings.clone());
    let Duplex { capture, playback } = Duplex::start(&card, ramp);
    for step in steps {
        match *step {
            Step::Advance { frames } => {
                let mut rest = u64::from(frames);
                while rest > 0 {
                    card.advance_frames(rest.min(part));
                    rest -= rest.min(part);
                }
            }
            Step::Inject(fault) => card.inject(fault),
            Step::Gate { capture, playback } => card.gate().set(capture, playback),
            Step::Playback { play: true } => playback.stream.play().unwrap(),
            Step::Playback { play: false } => playback.stream.pause().unwrap(),
        }
    }
    let errors = (capture.take_errors(), playback.take_errors());
    (capture.take_blocks(), playback.take_blocks(), errors.0, errors.1)
}

/// The frame number of the first sample by the time stamp, for an exact clock.
fn frame(block: &Block) -> u64 {
    (block.converted.as_nanos() as f64 * 48_000.0 / 1e9).round() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cutting_time_differently_makes_no_difference(
        settings in settings(),
        steps in vec(step(), 1..30),
        part in 1..700_u64,
    ) {
        prop_assert_eq!(run(&settings, &steps, u64::MAX), run(&settings, &steps, part));
    }

    /// The model: a sample is heard where its time stamp says, once, and all else is silence.
    #[test]
    fn what_is_heard_follows_from_the_time_stamps(
        period in 16..1000_u32,
        latency in 0..2000_u32,
        steps in vec(timed_step(), 1..30),
    ) {
        let settings =
            CardSettings { period, latency: latency.into(), ..CardSettings::default() };
        let (captured, played, ..) = run(&settings, &steps, u64::MAX);
        let wire: HashMap<u64, f32> = played
            .iter()
            .flat_map(|block| (frame(block)..).zip(block.samples.iter().copied()))
            .collect();
        for block in &captured {
            for (at, &heard) in (frame(block)..).zip(&block.samples) {
                prop_assert_eq!(heard, wire.get(&at).copied().unwrap_or(0.0), "frame {}", at);
            }
        }
    }
}

#[test]
fn the_seed_is_the_noise() {
    let noise = |seed| {
        let settings = CardSettings { noise_dbfs: Some(-40.0), seed, ..CardSettings::default() };
        run(&settings, &[Step::Advance { frames: 4800 }], u64::MAX).0
    };
    assert_eq!(noise(1), noise(1));
    assert_ne!(noise(1), noise(2));
}
