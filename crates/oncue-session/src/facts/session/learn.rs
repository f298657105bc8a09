//! What each event changes of what is known of the session.

use super::{BeforeSet, Session};
use crate::facts::Seen;
use crate::facts::call::Call;
use crate::facts::calls::Calls;
use crate::facts::moves::{Move, is_last_live};
use crate::facts::states::StateSet;
use crate::{Policy, State, after_event, after_step, broken};
use oncue_platform::{
    ActionKind, Category, Configuration, Event, EventKind, Id, Mode, OutputPort, Owner, Party,
    RouteChangeReason, Step, SystemEvent,
};

/// The kinds of events that it learns from.
pub(in crate::facts) const LEARNS_FROM: &[EventKind] = &[
    EventKind::SetCategory,
    EventKind::SetMode,
    EventKind::SetActive,
    EventKind::OverrideOutput,
    EventKind::SessionIs,
    EventKind::Refused,
    EventKind::AwaitActivation,
    EventKind::DidActivate,
    EventKind::DidDeactivate,
    EventKind::InterruptionBegan,
    EventKind::InterruptionEnded,
    EventKind::RouteChanged,
    EventKind::MediaServicesLost,
    EventKind::MediaServicesReset,
    EventKind::InitializeUnit,
    EventKind::StartUnit,
    EventKind::StopUnit,
    EventKind::DisposeUnit,
    EventKind::PlaySound,
    EventKind::StoreConfiguration,
    EventKind::EnableAudio,
    EventKind::ProviderReset,
    EventKind::ReportEnded,
    EventKind::PeerEnded,
    EventKind::UserEnds,
    EventKind::SendEnd,
    EventKind::Perform,
    EventKind::Fulfill,
    EventKind::Fail,
    EventKind::TimedOut,
];

impl Session {
    #[inline(always)]
    pub(in crate::facts) fn learn(
        &mut self,
        seen: &Seen<'_>,
        step: Move,
        action: Option<(ActionKind, Id)>,
        calls: &Calls,
        policy: &Policy,
        whole: bool,
    ) {
        let was_active = self.is_active();
        let may_be_active = !self.is_inactive();
        let before = self.states;
        let mut is_late = false;
        match step {
            Move::None | Move::Ask(_) => {}
            // An old call's deactivation leaves alone what runs for the call that was taken back.
            Move::System(SystemEvent::DidDeactivate)
                if calls.any_under_way(Call::wants_io)
                    && self.unheld.is_some_and(|since| {
                        seen.at <= since.saturating_add(policy.waits.activation)
                    }) =>
            {
                let late = |state| if state == State::Active { State::Resuming } else { state };
                self.states = self.states.moved(late);
                is_late = true;
            }
            Move::System(event) => {
                self.states = self.states.moved(|state| after_event(event, state));
            }
            Move::Step(step) => {
                let legal = |state| broken(policy.owner, state, step).next().is_none();
                self.states = self.states.narrowed(legal).moved(|state| after_step(step, state));
            }
            Move::Pass(step) => self.states = self.states.moved(|state| after_step(step, state)),
        }
        if matches!(seen.event, Event::StartUnit { .. } | Event::EnableAudio { on: true }) {
            self.resumed_by_attempt = before.single() == Some(State::Resuming);
        }
        // What stops after an old call's deactivation leaves a session that waits for its activation.
        if matches!(step, Move::Step(Step::Stop) | Move::Pass(Step::Stop))
            && self.deactivated_late
            && self.activated_at.is_none()
        {
            let waits = |state| if state == State::Active { State::Resuming } else { state };
            self.states = self.states.moved(waits);
        }
        // What was won without an activation is over with its call, though it stops only now.
        if matches!(step, Move::Step(Step::Stop) | Move::Pass(Step::Stop))
            && self.is(State::Active)
            && self.activated_at.is_none()
            && !calls.any_under_way(Call::is_live)
        {
            self.states = self.states.with(StateSet::only(State::Configured));
        }
        if matches!(seen.event, Event::SetCategory { .. }) {
            self.before_set = Some(BeforeSet {
                configuration: self.configuration,
                by: self.set_by,
                reset: self.reset,
                fresh: self.is(State::Fresh),
            });
        }
        self.remember(seen, was_active, may_be_active, before.single() == Some(State::Resuming));
        self.deactivated_late |= is_late;
        if matches!((seen.event, action), (Event::Fulfill { .. }, Some((ActionKind::Unhold, _)))) {
            self.unheld = Some(seen.at);
        }
        match *seen.event {
            Event::SetCategory { category, .. } => {
                self.states = self.states.moved(|state| match (category, state) {
                    (Category::PlayAndRecord, State::Fresh) => State::Configured,
                    (Category::PlayAndRecord, _) => state,
                    (_, State::Configured) => State::Fresh,
                    _ => state,
                });
            }
            Event::Refused { of: EventKind::SetCategory, .. } => {
                if let Some(before) = self.before_set.take() {
                    (self.configuration, self.set_by, self.reset) =
                        (before.configuration, before.by, before.reset);
                    self.states = self.states.moved(|state| match state {
                        State::Configured if before.fresh => State::Fresh,
                        _ => state,
                    });
                }
            }
            // The session was not active after all.
            Event::Refused { of: EventKind::StartUnit, .. } if self.resumed_by_attempt => {
                self.states = self.states.moved(|state| match state {
                    State::Running => State::Configured,
                    _ => state,
                });
            }
            Event::Refused { of: EventKind::SetActive, .. } if self.activated_by_app => {
                (self.activated_by_app, self.activated_at) = (false, None);
                self.states = self.states.moved(|state| match state {
                    State::Active => State::Configured,
                    _ => state,
                });
            }
            // Where another was fulfilled, that one's wait goes on.
            Event::Fail { .. } | Event::TimedOut { .. }
                if matches!(action, Some((ActionKind::Unhold, _))) && self.unheld.is_none() =>
            {
                self.states = self.states.moved(|state| match state {
                    State::Resuming => State::Configured,
                    _ => state,
                });
            }
            // An action that was never seen may have been any.
            Event::Fulfill { .. } if action.is_none() && !whole => {
                let maybe = StateSet::only(State::Configured)
                    .with(StateSet::only(State::AwaitingActivation))
                    .with(StateSet::only(State::Resuming));
                self.states = self.states.with(maybe);
            }
            // Calls that were never seen may go on.
            Event::ReportEnded { .. } if !whole => self.states = self.states.with(before),
            Event::Fulfill { .. } if !whole && matches!(action, Some((ActionKind::End, _))) => {
                self.states = self.states.with(before);
            }
            _ => {}
        }
        let ends = match *seen.event {
            Event::ReportEnded { call, .. } => Some(call),
            Event::Fulfill { .. } => {
                action.filter(|&(kind, _)| kind == ActionKind::End).map(|(_, call)| call)
            }
            _ => None,
        };
        if matches!(
            (seen.event, action),
            (Event::Fulfill { .. }, Some((ActionKind::Answer | ActionKind::Start, _)))
        ) {
            // What was won without an activation was another call's.
            if self.activated_at.is_none() && self.is(State::Active) {
                self.states = self.states.with(StateSet::only(State::AwaitingActivation));
            }
            // The session is the next call's, deactivated in between or not; if not, it may stay active (rule book §3.6).
            if self.deactivation_due && self.activated_at.is_some() {
                self.states = self.states.with(StateSet::only(State::Active));
                self.deactivation_crosses = true;
            }
            self.deactivation_due = false;
        }
        // Without a call system this is how a call ends.
        if let Event::PeerEnded { call } | Event::UserEnds { call } | Event::SendEnd { call } =
            *seen.event
            && policy.owner == Owner::App
            && calls.get(call).is_none_or(|call| call.accept_sent || call.dialled || !whole)
        {
            (self.port, self.port_interrupted) = (OutputPort::None, false);
        }
        if let Some(call) = ends {
            self.deactivation_due |= is_last_live(calls, call) && self.activated_at.is_some();
            let was_last = !calls.any_under_way(|other| other.is_live() && other.id != call);
            self.set_for_earlier_call |= was_last;
            // An interruption of its own is no matter of the next call, nor is the port that its user chose, nor its having
            // been taken back: the deactivation that comes now is this call's end.
            if was_last {
                // No deactivation need be told of what was won without an activation.
                if self.resumed_by_attempt {
                    self.states = self.states.with(StateSet::only(State::Configured));
                }
                (self.interrupted, self.deactivation_crosses) = (false, false);
                (self.unheld, self.deactivated_late) = (None, false);
                (self.port, self.port_interrupted) = (OutputPort::None, false);
            }
        }
    }

    /// What was set, read and told, beside the states.
    #[inline(always)]
    fn remember(&mut self, seen: &Seen<'_>, was_active: bool, may_be_active: bool, resuming: bool) {
        self.lost_by_reset &= !matches!(
            seen.event,
            Event::SetActive { .. } | Event::DidActivate {} | Event::DidDeactivate {}
        );
        match *seen.event {
            Event::SetCategory { .. } | Event::SetMode { .. } => {
                if let Some(configuration) = self.set_by(seen.event) {
                    self.set(configuration, seen.by);
                }
            }
            // What the app gives its stack to set is its wish too.
            Event::StoreConfiguration { category, mode, options } => {
                self.wanted = Some(Configuration {
                    category,
                    mode: mode.unwrap_or(Mode::Default),
                    options: options.unwrap_or_default(),
                });
            }
            Event::StartUnit { .. } | Event::EnableAudio { on: false } => self.has_run = true,
            Event::SetActive { active: true } => {
                self.activated_by_app |= !was_active;
                self.interrupted = false;
                self.activated_at = Some(seen.at);
                self.forget_format();
            }
            Event::SetActive { active: false } => {
                (self.activated_by_app, self.activated_at) = (false, None);
                (self.was_deactivated, self.deactivation_due) = (true, false);
                // The port that a user chose is no matter of the next session.
                (self.port, self.port_interrupted) = (OutputPort::None, false);
            }
            Event::DidActivate {} => {
                // Where the deactivation between two calls may have been skipped, this one may be a repeat; so it may without a
                // category, by which the first left the session as it was.
                self.activated_twice = self.activated_at.is_some()
                    && (may_be_active || self.is(State::Fresh))
                    && !self.activated_by_app;
                self.has_run &= self.activated_twice;
                // After an unhold the activation is the resume's.
                self.activated_over_interruption = self.interrupted && !resuming;
                (self.deactivated_late, self.resumed_by_attempt, self.unheld) =
                    (false, false, None);
                self.activated_at = Some(seen.at);
                (self.was_deactivated, self.deactivated_twice) = (false, false);
                self.deactivation_crosses = false;
                (self.interrupted, self.interruption_reason) = (false, None);
                self.forget_format();
            }
            Event::DidDeactivate {} => {
                self.deactivated_late = self.is(State::Resuming);
                self.deactivated_twice = self.was_deactivated && self.activated_at.is_none();
                (self.activated_at, self.activated_by_app) = (None, false);
                (self.was_deactivated, self.activated_twice, self.deactivation_due) =
                    (true, false, false);
                (self.port, self.port_interrupted) = (OutputPort::None, false);
            }
            Event::InterruptionBegan { reason } => {
                // A deactivation from here on is the interruption's, not an old call's.
                (self.unheld, self.deactivated_late) = (None, false);
                self.deactivation_crosses = false;
                self.interrupted_again = self.interrupted;
                (self.interrupted, self.interruption_reason) = (true, reason);
                (self.interrupted_since_set, self.in_handler) = (true, true);
                (self.category_read, self.mode_read, self.options_read) = (None, None, None);
                self.port_interrupted |=
                    self.port == OutputPort::Speaker && self.port_changed_by_system.is_none();
                (self.activated_at, self.activated_by_app) = (None, false);
            }
            Event::InterruptionEnded { .. } => {
                (self.interrupted, self.interruption_reason, self.in_handler) = (false, None, true);
            }
            Event::RouteChanged { reason } => {
                self.in_handler = true;
                (self.rate_read, self.input_available) = (None, None);
                match reason {
                    RouteChangeReason::Override if self.port_echo || self.interrupted => {
                        self.port_echo = false;
                    }
                    RouteChangeReason::Override => self.port_changed_by_system = Some(seen.at),
                    _ => {}
                }
                if reason == RouteChangeReason::NewDevice {
                    (self.port_interrupted, self.interruption_reason) = (false, None);
                }
            }
            Event::OverrideOutput { port } => {
                (self.port, self.port_changed_by_system) = (port, None);
                (self.port_interrupted, self.port_echo) = (false, true);
            }
            Event::SessionIs { category, mode, options, rate_hz, input_available } => {
                self.category_read = category.or(self.category_read);
                self.mode_read = mode.or(self.mode_read);
                self.options_read = options.or(self.options_read);
                self.rate_read = rate_hz.or(self.rate_read);
                self.input_available = input_available.or(self.input_available);
            }
            Event::MediaServicesLost {} => {
                (self.activated_at, self.activated_by_app) = (None, false);
                (self.unheld, self.deactivated_late) = (None, false);
            }
            Event::MediaServicesReset {} => {
                (self.activated_at, self.activated_by_app) = (None, false);
                (self.configuration, self.reset, self.lost_by_reset) = (None, true, true);
                (self.interrupted, self.unheld) = (false, None);
                self.deactivation_crosses = false;
            }
            Event::ProviderReset {} => {
                (self.deactivation_due, self.deactivation_crosses) = (false, false);
                self.unheld = None;
                (self.port, self.port_interrupted) = (OutputPort::None, false);
            }
            _ => {}
        }
    }

    fn set(&mut self, configuration: Configuration, by: Party) {
        (self.configuration, self.set_by) = (Some(configuration), by);
        if by == Party::App {
            self.wanted = Some(configuration);
        }
        (self.category_read, self.mode_read, self.options_read) = (None, None, None);
        (self.interrupted_since_set, self.reset) = (false, false);
        (self.set_for_earlier_call, self.input_available) = (false, None);
    }

    fn forget_format(&mut self) {
        self.rate_before = if self.activated_twice { None } else { self.rate_read };
        (self.rate_read, self.input_available) = (None, None);
    }
}
