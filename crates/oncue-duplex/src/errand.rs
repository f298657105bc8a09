//! A call into a host that nobody has to wait for: on a thread of its own, which can be given up.
//!
//! What a dead server may hold for ever (dropping a stream, connecting anew) is sent on an errand. Who sent it looks
//! now and then; past its deadline it is abandoned, is counted in [`abandoned_threads`](crate::abandoned_threads) until
//! it ends, and drops what it brings back on its own thread. It knows no audio.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: this is how the device thread leaves calls to others"
)]

use crate::device_thread::{Desk, thread_of};
use crate::error::{DeviceError, Operation};
use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A call under way, which brings back an `R`. Dropped, it goes on by itself and is not counted.
pub(crate) struct Errand<R> {
    desk: Desk,
    bag: Arc<Bag<R>>,
    since: Instant,
}

struct Bag<R> {
    state: Mutex<State<R>>,
    changed: Condvar,
}

enum State<R> {
    UnderWay,
    Back(R),
    /// The thread ended without a result: it panicked.
    Lost,
    /// Nobody wants the result any more.
    Unwanted,
}

impl<R> Bag<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `state` in, and hands back what it replaced; nothing goes into a bag that is not wanted.
    fn put(&self, state: State<R>) -> State<R> {
        let mut held = self.lock();
        if matches!(*held, State::Unwanted) {
            return state;
        }
        let before = core::mem::replace(&mut *held, state);
        self.changed.notify_all();
        before
    }
}

/// Says that the thread brings nothing, unless it did.
struct Lost<R>(Arc<Bag<R>>);

impl<R> Drop for Lost<R> {
    fn drop(&mut self) {
        let mut held = self.0.lock();
        if matches!(*held, State::UnderWay) {
            *held = State::Lost;
            self.0.changed.notify_all();
        }
    }
}

impl<R: Send + 'static> Errand<R> {
    /// Starts `job` on a thread of its own, where it says on the desk what it does.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(crate) fn send(
        operation: Operation,
        job: impl FnOnce(&Desk) -> R + Send + 'static,
    ) -> Result<Self, DeviceError> {
        let bag = Arc::new(Bag { state: Mutex::new(State::UnderWay), changed: Condvar::new() });
        let desk = Desk::new(operation);
        let (there, shown) = (Arc::clone(&bag), desk.clone());
        thread_of(&desk, "oncue-errand", move || {
            let lost = Lost(there);
            let result = job(&shown);
            // What nobody wants is dropped here: that may hang.
            drop(lost.0.put(State::Back(result)));
        })?;
        Ok(Self { desk, bag, since: Instant::now() })
    }

    /// Its result, once it is there.
    pub(crate) fn poll(&mut self) -> Option<Result<R, DeviceError>> {
        let mut held = self.bag.lock();
        match core::mem::replace(&mut *held, State::UnderWay) {
            State::Back(result) => Some(Ok(result)),
            State::Lost => Some(Err(DeviceError::Panicked { operation: self.desk.operation() })),
            under_way => {
                *held = under_way;
                None
            }
        }
    }

    /// Its result, if it is there within `patience`.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<Result<R, DeviceError>> {
        let held = self.bag.lock();
        let under_way = |state: &mut State<R>| matches!(state, State::UnderWay);
        drop(
            self.bag
                .changed
                .wait_timeout_while(held, patience, under_way)
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.poll()
    }

    /// How long it has been under way.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// What it does.
    pub(crate) fn operation(&self) -> Operation {
        self.desk.operation()
    }

    /// Gives it up: it counts as abandoned until it ends, as the desk tells. What it had brought at that very moment
    /// is the caller's.
    pub(crate) fn abandon(self) -> (Desk, Option<R>) {
        let brought = match self.bag.put(State::Unwanted) {
            State::Back(result) => Some(result),
            State::Lost => None,
            State::UnderWay | State::Unwanted => {
                self.desk.give_up();
                None
            }
        };
        (self.desk, brought)
    }
}

/// Does `job` on a thread of its own and waits for its result, at most `deadline`; then the thread is given up.
///
/// # Errors
/// [`DeviceError::TimedOut`], or that the host panicked.
pub(crate) fn with_deadline<R: Send + 'static>(
    operation: Operation,
    deadline: Duration,
    job: impl FnOnce() -> R + Send + 'static,
) -> Result<R, DeviceError> {
    let mut errand = Errand::send(operation, move |_| job())?;
    if let Some(result) = errand.wait(deadline) {
        return result;
    }
    let operation = errand.operation();
    let (_desk, late) = errand.abandon();
    late.ok_or(DeviceError::TimedOut { operation, after: deadline })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_thread::{ALONE, abandoned_threads};
    use core::sync::atomic::{AtomicBool, Ordering};

    const LONG: Duration = Duration::from_secs(60);

    fn until(condition: impl Fn() -> bool) {
        while !condition() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn it_brings_back_its_result_once() {
        let mut errand = Errand::send(Operation::List, |_| 7).unwrap();
        assert_eq!(errand.wait(LONG), Some(Ok(7)));
        assert_eq!(errand.poll(), None);
    }

    #[test]
    fn a_panic_of_the_host_is_an_error() {
        let result = with_deadline(Operation::List, LONG, || {
            if core::hint::black_box(true) { panic!("a bug") } else { 1 }
        });
        assert_eq!(result, Err(DeviceError::Panicked { operation: Operation::List }));
    }

    #[test]
    fn an_abandoned_one_is_counted_until_it_ends_and_drops_what_it_brings() {
        let _alone = ALONE.lock();
        let release = Arc::new(AtomicBool::new(false));
        let (hang, brought) = (Arc::clone(&release), Arc::new(()));
        let kept = Arc::downgrade(&brought);
        let mut errand = Errand::send(Operation::OpenHost, move |_| {
            until(|| hang.load(Ordering::Acquire));
            brought
        })
        .unwrap();
        assert!(errand.wait(Duration::from_millis(5)).is_none());
        let (desk, late) = errand.abandon();
        assert!(late.is_none() && !desk.ended());
        assert_eq!(abandoned_threads(), 1);
        release.store(true, Ordering::Release);
        until(|| desk.ended());
        assert_eq!(abandoned_threads(), 0);
        assert!(kept.upgrade().is_none());
    }

    #[test]
    fn what_came_back_before_it_was_abandoned_is_not_lost() {
        let errand = Errand::send(Operation::List, |_| 7).unwrap();
        until(|| errand.desk.ended());
        assert_eq!(errand.abandon().1, Some(7));
    }
}
