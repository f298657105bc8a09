//! How a guard answers: before the event or after it, by levels, with deadlines, root causes and consequences. What it
//! finds for each rule is in the traces of `oncue-trace`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answered;

use answered::{A, ANSWER, IO, answered, at, configure, perform, rules, start};
use oncue_session::*;
use std::time::Duration;

fn category(category: Category) -> Event {
    Event::SetCategory { category, mode: None, options: None, through_proxy: None }
}

#[test]
fn an_attempt_tells_what_the_time_before_it_broke_too() {
    let mut guard = answered(Policy::apple());
    let denied = guard.attempt(&at(4000, start())).unwrap_err();
    assert_eq!(rules(denied), [Rule::ActivationWatchdog, Rule::IoStartAfterDidActivate]);
    assert_eq!((denied[0].event, denied[0].at), (None, Duration::from_millis(3003)));
    assert_eq!(guard.root_causes(), [Rule::ActivationWatchdog]);

    let mut guard = answered(Policy::apple());
    let taken = guard.attempt(&at(4000, Event::DidActivate {})).unwrap();
    assert_eq!(rules(taken), [Rule::ActivationWatchdog]);
}

#[test]
fn a_denied_attempt_is_not_taken_and_has_no_consequence() {
    let mut guard = answered(Policy::apple());
    let denied = guard.attempt(&at(10, start())).unwrap_err();
    assert_eq!(rules(denied), [Rule::IoStartAfterDidActivate]);
    assert_eq!((guard.state(), guard.root_causes()), (Some(State::AwaitingActivation), &[][..]));
    assert_eq!(rules(guard.attempt(&at(11, Event::DidActivate {})).unwrap()), []);
    let _: StartPermit = guard.attempt_start(&at(12, start())).unwrap();
    assert_eq!(guard.state(), Some(State::Running));
}

#[test]
fn a_finding_names_its_call() {
    // By the action that is fulfilled without a category; by the event itself, of a call that nobody reported.
    let mut guard = Guard::new(Policy::apple());
    for event in
        [Event::ReportIncoming { call: A, video: None }, perform(ANSWER, ActionKind::Answer)]
    {
        guard.observe(&at(1, event));
    }
    let found = guard.observe(&at(2, Event::Fulfill { action: ANSWER }));
    assert!(found.iter().any(|found| found.rule == Rule::CategoryBeforeActivation));
    assert!(found.iter().all(|found| found.call == Some(A)), "{found:?}");

    let mut guard = Guard::new(Policy::apple());
    guard.observe(&at(0, Event::Launch {}));
    let unknown = Event::ReportEnded { call: A, reason: EndedReason::RemoteEnded };
    let found = guard.observe(&at(1, unknown));
    assert_eq!(rules(found), [Rule::EndNamesAReportedCall]);
    assert_eq!(found[0].call, Some(A));

    // What is of the session is of no call.
    let found = answered(Policy::apple()).observe(&at(4, start())).to_vec();
    assert_eq!((found[0].rule, found[0].call), (Rule::IoStartAfterDidActivate, None));
}

#[test]
fn the_state_is_what_the_events_leave_of_it() {
    // A refused category leaves the one before.
    let refused = Event::Refused {
        of: EventKind::SetCategory,
        domain: Domain::AudioSession,
        code: Refusal::INSUFFICIENT_PRIORITY.code,
        unit: None,
    };
    let mut guard = Guard::new(Policy::apple());
    for (event, state) in [
        (configure(), State::Configured),
        (refused, State::Fresh),
        (configure(), State::Configured),
        (configure(), State::Configured),
        (refused, State::Configured),
    ] {
        guard.observe(&at(1, event));
        assert_eq!(guard.state(), Some(state), "{event:?}");
    }

    // A second call that is answered takes nothing from the first.
    let call = Id::named("B");
    let action = Id::named("answer B");
    let answer = Event::Perform {
        action,
        kind: ActionKind::Answer,
        call,
        transaction: None,
        timeout_ms: None,
    };
    let mut guard = answered(Policy::apple());
    for event in [
        Event::DidActivate {},
        start(),
        Event::ReportIncoming { call, video: None },
        Event::ReportSucceeded { call },
        answer,
        Event::Fulfill { action },
    ] {
        guard.observe(&at(4, event));
    }
    assert_eq!(guard.state(), Some(State::Running));
}

#[test]
fn a_warning_is_said_and_the_event_taken() {
    let mut policy = Policy::apple();
    policy.set_level(Rule::IoStartAfterDidActivate, Level::Warn);
    let mut guard = answered(policy);
    let warned = guard.attempt(&at(10, start())).unwrap();
    assert_eq!(rules(warned), [Rule::IoStartAfterDidActivate]);
    assert_eq!(guard.root_causes(), [Rule::IoStartAfterDidActivate]);
}

#[test]
fn a_rule_that_is_allowed_or_of_another_version_says_nothing() {
    let mut policy = Policy::apple();
    policy.set_level(Rule::IoStartAfterDidActivate, Level::Allow);
    assert_eq!(rules(answered(policy).observe(&at(10, start()))), []);

    let mut policy = Policy::apple();
    policy.version = Version::parse("9.3");
    assert_eq!(policy.level(Rule::IoStartAfterDidActivate), Level::Allow);
    policy.version = Version::parse("10.0");
    assert_eq!(policy.level(Rule::IoStartAfterDidActivate), Level::Deny);
}

#[test]
fn what_follows_from_a_mistake_is_its_consequence() {
    let mut guard = answered(Policy::apple());
    let activates = Event::SetActive { active: true };
    assert_eq!(rules(guard.observe(&at(10, activates))), [Rule::NoAppActivationUnderCallkit]);
    let late = guard.on_timeout(Duration::from_secs(9));
    assert_eq!(rules(late), [Rule::ActivationWatchdog]);
    assert_eq!(late[0].because_of, Some(Rule::NoAppActivationUnderCallkit));
    assert_eq!(late[0].at, Duration::from_millis(3003));
    assert_eq!(guard.root_causes(), [Rule::NoAppActivationUnderCallkit]);
    assert_eq!(
        guard.behind(Refusal::INSUFFICIENT_PRIORITY),
        Some(Rule::NoAppActivationUnderCallkit)
    );
}

#[test]
fn deadlines_are_values_with_a_reason() {
    let mut guard = answered(Policy::apple());
    let wake = guard.poll_timeout().unwrap();
    assert_eq!((wake.at, wake.reason), (Duration::from_millis(3003), Reason::Activation));
    assert_eq!(rules(guard.on_timeout(wake.at)), [], "just in time");
    assert_eq!(
        rules(guard.on_timeout(wake.at + Duration::from_nanos(1))),
        [Rule::ActivationWatchdog]
    );
    assert_eq!(guard.poll_timeout(), None);
}

#[test]
fn an_action_past_its_time_and_a_unit_without_samples_are_found_by_the_clock_alone() {
    let mut guard = answered(Policy::apple());
    guard.observe(&at(100, Event::DidActivate {}));
    guard.observe(&at(101, start()));
    for ms in [1000, 2000] {
        let samples = Event::Samples { unit: IO, captured: 7, played: 7, silent: None };
        assert_eq!(rules(guard.observe(&at(ms, samples))), []);
    }
    let hold = Id::named("hold A");
    let timed = Event::Perform {
        action: hold,
        kind: ActionKind::Hold,
        call: A,
        transaction: None,
        timeout_ms: Some(500),
    };
    guard.observe(&at(2100, timed));
    let reasons: Vec<_> = std::iter::from_fn(|| {
        let wake = guard.poll_timeout()?;
        guard.on_timeout(wake.at + Duration::from_nanos(1));
        Some((wake.at.as_millis(), wake.reason, wake.about))
    })
    .collect();
    assert_eq!(
        reasons,
        [(2600, Reason::Completion, Some(hold)), (3000, Reason::Samples, Some(IO))]
    );
}

#[test]
fn two_interruptions_without_an_end_are_waited_for_in_the_foreground_only() {
    let mut guard = answered(Policy::apple());
    let events = [
        Event::DidActivate {},
        start(),
        Event::InterruptionBegan { reason: None },
        Event::InterruptionBegan { reason: None },
    ];
    for event in events {
        assert_eq!(rules(guard.observe(&at(100, event))), []);
    }
    assert_eq!(guard.poll_timeout(), None);
    guard.observe(&at(5000, Event::EnteredForeground {}));
    let wake = guard.poll_timeout().unwrap();
    assert_eq!((wake.at.as_millis(), wake.reason), (8000, Reason::InterruptionEnd));
    guard.observe(&at(6000, Event::EnteredBackground {}));
    assert_eq!(guard.poll_timeout(), None);
    guard.observe(&at(7000, Event::EnteredForeground {}));
    assert_eq!(
        rules(guard.on_timeout(Duration::from_millis(10_001))),
        [Rule::InterruptionEndNotGuaranteed]
    );
}

#[test]
fn a_guard_in_the_middle_of_a_story_judges_what_it_is_told() {
    let mut guard = Guard::from_the_middle(Policy::apple());
    assert_eq!(guard.state(), None);
    assert_eq!(rules(guard.observe(&at(0, start()))), [], "the activation may have come before");
    let mut guard = Guard::from_the_middle(Policy::apple());
    guard.observe(&at(0, perform(ANSWER, ActionKind::Answer)));
    guard.observe(&at(1, configure()));
    guard.observe(&at(2, Event::Fulfill { action: ANSWER }));
    guard.observe(&at(3, Event::DidDeactivate {}));
    assert_eq!(rules(guard.observe(&at(4, start()))), [Rule::IoStartAfterDidActivate]);
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut guard = answered(Policy::apple());
    guard.observe(&at(2000, Event::Poll {}));
    guard.observe(&at(0, Event::Poll {}));
    assert_eq!(guard.poll_timeout().unwrap().at, Duration::from_millis(3003));
}

#[test]
fn what_went_wrong_in_one_call_explains_nothing_of_the_next() {
    let mut guard = answered(Policy::apple());
    guard.observe(&at(10, start()));
    assert_eq!(guard.root_causes(), [Rule::IoStartAfterDidActivate]);
    guard.observe(&at(20, Event::StopUnit { unit: IO }));
    guard.observe(&at(21, Event::ReportEnded { call: A, reason: EndedReason::Failed }));
    assert_eq!(guard.root_causes(), [Rule::IoStartAfterDidActivate], "no other call has begun");
    guard.observe(&at(30, Event::Invite { call: Id::named("B") }));
    assert_eq!(guard.root_causes(), []);

    // What the next story begins with is wrong by itself, and a root cause of its own.
    let mut guard = answered(Policy::apple());
    guard.observe(&at(10, start()));
    guard.observe(&at(20, Event::StopUnit { unit: IO }));
    for call in [A, Id::named("B")] {
        guard.observe(&at(21, Event::ReportEnded { call, reason: EndedReason::Failed }));
    }
    assert_eq!(guard.root_causes(), [Rule::EndNamesAReportedCall]);

    let mut guard = answered(Policy::apple());
    guard.observe(&at(10, start()));
    guard.observe(&at(20, Event::Launch {}));
    assert_eq!((guard.root_causes(), guard.state()), (&[][..], Some(State::Fresh)));
}

#[test]
fn a_repeat_follows_from_the_first() {
    let mut guard = answered(Policy::apple());
    let first = guard.observe(&at(10, start()))[0];
    assert_eq!((first.because_of, first.call), (None, None));
    let again = guard.observe(&at(20, start()))[0];
    assert_eq!(again.because_of, Some(Rule::IoStartAfterDidActivate));
}

#[test]
fn what_is_found_once_is_not_found_again_where_nothing_new_is_wrong() {
    let times = |guard: &mut Guard, rule, events: &[(u64, Event)]| -> usize {
        let found = |&(ms, event)| {
            rules(guard.observe(&at(ms, event))).iter().filter(|&&found| found == rule).count()
        };
        events.iter().map(found).sum()
    };

    let ended = Event::ReportEnded { call: A, reason: EndedReason::RemoteEnded };
    let open = [(10, perform(IO, ActionKind::Hold)), (20, ended)];
    let tells = [4000, 5000].map(|ms| (ms, Event::DidDeactivate {}));
    let mut guard = answered(Policy::apple());
    assert_eq!(times(&mut guard, Rule::ActionCompletedExactlyOnce, &[open, tells].concat()), 1);

    let turns = [10, 20].map(|ms| (ms, Event::MainQueueTurn {}));
    let mut guard = Guard::new(Policy::apple());
    guard.observe(&at(0, Event::CreateRegistry {}));
    assert_eq!(times(&mut guard, Rule::PushRegistryAtEveryLaunch, &turns), 1);

    let enabled = [(10, Event::DidActivate {}), (11, Event::EnableAudio { on: true })];
    let told = [12, 13].map(|ms| (ms, Event::TellStack { active: true }));
    let mut guard = answered(Policy::apple());
    assert_eq!(times(&mut guard, Rule::NotifyBeforeEnable, &[enabled, told].concat()), 1);
}

#[test]
fn a_call_that_was_forgotten_is_not_taken_for_one_that_never_was() {
    let ended = |call| Event::ReportEnded { call, reason: EndedReason::Failed };
    let mut guard = Guard::new(Policy::apple());
    let calls = (1..=17).map(Id::new);
    for (call, ms) in calls.zip((0..).step_by(1000)) {
        for event in [Event::ReportIncoming { call, video: None }, ended(call)] {
            assert_eq!(rules(guard.observe(&at(ms, event))), []);
        }
    }
    assert_eq!(rules(guard.observe(&at(20_000, ended(Id::new(1))))), []);
    let mut guard = Guard::new(Policy::apple());
    let found = guard.observe(&at(0, ended(Id::new(1))));
    assert_eq!(rules(found), [Rule::EndNamesAReportedCall]);
}

#[test]
fn of_several_rules_that_one_event_breaks_the_root_cause_comes_first() {
    let mut guard = Guard::new(Policy::apple());
    guard.observe(&at(0, Event::ReportIncoming { call: A, video: None }));
    guard.observe(&at(1, Event::ReportSucceeded { call: A }));
    guard.observe(&at(2, perform(ANSWER, ActionKind::Answer)));
    let found = guard.observe(&at(3, Event::SetActive { active: true })).to_vec();
    assert_eq!(
        rules(&found),
        [Rule::ConfigureWithoutActivating, Rule::NoAppActivationUnderCallkit]
    );
    let cause = Some(Rule::ConfigureWithoutActivating);
    assert_eq!(found.iter().map(|finding| finding.because_of).collect::<Vec<_>>(), [None, cause]);
    assert_eq!(guard.root_causes(), [Rule::ConfigureWithoutActivating]);

    let mut guard = answered(Policy::apple());
    let found = guard.observe(&at(10, category(Category::Playback)).by(Party::Library));
    assert_eq!(
        rules(found),
        [Rule::ThirdPartySessionMutation, Rule::CategoryMustBePlayAndRecord],
        "in the order of the rule book the root cause is the later one"
    );
    assert_eq!(guard.root_causes(), [Rule::ThirdPartySessionMutation]);
}

#[test]
fn a_refusal_is_laid_to_a_root_cause_or_to_the_only_rule_that_is_answered_so() {
    let guard = answered(Policy::apple());
    let too_many_frames = Refusal::unit(-10874);
    assert_eq!(guard.behind(too_many_frames), Some(Rule::MaxFramesPerSlice));
    assert_eq!(guard.behind(Refusal::INSUFFICIENT_PRIORITY), None, "several rules are");
    assert_eq!(guard.behind(Refusal::unit(4711)), None);

    let mut guard = answered(Policy::apple());
    guard.observe(&at(10, Event::SetActive { active: true }));
    assert_eq!(guard.behind(too_many_frames), Some(Rule::MaxFramesPerSlice));
    assert_eq!(
        guard.behind(Refusal::INSUFFICIENT_PRIORITY),
        Some(Rule::NoAppActivationUnderCallkit)
    );

    let mut guard = answered(Policy::apple());
    guard.observe(&at(10, category(Category::Playback)));
    assert_eq!(
        guard.behind(Refusal::session(b"!pla")),
        Some(Rule::CategoryMustBePlayAndRecord),
        "the root cause itself, and nothing that follows from it"
    );
}

#[test]
fn an_entry_keeps_the_rest_when_its_party_or_thread_is_set() {
    let entry = at(7, start()).by(Party::Stack).on(Thread::Main);
    assert_eq!((entry.at, entry.by), (Duration::from_millis(7), Party::Stack));
    assert_eq!((entry.thread, entry.event), (Some(Thread::Main), start()));
    assert_eq!(at(7, start()).by, Party::App);
}

#[test]
fn no_time_and_no_wait_is_too_long() {
    let mut policy = Policy::apple();
    policy.waits.activation = Duration::MAX;
    let mut guard = answered(policy);
    assert_eq!(rules(guard.on_timeout(Duration::MAX)), [], "a wait without an end");
    let mut guard = answered(Policy::apple());
    let events = [perform(IO, ActionKind::Hold), Event::DidActivate {}, start()];
    let events = events.map(|event| Entry::new(Duration::MAX, event));
    assert_eq!(rules(guard.observe(&events[0])), [Rule::ActivationWatchdog]);
    for event in &events[1..] {
        assert_eq!(rules(guard.observe(event)), []);
    }
}

#[test]
fn a_deadline_whose_place_another_took_is_not_over_early() {
    let mut guard = Guard::new(Policy::apple());
    let perform = |number: u32, wait| Event::Perform {
        action: Id::new(number.into()),
        kind: ActionKind::Hold,
        call: A,
        transaction: None,
        timeout_ms: Some(wait),
    };
    guard.observe(&at(0, Event::ReportIncoming { call: A, video: None }));
    guard.observe(&at(0, Event::ReportSucceeded { call: A }));
    for number in 1..32 {
        guard.observe(&at(0, perform(number, 9000)));
    }
    guard.observe(&at(0, perform(32, 1000)));
    guard.observe(&at(0, perform(33, 9000)));
    assert_eq!(rules(guard.on_timeout(Duration::from_millis(2000))), []);
    assert_eq!(guard.poll_timeout().map(|wake| wake.at), Some(Duration::from_millis(9000)));
}
