//! `oncue explain`: what is known of a rule, of a code of the system, or of what a person sees.

mod search;

use crate::doctor::{Known, Name};
use crate::rules::{how, list, say, text_of, versions};
use clap::{Args, ValueEnum};
use oncue_session::{Check, Flow, Refusal, Rule, sources};
use oncue_trace::{Example, Header, Line};
use search::{nearest, search};
use std::cmp::Reverse;
use std::io::{self, Write};
use std::time::Duration;

/// What is to be explained.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// A rule or another name of a finding, a code of the system, or what you see in a few words
    #[arg(required = true, allow_hyphen_values = true, value_name = "NAME|CODE|WORDS")]
    what: Vec<String>,
}

const EXAMPLES: &str = "\
A bare number is a code of each domain that has it; name the domain to have one. Words lead to at
most eight rules, the nearest first.

Examples:
  oncue explain io-start-after-did-activate
  oncue explain aps-environment
  oncue explain 561017449
  oncue explain '!pri'
  oncue explain -66637
  oncue explain CXErrorCodeIncomingCallError 4
  oncue explain no sound when answering from the lock screen";

/// What a text stands for.
enum Meant {
    Rule(Rule),
    /// What doctor finds beside the rules.
    Name(Name, Known),
    Codes(Vec<Refusal>),
    Words(Vec<Rule>),
}

/// Explains it.
///
/// # Errors
/// Nothing of that name, code or description is known.
pub(crate) fn run(args: &Explain) -> Result<u8, String> {
    let what = args.what.join(" ");
    let what = what.trim();
    let meant = look_up(what)?;
    say(|out| match meant {
        Meant::Rule(rule) => explain_rule(rule, out),
        Meant::Name(name, known) => explain_name(name, &known, out),
        Meant::Codes(refusals) => explain_codes(what, &refusals, out),
        Meant::Words(rules) => list_rules(&rules, out),
    })
    .map(|()| 0)
}

fn look_up(what: &str) -> Result<Meant, String> {
    if what.is_empty() {
        return Err("expected a rule, a code or a few words, got nothing".into());
    }
    if let Some(rule) = Rule::by_id(&what.to_lowercase()) {
        return Ok(Meant::Rule(rule));
    }
    let name = Name::from_str(what, true).ok();
    if let Some((name, known)) = name.and_then(|name| Some((name, name.known()?))) {
        return Ok(Meant::Name(name, known));
    }
    let refusals: Vec<_> = Refusal::parse(what).collect();
    if !refusals.is_empty() {
        return Ok(Meant::Codes(refusals));
    }
    if let Some(name) = nearest(what) {
        return Err(format!("no rule `{what}`; did you mean `{name}`?"));
    }
    let found = search(what);
    if found.is_empty() {
        return Err(format!(
            "nothing is known of `{what}`; `oncue rules` lists the rules, and a code of the system is written as 561017449, '!pri' or CXErrorCodeIncomingCallError 4"
        ));
    }
    Ok(Meant::Words(found))
}

fn list_rules(rules: &[Rule], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Rules that speak of this, the nearest first:\n")?;
    for rule in rules {
        writeln!(out, "{}", rule.id())?;
        writeln!(out, "    {}", rule.declaration().statement)?;
        writeln!(out, "    {}", rule.otherwise())?;
    }
    writeln!(out, "\n`oncue explain RULE` says all of one.")
}

fn explain_name(name: Name, known: &Known, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name} (found by oncue doctor)\n")?;
    paragraph(out, "", known.statement)?;
    writeln!(out)?;
    row(out, "said in", known.file)?;
    row(out, "first", known.first)?;
    row(out, "otherwise", known.otherwise)?;
    row(out, "sources", known.sources)
}

fn explain_rule(rule: Rule, out: &mut dyn Write) -> io::Result<()> {
    let declared = rule.declaration();
    writeln!(out, "{} ({}, {})\n", rule.id(), declared.level, how(rule))?;
    paragraph(out, "", declared.statement)?;
    writeln!(out)?;
    row(out, "order", &format!("{} → {}", declared.before, declared.after))?;
    row(out, "wrong", text_of(declared.wrong))?;
    row(out, declared.first.split(':').next().unwrap_or_default(), text_of(declared.first))?;
    row(out, "otherwise", text_of(declared.otherwise))?;
    row(out, "effect", &list(declared.effects))?;
    for code in declared.codes {
        let inferred = if code.inferred { " (inferred)" } else { "" };
        row(out, "code", &format!("{}{inferred}", said(code.refusal)))?;
    }
    row(out, "applies", &versions(&declared.applies))?;
    let flows = if declared.flows == Flow::ALL { "all".into() } else { list(declared.flows) };
    row(out, "flows", &flows)?;
    let contradicted = if declared.contradicted { ", contradicted" } else { "" };
    row(out, "evidence", &format!("{}{contradicted}", list(declared.grades)))?;
    if !declared.leads_to.is_empty() {
        row(out, "leads to", &list(declared.leads_to))?;
    }
    match declared.check {
        Check::Static(why) => row(out, "static", why)?,
        Check::Advice(why) => row(out, "advice", why)?,
        Check::Checked(_) => {}
    }
    if let Some(example) = Example::of(rule) {
        writeln!(out, "\nwrong:\n")?;
        show(out, example.broken)?;
        writeln!(out, "\nright:\n")?;
        show(out, example.kept)?;
    }
    writeln!(out, "\nsources:\n")?;
    paragraph(out, "    ", declared.evidence)?;
    writeln!(out)?;
    for source in sources() {
        for key in source.keys.iter().filter(|key| names(declared.evidence, key)) {
            row(out, key, source.what)?;
        }
    }
    Ok(())
}

fn explain_codes(what: &str, refusals: &[Refusal], out: &mut dyn Write) -> io::Result<()> {
    if refusals.len() > 1 {
        writeln!(
            out,
            "`{what}` is a code of {} domains; name one to read of it alone.\n",
            refusals.len()
        )?;
    }
    refusals.iter().try_for_each(|&refusal| explain_code(refusal, out))
}

fn explain_code(refusal: Refusal, out: &mut dyn Write) -> io::Result<()> {
    paragraph(out, "", &said(refusal))?;
    writeln!(out)?;
    let mut rules: Vec<_> = Rule::all()
        .filter_map(|rule| {
            let code = rule.declaration().codes.iter().find(|code| code.refusal == refusal)?;
            Some((code.inferred, rule))
        })
        .collect();
    if rules.is_empty() {
        return writeln!(out, "    No rule is known whose breach the system answers so.\n");
    }
    // The likeliest first: what was reported, not inferred; what the policy denies, on the best evidence.
    rules.sort_by_key(|&(inferred, rule)| {
        let declared = rule.declaration();
        (inferred, Reverse(declared.level), declared.grades[0], rule)
    });
    writeln!(out, "    The system answers so when one of these rules is broken:\n")?;
    for (inferred, rule) in rules {
        let inferred = if inferred { " (inferred from the code's definition)" } else { "" };
        writeln!(out, "    {}{inferred}", rule.id())?;
        writeln!(out, "        {}", text_of(rule.wrong()))?;
        writeln!(out, "        {}", rule.first())?;
    }
    writeln!(out)
}

/// A refusal with its domain as Apple names it.
fn said(refusal: Refusal) -> String {
    format!("{} {}: {refusal}", refusal.domain.name(), refusal.code)
}

/// Whether the evidence names the key, as a word of its own.
fn names(evidence: &str, key: &str) -> bool {
    evidence
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .any(|word| word == key)
}

/// Prints a trace as a table: when, who, what with its arguments, and the note.
fn show(out: &mut dyn Write, trace: &str) -> io::Result<()> {
    let mut now = Duration::ZERO;
    for text in trace.lines().filter(|text| Header::read(text).is_err()) {
        let (Some(line), _) = Line::read(text, now) else { continue };
        now = line.entry.at;
        let thread = line.entry.thread.map(|thread| format!(" on {thread}")).unwrap_or_default();
        let note = line.note.as_ref().map(|note| format!("   ← {note}")).unwrap_or_default();
        let what = oncue_trace::words(&line.entry.event);
        writeln!(
            out,
            "    {:>7} ms  {:<8} {what}{thread}{note}",
            now.as_millis(),
            line.entry.by.name()
        )?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    let mut lines = wrapped(text, 96).into_iter();
    writeln!(out, "  {name:<10} {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "  {:<10} {line}", ""))
}

fn paragraph(out: &mut dyn Write, before: &str, text: &str) -> io::Result<()> {
    wrapped(text, 104).iter().try_for_each(|line| writeln!(out, "{before}{line}"))
}

/// The text in lines of at most `width` characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.into());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a command prints as the name of a finding is a rule, a name of doctor's, or a code: each by its type.
    #[test]
    fn every_name_that_a_command_prints_is_known() {
        for rule in Rule::all() {
            assert!(
                matches!(look_up(rule.id()), Ok(Meant::Rule(found)) if found == rule),
                "{rule}"
            );
            for code in rule.declaration().codes {
                let Refusal { domain, code } = code.refusal;
                let found = look_up(&format!("{} {code}", domain.name()));
                assert!(matches!(found, Ok(Meant::Codes(_))), "{} {code}", domain.name());
            }
        }
        for name in Name::value_variants() {
            match look_up(&name.to_string()) {
                Ok(Meant::Name(found, _)) => assert_eq!(found, *name),
                Ok(Meant::Rule(_)) => assert!(name.known().is_none(), "{name} is a rule too"),
                _ => panic!("{name} is not known"),
            }
        }
    }
}
