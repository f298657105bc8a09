//! The audio session: in which states it may be, and what was set and read of it.
//!
//! Its states move by the table of the order. Where a stream starts in the middle of a story, several are possible;
//! an event leaves those in which it makes sense.

use super::Seen;
use super::calls::{Call, Calls};
use super::moves::{Move, is_last_live};
use super::states::StateSet;
use crate::{Policy, State, after_event, after_step, broken};
use core::time::Duration;
use oncue_platform::{
    ActionKind, Category, Configuration, Event, EventKind, Id, InterruptionReason, Mode, Options,
    OutputPort, Party, RouteChangeReason, SystemEvent,
};

/// What is known of the session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) states: StateSet,
    /// What was set last, and by whom.
    pub(crate) configuration: Option<Configuration>,
    pub(crate) set_by: Party,
    /// What the app itself set last.
    pub(crate) wanted: Option<Configuration>,
    /// Whether the last live call has ended since the configuration was set.
    pub(crate) set_for_earlier_call: bool,
    /// What was read since the last change of activation or route.
    pub(crate) category_read: Option<Category>,
    pub(crate) mode_read: Option<Mode>,
    pub(crate) options_read: Option<Options>,
    pub(crate) rate_read: Option<u32>,
    /// The rate that was read before the activation, and is stale since.
    pub(crate) rate_before: Option<u32>,
    pub(crate) input_available: Option<bool>,
    /// When the last activation came, while it holds.
    pub(crate) activated_at: Option<Duration>,
    /// Whether audio was started in this activation.
    pub(crate) has_run: bool,
    /// Whether the last activation came while another held.
    pub(crate) activated_twice: bool,
    /// Whether the last activation came while an interruption had not ended.
    pub(crate) activated_over_interruption: bool,
    /// Whether the last deactivation was an old call's: it came after a held call was taken back.
    pub(crate) deactivated_late: bool,
    /// When a held call was last taken back, if no activation has come since.
    pub(crate) unheld: Option<Duration>,
    /// Whether the last start was the one attempt while the session was resuming.
    pub(crate) resumed_by_attempt: bool,
    /// Whether the last deactivation came while none held.
    pub(crate) deactivated_twice: bool,
    /// Whether a deactivation was ever told, or the last change was one.
    pub(crate) was_deactivated: bool,
    /// Whether the app itself activated the session since it was last inactive.
    pub(crate) activated_by_app: bool,
    /// An interruption that has not ended, and that no activation ended either.
    pub(crate) interrupted: bool,
    /// Whether a second one began before its end.
    pub(crate) interrupted_again: bool,
    /// Why the last interruption came, until its end, an activation by the system or another device.
    pub(crate) interruption_reason: Option<InterruptionReason>,
    /// Whether an interruption has come since the configuration was set or read.
    pub(crate) interrupted_since_set: bool,
    /// The last live call ended, and no deactivation has come yet.
    pub(crate) deactivation_due: bool,
    /// The media services were reset, and the category has not been set since.
    pub(crate) reset: bool,
    /// The media services were reset, and the session has not been activated or deactivated since.
    pub(crate) lost_by_reset: bool,
    /// The port that the app chose.
    pub(crate) port: OutputPort,
    /// Whether an interruption undid the app's choice, and nothing has chosen another since.
    pub(crate) port_interrupted: bool,
    /// Whether the news of the app's own override has not come yet.
    pub(crate) port_echo: bool,
    /// When the system's own button last changed the port.
    pub(crate) port_changed_by_system: Option<Duration>,
    /// A route or interruption notification is being handled, as far as one can see.
    pub(crate) in_handler: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
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
    EventKind::Perform,
    EventKind::Fulfill,
    EventKind::Fail,
    EventKind::TimedOut,
];

impl Session {
    pub(super) const fn new(whole: bool) -> Self {
        Self {
            states: if whole { StateSet::only(State::Fresh) } else { StateSet::ALL },
            configuration: None,
            set_by: Party::App,
            wanted: None,
            set_for_earlier_call: false,
            category_read: None,
            mode_read: None,
            options_read: None,
            rate_read: None,
            rate_before: None,
            input_available: None,
            activated_at: None,
            has_run: false,
            activated_twice: false,
            activated_over_interruption: false,
            deactivated_late: false,
            unheld: None,
            resumed_by_attempt: false,
            deactivated_twice: false,
            was_deactivated: false,
            activated_by_app: false,
            interrupted: false,
            interrupted_again: false,
            interruption_reason: None,
            interrupted_since_set: false,
            deactivation_due: false,
            reset: false,
            lost_by_reset: false,
            port: OutputPort::None,
            port_interrupted: false,
            port_echo: false,
            port_changed_by_system: None,
            in_handler: false,
        }
    }

    /// Whether it is active for certain.
    pub(crate) const fn is_active(&self) -> bool {
        self.states.is_within(StateSet::ACTIVE)
    }

    /// Whether it is inactive for certain.
    pub(crate) const fn is_inactive(&self) -> bool {
        self.states.is_outside(StateSet::ACTIVE)
    }

    /// Whether it is inactive for certain, and neither interrupted nor resuming: nothing may start.
    pub(crate) fn awaits_activation(&self) -> bool {
        self.states.iter().all(|state| {
            matches!(state, State::Fresh | State::Configured | State::AwaitingActivation)
        })
    }

    /// Whether the call system activated it, and has not deactivated it yet.
    pub(crate) const fn is_of_a_call(&self) -> bool {
        self.activated_at.is_some() && !self.activated_by_app
    }

    /// Whether it is in this state for certain.
    pub(crate) fn is(&self, state: State) -> bool {
        self.states == StateSet::only(state)
    }

    /// What the event sets of the session, as far as that is known. Without a mode the same category keeps its own.
    pub(crate) fn set_by(&self, event: &Event) -> Option<Configuration> {
        match *event {
            Event::SetCategory { category, mode, options, .. } => {
                let before = self.configuration.filter(|before| before.category == category);
                let kept = before.map_or(Mode::Default, |before| before.mode);
                Some(Configuration {
                    category,
                    mode: mode.unwrap_or(kept),
                    options: options.unwrap_or_default(),
                })
            }
            Event::SetMode { mode, .. } => {
                self.configuration.map(|before| Configuration { mode, ..before })
            }
            _ => None,
        }
    }

    /// Whether the event sets other values than were set before.
    pub(crate) fn changes(&self, event: &Event) -> bool {
        self.configuration
            .is_some_and(|before| self.set_by(event).is_some_and(|now| differ(before, now)))
    }

    pub(super) fn learn(
        &mut self,
        seen: &Seen<'_>,
        step: Move,
        action: Option<(ActionKind, Id)>,
        calls: &Calls,
        policy: &Policy,
        whole: bool,
    ) {
        let was_active = self.is_active();
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
        self.remember(seen, was_active, before.single() == Some(State::Resuming));
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
            Event::Refused { of: EventKind::SetActive, .. } if self.activated_by_app => {
                (self.activated_by_app, self.activated_at) = (false, None);
                self.states = self.states.moved(|state| match state {
                    State::Active => State::Configured,
                    _ => state,
                });
            }
            Event::Fail { .. } | Event::TimedOut { .. }
                if matches!(action, Some((ActionKind::Unhold, _))) =>
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
            // The session is the next call's, deactivated in between or not; if not, it may stay active (rule book §3.6).
            if self.deactivation_due && self.activated_at.is_some() {
                self.states = self.states.with(StateSet::only(State::Active));
            }
            self.deactivation_due = false;
        }
        if let Some(call) = ends {
            self.deactivation_due |= is_last_live(calls, call) && self.activated_at.is_some();
            let was_last = !calls.any_under_way(|other| other.is_live() && other.id != call);
            self.set_for_earlier_call |= was_last;
            // An interruption of its own is no matter of the next call.
            self.interrupted &= !was_last;
        }
    }

    /// What was set, read and told, beside the states.
    fn remember(&mut self, seen: &Seen<'_>, was_active: bool, resuming: bool) {
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
            }
            Event::DidActivate {} => {
                self.activated_twice =
                    self.activated_at.is_some() && was_active && !self.activated_by_app;
                self.has_run &= self.activated_twice;
                // After an unhold the activation is the resume's.
                self.activated_over_interruption = self.interrupted && !resuming;
                (self.deactivated_late, self.resumed_by_attempt, self.unheld) =
                    (false, false, None);
                self.activated_at = Some(seen.at);
                (self.was_deactivated, self.deactivated_twice) = (false, false);
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
            }
            Event::MediaServicesReset {} => {
                (self.activated_at, self.activated_by_app) = (None, false);
                (self.configuration, self.reset, self.lost_by_reset) = (None, true, true);
                (self.interrupted, self.unheld) = (false, None);
            }
            Event::ProviderReset {} => (self.deactivation_due, self.unheld) = (false, None),
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

/// Whether two configurations differ in what they amount to.
pub(crate) fn differ(one: Configuration, other: Configuration) -> bool {
    let options = |of: Configuration| of.options | implied(of.mode);
    (one.category, one.mode, options(one)) != (other.category, other.mode, options(other))
}

/// The options that a mode implies.
pub(crate) const fn implied(mode: Mode) -> Options {
    match mode {
        Mode::VoiceChat => Options::ALLOW_BLUETOOTH_HFP,
        Mode::VideoChat => Options::ALLOW_BLUETOOTH_HFP.with(Options::DEFAULT_TO_SPEAKER),
        _ => Options::NONE,
    }
}
