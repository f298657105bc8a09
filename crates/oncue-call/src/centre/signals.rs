//! What server and far end say, and whether they can be heard.

use super::Centre;
use super::actions::Step;
use crate::{CallUpdate, Output, Signal};
use oncue_session::{Event, Id};

impl Centre {
    pub(super) fn signalled(&mut self, signal: Signal) {
        match signal {
            Signal::Invite { call, from, name, video } => self.invited(call, from, name, video),
            Signal::EndSent { call } => self.end_sent(&call),
            Signal::Dialled { call } => {
                if let Some(call) = self.uuid(&call) {
                    self.dialled(call);
                }
            }
            Signal::Ringing { call } => {
                if self.uuid(&call).is_some() {
                    self.report_connecting();
                }
            }
            Signal::Answered { call } => {
                if let Some(call) = self.uuid(&call) {
                    self.peer_answered(call);
                }
            }
            Signal::Joined { call } => {
                if let Some(call) = self.uuid(&call) {
                    self.joined(call);
                }
            }
            Signal::Ended { call, reason } => {
                if let Some(call) = self.uuid(&call) {
                    self.tell(Event::PeerEnded { call });
                    self.peer_ended(call, reason);
                }
            }
            Signal::Update { call, update } => {
                if let Some(call) = self.uuid(&call) {
                    self.shows(call, update);
                }
            }
        }
    }

    /// What is shown of a call changes, for what is reported of it later too.
    fn shows(&mut self, call: Id, update: CallUpdate) {
        if let Some(call) = self.call_mut(call) {
            call.video = update.has_video;
            if update.localized_caller_name.is_some() {
                call.name.clone_from(&update.localized_caller_name);
            }
            call.shown = update.clone();
        }
        self.put(Output::Update { call, update });
    }

    pub(super) fn signalling_ready(&mut self, ready: bool) {
        if ready {
            self.tell(Event::SignallingReady {});
        }
        self.signalling = ready;
        if ready {
            let waiting = self.open.iter().filter(|open| open.step == Step::Signalling);
            for action in waiting.map(|open| open.id).collect::<Vec<_>>() {
                self.configured(action);
            }
        }
    }
}
