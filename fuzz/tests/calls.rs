//! The centre's fuzz target over its kept corpus.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_fuzz::calls::calls;
use std::{fs, path::Path};

#[test]
fn the_kept_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/calls");
    let mut replayed = 0;
    for file in fs::read_dir(corpus).unwrap() {
        calls(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is empty");
}
