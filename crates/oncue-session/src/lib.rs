//! Placeholder.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
mod engine;
pub use engine::{Directions, Engine, Running, StartPermit};
