//! Why a step was not taken, and what still holds.

use crate::{State, Violation};
use alloc::boxed::Box;
use oncue_platform::{Refusal, Step};

/// A step was not taken. The session is in the state that the error names, and [`Audio::session`](crate::Audio::session) gives its view.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The app broke the order. With typed views this is a bug of this crate.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The system said no.
    #[error("{step} in state {state:?}: {refusal}")]
    Refused {
        /// What was asked for.
        step: Step,
        /// The state that still holds.
        state: State,
        /// The system's answer.
        #[source]
        refusal: Refusal,
    },
    /// The engine did not prepare or start.
    #[error("{step} in state {state:?}: {source}")]
    Engine {
        /// What was asked for.
        step: Step,
        /// The state that still holds.
        state: State,
        /// The engine's own error.
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// A view of another state was expected.
    #[error(
        "the session is {got:?}, expected {expected:?}; match on `audio.session()` to act on every state"
    )]
    Unexpected {
        /// The state of the view that was asked for.
        expected: State,
        /// The state as it is.
        got: State,
    },
}
