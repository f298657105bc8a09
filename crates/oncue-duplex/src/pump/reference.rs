//! What was at the speaker: the mix that was written, kept so that each captured frame can be given what was played at
//! its time. That is what an echo canceller needs.
//!
//! Pure. Which of the written samples the device took when, silence between them included, is known from the splices
//! of the playback stream.

use crate::ring::Splice;
use core::ops::Range;
use std::collections::VecDeque;

/// Samples that are remembered: 1.4 s at 48 kHz, more than the rings and a device hold.
const REMEMBERED: usize = 1 << 16;

/// The written samples of the last second or so, by their position.
pub(crate) struct History {
    samples: Box<[f32]>,
    /// The position after the last sample.
    end: u64,
}

/// Which of the written samples the device took when.
pub(crate) struct Played<'endpoint> {
    /// From each splice on, up to the next, samples were taken without a gap; oldest first.
    pub(crate) splices: &'endpoint VecDeque<Splice>,
    /// What the device takes next, and not before that index.
    pub(crate) next: Splice,
    /// From where the stream began, to a block ahead of the device, which is enough where that gives no delays.
    pub(crate) known: Range<u64>,
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

    /// What the device played from playback index `index` on: silence where that was no written sample.
    pub(crate) fn played(&self, played: &Played<'_>, index: i64, out: &mut [f32]) {
        let Played { splices, next, known } = played;
        let first = u64::try_from(index).unwrap_or_default();
        let later = splices.partition_point(|splice| splice.index <= first);
        let mut now = later.checked_sub(1).and_then(|last| splices.get(last));
        // What an earlier run or stream had taken, it did not go on with.
        now = now.filter(|splice| splice.index >= known.start);
        let mut later = splices.range(later..).chain(core::iter::once(next)).peekable();
        for (at, sample) in (index..).zip(out) {
            *sample = 0.0;
            let Ok(at) = u64::try_from(at) else { continue };
            while let Some(splice) = later.next_if(|splice| splice.index <= at) {
                now = Some(splice).filter(|splice| splice.index >= known.start);
            }
            let Some(splice) = now else { continue };
            let position = splice.position.saturating_add(at - splice.index);
            // Up to the next splice that many samples were played, and silence after them.
            if known.contains(&at) && later.peek().is_none_or(|then| position < then.position) {
                *sample = self.at(position);
            }
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
        let next = Splice { position: 95, index: 110 };
        let played = Played { splices: &splices, next, known: 10..114 };
        history.played(&played, -5, &mut out);
        assert_eq!(out[..15], [0.0; 15]);
        assert_eq!(out[15..55], samples[..40]);
        assert_eq!(out[55..60], [0.0; 5]);
        assert_eq!(out[60..90], samples[40..70]);
        assert_eq!(out[90..105], samples[80..95]);
        assert_eq!(out[105..110], [0.0; 5], "the device has found nothing");
        // What is to be played next if nothing is inserted, as far as it is foreseen.
        history.played(&played, 108, &mut out);
        assert_eq!(out[..2], [0.0; 2]);
        assert_eq!(out[2..6], samples[95..99]);
        assert_eq!(out[6..], [0.0; 104]);
    }

    #[test]
    fn what_is_too_old_is_silence() {
        let mut history = History::default();
        history.wrote(0, &[1.0; REMEMBERED]);
        history.wrote(REMEMBERED as u64, &[2.0; 10]);
        let splices = VecDeque::from([Splice { position: 0, index: 0 }]);
        let mut out = [9.0; 20];
        let next = Splice { position: u64::MAX, index: u64::MAX };
        let played = Played { splices: &splices, next, known: 0..u64::MAX };
        history.played(&played, 0, &mut out);
        assert_eq!((out[9], out[10]), (0.0, 1.0));
        history.played(&played, REMEMBERED as i64 - 10, &mut out);
        assert_eq!((out[9], out[10]), (1.0, 2.0));
    }
}
