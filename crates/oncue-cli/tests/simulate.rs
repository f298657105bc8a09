//! `oncue simulate` plays every flow in both orders; the guard finds nothing, and `oncue check` finds nothing in the trace.
//!
//! Independent: the whole diagram of one flow is written by hand here from the rule book's timelines.

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

#[test]
fn an_answer_is_drawn_in_its_order() {
    let said = oncue(&["simulate", "answer", "--order", "qq"]);
    let words = [
        "set-category",
        "configure-provider",
        "report-incoming A alice",
        "reported A",
        "complete-push",
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
    ];
    let mut rest = said.stdout.as_str();
    for word in words {
        let place = rest.find(word).unwrap_or_else(|| panic!("no {word} in {}", said.stdout));
        rest = &rest[place + word.len()..];
    }
}

#[test]
fn a_flow_that_is_not_there_is_named_with_those_that_are() {
    let said = oncue(&["simulate", "anwser"]);
    assert_eq!(said.code, Some(3));
    assert!(
        said.stderr.contains("no flow `anwser`; expected one of incoming, answer,"),
        "{}",
        said.stderr
    );
}
