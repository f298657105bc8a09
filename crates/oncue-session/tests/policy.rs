//! Policies: how serious each rule is, on which system it applies, and what is held to the letter.
//!
//! Independent: the rules named here have their grades and versions from the rule book, read by hand.

use oncue_session::{CategoryAt, InitAt, Level, Os, Policy, Rule, StopAt, UnholdAt, Version};

/// Graded A or C, and no source contradicts them.
const CERTAIN: [Rule; 3] =
    [Rule::NoAppActivationUnderCallkit, Rule::ActivationCountBalanced, Rule::PushReportsACall];
/// Sources contradict each other (`!`).
const CONTRADICTED: [Rule; 3] =
    [Rule::IoInitWindow, Rule::StopIoWhenEnding, Rule::MediaServicesLostStop];
/// Known from public issues first (I).
const REPORTED: [Rule; 3] =
    [Rule::NoForeignDeactivation, Rule::IoStartsAfterActivation, Rule::SystemCallOutlivesMedia];
/// What Apple's policy says nothing of.
const ALLOWED: [Rule; 2] = [Rule::SystemAlertPreference, Rule::MuteRequiresActiveRecordSession];

fn version(text: &str) -> Version {
    Version::parse(text).unwrap_or_else(|| panic!("{text} is a version"))
}

#[test]
fn apples_policy_denies_what_silences_a_call_and_takes_either_side_of_a_contradiction() {
    let policy = Policy::apple();
    for rule in [Rule::NoAppActivationUnderCallkit, Rule::IoInitWindow, Rule::NoForeignDeactivation]
    {
        assert_eq!(policy.level(rule), Level::Deny, "{rule}");
    }
    for rule in [Rule::IoStartsAfterActivation, Rule::SystemCallOutlivesMedia] {
        assert_eq!(policy.level(rule), Level::Warn, "{rule}");
    }
    for rule in ALLOWED {
        assert_eq!(policy.level(rule), Level::Allow, "{rule}");
    }
    assert!(!Rule::all().any(|rule| policy.is_strict(rule)));
    let sides = (policy.category_at, policy.init_at, policy.stop_at, policy.unhold_at);
    assert_eq!(sides, (CategoryAt::Either, InitAt::Either, StopAt::Either, UnholdAt::Either));
    assert_eq!(policy, Policy::default());
}

#[test]
fn the_permissive_policy_denies_nothing_and_warns_of_what_is_certain() {
    let policy = Policy::permissive();
    for rule in CERTAIN {
        assert_eq!(policy.level(rule), Level::Warn, "{rule}");
    }
    for rule in CONTRADICTED.iter().chain(&REPORTED).chain(&ALLOWED) {
        assert_eq!(policy.level(*rule), Level::Allow, "{rule}");
    }
    assert!(Rule::all().all(|rule| policy.level(rule) < Level::Deny));
}

#[test]
fn the_strict_policy_says_something_of_every_rule_and_lets_no_deviation_pass() {
    let policy = Policy::strict();
    for rule in ALLOWED {
        assert_eq!(policy.level(rule), Level::Warn, "{rule}");
    }
    assert_eq!(policy.level(Rule::NoAppActivationUnderCallkit), Level::Deny);
    assert!(Rule::all().all(|rule| policy.is_strict(rule)));
    assert_eq!(
        (policy.stop_at, policy.unhold_at),
        (StopAt::BeforeFulfil, UnholdAt::WithActivation)
    );
}

#[test]
fn qqs_policy_takes_the_sides_that_qq_published() {
    let policy = Policy::qq();
    let sides = (policy.category_at, policy.init_at, policy.stop_at);
    assert_eq!(sides, (CategoryAt::BeforeReport, InitAt::BeforeFulfil, StopAt::AfterDeactivation));
}

#[test]
fn one_rule_is_held_to_the_letter_and_let_go_without_the_others() {
    let (one, other) = (Rule::IoInitWindow, Rule::OutgoingReportOrder);
    let mut policy = Policy::apple();
    let strict = |policy: &Policy| [policy.is_strict(one), policy.is_strict(other)];
    for (rule, held, expected) in [
        (one, true, [true, false]),
        (one, true, [true, false]),
        (other, true, [true, true]),
        (one, false, [false, true]),
        (one, false, [false, true]),
    ] {
        policy.set_strict(rule, held);
        assert_eq!(strict(&policy), expected, "{rule} {held}");
    }
    assert_eq!(Rule::all().filter(|&rule| policy.is_strict(rule)).count(), 1);
}

#[test]
fn a_rule_applies_to_its_system_from_its_version_on() {
    let (push, telecom) = (Rule::PushReportsACall, Rule::AndVoipAudioMode);
    for (os, at, push_applies, telecom_applies) in [
        (Os::Ios, None, true, false),
        (Os::Ios, Some("12.5"), false, false),
        (Os::Ios, Some("13"), true, false),
        (Os::Ios, Some("17.4"), true, false),
        (Os::Android, None, false, true),
        (Os::Android, Some("22"), false, false),
        (Os::Android, Some("23"), false, true),
    ] {
        let mut policy = Policy::apple();
        (policy.os, policy.version) = (os, at.map(version));
        let applies = [policy.applies(push), policy.applies(telecom)];
        assert_eq!(applies, [push_applies, telecom_applies], "{os} {at:?}");
        assert_eq!(policy.level(push) == Level::Allow, !push_applies, "{os} {at:?}");
    }
}

#[test]
fn a_version_is_two_numbers_of_which_the_second_may_be_left_out() {
    for (text, major, minor) in [("17.4", 17, 4), ("17", 17, 0), ("17.4.1", 17, 4), ("0.1", 0, 1)] {
        assert_eq!(Version::parse(text), Some(Version { major, minor }), "{text}");
    }
    for text in ["", "17.", ".4", "17.x", "17.4.", "17.4.x", "17.4.1.2", "17.4.x.2", "iOS 17", "-1"]
    {
        assert_eq!(Version::parse(text), None, "{text}");
    }
    assert_eq!(version("17.4").to_string(), "17.4");
    assert!(version("9.3") < version("10") && version("17.4") < version("17.10"));
}
