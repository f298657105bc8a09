//! Captured frames on their way to a call stack, each with what was at the speaker at its time.

use crate::pump::mix::Ramp;
use crate::pump::queue::Queue;
use crate::pump::{FrameFormat, HardwareEvent, Sample};
use core::time::Duration;
use std::time::Instant;

/// A call stack's code that takes captured frames. It runs on the pump's thread; a closure
/// `FnMut(&[S], &[S], &CaptureInfo)` is one.
pub trait Capture<S: Sample>: Send + 'static {
    /// Takes a frame of the microphone, and what was played at its time: `reference` holds for each sample of `frame`
    /// the sample that was at the speaker when that one was at the microphone, silence where nothing was. That is the
    /// far-end signal of an echo canceller, of which only the acoustic delay is left to be found.
    fn captured(&mut self, frame: &[S], reference: &[S], info: &CaptureInfo);

    /// The hardware started, stopped or changed.
    fn hardware(&mut self, event: &HardwareEvent) {
        let _ = event;
    }
}

impl<S: Sample, F: FnMut(&[S], &[S], &CaptureInfo) + Send + 'static> Capture<S> for F {
    fn captured(&mut self, frame: &[S], reference: &[S], info: &CaptureInfo) {
        self(frame, reference, info);
    }
}

/// What is known of a captured frame. Delays are those of its first sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CaptureInfo {
    /// The capture stream's index of the first sample, in frames at the engine's rate since it was opened. Where it
    /// does not follow from the frame before, frames between them were lost.
    pub index: u64,
    /// When the first sample was at the microphone; `None` before the first callbacks were measured.
    pub time: Option<Instant>,
    /// From the microphone to the stack, as of the callback that made the frame whole.
    pub capture_delay: Duration,
    /// From the stack to the speaker, of a sample that the stack gives now in frames of 10 ms at the engine's rate.
    pub playout_delay: Duration,
    /// How long ago the callback was that made the frame whole: what waking up took. `None` as for `time`.
    pub since_callback: Option<Duration>,
    /// How much faster than the capture device's clock playback's runs, by their nominal rates, in ppm; 0 until both
    /// were seen for 2 s. Where they are two clocks, capture is resampled, so that frames have playback's.
    pub drift_ppm: f64,
    /// Whether the microphone is muted, so that the frame is silence.
    pub muted: bool,
    /// Whether the reference is known. It is silence where it is not: while playback does not run, and for a block or
    /// two after a start or a rebuild of either stream.
    pub aligned: bool,
}

impl CaptureInfo {
    /// From the speaker's side of the stack to its microphone's side, the acoustic path left out: what interfaces of
    /// echo cancellers call the total delay.
    pub fn total_delay(&self) -> Duration {
        self.capture_delay + self.playout_delay
    }
}

/// A captured frame of 10 ms as the pump has it.
pub(crate) struct Captured10<'pump> {
    pub(crate) frame: &'pump [f32],
    pub(crate) reference: &'pump [f32],
    /// The engine's, in Hz.
    pub(crate) rate: u32,
    pub(crate) info: CaptureInfo,
}

/// A capture endpoint, whatever its frames are.
pub(crate) trait Tap: Send {
    /// Takes 10 ms in; returns how many samples of the stack's were thrown away since a loss cut its frame short.
    fn take(&mut self, captured: &Captured10<'_>, muted: bool) -> u64;
    fn hardware(&mut self, event: &HardwareEvent);
}

/// A capture endpoint of one kind of frames.
pub(crate) struct TapOf<S, C> {
    stack: C,
    ramp: Ramp,
    frames: Queue,
    references: Queue,
    /// Where the stream stands after what was taken, in the engine's frames.
    next: u64,
    muted: Vec<f32>,
    samples: Vec<f32>,
    frame: Vec<S>,
    reference: Vec<S>,
}

impl<S: Sample, C: Capture<S>> TapOf<S, C> {
    pub(crate) fn new(engine_rate: u32, format: FrameFormat, stack: C) -> Self {
        Self {
            stack,
            ramp: Ramp::OPEN,
            frames: Queue::to_stack(engine_rate, format),
            references: Queue::to_stack(engine_rate, format),
            next: 0,
            muted: Vec::new(),
            samples: vec![0.0; format.samples()],
            frame: vec![S::default(); format.samples()],
            reference: vec![S::default(); format.samples()],
        }
    }
}

impl<S: Sample, C: Capture<S>> Tap for TapOf<S, C> {
    fn take(&mut self, captured: &Captured10<'_>, muted: bool) -> u64 {
        let mut cut = 0;
        if captured.info.index != self.next {
            cut = self.frames.len() as u64;
            self.frames.clear();
            self.references.clear();
        }
        self.next = captured.info.index + captured.frame.len() as u64;
        // How far the first sample that comes out lies before the first that goes in.
        let behind = self.frames.behind();
        self.muted.clear();
        self.muted.extend(captured.frame);
        self.ramp.apply(muted, &mut self.muted);
        self.frames.push(&self.muted);
        self.references.push(captured.reference);
        let mut info = captured.info;
        info.muted |= self.ramp.is_closed();
        info.index = info.index.saturating_sub(behind.frames);
        info.time = info.time.and_then(|time| time.checked_sub(behind.time));
        info.capture_delay += behind.time;
        // 10 ms came in, and a frame is no shorter.
        if self.frames.pop(&mut self.samples) {
            for (slot, sample) in self.frame.iter_mut().zip(&self.samples) {
                *slot = S::from_f32(*sample);
            }
            self.references.pop(&mut self.samples);
            for (slot, sample) in self.reference.iter_mut().zip(&self.samples) {
                *slot = S::from_f32(*sample);
            }
            self.stack.captured(&self.frame, &self.reference, &info);
        }
        cut
    }

    fn hardware(&mut self, event: &HardwareEvent) {
        self.stack.hardware(event);
    }
}
