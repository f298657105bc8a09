//! `oncue rules`: lists the rules of the order.

use clap::Args;
use oncue_session::{Check, Effect, Flow, Os, Rule, Version};
use serde_json::{Value, json};
use std::fmt::Display;

/// Which rules are listed, and how.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Only rules of this flow of a call, e.g. answer, lock-screen
    #[arg(long, value_name = "FLOW", value_parser = flow)]
    flow: Option<Flow>,
    /// Only rules whose breach has this effect, e.g. silence-in-capture, kill
    #[arg(long, value_name = "EFFECT", value_parser = effect)]
    effect: Option<Effect>,
    /// Only rules that apply to this version of iOS, e.g. 12 or 17.4
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with = "android")]
    ios: Option<Version>,
    /// Only rules that apply to this API level of Android
    #[arg(long, value_name = "LEVEL", value_parser = version)]
    android: Option<Version>,
    /// Only rules that are checked, static or advice
    #[arg(long, value_name = "HOW", value_parser = ["checked", "static", "advice"])]
    how: Option<String>,
    /// Print one JSON array instead of text
    #[arg(long)]
    json: bool,
}

/// Lists the rules.
pub(crate) fn run(args: &Rules) -> u8 {
    let rules: Vec<_> = Rule::all().filter(|&rule| args.lists(rule)).collect();
    if args.json {
        println!("{:#}", Value::Array(rules.iter().map(|&rule| as_json(rule)).collect()));
        return 0;
    }
    for &rule in &rules {
        let declared = rule.declaration();
        println!(
            "{:<52} {:<6} {:<8} {}",
            rule.id(),
            declared.level,
            how(rule),
            list(declared.effects)
        );
        println!("    {}", declared.statement);
    }
    let count = |how_: &str| rules.iter().filter(|&&rule| how(rule) == how_).count();
    println!(
        "{} of {} rules: {} checked, {} static, {} advice; `oncue explain RULE` says more of one",
        rules.len(),
        Rule::all().count(),
        count("checked"),
        count("static"),
        count("advice")
    );
    0
}

impl Rules {
    fn lists(&self, rule: Rule) -> bool {
        let declared = rule.declaration();
        let applies = declared.applies;
        let on = |os, version: Option<Version>| {
            version.is_none_or(|version| applies.on == os && version >= applies.from)
        };
        self.flow.is_none_or(|flow| declared.flows.contains(&flow))
            && self.effect.is_none_or(|effect| declared.effects.contains(&effect))
            && on(Os::Ios, self.ios)
            && on(Os::Android, self.android)
            && self.how.as_deref().is_none_or(|wanted| how(rule) == wanted)
    }
}

/// Whether a rule is checked, static or advice.
pub(crate) fn how(rule: Rule) -> &'static str {
    match rule.declaration().check {
        Check::Checked(_) => "checked",
        Check::Static(_) => "static",
        Check::Advice(_) => "advice",
    }
}

/// Values with commas between.
pub(crate) fn list<T: Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Everything that is known of a rule.
fn as_json(rule: Rule) -> Value {
    let declared = rule.declaration();
    let names = |names: Vec<&'static str>| Value::from(names);
    json!({
        "id": rule.id(),
        "statement": declared.statement,
        "before": declared.before,
        "after": declared.after,
        "wrong": text_of(declared.wrong),
        "remedy": text_of(declared.first),
        "otherwise": text_of(declared.otherwise),
        "effects": names(declared.effects.iter().map(|effect| effect.name()).collect()),
        "codes": declared.codes.iter().map(|code| json!({
            "domain": code.refusal.domain.name(),
            "code": code.refusal.code,
            "name": code.refusal.named().map(|named| named.name()),
            "inferred": code.inferred,
        })).collect::<Vec<_>>(),
        "system": declared.applies.on.name(),
        "from": declared.applies.from.to_string(),
        "versions": declared.applies.note,
        "flows": names(declared.flows.iter().map(|flow| flow.name()).collect()),
        "grades": names(declared.grades.iter().map(|grade| grade.name()).collect()),
        "contradicted": declared.contradicted,
        "evidence": declared.evidence,
        "level": declared.level.name(),
        "leads_to": names(declared.leads_to.iter().map(|rule| rule.id()).collect()),
        "how": how(rule),
        "why": match declared.check {
            Check::Static(why) | Check::Advice(why) => Some(why),
            Check::Checked(_) => None,
        },
    })
}

/// A text of a rule without the word before its colon.
pub(crate) fn text_of(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, text)| text)
}

fn flow(text: &str) -> Result<Flow, String> {
    Flow::named(text).ok_or_else(|| format!("use one of {}", list(Flow::ALL)))
}

fn effect(text: &str) -> Result<Effect, String> {
    Effect::named(text).ok_or_else(|| format!("use one of {}", list(Effect::ALL)))
}

/// Reads a version of a system.
pub(crate) fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| "use a version such as 17 or 17.4".into())
}
