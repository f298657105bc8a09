//! What every rule says of itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::*;
use std::collections::BTreeSet;

#[test]
fn every_rule_has_an_id_of_its_own() {
    let ids: BTreeSet<_> = Rule::all().map(Rule::id).collect();
    assert_eq!(ids.len(), Rule::all().count());
    for rule in Rule::all() {
        let id = rule.id();
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{id}");
        assert_eq!(Rule::by_id(id), Some(rule));
    }
    assert_eq!(Rule::by_id("no-such-rule"), None);
}

#[test]
fn every_text_of_a_rule_is_there_and_begins_as_it_should() {
    for rule in Rule::all() {
        let declared = rule.declaration();
        let wrong = declared.wrong.strip_prefix(rule.id()).unwrap().strip_prefix(": ").unwrap();
        for text in [wrong, declared.first, declared.otherwise] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{rule}: {text}");
        }
        assert!(
            declared.first.starts_with("first: ") || declared.first.starts_with("instead: "),
            "{rule}"
        );
        assert!(declared.otherwise.starts_with("otherwise: "), "{rule}");
        assert!(declared.statement.ends_with(['.', ')']), "{rule}: {}", declared.statement);
        for text in [declared.before, declared.after, declared.evidence] {
            assert!(!text.is_empty(), "{rule}");
        }
        assert!(
            !declared.effects.is_empty()
                && !declared.flows.is_empty()
                && !declared.grades.is_empty(),
            "{rule}"
        );
    }
}

#[test]
fn a_rule_that_is_not_checked_says_why() {
    let why = |rule: Rule| match rule.declaration().check {
        Check::Static(why) | Check::Advice(why) => Some(why),
        Check::Checked(_) => None,
    };
    let unchecked: Vec<_> =
        Rule::all().filter_map(|rule| why(rule).map(|why| (rule.id(), why))).collect();
    // The rules of the rule book whose last column says `static` or `not-observable`.
    let expected = [
        "push-expiration-zero",
        "voip-background-mode",
        "hold-capability-declared",
        "interruption-is-asynchronous-when-suspended",
        "side-button-may-end-the-call",
        "separate-web-process-cannot-use-the-session",
        "simulator-has-no-callkit-activation",
    ];
    assert_eq!(unchecked.iter().map(|&(id, _)| id).collect::<Vec<_>>(), expected);
    assert!(unchecked.iter().all(|(_, why)| why.len() > 20), "{unchecked:?}");
    assert_eq!(Rule::all().count(), 126);
}
