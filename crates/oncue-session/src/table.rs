//! The order of a call's audio session: the one declaration from which the guard, the types, their messages, the
//! matrix and the diagram come.
//!
//! A rule is the set of states in which it holds, for each owner, with its texts; where another rule is the root
//! cause, it holds too, so that one mistake is one rule. A step is the rules that it needs, the root cause first, and
//! the state it leads to from each state, `_` for where it stands. An event leads from each state to a state.

use crate::order::order;
use oncue_platform::{Event, Owner, Step};

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

    rules {
        MediaServicesLostStop
            System [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming]
            "media-services-lost-stop: the media services are dead"
            "first: wait for `audio.media_services_were_reset()`, then configure again"
            "otherwise: every call to the session fails with 'msrv', and the old units stay silent"
        CategoryBeforeActivation
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "category-before-activation: the session has no PlayAndRecord category yet"
            "first: `session.configure(PlayAndRecord::voice_chat())?`"
            "otherwise: silence in capture or in both directions, and no error from the system"
        NoReconfigureBeforeReportWhileActive
            System [Fresh Configured AwaitingActivation Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "no-reconfigure-before-report-while-active: a call is live in this session, and it is configured for another"
            "first: the report of the new call succeeds and the live call ends; to change the live call: `session.reconfigure(..)`"
            "otherwise: the live call loses its microphone or its route"
        NoCategoryChangeWhileCallActive
            System [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "no-category-change-while-call-active: the configuration is changed while the call's audio runs"
            "first: `session.stop()?`, or configure before the activation"
            "otherwise: the route jumps back to the receiver, the volume drops, other apps may interrupt"
        AppActivatesOnlyWithoutCallkit
            System [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App []
            "app-activates-only-without-callkit: no call system takes part here, nobody but the app activates"
            "instead: `session.activate()?`, in the foreground, before input/output starts"
            "otherwise: the activation never comes, silence in both directions"
        ActivationFollowsFulfill
            System [Fresh AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "activation-follows-fulfill: the system activates only after the action is fulfilled"
            "first: `session.fulfill(action)?`"
            "otherwise: app and system wait for each other until the action times out and the call ends"
        NoAppActivationUnderCallkit
            System []
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "no-app-activation-under-callkit: the call system activates this session, the app never does"
            "instead: `session.fulfill(action)?`, then wait for `audio.did_activate(activation)`"
            "otherwise: didActivate never comes: one-way audio or silence, '!pri' or '!int'"
        IoInitWindow
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "io-init-window: audio units are initialised before the category is set"
            "first: `session.configure(PlayAndRecord::voice_chat())?`"
            "otherwise: the unit fails to initialise ('ent?', -10875), silence in both directions"
        InterruptionBeginMeansInactive
            System [Fresh Configured AwaitingActivation Active Playing Running Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Resuming MediaLost]
            "interruption-begin-means-inactive: the session is interrupted and therefore inactive"
            "first: a new activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
            "otherwise: silence in both directions for the rest of the call"
        NoLocalSoundsOutsideTheCallSession
            System [Fresh Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh Active Playing Running Interrupted Resuming MediaLost]
            "no-local-sounds-outside-the-call-session: a tone is played before the call's session is active"
            "first: the activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
            "otherwise: the ringback is silent, or its player takes the call's category away"
        IoStartAfterDidActivate
            System [Fresh Active Playing Running Interrupted Resuming MediaLost]
            App [Fresh Active Playing Running Interrupted Resuming MediaLost]
            "io-start-after-did-activate: audio is started before the session is active"
            "first: the activation, `audio.did_activate(activation)?`, or `session.activate()?` where the app owns the session"
            "otherwise: silence in both directions, -66637, '!rec' or '!pri'"
        OutputOverrideScope
            System [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            App [Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "output-override-scope: the output port is overridden outside PlayAndRecord"
            "first: `session.configure(PlayAndRecord::voice_chat())?`"
            "otherwise: an error, or the override is gone: audio comes from the receiver"
        CallkitOwnsTheRouteFirst
            System [Fresh Active Playing Running MediaLost]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "callkit-owns-the-route-first: the call system has not chosen the route yet"
            "first: `audio.did_activate(activation)?`, then the override"
            "otherwise: the activation undoes the override: audio comes from the receiver"
        StopIoWhenEnding
            System [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
            App [Fresh Configured AwaitingActivation Active Interrupted Resuming MediaLost]
            "stop-io-when-ending: audio still runs"
            "first: `session.stop()?`"
            "otherwise: '!act', and the unit stays dead: silence in the next call"
        NoForeignDeactivation
            System []
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming MediaLost]
            "no-foreign-deactivation: the call system deactivates this session, the app never does"
            "instead: `session.end_call(action)?`, then wait for `audio.did_deactivate()`"
            "otherwise: silence in both directions for every call that is live"
    }

    seen_in_values {
        CategoryMustBePlayAndRecord
            "category-must-be-play-and-record: the category cannot carry a two-way call"
            "instead: `PlayAndRecord::voice_chat()`"
            "otherwise: capture is silent (Playback), playback is silent (Record), or '!pla' in the background"
        OptionsAreNotSticky
            "options-are-not-sticky: the category is set without the options it had before"
            "instead: pass every option with every setCategory"
            "otherwise: the options are gone: no Bluetooth, or the receiver instead of the loudspeaker"
        ConfigureWithoutActivating
            "configure-without-activating: the app activates inside the action that it should only configure for"
            "instead: configure, fulfil the action, and wait for didActivate"
            "otherwise: didActivate never comes: one-way audio or silence, '!pri' or '!int'"
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
        ActionExpired to [_ _ _ _ _ _ _ _ _]
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
