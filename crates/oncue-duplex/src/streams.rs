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
use crate::devices::{Chosen, HostSource, connect};
use crate::endpoint::{CaptureEnd, End, PlaybackEnd};
use crate::error::{DeviceError, Direction, OpenError, Operation, StreamEvent};
use crate::ring::{frame_ring, splices};
use crate::settings::{DuplexSettings, FRAMES_PER_SECOND};
use crate::shared::{Shared, Side};
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use cpal::ErrorKind;
use cpal::traits::{DeviceTrait, StreamTrait};
use oncue_session::Directions;
use ringbuf::traits::{Consumer, Split};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

/// How often streams are looked at for errors.
const LOOK: Duration = Duration::from_millis(20);

/// How long a stream in doubt may go without a callback: several of the longest periods in use, and less than a second.
const DOUBT: Duration = Duration::from_millis(250);

/// What the device thread owns.
pub(crate) struct Streams {
    desk: Desk,
    opened: Option<Opened>,
    capture: Option<Built>,
    playback: Option<Built>,
}

struct Opened {
    capture: Chosen,
    playback: Chosen,
    shared: Arc<Shared>,
    ends: Sender<End>,
    events: Sender<StreamEvent>,
    /// Kept for as long as its devices are in use; the last to be dropped.
    _host: cpal::Host,
}

struct Built {
    stream: cpal::Stream,
    lane: Arc<Lane>,
    errors: ErrorReader,
    plays: bool,
    doubt: Option<Doubt>,
}

/// A stream reported an error after which it may go on or not.
struct Doubt {
    error: cpal::Error,
    since: Instant,
    /// How many callbacks there had been.
    callbacks: u64,
}

impl Streams {
    pub(crate) const fn new(desk: Desk) -> Self {
        Self { desk, opened: None, capture: None, playback: None }
    }

    /// Connects to the host and agrees on devices and formats.
    pub(crate) fn open(
        &mut self,
        source: HostSource,
        settings: DuplexSettings,
        ends: Sender<End>,
        events: Sender<StreamEvent>,
    ) -> Result<Arc<Shared>, OpenError> {
        self.desk.doing(Operation::OpenHost);
        let host = connect(source)?;
        self.desk.doing(Operation::List);
        let playback = Chosen::find(&host, Direction::Playback, &settings)?;
        let capture = Chosen::find(&host, Direction::Capture, &settings)?;
        let shared = Arc::new(Shared {
            settings,
            epoch: Instant::now(),
            timebase: crate::clock::Timebase::default(),
            one_cycle: host.id().to_string() == "jack",
            run: AtomicU32::new(0),
            capture: Side::new(capture.format.clone()),
            playback: Side::new(playback.format.clone()),
        });
        self.opened = Some(Opened {
            capture,
            playback,
            shared: Arc::clone(&shared),
            ends,
            events,
            _host: host,
        });
        Ok(shared)
    }

    /// Builds the streams for `directions` that are not there.
    pub(crate) fn prepare(&mut self, directions: Directions) -> Result<(), DeviceError> {
        let Some(opened) = &self.opened else { return Ok(()) };
        for direction in order(directions) {
            let slot = match direction {
                Direction::Capture => &mut self.capture,
                Direction::Playback => &mut self.playback,
            };
            if slot.is_none() && !self.desk.given_up() {
                self.desk.doing(Operation::Build(direction));
                let built = opened.build(direction);
                *slot = Some(built.map_err(|error| refused(Operation::Build(direction), error))?);
            }
        }
        Ok(())
    }

    /// Plays the prepared streams of `directions` that do not play, and returns which run that is.
    pub(crate) fn start(&mut self, directions: Directions) -> Result<u32, DeviceError> {
        let Some(shared) = self.opened.as_ref().map(|opened| Arc::clone(&opened.shared)) else {
            return Ok(0);
        };
        let mut run = shared.run.load(Ordering::Relaxed);
        if !self.plays() {
            run = run.wrapping_add(1).max(1);
            shared.run.store(run, Ordering::Release);
        }
        let mut started = Vec::new();
        for direction in order(directions) {
            let Some(built) = self.built(direction).filter(|built| !built.plays) else { continue };
            built.open_gate(run);
            started.push(direction);
            self.desk.doing(Operation::Play(direction));
            let played = self.built(direction).map_or(Ok(()), |built| built.stream.play());
            if let Err(error) = played {
                for direction in started {
                    self.pause_one(direction, shared.settings.deadlines.stop);
                }
                return Err(refused(Operation::Play(direction), error));
            }
            if let Some(built) = self.built(direction) {
                built.plays = true;
            }
            self.calibrate(&shared, direction, run);
        }
        Ok(run)
    }

    /// Pauses what plays; what cannot be paused is dropped, and built anew for the next start.
    pub(crate) fn pause(&mut self) {
        let patience = self
            .opened
            .as_ref()
            .map_or(Duration::ZERO, |opened| opened.shared.settings.deadlines.stop);
        for direction in [Direction::Capture, Direction::Playback] {
            if self.built(direction).is_some_and(|built| built.plays) {
                self.pause_one(direction, patience);
            }
        }
    }

    /// Looks for errors that the streams reported. Returns when to look again.
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
                    (false, _) => self.drop_one(direction),
                }
            }
            if let Some(error) = self.despair(direction) {
                self.fail(direction, error);
            }
        }
        (self.capture.is_some() || self.playback.is_some()).then_some(LOOK)
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

    fn callbacks(&self, direction: Direction) -> u64 {
        self.opened.as_ref().map_or(0, |opened| {
            opened.shared.side(direction).counters.callback.callbacks.load(Ordering::Relaxed)
        })
    }

    fn fail(&mut self, direction: Direction, error: cpal::Error) {
        if let Some(opened) = &self.opened {
            opened.shared.close_gates(opened.shared.settings.deadlines.stop);
        }
        self.tell(StreamEvent::Failed { direction, error });
        // Capture first: PulseAudio never returns from dropping a playback stream whose sink is gone.
        self.drop_one(Direction::Capture);
        self.drop_one(Direction::Playback);
    }

    fn tell(&self, event: StreamEvent) {
        if let Some(opened) = &self.opened {
            // Without an engine there is nobody to tell.
            let _ = opened.events.send(event);
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

    fn drop_one(&mut self, direction: Direction) {
        self.desk.doing(Operation::Drop(direction));
        match direction {
            Direction::Capture => self.capture = None,
            Direction::Playback => self.playback = None,
        }
    }

    fn plays(&self) -> bool {
        [&self.capture, &self.playback].into_iter().flatten().any(|built| built.plays)
    }

    const fn built(&mut self, direction: Direction) -> Option<&mut Built> {
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
        self.drop_one(Direction::Capture);
        self.drop_one(Direction::Playback);
        self.desk.doing(Operation::OpenHost);
    }
}

impl Opened {
    fn build(&self, direction: Direction) -> Result<Built, cpal::Error> {
        let lane = Arc::new(Lane::default());
        let side = self.shared.side(direction);
        let (frame_writer, frame_reader) = frame_ring();
        let (splice_writer, splice_reader) = splices();
        let (stamp_writer, stamp_reader) = stamps(self.shared.epoch);
        let (error_writer, errors) = Errors::default().split();
        let mut on_error = ErrorCallback {
            lane: Arc::clone(&lane),
            counters: Arc::clone(&side.counters),
            errors: error_writer,
            seen: 0,
        };
        let on_error = move |error| on_error.run(error);
        let (lane_there, counters) = (Arc::clone(&lane), Arc::clone(&side.counters));
        let channels = usize::from(side.format.channels);
        let (stream, end) = match direction {
            Direction::Capture => {
                let mut callback = CaptureCallback {
                    lane: lane_there,
                    counters,
                    frames: frame_writer,
                    splices: splice_writer,
                    stamps: stamp_writer,
                    channels,
                };
                let Chosen { device, config, format } = &self.capture;
                let on_data = move |data: &_, info: &_| callback.run(data, info);
                let stream = device.build_input_stream_raw(
                    *config,
                    format.format,
                    on_data,
                    on_error,
                    None,
                )?;
                let end = CaptureEnd {
                    lane: Arc::clone(&lane),
                    frames: frame_reader,
                    splices: splice_reader,
                    stamps: stamp_reader,
                    splice: None,
                };
                (stream, End::Capture(end))
            }
            Direction::Playback => {
                let mut callback = PlaybackCallback {
                    lane: lane_there,
                    counters,
                    frames: frame_reader,
                    splices: splice_writer,
                    stamps: stamp_writer,
                    channels,
                    cushion: Cushion::default(),
                };
                let Chosen { device, config, format } = &self.playback;
                let on_data = move |data: &mut _, info: &_| callback.run(data, info);
                let stream = device.build_output_stream_raw(
                    *config,
                    format.format,
                    on_data,
                    on_error,
                    None,
                )?;
                let end = PlaybackEnd {
                    lane: Arc::clone(&lane),
                    frames: frame_writer,
                    splices: splice_reader,
                    stamps: stamp_reader,
                };
                (stream, End::Playback(end))
            }
        };
        let settings = &self.shared.settings;
        let granted = stream.buffer_size().unwrap_or(0);
        side.counters.granted.store(granted, Ordering::Relaxed);
        let period = if granted > 0 {
            granted
        } else {
            settings.period.unwrap_or(settings.rate / FRAMES_PER_SECOND)
        };
        lane.target.store(settings.target(period), Ordering::Relaxed);
        side.set_lane(&lane);
        // Without an endpoint nobody writes or reads.
        let _ = self.ends.send(end);
        Ok(Built { stream, lane, errors, plays: false, doubt: None })
    }
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

fn refused(operation: Operation, error: cpal::Error) -> DeviceError {
    DeviceError::Refused { operation, error }
}
