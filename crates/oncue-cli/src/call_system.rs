//! A scripted call system: the part of a phone that a desktop lacks.
//!
//! It asks the app to answer a call, activates the session some time after the fulfil, from a thread of its own, and
//! deactivates it after the end. What the modelled hardware then does is told to the virtual card's gate. It knows no
//! rule and no guard: an app that breaks the order is not told so, it is silent, as on a phone.

use oncue_card::Gate;
use oncue_session::{
    Action, Activation, Category, Configuration, OutputPort, Owner, Platform, Refusal, action,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

/// What the call system tells the app.
#[derive(Debug)]
pub(crate) enum Told {
    /// The user answered: do it.
    Answer(Action<action::Answer>),
    /// The session is active.
    DidActivate(Activation),
    /// The user hung up: do it.
    End(Action<action::End>),
    /// The session is inactive.
    DidDeactivate,
}

/// The call system's side: what the user does, and the phone's audio session for the app.
#[derive(Clone, Debug)]
pub(crate) struct CallSystem {
    activation_delay: Option<Duration>,
    session: Arc<Mutex<Session>>,
    tell: Sender<Told>,
}

/// The phone's audio session as the hardware sees it.
#[derive(Debug)]
struct Session {
    owner: Owner,
    category: Category,
    /// Activated by the app, with the priority of an app.
    by_app: bool,
    /// Activated by the call system, with the priority of a call.
    by_system: bool,
    /// The virtual card's; a real device has none.
    gate: Option<Gate>,
}

impl Session {
    /// Lets through what the hardware of a phone would: the microphone needs a category with capture, and under a call
    /// system also the priority of a call (an app that activates itself there may play, but not record).
    fn set_gate(&self) {
        let Some(gate) = &self.gate else { return };
        let active = self.by_app || self.by_system;
        let priority = self.by_system || self.owner == Owner::App;
        let capture = matches!(self.category, Category::PlayAndRecord | Category::Record);
        gate.set(active && priority && capture, active && self.category != Category::Record);
    }
}

impl CallSystem {
    /// A phone whose call system activates `activation_delay` after a fulfil, or never. `gate` is closed until then.
    pub(crate) fn new(
        owner: Owner,
        activation_delay: Option<Duration>,
        gate: Option<Gate>,
    ) -> (Self, Receiver<Told>) {
        let (tell, told) = mpsc::channel();
        let session = Session {
            owner,
            category: Category::SoloAmbient,
            by_app: false,
            by_system: false,
            gate,
        };
        session.set_gate();
        (Self { activation_delay, session: Arc::new(Mutex::new(session)), tell }, told)
    }

    /// The phone rings, the user answers.
    pub(crate) fn user_answers(&self) {
        let system = self.clone();
        let answer = Action::from_system(move |fulfilled| {
            if fulfilled {
                system.activate_later();
            }
        });
        self.say(Told::Answer(answer));
    }

    /// The user hangs up.
    pub(crate) fn user_hangs_up(&self) {
        let system = self.clone();
        let end = Action::from_system(move |_| {
            thread::spawn(move || {
                system.change(|session| (session.by_app, session.by_system) = (false, false));
                system.say(Told::DidDeactivate);
            });
        });
        self.say(Told::End(end));
    }

    fn activate_later(self) {
        let Some(delay) = self.activation_delay else { return };
        thread::spawn(move || {
            thread::sleep(delay);
            // What is active already cannot be activated: the app that did so never hears of it.
            let activated = self.change(|session| {
                session.by_system = !session.by_app;
                session.by_system
            });
            if activated {
                self.say(Told::DidActivate(Activation::from_system()));
            }
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Session) -> T) -> T {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut session);
        session.set_gate();
        result
    }

    fn say(&self, told: Told) {
        // An app that is gone hears nothing.
        let _ = self.tell.send(told);
    }
}

impl Platform for CallSystem {
    fn set_category(&mut self, configuration: Configuration) -> Result<(), Refusal> {
        self.change(|session| session.category = configuration.category);
        Ok(())
    }

    fn set_active(&mut self, active: bool) -> Result<(), Refusal> {
        self.change(|session| {
            session.by_app = active;
            session.by_system &= active;
        });
        Ok(())
    }

    fn override_output(&mut self, _port: OutputPort) -> Result<(), Refusal> {
        Ok(())
    }
}
