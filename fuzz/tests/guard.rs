//! The guard's fuzz target over its kept corpus, and over random bytes.

use oncue_fuzz::guard::guard;
use proptest::prelude::*;
use std::{fs, path::Path};

#[test]
fn the_kept_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/guard");
    let mut replayed = 0;
    for file in fs::read_dir(corpus).unwrap() {
        guard(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is empty");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        guard(&bytes);
    }
}
