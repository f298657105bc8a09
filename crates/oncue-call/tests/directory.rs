//! The call directory: what a load takes, why it rejects one, and that a rejected load changes nothing.
//!
//! Expected answers are written by hand; the property's model is a map of the standard library.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::directory::{Directory, Fault, MAXIMUM_NUMBER, Rejected};
use oncue_session::CallDirectoryError::{
    self, DuplicateEntries, EntriesOutOfOrder, LoadingInterrupted, MaximumEntriesExceeded,
    UnexpectedIncrementalRemoval,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn labels(directory: &Directory, number: i64) -> Vec<&str> {
    directory.labels(number).collect()
}

/// A directory that blocks 5 and knows 7.
fn loaded() -> Directory {
    let mut directory = Directory::new();
    let mut request = directory.request();
    request.read_blocking("5\n".as_bytes()).unwrap();
    request.read_identification("7,seven\n".as_bytes()).unwrap();
    request.complete().unwrap();
    directory
}

fn is_as_loaded(directory: &Directory) -> bool {
    (directory.blocking_count(), directory.identification_count()) == (1, 1)
        && directory.is_blocked(5)
        && labels(directory, 7) == ["seven"]
}

#[test]
fn a_line_that_cannot_be_taken_rejects_the_load_with_its_number_and_the_systems_error() {
    let max = MAXIMUM_NUMBER;
    let past = format!("1,a\n{},b\n", i64::MAX);
    let last = format!("1,a\n{max},b\n{max},c\n{max},b\n");
    let long = format!("1,a\nabcdefghij{}\n", "0123456789".repeat(9));
    #[rustfmt::skip]
    let rows: [(&str, u64, CallDirectoryError, &str); 18] = [
        ("1,a\n3,b\n2,c\n4,d\n",        3, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("number,label\n3,b\n2,c\n",    3, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("3,\"b\nb\"\n\n2,c\n",         4, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("3,\"b\nb\"\n2,\"c\nc\"\n",    3, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("3,b\r\n\r\n2,c\r\n",          3, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("3,\"b\"\r\n2,c",              2, EntriesOutOfOrder,  "2 comes after 3; sort the entries by number, ascending"),
        ("1,a\n2,b\n2,b\n",             3, DuplicateEntries,   "2 is there already; leave it out, or remove it first"),
        (&last,                         4, DuplicateEntries,   "9223372036854775806 is there already; leave it out, or remove it first"),
        ("0,a\n",                       1, LoadingInterrupted, "0 is out of range; phone numbers go from 1 to 9223372036854775806"),
        (&past,                         2, LoadingInterrupted, "9223372036854775807 is out of range; phone numbers go from 1 to 9223372036854775806"),
        ("1,a\n9223372036854775808,b",  2, LoadingInterrupted, "expected a number such as +8613800138000, got \"9223372036854775808\""),
        ("1,a\n-2,b\n",                 2, LoadingInterrupted, "expected a number such as +8613800138000, got \"-2\""),
        ("1,a\n+,b\n",                  2, LoadingInterrupted, "expected a number such as +8613800138000, got \"+\""),
        ("1,a\n138 0013,b\n",           2, LoadingInterrupted, "expected a number such as +8613800138000, got \"138 0013\""),
        ("1,a\nnumber,label\n",         2, LoadingInterrupted, "expected a number such as +8613800138000, got \"number\""),
        (&long,                         2, LoadingInterrupted, "expected a number such as +8613800138000, got \"abcdefghij012345678901234567890123456789\""),
        ("1,a\n2\n",                    2, LoadingInterrupted, "expected a label after the number"),
        ("1,a\n2,\n",                   2, LoadingInterrupted, "expected a label after the number"),
    ];
    for (csv, line, error, why) in rows {
        let mut directory = loaded();
        let mut request = directory.request();
        let rejected = request.read_identification(csv.as_bytes()).unwrap_err();
        assert_eq!((rejected.line, rejected.fault.error()), (line, error), "{csv:?}");
        let said = format!(
            "line {line}: {why}; the whole load is rejected, and what was loaded before stays (CXErrorCodeCallDirectoryManagerError {} {})",
            error.code(),
            error.name()
        );
        assert_eq!(rejected.to_string(), said);
        // It takes nothing more, and completes with what was wrong first.
        assert_eq!(request.add_identification(9, "nine"), Err(rejected.clone()));
        assert_eq!(request.read_blocking("x\n".as_bytes()), Err(rejected.clone()));
        assert_eq!(request.complete(), Err(rejected));
        assert!(is_as_loaded(&directory), "{csv:?}");
    }
}

#[test]
fn a_quote_that_is_not_closed_names_its_line_and_swallows_nothing() {
    for csv in ["1,a\n2,\"b\n3,c\n4,d\n", "1,a\n2,\"b", "1,a\r\n2,\"b\"\"\r\n"] {
        let mut directory = loaded();
        let mut request = directory.request();
        let rejected = request.read_identification(csv.as_bytes()).unwrap_err();
        assert_eq!((rejected.line, rejected.fault.error()), (2, LoadingInterrupted), "{csv:?}");
        assert!(
            rejected.to_string().starts_with("line 2: a quote is opened and not closed"),
            "{rejected}"
        );
        drop(request);
        assert!(is_as_loaded(&directory));
    }
    // One that is closed may have lines within it.
    let mut directory = loaded();
    let mut request = directory.request();
    request.read_identification("1,\"a\n\"\n2,\"b\n\"".as_bytes()).unwrap();
    request.complete().unwrap();
    assert_eq!([labels(&directory, 1), labels(&directory, 2)], [["a\n"], ["b\n"]]);
}

#[test]
fn what_is_not_utf_8_names_its_line() {
    let mut directory = loaded();
    let mut request = directory.request();
    let rejected = request.read_identification(&b"1,a\n2,\xff\n"[..]).unwrap_err();
    assert_eq!((rejected.line, rejected.fault.error()), (2, LoadingInterrupted));
    assert!(rejected.to_string().contains("the label is not UTF-8"));
    drop(request);
    for csv in [&b"1,a\n\xff\n"[..], b"1,a\n\xff\n3,c\n", b"1,a\n\xff", b"1,a\n\xff\n\xff\n"] {
        let rejected = directory.request().read_blocking(csv).unwrap_err();
        let fault = Fault::NotANumber { got: "\u{fffd}".into() };
        assert_eq!(rejected, Rejected { line: 2, fault });
    }
    assert!(is_as_loaded(&directory));
}

#[test]
fn a_reader_that_fails_interrupts_the_load() {
    struct Broken(&'static [u8]);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::other("the card was pulled")),
                read => Ok(read),
            }
        }
    }
    let mut directory = loaded();
    let mut request = directory.request();
    let rejected = request.read_identification(Broken(b"1,a\n2,b\n")).unwrap_err();
    assert_eq!(rejected.fault.error(), LoadingInterrupted);
    assert!(rejected.to_string().contains("the card was pulled"), "{rejected}");
    assert!(request.complete().is_err());
    assert!(is_as_loaded(&directory));
}

#[test]
fn a_spreadsheets_csv_is_read_as_it_is() {
    let mut directory = Directory::new();
    let mut request = directory.request();
    let csv = "\u{feff}number,label,since\r\n+8613800138000,\"快递, maybe\",2020\r\n8613800138001,\"bank\"\r\n";
    request.read_identification(csv.as_bytes()).unwrap();
    request.complete().unwrap();
    assert_eq!(labels(&directory, 8_613_800_138_000), ["快递, maybe"]);
    assert_eq!(labels(&directory, 8_613_800_138_001), ["bank"]);
}

#[test]
fn more_labels_than_are_remembered_keep_apart() {
    let label = |number: i64| format!("label {}", number % 5000);
    let mut directory = Directory::new();
    let mut request = directory.request();
    for number in 1..=10_000 {
        request.add_identification(number, &label(number)).unwrap();
    }
    request.complete().unwrap();
    for number in 1..=10_000 {
        assert_eq!(labels(&directory, number), [label(number)]);
    }
}

#[test]
fn a_load_takes_the_place_of_what_was_there() {
    let mut directory = loaded();
    let mut request = directory.request();
    request.add_blocking(1).unwrap();
    request.add_identification(2, "two").unwrap();
    request.add_identification(2, "zwei").unwrap();
    request.complete().unwrap();
    assert_eq!((directory.blocking_count(), directory.identification_count()), (1, 2));
    assert!(directory.is_blocked(1) && !directory.is_blocked(5));
    assert_eq!(labels(&directory, 2), ["two", "zwei"]);
    assert_eq!(labels(&directory, 7), [""; 0]);
    let dropped = directory.request();
    drop(dropped);
    assert!(directory.is_blocked(1));
    directory.request().complete().unwrap();
    assert!(!directory.is_blocked(1));
}

#[test]
fn an_incremental_load_adds_and_removes() {
    let mut directory = loaded();
    let mut request = directory.incremental_request();
    request.add_blocking(4).unwrap();
    request.add_blocking(6).unwrap();
    request.add_identification(7, "sept").unwrap();
    request.complete().unwrap();
    assert!([4, 5, 6].into_iter().all(|number| directory.is_blocked(number)));
    assert_eq!(labels(&directory, 7), ["seven", "sept"]);

    let mut request = directory.incremental_request();
    request.remove_blocking(5).unwrap();
    request.remove_blocking(99).unwrap();
    request.remove_identification(7).unwrap();
    request.add_identification(7, "seven").unwrap();
    request.complete().unwrap();
    assert!(!directory.is_blocked(5) && directory.is_blocked(4));
    assert_eq!(labels(&directory, 7), ["seven"]);

    let mut request = directory.incremental_request();
    request.remove_all_identification().unwrap();
    request.remove_all_blocking().unwrap();
    request.add_blocking(4).unwrap();
    request.complete().unwrap();
    assert_eq!((directory.blocking_count(), directory.identification_count()), (1, 0));
}

#[test]
fn only_an_incremental_load_removes_and_it_adds_nothing_twice() {
    let mut directory = loaded();
    let rejected = directory.request().remove_all_blocking().unwrap_err();
    assert_eq!(rejected, Rejected { line: 1, fault: Fault::NotIncremental });
    assert_eq!(rejected.fault.error(), UnexpectedIncrementalRemoval);

    let mut request = directory.incremental_request();
    request.add_blocking(1).unwrap();
    let rejected = request.add_blocking(5).unwrap_err();
    assert_eq!(rejected, Rejected { line: 2, fault: Fault::Duplicate { number: 5 } });
    let mut request = directory.incremental_request();
    request.add_identification(6, "six").unwrap();
    let rejected = request.add_identification(7, "seven").unwrap_err();
    assert_eq!(rejected, Rejected { line: 2, fault: Fault::Duplicate { number: 7 } });
    assert_eq!(rejected.fault.error(), DuplicateEntries);
    assert!(is_as_loaded(&directory));
}

#[test]
fn there_is_a_maximum() {
    let mut directory = Directory::with_maximum(2);
    let mut request = directory.request();
    let rejected = request.read_blocking("1\n2\n3\n".as_bytes()).unwrap_err();
    assert_eq!(rejected, Rejected { line: 3, fault: Fault::TooMany { maximum: 2 } });
    assert_eq!(rejected.fault.error(), MaximumEntriesExceeded);
    let mut request = directory.request();
    request.read_blocking("1\n2\n".as_bytes()).unwrap();
    request.complete().unwrap();
    // With what was there before it is too many: the last line is one of those that have no room.
    let mut request = directory.incremental_request();
    request.read_blocking("number\n\n3\n".as_bytes()).unwrap();
    request.read_identification("7,seven\n".as_bytes()).unwrap();
    let rejected = request.complete().unwrap_err();
    assert_eq!(rejected, Rejected { line: 3, fault: Fault::TooMany { maximum: 2 } });
    assert_eq!(directory.blocking_count(), 2);
    assert_eq!(directory.identification_count(), 0, "rejected whole");
}

#[derive(Clone, Debug)]
struct Load {
    incremental: bool,
    removed: BTreeSet<i64>,
    blocked: BTreeSet<i64>,
    added: BTreeMap<i64, BTreeSet<u8>>,
}

fn load() -> impl Strategy<Value = Load> {
    // Close numbers, so that loads meet: many, for several blocks of the index, or a few, of which none may be there yet.
    prop::sample::select(vec![8, 300]).prop_flat_map(|most| {
        let numbers = |most| prop::collection::btree_set(1..400_i64, 0..most);
        let labels = prop::collection::btree_set(0..9_u8, 1..3);
        let added = prop::collection::btree_map(1..400_i64, labels, 0..most);
        (any::<bool>(), numbers(80), numbers(most), added).prop_map(
            |(incremental, removed, blocked, added)| Load { incremental, removed, blocked, added },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_holds_what_a_map_holds(loads in prop::collection::vec(load(), 1..5)) {
        let mut directory = Directory::new();
        let mut model: (BTreeSet<i64>, BTreeMap<i64, Vec<String>>) = Default::default();
        for load in loads {
            let mut request = if load.incremental { directory.incremental_request() } else { directory.request() };
            let (mut blocked, mut known) = if load.incremental { model.clone() } else { Default::default() };
            if load.incremental {
                for &number in &load.removed {
                    request.remove_identification(number).unwrap();
                    request.remove_blocking(number).unwrap();
                    known.remove(&number);
                    blocked.remove(&number);
                }
            }
            let mut taken = true;
            for &number in &load.blocked {
                let answer = request.add_blocking(number);
                taken &= blocked.insert(number);
                prop_assert_eq!(answer.is_ok(), taken);
            }
            for (&number, texts) in &load.added {
                for text in texts {
                    let text = format!("label {text}");
                    let there = known.entry(number).or_default();
                    let twice = there.contains(&text);
                    there.push(text.clone());
                    let answer = request.add_identification(number, &text);
                    taken &= !twice;
                    prop_assert_eq!(answer.is_ok(), taken);
                }
            }
            prop_assert_eq!(request.complete().is_ok(), taken);
            if taken {
                model = (blocked, known);
            }
            let (blocked, known) = &model;
            for number in 0..402 {
                let expected = known.get(&number).cloned().unwrap_or_default();
                prop_assert_eq!(labels(&directory, number), expected, "{}", number);
                prop_assert_eq!(directory.is_blocked(number), blocked.contains(&number), "{}", number);
            }
            prop_assert_eq!(directory.identification_count(), known.values().map(Vec::len).sum::<usize>());
            prop_assert_eq!(directory.blocking_count(), blocked.len());
        }
    }
}
