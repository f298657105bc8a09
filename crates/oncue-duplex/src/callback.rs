//! What runs inside the audio callbacks, and nothing else does.
//!
//! No allocation, lock, system call but the clock's, log or panic: nothing here indexes, unwraps or waits, and a block
//! of any size is handled in pieces. `tests/realtime.rs` proves it.

use crate::clock::{StampWriter, nanos};
use crate::gate::Gate;
use crate::rights::Caller;
use crate::ring::{FrameReader, FrameWriter, SpliceWriter, all_channels, channel_0};
use crate::silence::BlockWriter;
use crate::stats::{Counters, add};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use cpal::{
    Data, FromSample, InputCallbackInfo, OutputCallbackInfo, SampleFormat, SizedSample,
    StreamInstant,
};
use ringbuf::CachingProd;
use ringbuf::storage::Array;
use ringbuf::traits::Producer;
use ringbuf::{CachingCons, SharedRb};
use std::sync::Arc;
use std::time::Instant;

/// The sample formats that the callbacks convert, best first.
pub(crate) const FORMATS: [SampleFormat; 4] =
    [SampleFormat::F32, SampleFormat::I32, SampleFormat::I16, SampleFormat::U16];

/// Frames that are converted at a time when they go nowhere.
const PIECE: usize = 256;

/// What one built stream shares between its callbacks, the consumer and who starts and stops it.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Open while the stream may do anything.
    pub(crate) gate: Gate,
    /// Which run of the engine this is; positions and stamps of different runs do not mix.
    pub(crate) run: AtomicU32,
    /// The fill to keep, in frames; it may be tuned while the stream plays.
    pub(crate) target: AtomicU32,
    /// The ring position after the last frame that went in.
    pub(crate) written: AtomicU64,
    /// Frames before this ring position are left from an earlier run.
    pub(crate) stale: AtomicU64,
    /// Playback: stream index less ring position of the frame that the device takes next, if none is inserted but what
    /// the cushion still holds; [`UNTOUCHED`] before the first callback.
    pub(crate) shift: AtomicU64,
    /// Which thread calls, if that is wanted.
    pub(crate) caller: Caller,
    /// The error callback has left something for the device thread.
    pub(crate) reported: AtomicBool,
}

/// What [`Lane::shift`] is before the first callback.
pub(crate) const UNTOUCHED: u64 = u64::MAX;

impl Default for Lane {
    fn default() -> Self {
        Self {
            gate: Gate::default(),
            run: AtomicU32::default(),
            target: AtomicU32::default(),
            written: AtomicU64::default(),
            stale: AtomicU64::default(),
            shift: AtomicU64::new(UNTOUCHED),
            caller: Caller::default(),
            reported: AtomicBool::default(),
        }
    }
}

impl Lane {
    /// Opens the gate for a run, to which what is still in the ring does not belong.
    pub(crate) fn begin(&self, run: u32) {
        self.run.store(run, Ordering::Relaxed);
        self.stale.store(self.written.load(Ordering::Acquire), Ordering::Release);
        self.gate.open();
    }
}

/// The capture callback: device frames into the ring. When it is full, the newest are lost and counted.
pub(crate) struct CaptureCallback {
    pub(crate) lane: Arc<Lane>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frames: FrameWriter,
    pub(crate) splices: SpliceWriter,
    pub(crate) stamps: StampWriter,
    pub(crate) blocks: BlockWriter,
    pub(crate) channels: usize,
}

impl CaptureCallback {
    /// What cpal calls.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub(crate) fn run(&mut self, data: &Data, info: &InputCallbackInfo) {
        let times = info.timestamp();
        let stamp = times.callback;
        self.counters.callback.delay(stamp.saturating_duration_since(times.capture));
        match data.sample_format() {
            SampleFormat::F32 => self.block::<f32>(data.as_slice().unwrap_or_default(), stamp),
            SampleFormat::I32 => self.block::<i32>(data.as_slice().unwrap_or_default(), stamp),
            SampleFormat::I16 => self.block::<i16>(data.as_slice().unwrap_or_default(), stamp),
            SampleFormat::U16 => self.block::<u16>(data.as_slice().unwrap_or_default(), stamp),
            _ => {} // never agreed to
        }
    }

    pub(crate) fn block<T: SizedSample>(&mut self, data: &[T], stamp: StreamInstant)
    where
        f32: FromSample<T>,
    {
        let Self { lane, counters, frames, splices, stamps, blocks, channels } = self;
        let Some(_inside) = lane.gate.enter() else { return };
        let entered = Instant::now();
        lane.caller.tell();
        let (channels, counters) = ((*channels).max(1), &counters.callback);
        let index = counters.frames.load(Ordering::Relaxed);
        let run = lane.run.load(Ordering::Relaxed);
        stamps.publish(run, nanos(stamp), index);
        counters.block(data.len() / channels);
        if data.len() >= channels {
            counters.first.passed(run, stamps.epoch(), entered);
        }
        let waiting = frames.fill();
        counters.fill(waiting);

        blocks.meter.begin(index);
        let count = data.len() / channels;
        let mut rest = data;
        // Frames go in only behind the word of what was lost before them; without frames there is nothing to say.
        let mut pushed = 0;
        if count > 0 && frames.room() > 0 && splices.mark(frames.position(), index) {
            pushed = frames.push_with(count, |part| {
                channel_0(rest, channels, part);
                blocks.meter.saw(part);
                rest = rest.get(part.len() * channels..).unwrap_or_default();
            });
        }
        // What is lost was heard all the same.
        let mut piece = [0.0_f32; PIECE];
        for lost in rest.chunks(PIECE.saturating_mul(channels)) {
            let (piece, _) = piece.split_at_mut(PIECE.min(lost.len() / channels));
            channel_0(lost, channels, piece);
            blocks.meter.saw(piece);
        }
        add(&counters.lost, (count - pushed) as u64);
        lane.written.store(frames.position(), Ordering::Release);
        let block = blocks.publish(run, waiting, frames.fill());
        counters.peak(block.peak());
        counters.fill(frames.fill());
        counters.time.record(entered.elapsed());
    }
}

/// The playback callback: frames from the ring to the device. When none wait, silence is inserted and counted.
pub(crate) struct PlaybackCallback {
    pub(crate) lane: Arc<Lane>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frames: FrameReader,
    pub(crate) splices: SpliceWriter,
    pub(crate) stamps: StampWriter,
    pub(crate) blocks: BlockWriter,
    pub(crate) channels: usize,
    pub(crate) cushion: Cushion,
}

/// How far a run has come with the silence that goes before the consumer's first frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cushion {
    run: u32,
    fed: bool,
    left: usize,
    /// The target that the ring was last brought to.
    target: u32,
    /// Frames to let go of where they are silent, since the target is lower now.
    over: usize,
}

impl Cushion {
    /// Follows the target of a run that was fed.
    fn follow(&mut self, target: u32) {
        let grown = target.saturating_sub(self.target) as usize;
        self.over += self.target.saturating_sub(target) as usize;
        let kept = grown.min(self.over);
        self.over -= kept;
        self.left += grown - kept;
        self.target = target;
    }
}

/// What is not louder is silent: −60 dBFS.
const SILENT: f32 = 1e-3;

/// Frames at the front of `waiting`, at most `count`, that are all silent.
fn silent(waiting: &[f32], count: usize) -> usize {
    waiting.iter().take(count).take_while(|sample| sample.abs() <= SILENT).count()
}

impl PlaybackCallback {
    /// What cpal calls.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub(crate) fn run(&mut self, data: &mut Data, info: &OutputCallbackInfo) {
        let times = info.timestamp();
        let stamp = times.callback;
        self.counters.callback.delay(times.playback.saturating_duration_since(stamp));
        match data.sample_format() {
            SampleFormat::F32 => self.block::<f32>(data.as_slice_mut().unwrap_or_default(), stamp),
            SampleFormat::I32 => self.block::<i32>(data.as_slice_mut().unwrap_or_default(), stamp),
            SampleFormat::I16 => self.block::<i16>(data.as_slice_mut().unwrap_or_default(), stamp),
            SampleFormat::U16 => self.block::<u16>(data.as_slice_mut().unwrap_or_default(), stamp),
            _ => {} // never agreed to
        }
    }

    pub(crate) fn block<T: SizedSample + FromSample<f32>>(
        &mut self,
        data: &mut [T],
        stamp: StreamInstant,
    ) {
        let Self { lane, counters, frames, splices, stamps, blocks, channels, cushion } = self;
        let Some(_inside) = lane.gate.enter() else {
            data.fill(T::EQUILIBRIUM);
            return;
        };
        let entered = Instant::now();
        lane.caller.tell();
        let (channels, counters) = ((*channels).max(1), &counters.callback);
        let wanted = data.len() / channels;
        let index = counters.frames.load(Ordering::Relaxed);
        let run = lane.run.load(Ordering::Relaxed);
        stamps.publish(run, nanos(stamp), index);
        counters.block(wanted);

        let stale = lane.stale.load(Ordering::Acquire).saturating_sub(frames.position());
        add(&counters.skipped, frames.skip(usize::try_from(stale).unwrap_or(usize::MAX)) as u64);

        let mut waiting = frames.fill();
        counters.fill(waiting);
        let target = lane.target.load(Ordering::Relaxed);
        if cushion.run != run {
            *cushion = Cushion { run, ..Cushion::default() };
            splices.begin();
        }
        if cushion.fed {
            cushion.follow(target);
        } else if waiting > 0 {
            (cushion.fed, cushion.left, cushion.target) = (true, target as usize, target);
        }
        if cushion.over > 0 {
            let most = cushion.over.min(waiting.saturating_sub(wanted));
            let gone = frames.skip(silent(frames.waiting().0, most));
            add(&counters.skipped, gone as u64);
            cushion.over -= gone;
            waiting -= gone;
        }
        let ahead = cushion.left.min(wanted);
        cushion.left -= ahead;
        let taken = waiting.min(wanted - ahead);
        let behind = wanted - ahead - taken;
        if taken > 0 {
            counters.first.passed(run, stamps.epoch(), entered);
            // A log without room costs the consumer a mapping, never a frame.
            splices.mark(frames.position(), index + ahead as u64);
        }

        blocks.meter.begin(index);
        blocks.meter.saw_nothing(ahead);
        let (silence, mut device) = data.split_at_mut_checked(ahead * channels).unwrap_or_default();
        silence.fill(T::EQUILIBRIUM);
        frames.pop_with(taken, |part| {
            blocks.meter.saw(part);
            all_channels(part, channels, device);
            let played = part.len() * channels;
            device = core::mem::take(&mut device).get_mut(played..).unwrap_or_default();
        });
        device.fill(T::EQUILIBRIUM);
        blocks.meter.saw_nothing(behind);

        let to_come = if cushion.fed { cushion.left as u64 } else { u64::from(target) };
        let next = index + wanted as u64 + to_come;
        lane.shift.store(next.wrapping_sub(frames.position()), Ordering::Release);
        add(&counters.inserted, (ahead + behind) as u64);
        if cushion.fed {
            add(&counters.underrun, behind as u64);
        }
        let block = blocks.publish(run, waiting, frames.fill());
        counters.peak(block.peak());
        counters.fill(frames.fill());
        counters.time.record(entered.elapsed());
    }
}

/// Errors that one stream reported: the first of each kind since the device thread looked.
pub(crate) type Errors = Arc<SharedRb<Array<cpal::Error, ERRORS>>>;
/// The end of [`Errors`] that the device thread reads.
pub(crate) type ErrorReader = CachingCons<Errors>;
/// Kinds of errors that cpal knows, rounded up.
const ERRORS: usize = 16;

/// The error callback. It counts everything and keeps the first of each kind until the device thread has looked: a dead
/// server reports a million errors a second, from the audio thread of some hosts.
pub(crate) struct ErrorCallback {
    pub(crate) lane: Arc<Lane>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) errors: CachingProd<Errors>,
    pub(crate) seen: u32,
}

impl ErrorCallback {
    /// What cpal calls. Errors of a stream that does not run are not counted: some hosts report one for every stop.
    pub(crate) fn run(&mut self, error: cpal::Error) {
        let counts = self.lane.gate.is_open();
        if error.kind() == cpal::ErrorKind::Xrun {
            self.counters.xruns.fetch_add(u64::from(counts), Ordering::Relaxed);
            return;
        }
        self.counters.errors.fetch_add(u64::from(counts), Ordering::Relaxed);
        let kinds = if self.lane.reported.load(Ordering::Acquire) { self.seen } else { 0 };
        let kind = 1_u32 << (error.kind() as u32 % 32);
        self.seen = kinds | kind;
        if kinds & kind == 0 && self.errors.try_push(error).is_ok() {
            self.lane.reported.store(true, Ordering::Release);
        }
    }
}
