//! A centre with a guard attached that hears everything, and the time that passes.

use oncue_call::*;
use oncue_session::{Entry, Event, Finding, Guard, Id, Owner, Permission, Policy, State};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A guard, and what it found.
pub(crate) struct Watched {
    guard: Guard,
    pub(crate) found: Vec<Finding>,
    pub(crate) trace: Vec<Entry>,
}

impl Watched {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { guard: Guard::new(policy), found: Vec::new(), trace: Vec::new() }
    }

    pub(crate) fn see(&mut self, entry: &Entry) {
        self.found.extend_from_slice(self.guard.observe(entry));
        self.trace.push(*entry);
    }
}

/// The policy that an order is held to.
pub(crate) fn policy(order: Order) -> Policy {
    match order {
        Order::Apple => Policy::apple(),
        Order::Qq => Policy::qq(),
    }
}

/// Calls with a call system, or without one.
pub(crate) enum Driven {
    Centre(Box<Centre>),
    InApp(Box<InApp>),
}

impl Driven {
    pub(crate) fn handle(&mut self, now: Duration, input: Input) {
        match self {
            Self::Centre(centre) => centre.handle(now, input),
            Self::InApp(in_app) => in_app.handle(now, input),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Centre(centre) => centre.poll_output(),
            Self::InApp(in_app) => in_app.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match self {
            Self::Centre(centre) => centre.poll_timeout(),
            Self::InApp(in_app) => in_app.poll_timeout(),
        }
    }

    pub(crate) fn calls(&self) -> Vec<CallState> {
        match self {
            Self::Centre(centre) => centre.calls().collect(),
            Self::InApp(in_app) => in_app.calls().collect(),
        }
    }

    pub(super) fn session(&self) -> State {
        match self {
            Self::Centre(centre) => centre.session(),
            Self::InApp(in_app) => in_app.session(),
        }
    }
}

/// A centre with a guard attached, in a process that has just been launched.
pub(crate) struct Player {
    pub(crate) centre: Driven,
    pub(crate) watched: Arc<Mutex<Watched>>,
    pub(crate) now: Duration,
    /// What was put out and not looked at yet.
    pub(crate) out: VecDeque<String>,
}

impl Player {
    pub(crate) fn new(settings: Settings, call_system: bool) -> Self {
        let mut policy = policy(settings.order);
        policy.owner = if call_system { settings.lck_owner } else { Owner::App };
        let watched = Arc::new(Mutex::new(Watched::new(policy)));
        watched.lock().unwrap().see(&Entry::new(Duration::ZERO, Event::Launch {}));
        let mut letters = 0;
        let new_id = move || {
            letters += 1;
            Id::named(&letter(letters))
        };
        let (told, now, out) = (watched.clone(), Duration::ZERO, VecDeque::new());
        let log = move |entry: &Entry| told.lock().unwrap().see(entry);
        let centre = if call_system {
            let mut centre = Centre::new(settings, new_id);
            centre.set_log(log);
            Driven::Centre(Box::new(centre))
        } else {
            let mut in_app = InApp::new(settings, new_id);
            in_app.set_log(log);
            Driven::InApp(Box::new(in_app))
        };
        Self { centre, watched, now, out }
    }

    /// The guard is told of something that no input and no output is.
    pub(crate) fn see(&self, event: Event) {
        self.watched.lock().unwrap().see(&Entry::new(self.now, event));
    }

    /// The launch, up to a provider that is registered and a connection to the server.
    pub(crate) fn launch(&mut self) {
        self.drain();
        self.see(Event::PermissionIs { permission: Permission::Granted });
        self.tell(Input::ProviderBegan);
        self.see(Event::LaunchFinished {});
        self.tell(Input::Foreground(true));
        self.tell(Input::SignallingReady(true));
        self.out.clear();
    }

    pub(crate) fn tell(&mut self, input: Input) {
        let push = match &input {
            Input::Push(push) => Some(push.id),
            _ => None,
        };
        self.centre.handle(self.now, input);
        self.drain();
        if let Some(push) = push {
            self.see(Event::PushReturned { push });
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.centre.poll_output() {
            self.out.push_back(output.to_string());
        }
    }

    /// Time passes, and every deadline is kept.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.centre.poll_timeout().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.tell(Input::Time);
        }
        self.now = end;
        self.tell(Input::Time);
    }

    pub(crate) fn found(&self) -> Vec<Finding> {
        std::mem::take(&mut self.watched.lock().unwrap().found)
    }
}

/// A, B, … Z, A1, …
fn letter(number: u32) -> String {
    let place = number - 1;
    let letter = char::from(b'A' + u8::try_from(place % 26).unwrap());
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}
