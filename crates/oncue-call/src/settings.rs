//! What an app chooses once, and what Apple and QQ do differently.

use crate::integration::{CallUi, Decision};
use crate::{CallUpdate, ProviderConfiguration, TranslationEngine};
use oncue_session::{Framework, Owner, PlayAndRecord, Policy, Version, Waits, mode};
use std::time::Duration;

/// The two published orders of a call (rule book §2.2, §2.4, §2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Apple's: the category inside the action, the unit made with the activation, the audio stopped before the end is
    /// fulfilled.
    #[default]
    Apple,
    /// QQ's: the category before the report where no call is live, the unit initialized before the fulfil, the audio
    /// stopped after the deactivation.
    Qq,
}

/// When an answer is fulfilled (rule book §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FulfilAt {
    /// As soon as the acceptance is handed to the network: the system's timer runs, and it activates early.
    #[default]
    Accept,
    /// When the media are joined ([`Signal::Joined`](crate::Signal::Joined)): “connecting…” until then, and no activation.
    Joined,
}

/// What an app chooses for its calls.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Which order is kept.
    pub order: Order,
    /// When an answer is fulfilled.
    pub fulfil_at: FulfilAt,
    /// Whose provider it is: CallKit's, or LiveCommunicationKit's conversations (iOS 17.4).
    pub framework: Framework,
    /// Who activates the session of LiveCommunicationKit's conversations. The sources do not settle it (rule
    /// `lck-activation-callbacks-exist`, rule book §2.10); CallKit's calls are always the system's.
    pub lck_owner: Owner,
    /// What the provider is made with.
    pub provider: ProviderConfiguration,
    /// What can be done to calls, as each is reported; handle, name and video are the call's own. What is not declared here,
    /// or by a [`Signal::Update`](crate::Signal::Update), is not asked for (rule `hold-capability-declared`).
    pub update: CallUpdate,
    /// Who translates calls, where the provider's configuration says that they can be
    /// ([`supports_audio_translation`](ProviderConfiguration::supports_audio_translation)).
    pub translation_engine: TranslationEngine,
    /// Whether the provider's configuration is set again before each report of a new call (rule
    /// `provider-configuration-before-each-report`).
    pub configure_before_each_report: bool,
    /// Whether a new provider is made after a reset (rule `provider-reset-rebuild-after-xpc-loss`).
    pub new_provider_after_reset: bool,
    /// The session's configuration in a call without video.
    pub voice: PlayAndRecord,
    /// The session's configuration in a call with video.
    pub video: PlayAndRecord<mode::VideoChat>,
    /// The system's version; unknown = the newest rules hold.
    pub ios: Option<Version>,
    /// Whether an outgoing call plays ringback or early media from the activation on; capture starts when the far end
    /// answers. Without it nothing runs before that.
    pub ringback: bool,
    /// How long an incoming call rings before the app itself gives up; the system has a limit of its own.
    pub ring: Option<Duration>,
    /// How long the guard waits; the centre acts [`EARLY`] before, or a quarter of the wait where that is shorter.
    pub waits: Waits,
}

/// How much earlier than a deadline the centre acts on it, so that its answer is not late.
pub const EARLY: Duration = Duration::from_millis(500);

impl Settings {
    /// The defaults, in this order.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            fulfil_at: FulfilAt::Accept,
            framework: Framework::CallKit,
            lck_owner: Owner::System,
            provider: ProviderConfiguration::default(),
            update: CallUpdate::default(),
            translation_engine: TranslationEngine::Default,
            configure_before_each_report: true,
            new_provider_after_reset: true,
            voice: PlayAndRecord::voice_chat(),
            video: PlayAndRecord::video_chat(),
            ios: None,
            ringback: true,
            ring: None,
            waits: Policy::apple().waits,
        }
    }

    /// With the call system, and the owner of its session, that was decided for the first calls. Where that is none, the
    /// centre gives its provider up as soon as it is told ([`Input::Decided`](crate::Input::Decided)).
    #[must_use]
    pub const fn decided(mut self, decision: &Decision) -> Self {
        if let CallUi::System(framework) = decision.ui {
            self.framework = framework;
            if matches!(framework, Framework::LiveCommunicationKit) {
                self.lck_owner = decision.owner;
            }
        }
        self
    }

    /// Who activates the session.
    pub(crate) const fn owner(&self) -> Owner {
        match self.framework {
            Framework::CallKit => Owner::System,
            Framework::LiveCommunicationKit => self.lck_owner,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(Order::Apple)
    }
}
