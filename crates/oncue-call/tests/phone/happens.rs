//! What can happen in a story, and what it is to the phone: what cannot happen as things stand does not.

use super::{OnPhone, PROMPT, Phone};
use oncue_call::integration::CallUi;
use oncue_call::*;
use oncue_session::{EndedReason, Event, Id, Refusal, StartCallIntent};
use std::time::Duration;

/// What happens next. What cannot happen as things stand does not.
#[derive(Clone, Debug)]
pub(crate) enum Happens {
    Push {
        call: u64,
        kind: PushKind,
        must_report: Option<bool>,
    },
    Signal(Said, u64),
    Wish(Wished, u64, u64),
    /// The phone completes the oldest report, or refuses it with this code.
    Reports(Option<i32>),
    /// The phone takes the oldest transaction, or refuses it.
    Takes(bool),
    /// The phone performs what it took next.
    Performs,
    /// The user does something on the system's screens.
    OnScreen(Screen, u64),
    TimesOut,
    CategorySet(bool),
    AudioStarted(bool),
    Activates,
    ActivatesAgain,
    /// The app's own activation is refused.
    ActiveRefused,
    Deactivates,
    Interrupts,
    InterruptionEnds,
    MediaLost,
    MediaReset,
    ProviderReset,
    Foreground(bool),
    Signalling(bool),
    Locked(bool),
    Decided(CallUi),
    /// The observer tells of another app's call.
    OtherCall {
        call: u64,
        on_hold: bool,
        has_connected: bool,
        has_ended: bool,
    },
    /// From now on the phone activates nothing.
    ActivatesNoMore,
    Waits(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    Invites,
    Dialled,
    Rings,
    Answers,
    Joined,
    Ends(EndedReason),
    EndSent,
    InvitesToVideo,
    /// What is shown of the call changes: with video, or without.
    Updates(bool),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wished {
    Start,
    Redial,
    Answer(Other),
    End,
    Hold(bool),
    Swap,
    Mute(bool),
    Group(bool),
    Tones,
    Translate,
    Speaker(bool),
    StartVideo,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    Answers,
    EndsAndAnswers,
    Ends,
    Holds(bool),
    Mutes(bool),
    Groups(bool),
    PlaysTones,
    AsksOfNobody,
}

impl Phone {
    pub(crate) fn happens(&mut self, happens: Happens) {
        use Happens as H;
        match happens {
            H::Push { call, kind, must_report } => {
                let id = Id::named(&format!("push-{}", self.number()));
                let from = Handle::generic("alice");
                self.reported_in_this_turn = false;
                self.pushes.insert(id);
                let (call, name, video) = (AppCall::from(call), None, false);
                let push = Push { id, call, from, name, video, kind, must_report };
                self.tell(Input::Push(push));
                let free = must_report == Some(false) && !self.reported_in_this_turn;
                assert!(free || self.reported_in_this_turn, "{id} is not reported");
                self.player.see(Event::PushReturned { push: id });
            }
            H::Signal(said, call) => {
                self.video |= matches!(said, Said::InvitesToVideo | Said::Updates(true));
                let call = AppCall::from(call);
                self.tell(Input::Signal(match said {
                    Said::Invites | Said::InvitesToVideo => {
                        let video = matches!(said, Said::InvitesToVideo);
                        let (from, name) = (Handle::generic("alice"), None);
                        Signal::Invite { call, from, name, video }
                    }
                    Said::Dialled => Signal::Dialled { call },
                    Said::Rings => Signal::Ringing { call },
                    Said::Answers => Signal::Answered { call },
                    Said::Joined => Signal::Joined { call },
                    Said::Ends(reason) => Signal::Ended { call, reason },
                    Said::EndSent => Signal::EndSent { call },
                    Said::Updates(has_video) => {
                        let mut update = CallUpdate::default();
                        update.has_video = has_video;
                        Signal::Update { call, update }
                    }
                }));
            }
            H::Wish(wished, call, with) => {
                // Outgoing calls have numbers of their own.
                let new = AppCall::from(100 + self.number());
                let (call, with) = (self.app(call), self.app(with));
                let (to, video) = (Handle::generic("bob"), matches!(wished, Wished::StartVideo));
                self.video |= video;
                self.tell(Input::Wish(match wished {
                    Wished::Start | Wished::StartVideo | Wished::Redial => {
                        let redials = matches!(wished, Wished::Redial);
                        let intent = redials.then_some(StartCallIntent::Call);
                        Wish::Start { call: new, to, contact: None, video, intent }
                    }
                    Wished::Answer(other) => Wish::Answer { call, other },
                    Wished::End => Wish::End { call },
                    Wished::Hold(on_hold) => Wish::Hold { call, on_hold },
                    Wished::Swap => Wish::Swap { to: call },
                    Wished::Mute(muted) => Wish::Mute { call, muted },
                    Wished::Group(group) => Wish::Group { call, with: group.then_some(with) },
                    Wished::Tones => {
                        Wish::Tones { call, digits: "1".to_owned(), kind: DtmfType::SoftPause }
                    }
                    Wished::Translate => {
                        Wish::Translate { call, on: true, local: "en".into(), remote: "fr".into() }
                    }
                    Wished::Speaker(on) => Wish::Speaker { on },
                }));
            }
            H::Reports(refused) => {
                let Some(call) = self.reports.pop_front() else { return };
                let result = if self.find(call).is_some() {
                    Err(Refusal::incoming(2))
                } else if self.ended.contains(&call) {
                    // The phone forgot it; a report that was on its way is of no use.
                    Err(Refusal::incoming(2))
                } else {
                    refused.map_or(Ok(()), |code| Err(Refusal::incoming(code)))
                };
                if result.is_ok() {
                    let (outgoing, live, held) = (false, false, false);
                    self.calls.push(OnPhone { id: call, outgoing, live, held });
                }
                self.tell(Input::Reported { call, result });
            }
            H::Takes(takes) => {
                let Some(transaction) = self.requests.pop_front() else { return };
                let unknown = transaction.actions.iter().any(|action| {
                    !matches!(action, CallAction::Start { .. })
                        && self.find(action.call()).is_none()
                });
                let result = match takes {
                    _ if unknown => Err(Refusal::transaction(4)),
                    true => Ok(()),
                    false => Err(Refusal::transaction(6)),
                };
                let id = transaction.id;
                if result.is_ok() {
                    self.taken.extend(transaction.actions.into_iter().map(|action| (action, id)));
                }
                self.tell(Input::Requested { transaction: id, result });
            }
            H::Performs => {
                let Some((action, transaction)) = self.taken.pop_front() else { return };
                let starts = matches!(action, CallAction::Start { .. });
                if starts || self.find(action.call()).is_some() {
                    self.perform(action, Some(transaction));
                }
            }
            H::OnScreen(screen, number) => self.on_screen(screen, number),
            H::TimesOut => {
                if self.performing.is_empty() {
                    return;
                }
                let (action, what) = self.performing.remove(0);
                if matches!(what, CallAction::Answer { .. } | CallAction::Start { .. }) {
                    self.over(what.call());
                }
                self.tell(Input::TimedOut { action });
            }
            H::CategorySet(ok) => {
                if self.categories > 0 {
                    self.categories -= 1;
                    let ok = ok && !self.media_lost;
                    let refusal = Refusal::session(if self.media_lost { b"msrv" } else { b"!pri" });
                    self.tell(Input::CategorySet(if ok { Ok(()) } else { Err(refusal) }));
                }
            }
            H::AudioStarted(ok) => {
                if self.starts > 0 {
                    self.starts -= 1;
                    let refused = Err(Refusal::unit(-66_637));
                    // Only the last start can have failed.
                    let ok = ok || self.starts > 0;
                    if !ok {
                        self.runs = None;
                    }
                    self.tell(Input::AudioStarted(if ok { Ok(()) } else { refused }));
                }
            }
            H::Activates => {
                self.categories_are_set();
                if self.own {
                    if self.activations > 0 {
                        self.activations -= 1;
                        self.active = !self.media_lost && !self.activates_nothing;
                        let refused = Err(Refusal::session(b"msrv"));
                        self.tell(Input::ActiveSet(if self.active { Ok(()) } else { refused }));
                        if self.active {
                            self.tell(Input::DidActivate);
                        }
                    }
                } else if std::mem::take(&mut self.activation_due)
                    && !self.media_lost
                    && !self.activates_nothing
                {
                    (self.active, self.interrupted) = (true, false);
                    self.deactivation_due = false;
                    self.tell(Input::DidActivate);
                }
            }
            H::ActivatesAgain => {
                self.categories_are_set();
                if self.active && !self.media_lost && !self.deactivation_due {
                    self.tell(Input::DidActivate);
                }
            }
            H::ActiveRefused => {
                if self.activations > 0 {
                    self.activations -= 1;
                    self.tell(Input::ActiveSet(Err(Refusal::session(b"!pri"))));
                }
            }
            H::Deactivates => {
                if std::mem::take(&mut self.deactivation_due) && !self.own {
                    self.active = false;
                    self.activation_due |= self.calls.iter().any(|call| call.live && !call.held);
                    self.tell(Input::DidDeactivate);
                }
            }
            H::Interrupts => {
                if self.active && !self.media_lost {
                    (self.active, self.interrupted) = (false, true);
                    self.activation_due = self.calls.iter().any(|call| call.live && !call.held);
                    self.tell(Input::InterruptionBegan(None));
                }
            }
            H::InterruptionEnds => {
                if std::mem::take(&mut self.interrupted) {
                    self.tell(Input::InterruptionEnded { should_resume: true });
                }
            }
            H::MediaLost => {
                // What setActive returned is told before what the system does next.
                while self.activations > 0 {
                    self.happens(H::ActiveRefused);
                }
                if !std::mem::replace(&mut self.media_lost, true) {
                    (self.active, self.activation_due, self.deactivation_due) =
                        (false, false, false);
                    self.tell(Input::MediaServicesLost);
                }
            }
            H::MediaReset => {
                if std::mem::take(&mut self.media_lost) {
                    self.activation_due = self.calls.iter().any(|call| call.live && !call.held);
                    self.tell(Input::MediaServicesReset);
                }
            }
            H::ProviderReset => {
                self.calls.clear();
                self.taken.clear();
                self.performing.clear();
                self.requests.clear();
                self.reports.clear();
                (self.activation_due, self.deactivation_due) = (false, self.active);
                self.tell(Input::ProviderReset);
                self.tell(Input::ProviderBegan);
            }
            H::Foreground(foreground) => self.tell(Input::Foreground(foreground)),
            H::Signalling(ready) => self.tell(Input::SignallingReady(ready)),
            // There is one first unlock, and it is behind every call that was not locked.
            H::Locked(true) if !self.begun.is_empty() => {}
            H::Locked(locked) => self.tell(Input::Unlocked(!locked)),
            // The guard knows one owner.
            H::Decided(ui) if !self.own => self.tell(Input::Decided(ui)),
            H::Decided(_) => {}
            H::OtherCall { call, on_hold, has_connected, has_ended } => {
                let id = Id::named(&format!("other-{call}"));
                self.tell(Input::OtherCall(CallState::of_another_app(
                    id,
                    false,
                    on_hold,
                    has_connected,
                    has_ended,
                )));
            }
            H::ActivatesNoMore => self.activates_nothing = true,
            H::Waits(ms) => {
                let time = Duration::from_millis(ms);
                if time >= PROMPT {
                    self.answers();
                }
                self.wait(time);
            }
        }
    }

    /// What setCategory returned is told before what the system does next.
    fn categories_are_set(&mut self) {
        while self.categories > 0 {
            self.happens(Happens::CategorySet(true));
        }
    }

    /// Whatever the app asked is answered.
    pub(super) fn answers(&mut self) {
        use Happens as H;
        while !self.reports.is_empty() {
            self.happens(H::Reports(None));
        }
        // An answer may lead to the next question.
        while self.categories + self.starts > 0 || self.own && self.activations > 0 {
            self.happens(H::CategorySet(true));
            if self.own {
                self.happens(H::Activates);
            }
            self.happens(H::AudioStarted(true));
        }
    }

    /// What the phone asks of a call, if it has it and that makes sense on its screens.
    fn on_screen(&mut self, screen: Screen, number: u64) {
        let place = usize::try_from(number).unwrap();
        let ringing: Vec<_> = self
            .calls
            .iter()
            .filter(|call| !call.live && !call.outgoing)
            .map(|call| call.id)
            .collect();
        let live: Vec<_> = self.calls.iter().filter(|call| call.live).cloned().collect();
        let busy = |call: Id| self.performing.iter().any(|(_, action)| action.call() == call);
        let ringing =
            ringing.get(place % ringing.len().max(1)).copied().filter(|&call| !busy(call));
        let call = live.get(place % live.len().max(1)).cloned().filter(|call| !busy(call.id));
        let transaction = Id::named(&format!("x{}", self.number()));
        match (screen, ringing, call) {
            (Screen::Answers, Some(call), _) => self.perform(CallAction::Answer { call }, None),
            (Screen::EndsAndAnswers, Some(call), Some(other)) => {
                self.tell(Input::Execute { transaction });
                self.perform(CallAction::End { call: other.id }, Some(transaction));
                // An end that is fulfilled leaves the answer.
                if self.find(call).is_some() {
                    self.perform(CallAction::Answer { call }, Some(transaction));
                }
            }
            (Screen::Ends, Some(call), _) => self.perform(CallAction::End { call }, None),
            (Screen::Ends, _, Some(call)) => self.perform(CallAction::End { call: call.id }, None),
            (Screen::Holds(on_hold), _, Some(call)) => {
                self.perform(CallAction::SetHeld { call: call.id, on_hold }, None);
            }
            (Screen::Mutes(muted), _, Some(call)) => {
                self.perform(CallAction::SetMuted { call: call.id, muted }, None);
            }
            (Screen::Groups(group), _, Some(call)) => {
                let other = live.iter().find(|other| other.id != call.id).map(|other| other.id);
                let with = other.filter(|_| group);
                self.perform(CallAction::SetGroup { call: call.id, with }, None);
            }
            (Screen::PlaysTones, _, Some(call)) => {
                let (digits, kind) = ("12#".to_owned(), DtmfType::SingleTone);
                self.perform(CallAction::PlayDtmf { call: call.id, digits, kind }, None);
            }
            (Screen::AsksOfNobody, ..) => {
                let call = Id::named(&format!("nobody-{}", self.numbers));
                let muted = CallAction::SetMuted { call, muted: true };
                self.perform(
                    if number.is_multiple_of(2) { CallAction::End { call } } else { muted },
                    None,
                );
            }
            _ => {}
        }
    }

    /// One of the app's calls that goes on, or one that does not.
    fn app(&mut self, number: u64) -> AppCall {
        let calls: Vec<_> = self.centre().calls().filter_map(|call| call.app).collect();
        let place = usize::try_from(number).unwrap();
        if calls.is_empty() { AppCall::from(number) } else { calls[place % calls.len()].clone() }
    }
}
