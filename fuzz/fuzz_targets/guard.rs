//! Random events against the guard with every rule: `cargo +nightly fuzz run --features libfuzzer guard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::guard::guard(data));
