//! Android's side: Telecom, the audio mode, streams and services.

use super::Seen;
use alloc::vec::Vec;
use oncue_platform::{Event, EventKind, Id};

/// How many connections are remembered at most; the oldest goes first.
const REMEMBERED: usize = 8;

/// What is known of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) call: Id,
    /// Whether Telecom has made it active; unknown where it was not seen to come, nor asked for that.
    pub(crate) active: Option<bool>,
    pub(crate) voip_mode: Option<bool>,
    /// Its CAPABILITY_HOLD; only a self-managed connection has one, Core-Telecom has not.
    pub(crate) can_hold: Option<bool>,
}

/// What is known of Android's side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telecom {
    connections: Vec<Connection>,
    /// Whether the app uses Telecom.
    pub(crate) is_used: bool,
    pub(crate) account: bool,
    /// Whether the input of a duplex pair was started in this call.
    pub(crate) input_runs: bool,
    pub(crate) microphone_service: bool,
    pub(crate) cellular_call: bool,
    /// Whether a call's media runs.
    pub(crate) media: bool,
}

/// The kinds of events that it learns from.
pub(super) const LEARNS_FROM: &[EventKind] = &[
    EventKind::ReportEnded,
    EventKind::SendEnd,
    EventKind::PeerEnded,
    EventKind::RegisterPhoneAccount,
    EventKind::AddIncomingCall,
    EventKind::AskTelecom,
    EventKind::TelecomSucceeded,
    EventKind::TelecomFailed,
    EventKind::SetVoipAudioMode,
    EventKind::SetCapabilities,
    EventKind::StartMedia,
    EventKind::StartInput,
    EventKind::StartForegroundService,
    EventKind::CellularCall,
];

impl Telecom {
    pub(super) fn new() -> Self {
        Self { connections: Vec::with_capacity(REMEMBERED), ..Self::default() }
    }

    pub(crate) fn get(&self, call: Id) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.call == call)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter()
    }

    fn known(&mut self, call: Id) -> &mut Connection {
        self.is_used = true;
        let place = self.connections.iter().position(|connection| connection.call == call);
        let place = place.unwrap_or_else(|| {
            if self.connections.len() == REMEMBERED {
                self.connections.remove(0);
            }
            self.connections.push(Connection {
                call,
                active: None,
                voip_mode: None,
                can_hold: None,
            });
            self.connections.len() - 1
        });
        &mut self.connections[place]
    }

    #[inline(always)]
    pub(super) fn learn(&mut self, seen: &Seen<'_>) {
        match *seen.event {
            Event::RegisterPhoneAccount {} => (self.account, self.is_used) = (true, true),
            Event::AddIncomingCall { call } => {
                self.known(call).active = Some(false);
            }
            Event::AskTelecom { call } | Event::TelecomFailed { call } => {
                self.known(call).active = Some(false);
            }
            Event::TelecomSucceeded { call } => self.known(call).active = Some(true),
            Event::SetVoipAudioMode { call, on } => self.known(call).voip_mode = Some(on),
            Event::SetCapabilities { call, hold, .. } => self.known(call).can_hold = Some(hold),
            Event::StartMedia { .. } => self.media = true,
            Event::StartInput {} => self.input_runs = true,
            Event::StartForegroundService { microphone } => self.microphone_service |= microphone,
            Event::CellularCall { active } => self.cellular_call = active,
            Event::ReportEnded { .. } | Event::PeerEnded { .. } | Event::SendEnd { .. } => {
                (self.media, self.input_runs) = (false, false);
            }
            _ => {}
        }
    }
}
