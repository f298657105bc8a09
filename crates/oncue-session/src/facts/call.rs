//! What is known of one call.

use core::time::Duration;
use oncue_platform::{EndedReason, Id};

/// How far the report of an incoming call has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Report {
    #[default]
    None,
    Asked,
    Succeeded,
    Refused,
}

/// What is known of a call. What was not told is false.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) id: Id,
    /// Since when it is known.
    pub(crate) since: Duration,
    /// Announced by a push or an invitation, or reported.
    pub(crate) incoming: bool,
    /// A start was requested or performed.
    pub(crate) outgoing: bool,
    /// Unknown where nobody told.
    pub(crate) video: Option<bool>,
    pub(crate) report: Report,
    /// The app asked the system for its start, its answer, its end.
    pub(crate) start_requested: bool,
    pub(crate) answer_requested: bool,
    pub(crate) end_requested: bool,
    /// Its last request was refused.
    pub(crate) request_refused: bool,
    /// The system asked the app to start, answer, end it.
    pub(crate) start_performed: bool,
    pub(crate) answer_performed: bool,
    pub(crate) end_performed: bool,
    /// The answer or start was fulfilled.
    pub(crate) connects: bool,
    pub(crate) connecting_reported: bool,
    pub(crate) connected_reported: bool,
    pub(crate) held: bool,
    /// Over for the system: an end was fulfilled or reported, its report refused, its start failed.
    pub(crate) ended: bool,
    pub(crate) ended_at: Option<Duration>,
    pub(crate) end_reported: Option<EndedReason>,
    /// It shares its call group with another, or did.
    pub(crate) grouped: bool,
    /// What the far end did.
    pub(crate) peer_answered: bool,
    pub(crate) peer_answered_at: Option<Duration>,
    pub(crate) peer_ended: bool,
    pub(crate) peer_ended_at: Option<Duration>,
    /// What the user did in the app's own screens.
    pub(crate) user_ends: bool,
    pub(crate) user_ended_at: Option<Duration>,
    /// What the app sent.
    pub(crate) dialled: bool,
    pub(crate) accept_sent: bool,
    pub(crate) end_sent: bool,
    /// It wants audio though nobody answered yet.
    pub(crate) wants_audio: bool,
    /// The user's last wish in the app, and the last mute that the system asked for.
    pub(crate) user_muted: Option<bool>,
    pub(crate) mute_performed: Option<bool>,
    /// What the later of the two says.
    pub(crate) muted: Option<bool>,
    /// What the app requested since the user's last wish.
    pub(crate) mute_requested: Option<bool>,
}

impl Call {
    pub(super) const fn new(id: Id, since: Duration) -> Self {
        Self {
            id,
            since,
            incoming: false,
            outgoing: false,
            video: None,
            report: Report::None,
            start_requested: false,
            answer_requested: false,
            end_requested: false,
            request_refused: false,
            start_performed: false,
            answer_performed: false,
            end_performed: false,
            connects: false,
            connecting_reported: false,
            connected_reported: false,
            held: false,
            ended: false,
            ended_at: None,
            end_reported: None,
            grouped: false,
            peer_answered: false,
            peer_answered_at: None,
            peer_ended: false,
            peer_ended_at: None,
            user_ends: false,
            user_ended_at: None,
            dialled: false,
            accept_sent: false,
            end_sent: false,
            wants_audio: false,
            user_muted: None,
            mute_performed: None,
            muted: None,
            mute_requested: None,
        }
    }

    /// Ended by anybody: where the app owns the session, no call system tells of it, unless it is a conversation that one
    /// asked for.
    pub(crate) const fn is_over_for_the_app(&self) -> bool {
        let of_a_system = self.answer_performed || self.start_performed;
        self.ended || !of_a_system && (self.peer_ended || self.user_ends || self.end_sent)
    }

    /// Whether it ended more than `wait` ago.
    pub(crate) fn ended_for(&self, wait: Duration, now: Duration) -> bool {
        self.ended_at.is_some_and(|ended| now > ended + wait)
    }

    /// Answered or started, and not ended. A held call is live, a ringing one is not.
    pub(crate) const fn is_live(&self) -> bool {
        self.connects && !self.ended
    }

    /// Announced, reported or started: not only named by an action.
    pub(crate) const fn is_somebodys(&self) -> bool {
        self.incoming || self.outgoing || self.connects
    }

    /// Live, not held, and audio is wanted: an outgoing call wants it when its far end answered, or when it says so.
    pub(crate) const fn wants_io(&self) -> bool {
        self.is_live() && !self.held && (!self.outgoing || self.peer_answered || self.wants_audio)
    }

    /// From now on it is over for the system.
    pub(super) fn end(&mut self, at: Duration) {
        self.ended = true;
        self.ended_at.get_or_insert(at);
    }

    /// Whether the system knows it: its report was taken, or the start was performed.
    pub(crate) const fn is_known_to_system(&self) -> bool {
        matches!(self.report, Report::Succeeded) || self.start_performed || self.answer_performed
    }
}
