//! Bytes as an app and a world: starts, stops, frames, time and faults for the duplex engine on the free-running card.
//!
//! What is demanded is counted here, beside the engine: nothing hangs; each frame that was read was captured once and in
//! order; what the engine says of frames is what happened to them, and none is left over; the card's hardware runs in no
//! moment in which nobody permitted it; and when the world is well again, so is the call.

use arbitrary::{Arbitrary, Unstructured};
use core::time::Duration;
use cpal::ErrorKind;
use oncue_card::{Call, Card, CardSettings, Direction, Fault, Pacing};
use oncue_duplex::{
    Clocks, Deadlines, Duplex, DuplexSettings, Endpoint, HostSource, Recovery, abandoned_threads,
};
use oncue_session::{Directions, Engine, RunningIo, StartPermit};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Longer than anything takes here, on a machine that is busy with other things too.
const HANGS: Duration = Duration::from_secs(60);
const FRAME: usize = 480;
/// Operations of one input.
const OPERATIONS: usize = 200;
/// Operations that cost real time, of one input.
const PAUSES: usize = 4;

#[derive(Arbitrary, Debug)]
enum Operation {
    Pass {
        blocks: u8,
    },
    Write {
        frames: u8,
    },
    Read {
        frames: u8,
    },
    Prepare,
    Start {
        duplex: bool,
    },
    Stop,
    /// The device thread is given time.
    Wait {
        ms: u8,
    },
    Poll,
    Xrun {
        capture: bool,
        frames: u16,
    },
    Stall {
        capture: bool,
        ms: u16,
    },
    Fail {
        capture: bool,
        kind: u8,
    },
    Unplug,
    PlugIn,
    Flood {
        errors: u8,
    },
    Hang,
    HangIn {
        capture: bool,
        call: u8,
    },
    Release,
    Reconfigure {
        period: u16,
    },
    OtherDefault(bool),
    ZeroCapture(bool),
}

/// The engine with what is known of it without asking it.
struct World {
    card: Card,
    duplex: Duplex,
    endpoint: Endpoint,
    recovers: bool,
    running: Option<Box<dyn RunningIo>>,
    /// The number of the next sample that is written, which is its value too.
    number: u64,
    written: u64,
    delivered: u64,
    /// The number of the last sample that came back, and the stream index after it.
    heard: u64,
    index: u64,
    pauses: usize,
}

/// Runs the operations in `bytes`.
///
/// # Panics
/// Where the engine is wrong.
pub fn engine(bytes: &[u8]) {
    /// The figure of abandoned threads is the process's.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let since = Instant::now();
    let mut bytes = Unstructured::new(bytes);
    let Ok((recovers, follow_default)) = Arbitrary::arbitrary(&mut bytes) else { return };
    let mut world = World::new(recovers, follow_default);
    for _ in 0..OPERATIONS {
        let Some(operation) = next(&mut bytes) else { break };
        world.does(operation);
        world.is_counted();
        world.runs_only_where_permitted();
    }
    world.ends_well();
    assert!(since.elapsed() < HANGS, "something hung");
}

fn next(bytes: &mut Unstructured<'_>) -> Option<Operation> {
    if bytes.is_empty() { None } else { Operation::arbitrary(bytes).ok() }
}

/// A sample that tells its number: never zero, and exact.
fn value(number: u64) -> f32 {
    (number + 1) as f32 / (1 << 23) as f32
}

fn side(capture: bool) -> Direction {
    if capture { Direction::Capture } else { Direction::Playback }
}

impl World {
    fn new(recovers: bool, follow_default: bool) -> Self {
        let settings = CardSettings { pacing: Pacing::FreeRunning, ..CardSettings::default() };
        let card = Card::new(settings).expect("the settings are a card's");
        let soon = Duration::from_millis(150);
        let recovery = Recovery {
            follow_default,
            rebuild_after: Duration::from_millis(40),
            retry_at_most: Duration::from_millis(4),
        };
        let settings = DuplexSettings {
            deadlines: Deadlines { open: soon, start: soon, stop: soon },
            recovery: recovers.then_some(recovery),
            // It is one card, by whatever name, and what comes back is to be what was written.
            clocks: Clocks::One,
            ..DuplexSettings::default()
        };
        let (duplex, endpoint) = loop {
            let its = card.clone();
            let source = HostSource::Made(Box::new(move || its.host()));
            // A busy machine may take longer than the deadline.
            if let Ok(opened) = Duplex::open(source, settings.clone()) {
                break opened;
            }
        };
        Self {
            card,
            duplex,
            endpoint,
            recovers,
            running: None,
            number: 0,
            written: 0,
            delivered: 0,
            heard: 0,
            index: 0,
            pauses: 0,
        }
    }

    fn does(&mut self, operation: Operation) {
        let inject = |fault| self.card.inject(fault);
        match operation {
            Operation::Pass { blocks } => self.card.advance_frames(480 * u64::from(blocks % 64)),
            Operation::Write { frames } => (0..frames % 16).for_each(|_| self.write()),
            Operation::Read { frames } => (0..frames % 16).for_each(|_| self.read()),
            // An error is an answer, too.
            Operation::Prepare => drop(self.duplex.prepare()),
            Operation::Start { duplex } => drop(self.start(duplex)),
            Operation::Stop => self.stop(),
            Operation::Wait { ms } => {
                if self.pause() {
                    std::thread::sleep(Duration::from_millis(u64::from(ms % 64)));
                }
            }
            Operation::Poll => while self.duplex.poll_event(Instant::now()).is_some() {},
            Operation::Xrun { capture, frames } => {
                inject(Fault::Xrun { direction: side(capture), frames: frames.into() });
            }
            Operation::Stall { capture, ms } => inject(Fault::Stall {
                direction: side(capture),
                duration: Duration::from_millis(ms.into()),
            }),
            Operation::Fail { capture, kind } => inject(Fault::Fail {
                direction: side(capture),
                kind: match kind % 3 {
                    0 => ErrorKind::DeviceNotAvailable,
                    1 => ErrorKind::StreamInvalidated,
                    _ => ErrorKind::BackendError,
                },
            }),
            Operation::Unplug => inject(Fault::Unplug),
            Operation::PlugIn => self.card.plug_in(),
            Operation::Flood { errors } => inject(Fault::ErrorFlood { errors: errors.into() }),
            Operation::Hang => {
                if self.pause() {
                    self.card.inject(Fault::Hang);
                }
            }
            Operation::HangIn { capture, call } => {
                if self.pause() {
                    let call = match call % 4 {
                        0 => Call::Open,
                        1 => Call::Play,
                        2 => Call::Pause,
                        _ => Call::Drop,
                    };
                    self.card.inject(Fault::HangIn { call, direction: side(capture) });
                }
            }
            Operation::Release => self.card.release(),
            Operation::Reconfigure { period } => {
                inject(Fault::Reconfigure { rate: 48_000, period: u32::from(period) % 4800 });
            }
            Operation::OtherDefault(on) => inject(Fault::OtherDefault(on)),
            Operation::ZeroCapture(on) => inject(Fault::ZeroCapture(on)),
        }
    }

    /// Whether an operation that takes real time is still to be had.
    fn pause(&mut self) -> bool {
        self.pauses += 1;
        self.pauses <= PAUSES
    }

    fn write(&mut self) {
        let frame: [f32; FRAME] = core::array::from_fn(|k| value(self.number + k as u64));
        let written = self.endpoint.write(&frame);
        assert!(written.accepted <= FRAME);
        self.number += written.accepted as u64;
        self.written += written.accepted as u64;
    }

    fn read(&mut self) {
        let mut frame = [0.0; FRAME];
        let Some(captured) = self.endpoint.read(&mut frame) else { return };
        self.delivered += FRAME as u64;
        assert!(captured.index >= self.index, "captured frames come in order");
        self.index = captured.index + FRAME as u64;
        for sample in frame.into_iter().filter(|sample| *sample != 0.0) {
            let number = (sample * (1 << 23) as f32) as u64;
            assert!(number > self.heard, "{number} after {}: played once, in order", self.heard);
            assert_eq!(value(number - 1), sample, "what was played");
            self.heard = number;
        }
        assert!(self.heard <= self.written, "nothing is heard that was not written");
    }

    fn start(&mut self, duplex: bool) -> Result<(), oncue_duplex::DeviceError> {
        let anew = self.running.is_none();
        let directions = if duplex { Directions::Duplex } else { Directions::Playback };
        let running = self.duplex.start(StartPermit::against_the_order(), directions)?;
        self.running = Some(running);
        if anew && duplex {
            // What was left from before is nobody's: nothing waits now.
            self.read();
            assert_eq!(self.duplex.stats().capture.stream.waiting, 0, "captured frames are left");
        }
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.stop();
        }
    }

    /// What the engine says is what happened.
    fn is_counted(&self) {
        let stats = self.duplex.stats();
        let (capture, playback) = (&stats.capture, &stats.playback);
        assert_eq!(capture.delivered, self.delivered);
        assert_eq!(playback.written, self.written);
        assert!(capture.delivered + capture.lost + capture.discarded <= capture.stream.frames);
        assert!(playback.inserted <= playback.stream.frames);
        let played = playback.stream.frames - playback.inserted;
        assert!(played + playback.skipped <= playback.written);
        assert!(self.heard <= playback.written);
    }

    /// Without a run no hardware runs. A call that the card holds may come out of it late; then it is counted.
    fn runs_only_where_permitted(&self) {
        if self.running.is_none() && abandoned_threads() == 0 {
            for direction in [Direction::Capture, Direction::Playback] {
                assert!(!self.card.is_playing(direction), "{direction} runs without a permit");
            }
        }
    }

    /// All faults end, and a call is made: it must be heard. Then everything is put away.
    fn ends_well(mut self) {
        self.card.release();
        self.card.plug_in();
        self.card.inject(Fault::ErrorFlood { errors: 0 });
        self.card.inject(Fault::ZeroCapture(false));
        self.card.advance(Duration::from_secs(66)); // past every stall
        self.stop();
        let since = Instant::now();
        let mut started = self.start(true);
        while let Err(error) = &started {
            // Without recovery, an engine of which a call hung has to be opened anew.
            if !self.recovers && self.pauses > 0 {
                break;
            }
            assert!(since.elapsed() < HANGS, "does not start: {error}");
            std::thread::sleep(Duration::from_millis(1));
            started = self.start(true);
        }
        let before = self.heard;
        while started.is_ok() && self.heard == before {
            assert!(
                since.elapsed() < HANGS,
                "the call did not come back: {:?}",
                self.duplex.stats()
            );
            self.write();
            self.card.advance_frames(480);
            self.read();
            self.is_counted();
            if self.duplex.stats().playback.stream.callbacks.is_multiple_of(16) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.stop();
        self.is_counted();
        let Self { card, duplex, .. } = self;
        drop(duplex);
        while abandoned_threads() > 0 {
            assert!(since.elapsed() < HANGS, "a thread did not come back");
            std::thread::sleep(Duration::from_millis(1));
        }
        for direction in [Direction::Capture, Direction::Playback] {
            assert!(!card.is_playing(direction), "{direction} runs without an engine");
        }
    }
}
