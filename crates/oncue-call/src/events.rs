//! What is done, in the words that a guard and a trace know.

use crate::{Message, Output};
use oncue_session::{Directions, Event};

impl Output {
    /// The events that doing this is, in their order.
    pub fn events(&self, mut tell: impl FnMut(Event)) {
        match self {
            Self::CreateProvider { provider, framework, configuration } => {
                let provider = *provider;
                tell(Event::CreateProvider { provider, framework: Some(*framework) });
                tell(Event::SetDelegate { provider });
                tell(configured(provider, configuration));
            }
            Self::ConfigureProvider { provider, configuration } => {
                tell(configured(*provider, configuration));
            }
            Self::InvalidateProvider { provider } => {
                tell(Event::InvalidateProvider { provider: *provider });
            }
            Self::RegisterForPushes => {
                tell(Event::CreateRegistry {});
                tell(Event::SetRegistryDelegate {});
                tell(Event::RequestVoipPushes {});
            }
            Self::CompletePush { push } => tell(Event::CompletePush { push: *push }),
            Self::ReportIncoming { call, update } => {
                tell(Event::ReportIncoming { call: *call, video: Some(update.has_video) });
            }
            Self::ReportConnecting { call } => tell(Event::ReportConnecting { call: *call }),
            Self::ReportConnected { call } => tell(Event::ReportConnected { call: *call }),
            Self::ReportEnded { call, reason } => {
                tell(Event::ReportEnded { call: *call, reason: *reason });
            }
            Self::Request(transaction) => {
                for action in &transaction.actions {
                    let video = match action {
                        crate::CallAction::Start { video, .. } => Some(*video),
                        _ => None,
                    };
                    let (kind, call) = (action.kind(), action.call());
                    tell(Event::Request { transaction: transaction.id, kind, call, video });
                }
            }
            Self::LeaveToActions { transaction } => {
                tell(Event::ExecuteTransaction { transaction: *transaction, handled: false });
            }
            Self::Fulfill { action } | Self::FulfillTranslation { action, .. } => {
                tell(Event::Fulfill { action: *action });
            }
            Self::Fail { action } => tell(Event::Fail { action: *action }),
            Self::SetCategory(configuration) => tell(Event::SetCategory {
                category: configuration.category,
                mode: Some(configuration.mode),
                options: Some(configuration.options),
                through_proxy: None,
            }),
            Self::SetActive(active) => tell(Event::SetActive { active: *active }),
            Self::PreferNoAlerts => tell(Event::PreferNoAlerts { on: true }),
            Self::PrepareAudio { unit } => make(*unit, &mut tell),
            Self::StartAudio { unit, prepared, directions, .. } => {
                if !prepared {
                    make(*unit, &mut tell);
                }
                let playback_only = (*directions == Directions::Playback).then_some(true);
                tell(Event::StartUnit { unit: *unit, playback_only });
            }
            Self::StopAudio { unit } => tell(Event::StopUnit { unit: *unit }),
            Self::DisposeAudio { unit } => tell(Event::DisposeUnit { unit: *unit }),
            Self::TellStack { active } => tell(Event::TellStack { active: *active }),
            Self::ApplyMute { muted } => tell(Event::ApplyMute { muted: *muted }),
            Self::OverrideOutput(port) => tell(Event::OverrideOutput { port: *port }),
            Self::Send { id: Some(call), message, .. } => {
                let call = *call;
                match message {
                    Message::Dial { .. } => tell(Event::SendDial { call }),
                    Message::Accept => tell(Event::SendAccept { call }),
                    Message::End | Message::Refuse(_) => tell(Event::SendEnd { call }),
                    Message::Hold(_) | Message::Tones { .. } => {}
                }
            }
            Self::BeginBackgroundTask => tell(Event::BeginBackgroundTask {}),
            Self::EndBackgroundTask => tell(Event::EndBackgroundTask {}),
            // No rule looks at these.
            Self::Update { .. }
            | Self::StopPushes
            | Self::RingInApp { .. }
            | Self::StopRinging { .. }
            | Self::RestoreAudio
            | Self::Send { id: None, .. }
            | Self::Notice(_) => {}
        }
    }
}

fn configured(provider: oncue_session::Id, configuration: &crate::ProviderConfiguration) -> Event {
    let types = configuration.supported_handle_types.len();
    Event::ConfigureProvider {
        provider,
        max_groups: Some(configuration.maximum_call_groups),
        handle_types: Some(u8::try_from(types).unwrap_or(u8::MAX)),
    }
}

fn make(unit: oncue_session::Id, tell: &mut impl FnMut(Event)) {
    tell(Event::CreateUnit { unit, voice_processing: Some(true) });
    tell(Event::InitializeUnit { unit, rate_hz: None });
}
