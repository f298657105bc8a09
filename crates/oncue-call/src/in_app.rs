//! Calls without a call system: mainland China before LiveCommunicationKit, iOS before 10, a user who switched it off.
//!
//! The app rings by itself, activates the session by itself, in the foreground, and gives way to every interruption (rule
//! book §3.12). Inputs and outputs are those of [`Centre`](crate::Centre), as far as they have a meaning here.

mod audio;
mod wishes;

use crate::app_call::Over;
use crate::call::Call;
use crate::centre::Log;
use crate::hardware::Hardware;
use crate::observe::Changes;
use crate::session::Session;
use crate::{AppCall, CallState, Input, Message, Output, Settings, Signal, Stage};
use oncue_session::{Entry, Event, EventKind, Id, Owner, State};
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
    over: Over,
    foreground: bool,
    audio: Session,
    hardware: Hardware,
    /// Whether the session is on its way to be active: the category was asked for, or the activation.
    activating: bool,
    /// An interruption that has ended, or must not be waited for, asks for the activation again.
    interrupted: bool,
    /// The user's wish for the loudspeaker in this call, which an interruption undoes.
    speaker: bool,
    /// Whether what is captured was muted last.
    muted: bool,
}

impl InApp {
    /// No calls yet, in the background. `new_id` gives random UUIDs (version 4), a new one at each call, by which a log and a
    /// [`Journal`](crate::Journal) know the calls.
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
            over: Over::default(),
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

    /// As [`Centre::poll_timeout`](crate::Centre::poll_timeout).
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.calls.iter().filter_map(|call| call.rings_until).min()
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
        self.expire();
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

    /// What has rung long enough is given up.
    fn expire(&mut self) {
        let now = self.now;
        let over = |call: &&mut Call| call.rings_until.is_some_and(|at| at <= now);
        while let Some(call) = self.calls.iter_mut().find(over) {
            call.rings_until = None;
            let call = call.id;
            self.tell(Event::RingTimerFired { call });
            self.end(call, true);
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Time => self.tell(Event::Poll {}),
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
                    self.activate();
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
                    self.activate();
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
                if self.find(&call).is_some() || self.over.contains(&call) {
                    return;
                }
                if self.calls.len() > CALLS {
                    self.put(Output::Send { call, id: None, message: Message::End });
                    return;
                }
                let id = (self.new_id)();
                self.tell(Event::Invite { call: id });
                let (app, by) = (call.clone(), from.clone());
                self.put(Output::RingInApp { call: app, from: by, name, video });
                let rings_until = self.settings.ring.map(|ring| self.now.saturating_add(ring));
                if rings_until.is_some() {
                    self.tell(Event::StartRingTimer { call: id });
                }
                let call = Call::new(id, call, from, Stage::Ringing);
                self.calls.push(Call { video, rings_until, ..call });
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

    fn fail(&mut self) {
        if let Some(id) = self.live().map(|call| call.id) {
            self.end(id, true);
        }
    }

    /// A call is over; the last one gives the session back.
    fn end(&mut self, id: Id, tell: bool) {
        let Some(place) = self.calls.iter().position(|call| call.id == id) else { return };
        let call = self.calls.remove(place);
        self.over.remember(call.app.clone());
        if call.rings_until.is_some() {
            self.tell(Event::CancelRingTimer { call: id });
        }
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
            (self.interrupted, self.speaker) = (false, false);
            self.release();
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
