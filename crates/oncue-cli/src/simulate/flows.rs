//! The flows that can be played: what user, far end and phone do of themselves, and when. What follows from it is the
//! phone's and the centre's business.

use oncue_session::EndedReason;

/// A flow.
pub(super) struct Flow {
    /// Its name.
    pub(super) name: &'static str,
    /// What happens in it.
    pub(super) about: &'static str,
    /// How the phone is.
    pub(super) phone: Kind,
    /// What happens of itself, with its time in ms.
    pub(super) acts: &'static [(u64, Act)],
}

/// How a phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has CallKit, and does what it is asked for.
    CallKit,
    /// The same; the app's process does not run before the first push.
    StartedByPush,
    /// It has LiveCommunicationKit, and activates its session.
    Conversations,
    /// It has LiveCommunicationKit, and the app activates.
    OwnConversations,
    /// It has no call system that the app may use.
    NoCallSystem,
    /// It is not to be disturbed: no report is taken.
    DoNotDisturb,
    /// It never activates.
    NeverActivates,
    /// It does not deactivate between two calls, nor activate again.
    SkipsTheDeactivation,
    /// It gives an answer up after a while.
    GivesUp,
}

/// What happens of itself. Calls are named by the app's ids.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Push(u64),
    CancelledPush(u64),
    ExpiredPush(u64),
    Invites(u64),
    PeerAnswers(u64),
    PeerEnds(u64, EndedReason),
    /// The user, on the system's screens.
    AnswersOnScreen(u64),
    EndsOnScreen(u64),
    EndsAndAnswersOnScreen(u64, u64),
    /// The user, in the app.
    TapsRecents(u64),
    Answers(u64),
    HoldsAndAnswers(u64),
    Ends(u64),
    Mutes(u64),
    SwapsTo(u64),
    TakesBack(u64),
    /// A call of another app takes over; the user ends it; its far end does.
    OtherTakesOver(u64),
    UserEndsOther(u64),
    PeerEndsOther,
    Interrupted,
    InterruptionEnds,
    MediaServicesDie,
    MediaServicesAreBack,
    ProviderReset,
    Withdrawn,
    Locked,
    SignallingDown,
    SignallingUp,
}

use Act::*;

macro_rules! flows {
    ($($name:literal $about:literal on $phone:ident { $($at:literal $act:expr,)+ })+) => {
        /// Every flow, those of the QQ article first.
        pub(super) const FLOWS: &[Flow] = &[$(Flow {
            name: $name,
            about: $about,
            phone: Kind::$phone,
            acts: &[$(($at, $act)),+],
        }),+];
    };
}

flows! {
    "incoming" "a push announces a call, and it rings; the far end gives up (rule book 3.1)" on CallKit {
        0 Push(42), 4000 PeerEnds(42, EndedReason::RemoteEnded),
    }
    "answer" "answered on the system's screen, ended by the far end (3.2)" on CallKit {
        0 Push(42), 2000 AnswersOnScreen(42), 5000 PeerEnds(42, EndedReason::RemoteEnded),
    }
    "answer-in-app" "answered in the app: the same path (3.2)" on CallKit {
        0 Invites(42), 2000 Answers(42), 5000 EndsOnScreen(42),
    }
    "end" "the user hangs up in the app (3.3)" on CallKit {
        0 Push(42), 2000 AnswersOnScreen(42), 5000 Ends(42),
    }
    "start" "started from Recents, answered, ended (3.4)" on CallKit {
        0 TapsRecents(7), 3000 PeerAnswers(7), 6000 Ends(7),
    }
    "decline" "declined while it rings (3.3)" on CallKit {
        0 Push(42), 2000 EndsOnScreen(42),
    }
    "cold-start" "a push starts the process, and the answer comes before the connection is up (3.1)" on StartedByPush {
        0 Push(42), 1000 AnswersOnScreen(42), 2500 SignallingUp, 6000 EndsOnScreen(42),
    }
    "before-first-unlock" "nothing can be read: the call is reported, and ends (3.1)" on StartedByPush {
        0 Locked, 1 Push(42),
    }
    "do-not-disturb" "the system does not take the call (3.1)" on DoNotDisturb {
        0 Push(42),
    }
    "push-and-socket" "the same call by push and by the app's own connection" on CallKit {
        0 Invites(42), 300 Push(42), 2000 AnswersOnScreen(42), 5000 Ends(42),
    }
    "expired-push" "a push that came too late is reported and ended" on CallKit {
        0 ExpiredPush(42),
    }
    "cancelled-push" "cancelled by a second push, which is reported too (3.9)" on CallKit {
        0 Push(42), 1500 CancelledPush(42),
    }
    "hold" "another app's call takes over, the user ends it: an activation follows (3.5)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 OtherTakesOver(42), 6000 UserEndsOther(42), 9000 Ends(42),
    }
    "hold-remote-end" "the other call's far end ends it: no activation follows, one attempt without it (3.5)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 OtherTakesOver(42), 6000 PeerEndsOther, 7000 TakesBack(42), 12000 Ends(42),
    }
    "end-and-accept" "a second call, the first ends (3.6)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 Push(7), 5000 EndsAndAnswersOnScreen(42, 7), 8000 Ends(7),
    }
    "end-and-accept-skipped" "the same without a deactivation between the calls (3.6)" on SkipsTheDeactivation {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 Push(7), 5000 EndsAndAnswersOnScreen(42, 7), 8000 Ends(7),
    }
    "hold-and-accept" "a second call, the first is held; then the user swaps" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 Push(7), 5000 HoldsAndAnswers(7), 7000 SwapsTo(42), 9000 Ends(7), 10000 Ends(42),
    }
    "mute" "a mute outlives a hold" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 2000 Mutes(42), 3000 OtherTakesOver(42), 6000 UserEndsOther(42), 9000 Ends(42),
    }
    "interruption" "the system interrupts and activates again (3.7)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 Interrupted, 5000 InterruptionEnds, 8000 Ends(42),
    }
    "media-services" "the media services die and are back (3.8)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 MediaServicesDie, 4000 MediaServicesAreBack, 8000 Ends(42),
    }
    "remote-end" "the far end gives up, and an answer crosses it (3.9)" on CallKit {
        0 Push(42), 2000 PeerEnds(42, EndedReason::RemoteEnded), 2000 AnswersOnScreen(42),
    }
    "answer-timeout" "the connection stays down: the answer is failed before the system gives it up (3.10)" on GivesUp {
        0 SignallingDown, 1 Push(42), 1000 AnswersOnScreen(42),
    }
    "no-activation" "the activation stays away (3.2)" on NeverActivates {
        0 Push(42), 1000 AnswersOnScreen(42),
    }
    "provider-reset" "the call system loses all calls (3.11)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 ProviderReset, 4000 Push(7), 5000 AnswersOnScreen(7), 7000 Ends(7),
    }
    "no-callkit" "no call system: the app rings, and activates by itself (3.12)" on NoCallSystem {
        0 Invites(42), 2000 Answers(42), 4000 Interrupted, 5000 InterruptionEnds, 7000 Ends(42),
    }
    "live-communication-kit" "a conversation, in place of CallKit (3.13)" on Conversations {
        0 Push(42), 2000 AnswersOnScreen(42), 5000 EndsOnScreen(42),
    }
    "live-communication-kit-app" "the same where the app activates (3.13)" on OwnConversations {
        0 Push(42), 2000 AnswersOnScreen(42), 5000 EndsOnScreen(42),
    }
    "withdrawn" "CallKit is withdrawn while a call is live; later come a push and a tap in Recents (3.14)" on CallKit {
        0 Push(42), 1000 AnswersOnScreen(42), 3000 Withdrawn, 6000 Ends(42), 8000 Push(7), 10000 TapsRecents(8),
    }
    "redial-in-app" "an old entry of Recents is redialled in the app, where CallKit was withdrawn (3.14)" on NoCallSystem {
        0 TapsRecents(8), 3000 PeerAnswers(8), 6000 Ends(8),
    }
}
