//! The phone's vocabulary: who owns a session, its categories, modes and options, what an app does to it and what the
//! system does to it, the codes of a refusal, and the [`Platform`] trait that a backend implements.
//!
//! There is no rule here: which step is legal when is the business of `oncue-session`. A simulator of a phone can
//! therefore share these words without sharing the rules it is held against.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "serde")]
extern crate alloc;

mod category;
mod choices;
mod codes;
mod event;
mod id;
mod platform;
mod refusal;
mod words;

pub use category::{Category, Configuration, Mode, Options};
pub use choices::{
    ActionKind, EndedReason, Framework, InterruptionReason, Party, Permission, RouteChangeReason,
    StartCallIntent, Thread,
};
pub use codes::{
    AudioSessionError, AudioUnitError, CallDirectoryError, CallKitError, IncomingCallError, Named,
    NotificationServiceExtensionError, PushKitError, RequestTransactionError, WebRtcError,
};
pub use event::{Argument, Event, EventKind};
pub use id::Id;
pub use platform::{NullPlatform, OutputPort, Platform};
pub use refusal::{Domain, Refusal};
pub use words::{Owner, Step, SystemEvent};
