//! Calls, around the session: what CallKit does for a call app, and what the app must do for it, in the order that works.
#![forbid(unsafe_code)]

mod app_call;
mod directory;
mod handle;
mod identity;
mod recents;

pub use app_call::AppCall;
pub use directory::{Directory, Fault, MAXIMUM_NUMBER, Rejected, Request};
pub use handle::{Handle, HandleType};
#[cfg(feature = "sqlite")]
pub use identity::SqliteStore;
pub use identity::{AppId, CallRecord, Ending, IdentityStore, MemoryStore, NewCall, StoreError};
pub use recents::{
    CallCapability, CannotRedial, PersonHandle, PersonHandleType, RecentKind, Redial,
    StartCallRequest,
};
