//! The ring's fuzz target over its kept corpus, and the same target under proptest.

use oncue_fuzz::ring::{Op, play, ring};
use proptest::prelude::*;
use std::{fs, path::Path};

#[test]
fn the_kept_corpus_finds_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/ring");
    let mut replayed = 0;
    for file in fs::read_dir(corpus).unwrap() {
        ring(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is empty");
}

fn op() -> impl Strategy<Value = Op> {
    let count = prop_oneof![0..300_u16, 250..260_u16, any::<u16>()];
    (0..6, count).prop_map(|(op, count)| match op {
        0 => Op::Push(count),
        1 => Op::PushWith(count),
        2 => Op::Pop(count),
        3 => Op::PopWith(count),
        4 => Op::Look,
        _ => Op::Skip(count),
    })
}

proptest! {
    #[test]
    fn it_is_a_queue(back in 0..4000_u64, ops in proptest::collection::vec(op(), 0..200)) {
        play(0_u64.wrapping_sub(back), &ops);
    }
}
