//! Call observation (`CXCallObserver`, QQ's CallCenter): the calls as a value and their changes as a stream, with a call system
//! and without one, calls of other apps included.
//!
//! Independent: what an observer sees is written by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;

use oncue_call::{CallState, Settings};
use oncue_session::Id;
use story::{Driven, Player};

/// Changes in words: the call, its stage, what it is, and whether it was ever connected.
fn seen(changes: impl IntoIterator<Item = CallState>) -> Vec<String> {
    let words = |call: CallState| {
        let mut words = format!("{} {:?}", call.id, call.stage);
        for (is, word) in [
            (call.app.is_none(), " of another app"),
            (call.outgoing, " outgoing"),
            (call.on_hold, " held"),
            (call.muted, " muted"),
            (call.connected, " connected"),
        ] {
            words.push_str(if is { word } else { "" });
        }
        words
    };
    changes.into_iter().map(words).collect()
}

fn changes(player: &mut Player) -> Vec<String> {
    seen(std::iter::from_fn(|| match &mut player.centre {
        Driven::Centre(centre) => centre.poll_change(),
        Driven::InApp(in_app) => in_app.poll_change(),
    }))
}

fn after(call_system: bool, happened: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut player = Player::new(Settings::default(), call_system);
    player.launch();
    happened.iter().for_each(|words| player.happens(words));
    let stream = changes(&mut player);
    assert!(player.found().is_empty());
    (stream, seen(player.centre.calls()))
}

#[test]
fn changes_are_a_stream_and_the_calls_a_value() {
    let (stream, value) = after(true, &["invite 42 from alice", "reported A", "user mutes 42"]);
    assert_eq!(stream, ["A Reporting", "A Ringing"]);
    assert_eq!(value, ["A Ringing"]);
}

#[test]
fn of_a_call_that_is_over_it_is_known_whether_it_was_missed() {
    let rings = ["invite 42 from alice", "reported A"];
    let missed = [&rings[..], &["ended 42 remote-ended"]].concat();
    assert_eq!(after(true, &missed).0.last().unwrap(), "A Ended");
    let answers = ["perform a1 answer A", "category-set", "did-activate", "perform h1 hold A"];
    let talked = [&rings[..], &answers, &["ended 42 remote-ended"]].concat();
    let (stream, value) = after(true, &talked);
    assert_eq!(
        stream,
        [
            "A Reporting",
            "A Ringing",
            "A Answering",
            "A Connected connected",
            "A Connected held connected",
            "A Ended held connected",
        ]
    );
    assert!(value.is_empty());
}

#[test]
fn calls_of_other_apps_are_seen_as_the_phone_tells_of_them() {
    let (stream, value) = after(
        true,
        &[
            "other-call X",
            "invite 42 from alice",
            "other-call X connected",
            "other-call Y outgoing held connected",
            "other-call X connected ended",
        ],
    );
    assert_eq!(
        stream,
        [
            "X Ringing of another app",
            "A Reporting",
            "X Connected of another app connected",
            "Y Connected of another app outgoing held connected",
            "X Ended of another app connected",
        ]
    );
    // The app's own stand first.
    assert_eq!(value, ["A Reporting", "Y Connected of another app outgoing held connected"]);
}

#[test]
fn calls_without_a_call_system_are_seen_the_same_way() {
    let (stream, value) = after(
        false,
        &[
            "invite 42 from alice",
            "user answers 42",
            "category-set",
            "active-set",
            "invite 7 from bob",
            "user answers 7",
            "ended 7 remote-ended",
            "user calls carol as 8",
        ],
    );
    assert_eq!(
        stream,
        [
            "A Ringing",
            "A Answering",
            "A Connected connected",
            "B Ringing",
            "A Ended connected",
            "B Connected connected",
            "B Ended connected",
            "C Dialling outgoing",
        ]
    );
    assert_eq!(value, ["C Dialling outgoing"]);
}

#[test]
fn a_call_that_is_over_is_in_no_group_and_other_apps_have_sixteen() {
    let calls = ["invite 42 from alice", "reported A", "perform a1 answer A", "category-set"];
    let more = ["did-activate", "invite 7 from bob", "reported B", "perform a2 answer B"];
    let mut player = Player::new(Settings::default(), true);
    player.launch();
    let grouped = ["perform g1 group B with A", "ended 7 remote-ended"];
    calls.iter().chain(&more).chain(&grouped).for_each(|words| player.happens(words));
    let Driven::Centre(centre) = &mut player.centre else { panic!("a centre") };
    let groups = std::iter::from_fn(|| centre.poll_change()).map(|it| (it.id, it.group));
    let groups: Vec<_> = groups.collect();
    let (first, second) = (Id::named("A"), Id::named("B"));
    assert_eq!(
        groups[groups.len() - 4..],
        [(first, Some(first)), (second, Some(first)), (first, None), (second, None)]
    );
    (0..17).for_each(|number| player.happens(&format!("other-call X{number}")));
    assert_eq!(player.centre.calls().len(), 1 + 16);
}

#[test]
fn of_more_changes_than_are_kept_the_oldest_are_gone() {
    let mut player = Player::new(Settings::default(), true);
    player.launch();
    for _ in 0..129 {
        player.happens("other-call X");
        player.happens("other-call X ended");
    }
    player.happens("other-call Y");
    let stream = changes(&mut player);
    assert_eq!(stream.len(), 256);
    assert_eq!(stream.last().unwrap(), "Y Ringing of another app");
    assert_eq!(stream[0], "X Ended of another app");
}
