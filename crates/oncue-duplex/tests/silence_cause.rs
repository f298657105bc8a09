//! A silence gets its probable cause from the session's history: each cause by the story in which it is the cause, told
//! to a guard event by event. The causes are stated by hand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;
use oncue_duplex::{Direction, SilenceCause, SilenceKind, SilentAudio};
use oncue_session::{
    ActionKind, Category, Entry, Event, Guard, Id, Mode, NoAudio, Permission, Policy,
    RouteChangeReason, Rule, State,
};

const CALL: Id = Id::named("call");
const ANSWER: Id = Id::named("answer");
const IO: Id = Id::named("io");

fn category(category: Category) -> Event {
    Event::SetCategory { category, mode: Some(Mode::VoiceChat), options: None, through_proxy: None }
}

/// A call comes in, and the system asks to answer it.
const RINGS: [Event; 4] = [
    Event::Launch {},
    Event::ReportIncoming { call: CALL, video: None },
    Event::ReportSucceeded { call: CALL },
    Event::Perform {
        action: ANSWER,
        kind: ActionKind::Answer,
        call: CALL,
        transaction: None,
        timeout_ms: None,
    },
];
const FULFILL: Event = Event::Fulfill { action: ANSWER };
const ACTIVATED: Event = Event::DidActivate {};
const START: Event = Event::StartUnit { unit: IO, playback_only: None };

/// A guard that was told of these, 10 ms apart, after a permission that was granted and a call that rings.
fn told(events: &[Event]) -> Guard {
    let mut guard = Guard::new(Policy::apple());
    let granted = Event::PermissionIs { permission: Permission::Granted };
    let rings = [RINGS[0], granted].into_iter().chain(RINGS[1..].iter().copied());
    for (event, n) in rings.chain(events.iter().copied()).zip(0..) {
        guard.observe(&Entry::new(Duration::from_millis(10 * n), event));
    }
    guard
}

fn silence(direction: Direction) -> SilentAudio {
    SilentAudio::new(direction, SilenceKind::DigitalZero, 0)
}

/// The causes of zeros in capture and playback after these events.
fn causes(events: &[Event]) -> [SilenceCause; 2] {
    let guard = told(events);
    [Direction::Capture, Direction::Playback]
        .map(|direction| silence(direction).explained_by(&guard).cause)
}

fn both(reason: NoAudio) -> [SilenceCause; 2] {
    [SilenceCause::Session(reason); 2]
}

#[test]
fn in_order_and_running_nothing_explains_it() {
    let running = [category(Category::PlayAndRecord), FULFILL, ACTIVATED, START];
    assert_eq!(causes(&running), [SilenceCause::Unknown; 2]);
}

#[test]
fn an_activation_that_never_came() {
    let waiting = [category(Category::PlayAndRecord), FULFILL];
    assert_eq!(causes(&waiting), both(NoAudio::NotActivated));
}

#[test]
fn a_start_before_the_activation_is_the_rule_that_forbids_it() {
    let early = [category(Category::PlayAndRecord), FULFILL, START];
    assert_eq!(causes(&early), both(NoAudio::Rule(Rule::IoStartAfterDidActivate)));
}

#[test]
fn a_category_that_does_not_capture() {
    let ambient = [category(Category::Playback)];
    assert_eq!(causes(&ambient), both(NoAudio::NotPlayAndRecord));
    // Once the app goes on with it, it has broken the rule.
    let went_on = [category(Category::Playback), FULFILL, ACTIVATED, START];
    let [capture, _] = causes(&went_on);
    assert_eq!(capture, SilenceCause::Session(NoAudio::Rule(Rule::CategoryBeforeActivation)));
}

#[test]
fn an_interruption() {
    let interrupted = [
        category(Category::PlayAndRecord),
        FULFILL,
        ACTIVATED,
        START,
        Event::InterruptionBegan { reason: None },
    ];
    assert_eq!(causes(&interrupted), both(NoAudio::Interrupted));
}

#[test]
fn media_services_that_are_gone() {
    for lost in [Event::MediaServicesLost {}, Event::MediaServicesReset {}] {
        let gone = [category(Category::PlayAndRecord), FULFILL, ACTIVATED, START, lost];
        assert_eq!(causes(&gone), both(NoAudio::MediaServicesLost), "{lost:?}");
    }
}

#[test]
fn a_deactivation_under_a_running_unit() {
    let deactivated =
        [category(Category::PlayAndRecord), FULFILL, ACTIVATED, START, Event::DidDeactivate {}];
    assert_eq!(causes(&deactivated), both(NoAudio::Deactivated));
    let stopped = [&deactivated[..], &[Event::StopUnit { unit: IO }]].concat();
    assert!(!causes(&stopped).contains(&SilenceCause::Session(NoAudio::Deactivated)));
}

#[test]
fn a_route_that_is_gone() {
    let reason = RouteChangeReason::NoSuitableRoute;
    let running = [category(Category::PlayAndRecord), FULFILL, ACTIVATED, START];
    let gone = [&running[..], &[Event::RouteChanged { reason }]].concat();
    assert_eq!(causes(&gone), both(NoAudio::NoRoute));
}

#[test]
fn what_silences_the_microphone_alone() {
    let running = [category(Category::PlayAndRecord), FULFILL, ACTIVATED, START];
    let muted = [&running[..], &[Event::ApplyMute { muted: true }]].concat();
    assert_eq!(causes(&muted), [NoAudio::Muted.into(), SilenceCause::Unknown]);
    let spoken = [&muted[..], &[Event::ApplyMute { muted: false }]].concat();
    assert_eq!(causes(&spoken), [SilenceCause::Unknown; 2]);
    let denied = Event::PermissionIs { permission: Permission::Denied };
    let denied = [&[denied], &running[..]].concat();
    assert_eq!(causes(&denied)[0], NoAudio::NotPermitted.into());
    let playback = Event::StartUnit { unit: IO, playback_only: Some(true) };
    let ringback = [category(Category::PlayAndRecord), FULFILL, ACTIVATED, playback];
    assert_eq!(causes(&ringback), [NoAudio::PlaybackOnly.into(), SilenceCause::Unknown]);
}

#[test]
fn what_is_no_matter_of_the_session_keeps_its_cause() {
    let guard = told(&[category(Category::PlayAndRecord), FULFILL]);
    let nothing_written = SilentAudio::new(Direction::Playback, SilenceKind::NothingWritten, 7);
    assert_eq!(nothing_written.explained_by(&guard), nothing_written);
    let clipped = SilentAudio::new(Direction::Capture, SilenceKind::Clipping, 7);
    assert_eq!(clipped.explained_by(&guard), clipped);
    // A stalled device is what an inactive session looks like.
    let stalled = SilentAudio::new(Direction::Capture, SilenceKind::NoCallbacks, 7);
    assert_eq!(stalled.explained_by(&guard).cause, NoAudio::NotActivated.into());
}

#[test]
fn a_typed_session_explains_it_by_its_state() {
    for (state, capture, playback) in [
        (State::Fresh, Some(NoAudio::NotPlayAndRecord), Some(NoAudio::NotPlayAndRecord)),
        (State::Configured, Some(NoAudio::NotActivated), Some(NoAudio::NotActivated)),
        (State::AwaitingActivation, Some(NoAudio::NotActivated), Some(NoAudio::NotActivated)),
        (State::Active, None, None),
        (State::Playing, Some(NoAudio::PlaybackOnly), None),
        (State::Running, None, None),
        (State::Interrupted, Some(NoAudio::Interrupted), Some(NoAudio::Interrupted)),
        (State::Resuming, Some(NoAudio::NotActivated), Some(NoAudio::NotActivated)),
        (State::MediaLost, Some(NoAudio::MediaServicesLost), Some(NoAudio::MediaServicesLost)),
    ] {
        let cause = |direction| silence(direction).explained_by_state(state).cause;
        let or_unknown = |reason: Option<NoAudio>| reason.map_or(SilenceCause::Unknown, Into::into);
        assert_eq!(cause(Direction::Capture), or_unknown(capture), "{state:?}");
        assert_eq!(cause(Direction::Playback), or_unknown(playback), "{state:?}");
    }
    assert_eq!(State::ALL.len(), 9);
}
