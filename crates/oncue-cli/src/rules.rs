//! `oncue rules`: lists the rules of the order.

use crate::CANNOT_RUN;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use oncue_session::{Applies, Check, Effect, Flow, Os, Rule, Version};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};

/// Which rules are listed, and how.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rules {
    /// Only rules of this flow of a call
    #[arg(long, value_name = "FLOW", value_parser = flow())]
    flow: Option<Flow>,
    /// Only rules whose breach has this effect
    #[arg(long, value_name = "EFFECT", value_parser = effect())]
    effect: Option<Effect>,
    /// Only rules that apply to this version of iOS, e.g. 12 or 17.4
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with = "android")]
    ios: Option<Version>,
    /// Only rules that apply to this API level of Android
    #[arg(long, value_name = "LEVEL", value_parser = version)]
    android: Option<Version>,
    /// Only rules that are checked in traces, static (seen in the build), or advice (nothing an app can observe)
    #[arg(long, value_name = "HOW", value_parser = ["checked", "static", "advice"])]
    how: Option<String>,
    /// Print one JSON array instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Each rule is listed with what its breach is taken for unless a policy says otherwise (deny, warn,
allow), how it is checked, what its breach does to the call, and its statement. Filters add up.

Examples:
  oncue rules --flow answer --how checked
  oncue rules --effect kill --ios 12
  oncue rules --json";

/// Lists the rules.
pub(crate) fn run(args: &Rules) -> u8 {
    let rules: Vec<_> = Rule::all().filter(|&rule| args.lists(rule)).collect();
    let done = say(|out| {
        if args.json {
            let rules = rules.iter().map(|&rule| as_json(rule)).collect();
            return writeln!(out, "{:#}", Value::Array(rules));
        }
        listed(&rules, out)
    });
    done.map_or_else(
        |error| {
            eprintln!("error: {error}");
            CANNOT_RUN
        },
        |()| 0,
    )
}

fn listed(rules: &[Rule], out: &mut dyn Write) -> io::Result<()> {
    for &rule in rules {
        let declared = rule.declaration();
        let (level, effects) = (declared.level.name(), list(declared.effects));
        writeln!(out, "{:<52} {level:<6} {:<8} {effects}", rule.id(), how(rule))?;
        writeln!(out, "    {}", declared.statement)?;
    }
    let count = |wanted: &str| rules.iter().filter(|&&rule| how(rule) == wanted).count();
    let counted: Vec<_> = ["checked", "static", "advice"]
        .into_iter()
        .filter(|how| count(how) > 0)
        .map(|how| format!("{} {how}", count(how)))
        .collect();
    let all = Rule::all().count();
    if counted.is_empty() {
        return writeln!(out, "none of {all} rules is so; leave out a filter");
    }
    writeln!(
        out,
        "{} of {all} rules: {}; `oncue explain RULE` says all of one",
        rules.len(),
        counted.join(", ")
    )
}

/// Writes to standard output. A reader that has seen enough and goes away, such as `head`, is no error.
///
/// # Errors
/// The output cannot be written, e.g. to a full disk.
pub(crate) fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
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
        "versions": versions(&declared.applies),
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

/// The versions in which a rule applies, with what else is known of them.
pub(crate) fn versions(applies: &Applies) -> String {
    let from = match (applies.on, applies.from) {
        (os, version) if version.major == 0 => format!("every {os}"),
        (Os::Android, level) => format!("Android, API level {level} and later"),
        (os, version) => format!("{os} {version} and later"),
    };
    let note = if applies.note.is_empty() { String::new() } else { format!("; {}", applies.note) };
    format!("{from}{note}")
}

/// A text of a rule without the word before its colon.
pub(crate) fn text_of(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, text)| text)
}

fn flow() -> impl TypedValueParser<Value = Flow> {
    PossibleValuesParser::new(Flow::ALL.iter().map(|flow| flow.name()))
        .try_map(|name| Flow::named(&name).ok_or("no such flow"))
}

fn effect() -> impl TypedValueParser<Value = Effect> {
    PossibleValuesParser::new(Effect::ALL.iter().map(|effect| effect.name()))
        .try_map(|name| Effect::named(&name).ok_or("no such effect"))
}

/// Reads a version of a system.
pub(crate) fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| "use a version such as 17 or 17.4".into())
}
