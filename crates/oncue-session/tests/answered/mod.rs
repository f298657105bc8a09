//! A guard with a call that was answered, and the words that its tests tell it.

#![allow(dead_code, reason = "each test program uses its part")]

use oncue_session::*;
use std::time::Duration;

pub(crate) const A: Id = Id::named("A");
pub(crate) const ANSWER: Id = Id::named("answer A");
pub(crate) const IO: Id = Id::named("io");

pub(crate) fn at(ms: u64, event: Event) -> Entry {
    Entry::new(Duration::from_millis(ms), event)
}

pub(crate) fn perform(action: Id, kind: ActionKind) -> Event {
    Event::Perform { action, kind, call: A, transaction: None, timeout_ms: None }
}

pub(crate) fn configure() -> Event {
    Event::SetCategory {
        category: Category::PlayAndRecord,
        mode: Some(Mode::VoiceChat),
        options: None,
        through_proxy: None,
    }
}

pub(crate) fn start() -> Event {
    Event::StartUnit { unit: IO, playback_only: None }
}

pub(crate) fn rules(found: &[Finding]) -> Vec<Rule> {
    found.iter().map(|finding| finding.rule).collect()
}

/// A guard with a call that was answered and fulfilled at 3 ms, in order.
pub(crate) fn answered(policy: Policy) -> Guard {
    let mut guard = Guard::new(policy);
    let events =
        [Event::ReportIncoming { call: A, video: None }, Event::ReportSucceeded { call: A }];
    let events = events.into_iter().chain([
        perform(ANSWER, ActionKind::Answer),
        configure(),
        Event::Fulfill { action: ANSWER },
    ]);
    for event in events {
        assert_eq!(rules(guard.observe(&at(3, event))), []);
    }
    guard
}
