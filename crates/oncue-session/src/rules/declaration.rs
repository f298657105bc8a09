//! What is declared of a rule. The declarations themselves are in the files beside this one, a family of rules each.

use crate::{Facts, Level, Rule, Seen, State, Version};
use oncue_platform::{EventKind, Refusal};

/// An enum whose values have names for those who read and write them.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])+ $value:ident $text:literal)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])+ $value),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// The value with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;

/// Everything that is known of a rule.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Declaration {
    /// The rule.
    pub rule: Rule,
    /// Its id, a colon, and what is wrong when it is broken.
    pub wrong: &'static str,
    /// What comes first, or instead.
    pub first: &'static str,
    /// What happens otherwise.
    pub otherwise: &'static str,
    /// The rule as a sentence.
    pub statement: &'static str,
    /// What comes before, in short.
    pub before: &'static str,
    /// What comes after it, in short.
    pub after: &'static str,
    /// What a breach does to the call.
    pub effects: &'static [Effect],
    /// The codes that the system answers a breach with.
    pub codes: &'static [Code],
    /// The versions in which it applies.
    pub applies: Applies,
    /// The flows of a call in which it matters.
    pub flows: &'static [Flow],
    /// How good its evidence is, the best first.
    pub grades: &'static [Grade],
    /// Whether sources contradict each other.
    pub contradicted: bool,
    /// Its sources, by the keys of the list of sources.
    pub evidence: &'static str,
    /// What a breach is taken for unless a policy says otherwise.
    pub level: Level,
    /// The rules that a breach breaks further on: its consequences.
    pub leads_to: &'static [Rule],
    /// How it is checked, or why not.
    pub check: Check,
    /// For a rule of the table: the states in which it holds under a call system, and where the app owns the session.
    pub holds: Option<[&'static [State]; 2]>,
}

/// How a rule is checked.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// By the table of the order where it has states, by a deadline, or by what these look at.
    Checked(&'static [On]),
    /// It shows in an Info.plist, the entitlements or the build; with where.
    Static(&'static str),
    /// No app can observe it; with why.
    Advice(&'static str),
}

/// A look at the kinds of events that can decide a rule.
#[derive(Clone, Copy, Debug)]
pub struct On {
    /// The kinds.
    pub kinds: &'static [EventKind],
    /// Whether the event breaks the rule, by the facts before it.
    pub broken: fn(&Facts, &Seen<'_>) -> bool,
}

named! {
    /// What a broken rule does to the call.
    Effect {
        /// The far end hears nothing.
        Capture "silence-in-capture"
        /// The near end hears nothing.
        Playback "silence-in-playback"
        /// Silence in both directions.
        Both "silence-in-both"
        /// Audio comes from, or goes to, the wrong place.
        Route "wrong-route"
        /// Too quiet, too loud, an echo.
        Volume "wrong-volume"
        /// Distorted, at the wrong speed, with gaps.
        Garbled "garbled"
        /// The screens of system and far end say something else than what is; actions time out.
        Interface "interface-out-of-step"
        /// The call is ended by the system.
        CallEnds "call-ends"
        /// The process is killed by the system.
        Kill "kill"
        /// The process crashes.
        Crash "crash"
        /// The far end hears what it must not.
        Privacy "privacy"
        /// The app is refused by review.
        Rejection "rejection"
        /// No harm to the audio by itself.
        None "none"
    }
}

/// A code that the system answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub refusal: Refusal,
    /// Whether it follows from the code's definition only, and nobody reported it for this rule.
    pub inferred: bool,
}

/// A code that was reported.
pub(crate) const fn reported(refusal: Refusal) -> Code {
    Code { refusal, inferred: false }
}

/// A code that the header's definition suggests.
pub(crate) const fn inferred(refusal: Refusal) -> Code {
    Code { refusal, inferred: true }
}

/// The versions of a system in which a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applies {
    /// Whose rule it is.
    pub on: Os,
    /// From this version; Android's are API levels.
    pub from: Version,
    /// What else is known of versions, e.g. those that reports name.
    pub note: &'static str,
}

named! {
    /// The system of a phone.
    Os {
        /// iOS and iPadOS.
        Ios "iOS"
        /// Android.
        Android "Android"
    }
}

impl Applies {
    /// Every version of iOS.
    pub(crate) const EVERY_IOS: Self = Self::ios(0, 0);

    /// From this version of iOS.
    pub(crate) const fn ios(major: u16, minor: u16) -> Self {
        Self { on: Os::Ios, from: Version { major, minor }, note: "" }
    }

    /// From this API level of Android.
    pub(crate) const fn android(level: u16) -> Self {
        Self { on: Os::Android, from: Version { major: level, minor: 0 }, note: "" }
    }

    /// With what else is known of versions.
    pub(crate) const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}

named! {
    /// A flow of a call.
    Flow {
        /// An incoming call is announced (IN).
        Incoming "incoming"
        /// A call is answered (ANS).
        Answer "answer"
        /// A call ends (END).
        End "end"
        /// A call is started (OUT).
        Outgoing "outgoing"
        /// Hold and unhold (HOLD).
        Hold "hold"
        /// A second call (WAIT).
        SecondCall "second-call"
        /// An interruption (INT).
        Interruption "interruption"
        /// The media services are lost and reset (MSR).
        MediaServices "media-services"
        /// The route changes (ROUTE).
        Route "route"
        /// Mute (MUTE).
        Mute "mute"
        /// The microphone's permission (PERM).
        Permission "permission"
        /// A push (PUSH).
        Push "push"
        /// The lock screen (LOCK).
        LockScreen "lock-screen"
        /// A call answered in the foreground (FG).
        Foreground "foreground"
        /// A process that the call itself starts (COLD).
        ColdStart "cold-start"
        /// The provider is reset (RESET).
        ProviderReset "provider-reset"
        /// No call system (NOCK).
        NoCallKit "no-callkit"
    }
}

named! {
    /// How good the evidence of a rule is.
    Grade {
        /// Apple: header, documentation, sample code, session; for Android, Google's.
        Apple "apple"
        /// An engineer of Apple's on its developer forums.
        Engineer "engineer"
        /// Code or comments of an SDK or app that ships.
        Code "code"
        /// Public issues: symptom and fix.
        Issues "issues"
        /// A single statement that nobody confirmed, or inferred.
        Folklore "folklore"
    }
}
