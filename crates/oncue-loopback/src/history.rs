//! The part of a long stream that is still needed, addressed by the stream's own frame indices.
//!
//! Indices are signed: played frames before the first are silence, and are asked for.

use crate::signal::TestSignal;

/// The latest frames of a stream.
#[derive(Debug)]
pub(crate) struct History {
    first: i64,
    frames: Vec<f32>,
}

impl History {
    pub(crate) const fn starting_at(first: i64) -> Self {
        Self { first, frames: Vec::new() }
    }

    /// Index after the last frame.
    pub(crate) const fn end(&self) -> i64 {
        self.first + self.frames.len() as i64
    }

    pub(crate) fn extend(&mut self, frames: impl IntoIterator<Item = f32>) {
        self.frames.extend(frames);
    }

    /// The frames `from..to`, if all of them are still, or already, here.
    pub(crate) fn get(&self, from: i64, to: i64) -> Option<&[f32]> {
        let from = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let to = usize::try_from(to.checked_sub(self.first)?).ok()?;
        self.frames.get(from..to)
    }

    /// Forgets frames before `first`; not at once, so that the cost of moving stays small.
    pub(crate) fn forget_before(&mut self, first: i64) {
        let unneeded = usize::try_from(first - self.first).unwrap_or(0).min(self.frames.len());
        if unneeded > self.frames.len() / 2 {
            self.frames.drain(..unneeded);
            self.first += unneeded as i64;
        }
    }

    /// Forgets everything and goes on at `first`.
    pub(crate) fn restart(&mut self, first: i64) {
        self.first = first;
        self.frames.clear();
    }
}

/// The played signal, made when it is asked for.
#[derive(Debug)]
pub(crate) struct Played {
    signal: TestSignal,
    history: History,
}

impl Played {
    /// The signal, remembered from frame `first` on.
    pub(crate) fn new(signal: &TestSignal, first: i64) -> Self {
        let mut played = Self { signal: signal.clone(), history: History::starting_at(first) };
        played.restart(first);
        played
    }

    /// RMS amplitude of the signal.
    pub(crate) fn rms(&self) -> f64 {
        10_f64.powf(self.signal.level_dbfs() / 20.0)
    }

    /// The frames `from..to`; `None` if `from` is forgotten.
    pub(crate) fn get(&mut self, from: i64, to: i64) -> Option<&[f32]> {
        let missing = to - self.history.end();
        if missing > 0 {
            let mut block = vec![0.0; usize::try_from(missing).ok()?];
            self.signal.fill(&mut block);
            self.history.extend(block);
        }
        self.history.get(from, to)
    }

    /// Forgets frames before `first`. When `first` lies ahead of what was made, what is in between
    /// is never made.
    pub(crate) fn forget_before(&mut self, first: i64) {
        if first > self.history.end() {
            self.restart(first);
        } else {
            self.history.forget_before(first);
        }
    }

    fn restart(&mut self, first: i64) {
        self.history.restart(first);
        let silence = usize::try_from(-first).unwrap_or(0);
        self.history.extend(core::iter::repeat_n(0.0, silence));
        self.signal.seek(u64::try_from(first).unwrap_or(0));
    }
}
