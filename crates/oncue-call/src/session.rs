//! The typed session of the calls, whoever owns it. A step that the phone can refuse is taken here when the phone said yes;
//! what the session starts and stops goes out by the same channel as everything else.
//!
//! Each method takes the step from every state whose type lets it, and says whether it was taken.

use crate::hardware::{Phone, Relay};
use crate::{Output, Settings};
use oncue_session::rule::{CategoryBeforeActivation, MediaServicesLostStop};
use oncue_session::{
    Action, Activation, AnySession, Audio, AudioSession, Connects, Id, IsAction, IsOwner, IsState,
    OutputPort, Owner, State, action, owner,
};
use std::sync::mpsc::Sender;

/// A session with its owner as a type inside.
#[derive(Debug)]
pub(crate) enum Session {
    /// The call system activates it.
    System(Audio<owner::System>),
    /// The app activates it.
    App(Audio<owner::App>),
}

/// The same for either owner.
macro_rules! either {
    ($session:expr, $audio:ident => $what:expr) => {
        match $session {
            Session::System($audio) => $what,
            Session::App($audio) => $what,
        }
    };
}

/// The fulfil or fail of an action, as the typed session gives it.
fn token<K: IsAction>(id: Id, out: &Sender<Output>) -> Action<K> {
    let out = out.clone();
    Action::from_system(move |fulfilled| {
        let _ = out.send(if fulfilled {
            Output::Fulfill { action: id }
        } else {
            Output::Fail { action: id }
        });
    })
}

/// Fulfils an action of a conversation whose session the app owns. No activation follows from it, so that the session has no
/// step for it and stays where it is; its type says that a category is set all the same.
fn fulfill_beside<S: IsState>(
    _: &AudioSession<'_, owner::App, S>,
    id: Id,
    out: &Sender<Output>,
) -> bool
where
    <owner::App as IsOwner>::In<S>: MediaServicesLostStop + CategoryBeforeActivation,
{
    let _ = out.send(Output::Fulfill { action: id });
    true
}

/// The same from every state whose type lets it; else the action is failed.
fn fulfill_for_the_app(audio: &mut Audio<owner::App>, id: Id, out: &Sender<Output>) -> bool {
    match audio.session() {
        AnySession::Configured(session) => fulfill_beside(&session, id, out),
        AnySession::AwaitingActivation(session) => fulfill_beside(&session, id, out),
        AnySession::Active(session) => fulfill_beside(&session, id, out),
        AnySession::Playing(session) => fulfill_beside(&session, id, out),
        AnySession::Running(session) => fulfill_beside(&session, id, out),
        AnySession::Interrupted(session) => fulfill_beside(&session, id, out),
        AnySession::Resuming(session) => fulfill_beside(&session, id, out),
        AnySession::Fresh(_) | AnySession::MediaLost(_) => {
            let _ = out.send(Output::Fail { action: id });
            false
        }
    }
}

impl Session {
    pub(crate) fn new(owner: Owner, out: &Sender<Output>) -> Self {
        let phone = Phone(out.clone());
        match owner {
            Owner::System => Self::System(Audio::under_system(phone)),
            Owner::App => Self::App(Audio::owned_by_app(phone)),
        }
    }

    pub(crate) const fn owner(&self) -> Owner {
        match self {
            Self::System(_) => Owner::System,
            Self::App(_) => Owner::App,
        }
    }

    pub(crate) const fn state(&self) -> State {
        either!(self, audio => audio.state())
    }

    /// Whether audio may run now.
    pub(crate) const fn is_active(&self) -> bool {
        matches!(self.state(), State::Active | State::Playing | State::Running)
    }

    /// The category is set. An active session was configured before; one that the app owns takes the same values again.
    pub(crate) fn configure(&mut self, settings: &Settings, video: bool) -> bool {
        let (voice, with_video) = (settings.voice, settings.video);
        macro_rules! set {
            ($session:ident . $step:ident) => {
                if video {
                    $session.$step(with_video).is_ok()
                } else {
                    $session.$step(voice).is_ok()
                }
            };
        }
        match self {
            Self::System(audio) => match audio.session() {
                AnySession::Fresh(session) => set!(session.configure),
                AnySession::Configured(session) => set!(session.configure),
                AnySession::AwaitingActivation(session) => set!(session.configure),
                AnySession::Interrupted(session) => set!(session.configure),
                AnySession::Resuming(session) => set!(session.configure),
                _ => false,
            },
            Self::App(audio) => match audio.session() {
                AnySession::Fresh(session) => set!(session.configure),
                AnySession::Configured(session) => set!(session.configure),
                AnySession::Interrupted(session) => set!(session.configure),
                AnySession::Active(session) => set!(session.reconfigure),
                _ => false,
            },
        }
    }

    /// Makes and initializes the unit.
    pub(crate) fn prepare(&mut self, relay: &mut Relay) -> bool {
        either!(self, audio => match audio.session() {
            AnySession::Configured(session) => session.prepare(relay).is_ok(),
            AnySession::AwaitingActivation(session) => session.prepare(relay).is_ok(),
            AnySession::Interrupted(session) => session.prepare(relay).is_ok(),
            AnySession::Resuming(session) => session.prepare(relay).is_ok(),
            AnySession::Active(session) => session.prepare(relay).is_ok(),
            _ => false,
        })
    }

    /// Fulfils an answer or a start. Without a category no type allows it: the action is failed.
    pub(crate) fn fulfill<K: Connects>(&mut self, id: Id, out: &Sender<Output>) -> bool {
        match self {
            Self::System(audio) => {
                let token = token::<K>(id, out);
                match audio.session() {
                    AnySession::Configured(session) => session.fulfill(token).is_ok(),
                    AnySession::AwaitingActivation(session) => session.fulfill(token).is_ok(),
                    AnySession::Active(session) => session.fulfill(token).is_ok(),
                    AnySession::Playing(session) => session.fulfill(token).is_ok(),
                    AnySession::Running(session) => session.fulfill(token).is_ok(),
                    AnySession::Interrupted(session) => session.fulfill(token).is_ok(),
                    AnySession::Resuming(session) => session.fulfill(token).is_ok(),
                    AnySession::Fresh(_) | AnySession::MediaLost(_) => false,
                }
            }
            Self::App(audio) => fulfill_for_the_app(audio, id, out),
        }
    }

    /// Fulfils the unhold of a call.
    pub(crate) fn resume(&mut self, id: Id, out: &Sender<Output>) -> bool {
        match self {
            Self::System(audio) => {
                let token = token::<action::Unhold>(id, out);
                match audio.session() {
                    AnySession::Configured(session) => session.resume(token).is_ok(),
                    AnySession::AwaitingActivation(session) => session.resume(token).is_ok(),
                    AnySession::Active(session) => session.resume(token).is_ok(),
                    AnySession::Playing(session) => session.resume(token).is_ok(),
                    AnySession::Running(session) => session.resume(token).is_ok(),
                    AnySession::Interrupted(session) => session.resume(token).is_ok(),
                    AnySession::Resuming(session) => session.resume(token).is_ok(),
                    AnySession::Fresh(_) | AnySession::MediaLost(_) => false,
                }
            }
            Self::App(audio) => fulfill_for_the_app(audio, id, out),
        }
    }

    /// An old call's deactivation came: the activation of the call that was taken back may still come.
    pub(crate) fn resume_late(&mut self) {
        if let Self::System(audio) = self
            && let AnySession::Configured(session) = audio.session()
        {
            let _ = session.resume_after_reset();
        }
    }

    /// Starts capture and playback, or playback alone; what runs already goes on.
    pub(crate) fn start(&mut self, relay: &mut Relay, duplex: bool) -> bool {
        either!(self, audio => match audio.session() {
            AnySession::Active(session) if duplex => session.start(relay).is_ok(),
            AnySession::Active(session) => session.start_playback(relay).is_ok(),
            AnySession::Playing(session) if duplex => session.start(relay).is_ok(),
            AnySession::Resuming(session) if duplex => session.start(relay).is_ok(),
            _ => false,
        })
    }

    /// Stops what runs.
    pub(crate) fn stop(&mut self) {
        either!(self, audio => {
            let _ = match audio.session() {
                AnySession::Playing(session) => session.stop().is_ok(),
                AnySession::Running(session) => session.stop().is_ok(),
                _ => false,
            };
        });
    }

    pub(crate) fn override_output(&mut self, port: OutputPort) -> bool {
        either!(self, audio => match audio.session() {
            AnySession::Active(session) => session.override_output(port).is_ok(),
            AnySession::Playing(session) => session.override_output(port).is_ok(),
            AnySession::Running(session) => session.override_output(port).is_ok(),
            _ => false,
        })
    }

    /// The app's own activation succeeded.
    pub(crate) fn activate(&mut self) -> bool {
        let Self::App(audio) = self else { return false };
        match audio.session() {
            AnySession::Configured(session) => session.activate().is_ok(),
            AnySession::Interrupted(session) => session.activate().is_ok(),
            _ => false,
        }
    }

    /// The app gives its session back.
    pub(crate) fn deactivate(&mut self) -> bool {
        let Self::App(audio) = self else { return false };
        match audio.session() {
            AnySession::Active(session) => session.deactivate().is_ok(),
            _ => false,
        }
    }

    /// The system's activation; whether audio may start by it.
    pub(crate) fn did_activate(&mut self) -> bool {
        match self {
            Self::System(audio) => audio.did_activate(Activation::from_system()).is_ok(),
            Self::App(_) => false,
        }
    }

    pub(crate) fn did_deactivate(&mut self) {
        if let Self::System(audio) = self {
            audio.did_deactivate();
        }
    }

    pub(crate) fn provider_did_reset(&mut self) {
        if let Self::System(audio) = self {
            audio.provider_did_reset();
        }
    }

    pub(crate) fn interruption_began(&mut self) {
        either!(self, audio => drop(audio.interruption_began()));
    }

    pub(crate) fn interruption_ended(&mut self) {
        either!(self, audio => drop(audio.interruption_ended()));
    }

    pub(crate) fn media_services_were_lost(&mut self) {
        either!(self, audio => drop(audio.media_services_were_lost()));
    }

    pub(crate) fn media_services_were_reset(&mut self) {
        either!(self, audio => drop(audio.media_services_were_reset()));
    }
}
