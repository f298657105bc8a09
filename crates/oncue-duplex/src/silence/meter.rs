//! The figures of a block, taken in one pass that the compiler turns into vector code.
//!
//! No allocation, lock, system call or panic: this runs in audio callbacks.

use super::blocks::BlockStats;
use super::sine::Sine;

/// A magnitude from which a sample counts as clipped: full scale of 16 bits, the coarsest converter in use.
const CLIPPED: f32 = 32_767.0 / 32_768.0;

/// Samples that are taken together.
const LANES: usize = 8;

/// Blocks back in which the same block is looked for: a driver whose buffer stands still repeats a few periods.
const RECENT: usize = 8;

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
    /// Of the present block; the lanes' figures go in when it ends.
    block: BlockStats,
    lanes: Lanes,
    sine: Option<Sine>,
    /// What the last blocks summed to, and their frames.
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
        self.lanes = Lanes::default();
    }

    /// The next samples of the block.
    pub(crate) fn saw(&mut self, samples: &[f32]) {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
        self.lanes.saw(samples);
        let block = &mut self.block;
        if self.lanes.peak() >= CLIPPED {
            block.clipped += samples.iter().map(|x| u32::from(x.abs() >= CLIPPED)).sum::<u32>();
        }
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let at_start = if *first == 0.0 { zeros_at_start(samples) } else { 0 };
        if block.zeros_at_start == block.frames {
            block.zeros_at_start = block.zeros_at_start.saturating_add(at_start);
        }
        block.zeros_at_end = if at_start == count {
            block.zeros_at_end.saturating_add(count)
        } else if *last == 0.0 {
            zeros_at_end(samples)
        } else {
            0
        };
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
        if frames == 0 {
            return;
        }
        self.lanes.saw_nothing();
        let block = &mut self.block;
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        if block.zeros_at_start == block.frames {
            block.zeros_at_start = block.zeros_at_start.saturating_add(frames);
        }
        block.zeros_at_end = block.zeros_at_end.saturating_add(frames);
        block.inserted = block.inserted.saturating_add(frames);
        block.frames = block.frames.saturating_add(frames);
        self.last = [0.0; 2];
    }

    /// The block has ended: its figures.
    pub(crate) fn end(&mut self) -> BlockStats {
        let block = &mut self.block;
        (block.energy, block.sum) = (self.lanes.energy.iter().sum(), self.lanes.sum.iter().sum());
        (block.min, block.max) = self.lanes.extremes();
        let key = (self.lanes.key(), block.frames);
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
        *block
    }
}

/// Zeros before the first sample that is none, eight at a time: silence is not to cost more than sound.
fn zeros_at_start(samples: &[f32]) -> u32 {
    let (chunks, _) = samples.as_chunks::<LANES>();
    let whole = LANES * chunks.iter().take_while(|chunk| silent(chunk)).count();
    let rest = samples.get(whole..).unwrap_or_default();
    count(whole + rest.iter().take_while(|x| **x == 0.0).count())
}

/// Zeros after the last sample that is none.
fn zeros_at_end(samples: &[f32]) -> u32 {
    let (_, chunks) = samples.as_rchunks::<LANES>();
    let whole = LANES * chunks.iter().rev().take_while(|chunk| silent(chunk)).count();
    let rest = samples.get(..samples.len() - whole).unwrap_or_default();
    count(whole + rest.iter().rev().take_while(|x| **x == 0.0).count())
}

/// Whether all are zero, of either sign.
fn silent(chunk: &[f32; LANES]) -> bool {
    chunk.iter().fold(0, |bits, x| bits | x.to_bits() << 1) == 0
}

fn count(samples: usize) -> u32 {
    u32::try_from(samples).unwrap_or(u32::MAX)
}

/// What one pass over a block gives, in lanes of their own as vector registers hold them: sample `n` of the block goes
/// into lane `n % LANES`, into however many parts the block is cut.
#[derive(Clone, Copy, Debug)]
struct Lanes {
    energy: [f32; LANES],
    sum: [f32; LANES],
    /// The sum of the sums so far: where in the block the samples stand.
    place: [f32; LANES],
    min: [f32; LANES],
    max: [f32; LANES],
    /// The lane of the next sample.
    next: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        let (zero, most) = ([0.0; LANES], [f32::INFINITY; LANES]);
        Self { energy: zero, sum: zero, place: zero, min: most, max: most.map(|x| -x), next: 0 }
    }
}

impl Lanes {
    fn saw(&mut self, samples: &[f32]) {
        let to_first_lane = (LANES - self.next) % LANES;
        let (head, samples) = samples.split_at_checked(to_first_lane).unwrap_or((samples, &[]));
        self.one_by_one(head);
        let (chunks, rest) = samples.as_chunks::<LANES>();
        let mut lanes = *self;
        for chunk in chunks {
            for (lane, sample) in chunk.iter().enumerate() {
                lanes.take(lane, *sample);
            }
        }
        *self = lanes;
        self.one_by_one(rest);
    }

    fn one_by_one(&mut self, samples: &[f32]) {
        for sample in samples {
            self.take(self.next % LANES, *sample);
            self.next = (self.next + 1) % LANES;
        }
    }

    #[inline(always)]
    fn take(&mut self, lane: usize, x: f32) {
        self.energy[lane] += x * x;
        self.sum[lane] += x;
        self.place[lane] += self.sum[lane];
        self.min[lane] = if x < self.min[lane] { x } else { self.min[lane] };
        self.max[lane] = if x > self.max[lane] { x } else { self.max[lane] };
    }

    /// Zeros go by.
    fn saw_nothing(&mut self) {
        (self.min[0], self.max[0]) = (self.min[0].min(0.0), self.max[0].max(0.0));
    }

    fn extremes(&self) -> (f32, f32) {
        let min = self.min.iter().copied().fold(f32::INFINITY, f32::min);
        let max = self.max.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Of nothing, or of what is no number, there are none.
        if min <= max { (min, max) } else { (0.0, 0.0) }
    }

    /// The largest magnitude so far.
    fn peak(&self) -> f32 {
        let (min, max) = self.extremes();
        max.max(-min)
    }

    /// Equal for equal blocks. Of any two that differ, one pair in 2⁶⁴ has the same; so have two whose difference is
    /// lost where their sums are rounded to 24 bits, as if the driver had dithered a block that it repeats.
    fn key(&self) -> u64 {
        let sums = self.place.iter().zip(&self.energy);
        sums.fold(0, |key: u64, (place, energy)| {
            let both = u64::from(place.to_bits()) << 32 | u64::from(energy.to_bits());
            (key.rotate_left(29) ^ both).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
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
    }
}
