//! The streams themselves, on the device thread: built, played, paused and dropped there and nowhere else.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: events and ring ends go to other threads"
)]

mod built;
mod clocks;
mod connection;
mod tick;

pub(crate) use built::{Built, build};
pub(crate) use connection::{Link, Opened};

use crate::device_thread::Desk;
use crate::devices::refused;
use crate::endpoint::End;
use crate::error::{DeviceError, Direction, LossCause, Operation};
use crate::libjack;
use crate::rescue::{Rebuilt, Rescue};
use crate::rights::Rights;
use crate::settings::DuplexSettings;
use crate::shared::Shared;
use clocks::Measuring;
use core::sync::atomic::Ordering;
use core::time::Duration;
use cpal::traits::StreamTrait;
use oncue_session::{Directions, StartPermit};
use std::sync::{Arc, PoisonError};
use tick::Tuned;

/// What the device thread owns.
pub(crate) struct Streams {
    pub(crate) desk: Desk,
    pub(crate) opened: Option<Opened>,
    capture: Option<Built>,
    playback: Option<Built>,
    /// The session's word for the present run, which lasts for as long as this is there, whatever is lost meanwhile.
    pub(crate) permit: Option<StartPermit>,
    pub(crate) rescue: Rescue,
    measuring: Option<Measuring>,
    capture_tuned: Option<Tuned>,
    playback_tuned: Option<Tuned>,
}

impl Streams {
    pub(crate) fn new(desk: Desk) -> Self {
        let (capture, playback, permit) = (None, None, None);
        Self {
            desk,
            opened: None,
            capture,
            playback,
            permit,
            rescue: Rescue::new(),
            measuring: None,
            capture_tuned: None,
            playback_tuned: None,
        }
    }

    /// Builds the streams for `directions` that are not there, but those that are being brought back.
    pub(crate) fn prepare(&mut self, directions: Directions) -> Result<(), DeviceError> {
        if let Some(patience) = self.settings().map(|it| it.deadlines.stop) {
            self.rescue.settle(patience);
        }
        order(directions).try_for_each(|direction| self.prepare_one(direction))
    }

    fn prepare_one(&mut self, direction: Direction) -> Result<(), DeviceError> {
        if self.built(direction).is_some() || self.is_lost(direction) || self.desk.given_up() {
            return Ok(());
        }
        let recovers = self.settings().is_some_and(|it| it.recovery.is_some());
        let built = self.build_one(direction);
        if built.is_ok() || !recovers {
            return built;
        }
        // The device may be another by now.
        self.build_one(direction)
    }

    fn build_one(&mut self, direction: Direction) -> Result<(), DeviceError> {
        self.find_again(direction)?;
        let Some(opened) = &mut self.opened else { return Ok(()) };
        self.desk.doing(Operation::Build(direction));
        let (chosen, host) = (opened.chosen(direction), Arc::clone(&opened.host));
        match build(chosen, host, direction, &opened.shared) {
            Ok((built, end)) => {
                self.install(direction, built, end);
                Ok(())
            }
            Err(error) => {
                opened.stale = true;
                Err(refused(Operation::Build(direction), error))
            }
        }
    }

    /// Plays the prepared streams of `directions` that do not play, and returns which run that is: the present one, if
    /// there is one. After an error the present run is what it was.
    pub(crate) fn start(
        &mut self,
        permit: StartPermit,
        directions: Directions,
    ) -> Result<u32, DeviceError> {
        let Some(shared) = self.shared() else { return Ok(0) };
        let mut run = shared.run.load(Ordering::Relaxed);
        if self.permit.is_none() {
            run = run.wrapping_add(1).max(1);
            shared.run.store(run, Ordering::Release);
        }
        let mut started = Vec::new();
        for direction in order(directions) {
            if self.is_lost(direction) || self.built(direction).is_some_and(|built| built.plays) {
                continue;
            }
            started.push(direction);
            if let Err(error) = self.play_as_it_is_now(direction, directions, run, &shared) {
                for direction in started {
                    self.pause_one(direction, shared.settings.deadlines.stop);
                }
                return Err(error);
            }
        }
        self.permit = Some(permit);
        for direction in started {
            let (callbacks, now) = (self.callbacks(direction), self.rescue.now());
            if let Some(supervisor) = &mut self.rescue.supervisor {
                supervisor.started(direction, callbacks, now);
            }
        }
        // What hangs in it is looked after later.
        self.measure(shared.settings.deadlines.start / 3);
        Ok(run)
    }

    /// Plays a prepared stream. The activation may have changed the device since it was prepared: if the stream is of
    /// no use any more, all those that were prepared are built anew.
    fn play_as_it_is_now(
        &mut self,
        direction: Direction,
        directions: Directions,
        run: u32,
        shared: &Shared,
    ) -> Result<(), DeviceError> {
        // A prepared stream that failed was dropped.
        let played = self.prepare_one(direction).and_then(|()| self.play(direction, run, shared));
        if played.is_ok() || shared.settings.recovery.is_none() {
            return played;
        }
        for direction in [Direction::Capture, Direction::Playback] {
            if self.built(direction).is_some_and(|built| !built.plays) {
                self.drop_one(direction);
            }
        }
        self.prepare(directions)?;
        self.play(direction, run, shared)
    }

    fn play(&mut self, direction: Direction, run: u32, shared: &Shared) -> Result<(), DeviceError> {
        let operation = Operation::Play(direction);
        self.desk.doing(operation);
        // Another device thread is in this one's place.
        let Some(built) = self.built(direction) else {
            return Err(DeviceError::GivenUp { operation });
        };
        built.open_gate(run);
        built.stream.play().map_err(|error| refused(operation, error))?;
        (built.plays, built.measured) = (true, false);
        shared.started();
        Ok(())
    }

    /// Makes a stream that an attempt brought the one of its direction.
    pub(crate) fn adopt(&mut self, direction: Direction, rebuilt: Rebuilt) {
        let Some(shared) = self.shared() else { return };
        let Rebuilt { built, end, chosen } = rebuilt;
        if let Some(opened) = &mut self.opened {
            opened.host = Arc::clone(&built.host);
            *opened.chosen_mut(direction) = chosen;
            opened.note_clocks();
        }
        self.install(direction, built, end);
        let run = shared.run.load(Ordering::Relaxed);
        if let Some(built) = self.built(direction) {
            // It plays already: what it reported since is not to be forgotten.
            built.lane.begin(run);
            built.plays = true;
        }
        if direction == Direction::Playback
            && let Some(capture) = &mut self.capture
        {
            // It is measured against playback.
            capture.measured = false;
        }
        shared.started();
    }

    /// Hands a stream's ends over, unless this thread was given up and another one is in its place.
    fn install(&mut self, direction: Direction, mut built: Built, end: End) {
        let Some(opened) = &self.opened else { return };
        let owner = opened.shared.owner.lock().unwrap_or_else(PoisonError::into_inner);
        if *owner != opened.link.owner || self.desk.given_up() {
            return;
        }
        let side = opened.shared.side(direction);
        side.counters.granted.store(built.granted, Ordering::Relaxed);
        side.set_device(opened.chosen(direction));
        side.set_lane(&built.lane);
        side.set_rights(Rights::NotAsked);
        side.set_blocks(built.blocks.take());
        // Without an endpoint nobody writes or reads.
        let _ = opened.link.ends.send(end);
        drop(owner);
        match direction {
            Direction::Capture => self.capture = Some(built),
            Direction::Playback => self.playback = Some(built),
        }
    }

    /// Pauses what plays; what cannot be paused is dropped, and built anew for the next start.
    pub(crate) fn pause(&mut self) {
        let patience = self
            .opened
            .as_ref()
            .map_or(Duration::ZERO, |opened| opened.shared.settings.deadlines.stop);
        self.permit = None;
        // All of it is to fit into the deadline.
        self.rescue.stop(patience / 3);
        for direction in [Direction::Capture, Direction::Playback] {
            if self.built(direction).is_some_and(|built| built.plays) {
                self.pause_one(direction, patience);
            }
        }
        // What could not be paused plays until it is dropped.
        self.rescue.settle(patience / 3);
    }

    fn pause_one(&mut self, direction: Direction, patience: Duration) {
        let Some(built) = self.built(direction) else { return };
        built.lane.gate.close(patience);
        built.plays = false;
        self.desk.doing(Operation::Pause(direction));
        if self.built(direction).is_some_and(|built| built.stream.pause().is_err()) {
            self.drop_one(direction);
        }
    }

    /// Drops a stream that is of no use any more, and with it the other one where they can only be replaced together: the
    /// clients of a JACK server die together, though not all are told.
    pub(crate) fn drop_lost(&mut self, direction: Direction) {
        if self.shared().is_some_and(|shared| shared.one_cycle) {
            libjack::died();
            let (other, now) = (direction.other(), self.rescue.now());
            if self.is_on(other)
                && let Some(supervisor) = &mut self.rescue.supervisor
            {
                // Its own order to drop follows.
                supervisor.lose(other, LossCause::Together, now);
            } else {
                self.drop_one(other);
            }
        }
        self.drop_one(direction);
    }

    /// Lets nothing of a stream through any more and has it dropped; the host is connected to anew for the next one.
    pub(crate) fn drop_one(&mut self, direction: Direction) {
        let built = match direction {
            Direction::Capture => self.capture.take(),
            Direction::Playback => self.playback.take(),
        };
        let (Some(built), Some(opened)) = (built, &mut self.opened) else { return };
        opened.stale = true;
        match direction {
            Direction::Capture => opened.shared.timebase.forget_capture(),
            Direction::Playback => opened.shared.timebase.forget_playback(),
        }
        built.lane.gate.close(opened.shared.settings.deadlines.stop);
        self.rescue.let_go(direction, built);
    }

    pub(crate) fn shared(&self) -> Option<Arc<Shared>> {
        self.opened.as_ref().map(|opened| Arc::clone(&opened.shared))
    }

    pub(crate) fn settings(&self) -> Option<&DuplexSettings> {
        self.opened.as_ref().map(|opened| &opened.shared.settings)
    }

    pub(crate) const fn built(&mut self, direction: Direction) -> Option<&mut Built> {
        match direction {
            Direction::Capture => self.capture.as_mut(),
            Direction::Playback => self.playback.as_mut(),
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        let patience = self.settings().map_or(Duration::ZERO, |it| it.deadlines.stop);
        self.rescue.stop(patience);
        self.rescue.settle(patience);
        // Capture first: PulseAudio never returns from dropping a playback stream whose sink is gone.
        self.desk.doing(Operation::Drop(Direction::Capture));
        self.capture.take().into_iter().for_each(Built::put_away);
        self.desk.doing(Operation::Drop(Direction::Playback));
        self.playback.take().into_iter().for_each(Built::put_away);
        self.desk.doing(Operation::OpenHost);
    }
}

/// Playback first: a server's capture may have nothing to give before something plays.
fn order(directions: Directions) -> impl Iterator<Item = Direction> {
    let capture = (directions == Directions::Duplex).then_some(Direction::Capture);
    [Direction::Playback].into_iter().chain(capture)
}
