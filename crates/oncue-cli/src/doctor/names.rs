//! The names of what doctor finds, and what is known of those that are no rules of the order.

use clap::ValueEnum;
use std::fmt;

/// What a finding is about, by the name that is printed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    ApsEnvironment,
    CallingApp,
    CameraUsageDescription,
    EntitlementInInfoPlist,
    MicrophoneUsageDescription,
    MultitaskingCameraAccess,
    UnknownBackgroundMode,
    UnrestrictedVoip,
    VoipBackgroundMode,
}

/// What is known of a name.
pub(crate) struct Known {
    /// What has to be so.
    pub(crate) statement: &'static str,
    /// Where it is said.
    pub(crate) file: &'static str,
    /// What to do.
    pub(crate) first: &'static str,
    /// What happens otherwise.
    pub(crate) otherwise: &'static str,
    pub(crate) sources: &'static str,
}

impl Name {
    /// What is known of it; none where it is a rule of the order, which says more.
    pub(crate) const fn known(self) -> Option<Known> {
        Some(match self {
            Self::VoipBackgroundMode => return None,
            Self::ApsEnvironment => Known {
                statement: "An app that gets VoIP pushes has the entitlement aps-environment, development or production.",
                file: "the entitlements, aps-environment; the Mac's com.apple.developer.aps-environment does not count",
                first: "add the capability Push Notifications to the iOS target",
                otherwise: "no VoIP push arrives, so no call reaches an app that does not run",
                sources: "Apple's documentation of the entitlement aps-environment",
            },
            Self::CallingApp => Known {
                statement: "An app with the entitlement com.apple.developer.calling-app may be chosen as the default calling \
                            app, from iOS 18.2.",
                file: "the entitlements, com.apple.developer.calling-app",
                first: "handle every start-call intent: calls that are begun elsewhere on the phone come to the app",
                otherwise: "before iOS 18.2 nothing comes of it",
                sources: "Apple's documentation of the entitlement; rule every-start-call-intent-is-handled",
            },
            Self::CameraUsageDescription => Known {
                statement: "An app with video calls says what it uses the camera for.",
                file: "Info.plist, NSCameraUsageDescription",
                first: "give the key a sentence that tells the user what the camera is for",
                otherwise: "iOS ends the process when it first wants to use the camera",
                sources: "Apple's documentation of NSCameraUsageDescription",
            },
            Self::EntitlementInInfoPlist => Known {
                statement: "Entitlements stand in the entitlements file alone.",
                file: "Info.plist, aps-environment and keys that begin with com.apple.developer.",
                first: "move it to the entitlements file, where it is still of use",
                otherwise: "nothing comes of it: the system reads entitlements from the app's signature",
                sources: "Apple's documentation of entitlements",
            },
            Self::MicrophoneUsageDescription => Known {
                statement: "A call app says what it uses the microphone for.",
                file: "Info.plist, NSMicrophoneUsageDescription",
                first: "add the key with a sentence that tells the user what the microphone is for",
                otherwise: "iOS ends the process when it first wants to capture",
                sources: "Apple's documentation of NSMicrophoneUsageDescription; rule \
                          microphone-permission-in-foreground-first",
            },
            Self::MultitaskingCameraAccess => Known {
                statement: "Below iOS 18 the camera of a video call goes on while another app is in front by this entitlement \
                            and voip among UIBackgroundModes; from 18 on, linking against iOS 18 and voip suffice.",
                file: "the entitlements, com.apple.developer.avfoundation.multitasking-camera-access (iOS 13.5)",
                first: "ask Apple for the entitlement, or set isMultitaskingCameraAccessEnabled where \
                        isMultitaskingCameraAccessSupported says so (iOS 16), before the capture session runs",
                otherwise: "the camera stops while another app is in front, in Slide Over, Split View and picture in picture",
                sources: "Apple's documentation of the entitlement and of both properties; `oncue policy --video` says what \
                          holds for a version and a build",
            },
            Self::UnknownBackgroundMode => Known {
                statement: "UIBackgroundModes holds strings that iOS knows, in small letters.",
                file: "Info.plist, UIBackgroundModes",
                first: "write the mode as Apple does, or remove it",
                otherwise: "iOS passes over it, and the App Store may refuse the app",
                sources: "Apple's documentation of UIBackgroundModes",
            },
            Self::UnrestrictedVoip => Known {
                statement: "The entitlements for VoIP pushes without calls no longer do anything; the iOS 26 SDK disables the \
                            last of them.",
                file: "the entitlements, com.apple.developer.pushkit.unrestricted-voip and unrestricted-voip.ptt",
                first: "remove it and report every VoIP push as a call; for walkie-talkies there is the PushToTalk framework",
                otherwise: "a push that is not reported as a call ends the process",
                sources: "Apple's notes on PushToTalk for iOS 26 (DTS-793663); rule push-reports-a-call",
            },
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |name| f.write_str(name.get_name()))
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
