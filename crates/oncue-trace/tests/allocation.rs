//! No event makes the guard allocate but a launch, which begins anew: what it remembers has its place from the start.
//!
//! Independent: the allocator counts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{Entry, Event, Guard, Os, Policy, Rule, Version};
use oncue_trace::{Example, Header, Line};
use std::time::Duration;

/// The events of a trace with its header, if it has one.
fn entries(trace: &str) -> Vec<Entry> {
    let mut now = Duration::ZERO;
    let lines = trace.lines().filter(|text| Header::read(text).is_err());
    lines
        .map(|text| {
            let entry = Line::read(text, now).0.unwrap().entry;
            now = entry.at;
            entry
        })
        .collect()
}

/// How often a guard allocates that is told these events, and how much it finds.
fn allocations(guard: &mut Guard, entries: &[Entry]) -> (u64, usize) {
    let (mut count, mut found) = (0, 0);
    for entry in entries {
        let counted = allocation_counter::measure(|| found += guard.observe(entry).len());
        if !matches!(entry.event, Event::Launch {}) {
            count += counted.count_total;
        }
    }
    (count, found)
}

#[test]
fn no_event_of_any_example_allocates_be_it_in_order_or_not() {
    let mut found = 0;
    for rule in Rule::all() {
        let Some(example) = Example::of(rule) else { continue };
        for trace in [example.kept, example.broken] {
            let header = Header::read(trace.lines().next().unwrap()).unwrap();
            let mut policy = Policy::strict();
            if let Some(level) = &header.android {
                (policy.os, policy.version) = (Os::Android, Version::parse(level));
            }
            policy.owner = header.owner.unwrap_or(policy.owner);
            let mut guard = Guard::new(policy);
            let (count, here) = allocations(&mut guard, &entries(trace));
            assert_eq!(count, 0, "{rule}: {}", trace.lines().next().unwrap());
            found += here;
        }
    }
    assert!(
        found >= 119,
        "each rule that is checked has a trace that breaks it; {found} were found"
    );
}

#[test]
fn a_thousand_calls_one_after_the_other_allocate_nothing() {
    let call = include_str!("../../../benches/call.jsonl");
    let mut guard = Guard::new(Policy::apple());
    for number in 0..1000_u32 {
        let mut entries = entries(&call.replace('$', &number.to_string()));
        entries.iter_mut().for_each(|entry| entry.at += Duration::from_secs(60) * number);
        assert_eq!(allocations(&mut guard, &entries), (0, 0), "call {number}");
    }
}
