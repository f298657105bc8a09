//! The phone's vocabulary: who owns a session, its categories, modes and options, what an app does to it and what the
//! system does to it, the codes of a refusal, and the [`Platform`] trait that a backend implements.
//!
//! There is no rule here: which step is legal when is the business of `oncue-session`. A simulator of a phone can
//! therefore share these words without sharing the rules it is held against.
#![no_std]
#![forbid(unsafe_code)]

mod category;
mod platform;
mod refusal;
mod words;

pub use category::{Category, Configuration, Mode, Options};
pub use platform::{OutputPort, Platform};
pub use refusal::{Domain, Refusal};
pub use words::{ActionKind, Event, Owner, Step};
