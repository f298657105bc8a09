//! Random stories of several calls against the centre: `cargo +nightly fuzz run --features libfuzzer calls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::calls::calls(data));
