//! Who speaks to whom in a flow, for its diagram.

use oncue_call::{Input, Output};
use std::time::Duration;

/// Who speaks or is spoken to, in the order of the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    User,
    Server,
    App,
    System,
    Audio,
}

impl Actor {
    pub(super) const ALL: [Self; 5] =
        [Self::User, Self::Server, Self::App, Self::System, Self::Audio];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "far end",
            Self::App => "app",
            Self::System => "call system",
            Self::Audio => "audio",
        }
    }
}

/// A message of the diagram.
pub(super) struct Arrow {
    pub(super) at: Duration,
    pub(super) from: Actor,
    pub(super) to: Actor,
    pub(super) text: String,
}

/// Who tells the app this; none where nobody would draw it.
pub(super) fn from(input: &Input) -> Option<Actor> {
    Some(match input {
        Input::Time => return None,
        Input::Signal(_) | Input::SignallingReady(_) | Input::Decided(_) => Actor::Server,
        Input::Wish(_) => Actor::User,
        Input::CategorySet(_)
        | Input::AudioStarted(_)
        | Input::ActiveSet(_)
        | Input::InterruptionBegan(_)
        | Input::InterruptionEnded { .. }
        | Input::MediaServicesLost
        | Input::MediaServicesReset => Actor::Audio,
        _ => Actor::System,
    })
}

/// Whom the app asks for this.
pub(super) fn to(output: &Output) -> Actor {
    match output {
        Output::Send { .. } => Actor::Server,
        Output::Notice(_) | Output::RingInApp { .. } | Output::StopRinging { .. } => Actor::User,
        Output::SetCategory(_)
        | Output::SetActive(_)
        | Output::PreferNoAlerts
        | Output::PrepareAudio { .. }
        | Output::StartAudio { .. }
        | Output::StopAudio { .. }
        | Output::DisposeAudio { .. }
        | Output::TellStack { .. }
        | Output::ApplyMute { .. }
        | Output::OverrideOutput(_)
        | Output::RestoreAudio => Actor::Audio,
        _ => Actor::System,
    }
}
