//! The consumer's end of a capture stream: frames out of its ring, by way of the resampler where there is one.
//!
//! Positions in the ring, and indices that splices name, are the device's frames. What is read is counted in frames of
//! the endpoint's rate; without a resampler that is the same.

use super::{Captured, limit};
use crate::callback::Lane;
use crate::clock::StampReader;
use crate::resampler::Resampler;
use crate::ring::{FrameReader, Splice, SpliceReader};
use crate::stats::{Counters, add};
use core::sync::atomic::Ordering;
use std::sync::Arc;

/// The consumer's end of a capture stream.
pub(crate) struct CaptureEnd {
    pub(crate) lane: Arc<Lane>,
    pub(crate) frames: FrameReader,
    pub(crate) splices: SpliceReader,
    pub(crate) stamps: StampReader,
    splice: Option<Splice>,
    /// The device's, in Hz.
    pub(crate) rate: u32,
    /// To the endpoint's rate and playback's clock; `None` where capture has both.
    resampled: Option<Resampled>,
}

/// What comes out of the resampler, and where it is in the stream.
struct Resampled {
    resampler: Resampler,
    /// Frames made so far, those counted that would have been made of what was lost.
    made: u64,
    /// The stream's index that the next frame to go in should have.
    next: Option<u64>,
}

impl Resampled {
    /// The stream's frame `index`, counted in frames of the endpoint.
    fn place(&self, index: f64) -> f64 {
        let next = self.next.unwrap_or(0) as f64;
        self.made as f64 + (index - next + self.resampler.behind()) * self.resampler.ratio()
    }

    /// The next frame to go in is the stream's frame `index`: after a loss, nothing of before it is mixed in.
    fn meet(&mut self, index: u64) {
        if self.next == Some(index) {
            return;
        }
        if self.next.is_none() {
            self.made = self.made.max((index as f64 * self.resampler.ratio()).round() as u64);
        } else {
            let place = self.place(index as f64);
            self.resampler.reset();
            let first = place - self.resampler.behind() * self.resampler.ratio();
            self.made = self.made.max(first.round() as u64);
        }
        self.next = Some(index);
    }
}

impl CaptureEnd {
    pub(crate) const fn new(
        lane: Arc<Lane>,
        frames: FrameReader,
        splices: SpliceReader,
        stamps: StampReader,
        rate: u32,
    ) -> Self {
        Self { lane, frames, splices, stamps, splice: None, rate, resampled: None }
    }

    /// From here on, gives frames of `rate` Hz, on playback's clock if that is another.
    pub(super) fn resample_to(&mut self, rate: u32, two_clocks: bool) {
        if self.resampled.is_none() && (two_clocks || rate != self.rate) {
            let resampler = Resampler::new(self.rate, rate);
            self.resampled = Some(Resampled { resampler, made: 0, next: None });
        }
    }

    /// Reads a frame, or nothing if not all of it is there. `ratio` is what the clocks are to each other now.
    pub(super) fn read(
        &mut self,
        frame: &mut [f32],
        counters: &Counters,
        ratio: f64,
    ) -> Option<Captured> {
        let stale = self.lane.stale.load(Ordering::Acquire).saturating_sub(self.frames.position());
        self.discard(usize::try_from(stale).unwrap_or(usize::MAX), counters);
        if let Some(resampled) = &mut self.resampled {
            resampled.resampler.set_ratio(ratio);
        }

        // Of what comes from here on, splices may still be unseen.
        let mut waiting = self.frames.fill();
        let target = self.lane.target.load(Ordering::Relaxed);
        let mut needed = self.needs(frame.len());
        if waiting > limit(target, self.rate, counters).max(needed) {
            waiting -= self.discard(waiting - needed.max(target as usize), counters);
        }
        let index = loop {
            let position = self.frames.position();
            let next = self.splices.peek();
            if next.is_some_and(|next| next.position <= position) {
                self.splice = self.splices.pop();
                continue;
            }
            let index = self.splice.map(|splice| splice.index_of(position));
            if let (Some(resampled), Some(index)) = (&mut self.resampled, index) {
                resampled.meet(index);
                needed = self.needs(frame.len());
            }
            match next {
                Some(next) if next.position < position + needed as u64 => {
                    let cut = usize::try_from(next.position - position).unwrap_or(usize::MAX);
                    if cut > waiting {
                        return None;
                    }
                    waiting -= self.discard(cut, counters);
                }
                _ => break index,
            }
        };
        if waiting < needed {
            return None;
        }
        let index = index?;
        let position = self.frames.position();
        let captured = match &mut self.resampled {
            None => {
                self.frames.pop(frame);
                Captured { index }
            }
            Some(resampled) => {
                let ring = &mut self.frames;
                resampled.resampler.pull(frame, |input| {
                    ring.pop(input);
                });
                let first = resampled.made;
                resampled.made += frame.len() as u64;
                resampled.next = Some(index + (ring.position() - position));
                Captured { index: first }
            }
        };
        add(&counters.consumer.moved, self.frames.position() - position);
        Some(captured)
    }

    /// Frames of the device that must wait so that `frames` can be read.
    pub(super) fn needs(&mut self, frames: usize) -> usize {
        self.resampled.as_mut().map_or(frames, |resampled| resampled.resampler.needs(frames))
    }

    /// Frames that can be read now.
    pub(super) fn available(&mut self) -> usize {
        let stale = self.lane.stale.load(Ordering::Acquire).saturating_sub(self.frames.position());
        let fresh = self.frames.fill().saturating_sub(usize::try_from(stale).unwrap_or(usize::MAX));
        self.resampled.as_mut().map_or(fresh, |resampled| resampled.resampler.gives(fresh))
    }

    /// The stream's frame `index`, counted in frames of the endpoint.
    pub(super) fn place(&self, index: f64) -> f64 {
        self.resampled.as_ref().map_or(index, |resampled| resampled.place(index))
    }

    pub(super) const fn is_resampled(&self) -> bool {
        self.resampled.is_some()
    }

    /// Goes on counting where the stream before it stopped.
    pub(super) fn go_on_from(&mut self, before: &Self, rate: u32) {
        self.resample_to(rate, before.is_resampled());
        if let (Some(resampled), Some(before)) = (&mut self.resampled, &before.resampled) {
            resampled.made = before.made;
        }
    }

    /// How far behind the device the resampler is on average, in frames of the endpoint.
    pub(super) fn delay(&self) -> f64 {
        self.resampled.as_ref().map_or(0.0, |resampled| resampled.resampler.delay())
    }

    fn discard(&mut self, count: usize, counters: &Counters) -> usize {
        let discarded = self.frames.skip(count);
        add(&counters.consumer.dropped, discarded as u64);
        discarded
    }
}
