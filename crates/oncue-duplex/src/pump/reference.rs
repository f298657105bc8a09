//! What was at the speaker: the mix that was written, kept so that each captured frame can be given what was played at
//! its time. That is what an echo canceller needs.
//!
//! Pure. Which of the written samples the device took when, silence between them included, is known from the splices
//! of the playback stream.

use crate::ring::Splice;
use std::collections::VecDeque;

/// Samples that are remembered: 1.4 s at 48 kHz, more than the rings and a device hold.
const REMEMBERED: usize = 1 << 16;

/// The written samples of the last second or so, by their position.
pub(crate) struct History {
    samples: Box<[f32]>,
    /// The position after the last sample.
    end: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { samples: vec![0.0; REMEMBERED].into_boxed_slice(), end: 0 }
    }
}

impl History {
    /// Remembers samples that were accepted from `position` on.
    pub(crate) fn wrote(&mut self, position: u64, samples: &[f32]) {
        for (at, sample) in (position..).zip(samples) {
            if let Some(slot) = self.samples.get_mut(at as usize % REMEMBERED) {
                *slot = *sample;
            }
        }
        self.end = position + samples.len() as u64;
    }

    fn at(&self, position: u64) -> f32 {
        let remembered = position < self.end && self.end - position <= REMEMBERED as u64;
        let sample = self.samples.get(position as usize % REMEMBERED);
        sample.filter(|_| remembered).copied().unwrap_or(0.0)
    }

    /// What the device played from playback index `index` on. `splices` say which position each index had, oldest
    /// first; what no written sample was played at, is silence.
    pub(crate) fn played(&self, splices: &VecDeque<Splice>, index: i64, out: &mut [f32]) {
        let Ok(mut at) = u64::try_from(index) else {
            // Before the first sample was played. Frames are consecutive, so that all of it is or the end is not.
            out.fill(0.0);
            if let Some((_, rest)) = usize::try_from(index.unsigned_abs())
                .ok()
                .and_then(|before| out.split_at_mut_checked(before))
            {
                self.played(splices, 0, rest);
            }
            return;
        };
        let next = splices.partition_point(|splice| splice.index <= at);
        let mut later = splices.range(next..);
        let mut now = next.checked_sub(1).and_then(|last| splices.get(last));
        let mut then = later.next();
        for sample in out {
            if let Some(splice) = then.filter(|splice| splice.index <= at) {
                (now, then) = (Some(splice), later.next());
            }
            *sample = match now.map(|splice| splice.position + (at - splice.index)) {
                // Up to the next splice that many samples were played, and silence after them.
                Some(position) if then.is_none_or(|then| position < then.position) => {
                    self.at(position)
                }
                _ => 0.0,
            };
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn played_samples_stand_between_the_silences() {
        let mut history = History::default();
        let samples: Vec<f32> = (1..=100).map(|n| n as f32).collect();
        history.wrote(0, &samples);
        // 10 of silence, 40 samples, 5 of silence, the next 30, then 10 that were skipped.
        let splices = VecDeque::from([
            Splice { position: 0, index: 10 },
            Splice { position: 40, index: 55 },
            Splice { position: 80, index: 85 },
        ]);
        let mut out = [9.0; 110];
        history.played(&splices, -5, &mut out);
        assert_eq!(out[..15], [0.0; 15]);
        assert_eq!(out[15..55], samples[..40]);
        assert_eq!(out[55..60], [0.0; 5]);
        assert_eq!(out[60..90], samples[40..70]);
        assert_eq!(out[90..110], samples[80..100]);
        // What is to be played if nothing more is inserted, and what nobody has written yet.
        history.played(&splices, 100, &mut out);
        assert_eq!(out[..5], samples[95..]);
        assert_eq!(out[5..], [0.0; 105]);
    }

    #[test]
    fn what_is_too_old_is_silence() {
        let mut history = History::default();
        history.wrote(0, &[1.0; REMEMBERED]);
        history.wrote(REMEMBERED as u64, &[2.0; 10]);
        let splices = VecDeque::from([Splice { position: 0, index: 0 }]);
        let mut out = [9.0; 20];
        history.played(&splices, 0, &mut out);
        assert_eq!((out[9], out[10]), (0.0, 1.0));
        history.played(&splices, REMEMBERED as i64 - 10, &mut out);
        assert_eq!((out[9], out[10]), (1.0, 2.0));
    }
}
