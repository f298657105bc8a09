//! Every row of the rule book's timelines (§3), as stories that stand beside it: `timelines/3.N-*.txt`.
//!
//! Independent: what must be put out is written by hand from the rule book, row by row; the rows that a timeline has are
//! listed here by hand; the guard judges with its own rules.

mod story;

const FILES: &[(&str, &str)] = &[
    ("3.1-incoming.txt", include_str!("timelines/3.1-incoming.txt")),
    ("3.2-answer.txt", include_str!("timelines/3.2-answer.txt")),
    ("3.3-end.txt", include_str!("timelines/3.3-end.txt")),
    ("3.4-start.txt", include_str!("timelines/3.4-start.txt")),
    ("3.5-hold.txt", include_str!("timelines/3.5-hold.txt")),
    ("3.6-second-call.txt", include_str!("timelines/3.6-second-call.txt")),
    ("3.7-interruption.txt", include_str!("timelines/3.7-interruption.txt")),
    ("3.8-media-services.txt", include_str!("timelines/3.8-media-services.txt")),
    ("3.9-remote-end.txt", include_str!("timelines/3.9-remote-end.txt")),
    ("3.10-timeout.txt", include_str!("timelines/3.10-timeout.txt")),
    ("3.11-reset.txt", include_str!("timelines/3.11-reset.txt")),
    ("3.12-no-callkit.txt", include_str!("timelines/3.12-no-callkit.txt")),
    ("3.13-live-communication-kit.txt", include_str!("timelines/3.13-live-communication-kit.txt")),
    ("3.14-withdrawn.txt", include_str!("timelines/3.14-withdrawn.txt")),
];

#[test]
fn every_story_goes_as_it_is_written() {
    let mut wrong = Vec::new();
    let mut played = 0;
    for (file, text) in FILES {
        for story in story::stories(text) {
            played += 1;
            wrong.extend(story.play(file).err());
        }
    }
    assert!(played > 0);
    assert!(wrong.is_empty(), "{} of {played} stories:\n{}", wrong.len(), wrong.join("\n"));
}

/// The rows of each timeline, as the rule book numbers them.
const ROWS: &[(&str, &[&str])] = &[
    ("3.1", &["1", "2", "3", "4", "4a", "5", "6a", "6b", "7", "8"]),
    ("3.2", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
    ("3.3", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
    ("3.4", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]),
    ("3.5", &["1", "2", "3", "4", "5", "6", "7a", "7b", "7c", "8", "9a", "9b", "9c"]),
    ("3.6", &["1", "2", "3", "4", "5", "6", "7", "8"]),
    ("3.7", &["1", "2", "3a", "3b", "4"]),
    ("3.8", &["1", "2", "3", "4", "5"]),
    ("3.9", &["1", "2a", "2b", "3", "4"]),
    ("3.10", &["1", "2", "3", "4", "5"]),
    ("3.11", &["1", "2", "3", "4"]),
    ("3.12", &["1", "2", "3", "4", "5"]),
    ("3.13", &["1", "2", "3", "4", "5"]),
    ("3.14", &["1", "2", "3", "4", "5", "6", "7", "8"]),
];

#[test]
fn every_row_of_every_timeline_has_a_line_and_no_line_has_a_row_of_its_own_making() {
    let told: Vec<_> = FILES.iter().flat_map(|(_, text)| story::stories(text)).collect();
    let rows_of = |timeline: &str| -> Vec<&str> {
        told.iter()
            .map(story::Story::rows)
            .filter(|it| it.0 == timeline)
            .flat_map(|it| it.1)
            .collect()
    };
    for (timeline, rows) in ROWS {
        let told = rows_of(timeline);
        let untold: Vec<_> = rows.iter().filter(|row| !told.contains(row)).collect();
        assert!(untold.is_empty(), "{timeline}: no line for {untold:?}");
        let made_up = told.iter().find(|row| **row != "-" && !rows.contains(row));
        assert_eq!(made_up, None, "{timeline}");
    }
    assert!(told.iter().all(|story| ROWS.iter().any(|(timeline, _)| story.rows().0 == *timeline)));
}
