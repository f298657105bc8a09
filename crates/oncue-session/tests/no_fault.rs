//! What looks like a fault and is none, where a trace that is read from the middle on would mean something else. The others
//! are traces: `tests/kept` of `oncue-trace`, each of which is judged from any of its lines on.

mod answered;

use answered::{A, answered, at, configure, perform, rules, start};
use oncue_session::*;

#[test]
fn a_transaction_of_many_is_forgotten_as_a_whole() {
    let mut guard = answered(Policy::apple());
    let b = Id::named("B");
    let request = |transaction: &str, kind, call| Event::Request {
        transaction: Id::named(transaction),
        kind,
        call,
        video: None,
    };
    let many = (0..15).map(|mute| request(&format!("mute {mute}"), ActionKind::Mute, A));
    let events =
        [Event::ReportIncoming { call: b, video: None }, Event::ReportSucceeded { call: b }]
            .into_iter()
            .chain([Event::UserAnswers { call: b }, Event::UserEnds { call: A }])
            .chain([request("both", ActionKind::End, A), request("both", ActionKind::Answer, b)])
            .chain(many);
    for event in events {
        guard.observe(&at(4, event));
    }
    // Of the two the system knows one: B rings on.
    guard.observe(&at(5, Event::RequestRefused { transaction: Id::named("both"), code: 4 }));
    assert_eq!(rules(guard.observe(&at(6, Event::RingTimerFired { call: b }))), []);
}

#[test]
fn a_second_activation_without_a_category_is_a_repeat_too() {
    let mut guard = answered(Policy::apple());
    let refused = Event::Refused {
        of: EventKind::SetCategory,
        domain: Domain::AudioSession,
        code: i32::from_be_bytes(*b"!pri"),
        unit: None,
    };
    let events = [
        Event::MediaServicesLost {},
        Event::MediaServicesReset {},
        configure(),
        refused,
        Event::DidActivate {},
        Event::TellStack { active: true },
        Event::DidActivate {},
        Event::ReportEnded { call: A, reason: EndedReason::Failed },
        Event::DidDeactivate {},
    ];
    for event in events {
        assert_eq!(rules(guard.observe(&at(4, event))), [], "{event:?}");
    }
}

#[test]
fn an_answer_of_a_live_call_begins_nothing_anew() {
    let mut guard = answered(Policy::apple());
    let (hold, unhold, again) = (Id::named("hold"), Id::named("unhold"), Id::named("again"));
    for event in [
        Event::DidActivate {},
        perform(hold, ActionKind::Hold),
        Event::Fulfill { action: hold },
        perform(unhold, ActionKind::Unhold),
        Event::Fulfill { action: unhold },
        Event::DidDeactivate {},
        perform(again, ActionKind::Answer),
        Event::Fulfill { action: again },
    ] {
        assert_eq!(rules(guard.observe(&at(4, event))), [], "{event:?}");
    }
    assert_eq!(guard.state(), Some(State::Resuming));
    assert_eq!(rules(guard.observe(&at(3000, start()))), []);
    assert_eq!(rules(guard.observe(&at(20_000, Event::Poll {}))), []);
}
