//! Whole stories of well-known samples that work break no rule, and each way to break a rule is named as that rule.
//!
//! Independent: the traces are written by hand from the rule book; none is made by the guard. `samples` tells what
//! published apps and stacks do, `mistakes/<rule>.<what>.jsonl` breaks that rule, `kept/<rule>.<what>.jsonl` comes as
//! close to that as is allowed. `sides/<rule>.<policy>.jsonl` breaks it under a policy that takes one side where the
//! sources contradict each other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod judge;

use oncue_session::{InitAt, Policy, Rule, StopAt, UnholdAt};

/// The traces in a folder of the tests: name and text, sorted.
fn traces(folder: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut traces: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".jsonl");
            (
                name.unwrap_or_else(|| panic!("{} is no trace", path.display())).to_owned(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    traces.sort();
    traces
}

/// The rule that a file's name begins with.
fn rule(name: &str) -> Rule {
    let id = name.split('.').next().unwrap();
    Rule::by_id(id).unwrap_or_else(|| panic!("{name} names no rule"))
}

#[test]
fn a_sample_that_works_breaks_no_rule_from_any_line_on() {
    let mut wrong = Vec::new();
    for (name, text) in traces("samples") {
        let found = judge::faults_from_any_line(&text, judge::policy(None));
        wrong.extend(found.iter().map(|found| format!("{name} {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sample_is_told_from_its_launch_on_and_names_its_source() {
    for (name, text) in traces("samples") {
        let first: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        assert_eq!(first["what"], "launch", "{name}");
        assert!(first["note"].is_string(), "{name}");
    }
}

#[test]
fn a_mistake_is_the_one_root_cause() {
    let mut wrong = Vec::new();
    for (name, text) in traces("mistakes") {
        let found =
            judge::is_not_the_one_root(&text, rule(&name), judge::policy(Some(rule(&name))));
        wrong.extend(found.map(|found| format!("{name}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_comes_close_to_a_mistake_is_none() {
    let mut wrong = Vec::new();
    for (name, text) in traces("kept") {
        let found = judge::faults_from_any_line(&text, judge::policy(Some(rule(&name))));
        wrong.extend(found.iter().map(|found| format!("{name} {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The policies that take a side, by the name that a trace of `sides` has for each.
fn side(name: &str) -> Policy {
    let mut policy = Policy::apple();
    match name.split('.').nth(1) {
        Some("qq") => return Policy::qq(),
        Some("initialized-after-activation") => policy.init_at = InitAt::AfterActivation,
        Some("stopped-before-fulfil") => policy.stop_at = StopAt::BeforeFulfil,
        Some("with-activation") => policy.unhold_at = UnholdAt::WithActivation,
        _ => panic!("{name} names no policy"),
    }
    policy
}

#[test]
fn a_policy_that_takes_a_side_finds_the_other() {
    let mut wrong = Vec::new();
    for (name, text) in traces("sides") {
        let found = judge::is_not_the_one_root(&text, rule(&name), |_| side(&name));
        wrong.extend(found.map(|found| format!("{name}: {found}")));
        let found = judge::faults_from_any_line(&text, |_| Policy::apple());
        wrong.extend(found.iter().map(|found| format!("{name} by default {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sample_keeps_the_side_that_it_takes() {
    let sides = [
        ("qq", Policy::qq()),
        ("speakerbox-incoming", side(".stopped-before-fulfil")),
        ("speakerbox-outgoing", side(".stopped-before-fulfil")),
        ("linphone", side(".initialized-after-activation")),
    ];
    let samples = traces("samples");
    for (name, policy) in sides {
        let (_, text) = samples.iter().find(|(sample, _)| sample == name).unwrap();
        assert_eq!(judge::faults_from_any_line(text, |_| policy.clone()), [""; 0], "{name}");
    }
}
