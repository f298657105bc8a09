//! The guard: rules that are seen in values, permits, texts. Random streams are in `fuzz/`.

use oncue_session::*;

const HEADSET: Options = Options::ALLOW_BLUETOOTH_HFP;

fn rule(result: Result<Progress, Violation>) -> Rule {
    result.expect_err("out of order").rule
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
    guard
        .set_category(Category::PlayAndRecord, Mode::VoiceChat, Some(Options::NONE))
        .expect("left out on purpose");
    guard
        .set_category(Category::PlayAndRecord, Mode::VoiceChat, None)
        .expect("there is none to lose");
}

#[test]
fn the_same_values_in_did_activate_are_no_change_other_values_or_later_are() {
    let set =
        |guard: &mut Guard, mode| guard.set_category(Category::PlayAndRecord, mode, Some(HEADSET));
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
    guard
        .set_category(Category::PlayAndRecord, Mode::VoiceChat, None)
        .expect("there is none to lose");
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
        assert!(
            rule.id().bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()),
            "{}",
            rule.id()
        );
        assert!(
            rule.wrong().starts_with(rule.id()) && !rule.wrong().ends_with('.'),
            "{}",
            rule.wrong()
        );
        assert!(
            rule.first().starts_with("first: ") || rule.first().starts_with("instead: "),
            "{}",
            rule.first()
        );
        assert!(rule.otherwise().starts_with("otherwise: "), "{}", rule.otherwise());
    }
}
