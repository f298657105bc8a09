//! What the engine, its device thread and the endpoint share: figures, the present streams' gates, the clocks.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback, which has its lane's own handle"
)]

use crate::callback::Lane;
use crate::clock::Timebase;
use crate::devices::Chosen;
use crate::error::Direction;
use crate::rights::Rights;
use crate::settings::DuplexSettings;
use crate::silence::{BlockReader, SilentAudio};
use crate::stats::{ClockFigures, Counters, Stats, StreamFormat};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;
use cpal::traits::DeviceTrait;
use oncue_session::Directions;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: DuplexSettings,
    pub(crate) epoch: Instant,
    pub(crate) timebase: Timebase,
    /// Whether one server calls both directions in the same cycles (JACK).
    pub(crate) one_cycle: bool,
    /// Whether capture is to follow playback's clock.
    pub(crate) two_clocks: AtomicBool,
    /// What the endpoint knows of the clocks.
    pub(crate) clocks: ClockFigures,
    /// The present run, or the last one; 0 before the first.
    pub(crate) run: AtomicU32,
    pub(crate) capture: Side,
    pub(crate) playback: Side,
    /// When the session was activated for the next start, if the program told.
    pub(crate) activated: Mutex<Option<Instant>>,
    /// Which device thread may hand streams over: an earlier one may come back out of a server late.
    pub(crate) owner: Mutex<u32>,
    /// The thread that waits for callbacks, and need not while there are none.
    pub(crate) waiter: OnceLock<Thread>,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) counters: Arc<Counters>,
    format: Mutex<StreamFormat>,
    /// The id of the device, where the host gives one.
    device: Mutex<Option<String>>,
    lane: Mutex<Option<Arc<Lane>>>,
    /// What the callbacks say of their blocks, for who polls.
    pub(crate) blocks: Mutex<Option<BlockReader>>,
    /// The user chose it to be mute.
    pub(crate) muted: AtomicBool,
    rights: Mutex<Rights>,
    /// Since when its audio is waited for.
    awaited: Mutex<Option<Instant>>,
    /// The silence that was seen at the last poll.
    pub(crate) silence: Mutex<Option<SilentAudio>>,
}

impl Side {
    pub(crate) fn new(format: StreamFormat) -> Self {
        Self {
            format: Mutex::new(format),
            counters: Arc::default(),
            device: Mutex::default(),
            lane: Mutex::default(),
            blocks: Mutex::default(),
            muted: AtomicBool::new(false),
            rights: Mutex::default(),
            awaited: Mutex::default(),
            silence: Mutex::default(),
        }
    }

    /// What was agreed with the device; another stream may have another.
    pub(crate) fn format(&self) -> StreamFormat {
        self.format.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another device is in use, or the same one in another format.
    pub(crate) fn set_device(&self, chosen: &Chosen) {
        let format = chosen.format.clone();
        *self.format.lock().unwrap_or_else(PoisonError::into_inner) = format;
        let id = chosen.device.id().ok().map(|id| id.id().to_owned());
        *self.device.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// The lane of the stream that was built last.
    pub(crate) fn lane(&self) -> Option<Arc<Lane>> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_lane(&self, lane: &Arc<Lane>) {
        *self.lane.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(lane));
    }

    /// The stream that was built last publishes there.
    pub(crate) fn set_blocks(&self, reader: Option<BlockReader>) {
        *self.blocks.lock().unwrap_or_else(PoisonError::into_inner) = reader;
    }

    /// What became of the wish for a real-time priority.
    pub(crate) fn rights(&self) -> Rights {
        self.rights.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_rights(&self, rights: Rights) {
        *self.rights.lock().unwrap_or_else(PoisonError::into_inner) = rights;
    }

    /// Whether the stream may play or capture.
    pub(crate) fn is_open(&self) -> bool {
        self.lane().is_some_and(|lane| lane.gate.is_open())
    }
}

impl Shared {
    pub(crate) const fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        }
    }

    /// Wakes who waits for callbacks: a stream was started. Not for callbacks.
    pub(crate) fn started(&self) {
        if let Some(thread) = self.waiter.get() {
            thread.unpark();
        }
    }

    /// Audio of these directions is waited for, since the activation if that was told, or since `now`.
    pub(crate) fn awaits(&self, directions: Directions, now: Instant) {
        let told = self.activated.lock().unwrap_or_else(PoisonError::into_inner).take();
        let capture = (directions == Directions::Duplex).then_some(&self.capture);
        for side in [&self.playback].into_iter().chain(capture).filter(|side| !side.is_open()) {
            *side.awaited.lock().unwrap_or_else(PoisonError::into_inner) = told.or(Some(now));
        }
    }

    /// The settings to find a direction's device with once more: by its id, unless the default is followed.
    pub(crate) fn wanted(&self, direction: Direction) -> DuplexSettings {
        let mut settings = self.settings.clone();
        let asked = match direction {
            Direction::Capture => &mut settings.capture_device,
            Direction::Playback => &mut settings.playback_device,
        };
        if asked.is_none() && !settings.recovery.is_some_and(|it| it.follow_default) {
            // A host that gives no ids has one device, or none that could be told from another.
            let device = &self.side(direction).device;
            *asked = device.lock().unwrap_or_else(PoisonError::into_inner).clone();
        }
        settings
    }

    /// Closes both gates, and waits for callbacks inside, each at most `patience`.
    pub(crate) fn close_gates(&self, patience: Duration) {
        for lane in [self.capture.lane(), self.playback.lane()].into_iter().flatten() {
            lane.gate.close(patience);
        }
    }

    /// Closes both gates for good: the thread that holds the streams was given up.
    pub(crate) fn seal_gates(&self) {
        for lane in [self.capture.lane(), self.playback.lane()].into_iter().flatten() {
            lane.gate.seal();
        }
    }

    /// The period by which both directions go on together, in frames; `None` where each has its own.
    pub(crate) fn cycle(&self) -> Option<u32> {
        let granted = self.playback.counters.granted.load(Ordering::Relaxed);
        (self.one_cycle && granted > 0).then_some(granted)
    }

    pub(crate) fn stats(&self) -> Stats {
        let silence = |side: &Side| *side.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stats = Stats {
            capture: self.capture.counters.capture(&self.capture.format()),
            playback: self.playback.counters.playback(&self.playback.format()),
            clocks: self.clocks.read(),
        };
        stats.capture.stream.silence = silence(&self.capture);
        stats.playback.stream.silence = silence(&self.playback);
        let target = |side: &Side| side.lane().map_or(0, |it| it.target.load(Ordering::Relaxed));
        stats.capture.stream.target = target(&self.capture);
        stats.playback.stream.target = target(&self.playback);
        let first = |side: &Side| {
            let from = (*side.awaited.lock().unwrap_or_else(PoisonError::into_inner))?;
            let run = self.run.load(Ordering::Acquire);
            side.counters.callback.first.after(run, self.epoch, from)
        };
        stats.capture.stream.first_frame_after = first(&self.capture);
        stats.playback.stream.first_frame_after = first(&self.playback);
        stats.capture.stream.rights = self.capture.rights();
        stats.playback.stream.rights = self.playback.rights();
        stats
    }
}
