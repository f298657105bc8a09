//! Why the session lets no audio through, as far as its history tells: for who finds a direction silent and wants to
//! know the reason. It judges nothing and knows no signal.

use crate::facts::Facts;
use crate::guard::leads_to;
use crate::{Category, Effect, Guard, Permission, Rule, State};

/// The reason, in the session, for which a direction is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAudio {
    /// The media services are gone, or came back and the session was not set up again.
    #[error("the media services were lost")]
    MediaServicesLost,
    /// The session is interrupted.
    #[error("the session is interrupted")]
    Interrupted,
    /// The session was deactivated while input/output ran.
    #[error("the session was deactivated under running input/output")]
    Deactivated,
    /// The user has not allowed the microphone.
    #[error("the microphone is not permitted")]
    NotPermitted,
    /// The app broke a rule that leads to this silence.
    #[error("rule {0} was broken")]
    Rule(Rule),
    /// The category is none that captures and plays.
    #[error("the category is not PlayAndRecord")]
    NotPlayAndRecord,
    /// The session was never activated, or no longer is.
    #[error("the session is not active")]
    NotActivated,
    /// No route suits, or the device of the route is gone.
    #[error("there is no route")]
    NoRoute,
    /// Only playback was started.
    #[error("only playback was started")]
    PlaybackOnly,
    /// The microphone is muted.
    #[error("the microphone is muted")]
    Muted,
}

impl NoAudio {
    /// Why capture is silent in a state, if the state is the reason.
    pub const fn capture_in(state: State) -> Option<Self> {
        match state {
            State::Playing => Some(Self::PlaybackOnly),
            state => Self::playback_in(state),
        }
    }

    /// Why playback is silent in a state, if the state is the reason.
    pub const fn playback_in(state: State) -> Option<Self> {
        match state {
            State::Fresh => Some(Self::NotPlayAndRecord),
            State::Configured | State::AwaitingActivation | State::Resuming => {
                Some(Self::NotActivated)
            }
            State::Interrupted => Some(Self::Interrupted),
            State::MediaLost => Some(Self::MediaServicesLost),
            State::Active | State::Playing | State::Running => None,
        }
    }
}

impl Guard {
    /// Why nothing is captured, if what was told explains it: what the system did to the session first, then the rule
    /// that was broken, then what is missing still.
    pub fn why_no_capture(&self) -> Option<NoAudio> {
        let facts = &self.facts;
        let denied = facts.surroundings.permission == Some(Permission::Denied);
        let muted = facts.stack.muted == Some(true)
            || facts.calls.any_under_way(|call| call.is_live() && call.muted == Some(true));
        let state = facts.session.states.single();
        taken_away(facts)
            .or(denied.then_some(NoAudio::NotPermitted))
            .or_else(|| self.broken(Effect::Capture))
            .or_else(|| missing(facts))
            .or(state.and_then(NoAudio::capture_in))
            .or(muted.then_some(NoAudio::Muted))
    }

    /// Why nothing is played, likewise.
    pub fn why_no_playback(&self) -> Option<NoAudio> {
        let facts = &self.facts;
        let state = facts.session.states.single();
        taken_away(facts)
            .or_else(|| self.broken(Effect::Playback))
            .or_else(|| missing(facts))
            .or(state.and_then(NoAudio::playback_in))
    }

    /// The first root cause that leads to silence in this direction, itself or by what follows from it.
    fn broken(&self, direction: Effect) -> Option<NoAudio> {
        let silences = |rule: &Rule| {
            let rules = Rule::all().filter(|&next| next == *rule || leads_to(*rule, next));
            rules
                .flat_map(|rule| rule.declaration().effects)
                .any(|effect| matches!(effect, Effect::Both) || *effect == direction)
        };
        self.root_causes().iter().copied().find(silences).map(NoAudio::Rule)
    }
}

/// What the system took away, by its own word.
fn taken_away(facts: &Facts) -> Option<NoAudio> {
    if facts.session.is(State::MediaLost) || facts.session.lost_by_reset {
        Some(NoAudio::MediaServicesLost)
    } else if facts.session.is(State::Interrupted) || facts.session.interrupted {
        Some(NoAudio::Interrupted)
    } else if facts.units.any(|unit| unit.ran_at_deactivation) {
        Some(NoAudio::Deactivated)
    } else {
        None
    }
}

/// What is not as it has to be, in whatever state.
fn missing(facts: &Facts) -> Option<NoAudio> {
    let category = facts.session.configuration.map(|set| set.category);
    if category.is_some_and(|category| category != Category::PlayAndRecord) {
        Some(NoAudio::NotPlayAndRecord)
    } else if facts.session.is_inactive() {
        let state = facts.session.states.single();
        state.and_then(NoAudio::playback_in).or(Some(NoAudio::NotActivated))
    } else if facts.units.no_route {
        Some(NoAudio::NoRoute)
    } else {
        None
    }
}
