//! The words of the order: owners, steps of the app, events of the system. What they lead to is not said here.

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])+ $word:ident)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name { $($(#[$doc])+ $word),+ }

        impl $name {
            /// Every one of them, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$word),+];

            /// Its name, as in the code and in traces.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$word => stringify!($word)),+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// Who may activate and deactivate the session.
    Owner {
        /// The call system (CallKit, LiveCommunicationKit, PushToTalk) activates it; the app only configures.
        System
        /// No call system is in use: the app activates it itself.
        App
    }
}

words! {
    /// What an app is about to do to its audio session.
    Step {
        /// Set category, mode and options for a call that is to come (`setCategory(_:mode:options:)`).
        Configure
        /// Set mode or options anew on the session of a call that is live.
        Reconfigure
        /// Fulfil the action that answers or starts a call (`CXAnswerCallAction`, `CXStartCallAction`).
        Fulfill
        /// Wait for the system's activation, blocking or not.
        AwaitActivation
        /// Activate the session itself (`setActive(true)`).
        Activate
        /// Create and initialise the audio unit or streams, without starting them (`AudioUnitInitialize`).
        Prepare
        /// Start playback alone: ringback, early media.
        StartPlayback
        /// Start capture and playback (`AudioOutputUnitStart`).
        Start
        /// Stop what runs (`AudioOutputUnitStop`).
        Stop
        /// Send playback to another port (`overrideOutputAudioPort(_:)`).
        OverrideOutput
        /// Fulfil the action that ends the last live call (`CXEndCallAction`).
        EndCall
        /// Fulfil the action that takes a held call back (`CXSetHeldCallAction`, not on hold), or go on with a live
        /// call after the media services were reset: an activation may follow, or not.
        Resume
        /// Deactivate the session itself (`setActive(false)`).
        Deactivate
    }
}

words! {
    /// What the system did, as it tells the app.
    SystemEvent {
        /// It asks the app to answer or start a call (`provider(_:perform:)`).
        ActionPerformed
        /// It activated the session (`provider(_:didActivate:)`).
        DidActivate
        /// It deactivated the session (`provider(_:didDeactivate:)`).
        DidDeactivate
        /// It interrupted the session, which is inactive already (`AVAudioSession.interruptionNotification`, began).
        InterruptionBegan
        /// The interruption is over, which activates nothing by itself.
        InterruptionEnded
        /// Another route, or another format of the same route.
        RouteChanged
        /// The media server died (`mediaServicesWereLostNotification`).
        MediaServicesLost
        /// The media server is back and remembers nothing (`mediaServicesWereResetNotification`).
        MediaServicesReset
        /// The call system lost all calls of the app (`providerDidReset(_:)`).
        ProviderReset
    }
}
