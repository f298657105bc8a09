//! Calls without a call system: mainland China before LiveCommunicationKit, iOS before 10, a user who switched it off.
//!
//! The app rings by itself, activates the session by itself, in the foreground, and gives way to every interruption (rule
//! book §3.12). Inputs and outputs are those of [`Centre`](crate::Centre), as far as they have a meaning here.

use crate::call::Call;
use crate::centre::Log;
use crate::hardware::Hardware;
use crate::observe::Changes;
use crate::session::Session;
use crate::{
    AppCall, CallState, Handle, Input, Message, NotDone, Notice, Output, Settings, Signal, Stage,
    Wish,
};
use oncue_session::{
    ActionKind, CallCategory as _, Entry, Event, EventKind, Id, OutputPort, Owner, Refusal, State,
};
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How many calls can ring at once beside the one that is live; a further one is busy.
const CALLS: usize = 4;

/// The calls of an app that no call system knows.
///
/// One call is live at a time: answering another ends it.
pub struct InApp {
    settings: Settings,
    new_id: Box<dyn FnMut() -> Id + Send>,
    log: Option<Log>,
    now: Duration,
    out: Sender<Output>,
    outputs: Receiver<Output>,
    changes: Changes,
    calls: Vec<Call>,
    foreground: bool,
    audio: Session,
    hardware: Hardware,
    /// Whether the session is on its way to be active: the category was asked for, or the activation.
    activating: bool,
    /// An interruption that has ended, or must not be waited for, asks for the activation again.
    interrupted: bool,
    /// The user's last wish for the loudspeaker, which no interruption survives.
    speaker: bool,
    /// Whether what is captured was muted last.
    muted: bool,
}

impl InApp {
    /// No calls yet, in the foreground or not. `new_id` gives the names by which a log knows the calls.
    pub fn new(settings: Settings, new_id: impl FnMut() -> Id + Send + 'static) -> Self {
        let (out, outputs) = channel();
        Self {
            settings,
            new_id: Box::new(new_id),
            log: None,
            now: Duration::ZERO,
            audio: Session::new(Owner::App, &out),
            out,
            outputs,
            changes: Changes::default(),
            calls: Vec::new(),
            foreground: false,
            hardware: Hardware::default(),
            activating: false,
            interrupted: false,
            speaker: false,
            muted: false,
        }
    }

    /// As [`Centre::set_log`](crate::Centre::set_log).
    pub fn set_log(&mut self, log: impl FnMut(&Entry) + Send + 'static) {
        self.log = Some(Box::new(log));
    }

    /// As [`Centre::poll_output`](crate::Centre::poll_output).
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.try_recv().ok()?;
        let mut events = Vec::new();
        output.events(|event| events.push(event));
        events.into_iter().for_each(|event| self.tell(event));
        Some(output)
    }

    /// The calls as they are now.
    pub fn calls(&self) -> impl Iterator<Item = CallState> {
        self.calls.iter().map(Call::state)
    }

    /// As [`Centre::poll_change`](crate::Centre::poll_change).
    pub fn poll_change(&mut self) -> Option<CallState> {
        self.changes.pop()
    }

    /// The state of the session.
    pub const fn session(&self) -> State {
        self.audio.state()
    }

    /// Something happened at `now`. What only a call system says is ignored.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now);
        let before = self.calls.clone();
        self.take(input);
        self.observe(&before);
    }

    /// Tells the observers what became of the calls of before, and of new ones.
    fn observe(&mut self, before: &[Call]) {
        for call in before.iter().filter(|call| !self.calls.iter().any(|it| it.id == call.id)) {
            self.changes.push(call.over());
        }
        for state in self.calls.iter().map(Call::state) {
            if !before.iter().any(|call| call.state() == state) {
                self.changes.push(state);
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Signal(signal) => self.signalled(signal),
            Input::Wish(wish) => self.wished(wish),
            Input::CategorySet(result) => self.category_set(result),
            Input::ActiveSet(result) => self.active_set(result),
            Input::AudioStarted(Err(refusal)) => self.no_audio(EventKind::StartUnit, refusal),
            Input::InterruptionBegan(reason) => {
                self.tell(Event::InterruptionBegan { reason });
                self.audio.interruption_began();
                self.interrupted = true;
            }
            Input::InterruptionEnded { should_resume } => {
                self.tell(Event::InterruptionEnded { should_resume: Some(should_resume) });
                self.audio.interruption_ended();
                if should_resume {
                    self.resume();
                }
            }
            Input::Foreground(foreground) => {
                self.tell(if foreground {
                    Event::EnteredForeground {}
                } else {
                    Event::EnteredBackground {}
                });
                self.foreground = foreground;
                // An end of an interruption need not come (rule `interruption-end-not-guaranteed`).
                if foreground {
                    self.resume();
                }
            }
            Input::MediaServicesLost => {
                self.tell(Event::MediaServicesLost {});
                self.audio.media_services_were_lost();
                self.activating = false;
            }
            Input::MediaServicesReset => {
                self.tell(Event::MediaServicesReset {});
                self.audio.media_services_were_reset();
                self.dispose();
                if self.live().is_some() {
                    self.ask_category();
                }
            }
            _ => {}
        }
    }

    fn put(&self, output: Output) {
        let _ = self.out.send(output);
    }

    fn tell(&mut self, event: Event) {
        if let Some(log) = &mut self.log {
            log(&Entry::new(self.now, event));
        }
    }

    fn find(&mut self, app: &AppCall) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.app == *app)
    }

    /// The call that is answered, or goes out.
    fn live(&self) -> Option<&Call> {
        self.calls.iter().find(|call| call.stage != Stage::Ringing)
    }

    fn send(&self, call: &Call, message: Message) {
        self.put(Output::Send { call: call.app.clone(), id: Some(call.id), message });
    }

    fn signalled(&mut self, signal: Signal) {
        match signal {
            Signal::Invite { call, from, video, name } => {
                if self.find(&call).is_some() {
                    return;
                }
                if self.calls.len() > CALLS {
                    self.put(Output::Send { call, id: None, message: Message::End });
                    return;
                }
                let id = (self.new_id)();
                self.tell(Event::Invite { call: id });
                self.put(Output::RingInApp { call: call.clone(), from: from.clone(), video });
                self.calls.push(Call { name, video, ..Call::new(id, call, from, Stage::Ringing) });
            }
            Signal::Answered { call } => {
                let Some(known) = self.find(&call).filter(|call| call.outgoing) else { return };
                (known.stage, known.answered) = (Stage::Connected, true);
                let call = known.id;
                self.tell(Event::PeerAnswered { call });
                self.start();
            }
            Signal::Ended { call, .. } => {
                let Some(id) = self.find(&call).map(|call| call.id) else { return };
                self.tell(Event::PeerEnded { call: id });
                self.end(id, false);
            }
            _ => {}
        }
    }

    fn wished(&mut self, wish: Wish) {
        match wish {
            Wish::Start { call, to, video, intent } => {
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
                if let Some(known) = self.find(&call) {
                    known.muted = muted;
                    let call = known.id;
                    self.tell(Event::UserMutes { call, muted });
                    self.mute(muted);
                }
            }
            Wish::Speaker { on } => {
                self.tell(Event::UserWantsSpeaker { on });
                self.speaker = on;
                self.route();
            }
            _ => {}
        }
    }

    /// The user calls somebody, from the app or from an old entry of Recents: no call system hears of it.
    fn call(&mut self, app: AppCall, to: Handle, video: bool) {
        let why = if !self.foreground {
            Some(NotDone::InBackground)
        } else if self.live().is_some() || self.find(&app).is_some() {
            Some(NotDone::NoGroupFree)
        } else {
            None
        };
        if let Some(why) = why {
            let kind = ActionKind::Start;
            self.put(Output::Notice(Notice::NotDone { call: app, kind, why }));
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
        let Some(call) = self.find(app).filter(|call| call.stage == Stage::Ringing) else { return };
        if !foreground {
            let (call, kind, why) = (app.clone(), ActionKind::Answer, NotDone::InBackground);
            self.put(Output::Notice(Notice::NotDone { call, kind, why }));
            return;
        }
        call.stage = Stage::Answering;
        let call = call.id;
        self.tell(Event::UserAnswers { call });
        self.put(Output::StopRinging { call: app.clone() });
        if let Some(other) = live {
            self.tell(Event::UserEnds { call: other });
            self.end(other, true);
        }
        self.ask_category();
    }

    /// Configures the session, unless it is on its way; an active one goes on.
    fn ask_category(&mut self) {
        let video = self.live().is_some_and(|call| call.video);
        match self.audio.state() {
            State::Active | State::Playing | State::Running => self.start(),
            State::MediaLost => {}
            _ if self.activating => {}
            _ => {
                self.activating = true;
                self.put(Output::SetCategory(if video {
                    self.settings.video.configuration()
                } else {
                    self.settings.voice.configuration()
                }));
            }
        }
    }

    fn category_set(&mut self, result: Result<(), Refusal>) {
        if let Err(refusal) = result {
            let Refusal { domain, code } = refusal;
            self.tell(Event::Refused { of: EventKind::SetCategory, domain, code, unit: None });
            self.put(Output::Notice(Notice::NoCategory(refusal)));
            self.activating = false;
            self.fail();
            return;
        }
        // After an interruption the same values are set again, before anything runs.
        let again = self.audio.state() == State::Active;
        let video = self.live().is_some_and(|call| call.video);
        if !self.audio.configure(&self.settings, video) {
            return;
        }
        if again {
            self.route();
            self.start();
        } else if self.live().is_some() {
            self.put(Output::SetActive(true));
        } else {
            self.activating = false;
        }
    }

    fn active_set(&mut self, result: Result<(), Refusal>) {
        self.activating = false;
        if let Err(refusal) = result {
            self.no_audio(EventKind::SetActive, refusal);
            return;
        }
        if !self.audio.activate() {
            return;
        }
        if self.live().is_none() {
            self.release();
        } else if std::mem::take(&mut self.interrupted) {
            // The interruption may have taken the configuration along.
            self.put(Output::SetCategory(self.settings.voice.configuration()));
        } else {
            self.start();
        }
    }

    /// After an interruption, or in the foreground again: the app activates, as nobody else does.
    fn resume(&mut self) {
        if self.audio.state() == State::Interrupted && self.live().is_some() && !self.activating {
            self.activating = true;
            self.put(Output::SetActive(true));
        }
    }

    /// Starts what the live call wants: everything where it is answered, playback alone before that.
    fn start(&mut self) {
        let Some(call) = self.live() else { return };
        let duplex = !call.outgoing || call.answered;
        let (id, muted, answers) = (call.id, call.muted, call.stage == Stage::Answering);
        if answers {
            self.send(call, Message::Accept);
        }
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.stage = if duplex { Stage::Connected } else { Stage::Connecting };
        }
        let mut relay = self.hardware.relay(&self.out);
        if matches!(self.audio.state(), State::Active) {
            self.put(Output::PreferNoAlerts);
        }
        let started = (duplex || self.settings.ringback) && self.audio.start(&mut relay, duplex);
        self.hardware.is_prepared(started);
        // A mute outlives every start, and no call (rule `mute-survives-resume`).
        if started && muted || self.muted != muted {
            self.mute(muted);
        }
    }

    fn mute(&mut self, muted: bool) {
        self.muted = muted;
        self.put(Output::ApplyMute { muted });
    }

    fn route(&mut self) {
        let port = if self.speaker { OutputPort::Speaker } else { OutputPort::None };
        if port == OutputPort::None {
            return;
        }
        self.audio.override_output(port);
    }

    /// The session was not activated, or the audio did not start: another call has the session, as a rule.
    fn no_audio(&mut self, of: EventKind, refusal: Refusal) {
        let Refusal { domain, code } = refusal;
        let unit = self.hardware.unit();
        self.tell(Event::Refused { of, domain, code, unit });
        self.put(Output::Notice(Notice::NoAudio(refusal)));
        if of == EventKind::StartUnit {
            self.hardware.fail();
        }
        // An interruption goes on: its end, or the user, asks again.
        if !self.interrupted {
            self.fail();
        }
    }

    fn fail(&mut self) {
        if let Some(id) = self.live().map(|call| call.id) {
            self.end(id, true);
        }
    }

    /// A call is over; the last one gives the session back.
    fn end(&mut self, id: Id, tell: bool) {
        let Some(place) = self.calls.iter().position(|call| call.id == id) else { return };
        let call = self.calls.remove(place);
        let was_live = call.stage != Stage::Ringing;
        if !was_live {
            self.put(Output::StopRinging { call: call.app.clone() });
        } else if self.live().is_none() {
            self.audio.stop();
        }
        if tell {
            self.send(&call, Message::End);
        }
        if was_live && self.live().is_none() {
            self.interrupted = false;
            self.release();
        }
    }

    /// Gives the session back, so that others may go on.
    fn release(&mut self) {
        if self.audio.deactivate() {
            self.put(Output::SetActive(false));
        }
        self.dispose();
        self.put(Output::RestoreAudio);
    }

    fn dispose(&mut self) {
        if let Some(unit) = self.hardware.dispose() {
            self.put(Output::DisposeAudio { unit });
        }
    }
}

impl fmt::Debug for InApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InApp")
            .field("calls", &self.calls)
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}
