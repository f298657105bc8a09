//! Opening and closing leaves nothing behind. One test alone in its process, whose threads it counts.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use oncue_card::{Card, CardSettings};
use oncue_duplex::{DuplexSettings, abandoned_threads};
use oncue_session::{Directions, Engine};
use rig::{open, permit};

/// A figure of this process, such as its threads.
fn status(figure: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_hundred_times_leave_threads_and_files_as_they_were() {
    let card = Card::new(CardSettings { period: 64, ..CardSettings::default() }).unwrap();
    let mut before = None;
    for cycle in 0..100 {
        let (mut duplex, mut endpoint) = open(&card, DuplexSettings::default());
        let mut running = duplex.start(permit(), Directions::Duplex).unwrap();
        while !endpoint.wait(core::time::Duration::from_secs(1)) {}
        if cycle % 2 == 0 {
            running.stop();
        }
        drop(duplex);
        let now = (status("Threads:"), std::fs::read_dir("/proc/self/fd").unwrap().count());
        assert_eq!(*before.get_or_insert(now), now, "cycle {cycle}");
    }
    assert_eq!(abandoned_threads(), 0);
}
