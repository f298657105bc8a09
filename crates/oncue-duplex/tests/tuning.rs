//! A target fill that tunes itself, in the engine: it starts at its lower bound, and xruns that are planted have it grow,
//! in steps, up to the upper one; what is played is fuller by as much. What a card's fault is, the card decides.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod rig;

use oncue_card::{CardSettings, Direction, Fault};
use oncue_duplex::{Duplex, DuplexSettings, TargetBounds};
use oncue_session::{Directions, Engine};
use rig::{free_running, open, permit, until};

const PERIOD: u32 = 480;

fn targets(duplex: &Duplex) -> (u32, u32) {
    let stats = duplex.stats();
    (stats.capture.stream.target, stats.playback.stream.target)
}

#[test]
fn planted_xruns_have_it_grow_up_to_its_bound() {
    let card = free_running(CardSettings { period: PERIOD, ..CardSettings::default() });
    let bounds = TargetBounds { min: 240, max: 1200 };
    let settings = DuplexSettings { target_bounds: Some(bounds), ..DuplexSettings::default() };
    let (mut duplex, mut endpoint) = open(&card, settings);
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    assert_eq!(targets(&duplex), (PERIOD, PERIOD), "the device takes a period at once");

    let mut frame = vec![0.5; 480];
    let mut cycle = |faults: bool| {
        if faults {
            card.inject(Fault::Xrun { direction: Direction::Playback, frames: 100 });
        }
        endpoint.write(&frame);
        card.advance_frames(480);
        while endpoint.read(&mut frame).is_some() {
            frame.fill(0.5);
        }
    };
    (0..10).for_each(|_| cycle(false));
    assert_eq!(targets(&duplex), (PERIOD, PERIOD), "nothing went wrong");
    let steady = duplex.stats().playback;
    assert_eq!(steady.inserted, u64::from(PERIOD), "the cushion");

    for target in [960, 1200] {
        until(|| {
            cycle(true);
            (targets(&duplex).1 == target).then_some(())
        });
        assert_eq!(targets(&duplex).0, PERIOD, "capture had no trouble");
    }
    cycle(true);
    assert_eq!(targets(&duplex).1, 1200, "no higher than the bound");
    cycle(false);
    let grown = duplex.stats().playback;
    assert_eq!(grown.underrun, 0, "the consumer kept up");
    assert_eq!(grown.inserted - steady.inserted, u64::from(1200 - PERIOD));
}
