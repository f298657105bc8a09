//! VoIP pushes, from their coming in to their completion.

use super::Seen;
use alloc::vec::Vec;
use oncue_platform::{Event, EventKind, Id};

/// How many pushes are remembered at most; the oldest goes first.
const REMEMBERED: usize = 8;

/// What is known of a push.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PushFacts {
    pub(crate) id: Id,
    pub(crate) call: Option<Id>,
    /// PKVoIPPushMetadata.mustReport.
    pub(crate) must_report: bool,
    /// Whether a report was called since it came in.
    pub(crate) reported: bool,
    /// Whether its call was reported as changed since it came in.
    pub(crate) updated: bool,
    /// Whether its call was known to the app before: a duplicate, or one that is cancelled or over.
    pub(crate) of_known_call: bool,
    /// Whether the app set the session, or was refused, between the push and its report.
    pub(crate) session_first: bool,
    pub(crate) returned: bool,
    pub(crate) completed: bool,
}

/// The pushes that are remembered, the newest last.
#[derive(Clone, Debug)]
pub(crate) struct Pushes {
    pushes: Vec<PushFacts>,
    /// Whether the stream tells of completions: an asynchronous delegate method has none.
    pub(crate) tells_completions: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::SetCategory,
    EventKind::SetActive,
    EventKind::Refused,
    EventKind::Push,
    EventKind::PushReturned,
    EventKind::CompletePush,
    EventKind::ReportIncoming,
    EventKind::ReportUpdated,
];

impl Pushes {
    pub(super) fn new() -> Self {
        Self { pushes: Vec::with_capacity(REMEMBERED), tells_completions: false }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&PushFacts> {
        self.pushes.iter().rfind(|push| push.id == id)
    }

    /// The push whose delegate method has not returned yet, if there is one.
    pub(crate) fn open(&self) -> Option<&PushFacts> {
        self.pushes.iter().rfind(|push| !push.returned)
    }

    /// The pushes that are remembered, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PushFacts> {
        self.pushes.iter()
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>, known_call: bool) {
        match *seen.event {
            Event::Push { push, call, must_report } => {
                if self.pushes.len() == REMEMBERED {
                    self.pushes.remove(0);
                }
                self.pushes.push(PushFacts {
                    id: push,
                    call,
                    must_report: must_report.unwrap_or(true),
                    reported: false,
                    updated: false,
                    of_known_call: known_call,
                    session_first: false,
                    returned: false,
                    completed: false,
                });
            }
            Event::ReportIncoming { call, .. } => {
                for push in
                    self.pushes.iter_mut().filter(|push| !push.returned || push.call == Some(call))
                {
                    push.reported = true;
                }
            }
            Event::ReportUpdated { call } => {
                let of_it = |push: &&mut PushFacts| push.call == Some(call);
                self.pushes.iter_mut().filter(of_it).for_each(|push| push.updated = true);
            }
            Event::PushReturned { push } => self.change(push, |push| push.returned = true),
            Event::CompletePush { push } => {
                self.tells_completions = true;
                self.change(push, |push| push.completed = true);
            }
            Event::SetCategory { .. } | Event::SetActive { .. } | Event::Refused { .. } => {
                // Nobody asks after the report or the return.
                self.pushes.iter_mut().for_each(|push| push.session_first = true);
            }
            _ => {}
        }
    }

    fn change(&mut self, id: Id, change: impl FnOnce(&mut PushFacts)) {
        if let Some(push) = self.pushes.iter_mut().rfind(|push| push.id == id) {
            change(push);
        }
    }
}
