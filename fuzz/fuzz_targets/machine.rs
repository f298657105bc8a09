//! Random streams of steps and events against the machine: `cargo +nightly fuzz run --features libfuzzer machine`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::machine::machine(data));
