//! What the far ends were told, each of its call.

use oncue_call::{CallState, Message};
use oncue_session::Id;
use std::collections::HashMap;

/// What one of them was told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    dialled: bool,
    accepted: bool,
    held: bool,
    ended: bool,
}

/// The far ends of all calls.
#[derive(Debug, Default)]
pub(super) struct FarEnds(HashMap<Id, Told>);

impl FarEnds {
    /// The far end of `call` is told something: what begins a call once, what ends it once, and nothing after that.
    pub(super) fn told(&mut self, call: Id, message: &Message) {
        let told = self.0.entry(call).or_default();
        let once = match message {
            Message::Dial { .. } => !std::mem::replace(&mut told.dialled, true) && !told.accepted,
            Message::Accept => !std::mem::replace(&mut told.accepted, true) && !told.dialled,
            Message::Hold(held) => std::mem::replace(&mut told.held, *held) != *held,
            _ => true,
        };
        assert!(once, "{call}: {message:?} of {told:?}");
        assert!(!told.ended, "{call}: {message:?} after its end");
        told.ended = matches!(message, Message::End | Message::Refuse(_));
    }

    /// Whether the far end of a call knows whether it is held.
    pub(super) fn knows(&self, call: &CallState) -> bool {
        self.0.get(&call.id).is_some_and(|told| told.held) == call.on_hold
    }
}
