//! The machine's fuzz target over its kept corpus, and the same target under proptest.

use oncue_fuzz::machine::{Word, machine, play};
use oncue_session::{Owner, Step, SystemEvent};
use proptest::prelude::*;
use std::{fs, path::Path};

#[test]
fn the_kept_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/machine");
    let mut replayed = 0;
    for file in fs::read_dir(corpus).unwrap() {
        machine(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is empty");
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        3 => proptest::sample::select(Step::ALL).prop_map(Word::App),
        2 => proptest::sample::select(SystemEvent::ALL).prop_map(Word::System),
    ]
}

proptest! {
    #[test]
    fn audio_never_runs_without_category_and_activation(
        owner in proptest::sample::select(Owner::ALL),
        words in proptest::collection::vec(word(), 0..300),
    ) {
        play(owner, &words);
    }
}
