//! The permission to use the hardware that a phone's call system gives and takes.

use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;

use crate::fault::Direction;

/// A handle on a card's permission, by direction; clones share it. Open at first.
///
/// While a direction is closed, capture hears exact zeros, and what is played goes nowhere and does
/// not come back later; the callbacks go on. It opens and closes at the next block.
///
/// A stream that is *started* (`play`) while its direction is closed stays dead in this way even
/// after the gate has opened, until it is paused and played again. So does audio I/O on a phone that
/// starts before the call system has activated the session: it is silently stopped when the call
/// system takes over, and no error says so. The field's rule is that I/O starts after the
/// activation (`io-start-after-did-activate`). A stream that was started in time only falls silent
/// while the gate is closed.
#[derive(Clone, Debug)]
pub struct Gate(Arc<AtomicU8>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(bit(Direction::Capture) | bit(Direction::Playback))))
    }

    /// Opens or closes both directions at once, each as told.
    pub fn set(&self, capture: bool, playback: bool) {
        let capture = if capture { bit(Direction::Capture) } else { 0 };
        let playback = if playback { bit(Direction::Playback) } else { 0 };
        self.0.store(capture | playback, Ordering::Release);
    }

    /// Opens both directions.
    pub fn open(&self) {
        self.set(true, true);
    }

    /// Closes both directions.
    pub fn close(&self) {
        self.set(false, false);
    }

    /// Whether a direction is open.
    pub fn is_open(&self, direction: Direction) -> bool {
        self.0.load(Ordering::Acquire) & bit(direction) != 0
    }
}

fn bit(direction: Direction) -> u8 {
    match direction {
        Direction::Capture => 1,
        Direction::Playback => 2,
    }
}
