//! The order of a call's audio session: the one declaration from which the machine, the types, the matrix and the
//! diagram come.
//!
//! A step is the rules that it needs, the root cause first, and the state it leads to from each state, `_` for where it
//! stands. An event leads from each state to a state. The states in which a rule holds are declared with it
//! (`rules/`), for each owner; where another rule is the root cause, it holds too, so that one mistake is one rule.

use crate::Rule;
use crate::order::order;
use oncue_platform::{Step, SystemEvent};

order! {
    states {
        /// No category is set: the session has the system's default, which cannot capture.
        Fresh
        /// `PlayAndRecord` is set, the session is inactive.
        Configured
        /// An answered or started call was fulfilled; the system will activate.
        AwaitingActivation
        /// Active, nothing runs.
        Active
        /// Active, playback alone runs.
        Playing
        /// Active, capture and playback run.
        Running
        /// The system took the activation away; the configuration is kept.
        Interrupted
        /// A held call was taken back, or the media services are back: an activation may come, or not.
        Resuming
        /// The media server died: nothing works before its reset.
        MediaLost
    }

    // Columns: Fresh, Configured, AwaitingActivation, Active, Playing, Running, Interrupted, Resuming, MediaLost.
    steps {
        Configure needs [MediaServicesLostStop NoReconfigureBeforeReportWhileActive]
            to [Configured _ _ _ _ _ _ _ _]
        Reconfigure needs [MediaServicesLostStop CategoryBeforeActivation NoCategoryChangeWhileCallActive]
            to [_ _ _ _ _ _ _ _ _]
        Fulfill needs [AppActivatesOnlyWithoutCallkit MediaServicesLostStop CategoryBeforeActivation]
            to [_ AwaitingActivation _ _ _ _ AwaitingActivation AwaitingActivation _]
        AwaitActivation needs [AppActivatesOnlyWithoutCallkit MediaServicesLostStop CategoryBeforeActivation ActivationFollowsFulfill]
            to [_ _ _ _ _ _ _ _ _]
        Activate needs [NoAppActivationUnderCallkit MediaServicesLostStop CategoryBeforeActivation]
            to [_ Active Active _ _ _ Active Active _]
        Prepare needs [MediaServicesLostStop IoInitWindow]
            to [_ _ _ _ _ _ _ _ _]
        StartPlayback needs [MediaServicesLostStop CategoryBeforeActivation InterruptionBeginMeansInactive NoLocalSoundsOutsideTheCallSession]
            to [_ _ _ Playing _ _ _ Playing _]
        Start needs [MediaServicesLostStop CategoryBeforeActivation InterruptionBeginMeansInactive IoStartAfterDidActivate]
            to [_ _ _ Running Running _ _ Running _]
        Stop needs []
            to [_ _ _ _ Active Active _ _ _]
        OverrideOutput needs [MediaServicesLostStop OutputOverrideScope CallkitOwnsTheRouteFirst]
            to [_ _ _ _ _ _ _ _ _]
        EndCall needs [AppActivatesOnlyWithoutCallkit StopIoWhenEnding]
            to [_ _ Configured Configured _ _ Configured Configured _]
        Resume needs [AppActivatesOnlyWithoutCallkit MediaServicesLostStop CategoryBeforeActivation]
            to [_ Resuming _ _ _ _ Resuming _ _]
        Deactivate needs [NoForeignDeactivation MediaServicesLostStop StopIoWhenEnding]
            to [_ _ Configured Configured _ _ Configured Configured _]
    }

    // A doubled activation leaves what runs alone (duplicate-activation-means-device-loss), a doubled or late
    // deactivation takes nothing (duplicate-deactivation-is-ignored, unhold-did-deactivate-may-be-late).
    events {
        ActionPerformed to [_ _ _ _ _ _ _ _ _]
        DidActivate to [_ Active Active _ _ _ Active Active _]
        DidDeactivate to [_ _ _ Configured Configured Configured Configured _ _]
        InterruptionBegan to [_ _ _ Interrupted Interrupted Interrupted _ _ _]
        InterruptionEnded to [_ _ _ _ _ _ _ _ _]
        RouteChanged to [_ _ _ _ _ _ _ _ _]
        MediaServicesLost to [MediaLost MediaLost MediaLost MediaLost MediaLost MediaLost MediaLost MediaLost _]
        MediaServicesReset to [_ Fresh Fresh Fresh Fresh Fresh Fresh Fresh Fresh]
        ProviderReset to [_ _ Configured Configured Configured Configured Configured Configured _]
    }
}
