//! What the guide shows and says is so: its output, its policy, its converter, its commands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;
mod traces;

use oncue_session::{Level, Os, Owner, Policy, Rule, Version};
use program::{ONCUE, oncue, root};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use traces::{EARLY_START, check, summary};

#[test]
fn the_guide_to_a_silent_call_shows_what_is_printed() {
    let page = std::fs::read_to_string(root().join("docs/src/silent-call.md")).unwrap();
    let shown = page.split("$ oncue check call.jsonl\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap().replace("call.jsonl", "standard input");
    let said = check(EARLY_START.as_bytes(), &[]);
    assert!(
        said.stdout.starts_with(&shown),
        "the page has:\n{shown}\nprinted is:\n{}",
        said.stdout
    );
}

#[test]
fn the_policy_of_the_guide_is_what_it_says() {
    let path = root().join("docs/src/trace/policy.toml");
    let policy = oncue_trace::read_policy(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut expected = Policy::apple();
    (expected.owner, expected.os) = (Owner::System, Os::Ios);
    expected.version = Some(Version { major: 17, minor: 4 });
    expected.set_strict(Rule::by_id("outgoing-report-order").unwrap(), true);
    expected.set_level(Rule::by_id("activation-watchdog").unwrap(), Level::Warn);
    assert_eq!(policy, expected, "all other entries are those of every policy");
    assert_eq!(policy.waits.activation, Duration::from_secs(3));
    let path = path.to_str().unwrap();
    assert_eq!(check(EARLY_START.as_bytes(), &["--policy", path]).code, Some(2));
}

/// What the converter of the guide makes of a log; nothing where there is no python3 to run it.
fn converted(log: &str) -> Option<Vec<u8>> {
    let python = Command::new("python3")
        .arg(root().join("docs/src/trace/convert.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        eprintln!("skipped: there is no python3");
        return None;
    };
    python.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the converter failed");
    let trace = String::from_utf8(output.stdout).unwrap();
    // The log begins with the process, and it is its reader who knows that.
    Some(trace.replacen('\n', "\n{\"at_ms\": 0, \"what\": \"launch\"}\n", 1).into())
}

#[test]
fn a_log_goes_through_the_converter_of_the_guide() {
    let log = |order: [&str; 2]| {
        format!(
            "2026-11-21 10:15:00.000 callkit report call=A
2026-11-21 10:15:00.020 callkit report ok call=A
2026-11-21 10:15:02.400 callkit perform answer action=1 call=A
2026-11-21 10:15:02.402 audio setCategory PlayAndRecord mode=VoiceChat
2026-11-21 10:15:02.404 callkit fulfill action=1
2026-11-21 10:15:02.410 net something that is no event
2026-11-21 10:15:02.418 audio {}
2026-11-21 10:15:02.430 audio {}
",
            order[0], order[1]
        )
    };
    let Some(early) = converted(&log(["AudioOutputUnitStart", "didActivate"])) else { return };
    let said = check(&early, &["--json"]);
    let json = said.json();
    let found = json[0]["findings"].as_array().unwrap();
    assert_eq!((said.code, found.len()), (Some(2), 1), "{json:#}");
    assert_eq!(found[0]["rule"], "io-start-after-did-activate");
    assert_eq!(found[0]["at_ms"], 2418.0);
    let in_order = converted(&log(["didActivate", "AudioOutputUnitStart"])).unwrap();
    let said = check(&in_order, &[]);
    assert_eq!(
        (said.code, summary(&said)),
        (Some(0), "nothing found in 8 events"),
        "{}",
        said.stdout
    );
}

#[test]
fn the_commands_of_the_guide_run() {
    let mut ran = 0;
    for page in ["silent-call.md", "trace/format.md"] {
        let text = std::fs::read_to_string(root().join("docs/src").join(page)).unwrap();
        for command in text.lines().filter_map(|line| line.strip_prefix("$ oncue ")) {
            let needs_a_file = command.contains(".jsonl") || command.contains(".plist");
            if needs_a_file || command.contains('|') {
                continue;
            }
            let words: Vec<_> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
            let said = oncue(&words);
            assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{page}: {command}");
            ran += 1;
        }
    }
    assert!(ran >= 3, "{ran} commands were found");
}

#[test]
fn what_the_page_on_calls_shows_things_by_is_there_and_runs() {
    let page = std::fs::read_to_string(root().join("docs/src/calls.md")).unwrap();
    let spans: Vec<_> = page.split('`').skip(1).step_by(2).collect();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page-on-calls");
    std::fs::create_dir_all(&folder).unwrap();
    let commands: Vec<_> = spans.iter().filter(|span| span.starts_with("oncue ")).collect();
    assert!(commands.len() >= 20, "{commands:?}");
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", &command.replace("oncue ", &format!("'{ONCUE}' "))])
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{command}: {said}");
    }
    let crates = root().join("crates");
    let mut tests = 0;
    for span in spans {
        if let Some(timeline) = span.strip_suffix(".txt") {
            let name = timeline.trim_start_matches("tests/timelines/");
            assert!(
                crates.join(format!("oncue-call/tests/timelines/{name}.txt")).exists(),
                "{span}"
            );
        }
        let Some((before, name)) = span.split_once("--test ") else { continue };
        let name = name.split(' ').next().unwrap();
        let package = before.split_once("-p ").map_or("oncue-call", |(_, package)| package);
        let package = package.split(' ').next().unwrap();
        assert!(crates.join(format!("{package}/tests/{name}.rs")).exists(), "{span}");
        tests += 1;
    }
    assert!(tests >= 15, "{tests}");
}
