//! Traces for the program to check, from standard input.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::program::{ONCUE, Said};
use std::io::Write;
use std::process::{Command, Stdio};

/// An answered call in which audio starts before the session is active.
pub(crate) const EARLY_START: &str = r#"{"oncue-trace": 1, "owner": "system", "ios": "17.4"}
{"at_ms": 0, "what": "launch"}
{"at_ms": 12, "what": "report-incoming", "call": "A"}
{"at_ms": 2400, "what": "perform", "action": "answer A", "kind": "answer", "call": "A"}
{"at_ms": 2402, "what": "set-category", "category": "PlayAndRecord", "mode": "VoiceChat"}
{"at_ms": 2404, "what": "fulfill", "action": "answer A"}
{"at_ms": 2405, "what": "start-unit", "unit": "io"}
"#;

/// Checks a text from standard input.
pub(crate) fn check(trace: &[u8], arguments: &[&str]) -> Said {
    let mut oncue = Command::new(ONCUE)
        .args(["check", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that needs no input may be over before it is written.
    let _ = oncue.stdin.take().unwrap().write_all(trace);
    oncue.wait_with_output().unwrap().into()
}

/// What the last line says of the trace.
pub(crate) fn summary(said: &Said) -> &str {
    let last = said.stdout.lines().last().unwrap();
    last.strip_prefix("standard input: ").unwrap()
}
