//! What a stream of events has shown so far: the one set of facts that all looks of the rules share. Facts are only
//! kept here, never judged.
//!
//! A fact that nobody told is unknown (`None`), which no look takes for a breach. Where the stream starts with the
//! process ([`Facts::whole`]), what was not told did not happen.

mod actions;
mod call;
mod calls;
mod moves;
mod providers;
mod pushes;
mod session;
mod stack;
mod states;
mod surroundings;
mod telecom;
mod under_way;
mod units;

pub(crate) use actions::{AFTER_THE_END, ActionFacts, Completion, TELLS_OF_OPEN_ACTIONS};
pub(crate) use call::{Call, Report};
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
    /// The places of the call and the action, where they are known.
    call: Place,
    action: Place,
}

/// A place among the calls or actions, or none. As small as it can be: one goes with each event.
#[derive(Clone, Copy, Debug)]
struct Place(u8);

impl Place {
    fn of(place: Option<usize>) -> Self {
        Self(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX))
    }

    const fn get(self) -> Option<usize> {
        if self.0 == u8::MAX { None } else { Some(self.0 as usize) }
    }
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
            telecom: telecom::Telecom::new(),
        }
    }

    /// The event with the call and the action that it is about, as far as they are known.
    #[inline(always)]
    pub(crate) fn see<'a>(
        &self,
        at: Duration,
        by: Party,
        thread: Option<Thread>,
        event: &'a Event,
    ) -> Seen<'a> {
        // What is performed is an action that begins.
        let id = event.action().filter(|_| !matches!(event, Event::Perform { .. }));
        let action = id.and_then(|id| self.actions.place(id));
        let call = event.call().or_else(|| action.map(|place| self.actions.at(place).call));
        let call = Place::of(call.and_then(|id| self.calls.place(id)));
        Seen { at, by, thread, event, call, action: Place::of(action) }
    }

    /// The call that the event is about, if it is known.
    pub(crate) fn call(&self, seen: &Seen<'_>) -> Option<&Call> {
        seen.call.get().map(|place| self.calls.at(place))
    }

    /// The id of that call, be it known or not.
    pub(crate) fn call_of(&self, seen: &Seen<'_>) -> Option<Id> {
        self.call(seen).map(|call| call.id).or(seen.event.call())
    }

    /// The action that the event is about, if it is known.
    pub(crate) fn action(&self, seen: &Seen<'_>) -> Option<&ActionFacts> {
        seen.action.get().map(|place| self.actions.at(place))
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
        self.calls.is_any_under_way()
    }

    /// Whether a call other than `but` is live: answered or started, and not ended.
    pub(crate) fn other_is_live(&self, but: Option<Id>) -> bool {
        self.calls.any_under_way(|call| call.is_live() && Some(call.id) != but)
    }

    /// Whether a call is live and nobody is ending it.
    pub(crate) fn goes_on(&self) -> bool {
        self.calls.any_under_way(|call| {
            call.is_live()
                && !call.is_over_for_the_app()
                && !self.actions.is_open(ActionKind::End, Some(call.id))
        })
    }

    /// Whether a call wants input/output.
    pub(crate) fn wants_io(&self) -> bool {
        self.calls.any_under_way(Call::wants_io)
    }

    /// Whether the stream tells of audio units or of the media stack's switch at all.
    pub(crate) fn tells_io(&self) -> bool {
        self.whole || self.stack.enabled.is_some() || self.units.any(|_| true)
    }

    /// What the event, from which `learners` learn, is to the table of the order.
    #[inline(always)]
    pub(crate) fn move_of(&self, seen: &Seen<'_>, learners: u16) -> Move {
        if !learner::learns(learners, learner::SESSION) {
            return Move::None;
        }
        // A conversation has a call system even where the app activates.
        if matches!(seen.event, Event::Fulfill { .. })
            && !self.under_system()
            && (self.providers.is_lck() || !self.whole && self.providers.last().is_none())
        {
            return Move::None;
        }
        let action = self.action(seen).map(|action| (action.kind, action.call));
        moves::move_of(seen, action, &self.session, &self.calls, &self.units, &self.policy)
    }

    /// Takes the event, which is `step` to the table, into account: `learners` of the facts learn from it. `at` never
    /// goes back.
    #[inline(always)]
    pub(crate) fn learn(&mut self, seen: &Seen<'_>, step: Move, learners: u16) {
        if matches!(seen.event, Event::Launch {}) {
            let policy = core::mem::take(&mut self.policy);
            *self = Self::new(policy, true);
            return;
        }
        // Whatever comes from outside is no longer the handler of the last notification.
        self.session.in_handler &= !matches!(seen.by, Party::System | Party::User | Party::Peer);
        self.learn_by(seen, step, learners);
    }

    /// Lets those learn from the event whose bits are set, in the order of [`learner`].
    #[inline(always)]
    fn learn_by(&mut self, seen: &Seen<'_>, step: Move, learners: u16) {
        let learns = |learner| learner::learns(learners, learner);
        let kind = self.action(seen).map(|action| (action.kind, action.call));
        let unknown_call = self.whole && !self.calls.forgot && seen.call.get().is_none();
        let known_call = seen.call.get().is_some();
        // Before the actions, which then hold the completion.
        if learns(learner::SESSION) {
            self.session.learn(seen, step, kind, &self.calls, &self.policy, self.whole);
        }
        if learns(learner::UNITS) {
            self.units.learn(seen, &self.session);
        }
        if learns(learner::STACK) {
            self.stack.learn(seen, &self.session);
        }
        if learns(learner::CALLS) {
            self.calls.learn(seen, kind, &self.actions);
        }
        if learns(learner::ACTIONS) {
            self.actions.learn(seen, unknown_call);
            self.actions.give_up(seen, &self.calls);
        }
        if learns(learner::PUSHES) {
            self.pushes.learn(seen, known_call);
        }
        if learns(learner::PROVIDERS) {
            self.providers.learn(seen);
        }
        if learns(learner::SURROUNDINGS) {
            self.surroundings.learn(seen);
        }
        if learns(learner::TELECOM) {
            self.telecom.learn(seen);
        }
    }
}

/// The parts of the facts, by the bit that stands for each.
mod learner {
    pub(super) const SESSION: usize = 0;
    pub(super) const UNITS: usize = 1;
    pub(super) const STACK: usize = 2;
    pub(super) const CALLS: usize = 3;
    pub(super) const ACTIONS: usize = 4;
    pub(super) const PUSHES: usize = 5;
    pub(super) const PROVIDERS: usize = 6;
    pub(super) const SURROUNDINGS: usize = 7;
    pub(super) const TELECOM: usize = 8;

    /// Whether this one is among `learners`.
    pub(super) const fn learns(learners: u16, learner: usize) -> bool {
        learners >> learner & 1 == 1
    }
}

/// Who learns from an event of `kind`, a bit for each.
pub(crate) const fn learners(kind: usize) -> u16 {
    let parts = [
        session::LEARNS_FROM,
        units::LEARNS_FROM,
        stack::LEARNS_FROM,
        calls::LEARNS_FROM,
        actions::LEARNS_FROM,
        pushes::LEARNS_FROM,
        providers::LEARNS_FROM,
        surroundings::LEARNS_FROM,
        telecom::LEARNS_FROM,
    ];
    let (mut learners, mut part) = (0, 0);
    while part < parts.len() {
        let mut place = 0;
        while place < parts[part].len() {
            learners |= ((parts[part][place] as usize == kind) as u16) << part;
            place += 1;
        }
        part += 1;
    }
    learners
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use oncue_platform::EventKind;
    use serde_json::{Map, json};
    use std::{format, string::ToString};

    /// An event of this kind, with every argument that must be there.
    fn event(kind: EventKind, yes: bool) -> Event {
        let mut fields = Map::from_iter([("what".to_string(), json!(kind.name()))]);
        for argument in kind.arguments() {
            let value = match argument.form.trim_start_matches("Option<").trim_end_matches('>') {
                "bool" => json!(yes),
                "Id" => json!("A"),
                "u8" | "u16" | "u32" | "u64" | "i32" => json!(4),
                "Category" => json!("PlayAndRecord"),
                "Mode" => json!("VoiceChat"),
                "Options" => json!(["default-to-speaker"]),
                "OutputPort" => json!("speaker"),
                "ActionKind" => json!(if yes { "answer" } else { "end" }),
                "EndedReason" => json!("failed"),
                "EventKind" => json!("start-unit"),
                "Framework" => json!("callkit"),
                "InterruptionReason" => json!("default"),
                "Permission" => json!("granted"),
                "RouteChangeReason" => json!("override"),
                "StartCallIntent" => json!("start-call"),
                "Domain" => json!("audio-unit"),
                form => panic!("{form}"),
            };
            fields.insert(argument.name.into(), value);
        }
        serde::Deserialize::deserialize(serde_json::Value::Object(fields))
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"))
    }

    #[test]
    fn nobody_learns_from_an_event_that_is_not_on_its_list() {
        let mut missing = std::vec::Vec::new();
        let mut facts = Facts::new(Policy::apple(), true);
        for round in 0..4 {
            for &kind in EventKind::ALL.iter().filter(|&&kind| kind != EventKind::Launch) {
                let event = event(kind, round % 2 == 0);
                let seen =
                    facts.see(Duration::from_secs(round * 7), kind.parties()[0], None, &event);
                let learners = learners(kind as usize);
                let step = facts.move_of(&seen, learners);
                let mut listed = facts.clone();
                listed.learn_by(&seen, step, learners);
                for learner in 0..9 {
                    let mut more = facts.clone();
                    more.learn_by(&seen, step, learners | 1 << learner);
                    if format!("{more:?}") != format!("{listed:?}") {
                        missing.push((learner, kind));
                    }
                }
                facts = listed;
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
