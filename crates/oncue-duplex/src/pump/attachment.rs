//! What a call stack holds of an endpoint that it attached, and how it tells the pump's thread.

#![allow(
    clippy::disallowed_types,
    reason = "never used by a callback: orders go to the pump's own thread"
)]

use crate::pump::capture::Tap;
use crate::pump::playout::Voice;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use oncue_session::Directions;
use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};

/// Which endpoint of a pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub(crate) u64);

/// An endpoint of a call stack that is attached to a pump. Dropping it detaches.
///
/// It does not depend on a session: while the hardware does not run, before the activation, after it, or when the
/// engine is gone, the stack's code is not called and nothing is heard of it.
#[must_use = "an attachment that is dropped is detached"]
pub struct Attachment {
    id: Id,
    inbox: Arc<Inbox>,
    counts: Arc<Counts>,
    over: bool,
}

/// What became of an endpoint's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttachmentStats {
    /// Frames of 10 ms that passed it.
    pub frames: u64,
    /// Those among them for which the stack's code took 10 ms or longer. What the devices lost in that time counts
    /// in [`Stats`](crate::Stats).
    pub slow: u64,
    /// The longest that the stack's code took for 10 ms.
    pub slowest: Duration,
    /// Captured samples, at the stack's rate, that were thrown away since a loss cut their frame short.
    pub cut: u64,
    /// Whether the stack's code panicked, which ended the endpoint.
    pub panicked: bool,
}

impl Attachment {
    /// Which endpoint it is, as [`PumpEvent`](crate::PumpEvent) names it.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Mutes this endpoint alone, or lifts that, over 10 ms.
    pub fn set_muted(&self, muted: bool) {
        self.counts.muted.store(muted, Ordering::Release);
    }

    /// What became of its frames.
    pub fn stats(&self) -> AttachmentStats {
        self.counts.stats()
    }

    /// Ends the endpoint. When this returns, the stack's code is not running and will not be called again; it has
    /// been dropped, on the pump's thread. It waits for a call that is running, so do not hold what that needs.
    /// Called by the stack's code itself, on the pump's thread, it is done when that returns.
    pub fn detach(mut self) {
        self.end();
    }

    /// Asks a playout endpoint for nothing more, and waits until all that it gave has been at the speaker, at most
    /// `timeout`. True if so; false when time ran out or the hardware does not run. Then it is detached.
    pub fn drain(self, timeout: Duration) -> bool {
        let (told, done) = mpsc::channel();
        let asked = !self.inbox.is_mine() && self.inbox.send(Order::Drain(self.id, told));
        asked && done.recv_timeout(timeout).unwrap_or(false)
    }

    fn end(&mut self) {
        if core::mem::replace(&mut self.over, true) {
            return;
        }
        let (told, done) = mpsc::channel();
        if self.inbox.send(Order::Detach(self.id, told)) && !self.inbox.is_mine() {
            // An error means that the pump has stopped, and with it everything.
            let _ = done.recv();
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the pump's thread counts of an endpoint, and what it is told of it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    frames: AtomicU64,
    slow: AtomicU64,
    slowest: AtomicU64,
    cut: AtomicU64,
    pub(crate) panicked: AtomicBool,
    pub(crate) muted: AtomicBool,
}

impl Counts {
    /// 10 ms passed; the stack's code took `took` for them.
    pub(crate) fn took(&self, took: Duration, period: Duration, cut: u64) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.slow.fetch_add(u64::from(took >= period), Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.slowest.fetch_max(nanos, Ordering::Relaxed);
        self.cut.fetch_add(cut, Ordering::Relaxed);
    }

    fn stats(&self) -> AttachmentStats {
        AttachmentStats {
            frames: self.frames.load(Ordering::Relaxed),
            slow: self.slow.load(Ordering::Relaxed),
            slowest: Duration::from_nanos(self.slowest.load(Ordering::Relaxed)),
            cut: self.cut.load(Ordering::Relaxed),
            panicked: self.panicked.load(Ordering::Acquire),
        }
    }
}

/// An endpoint's place in a pump, counted while it is there.
pub(crate) struct Seat {
    pub(crate) id: Id,
    pub(crate) counts: Arc<Counts>,
    attached: Arc<AtomicUsize>,
}

impl Seat {
    fn new(id: Id, attached: &Arc<AtomicUsize>) -> Self {
        attached.fetch_add(1, Ordering::AcqRel);
        Self { id, counts: Arc::default(), attached: Arc::clone(attached) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.attached.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the pump's thread is told to do.
pub(crate) enum Order {
    Capture(Seat, Box<dyn Tap>),
    Playout(Seat, Box<dyn Voice>),
    Detach(Id, Sender<()>),
    Drain(Id, Sender<bool>),
}

/// Orders on their way to the pump's thread, and the switches that it reads.
#[derive(Default)]
pub(crate) struct Inbox {
    orders: Mutex<Orders>,
    thread: OnceLock<Thread>,
    stop: AtomicBool,
    muted: AtomicBool,
    warms_up: AtomicBool,
    /// Attached endpoints.
    taps: Arc<AtomicUsize>,
    voices: Arc<AtomicUsize>,
    ids: AtomicU64,
}

#[derive(Default)]
struct Orders {
    waiting: VecDeque<Order>,
    closed: bool,
}

impl Inbox {
    /// Gives an order, and wakes the thread; false when the pump has stopped.
    pub(crate) fn send(&self, order: Order) -> bool {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.closed {
            return false;
        }
        orders.waiting.push_back(order);
        drop(orders);
        self.wake();
        true
    }

    /// Takes an endpoint in. After a stop it is dropped.
    pub(crate) fn capture(self: &Arc<Self>, tap: Box<dyn Tap>) -> Attachment {
        self.attach(&self.taps, |seat| Order::Capture(seat, tap))
    }

    pub(crate) fn playout(self: &Arc<Self>, voice: Box<dyn Voice>) -> Attachment {
        self.attach(&self.voices, |seat| Order::Playout(seat, voice))
    }

    fn attach(
        self: &Arc<Self>,
        attached: &Arc<AtomicUsize>,
        order: impl FnOnce(Seat) -> Order,
    ) -> Attachment {
        let id = Id(self.ids.fetch_add(1, Ordering::Relaxed));
        let seat = Seat::new(id, attached);
        let counts = Arc::clone(&seat.counts);
        self.send(order(seat));
        Attachment { id, inbox: Arc::clone(self), counts, over: false }
    }

    /// The next order.
    pub(crate) fn next(&self) -> Option<Order> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    /// The directions that the attached endpoints need.
    pub(crate) fn wanted(&self) -> Option<Directions> {
        let attached = |count: &AtomicUsize| count.load(Ordering::Acquire) > 0;
        match (attached(&self.taps), attached(&self.voices)) {
            (true, _) => Some(Directions::Duplex),
            (false, true) => Some(Directions::Playback),
            (false, false) => None,
        }
    }

    /// Takes no order any more, and drops those that wait.
    pub(crate) fn close(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.closed = true;
        let waiting = core::mem::take(&mut orders.waiting);
        drop(orders);
        drop(waiting);
    }

    pub(crate) fn runs_on(&self, thread: Thread) {
        // Set once, by who made the thread.
        let _ = self.thread.set(thread);
    }

    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Whether the caller is the pump's thread.
    pub(crate) fn is_mine(&self) -> bool {
        self.thread.get().is_some_and(|thread| thread.id() == thread::current().id())
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(crate) fn mute(&self, muted: bool) {
        self.muted.store(muted, Ordering::Release);
    }

    pub(crate) fn muted(&self) -> bool {
        self.muted.load(Ordering::Acquire)
    }

    pub(crate) fn warm_up(&self, on: bool) {
        self.warms_up.store(on, Ordering::Release);
    }

    pub(crate) fn warms_up(&self) -> bool {
        self.warms_up.load(Ordering::Acquire)
    }
}
