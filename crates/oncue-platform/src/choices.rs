//! The words that events choose from: who does something, on which thread, why.

macro_rules! choices {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])+ $word:ident $text:literal)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name { $($(#[$doc])+ #[cfg_attr(feature = "serde", serde(rename = $text))] $word),+ }

        impl $name {
            /// Every one of them, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$word),+];

            /// Its name in traces.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

choices! {
    /// Who does what an event says.
    Party {
        /// The app itself.
        App "app"
        /// A library in the app that is not its media stack.
        Library "library"
        /// The media stack that the app links (WebRTC, a SIP stack).
        Stack "stack"
        /// The phone's system.
        System "system"
        /// The far end, or the server.
        Peer "peer"
        /// The user, in the app's own screens.
        User "user"
    }
}

choices! {
    /// What an action of the call system asks for.
    ActionKind {
        /// Answer an incoming call.
        Answer "answer"
        /// Start an outgoing call.
        Start "start"
        /// End a call.
        End "end"
        /// Put a call on hold.
        Hold "hold"
        /// Take a held call back.
        Unhold "unhold"
        /// Mute a call.
        Mute "mute"
        /// Unmute it.
        Unmute "unmute"
        /// Group a call with another, or take it out of its group.
        Group "group"
        /// Play DTMF tones.
        PlayTones "play-tones"
        /// Translate a call, or stop that (iOS 26).
        Translate "translate"
    }
}

choices! {
    /// The thread on which something is done.
    Thread {
        /// The main thread.
        Main "main"
        /// Any other.
        Other "other"
    }
}

choices! {
    /// The framework that a provider belongs to.
    Framework {
        /// CallKit (`CXProvider`).
        CallKit "callkit"
        /// LiveCommunicationKit (`ConversationManager`, iOS 17.4).
        LiveCommunicationKit "live-communication-kit"
    }
}

choices! {
    /// Whether the app may record.
    Permission {
        /// Nobody was asked yet (`'undt'`).
        Undetermined "undetermined"
        /// The user said no (`'deny'`).
        Denied "denied"
        /// The user said yes (`'grnt'`).
        Granted "granted"
    }
}

choices! {
    /// Why a session was interrupted (`AVAudioSession.InterruptionReason`).
    InterruptionReason {
        /// Another session was activated (0).
        Default "default"
        /// The process was suspended (1; not told from iOS 16 on).
        AppWasSuspended "app-was-suspended"
        /// The built-in microphone is muted in hardware (2).
        BuiltInMicMuted "built-in-mic-muted"
        /// The route was disconnected (4, iOS 17).
        RouteDisconnected "route-disconnected"
    }
}

choices! {
    /// Why a route changed (`AVAudioSession.RouteChangeReason`).
    RouteChangeReason {
        /// Unknown (0).
        Unknown "unknown"
        /// A new device (1).
        NewDevice "new-device"
        /// The old device is gone (2).
        OldDeviceUnavailable "old-device-unavailable"
        /// The category changed (3).
        CategoryChange "category-change"
        /// The output was overridden (4).
        Override "override"
        /// The phone woke up (6).
        Wake "wake"
        /// No route suits the category (7).
        NoSuitableRoute "no-suitable-route"
        /// The same route in another configuration (8).
        RouteConfigurationChange "route-configuration-change"
    }
}

choices! {
    /// Why a call ended (`CXCallEndedReason`).
    EndedReason {
        /// It failed (1).
        Failed "failed"
        /// The far end ended it (2).
        RemoteEnded "remote-ended"
        /// Nobody answered (3).
        Unanswered "unanswered"
        /// Another device answered (4).
        AnsweredElsewhere "answered-elsewhere"
        /// Another device declined (5).
        DeclinedElsewhere "declined-elsewhere"
    }
}

impl EndedReason {
    /// Its number in CallKit.
    pub const fn code(self) -> i32 {
        match self {
            Self::Failed => 1,
            Self::RemoteEnded => 2,
            Self::Unanswered => 3,
            Self::AnsweredElsewhere => 4,
            Self::DeclinedElsewhere => 5,
        }
    }
}

choices! {
    /// The intents by which contacts, Recents and Siri hand a call over.
    StartCallIntent {
        /// `INStartAudioCallIntent`.
        Audio "start-audio-call"
        /// `INStartVideoCallIntent`.
        Video "start-video-call"
        /// `INStartCallIntent` (iOS 13).
        Call "start-call"
    }
}
