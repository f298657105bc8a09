//! What a person may mean who does not write a name as it is: the nearest name, and the rules that a description of a
//! fault leads to.

use crate::doctor::Name;
use clap::ValueEnum as _;
use oncue_session::{Effect, Flow, Os, Rule};
use std::cmp::Reverse;

/// The name that a person may have meant: the only one that it is a part of, or one with a few letters changed.
pub(super) fn nearest(what: &str) -> Option<String> {
    let what = what.to_lowercase().replace('_', "-");
    if !what.contains('-') || what.contains(' ') {
        return None;
    }
    let own = Name::value_variants().iter().filter(|name| name.known().is_some());
    let rules = Rule::all().map(|rule| rule.id().to_owned());
    let names: Vec<_> = rules.chain(own.map(ToString::to_string)).collect();
    let mut within = names.iter().filter(|name| name.contains(&what));
    let part = within.next().filter(|_| within.next().is_none());
    let few = |name: &&String| distance(name, &what) <= name.len() / 5;
    part.or_else(|| names.iter().filter(few).min_by_key(|name| distance(name, &what))).cloned()
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
pub(super) fn search(description: &str) -> Vec<Rule> {
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
