//! One call, as the centre keeps it.

use crate::{AppCall, CallState, CallUpdate, Handle, Other, Stage};
use oncue_session::{EndedReason, Id};
use std::time::Duration;

/// A call that is not over.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: Id,
    pub(crate) app: AppCall,
    pub(crate) handle: Handle,
    pub(crate) name: Option<String>,
    pub(crate) video: bool,
    /// What is shown of it beside handle, name and video: what can be done to it.
    pub(crate) shown: CallUpdate,
    pub(crate) outgoing: bool,
    pub(crate) stage: Stage,
    /// Whether the system has it: its report was taken, or an action for it was performed.
    pub(crate) known: bool,
    pub(crate) held: bool,
    pub(crate) muted: bool,
    pub(crate) group: Option<Id>,
    /// It is over, but the system does not have it yet: its end is reported as soon as it does.
    pub(crate) over: Option<EndedReason>,
    /// The user hung up before the system had it.
    pub(crate) hung_up: bool,
    /// The user answered before the system had it.
    pub(crate) answer: Option<Other>,
    /// The system was asked to answer it, and did not refuse.
    pub(crate) answer_asked: bool,
    /// The user's wish to mute, before anything could be muted.
    pub(crate) mute: Option<bool>,
    /// The system handed it over, from contacts, Recents or Siri: it may start in the background.
    pub(crate) handed_over: bool,
    /// The far end of an outgoing call answered.
    pub(crate) answered: bool,
    /// Its connecting was reported.
    pub(crate) connecting_reported: bool,
    /// When it stops ringing.
    pub(crate) rings_until: Option<Duration>,
    /// When it ends, reported before the first unlock.
    pub(crate) locked_until: Option<Duration>,
}

impl Call {
    pub(crate) fn new(id: Id, app: AppCall, handle: Handle, stage: Stage) -> Self {
        Self {
            id,
            app,
            handle,
            name: None,
            video: false,
            shown: CallUpdate::default(),
            outgoing: matches!(stage, Stage::Requested),
            stage,
            known: false,
            held: false,
            muted: false,
            group: None,
            over: None,
            hung_up: false,
            answer: None,
            answer_asked: false,
            mute: None,
            handed_over: false,
            answered: false,
            connecting_reported: false,
            rings_until: None,
            locked_until: None,
        }
    }

    /// Answered or started: its action was fulfilled. A held call is live, a ringing one is not.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Connecting | Stage::Connected)
    }

    /// Whether input/output is to run for it.
    pub(crate) const fn wants_audio(&self) -> bool {
        matches!(self.stage, Stage::Connected) && !self.held
    }

    /// Whether playback is to run for it, until it is answered.
    pub(crate) const fn wants_ringback(&self) -> bool {
        matches!(self.stage, Stage::Connecting) && !self.held
    }

    /// What the observer sees.
    pub(crate) fn state(&self) -> CallState {
        CallState {
            id: self.id,
            app: Some(self.app.clone()),
            stage: self.stage,
            connected: self.stage == Stage::Connected,
            outgoing: self.outgoing,
            on_hold: self.held,
            muted: self.muted,
            group: self.group,
        }
    }

    /// What the observer sees at its end; whether it was connected outlives it.
    pub(crate) fn over(&self) -> CallState {
        CallState { stage: Stage::Ended, group: None, ..self.state() }
    }

    /// What the system shows.
    pub(crate) fn update(&self) -> CallUpdate {
        CallUpdate {
            remote_handle: Some(self.handle.clone()),
            localized_caller_name: self.name.clone(),
            has_video: self.video,
            ..self.shown.clone()
        }
    }
}
