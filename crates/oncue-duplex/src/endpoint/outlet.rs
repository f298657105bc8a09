//! The consumer's end of a playback stream: frames into its ring, converted to the device's rate where that is another.
//!
//! Playback leads, so there is no drift to make up for: the ratio is that of the rates.

use super::limit;
use crate::callback::Lane;
use crate::clock::StampReader;
use crate::resampler::Resampler;
use crate::ring::{FrameWriter, Splice, SpliceReader};
use crate::stats::{Counters, add};
use core::sync::atomic::Ordering;
use std::sync::Arc;

/// The consumer's end of a playback stream.
pub(crate) struct PlaybackEnd {
    pub(crate) lane: Arc<Lane>,
    pub(crate) frames: FrameWriter,
    pub(crate) splices: SpliceReader,
    pub(crate) stamps: StampReader,
    /// The device's, in Hz.
    pub(crate) rate: u32,
    /// From the endpoint's rate; `None` where the device has it.
    converted: Option<Converted>,
}

/// What goes into the resampler.
struct Converted {
    resampler: Resampler,
    /// Frames of the endpoint that went in.
    taken: u64,
    /// How far the first frame that came out lies before the first that went in, in frames of the endpoint.
    before: f64,
}

impl PlaybackEnd {
    pub(crate) const fn new(
        lane: Arc<Lane>,
        frames: FrameWriter,
        splices: SpliceReader,
        stamps: StampReader,
        rate: u32,
    ) -> Self {
        Self { lane, frames, splices, stamps, rate, converted: None }
    }

    /// Takes frames of `rate` Hz. Nothing was written yet.
    pub(super) fn convert_from(&mut self, rate: u32) {
        if rate != self.rate {
            let resampler = Resampler::new(rate, self.rate);
            let before = resampler.behind();
            self.converted = Some(Converted { resampler, taken: 0, before });
        }
    }

    /// Writes as much of `frame` as there is room for, and returns how much.
    pub(super) fn write(&mut self, frame: &[f32], counters: &Counters) -> usize {
        if !self.lane.gate.is_open() {
            return 0;
        }
        let room = limit(self.lane.target.load(Ordering::Relaxed), self.rate, counters)
            .saturating_sub(self.frames.fill());
        let position = self.frames.position();
        let accepted = match &mut self.converted {
            None => {
                let (fits, _) = frame.split_at_checked(room).unwrap_or((frame, &[]));
                self.frames.push(fits)
            }
            Some(Converted { resampler, taken, .. }) => {
                let fits = if resampler.gives(frame.len()) <= room {
                    frame
                } else {
                    // Less than would fit to the last frame: what does not fit must not be lost within.
                    let fit = (room as f64 / resampler.ratio()) as usize;
                    frame.split_at_checked(fit.saturating_sub(2)).map_or(frame, |(fits, _)| fits)
                };
                let ring = &mut self.frames;
                resampler.push(fits, |made| {
                    ring.push(made);
                });
                *taken += fits.len() as u64;
                fits.len()
            }
        };
        self.lane.written.store(self.frames.position(), Ordering::Release);
        add(&counters.consumer.moved, self.frames.position() - position);
        add(&counters.consumer.dropped, (frame.len() - accepted) as u64);
        accepted
    }

    /// Frames of the endpoint that were accepted.
    pub(super) fn taken(&self) -> u64 {
        self.converted.as_ref().map_or(self.frames.position(), |converted| converted.taken)
    }

    /// The stream's frame `index`, counted in frames of the endpoint's `rate`.
    pub(super) fn place(&self, index: u64, rate: u32) -> f64 {
        index as f64 * f64::from(rate) / f64::from(self.rate)
    }

    /// A splice of the stream, in frames of the endpoint's `rate`.
    pub(super) fn splice(&self, splice: Splice, rate: u32) -> Splice {
        let Some(converted) = &self.converted else { return splice };
        let ratio = f64::from(rate) / f64::from(self.rate);
        let position = splice.position as f64 * ratio - converted.before;
        // The stream begins before its first sample.
        let first = position.max(0.0);
        let index = splice.index as f64 * ratio + (first - position);
        Splice { position: first.round() as u64, index: index.round() as u64 }
    }
}
