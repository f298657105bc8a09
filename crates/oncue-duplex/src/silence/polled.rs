//! The watch of an engine: brings it what the callbacks published, whenever the program polls.

#![allow(clippy::disallowed_types, reason = "never used by a callback")]

use super::{Silence, SilenceSettings, SilenceWatch};
use crate::error::Direction;
use crate::shared::Shared;
use core::sync::atomic::Ordering;
use std::sync::PoisonError;
use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Polled {
    watch: SilenceWatch,
    /// The runs in which each direction is watched.
    runs: [Option<u32>; 2],
}

impl Polled {
    pub(crate) fn new(settings: SilenceSettings) -> Self {
        Self { watch: SilenceWatch::new(settings), runs: [None; 2] }
    }

    /// The next silence that began or ended.
    pub(crate) fn poll(&mut self, shared: &Shared, now: Instant) -> Option<Silence> {
        for (direction, watched) in
            [Direction::Playback, Direction::Capture].into_iter().zip(&mut self.runs)
        {
            let side = shared.side(direction);
            let run = side.is_open().then(|| shared.run.load(Ordering::Acquire));
            let mut blocks = side.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = blocks.as_mut().is_some_and(|blocks| core::mem::take(&mut blocks.is_new));
            if *watched != run || is_new {
                *watched = run;
                match run {
                    Some(_) => self.watch.begin(direction, side.format().rate, now),
                    None => self.watch.end(direction),
                }
            }
            self.watch.mute(direction, side.muted.load(Ordering::Relaxed));
            while let Some((of, block)) = blocks.as_mut().and_then(|blocks| blocks.pop()) {
                if Some(of) == run {
                    self.watch.observe(direction, &block, now);
                }
            }
        }
        let next = self.watch.poll(now);
        for direction in [Direction::Playback, Direction::Capture] {
            *shared.side(direction).silence.lock().unwrap_or_else(PoisonError::into_inner) =
                self.watch.silence(direction);
        }
        next
    }
}
