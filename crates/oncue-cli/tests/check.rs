//! `oncue check` reads traces and says what is wrong, as a compiler does; what cannot be read is said and left out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;
mod traces;

use oncue_session::Rule;
use program::{ONCUE, oncue, root};
use serde_json::Value;
use std::process::{Command, Stdio};
use traces::{EARLY_START, check, summary};

/// A file of this name and text, for this run of the tests.
fn file(name: &str, text: &[u8]) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().into()
}

/// A trace that comes with its rule.
fn example(name: &str) -> String {
    std::fs::read_to_string(root().join("crates/oncue-trace/traces").join(name)).unwrap()
}

#[test]
fn a_finding_is_printed_with_its_line_its_remedy_and_its_effect() {
    let said = check(EARLY_START.as_bytes(), &[]);
    assert_eq!(said.code, Some(2));
    assert_eq!(
        said.stdout,
        r#"error[io-start-after-did-activate]: audio is started before the session is active
  --> standard input:7
  |
7 | {"at_ms": 2405, "what": "start-unit", "unit": "io"}
  |
  = the session is AwaitingActivation here
  = first: the activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session
  = otherwise: silence in both directions, -66637, '!rec' or '!pri'
  = effect: silence-in-both
  = help: oncue explain io-start-after-did-activate

standard input: 1 error
"#
    );
}

#[test]
fn consequences_stand_under_their_root_cause() {
    let said = check(example("push-report-is-unconditional.broken.jsonl").as_bytes(), &[]);
    assert_eq!(said.code, Some(2));
    assert_eq!(
        said.stdout,
        r#"error[push-report-is-unconditional]: a push is not reported, or late, for what it says or for what the session is
  --> standard input:8
  |
8 | {"at_ms": 2502, "who": "app", "what": "complete-push", "push": "p2", "note": "taken for a duplicate, and not reported"}
  |
  = first: `reportNewIncomingCall`, whatever the push or the session; a dead call then ends with `reportCall(with:endedAt:reason:)`
  = otherwise: the system kills the app for the push that was not reported
  = effect: kill
  = consequence, line 8: push-completion-after-report: the push's completion is called before the report, more than once, or never
  = consequence, line 9: push-reports-a-call: a VoIP push is received and its method returns without a report of a call
  = again, line 9
  = help: oncue explain push-report-is-unconditional

standard input: 1 error, 2 consequences
"#
    );
}

#[test]
fn every_finding_of_every_example_is_printed_under_a_root() {
    for rule in Rule::all().filter(|rule| rule.is_checked()) {
        let trace = example(&format!("{rule}.broken.jsonl"));
        let json = check(trace.as_bytes(), &["--json"]).json();
        let text = check(trace.as_bytes(), &[]).stdout;
        for found in json[0]["findings"].as_array().unwrap() {
            let Some(broken) = found["rule"].as_str().filter(|_| found["found"] == "violation")
            else {
                continue;
            };
            let line = found["line"].as_u64().unwrap();
            let head = format!("[{broken}]: ");
            let place = format!("--> standard input:{line}\n");
            let as_root = text.contains(&head) && text.contains(&place);
            let below = text.lines().any(|text| {
                let text = text.trim_start();
                let of_line =
                    |text: &str| text.split([' ', ',', ':']).any(|word| word == line.to_string());
                text.starts_with("= consequence, ")
                    && text.contains(&format!(": {broken}: "))
                    && of_line(text)
                    || text.starts_with("= again, ") && of_line(text)
            });
            assert!(as_root || below, "{rule}: {found} is not in:\n{text}");
            if found["because_of"].is_null() {
                assert!(as_root, "{rule}: {found} is no root in:\n{text}");
            }
        }
    }
}

#[test]
fn a_later_call_has_roots_of_its_own() {
    let later = EARLY_START.lines().skip(2).map(|line| {
        let time: u64 = line["{\"at_ms\": ".len()..].split(',').next().unwrap().parse().unwrap();
        line.replace("\"A\"", "\"B\"").replace("answer A", "answer B").replacen(
            &time.to_string(),
            &(time + 60_000).to_string(),
            1,
        )
    });
    let end = [
        r#"{"at_ms": 2600, "what": "did-activate"}"#,
        r#"{"at_ms": 9000, "what": "perform", "action": "end A", "kind": "end", "call": "A"}"#,
        r#"{"at_ms": 9001, "what": "stop-unit", "unit": "io"}"#,
        r#"{"at_ms": 9002, "what": "fulfill", "action": "end A"}"#,
        r#"{"at_ms": 9100, "what": "did-deactivate"}"#,
    ];
    let lines: Vec<_> =
        EARLY_START.lines().map(String::from).chain(end.map(String::from)).chain(later).collect();
    let said = check(lines.join("\n").as_bytes(), &[]);
    let roots = said.stdout.matches("error[io-start-after-did-activate]").count();
    assert_eq!(roots, 2, "{}", said.stdout);
    assert!(said.stdout.contains(":7\n") && said.stdout.contains(":17\n"), "{}", said.stdout);
}

#[test]
fn a_deadline_says_since_when_and_until_when() {
    let timed_out = r#"{"oncue-trace": 1}
{"at_ms": 100, "what": "perform", "action": "answer A", "kind": "answer", "call": "A", "timeout_ms": 5000}
{"at_ms": 9000, "what": "poll"}
"#;
    for (rule, trace, from, until) in [
        ("activation-watchdog", &*example("activation-watchdog.broken.jsonl"), 2405, 5405),
        ("action-in-time", timed_out, 100, 5100),
    ] {
        let json = check(trace.as_bytes(), &["--json"]).json();
        let found = json[0]["findings"].as_array().unwrap();
        let found = found.iter().find(|found| found["rule"] == rule).unwrap();
        assert!(found["event"].is_null(), "{found}");
        assert_eq!(found["waited_from_ms"], f64::from(from));
        assert_eq!(found["at_ms"], f64::from(until));
        let text = check(trace.as_bytes(), &[]).stdout;
        let line = format!("= waited from {from} ms until {until} ms in vain");
        assert!(text.contains(&line), "{rule}: `{line}` is not in:\n{text}");
    }
}

#[test]
fn a_refusal_is_decoded_with_the_rule_behind_it_and_is_no_fault_by_itself() {
    let refused = r#"{"at_ms": 2406, "what": "refused", "of": "start-unit", "domain": "audio-unit", "code": -66637, "unit": "io"}"#;
    let said = check(format!("{EARLY_START}{refused}\n").as_bytes(), &[]);
    for part in [
        "note: the audio unit refused with -66637 (",
        "--> standard input:8\n",
        "= likely because of io-start-after-did-activate: ",
        "= help: oncue explain AudioUnit -66637\n",
    ] {
        assert!(said.stdout.contains(part), "`{part}` is not in:\n{}", said.stdout);
    }
    assert_eq!(summary(&said), "1 error, 1 refusal");
    let alone = "{\"oncue-trace\": 1}\n{\"at_ms\": 0, \"what\": \"report-refused\", \"call\": \"A\", \"code\": 4}\n";
    let said = check(alone.as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(0), "1 refusal"), "{}", said.stdout);
    assert!(said.stdout.contains("FilteredByBlockList"), "{}", said.stdout);
}

#[test]
fn a_trace_in_order_has_nothing_found() {
    let said = check(example("io-start-after-did-activate.kept.jsonl").as_bytes(), &[]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert!(summary(&said).starts_with("nothing found in "), "{}", said.stdout);
}

#[test]
fn without_a_launch_it_says_that_less_is_judged() {
    let middle = EARLY_START.replace("{\"at_ms\": 0, \"what\": \"launch\"}\n", "");
    let said = check(middle.as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(0), "nothing found in 5 events"));
    assert!(said.stdout.starts_with("note: without a `launch`"), "{}", said.stdout);
    assert_eq!(check(middle.as_bytes(), &["--json"]).json()[0]["has_launch"], false);
}

#[test]
fn a_broken_line_is_said_and_the_others_are_checked() {
    let text = EARLY_START.replace("{\"at_ms\": 12,", "rubbish\u{1b}[31m\n{\"at_ms\": 12,");
    let said = check(text.as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(3), "1 error, 1 line that cannot be read"));
    let alone =
        check(b"{\"oncue-trace\": 1}\n{\"at_ms\": 0, \"what\": \"launch\"}\nrubbish\n", &[]);
    assert_eq!(summary(&alone), "nothing found in 1 event, 1 line that cannot be read");
    assert!(
        said.stdout
            .contains("error: no JSON: expected value at column 1\n  --> standard input:3\n")
    );
    assert!(said.stdout.contains("error[io-start-after-did-activate]"), "{}", said.stdout);
    assert!(!said.stdout.contains('\u{1b}'), "a line of a file controls the terminal");
}

#[test]
fn many_broken_lines_are_cut_short_in_print_and_whole_in_json() {
    let text = format!("{EARLY_START}{}", "rubbish\n".repeat(500));
    let said = check(text.as_bytes(), &[]);
    assert_eq!(said.stdout.matches("error: no JSON").count(), 10);
    assert!(said.stdout.contains("490 more lines"), "{}", said.stdout);
    assert_eq!(summary(&said), "1 error, 500 lines that cannot be read");
    let json = check(text.as_bytes(), &["--json"]).json();
    assert_eq!(json[0]["findings"].as_array().unwrap().len(), 501);
}

#[test]
fn what_is_no_trace_is_one_line() {
    for (text, part) in [
        (&b""[..], "got an empty file"),
        (b" \r\n\n", "got an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "got bytes that are no text"),
        (
            b"2026-11-21 10:15 callkit didActivate\nand more\nand more\n",
            "got no event; line 1: no JSON",
        ),
        (b"{\"oncue-trace\": 1}\n", "got no event"),
        (b"[1, 2]\n", "got no event"),
    ] {
        let said = check(text, &[]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{part}: {}", said.stderr);
        assert!(said.stderr.starts_with("error: standard input: "), "{}", said.stderr);
        assert!(said.stderr.contains(part), "`{part}` is not in: {}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    }
}

#[test]
fn a_header_of_another_version_is_said_and_the_rest_is_read() {
    let said = check(EARLY_START.replace("trace\": 1", "trace\": 2").as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(3), "1 error, 1 line that cannot be read"));
    assert!(said.stdout.contains("expected version 1, got 2; what follows is read as version 1"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_make_no_difference() {
    let windows = format!("\u{feff}{}", EARLY_START.replace('\n', "\r\n"));
    let said = check(windows.as_bytes(), &[]);
    assert_eq!(said.stdout, check(EARLY_START.as_bytes(), &[]).stdout);
}

#[test]
fn a_huge_line_is_read_and_shown_short() {
    let note = "x".repeat(3_000_000);
    let text = EARLY_START
        .replace("\"unit\": \"io\"}", &format!("\"unit\": \"io\", \"note\": \"{note}\"}}"));
    let said = check(text.as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(2), "1 error"));
    assert!(said.stdout.lines().all(|line| line.chars().count() < 220), "a line is not shortened");
    assert!(said.stdout.contains("xxx…\n"), "{}", said.stdout);
}

#[test]
fn a_time_that_goes_back_is_a_warning_for_the_line_is_read() {
    let text = "{\"oncue-trace\": 1}\n{\"at_ms\": 10, \"what\": \"did-activate\"}\n{\"at_ms\": 5, \"what\": \"did-deactivate\"}\n";
    let said = check(text.as_bytes(), &[]);
    assert_eq!((said.code, summary(&said)), (Some(1), "1 warning"));
    assert!(said.stdout.starts_with("warning: at_ms: 5 is before the 10 of an earlier line"));
    assert_eq!(check(text.as_bytes(), &["--json"]).json()[0]["findings"][0]["read"], true);
}

#[test]
fn several_files_are_told_apart_and_the_highest_code_counts() {
    let broken = file("several-broken.jsonl", EARLY_START.as_bytes());
    let kept =
        file("several-kept.jsonl", example("io-start-after-did-activate.kept.jsonl").as_bytes());
    let said = oncue(&["check", &kept, &broken]);
    assert_eq!(said.code, Some(2));
    assert!(said.stdout.contains(&format!("{kept}: nothing found in ")), "{}", said.stdout);
    assert!(said.stdout.ends_with(&format!("{broken}: 1 error\n")), "{}", said.stdout);
    let missing = oncue(&["check", "no-such-file.jsonl", &broken]);
    assert_eq!(missing.code, Some(3));
    assert!(
        missing.stderr.starts_with("error: cannot read no-such-file.jsonl: "),
        "{}",
        missing.stderr
    );
    assert!(missing.stdout.contains("error[io-start-after-did-activate]"), "{}", missing.stdout);
}

#[test]
fn json_is_one_array_with_an_object_for_each_file() {
    let broken = file("json-broken.jsonl", EARLY_START.as_bytes());
    let said = oncue(&["check", "--json", &broken, "no-such-file.jsonl"]);
    assert_eq!(said.code, Some(3));
    let json = said.json();
    let [first, second] = &json.as_array().unwrap()[..] else { panic!("{json:#}") };
    assert_eq!((&first["file"], &first["error"]), (&broken.into(), &Value::Null));
    assert_eq!(first["events"], 6);
    let found = &first["findings"][0];
    assert_eq!((&found["found"], &found["line"]), (&"violation".into(), &7.into()));
    assert_eq!(
        (&found["rule"], &found["level"]),
        (&"io-start-after-did-activate".into(), &"deny".into())
    );
    assert_eq!((&found["at_ms"], &found["state"]), (&2405.0.into(), &"AwaitingActivation".into()));
    assert_eq!(second["findings"], Value::Array(vec![]));
    assert!(second["error"].as_str().unwrap().starts_with("cannot read no-such-file.jsonl"));
}

#[test]
fn options_override_what_the_trace_says() {
    let owned = r#"{"oncue-trace": 1, "owner": "app"}
{"at_ms": 0, "what": "set-category", "category": "PlayAndRecord", "mode": "VoiceChat"}
{"at_ms": 10, "who": "app", "thread": "other", "what": "set-active", "active": true}
"#;
    assert_eq!(check(owned.as_bytes(), &[]).code, Some(0));
    let call =
        r#"{"at_ms": 2403, "who": "app", "thread": "other", "what": "set-active", "active": true}"#;
    let system = EARLY_START.replace("{\"at_ms\": 2404", &format!("{call}\n{{\"at_ms\": 2404"));
    let under = |owner: &str| check(system.as_bytes(), &["--owner", owner, "--json"]).stdout;
    assert!(under("system").contains("no-app-activation-under-callkit"), "{}", under("system"));
    assert!(!under("app").contains("no-app-activation-under-callkit"), "{}", under("app"));
    // A push had to be reported from iOS 13 on.
    let push = example("push-reports-a-call.broken.jsonl");
    let on = |ios: &str| check(push.as_bytes(), &["--ios", ios, "--json"]).stdout;
    assert!(
        on("13").contains("\"push-reports-a-call\"")
            && !on("12").contains("\"push-reports-a-call\"")
    );
}

#[test]
fn a_policy_decides_what_is_an_error() {
    let allow = file("allow.toml", b"[levels]\nio-start-after-did-activate = \"allow\"\n");
    let warn = file("warn.toml", b"[levels]\nio-start-after-did-activate = \"warn\"\n");
    let run = |policy: &str| check(EARLY_START.as_bytes(), &["--policy", policy]);
    assert_eq!(run(&allow).code, Some(0));
    let said = run(&warn);
    assert_eq!((said.code, summary(&said)), (Some(1), "1 warning"));
    assert!(said.stdout.starts_with("warning[io-start-after-did-activate]: "));
}

#[test]
fn an_error_in_a_policy_names_file_line_and_what_was_expected() {
    let bad =
        file("bad.toml", b"base = \"apple\"\n[levels]\nio-start-after-did-activate = \"error\"\n");
    let said = check(EARLY_START.as_bytes(), &["--policy", &bad]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""));
    let expected =
        "line 3: io-start-after-did-activate: expected allow or warn or deny, got \"error\"";
    assert_eq!(said.stderr, format!("error: --policy {bad}: {expected}\n"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut oncue = Command::new(ONCUE)
        .args(["rules", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(oncue.stdout.take());
    let output = oncue.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn help_names_every_exit_code() {
    let help = oncue(&["check", "--help"]);
    assert_eq!(help.code, Some(0));
    for code in
        ["0  nothing found", "1  warnings", "2  errors", "3  a file or a line cannot be read"]
    {
        assert!(help.stdout.contains(code), "{}", help.stdout);
    }
}
