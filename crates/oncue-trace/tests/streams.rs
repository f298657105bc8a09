//! Random stories of an app with several calls: legal ones break no rule, and one step dropped, doubled or swapped is
//! named as the root cause.
//!
//! Independent: the episodes and their verdicts are written by hand from the rule book's timelines (§3) and sentences;
//! none is computed. A line is an event with its arguments, then the verdict where it is dropped, doubled, swapped with
//! the next: the rule, `ok` where the deviation is harmless, `-` where no phone would tell such a story, or where nothing
//! that follows shows it. `+N` before an event lets N ms pass. `$` is replaced by the number of the episode, so that
//! every call, action and unit has a name of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{EventKind, Finding, Guard, Policy, Rule};
use oncue_trace::Line;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The launch, what several episodes begin with, and the episodes. Each episode starts and ends with no call under way, no
/// unit, and another category, so that a verdict holds after any other.
const EPISODES: &str = include_str!("streams/episodes.txt");

/// The lines of the part of this name, with those that `@` names in it.
fn part(name: &str) -> String {
    let part = EPISODES.split("# ").find(|part| part.lines().next() == Some(name)).unwrap();
    let lines = part.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        match line.strip_prefix('@') {
            Some(other) => self::part(other),
            None => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// The names of the episodes.
fn episodes() -> Vec<&'static str> {
    EPISODES.split("# ").skip(3).map(|part| part.lines().next().unwrap()).collect()
}

/// A line of an episode.
#[derive(Clone, Debug)]
struct Told {
    wait: Duration,
    fields: Map<String, Value>,
    verdicts: [String; 3],
    text: String,
}

fn told(text: &str, number: usize) -> Told {
    let text = text.replace('$', &number.to_string());
    let mut columns = text.split('|').map(str::trim);
    let mut words = columns.next().unwrap().split_whitespace().peekable();
    let wait =
        words.next_if(|word| word.starts_with('+')).map_or(40, |wait| wait[1..].parse().unwrap());
    let what = words.next().unwrap();
    let mut fields = Map::from_iter([("what".to_owned(), json!(what))]);
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        let value = match value {
            "true" | "false" => json!(value == "true"),
            _ if name == "options" => json!([value]),
            _ => value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number)),
        };
        fields.insert(name.into(), value);
    }
    let verdicts = std::array::from_fn(|_| {
        columns.next().unwrap_or_else(|| panic!("no verdict: {text}")).to_owned()
    });
    Told { wait: Duration::from_millis(wait), fields, verdicts, text: text.clone() }
}

fn lines(episode: &str, number: usize) -> impl Iterator<Item = Told> + '_ {
    episode.lines().filter(|line| !line.trim().is_empty()).map(move |line| told(line, number))
}

/// A launch, and one episode after the other.
fn story(chosen: &[Index]) -> Vec<Told> {
    let mut story: Vec<_> = lines(&part("launch"), 0).collect();
    let episodes = episodes();
    for (number, choice) in chosen.iter().enumerate() {
        story.extend(lines(&part(episodes[choice.index(episodes.len())]), number + 1));
    }
    story
}

/// What a guard under the default policy finds in a story.
fn found(story: &[Told], noise: &[Noise]) -> Vec<(String, Finding)> {
    found_by(Guard::new(Policy::apple()), story, noise)
}

fn found_by(mut guard: Guard, story: &[Told], noise: &[Noise]) -> Vec<(String, Finding)> {
    let mut now = Duration::ZERO;
    let mut found = Vec::new();
    for (place, told) in story.iter().enumerate() {
        now += told.wait;
        let mut told_fields = vec![told.fields.clone()];
        if place > 10 {
            told_fields.extend(
                noise
                    .iter()
                    .filter(|noise| noise.at.index(story.len()) == place)
                    .filter_map(|noise| noise.fields()),
            );
        }
        for mut fields in told_fields {
            fields.insert("at_ms".into(), json!(now.as_secs_f64() * 1e3));
            let line = Value::Object(fields).to_string();
            let (read, error) = Line::read(&line, Duration::ZERO);
            let entry = read.unwrap_or_else(|| panic!("{line}: {error:?}")).entry;
            found.extend(guard.observe(&entry).iter().map(|finding| (told.text.clone(), *finding)));
        }
    }
    found
}

/// Something harmless that may happen anywhere.
#[derive(Clone, Debug)]
struct Noise {
    at: Index,
    what: &'static str,
}

impl Noise {
    fn fields(&self) -> Option<Map<String, Value>> {
        let mut fields = Map::from_iter([("what".to_owned(), json!(self.what))]);
        match self.what {
            "route-changed" => drop(fields.insert("reason".into(), json!("new-device"))),
            "session-is" => {
                fields.insert("category".into(), json!("PlayAndRecord"));
                fields.insert("thread".into(), json!("other"));
            }
            "prefer-no-alerts" => drop(fields.insert("on".into(), json!(true))),
            _ => {}
        }
        Some(fields)
    }
}

fn noise() -> impl Strategy<Value = Vec<Noise>> {
    let what = prop_oneof![
        Just("main-queue-turn"),
        Just("poll"),
        Just("route-changed"),
        Just("prefer-no-alerts"),
        Just("entered-foreground")
    ];
    prop::collection::vec((any::<Index>(), what).prop_map(|(at, what)| Noise { at, what }), 0..12)
}

/// What was done to a line.
#[derive(Clone, Copy, Debug)]
enum Deviation {
    Dropped,
    Doubled,
    Swapped,
}

fn deviate(story: &[Told], place: usize, deviation: Deviation) -> Vec<Told> {
    let mut story = story.to_vec();
    match deviation {
        Deviation::Dropped => {
            let gone = story.remove(place);
            if let Some(next) = story.get_mut(place) {
                next.wait += gone.wait;
            }
        }
        Deviation::Doubled => {
            story
                .insert(place + 1, Told { wait: Duration::from_millis(1), ..story[place].clone() });
        }
        Deviation::Swapped => {
            story.swap(place, place + 1);
            // The times stay where they were.
            let wait = story[place].wait;
            story[place].wait = std::mem::replace(&mut story[place + 1].wait, wait);
        }
    }
    story
}

/// What the verdict expects of a story with the deviation.
fn judge(
    story: &[Told],
    place: usize,
    deviation: Deviation,
    noise: &[Noise],
) -> Result<(), String> {
    let verdict = story[place].verdicts[deviation as usize].as_str();
    let found = found(&deviate(story, place, deviation), noise);
    let root = found
        .iter()
        .map(|(_, finding)| finding)
        .find(|finding| finding.because_of.is_none())
        .map(|finding| finding.rule.id());
    let others = found
        .iter()
        .any(|(_, finding)| finding.because_of.is_none() && Some(finding.rule.id()) != root);
    let expected = (verdict != "ok").then_some(verdict);
    if root == expected && !others {
        return Ok(());
    }
    Err(format!(
        "{deviation:?}: {}\n  expected {verdict}, found {:#?}",
        story[place].text,
        found
            .iter()
            .map(|(line, finding)| format!(
                "{} because of {:?} at {line}",
                finding.rule, finding.because_of
            ))
            .collect::<Vec<_>>()
    ))
}

const DEVIATIONS: [Deviation; 3] = [Deviation::Dropped, Deviation::Doubled, Deviation::Swapped];

#[test]
fn every_verdict_holds_in_a_story_of_one_episode() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for episode in episodes().into_iter().map(part).chain([String::new()]) {
        let mut story: Vec<_> = lines(&part("launch"), 0).collect();
        let from = if episode.is_empty() { 0 } else { story.len() };
        story.extend(lines(&episode, 1));
        story.extend(lines("+9000 poll | - | - | -\nmain-queue-turn | - | - | -", 0));
        assert_eq!(
            found(&story, &[])
                .iter()
                .map(|(line, finding)| format!("{}: {line}", finding.rule))
                .collect::<Vec<_>>(),
            [""; 0]
        );
        for place in from..story.len() {
            for deviation in DEVIATIONS {
                if story[place].verdicts[deviation as usize] == "-" {
                    continue;
                }
                tried += 1;
                wrong.extend(judge(&story, place, deviation, &[]).err());
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 200, "{tried} verdicts");
}

#[test]
fn every_verdict_is_a_rule() {
    for episode in episodes() {
        for told in lines(&part(episode), 1) {
            assert!(
                EventKind::ALL.iter().any(|kind| told.fields["what"] == kind.name()),
                "{}",
                told.text
            );
            for verdict in &told.verdicts {
                assert!(
                    verdict == "ok" || verdict == "-" || Rule::by_id(verdict).is_some(),
                    "{}",
                    told.text
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_legal_story_breaks_no_rule(episodes in prop::collection::vec(any::<Index>(), 1..8), noise in noise()) {
        let found = found(&story(&episodes), &noise);
        let found: Vec<_> = found.iter().map(|(line, finding)| format!("{}: {line}", finding.rule)).collect();
        prop_assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn a_legal_story_breaks_no_rule_where_it_is_told_from_the_middle_on(
        episodes in prop::collection::vec(any::<Index>(), 1..4),
        from in any::<Index>(),
    ) {
        let story = story(&episodes);
        let from = from.index(story.len());
        let found = found_by(Guard::from_the_middle(Policy::apple()), &story[from..], &[]);
        let found: Vec<_> = found.iter().map(|(line, finding)| format!("{}: {line}", finding.rule)).collect();
        prop_assert!(found.is_empty(), "from {}: {found:#?}", story[from].text);
    }

    #[test]
    fn a_planted_deviation_is_the_root_cause(
        episodes in prop::collection::vec(any::<Index>(), 1..6),
        noise in noise(),
        place in any::<Index>(),
        deviation in prop::sample::select(&DEVIATIONS[..]),
    ) {
        let story = story(&episodes);
        let judged: Vec<_> = (0..story.len()).filter(|&place| story[place].verdicts[deviation as usize] != "-").collect();
        let place = *place.get(&judged);
        // Noise between a line and the next would be another deviation.
        let quiet = noise.into_iter().filter(|noise| noise.at.index(story.len()).abs_diff(place) > 3).collect::<Vec<_>>();
        let judged = judge(&story, place, deviation, &quiet);
        prop_assert!(judged.is_ok(), "{}", judged.unwrap_err());
    }
}
