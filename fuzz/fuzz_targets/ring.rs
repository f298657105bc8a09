//! Random block operations against a queue: `cargo +nightly fuzz run --features libfuzzer ring`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::ring::ring(data));
