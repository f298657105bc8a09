//! `oncue check`: reads traces and says what is wrong, as a compiler does.

use crate::args::OwnerArg;
use crate::rules::{list, text_of, version};
use clap::Args;
use oncue_session::{Finding, Level, Os, Owner, Policy, Rule, Version};
use oncue_trace::{Checked, Header, POLICIES, Place, check, named_policy, read_policy};
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;

/// Which traces are checked, and against what.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Traces, in JSON Lines; - reads one from standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Who owns the session, in place of what a trace says
    #[arg(long, value_enum)]
    owner: Option<OwnerArg>,
    /// The version of iOS, in place of what a trace says
    #[arg(long, value_name = "VERSION", value_parser = version)]
    ios: Option<Version>,
    /// What a trace is held to: apple, qq, permissive, strict, or a TOML file
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// The exit codes, for --help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  nothing found
  1  warnings
  2  errors: rules are broken that the policy denies
  3  a file or a line cannot be read; what can be is checked all the same";

/// A trace that was read.
struct Trace {
    name: String,
    text: String,
    found: Vec<Place>,
}

/// Checks the traces.
///
/// # Errors
/// The policy cannot be read.
pub(crate) fn run(args: &Check) -> Result<u8, String> {
    let policy = match args.policy.as_deref() {
        None => Policy::apple(),
        Some(name) => named_policy(name).map_or_else(|| policy_file(name), Ok)?,
    };
    let mut code = 0;
    let mut traces = Vec::new();
    for name in &args.files {
        match read(name) {
            Err(error) => {
                eprintln!("error: {error}");
                code = 3;
            }
            Ok(text) => {
                let found = check(text.lines(), |header| args.policy_for(&policy, header));
                let name = if name == "-" { "standard input" } else { name };
                traces.push(Trace { name: name.into(), text, found });
            }
        }
    }
    code = traces.iter().flat_map(|trace| &trace.found).map(severity).fold(code, u8::max);
    if args.json {
        println!("{:#}", Value::Array(traces.iter().map(as_json).collect()));
    } else {
        traces.iter().for_each(print);
    }
    Ok(code)
}

impl Check {
    /// The policy for a trace: its header counts where neither an option nor a policy file says otherwise.
    fn policy_for(&self, policy: &Policy, header: &Header) -> Policy {
        let mut policy = policy.clone();
        let from_file = self.policy.as_deref().is_some_and(|name| named_policy(name).is_none());
        if let Some(owner) = header.owner.filter(|_| !from_file) {
            policy.owner = owner;
        }
        match (&header.ios, &header.android) {
            _ if policy.version.is_some() => {}
            (_, Some(level)) => (policy.os, policy.version) = (Os::Android, Version::parse(level)),
            (ios, None) => policy.version = ios.as_deref().and_then(Version::parse),
        }
        header.strict.iter().for_each(|&rule| policy.set_strict(rule, true));
        if let Some(owner) = self.owner {
            policy.owner = match owner {
                OwnerArg::System => Owner::System,
                OwnerArg::App => Owner::App,
            };
        }
        if self.ios.is_some() {
            (policy.os, policy.version) = (Os::Ios, self.ios);
        }
        policy
    }
}

fn policy_file(name: &str) -> Result<Policy, String> {
    let text = std::fs::read_to_string(name)
        .map_err(|error| format!("--policy {name}: {error}; use {POLICIES}, or a TOML file"))?;
    read_policy(&text).map_err(|error| format!("--policy {name}: {error}"))
}

fn read(name: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(Path::new(name)).map(|read| bytes = read)
    };
    read.map_err(|error| format!("{name}: {error}"))?;
    // A line with a broken character is a broken line; the others are read.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The exit code that something found asks for.
fn severity(place: &Place) -> u8 {
    match &place.found {
        Checked::Broken(Finding { level: Level::Deny, .. }) => 2,
        Checked::Broken(_) => 1,
        Checked::Refused(..) => 0,
        Checked::BadLine(_) => 3,
    }
}

fn print(trace: &Trace) {
    let at = |place: &Place| format!("{}:{}", trace.name, place.line);
    for place in &trace.found {
        match &place.found {
            Checked::BadLine(error) => println!("error: {error}\n  --> {}\n", at(place)),
            Checked::Refused(refusal, behind) => {
                println!("note: {refusal}\n  --> {}", at(place));
                match behind {
                    Some(rule) => println!("   = likely because of {rule}\n"),
                    None => println!("   = help: oncue explain {}\n", refusal.code),
                }
            }
            Checked::Broken(finding) if finding.because_of.is_none() => {
                print_root(trace, place, finding)
            }
            Checked::Broken(_) => {}
        }
    }
    let roots = |level| {
        let findings = trace.found.iter().filter_map(|place| match &place.found {
            Checked::Broken(finding) => Some(finding),
            _ => None,
        });
        findings.filter(|finding| finding.because_of.is_none() && finding.level == level).count()
    };
    let bad = trace.found.iter().filter(|place| matches!(place.found, Checked::BadLine(_))).count();
    let (errors, warnings) = (roots(Level::Deny), roots(Level::Warn));
    if errors + warnings + bad == 0 {
        println!("{}: nothing found", trace.name);
    } else {
        println!(
            "{}: {errors} errors, {warnings} warnings, {bad} lines that cannot be read",
            trace.name
        );
    }
}

fn print_root(trace: &Trace, place: &Place, finding: &Finding) {
    let rule = finding.rule;
    let word = if finding.level == Level::Deny { "error" } else { "warning" };
    println!("{word}[{rule}]: {}", text_of(rule.wrong()));
    println!("  --> {}:{}", trace.name, place.line);
    let number = place.line.to_string();
    let gap = " ".repeat(number.len());
    println!("{gap} |");
    println!("{number} | {}", trace.text.lines().nth(place.line - 1).unwrap_or_default().trim());
    println!("{gap} |");
    if finding.event.is_none() {
        println!("{gap} = the time was over at {} ms", finding.at.as_millis());
    }
    if let Some(state) = finding.state {
        println!("{gap} = the session is {} here", state.name());
    }
    println!("{gap} = {}", rule.first());
    println!("{gap} = {}", rule.otherwise());
    println!("{gap} = effect: {}", list(rule.declaration().effects));
    for later in &trace.found {
        if let Checked::Broken(other) = &later.found
            && other.because_of.is_some_and(|cause| cause == rule || leads(rule, cause))
        {
            println!("{gap} = consequence, line {}: {}", later.line, other.rule.wrong());
        }
    }
    println!("{gap} = help: oncue explain {rule}\n");
}

/// Whether `rule` is a root of the trace that has `cause` among what follows from it.
fn leads(rule: Rule, cause: Rule) -> bool {
    rule.declaration().leads_to.iter().any(|&next| next == cause || leads(next, cause))
}

fn as_json(trace: &Trace) -> Value {
    let found = trace.found.iter().map(|place| match &place.found {
        Checked::Broken(finding) => json!({
            "line": place.line,
            "found": "violation",
            "rule": finding.rule.id(),
            "level": finding.level.name(),
            "at_ms": finding.at.as_secs_f64() * 1e3,
            "event": finding.event.map(|event| event.name()),
            "state": finding.state.map(|state| state.name()),
            "call": finding.call.map(|call| call.to_string()),
            "because_of": finding.because_of.map(Rule::id),
            "wrong": text_of(finding.rule.wrong()),
            "remedy": text_of(finding.rule.first()),
            "otherwise": text_of(finding.rule.otherwise()),
            "effects": finding.rule.declaration().effects.iter().map(|effect| effect.name()).collect::<Vec<_>>(),
        }),
        Checked::Refused(refusal, behind) => json!({
            "line": place.line,
            "found": "refusal",
            "domain": refusal.domain.name(),
            "code": refusal.code,
            "name": refusal.named().map(|named| named.name()),
            "rule": behind.map(Rule::id),
        }),
        Checked::BadLine(error) => json!({
            "line": place.line,
            "found": "bad-line",
            "error": error.to_string(),
        }),
    });
    json!({ "file": trace.name, "findings": found.collect::<Vec<_>>() })
}
