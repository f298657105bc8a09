//! The clock thread of a card lives while a stream is open. Alone in its file, as it counts the
//! threads of the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::{fs, sync::mpsc};

use cpal::traits::StreamTrait;
use oncue_card::{Card, CardSettings};
use rig::{Side, mono};

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// The threads of the process, once there are no more than expected: the system may list one for a
/// moment after it was joined.
fn threads_left(expected: usize) -> usize {
    (0..10_000).map(|_| threads()).find(|&left| left <= expected).unwrap_or_else(threads)
}

#[test]
fn a_hundred_open_and_close_cycles_leave_no_thread() {
    let card = Card::new(CardSettings { period: 16, ..CardSettings::default() }).unwrap();
    let host = card.host();
    let before = threads();
    for _ in 0..100 {
        let (heard, hears) = mpsc::channel();
        let capture = Side::capture(&host, mono(&card)).unwrap();
        let playback = Side::playback(&host, mono(&card), move |_| {
            let _ = heard.send(());
            0.0
        })
        .unwrap();
        assert_eq!(threads(), before + 1);
        capture.stream.play().unwrap();
        playback.stream.play().unwrap();
        hears.recv().unwrap();
        drop(capture);
        assert_eq!(threads(), before + 1);
        drop(playback);
        assert_eq!(threads_left(before), before);
    }
}
