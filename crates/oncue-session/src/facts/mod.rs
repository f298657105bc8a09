//! What a stream of events has shown so far: the one set of facts that all looks of the rules share. Facts are only
//! kept here, never judged.
//!
//! A fact that nobody told is unknown (`None`), which no look takes for a breach. Where the stream starts with the
//! process ([`Facts::whole`]), what was not told did not happen.

mod actions;
mod calls;
mod moves;
mod providers;
mod pushes;
mod session;
mod stack;
mod states;
mod surroundings;
mod telecom;
mod units;

pub(crate) use actions::{AFTER_THE_END, ActionFacts, Completion, TELLS_OF_OPEN_ACTIONS};
pub(crate) use calls::{Call, Report};
pub(crate) use moves::Move;
pub(crate) use pushes::PushFacts;
pub(crate) use session::{differ, implied};
pub(crate) use units::Unit;

use crate::Policy;
use core::time::Duration;
use oncue_platform::{ActionKind, Event, Id, Owner, Party, Thread};

/// An event with the circumstances that a look may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When, since any fixed moment.
    pub(crate) at: Duration,
    /// Who does it.
    pub(crate) by: Party,
    /// On which thread, if that is known.
    pub(crate) thread: Option<Thread>,
    /// The event.
    pub(crate) event: &'a Event,
    call: Option<usize>,
    action: Option<usize>,
}

/// Everything that is known of a run.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether the stream starts with the process, so that what was not told did not happen.
    pub(crate) whole: bool,
    pub(crate) policy: Policy,
    pub(crate) session: session::Session,
    pub(crate) calls: calls::Calls,
    pub(crate) actions: actions::Actions,
    pub(crate) units: units::Units,
    pub(crate) stack: stack::Stack,
    pub(crate) providers: providers::Providers,
    pub(crate) pushes: pushes::Pushes,
    pub(crate) surroundings: surroundings::Surroundings,
    pub(crate) telecom: telecom::Telecom,
}

impl Facts {
    /// Nothing is known; `whole` if the stream starts with the process.
    pub(crate) fn new(policy: Policy, whole: bool) -> Self {
        Self {
            whole,
            policy,
            session: session::Session::new(whole),
            calls: calls::Calls::new(),
            actions: actions::Actions::new(),
            units: units::Units::new(),
            stack: stack::Stack::default(),
            providers: providers::Providers::new(),
            pushes: pushes::Pushes::new(),
            surroundings: surroundings::Surroundings::default(),
            telecom: telecom::Telecom::default(),
        }
    }

    /// The event with the call and the action that it is about, as far as they are known.
    pub(crate) fn see<'a>(
        &self,
        at: Duration,
        by: Party,
        thread: Option<Thread>,
        event: &'a Event,
    ) -> Seen<'a> {
        let action = event.action().and_then(|id| self.actions.place(id));
        let call = event.call().or_else(|| action.map(|place| self.actions.at(place).call));
        Seen { at, by, thread, event, call: call.and_then(|id| self.calls.place(id)), action }
    }

    /// The call that the event is about, if it is known.
    pub(crate) fn call(&self, seen: &Seen<'_>) -> Option<&Call> {
        seen.call.map(|place| self.calls.at(place))
    }

    /// The action that the event is about, if it is known.
    pub(crate) fn action(&self, seen: &Seen<'_>) -> Option<&ActionFacts> {
        seen.action.map(|place| self.actions.at(place))
    }

    /// The kind of the action that the event fulfils.
    pub(crate) fn fulfilled_kind(&self, seen: &Seen<'_>) -> Option<ActionKind> {
        match seen.event {
            Event::Fulfill { .. } => self.action(seen).map(|action| action.kind),
            _ => None,
        }
    }

    /// The audio unit that the event is about, if it is known.
    pub(crate) fn unit(&self, seen: &Seen<'_>) -> Option<&Unit> {
        seen.event.unit().and_then(|id| self.units.get(id))
    }

    /// Whether the call system owns the session.
    pub(crate) fn under_system(&self) -> bool {
        self.policy.owner == Owner::System
    }

    /// Whether a call is under way, from its announcement or request to its end.
    pub(crate) fn in_call(&self) -> bool {
        self.calls.any(Call::is_under_way)
    }

    /// Whether a call other than `but` is live: answered or started, and not ended.
    pub(crate) fn other_is_live(&self, but: Option<Id>) -> bool {
        self.calls.any(|call| call.is_live() && Some(call.id) != but)
    }

    /// Whether a call is live and nobody is ending it.
    pub(crate) fn goes_on(&self) -> bool {
        self.calls.any(|call| {
            call.is_live()
                && !call.is_over_for_the_app()
                && !self.actions.is_open(ActionKind::End, Some(call.id))
        })
    }

    /// Whether a call wants input/output.
    pub(crate) fn wants_io(&self) -> bool {
        self.calls.any(Call::wants_io)
    }

    /// Whether the stream tells of audio units or of the media stack's switch at all.
    pub(crate) fn tells_io(&self) -> bool {
        self.whole || self.stack.enabled.is_some() || self.units.any(|_| true)
    }

    /// What the event is to the table of the order.
    pub(crate) fn move_of(&self, seen: &Seen<'_>) -> Move {
        // A conversation has a call system even where the app activates.
        if matches!(seen.event, Event::Fulfill { .. })
            && !self.under_system()
            && self.providers.is_lck()
        {
            return Move::None;
        }
        let action = self.action(seen).map(|action| (action.kind, action.call));
        moves::move_of(seen, action, &self.session, &self.calls, &self.units, &self.policy)
    }

    /// Takes the event into account. `at` never goes back.
    pub(crate) fn learn(&mut self, seen: &Seen<'_>) {
        if matches!(seen.event, Event::Launch {}) {
            let policy = core::mem::take(&mut self.policy);
            *self = Self::new(policy, true);
            return;
        }
        let kind = self.action(seen).map(|action| (action.kind, action.call));
        // Before the actions, which then hold the completion.
        self.session.learn(seen, kind, &self.calls, &self.units, &self.policy, self.whole);
        self.units.learn(seen, &self.session);
        self.stack.learn(seen, &self.session);
        let unknown_call = self.whole && !self.calls.forgot && seen.call.is_none();
        let known_call = seen.call.is_some();
        self.calls.learn(seen, kind, &self.actions);
        self.actions.learn(seen, unknown_call);
        self.actions.give_up(seen, &self.calls);
        self.pushes.learn(seen, known_call);
        self.providers.learn(seen);
        self.surroundings.learn(seen);
        self.telecom.learn(seen);
    }
}
