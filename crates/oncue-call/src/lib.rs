//! Calls, around the session: what CallKit does for a call app, and what the app must do for it, in the order that works.
//!
//! [`Centre`] takes what server, user, call system and session say ([`Input`]) and puts out what to do ([`Output`]).
//! An [`IdentityStore`] keeps who is behind a call, and [`Journal`] joins the two. [`integration`] says which call system a
//! call may use, [`directory`] what the phone blocks and labels.
#![forbid(unsafe_code)]

mod action;
mod app_call;
mod call;
mod centre;
pub mod directory;
mod events;
mod handle;
mod hardware;
mod identity;
mod in_app;
mod input;
pub mod integration;
mod journal;
mod observe;
mod output;
mod provider;
mod recents;
mod session;
mod settings;
mod words;

pub use action::{CallAction, DtmfType, Performed, Transaction, TranslationEngine};
pub use app_call::AppCall;
pub use centre::{CALLS, Centre};
pub use handle::{Handle, HandleType};
#[cfg(feature = "sqlite")]
pub use identity::SqliteStore;
pub use identity::{AppId, CallRecord, Ending, IdentityStore, MemoryStore, NewCall, StoreError};
pub use in_app::InApp;
pub use input::{Input, Other, Push, PushKind, Signal, Wish};
pub use journal::Journal;
pub use observe::{CallState, Stage};
pub use output::{Message, NotDone, Notice, Output};
pub use provider::{CallUpdate, ProviderConfiguration};
pub use recents::{
    CallCapability, CannotRedial, Person, PersonHandle, PersonHandleType, RecentKind, Redial,
    StartCallRequest,
};
pub use settings::{EARLY, FulfilAt, Order, Settings};
