//! The streams themselves, on the device thread: built, played, paused and dropped there and nowhere else.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: events and ring ends go to other threads"
)]

use crate::callback::{
    CaptureCallback, Cushion, ErrorCallback, ErrorReader, Errors, Lane, PlaybackCallback,
};
use crate::clock::{nanos, stamps};
use crate::device_thread::Desk;
use crate::devices::{Chosen, HostSource, connect, one_clock};
use crate::endpoint::{CaptureEnd, End, PlaybackEnd};
use crate::error::{DeviceError, Direction, LossCause, OpenError, Operation, StreamEvent};
use crate::libjack;
use crate::rescue::{Rebuilt, Rescue};
use crate::rights::{self, Rights};
use crate::ring::{frame_ring, splices};
use crate::settings::{DuplexSettings, FRAMES_PER_SECOND};
use crate::shared::{Shared, Side};
use crate::silence::{BlockReader, blocks};
use crate::stats::ClockFigures;
use crate::supervisor::Supervisor;
use crate::tuning::TargetTuner;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;
use cpal::ErrorKind;
use cpal::traits::{DeviceTrait, StreamTrait};
use oncue_session::{Directions, StartPermit};
use ringbuf::traits::{Consumer, Split};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// How often streams are looked at for errors.
const LOOK: Duration = Duration::from_millis(20);

/// How long a stream in doubt may go without a callback: several of the longest periods in use, and less than a second.
const DOUBT: Duration = Duration::from_millis(250);

/// What the device thread owns.
pub(crate) struct Streams {
    pub(crate) desk: Desk,
    pub(crate) opened: Option<Opened>,
    capture: Option<Built>,
    playback: Option<Built>,
    /// The session's word for the present run, which lasts for as long as this is there, whatever is lost meanwhile.
    pub(crate) permit: Option<StartPermit>,
    pub(crate) rescue: Rescue,
    capture_tuned: Option<Tuned>,
    playback_tuned: Option<Tuned>,
}

/// A target that tunes itself; it outlives the streams, which may be built anew.
struct Tuned {
    tuner: TargetTuner,
    /// What went wrong up to the last look: see [`Counters::troubles`](crate::stats::Counters::troubles).
    troubles: u64,
}

/// What was found when the host was connected to, the last time.
pub(crate) struct Opened {
    capture: Chosen,
    playback: Chosen,
    /// Whether a stream failed since, so that the host is to be connected to anew.
    stale: bool,
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

/// A stream, with the host that it came from.
pub(crate) struct Built {
    pub(crate) stream: cpal::Stream,
    pub(crate) lane: Arc<Lane>,
    errors: ErrorReader,
    /// What its callback says of its blocks, until it is handed over.
    blocks: Option<BlockReader>,
    granted: u32,
    /// What the device takes at once, as far as is known, in frames.
    period: u32,
    plays: bool,
    doubt: Option<Doubt>,
    _host: Arc<cpal::Host>,
    /// Where it is a client of JACK; the last to be dropped.
    _client: Option<libjack::Client>,
}

/// A stream reported an error after which it may go on or not.
struct Doubt {
    error: cpal::Error,
    since: Instant,
    /// How many callbacks there had been.
    callbacks: u64,
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
            capture_tuned: None,
            playback_tuned: None,
        }
    }

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

    /// Connects to the host anew if a stream failed since, and finds the device.
    fn find_again(&mut self, direction: Direction) -> Result<(), DeviceError> {
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
        built.plays = true;
        self.calibrate(shared, direction, run);
        shared.started();
        Ok(())
    }

    /// Makes a stream that an attempt brought the one of its direction.
    pub(crate) fn adopt(&mut self, direction: Direction, rebuilt: Rebuilt) {
        let Some(shared) = self.shared() else { return };
        let Rebuilt { built, end, chosen } = rebuilt;
        if let Some(opened) = &mut self.opened {
            opened.host = Arc::clone(&built._host);
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
        self.calibrate(&shared, direction, run);
        if direction == Direction::Playback {
            self.calibrate(&shared, Direction::Capture, run);
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

    /// Looks for errors that the streams reported, and after what is being brought back. Returns when to look again.
    pub(crate) fn tick(&mut self) -> Option<Duration> {
        for direction in [Direction::Playback, Direction::Capture] {
            while let Some((error, plays)) = self.built(direction).and_then(Built::next_error) {
                match (plays, error.kind()) {
                    (true, ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied) => {
                        self.tell(StreamEvent::Notice { direction, error });
                    }
                    (false, ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied) => {}
                    (true, ErrorKind::BackendError) => self.doubt(direction, error),
                    (true, _) => self.fail(direction, error),
                    // Nobody uses it, but a dead server can have it spin: build it anew when it is needed.
                    (false, _) => self.drop_lost(direction),
                }
            }
            if let Some(error) = self.despair(direction) {
                self.fail(direction, error);
            }
            self.ask_for_rights(direction);
            self.tune(direction);
        }
        self.rescue();
        let there = self.capture.is_some() || self.playback.is_some() || self.rescue.is_busy();
        there.then(|| self.rescue.look_after(LOOK))
    }

    /// Asks for a real-time priority for the thread that called first.
    fn ask_for_rights(&mut self, direction: Direction) {
        let thread = self.built(direction).and_then(|built| built.lane.caller.take());
        let (Some(thread), Some(shared)) = (thread, self.shared()) else { return };
        if let Some(priority) = shared.settings.realtime {
            let rights = rights::ask(thread, i32::from(priority));
            shared.side(direction).set_rights(rights);
        }
    }

    /// Has the target fill of a direction that plays follow what went wrong in it.
    fn tune(&mut self, direction: Direction) {
        let Some(shared) = self.shared() else { return };
        let Some(bounds) = shared.settings.target_bounds else { return };
        let Some(built) = self.built(direction).filter(|built| built.plays) else { return };
        let (lane, period) = (Arc::clone(&built.lane), built.period);
        let (now, rate) = (shared.epoch.elapsed(), shared.side(direction).format().rate);
        let troubles = shared.side(direction).counters.troubles();
        let tuned = match direction {
            Direction::Capture => &mut self.capture_tuned,
            Direction::Playback => &mut self.playback_tuned,
        };
        let tuned = tuned.get_or_insert_with(|| Tuned {
            tuner: TargetTuner::new(bounds, period, rate, now),
            troubles,
        });
        let trouble = core::mem::replace(&mut tuned.troubles, troubles) != troubles;
        tuned.tuner.observe(trouble, now);
        lane.target.store(tuned.tuner.target(), Ordering::Relaxed);
    }

    /// An error that a dead server gives, but an underrun too (ALSA over PulseAudio): callbacks will tell.
    fn doubt(&mut self, direction: Direction, error: cpal::Error) {
        let callbacks = self.callbacks(direction);
        if let Some(built) = self.built(direction) {
            built.doubt.get_or_insert(Doubt { error, since: Instant::now(), callbacks });
        }
    }

    /// The error of a stream in doubt from which no callback came for long enough; one that came ends the doubt.
    fn despair(&mut self, direction: Direction) -> Option<cpal::Error> {
        let callbacks = self.callbacks(direction);
        let built = self.built(direction)?;
        let doubt = built.doubt.take()?;
        if doubt.callbacks != callbacks || !built.plays {
            return None;
        }
        if doubt.since.elapsed() < DOUBT {
            built.doubt = Some(doubt);
            return None;
        }
        Some(doubt.error)
    }

    /// Callbacks of a direction, of all its streams.
    pub(crate) fn callbacks(&self, direction: Direction) -> u64 {
        self.opened.as_ref().map_or(0, |opened| {
            opened.shared.side(direction).counters.callback.callbacks.load(Ordering::Relaxed)
        })
    }

    fn fail(&mut self, direction: Direction, error: cpal::Error) {
        let now = self.rescue.now();
        if let Some(supervisor) = &mut self.rescue.supervisor {
            supervisor.lose(direction, LossCause::Error(error), now);
            return;
        }
        if let Some(opened) = &self.opened {
            opened.shared.close_gates(opened.shared.settings.deadlines.stop);
        }
        self.permit = None;
        self.tell(StreamEvent::Failed { direction, error });
        self.drop_lost(Direction::Capture);
        self.drop_lost(Direction::Playback);
    }

    pub(crate) fn tell(&self, event: StreamEvent) {
        if let Some(opened) = &self.opened {
            // Without an engine there is nobody to tell.
            let _ = opened.link.events.send(event);
        }
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

    fn calibrate(&self, shared: &Shared, direction: Direction, run: u32) {
        let Some(playback) = &self.playback else { return };
        match (direction, &self.capture) {
            (Direction::Playback, _) => {
                shared
                    .timebase
                    .calibrate_playback(run, shared.epoch, || nanos(playback.stream.now()));
            }
            (Direction::Capture, Some(capture)) => {
                shared.timebase.calibrate_capture(
                    run,
                    || nanos(playback.stream.now()),
                    || nanos(capture.stream.now()),
                );
            }
            (Direction::Capture, None) => {}
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
        self.capture = None;
        self.desk.doing(Operation::Drop(Direction::Playback));
        self.playback = None;
        self.desk.doing(Operation::OpenHost);
    }
}

impl Opened {
    pub(crate) const fn chosen(&self, direction: Direction) -> &Chosen {
        match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        }
    }

    const fn chosen_mut(&mut self, direction: Direction) -> &mut Chosen {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }

    /// Says whether capture is to follow playback's clock, before a stream is handed over.
    fn note_clocks(&self) {
        let two =
            !one_clock(&self.host, &self.capture, &self.playback, self.shared.settings.clocks);
        self.shared.two_clocks.store(two, Ordering::Release);
    }
}

/// Builds a stream, its gate closed, and the consumer's end of it.
pub(crate) fn build(
    chosen: &Chosen,
    host: Arc<cpal::Host>,
    direction: Direction,
    shared: &Shared,
) -> Result<(Built, End), cpal::Error> {
    let Chosen { device, config, format } = chosen;
    let client = libjack::is(host.id()).then(libjack::Client::new);
    let is_client = client.is_some();
    let lane = Arc::new(Lane::default());
    if shared.settings.realtime.is_some() {
        lane.caller.ask();
    }
    let side = shared.side(direction);
    let (frame_writer, frame_reader) = frame_ring();
    let (splice_writer, splice_reader) = splices();
    let (stamp_writer, stamp_reader) = stamps(shared.epoch);
    let (block_writer, block_reader) = blocks();
    let (error_writer, errors) = Errors::default().split();
    let mut on_error = ErrorCallback {
        lane: Arc::clone(&lane),
        counters: Arc::clone(&side.counters),
        errors: error_writer,
        seen: 0,
    };
    let on_error = move |error: cpal::Error| {
        // At once: what libjack does with the next connection hangs on it.
        if is_client && error.kind() == ErrorKind::DeviceNotAvailable {
            libjack::died();
        }
        on_error.run(error);
    };
    let (lane_there, counters) = (Arc::clone(&lane), Arc::clone(&side.counters));
    let channels = usize::from(format.channels);
    let (stream, end) = match direction {
        Direction::Capture => {
            let mut callback = CaptureCallback {
                lane: lane_there,
                counters,
                frames: frame_writer,
                splices: splice_writer,
                stamps: stamp_writer,
                blocks: block_writer,
                channels,
            };
            let on_data = move |data: &_, info: &_| callback.run(data, info);
            let stream =
                device.build_input_stream_raw(*config, format.format, on_data, on_error, None)?;
            let lane = Arc::clone(&lane);
            let end = CaptureEnd::new(lane, frame_reader, splice_reader, stamp_reader, format.rate);
            (stream, End::Capture(end))
        }
        Direction::Playback => {
            let mut callback = PlaybackCallback {
                lane: lane_there,
                counters,
                frames: frame_reader,
                splices: splice_writer,
                stamps: stamp_writer,
                blocks: block_writer,
                channels,
                cushion: Cushion::default(),
            };
            let on_data = move |data: &mut _, info: &_| callback.run(data, info);
            let stream =
                device.build_output_stream_raw(*config, format.format, on_data, on_error, None)?;
            let lane = Arc::clone(&lane);
            let end =
                PlaybackEnd::new(lane, frame_writer, splice_reader, stamp_reader, format.rate);
            (stream, End::Playback(end))
        }
    };
    let settings = &shared.settings;
    let granted = stream.buffer_size().unwrap_or(0);
    let period = if granted > 0 {
        granted
    } else {
        settings.period.unwrap_or(format.rate / FRAMES_PER_SECOND)
    };
    let tuned = |bounds| TargetTuner::new(bounds, period, format.rate, Duration::ZERO).target();
    let target = settings.target_bounds.map_or_else(|| settings.target(period, format.rate), tuned);
    lane.target.store(target, Ordering::Relaxed);
    let (plays, doubt) = (false, None);
    let blocks = Some(block_reader);
    let (_host, _client) = (host, client);
    let built =
        Built { stream, lane, errors, blocks, granted, period, plays, doubt, _host, _client };
    Ok((built, end))
}

impl Built {
    fn open_gate(&mut self, run: u32) {
        self.errors.clear();
        self.lane.reported.store(false, Ordering::Relaxed);
        self.lane.begin(run);
    }

    /// The next reported error, and whether the stream plays.
    fn next_error(&mut self) -> Option<(cpal::Error, bool)> {
        if !self.lane.reported.load(Ordering::Acquire) {
            return None;
        }
        let error = self.errors.try_pop();
        if error.is_none() {
            self.lane.reported.store(false, Ordering::Release);
        }
        Some((error?, self.plays))
    }
}

/// Playback first: a server's capture may have nothing to give before something plays.
fn order(directions: Directions) -> impl Iterator<Item = Direction> {
    let capture = (directions == Directions::Duplex).then_some(Direction::Capture);
    [Direction::Playback].into_iter().chain(capture)
}

pub(crate) fn refused(operation: Operation, error: cpal::Error) -> DeviceError {
    DeviceError::Refused { operation, error }
}
