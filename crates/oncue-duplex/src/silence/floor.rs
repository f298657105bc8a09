//! How quiet a microphone that is alive gets: its floor, learned from the pauses of what was heard.
//!
//! Pure. An analogue mute leaves the converter's own noise, not zeros (−63 dBFS was seen), so that only the level that
//! pauses had before tells a muted microphone from a quiet room.

use super::blocks::BlockStats;

/// How far below what came before and after it a pause is at least, in dB.
const PAUSE_DB: f32 = 12.0;

/// How far from the mean the levels within a pause may be, in dB: noise is steady, the decay of a sound is not.
const STEADY_DB: f32 = 1.5;

/// What is louder than this is no pause, in dBFS: a held note is steady too.
const LOUDEST_DBFS: f32 = -40.0;

/// Windows that a pause lasts at least: 0.4 s.
const PAUSE_WINDOWS: u32 = 4;

/// Windows within which what follows a pause has to come up.
const RISE_WINDOWS: u32 = 5;

/// How fast the level that a pause is held against is forgotten, in dB a window.
const FORGET_DB: f32 = 0.5;

/// Pauses before the floor counts as learned.
const LEARNED: usize = 3;

/// Pauses that are remembered: the quietest of them is the floor.
const REMEMBERED: usize = 8;

/// The learned floor of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Floor {
    /// The present window of 100 ms.
    energy: f32,
    frames: u32,
    /// The loudest level lately, in dBFS.
    loud: Option<f32>,
    /// What may become a pause.
    candidate: Option<Pause>,
    /// A pause that waits for the rise after it: its level, and windows left.
    rise: Option<(f32, u32)>,
    pauses: [f32; REMEMBERED],
    count: usize,
}

/// Windows of a steady level.
#[derive(Clone, Copy, Debug)]
struct Pause {
    /// The loudest level before it, in dBFS.
    before: f32,
    /// Its mean level, in dBFS.
    level: f32,
    windows: u32,
}

impl Floor {
    /// The floor in dBFS, if it is learned.
    pub(super) fn dbfs(&self) -> Option<f32> {
        let pauses = self.pauses.get(..self.count.min(REMEMBERED))?;
        (self.count >= LEARNED).then(|| pauses.iter().copied().fold(0.0, f32::min))
    }

    /// Takes in a block of a stream of `rate` Hz. Zeros mean that a gate or a mute is at work, and pauses are not the
    /// room's: what was learned is forgotten.
    pub(super) fn saw(&mut self, block: &BlockStats, rate: u32) {
        if block.zeros_at_start == block.frames {
            (self.energy, self.frames) = (0.0, 0);
            (self.candidate, self.rise, self.count) = (None, None, 0);
            return;
        }
        self.energy += block.energy;
        self.frames = self.frames.saturating_add(block.frames);
        if self.frames >= rate / 10 {
            let level = 10.0 * (self.energy / self.frames as f32).log10();
            (self.energy, self.frames) = (0.0, 0);
            if level.is_finite() {
                self.window(level);
            }
        }
    }

    fn window(&mut self, level: f32) {
        let candidate = self.candidate.take();
        if let Some(Pause { before, level: mean, windows }) = candidate
            && (level - mean).abs() <= STEADY_DB
        {
            let windows = windows + 1;
            let mean = mean + (level - mean) / windows as f32;
            self.candidate = Some(Pause { before, level: mean, windows });
            return;
        }
        if let Some(pause) = candidate
            && pause.windows >= PAUSE_WINDOWS
            && pause.level <= LOUDEST_DBFS.min(pause.before - PAUSE_DB)
        {
            self.rise = Some((pause.level, RISE_WINDOWS));
        }
        // The window in which a sound begins is cut by it, so that the rise may take one more.
        if let Some((pause, left)) = self.rise.take() {
            if level >= pause + PAUSE_DB {
                if let Some(slot) = self.pauses.get_mut(self.count % REMEMBERED) {
                    *slot = pause;
                }
                self.count += 1;
            } else if left > 1 && level > pause {
                self.rise = Some((pause, left - 1));
            }
        }
        let loud = self.loud.map_or(level, |loud| (loud - FORGET_DB).max(level));
        self.loud = Some(loud);
        self.candidate = Some(Pause { before: loud, level, windows: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 ms at a level.
    fn window(floor: &mut Floor, dbfs: f32) {
        let energy = 10_f32.powf(dbfs / 10.0) * 4800.0;
        floor.saw(&BlockStats { frames: 4800, blocks: 1, energy, ..BlockStats::default() }, 48_000);
    }

    fn windows(floor: &mut Floor, levels: &[f32]) {
        levels.iter().for_each(|level| window(floor, *level));
    }

    #[test]
    fn it_is_the_quietest_of_the_last_pauses() {
        let mut floor = Floor::default();
        let speech = [-20.0, -30.0, -22.0, -35.0, -19.0];
        for pause in [-52.0, -55.0, -53.0] {
            assert_eq!(floor.dbfs(), None);
            windows(&mut floor, &speech);
            windows(&mut floor, &[pause; 5]);
        }
        assert_eq!(floor.dbfs(), None, "nothing was heard after the third");
        windows(&mut floor, &[-45.0]);
        windows(&mut floor, &speech);
        assert!((floor.dbfs().unwrap() + 55.0).abs() < 0.1);
        for _ in 0..REMEMBERED {
            windows(&mut floor, &speech);
            windows(&mut floor, &[-48.0; 5]);
        }
        windows(&mut floor, &speech);
        assert!((floor.dbfs().unwrap() + 48.0).abs() < 0.1, "louder now");
    }

    #[test]
    fn what_is_no_pause_teaches_nothing() {
        let mut floor = Floor::default();
        for _ in 0..20 {
            windows(&mut floor, &[-20.0, -20.0, -20.0, -20.0]);
            // A decay, and a noise that only falls a little.
            windows(&mut floor, &[-25.0, -31.0, -33.0, -35.0, -37.0, -39.0, -41.0, -43.0, -55.0]);
            windows(&mut floor, &[-20.0, -20.0, -29.0, -29.0, -29.0, -29.0, -29.0, -20.0]);
            // A held note.
            windows(&mut floor, &[-10.0, -30.0, -30.0, -30.0, -30.0, -30.0, -10.0]);
        }
        assert_eq!(floor.dbfs(), None);
    }

    #[test]
    fn zeros_are_no_pause_and_what_was_learned_is_no_more() {
        let zeros = BlockStats { frames: 4800, zeros_at_start: 4800, ..BlockStats::default() };
        let mut floor = Floor::default();
        for _ in 0..5 {
            windows(&mut floor, &[-20.0, -60.0, -60.0, -60.0, -60.0, -60.0]);
        }
        assert!(floor.dbfs().is_some());
        for _ in 0..5 {
            windows(&mut floor, &[-20.0]);
            (0..5).for_each(|_| floor.saw(&zeros, 48_000));
        }
        assert_eq!(floor.dbfs(), None);
    }
}
