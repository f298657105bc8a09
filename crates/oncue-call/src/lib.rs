//! Calls, around the session: what CallKit does for a call app, and what the app must do for it, in the order that works.
#![forbid(unsafe_code)]

mod app_call;
mod handle;

pub use app_call::AppCall;
pub use handle::{Handle, HandleType};
