//! The order of a call's audio session, enforced.
//!
//! - [`Audio`] and [`AudioSession`]: a typestate. A call out of order does not compile, and the compiler's message
//!   names the rule.
//! - [`Guard`]: every rule at run time, for apps that types cannot reach, with several calls.
//! - [`Rule`]: what is known of each rule, as values.
//!
//! Types and guard step one [`Machine`], which comes from one table (`table.rs`). Nothing here knows an operating system,
//! a device or a clock; it needs `alloc`, not `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod audio;
mod category;
mod engine;
mod error;
mod facts;
mod guard;
mod looks;
mod machine;
mod no_audio;
mod order;
mod policy;
mod rules;
mod session;
mod table;
mod token;
mod watch;

pub use audio::Audio;
pub use category::{
    Ambient, CallCategory, CallMode, HighQualityMode, IsMode, MultiRoute, PlayAndRecord, Playback,
    Record, SoloAmbient, mode,
};
pub use engine::{Directions, Engine, RunningIo, StartPermit};
pub use error::SessionError;
pub use facts::{Facts, Seen};
pub use guard::{Entry, Finding, Guard};
pub use machine::{Machine, Progress, Violation, broken};
pub use no_audio::NoAudio;
pub use oncue_platform::*;
pub use policy::{CategoryAt, InitAt, Level, Policy, StopAt, UnholdAt, Version, Waits};
pub use rules::declaration::{Applies, Check, Code, Declaration, Effect, Flow, Grade, On, Os};
pub use rules::{Family, Rule, Source, rule, sources};
pub use session::{AudioSession, Next, To};
pub use state::{
    Active, AwaitingActivation, Configured, Fresh, Interrupted, MediaLost, Playing, Resuming,
    Running,
};
pub use table::{AnySession, IsState, State, after_event, after_step, needs, state, step};
pub use token::{Action, Activation, Connects, IsAction, action};
pub use watch::{Reason, Wake};

mod sealed {
    /// Keeps the states, owners, modes and kinds of this crate the only ones.
    #[expect(unnameable_types, reason = "that nobody can name it is what seals")]
    pub trait Sealed {}
}

/// The owners as types.
pub mod owner {
    use core::marker::PhantomData;

    /// The call system activates the session: [`Owner::System`](crate::Owner::System).
    #[derive(Debug)]
    pub enum System {}
    /// The app activates the session: [`Owner::App`](crate::Owner::App).
    #[derive(Debug)]
    pub enum App {}

    /// A session in the state `S` that the call system activates, as the compiler's messages name it.
    #[derive(Debug)]
    pub struct UnderSystem<S>(PhantomData<S>);
    /// A session in the state `S` that the app activates, as the compiler's messages name it.
    #[derive(Debug)]
    pub struct OwnedByApp<S>(PhantomData<S>);

    impl crate::sealed::Sealed for System {}
    impl crate::sealed::Sealed for App {}
    impl crate::IsOwner for System {
        const OWNER: crate::Owner = crate::Owner::System;
        type In<S: crate::IsState> = UnderSystem<S>;
    }
    impl crate::IsOwner for App {
        const OWNER: crate::Owner = crate::Owner::App;
        type In<S: crate::IsState> = OwnedByApp<S>;
    }
}

/// An owner as a type.
pub trait IsOwner: sealed::Sealed + Sized {
    /// The owner as a value.
    const OWNER: Owner;
    /// A state under this owner: what the rules are about.
    type In<S: IsState>;
}

/// A step as a type.
pub trait IsStep {
    /// The step as a value.
    const STEP: Step;
}

/// Where the step `T` leads from this state, if it is legal here.
pub trait Leads<T> {
    /// The state it leads to.
    type To: IsState;
}

/// Every rule that the step needs holds for the owner `O` in the state `S`. A method whose bounds do not imply it does
/// not compile in this crate.
pub trait LegalIn<O, S> {}
