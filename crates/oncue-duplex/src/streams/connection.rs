//! What streams are built on: the host that was connected to, its devices, and the formats that were agreed on.

use super::Streams;
use crate::devices::{Chosen, HostSource, connect, one_clock, refused};
use crate::endpoint::End;
use crate::error::{DeviceError, Direction, OpenError, Operation, StreamEvent};
use crate::libjack;
use crate::settings::DuplexSettings;
use crate::shared::{Shared, Side};
use crate::stats::ClockFigures;
use crate::supervisor::Supervisor;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use cpal::ErrorKind;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// What was found when the host was connected to, the last time.
pub(crate) struct Opened {
    capture: Chosen,
    playback: Chosen,
    /// Whether a stream failed since, so that the host is to be connected to anew.
    pub(super) stale: bool,
    pub(crate) shared: Arc<Shared>,
    pub(crate) source: Arc<HostSource>,
    pub(crate) link: Link,
    /// Kept for as long as its devices are in use; the last to be dropped.
    pub(crate) host: Arc<cpal::Host>,
}

/// How what happens on the device thread reaches endpoint and engine.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) ends: Sender<End>,
    pub(crate) events: Sender<StreamEvent>,
    /// The owner that these streams are of; see [`Shared::owner`].
    pub(crate) owner: u32,
}

impl Streams {
    /// Connects to the host and agrees on devices and formats.
    pub(crate) fn open(
        &mut self,
        source: Arc<HostSource>,
        settings: DuplexSettings,
        link: Link,
    ) -> Result<Arc<Shared>, OpenError> {
        let (host, capture, playback) = self.find(&source, |_| settings.clone())?;
        let shared = Arc::new(Shared {
            settings,
            epoch: Instant::now(),
            timebase: crate::clock::Timebase::default(),
            one_cycle: libjack::is(host.id()),
            two_clocks: AtomicBool::default(),
            clocks: ClockFigures::default(),
            run: AtomicU32::new(0),
            capture: Side::new(capture.format.clone()),
            playback: Side::new(playback.format.clone()),
            activated: Mutex::default(),
            owner: Mutex::default(),
            waiter: OnceLock::new(),
        });
        shared.capture.set_device(&capture);
        shared.playback.set_device(&playback);
        self.take_over(source, Arc::clone(&shared), link, (host, capture, playback));
        Ok(shared)
    }

    /// Connects to the host for an engine whose earlier device thread was given up.
    pub(crate) fn reopen(
        &mut self,
        source: Arc<HostSource>,
        shared: Arc<Shared>,
        link: Link,
    ) -> Result<(), OpenError> {
        let found = self.find(&source, |direction| shared.wanted(direction))?;
        self.take_over(source, shared, link, found);
        Ok(())
    }

    fn find(
        &self,
        source: &HostSource,
        settings: impl Fn(Direction) -> DuplexSettings,
    ) -> Result<(Arc<cpal::Host>, Chosen, Chosen), OpenError> {
        self.desk.doing(Operation::OpenHost);
        let host = connect(source)?;
        self.desk.doing(Operation::List);
        let playback = Chosen::find(&host, Direction::Playback, &settings(Direction::Playback))?;
        let capture = Chosen::find(&host, Direction::Capture, &settings(Direction::Capture))?;
        Ok((Arc::new(host), capture, playback))
    }

    fn take_over(
        &mut self,
        source: Arc<HostSource>,
        shared: Arc<Shared>,
        link: Link,
        (host, capture, playback): (Arc<cpal::Host>, Chosen, Chosen),
    ) {
        self.rescue.supervisor = shared.settings.recovery.map(Supervisor::new);
        let opened = Opened { capture, playback, stale: false, shared, source, link, host };
        opened.note_clocks();
        self.opened = Some(opened);
    }

    /// Connects to the host anew if a stream failed since, and finds the device.
    pub(super) fn find_again(&mut self, direction: Direction) -> Result<(), DeviceError> {
        let Some(opened) = self.opened.as_ref().filter(|opened| opened.stale) else {
            return Ok(());
        };
        self.desk.doing(Operation::OpenHost);
        let found = connect(&opened.source).and_then(|host| {
            self.desk.doing(Operation::List);
            let chosen = Chosen::find(&host, direction, &opened.shared.wanted(direction))?;
            // The other direction's device is to be of the same host, if it is there.
            let other = direction.other();
            let other = Chosen::find(&host, other, &opened.shared.wanted(other)).ok();
            Ok((host, chosen, other))
        });
        let (host, chosen, other) = found.map_err(|error| match error {
            OpenError::Device(error) => error,
            error => refused(
                Operation::Build(direction),
                cpal::Error::with_message(ErrorKind::DeviceNotAvailable, error.to_string()),
            ),
        })?;
        if let Some(opened) = &mut self.opened {
            opened.host = Arc::new(host);
            opened.stale = other.is_none();
            *opened.chosen_mut(direction) = chosen;
            if let Some(other) = other {
                *opened.chosen_mut(direction.other()) = other;
            }
            opened.note_clocks();
        }
        Ok(())
    }
}

impl Opened {
    pub(crate) const fn chosen(&self, direction: Direction) -> &Chosen {
        match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        }
    }

    pub(super) const fn chosen_mut(&mut self, direction: Direction) -> &mut Chosen {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }

    /// Says whether capture is to follow playback's clock, before a stream is handed over.
    pub(super) fn note_clocks(&self) {
        let two =
            !one_clock(&self.host, &self.capture, &self.playback, self.shared.settings.clocks);
        self.shared.two_clocks.store(two, Ordering::Release);
    }
}
