//! The rings between a callback and the consumer: mono frames, in blocks, wait-free at both ends.
//!
//! The capacity is a power of two known at compile time, so that no call divides. There are block operations only, and
//! in each direction one that works in place, so that a device's format is converted in the one pass that moves it.
//! Positions count every frame that ever went in, and may wrap.
//!
//! Policies: a full ring drops the newest, that is, [`push`](FrameWriter::push) takes the first frames that fit and
//! says how many. Nothing that was taken is ever overwritten from the writer's end; a reader that prefers the newest
//! lets the oldest go with [`skip`](FrameReader::skip). An empty ring gives nothing, and what then is played in its
//! place is the reader's to decide. Both are counted by who calls.

mod convert;
mod slots;
mod splices;

pub(crate) use convert::{all_channels, channel_0};
pub(crate) use splices::{Splice, SpliceReader, SpliceWriter, splices};

use core::fmt;
use slots::{ReadEnd, WriteEnd};

/// Frames that one ring holds by default: 683 ms at 48 kHz.
pub const RING_FRAMES: usize = 1 << 15;

/// The end of a ring of `N` frames that puts frames in: one thread's, wait-free.
pub struct FrameWriter<const N: usize = RING_FRAMES>(WriteEnd<N>);

/// The end of a ring of `N` frames that takes frames out: one thread's, wait-free.
pub struct FrameReader<const N: usize = RING_FRAMES>(ReadEnd<N>);

/// An empty ring of [`RING_FRAMES`] mono frames; positions start at 0.
pub fn frame_ring() -> (FrameWriter, FrameReader) {
    frame_ring_from(0)
}

/// An empty ring of `N` mono frames, a power of two (another does not compile), whose positions start at `position`
/// and wrap after `u64::MAX`.
///
/// ```
/// let (mut writer, mut reader) = oncue_duplex::frame_ring_from::<4>(u64::MAX);
/// assert_eq!(writer.push(&[1.0, 2.0, 3.0, 4.0, 5.0]), 4, "a full ring drops the newest");
/// assert_eq!(writer.position(), 3);
/// let mut frames = [0.0; 3];
/// assert_eq!((reader.skip(1), reader.pop(&mut frames), frames), (1, 3, [2.0, 3.0, 4.0]));
/// ```
///
/// ```compile_fail,E0080
/// oncue_duplex::frame_ring_from::<480>(0);
/// ```
pub fn frame_ring_from<const N: usize>(position: u64) -> (FrameWriter<N>, FrameReader<N>) {
    let (writer, reader) = slots::ends(position);
    (FrameWriter(writer), FrameReader(reader))
}

impl<const N: usize> FrameWriter<N> {
    /// The position of the next frame that goes in.
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// How many frames fit now; more may a moment later.
    pub fn room(&self) -> usize {
        N - self.fill()
    }

    /// How many frames wait for the reader; fewer may a moment later.
    pub fn fill(&self) -> usize {
        self.0.fill()
    }

    /// Puts in as many of `frames` as fit, the first ones first, and returns how many.
    pub fn push(&mut self, frames: &[f32]) -> usize {
        let mut rest = frames;
        self.0.write(frames.len(), |part| {
            if let Some((now, later)) = rest.split_at_checked(part.len()) {
                part.copy_from_slice(now);
                rest = later;
            }
        })
    }

    /// Has `fill` write the next frames in place, as many as fit and at most `count`: it is given them in order, in one
    /// part or two, holding what an earlier lap left there. Returns how many went in.
    pub fn push_with(&mut self, count: usize, fill: impl FnMut(&mut [f32])) -> usize {
        self.0.write(count, fill)
    }
}

impl<const N: usize> FrameReader<N> {
    /// The position of the next frame that comes out.
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// How many frames wait; more may a moment later.
    pub fn fill(&self) -> usize {
        self.0.fill()
    }

    /// The frames that wait, in order, to be used in place; [`skip`](Self::skip) then lets them go.
    pub fn waiting(&self) -> (&[f32], &[f32]) {
        self.0.waiting()
    }

    /// Lets up to `count` frames go and returns how many.
    pub fn skip(&mut self, count: usize) -> usize {
        self.0.skip(count)
    }

    /// Takes as many frames as wait, at most `frames.len()`, and returns how many.
    pub fn pop(&mut self, frames: &mut [f32]) -> usize {
        let count = frames.len();
        let mut rest = frames;
        self.0.read(count, |part| {
            if let Some((now, later)) = core::mem::take(&mut rest).split_at_mut_checked(part.len())
            {
                now.copy_from_slice(part);
                rest = later;
            }
        })
    }

    /// Has `take` use the next frames in place, as many as wait and at most `count`: it is given them in order, in one
    /// part or two. Then they are let go. Returns how many.
    pub fn pop_with(&mut self, count: usize, take: impl FnMut(&[f32])) -> usize {
        self.0.read(count, take)
    }
}

impl<const N: usize> fmt::Debug for FrameWriter<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameWriter").field("position", &self.position()).finish_non_exhaustive()
    }
}

impl<const N: usize> fmt::Debug for FrameReader<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader").field("position", &self.position()).finish_non_exhaustive()
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
    fn in_place_across_the_wrap_and_the_end_of_the_counter() {
        let (mut writer, mut reader) = frame_ring_from::<8>(u64::MAX - 4);
        let mut next = 0.0;
        let mut count_up = |part: &mut [f32]| {
            for slot in part {
                next += 1.0;
                *slot = next;
            }
        };
        assert_eq!(writer.push_with(6, &mut count_up), 6);
        assert_eq!(reader.skip(5), 5);
        assert_eq!(writer.push_with(100, &mut count_up), 7, "what does not fit is not asked for");
        let mut taken = Vec::new();
        assert_eq!(reader.pop_with(100, |part| taken.extend_from_slice(part)), 8);
        assert_eq!(taken, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]);
        assert_eq!((writer.position(), reader.position()), (8, 8));
    }
}
