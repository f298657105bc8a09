//! The calls: how far each has come, as the app, the system and the far end told.

use super::Seen;
use super::actions::Actions;
use super::call::{Call, Report};
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{ActionKind, Event, EventKind, Id};

/// How many calls are remembered at most; the one that ended longest ago goes first.
const REMEMBERED: usize = 16;

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
