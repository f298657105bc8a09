//! What the callback says of each block, so that silence can be judged elsewhere: a few figures, taken in one pass that
//! the compiler turns into vector code.
//!
//! No allocation, lock, system call or panic: this runs in audio callbacks. Nothing is judged here.

use core::fmt;
use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
use std::sync::Arc;

/// A magnitude from which a sample counts as clipped: full scale of 16 bits, the coarsest converter in use.
const CLIPPED: f32 = 32_767.0 / 32_768.0;

/// Samples that are taken together.
const LANES: usize = 8;

/// Blocks back in which the same block is looked for: a driver whose buffer stands still repeats a few periods.
const RECENT: usize = 8;

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
    /// Frames of blocks that equal one of the last eight to the bit, as the block before did. None where all samples
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

/// Takes the figures of a stream's blocks, one after the other.
///
/// ```
/// use oncue_duplex::BlockMeter;
///
/// let mut meter = BlockMeter::default();
/// let block = meter.block(0, &[0.0, 0.5, -0.25, 0.0]);
/// assert_eq!((block.peak(), block.energy, block.sum), (0.5, 0.3125, 0.25));
/// assert_eq!((block.zeros_at_start, block.zeros_at_end), (1, 1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct BlockMeter {
    /// Of the present block.
    block: BlockStats,
    fold: Fold,
    sine: Option<Sine>,
    /// What the last blocks folded to, and their frames.
    recent: [(u64, u32); RECENT],
    oldest: usize,
    /// The last two samples.
    last: [f32; 2],
}

impl BlockMeter {
    /// A block that starts at the stream's frame `index`.
    pub fn block(&mut self, index: u64, samples: &[f32]) -> BlockStats {
        self.begin(index);
        self.saw(samples);
        self.end()
    }

    /// A block begins at the stream's frame `index`.
    pub(crate) fn begin(&mut self, index: u64) {
        self.block = BlockStats { index, blocks: 1, ..BlockStats::default() };
        self.fold = Fold::default();
    }

    /// The next samples of the block.
    pub(crate) fn saw(&mut self, samples: &[f32]) {
        let block = &mut self.block;
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
        if block.frames == 0 {
            (block.min, block.max) = (*first, *first);
        }
        self.fold.saw(samples);
        let sums = Sums::of(samples, *first);
        block.energy += sums.energy;
        block.sum += sums.sum;
        block.min = block.min.min(sums.min);
        block.max = block.max.max(sums.max);
        if sums.max >= CLIPPED || sums.min <= -CLIPPED {
            block.clipped += samples.iter().map(|x| u32::from(x.abs() >= CLIPPED)).sum::<u32>();
        }
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        // Silence is not to cost more than sound: it is not counted zero by zero.
        let all_zero = sums.min == 0.0 && sums.max == 0.0;
        if *first == 0.0 && block.zeros_at_start == block.frames {
            block.zeros_at_start += if all_zero { count } else { zeros(samples.iter()) };
        }
        if *last == 0.0 {
            let zeros = if all_zero { count } else { zeros(samples.iter().rev()) };
            let before = if zeros == count { block.zeros_at_end } else { 0 };
            block.zeros_at_end = before + zeros;
        } else {
            block.zeros_at_end = 0;
        }
        block.frames = block.frames.saturating_add(count);
        if let Some(sine) = &mut self.sine {
            for sample in samples {
                sine.saw(self.last, *sample);
                self.last = [self.last[1], *sample];
            }
        } else if let [.., before, last] = samples {
            self.last = [*before, *last];
        } else {
            self.last = [self.last[1], *last];
        }
    }

    /// The next `frames` of the block are silence that nobody wrote.
    pub(crate) fn saw_nothing(&mut self, frames: usize) {
        let block = &mut self.block;
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        if block.zeros_at_start == block.frames {
            block.zeros_at_start = block.zeros_at_start.saturating_add(frames);
        }
        block.zeros_at_end = block.zeros_at_end.saturating_add(frames);
        block.inserted = block.inserted.saturating_add(frames);
        block.frames = block.frames.saturating_add(frames);
        if frames > 0 {
            (block.min, block.max) = (block.min.min(0.0), block.max.max(0.0));
            self.last = [0.0; 2];
        }
    }

    /// The block has ended: its figures.
    pub(crate) fn end(&mut self) -> BlockStats {
        let mut block = self.block;
        let key = (self.fold.key(), block.frames);
        let same = block.frames > 0 && self.recent.contains(&key);
        // A look at the waveform costs more, so that it is only taken after a block that came again and has one.
        let look = (same && block.min < block.max).then(Sine::default);
        let looked = core::mem::replace(&mut self.sine, look);
        if let Some(sine) = looked.filter(|_| same) {
            block.same = block.frames;
            block.sine = if sine.is_one() { block.frames } else { 0 };
        }
        if let Some(slot) = self.recent.get_mut(self.oldest) {
            *slot = key;
        }
        self.oldest = (self.oldest + 1) % RECENT;
        block
    }
}

fn zeros<'a>(samples: impl Iterator<Item = &'a f32>) -> u32 {
    samples.take_while(|sample| **sample == 0.0).map(|_| 1).sum()
}

/// What one pass over some samples gives.
struct Sums {
    energy: f32,
    sum: f32,
    min: f32,
    max: f32,
}

impl Sums {
    /// In lanes of their own, as registers hold them; `first` is any of the samples.
    #[inline]
    fn of(samples: &[f32], first: f32) -> Self {
        let (mut energy, mut sum) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let (mut min, mut max) = ([first; LANES], [first; LANES]);
        let (chunks, rest) = samples.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                let x = chunk[lane];
                energy[lane] += x * x;
                sum[lane] += x;
                min[lane] = if x < min[lane] { x } else { min[lane] };
                max[lane] = if x > max[lane] { x } else { max[lane] };
            }
        }
        let mut sums = Self { energy: 0.0, sum: 0.0, min: first, max: first };
        for lane in 0..LANES {
            sums.energy += energy[lane];
            sums.sum += sum[lane];
            sums.min = sums.min.min(min[lane]);
            sums.max = sums.max.max(max[lane]);
        }
        for x in rest {
            sums.energy += x * x;
            sums.sum += x;
            sums.min = sums.min.min(*x);
            sums.max = sums.max.max(*x);
        }
        sums
    }
}

/// What the samples of a block fold to: equal for equal ones, however they are cut into parts. Two blocks that differ in
/// one sample never fold alike; of any two that differ, one pair in 2⁶⁴ does.
#[derive(Clone, Copy, Debug)]
struct Fold {
    lanes: [u32; LANES],
    /// The lane of the next sample.
    next: usize,
}

impl Default for Fold {
    fn default() -> Self {
        Self { lanes: [5381; LANES], next: 0 }
    }
}

impl Fold {
    #[inline]
    fn saw(&mut self, samples: &[f32]) {
        let to_first_lane = (LANES - self.next) % LANES;
        let (head, samples) = samples.split_at_checked(to_first_lane).unwrap_or((samples, &[]));
        self.one_by_one(head);
        let (chunks, rest) = samples.as_chunks::<LANES>();
        let mut lanes = self.lanes;
        for chunk in chunks {
            for (lane, sample) in lanes.iter_mut().zip(chunk) {
                *lane = fold(*lane, *sample);
            }
        }
        self.lanes = lanes;
        self.one_by_one(rest);
    }

    fn one_by_one(&mut self, samples: &[f32]) {
        for sample in samples {
            if let Some(lane) = self.lanes.get_mut(self.next) {
                *lane = fold(*lane, *sample);
            }
            self.next = (self.next + 1) % LANES;
        }
    }

    fn key(&self) -> u64 {
        self.lanes.iter().fold(0, |key: u64, lane| {
            (key.rotate_left(29) ^ u64::from(*lane)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    }
}

/// A factor of 2⁵ + 1: one shift and one addition, which every vector unit has.
const fn fold(lane: u32, sample: f32) -> u32 {
    lane.wrapping_mul(33) ^ sample.to_bits()
}

/// Whether samples are one sine of a steady level, with an offset or without, over the seam between two blocks too:
/// `x[n] + x[n-2]` is then always the same multiple of `x[n-1]`, and a constant. A buffer that is played again breaks at
/// its seam.
#[derive(Clone, Copy, Debug, Default)]
struct Sine {
    samples: f64,
    outer: f64,
    middle: f64,
    outer_squares: f64,
    middle_squares: f64,
    products: f64,
}

impl Sine {
    fn saw(&mut self, last: [f32; 2], sample: f32) {
        let (outer, middle) = (f64::from(sample) + f64::from(last[0]), f64::from(last[1]));
        self.samples += 1.0;
        self.outer += outer;
        self.middle += middle;
        self.outer_squares += outer * outer;
        self.middle_squares += middle * middle;
        self.products += outer * middle;
    }

    /// What no multiple and constant explain is no more than 16 bits leave when they round three samples (1, 2 and 1
    /// times at the most, three times the mean), and 80 dB below the sine.
    fn is_one(self) -> bool {
        const ROUNDED: f64 = 3.0 * 6.0 / 12.0 / (32_768.0 * 32_768.0);
        let outer = self.outer_squares - self.outer * self.outer / self.samples;
        let middle = self.middle_squares - self.middle * self.middle / self.samples;
        let products = self.products - self.outer * self.middle / self.samples;
        let unexplained = outer - products * products / middle;
        middle > 0.0 && unexplained <= ROUNDED * self.samples + 1e-8 * middle
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

    const RATE: f64 = 48_000.0;

    fn sine(hz: f64, amplitude: f64, from: usize) -> Vec<f32> {
        let phase = |n: usize| core::f64::consts::TAU * (hz * n as f64 / RATE).fract();
        (from..from + 480).map(|n| (amplitude * phase(n).sin()) as f32).collect()
    }

    fn of_16_bits(samples: &[f32]) -> Vec<f32> {
        samples.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect()
    }

    /// Ten blocks: how many frames of each are the same as before, and of a sine.
    fn told(mut block: impl FnMut(usize) -> Vec<f32>) -> Vec<(u32, u32)> {
        let mut meter = BlockMeter::default();
        (0..10)
            .map(|n| meter.block(n as u64 * 480, &block(n)))
            .map(|stats| (stats.same, stats.sine))
            .collect()
    }

    #[test]
    fn a_steady_sine_is_told_from_a_buffer_that_comes_again() {
        for (hz, amplitude) in [(100.0, 0.9), (700.0, 0.1), (1000.0, 0.5), (5000.0, 0.01)] {
            let mut cycle = sine(hz, amplitude, 0);
            for _ in 0..2 {
                let blocks = told(|_| cycle.clone());
                assert_eq!(blocks[0], (0, 0));
                assert_eq!(blocks[1], (0, 0), "the first that comes again is not looked at yet");
                assert!(blocks[2..].iter().all(|block| *block == (480, 480)), "{hz} Hz {blocks:?}");
                cycle = of_16_bits(&cycle);
            }
            let above: Vec<f32> = cycle.iter().map(|x| x + 0.1).collect();
            assert!(told(|_| above.clone())[2..].iter().all(|block| *block == (480, 480)));
            // A tone that does not fit: it comes again with a step.
            let blocks = told(|_| sine(hz + 30.0, amplitude, 0));
            assert!(blocks[2..].iter().all(|block| *block == (480, 0)), "{blocks:?}");
        }
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<f32> = (0..480).map(|_| random.f32() - 0.5).collect();
        assert!(told(|_| noise.clone())[2..].iter().all(|block| *block == (480, 0)));
        assert!(told(|n| sine(441.7, 0.5, n * 480)).iter().all(|block| *block == (0, 0)));
        // 440 Hz comes again after five blocks.
        let blocks = told(|n| sine(440.0, 0.5, n * 480));
        assert!(blocks[6..].iter().all(|block| *block == (480, 480)), "{blocks:?}");
    }

    #[test]
    fn several_periods_that_come_again_are_found() {
        let mut random = fastrand::Rng::with_seed(2);
        let noise: Vec<f32> = (0..RECENT * 480).map(|_| random.f32() - 0.5).collect();
        let blocks = told(|n| noise[n % RECENT * 480..][..480].to_vec());
        assert_eq!(blocks.iter().filter(|block| block.0 == 480).count(), 1);
    }

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
        /// The figures are those of plain loops in f64, and do not depend on how a block is cut.
        #[test]
        fn figures_are_those_of_plain_loops(
            seed in any::<u64>(),
            length in 0..700_usize,
            quiet in 0..3_usize,
            cuts in prop::collection::vec(0..700_usize, 0..4),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut samples: Vec<f32> = (0..length)
                .map(|_| [0.0, 0.0, -0.0, 1.0, -1.0, random.f32() - 0.5][random.usize(quiet..6)])
                .collect();
            let zeros = random.usize(0..=length);
            samples[..zeros / 3].fill(0.0);
            samples[length - zeros / 5..].fill(-0.0);
            let mut cuts = cuts;
            cuts.push(0);
            cuts.push(length);
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(length));
            cuts.sort_unstable();

            let mut meter = BlockMeter::default();
            let whole = meter.block(9, &samples);
            meter.begin(9);
            cuts.windows(2).for_each(|cut| meter.saw(&samples[cut[0]..cut[1]]));
            let cut = meter.end();
            let again = meter.block(9, &samples);
            let same = if whole.min < whole.max { length } else { 0 };
            prop_assert_eq!(again.same as usize, same, "it is the same again");

            let exact = |f: fn(f64) -> f64| samples.iter().map(|x| f(f64::from(*x))).sum::<f64>();
            for block in [whole, cut] {
                prop_assert!((f64::from(block.energy) - exact(|x| x * x)).abs() < 1e-3);
                prop_assert!((f64::from(block.sum) - exact(|x| x)).abs() < 1e-3);
                prop_assert_eq!(block.frames as usize, length);
                let extreme = |f: fn(f32, f32) -> f32| {
                    samples.iter().copied().reduce(f).unwrap_or_default()
                };
                prop_assert_eq!((block.min, block.max), (extreme(f32::min), extreme(f32::max)));
                let clipped = samples.iter().filter(|x| x.abs() == 1.0).count();
                prop_assert_eq!(block.clipped as usize, clipped);
                let at_start = samples.iter().take_while(|x| **x == 0.0).count();
                let at_end = samples.iter().rev().take_while(|x| **x == 0.0).count();
                prop_assert_eq!(block.zeros_at_start as usize, at_start);
                prop_assert_eq!(block.zeros_at_end as usize, at_end);
            }
        }

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
