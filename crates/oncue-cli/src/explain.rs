//! `oncue explain`: what is known of a rule, of a code of the system, or of what a person sees.

use crate::rules::{how, list, say, text_of, versions};
use clap::Args;
use oncue_session::{Check, Effect, Flow, Os, Refusal, Rule, sources};
use oncue_trace::{Example, Header, Line};
use std::cmp::Reverse;
use std::io::{self, Write};
use std::time::Duration;

/// What is to be explained.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// A rule, a code of the system, or what you see in a few words
    #[arg(required = true, allow_hyphen_values = true, value_name = "RULE|CODE|WORDS")]
    what: Vec<String>,
}

const EXAMPLES: &str = "\
A bare number is a code of each domain that has it; name the domain to have one. Words lead to at
most eight rules, the nearest first.

Examples:
  oncue explain io-start-after-did-activate
  oncue explain 561017449
  oncue explain '!pri'
  oncue explain -66637
  oncue explain CXErrorCodeIncomingCallError 4
  oncue explain no sound when answering from the lock screen";

/// Explains it.
///
/// # Errors
/// Nothing of that name, code or description is known.
pub(crate) fn run(args: &Explain) -> Result<u8, String> {
    let what = args.what.join(" ");
    let what = what.trim();
    if what.is_empty() {
        return Err("expected a rule, a code or a few words, got nothing".into());
    }
    if let Some(rule) = Rule::by_id(&what.to_lowercase()) {
        return say(|out| explain_rule(rule, out)).map(|()| 0);
    }
    let refusals: Vec<_> = Refusal::parse(what).collect();
    if !refusals.is_empty() {
        return say(|out| explain_codes(what, &refusals, out)).map(|()| 0);
    }
    if let Some(rule) = nearest(what) {
        return Err(format!("no rule `{what}`; did you mean `{rule}`?"));
    }
    let found = search(what);
    if found.is_empty() {
        return Err(format!(
            "nothing is known of `{what}`; `oncue rules` lists the rules, and a code of the system is written as 561017449, '!pri' or CXErrorCodeIncomingCallError 4"
        ));
    }
    say(|out| {
        writeln!(out, "Rules that speak of this, the nearest first:\n")?;
        for rule in found {
            writeln!(out, "{}", rule.id())?;
            writeln!(out, "    {}", rule.declaration().statement)?;
            writeln!(out, "    {}", rule.otherwise())?;
        }
        writeln!(out, "\n`oncue explain RULE` says all of one.")
    })
    .map(|()| 0)
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

/// The rule whose id a person may have meant: the only one that it is a part of, or one with a few letters changed.
fn nearest(what: &str) -> Option<Rule> {
    let what = what.to_lowercase().replace('_', "-");
    if !what.contains('-') || what.contains(' ') {
        return None;
    }
    let mut within = Rule::all().filter(|rule| rule.id().contains(&what));
    let part = within.next().filter(|_| within.next().is_none());
    let few = |rule: &Rule| distance(rule.id(), &what) <= rule.id().len() / 5;
    part.or_else(|| Rule::all().filter(few).min_by_key(|rule| distance(rule.id(), &what)))
}

/// How many letters are to be put in, left out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<_> = other.chars().collect();
    let mut row: Vec<_> = (0..=other.len()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for column in 0..other.len() {
            let changed = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// The rules that a description of a fault leads to, the nearest first; at most eight.
///
/// A rule counts by what its breach does, by the flows it is about, and by the words that it shares. For silence at the
/// start of a call the rules of the table come first: most silent calls break one of them, whatever else is said.
fn search(description: &str) -> Vec<Rule> {
    let mut text = description.to_lowercase();
    PHRASES.iter().for_each(|(phrase, word)| text = text.replace(phrase, word));
    let words: Vec<_> = text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter(|word| word.len() > 2 && !COMMON.contains(word))
        .map(stem)
        .collect();
    let says = |starts: &[&str]| words.iter().any(|word| starts.contains(&word.as_str()));
    let effects: Vec<_> = EFFECTS
        .iter()
        .filter(|(starts, _)| says(starts))
        .flat_map(|(_, effects)| *effects)
        .collect();
    let flows: Vec<_> =
        FLOWS.iter().filter(|(starts, _)| says(starts)).map(|&(_, flow)| flow).collect();
    let silent = says(SILENCE);
    let starts = flows.is_empty() || flows.iter().any(|flow| STARTS.contains(flow));
    let mut found: Vec<_> = Rule::all()
        .filter(|rule| {
            rule.declaration().applies.on == Os::Ios || says(&["androi", "teleco", "oboe"])
        })
        .filter_map(|rule| {
            let declared = rule.declaration();
            let effect =
                2 * usize::from(declared.effects.iter().any(|effect| effects.contains(&effect)));
            // A rule that is about every flow is about none.
            let of_flow = |flow: &&Flow| declared.flows.len() <= 5 && declared.flows.contains(flow);
            let flow = 2 * flows.iter().filter(of_flow).count();
            let core = 3 * usize::from(
                silent
                    && starts
                    && rule.is_of_the_table()
                    && declared.flows.contains(&Flow::Answer),
            );
            let texts = [
                declared.statement,
                declared.wrong,
                declared.first,
                declared.otherwise,
                declared.before,
            ];
            let text = texts.join(" ").to_lowercase();
            let shared = words
                .iter()
                .filter(|word| text.contains(word.as_str()) && !is_of_a_list(word))
                .count();
            let named = words.iter().filter(|word| rule.id().contains(word.as_str())).count();
            let score = effect + flow + core + shared + named;
            (score > 0).then_some((score, declared.level, Reverse(declared.grades[0]), rule))
        })
        .collect();
    found.sort_by_key(|&(score, level, grade, rule)| (Reverse((score, level, grade)), rule));
    let best = found.first().map_or(0, |&(score, ..)| score);
    found
        .into_iter()
        .filter(|&(score, ..)| 2 * score > best)
        .map(|(.., rule)| rule)
        .take(8)
        .collect()
}

/// A word without its ending, so that "answering" finds "answer" and "answered".
fn stem(word: &str) -> String {
    let ending = ["ing", "ed", "es", "s"].into_iter().find_map(|ending| word.strip_suffix(ending));
    ending.filter(|stem| stem.len() > 3).unwrap_or(word).chars().take(6).collect()
}

/// Whether it says that there is silence, or names a flow, and so does not count as a word by itself.
fn is_of_a_list(word: &str) -> bool {
    SILENCE.contains(&word) || FLOWS.iter().any(|(starts, _)| starts.contains(&word))
}

/// What several words say together.
const PHRASES: &[(&str, &str)] = &[
    ("lock screen", "locked"),
    ("lock-screen", "locked"),
    ("no sound", "silent"),
    ("no audio", "silent"),
    ("nobody hears", "silent"),
    ("hear anything", "silent"),
    ("hear nothing", "silent"),
    ("one way", "one-way"),
    ("one-sided", "one-way"),
    ("no microphone", "microphone"),
    ("hear me", "microphone"),
    ("hears me", "microphone"),
    ("far end hears", "microphone"),
];

/// Words, as stems, that say that nothing is heard.
const SILENCE: &[&str] = &["silent", "silenc", "quiet", "mute", "muted"];

/// Words, as stems, that say what happens.
const EFFECTS: &[(&[&str], &[Effect])] = &[
    (SILENCE, &[Effect::Both, Effect::Capture, Effect::Playback]),
    (&["one-wa"], &[Effect::Capture, Effect::Playback]),
    (&["microp", "mic"], &[Effect::Capture]),
    (&["kill", "termin"], &[Effect::Kill]),
    (&["crash"], &[Effect::Crash]),
    (&["route", "speake", "loudsp", "receiv", "earpie", "headse", "blueto"], &[Effect::Route]),
    (&["volume", "echo", "loud"], &[Effect::Volume]),
    (&["distor", "garble", "pitch", "gaps", "crackl"], &[Effect::Garbled]),
    (&["reject", "review"], &[Effect::Rejection]),
];

/// Words, as stems, that name a flow of a call.
const FLOWS: &[(&[&str], Flow)] = &[
    (&["answer", "accept", "pick"], Flow::Answer),
    (&["incomi", "ring"], Flow::Incoming),
    (&["outgoi", "dial", "start"], Flow::Outgoing),
    (&["hang", "ended", "next"], Flow::End),
    (&["hold", "held", "unhold", "resume"], Flow::Hold),
    (&["second", "waitin", "anothe"], Flow::SecondCall),
    (&["interr", "alarm", "siri"], Flow::Interruption),
    (&["reset", "medias"], Flow::MediaServices),
    (&["route", "speake", "loudsp", "headse", "blueto"], Flow::Route),
    (&["mute", "muted", "unmute"], Flow::Mute),
    (&["permis", "prompt"], Flow::Permission),
    (&["push", "pushki"], Flow::Push),
    (&["locked", "lock"], Flow::LockScreen),
    (&["launch", "cold"], Flow::ColdStart),
    (&["china"], Flow::NoCallKit),
];

/// The flows in which the audio of a call starts.
const STARTS: &[Flow] =
    &[Flow::Answer, Flow::Incoming, Flow::Outgoing, Flow::LockScreen, Flow::ColdStart];

/// Words that say nothing of a fault.
const COMMON: &[&str] = &[
    "the", "and", "when", "from", "with", "for", "not", "but", "does", "has", "have", "there",
    "after", "call", "calls", "app", "audio", "sound", "while", "hears", "hear", "gets", "was",
];

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
