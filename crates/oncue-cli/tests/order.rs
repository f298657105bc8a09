//! A run takes a call's steps in order; a broken order is named, and is silent by the card's gate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::{Said, oncue};
use serde_json::Value;

fn steps(said: &Said) -> Vec<String> {
    let steps = said.json()["steps"].as_array().unwrap().clone();
    steps
        .iter()
        .map(|step| format!("{} {}", step["who"].as_str().unwrap(), step["what"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_call_under_the_call_system_takes_its_steps_in_order_and_is_heard() {
    let said = oncue(&["loopback", "--json", "--duration", "1"]);
    assert_eq!(
        steps(&said),
        [
            "system ActionPerformed",
            "app Configure PlayAndRecord, VoiceChat",
            "app Prepare",
            "app Fulfill",
            "app AwaitActivation",
            "system DidActivate",
            "app Start",
            "app Stop",
            "app EndCall",
            "system DidDeactivate"
        ]
    );
    let report = said.json();
    assert_eq!(report["violations"], Value::Array(vec![]));
    assert!(report["silence"].is_null());
    assert!((report["round_trip"]["frames"].as_f64().unwrap() - 480.0).abs() < 0.1);
    assert!(report["level"]["gain_db"].as_f64().unwrap().abs() < 0.1);
    assert!(report["round_trip"]["confidence"].as_f64().unwrap() > 0.9);
    // A machine that stalls for longer than the rings hold makes it 1.
    assert!(matches!(said.code, Some(0 | 1)), "{:?}", said.code);
}

#[test]
fn a_call_of_an_app_that_owns_the_session_is_heard() {
    let said = oncue(&["loopback", "--json", "--duration", "1", "--owner", "app"]);
    assert_eq!(
        steps(&said),
        [
            "app Configure PlayAndRecord, VoiceChat",
            "app Prepare",
            "app Activate",
            "app Start",
            "app Stop",
            "app Deactivate"
        ]
    );
    assert!((said.round_trip() - 480.0).abs() < 0.1);
}

#[test]
fn an_activation_that_never_comes_is_silence_with_that_cause() {
    let said = oncue(&["loopback", "--json", "--activation-delay", "never"]);
    let report = said.json();
    assert_eq!((said.code, &report["exit_code"]), (Some(2), &Value::from(2)));
    assert_eq!(report["silence"]["cause"], "the session is not active");
    assert_eq!(report["violations"], Value::Array(vec![]), "the app did nothing wrong");
    assert!(!steps(&said).contains(&"app Start".to_owned()));
}

/// The rule, the owner that breaks it, and what the phone's hardware then gives.
const BROKEN: [(&str, &str, &str); 11] = [
    ("category-before-activation", "system", "every sample is zero"),
    ("category-before-activation", "app", "every sample is zero"),
    ("category-must-be-play-and-record", "system", "every sample is zero"),
    ("category-must-be-play-and-record", "app", "every sample is zero"),
    ("configure-without-activating", "system", "every sample is zero"),
    ("no-app-activation-under-callkit", "system", "every sample is zero"),
    ("activation-follows-fulfill", "system", "no callback comes"),
    ("io-start-after-did-activate", "system", "every sample is zero"),
    ("io-start-after-did-activate", "app", "every sample is zero"),
    ("no-foreign-deactivation", "system", "every sample is zero"),
    ("app-activates-only-without-callkit", "app", "no callback comes"),
];

#[test]
fn a_broken_rule_is_named_by_the_guard_and_silent_by_the_gate() {
    for (rule, owner, kind) in BROKEN {
        let said =
            oncue(&["loopback", "--json", "--duration", "0.5", "--owner", owner, "--break", rule]);
        let report = said.json();
        assert_eq!(said.code, Some(2), "{rule}: {}", said.stdout);
        assert_eq!(report["violations"][0]["rule"], rule);
        assert_eq!(report["silence"]["kind"], kind, "{rule}");
        assert_eq!(report["silence"]["cause"], format!("rule {rule} was broken"));
    }
}

#[test]
fn the_text_shows_the_violation_where_it_happens_and_the_silence_at_the_end() {
    let said = oncue(&["loopback", "--duration", "0.5", "--break", "io-start-after-did-activate"]);
    let violation =
        said.stdout.find("violation: io-start-after-did-activate: audio is started").unwrap();
    let activation = said.stdout.find("DidActivate").unwrap();
    let silence = said.stdout.find("silence      capture is silent: every sample is zero").unwrap();
    assert!(violation < activation && activation < silence, "{}", said.stdout);
    assert!(said.stdout.ends_with("not heard\n"));
}
