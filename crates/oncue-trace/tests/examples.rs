//! Each checked rule has a trace that keeps it and one that breaks it.
//!
//! Independent: the traces are written by hand from the rule book; none is made by the guard. Only the rules named in
//! `ONCUE_RULES` (ids with commas between) are tried if it is set.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{Level, Os, Owner, Policy, Rule, Version};
use oncue_trace::{Checked, Example, Header, Place, check};

/// The default policy with what the header says; the rule itself says something in any case.
fn policy(rule: Rule) -> impl Fn(&Header) -> Policy {
    move |header| {
        let mut policy = Policy::apple();
        policy.owner = header.owner.unwrap_or(Owner::System);
        let (os, version) = match (&header.ios, &header.android) {
            (_, Some(level)) => (Os::Android, Version::parse(level)),
            (ios, None) => (Os::Ios, ios.as_deref().and_then(Version::parse)),
        };
        (policy.os, policy.version) = (os, version);
        for &strict in &header.strict {
            policy.set_strict(strict, true);
        }
        if policy.level(rule) == Level::Allow {
            policy.set_level(rule, Level::Warn);
        }
        policy
    }
}

fn checked() -> Vec<(Rule, Example)> {
    let only = std::env::var("ONCUE_RULES").unwrap_or_default();
    let rules = Rule::all().filter(|rule| {
        rule.is_checked() && (only.is_empty() || only.split(',').any(|id| id == rule.id()))
    });
    rules
        .map(|rule| (rule, Example::of(rule).unwrap_or_else(|| panic!("{rule} has no two traces"))))
        .collect()
}

fn says(found: &[Place]) -> Vec<String> {
    found
        .iter()
        .map(|place| match &place.found {
            Checked::Broken(finding) => format!(
                "line {}: {} because of {:?} (state {:?})",
                place.line, finding.rule, finding.because_of, finding.state
            ),
            other => format!("line {}: {other:?}", place.line),
        })
        .collect()
}

fn faults(found: Vec<Place>) -> Vec<Place> {
    found.into_iter().filter(|place| !matches!(place.found, Checked::Refused(..))).collect()
}

#[test]
fn a_trace_that_keeps_its_rule_keeps_every_rule() {
    let mut wrong = Vec::new();
    for (rule, example) in checked() {
        let found = faults(check(example.kept.lines(), policy(rule)));
        if !found.is_empty() {
            wrong.push(format!("{rule}: {:#?}", says(&found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_trace_that_breaks_its_rule_has_it_as_the_one_root_cause() {
    let mut wrong = Vec::new();
    for (rule, example) in checked() {
        let found = faults(check(example.broken.lines(), policy(rule)));
        let roots: Vec<_> = found
            .iter()
            .filter_map(|place| match &place.found {
                Checked::Broken(finding) => finding.because_of.is_none().then_some(finding.rule),
                _ => None,
            })
            .collect();
        let readable = found.iter().all(|place| matches!(place.found, Checked::Broken(_)));
        if roots != [rule] || !readable {
            wrong.push(format!("{rule}: {:#?}", says(&found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_trace_does_not_show_is_not_judged() {
    let mut wrong = Vec::new();
    for (rule, example) in checked() {
        let lines: Vec<_> = example.kept.lines().collect();
        for from in 1..lines.len() {
            let suffix = std::iter::once(lines[0]).chain(lines[from..].iter().copied());
            let found = faults(check(suffix, policy(rule)));
            if !found.is_empty() {
                wrong.push(format!("{rule} from line {}: {:#?}", from + 1, says(&found)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_belongs_to_a_rule() {
    let strays: Vec<_> = Example::strays().collect();
    assert!(strays.is_empty(), "{strays:?}");
}
