//! The card itself: its handle, and what moves its time. Ticks come from the schedule and go to the
//! signal; a thread or the caller of `advance` carries them over.
//!
//! Two locks, always taken in this order: `signal` for as long as a callback runs, `schedule` never
//! while one runs. So a callback may do everything that needs the schedule only (faults, gate, play,
//! pause), and a stream that is dropped waits for the callback in flight.

use core::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Instant,
};

use cpal::{ErrorKind, StreamInstant, platform::CustomHost};

use crate::{
    fault::{Call, Direction, Fault},
    gate::Gate,
    host::CardHost,
    schedule::{Next, Schedule, Tick},
    settings::{CardSettings, Pacing, SettingsError},
    signal::Signal,
};

/// A handle on a virtual sound card; clones share the card. See the [crate] for what it does.
#[derive(Clone, Debug)]
pub struct Card(Arc<Shared>);

impl Card {
    /// A card with these settings, no stream open, its time at zero.
    ///
    /// # Errors
    ///
    /// The first setting that is out of range, and its range.
    pub fn new(settings: CardSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self(Arc::new(Shared {
            gate: Gate::new(),
            schedule: Mutex::new(Schedule::new(&settings)),
            signal: Mutex::new(Signal::new(&settings)),
            visitors: AtomicU32::new(0),
            wake: Condvar::new(),
            clock: Mutex::new(None),
            epoch: Instant::now(),
            settings,
        })))
    }

    /// A cpal host whose one device, default in both directions, is this card.
    ///
    /// Streams are used as those of any host. A stream must not be opened or dropped inside a
    /// callback: as with most hosts that is a deadlock.
    pub fn host(&self) -> cpal::Host {
        CustomHost::from_host(CardHost(Arc::clone(&self.0))).into()
    }

    /// The settings that the card was made with. Rate and period of open streams may differ.
    pub fn settings(&self) -> &CardSettings {
        &self.0.settings
    }

    /// The permission to use the hardware, as a phone's call system gives it; open at first.
    pub fn gate(&self) -> Gate {
        self.0.gate.clone()
    }

    /// Makes something go wrong from the next tick on; see [`Fault`].
    pub fn inject(&self, fault: Fault) {
        let now = self.0.now();
        lock(&self.0.schedule).inject(fault, now);
        self.0.wake.notify_all();
    }

    /// Ends [`Fault::Unplug`]: streams can be opened again. Streams that were open then stay ended.
    pub fn plug_in(&self) {
        lock(&self.0.schedule).unplugged = false;
    }

    /// Ends [`Fault::Hang`] and [`Fault::HangIn`]: waiting calls go on, and so do the callbacks.
    pub fn release(&self) {
        lock(&self.0.schedule).release();
        self.0.wake.notify_all();
    }

    /// Whether the hardware of a direction runs: a stream plays on it and has not ended. It is what an order of calls
    /// is judged by: whatever a program believes, before its start and after its stop nothing may run.
    pub fn is_playing(&self, direction: Direction) -> bool {
        lock(&self.0.schedule).is_playing(direction)
    }

    /// The card's time, as `Stream::now` tells it and as the time stamps of both streams count it:
    /// zero when the card was made.
    pub fn now(&self) -> StreamInstant {
        StreamInstant::from_nanos(self.0.now())
    }

    /// Lets `time` pass on a free-running card: the callbacks that are due run in the order of
    /// their time, on this thread. No system call and no allocation is made beyond what the
    /// callbacks do. A callback must not call this: it is a deadlock.
    ///
    /// # Panics
    ///
    /// On a card paced by real time, whose time nobody else can move.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let until = lock(&self.0.schedule).now.saturating_add(nanos);
        self.0.run_until(until);
    }

    /// [`advance`](Self::advance) by a time in frames at the nominal rate in use. Fractions of a
    /// nanosecond are kept: a period at a time gives exactly one tick of an exact clock each.
    ///
    /// # Panics
    ///
    /// On a card paced by real time, whose time nobody else can move.
    pub fn advance_frames(&self, frames: u64) {
        let until = lock(&self.0.schedule).time_after(frames);
        self.0.run_until(until);
    }
}

/// What handles, host, device, streams and clock thread share.
pub(crate) struct Shared {
    pub(crate) settings: CardSettings,
    pub(crate) gate: Gate,
    schedule: Mutex<Schedule>,
    signal: Mutex<Signal>,
    /// Calls that wait for the signal. A tick lets them go first: the standard mutex is not fair.
    visitors: AtomicU32,
    /// Notified when a wait on the schedule may be over.
    wake: Condvar,
    /// The clock thread of a card paced by real time; it lives while a stream is open.
    clock: Mutex<Option<JoinHandle<()>>>,
    epoch: Instant,
}

impl Shared {
    /// The card's time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        match self.settings.pacing {
            Pacing::RealTime => self.epoch.elapsed().as_nanos() as u64,
            Pacing::FreeRunning => self.schedule().now,
        }
    }

    pub(crate) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    /// The signal between two ticks, with the schedule.
    pub(crate) fn between_ticks(&self) -> (MutexGuard<'_, Signal>, MutexGuard<'_, Schedule>) {
        self.visitors.fetch_add(1, Ordering::AcqRel);
        let signal = lock(&self.signal);
        self.visitors.fetch_sub(1, Ordering::AcqRel);
        (signal, self.schedule())
    }

    /// Waits while the card holds this call, at most for `timeout`; whether it holds it no more.
    pub(crate) fn wait_released(
        &self,
        call: Call,
        direction: Direction,
        timeout: Option<Duration>,
    ) -> bool {
        let schedule = self.schedule();
        let holds = |schedule: &mut Schedule| schedule.holds(call, direction);
        let schedule = match timeout {
            None => self.wake.wait_while(schedule, holds).unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.wake
                    .wait_timeout_while(schedule, timeout, holds)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        !schedule.holds(call, direction)
    }

    /// Tells waiting threads that the schedule has changed.
    pub(crate) fn notify(&self) {
        self.wake.notify_all();
    }

    /// Starts the clock thread of a card paced by real time, if there is none.
    pub(crate) fn start_clock(self: &Arc<Self>) -> Result<(), ErrorKind> {
        let mut clock = lock(&self.clock);
        if self.settings.pacing == Pacing::FreeRunning || clock.is_some() {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name("oncue-card".into());
        let handle = thread
            .spawn(move || shared.run_in_real_time())
            .map_err(|_| ErrorKind::ResourceExhausted)?;
        *clock = Some(handle);
        Ok(())
    }

    /// Ends the clock thread and waits for it, unless a stream is open.
    pub(crate) fn stop_clock(&self) {
        // Held until the thread is gone: a stream that is opened meanwhile starts the next one.
        let mut clock = lock(&self.clock);
        let mut schedule = self.schedule();
        if schedule.in_use().is_some() {
            return;
        }
        if let Some(thread) = clock.take() {
            schedule.stopping = true;
            drop(schedule);
            self.notify();
            // Its only panics are those of callbacks, and they are caught.
            let _ = thread.join();
            self.schedule().stopping = false;
        }
    }

    fn run_in_real_time(&self) {
        loop {
            let signal = self.signal_for_tick();
            let mut schedule = self.schedule();
            if schedule.stopping {
                return;
            }
            let now = self.now();
            schedule.skip_late(now);
            match schedule.next(now, &self.gate) {
                Next::Tick(tick) => {
                    drop(schedule);
                    self.run(signal, &tick);
                }
                Next::At(at) => {
                    drop(signal);
                    drop(self.wake.wait_timeout(schedule, Duration::from_nanos(at - now)));
                }
                Next::Idle => {
                    drop(signal);
                    drop(self.wake.wait(schedule));
                }
            }
        }
    }

    fn run_until(&self, until: u64) {
        assert!(
            self.settings.pacing == Pacing::FreeRunning,
            "the time of a card paced by real time cannot be moved: make it free-running"
        );
        loop {
            let signal = self.signal_for_tick();
            let mut schedule = self.schedule();
            let Next::Tick(tick) = schedule.next(until, &self.gate) else {
                schedule.now = schedule.now.max(until);
                return;
            };
            drop(schedule);
            self.run(signal, &tick);
        }
    }

    fn run(&self, mut signal: MutexGuard<'_, Signal>, tick: &Tick) {
        if signal.run(tick).is_err() {
            self.schedule().end(tick.direction, ErrorKind::StreamInvalidated);
        }
    }

    fn signal_for_tick(&self) -> MutexGuard<'_, Signal> {
        while self.visitors.load(Ordering::Acquire) > 0 {
            thread::yield_now();
        }
        lock(&self.signal)
    }
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Card").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Locks, whether or not another thread panicked: every state that is left behind is valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
