//! A thread on which every call into a host is made, and which can be given up.
//!
//! A dead audio server may hold any call for ever, so each one has a deadline. Past it the thread is left behind with
//! what it holds; should the call return after all, the thread drops that and ends. Nothing here waits without a
//! deadline. It knows no audio.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: this is how other threads talk to the device thread"
)]

use crate::error::{DeviceError, Operation};
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// Device threads of this process that were given up and still hang in a host. A figure that grows says that an audio
/// server does not answer.
pub fn abandoned_threads() -> usize {
    ABANDONED.load(Ordering::Relaxed)
}

enum Message<S> {
    Job(Box<dyn FnOnce(&mut S) + Send>),
    Close,
}

/// A thread that owns an `S` and does one job after the other on it.
pub(crate) struct DeviceThread<S> {
    messages: Sender<Message<S>>,
    desk: Desk,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread shows of its work.
#[derive(Clone, Debug)]
pub(crate) struct Desk(Arc<DeskState>);

#[derive(Debug)]
struct DeskState {
    doing: Mutex<Operation>,
    life: AtomicU8,
}

const RUNNING: u8 = 0;
const GIVEN_UP: u8 = 1;
const ENDED: u8 = 2;

impl Desk {
    pub(crate) fn new(operation: Operation) -> Self {
        Self(Arc::new(DeskState { doing: Mutex::new(operation), life: AtomicU8::new(RUNNING) }))
    }

    /// Says what is done from now on.
    pub(crate) fn doing(&self, operation: Operation) {
        *self.0.doing.lock().unwrap_or_else(PoisonError::into_inner) = operation;
    }

    /// True if nobody waits any more, so that what is left of a job is pointless.
    pub(crate) fn given_up(&self) -> bool {
        self.0.life.load(Ordering::Acquire) == GIVEN_UP
    }

    /// True once the thread has ended, or is about to.
    pub(crate) fn ended(&self) -> bool {
        self.0.life.load(Ordering::Acquire) == ENDED
    }

    /// What is done now.
    pub(crate) fn operation(&self) -> Operation {
        *self.0.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the thread as abandoned until it ends.
    pub(crate) fn give_up(&self) {
        if self
            .0
            .life
            .compare_exchange(RUNNING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            ABANDONED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Notes the end of the thread, by a panic too.
struct End(Desk);

impl Drop for End {
    fn drop(&mut self) {
        if self.0.0.life.swap(ENDED, Ordering::AcqRel) == GIVEN_UP {
            ABANDONED.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Runs `work` on a thread whose end the desk shows.
///
/// # Errors
/// There is no thread to be had.
pub(crate) fn thread_of(
    desk: &Desk,
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, DeviceError> {
    let end = End(desk.clone());
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            let _end = end;
            work();
        })
        .map_err(|error| DeviceError::Refused {
            operation: desk.operation(),
            error: cpal::Error::with_message(cpal::ErrorKind::ResourceExhausted, error.to_string()),
        })
}

impl<S: 'static> DeviceThread<S> {
    /// Starts a thread, which makes its `S` itself. Before each job and each wait for one it calls `tick`, and again after
    /// the time that it returns, or only before the next job for `None`.
    pub(crate) fn spawn(
        make: impl FnOnce(Desk) -> S + Send + 'static,
        tick: fn(&mut S) -> Option<Duration>,
    ) -> Result<Self, DeviceError> {
        let desk = Desk::new(Operation::OpenHost);
        let (messages, inbox) = mpsc::channel();
        let shown = desk.clone();
        let thread = thread_of(&desk, "oncue-device", move || {
            let mut state = make(shown.clone());
            work(&mut state, &inbox, &shown, tick);
            drop(state);
        })?;
        Ok(Self { messages, desk, thread: Mutex::new(Some(thread)) })
    }

    /// True if the thread does nothing any more for this end: it was given up, or a panic ended it.
    pub(crate) fn is_given_up(&self) -> bool {
        self.desk.given_up() || self.desk.ended()
    }

    /// True once the thread has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.desk.ended()
    }

    /// Does `job` on the thread and waits for its result, at most `deadline`.
    pub(crate) fn call<R: Send + 'static>(
        &self,
        deadline: Duration,
        job: impl FnOnce(&mut S) -> R + Send + 'static,
    ) -> Result<R, DeviceError> {
        if self.desk.given_up() {
            return Err(DeviceError::GivenUp { operation: self.desk.operation() });
        }
        let (answer, result) = mpsc::sync_channel(1);
        self.post(move |state| {
            // Nobody waits for it any more if this fails.
            let _ = answer.send(job(state));
        });
        result.recv_timeout(deadline).map_err(|error| {
            let operation = self.desk.operation();
            match error {
                RecvTimeoutError::Timeout => {
                    self.desk.give_up();
                    DeviceError::TimedOut { operation, after: deadline }
                }
                RecvTimeoutError::Disconnected if operation == Operation::Idle => {
                    DeviceError::GivenUp { operation }
                }
                RecvTimeoutError::Disconnected => DeviceError::Panicked { operation },
            }
        })
    }

    /// Has `job` done some time, without waiting; not at all if the thread has ended.
    pub(crate) fn post(&self, job: impl FnOnce(&mut S) + Send + 'static) {
        let _ = self.messages.send(Message::Job(Box::new(job)));
    }

    /// Has the thread drop its `S` and end, and waits for that, at most `deadline`; then it is given up.
    pub(crate) fn close(&self, deadline: Duration) {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        if self.desk.given_up() {
            return;
        }
        let _ = self.messages.send(Message::Close);
        let start = Instant::now();
        // A join could hang where a host leaves something to the thread's own end.
        while !thread.is_finished() {
            if start.elapsed() >= deadline {
                self.desk.give_up();
                return;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        // A panic was told to whoever waited for the job.
        let _ = thread.join();
    }
}

fn work<S>(
    state: &mut S,
    inbox: &Receiver<Message<S>>,
    desk: &Desk,
    tick: fn(&mut S) -> Option<Duration>,
) {
    while !desk.given_up() {
        let next = tick(state);
        desk.doing(Operation::Idle);
        let message = match next {
            Some(wait) => inbox.recv_timeout(wait),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match message {
            // Who waited for it may have given up since.
            Ok(Message::Job(job)) if !desk.given_up() => {
                // What happened before the job was asked for is seen first.
                tick(state);
                job(state);
            }
            Ok(Message::Job(_)) => return,
            Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Tests that abandon threads share one figure.
#[cfg(test)]
pub(crate) static ALONE: Mutex<()> = Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicBool;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    fn until(condition: impl Fn() -> bool) {
        while !condition() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn jobs_are_done_in_order_on_one_state() {
        let thread = DeviceThread::spawn(|_| Vec::new(), |_| None).unwrap();
        thread.post(|state| state.push(1));
        assert_eq!(
            thread.call(LONG, |state| {
                state.push(2);
                state.clone()
            }),
            Ok(vec![1, 2])
        );
        thread.close(LONG);
        assert!(matches!(thread.call(LONG, |state| state.len()), Err(DeviceError::GivenUp { .. })));
    }

    #[test]
    fn a_hung_job_is_an_error_and_its_thread_is_counted_until_it_ends() {
        let _alone = ALONE.lock();
        let release = Arc::new(AtomicBool::new(false));
        let (hang, dropped) = (release.clone(), Arc::new(()));
        let kept = Arc::downgrade(&dropped);
        let thread = DeviceThread::spawn(move |desk| (desk, dropped), |_| None).unwrap();
        let error = thread.call(SHORT, move |state| {
            state.0.doing(Operation::OpenHost);
            until(|| hang.load(Ordering::Acquire));
        });
        assert_eq!(
            error,
            Err(DeviceError::TimedOut { operation: Operation::OpenHost, after: SHORT })
        );
        assert_eq!(abandoned_threads(), 1);
        assert_eq!(
            thread.call(LONG, |_| ()),
            Err(DeviceError::GivenUp { operation: Operation::OpenHost }),
            "a given-up thread is not waited for again"
        );
        thread.close(LONG);
        release.store(true, Ordering::Release);
        until(|| abandoned_threads() == 0);
        assert!(kept.upgrade().is_none(), "what it held was dropped before it ended");
    }

    #[test]
    fn a_hung_drop_does_not_hold_close() {
        struct Hangs(Arc<AtomicBool>);
        impl Drop for Hangs {
            fn drop(&mut self) {
                until(|| self.0.load(Ordering::Acquire));
            }
        }
        let _alone = ALONE.lock();
        let release = Arc::new(AtomicBool::new(false));
        let hangs = Hangs(release.clone());
        let thread = DeviceThread::spawn(|_| hangs, |_| None).unwrap();
        thread.close(SHORT);
        assert_eq!(abandoned_threads(), 1);
        release.store(true, Ordering::Release);
        until(|| abandoned_threads() == 0);
    }

    #[test]
    fn the_tick_comes_while_there_is_nothing_to_do() {
        let thread = DeviceThread::spawn(
            |_| 0_u32,
            |count| {
                *count += 1;
                (*count < 5).then_some(Duration::from_millis(1))
            },
        )
        .unwrap();
        while thread.call(LONG, |count| *count).unwrap() < 5 {}
    }
}
