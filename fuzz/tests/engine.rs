//! The engine's fuzz target over its kept corpus, and over random bytes.

use oncue_fuzz::engine::engine;
use proptest::prelude::*;
use std::{fs, path::Path};

#[test]
fn the_kept_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/engine");
    let mut replayed = 0;
    for file in fs::read_dir(corpus).unwrap() {
        engine(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is empty");
}

/// 20 inputs, or as many as `ONCUE_CASES` says.
fn cases() -> u32 {
    std::env::var("ONCUE_CASES").map_or(20, |cases| cases.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_operations_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        engine(&bytes);
    }
}
