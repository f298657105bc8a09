//! Random streams of steps and events against the guard: `cargo +nightly fuzz run --features libfuzzer guard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::guard(data));
