//! What a centre asks for, one thing after the other: each is done before the next is polled, and those that have an
//! answer get it as an [`Input`](crate::Input).

use crate::{
    AppCall, CallUpdate, DtmfType, Handle, ProviderConfiguration, Transaction, TranslationEngine,
};
use oncue_session::{
    ActionKind, Configuration, Directions, EndedReason, Framework, Id, OutputPort, Refusal,
    StartPermit,
};

/// Something to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Make the provider, set its delegate and its configuration.
    CreateProvider {
        /// Its name here.
        provider: Id,
        /// Whose it is.
        framework: Framework,
        /// What it is made with.
        configuration: ProviderConfiguration,
    },
    /// Set the provider's configuration again.
    ConfigureProvider {
        /// The provider.
        provider: Id,
        /// The same values.
        configuration: ProviderConfiguration,
    },
    /// Invalidate the provider.
    InvalidateProvider {
        /// The provider.
        provider: Id,
    },
    /// Make the push registry, set its delegate, and ask for VoIP pushes, all in this turn.
    RegisterForPushes,
    /// Ask for no VoIP pushes any more, and tell the server that the token is void.
    StopPushes,
    /// Call the push's completion.
    CompletePush {
        /// The push.
        push: Id,
    },
    /// Report a new incoming call. Answer: [`Input::Reported`](crate::Input::Reported).
    ReportIncoming {
        /// The call.
        call: Id,
        /// What to show.
        update: CallUpdate,
    },
    /// Report that what is shown of a call changed.
    Update {
        /// The call.
        call: Id,
        /// What to show.
        update: CallUpdate,
    },
    /// Report that an outgoing call connects.
    ReportConnecting {
        /// The call.
        call: Id,
    },
    /// Report that an outgoing call is connected.
    ReportConnected {
        /// The call.
        call: Id,
    },
    /// Report that a call ended.
    ReportEnded {
        /// The call.
        call: Id,
        /// Why.
        reason: EndedReason,
    },
    /// Request a transaction. Answer: [`Input::Requested`](crate::Input::Requested).
    Request(Transaction),
    /// Return false from `provider(_:execute:)`, so that the actions come one by one.
    LeaveToActions {
        /// The transaction.
        transaction: Id,
    },
    /// Fulfil an action, with now as its date where it takes one.
    Fulfill {
        /// The action.
        action: Id,
    },
    /// Fulfil the translation of a call with this engine.
    FulfillTranslation {
        /// The action.
        action: Id,
        /// The engine.
        engine: TranslationEngine,
    },
    /// Fail an action.
    Fail {
        /// The action.
        action: Id,
    },

    /// Set category, mode and options of the session. Answer: [`Input::CategorySet`](crate::Input::CategorySet), told
    /// before any activation that comes after the call returned.
    SetCategory(Configuration),
    /// Activate or deactivate the session (others are notified of a deactivation): only where no call system does.
    /// Answer to an activation: [`Input::ActiveSet`](crate::Input::ActiveSet).
    SetActive(bool),
    /// Keep banners of the system from interrupting (`prefersNoInterruptionsFromSystemAlerts`).
    PreferNoAlerts,
    /// Make and initialize the audio unit.
    PrepareAudio {
        /// The unit.
        unit: Id,
    },
    /// Start the audio unit, made and initialized now if it was not; one that plays captures too from now on. Answer:
    /// [`Input::AudioStarted`](crate::Input::AudioStarted).
    StartAudio {
        /// The unit.
        unit: Id,
        /// Whether it was made before this.
        prepared: bool,
        /// What runs.
        directions: Directions,
        /// The session's word that hardware may run.
        permit: StartPermit,
    },
    /// Stop the audio unit.
    StopAudio {
        /// The unit.
        unit: Id,
    },
    /// Uninitialize and dispose of the audio unit.
    DisposeAudio {
        /// The unit.
        unit: Id,
    },
    /// Tell the media stack that the session was activated or deactivated (`audioSessionDidActivate`).
    TellStack {
        /// True for an activation.
        active: bool,
    },
    /// Mute what is captured, or unmute it: muted is what every call that is heard has muted. Where one of several is, what
    /// goes to its far end is the app's to mute ([`CallState::muted`](crate::CallState::muted)).
    ApplyMute {
        /// True for muted.
        muted: bool,
    },
    /// Send playback to this port.
    OverrideOutput(OutputPort),
    /// The call's session is over: the app may take up its own audio again.
    RestoreAudio,

    /// Ring in the app itself: by a notification, or on its own screen.
    RingInApp {
        /// The call.
        call: AppCall,
        /// Who calls.
        from: Handle,
        /// The name to show.
        name: Option<String>,
        /// Whether with video.
        video: bool,
    },
    /// The call no longer rings: take notification and screen back.
    StopRinging {
        /// The call.
        call: AppCall,
    },

    /// Tell the server, or the far end by it.
    Send {
        /// The call.
        call: AppCall,
        /// Its UUID, where it has one.
        id: Option<Id>,
        /// What.
        message: Message,
    },
    /// Begin a background task, so that what is sent leaves the device.
    BeginBackgroundTask,
    /// End it.
    EndBackgroundTask,
    /// Tell the user of the app, or its log.
    Notice(Notice),
}

/// What is told to the server, or to the far end by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// Call this far end. Answer: [`Signal::Dialled`](crate::Signal::Dialled) or [`Signal::Ended`](crate::Signal::Ended).
    Dial {
        /// Whom.
        to: Handle,
        /// With video.
        video: bool,
    },
    /// The call is answered.
    Accept,
    /// The call is over for us: hung up, declined, or given up.
    End,
    /// The system did not take the call.
    Refuse(Refusal),
    /// The call is held, or taken back.
    Hold(bool),
    /// Tones.
    Tones {
        /// The keys.
        digits: String,
        /// How.
        kind: DtmfType,
    },
}

/// What went otherwise than the user or the app wished.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notice {
    /// An action was not asked for, or the system did not take it.
    NotDone {
        /// The call.
        call: AppCall,
        /// What was asked for.
        kind: ActionKind,
        /// Why.
        why: NotDone,
    },
    /// The system did not take an incoming call: it does not ring.
    NotReported {
        /// The call.
        call: AppCall,
        /// Why.
        refusal: Refusal,
    },
    /// The category could not be set.
    NoCategory(Refusal),
    /// The activation stayed away (rule `activation-watchdog`), and the calls that are heard end; after an interruption they
    /// stay, in silence, until the next one.
    NoActivation,
    /// The audio did not start.
    NoAudio(Refusal),
}

/// Why an action was not asked for, or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotDone {
    /// The system refused the transaction.
    #[error("the call system refused: {0}")]
    Refused(Refusal),
    /// Every call group is taken (rule `call-group-limits`).
    #[error("all call groups are taken; end or group a call first")]
    NoGroupFree,
    /// The app is in the background and has no live call (rule `no-outgoing-call-from-background`).
    #[error("no call starts from the background; open the app first")]
    InBackground,
    /// The call is not in a state that this could be done to.
    #[error("the call is {0:?}")]
    Stage(crate::Stage),
    /// The app did not declare that this can be done to its calls ([`Settings::update`](crate::Settings::update)).
    #[error(
        "the app did not declare that its calls can do this; see Settings::update and provider"
    )]
    NotDeclared,
    /// The app no longer uses the call system (rule book §3.14).
    #[error("the call system is no longer used; call in the app")]
    Withdrawn,
    /// There is no such call; or a new one was to have the app's id of another.
    #[error("there is no such call")]
    NoCall,
    /// Only a call system could do it: a call in the app is neither held, nor grouped, nor translated.
    #[error("only calls of a call system are held, grouped or translated")]
    NoCallSystem,
}
