//! `oncue simulate` plays every flow in both orders; the guard finds nothing, and `oncue check` finds nothing in the trace.
//!
//! Independent: what is drawn of some flows is written by hand here from the rule book's timelines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::oncue;

fn flows() -> Vec<String> {
    let said = oncue(&["simulate", "--list"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_flow_in_both_orders_is_in_order_and_its_trace_passes_the_check() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let flows = flows();
    assert!(flows.len() >= 20, "{flows:?}");
    for flow in &flows {
        for order in ["apple", "qq"] {
            let trace = folder.join(format!("{flow}-{order}.jsonl"));
            let svg = folder.join(format!("{flow}-{order}.svg"));
            let (trace, svg) = (trace.to_str().unwrap(), svg.to_str().unwrap());
            let said = oncue(&["simulate", flow, "--order", order, "--trace", trace, "--svg", svg]);
            assert_eq!(said.code, Some(0), "{flow} {order}: {}{}", said.stdout, said.stderr);
            assert!(said.stdout.contains("guard: nothing found in"), "{}", said.stdout);
            let checked = oncue(&["check", "--policy", order, trace]);
            assert_eq!(checked.code, Some(0), "{flow} {order}: {}", checked.stdout);
            let drawn = std::fs::read_to_string(svg).unwrap();
            assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
            assert_eq!(drawn.matches("<text").count(), drawn.matches("</text>").count());
            assert!(messages(&drawn) > 5, "{flow} {order}");
        }
    }
}

/// Counts the messages of a drawing, each of which ends before its arrow head. Helvetica of 13 px has letters of 6.5 px on
/// an average; a head is 10 px long.
fn messages(svg: &str) -> usize {
    let number = |line: &str, name: &str| -> f64 {
        let from = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        line[from..].split('"').next().unwrap().parse().unwrap()
    };
    // Title and verdict end before the picture does; the title's 16 px are bold, with letters of 9.5 px.
    for line in svg.lines().filter(|line| line.starts_with("<text x=\"20\"")) {
        let text = line.split_once('>').unwrap().1.strip_suffix("</text>").unwrap();
        let letter = if line.contains("bold") { 9.5 } else { 6.5 };
        let letters = f64::from(u32::try_from(text.chars().count()).unwrap());
        assert!(20.0 + letters * letter <= number(svg, "width"), "{line}");
    }
    let mut messages = 0;
    for line in svg.lines().filter(|line| line.contains("marker-end")) {
        let (from, to) = (number(line, "x1"), number(line, "x2"));
        let (arrow, words) = line.split_once("<text").unwrap();
        assert!(arrow.starts_with("<line"), "{line}");
        let text = words.split_once('>').unwrap().1.strip_suffix("</text>").unwrap();
        let text = text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
        let begins = (number(words, "x") - from).abs();
        let letters = f64::from(u32::try_from(text.chars().count()).unwrap());
        assert!(begins + letters * 6.5 + 10.0 <= (to - from).abs(), "{line}");
        messages += 1;
    }
    messages
}

/// These words stand in the flow's diagram, one after the other.
fn is_drawn(flow: &[&str], words: &[&str]) {
    let said = oncue(&[&["simulate"], flow].concat());
    let mut rest = said.stdout.as_str();
    for word in words {
        let place = rest.find(word).unwrap_or_else(|| panic!("no {word} in {}", said.stdout));
        rest = &rest[place + word.len()..];
    }
}

#[test]
fn an_answer_is_drawn_in_its_order() {
    is_drawn(
        &["answer", "--order", "qq"],
        &[
            "set-category",
            "configure-provider",
            "report-incoming A alice",
            "reported A",
            "complete-push",
            "answers 42",
            "perform",
            "set-category",
            "prepare-audio",
            "accept",
            "fulfill",
            "did-activate",
            "tell-stack active",
            "start-audio",
            "ended 42 remote-ended",
            "report-ended A remote-ended",
            "did-deactivate",
            "stop-audio",
            "dispose-audio",
        ],
    );
}

/// Rule book §3.1: nothing waits for the provider's registration; §3.2: the answer waits for the connection.
#[test]
fn a_cold_start_begins_with_the_push() {
    is_drawn(
        &["cold-start"],
        &[
            "register-for-pushes",
            "create-provider provider-1",
            "background",
            "push p1 42",
            "report-incoming A alice",
            "reported A",
            "complete-push p1",
            "provider-began",
            "answers 42",
            "set-category",
            "signalling up",
            "accept",
            "fulfill",
            "did-activate",
            "start-audio",
            "begin-background-task",
            "send 42 end",
            "fulfill",
            "end-sent 42",
            "end-background-task",
        ],
    );
}

/// Rule book §3.14, rows 1 to 7.
#[test]
fn a_withdrawal_ends_the_provider_after_the_call_and_the_redial_is_the_apps() {
    is_drawn(
        &["withdrawn"],
        &[
            "decided in-app",
            "stop-pushes",
            "perform",
            "fulfill",
            "invalidate-provider provider-1",
            "did-deactivate",
            "push p4 7",
            "ring-in-app 7 alice",
            "report-incoming B",
            "report-ended B",
            "complete-push p4",
            "invalidate-provider provider-2",
            "calls bob as 8",
            "not-done 8 start withdrawn",
        ],
    );
    let redial = ["calls bob as 8", "dial bob", "set-category", "set-active true", "start-audio"];
    is_drawn(&["redial-in-app"], &redial);
}

/// Rule book §3.5: what the observer tells of the other app's call.
#[test]
fn another_apps_call_is_seen() {
    let seen = ["other call X Ringing", "perform a3 hold A", "other call X Connected"];
    is_drawn(&["hold"], &seen);
    is_drawn(&["hold-remote-end"], &["call ends", "other call X Ended", "takes 42 back"]);
}

#[test]
fn a_flow_that_is_not_there_is_named_with_those_that_are() {
    let said = oncue(&["simulate"]);
    assert_eq!(said.code, Some(3));
    assert!(said.stderr.contains("which flow? `oncue simulate --list` names them"));
    let said = oncue(&["simulate", "anwser"]);
    assert_eq!(said.code, Some(3));
    assert!(
        said.stderr.contains("no flow `anwser`; expected one of incoming, answer,"),
        "{}",
        said.stderr
    );
}
