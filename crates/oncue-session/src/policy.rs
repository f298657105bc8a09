//! What a guard holds an app to: who owns the session, on which system, which side of a contradiction between
//! sources, how serious each rule is, and how long it waits.

use crate::Rule;
use crate::rules::COUNT;
use crate::rules::declaration::{Os, named};
use core::time::Duration;
use oncue_platform::Owner;

/// A version of a system, e.g. iOS 17.4, or an API level of Android.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Its first number.
    pub major: u16,
    /// Its second number.
    pub minor: u16,
}

impl Version {
    /// Reads `17.4`, `17` or `17.4.1`, whose last number does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let major = numbers.next()??;
        let minor = numbers.next().unwrap_or(Some(0))?;
        let patch = numbers.next();
        let ends =
            patch.is_none_or(|patch: Option<u16>| patch.is_some()) && numbers.next().is_none();
        ends.then_some(Self { major, minor })
    }
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

named! {
    /// What a breach of a rule is taken for.
    Level {
        /// Nothing is said.
        Allow "allow"
        /// It is said, and the app may go on.
        Warn "warn"
        /// The app must not.
        Deny "deny"
    }
}

named! {
    /// When the category is set for a call (rule book §2.2).
    CategoryAt {
        /// At any time before the fulfil.
        Either "either"
        /// Before the report, where no other call is live (QQ).
        BeforeReport "before-report"
    }
}

named! {
    /// When the audio unit is initialized (rule book §2.4).
    InitAt {
        /// Before or after the activation.
        Either "either"
        /// Before the fulfil (QQ).
        BeforeFulfil "before-fulfil"
        /// After the activation (mediastreamer2).
        AfterActivation "after-activation"
    }
}

named! {
    /// When the audio stops at the end of the last call (rule book §2.5).
    StopAt {
        /// In the end action, or when the session is deactivated.
        Either "either"
        /// Before the end action is fulfilled (Apple's sample).
        BeforeFulfil "before-fulfil"
        /// After the deactivation (QQ).
        AfterDeactivation "after-deactivation"
    }
}

named! {
    /// When audio starts after an unhold (rule book §2.9).
    UnholdAt {
        /// At once, or with the activation.
        Either "either"
        /// Only with the activation.
        WithActivation "with-activation"
    }
}

/// How long the guard waits before it reports that something stays away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// For the activation after a fulfil, an unhold or a reset, and for input/output after an activation.
    pub activation: Duration,
    /// For the samples of a unit that runs, and again for its rebuild.
    pub samples: Duration,
    /// For the end of a call that was reported before the first unlock.
    pub locked_call: Duration,
    /// For the acceptance of a call whose answer was fulfilled.
    pub acceptance: Duration,
    /// For a sound in a call, before the system takes the session for idle.
    pub sound: Duration,
}

impl Waits {
    const USUAL: Self = Self {
        activation: Duration::from_secs(3),
        samples: Duration::from_secs(1),
        locked_call: Duration::from_secs(4),
        acceptance: Duration::from_secs(30),
        sound: Duration::from_secs(8 * 60),
    };
}

/// What a guard holds an app to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who owns the session. For LiveCommunicationKit the sources do not settle it (rule book §2.10).
    pub owner: Owner,
    /// The system.
    pub os: Os,
    /// Its version; unknown = every rule applies.
    pub version: Option<Version>,
    /// When the category is set.
    pub category_at: CategoryAt,
    /// When the unit is initialized.
    pub init_at: InitAt,
    /// When the audio stops.
    pub stop_at: StopAt,
    /// When the audio starts after an unhold.
    pub unhold_at: UnholdAt,
    /// How long it waits.
    pub waits: Waits,
    levels: [Level; COUNT],
    strict: u128,
}

const _: () = assert!(COUNT <= 128, "a rule's strictness is a bit of an u128");

impl Default for Policy {
    fn default() -> Self {
        Self::apple()
    }
}

impl Policy {
    /// What Apple documents, with the deviations let pass that working samples ship (rule book §2.12). The default.
    pub const fn apple() -> Self {
        let mut levels = [Level::Warn; COUNT];
        let mut place = 0;
        while place < COUNT {
            levels[place] = Rule::at(place).declaration().level;
            place += 1;
        }
        Self {
            owner: Owner::System,
            os: Os::Ios,
            version: None,
            category_at: CategoryAt::Either,
            init_at: InitAt::Either,
            stop_at: StopAt::Either,
            unhold_at: UnholdAt::Either,
            waits: Waits::USUAL,
            levels,
            strict: 0,
        }
    }

    /// The order that QQ published: the category before the report, the unit initialized before the fulfil, the audio
    /// stopped after the deactivation.
    pub const fn qq() -> Self {
        let mut policy = Self::apple();
        policy.category_at = CategoryAt::BeforeReport;
        policy.init_at = InitAt::BeforeFulfil;
        policy.stop_at = StopAt::AfterDeactivation;
        policy
    }

    /// Nothing is denied, and rules whose sources contradict each other, or that rest on reports alone, say nothing.
    pub const fn permissive() -> Self {
        use crate::rules::declaration::Grade;
        let mut policy = Self::apple();
        let mut place = 0;
        while place < COUNT {
            let declared = Rule::at(place).declaration();
            let weak = matches!(declared.grades, [Grade::Issues | Grade::Folklore, ..]);
            policy.levels[place] = match policy.levels[place] {
                Level::Deny | Level::Warn if !declared.contradicted && !weak => Level::Warn,
                _ => Level::Allow,
            };
            place += 1;
        }
        policy
    }

    /// Every rule to the letter: no deviation passes, and every rule says something.
    pub const fn strict() -> Self {
        let mut policy = Self::apple();
        policy.stop_at = StopAt::BeforeFulfil;
        policy.unhold_at = UnholdAt::WithActivation;
        policy.strict = u128::MAX;
        let mut place = 0;
        while place < COUNT {
            if let Level::Allow = policy.levels[place] {
                policy.levels[place] = Level::Warn;
            }
            place += 1;
        }
        policy
    }

    /// What a breach of `rule` is taken for, if it applies at all; [`Level::Allow`] if not.
    pub fn level(&self, rule: Rule) -> Level {
        if self.applies(rule) { self.levels[rule.place()] } else { Level::Allow }
    }

    /// Sets what a breach of `rule` is taken for.
    pub const fn set_level(&mut self, rule: Rule, level: Level) {
        self.levels[rule.place()] = level;
    }

    /// Whether `rule` is held to the letter, without the deviations that working samples ship.
    pub const fn is_strict(&self, rule: Rule) -> bool {
        self.strict >> rule.place() & 1 == 1
    }

    /// Holds `rule` to the letter, or not.
    pub const fn set_strict(&mut self, rule: Rule, strict: bool) {
        let bit = 1 << rule.place();
        self.strict = if strict { self.strict | bit } else { self.strict & !bit };
    }

    /// Whether `rule` applies to this system and version.
    pub fn applies(&self, rule: Rule) -> bool {
        let applies = rule.declaration().applies;
        applies.on == self.os && self.version.is_none_or(|version| version >= applies.from)
    }
}
