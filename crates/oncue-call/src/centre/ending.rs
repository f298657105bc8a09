//! How calls end: by the far end, by the user, by the app, by the system's reset. Each call ends once.

use super::Centre;
use super::waits::Awaited;
use crate::{AppCall, Message, Order, Output, Stage};
use oncue_session::{ActionKind, EndedReason, Event, Id};

impl Centre {
    /// The far end, the network or another device ended a call.
    pub(super) fn peer_ended(&mut self, id: Id, reason: EndedReason) {
        let starts = self.is_open(id, ActionKind::Start);
        let Some(call) = self.call_mut(id) else { return };
        match call.stage {
            // The system does not have it yet: it is told as soon as it does.
            Stage::Reporting => {
                call.over.get_or_insert(reason);
                // An action that came before the completion is for a call that is over.
                self.fail_actions_of(id);
            }
            Stage::Requested => self.do_not_start(id),
            // A start that fails needs no report; one that timed out does.
            Stage::Dialling if starts => {
                self.fail_actions_of(id);
                self.forget(id);
            }
            _ => self.report_end(id, reason),
        }
    }

    /// Ends a call for the app's own reason: the far end is told, and the system.
    pub(super) fn end_for_the_app(&mut self, id: Id, reason: EndedReason) {
        self.send(id, Message::End);
        self.peer_ended(id, reason);
    }

    /// Ends a call that failed.
    pub(super) fn fail_call(&mut self, id: Id) {
        self.end_for_the_app(id, EndedReason::Failed);
    }

    /// Reports the end of a call that the system has.
    pub(super) fn report_end(&mut self, id: Id, reason: EndedReason) {
        self.stop_ring_timer(id);
        self.stop_for_end(id);
        // A server's limit that crossed the answer does not make the call unanswered.
        let answered =
            self.call(id).is_some_and(|call| call.answered || call.stage == Stage::Connected);
        let reason = match reason {
            EndedReason::Unanswered if answered => EndedReason::RemoteEnded,
            reason => reason,
        };
        self.put(Output::ReportEnded { call: id, reason });
        // An answer that crossed the report is failed.
        self.fail_actions_of(id);
        self.forget(id);
    }

    /// The system asks to end a call: the user hung up or declined, here or there.
    pub(super) fn perform_end(&mut self, action: Id, id: Id) {
        let Some(call) = self.call(id) else {
            // The wish is met already (rule `unknown-uuid-fails-the-action`).
            self.put(Output::Fulfill { action });
            return;
        };
        let (app, over) = (call.app.clone(), call.over.is_some());
        self.stop_ring_timer(id);
        self.stop_for_end(id);
        if !over {
            // Once the action is fulfilled the app may be put to sleep before the message has left.
            if !self.foreground && !self.background_tasks.contains(&app) {
                if self.background_tasks.is_empty() {
                    self.put(Output::BeginBackgroundTask);
                }
                self.background_tasks.push(app);
            }
            self.send(id, Message::End);
        }
        self.put(Output::Fulfill { action });
        self.fail_actions_of(id);
        self.forget(id);
    }

    /// The hang-up has left the device.
    pub(super) fn end_sent(&mut self, app: &AppCall) {
        let waited = !self.background_tasks.is_empty();
        self.background_tasks.retain(|task| task != app);
        if waited && self.background_tasks.is_empty() {
            self.put(Output::EndBackgroundTask);
        }
    }

    /// Apple stops before the last live call ends, QQ after the deactivation.
    fn stop_for_end(&mut self, id: Id) {
        let live = self.call(id).is_some_and(|call| call.is_live());
        let first = self.settings.order == Order::Apple || self.activates();
        if live && first && !self.other_is_live(id) {
            self.stop_audio();
        }
    }

    /// The call is over: nothing of it is left but its app's id, for a late push.
    pub(super) fn forget(&mut self, id: Id) {
        let Some(place) = self.calls.iter().position(|call| call.id == id) else { return };
        let call = self.calls.remove(place);
        let was_live = call.is_live();
        self.settle_groups();
        self.ask_nothing_of(id);
        self.changes.push(call.over());
        self.over.remember(call.app);
        if self.live().is_empty() {
            self.awaits = Awaited::default();
            (self.speaker, self.speaker_lost) = (false, false);
            if self.leave_the_attempt() {
                self.put(Output::RestoreAudio);
            }
            // The next call tries anew, in a session that may stay active.
            self.silent = false;
            if was_live || self.audio.is_active() {
                self.release();
            }
        } else {
            self.wait_for_no_held_call();
        }
        self.mute_as_heard();
        self.settle();
    }

    /// The call system lost all calls of the app.
    pub(super) fn provider_reset(&mut self) {
        self.tell(Event::ProviderReset {});
        self.audio.provider_did_reset();
        self.stop_audio();
        self.activated = false;
        self.lose_audio();
        // Nobody waits for the actions and requests of before.
        self.open.clear();
        self.asked.clear();
        // The completion of a report need not come any more; its push's is the app's to call.
        for push in std::mem::take(&mut self.reports).into_iter().filter_map(|it| it.push) {
            self.put(Output::CompletePush { push });
        }
        self.awaits = Awaited::default();
        self.silent = false;
        for id in self.calls.iter().map(|call| call.id).collect::<Vec<_>>() {
            self.send(id, Message::End);
            self.stop_ring_timer(id);
            self.forget(id);
        }
        if self.settings.new_provider_after_reset {
            self.renew_provider();
        }
    }
}
