//! The silence watch in the engine: faults of the card, and what the program does, come out as events and figures, with
//! the frame at which they began. The card's time stands still until the test moves it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

mod puppet;
mod rig;

use core::time::Duration;
use cpal::SampleFormat;
use oncue_card::{Card, CardSettings, Direction as CardDirection, Fault};
use oncue_duplex::{
    Direction, Duplex, DuplexSettings, Endpoint, SilenceKind, SilentAudio, StreamEvent,
};
use oncue_session::{Directions, Engine, RunningIo};
use puppet::Puppet;
use rig::{free_running, open, permit};
use std::time::Instant;

/// A program that plays noise into the loop and reads what comes back, 10 ms at a time.
struct Program {
    card: Card,
    duplex: Duplex,
    endpoint: Endpoint,
    running: Option<Box<dyn RunningIo>>,
    now: Instant,
    random: fastrand::Rng,
    reads: bool,
    writes: bool,
    /// What it plays.
    level: f32,
}

impl Program {
    fn new(settings: CardSettings) -> Self {
        let card = free_running(CardSettings { noise_dbfs: Some(-50.0), ..settings });
        let (mut duplex, endpoint) = open(&card, DuplexSettings::default());
        let running = Some(duplex.start(permit(), Directions::Duplex).unwrap());
        let (now, random) = (Instant::now(), fastrand::Rng::with_seed(1));
        Self { card, duplex, endpoint, running, now, random, reads: true, writes: true, level: 0.1 }
    }

    /// Lets time pass; what happened meanwhile.
    fn run(&mut self, time: Duration) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let mut frame = [0.0; 480];
        for tick in 0..time.as_millis() / 10 {
            frame.fill_with(|| self.level * (2.0 * self.random.f32() - 1.0));
            if self.writes {
                self.endpoint.write(&frame);
            }
            self.card.advance_frames(480);
            while self.reads && self.endpoint.read(&mut frame).is_some() {}
            self.now += Duration::from_millis(10);
            if tick % 10 == 0 {
                events.extend(core::iter::from_fn(|| self.duplex.poll_event(self.now)));
            }
        }
        events
    }

    /// The one silence that began meanwhile.
    fn began(&mut self, time: Duration) -> SilentAudio {
        match self.run(time)[..] {
            [StreamEvent::Silent(silence)] => silence,
            ref other => panic!("{other:?}"),
        }
    }

    /// The one silence that ended meanwhile.
    fn ended(&mut self, time: Duration) -> SilentAudio {
        match self.run(time)[..] {
            [StreamEvent::SilenceOver(silence)] => silence,
            ref other => panic!("{other:?}"),
        }
    }

    fn frames(&self, direction: Direction) -> u64 {
        let stats = self.duplex.stats();
        match direction {
            Direction::Capture => stats.capture.stream.frames,
            Direction::Playback => stats.playback.stream.frames,
        }
    }

    fn now_silent(&self) -> [Option<SilenceKind>; 2] {
        let stats = self.duplex.stats();
        [stats.capture.stream.silence, stats.playback.stream.silence]
            .map(|silence| silence.map(|silence| silence.kind))
    }
}

const S: Duration = Duration::from_secs(1);

#[test]
fn zeros_of_the_card_are_one_way_audio_until_they_end() {
    let mut program = Program::new(CardSettings::default());
    assert_eq!(program.run(5 * S), []);
    let onset = program.frames(Direction::Capture);
    program.card.inject(Fault::ZeroCapture(true));
    let zero = program.began(3 * S);
    assert_eq!((zero.direction, zero.kind), (Direction::Capture, SilenceKind::DigitalZero));
    assert_eq!((zero.since, zero.one_way), (onset, true));
    assert_eq!(program.now_silent(), [Some(SilenceKind::DigitalZero), None]);
    assert_eq!(program.duplex.meter().stats().capture.stream.silence.unwrap().since, onset);

    program.card.inject(Fault::ZeroCapture(false));
    let over = program.ended(2 * S);
    assert_eq!((over.since, over.lasted), (onset, 3 * S));
    assert_eq!(program.now_silent(), [None; 2]);
}

#[test]
fn a_buffer_that_stands_still_is_found() {
    let mut program = Program::new(CardSettings::default());
    assert_eq!(program.run(2 * S), []);
    let onset = program.frames(Direction::Capture);
    program.card.inject(Fault::StuckBuffer(true));
    let stuck = program.began(S);
    assert_eq!(stuck.kind, SilenceKind::Repeated);
    assert!(stuck.since.abs_diff(onset) <= 480, "{} for {onset}", stuck.since);
    program.card.inject(Fault::StuckBuffer(false));
    program.ended(2 * S);
}

#[test]
fn a_loop_with_too_much_gain_clips() {
    let mut program = Program::new(CardSettings { gain_db: 30.0, ..CardSettings::default() });
    let clipping = program.began(2 * S);
    assert_eq!((clipping.direction, clipping.kind), (Direction::Capture, SilenceKind::Clipping));
}

#[test]
fn a_stall_of_one_direction_is_that_direction_s() {
    for (stalls, direction) in [
        (CardDirection::Capture, Direction::Capture),
        (CardDirection::Playback, Direction::Playback),
    ] {
        let mut program = Program::new(CardSettings::default());
        assert_eq!(program.run(S), []);
        let onset = program.frames(direction);
        program.card.inject(Fault::Stall { direction: stalls, duration: 2 * S });
        let stall = program.began(S);
        assert_eq!((stall.direction, stall.kind), (direction, SilenceKind::NoCallbacks));
        assert!(stall.since.abs_diff(onset) <= 480 && stall.one_way);
        let over = program.ended(2 * S);
        assert_eq!(over.since, stall.since);
    }
}

#[test]
fn what_the_program_does_not_move_is_told_and_what_the_far_end_sends_is_not() {
    let mut program = Program::new(CardSettings::default());
    assert_eq!(program.run(S), []);
    program.writes = false;
    let onset = program.frames(Direction::Playback);
    let unwritten = program.began(3 * S);
    assert_eq!(unwritten.kind, SilenceKind::NothingWritten);
    // What had been written was played first.
    assert!((onset..=onset + 1440).contains(&unwritten.since), "{} {onset}", unwritten.since);
    program.writes = true;
    program.ended(2 * S);
    // The far end is muted.
    program.level = 0.0;
    assert_eq!(program.run(30 * S), []);
    program.reads = false;
    let onset = program.frames(Direction::Capture);
    let unread = program.began(3 * S);
    assert_eq!(unread.kind, SilenceKind::NothingRead);
    assert!(unread.since.abs_diff(onset) <= 480, "{} for {onset}", unread.since);
}

#[test]
fn the_user_s_mute_is_told_to_the_engine() {
    let mut program = Program::new(CardSettings::default());
    assert_eq!(program.run(S), []);
    program.duplex.set_muted(Direction::Capture, true);
    program.card.inject(Fault::ZeroCapture(true));
    assert_eq!(program.run(20 * S), []);
    program.card.inject(Fault::ZeroCapture(false));
    program.duplex.set_muted(Direction::Capture, false);
    assert_eq!(program.run(5 * S), []);
}

#[test]
fn a_stop_ends_it_and_a_new_run_starts_anew() {
    let mut program = Program::new(CardSettings::default());
    program.card.inject(Fault::ZeroCapture(true));
    let began = program.began(3 * S);
    program.running.take().unwrap().stop();
    let over = program.ended(S);
    assert_eq!((over.since, over.kind), (began.since, began.kind));
    assert_eq!(program.now_silent(), [None; 2]);
    let from = program.frames(Direction::Capture);
    program.running = Some(program.duplex.start(permit(), Directions::Duplex).unwrap());
    let again = program.began(3 * S);
    assert_eq!((again.kind, again.since), (SilenceKind::DigitalZero, from));
}

/// Nobody polls for a minute, so that blocks are told together: the fault is found all the same, its onset to the frame.
#[test]
fn who_polls_late_loses_nothing_but_time() {
    let puppet = Puppet::new(1, SampleFormat::F32);
    let (mut duplex, _endpoint) = Duplex::open(puppet.source(), DuplexSettings::default()).unwrap();
    let _running = duplex.start(permit(), Directions::Duplex).unwrap();
    let (mut push, _) = puppet.capture_strings();
    let (mut random, now) = (fastrand::Rng::with_seed(1), Instant::now());
    assert_eq!(duplex.poll_event(now), None);
    let mut block = [0.0_f32; 64];
    for n in 0..60 * 750_u64 {
        block.fill_with(|| if n < 100 { random.f32() - 0.5 } else { 0.0 });
        puppet::capture(&mut push, &mut block, n * 1_000_000 + 1);
    }
    let mut zeros = || {
        let events = core::iter::from_fn(|| duplex.poll_event(now + 60 * S));
        let zeros = |event| match event {
            StreamEvent::Silent(told) => (told.kind == SilenceKind::DigitalZero).then_some(told),
            _ => None,
        };
        events.filter_map(zeros).collect::<Vec<_>>()
    };
    assert_eq!(zeros(), [], "the first blocks");
    puppet::capture(&mut push, &mut block, u64::MAX / 2);
    let zeros = zeros();
    assert_eq!((zeros.len(), zeros[0].since), (1, 6400));
}
