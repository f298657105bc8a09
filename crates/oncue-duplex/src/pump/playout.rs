//! A call stack's frames on their way to the mix.

use crate::pump::mix::Ramp;
use crate::pump::queue::Queue;
use crate::pump::{FrameFormat, HardwareEvent, Sample};
use core::time::Duration;
use std::time::Instant;

/// A call stack's code that gives frames to be played. It runs on the pump's thread; a closure
/// `FnMut(&mut [S], &PlayoutInfo)` is one.
pub trait Playout<S: Sample>: Send + 'static {
    /// Fills `frame`, which is silence before.
    fn need_playout(&mut self, frame: &mut [S], info: &PlayoutInfo);

    /// The hardware started, stopped or changed.
    fn hardware(&mut self, event: &HardwareEvent) {
        let _ = event;
    }
}

impl<S: Sample, F: FnMut(&mut [S], &PlayoutInfo) + Send + 'static> Playout<S> for F {
    fn need_playout(&mut self, frame: &mut [S], info: &PlayoutInfo) {
        self(frame, info);
    }
}

/// What is known of a frame that is to be played.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlayoutInfo {
    /// When the frame's first sample will be at the speaker, if no silence is inserted before it; `None` before the
    /// first callbacks were measured.
    pub time: Option<Instant>,
    /// From the latest callback until then.
    pub delay: Duration,
    /// As in [`CaptureInfo`](crate::CaptureInfo).
    pub drift_ppm: f64,
}

/// A playout endpoint, whatever its frames are.
pub(crate) trait Voice: Send {
    /// Adds 10 ms of it to `mix`. One that is `ending` is asked for nothing more; false when it has nothing left.
    fn mix(&mut self, mix: &mut [f32], info: &PlayoutInfo, muted: bool, ending: bool) -> bool;
    fn hardware(&mut self, event: &HardwareEvent);
}

/// A playout endpoint of one kind of frames.
pub(crate) struct VoiceOf<S, P> {
    stack: P,
    ramp: Ramp,
    queue: Queue,
    flushed: bool,
    frame: Vec<S>,
    samples: Vec<f32>,
    mixed: Vec<f32>,
}

impl<S: Sample, P: Playout<S>> VoiceOf<S, P> {
    pub(crate) fn new(engine_rate: u32, format: FrameFormat, stack: P) -> Self {
        Self {
            stack,
            ramp: Ramp::OPEN,
            queue: Queue::from_stack(engine_rate, format),
            flushed: false,
            frame: vec![S::default(); format.samples()],
            samples: Vec::with_capacity(format.samples()),
            mixed: Vec::new(),
        }
    }
}

impl<S: Sample, P: Playout<S>> Voice for VoiceOf<S, P> {
    fn mix(&mut self, mix: &mut [f32], info: &PlayoutInfo, muted: bool, ending: bool) -> bool {
        self.mixed.resize(mix.len(), 0.0);
        while !self.queue.pop(&mut self.mixed) {
            self.frame.fill(S::default());
            if !ending {
                let behind = self.queue.behind();
                let info = PlayoutInfo {
                    time: info.time.map(|time| time + behind.time),
                    delay: info.delay + behind.time,
                    ..*info
                };
                self.stack.need_playout(&mut self.frame, &info);
            } else if self.flushed {
                return false;
            } else {
                // Silence pushes out what is less than a frame.
                self.flushed = true;
            }
            self.samples.clear();
            self.samples.extend(self.frame.iter().map(|sample| sample.to_f32()));
            self.queue.push(&self.samples);
        }
        self.ramp.apply(muted, &mut self.mixed);
        for (slot, sample) in mix.iter_mut().zip(&self.mixed) {
            *slot += sample;
        }
        true
    }

    fn hardware(&mut self, event: &HardwareEvent) {
        self.stack.hardware(event);
    }
}
