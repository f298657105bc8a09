//! `oncue check`: reads traces and says what is wrong, as a compiler does.

mod found;

use crate::CANNOT_RUN;
use crate::args::OwnerArg;
use crate::rules::{say, version};
use clap::Args;
use found::said;
use oncue_session::{Entry, Finding, Level, Os, Owner, Policy, Version};
use oncue_trace::{Checked, Header, Line, POLICIES, Place, check, named_policy, read_policy};
use serde_json::{Value, json};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

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
    /// Print one JSON array, with an object for each file, instead of text
    #[arg(long)]
    json: bool,
}

/// The exit codes, for --help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  nothing found, or refusals of the system only
  1  warnings
  2  errors: rules are broken that the policy denies
  3  a file or a line cannot be read; what can be is checked all the same
The highest one counts.

Examples:
  oncue check call.jsonl
  oncue check --ios 17.4 --policy strict *.jsonl
  my-converter < app.log | oncue check -";

/// A trace that was read.
struct Trace {
    name: String,
    lines: Vec<String>,
    entries: Vec<Entry>,
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
        let trace = read(name).and_then(|text| args.check(name, &text, &policy));
        match &trace {
            Ok(trace) => code = trace.found.iter().map(severity).fold(code, u8::max),
            Err(error) => {
                eprintln!("error: {error}");
                code = CANNOT_RUN;
            }
        }
        traces.push((name, trace));
    }
    say(|out| {
        if args.json {
            let traces = traces.iter().map(|(name, trace)| match trace {
                Ok(trace) => trace.as_json(),
                Err(error) => json!({ "file": shown(name), "error": error, "findings": [] }),
            });
            return writeln!(out, "{:#}", Value::Array(traces.collect()));
        }
        traces
            .iter()
            .filter_map(|(_, trace)| trace.as_ref().ok())
            .try_for_each(|trace| trace.print(out))
    })?;
    Ok(code)
}

impl Check {
    fn check(&self, name: &str, text: &str, policy: &Policy) -> Result<Trace, String> {
        let name = shown(name);
        let found = check(text.lines(), |header| self.policy_for(policy, header));
        let mut now = Duration::ZERO;
        let mut entries = Vec::new();
        for line in text.lines() {
            let Some(line) = Line::read(line, now).0 else { continue };
            now = line.entry.at;
            entries.push(line.entry);
        }
        if text.trim().is_empty() {
            return Err(format!("{name}: expected a trace, got an empty file"));
        }
        if entries.is_empty() {
            // What is no trace at all would be a bad line as often as it has lines.
            let why = found.iter().find_map(|place| match &place.found {
                Checked::BadLine(error) => Some(format!("; line {}: {}", place.line, said(error))),
                _ => None,
            });
            let why = why.unwrap_or_default();
            return Err(format!(
                "{name}: expected {{\"oncue-trace\": 1}}, then an event on each line, got no event{why}"
            ));
        }
        let lines = text.lines().map(String::from).collect();
        Ok(Trace { name: name.into(), lines, entries, found })
    }

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

/// A file's name as it is printed.
fn shown(name: &str) -> &str {
    if name == "-" { "standard input" } else { name }
}

fn read(name: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if name == "-" {
        io::stdin().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(Path::new(name)).map(|read| bytes = read)
    };
    read.map_err(|error| format!("cannot read {}: {error}", shown(name)))?;
    // UTF-16 has them too, and is no JSON Lines either.
    if bytes.contains(&0) {
        return Err(format!(
            "{}: expected a trace, JSON Lines in UTF-8, got bytes that are no text",
            shown(name)
        ));
    }
    // A line with a broken character is a broken line; the others are read.
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
}

/// The exit code that something found asks for.
const fn severity(place: &Place) -> u8 {
    match &place.found {
        Checked::Broken(Finding { level: Level::Deny, .. }) => 2,
        Checked::Broken(_) => 1,
        Checked::Refused(..) => 0,
        Checked::BadLine(error) if error.is_read() => 1,
        Checked::BadLine(_) => CANNOT_RUN,
    }
}
