//! The analyser: takes captured frames, finds the signal, follows it, and gives figures.
//!
//! Search: correlates a window of the capture with everything that may have been played. Follow:
//! measures the lag block by block near where it is expected, lets the tracker say what that means,
//! and holds each steady stretch against the signal. When blocks cease to agree the search starts
//! again.

use core::ops::Range;
use std::collections::VecDeque;

use crate::correlate::{Correlator, energy_without_mean, largest};
use crate::disturbance::Disturbances;
use crate::figures::{Figures, NotHeard, Repeat};
use crate::history::{History, Played};
use crate::measure::measure;
use crate::settings::{AnalyserSettings, SettingsError};
use crate::signal::TestSignal;
use crate::sinc;
use crate::slip;
use crate::stretch::{Collected, Fit, Level, delayed};
use crate::summary::Summary;
use crate::tracker::{Block, Step, Tracker};

/// A search has found the signal when its peak stands this many deviations of chance above zero:
/// one false find in 10¹² searches of 2 s.
const FOUND: f64 = 9.0;
/// Short blocks are used while the correlation is so clear that they would stand this far out.
const CLEAR: f64 = 12.0;
/// Frames that a block is searched to either side of the expected lag, at least.
const AROUND: usize = 512;
/// Lags below zero that are searched at least: capture that lost more frames than the loop is long
/// runs ahead of the playback. Where the transform has room, more are searched.
const BELOW_ZERO: usize = 1_024;
const MIN_SHORT_BLOCK: u32 = 256;
const MIN_SEARCH: u32 = 8_192;
/// Repeats without a block that agrees after which the search starts again.
const PATIENCE: i64 = 4;
/// Frames taken at a time, so that a large push does not make large buffers.
const PIECE: usize = 4_096;
/// Repeats kept for [`Analyser::poll_repeat`].
const MAX_UNPOLLED: usize = 4_096;
/// No device delivers more than four times full scale; a broken one may deliver anything.
const MAX_SAMPLE: f32 = 4.0;

/// Measures a loop from its captured frames.
///
/// Costs bounded memory (in proportion to the largest latency) and, once the signal is found, about
/// the same time per frame. Not for an audio callback: it allocates.
///
/// Follows drift of up to 1000 ppm either way. Finds the signal under noise up to some 18 dB louder
/// than itself, and a slip of a single frame under noise up to 14 dB louder; a narrow band or a long
/// echo, which make the lag less certain, cost some of that. A disturbance is reported from 20 dB
/// below the signal on, if it stands out of the residual; a hole in a signal not much louder than
/// the noise, by the 10 ms block (or, below a confidence of 0.55, the repeat) that lacks it; below a
/// confidence of 0.16 holes are not reported. The first repeat is not watched for disturbances.
#[derive(Debug)]
pub struct Analyser {
    rate: u32,
    settings: AnalyserSettings,
    captured: History,
    played: Played,
    search: Correlator,
    short: Correlator,
    long: Correlator,
    /// Lengths of a search window, a short block and a long block (a repeat), in frames.
    search_frames: i64,
    short_frames: i64,
    long_frames: i64,
    /// First captured frame that was not looked at.
    cursor: i64,
    target: Option<Target>,
    tracker: Tracker,
    /// Usual correlation of a block, 0 to 1.
    clarity: f64,
    /// The signal was missing from a block, since the last steady stretch, that should have had it.
    missed: bool,
    level: Level,
    collected: Collected,
    disturbances: Disturbances,
    summary: Summary,
    unpolled: VecDeque<Repeat>,
}

/// Where the signal is followed.
#[derive(Debug, Clone, Copy)]
struct Target {
    lag: f64,
    /// Captured frame at which to give up, unless a block agrees before.
    until: i64,
    /// Fresh from the search: no block has agreed yet.
    is_trial: bool,
}

impl Analyser {
    /// An analyser for a capture of `signal`, played from its frame 0 on (whatever the position of
    /// this copy).
    ///
    /// # Errors
    /// [`SettingsError`] if the settings are out of range.
    pub fn new(signal: &TestSignal, settings: AnalyserSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let long = settings.repeat_frames;
        let short = (long / 10).max(MIN_SHORT_BLOCK);
        let search = (2 * long).max(MIN_SEARCH);
        let latency = settings.max_latency_frames as usize;
        let shifts = 2 * (AROUND + sinc::REACH) + 1;
        let mut analyser = Self {
            rate: signal.rate(),
            settings,
            captured: History::starting_at(0),
            played: Played::new(signal, 0),
            search: Correlator::new(search as usize, latency + BELOW_ZERO + 1),
            short: Correlator::new(short as usize, shifts),
            long: Correlator::new(long as usize, shifts),
            search_frames: i64::from(search),
            short_frames: i64::from(short),
            long_frames: i64::from(long),
            cursor: 0,
            target: None,
            tracker: Tracker::default(),
            clarity: 0.0,
            missed: false,
            level: Level::default(),
            collected: Collected::default(),
            disturbances: Disturbances::new(signal.rate()),
            summary: Summary::new(),
            unpolled: VecDeque::new(),
        };
        analyser.played = Played::new(signal, analyser.first_played_needed(0));
        Ok(analyser)
    }

    /// Takes the next captured frames, any number of them. Samples that are no numbers count as
    /// silence, and samples beyond ±4 as ±4.
    pub fn push(&mut self, captured: &[f32]) {
        for piece in captured.chunks(PIECE) {
            let is_zero = piece.iter().all(|x| *x == 0.0);
            let sound = |x: &f32| if x.is_nan() { 0.0 } else { x.clamp(-MAX_SAMPLE, MAX_SAMPLE) };
            let piece: Vec<f32> = piece.iter().map(sound).collect();
            self.summary.captured(&piece, is_zero);
            self.captured.extend(piece);
            while self.advance() {}
            self.forget();
        }
    }

    /// Says that `frames` captured frames were lost before the next push. They count in every frame
    /// index, and are not reported as a glitch: the caller knows. A slip across them is.
    pub fn gap(&mut self, frames: u64) {
        let end = self.captured.end();
        let after = i64::try_from(frames).unwrap_or(i64::MAX).min(i64::MAX / 4 - end) + end;
        self.summary.lost(frames);
        self.captured.restart(after);
        self.cursor = after;
        self.collected = Collected::default();
        self.close_disturbance();
        if let Some(target) = &mut self.target {
            target.until = after + PATIENCE * self.long_frames;
        }
        self.forget();
    }

    /// The oldest repeat that was not polled yet. The latest 4096 are kept.
    pub fn poll_repeat(&mut self) -> Option<Repeat> {
        self.unpolled.pop_front()
    }

    /// The figures so far. The last tens of milliseconds, or all frames since the signal was last
    /// heard, are not decided yet and not in them.
    ///
    /// # Errors
    /// [`NotHeard`] while the signal was not found in what was captured.
    pub fn figures(&self) -> Result<Figures, NotHeard> {
        let needed = self.search_frames + 2 * self.long_frames;
        self.summary.figures(self.rate, self.settings.floor_dbfs, needed.unsigned_abs())
    }

    /// The figures of everything that was captured.
    ///
    /// # Errors
    /// [`NotHeard`] if the signal was not found.
    pub fn finish(mut self) -> Result<Figures, NotHeard> {
        if self.target.is_none() {
            let rest = self.captured.end() - self.cursor;
            if (self.long_frames..self.search_frames).contains(&rest) {
                self.search(rest);
                while self.advance() {}
            }
        }
        if let Some(last) = self.tracker.last()
            && self.missed
        {
            self.disturbed(last.end()..self.captured.end());
        }
        self.close_disturbance();
        self.end_repeat();
        self.figures()
    }

    /// Looks at the next frames, if there are enough. False if there are not.
    fn advance(&mut self) -> bool {
        let frames = match self.target {
            None => self.search_frames,
            Some(_) if self.is_clear(self.short_frames, CLEAR) => self.short_frames,
            Some(_) => self.long_frames,
        };
        if self.cursor + frames > self.captured.end() {
            return false;
        }
        match self.target {
            None => self.search(frames),
            Some(target) => self.follow(target, frames),
        }
        true
    }

    fn is_clear(&self, frames: i64, deviations: f64) -> bool {
        self.clarity * (frames as f64).sqrt() >= deviations
    }

    /// Looks for the signal, at any lag, in the next `frames`.
    fn search(&mut self, frames: i64) {
        let start = self.cursor;
        self.cursor += frames;
        let latency = i64::from(self.settings.max_latency_frames);
        let below_zero = self.search.shifts(frames as usize) as i64 - latency - 1;
        let rms = self.played.rms();
        let captured = self.captured.get(start, start + frames);
        let played = self.played.get(start - latency, start + frames + below_zero);
        let (Some(captured), Some(played)) = (captured, played) else { return };
        let energy = energy_without_mean(captured);
        if energy <= 0.0 {
            return;
        }
        let correlation = self.search.correlate(captured, played);
        let (index, peak) = largest(correlation, 0..correlation.len());
        let lag = latency - index as i64;
        // In units of the deviation that unrelated signals would give.
        if f64::from(peak) < FOUND * energy.sqrt() * rms {
            return;
        }
        // Nothing is heard before the signal has arrived and faded in.
        self.cursor = start.max(lag + i64::from(self.rate / 100));
        // Drift smears the peak over such a window, so its height says little: short blocks first.
        self.clarity = 1.0;
        let until = self.cursor + PATIENCE * self.long_frames;
        self.target = Some(Target { lag: lag as f64, until, is_trial: true });
    }

    /// Measures the next block near the target, and draws the conclusions.
    fn follow(&mut self, target: Target, frames: i64) {
        let start = self.cursor;
        self.cursor += frames;
        let Some(captured) = self.captured.get(start, self.cursor) else { return };
        let correlator = if frames == self.short_frames { &mut self.short } else { &mut self.long };
        let drift = self.tracker.drift();
        let block = measure(correlator, start, captured, &mut self.played, target.lag, drift);
        match self.tracker.take(block) {
            Step::Unclear if self.cursor >= target.until => {
                self.missed |=
                    self.tracker.last().is_some() && self.is_clear(self.long_frames, CLEAR - 1.0);
                self.target = None;
            }
            Step::Unclear if block.is_believed() => {
                self.target = Some(Target { lag: block.lag, ..target });
            }
            // The signal may be too weak for blocks this short.
            Step::Unclear if target.is_trial => self.clarity *= 0.9,
            Step::Unclear => self.missed |= self.is_clear(frames, CLEAR - 1.0),
            Step::Steady { from, to } => {
                if self.summary.is_empty() && self.collected.frames() == 0 {
                    // Echoes and control loops of the device are still building up.
                    self.disturbances.ignore_until(from.start + self.long_frames);
                }
                let found = self.hold_against_signal(&from, &to);
                if self.missed && !found {
                    self.disturbed(from.end()..to.start);
                }
                self.agreed(&target, &to);
            }
            Step::Slip { before, after, to, frames } => {
                let inserted = frames.max(0);
                let at = self.locate(&before, &after, frames).unwrap_or(before.end());
                // What the change did to the blocks around it is accounted for.
                self.disturbances.ignore_until(at + inserted + i64::from(self.rate / 100));
                self.summary.slip(at, frames);
                self.collected = Collected::default();
                self.hold_against_signal(&after, &to);
                self.agreed(&target, &to);
            }
        }
    }

    fn agreed(&mut self, target: &Target, block: &Block) {
        self.missed = false;
        let weight = if target.is_trial { 1.0 } else { 0.2 };
        self.clarity += weight * (block.correlation - self.clarity);
        let next = self.cursor + self.short_frames / 2;
        let lag = self.tracker.expected(next).unwrap_or(block.lag);
        let until = self.cursor + PATIENCE * self.long_frames;
        self.target = Some(Target { lag, until, is_trial: false });
    }

    /// Between two blocks that agree: adds to the repeat, looks for disturbances. True if there are
    /// any.
    fn hold_against_signal(&mut self, from: &Block, to: &Block) -> bool {
        let (start, end) = (from.middle(), to.middle());
        let slope = (to.lag - from.lag) / (end - start) as f64;
        let lag = |frame: i64| from.lag + slope * (frame - start) as f64;
        let Some((captured, delayed)) = self
            .captured
            .get(start, end)
            .and_then(|captured| Some((captured, delayed(&mut self.played, start..end, lag)?)))
        else {
            self.collected = Collected::default();
            return false;
        };
        let fit = Fit::new(captured, &delayed);
        self.level.update(&fit);
        let residual = self.level.residual(captured, &delayed);
        let summary = &mut self.summary;
        let signal_rms = self.level.gain().abs() * self.played.rms();
        let found =
            self.disturbances.look(start, &residual, signal_rms, |over| summary.disturbed(&over));
        self.collected.add(start, 0.5 * (from.lag + to.lag), &fit);
        if self.collected.frames() >= self.long_frames.unsigned_abs() {
            self.end_repeat();
        }
        found
    }

    /// Where the lag changed by `frames`, if the captured frames are still here.
    fn locate(&mut self, before: &Block, after: &Block, frames: i64) -> Option<i64> {
        let region: Range<i64> = before.start..after.end();
        let drift = self.tracker.drift();
        let gain = self.level.gain() as f32;
        let captured = self.captured.get(region.start, region.end)?;
        let [old, new] = [before, after].map(|block| {
            let lag = |frame: i64| block.lag + drift * (frame - block.middle()) as f64;
            let mut frames = delayed(&mut self.played, region.clone(), lag)?;
            frames.iter_mut().for_each(|x| *x *= gain);
            Some(frames)
        });
        let inserted = usize::try_from(frames).unwrap_or(0);
        slip::locate(captured, &old?, &new?, inserted).map(|at| region.start + at as i64)
    }

    fn end_repeat(&mut self) {
        let collected = core::mem::take(&mut self.collected);
        if let Some(repeat) = collected.repeat() {
            self.summary.repeat(repeat, collected.peak);
            if self.unpolled.len() == MAX_UNPOLLED {
                self.unpolled.pop_front();
            }
            self.unpolled.push_back(repeat);
        }
    }

    fn disturbed(&mut self, frames: Range<i64>) {
        let summary = &mut self.summary;
        self.disturbances.add(frames, |over| summary.disturbed(&over));
    }

    fn close_disturbance(&mut self) {
        if let Some(over) = self.disturbances.close() {
            self.summary.disturbed(&over);
        }
    }

    /// Lets go of frames that nothing will ask for.
    fn forget(&mut self) {
        let usual = self.cursor - 2 * self.long_frames;
        let oldest = usual - (PATIENCE + 2) * self.long_frames - self.search_frames;
        // While the signal is lost, the frames since it was last heard may hold a slip.
        let first = self.tracker.last().map_or(usual, |last| last.start.clamp(oldest, usual));
        self.captured.forget_before(first);
        self.played.forget_before(self.first_played_needed(first));
    }

    /// First played frame that can be asked for when captured frames from `first` on are: room for
    /// the largest latency, for the search around it, and for drift beyond it.
    fn first_played_needed(&self, first: i64) -> i64 {
        let around = self.long.shifts(self.long_frames as usize) as i64;
        first - i64::from(self.settings.max_latency_frames) - around - 2 * self.long_frames
    }
}
