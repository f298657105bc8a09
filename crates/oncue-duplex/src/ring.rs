//! The rings between a callback and the consumer: mono frames, and where their count departs from the device's.
//!
//! A thin layer over `ringbuf`: a capacity that is a power of two known at compile time, block operations only, and
//! positions that count every frame that ever went in. Both ends are wait-free. No policy is here: what to do when a
//! ring is full or empty is decided by the callbacks and the endpoint.

use core::fmt;
use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
use std::sync::Arc;

/// Frames that one ring holds: 683 ms at 48 kHz.
pub const RING_FRAMES: usize = 1 << 15;

/// Splices in flight; the consumer takes them with every frame, so that a few suffice.
const SPLICES: usize = 64;

type Shared<T, const N: usize> = Arc<SharedRb<Array<T, N>>>;

/// The end of a ring that puts frames in: one thread's, wait-free.
pub struct FrameWriter {
    ring: CachingProd<Shared<f32, RING_FRAMES>>,
    position: u64,
}

/// The end of a ring that takes frames out: one thread's, wait-free.
pub struct FrameReader {
    ring: CachingCons<Shared<f32, RING_FRAMES>>,
    position: u64,
}

/// An empty ring of [`RING_FRAMES`] mono frames; positions start at 0.
pub fn frame_ring() -> (FrameWriter, FrameReader) {
    let (writer, reader) = SharedRb::<Array<f32, RING_FRAMES>>::default().split();
    (FrameWriter { ring: writer, position: 0 }, FrameReader { ring: reader, position: 0 })
}

impl FrameWriter {
    /// The position of the next frame that goes in.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// How many frames fit now; more may a moment later.
    pub fn room(&self) -> usize {
        self.ring.vacant_len()
    }

    /// How many frames wait for the reader; fewer may a moment later.
    pub fn fill(&self) -> usize {
        self.ring.occupied_len()
    }

    /// Puts in as many of `frames` as fit, the first ones first, and returns how many.
    pub fn push(&mut self, frames: &[f32]) -> usize {
        let pushed = self.ring.push_slice(frames);
        self.position += pushed as u64;
        pushed
    }
}

impl FrameReader {
    /// The position of the next frame that comes out.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// How many frames wait; more may a moment later.
    pub fn fill(&self) -> usize {
        self.ring.occupied_len()
    }

    /// The frames that wait, in order, to be used in place; [`skip`](Self::skip) then lets them go.
    pub fn waiting(&self) -> (&[f32], &[f32]) {
        self.ring.as_slices()
    }

    /// Lets up to `count` frames go and returns how many.
    pub fn skip(&mut self, count: usize) -> usize {
        let skipped = self.ring.skip(count);
        self.position += skipped as u64;
        skipped
    }

    /// Takes as many frames as wait, at most `frames.len()`, and returns how many.
    pub fn pop(&mut self, frames: &mut [f32]) -> usize {
        let popped = self.ring.pop_slice(frames);
        self.position += popped as u64;
        popped
    }
}

impl fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameWriter").field("position", &self.position).finish_non_exhaustive()
    }
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader").field("position", &self.position).finish_non_exhaustive()
    }
}

/// From ring position `position` on, frames are the stream's frames from `index` on, up to the next splice: before it
/// frames were lost (capture) or silence was inserted (playback).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) position: u64,
    pub(crate) index: u64,
}

impl Splice {
    /// The stream index of ring position `position`, which must not lie before the splice.
    pub(crate) const fn index_of(&self, position: u64) -> u64 {
        self.index.wrapping_add(position.wrapping_sub(self.position))
    }
}

/// The callback's end of the splices.
pub(crate) struct SpliceWriter {
    ring: CachingProd<Shared<Splice, SPLICES>>,
    last: Option<Splice>,
}

/// The consumer's end of the splices.
pub(crate) struct SpliceReader(CachingCons<Shared<Splice, SPLICES>>);

/// An empty log of splices.
pub(crate) fn splices() -> (SpliceWriter, SpliceReader) {
    let (writer, reader) = SharedRb::<Array<Splice, SPLICES>>::default().split();
    (SpliceWriter { ring: writer, last: None }, SpliceReader(reader))
}

impl SpliceWriter {
    /// Says that ring position `position` is stream frame `index`, if that does not follow from what was said before.
    /// False when the consumer has left no room: nothing was said then.
    pub(crate) fn mark(&mut self, position: u64, index: u64) -> bool {
        if self.last.is_some_and(|last| last.index_of(position) == index) {
            return true;
        }
        let splice = Splice { position, index };
        let said = self.ring.try_push(splice).is_ok();
        if said {
            self.last = Some(splice);
        }
        said
    }
}

impl SpliceReader {
    /// The next splice, left in place.
    pub(crate) fn peek(&self) -> Option<Splice> {
        self.0.try_peek().copied()
    }

    /// Takes the next splice.
    pub(crate) fn pop(&mut self) -> Option<Splice> {
        self.0.try_pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frames_win_when_the_ring_is_full() {
        let (mut writer, mut reader) = frame_ring();
        let block: Vec<f32> = (0..RING_FRAMES + 100).map(|i| i as f32).collect();
        assert_eq!(writer.push(&block), RING_FRAMES);
        assert_eq!(writer.push(&block), 0);
        assert_eq!(
            (writer.position(), writer.room(), writer.fill()),
            (RING_FRAMES as u64, 0, RING_FRAMES)
        );
        assert_eq!(reader.skip(10), 10);
        let mut out = [0.0; 4];
        assert_eq!(reader.pop(&mut out), 4);
        assert_eq!(out, [10.0, 11.0, 12.0, 13.0]);
        assert_eq!((reader.position(), writer.room()), (14, 14));
    }

    #[test]
    fn waiting_frames_are_seen_across_the_wrap() {
        let (mut writer, mut reader) = frame_ring();
        writer.push(&vec![0.0; RING_FRAMES - 2]);
        reader.skip(RING_FRAMES - 2);
        writer.push(&[1.0, 2.0, 3.0]);
        let (first, second) = reader.waiting();
        assert_eq!((first, second), (&[1.0, 2.0][..], &[3.0][..]));
    }

    #[test]
    fn only_what_does_not_follow_is_said() {
        let (mut writer, mut reader) = splices();
        assert!(writer.mark(0, 100));
        assert!(writer.mark(50, 150));
        assert!(writer.mark(50, 160));
        assert_eq!(reader.pop(), Some(Splice { position: 0, index: 100 }));
        assert_eq!(reader.pop(), Some(Splice { position: 50, index: 160 }));
        assert_eq!(reader.pop(), None);
    }

    #[test]
    fn a_full_log_says_nothing_rather_than_something_wrong() {
        let (mut writer, mut reader) = splices();
        let mut said = 0;
        while writer.mark(said, said * 2) {
            said += 1;
        }
        assert_eq!(said, SPLICES as u64);
        assert!(!writer.mark(1000, 7));
        reader.pop();
        assert!(writer.mark(1000, 7));
    }
}
