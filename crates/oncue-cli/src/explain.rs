//! `oncue explain`: what is known of a rule, of a code of the system, or of what a person sees.

use crate::rules::{how, list, text_of};
use clap::Args;
use oncue_session::{Applies, Check, Flow, Refusal, Rule, sources};
use oncue_trace::{Example, Header, Line};
use std::time::Duration;

/// What is to be explained.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A rule, a code such as 561017449, '!pri', -66637 or CXErrorCodeIncomingCallError 4, or what you see in a few words
    #[arg(required = true, allow_hyphen_values = true, value_name = "RULE|CODE|WORDS")]
    what: Vec<String>,
}

/// Explains it.
///
/// # Errors
/// Nothing of that name, code or description is known.
pub(crate) fn run(args: &Explain) -> Result<u8, String> {
    let what = args.what.join(" ");
    if let Some(rule) = Rule::by_id(&what) {
        explain_rule(rule);
        return Ok(0);
    }
    let refusals: Vec<_> = Refusal::parse(&what).collect();
    if !refusals.is_empty() {
        refusals.iter().for_each(|&refusal| explain_code(refusal));
        return Ok(0);
    }
    let found = search(&what);
    if found.is_empty() {
        return Err(format!(
            "nothing is known of `{what}`; `oncue rules` lists the rules, and a code of the system is written as 561017449, '!pri' or CXErrorCodeIncomingCallError 4"
        ));
    }
    println!("Rules that speak of this, the nearest first:\n");
    for rule in found {
        println!("{}", rule.id());
        println!("    {}", rule.declaration().statement);
        println!("    {}", rule.otherwise());
    }
    println!("\n`oncue explain RULE` says all of one.");
    Ok(0)
}

fn explain_rule(rule: Rule) {
    let declared = rule.declaration();
    println!("{} ({}, {})\n", rule.id(), declared.level, how(rule));
    paragraph("", declared.statement);
    println!();
    row("order", &format!("{} → {}", declared.before, declared.after));
    row("wrong", text_of(declared.wrong));
    row(declared.first.split(':').next().unwrap_or_default(), text_of(declared.first));
    row("otherwise", text_of(declared.otherwise));
    row("effect", &list(declared.effects));
    for code in declared.codes {
        row(
            "code",
            &format!("{}{}", said(code.refusal), if code.inferred { " (inferred)" } else { "" }),
        );
    }
    row("applies", &applies(&declared.applies));
    let flows = if declared.flows == Flow::ALL { "all".into() } else { list(declared.flows) };
    row("flows", &flows);
    row(
        "evidence",
        &format!(
            "{}{}",
            list(declared.grades),
            if declared.contradicted { ", contradicted" } else { "" }
        ),
    );
    if !declared.leads_to.is_empty() {
        row("leads to", &list(declared.leads_to));
    }
    match declared.check {
        Check::Static(why) => row("static", why),
        Check::Advice(why) => row("advice", why),
        Check::Checked(_) => {}
    }
    if let Some(example) = Example::of(rule) {
        println!("\nwrong:\n");
        show(example.broken);
        println!("\nright:\n");
        show(example.kept);
    }
    println!("\nsources:\n");
    paragraph("    ", declared.evidence);
    println!();
    for source in sources() {
        let named = source.keys.iter().filter(|key| names(declared.evidence, key));
        for key in named {
            println!("    {key:<9} {}", source.what);
        }
    }
}

fn explain_code(refusal: Refusal) {
    println!("{}\n", said(refusal));
    let rules: Vec<_> = Rule::all()
        .filter_map(|rule| {
            let code = rule.declaration().codes.iter().find(|code| code.refusal == refusal)?;
            Some((code.inferred, rule))
        })
        .collect();
    if rules.is_empty() {
        println!("    No rule is known whose breach the system answers so.\n");
        return;
    }
    println!("    The system answers so when one of these rules is broken:\n");
    for wanted in [false, true] {
        for &(_, rule) in rules.iter().filter(|&&(inferred, _)| inferred == wanted) {
            println!(
                "    {}{}",
                rule.id(),
                if wanted { " (inferred from the code's definition)" } else { "" }
            );
            println!("        {}", text_of(rule.wrong()));
            println!("        {}", rule.first());
        }
    }
    println!();
}

/// A refusal with its domain as Apple names it.
fn said(refusal: Refusal) -> String {
    format!("{} {}: {refusal}", refusal.domain.name(), refusal.code)
}

fn applies(applies: &Applies) -> String {
    let from = match (applies.on.name(), applies.from) {
        (os, version) if version.major == 0 => format!("every {os}"),
        (os, version) => format!("{os} {version} and later"),
    };
    let note = if applies.note.is_empty() { String::new() } else { format!("; {}", applies.note) };
    format!("{from}{note}")
}

/// Whether the evidence names the key, as a word of its own.
fn names(evidence: &str, key: &str) -> bool {
    evidence
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .any(|word| word == key)
}

/// Prints a trace as a table: when, who, what with its arguments, and the note.
fn show(trace: &str) {
    let mut now = Duration::ZERO;
    for text in trace.lines().filter(|text| Header::read(text).is_err()) {
        let (Some(line), _) = Line::read(text, now) else { continue };
        now = line.entry.at;
        let thread = line.entry.thread.map(|thread| format!(" on {thread}")).unwrap_or_default();
        let note = line.note.as_ref().map(|note| format!("   ← {note}")).unwrap_or_default();
        println!(
            "    {:>7} ms  {:<8} {}{thread}{note}",
            now.as_millis(),
            line.entry.by,
            oncue_trace::words(&line.entry.event)
        );
    }
}

/// The rules whose texts share the most words with a description, the nearest first; at most eight.
fn search(description: &str) -> Vec<Rule> {
    let description =
        description.to_lowercase().replace("no sound", "silence").replace("no audio", "silence");
    // "answering" is to find "answer" and "answered".
    let stem = |word: &str| word.chars().take(6).collect::<String>();
    let wanted: Vec<_> = description
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.len() > 2 && !COMMON.contains(word))
        .map(stem)
        .collect();
    let mut found: Vec<_> = Rule::all()
        .filter_map(|rule| {
            let declared = rule.declaration();
            let texts = [
                declared.statement,
                declared.wrong,
                declared.first,
                declared.otherwise,
                declared.before,
                declared.after,
            ];
            // A flow counts where the rule is about a few only.
            let flows = if declared.flows.len() > 5 { String::new() } else { list(declared.flows) };
            let text =
                format!("{} {flows} {}", texts.join(" "), list(declared.effects)).to_lowercase();
            let score = wanted.iter().filter(|word| text.contains(word.as_str())).count();
            let strength = (declared.level, std::cmp::Reverse(declared.grades[0]));
            (score > 0 && 2 * score > wanted.len()).then_some((score, strength, rule))
        })
        .collect();
    found.sort_by_key(|&(score, strength, rule)| {
        (std::cmp::Reverse(score), std::cmp::Reverse(strength), rule)
    });
    found.into_iter().map(|(_, _, rule)| rule).take(8).collect()
}

/// Words that say nothing of a fault.
const COMMON: &[&str] = &[
    "the", "and", "when", "from", "with", "for", "not", "but", "does", "has", "have", "there",
    "after", "call", "app",
];

fn row(name: &str, text: &str) {
    let mut lines = wrapped(text, 96).into_iter();
    println!("  {name:<10} {}", lines.next().unwrap_or_default());
    lines.for_each(|line| println!("  {:<10} {line}", ""));
}

fn paragraph(before: &str, text: &str) {
    wrapped(text, 104).iter().for_each(|line| println!("{before}{line}"));
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
