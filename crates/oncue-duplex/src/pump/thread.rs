//! The pump's thread: it sleeps until a callback left something, and carries it between the endpoint and the call
//! stack's code. A panic of that code ends its endpoint and nothing else.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: this is the pump's own thread"
)]

use crate::endpoint::{Endpoint, Standing};
use crate::error::Direction;
use crate::pump::attachment::{Id, Inbox, Order, Seat};
use crate::pump::capture::{CaptureInfo, Captured10, Tap};
use crate::pump::mix::{Limiter, Ramp};
use crate::pump::playout::{PlayoutInfo, Voice};
use crate::pump::reference::History;
use crate::pump::{HardwareEvent, PumpEvent};
use crate::stats::StreamFormat;
use core::sync::atomic::Ordering;
use core::time::Duration;
use oncue_session::Directions;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

/// How long to sleep while no hardware runs. Orders wake the thread, and so does a stream that was started.
const IDLE: Duration = Duration::from_secs(1);

/// An endpoint of the stack, and what is kept beside it.
struct Slot<T: ?Sized> {
    seat: Seat,
    /// Told when it is over, with whether all of it was played.
    ending: Option<Sender<bool>>,
    /// The position after its last sample, once it has given the last.
    last: Option<u64>,
    /// Whether it was told that the hardware runs.
    runs: bool,
    stack: Box<T>,
}

impl<T: ?Sized> Slot<T> {
    const fn new(seat: Seat, stack: Box<T>) -> Self {
        Self { seat, ending: None, last: None, runs: false, stack }
    }

    fn hears_of_a_run(&mut self, runs: bool, another: bool, tell: impl Fn(&mut T, &HardwareEvent)) {
        if self.runs && (another || !runs) {
            self.runs = false;
            tell(&mut self.stack, &HardwareEvent::Stopped);
        }
        if runs && !self.runs {
            self.runs = true;
            tell(&mut self.stack, &HardwareEvent::Started);
        }
    }
}

/// What the thread owns.
pub(crate) struct Work {
    endpoint: Endpoint,
    inbox: Arc<Inbox>,
    events: Sender<PumpEvent>,
    taps: Vec<Slot<dyn Tap>>,
    voices: Vec<Slot<dyn Voice>>,
    history: History,
    limiter: Limiter,
    microphone: Ramp,
    standing: Standing,
    /// Of capture and playback.
    formats: [StreamFormat; 2],
    wanted: Option<Directions>,
    captured: Vec<f32>,
    reference: Vec<f32>,
    mix: Vec<f32>,
}

impl Work {
    pub(crate) fn new(endpoint: Endpoint, inbox: Arc<Inbox>, events: Sender<PumpEvent>) -> Self {
        let frame = endpoint.frame();
        let formats = [Direction::Capture, Direction::Playback].map(|it| endpoint.format(it));
        Self {
            endpoint,
            inbox,
            events,
            taps: Vec::new(),
            voices: Vec::new(),
            history: History::default(),
            limiter: Limiter::IDLE,
            microphone: Ramp::OPEN,
            standing: Standing::default(),
            formats,
            wanted: None,
            captured: vec![0.0; frame],
            reference: vec![0.0; frame],
            mix: vec![0.0; frame],
        }
    }

    /// Works until it is told to stop; then all endpoints are gone.
    pub(crate) fn run(&mut self) {
        self.endpoint.wakes(thread::current());
        while !self.inbox.stops() {
            self.obey();
            self.look();
            while !self.inbox.stops() && (self.capture() | self.play()) {
                self.obey();
                self.look();
            }
            self.finish_drains();
            thread::park_timeout(self.rest());
        }
        self.taps.drain(..).for_each(let_go);
        self.voices.drain(..).for_each(let_go);
    }

    /// Takes new orders.
    fn obey(&mut self) {
        while let Some(order) = self.inbox.next() {
            match order {
                Order::Capture(seat, stack) => self.taps.push(Slot::new(seat, stack)),
                Order::Playout(seat, stack) => self.voices.push(Slot::new(seat, stack)),
                Order::Detach(id, done) => {
                    self.remove(id);
                    self.tell_what_is_wanted();
                    // Who asked may have given up.
                    let _ = done.send(());
                }
                Order::Drain(id, done) => {
                    if let Some(slot) = self.voices.iter_mut().find(|slot| slot.seat.id == id) {
                        slot.ending = Some(done);
                    }
                }
            }
        }
        self.tell_what_is_wanted();
    }

    fn tell_what_is_wanted(&mut self) {
        let wanted = self.inbox.wanted();
        if wanted != self.wanted {
            self.wanted = wanted;
            // Without a pump there is nobody to tell.
            let _ = self.events.send(PumpEvent::Wanted(wanted));
        }
    }

    /// Sees what the hardware did, and tells the stack.
    fn look(&mut self) {
        let before = self.standing;
        self.standing = self.endpoint.stand();
        let now = self.standing;
        if before.run != now.run || before.built != now.built || !before.captures {
            // A mute that was set meanwhile holds from the first sample on (rule mute-survives-resume).
            self.microphone.set(self.inbox.muted());
        }
        if before.built != now.built {
            self.look_at_formats();
        }
        let another = before.run != now.run;
        each(&mut self.taps, &self.events, |slot| {
            slot.hears_of_a_run(now.captures, another, |tap, event| tap.hardware(event));
        });
        each(&mut self.voices, &self.events, |slot| {
            slot.hears_of_a_run(now.plays, another, |voice, event| voice.hardware(event));
        });
    }

    fn look_at_formats(&mut self) {
        for (n, direction) in [Direction::Capture, Direction::Playback].into_iter().enumerate() {
            let format = self.endpoint.format(direction);
            let Some(before) = self.formats.get_mut(n).filter(|before| **before != format) else {
                continue;
            };
            before.clone_from(&format);
            let event = HardwareEvent::FormatChanged { direction, format };
            each(&mut self.taps, &self.events, |slot| slot.stack.hardware(&event));
            each(&mut self.voices, &self.events, |slot| slot.stack.hardware(&event));
        }
    }

    /// Gives the stack a captured frame; false if none waits.
    fn capture(&mut self) -> bool {
        let Some(read) = self.endpoint.read(&mut self.captured) else { return false };
        let standing = self.standing;
        if self.inbox.warms_up() {
            return true;
        }
        self.microphone.apply(self.inbox.muted(), &mut self.captured);
        let apart = self.endpoint.apart(&standing);
        match apart {
            Some(apart) => {
                let played = (read.index as i64).wrapping_sub(apart);
                self.history.played(&self.endpoint.played(), played, &mut self.reference);
            }
            None => self.reference.fill(0.0),
        }
        let info = CaptureInfo {
            index: read.index,
            time: self.endpoint.capture_time(&standing, read.index),
            capture_delay: self.endpoint.capture_delay(&standing, read.index),
            playout_delay: self.endpoint.playout_delay(&standing),
            since_callback: self.endpoint.captured_at().map(|at| at.elapsed()),
            drift_ppm: standing.drift_ppm,
            muted: self.microphone.is_closed(),
            aligned: apart.is_some(),
        };
        let rate = self.endpoint.rate();
        let captured = Captured10 { frame: &self.captured, reference: &self.reference, rate, info };
        let period = Duration::from_millis(10);
        each(&mut self.taps, &self.events, |slot| {
            let muted = slot.seat.counts.muted.load(Ordering::Acquire);
            let start = Instant::now();
            let cut = slot.stack.take(&captured, muted);
            slot.seat.counts.took(start.elapsed(), period, cut);
        });
        true
    }

    /// Asks the stack for a frame and plays the mix; false if none is due. Where nobody plays, it is silence, so that
    /// one who begins finds the same delay.
    fn play(&mut self) -> bool {
        if !self.endpoint.is_due() {
            return false;
        }
        let delay = self.endpoint.playout_delay(&self.standing);
        let time = self.endpoint.playout_time(&self.standing);
        let info = PlayoutInfo { time, delay, drift_ppm: self.standing.drift_ppm };
        let period = Duration::from_millis(10);
        self.mix.fill(0.0);
        let (mix, mut ended) = (&mut self.mix, Vec::new());
        each(&mut self.voices, &self.events, |slot| {
            if slot.last.is_some() {
                return;
            }
            let muted = slot.seat.counts.muted.load(Ordering::Acquire);
            let start = Instant::now();
            let more = slot.stack.mix(mix, &info, muted, slot.ending.is_some());
            slot.seat.counts.took(start.elapsed(), period, 0);
            if !more {
                ended.push(slot.seat.id);
            }
        });
        self.limiter.apply(&mut self.mix);
        let written = self.endpoint.write(&self.mix);
        let (accepted, _) = self.mix.split_at_checked(written.accepted).unwrap_or_default();
        self.history.wrote(written.position, accepted);
        for slot in self.voices.iter_mut().filter(|slot| ended.contains(&slot.seat.id)) {
            slot.last = Some(written.position);
        }
        written.accepted > 0
    }

    /// Lets go of what has been played out, or never will be.
    fn finish_drains(&mut self) {
        let (endpoint, standing) = (&mut self.endpoint, &self.standing);
        let mut done = Vec::new();
        for slot in &mut self.voices {
            let Some(told) = &slot.ending else { continue };
            let played = slot.last.is_some_and(|last| endpoint.is_played(standing, last));
            if played || !standing.plays {
                // Who asked may have given up.
                let _ = told.send(played);
                done.push(slot.seat.id);
            }
        }
        for id in done {
            self.remove(id);
        }
    }

    /// Drops an endpoint of the stack, here, on the thread that its code runs on.
    fn remove(&mut self, id: Id) {
        remove(&mut self.taps, id);
        remove(&mut self.voices, id);
    }

    fn rest(&self) -> Duration {
        let runs = self.standing.captures || self.standing.plays;
        if runs { self.endpoint.until_due() } else { IDLE }
    }
}

/// Lets the stack's code of each slot run; what panics is dropped and told of.
fn each<T: ?Sized>(
    slots: &mut Vec<Slot<T>>,
    events: &Sender<PumpEvent>,
    mut code: impl FnMut(&mut Slot<T>),
) {
    let mut at = 0;
    while let Some(slot) = slots.get_mut(at) {
        let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| code(slot))) else {
            at += 1;
            continue;
        };
        let slot = slots.remove(at);
        slot.seat.counts.panicked.store(true, Ordering::Release);
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        // Without a pump there is nobody to tell.
        let _ = events.send(PumpEvent::Panicked { attachment: slot.seat.id, message });
        let_go(slot);
    }
}

/// Drops an endpoint of the stack; its code may panic in that too.
fn let_go<T: ?Sized>(slot: Slot<T>) {
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(slot)));
}

fn remove<T: ?Sized>(slots: &mut Vec<Slot<T>>, id: Id) {
    if let Some(at) = slots.iter().position(|slot| slot.seat.id == id) {
        let_go(slots.remove(at));
    }
}
