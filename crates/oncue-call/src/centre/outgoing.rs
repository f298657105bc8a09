//! Outgoing calls: from the app's own screens, from contacts, Recents and Siri.

use super::{CALLS, Centre};
use crate::call::Call;
use crate::{AppCall, CallAction, Handle, NotDone, Notice, Output, Stage};
use oncue_session::{ActionKind, Event, Id, StartCallIntent};
use std::collections::HashSet;

impl Centre {
    /// The user wants to call somebody.
    pub(super) fn wants_to_call(
        &mut self,
        app: AppCall,
        to: Handle,
        contact: Option<String>,
        video: bool,
        intent: Option<StartCallIntent>,
    ) {
        if let Some(intent) = intent {
            self.tell(Event::StartCallIntent { intent });
            self.tell(Event::IntentAnswered { handled: true });
        }
        let refused = if self.is_withdrawn() {
            Some(NotDone::Withdrawn)
        } else if self.uuid(&app).is_some() || self.over.contains(&app) {
            Some(NotDone::NoCall)
        } else if self.calls.len() >= CALLS {
            Some(NotDone::NoGroupFree)
        } else {
            self.may_not_start(None, intent.is_some())
        };
        if let Some(why) = refused {
            let kind = ActionKind::Start;
            self.put(Output::Notice(Notice::NotDone { call: app, kind, why }));
            return;
        }
        let id = self.fresh_uuid();
        let (handed_over, shown) = (intent.is_some(), self.settings.update.clone());
        let call = Call::new(id, app, to.clone(), Stage::Requested);
        let call = Call { video, shown, handed_over, ..call };
        self.changes.push(call.state());
        self.calls.push(call);
        self.request(vec![CallAction::Start { call: id, handle: to, contact, video }]);
    }

    /// Why a call may not start now: from the background, unless the system handed it over (rule
    /// `no-outgoing-call-from-background`), or beside as many groups as fit, a call alone being one.
    fn may_not_start(&self, call: Option<Id>, handed_over: bool) -> Option<NotDone> {
        let others = self.calls.iter().filter(|other| Some(other.id) != call);
        let groups: HashSet<_> = others.map(|call| call.group.unwrap_or(call.id)).collect();
        if !self.foreground && !handed_over && self.live().is_empty() {
            Some(NotDone::InBackground)
        } else if groups.len() >= usize::from(self.settings.provider.maximum_call_groups) {
            Some(NotDone::NoGroupFree)
        } else {
            None
        }
    }

    /// A call that waited for the provider may be too late, as the app left the foreground or others came: the user is told.
    pub(super) fn may_still_start(&mut self, actions: &[CallAction]) -> bool {
        let &[CallAction::Start { call, .. }] = actions else { return true };
        let Some(known) = self.call(call) else { return false };
        let Some(why) = self.may_not_start(Some(call), known.handed_over) else { return true };
        let (app, kind) = (known.app.clone(), ActionKind::Start);
        self.put(Output::Notice(Notice::NotDone { call: app, kind, why }));
        self.forget(call);
        false
    }

    /// Reports that outgoing calls connect, once each, where the session is active for them.
    pub(super) fn report_connecting(&mut self) {
        let connecting = |call: &Call| call.outgoing && call.is_live() && !call.connecting_reported;
        for call in self
            .calls
            .iter()
            .filter(|call| connecting(call))
            .map(|call| call.id)
            .collect::<Vec<_>>()
        {
            if let Some(known) = self.call_mut(call) {
                known.connecting_reported = true;
            }
            self.put(Output::ReportConnecting { call });
        }
    }

    /// The far end of an outgoing call answered.
    pub(super) fn peer_answered(&mut self, call: Id) {
        let Some(known) = self.call_mut(call).filter(|known| known.outgoing) else { return };
        known.answered = true;
        let stage = known.stage;
        self.tell(Event::PeerAnswered { call });
        match stage {
            // It answered before the network said that it was dialled.
            Stage::Dialling => self.dialled(call),
            Stage::Connecting => self.connected(call),
            _ => {}
        }
    }

    /// An outgoing call was started and answered.
    pub(super) fn connected(&mut self, id: Id) {
        self.report_connecting();
        self.set_stage(id, Stage::Connected);
        self.put(Output::ReportConnected { call: id });
        self.start_audio();
    }
}
