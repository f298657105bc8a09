//! Between the pump's frames of 10 ms at the engine's rate and a call stack's frames.

use crate::pump::FrameFormat;
use core::time::Duration;
use std::collections::VecDeque;

/// Samples on their way from one length of frames to another.
pub(crate) struct Queue {
    samples: VecDeque<f32>,
    /// At which they go in and come out, in Hz.
    rates: (u32, u32),
}

/// How far a queue's next sample lies behind the next that goes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// At the rate of what goes in.
    pub(crate) frames: u64,
    pub(crate) time: Duration,
}

impl Queue {
    /// From the engine's frames to `format`'s.
    pub(crate) fn to_stack(engine_rate: u32, format: FrameFormat) -> Self {
        Self::new(engine_rate, format.rate(), format)
    }

    /// From `format`'s frames to the engine's.
    pub(crate) fn from_stack(engine_rate: u32, format: FrameFormat) -> Self {
        Self::new(format.rate(), engine_rate, format)
    }

    fn new(from: u32, to: u32, format: FrameFormat) -> Self {
        let room = format.samples() * 4;
        Self { samples: VecDeque::with_capacity(room), rates: (from, to) }
    }

    /// Samples that wait.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// How far the next sample that comes out lies behind the next that goes in.
    pub(crate) fn behind(&self) -> Behind {
        let (from, to) = (u64::from(self.rates.0), u64::from(self.rates.1));
        let waiting = self.len() as u64;
        Behind {
            frames: (waiting * from + to / 2) / to,
            time: Duration::from_nanos(waiting * 1_000_000_000 / to),
        }
    }

    /// Puts samples in.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        self.samples.extend(samples);
    }

    /// Takes a whole frame out, or nothing.
    pub(crate) fn pop(&mut self, frame: &mut [f32]) -> bool {
        if self.samples.len() < frame.len() {
            return false;
        }
        let first = self.samples.drain(..frame.len());
        for (slot, sample) in frame.iter_mut().zip(first) {
            *slot = sample;
        }
        true
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        self.samples.clear();
    }
}
