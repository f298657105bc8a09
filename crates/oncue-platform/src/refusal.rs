//! What the system answers when it says no: an error domain and a code, kept as they came and printed with their name.
//! The names are the table in `codes.rs`; reading them from text is `refusal/read.rs`.

mod read;

use crate::codes::{Named, four};

/// Where a code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Domain {
    /// `AVAudioSession` (`NSOSStatusErrorDomain`).
    AudioSession,
    /// An audio unit (`NSOSStatusErrorDomain`, `com.apple.coreaudio.avfaudio`).
    AudioUnit,
    /// CallKit in general (`com.apple.CallKit.error`).
    CallKit,
    /// The report of an incoming call (`com.apple.CallKit.error.incomingcall`).
    IncomingCall,
    /// A transaction that the app requested (`com.apple.CallKit.error.requesttransaction`).
    RequestTransaction,
    /// The call directory's manager (`com.apple.CallKit.error.calldirectorymanager`).
    CallDirectory,
    /// The call directory's store (`com.apple.CallKit.error.calldirectorystore`), whose codes are in no header.
    CallDirectoryStore,
    /// A notification service extension (`com.apple.CallKit.error.notificationserviceextension`).
    NotificationServiceExtension,
    /// The end of a process that took a VoIP push and reported no call.
    PushKit,
    /// `RTCAudioSession` of WebRTC (`org.webrtc.RTC_OBJC_TYPE(RTCAudioSession)`).
    WebRtc,
}

impl Domain {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AudioSession,
        Self::AudioUnit,
        Self::CallKit,
        Self::IncomingCall,
        Self::RequestTransaction,
        Self::CallDirectory,
        Self::CallDirectoryStore,
        Self::NotificationServiceExtension,
        Self::PushKit,
        Self::WebRtc,
    ];

    /// Its name as its maker writes it, e.g. `CXErrorCodeIncomingCallError`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spellings()[0]
    }

    /// What a header, Swift, a log or a trace calls it, its name first.
    const fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::AudioSession => &[
                "AVAudioSessionErrorCode",
                "AVAudioSession.ErrorCode",
                "NSOSStatusErrorDomain",
                "audio-session",
            ],
            Self::AudioUnit => &[
                "AudioUnit",
                "kAudioUnitErr",
                "kAUVoiceIOErr",
                "com.apple.coreaudio.avfaudio",
                "NSOSStatusErrorDomain",
                "audio-unit",
            ],
            Self::CallKit => {
                &["CXErrorCode", "CXError", "CXErrorDomain", "com.apple.CallKit.error", "call-kit"]
            }
            Self::IncomingCall => &[
                "CXErrorCodeIncomingCallError",
                "CXErrorDomainIncomingCall",
                "com.apple.CallKit.error.incomingcall",
                "incoming-call",
            ],
            Self::RequestTransaction => &[
                "CXErrorCodeRequestTransactionError",
                "CXErrorDomainRequestTransaction",
                "com.apple.CallKit.error.requesttransaction",
                "request-transaction",
            ],
            Self::CallDirectory => &[
                "CXErrorCodeCallDirectoryManagerError",
                "CXErrorDomainCallDirectoryManager",
                "com.apple.CallKit.error.calldirectorymanager",
                "call-directory",
            ],
            Self::CallDirectoryStore => {
                &["com.apple.CallKit.error.calldirectorystore", "call-directory-store"]
            }
            Self::NotificationServiceExtension => &[
                "CXErrorCodeNotificationServiceExtensionError",
                "CXErrorDomainNotificationServiceExtension",
                "com.apple.CallKit.error.notificationserviceextension",
                "notification-service-extension",
            ],
            Self::PushKit => &["PushKit", "callservicesd", "push-kit"],
            Self::WebRtc => &[
                "kRTCAudioSessionError",
                "kRTCAudioSessionErrorDomain",
                "RTCAudioSession",
                "org.webrtc.RTCAudioSession",
                "org.webrtc.RTC_OBJC_TYPE",
                "web-rtc",
            ],
        }
    }
}

impl core::fmt::Display for Domain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::AudioSession => "audio session",
            Self::AudioUnit => "audio unit",
            Self::CallKit => "call system",
            Self::IncomingCall => "report of an incoming call",
            Self::RequestTransaction => "requested transaction",
            Self::CallDirectory => "call directory",
            Self::CallDirectoryStore => "call directory's store",
            Self::NotificationServiceExtension => "notification service extension",
            Self::PushKit => "push service",
            Self::WebRtc => "audio session of WebRTC",
        })
    }
}

/// The system refused. By itself no fault of the app's order: the guard says whether there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the {domain} {} {code}{}", refused(*domain), InWords(*self))]
pub struct Refusal {
    /// Whose code.
    pub domain: Domain,
    /// The code, e.g. 561017449.
    pub code: i32,
}

impl Refusal {
    /// `'!pri'`: something of higher priority, such as the call system, holds the session.
    pub const INSUFFICIENT_PRIORITY: Self = Self::session(b"!pri");

    /// `'msrv'`: the media services are dead.
    pub const MEDIA_SERVICES_FAILED: Self = Self::session(b"msrv");

    /// Of the audio session, by its four characters.
    #[must_use]
    pub const fn session(characters: &[u8; 4]) -> Self {
        Self { domain: Domain::AudioSession, code: four(characters) }
    }

    /// Of an audio unit.
    #[must_use]
    pub const fn unit(code: i32) -> Self {
        Self { domain: Domain::AudioUnit, code }
    }

    /// Of CallKit in general (`CXErrorCode`).
    #[must_use]
    pub const fn callkit(code: i32) -> Self {
        Self { domain: Domain::CallKit, code }
    }

    /// Of the report of an incoming call.
    #[must_use]
    pub const fn incoming(code: i32) -> Self {
        Self { domain: Domain::IncomingCall, code }
    }

    /// Of a transaction that the app requested.
    #[must_use]
    pub const fn transaction(code: i32) -> Self {
        Self { domain: Domain::RequestTransaction, code }
    }

    /// Of the call directory's manager.
    #[must_use]
    pub const fn directory(code: i32) -> Self {
        Self { domain: Domain::CallDirectory, code }
    }

    /// Of a notification service extension that reports a push.
    #[must_use]
    pub const fn extension(code: i32) -> Self {
        Self { domain: Domain::NotificationServiceExtension, code }
    }

    /// Of `RTCAudioSession`.
    #[must_use]
    pub const fn webrtc(code: i32) -> Self {
        Self { domain: Domain::WebRtc, code }
    }

    /// Its name and meaning; `None` for a code that no header and no report names.
    #[must_use]
    pub const fn named(self) -> Option<Named> {
        Named::of(self.domain, self.code)
    }

    /// Its four characters, e.g. `!pri`, where all four are printable.
    #[must_use]
    pub fn four_characters(self) -> Option<[u8; 4]> {
        let bytes = self.code.to_be_bytes();
        bytes.iter().all(u8::is_ascii_graphic).then_some(bytes)
    }
}

impl From<Named> for Refusal {
    fn from(named: Named) -> Self {
        Self { domain: named.domain(), code: named.code() }
    }
}

/// What the domain did, or had done to it.
fn refused(domain: Domain) -> &'static str {
    match domain {
        Domain::IncomingCall | Domain::RequestTransaction => "was refused with",
        Domain::PushKit => "ended the process with",
        _ => "refused with",
    }
}

/// Writes a code as ` ('!pri', InsufficientPriority: its meaning)`, as far as there is something to write.
struct InWords(Refusal);

impl core::fmt::Display for InWords {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let refusal = self.0;
        let mut before = " (";
        if let Some([a, b, c, d]) = refusal.four_characters().map(|all| all.map(char::from)) {
            write!(f, "{before}'{a}{b}{c}{d}'")?;
            before = ", ";
        } else if refusal.code.unsigned_abs() > 0xff_ffff {
            // Such a number was not counted out; its bits are what people look for.
            write!(f, "{before}{:#010x}", refusal.code)?;
            before = ", ";
        }
        if let Some(named) = refusal.named() {
            write!(f, "{before}{}: {}", named.name(), named.meaning())?;
            before = ", ";
        }
        if before == ", " { f.write_str(")") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_refusal_prints_its_number_its_four_characters_its_name_and_its_meaning() {
        assert_eq!(
            Refusal::INSUFFICIENT_PRIORITY.to_string(),
            "the audio session refused with 561017449 ('!pri', InsufficientPriority: something of higher \
             priority, such as the call system or another app's call, controls the session)"
        );
        assert_eq!(
            Refusal::incoming(4).to_string(),
            "the report of an incoming call was refused with 4 (FilteredByBlockList: the user has blocked the \
             caller; do not ring)"
        );
        assert!(
            Refusal::unit(268_451_843)
                .to_string()
                .starts_with("the audio unit refused with 268451843 (0x10004003, Opaque10004003: ")
        );
    }

    #[test]
    fn an_unknown_code_stays_visible() {
        let printed = [
            (Refusal::session(b"!prj"), "the audio session refused with 561017450 ('!prj')"),
            (Refusal::unit(-66_638), "the audio unit refused with -66638"),
            (Refusal::unit(0x1000_4007), "the audio unit refused with 268451847 (0x10004007)"),
            (Refusal::callkit(99), "the call system refused with 99"),
            (Refusal::transaction(9), "the requested transaction was refused with 9"),
        ];
        for (refusal, text) in printed {
            assert_eq!(refusal.named(), None, "{refusal:?}");
            assert_eq!(refusal.to_string(), text);
        }
    }

    #[test]
    fn each_constructor_names_its_domain() {
        let made = [
            (Refusal::session(b"inac"), "AVAudioSessionErrorCodeSessionNotActive"),
            (Refusal::unit(-66_635), "kAudioUnitErr_MultipleVoiceProcessors"),
            (Refusal::callkit(3), "CXErrorCodeMissingVoIPBackgroundMode"),
            (Refusal::incoming(3), "CXErrorCodeIncomingCallErrorFilteredByDoNotDisturb"),
            (Refusal::transaction(3), "CXErrorCodeRequestTransactionErrorEmptyTransaction"),
            (Refusal::directory(3), "CXErrorCodeCallDirectoryManagerErrorEntriesOutOfOrder"),
            (
                Refusal::extension(1),
                "CXErrorCodeNotificationServiceExtensionErrorInvalidClientProcess",
            ),
            (Refusal::webrtc(-1), "kRTCAudioSessionErrorLockRequired"),
        ];
        for (refusal, name) in made {
            assert_eq!(refusal.named().map(Named::apple_name), Some(name));
        }
    }
}
