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
