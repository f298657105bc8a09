//! `oncue monitor` where there is no terminal: lines, and JSON; on the virtual card, whose loop gives back what is played.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::oncue;
use serde_json::Value;

#[test]
fn json_lines_show_both_directions() {
    let said = oncue(&["monitor", "--for", "2.5s", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let lines: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 2, "one a second, and one at the end: {}", said.stdout);
    let last = lines.last().unwrap();
    assert!(last["at_s"].as_f64().unwrap() >= 2.5);
    for direction in ["capture", "playback"] {
        let side = &last[direction];
        let number = |name: &str| side[name].as_f64().unwrap_or_else(|| panic!("{name}: {side}"));
        assert!((number("rms_dbfs") + 23.0).abs() < 1.0, "a tone of -20 dBFS at its peak: {side}");
        assert_eq!(number("period_us"), 10_000.0);
        assert!(number("callback_p50_us") > 0.0);
        assert!(number("callback_p50_us") <= number("callback_p99_us"));
        assert!(number("callback_p99_us") <= number("callback_max_us"));
        assert!(number("fill_min_frames") <= number("fill_mean_frames"));
        assert!(number("fill_mean_frames") <= number("fill_max_frames"));
        assert!(number("target_frames") > 0.0);
        assert_eq!(side["rights"], "not asked for");
        assert!(side["silence"].is_null());
    }
}

#[test]
fn lines_for_people_say_what_is_silent() {
    let said = oncue(&["monitor", "--mute", "--for", "4s"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let last = said.stdout.lines().last().unwrap();
    assert!(last.contains("capture: none, fill"), "{last}");
    assert!(last.contains("every sample is zero"), "{last}");
}

#[test]
fn what_cannot_work_is_one_line() {
    for (args, expected) in [
        (&["--for", "soon"][..], "use a time from 100ms to 24h"),
        (&["--device", "x"], "the virtual card is one device"),
        (&["--host", "nowhere"], "no audio host \"nowhere\""),
        (&["--realtime", "100"], "100 is not in 1..=99"),
    ] {
        let said = oncue(&[&["monitor"], args].concat());
        assert_eq!(said.code, Some(3));
        assert!(said.stderr.contains(expected), "{}", said.stderr);
        assert_eq!(said.stderr.trim_end().lines().count(), 1, "{}", said.stderr);
    }
}
