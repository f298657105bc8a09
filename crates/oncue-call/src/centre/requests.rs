//! What the user wishes in the app's own screens becomes a transaction that the system is asked for, and comes back as
//! actions: the same path as from the system's screens.

use super::{CALLS, Centre};
use crate::{
    AppCall, CallAction, CallUpdate, Message, NotDone, Notice, Other, Output, Stage, Transaction,
    Wish,
};
use oncue_session::{ActionKind, Event, Id, Refusal};
use std::time::Duration;

/// How long after a provider was made a transaction may be requested, where nothing tells of its registration: a turn
/// of the main queue (rule `provider-registered-before-first-transaction`).
const TURN: Duration = Duration::from_millis(10);

/// How many transactions can be under way at once. Of one more nobody waits for the answer of the oldest that neither begins
/// nor ends one of the calls: of those there are two a call at most.
const ASKED: usize = 3 * CALLS;

/// Whether a call can be held, and taken back.
const HOLDS: fn(&CallUpdate) -> bool = |shown| shown.supports_holding;

/// A transaction that the system was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: Id,
    pub(super) actions: Vec<CallAction>,
}

impl Centre {
    pub(super) fn wished(&mut self, wish: Wish) {
        match wish {
            Wish::Start { call, to, contact, video, intent } => {
                self.wants_to_call(call, to, contact, video, intent);
            }
            Wish::Answer { call, other } => self.wants_to_answer(&call, other),
            Wish::End { call } => self.wants_to_end(&call),
            Wish::Hold { call, on_hold } => {
                let kind = if on_hold { ActionKind::Hold } else { ActionKind::Unhold };
                if let Some(call) = self.live_call(call, kind, HOLDS) {
                    self.request(vec![CallAction::SetHeld { call, on_hold }]);
                }
            }
            Wish::Swap { to } => {
                if let Some(to) = self.live_call(to, ActionKind::Unhold, HOLDS) {
                    let hold =
                        self.heard(to).map(|call| CallAction::SetHeld { call, on_hold: true });
                    let unhold = CallAction::SetHeld { call: to, on_hold: false };
                    self.request(hold.into_iter().chain([unhold]).collect());
                }
            }
            Wish::Mute { call, muted } => self.wants_to_mute(call, muted),
            Wish::Group { call, with: None } => {
                let can = |shown: &CallUpdate| shown.supports_ungrouping;
                if let Some(call) = self.live_call(call, ActionKind::Group, can) {
                    self.request(vec![CallAction::SetGroup { call, with: None }]);
                }
            }
            Wish::Group { call, with: Some(with) } => {
                let can = |shown: &CallUpdate| shown.supports_grouping;
                if let Some(with) = self.live_call(with, ActionKind::Group, can)
                    && let Some(call) = self.live_call(call, ActionKind::Group, can)
                {
                    self.request(vec![CallAction::SetGroup { call, with: Some(with) }]);
                }
            }
            Wish::Tones { call, digits, kind } => {
                if let Some(call) =
                    self.live_call(call, ActionKind::PlayTones, |shown| shown.supports_dtmf)
                {
                    self.request(vec![CallAction::PlayDtmf { call, digits, kind }]);
                }
            }
            Wish::Speaker { on } => {
                self.tell(Event::UserWantsSpeaker { on });
                self.override_output(on);
            }
            Wish::Translate { call, on, local, remote } => {
                let can = self.settings.provider.supports_audio_translation;
                if let Some(call) = self.live_call(call, ActionKind::Translate, |_| can) {
                    let translating = on;
                    self.request(vec![CallAction::SetTranslating {
                        call,
                        translating,
                        local,
                        remote,
                    }]);
                }
            }
        }
    }

    /// The call, if something can be done to it that only a live call takes, and that the system was told it can do; else the
    /// user is told.
    fn live_call(
        &self,
        app: AppCall,
        kind: ActionKind,
        can: impl Fn(&CallUpdate) -> bool,
    ) -> Option<Id> {
        let call = self.uuid(&app).and_then(|id| self.call(id));
        let why = match call {
            Some(call) if !call.is_live() => NotDone::Stage(call.stage),
            Some(call) if !can(&call.shown) => NotDone::NotDeclared,
            Some(call) => return Some(call.id),
            None => NotDone::NoCall,
        };
        self.put(Output::Notice(Notice::NotDone { call: app, kind, why }));
        None
    }

    /// The live call that is heard, other than `but`.
    fn heard(&self, but: Id) -> Option<Id> {
        let mut calls = self.calls.iter();
        calls.find(|call| call.is_live() && !call.held && call.id != but).map(|call| call.id)
    }

    fn wants_to_answer(&mut self, app: &AppCall, other: Other) {
        let Some(id) = self.uuid(app) else {
            let (call, kind, why) = (app.clone(), ActionKind::Answer, NotDone::NoCall);
            self.put(Output::Notice(Notice::NotDone { call, kind, why }));
            return;
        };
        self.tell(Event::UserAnswers { call: id });
        if other == Other::Hold
            && let Some(heard) = self.heard(id).and_then(|heard| self.call(heard))
            && self.live_call(heard.app.clone(), ActionKind::Hold, HOLDS).is_none()
        {
            return;
        }
        let Some(call) = self.call_mut(id) else { return };
        match call.stage {
            // Requests wait for the report's completion (rule `no-answer-before-report-completes`).
            Stage::Reporting if call.over.is_none() => call.answer = Some(other),
            Stage::Ringing => self.request_answer(id, other),
            _ => {}
        }
    }

    /// Asks the system to answer a call that it has, once.
    pub(super) fn request_answer(&mut self, call: Id, other: Other) {
        let asked = self.call_mut(call).map(|call| &mut call.answer_asked);
        if asked.is_none_or(|asked| std::mem::replace(asked, true)) {
            return;
        }
        let heard = self.heard(call);
        let first = match (other, heard) {
            (Other::End, Some(call)) => Some(CallAction::End { call }),
            (Other::Hold, Some(call)) => Some(CallAction::SetHeld { call, on_hold: true }),
            _ => None,
        };
        self.request(first.into_iter().chain([CallAction::Answer { call }]).collect());
    }

    fn wants_to_end(&mut self, app: &AppCall) {
        let Some(id) = self.uuid(app) else { return };
        self.tell(Event::UserEnds { call: id });
        let Some(call) = self.call_mut(id) else { return };
        if call.stage == Stage::Requested {
            self.do_not_start(id);
            return;
        }
        let first = !std::mem::replace(&mut call.hung_up, true);
        // It ends as soon as the system has it.
        if call.known && first {
            self.request_end(id);
        }
    }

    /// A start is not asked for any more; one that was asked for fails as soon as the system performs it.
    pub(super) fn do_not_start(&mut self, id: Id) {
        if self.waiting.iter().flatten().any(|action| action.call() == id) {
            self.forget(id);
        } else if let Some(call) = self.call_mut(id) {
            call.hung_up = true;
        }
    }

    /// Asks the system to end a call that it has.
    pub(super) fn request_end(&mut self, call: Id) {
        self.request(vec![CallAction::End { call }]);
    }

    fn wants_to_mute(&mut self, app: AppCall, muted: bool) {
        let Some(call) = self.uuid(&app) else {
            let (kind, why) = (ActionKind::Mute, NotDone::NoCall);
            self.put(Output::Notice(Notice::NotDone { call: app, kind, why }));
            return;
        };
        self.tell(Event::UserMutes { call, muted });
        if self.call(call).is_some_and(|call| call.is_live()) {
            self.request(vec![CallAction::SetMuted { call, muted }]);
        } else if let Some(call) = self.call_mut(call) {
            call.mute = Some(muted);
        }
    }

    /// Asks for actions together, as soon as the provider is registered.
    pub(super) fn request(&mut self, actions: Vec<CallAction>) {
        if self.provider_ready.is_some() {
            self.waiting.push(actions);
            return;
        }
        // The user ends one call for another: as long as that waits, the one goes on if the other ends.
        if let [CallAction::End { call }, CallAction::Answer { .. }] = actions[..] {
            self.tell(Event::UserEnds { call });
        }
        self.transactions += 1;
        let id = Id::named(&format!("t{}", self.transactions));
        if self.asked.len() == ASKED {
            let spared = |asked: &Asked| {
                let decides = |action: &CallAction| {
                    use ActionKind::{Answer, End, Start};
                    matches!(action.kind(), Start | Answer | End)
                        && self.call(action.call()).is_some()
                };
                asked.actions.iter().any(decides)
            };
            let place = self.asked.iter().position(|asked| !spared(asked));
            self.asked.remove(place.unwrap_or(0));
        }
        self.asked.push(Asked { id, actions: actions.clone() });
        self.put(Output::Request(Transaction { id, actions }));
    }

    /// What still waits for the provider is not asked for a call that is over; a transaction whose last action, which the
    /// others are for, is of that call is not asked for at all.
    pub(super) fn ask_nothing_of(&mut self, call: Id) {
        self.waiting.retain_mut(|actions| {
            let is_for_it = actions.last().is_some_and(|action| action.call() == call);
            actions.retain(|action| action.call() != call);
            !is_for_it && !actions.is_empty()
        });
    }

    /// The system took a transaction, or not: a refused one is never performed, none of its actions.
    pub(super) fn requested(&mut self, transaction: Id, result: Result<(), Refusal>) {
        let place = self.asked.iter().position(|asked| asked.id == transaction);
        let asked = place.map(|place| self.asked.remove(place));
        let Err(refusal) = result else {
            self.tell(Event::RequestSucceeded { transaction });
            return;
        };
        self.tell(Event::RequestRefused { transaction, code: refusal.code });
        let Some(asked) = asked else { return };
        let alone = asked.actions.len() == 1;
        for action in asked.actions {
            let (id, kind) = (action.call(), action.kind());
            let Some(call) = self.call_mut(id) else { continue };
            call.hung_up &= kind != ActionKind::End;
            call.answer_asked &= kind != ActionKind::Answer;
            let call = call.app.clone();
            if kind == ActionKind::Start {
                self.forget(id);
            } else if alone && refusal == NO_SUCH_CALL {
                self.lost(id);
            }
            let why = NotDone::Refused(refusal);
            self.put(Output::Notice(Notice::NotDone { call, kind, why }));
        }
        if refusal == NO_PROVIDER && !self.calls.iter().any(|call| call.known) {
            self.renew_provider();
        }
    }

    /// The system does not have the call (any more): the far end is told, and it is over.
    fn lost(&mut self, id: Id) {
        self.stop_ring_timer(id);
        if !self.other_is_live(id) {
            self.stop_audio();
        }
        self.send(id, Message::End);
        self.fail_actions_of(id);
        self.forget(id);
    }

    /// Makes a provider.
    pub(super) fn create_provider(&mut self) {
        self.providers += 1;
        let provider = Id::named(&format!("provider-{}", self.providers));
        self.provider = Some(provider);
        self.provider_ready = Some(self.now + TURN);
        self.put(Output::CreateProvider {
            provider,
            framework: self.settings.framework,
            configuration: self.settings.provider.clone(),
        });
    }

    /// Makes a new provider in the old one's place.
    pub(super) fn renew_provider(&mut self) {
        self.invalidate_provider();
        if !self.is_withdrawn() {
            self.create_provider();
        }
    }

    pub(super) fn invalidate_provider(&mut self) {
        self.provider_ready = None;
        if let Some(provider) = self.provider.take() {
            self.put(Output::InvalidateProvider { provider });
        }
    }

    pub(super) fn provider_began(&mut self) {
        let Some(provider) = self.provider else { return };
        self.tell(Event::ProviderBegan { provider });
        self.provider_is_ready();
    }

    /// Transactions may be requested now.
    pub(super) fn provider_is_ready(&mut self) {
        self.provider_ready = None;
        for actions in std::mem::take(&mut self.waiting) {
            if self.may_still_start(&actions) {
                self.request(actions);
            }
        }
    }
}

/// `CXErrorCodeRequestTransactionErrorUnknownCallUUID`.
const NO_SUCH_CALL: Refusal = Refusal::transaction(4);

/// `CXErrorCodeRequestTransactionErrorUnknownCallProvider`.
const NO_PROVIDER: Refusal = Refusal::transaction(2);
