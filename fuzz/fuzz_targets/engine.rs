//! Random operations and faults against the duplex engine on the free-running card:
//! `cargo +nightly fuzz run --features libfuzzer engine`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oncue_fuzz::engine::engine(data));
