//! The wire from playback to capture: what was played lately, read back a delay later, between the
//! samples where the delay or the clocks ask for it. Knows frames, not time.

use crate::kernel::{AHEAD, Row, TAPS, Table};

/// The last played frames of one channel, by frame number of the playback clock.
///
/// What was never written is silence. Memory is bounded: frames older than any capture block can
/// ask for are dropped.
pub(crate) struct Wire {
    reader: Reader,
    /// A window on the endless wire: `samples[0]` is frame `base`, and all from frame `end` on is
    /// still to come. Twice as long as what must be kept, so that it rarely slides.
    samples: Box<[f64]>,
    base: i64,
    end: i64,
}

/// How positions on the wire follow from frame numbers of the capture clock.
enum Reader {
    /// Equal clocks, whole delay: the sample itself.
    Whole { delay: i64 },
    /// Equal clocks: one row of the kernel for all frames.
    Fraction { delay: i64, row: Box<Row> },
    /// Unequal clocks: the position moves by `1 + skew` a frame.
    Moving { delay: f64, skew: f64, table: &'static Table },
}

impl Wire {
    /// A silent wire with `delay` frames of the playback clock from writing to reading, for blocks
    /// of `period` frames; `skew` is the playback clock's rate over the capture clock's, minus one.
    pub(crate) fn new(delay: f64, skew: f64, period: usize) -> Self {
        let reader = if skew != 0.0 {
            Reader::Moving { delay, skew, table: Table::shared() }
        } else if delay.fract() == 0.0 {
            Reader::Whole { delay: delay as i64 }
        } else {
            let whole = delay.ceil();
            Reader::Fraction { delay: whole as i64, row: Box::new(Row::new(whole - delay)) }
        };
        // One block being written and one being read, each grown by skew and rounding.
        let keep = delay.ceil() as usize + 4 * period + 4 * TAPS;
        let samples = vec![0.0; 2 * keep].into_boxed_slice();
        Self { reader, samples, base: -(keep as i64), end: 0 }
    }

    /// Frames after the last one of a block that must be written before the block can be read.
    pub(crate) fn look_ahead(delay: f64, skew: f64) -> u64 {
        if skew == 0.0 && delay.fract() == 0.0 {
            0
        } else {
            (AHEAD as f64 - delay).max(0.0).ceil() as u64
        }
    }

    /// Makes the wire silent and starts again at frame zero.
    pub(crate) fn clear(&mut self) {
        self.samples.fill(0.0);
        self.base = -(self.keep() as i64);
        self.end = 0;
    }

    /// The samples of frames `first .. first + frames`, to be written.
    pub(crate) fn write(&mut self, first: i64, frames: usize) -> &mut [f64] {
        self.extend(first + frames as i64);
        let start = usize::try_from(first - self.base).unwrap_or(usize::MAX);
        self.samples.get_mut(start..start.saturating_add(frames)).unwrap_or_default()
    }

    /// What the capture frames `first ..` hear.
    pub(crate) fn read(&mut self, first: i64, block: &mut [f64]) {
        let last = first + block.len() as i64 - 1;
        let (whole, _) = self.position(last);
        self.extend(whole + AHEAD as i64 + 1);
        if let Reader::Whole { delay } = self.reader {
            let start = usize::try_from(first - delay - self.base).unwrap_or(usize::MAX);
            match self.samples.get(start..start.saturating_add(block.len())) {
                Some(samples) => block.copy_from_slice(samples),
                None => block.fill(0.0),
            }
            return;
        }
        for (frame, sample) in (first..).zip(block) {
            let (whole, fraction) = self.position(frame);
            *sample = match (&self.reader, self.around(whole)) {
                (Reader::Fraction { row, .. }, Some(around)) => row.dot(around),
                (Reader::Moving { table, .. }, Some(around)) => table.dot(fraction, around),
                _ => 0.0,
            };
        }
    }

    /// The position on the wire that a capture frame hears: a frame, and the fraction after it.
    fn position(&self, frame: i64) -> (i64, f64) {
        match &self.reader {
            Reader::Whole { delay } | Reader::Fraction { delay, .. } => (frame - delay, 0.0),
            Reader::Moving { delay, skew, .. } => {
                // The frame number stays whole: as a float it would lose its fraction in hours.
                let offset = frame as f64 * skew - delay;
                let whole = offset.floor();
                (frame + whole as i64, offset - whole)
            }
        }
    }

    /// The samples that the kernel weighs for a position after frame `whole`.
    fn around(&self, whole: i64) -> Option<&[f64; TAPS]> {
        let start = usize::try_from(whole + 1 - AHEAD as i64 - self.base).ok()?;
        self.samples.get(start..)?.first_chunk()
    }

    /// Moves the end to `end`, with silence for what was not written.
    fn extend(&mut self, end: i64) {
        if end <= self.end {
            return;
        }
        let base = end - self.keep() as i64;
        if base > self.base && end - self.base > self.samples.len() as i64 {
            let kept = (self.end - base).max(0);
            let from = (base - self.base).min(self.end - self.base);
            self.samples.copy_within(from as usize..(from + kept) as usize, 0);
            self.base = base;
            self.end = base + kept;
        }
        let (from, to) = (self.end - self.base, end - self.base);
        self.samples[from as usize..to as usize].fill(0.0);
        self.end = end;
    }

    fn keep(&self) -> usize {
        self.samples.len() / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_back_a_delay_later_and_gaps_are_silent() {
        let mut wire = Wire::new(5.0, 0.0, 16);
        wire.write(0, 16).fill(0.5);
        wire.write(48, 16).fill(0.25);
        let mut heard = [1.0; 80];
        for (block, frames) in heard.chunks_mut(16).enumerate() {
            wire.read(16 * block as i64, frames);
        }
        let expected: Vec<f64> = (-5..75)
            .map(|frame| match frame {
                0..16 => 0.5,
                48..64 => 0.25,
                _ => 0.0,
            })
            .collect();
        assert_eq!(heard.as_slice(), expected);
    }

    #[test]
    fn memory_is_bounded_and_a_long_gap_leaves_silence() {
        let mut wire = Wire::new(100.0, 1e-4, 16);
        let size = wire.samples.len();
        let mut block = [0.0; 16];
        for n in 0..10_000 {
            wire.write(16 * n, 16).fill(0.5);
            wire.read(16 * n, &mut block);
        }
        assert!((block[15] - 0.5).abs() < 1e-6);
        wire.write(1 << 40, 16).fill(0.5);
        wire.read(1 << 40, &mut block);
        assert_eq!(block, [0.0; 16]);
        assert_eq!(wire.samples.len(), size);
    }
}
