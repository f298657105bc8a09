//! The audio session: in which states it may be, and what was set and read of it.
//!
//! Its states move by the table of the order. Where a stream starts in the middle of a story, several are possible;
//! an event leaves those in which it makes sense.

mod learn;

pub(super) use learn::LEARNS_FROM;

use super::states::StateSet;
use crate::State;
use core::time::Duration;
use oncue_platform::{
    Category, Configuration, Event, InterruptionReason, Mode, Options, OutputPort, Party,
};

/// What is known of the session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) states: StateSet,
    /// What was set last, and by whom.
    pub(crate) configuration: Option<Configuration>,
    pub(crate) set_by: Party,
    /// What stood before the last category was set, for a system that refuses it.
    before_set: Option<BeforeSet>,
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
    /// The next call's answer or start was fulfilled before that deactivation came; no activation has come since.
    pub(crate) deactivation_crosses: bool,
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

/// What a refused category leaves as it was.
#[derive(Clone, Copy, Debug)]
struct BeforeSet {
    configuration: Option<Configuration>,
    by: Party,
    reset: bool,
    /// No category was set for certain.
    fresh: bool,
}

impl Session {
    pub(super) const fn new(whole: bool) -> Self {
        Self {
            states: if whole { StateSet::only(State::Fresh) } else { StateSet::ALL },
            configuration: None,
            set_by: Party::App,
            before_set: None,
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
            deactivation_crosses: false,
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
