//! The actions that the system asks for, and the transactions that the app requests.

use super::Seen;
use super::calls::Calls;
use super::under_way::UnderWay;
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{ActionKind, Event, EventKind, Id};

/// How many requests are remembered at most; the oldest transaction goes first.
const REQUESTS: usize = 16;

/// How long after the end of its call an action may stay open.
pub(crate) const AFTER_THE_END: Duration = Duration::from_secs(3);

/// The events at which an action that stays open is noticed.
pub(crate) const TELLS_OF_OPEN_ACTIONS: &[EventKind] =
    &[EventKind::Perform, EventKind::Request, EventKind::ReportIncoming, EventKind::DidDeactivate];

/// How an action was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    Fulfilled,
    Failed,
    /// The system gave it up.
    TimedOut,
    /// The provider was reset: nobody waits for it.
    Void,
}

/// What is known of an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActionFacts {
    pub(crate) id: Id,
    pub(crate) kind: ActionKind,
    pub(crate) call: Id,
    pub(crate) transaction: Option<Id>,
    pub(crate) performed: Duration,
    pub(crate) completed: Option<Completion>,
    /// Whether its call was unknown to a whole story when it came.
    pub(crate) of_unknown_call: bool,
    /// Whether it was delivered to the layer that handles it, if there is one.
    pub(crate) delivered: bool,
}

impl ActionFacts {
    /// Whether it is still open more than `wait` after its call ended, and after it was performed: a call may have ended
    /// long before.
    pub(crate) fn is_left_open(&self, wait: Duration, now: Duration, calls: &Calls) -> bool {
        now > self.performed + wait
            && calls.get(self.call).is_some_and(|call| call.ended_for(wait, now))
    }
}

/// An action that the app requested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requested {
    pub(crate) transaction: Id,
    pub(crate) kind: ActionKind,
    pub(crate) call: Id,
}

/// The actions and requests that are remembered.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    /// One is under way until it is completed.
    actions: UnderWay<ActionFacts>,
    requested: Vec<Requested>,
    /// The last transaction for which `provider(_:execute:)` returned true.
    pub(crate) handled: Option<Id>,
    /// The last action that timed out, be it one that was performed unseen.
    pub(crate) timed_out: Option<Id>,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::DidDeactivate,
    EventKind::ProviderReset,
    EventKind::ReportIncoming,
    EventKind::Request,
    EventKind::ExecuteTransaction,
    EventKind::Perform,
    EventKind::Fulfill,
    EventKind::Fail,
    EventKind::TimedOut,
    EventKind::Deliver,
];

impl Actions {
    pub(super) fn new() -> Self {
        Self {
            actions: UnderWay::new(),
            requested: Vec::with_capacity(REQUESTS),
            handled: None,
            timed_out: None,
        }
    }

    pub(crate) fn place(&self, id: Id) -> Option<usize> {
        self.actions.all().iter().position(|action| action.id == id)
    }

    pub(super) fn at(&self, place: usize) -> &ActionFacts {
        self.actions.at(place)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ActionFacts> {
        self.actions.all().iter()
    }

    /// Whether this holds for any action that waits for completion.
    pub(crate) fn any_open(&self, what: impl Fn(&ActionFacts) -> bool) -> bool {
        self.actions.under_way().iter().any(what)
    }

    /// Whether an action of `kind` waits for completion, of `call` if one is given.
    pub(crate) fn is_open(&self, kind: ActionKind, call: Option<Id>) -> bool {
        self.any_open(|action| action.kind == kind && call.is_none_or(|call| action.call == call))
    }

    /// What was requested in a transaction: the kind of each action, and its call.
    pub(crate) fn requested_in(
        &self,
        transaction: Id,
    ) -> impl Iterator<Item = (ActionKind, Id)> + '_ {
        self.requested
            .iter()
            .filter(move |requested| requested.transaction == transaction)
            .map(|requested| (requested.kind, requested.call))
    }

    /// The requests that are remembered, the oldest first.
    pub(crate) fn requests(&self) -> impl DoubleEndedIterator<Item = &Requested> {
        self.requested.iter()
    }

    fn ends(&mut self, place: Option<usize>, how: Completion) {
        if let Some(place) = place {
            self.actions.at_mut(place).completed.get_or_insert(how);
            self.actions.end(place);
        }
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>, unknown_call: bool) {
        match *seen.event {
            Event::Perform { action, kind, call, transaction, .. } => {
                let begins = ActionFacts {
                    id: action,
                    kind,
                    call,
                    transaction,
                    performed: seen.at,
                    completed: None,
                    of_unknown_call: unknown_call,
                    delivered: false,
                };
                self.actions.begin(begins, |_| 0);
            }
            Event::Fulfill { .. } => self.ends(seen.action.get(), Completion::Fulfilled),
            Event::Fail { .. } => self.ends(seen.action.get(), Completion::Failed),
            Event::TimedOut { action, .. } => {
                self.timed_out = Some(action);
                self.ends(seen.action.get(), Completion::TimedOut);
            }
            Event::Deliver { action: Some(_) } => {
                if let Some(place) = seen.action.get() {
                    self.actions.at_mut(place).delivered = true;
                }
            }
            Event::ProviderReset {} => {
                while !self.actions.under_way().is_empty() {
                    self.ends(Some(0), Completion::Void);
                }
            }
            Event::Request { transaction, kind, call, .. } => {
                // Half a transaction would tell another story than the whole.
                if self.requested.len() == REQUESTS {
                    let oldest = self.requested[0].transaction;
                    self.requested.retain(|requested| requested.transaction != oldest);
                }
                self.requested.push(Requested { transaction, kind, call });
            }
            Event::ExecuteTransaction { transaction, handled: true } => {
                self.handled = Some(transaction);
            }
            _ => {}
        }
    }

    /// Nobody waits any more for an action whose call is over; what follows says so once.
    #[inline(always)]
    pub(super) fn give_up(&mut self, seen: &Seen<'_>, calls: &Calls) {
        if !TELLS_OF_OPEN_ACTIONS.contains(&seen.event.kind()) {
            return;
        }
        // With the next call the story of the one before is over.
        let next = matches!(seen.event, Event::ReportIncoming { .. } | Event::Request { .. });
        let wait = if next { Duration::ZERO } else { AFTER_THE_END };
        for place in (0..self.actions.under_way().len()).rev() {
            if self.actions.at(place).is_left_open(wait, seen.at, calls) {
                self.ends(Some(place), Completion::Void);
            }
        }
    }
}
