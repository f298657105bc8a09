//! The steps of an app, typed: [`AudioSession`] is an exclusive view of [`Audio`] in a state that is known.
//!
//! Each method exists for every owner and state and is bounded on the method, one bound a rule: an unmet bound is a
//! compile error with the rule's own message.

use crate::rule::*;
use crate::token::{Action, Connects, action};
use crate::{Audio, CallCategory, Directions, Engine, SessionError, StartPermit, State, step};
use crate::{IsOwner, IsState, IsStep, Leads, LegalIn};
use core::{fmt, marker::PhantomData};
use oncue_platform::{OutputPort, Refusal, Step};

/// What a step gives: the view of the state it leads to, or why it was not taken.
pub type Next<'a, O, S> = Result<AudioSession<'a, O, S>, SessionError>;

/// The state that the step `T` leads to from the state `S`.
pub type To<T, S> = <S as Leads<T>>::To;

/// The session in the known state `S`, borrowed from [`Audio`]. No view survives an event: telling `Audio` of one
/// needs the borrow that the view holds.
#[must_use = "a view does nothing by itself"]
pub struct AudioSession<'a, O: IsOwner, S: IsState> {
    audio: &'a mut Audio<O>,
    state: PhantomData<S>,
}

impl<'a, O: IsOwner, S: IsState> AudioSession<'a, O, S> {
    /// The view of `audio`, which must be in the state `S`.
    pub(crate) fn of(audio: &'a mut Audio<O>) -> Self {
        debug_assert_eq!(audio.state(), S::STATE);
        Self { audio, state: PhantomData }
    }

    /// The state as a value.
    pub const fn state(&self) -> State {
        S::STATE
    }

    /// Sets category, mode and options for a call that is to come. Repeating it before the activation is harmless.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn configure<C: CallCategory>(self, category: C) -> Next<'a, O, To<step::Configure, S>>
    where
        O::In<S>: MediaServicesLostStop + NoReconfigureBeforeReportWhileActive,
    {
        self.step(step::Configure, |audio| audio.platform.set_category(category.configuration()))
    }

    /// Sets mode and options anew for a call that is live, while nothing runs: the call's own reconfigure step.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn reconfigure<C: CallCategory>(self, category: C) -> Next<'a, O, To<step::Reconfigure, S>>
    where
        O::In<S>:
            MediaServicesLostStop + CategoryBeforeActivation + NoCategoryChangeWhileCallActive,
    {
        self.step(step::Reconfigure, |audio| audio.platform.set_category(category.configuration()))
    }

    /// Fulfils the action that answers or starts a call. The system then activates.
    ///
    /// # Errors
    /// None but a bug's: the action is fulfilled.
    pub fn fulfill<K: Connects>(self, action: Action<K>) -> Next<'a, O, To<step::Fulfill, S>>
    where
        O::In<S>: AppActivatesOnlyWithoutCallkit + MediaServicesLostStop + CategoryBeforeActivation,
    {
        self.step(step::Fulfill, |_| {
            action.fulfill();
            Ok(())
        })
    }

    /// Says that the caller is about to wait for the activation, which only makes sense where one can come.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn await_activation(self) -> Next<'a, O, To<step::AwaitActivation, S>>
    where
        O::In<S>: AppActivatesOnlyWithoutCallkit
            + MediaServicesLostStop
            + CategoryBeforeActivation
            + ActivationFollowsFulfill,
    {
        self.step(step::AwaitActivation, |_| Ok(()))
    }

    /// Activates the session: the app's business only where it owns the session.
    ///
    /// ```compile_fail,E0277
    /// use oncue_session::{Audio, Fresh, PlayAndRecord, Platform, SessionError};
    ///
    /// fn answer(phone: impl Platform + 'static) -> Result<(), SessionError> {
    ///     let mut audio = Audio::under_system(phone);
    ///     audio.expect::<Fresh>()?.configure(PlayAndRecord::voice_chat())?.activate()?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The system's refusal.
    pub fn activate(self) -> Next<'a, O, To<step::Activate, S>>
    where
        O::In<S>: NoAppActivationUnderCallkit + MediaServicesLostStop + CategoryBeforeActivation,
    {
        self.step(step::Activate, |audio| audio.platform.set_active(true))
    }

    /// Builds what takes time, so that the start is quick. Nothing runs by it.
    ///
    /// # Errors
    /// The engine's own.
    pub fn prepare<E>(self, engine: &mut E) -> Next<'a, O, To<step::Prepare, S>>
    where
        E: Engine<Error: Send + Sync + 'static> + ?Sized,
        O::In<S>: MediaServicesLostStop + IoInitWindow,
    {
        let state = S::STATE;
        self.step_with(step::Prepare, |_| {
            engine.prepare().map_err(|error| SessionError::Engine {
                step: Step::Prepare,
                state,
                source: error.into(),
            })
        })
    }

    /// Starts playback alone: ringback, early media. Where capture runs too, it goes on.
    ///
    /// # Errors
    /// The engine's own; what ran goes on.
    pub fn start_playback<E>(self, engine: &mut E) -> Next<'a, O, To<step::StartPlayback, S>>
    where
        E: Engine<Error: Send + Sync + 'static> + ?Sized,
        O::In<S>: MediaServicesLostStop
            + CategoryBeforeActivation
            + InterruptionBeginMeansInactive
            + NoLocalSoundsOutsideTheCallSession,
    {
        self.start_in(step::StartPlayback, Directions::Playback, engine)
    }

    /// Starts capture and playback. Where they run, they go on.
    ///
    /// # Errors
    /// The engine's own; what ran goes on.
    pub fn start<E>(self, engine: &mut E) -> Next<'a, O, To<step::Start, S>>
    where
        E: Engine<Error: Send + Sync + 'static> + ?Sized,
        O::In<S>: MediaServicesLostStop
            + CategoryBeforeActivation
            + InterruptionBeginMeansInactive
            + IoStartAfterDidActivate,
    {
        self.start_in(step::Start, Directions::Duplex, engine)
    }

    /// Stops what runs; where nothing does, it is harmless.
    ///
    /// # Errors
    /// None but a bug's.
    pub fn stop(self) -> Next<'a, O, To<step::Stop, S>> {
        self.step(step::Stop, |audio| {
            audio.stop_running();
            Ok(())
        })
    }

    /// Sends playback to `port` until the next change of route or category.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn override_output(self, port: OutputPort) -> Next<'a, O, To<step::OverrideOutput, S>>
    where
        O::In<S>: MediaServicesLostStop + OutputOverrideScope + CallkitOwnsTheRouteFirst,
    {
        self.step(step::OverrideOutput, |audio| audio.platform.override_output(port))
    }

    /// Fulfils the action that ends the last live call. The system then deactivates.
    ///
    /// # Errors
    /// None but a bug's: the action is fulfilled.
    pub fn end_call(self, action: Action<action::End>) -> Next<'a, O, To<step::EndCall, S>>
    where
        O::In<S>: AppActivatesOnlyWithoutCallkit + StopIoWhenEnding,
    {
        self.step(step::EndCall, |_| {
            action.fulfill();
            Ok(())
        })
    }

    /// Fulfils the action that takes a held call back: an activation follows, or not (rule
    /// `unhold-may-lack-did-activate`). Starting is legal at once.
    ///
    /// # Errors
    /// None but a bug's: the action is fulfilled.
    pub fn resume(self, action: Action<action::Unhold>) -> Next<'a, O, To<step::Resume, S>>
    where
        O::In<S>: AppActivatesOnlyWithoutCallkit + MediaServicesLostStop + CategoryBeforeActivation,
    {
        self.step(step::Resume, |_| {
            action.fulfill();
            Ok(())
        })
    }

    /// Goes on with a live call after the media services were reset and the session was configured again: an
    /// activation follows, or not (rule `media-services-reset-rebuild`).
    ///
    /// # Errors
    /// None but a bug's.
    pub fn resume_after_reset(self) -> Next<'a, O, To<step::Resume, S>>
    where
        O::In<S>: AppActivatesOnlyWithoutCallkit + MediaServicesLostStop + CategoryBeforeActivation,
    {
        self.step(step::Resume, |_| Ok(()))
    }

    /// Deactivates the session: the app's business only where it owns the session.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn deactivate(self) -> Next<'a, O, To<step::Deactivate, S>>
    where
        O::In<S>: NoForeignDeactivation + MediaServicesLostStop + StopIoWhenEnding,
    {
        self.step(step::Deactivate, |audio| audio.platform.set_active(false))
    }

    fn start_in<T, E>(
        self,
        step: T,
        directions: Directions,
        engine: &mut E,
    ) -> Next<'a, O, To<T, S>>
    where
        T: IsStep + LegalIn<O, S>,
        S: Leads<T>,
        E: Engine<Error: Send + Sync + 'static> + ?Sized,
    {
        let state = S::STATE;
        self.step_with(step, |audio| {
            // Where capture and playback run, starting playback changes nothing.
            if state == State::Running {
                return Ok(());
            }
            let running = engine.start(StartPermit::granted(), directions).map_err(|error| {
                SessionError::Engine { step: T::STEP, state, source: error.into() }
            })?;
            audio.running = Some(running);
            Ok(())
        })
    }

    fn step<T>(
        self,
        step: T,
        act: impl FnOnce(&mut Audio<O>) -> Result<(), Refusal>,
    ) -> Next<'a, O, To<T, S>>
    where
        T: IsStep + LegalIn<O, S>,
        S: Leads<T>,
    {
        self.step_with(step, |audio| {
            act(audio).map_err(|refusal| SessionError::Refused {
                step: T::STEP,
                state: S::STATE,
                refusal,
            })
        })
    }

    /// Asks the machine, acts, and only then moves: after an error the state is what it was.
    fn step_with<T>(
        self,
        _step: T,
        act: impl FnOnce(&mut Audio<O>) -> Result<(), SessionError>,
    ) -> Next<'a, O, To<T, S>>
    where
        T: IsStep + LegalIn<O, S>,
        S: Leads<T>,
    {
        self.audio.machine.check(T::STEP)?;
        act(self.audio)?;
        self.audio.machine.force(T::STEP);
        Ok(self.audio.view())
    }
}

impl<O: IsOwner, S: IsState> fmt::Debug for AudioSession<'_, O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioSession").field("owner", &O::OWNER).field("state", &S::STATE).finish()
    }
}
