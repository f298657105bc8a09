//! Between the pump's frames of 10 ms at the engine's rate and a call stack's frames: other lengths, other rates.

use crate::pump::FrameFormat;
use crate::resampler::Resampler;
use core::time::Duration;
use std::collections::VecDeque;

/// Samples on their way from one kind of frames to another.
pub(crate) struct Queue {
    resampler: Option<Resampler>,
    /// What can be taken, at the rate of what comes out.
    samples: VecDeque<f32>,
    /// At which they go in and come out, in Hz.
    rates: (u32, u32),
}

/// How far a queue's next sample lies behind the next that goes in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
        let resampler = (from != to).then(|| Resampler::new(from, to));
        // Two frames of either kind.
        let room = to as usize / 50 + 2 * format.samples() * to as usize / from as usize;
        Self { resampler, samples: VecDeque::with_capacity(room), rates: (from, to) }
    }

    /// How far the next sample that comes out lies behind the next that goes in.
    pub(crate) fn behind(&self) -> Behind {
        let (from, to) = (f64::from(self.rates.0), f64::from(self.rates.1));
        let inside = self.resampler.as_ref().map_or(0.0, Resampler::behind);
        let frames = (self.samples.len() as f64 * from / to + inside).max(0.0);
        let time = Duration::from_nanos((frames * 1e9 / from).round() as u64);
        Behind { frames: frames.round() as u64, time }
    }

    /// Samples that can be taken.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Puts samples in.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        match &mut self.resampler {
            Some(resampler) => resampler.push(samples, |made| self.samples.extend(made)),
            None => self.samples.extend(samples),
        }
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
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
    }
}
