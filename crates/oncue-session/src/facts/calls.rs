//! The calls: how far each has come, as the app, the system and the far end told.

use super::Seen;
use super::actions::Actions;
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{ActionKind, EndedReason, Event, EventKind, Id};

/// How many calls are remembered at most; the one that ended longest ago goes first.
const REMEMBERED: usize = 16;

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
    const fn new(id: Id, since: Duration) -> Self {
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
            accept_sent: false,
            end_sent: false,
            wants_audio: false,
            user_muted: None,
            mute_performed: None,
            muted: None,
            mute_requested: None,
        }
    }

    /// Ended by anybody: where the app owns the session, no call system tells of it.
    pub(crate) const fn is_over_for_the_app(&self) -> bool {
        self.ended || self.peer_ended || self.user_ends || self.end_sent
    }

    /// Whether it ended more than `wait` ago.
    pub(crate) fn ended_for(&self, wait: Duration, now: Duration) -> bool {
        self.ended_at.is_some_and(|ended| now > ended + wait)
    }

    /// Answered or started, and not ended. A held call is live, a ringing one is not.
    pub(crate) const fn is_live(&self) -> bool {
        self.connects && !self.ended
    }

    /// Live, not held, and audio is wanted: an outgoing call wants it when its far end answered, or when it says so.
    pub(crate) const fn wants_io(&self) -> bool {
        self.is_live() && !self.held && (!self.outgoing || self.peer_answered || self.wants_audio)
    }

    /// From now on it is over for the system.
    fn end(&mut self, at: Duration) {
        self.ended = true;
        self.ended_at.get_or_insert(at);
    }

    /// Whether the system knows it: its report was taken, or the start was performed.
    pub(crate) const fn is_known_to_system(&self) -> bool {
        matches!(self.report, Report::Succeeded) || self.start_performed || self.answer_performed
    }
}

/// The calls that are remembered: those under way first, then those that ended.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    under_way: usize,
    /// Whether a call behind those has begun.
    begun: bool,
    /// How often calls have changed their places.
    pub(crate) moves: u32,
    /// Whether a call was forgotten, so that an unknown one need not be new.
    pub(crate) forgot: bool,
    /// Whether the stream tells what app and far end say to each other.
    pub(crate) tells_signalling: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::ProviderReset,
    EventKind::Push,
    EventKind::Invite,
    EventKind::ReportIncoming,
    EventKind::ReportSucceeded,
    EventKind::ReportRefused,
    EventKind::ReportConnecting,
    EventKind::ReportConnected,
    EventKind::ReportEnded,
    EventKind::Request,
    EventKind::RequestRefused,
    EventKind::Perform,
    EventKind::Fulfill,
    EventKind::Fail,
    EventKind::TimedOut,
    EventKind::WantAudio,
    EventKind::SendAccept,
    EventKind::SendDial,
    EventKind::SendEnd,
    EventKind::PeerAnswered,
    EventKind::PeerEnded,
    EventKind::StartRingTimer,
    EventKind::CancelRingTimer,
    EventKind::RingTimerFired,
    EventKind::UserAnswers,
    EventKind::UserEnds,
    EventKind::UserMutes,
    EventKind::AddIncomingCall,
];

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            calls: Vec::with_capacity(REMEMBERED),
            under_way: 0,
            begun: false,
            moves: 0,
            forgot: false,
            tells_signalling: false,
        }
    }

    pub(crate) fn place(&self, id: Id) -> Option<usize> {
        self.calls.iter().position(|call| call.id == id)
    }

    pub(super) fn at(&self, place: usize) -> &Call {
        &self.calls[place]
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id)
    }

    /// Whether this holds for any call, be it over.
    pub(crate) fn any(&self, what: impl Fn(&Call) -> bool) -> bool {
        self.calls.iter().any(what)
    }

    /// Whether this holds for any call that is under way.
    pub(crate) fn any_under_way(&self, what: impl Fn(&Call) -> bool) -> bool {
        self.calls[..self.under_way].iter().any(what)
    }

    /// Whether a call is under way.
    pub(crate) const fn is_any_under_way(&self) -> bool {
        self.under_way > 0
    }

    pub(crate) fn count(&self, what: impl Fn(&Call) -> bool) -> usize {
        self.calls.iter().filter(|call| what(call)).count()
    }

    fn known(&mut self, id: Id, since: Duration) -> &mut Call {
        let place = self.place(id).unwrap_or_else(|| {
            if self.calls.len() == REMEMBERED {
                let oldest =
                    self.calls.iter().enumerate().min_by_key(|(_, call)| (!call.ended, call.since));
                let oldest = oldest.map_or(0, |(place, _)| place);
                self.under_way -= usize::from(oldest < self.under_way);
                self.calls.swap_remove(oldest);
                self.forgot = true;
            }
            self.calls.push(Call::new(id, since));
            self.begun = true;
            self.calls.len() - 1
        });
        &mut self.calls[place]
    }

    pub(super) fn learn(
        &mut self,
        seen: &Seen<'_>,
        action: Option<(ActionKind, Id)>,
        actions: &Actions,
    ) {
        let at = seen.at;
        match *seen.event {
            Event::Push { call: Some(call), .. }
            | Event::Invite { call }
            | Event::AddIncomingCall { call } => {
                self.known(call, at).incoming = true;
            }
            Event::ReportIncoming { call, video } => {
                let call = self.begun(call, at);
                call.incoming = true;
                // A call whose report was refused may be reported again.
                let again = call.ended && call.report == Report::Refused;
                call.ended &= !again;
                // A second report of a call that the system has changes nothing: it is only refused.
                if call.report != Report::Succeeded {
                    call.report = Report::Asked;
                }
                call.video = video.or(call.video);
                self.begun |= again;
            }
            Event::ReportSucceeded { call } => self.known(call, at).report = Report::Succeeded,
            // The system has a call with this UUID.
            Event::ReportRefused { call, code: 2 } => {
                self.known(call, at).report = Report::Succeeded;
            }
            Event::ReportRefused { call, .. } => {
                let call = self.known(call, at);
                // A second report of a call that stands is refused too, and takes nothing.
                if call.report == Report::Asked && !call.connects {
                    call.report = Report::Refused;
                    call.end(at);
                }
            }
            Event::Request { kind, call, video, .. } => self.requested(at, kind, call, video),
            Event::RequestRefused { transaction, code } => {
                for (_, call) in actions.requested_in(transaction) {
                    let call = self.known(call, at);
                    call.request_refused = true;
                    // By code 4 (UnknownCallUUID) the system has no such call.
                    if code == 4 || call.outgoing && !call.start_performed {
                        call.end(at);
                    }
                }
            }
            Event::Perform { kind, call, .. } => self.performed(at, kind, call),
            Event::Fulfill { .. } => {
                if let Some((kind, call)) = action {
                    self.fulfilled(at, kind, call);
                }
            }
            Event::Fail { .. } | Event::TimedOut { .. } => {
                let unknown =
                    seen.action.get().is_some_and(|place| actions.at(place).of_unknown_call);
                if let Some((kind, call)) = action {
                    let call = self.known(call, at);
                    let begins = matches!(kind, ActionKind::Answer | ActionKind::Start);
                    if !call.connects && (begins || unknown) {
                        call.end(at);
                    }
                }
            }
            Event::ReportConnecting { call } => self.known(call, at).connecting_reported = true,
            Event::ReportConnected { call } => self.known(call, at).connected_reported = true,
            Event::ReportEnded { call, reason } => {
                let call = self.known(call, at);
                call.end_reported = Some(reason);
                call.end(at);
            }
            Event::WantAudio { call } => self.known(call, at).wants_audio = true,
            Event::UserAnswers { call }
            | Event::StartRingTimer { call }
            | Event::CancelRingTimer { call }
            | Event::RingTimerFired { call } => {
                self.known(call, at);
            }
            Event::UserEnds { call } => {
                let call = self.known(call, at);
                call.user_ends = true;
                call.user_ended_at.get_or_insert(at);
            }
            Event::UserMutes { call, muted } => {
                let call = self.known(call, at);
                (call.user_muted, call.muted, call.mute_requested) =
                    (Some(muted), Some(muted), None);
            }
            Event::SendAccept { call } => self.signalled(at, call).accept_sent = true,
            Event::SendDial { call } => {
                self.signalled(at, call);
            }
            Event::SendEnd { call } => self.signalled(at, call).end_sent = true,
            Event::PeerAnswered { call } => {
                let call = self.signalled(at, call);
                call.peer_answered = true;
                call.peer_answered_at.get_or_insert(at);
            }
            Event::PeerEnded { call } => {
                let call = self.signalled(at, call);
                call.peer_ended = true;
                call.peer_ended_at.get_or_insert(at);
            }
            Event::ProviderReset {} => self.calls.iter_mut().for_each(|call| call.end(at)),
            _ => return,
        }
        if self.begun || self.any_under_way(|call| call.ended) {
            self.sort();
        }
    }

    /// Puts the calls that are under way first.
    fn sort(&mut self) {
        let mut place = self.calls.len();
        // What ended is at the front, what began at the back; the rest stands where it should.
        self.moves = self.moves.wrapping_add(1);
        (self.under_way, self.begun) = (0, false);
        while self.under_way < place {
            if !self.calls[self.under_way].ended {
                self.under_way += 1;
            } else {
                place -= 1;
                self.calls.swap(self.under_way, place);
            }
        }
    }

    /// The call at its report or the request of its start: one that ended has left nothing but its UUID.
    fn begun(&mut self, id: Id, since: Duration) -> &mut Call {
        if self.known(id, since).ended {
            *self.known(id, since) = Call::new(id, since);
            self.begun = true;
        }
        self.known(id, since)
    }

    fn signalled(&mut self, at: Duration, call: Id) -> &mut Call {
        self.tells_signalling = true;
        self.known(call, at)
    }

    fn requested(&mut self, at: Duration, kind: ActionKind, call: Id, video: Option<bool>) {
        let call =
            if kind == ActionKind::Start { self.begun(call, at) } else { self.known(call, at) };
        call.request_refused = false;
        match kind {
            ActionKind::Start => {
                (call.outgoing, call.start_requested) = (true, true);
                call.video = video.or(call.video);
            }
            ActionKind::Answer => call.answer_requested = true,
            ActionKind::End => call.end_requested = true,
            ActionKind::Mute => call.mute_requested = Some(true),
            ActionKind::Unmute => call.mute_requested = Some(false),
            _ => {}
        }
    }

    fn performed(&mut self, at: Duration, kind: ActionKind, id: Id) {
        // An unknown call is remembered too: in the middle of a story it may well exist, and in a whole one its action
        // holds that it was unknown.
        let call = self.known(id, at);
        match kind {
            ActionKind::Start => (call.outgoing, call.start_performed) = (true, true),
            ActionKind::Answer => call.answer_performed = true,
            ActionKind::End => call.end_performed = true,
            ActionKind::Mute => (call.mute_performed, call.muted) = (Some(true), Some(true)),
            ActionKind::Unmute => (call.mute_performed, call.muted) = (Some(false), Some(false)),
            _ => {}
        }
    }

    fn fulfilled(&mut self, at: Duration, kind: ActionKind, id: Id) {
        let call = self.known(id, at);
        match kind {
            ActionKind::Start | ActionKind::Answer => call.connects = true,
            ActionKind::End => call.end(at),
            ActionKind::Hold | ActionKind::Unhold => {
                call.held = kind == ActionKind::Hold;
                // A call whose beginning was not seen is live if it can be held.
                call.connects |= !call.incoming && !call.outgoing;
            }
            ActionKind::Group => call.grouped = true,
            _ => {}
        }
    }
}
