//! How the positions of both streams stand to each other, from the times of their callbacks. Pure.
//!
//! A callback may come late and never early. So of every stretch of time the earliest callback counts, and a line
//! through those of about the last second says where its stream stood at any time.

use std::collections::VecDeque;

/// A stretch of which one callback counts, in ns: several blocks of any host, and short beside a second.
const STRETCH: i64 = 125_000_000;

/// Stretches that a line is drawn through.
const STRETCHES: usize = 8;

/// Pairs of stretches.
const PAIRS: usize = STRETCHES * (STRETCHES - 1) / 2;

/// How the positions of capture and playback stand to each other at the same instant.
#[derive(Clone, Debug)]
pub struct Alignment {
    /// Nominal, in frames per ns.
    rate: f64,
    capture: Track,
    playback: Track,
}

impl Alignment {
    /// Of two streams that run at `rate` Hz, each by its own clock.
    pub fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate) * 1e-9, capture: Track::default(), playback: Track::default() }
    }

    /// The capture stream stood at `index` at time `at` (ns).
    pub fn capture(&mut self, at: i64, index: u64) {
        self.capture.remember(at, index, self.rate);
    }

    /// The playback stream stood at `index` at time `at` (ns, on the same clock).
    pub fn playback(&mut self, at: i64, index: u64) {
        self.playback.remember(at, index, self.rate);
    }

    /// Forgets everything: the streams were started anew.
    pub fn clear(&mut self) {
        self.capture = Track::default();
        self.playback = Track::default();
    }

    /// Capture position less playback position at the same instant, the latest of playback, in frames; `None` until
    /// both are known.
    ///
    /// A sample that was played at playback index `p` and came back at capture index `c` took `c - p - offset` frames.
    pub fn offset(&self) -> Option<f64> {
        let now = self.playback.latest;
        Some(self.capture.position(now, self.rate)? - self.playback.position(now, self.rate)?)
    }
}

/// One stream.
#[derive(Clone, Debug, Default)]
struct Track {
    earliest: VecDeque<Stamp>,
    latest: i64,
}

/// The callback of a stretch that came earliest for its index.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    /// When the stretch began, in ns.
    from: i64,
    at: i64,
    index: u64,
    /// Time less what the index takes at the nominal rate, in ns.
    lateness: f64,
}

impl Track {
    fn remember(&mut self, at: i64, index: u64, rate: f64) {
        self.latest = at;
        let stamp = Stamp { from: at, at, index, lateness: at as f64 - index as f64 / rate };
        match self.earliest.back_mut() {
            Some(best) if at - best.from < STRETCH => {
                if stamp.lateness < best.lateness {
                    *best = Stamp { from: best.from, ..stamp };
                }
            }
            _ => {
                // The stretch that is not over does not count yet.
                if self.earliest.len() > STRETCHES {
                    self.earliest.pop_front();
                }
                self.earliest.push_back(stamp);
            }
        }
    }

    /// Where the stream stood at time `at`, in frames, by the line of Theil and Sen: a few stretches in which every
    /// callback was late do not move it.
    fn position(&self, at: i64, rate: f64) -> Option<f64> {
        let over = self.earliest.len().saturating_sub(1).max(1);
        let mut points = [(0.0, 0.0); STRETCHES];
        let mut count = 0;
        for (point, stamp) in points.iter_mut().zip(self.earliest.iter().take(over)) {
            let since = (stamp.at - at) as f64;
            *point = (since, stamp.index as f64 - since * rate);
            count += 1;
        }
        let points = points.get(..count)?;
        let slopes = points.iter().enumerate().flat_map(|(i, (since, position))| {
            let later = points.iter().skip(i + 1);
            later.map(move |(until, next)| (next - position) / (until - since))
        });
        let slope = if count < 3 { 0.0 } else { median(slopes)? };
        median(points.iter().map(|(since, position)| position - slope * since))
    }
}

/// The middle one of at most [`PAIRS`] values, or of two the mean.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted = [0.0; PAIRS];
    let mut count = 0;
    for (slot, value) in sorted.iter_mut().zip(values) {
        *slot = value;
        count += 1;
    }
    let sorted = sorted.get_mut(..count)?;
    sorted.sort_unstable_by(f64::total_cmp);
    let (upper, lower) = (sorted.get(count / 2)?, sorted.get(count.saturating_sub(1) / 2)?);
    Some((upper + lower) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_known_from_one_direction() {
        let mut alignment = Alignment::new(48_000);
        for k in 0..20 {
            alignment.playback(k * 10_000_000, k as u64 * 480);
        }
        assert_eq!(alignment.offset(), None);
        alignment.capture(190_000_000, 7);
        assert_eq!(alignment.offset(), Some(7.0 - 19.0 * 480.0));
        alignment.clear();
        assert_eq!(alignment.offset(), None);
    }

    #[test]
    fn a_loss_that_the_index_does_not_show_is_followed_within_a_second() {
        let mut alignment = Alignment::new(48_000);
        for k in 0..300 {
            let at = k as i64 * 10_000_000;
            // After a second the capture device loses 48 frames, of which nobody is told.
            let lost = if k < 100 { 0 } else { 48 };
            alignment.playback(at, k * 480);
            alignment.capture(at, k * 480 + 1_000 - lost);
        }
        assert_eq!(alignment.offset(), Some(952.0));
    }

    proptest! {
        /// Blocks of any sizes on two clocks of any phase: the offset is what the clocks say, though of both directions
        /// every other stamp comes up to 5 ms late, and a stall of 200 ms delays all.
        #[test]
        fn exact_between_drifting_clocks_with_late_stamps(
            ppm in -200.0..200.0_f64,
            phase in 0..10_000_000_i64,
            capture_block in 24..1_200_u64,
            playback_block in 24..1_200_u64,
            late in prop::collection::vec(0..5_000_000_i64, 64),
            stall in 1_000_000_000..1_500_000_000_i64,
        ) {
            let rate_p = 48_000.0 / 1e9;
            let rate_c = rate_p * (1.0 + ppm * 1e-6);
            let seen = |at: f64, k: u64| {
                let at = at as i64 + if k % 2 == 1 { late[k as usize % 64] } else { 0 };
                if (stall..stall + 200_000_000).contains(&at) { stall + 200_000_000 } else { at }
            };
            let mut alignment = Alignment::new(48_000);
            let end = 2_500_000_000.0;
            let stamps = |block: u64, rate: f64, phase: f64| {
                (0..).map(move |k| (block as f64 * k as f64 / rate + phase, k)).take_while(move |(at, _)| *at < end)
            };
            for (at, k) in stamps(playback_block, rate_p, 0.0) {
                alignment.playback(seen(at, k), k * playback_block);
            }
            for (at, k) in stamps(capture_block, rate_c, phase as f64) {
                alignment.capture(seen(at, k), k * capture_block);
            }
            let offset = alignment.offset().unwrap();
            let truth = (end - phase as f64) * rate_c - end * rate_p;
            // The offset is of the latest playback, which came a block before the end or 5 ms late.
            let slack = 0.05 + ppm.abs() * 1e-6 * 0.03 * 48_000.0;
            prop_assert!((offset - truth).abs() < slack, "{} instead of {}", offset, truth);
        }
    }
}
