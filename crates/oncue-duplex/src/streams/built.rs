//! One stream with its callbacks and its two ends, as a host builds it.

use super::tick::Doubt;
use crate::callback::{
    CaptureCallback, Cushion, ErrorCallback, ErrorReader, Errors, Lane, PlaybackCallback,
};
use crate::clock::stamps;
use crate::devices::Chosen;
use crate::endpoint::{CaptureEnd, End, PlaybackEnd};
use crate::error::Direction;
use crate::libjack;
use crate::ring::{frame_ring, splices};
use crate::settings::FRAMES_PER_SECOND;
use crate::shared::Shared;
use crate::silence::{BlockReader, blocks};
use crate::tuning::TargetTuner;
use core::sync::atomic::Ordering;
use core::time::Duration;
use cpal::ErrorKind;
use cpal::traits::{DeviceTrait, StreamTrait};
use ringbuf::traits::{Consumer, Split};
use std::sync::Arc;

/// A stream, with the host that it came from.
pub(crate) struct Built {
    /// Shared with who reads its clock.
    pub(crate) stream: Arc<cpal::Stream>,
    pub(crate) lane: Arc<Lane>,
    errors: ErrorReader,
    /// What its callback says of its blocks, until it is handed over.
    pub(super) blocks: Option<BlockReader>,
    pub(super) granted: u32,
    /// What the device takes at once, as far as is known, in frames.
    pub(super) period: u32,
    pub(super) plays: bool,
    /// Its clock was read in this run, or cannot be.
    pub(super) measured: bool,
    pub(super) doubt: Option<Doubt>,
    pub(super) host: Arc<cpal::Host>,
    /// Where it is a client of JACK; the last to be dropped.
    _client: Option<libjack::Client>,
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
    let (stream, plays, measured, doubt) = (Arc::new(stream), false, false, None);
    let blocks = Some(block_reader);
    let _client = client;
    let built = Built {
        stream,
        lane,
        errors,
        blocks,
        granted,
        period,
        plays,
        measured,
        doubt,
        host,
        _client,
    };
    Ok((built, end))
}

impl Built {
    /// Drops it, once nobody reads its clock any more: then the device is free.
    pub(crate) fn put_away(self) {
        let mut stream = self.stream;
        while let Err(shared) = Arc::try_unwrap(stream) {
            stream = shared;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(super) fn open_gate(&mut self, run: u32) {
        self.errors.clear();
        self.lane.reported.store(false, Ordering::Relaxed);
        self.lane.begin(run);
    }

    /// The next reported error, and whether the stream plays.
    pub(super) fn next_error(&mut self) -> Option<(cpal::Error, bool)> {
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
