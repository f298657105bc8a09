//! What the timelines do not tell: groups, mute, tones, translation, limits, pushes in all their states, and the deadlines
//! as values. The stories are in `centre.txt`.
//!
//! Independent: what must be put out is written by hand; the guard judges with its own rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guarded;
mod story;

use guarded::guarded;
use oncue_call::integration::CallUi;
use oncue_call::{
    CALLS, CallAction, CallUpdate, Centre, Handle, InApp, Input, Output, Performed, Push, PushKind,
    Settings, Signal, Wish,
};
use oncue_session::{EndedReason, Event, EventKind, Id, Owner, Refusal};
use std::time::Duration;

#[test]
fn every_story_goes_as_it_is_written() {
    let stories = story::stories(include_str!("centre.txt"));
    assert!(!stories.is_empty());
    let wrong: Vec<_> = stories.iter().filter_map(|story| story.play("centre.txt").err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn centre() -> Centre {
    let mut uuid = 0;
    let mut centre = Centre::new(Settings::default(), move || {
        uuid += 1;
        Id::new(uuid)
    });
    centre.set_log(guarded(Owner::System));
    while centre.poll_output().is_some() {}
    centre
}

fn invite(call: u64) -> Input {
    let (from, name, video) = (Handle::generic("alice"), None, false);
    Input::Signal(Signal::Invite { call: call.into(), from, name, video })
}

#[test]
fn a_name_reaches_the_screen_that_rings() {
    let alice = Some("Alice".to_owned());
    let from = Handle::generic("alice");
    let invite = |call: u64| {
        let (from, name) = (from.clone(), alice.clone());
        Input::Signal(Signal::Invite { call: call.into(), from, name, video: false })
    };
    let shown = |output: Output| match output {
        Output::ReportIncoming { update, .. } => Some(update.localized_caller_name),
        Output::RingInApp { name, .. } => Some(name),
        _ => None,
    };
    let mut centre = centre();
    centre.handle(Duration::ZERO, invite(42));
    // Withdrawn from the call system, it rings in the app; a push is reported beside that.
    centre.handle(Duration::ZERO, Input::ProviderReset);
    centre.handle(Duration::ZERO, Input::Decided(CallUi::InApp));
    centre.handle(Duration::ZERO, invite(43));
    let (id, call, kind) = (Id::named("push"), 44.into(), PushKind::Calls);
    let (from, name) = (from.clone(), alice.clone());
    let push = Push { id, call, from, name, video: false, kind, must_report: None };
    centre.handle(Duration::ZERO, Input::Push(push));
    let names = std::iter::from_fn(|| centre.poll_output()).filter_map(shown);
    assert_eq!(names.collect::<Vec<_>>(), vec![alice.clone(); 4]);

    let mut in_app = InApp::new(Settings::default(), || Id::new(1));
    in_app.set_log(guarded(Owner::App));
    in_app.handle(Duration::ZERO, invite(42));
    assert_eq!(in_app.poll_output().and_then(shown), Some(alice));
}

#[test]
fn a_call_is_reported_with_what_can_be_done_to_it_and_with_what_was_said_of_it_since() {
    let mut settings = Settings::default();
    (settings.update.supports_holding, settings.update.supports_dtmf) = (false, false);
    let mut centre = Centre::new(settings, || Id::named("A"));
    centre.set_log(guarded(Owner::System));
    let shown = |centre: &mut Centre| {
        let outputs = std::iter::from_fn(|| centre.poll_output());
        let of_it = outputs.filter_map(|output| match output {
            Output::ReportIncoming { update, .. } | Output::Update { update, .. } => Some(update),
            _ => None,
        });
        of_it.collect::<Vec<_>>()
    };
    centre.handle(Duration::ZERO, invite(42));
    let mut update = CallUpdate::default();
    update.remote_handle = Some(Handle::generic("alice"));
    (update.supports_holding, update.supports_dtmf) = (false, false);
    assert_eq!(shown(&mut centre), [update]);
    // Now it has video and a name, and can be held; a push for it says the same.
    let mut update = CallUpdate::default();
    (update.localized_caller_name, update.has_video) = (Some("Alice".into()), true);
    let signal = Signal::Update { call: 42.into(), update: update.clone() };
    centre.handle(Duration::ZERO, Input::Signal(signal));
    assert_eq!(shown(&mut centre), [update.clone()]);
    let (id, call, from) = (Id::named("push"), 42.into(), Handle::generic("alice"));
    let (name, video, kind, must_report) = (None, false, PushKind::Calls, None);
    centre.handle(
        Duration::ZERO,
        Input::Push(Push { id, call, from, name, video, kind, must_report }),
    );
    update.remote_handle = Some(Handle::generic("alice"));
    assert_eq!(shown(&mut centre), [update]);
}

#[test]
fn a_start_names_the_contact_that_it_is_for() {
    let mut centre = centre();
    centre.handle(Duration::ZERO, Input::ProviderBegan);
    centre.handle(Duration::ZERO, Input::Foreground(true));
    let (call, to, contact) = (7.into(), Handle::phone("+861"), Some("C-1".to_owned()));
    let (video, intent) = (true, None);
    centre.handle(
        Duration::ZERO,
        Input::Wish(Wish::Start { call, to: to.clone(), contact: contact.clone(), video, intent }),
    );
    let Some(Output::Request(transaction)) = centre.poll_output() else { panic!("no request") };
    let call = centre.uuid(&7.into()).unwrap();
    let start = CallAction::Start { call, handle: to, contact, video };
    assert_eq!(transaction.actions, [start]);
}

#[test]
fn a_refused_start_is_over_whatever_was_asked_since() {
    let mut centre = centre();
    centre.handle(Duration::ZERO, Input::ProviderBegan);
    centre.handle(Duration::ZERO, Input::Foreground(true));
    centre.handle(Duration::ZERO, Input::SignallingReady(true));
    let start = |centre: &mut Centre, call: u64| {
        let (call, to, contact) = (call.into(), Handle::generic("bob"), None);
        let (video, intent) = (false, None);
        centre
            .handle(Duration::ZERO, Input::Wish(Wish::Start { call, to, contact, video, intent }));
        let Some(Output::Request(transaction)) = centre.poll_output() else { panic!("no request") };
        transaction
    };
    let live = start(&mut centre, 7);
    let (id, action) = (Id::named("start"), live.actions[0].clone());
    let (transaction, timeout) = (Some(live.id), None);
    centre.handle(Duration::ZERO, Input::Requested { transaction: live.id, result: Ok(()) });
    centre.handle(Duration::ZERO, Input::Perform(Performed { id, action, transaction, timeout }));
    centre.handle(Duration::ZERO, Input::CategorySet(Ok(())));
    centre.handle(Duration::ZERO, Input::Signal(Signal::Dialled { call: 7.into() }));
    while centre.poll_output().is_some() {}
    // A system that answers nothing for a while.
    let refused = start(&mut centre, 8).id;
    for muted in [true, false].into_iter().cycle().take(100) {
        centre.handle(Duration::ZERO, Input::Wish(Wish::Mute { call: 7.into(), muted }));
    }
    let result = Err(Refusal::transaction(6));
    centre.handle(Duration::ZERO, Input::Requested { transaction: refused, result });
    assert_eq!(centre.uuid(&8.into()), None);
}

#[test]
fn more_calls_than_fit_are_busy() {
    let mut centre = centre();
    for call in 0..u64::try_from(CALLS).unwrap() {
        centre.handle(Duration::ZERO, invite(call));
    }
    while centre.poll_output().is_some() {}
    centre.handle(Duration::ZERO, invite(99));
    assert_eq!(centre.poll_output().unwrap().to_string(), "send 99 end");
    assert!(centre.poll_output().is_none());
    assert_eq!(centre.calls().count(), CALLS);
    // A push is reported all the same, and its call ended.
    let (id, call, from) = (Id::named("p1"), 98.into(), Handle::generic("alice"));
    let (name, video, kind, must_report) = (None, false, PushKind::Calls, None);
    centre.handle(
        Duration::ZERO,
        Input::Push(Push { id, call, from, name, video, kind, must_report }),
    );
    let call = centre.uuid(&98.into()).unwrap();
    let reported = format!("report-incoming {call} alice");
    assert_eq!(words(&mut centre), ["send 98 end", "configure-provider provider-1", &reported]);
    centre.handle(Duration::ZERO, Input::Reported { call, result: Ok(()) });
    assert_eq!(words(&mut centre), [&format!("report-ended {call} failed"), "complete-push p1"]);
    assert_eq!(centre.calls().count(), CALLS);
}

/// What is put out, in words.
fn words(centre: &mut Centre) -> Vec<String> {
    std::iter::from_fn(|| centre.poll_output()).map(|output| output.to_string()).collect()
}

#[test]
fn of_calls_that_are_over_the_last_64_do_not_ring_again() {
    let mut centre = centre();
    let reason = EndedReason::RemoteEnded;
    let ends = |call: u64| Input::Signal(Signal::Ended { call: call.into(), reason });
    let ring = |centre: &mut Centre, number: u64| {
        centre.handle(Duration::ZERO, invite(number));
        if let Some(call) = centre.uuid(&number.into()) {
            centre.handle(Duration::ZERO, Input::Reported { call, result: Ok(()) });
            centre.handle(Duration::ZERO, ends(number));
        }
        words(centre).iter().any(|word| word.starts_with("report-incoming"))
    };
    assert!((0..65).all(|call| ring(&mut centre, call)));
    assert!((1..65).all(|call| !ring(&mut centre, call)));
    // The oldest is forgotten, and is the newest now.
    assert!(ring(&mut centre, 0));
    assert!(!ring(&mut centre, 0));
    assert!(!ring(&mut centre, 2));
}

#[test]
fn one_more_open_action_than_fit_fails_and_takes_its_call_with_it() {
    let mut centre = centre();
    let perform = |centre: &mut Centre, number: u64, action: CallAction| {
        let (id, transaction, timeout) = (Id::named(&format!("a{number}")), None, None);
        let performed = Performed { id, action, transaction, timeout };
        centre.handle(Duration::ZERO, Input::Perform(performed));
        words(centre)
    };
    let mut calls = [42, 7].map(|number: u64| {
        centre.handle(Duration::ZERO, invite(number));
        let call = centre.uuid(&number.into()).unwrap();
        centre.handle(Duration::ZERO, Input::Reported { call, result: Ok(()) });
        call
    });
    words(&mut centre);
    calls.sort();
    let [first, second] = calls;
    for number in 0..32 {
        let done = perform(&mut centre, number, CallAction::Answer { call: first });
        assert!(!done.contains(&format!("fail a{number}")), "{number} {done:?}");
    }
    let done = perform(&mut centre, 32, CallAction::Answer { call: first });
    assert_eq!(done, ["fail a32"]);
    // Nothing else waits for the second call, whose answer is its end.
    let done = perform(&mut centre, 33, CallAction::Answer { call: second });
    assert_eq!(done, ["fail a33", "send 7 end", &format!("report-ended {second} failed")]);
    centre.handle(Duration::ZERO, Input::SignallingReady(true));
    centre.handle(Duration::ZERO, Input::CategorySet(Ok(())));
    let done = words(&mut centre);
    assert_eq!(done.iter().filter(|word| word.starts_with("fulfill")).count(), 32, "{done:?}");
}

#[test]
fn all_that_is_done_to_hardware_is_told_to_the_log_a_unit_is_made_once() {
    let text = "== 3.2 answered
        order qq
        given connected 42 A
        given interruption-began
        given did-activate
        given audio-started
        given ended 42 remote-ended
        given did-deactivate";
    let trace = story::stories(text).remove(0).trace("log");
    let units: Vec<_> = trace
        .iter()
        .map(|entry| entry.event.kind())
        .filter(|kind| kind.name().ends_with("-unit"))
        .map(EventKind::name)
        .collect();
    assert_eq!(
        units,
        [
            "create-unit",
            "initialize-unit",
            "start-unit",
            "stop-unit",
            "start-unit",
            "stop-unit",
            "dispose-unit"
        ]
    );
}

#[test]
fn calls_in_the_app_tell_the_log_what_happens_and_what_is_done() {
    let text = "== 3.12 answered
        in-app
        ring 30000
        given invite 42 from alice
        given user answers 42
        given category-set
        given active-set
        given audio-started
        given user mutes 42
        given wait 1000
        given ended 42 remote-ended";
    let trace = story::stories(text).remove(0).trace("log");
    let told: Vec<_> = trace.iter().map(|entry| entry.event.kind().name()).collect();
    let invite = told.iter().position(|name| *name == "invite").unwrap();
    assert_eq!(
        told[invite..],
        [
            "invite",
            "start-ring-timer",
            "user-answers",
            "cancel-ring-timer",
            "set-category",
            "set-active",
            "send-accept",
            "prefer-no-alerts",
            "create-unit",
            "initialize-unit",
            "start-unit",
            "user-mutes",
            "apply-mute",
            "poll",
            "peer-ended",
            "stop-unit",
            "set-active",
            "dispose-unit",
        ]
    );
}

#[test]
fn a_call_in_the_app_says_until_when_it_rings() {
    let mut settings = Settings::default();
    settings.ring = Some(Duration::from_secs(30));
    let mut in_app = InApp::new(settings, || Id::new(1));
    assert_eq!(in_app.poll_timeout(), None);
    in_app.handle(Duration::from_secs(1), invite(42));
    assert_eq!(in_app.poll_timeout(), Some(Duration::from_secs(31)));
    in_app.handle(Duration::from_secs(31), Input::Time);
    assert_eq!((in_app.calls().count(), in_app.poll_timeout()), (0, None));
}

#[test]
fn a_start_with_video_is_told_to_the_log_as_one() {
    let text = "== 3.4 started\ngiven user calls bob as 7 video\ngiven invite 42 from alice video";
    let trace = story::stories(text).remove(0).trace("log");
    let videos: Vec<_> = trace
        .iter()
        .filter_map(|entry| match entry.event {
            Event::Request { video, .. } | Event::ReportIncoming { video, .. } => video,
            _ => None,
        })
        .collect();
    assert_eq!(videos, [true, true]);
}

#[test]
fn no_wait_is_too_short_or_too_long() {
    // Whether a call outlives all time that waits for its activation, or its answer, or the first unlock.
    let lives = |wait: Duration| {
        let mut settings = Settings::default();
        (settings.waits.activation, settings.waits.acceptance) = (wait, wait);
        (settings.waits.locked_call, settings.ring) = (wait, Some(wait));
        ["answered", "rings", "locked"].map(|what| {
            let mut centre = Centre::new(settings.clone(), || Id::named("A"));
            let now = Duration::from_millis(1);
            centre.handle(now, Input::SignallingReady(true));
            centre.handle(now, Input::Unlocked(what != "locked"));
            centre.handle(now, invite(1));
            let call = Id::named("A");
            if what == "answered" {
                let (action, id) = (CallAction::Answer { call }, Id::named("answer"));
                let (transaction, timeout) = (None, Some(Duration::from_secs(10)));
                let performed = Performed { id, action, transaction, timeout };
                centre.handle(now, Input::Perform(performed));
                centre.handle(now, Input::CategorySet(Ok(())));
            }
            centre.handle(now, Input::Reported { call, result: Ok(()) });
            centre.handle(Duration::MAX, Input::Time);
            centre.uuid(&1.into()).is_some()
        })
    };
    for wait in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(100)] {
        assert_eq!(lives(wait), [false; 3], "{wait:?}");
    }
    assert_eq!(lives(Duration::MAX), [true; 3], "waits without an end");
}

#[test]
fn time_does_not_go_back_and_no_answer_that_nobody_waits_for_does_harm() {
    let mut centre = centre();
    centre.handle(Duration::MAX, Input::Time);
    centre.handle(Duration::ZERO, Input::CategorySet(Ok(())));
    centre.handle(Duration::ZERO, Input::AudioStarted(Err(Refusal::unit(-66_637))));
    centre.handle(Duration::ZERO, Input::DidDeactivate);
    let result = Ok(());
    centre.handle(Duration::ZERO, Input::Reported { call: Id::named("X"), result });
    centre.handle(Duration::ZERO, Input::Requested { transaction: Id::named("X"), result });
    centre.handle(Duration::ZERO, Input::TimedOut { action: Id::named("X") });
    while let Some(output) = centre.poll_output() {
        assert!(matches!(output, Output::RestoreAudio | Output::Notice(_)), "{output}");
    }
    assert_eq!(centre.calls().count(), 0);
}
