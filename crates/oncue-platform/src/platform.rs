//! What a backend can do to the one audio session of a phone. What it must tell is in [`SystemEvent`](crate::SystemEvent).

use crate::{Configuration, Refusal};

/// Where playback is sent (`AVAudioSession.PortOverride`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum OutputPort {
    /// Where category, mode and options send it.
    None,
    /// The loudspeaker.
    Speaker,
}

/// The audio session of a phone, or a model of one. A phone hands out one.
///
/// No method checks the order: `oncue-session` does that before it calls. A refusal leaves the session as it was.
pub trait Platform: Send {
    /// Sets category, mode and options (`setCategory(_:mode:options:)`).
    ///
    /// # Errors
    /// The system's refusal.
    fn set_category(&mut self, configuration: Configuration) -> Result<(), Refusal>;

    /// Activates or deactivates the session (`setActive(_:options:)`, others are notified of a deactivation).
    ///
    /// # Errors
    /// The system's refusal, e.g. [`Refusal::INSUFFICIENT_PRIORITY`] while a call system owns the session.
    fn set_active(&mut self, active: bool) -> Result<(), Refusal>;

    /// Sends playback to `port` until the next change of route or category (`overrideOutputAudioPort(_:)`).
    ///
    /// # Errors
    /// The system's refusal.
    fn override_output(&mut self, port: OutputPort) -> Result<(), Refusal>;
}

/// A platform without an audio session, as a null device is a card without sound: every call is granted and does
/// nothing.
///
/// For desktops, whose systems have no session to set up, and for tests of what does not depend on the platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullPlatform;

impl Platform for NullPlatform {
    fn set_category(&mut self, _: Configuration) -> Result<(), Refusal> {
        Ok(())
    }

    fn set_active(&mut self, _: bool) -> Result<(), Refusal> {
        Ok(())
    }

    fn override_output(&mut self, _: OutputPort) -> Result<(), Refusal> {
        Ok(())
    }
}
