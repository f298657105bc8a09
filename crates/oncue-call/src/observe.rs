//! What anybody may see of the calls (`CXCallObserver`): the state of each, and what became of it.

use crate::AppCall;
use oncue_session::Id;
use std::collections::VecDeque;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// An incoming call whose report the system has not taken yet.
    Reporting,
    /// An incoming call that rings.
    Ringing,
    /// An incoming call whose answer is being performed.
    Answering,
    /// An outgoing call that the system was asked for.
    Requested,
    /// An outgoing call whose start is being performed.
    Dialling,
    /// An outgoing call that was started, and that nobody has answered yet.
    Connecting,
    /// A call that was answered.
    Connected,
    /// A call that is over.
    Ended,
}

/// A call as the observer sees it (`CXCall`, with what the centre knows beside it).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CallState {
    /// Its UUID.
    pub id: Id,
    /// The app's own id; none for a call of another app.
    pub app: Option<AppCall>,
    /// How far it has come; for a call of another app as far as `has_connected` and `has_ended` say.
    pub stage: Stage,
    /// Whether it was ever answered (`hasConnected`): of a call that is over, whether it was talked in or missed.
    pub connected: bool,
    /// Whether it goes out (`isOutgoing`).
    pub outgoing: bool,
    /// Whether it is on hold (`isOnHold`).
    pub on_hold: bool,
    /// Whether the user muted it.
    pub muted: bool,
    /// The group that it belongs to, named by its first call; none for a call alone.
    pub group: Option<Id>,
}

impl CallState {
    /// A call of another app, of which the system tells no more than this.
    pub const fn of_another_app(
        id: Id,
        outgoing: bool,
        on_hold: bool,
        has_connected: bool,
        has_ended: bool,
    ) -> Self {
        let stage = match (has_ended, has_connected, outgoing) {
            (true, _, _) => Stage::Ended,
            (_, true, _) => Stage::Connected,
            (_, _, true) => Stage::Connecting,
            (_, _, false) => Stage::Ringing,
        };
        let connected = has_connected;
        Self { id, app: None, stage, connected, outgoing, on_hold, muted: false, group: None }
    }

    /// Whether it is over (`hasEnded`).
    pub fn has_ended(&self) -> bool {
        self.stage == Stage::Ended
    }
}

/// Changes that nobody took yet, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Changes(VecDeque<CallState>);

impl Changes {
    /// How many wait; one more, and the oldest goes.
    const MOST: usize = 256;

    pub(crate) fn push(&mut self, state: CallState) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(state);
    }

    pub(crate) fn pop(&mut self) -> Option<CallState> {
        self.0.pop_front()
    }
}
