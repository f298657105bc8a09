//! The events of a call: everything that an app does, or is told, and that a rule of the order can look at. What they
//! lead to is not said here.

use crate::choices::{
    ActionKind, EndedReason, Framework, InterruptionReason, Party, Permission, RouteChangeReason,
    StartCallIntent,
};
use crate::{Category, Domain, Id, Mode, Options, OutputPort};

macro_rules! events {
    ($($about:literal $event:ident $name:literal by [$($party:ident)+] { $($field:ident: $type:ty = $meaning:literal,)* })+) => {
        /// Something that the app is about to do, or that it was told.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(tag = "what", deny_unknown_fields))]
        #[non_exhaustive]
        pub enum Event {
            $(#[doc = $about]
            #[cfg_attr(feature = "serde", serde(rename = $name))]
            $event { $(#[doc = $meaning] $field: $type),* },)+
        }

        /// What kind an [`Event`] is of, without its arguments.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum EventKind {
            $(#[doc = $about] #[cfg_attr(feature = "serde", serde(rename = $name))] $event,)+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$event),+];

            /// Its name in traces.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$event => $name),+ }
            }

            /// What happens.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$event => $about),+ }
            }

            /// Who can do it; the first where nobody is named.
            pub const fn parties(self) -> &'static [Party] {
                match self { $(Self::$event => &[$(Party::$party),+]),+ }
            }

            /// Its arguments.
            pub const fn arguments(self) -> &'static [Argument] {
                match self { $(Self::$event => &[$(Argument {
                    name: stringify!($field),
                    form: stringify!($type),
                    meaning: $meaning,
                }),*]),+ }
            }
        }

        /// Calls the macro `$then` with the name of every kind of event, for code that is compiled apart for each.
        #[macro_export]
        macro_rules! each_event_kind {
            ($then:ident) => { $then! { $($event)+ } };
        }

        impl Event {
            /// The kind.
            #[inline]
            pub const fn kind(&self) -> EventKind {
                match self { $(Self::$event { .. } => EventKind::$event),+ }
            }
        }
    };
}

/// An argument of an event, for those who document or read events.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Its type, as in [`Event`]; one in `Option<>` may be left out.
    pub form: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

events! {
    // The process and its surroundings.
    "The process starts. What came before counts no more, and everything from here on is told."
    Launch "launch" by [System] {}
    "`application(_:didFinishLaunchingWithOptions:)` returned."
    LaunchFinished "launch-finished" by [System] {}
    "The app came to the foreground."
    EnteredForeground "entered-foreground" by [System] {}
    "The app went to the background."
    EnteredBackground "entered-background" by [System] {}
    "The main queue made a turn."
    MainQueueTurn "main-queue-turn" by [System] {}
    "Time passed: the app polled the deadlines."
    Poll "poll" by [App] {}
    "Data that the first unlock after a restart opens can be read, or not (not `isProtectedDataAvailable`, which is false at every lock)."
    ProtectedData "protected-data" by [System] { available: bool = "whether it can be read", }
    "The store of the user's country."
    Storefront "storefront" by [System] { mainland_china: bool = "whether it is mainland China's", }
    "The app is an iPhone or iPad app that runs on a Mac (`isiOSAppOnMac`)."
    RunsOnMac "runs-on-mac" by [System] {}
    "The app read the record permission."
    PermissionIs "permission-is" by [App Library Stack] { permission: Permission = "the permission", }
    "The app asks for the record permission."
    AskPermission "ask-permission" by [App Library Stack] {}
    "The app begins a background task."
    BeginBackgroundTask "begin-background-task" by [App] {}
    "The app ends its background task."
    EndBackgroundTask "end-background-task" by [App] {}

    // The session.
    "Sets category, mode and options (`setCategory(_:mode:options:)`)."
    SetCategory "set-category" by [App Library Stack] {
        category: Category = "the category",
        mode: Option<Mode> = "the mode; absent = Default, or as it was where the category stays the same",
        options: Option<Options> = "the options; absent for the form without options",
        through_proxy: Option<bool> = "whether it goes through the media stack's proxy of the session (RTCAudioSession)",
    }
    "Sets the mode alone (`setMode(_:)`)."
    SetMode "set-mode" by [App Library Stack] {
        mode: Mode = "the mode",
        through_proxy: Option<bool> = "whether it goes through the media stack's proxy of the session",
    }
    "Sets preferred values."
    SetPreferred "set-preferred" by [App Library Stack] {
        rate_hz: Option<u32> = "the sample rate, in Hz",
        buffer_ms: Option<u32> = "the buffer, in ms",
        input_channels: Option<u16> = "the channels of capture",
        output_channels: Option<u16> = "the channels of playback",
    }
    "Activates or deactivates the session (`setActive(_:)`)."
    SetActive "set-active" by [App Library Stack] { active: bool = "true to activate", }
    "Sends playback to another port (`overrideOutputAudioPort(_:)`)."
    OverrideOutput "override-output" by [App Library Stack] { port: OutputPort = "the port", }
    "Reads the session. What was not read is left out."
    SessionIs "session-is" by [App Library Stack] {
        category: Option<Category> = "the category",
        mode: Option<Mode> = "the mode",
        options: Option<Options> = "the options",
        rate_hz: Option<u32> = "the sample rate, in Hz",
        input_available: Option<bool> = "whether there is an input with a rate above 0 Hz",
    }
    "Sets `prefersNoInterruptionsFromSystemAlerts`."
    PreferNoAlerts "prefer-no-alerts" by [App Library] { on: bool = "the value", }
    "Posts an interruption notification that the system did not send."
    PostInterruption "post-interruption" by [App Library Stack] {}
    "The system refused what the app just did to the session or a unit."
    Refused "refused" by [System] {
        of: EventKind = "what it refused",
        domain: Domain = "whose code",
        code: i32 = "the code",
        unit: Option<Id> = "the audio unit",
    }
    "The app waits for the activation, blocking or by holding back what comes next."
    AwaitActivation "await-activation" by [App Library Stack] {}
    "The app waits for the end of an interruption before it goes on."
    AwaitInterruptionEnd "await-interruption-end" by [App Library Stack] {}
    "The system activated the session (`provider(_:didActivate:)`)."
    DidActivate "did-activate" by [System] {}
    "The system deactivated the session (`provider(_:didDeactivate:)`)."
    DidDeactivate "did-deactivate" by [System] {}
    "The system interrupted the session, which is inactive already."
    InterruptionBegan "interruption-began" by [System] { reason: Option<InterruptionReason> = "why", }
    "The interruption is over."
    InterruptionEnded "interruption-ended" by [System] { should_resume: Option<bool> = "the option ShouldResume", }
    "Another route, or another format of the same."
    RouteChanged "route-changed" by [System] { reason: RouteChangeReason = "why", }
    "The media server died."
    MediaServicesLost "media-services-lost" by [System] {}
    "The media server is back and remembers nothing."
    MediaServicesReset "media-services-reset" by [System] {}

    // Audio units, and what an app plays.
    "Creates an audio unit, an engine or a stream."
    CreateUnit "create-unit" by [App Stack] {
        unit: Id = "the unit",
        voice_processing: Option<bool> = "whether it is a VoiceProcessingIO",
    }
    "Fixes the frames that a unit takes at most at once."
    SetMaxFrames "set-max-frames" by [App Stack] { unit: Id = "the unit", frames: u32 = "the frames", }
    "Initializes an audio unit (`AudioUnitInitialize`)."
    InitializeUnit "initialize-unit" by [App Stack] {
        unit: Id = "the unit",
        rate_hz: Option<u32> = "the sample rate of its format, in Hz",
    }
    "Starts an audio unit (`AudioOutputUnitStart`)."
    StartUnit "start-unit" by [App Stack] {
        unit: Id = "the unit",
        playback_only: Option<bool> = "whether it plays only: ringback, early media",
    }
    "Stops an audio unit (`AudioOutputUnitStop`)."
    StopUnit "stop-unit" by [App Stack] { unit: Id = "the unit", }
    "Uninitializes and disposes of an audio unit."
    DisposeUnit "dispose-unit" by [App Stack] { unit: Id = "the unit", }
    "Reads how many samples went through a unit since its start."
    Samples "samples" by [App Stack] {
        unit: Id = "the unit",
        captured: u64 = "frames captured",
        played: u64 = "frames played",
        silent: Option<bool> = "whether all since the last reading were silent in both directions",
    }
    "Plays a local sound: ringback, dial tone, prompt."
    PlaySound "play-sound" by [App Library] {}
    "Starts a camera's capture session."
    StartCamera "start-camera" by [App Library] {
        configures_session: bool = "its automaticallyConfiguresApplicationAudioSession",
    }

    // The media stack.
    "Gives the media stack the configuration that it applies by itself."
    StoreConfiguration "store-configuration" by [App] {
        category: Category = "the category",
        mode: Option<Mode> = "the mode; absent = Default",
        options: Option<Options> = "the options",
    }
    "Locks the media stack's proxy of the session (`lockForConfiguration`)."
    LockProxy "lock-proxy" by [App Library Stack] {}
    "Unlocks it."
    UnlockProxy "unlock-proxy" by [App Library Stack] {}
    "Makes the media stack wait for a switch (`useManualAudio = true`)."
    UseManualAudio "use-manual-audio" by [App] {}
    "Creates an audio track or the stack's audio device."
    CreateTrack "create-track" by [App Library] {}
    "Tells the media stack of the activation or deactivation (`audioSessionDidActivate`)."
    TellStack "tell-stack" by [App Library] { active: bool = "true for an activation", }
    "Switches the media stack's audio (`isAudioEnabled`, `audioDevice.enabled`)."
    EnableAudio "enable-audio" by [App Library Stack] { on: bool = "the switch", }

    // Providers and pushes.
    "Makes a provider (`CXProvider`, `ConversationManager`)."
    CreateProvider "create-provider" by [App Library] {
        provider: Id = "the provider",
        framework: Option<Framework> = "whose; absent = CallKit",
    }
    "Sets a provider's delegate."
    SetDelegate "set-delegate" by [App Library] { provider: Id = "the provider", }
    "A provider is registered (`providerDidBegin(_:)`)."
    ProviderBegan "provider-began" by [System] { provider: Id = "the provider", }
    "The app holds something back until the provider is registered."
    AwaitProviderBegin "await-provider-begin" by [App Library] {}
    "Sets a provider's configuration."
    ConfigureProvider "configure-provider" by [App Library] {
        provider: Id = "the provider",
        max_groups: Option<u8> = "maximumCallGroups",
        handle_types: Option<u8> = "how many supportedHandleTypes there are",
    }
    "Invalidates a provider."
    InvalidateProvider "invalidate-provider" by [App Library] { provider: Id = "the provider", }
    "The call system lost all calls of the app (`providerDidReset(_:)`)."
    ProviderReset "provider-reset" by [System] {}
    "Makes the push registry."
    CreateRegistry "create-registry" by [App Library] {}
    "Sets the registry's delegate."
    SetRegistryDelegate "set-registry-delegate" by [App Library] {}
    "Sets the registry's `desiredPushTypes` to VoIP."
    RequestVoipPushes "request-voip-pushes" by [App Library] {}
    "A VoIP push comes in."
    Push "push" by [System] {
        push: Id = "the push",
        call: Option<Id> = "the call that it announces",
        must_report: Option<bool> = "PKVoIPPushMetadata.mustReport (iOS 26.4)",
    }
    "The push's delegate method returns."
    PushReturned "push-returned" by [App Library] { push: Id = "the push", }
    "Calls the push's completion."
    CompletePush "complete-push" by [App Library] { push: Id = "the push", }
    "Contacts, Recents or Siri hand a call over."
    StartCallIntent "start-call-intent" by [System] { intent: StartCallIntent = "the class of the intent", }
    "The app answers the hand-over."
    IntentAnswered "intent-answered" by [App Library] { handled: bool = "whether it took it, or told the user why not", }

    // Calls.
    "The far end calls, by the app's own connection."
    Invite "invite" by [Peer] { call: Id = "the call", }
    "Reports a new incoming call (`reportNewIncomingCall`)."
    ReportIncoming "report-incoming" by [App Library] {
        call: Id = "the call's UUID",
        video: Option<bool> = "whether it has video",
    }
    "The report's completion, without an error."
    ReportSucceeded "report-succeeded" by [System] { call: Id = "the call", }
    "The report's completion, with an error."
    ReportRefused "report-refused" by [System] {
        call: Id = "the call",
        code: i32 = "of CXErrorCodeIncomingCallError",
    }
    "Reports that an outgoing call connects (`startedConnectingAt`)."
    ReportConnecting "report-connecting" by [App Library] { call: Id = "the call", }
    "Reports that an outgoing call is connected (`connectedAt`)."
    ReportConnected "report-connected" by [App Library] { call: Id = "the call", }
    "Reports that something of a call has changed (`reportCall(with:updated:)`)."
    ReportUpdated "report-updated" by [App Library] { call: Id = "the call", }
    "Reports that a call ended (`reportCall(with:endedAt:reason:)`)."
    ReportEnded "report-ended" by [App Library] { call: Id = "the call", reason: EndedReason = "why", }
    "Requests an action in a transaction; one line for each action of it."
    Request "request" by [App Library] {
        transaction: Id = "the transaction",
        kind: ActionKind = "what is asked for",
        call: Id = "the call",
        video: Option<bool> = "whether a call to start has video",
    }
    "The transaction was taken."
    RequestSucceeded "request-succeeded" by [System] { transaction: Id = "the transaction", }
    "The transaction was refused."
    RequestRefused "request-refused" by [System] {
        transaction: Id = "the transaction",
        code: i32 = "of CXErrorCodeRequestTransactionError",
    }
    "The app answers `provider(_:execute:)`."
    ExecuteTransaction "execute-transaction" by [App Library] {
        transaction: Id = "the transaction",
        handled: bool = "what it returned",
    }
    "The system asks the app to perform an action."
    Perform "perform" by [System] {
        action: Id = "the action's UUID",
        kind: ActionKind = "what is asked for",
        call: Id = "the call's UUID",
        transaction: Option<Id> = "the transaction that it belongs to",
        timeout_ms: Option<u32> = "how long until its timeoutDate, in ms",
    }
    "Looks a call up."
    LookUp "look-up" by [App Library] { id: Id = "the UUID that it looks for", }
    "Fulfils an action."
    Fulfill "fulfill" by [App Library] { action: Id = "the action", }
    "Fails an action."
    Fail "fail" by [App Library] { action: Id = "the action", }
    "An action was not completed in time (`provider(_:timedOutPerforming:)`)."
    TimedOut "timed-out" by [System] { action: Id = "the action", transaction: Option<Id> = "its transaction", }
    "From here on a call wants audio; one that was answered does anyway."
    WantAudio "want-audio" by [App] { call: Id = "the call", }

    // The app's own connection, and its layers.
    "The app's signalling is connected."
    SignallingReady "signalling-ready" by [App] {}
    "The app waits for its signalling, blocking."
    AwaitSignalling "await-signalling" by [App Library] {}
    "The app hands the acceptance of a call to the network."
    SendAccept "send-accept" by [App Library Stack] { call: Id = "the call", }
    "The app dials."
    SendDial "send-dial" by [App Library Stack] { call: Id = "the call", }
    "The app hands a hang-up or a refusal to the network."
    SendEnd "send-end" by [App Library Stack] { call: Id = "the call", }
    "Captured audio of a call goes to the network."
    SendAudio "send-audio" by [Stack App] { call: Id = "the call", }
    "The far end answers."
    PeerAnswered "peer-answered" by [Peer] { call: Id = "the call", }
    "The far end ends or cancels a call."
    PeerEnded "peer-ended" by [Peer] { call: Id = "the call", }
    "The app starts its own no-answer timer for a call."
    StartRingTimer "start-ring-timer" by [App Library] { call: Id = "the call", }
    "The app cancels it."
    CancelRingTimer "cancel-ring-timer" by [App Library] { call: Id = "the call", }
    "It fires."
    RingTimerFired "ring-timer-fired" by [App Library] { call: Id = "the call", }
    "The layer that handles actions (script runtime, Flutter engine) listens."
    Listen "listen" by [App Library] {}
    "An action, or the activation, is delivered to that layer."
    Deliver "deliver" by [App Library] { action: Option<Id> = "the action; absent for the activation", }
    "An action, or the activation, is dropped: nobody listens."
    Drop "drop" by [App Library] { action: Option<Id> = "the action; absent for the activation", }

    // The user in the app's own screens, and mute.
    "The user answers in the app."
    UserAnswers "user-answers" by [User] { call: Id = "the call", }
    "The user hangs up in the app."
    UserEnds "user-ends" by [User] { call: Id = "the call", }
    "The user mutes or unmutes in the app."
    UserMutes "user-mutes" by [User] { call: Id = "the call", muted: bool = "the wish", }
    "The user switches the loudspeaker in the app."
    UserWantsSpeaker "user-wants-speaker" by [User] { on: bool = "the wish", }
    "Mutes or unmutes the captured audio."
    ApplyMute "apply-mute" by [App Library Stack] { muted: bool = "whether it is muted", }
    "Sets `AVAudioApplication.setInputMuted` (iOS 17)."
    SetInputMuted "set-input-muted" by [App Library] { muted: bool = "whether it is muted", }
    "The app waits for the notification of the input's mute."
    AwaitMuteNotification "await-mute-notification" by [App Library] {}

    // Android.
    "Registers a phone account."
    RegisterPhoneAccount "register-phone-account" by [App Library] {}
    "Adds an incoming call to Telecom (`addNewIncomingCall`, `addCall`)."
    AddIncomingCall "add-incoming-call" by [App Library] { call: Id = "the call", }
    "Asks Telecom to make a call active (`setActive()`, `answer()`)."
    AskTelecom "ask-telecom" by [App Library] { call: Id = "the call", }
    "Telecom did."
    TelecomSucceeded "telecom-succeeded" by [System] { call: Id = "the call", }
    "Telecom did not."
    TelecomFailed "telecom-failed" by [System] { call: Id = "the call", }
    "Sets `setAudioModeIsVoip` of a connection."
    SetVoipAudioMode "set-voip-audio-mode" by [App Library] { call: Id = "the call", on: bool = "the value", }
    "Sets the capabilities of a connection."
    SetCapabilities "set-capabilities" by [App Library] {
        call: Id = "the call",
        hold: bool = "CAPABILITY_HOLD",
        support_hold: bool = "CAPABILITY_SUPPORT_HOLD",
    }
    "Sets `AudioManager.mode` to MODE_IN_COMMUNICATION, or takes it back."
    SetCommunicationMode "set-communication-mode" by [App Library Stack] { on: bool = "true to set it", }
    "Starts the media of a call."
    StartMedia "start-media" by [App Stack] { call: Id = "the call", }
    "Starts the input stream of a duplex pair (Oboe)."
    StartInput "start-input" by [App Stack] {}
    "Starts its output stream."
    StartOutput "start-output" by [App Stack] {}
    "Starts a foreground service."
    StartForegroundService "start-foreground-service" by [App Library] { microphone: bool = "whether of type microphone", }
    "A call of the phone's own (SIM) begins or ends."
    CellularCall "cellular-call" by [System] { active: bool = "true where it begins", }
}

impl Event {
    /// The call that it is about, where it names one.
    #[inline]
    pub const fn call(&self) -> Option<Id> {
        match *self {
            Self::Invite { call }
            | Self::ReportIncoming { call, .. }
            | Self::ReportSucceeded { call }
            | Self::ReportRefused { call, .. }
            | Self::ReportConnecting { call }
            | Self::ReportConnected { call }
            | Self::ReportUpdated { call }
            | Self::ReportEnded { call, .. }
            | Self::Request { call, .. }
            | Self::Perform { call, .. }
            | Self::WantAudio { call }
            | Self::SendAccept { call }
            | Self::SendDial { call }
            | Self::SendEnd { call }
            | Self::SendAudio { call }
            | Self::PeerAnswered { call }
            | Self::PeerEnded { call }
            | Self::StartRingTimer { call }
            | Self::CancelRingTimer { call }
            | Self::RingTimerFired { call }
            | Self::UserAnswers { call }
            | Self::UserEnds { call }
            | Self::UserMutes { call, .. }
            | Self::AddIncomingCall { call }
            | Self::AskTelecom { call }
            | Self::TelecomSucceeded { call }
            | Self::TelecomFailed { call }
            | Self::SetVoipAudioMode { call, .. }
            | Self::SetCapabilities { call, .. }
            | Self::StartMedia { call } => Some(call),
            Self::Push { call, .. } => call,
            _ => None,
        }
    }

    /// The action that it is about, where it names one.
    #[inline]
    pub const fn action(&self) -> Option<Id> {
        match *self {
            Self::Perform { action, .. }
            | Self::Fulfill { action }
            | Self::Fail { action }
            | Self::TimedOut { action, .. } => Some(action),
            Self::Deliver { action } | Self::Drop { action } => action,
            _ => None,
        }
    }

    /// The audio unit that it is about, where it names one.
    #[inline]
    pub const fn unit(&self) -> Option<Id> {
        match *self {
            Self::CreateUnit { unit, .. }
            | Self::SetMaxFrames { unit, .. }
            | Self::InitializeUnit { unit, .. }
            | Self::StartUnit { unit, .. }
            | Self::StopUnit { unit }
            | Self::DisposeUnit { unit }
            | Self::Samples { unit, .. } => Some(unit),
            Self::Refused { unit, .. } => unit,
            _ => None,
        }
    }
}
