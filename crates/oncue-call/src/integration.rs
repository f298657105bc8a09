//! Which call system may be used for a call, and why: CallKit, LiveCommunicationKit, or none, so that the app shows the
//! call itself and owns the session. One function of facts that the app gathers; nothing here asks the system.

mod camera;
mod reason;
mod region;
mod roll_out;

pub use camera::{BackgroundCamera, Camera, Rights};
pub use reason::Reason;
pub use region::{Place, Region, RegionSource, STOREFRONT};
pub use roll_out::{RollOut, Share};

use crate::AppId;
use oncue_session::{Audio, Framework, Owner, Platform, Version, owner};
use std::fmt;

/// What an app decided about call systems, for all of its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Which accounts have it already.
    pub roll_out: RollOut,
    /// The versions of the app that do without CallKit, as WeChat did from 6.6.2 on (rule book §3.14).
    pub withdrawn: Vec<Withdrawal>,
    /// How video calls come.
    pub video: VideoCalls,
    /// When LiveCommunicationKit is used.
    pub live_communication_kit: UseLck,
    /// Who owns the session of a call under LiveCommunicationKit. The sources do not settle it
    /// (`lck-activation-callbacks-exist`): the system in Twilio's example, the app by Apple's wording.
    pub lck_owner: Owner,
    /// Whether CallKit is used where nothing says which region it is. GetStream does not.
    pub callkit_in_unknown_region: bool,
}

impl Default for Integration {
    /// For every account, in every version; video as voice; LiveCommunicationKit where CallKit may not be used, its
    /// session the system's; no CallKit in an unknown region.
    fn default() -> Self {
        Self {
            roll_out: RollOut { name: String::new(), share: Share::ALL },
            withdrawn: Vec::new(),
            video: VideoCalls::CallSystem,
            live_communication_kit: UseLck::InPlaceOfCallKit,
            lck_owner: Owner::System,
            callkit_in_unknown_region: false,
        }
    }
}

/// Versions of the app without CallKit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The first.
    pub from: AppVersion,
    /// The first that has it again, if there is one.
    pub until: Option<AppVersion>,
}

/// How video calls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCalls {
    /// As voice calls do.
    CallSystem,
    /// As a notification banner, and in the app: WeChat, whose switch says that voice calls are answered as phone calls.
    /// There is one session: end the call that goes on in the one before you answer in the other.
    Banner,
}

/// When LiveCommunicationKit is used (iOS 17.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseLck {
    /// Never.
    Never,
    /// Where CallKit may not be used: in mainland China (`lck-in-china`).
    InPlaceOfCallKit,
    /// Wherever there is one.
    Always,
}

/// The version of an app. Numbers that are missing are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion(pub [u32; 3]);

impl AppVersion {
    /// Reads `8`, `8.0` or `8.0.7`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut version = [0; 3];
        for (place, number) in text.split('.').enumerate() {
            let digits = number.bytes().all(|digit| digit.is_ascii_digit());
            *version.get_mut(place)? = digits.then(|| number.parse().ok())??;
        }
        Some(Self(version))
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// The facts about one call on one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The version of iOS.
    pub ios: Version,
    /// The version of the app.
    pub app: AppVersion,
    /// What the app runs on.
    pub device: Device,
    /// Where, and how that is known.
    pub region: Region,
    /// The account that is signed in.
    pub account: AppId,
    /// Whether this account has calls of the app answered as phone calls: the user's own switch.
    pub switched_on: bool,
    /// Whether it is a video call.
    pub video: bool,
    /// What the build may do.
    pub rights: Rights,
}

/// What an app runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// An iPhone or iPad.
    Phone,
    /// A Mac, which runs the app of an iPhone or iPad (`isiOSAppOnMac`).
    Mac,
    /// The simulator.
    Simulator,
}

/// What a call is shown by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallUi {
    /// A call system.
    System(Framework),
    /// The app itself; a call that comes while it is not in front is a notification.
    InApp,
}

impl CallUi {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System(framework) => framework.name(),
            Self::InApp => "in-app",
        }
    }
}

impl fmt::Display for CallUi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(Framework::CallKit) => "CallKit",
            Self::System(Framework::LiveCommunicationKit) => "LiveCommunicationKit",
            Self::InApp => "in the app, with a notification",
        })
    }
}

/// What is used for a call, and why. It holds for this call to its end, whatever is decided meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// What the call is shown by.
    pub ui: CallUi,
    /// Who activates its session.
    pub owner: Owner,
    /// Every fact that had a part in it, in the order in which they were looked at.
    pub reasons: Vec<Reason>,
    /// What the camera of a video call may do; `None` for a voice call.
    pub camera: Option<Camera>,
}

impl Decision {
    /// Whether such calls come as VoIP pushes. Without a call system they come as ordinary alerts: from iOS 13 on, an app
    /// that gets a VoIP push and reports no call is killed (`no-pushkit-without-callkit`).
    #[must_use]
    pub fn voip_pushes(&self) -> bool {
        self.ui != CallUi::InApp
    }

    /// Whether an outgoing call, a redial from the phone's Recents too, asks the call system first
    /// (`transaction-before-media`). If not, the app dials at once.
    #[must_use]
    pub fn starts_by_transaction(&self) -> bool {
        self.ui != CallUi::InApp
    }

    /// The session of the call, with its owner as a type.
    #[must_use]
    pub fn audio(&self, platform: impl Platform + 'static) -> OwnedAudio {
        match self.owner {
            Owner::System => OwnedAudio::System(Audio::under_system(platform)),
            Owner::App => OwnedAudio::App(Audio::owned_by_app(platform)),
        }
    }
}

/// A session with its owner as a type.
#[derive(Debug)]
pub enum OwnedAudio {
    /// The call system activates it.
    System(Audio<owner::System>),
    /// The app activates it.
    App(Audio<owner::App>),
}

/// From which version of iOS on there is CallKit.
const CALLKIT: Version = Version { major: 10, minor: 0 };
/// From which version of iOS on there is LiveCommunicationKit.
const LCK: Version = Version { major: 17, minor: 4 };

impl Integration {
    /// What is used for this call.
    #[must_use]
    pub fn decide(&self, facts: &Circumstances) -> Decision {
        let mut reasons = Vec::new();
        let ui = self.ui(facts, &mut reasons);
        let owner = match ui {
            CallUi::System(Framework::CallKit) => Owner::System,
            CallUi::System(Framework::LiveCommunicationKit) => self.lck_owner,
            CallUi::InApp => Owner::App,
        };
        let camera = facts.video.then(|| Camera::on(facts.ios, &facts.rights));
        Decision { ui, owner, reasons, camera }
    }

    fn ui(&self, facts: &Circumstances, reasons: &mut Vec<Reason>) -> CallUi {
        reasons.extend(self.no_call_system(facts));
        if !reasons.is_empty() {
            return CallUi::InApp;
        }
        reasons.push(Reason::SwitchedOn);
        if self.roll_out.share != Share::ALL {
            reasons.push(self.roll_out_reason(facts));
        }
        let callkit_refused: Vec<_> = self.no_callkit(facts).collect();
        let lck = facts.ios >= LCK;
        let wanted = match self.live_communication_kit {
            UseLck::Never => false,
            UseLck::InPlaceOfCallKit => !callkit_refused.is_empty(),
            UseLck::Always => true,
        };
        if callkit_refused.is_empty() {
            reasons.push(Reason::RegionHasCallKit(facts.region));
        }
        reasons.extend(callkit_refused.iter().copied());
        if wanted {
            reasons.push(if lck {
                Reason::HasLck(facts.ios)
            } else {
                Reason::BeforeLck(facts.ios)
            });
        } else if !callkit_refused.is_empty() {
            reasons.push(Reason::LckNotUsed);
        }
        match (wanted && lck, callkit_refused.is_empty()) {
            (true, _) => CallUi::System(Framework::LiveCommunicationKit),
            (false, true) => CallUi::System(Framework::CallKit),
            (false, false) => CallUi::InApp,
        }
    }

    /// What keeps this call from any call system.
    fn no_call_system(&self, facts: &Circumstances) -> impl Iterator<Item = Reason> {
        let share = (self.roll_out.share != Share::ALL).then(|| self.roll_out_reason(facts));
        [
            (facts.device == Device::Mac).then_some(Reason::OnMac),
            (facts.device == Device::Simulator).then_some(Reason::OnSimulator),
            (facts.ios < CALLKIT).then_some(Reason::BeforeCallKit(facts.ios)),
            (!facts.rights.voip_background_mode).then_some(Reason::NoVoipBackgroundMode),
            (!facts.switched_on).then_some(Reason::SwitchedOff),
            share.filter(Reason::speaks_against),
            (facts.video && self.video == VideoCalls::Banner).then_some(Reason::VideoAsBanner),
        ]
        .into_iter()
        .flatten()
    }

    /// What keeps it from CallKit alone.
    fn no_callkit(&self, facts: &Circumstances) -> impl Iterator<Item = Reason> {
        let app = facts.app;
        let region = match facts.region.place {
            Place::MainlandChina => Some(Reason::MainlandChina(facts.region.source)),
            Place::Unknown if !self.callkit_in_unknown_region => Some(Reason::RegionUnknown),
            Place::Unknown | Place::Elsewhere => None,
        };
        let withdrawn = self
            .withdrawn
            .iter()
            .find(|it| app >= it.from && it.until.is_none_or(|until| app < until))
            .map(|&withdrawal| Reason::Withdrawn { app, withdrawal });
        region.into_iter().chain(withdrawn)
    }

    fn roll_out_reason(&self, facts: &Circumstances) -> Reason {
        let (place, share) = (self.roll_out.place_of(&facts.account), self.roll_out.share);
        if self.roll_out.includes(&facts.account) {
            Reason::RolledOut { place, share }
        } else {
            Reason::NotRolledOut { place, share }
        }
    }
}
