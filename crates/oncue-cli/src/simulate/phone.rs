//! The built-in phone: it takes reports, performs what it is asked for, activates and deactivates, each after a while. It
//! is no model of iOS, only what a flow needs; rules are the guard's business.

mod acts;

use super::arrows::{Actor, Arrow, from, to};
use super::flows::{Flow, Kind};
use oncue_call::{
    CallAction, Centre, FulfilAt, InApp, Input, Message, Order, Output, Performed, Settings, Signal,
};
use oncue_session::{
    Entry, Event, Finding, Framework, Guard, Id, Owner, Permission, Policy, Refusal,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What became of a flow.
pub(super) struct Played {
    pub(super) owner: Owner,
    pub(super) order: Order,
    pub(super) arrows: Vec<Arrow>,
    pub(super) trace: Vec<Entry>,
    pub(super) found: Vec<Finding>,
}

/// A guard, and what it saw.
struct Watched {
    guard: Guard,
    trace: Vec<Entry>,
    found: Vec<Finding>,
}

impl Watched {
    fn see(&mut self, entry: &Entry) {
        self.found.extend_from_slice(self.guard.observe(entry));
        self.trace.push(*entry);
    }
}

enum Calls {
    Centre(Box<Centre>),
    InApp(Box<InApp>),
}

/// A call as the phone has it.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: Id,
    live: bool,
    held: bool,
}

struct Phone {
    kind: Kind,
    calls: Calls,
    watched: Arc<Mutex<Watched>>,
    arrows: Vec<Arrow>,
    now: Duration,
    /// What comes, the order of equal times kept.
    coming: Vec<(Duration, Input)>,
    known: Vec<Known>,
    performing: Vec<(Id, CallAction)>,
    names: u32,
    active: bool,
    /// The app has asked for time to send a hang-up.
    background_task: bool,
}

/// Plays a flow, until nothing more comes.
pub(super) fn play(flow: &Flow, order: Order) -> Played {
    let owner = match flow.phone {
        Kind::NoCallSystem | Kind::OwnConversations => Owner::App,
        _ => Owner::System,
    };
    let mut policy = if order == Order::Qq { Policy::qq() } else { Policy::apple() };
    policy.owner = owner;
    let guard = Guard::new(policy);
    let watched = Arc::new(Mutex::new(Watched { guard, trace: Vec::new(), found: Vec::new() }));
    let mut phone = Phone::new(flow.phone, order, watched);
    phone.launch();
    let begins = Duration::from_millis(if flow.phone == Kind::StartedByPush { 10 } else { 1000 });
    for &(at, act) in flow.acts {
        phone.run_until(begins + Duration::from_millis(at));
        phone.acts(act);
    }
    phone.run_until(phone.now + Duration::from_secs(20));
    let Phone { watched, arrows, .. } = phone;
    let (trace, found) = match watched.lock() {
        Ok(mut watched) => (std::mem::take(&mut watched.trace), std::mem::take(&mut watched.found)),
        Err(_) => (Vec::new(), Vec::new()),
    };
    Played { owner, order, arrows, trace, found }
}

impl Phone {
    fn new(kind: Kind, order: Order, watched: Arc<Mutex<Watched>>) -> Self {
        let mut settings = Settings::new(order);
        if matches!(kind, Kind::Conversations | Kind::OwnConversations) {
            settings.framework = Framework::LiveCommunicationKit;
            settings.fulfil_at = FulfilAt::Joined;
        }
        if kind == Kind::OwnConversations {
            settings.lck_owner = Owner::App;
        }
        let mut letter = b'A';
        let new_id = move || {
            letter += 1;
            Id::named(&char::from(letter - 1).to_string())
        };
        let seen = watched.clone();
        let log = move |entry: &Entry| {
            if let Ok(mut seen) = seen.lock() {
                seen.see(entry);
            }
        };
        let calls = if kind == Kind::NoCallSystem {
            let mut in_app = InApp::new(settings, new_id);
            in_app.set_log(log);
            Calls::InApp(Box::new(in_app))
        } else {
            let mut centre = Centre::new(settings, new_id);
            centre.set_log(log);
            Calls::Centre(Box::new(centre))
        };
        Self {
            kind,
            calls,
            watched,
            arrows: Vec::new(),
            now: Duration::ZERO,
            coming: Vec::new(),
            known: Vec::new(),
            performing: Vec::new(),
            names: 0,
            active: false,
            background_task: false,
        }
    }

    fn see(&self, event: Event) {
        if let Ok(mut watched) = self.watched.lock() {
            watched.see(&Entry::new(self.now, event));
        }
    }

    /// The launch is told to the guard, and not drawn but for what the app does in it.
    fn launch(&mut self) {
        self.see(Event::Launch {});
        self.drain();
        self.see(Event::PermissionIs { permission: Permission::Granted });
        if self.kind == Kind::StartedByPush {
            // The push does not wait for the provider's registration, nor the app's connection for the push.
            self.tell(Input::Foreground(false));
            self.see(Event::LaunchFinished {});
            self.comes(60, Input::ProviderBegan);
            return;
        }
        if self.kind != Kind::NoCallSystem {
            self.tell(Input::ProviderBegan);
        }
        self.see(Event::LaunchFinished {});
        self.tell(Input::Foreground(true));
        self.tell(Input::SignallingReady(true));
    }

    fn name(&mut self, what: &str) -> Id {
        self.names += 1;
        Id::named(&format!("{what}{}", self.names))
    }

    fn comes(&mut self, ms: u64, input: Input) {
        self.coming.push((self.now + Duration::from_millis(ms), input));
    }

    /// Lets pass what comes until then, deadlines of the centre included.
    fn run_until(&mut self, end: Duration) {
        loop {
            let next = self.coming.iter().map(|(at, _)| *at).min();
            let due = match &self.calls {
                Calls::Centre(centre) => centre.poll_timeout(),
                Calls::InApp(_) => None,
            };
            let Some(at) = [next, due].into_iter().flatten().min().filter(|&at| at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            let place = self.coming.iter().position(|(when, _)| Some(*when) == next && *when <= at);
            match place.map(|place| self.coming.remove(place).1) {
                Some(input) => self.tell(input),
                None => self.tell(Input::Time),
            }
        }
        self.now = self.now.max(end);
    }

    /// Tells the app of something, and does what it says.
    fn tell(&mut self, input: Input) {
        let push = match &input {
            Input::Push(push) => Some(push.id),
            _ => None,
        };
        if let Some(from) = from(&input) {
            self.arrows.push(Arrow { at: self.now, from, to: Actor::App, text: input.to_string() });
        }
        match input {
            Input::DidActivate => self.active = true,
            Input::DidDeactivate | Input::InterruptionBegan(_) | Input::MediaServicesLost => {
                self.active = false;
            }
            Input::Perform(ref performed) => {
                self.performing.push((performed.id, performed.action.clone()));
            }
            _ => {}
        }
        match &mut self.calls {
            Calls::Centre(centre) => centre.handle(self.now, input),
            Calls::InApp(in_app) => in_app.handle(self.now, input),
        }
        self.drain();
        if let Some(push) = push {
            self.see(Event::PushReturned { push });
        }
    }

    fn drain(&mut self) {
        loop {
            let output = match &mut self.calls {
                Calls::Centre(centre) => centre.poll_output(),
                Calls::InApp(in_app) => in_app.poll_output(),
            };
            let Some(output) = output else { return };
            let (at, to, text) = (self.now, to(&output), output.to_string());
            self.arrows.push(Arrow { at, from: Actor::App, to, text });
            self.does(output);
        }
    }

    fn over(&mut self, id: Id) {
        self.known.retain(|call| call.id != id);
        let skips = self.kind == Kind::SkipsTheDeactivation && !self.known.is_empty();
        if self.active && !self.known.iter().any(|call| call.live) && !skips {
            self.comes(80, Input::DidDeactivate);
        }
    }

    fn does(&mut self, output: Output) {
        match output {
            Output::ReportIncoming { call, .. } => {
                let known = self.known.iter().any(|known| known.id == call);
                let result = match self.kind {
                    Kind::DoNotDisturb => Err(Refusal::incoming(3)),
                    _ if known => Err(Refusal::incoming(2)),
                    _ => Ok(()),
                };
                if result.is_ok() {
                    self.known.push(Known { id: call, live: false, held: false });
                }
                self.comes(30, Input::Reported { call, result });
            }
            Output::ReportEnded { call, .. } => self.over(call),
            Output::Request(transaction) => {
                self.comes(5, Input::Requested { transaction: transaction.id, result: Ok(()) });
                for (place, action) in (1..).zip(transaction.actions) {
                    self.perform(5 + 5 * place, action, Some(transaction.id));
                }
            }
            Output::Fulfill { action } | Output::FulfillTranslation { action, .. } => {
                self.fulfilled(action);
            }
            Output::Fail { action } => {
                let place = self.performing.iter().position(|(open, _)| *open == action);
                if let Some((_, action)) = place.map(|place| self.performing.remove(place))
                    && matches!(action, CallAction::Answer { .. } | CallAction::Start { .. })
                {
                    self.over(action.call());
                }
            }
            Output::BeginBackgroundTask => self.background_task = true,
            Output::SetCategory(_) => self.comes(2, Input::CategorySet(Ok(()))),
            Output::SetActive(true) => {
                self.comes(20, Input::ActiveSet(Ok(())));
                if self.kind == Kind::OwnConversations {
                    self.comes(40, Input::DidActivate);
                }
            }
            Output::StartAudio { .. } => self.comes(10, Input::AudioStarted(Ok(()))),
            Output::Send { call, message, .. } => match message {
                Message::Dial { .. } => {
                    self.comes(200, Input::Signal(Signal::Dialled { call: call.clone() }));
                    self.comes(900, Input::Signal(Signal::Ringing { call }));
                }
                Message::Accept => self.comes(120, Input::Signal(Signal::Joined { call })),
                Message::End if std::mem::take(&mut self.background_task) => {
                    self.comes(60, Input::Signal(Signal::EndSent { call }));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn perform(&mut self, ms: u64, action: CallAction, transaction: Option<Id>) {
        let id = self.name("a");
        let seconds = if self.kind == Kind::GivesUp { 4 } else { 30 };
        let timeout = Some(Duration::from_secs(seconds));
        if let CallAction::Start { call, .. } = action {
            self.known.push(Known { id: call, live: false, held: false });
        }
        self.comes(ms, Input::Perform(Performed { id, action, transaction, timeout }));
    }

    fn fulfilled(&mut self, id: Id) {
        let Some(place) = self.performing.iter().position(|(open, _)| *open == id) else { return };
        let action = self.performing.remove(place).1;
        let activates = !matches!(self.kind, Kind::NeverActivates | Kind::OwnConversations);
        let call = action.call();
        match action {
            CallAction::Answer { .. } | CallAction::Start { .. } => {
                if let Some(known) = self.known.iter_mut().find(|known| known.id == call) {
                    known.live = true;
                }
                if activates && !self.active {
                    self.comes(150, Input::DidActivate);
                }
            }
            CallAction::End { .. } => self.over(call),
            CallAction::SetHeld { on_hold, .. } => {
                if let Some(known) = self.known.iter_mut().find(|known| known.id == call) {
                    known.held = on_hold;
                }
            }
            _ => {}
        }
    }
}
