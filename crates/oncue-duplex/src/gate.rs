//! The gate that a callback must pass to do anything: closed means that no callback is inside, and none gets in.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::time::Instant;

const OPEN: u32 = 1;
const SEALED: u32 = 2;
const INSIDE: u32 = 4;

/// Closed at first. One callback enters and leaves it; any thread opens and closes it.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicU32);

impl Gate {
    /// Opens the gate, unless it is sealed.
    pub(crate) fn open(&self) {
        // Failing to update means sealed, which is an answer and not an error.
        let _ = self.0.try_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            (state & SEALED == 0).then_some(state | OPEN)
        });
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) & OPEN != 0
    }

    /// Closes the gate and waits, at most `patience`, until no callback is inside. True when none is.
    pub(crate) fn close(&self, patience: Duration) -> bool {
        self.0.fetch_and(!OPEN, Ordering::AcqRel);
        let start = Instant::now();
        while self.0.load(Ordering::Acquire) >= INSIDE {
            if start.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        true
    }

    /// Closes the gate for good, without waiting: what still runs behind it belongs to a thread that was given up.
    pub(crate) fn seal(&self) {
        self.0.fetch_or(SEALED, Ordering::AcqRel);
        self.0.fetch_and(!OPEN, Ordering::AcqRel);
    }

    /// A callback's way in: wait-free.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        let inside = Inside(self);
        let before = self.0.fetch_add(INSIDE, Ordering::AcqRel);
        (before & OPEN != 0).then_some(inside)
    }
}

/// Held by a callback while it is inside.
#[derive(Debug)]
pub(crate) struct Inside<'gate>(&'gate Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(INSIDE, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicBool;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn nobody_enters_a_closed_gate() {
        let gate = Gate::default();
        assert!(gate.enter().is_none());
        gate.open();
        assert!(gate.enter().is_some());
        assert!(gate.close(PATIENCE));
        assert!(gate.enter().is_none());
    }

    #[test]
    fn close_waits_for_who_is_inside_but_not_for_ever() {
        let gate = Gate::default();
        gate.open();
        let inside = gate.enter().unwrap();
        assert!(!gate.close(Duration::ZERO));
        drop(inside);
        assert!(gate.close(Duration::ZERO));
    }

    #[test]
    fn a_sealed_gate_stays_closed() {
        let gate = Gate::default();
        gate.open();
        gate.seal();
        gate.open();
        assert!(gate.enter().is_none());
    }

    #[test]
    fn after_close_returned_nobody_works() {
        let gate = Gate::default();
        let closed = AtomicBool::new(false);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    if let Some(_inside) = gate.enter() {
                        assert!(!closed.load(Ordering::SeqCst));
                        core::hint::spin_loop();
                        assert!(!closed.load(Ordering::SeqCst));
                    }
                }
            });
            for _ in 0..2000 {
                gate.open();
                core::hint::spin_loop();
                assert!(gate.close(PATIENCE));
                closed.store(true, Ordering::SeqCst);
                core::hint::spin_loop();
                closed.store(false, Ordering::SeqCst);
            }
            stop.store(true, Ordering::Release);
        });
    }
}
