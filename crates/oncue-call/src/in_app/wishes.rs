//! What the user wishes of calls that no call system knows.

use super::{InApp, audio};
use crate::call::Call;
use crate::{AppCall, Handle, Message, NotDone, Notice, Output, Stage, Wish};
use oncue_session::{ActionKind, Event};

impl InApp {
    pub(super) fn wished(&mut self, wish: Wish) {
        match wish {
            Wish::Start { call, to, video, intent, .. } => {
                if let Some(intent) = intent {
                    self.tell(Event::StartCallIntent { intent });
                    self.tell(Event::IntentAnswered { handled: true });
                }
                self.call(call, to, video);
            }
            Wish::Answer { call, .. } => self.answer(&call),
            Wish::End { call } => {
                if let Some(id) = self.find(&call).map(|call| call.id) {
                    self.tell(Event::UserEnds { call: id });
                    self.end(id, true);
                }
            }
            Wish::Mute { call, muted } => {
                let Some(known) = self.find(&call) else {
                    self.not_done(call, ActionKind::Mute, NotDone::NoCall);
                    return;
                };
                known.muted = muted;
                // What is captured is the live call's.
                let (call, live) = (known.id, known.stage != Stage::Ringing);
                self.tell(Event::UserMutes { call, muted });
                if live {
                    self.mute(muted);
                }
            }
            Wish::Tones { call, digits, kind } => {
                let why = match self.find(&call).map(|known| (known.stage, known.id)) {
                    Some((Stage::Connected, id)) => {
                        let message = Message::Tones { digits, kind };
                        self.put(Output::Send { call, id: Some(id), message });
                        return;
                    }
                    Some((stage, _)) => NotDone::Stage(stage),
                    None => NotDone::NoCall,
                };
                self.not_done(call, ActionKind::PlayTones, why);
            }
            Wish::Hold { call, on_hold } => {
                let kind = if on_hold { ActionKind::Hold } else { ActionKind::Unhold };
                self.not_done(call, kind, NotDone::NoCallSystem);
            }
            Wish::Swap { to } => self.not_done(to, ActionKind::Unhold, NotDone::NoCallSystem),
            Wish::Group { call, .. } => {
                self.not_done(call, ActionKind::Group, NotDone::NoCallSystem);
            }
            Wish::Translate { call, .. } => {
                self.not_done(call, ActionKind::Translate, NotDone::NoCallSystem);
            }
            Wish::Speaker { on } => {
                self.tell(Event::UserWantsSpeaker { on });
                if self.live().is_some() {
                    self.speaker = on;
                    self.audio.override_output(audio::port(on));
                }
            }
        }
    }

    /// The user is told that a wish is not met.
    fn not_done(&self, call: AppCall, kind: ActionKind, why: NotDone) {
        self.put(Output::Notice(Notice::NotDone { call, kind, why }));
    }

    /// The user calls somebody, from the app or from an old entry of Recents: no call system hears of it.
    fn call(&mut self, app: AppCall, to: Handle, video: bool) {
        let why = if !self.foreground {
            Some(NotDone::InBackground)
        } else if self.find(&app).is_some() || self.over.contains(&app) {
            Some(NotDone::NoCall)
        } else if self.live().is_some() {
            Some(NotDone::NoGroupFree)
        } else {
            None
        };
        if let Some(why) = why {
            self.not_done(app, ActionKind::Start, why);
            return;
        }
        let id = (self.new_id)();
        let call =
            Call { video, outgoing: true, ..Call::new(id, app, to.clone(), Stage::Dialling) };
        self.send(&call, Message::Dial { to, video });
        self.calls.push(call);
        self.ask_category();
    }

    /// The user answers, by the notification or on the app's screen: the app is in the foreground then.
    fn answer(&mut self, app: &AppCall) {
        let live = self.live().map(|call| call.id);
        let foreground = self.foreground;
        let why = match self.find(app).map(|call| call.stage) {
            Some(Stage::Ringing) => (!foreground).then_some(NotDone::InBackground),
            // It is answered already, or goes out.
            Some(_) => return,
            None => Some(NotDone::NoCall),
        };
        if let Some(why) = why {
            self.not_done(app.clone(), ActionKind::Answer, why);
            return;
        }
        let Some(call) = self.find(app) else { return };
        call.stage = Stage::Answering;
        let (call, timed) = (call.id, call.rings_until.take().is_some());
        self.tell(Event::UserAnswers { call });
        if timed {
            self.tell(Event::CancelRingTimer { call });
        }
        self.put(Output::StopRinging { call: app.clone() });
        if let Some(other) = live {
            self.tell(Event::UserEnds { call: other });
            self.end(other, true);
        }
        self.ask_category();
    }
}
