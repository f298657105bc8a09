//! What the fuzz targets do with their bytes: ordering bugs are looked for here, without a fuzzer too.
#![forbid(unsafe_code)]

pub mod calls;
pub mod engine;
pub mod guard;
pub mod machine;
pub mod ring;
