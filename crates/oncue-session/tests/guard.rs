//! The guard: rules that are seen in values, and what holds for every stream of steps and events.

use oncue_session::*;
use proptest::prelude::*;

const HEADSET: Options = Options::ALLOW_BLUETOOTH_HFP;

fn rule(result: Result<Progress, Violation>) -> Rule {
    result.unwrap_err().rule
}

#[test]
fn only_play_and_record_carries_a_call() {
    let mut guard = Guard::new(Owner::System);
    let refused = guard.set_category(Category::Playback, Mode::Default, None);
    assert_eq!(rule(refused), Rule::CategoryMustBePlayAndRecord);
    assert_eq!(guard.state(), State::Fresh);
}

#[test]
fn options_are_passed_with_every_set_category() {
    let mut guard = Guard::new(Owner::System);
    guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, Some(HEADSET)).unwrap();
    let lost = guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, None);
    assert_eq!(rule(lost), Rule::OptionsAreNotSticky);
    guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, Some(Options::NONE)).expect("left out on purpose");
    guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, None).expect("there is none to lose");
}

#[test]
fn the_same_values_in_did_activate_are_no_change_other_values_or_later_are() {
    let set = |guard: &mut Guard, mode| guard.set_category(Category::PlayAndRecord, mode, Some(HEADSET));
    let mut guard = Guard::new(Owner::System);
    set(&mut guard, Mode::VoiceChat).unwrap();
    guard.attempt(Step::Fulfill).unwrap();
    guard.on_event(Event::DidActivate);
    set(&mut guard, Mode::VoiceChat).expect("shipped samples do this");
    assert_eq!(rule(set(&mut guard, Mode::VideoChat)), Rule::NoCategoryChangeWhileCallActive);
    guard.attempt(Step::Start).unwrap();
    assert_eq!(rule(set(&mut guard, Mode::VoiceChat)), Rule::NoCategoryChangeWhileCallActive);

    let mut guard = Guard::new(Owner::App);
    set(&mut guard, Mode::VoiceChat).unwrap();
    guard.attempt(Step::Activate).unwrap();
    set(&mut guard, Mode::VideoChat).expect("the app owns the session");
}

#[test]
fn a_reset_forgets_the_configuration() {
    let mut guard = Guard::new(Owner::System);
    guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, Some(HEADSET)).unwrap();
    guard.on_event(Event::MediaServicesReset);
    guard.set_category(Category::PlayAndRecord, Mode::VoiceChat, None).expect("there is none to lose");
}

#[test]
fn activating_inside_the_action_is_named_so_until_the_action_is_over() {
    let mut guard = Guard::new(Owner::System);
    guard.attempt(Step::Configure).unwrap();
    guard.on_event(Event::ActionPerformed);
    assert_eq!(rule(guard.attempt(Step::Activate)), Rule::ConfigureWithoutActivating);
    guard.on_event(Event::ActionExpired);
    assert_eq!(rule(guard.attempt(Step::Activate)), Rule::NoAppActivationUnderCallkit);
    guard.on_event(Event::ActionPerformed);
    guard.attempt(Step::Fulfill).unwrap();
    assert_eq!(rule(guard.attempt(Step::Activate)), Rule::NoAppActivationUnderCallkit);
}

#[test]
fn a_permit_to_start_is_given_only_in_order() {
    let mut guard = Guard::new(Owner::App);
    guard.attempt(Step::Configure).unwrap();
    let early = guard.attempt_start(Step::Start).unwrap_err();
    assert_eq!(early.rule, Rule::IoStartAfterDidActivate);
    guard.attempt(Step::Activate).unwrap();
    let _: StartPermit = guard.attempt_start(Step::Start).unwrap();
    assert_eq!(guard.state(), State::Running);
}

#[test]
fn a_violation_says_what_is_wrong_what_comes_first_and_what_happens_otherwise() {
    let violation = Guard::new(Owner::System).attempt(Step::Start).unwrap_err();
    insta::assert_snapshot!(violation, @"category-before-activation: the session has no PlayAndRecord category yet (Start in state Fresh, owned by System); first: `session.configure(PlayAndRecord::voice_chat())?`; otherwise: silence in capture or in both directions, and no error from the system");
}

#[test]
fn every_rule_has_an_id_of_its_own_and_its_texts() {
    let mut ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(rule.id().bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{}", rule.id());
        assert!(rule.wrong().starts_with(rule.id()) && !rule.wrong().ends_with('.'), "{}", rule.wrong());
        assert!(rule.first().starts_with("first: ") || rule.first().starts_with("instead: "), "{}", rule.first());
        assert!(rule.otherwise().starts_with("otherwise: "), "{}", rule.otherwise());
    }
}

#[derive(Clone, Copy, Debug)]
enum Word {
    App(Step),
    System(Event),
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        proptest::sample::select(Step::ALL).prop_map(Word::App),
        proptest::sample::select(Event::ALL).prop_map(Word::System),
    ]
}

proptest! {
    /// Whatever happens: audio runs only where the last word on the activation was yes and every step to it was legal.
    #[test]
    fn audio_never_runs_without_category_and_activation(
        owner in proptest::sample::select(Owner::ALL),
        words in proptest::collection::vec(word(), 0..200),
    ) {
        let mut guard = Guard::new(owner);
        let (mut configured, mut active, mut may_resume) = (false, false, false);
        for word in words {
            match word {
                Word::App(step) => {
                    let before = guard.state();
                    match guard.attempt(step) {
                        Err(violation) => {
                            prop_assert_eq!(guard.state(), before);
                            prop_assert_eq!(violation.state, before);
                        }
                        Ok(_) => match step {
                            Step::Configure => configured = true,
                            Step::Activate => active = true,
                            Step::Fulfill if !active => may_resume = false,
                            Step::Resume if !active => may_resume = true,
                            Step::EndCall | Step::Deactivate => (active, may_resume) = (false, false),
                            Step::Start | Step::StartPlayback => {
                                prop_assert!(configured && (active || may_resume), "{step} in {before:?}");
                                active = true;
                            }
                            _ => {}
                        },
                    }
                }
                Word::System(event) => {
                    guard.on_event(event);
                    match event {
                        Event::DidActivate => active |= configured,
                        Event::DidDeactivate | Event::InterruptionBegan => active = false,
                        Event::ProviderReset => (active, may_resume) = (false, false),
                        Event::MediaServicesLost | Event::MediaServicesReset => {
                            (configured, active, may_resume) = (false, false, false);
                        }
                        _ => {}
                    }
                }
            }
            let runs = matches!(guard.state(), State::Playing | State::Running);
            prop_assert!(!runs || configured && active, "{word:?} led to {:?}", guard.state());
        }
    }
}
