//! The engine: what a session starts and stops.
//!
//! Every method returns within its deadline, [`Drop`] too, whatever the audio server does. Nothing here touches audio.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: events come from the device thread"
)]

use crate::device_thread::DeviceThread;
use crate::devices::HostSource;
use crate::endpoint::Endpoint;
use crate::error::{DeviceError, Direction, OpenError, Operation, StreamEvent};
use crate::libjack;
use crate::settings::DuplexSettings;
use crate::shared::Shared;
use crate::silence::{Polled, Silence};
use crate::stats::Stats;
use crate::streams::{Link, Streams};
use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;
use oncue_session::{Directions, Engine, RunningIo, StartPermit};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Capture and playback over one cpal host.
///
/// ```
/// use oncue_duplex::{Duplex, DuplexSettings, HostSource};
///
/// let source = HostSource::Named("no such host".into());
/// let error = Duplex::open(source, DuplexSettings::default()).unwrap_err();
/// assert!(error.to_string().starts_with("no audio host \"no such host\"; this build has: "));
/// ```
pub struct Duplex {
    control: Arc<Control>,
    events: Receiver<StreamEvent>,
    silence: Polled,
}

/// A handle that reads an engine's figures from anywhere, at any time.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Shared>);

struct Control {
    /// The thread that holds the streams, and those before it that were given up.
    threads: Mutex<Threads>,
    shared: Arc<Shared>,
    source: Arc<HostSource>,
    link: Link,
}

struct Threads {
    present: Arc<DeviceThread<Streams>>,
    given_up: Vec<Arc<DeviceThread<Streams>>>,
}

/// Device threads of one engine that may hang before it is not opened anew any more.
const MAX_GIVEN_UP: usize = 4;

impl Duplex {
    /// Connects to a host, finds the devices and agrees with them on formats. No stream is built yet.
    ///
    /// # Errors
    /// What is wrong, and what there is instead. Nothing is left behind, but a thread that was given up if the host
    /// did not answer.
    pub fn open(
        source: HostSource,
        settings: DuplexSettings,
    ) -> Result<(Self, Endpoint), OpenError> {
        settings.check()?;
        let deadlines = settings.deadlines;
        let (ends, from_streams) = mpsc::channel();
        let (events, from_thread) = mpsc::channel();
        let (source, link) = (Arc::new(source), Link { ends, events, owner: 0 });
        let (its, there) = (link.clone(), Arc::clone(&source));
        let thread = DeviceThread::spawn(Streams::new, Streams::tick)?;
        let opened = thread.call(deadlines.open, move |streams| streams.open(there, settings, its));
        match opened.map_err(OpenError::from).flatten() {
            Ok(shared) => {
                let endpoint = Endpoint::new(Arc::clone(&shared), from_streams);
                let threads = Threads { present: Arc::new(thread), given_up: Vec::new() };
                let threads = Mutex::new(threads);
                let control = Arc::new(Control { threads, shared, source, link });
                let silence = Polled::new(control.shared.settings.silence.clone());
                Ok((Self { control, events: from_thread, silence }, endpoint))
            }
            Err(error) => {
                thread.close(deadlines.stop);
                Err(error)
            }
        }
    }

    /// The figures of both directions, now.
    pub fn stats(&self) -> Stats {
        self.control.shared.stats()
    }

    /// A handle that reads the figures from elsewhere, also after the engine is gone.
    pub fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.control.shared))
    }

    /// What happened since the last call, one event a call. Silence is judged by this call alone, so call it every
    /// 100 ms or so while the engine runs; `now` may not go back.
    pub fn poll_event(&mut self, now: Instant) -> Option<StreamEvent> {
        self.events.try_recv().ok().or_else(|| {
            self.silence.poll(&self.control.shared, now).map(|change| match change {
                Silence::Began(silence) => StreamEvent::Silent(silence),
                Silence::Over(silence) => StreamEvent::SilenceOver(silence),
            })
        })
    }

    /// The session was activated at `at`: the time to audio of the next start counts from there
    /// ([`StreamStats::first_frame_after`](crate::StreamStats::first_frame_after)).
    pub fn activated(&self, at: Instant) {
        let activated = &self.control.shared.activated;
        *activated.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// The user chose a direction to be mute, or takes that back: then its silence is none. Nothing is muted by this.
    pub fn set_muted(&self, direction: Direction, muted: bool) {
        self.control.shared.side(direction).muted.store(muted, Ordering::Relaxed);
    }
}

impl Engine for Duplex {
    type Error = DeviceError;

    /// Builds both streams, which some hosts take 0.1 s for, without starting them.
    fn prepare(&mut self) -> Result<(), DeviceError> {
        self.control.open_again()?;
        self.control
            .call(|deadlines| deadlines.open, |streams| streams.prepare(Directions::Duplex))?
    }

    /// Starts playback, then capture. After a [`DeviceError::TimedOut`] nothing runs any more; after another error,
    /// what ran before. With [`DuplexSettings::recovery`] a stream that was prepared and fits no more is built anew,
    /// and after a time-out the next start connects to the host anew.
    fn start(
        &mut self,
        permit: StartPermit,
        directions: Directions,
    ) -> Result<Box<dyn RunningIo>, DeviceError> {
        self.control.shared.awaits(directions, Instant::now());
        self.control.open_again()?;
        self.control
            .call(|deadlines| deadlines.open, move |streams| streams.prepare(directions))??;
        let run = self.control.call(
            |deadlines| deadlines.start,
            move |streams| streams.start(permit, directions),
        )??;
        Ok(Box::new(RunningDuplex { control: Arc::clone(&self.control), run }))
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        let deadline = self.control.shared.settings.deadlines.stop;
        self.control.shared.close_gates(deadline);
        self.control.shared.seal_gates();
        self.control.thread().close(deadline);
    }
}

impl fmt::Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex")
            .field("settings", &self.control.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Meter {
    /// The figures of both directions, now.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}

impl Control {
    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> Arc<DeviceThread<Streams>> {
        Arc::clone(&self.threads().present)
    }

    /// Connects to the host on another device thread, if this one was given up and recovery is on.
    fn open_again(&self) -> Result<(), DeviceError> {
        let mut threads = self.threads();
        threads.given_up.retain(|thread| !thread.has_ended());
        if !threads.present.is_given_up()
            || self.shared.settings.recovery.is_none()
            || threads.given_up.len() >= MAX_GIVEN_UP
        {
            return Ok(());
        }
        let thread = DeviceThread::spawn(Streams::new, Streams::tick)?;
        let owner = {
            let mut owner = self.shared.owner.lock().unwrap_or_else(PoisonError::into_inner);
            *owner += 1;
            *owner
        };
        let (source, shared) = (Arc::clone(&self.source), Arc::clone(&self.shared));
        let link = Link { owner, ..self.link.clone() };
        let deadlines = shared.settings.deadlines;
        let opened =
            thread.call(deadlines.open, move |streams| streams.reopen(source, shared, link));
        let error = match opened {
            Ok(Ok(())) => {
                let before = core::mem::replace(&mut threads.present, Arc::new(thread));
                threads.given_up.push(before);
                return Ok(());
            }
            Ok(Err(OpenError::Device(error))) | Err(error) => error,
            Ok(Err(error)) => DeviceError::Refused {
                operation: Operation::OpenHost,
                error: cpal::Error::with_message(
                    cpal::ErrorKind::DeviceNotAvailable,
                    error.to_string(),
                ),
            },
        };
        thread.close(deadlines.stop);
        threads.given_up.push(Arc::new(thread));
        Err(error)
    }

    fn call<R: Send + 'static>(
        &self,
        deadline: fn(crate::Deadlines) -> Duration,
        job: impl FnOnce(&mut Streams) -> R + Send + 'static,
    ) -> Result<R, DeviceError> {
        let ran = [Direction::Playback, Direction::Capture]
            .into_iter()
            .find(|direction| self.shared.side(*direction).is_open());
        let result = self.thread().call(deadline(self.shared.settings.deadlines), job);
        if let Err(error) = &result {
            // The streams cannot be reached any more.
            self.shared.seal_gates();
            if self.shared.one_cycle {
                libjack::died();
            }
            if let Some(direction) = ran {
                let error =
                    cpal::Error::with_message(cpal::ErrorKind::HostUnavailable, error.to_string());
                // Without an engine there is nobody to tell.
                let _ = self.link.events.send(StreamEvent::Failed { direction, error });
            }
        }
        result
    }
}

/// What a session holds while the engine runs.
struct RunningDuplex {
    control: Arc<Control>,
    run: u32,
}

impl RunningIo for RunningDuplex {
    fn stop(&mut self) {
        let shared = &self.control.shared;
        if shared.run.load(Ordering::Acquire) != self.run {
            return; // a later run is another handle's
        }
        shared.close_gates(shared.settings.deadlines.stop);
        // What cannot be paused in time is given up; its gate is closed in any case.
        let _ = self.control.call(|deadlines| deadlines.stop, Streams::pause);
    }
}
