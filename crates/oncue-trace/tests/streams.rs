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

const LAUNCH: &str = "
launch                                              | - | - | -
create-registry                                     | - | - | -
set-registry-delegate                               | push-registry-at-every-launch | ok | ok
request-voip-pushes                                 | push-registry-at-every-launch | ok | ok
create-provider provider=P                          | - | - | -
set-delegate provider=P                             | - | ok | ok
main-queue-turn                                     | ok | ok | ok
launch-finished                                     | - | - | ok
entered-foreground                                  | ok | ok | ok
permission-is permission=granted                    | ok | ok | -
";

/// Each starts and ends with no call under way, no unit, and another category, so that a verdict holds after any other
/// episode.
const EPISODES: &[(&str, &str)] = &[
    (
        "3.1, 3.2, 3.3: an incoming call, answered on the system's screen, ended in the app",
        "
push push=p$ call=A$                                | ok | - | -
report-incoming call=A$                             | push-reports-a-call | ok | push-reports-a-call
push-returned push=p$                               | - | - | ok
report-succeeded call=A$                            | - | ok | ok
complete-push push=p$                               | - | push-completion-after-report | ok
start-ring-timer call=A$                            | ok | ok | -
perform action=aA$ kind=answer call=A$ timeout_ms=30000 | - | - | -
cancel-ring-timer call=A$                           | - | ok | ok
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | category-before-activation | ok | ok
send-accept call=A$                                 | - | ok | ok
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | io-start-after-did-activate | ok | ok
create-unit unit=u$ voice_processing=true           | ok | ok | -
initialize-unit unit=u$ rate_hz=48000               | ok | ok | ok
start-unit unit=u$                                  | - | ok | -
+4000 samples unit=u$ captured=96000 played=96000   | ok | ok | -
user-ends call=A$                                   | ok | ok | -
request transaction=t$ kind=end call=A$             | - | ok | -
request-succeeded transaction=t$                    | ok | ok | ok
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=u$                                   | - | ok | ok
send-end call=A$                                    | ok | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | ok
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.1, 3.2 as QQ has it: the category before the report, the unit before the fulfil, the stop after the deactivation",
        "
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | ok
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | ok
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | ok | ok | ok
create-unit unit=u$ voice_processing=true           | ok | ok | ok
initialize-unit unit=u$                             | ok | ok | ok
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | io-start-after-did-activate | ok | ok
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | ok | ok | no-category-change-while-call-active
start-unit unit=u$                                  | io-starts-after-activation | ok | -
+4000 poll                                          | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | - | ok | ok
stop-unit unit=u$                                   | - | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.9: the far end cancels before the answer",
        "
push push=p$ call=A$                                | ok | - | -
report-incoming call=A$                             | push-reports-a-call | ok | push-reports-a-call
push-returned push=p$                               | - | - | ok
report-succeeded call=A$                            | - | ok | -
complete-push push=p$                               | - | push-completion-after-report | -
peer-ended call=A$                                  | - | ok | -
report-ended call=A$ reason=remote-ended            | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.4: a call started in the app, answered and ended by the far end",
        "
request transaction=t$ kind=start call=A$           | - | - | -
request-succeeded transaction=t$                    | - | ok | -
perform action=sA$ kind=start call=A$               | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | category-before-activation | ok | ok
send-dial call=A$                                   | ok | ok | ok
fulfill action=sA$                                  | - | action-completed-exactly-once | ok
report-connecting call=A$                           | ok | ok | ok
did-activate                                        | no-local-sounds-outside-the-call-session | ok | no-local-sounds-outside-the-call-session
play-sound                                          | ok | ok | ok
create-unit unit=u$ voice_processing=true           | ok | ok | -
start-unit unit=u$                                  | io-starts-after-activation | ok | -
+600 peer-answered call=A$                          | - | ok | outgoing-report-order
report-connected call=A$                            | outgoing-report-order | ok | -
+4000 samples unit=u$ captured=96000 played=96000   | - | ok | -
peer-ended call=A$                                  | - | ok | -
stop-unit unit=u$                                   | ok | ok | ok
report-ended call=A$ reason=remote-ended            | - | ok | -
did-deactivate                                      | ok | ok | ok
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.5: held for another app's call, taken back with an activation (7a, 9a)",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | category-before-activation
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | io-start-after-did-activate | ok | -
create-unit unit=u$ voice_processing=true           | ok | ok | -
start-unit unit=u$                                  | io-starts-after-activation | ok | -
+4000 poll                                          | - | ok | -
perform action=hA$ kind=hold call=A$                | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=hA$                                  | - | action-completed-exactly-once | -
interruption-began                                  | ok | ok | ok
did-deactivate                                      | ok | ok | -
+20000 perform action=kA$ kind=unhold call=A$       | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | ok | ok | ok
fulfill action=kA$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
start-unit unit=u$                                  | io-starts-after-activation | ok | -
+4000 poll                                          | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.5: taken back, a late deactivation, and no activation: one attempt at the deadline (7b, 9b, 9c)",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | -
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
start-unit unit=u$                                  | - | ok | -
perform action=hA$ kind=hold call=A$                | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=hA$                                  | - | action-completed-exactly-once | -
interruption-began                                  | - | ok | -
+20000 perform action=kA$ kind=unhold call=A$       | - | - | -
fulfill action=kA$                                  | - | action-completed-exactly-once | -
+200 did-deactivate                                 | ok | ok | -
+2700 start-unit unit=u$                            | unhold-may-lack-did-activate | ok | -
+500 poll                                           | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.6: a second call, end and accept",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | category-before-activation
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | io-start-after-did-activate | ok | -
start-unit unit=u$                                  | - | ok | -
+4000 push push=p$ call=B$                          | ok | - | -
report-incoming call=B$                             | push-reports-a-call | ok | push-reports-a-call
push-returned push=p$                               | - | - | ok
report-succeeded call=B$                            | - | ok | -
complete-push push=p$                               | - | push-completion-after-report | -
execute-transaction transaction=t$ handled=false    | ok | ok | -
perform action=eA$ kind=end call=A$ transaction=t$  | - | - | -
stop-unit unit=u$                                   | - | ok | -
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
perform action=aB$ kind=answer call=B$ transaction=t$ | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | ok | ok | ok
fulfill action=aB$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
create-unit unit=v$ voice_processing=true           | ok | ok | -
start-unit unit=v$                                  | - | ok | -
+4000 perform action=eB$ kind=end call=B$           | - | - | -
stop-unit unit=v$                                   | - | ok | ok
fulfill action=eB$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
dispose-unit unit=v$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "a second call of the same app, hold and accept, then the first again",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | category-before-activation
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | io-start-after-did-activate | ok | -
start-unit unit=u$                                  | - | ok | -
+4000 report-incoming call=B$                       | - | ok | -
report-succeeded call=B$                            | - | ok | -
perform action=hA$ kind=hold call=A$                | - | - | -
stop-unit unit=u$                                   | ok | ok | ok
fulfill action=hA$                                  | hold-stops-io-and-fulfils-at-once | action-completed-exactly-once | -
perform action=aB$ kind=answer call=B$              | - | - | -
fulfill action=aB$                                  | - | action-completed-exactly-once | -
did-activate                                        | ok | ok | ok
start-unit unit=u$                                  | - | ok | -
+4000 perform action=eB$ kind=end call=B$           | - | - | -
fulfill action=eB$                                  | - | action-completed-exactly-once | -
perform action=kA$ kind=unhold call=A$              | - | - | -
fulfill action=kA$                                  | - | action-completed-exactly-once | -
+4000 poll                                          | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.7: an interruption, which the system ends with an activation",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | -
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
start-unit unit=u$                                  | - | ok | -
+4000 interruption-began                            | - | - | ok
stop-unit unit=u$                                   | ok | ok | ok
+900 interruption-ended                             | ok | ok | ok
did-activate                                        | interruption-begin-means-inactive | ok | interruption-begin-means-inactive
start-unit unit=u$                                  | - | ok | -
+4000 poll                                          | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=u$                                   | - | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.8: the media services are lost and reset",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | -
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
start-unit unit=u$                                  | - | ok | -
+4000 media-services-lost                           | - | ok | -
media-services-reset                                | media-services-lost-stop | ok | -
dispose-unit unit=u$                                | - | ok | ok
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | media-services-reset-rebuild | ok | -
did-activate                                        | io-start-after-did-activate | ok | -
create-unit unit=v$ voice_processing=true           | ok | ok | -
start-unit unit=v$                                  | - | ok | -
+4000 poll                                          | - | ok | -
perform action=eA$ kind=end call=A$                 | - | - | -
stop-unit unit=v$                                   | - | ok | ok
fulfill action=eA$                                  | - | action-completed-exactly-once | -
did-deactivate                                      | ok | ok | -
dispose-unit unit=v$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
    (
        "3.11: the provider is reset in a call, and made anew",
        "
report-incoming call=A$                             | - | ok | -
report-succeeded call=A$                            | - | ok | -
perform action=aA$ kind=answer call=A$              | - | - | -
set-category category=PlayAndRecord mode=VoiceChat options=allow-bluetooth-hfp | - | ok | -
fulfill action=aA$                                  | - | action-completed-exactly-once | -
did-activate                                        | - | ok | -
start-unit unit=u$                                  | - | ok | -
+4000 provider-reset                                | - | ok | -
stop-unit unit=u$                                   | - | ok | ok
invalidate-provider provider=P                      | - | ok | -
create-provider provider=P                          | - | - | -
set-delegate provider=P                             | - | ok | ok
main-queue-turn                                     | ok | ok | -
dispose-unit unit=u$                                | - | ok | -
set-category category=SoloAmbient                   | ok | ok | -
",
    ),
];

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

fn lines(episode: &str, number: usize) -> impl Iterator<Item = Told> {
    episode.lines().filter(|line| !line.trim().is_empty()).map(move |line| told(line, number))
}

/// A launch, and one episode after the other.
fn story(episodes: &[Index]) -> Vec<Told> {
    let mut story: Vec<_> = lines(LAUNCH, 0).collect();
    for (number, episode) in episodes.iter().enumerate() {
        story.extend(lines(episode.get(EPISODES).1, number + 1));
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
    for episode in EPISODES.iter().map(|&(_, lines)| lines).chain([""]) {
        let mut story: Vec<_> = lines(LAUNCH, 0).collect();
        let from = if episode.is_empty() { 0 } else { story.len() };
        story.extend(lines(episode, 1));
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
    for (_, episode) in EPISODES {
        for told in lines(episode, 1) {
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
