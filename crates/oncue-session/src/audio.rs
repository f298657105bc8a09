//! The session that an app keeps: [`Audio`] owns the machine, the platform and what runs, and takes the system's events.

use crate::state::Active;
use crate::token::Activation;
use crate::{
    AnySession, AudioSession, IsOwner, IsState, Machine, Next, Progress, RunningIo, SessionError,
    State, owner,
};
use alloc::boxed::Box;
use core::{fmt, marker::PhantomData};
use oncue_platform::{Platform, Step, SystemEvent};

/// The audio session of a process. The app keeps it; every callback starts from it.
///
/// Dropped in any state, it stops what runs and, where the app owns the session, releases it after that.
pub struct Audio<O: IsOwner> {
    pub(crate) machine: Machine,
    pub(crate) platform: Box<dyn Platform>,
    pub(crate) running: Option<Box<dyn RunningIo>>,
    owner: PhantomData<O>,
}

impl Audio<owner::System> {
    /// A session that the call system activates.
    pub fn under_system(platform: impl Platform + 'static) -> Self {
        Self::new(platform)
    }

    /// The system activated the session (`provider(_:didActivate:)`).
    ///
    /// # Errors
    /// [`SessionError::Unexpected`] where an activation does not lead to [`Active`]: audio runs already (a doubled
    /// activation, which leaves it alone), no category is set, or the media services are dead.
    pub fn did_activate(&mut self, _activation: Activation) -> Next<'_, owner::System, Active> {
        self.on_event(SystemEvent::DidActivate);
        self.expect()
    }

    /// The system deactivated the session (`provider(_:didDeactivate:)`): what runs is stopped. Repeated or late, it
    /// takes nothing.
    pub fn did_deactivate(&mut self) -> AnySession<'_, owner::System> {
        self.on_event(SystemEvent::DidDeactivate)
    }

    /// The call system lost all calls (`providerDidReset(_:)`): what runs is stopped.
    pub fn provider_did_reset(&mut self) -> AnySession<'_, owner::System> {
        self.on_event(SystemEvent::ProviderReset)
    }
}

impl Audio<owner::App> {
    /// A session that the app activates itself: no call system is in use (desktop, mainland China before
    /// LiveCommunicationKit, iOS before 10).
    pub fn owned_by_app(platform: impl Platform + 'static) -> Self {
        Self::new(platform)
    }
}

impl<O: IsOwner> Audio<O> {
    fn new(platform: impl Platform + 'static) -> Self {
        Self {
            machine: Machine::new(O::OWNER),
            platform: Box::new(platform),
            running: None,
            owner: PhantomData,
        }
    }

    /// The state as it is now.
    pub const fn state(&self) -> State {
        self.machine.state()
    }

    /// The view of the state `S`, if the session is in it.
    ///
    /// # Errors
    /// [`SessionError::Unexpected`] with the state as it is.
    pub fn expect<S: IsState>(&mut self) -> Next<'_, O, S> {
        let got = self.state();
        if got == S::STATE {
            Ok(self.view())
        } else {
            Err(SessionError::Unexpected { expected: S::STATE, got })
        }
    }

    /// The system interrupted the session, which is inactive already: what runs is stopped.
    pub fn interruption_began(&mut self) -> AnySession<'_, O> {
        self.on_event(SystemEvent::InterruptionBegan)
    }

    /// The interruption is over. Nothing is active by that: the owner activates again.
    pub fn interruption_ended(&mut self) -> AnySession<'_, O> {
        self.on_event(SystemEvent::InterruptionEnded)
    }

    /// The route or its format changed.
    pub fn route_changed(&mut self) -> AnySession<'_, O> {
        self.on_event(SystemEvent::RouteChanged)
    }

    /// The media server died: what runs is stopped.
    pub fn media_services_were_lost(&mut self) -> AnySession<'_, O> {
        self.on_event(SystemEvent::MediaServicesLost)
    }

    /// The media server is back and remembers nothing: configure again.
    pub fn media_services_were_reset(&mut self) -> AnySession<'_, O> {
        self.on_event(SystemEvent::MediaServicesReset)
    }

    fn on_event(&mut self, event: SystemEvent) -> AnySession<'_, O> {
        self.machine.on_event(event);
        if !matches!(self.state(), State::Playing | State::Running) {
            self.stop_running();
        }
        self.session()
    }

    pub(crate) fn stop_running(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.stop();
        }
    }

    pub(crate) fn view<S: IsState>(&mut self) -> AudioSession<'_, O, S> {
        debug_assert_eq!(self.machine.state(), S::STATE);
        AudioSession::of(self)
    }
}

impl<O: IsOwner> Drop for Audio<O> {
    fn drop(&mut self) {
        self.stop_running();
        self.machine.force(Step::Stop);
        if self.machine.attempt(Step::Deactivate).is_ok_and(|Progress { from, to }| from != to) {
            // Nobody is left to tell of a refusal.
            let _ = self.platform.set_active(false);
        }
    }
}

impl<O: IsOwner> fmt::Debug for Audio<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio").field("machine", &self.machine).finish_non_exhaustive()
    }
}
