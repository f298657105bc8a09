//! Each checked rule has a trace that keeps it and one that breaks it.
//!
//! Independent: the traces are written by hand from the rule book; none is made by the guard. Only the rules named in
//! `ONCUE_RULES` (ids with commas between) are tried if it is set.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod judge;

use oncue_session::Rule;
use oncue_trace::Example;

fn checked() -> Vec<(Rule, Example)> {
    let only = std::env::var("ONCUE_RULES").unwrap_or_default();
    let rules = Rule::all().filter(|rule| {
        rule.is_checked() && (only.is_empty() || only.split(',').any(|id| id == rule.id()))
    });
    rules
        .map(|rule| (rule, Example::of(rule).unwrap_or_else(|| panic!("{rule} has no two traces"))))
        .collect()
}

#[test]
fn a_trace_that_keeps_its_rule_keeps_every_rule_from_any_line_on() {
    let mut wrong = Vec::new();
    for (rule, example) in checked() {
        let found = judge::faults_from_any_line(example.kept, judge::policy(Some(rule)));
        wrong.extend(found.iter().map(|found| format!("{rule} {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_trace_that_breaks_its_rule_has_it_as_the_one_root_cause() {
    let mut wrong = Vec::new();
    for (rule, example) in checked() {
        let found = judge::is_not_the_one_root(example.broken, rule, judge::policy(Some(rule)));
        wrong.extend(found.map(|found| format!("{rule}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_belongs_to_a_rule() {
    let strays: Vec<_> = Example::strays().collect();
    assert!(strays.is_empty(), "{strays:?}");
}
