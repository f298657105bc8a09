//! `oncue rules` lists the rules as they are declared, all of them or those that a filter leaves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use oncue_session::{Check, Effect, Flow, Os, Rule, Version};
use program::oncue;
use serde_json::Value;

/// The ids that `oncue rules` lists with these filters.
fn listed(filters: &[&str]) -> Vec<String> {
    let said = oncue(&[&["rules", "--json"], filters].concat());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{filters:?}");
    let rules = said.json();
    rules.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap().into()).collect()
}

fn ids(wanted: impl Fn(Rule) -> bool) -> Vec<String> {
    Rule::all().filter(|&rule| wanted(rule)).map(|rule| rule.id().into()).collect()
}

fn how(rule: Rule) -> (&'static str, Option<&'static str>) {
    match rule.declaration().check {
        Check::Checked(_) => ("checked", None),
        Check::Static(why) => ("static", Some(why)),
        Check::Advice(why) => ("advice", Some(why)),
    }
}

#[test]
fn json_has_every_rule_with_everything_that_is_declared_of_it() {
    let said = oncue(&["rules", "--json"]).json();
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), 126);
    for (rule, said) in Rule::all().zip(said) {
        let declared = rule.declaration();
        let texts = |name: &str| -> Vec<&str> {
            said[name].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
        };
        assert_eq!(said["id"], rule.id());
        assert_eq!(said["statement"], declared.statement, "{rule}");
        assert_eq!(said["before"], declared.before, "{rule}");
        assert_eq!(said["after"], declared.after, "{rule}");
        assert_eq!(said["level"], declared.level.name(), "{rule}");
        assert_eq!(said["evidence"], declared.evidence, "{rule}");
        assert_eq!(said["contradicted"], declared.contradicted, "{rule}");
        assert_eq!((said["how"].as_str().unwrap(), said["why"].as_str()), how(rule), "{rule}");
        assert_eq!(declared.wrong, format!("{rule}: {}", said["wrong"].as_str().unwrap()));
        assert!(declared.first.ends_with(said["remedy"].as_str().unwrap()), "{rule}");
        assert!(declared.otherwise.ends_with(said["otherwise"].as_str().unwrap()), "{rule}");
        let names = |effects: &[Effect]| effects.iter().map(|it| it.name()).collect::<Vec<_>>();
        assert_eq!(texts("effects"), names(declared.effects), "{rule}");
        let flows: Vec<_> = declared.flows.iter().map(|flow| flow.name()).collect();
        assert_eq!(texts("flows"), flows, "{rule}");
        let grades: Vec<_> = declared.grades.iter().map(|grade| grade.name()).collect();
        assert_eq!(texts("grades"), grades, "{rule}");
        let leads_to: Vec<_> = declared.leads_to.iter().map(|rule| rule.id()).collect();
        assert_eq!(texts("leads_to"), leads_to, "{rule}");
        assert_eq!(said["system"], declared.applies.on.name(), "{rule}");
        assert_eq!(said["from"], declared.applies.from.to_string(), "{rule}");
        let versions = said["versions"].as_str().unwrap();
        assert!(versions.ends_with(declared.applies.note), "{rule}: {versions}");
        assert!(versions.contains(declared.applies.on.name()), "{rule}: {versions}");
        let codes: Vec<_> = said["codes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| {
                let number = code["code"].as_i64().unwrap();
                (code["domain"].as_str().unwrap(), number, code["inferred"].as_bool().unwrap())
            })
            .collect();
        let declared: Vec<_> = declared
            .codes
            .iter()
            .map(|code| (code.refusal.domain.name(), i64::from(code.refusal.code), code.inferred))
            .collect();
        assert_eq!(codes, declared, "{rule}");
    }
}

#[test]
fn a_filter_leaves_the_rules_that_are_declared_so() {
    assert_eq!(
        listed(&["--flow", "lock-screen"]),
        ids(|rule| rule.declaration().flows.contains(&Flow::LockScreen))
    );
    assert_eq!(
        listed(&["--effect", "kill"]),
        ids(|rule| rule.declaration().effects.contains(&Effect::Kill))
    );
    let twelve = Version { major: 12, minor: 0 };
    let on_twelve = listed(&["--ios", "12"]);
    assert_eq!(
        on_twelve,
        ids(|rule| {
            let applies = rule.declaration().applies;
            applies.on == Os::Ios && applies.from <= twelve
        })
    );
    // A push had to be reported from iOS 13 on.
    assert!(!on_twelve.contains(&"push-reports-a-call".to_owned()));
    assert!(listed(&["--ios", "13"]).contains(&"push-reports-a-call".to_owned()));
    assert!(listed(&["--android", "34"]).iter().all(|id| id.starts_with("and-")));
    for wanted in ["checked", "static", "advice"] {
        assert_eq!(listed(&["--how", wanted]), ids(|rule| how(rule).0 == wanted));
    }
}

#[test]
fn filters_add_up() {
    let both = listed(&["--flow", "push", "--effect", "kill", "--ios", "12"]);
    let [push, kill, twelve] =
        [["--flow", "push"], ["--effect", "kill"], ["--ios", "12"]].map(|filter| listed(&filter));
    let in_all: Vec<_> =
        push.into_iter().filter(|id| kill.contains(id) && twelve.contains(id)).collect();
    assert!(!in_all.is_empty());
    assert_eq!(both, in_all);
}

#[test]
fn the_text_has_a_line_of_facts_and_the_statement_of_each_rule_and_a_count() {
    let said = oncue(&["rules", "--how", "static"]);
    let rules: Vec<_> = Rule::all().filter(|&rule| how(rule).0 == "static").collect();
    for rule in &rules {
        assert!(said.stdout.contains(rule.declaration().statement), "{}", said.stdout);
    }
    let last = said.stdout.lines().last().unwrap();
    let count = rules.len();
    assert_eq!(
        last,
        format!("{count} of 126 rules: {count} static; `oncue explain RULE` says all of one")
    );
    let none = oncue(&["rules", "--effect", "rejection", "--flow", "mute"]);
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (Some(0), "none of 126 rules is so; leave out a filter\n")
    );
}

#[test]
fn no_rule_is_an_empty_array() {
    let said = oncue(&["rules", "--json", "--effect", "rejection", "--flow", "mute"]);
    assert_eq!(said.json(), Value::Array(vec![]));
}
