//! Carries out what the supervisor orders, on the device thread: drops what is lost, brings back what is wanted.
//!
//! Every call that a dead server may hold is an errand, so that the device thread always answers. A stream is played
//! only while the run lasts that the session permitted: an attempt asks right before, and a stop waits for the one that
//! has got its answer.

mod attempt;

pub(crate) use attempt::Rebuilt;

use crate::device_thread::Desk;
use crate::endpoint::End;
use crate::errand::Errand;
use crate::error::{DeviceError, Direction, LossCause, Operation};
use crate::libjack;
use crate::streams::{Built, Streams};
use crate::supervisor::{Order, Supervisor};
use attempt::{Attempt, Brought};
use core::sync::atomic::Ordering;
use core::time::Duration;
use cpal::traits::{DeviceTrait, HostTrait};
use std::sync::Arc;
use std::time::Instant;

/// Errands of one engine that may hang before no further attempt is begun. With two attempts, two drops, a look-up and a
/// measurement under way, a run never leaves more than ten threads in a server that does not answer.
const MAX_STUCK: usize = 4;

/// How often the default devices are looked up where they are followed.
const LOOK_UP: Duration = Duration::from_secs(1);

/// What is under way beside the streams that are there.
pub(crate) struct Rescue {
    pub(crate) supervisor: Option<Supervisor>,
    epoch: Instant,
    capture: Side,
    playback: Side,
    /// Attempts whose run is over.
    leaving: Vec<Errand<Brought>>,
    looking: Option<Errand<Defaults>>,
    looked: Instant,
    /// Errands that were given up.
    stuck: Vec<Desk>,
}

#[derive(Default)]
struct Side {
    drop: Option<Errand<()>>,
    attempt: Option<Attempt>,
}

/// The ids of the default devices for capture and playback.
type Defaults = [Option<cpal::DeviceId>; 2];

impl Rescue {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            supervisor: None,
            epoch: now,
            capture: Side::default(),
            playback: Side::default(),
            leaving: Vec::new(),
            looking: None,
            looked: now,
            stuck: Vec::new(),
        }
    }

    /// Drops a stream without waiting for it.
    pub(crate) fn let_go(&mut self, direction: Direction, built: Built) {
        built.lane.gate.seal();
        // Without a thread for it, it is dropped here.
        let Ok(errand) = Errand::send(Operation::Drop(direction), move |_| built.put_away()) else {
            return;
        };
        if let Some(before) = self.side(direction).drop.replace(errand) {
            self.give_up(before);
        }
    }

    /// Ends the run: no attempt plays any more once this has returned, but one that hangs in the host; what that brings
    /// is dropped.
    pub(crate) fn stop(&mut self, patience: Duration) {
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.stopped();
        }
        let mut late = false;
        for direction in [Direction::Capture, Direction::Playback] {
            if let Some(attempt) = self.side(direction).attempt.take() {
                late |= !attempt.word.take_back();
                self.leaving.push(attempt.errand);
            }
        }
        if late {
            self.settle(patience);
        }
    }

    /// Waits until all that is being dropped is gone, for each at most `patience`.
    pub(crate) fn settle(&mut self, patience: Duration) {
        for mut errand in core::mem::take(&mut self.leaving) {
            match errand.wait(patience) {
                Some(Ok(Ok(rebuilt))) => {
                    let direction = match rebuilt.end {
                        End::Capture(_) => Direction::Capture,
                        End::Playback(_) => Direction::Playback,
                    };
                    self.let_go(direction, rebuilt.built);
                }
                Some(_) => {}
                None => self.give_up(errand),
            }
        }
        for direction in [Direction::Capture, Direction::Playback] {
            if let Some(mut errand) = self.side(direction).drop.take()
                && errand.wait(patience).is_none()
            {
                self.give_up(errand);
            }
        }
    }

    /// Whether errands are under way.
    pub(crate) fn is_busy(&self) -> bool {
        let busy = |side: &Side| side.drop.is_some() || side.attempt.is_some();
        busy(&self.capture)
            || busy(&self.playback)
            || self.supervisor.as_ref().is_some_and(Supervisor::is_busy)
    }

    /// The time, as the supervisor takes it.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Counts an errand as stuck. What it had brought nevertheless is dropped on yet another one.
    pub(crate) fn give_up<R: Send + 'static>(&mut self, errand: Errand<R>) {
        let operation = errand.operation();
        let (desk, late) = errand.abandon();
        if let Some(late) = late {
            // Without a thread for it, it is dropped here.
            let _ = Errand::send(operation, move |_| drop(late));
        }
        self.stuck.push(desk);
    }

    /// Tells the supervisor of each direction in which nothing is being dropped, whoever looked after its drop: it was
    /// waited for, it needed no errand, or there was no stream.
    fn tell_what_is_gone(&mut self) {
        let now = self.now();
        let Some(supervisor) = &mut self.supervisor else { return };
        for (direction, side) in
            [(Direction::Capture, &self.capture), (Direction::Playback, &self.playback)]
        {
            if side.drop.is_none() {
                supervisor.dropped(direction, now);
            }
        }
    }

    /// Whether another attempt may begin: `Err` with how many threads hang if they are too many.
    fn room(&mut self) -> Result<(), usize> {
        self.stuck.retain(|desk| !desk.ended());
        if self.stuck.len() < MAX_STUCK { Ok(()) } else { Err(self.stuck.len()) }
    }

    const fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }
}

impl Streams {
    /// Looks after the streams of a run and the errands: one step, which never waits.
    pub(crate) fn rescue(&mut self) {
        self.look_after_drops();
        self.look_after_attempts();
        self.look_for_another_default();
        self.listen();
        let jack = self.shared().is_some_and(|shared| shared.one_cycle);
        let (now, room) = (self.rescue.now(), self.rescue.room());
        if let (Err(threads), Some(supervisor)) = (room, &mut self.rescue.supervisor) {
            supervisor.held_up(&DeviceError::Stuck { threads }.into(), now);
        }
        let room = room.is_ok() && !(jack && libjack::may_connect().is_err());
        while let Some(order) =
            self.rescue.supervisor.as_mut().and_then(|supervisor| supervisor.order(now, room))
        {
            match order {
                Order::Drop(direction) => self.drop_lost(direction),
                Order::Rebuild(direction) => self.begin(direction),
                Order::Tell(event) => self.tell(event),
            }
        }
    }

    /// Whether a direction of the run is lost and being brought back.
    pub(crate) fn is_lost(&mut self, direction: Direction) -> bool {
        self.built(direction).is_none() && self.is_on(direction)
    }

    /// Whether a direction is part of the run that is supervised.
    pub(crate) fn is_on(&self, direction: Direction) -> bool {
        self.rescue.supervisor.as_ref().is_some_and(|it| it.is_on(direction))
    }

    fn listen(&mut self) {
        let Some(shared) = self.shared() else { return };
        let now = self.rescue.now();
        for direction in [Direction::Playback, Direction::Capture] {
            let side = shared.side(direction);
            let callback = &side.counters.callback;
            let block = f64::from(callback.last_block()) / f64::from(side.format().rate.max(1));
            if let Some(supervisor) = &mut self.rescue.supervisor {
                let callbacks = callback.callbacks.load(Ordering::Relaxed);
                supervisor.heard(direction, callbacks, Duration::from_secs_f64(block), now);
            }
        }
    }

    fn look_after_drops(&mut self) {
        let patience = self.settings().map_or(Duration::ZERO, |it| it.deadlines.stop);
        for direction in [Direction::Capture, Direction::Playback] {
            let side = self.rescue.side(direction);
            let Some(errand) = &mut side.drop else { continue };
            let done = errand.poll().is_some();
            if !done && errand.age() < patience {
                continue;
            }
            if let Some(errand) = side.drop.take().filter(|_| !done) {
                self.rescue.give_up(errand);
            }
        }
        self.rescue.tell_what_is_gone();
        let mut leaving = core::mem::take(&mut self.rescue.leaving);
        leaving.retain_mut(|errand| match errand.poll() {
            Some(Ok(Ok(Rebuilt { built, .. }))) => {
                let _ = Errand::send(errand.operation(), move |_| drop(built));
                false
            }
            Some(_) => false,
            None => true,
        });
        self.rescue.leaving.append(&mut leaving);
    }

    fn look_after_attempts(&mut self) {
        let Some(deadlines) = self.settings().map(|it| it.deadlines) else { return };
        let patience = deadlines.open + deadlines.start;
        for direction in [Direction::Playback, Direction::Capture] {
            let side = self.rescue.side(direction);
            let Some(attempt) = &mut side.attempt else { continue };
            let (brought, took) = (attempt.errand.poll(), attempt.errand.age());
            if brought.is_none() && took < patience {
                continue;
            }
            let Some(Attempt { errand, .. }) = side.attempt.take() else { continue };
            let result = match brought {
                Some(Ok(Ok(rebuilt))) => {
                    let callbacks = self.callbacks(direction);
                    self.adopt(direction, rebuilt);
                    Ok(callbacks)
                }
                Some(Ok(Err(error))) => Err(error),
                Some(Err(error)) => Err(error.into()),
                None => {
                    let operation = errand.operation();
                    self.rescue.give_up(errand);
                    Err(DeviceError::TimedOut { operation, after: patience }.into())
                }
            };
            let now = self.rescue.now();
            if let Some(supervisor) = &mut self.rescue.supervisor {
                supervisor.rebuilt(direction, result, took, now);
            }
        }
    }

    /// Sends an attempt off, under the permit of the run.
    fn begin(&mut self, direction: Direction) {
        let Some(opened) = &self.opened else { return };
        let Some(permit) = &self.permit else { return };
        let attempt = Attempt::send(permit, direction, opened, self.desk.clone());
        let now = self.rescue.now();
        match attempt {
            Ok(attempt) => self.rescue.side(direction).attempt = Some(attempt),
            Err(error) => {
                if let Some(supervisor) = &mut self.rescue.supervisor {
                    supervisor.rebuilt(direction, Err(error.into()), Duration::ZERO, now);
                }
            }
        }
    }

    fn look_for_another_default(&mut self) {
        let Some(opened) = &self.opened else { return };
        let settings = &opened.shared.settings;
        if !settings.recovery.is_some_and(|it| it.follow_default) || self.permit.is_none() {
            return;
        }
        if let Some(mut looking) = self.rescue.looking.take() {
            let defaults = match looking.poll() {
                Some(defaults) => defaults.unwrap_or_default(),
                None => {
                    self.rescue.looking = Some(looking);
                    return;
                }
            };
            let asked = [&settings.capture_device, &settings.playback_device];
            let changed = [Direction::Capture, Direction::Playback].into_iter().zip(defaults);
            let changed: Vec<_> = changed
                .zip(asked)
                .filter(|((_, default), asked)| asked.is_none() && default.is_some())
                .filter(|((direction, default), _)| {
                    opened.chosen(*direction).device.id().ok() != *default
                })
                .map(|((direction, _), _)| direction)
                .collect();
            let now = self.rescue.now();
            if let Some(supervisor) = &mut self.rescue.supervisor {
                for direction in changed {
                    supervisor.lose(direction, LossCause::DefaultChanged, now);
                }
            }
        } else if self.rescue.looked.elapsed() >= LOOK_UP && self.rescue.room().is_ok() {
            self.rescue.looked = Instant::now();
            if let Some(opened) = &self.opened {
                let host = Arc::clone(&opened.host);
                self.rescue.looking = Errand::send(Operation::List, move |_| {
                    [host.default_input_device(), host.default_output_device()]
                        .map(|device| device.and_then(|device| device.id().ok()))
                })
                .ok();
            }
        }
    }
}
