//! What a session starts and stops: the audio input/output of a call.
//!
//! An engine may be built and prepared early; its hardware runs only while the session lets it. The session keeps
//! the handle of what it started ([`RunningIo`]) and stops it on every event that takes the session away, so that no
//! input/output outlives an activation (rule `no-io-after-did-deactivate`). This module knows no device and no thread.

use alloc::boxed::Box;

/// The directions of input/output that a start asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directions {
    /// Playback alone: ringback, early media.
    Playback,
    /// Capture and playback.
    Duplex,
}

/// The session's word that hardware may run now. Only a session (or a guard whose answer was yes) gives it.
#[derive(Debug)]
pub struct StartPermit(());

impl StartPermit {
    pub(crate) const fn granted() -> Self {
        Self(())
    }

    /// A permit that nobody granted, for an app that breaks the order on purpose: tests of what then happens, and
    /// apps whose guard only warns. Hardware started with it may well be silent.
    pub const fn against_the_order() -> Self {
        Self(())
    }
}

/// Audio input/output that a session can start.
pub trait Engine {
    /// Why it does not start.
    type Error: core::error::Error;

    /// Builds what takes time (streams, units) without starting the hardware. Repeating it is harmless.
    ///
    /// # Errors
    /// The device's own; the engine is as it was before.
    fn prepare(&mut self) -> Result<(), Self::Error>;

    /// Starts the hardware in `directions`; what runs already in one of them goes on.
    ///
    /// # Errors
    /// The device's own; nothing runs then that did not run before.
    fn start(
        &mut self,
        permit: StartPermit,
        directions: Directions,
    ) -> Result<Box<dyn RunningIo>, Self::Error>;
}

/// Input/output that runs. The session that holds it stops it; dropping it alone does nothing, since a later start
/// (playback, then capture too) replaces the handle while the hardware goes on.
pub trait RunningIo: Send {
    /// Stops the hardware; no callback of the app is entered after it returned. Repeating it is harmless.
    fn stop(&mut self);
}
