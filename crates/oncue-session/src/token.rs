//! What only the system can give: an activation, and the actions of a call. Platform adapters mint them; that is the
//! one boundary at which the types have to trust somebody.

use alloc::boxed::Box;
use core::{fmt, marker::PhantomData};
use oncue_platform::ActionKind;

/// The system's word that it activated the session (`provider(_:didActivate:)`).
#[derive(Debug)]
pub struct Activation(());

impl Activation {
    /// For platform adapters: the system has just activated the session. An app that calls this breaks the order
    /// where no compiler sees it.
    pub const fn from_system() -> Self {
        Self(())
    }
}

/// The kinds of actions as types.
pub mod action {
    macro_rules! kinds {
        ($($(#[$doc:meta])+ $kind:ident)+) => { $(
            $(#[$doc])+
            #[derive(Debug)]
            pub enum $kind {}
            impl crate::sealed::Sealed for $kind {}
            impl super::IsAction for $kind {
                const KIND: oncue_platform::ActionKind = oncue_platform::ActionKind::$kind;
            }
        )+ };
    }
    kinds! {
        /// Answer an incoming call.
        Answer
        /// Start an outgoing call.
        Start
        /// End a call.
        End
        /// Take a held call back.
        Unhold
    }
}

/// A kind of action as a type.
pub trait IsAction: crate::sealed::Sealed {
    /// The kind as a value.
    const KIND: ActionKind;
}

/// The actions after which the system activates: answer and start.
#[diagnostic::on_unimplemented(
    message = "this action does not lead to an activation",
    label = "`{Self}` is neither `Answer` nor `Start`",
    note = "an `End` goes into `session.end_call(action)`, an `Unhold` into `session.resume(action)`"
)]
pub trait Connects: IsAction {}
#[diagnostic::do_not_recommend]
impl Connects for action::Answer {}
#[diagnostic::do_not_recommend]
impl Connects for action::Start {}

/// An action of the call system, waiting for the app. Dropped without a fulfil, it fails itself, so that none is left
/// open (rule `action-completed-exactly-once`).
#[must_use = "an action that is dropped fails"]
pub struct Action<K: IsAction> {
    answer: Option<Box<dyn FnOnce(bool) + Send>>,
    kind: PhantomData<K>,
}

impl<K: IsAction> Action<K> {
    /// For platform adapters: an action of the system. `answer` is called once, with whether it was fulfilled.
    pub fn from_system(answer: impl FnOnce(bool) + Send + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), kind: PhantomData }
    }

    /// Tells the system that the app cannot do it.
    pub fn fail(self) {}

    /// Fulfils it without a session's word that this is in order, for an app that breaks the order on purpose or asks
    /// a [`Guard`](crate::Guard) instead. [`AudioSession::fulfill`](crate::AudioSession::fulfill) is the way in order.
    pub fn fulfill_against_the_order(self) {
        self.fulfill();
    }

    pub(crate) fn fulfill(mut self) {
        self.answer_with(true);
    }

    fn answer_with(&mut self, fulfilled: bool) {
        if let Some(answer) = self.answer.take() {
            answer(fulfilled);
        }
    }
}

impl<K: IsAction> Drop for Action<K> {
    fn drop(&mut self) {
        self.answer_with(false);
    }
}

impl<K: IsAction> fmt::Debug for Action<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Action").field(&K::KIND).finish()
    }
}
