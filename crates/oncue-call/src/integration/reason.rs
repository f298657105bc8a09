//! Why a call has a call system or none, in words, with the rule behind it.

use super::{AppVersion, CALLKIT, LCK, Place, Region, RegionSource, Share, Withdrawal};
use oncue_session::{Rule, Version};
use std::fmt;

/// A fact that had a part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A Mac runs the app, and CallKit does nothing there.
    OnMac,
    /// The simulator refuses transactions and activates nothing.
    OnSimulator,
    /// This iOS has no CallKit.
    BeforeCallKit(Version),
    /// The app does not declare `voip` among its background modes.
    NoVoipBackgroundMode,
    /// The user of this account wants no calls from the system's screen.
    SwitchedOff,
    /// The user of this account does.
    SwitchedOn,
    /// The account's place in the roll-out is not reached.
    NotRolledOut {
        /// Where the account stands.
        place: Share,
        /// How far the roll-out is.
        share: Share,
    },
    /// It is.
    RolledOut {
        /// Where the account stands.
        place: Share,
        /// How far the roll-out is.
        share: Share,
    },
    /// The app has its video calls as banners.
    VideoAsBanner,
    /// CallKit must not be active in mainland China.
    MainlandChina(RegionSource),
    /// Nothing says where the phone is, and the app then does without CallKit.
    RegionUnknown,
    /// The region has CallKit, or the app takes the chance.
    RegionHasCallKit(Region),
    /// This version of the app has no CallKit.
    Withdrawn {
        /// The version of the app.
        app: AppVersion,
        /// Which versions have none.
        withdrawal: Withdrawal,
    },
    /// This iOS has no LiveCommunicationKit.
    BeforeLck(Version),
    /// The app does not use LiveCommunicationKit.
    LckNotUsed,
    /// This iOS has LiveCommunicationKit, and the app uses it here.
    HasLck(Version),
}

impl Reason {
    /// Whether it speaks against a call system.
    #[must_use]
    pub const fn speaks_against(&self) -> bool {
        !matches!(
            self,
            Self::SwitchedOn | Self::RolledOut { .. } | Self::RegionHasCallKit(_) | Self::HasLck(_)
        )
    }

    /// The rule behind it; none where it is the app's or the user's own wish.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        let id = match self {
            Self::OnMac => "ios-app-on-mac-has-no-callkit",
            Self::OnSimulator => "simulator-has-no-callkit-activation",
            Self::NoVoipBackgroundMode => "voip-background-mode",
            Self::BeforeCallKit(_) => "app-activates-only-without-callkit",
            Self::MainlandChina(_)
            | Self::RegionUnknown
            | Self::RegionHasCallKit(_)
            | Self::Withdrawn { .. } => "china-no-callkit",
            Self::BeforeLck(_) | Self::LckNotUsed | Self::HasLck(_) => "lck-in-china",
            Self::SwitchedOff
            | Self::SwitchedOn
            | Self::NotRolledOut { .. }
            | Self::RolledOut { .. }
            | Self::VideoAsBanner => return None,
        };
        Rule::by_id(id)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnMac => f.write_str("a Mac runs the app, where CallKit does nothing"),
            Self::OnSimulator => {
                f.write_str("the simulator refuses transactions and activates no session")
            }
            Self::BeforeCallKit(ios) => write!(f, "CallKit came with iOS {CALLKIT}, this is {ios}"),
            Self::NoVoipBackgroundMode => {
                f.write_str("the app does not declare voip among its UIBackgroundModes")
            }
            Self::SwitchedOff => f.write_str("the user has switched it off for this account"),
            Self::SwitchedOn => f.write_str("the user has it switched on for this account"),
            Self::NotRolledOut { place, share } => {
                write!(f, "rolled out to {share} of the accounts, this one comes at {place}")
            }
            Self::RolledOut { place, share } => {
                write!(f, "rolled out to {share} of the accounts, this one came at {place}")
            }
            Self::VideoAsBanner => f.write_str("the app shows its video calls as banners"),
            Self::MainlandChina(source) => {
                write!(f, "{source} says mainland China, where CallKit must not be active")
            }
            Self::RegionUnknown => f.write_str(
                "nothing says which region this is, and the app does without CallKit then",
            ),
            Self::RegionHasCallKit(Region { place: Place::Unknown, .. }) => {
                f.write_str("nothing says which region this is, and the app uses CallKit then")
            }
            Self::RegionHasCallKit(Region { source, .. }) => {
                write!(f, "{source} says that this is not mainland China")
            }
            Self::Withdrawn { app, withdrawal: Withdrawal { from, until } } => {
                write!(
                    f,
                    "version {app} of the app is without CallKit, as all are from {from} on"
                )?;
                until.map_or(Ok(()), |until| write!(f, " until {until}"))
            }
            Self::BeforeLck(ios) => {
                write!(f, "LiveCommunicationKit came with iOS {LCK}, this is {ios}")
            }
            Self::LckNotUsed => f.write_str("the app does not use LiveCommunicationKit"),
            Self::HasLck(ios) => write!(f, "iOS {ios} has LiveCommunicationKit"),
        }
    }
}
