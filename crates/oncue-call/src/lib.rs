//! Calls, around the session: what CallKit does for a call app, and what the app must do for it, in the order that works.
//!
//! [`Centre`] takes what server, user, call system and session say ([`Input`]) and puts out what to do ([`Output`]). It has no
//! clock, no thread and no system: an app calls [`handle`](Centre::handle) in each of its delegates' methods, and does what
//! [`poll_output`](Centre::poll_output) gives before the method returns.
//!
//! # An incoming call
//!
//! ```
//! use oncue_call::{CallAction, Centre, Handle, Input, Output, Performed, Push, PushKind, Settings};
//! use oncue_session::Id;
//! use std::time::Duration;
//!
//! /// What a delegate's method does; here the words of what is done are given back, and the phone grants everything.
//! fn tell(centre: &mut Centre, ms: u64, input: Input) -> Vec<String> {
//!     let now = Duration::from_millis(ms);
//!     let mut done = Vec::new();
//!     centre.handle(now, input);
//!     while let Some(output) = centre.poll_output() {
//!         done.push(output.to_string());
//!         match output {
//!             // What returns at once is answered at once.
//!             Output::SetCategory(_) => centre.handle(now, Input::CategorySet(Ok(()))),
//!             Output::StartAudio { .. } => centre.handle(now, Input::AudioStarted(Ok(()))),
//!             _ => {}
//!         }
//!     }
//!     done
//! }
//!
//! // An app gives the bits of a new random UUID for each call.
//! let mut centre = Centre::new(Settings::default(), || Id::named("A"));
//! let done = tell(&mut centre, 0, Input::SignallingReady(true));
//! assert_eq!(done, ["register-for-pushes", "create-provider provider-1"]);
//!
//! // The push: it is reported before its callback returns.
//! let (id, call, from) = (Id::named("p1"), 42.into(), Handle::generic("alice"));
//! let (name, video, kind, must_report) = (None, false, PushKind::Calls, None);
//! let push = Push { id, call, from, name, video, kind, must_report };
//! let done = tell(&mut centre, 1000, Input::Push(push));
//! assert_eq!(done, ["configure-provider provider-1", "report-incoming A alice"]);
//!
//! // The completion of the report: it rings.
//! let call = centre.uuid(&42.into()).expect("the call");
//! let done = tell(&mut centre, 1030, Input::Reported { call, result: Ok(()) });
//! assert_eq!(done, ["complete-push p1"]);
//!
//! // The user answers: configured, accepted, fulfilled, and nothing activated.
//! let (id, action) = (Id::named("a1"), CallAction::Answer { call });
//! let (transaction, timeout) = (None, Some(Duration::from_secs(10)));
//! let answer = Input::Perform(Performed { id, action, transaction, timeout });
//! let done = tell(&mut centre, 4000, answer);
//! assert_eq!(done, ["set-category PlayAndRecord VoiceChat", "send 42 accept", "fulfill a1"]);
//!
//! // The system activates the session: only now hardware starts.
//! let done = tell(&mut centre, 4150, Input::DidActivate);
//! assert_eq!(done, ["tell-stack active", "start-audio unit-1"]);
//! ```
//!
//! `cargo run -p oncue-call --example incoming` is the same to the hang-up, with the call of the system at each step;
//! `oncue simulate` draws every other flow. [The page on calls](https://github.com/oncue-audio/oncue/blob/main/docs/src/calls.md)
//! says what is described where, and by which test it is shown.
//!
//! # What there is
//!
//! | for | see |
//! |---|---|
//! | calls that a call system shows: answered, held, grouped, ended, in Apple's order or QQ's | [`Centre`], [`Settings`] |
//! | calls that none may show: they ring in the app | [`InApp`] |
//! | which of the two a call is for, and why | [`integration`] |
//! | CallKit's words, with its names and numbers | [`CallAction`], [`Transaction`], [`CallUpdate`], [`ProviderConfiguration`], [`Handle`] |
//! | what anybody may see of the calls | [`CallState`], [`Centre::poll_change`] |
//! | who is behind a call, recent calls, and calling again | [`IdentityStore`], [`Journal`], [`StartCallRequest`] |
//! | what the phone blocks and labels | [`directory`] |
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
