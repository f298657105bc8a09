//! What the callback says of each block, so that silence can be judged elsewhere: its figures, and the log that takes them
//! there.
//!
//! No allocation, lock, system call or panic: this runs in audio callbacks. Nothing is judged here.

use super::meter::BlockMeter;
use core::fmt;
use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
use std::sync::Arc;

/// Blocks that wait to be judged: 1.3 s of 256 frames at 48 kHz. Where nobody looks for longer, blocks are told
/// together.
const WAITING: usize = 256;

/// The figures of one block, or of several in a row where nobody looked in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlockStats {
    /// The stream's index of the first frame.
    pub index: u64,
    /// Frames.
    pub frames: u32,
    /// Calls of the callback: more than one where nobody looked in time.
    pub blocks: u32,
    /// The smallest sample; full scale is −1.
    pub min: f32,
    /// The largest sample; full scale is 1.
    pub max: f32,
    /// The sum of the squares of the samples.
    pub energy: f32,
    /// The sum of the samples.
    pub sum: f32,
    /// Samples at full scale.
    pub clipped: u32,
    /// Exact zeros before the first sample that is none.
    pub zeros_at_start: u32,
    /// Exact zeros after the last sample that is none.
    pub zeros_at_end: u32,
    /// Frames of blocks that equal one of the last eight, as the block before did: sample by sample, or so nearly that
    /// 24 bits of their sums do not tell. None where all samples
    /// are the same.
    pub same: u32,
    /// Those among [`same`](Self::same) that are of one steady sine, which may well repeat.
    pub sine: u32,
    /// Frames of silence that the device got since nobody had written any (playback).
    pub inserted: u32,
    /// Frames that the consumer read (capture) or wrote (playback) since the block before.
    pub moved: u32,
}

impl BlockStats {
    /// The index after the last frame.
    pub const fn end(&self) -> u64 {
        self.index.wrapping_add(self.frames as u64)
    }

    /// The largest magnitude of a sample.
    pub const fn peak(&self) -> f32 {
        self.max.max(-self.min)
    }

    /// The level in dBFS: 0 is the mean square of a square wave of full scale. Negative infinity for zeros.
    pub fn level_dbfs(&self) -> f32 {
        10.0 * (self.energy / self.frames.max(1) as f32).log10()
    }

    /// Takes in the next block of the same stream. Nobody may look for days: counts stop at their largest value.
    fn append(&mut self, next: &Self) {
        let sum = u32::saturating_add;
        if self.zeros_at_start == self.frames {
            self.zeros_at_start = sum(self.zeros_at_start, next.zeros_at_start);
        }
        self.zeros_at_end = if next.zeros_at_end == next.frames {
            sum(self.zeros_at_end, next.zeros_at_end)
        } else {
            next.zeros_at_end
        };
        self.frames = sum(self.frames, next.frames);
        self.blocks = sum(self.blocks, next.blocks);
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
        self.energy += next.energy;
        self.sum += next.sum;
        self.clipped = sum(self.clipped, next.clipped);
        self.same = sum(self.same, next.same);
        self.sine = sum(self.sine, next.sine);
        self.inserted = sum(self.inserted, next.inserted);
        self.moved = sum(self.moved, next.moved);
    }
}

type Told = (u32, BlockStats);
type Blocks = Arc<SharedRb<Array<Told, WAITING>>>;

/// The callback's end: measures each block and publishes its figures.
pub(crate) struct BlockWriter {
    ring: CachingProd<Blocks>,
    pub(crate) meter: BlockMeter,
    /// What found no room, with the run that it is of.
    waiting: Option<Told>,
    /// What the callback left in the frames' ring, by which the consumer's part since is known.
    left: usize,
}

/// The end of who judges.
pub(crate) struct BlockReader {
    ring: CachingCons<Blocks>,
    /// Nobody has read from it yet: it may be of another device than the one before.
    pub(crate) is_new: bool,
}

/// An empty log of blocks.
pub(crate) fn blocks() -> (BlockWriter, BlockReader) {
    let (writer, reader) = SharedRb::<Array<Told, WAITING>>::default().split();
    let writer = BlockWriter { ring: writer, meter: BlockMeter::default(), waiting: None, left: 0 };
    (writer, BlockReader { ring: reader, is_new: true })
}

impl BlockWriter {
    /// The block of run `run` has ended. The frames' ring held `before` and holds `after` it; where there is no room,
    /// the block is told together with those that follow.
    pub(crate) fn publish(&mut self, run: u32, before: usize, after: usize) -> BlockStats {
        let mut block = self.meter.end();
        block.moved = u32::try_from(before.abs_diff(self.left)).unwrap_or(u32::MAX);
        self.left = after;
        let mut told = (run, block);
        if let Some((_, mut earlier)) = self.waiting.take().filter(|waiting| waiting.0 == run) {
            earlier.append(&block);
            told.1 = earlier;
        }
        self.waiting = self.ring.try_push(told).err();
        block
    }
}

impl BlockReader {
    /// The next block, with the run that it is of.
    pub(crate) fn pop(&mut self) -> Option<(u32, BlockStats)> {
        self.ring.try_pop()
    }
}

impl fmt::Debug for BlockReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockReader")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_that_nobody_takes_are_told_together() {
        let (mut writer, mut reader) = blocks();
        for n in 0..WAITING as u64 + 100 {
            writer.meter.begin(n * 3);
            writer.meter.saw(if n > 300 { &[0.0; 3] } else { &[0.0, 0.5, -1.0] });
            writer.publish(7, 0, 0);
        }
        for n in 0..WAITING as u64 {
            let (run, block) = reader.pop().unwrap();
            assert_eq!((run, block.index, block.blocks), (7, n * 3, 1));
        }
        assert!(reader.pop().is_none());
        writer.meter.begin(0);
        writer.publish(8, 0, 0);
        assert_eq!(reader.pop().unwrap().0, 8, "what was left is of another run, and gone");
    }

    proptest! {
        /// Blocks told together say what one block of all of them would.
        #[test]
        fn together_is_as_one(parts in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![0.0, 0.5, -1.0]), 1..20), 1..6,
        )) {
            let mut meter = BlockMeter::default();
            let mut index = 0;
            let mut together: Option<BlockStats> = None;
            for part in &parts {
                let block = meter.block(index, part);
                index = block.end();
                match &mut together {
                    Some(together) => together.append(&block),
                    None => together = Some(block),
                }
            }
            let one = BlockMeter::default().block(0, &parts.concat());
            let together = together.unwrap();
            prop_assert_eq!(
                BlockStats { blocks: 1, same: 0, sine: 0, ..together },
                one
            );
        }
    }
}
