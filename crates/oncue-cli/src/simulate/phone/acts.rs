//! What happens of itself in a flow, and what that is to the phone.

use super::{Calls, Phone};
use crate::simulate::arrows::{Actor, Arrow};
use crate::simulate::flows::{Act, Kind};
use oncue_call::integration::CallUi;
use oncue_call::{CallAction, CallState, Handle, Input, Other, Push, PushKind, Signal, Wish};
use oncue_session::{Id, StartCallIntent};

/// What the observer says of another app's call.
fn other(has_connected: bool, has_ended: bool) -> Input {
    let (id, outgoing, on_hold) = (Id::named("X"), false, false);
    Input::OtherCall(CallState::of_another_app(id, outgoing, on_hold, has_connected, has_ended))
}

/// What the user taps on the system's screens, and for which of the app's calls.
type Tap = (u64, fn(Id) -> CallAction);

impl Phone {
    pub(super) fn acts(&mut self, act: Act) {
        let cancelled = PushKind::Cancelled(oncue_session::EndedReason::RemoteEnded);
        let wish = |wish| Input::Wish(wish);
        let calls = |call: u64, intent| {
            let (call, to, video) = (call.into(), Handle::generic("bob"), false);
            Input::Wish(Wish::Start { call, to, contact: None, video, intent })
        };
        match act {
            Act::Push(call) => self.push(call, PushKind::Calls),
            Act::CancelledPush(call) => self.push(call, cancelled),
            Act::ExpiredPush(call) => self.push(call, PushKind::Expired),
            Act::Invites(call) => {
                let (from, name, video) = (Handle::generic("alice"), None, false);
                self.tell(Input::Signal(Signal::Invite { call: call.into(), from, name, video }));
            }
            Act::PeerAnswers(call) => {
                self.tell(Input::Signal(Signal::Answered { call: call.into() }));
            }
            Act::PeerEnds(call, reason) => {
                // What the user does in the same moment is on its way already.
                self.tell(Input::Signal(Signal::Ended { call: call.into(), reason }));
            }
            Act::AnswersOnScreen(call) => {
                match self.id(call) {
                    Some(_) => {
                        self.on_screen(
                            &format!("answers {call}"),
                            &[(call, |call| CallAction::Answer { call })],
                        );
                    }
                    // It crossed the end of the call.
                    None => self.perform(20, CallAction::Answer { call: Id::named("A") }, None),
                }
            }
            Act::EndsOnScreen(call) => {
                self.on_screen(&format!("ends {call}"), &[(call, |call| CallAction::End { call })]);
            }
            Act::EndsAndAnswersOnScreen(ends, answers) => self.on_screen(
                &format!("ends {ends}, answers {answers}"),
                &[
                    (ends, |call| CallAction::End { call }),
                    (answers, |call| CallAction::Answer { call }),
                ],
            ),

            Act::TapsRecents(call) => self.tell(calls(call, Some(StartCallIntent::Call))),
            Act::Answers(call) => {
                self.tell(wish(Wish::Answer { call: call.into(), other: Other::Keep }));
            }
            Act::HoldsAndAnswers(call) => {
                self.tell(wish(Wish::Answer { call: call.into(), other: Other::Hold }));
            }
            Act::Ends(call) => self.tell(wish(Wish::End { call: call.into() })),
            Act::Mutes(call) => self.tell(wish(Wish::Mute { call: call.into(), muted: true })),
            Act::SwapsTo(call) => self.tell(wish(Wish::Swap { to: call.into() })),
            Act::TakesBack(call) => {
                self.tell(wish(Wish::Hold { call: call.into(), on_hold: false }));
            }
            Act::OtherTakesOver(call) => {
                self.tell(other(false, false));
                self.on_screen(
                    &format!("holds {call}, answers another app's call"),
                    &[(call, |call| CallAction::SetHeld { call, on_hold: true })],
                );
                self.comes(60, Input::InterruptionBegan(None));
                self.comes(90, Input::DidDeactivate);
                self.comes(120, other(true, false));
            }
            Act::UserEndsOther(call) => {
                self.on_screen(
                    "ends the other app's call",
                    &[(call, |call| CallAction::SetHeld { call, on_hold: false })],
                );
                self.comes(10, other(true, true));
                self.comes(400, Input::DidActivate);
            }
            Act::PeerEndsOther => {
                let text = "the other app's call ends".to_owned();
                let (at, from, to) = (self.now, Actor::Server, Actor::System);
                self.arrows.push(Arrow { at, from, to, text });
                self.comes(10, other(true, true));
            }
            Act::Interrupted => self.tell(Input::InterruptionBegan(None)),
            Act::InterruptionEnds => {
                self.tell(Input::InterruptionEnded { should_resume: true });
                if self.kind != Kind::NoCallSystem {
                    self.comes(100, Input::DidActivate);
                }
            }
            Act::MediaServicesDie => self.tell(Input::MediaServicesLost),
            Act::MediaServicesAreBack => {
                self.tell(Input::MediaServicesReset);
                self.comes(300, Input::DidActivate);
            }
            Act::ProviderReset => {
                self.known.clear();
                self.performing.clear();
                self.active = false;
                self.tell(Input::ProviderReset);
                self.comes(40, Input::ProviderBegan);
            }
            Act::Withdrawn => self.tell(Input::Decided(CallUi::InApp)),
            Act::Locked => self.tell(Input::Unlocked(false)),
            Act::SignallingDown => self.tell(Input::SignallingReady(false)),
            Act::SignallingUp => self.tell(Input::SignallingReady(true)),
        }
    }

    /// What a call is to the system, by the app's id.
    fn id(&self, app: u64) -> Option<Id> {
        match &self.calls {
            Calls::Centre(centre) => centre.uuid(&app.into()),
            Calls::InApp(_) => None,
        }
    }

    /// The user does something on the system's screens.
    fn on_screen(&mut self, text: &str, acts: &[Tap]) {
        let (at, text) = (self.now, text.to_owned());
        self.arrows.push(Arrow { at, from: Actor::User, to: Actor::System, text });
        let transaction = (acts.len() > 1).then(|| self.name("x"));
        if let Some(transaction) = transaction {
            self.tell(Input::Execute { transaction });
        }
        for (place, &(app, action)) in (1..).zip(acts) {
            if let Some(call) = self.id(app) {
                self.perform(20 + 200 * (place - 1), action(call), transaction);
            }
        }
    }

    fn push(&mut self, call: u64, kind: PushKind) {
        let (id, from) = (self.name("p"), Handle::generic("alice"));
        let (call, name, video, must_report) = (call.into(), None, false, None);
        self.tell(Input::Push(Push { id, call, from, name, video, kind, must_report }));
    }
}
