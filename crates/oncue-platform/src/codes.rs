//! The codes a phone refuses with, by name: one enum per error domain, each variant with its number, Apple's name and
//! what it means for a call. Data alone: how a refusal is read and printed is the business of `refusal.rs`.

use crate::Domain;

/// A four-character code as the number it is.
pub(crate) const fn four(characters: &[u8; 4]) -> i32 {
    i32::from_be_bytes(*characters)
}

macro_rules! codes {
    ($(
        $(#[$about:meta])*
        $set:ident of $domain:ident {
            $($variant:ident = $code:expr, $apple:literal, $meaning:literal;)+
        }
    )+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            #[repr(i32)]
            pub enum $set {
                $(
                    #[doc = concat!("`", $apple, "`: ", $meaning, ".")]
                    $variant = $code,
                )+
            }

            impl $set {
                /// All of them, in the order of their table.
                pub const ALL: &'static [Self] = &[$(Self::$variant),+];

                /// The variant with this code, if there is one.
                #[must_use]
                pub const fn of(code: i32) -> Option<Self> {
                    $(
                        if code == Self::$variant.code() {
                            return Some(Self::$variant);
                        }
                    )+
                    None
                }

                /// Its number.
                #[must_use]
                pub const fn code(self) -> i32 {
                    self as i32
                }

                /// Its name within its domain.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self {
                        $(Self::$variant => stringify!($variant),)+
                    }
                }

                /// Its name in the header that declares it; its number where no header does.
                #[must_use]
                pub const fn apple_name(self) -> &'static str {
                    match self {
                        $(Self::$variant => $apple,)+
                    }
                }

                /// What it means for a call.
                #[must_use]
                pub const fn meaning(self) -> &'static str {
                    match self {
                        $(Self::$variant => $meaning,)+
                    }
                }
            }
        )+

        /// A refusal that has a name, by its domain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Named {
            $(
                $(#[$about])*
                $domain($set),
            )+
        }

        impl Named {
            /// Every named refusal, domain by domain.
            pub fn all() -> impl Iterator<Item = Self> {
                core::iter::empty()$(.chain($set::ALL.iter().copied().map(Self::$domain)))+
            }

            /// The name of a domain's code; `None` where the domain has no such code.
            #[must_use]
            pub const fn of(domain: Domain, code: i32) -> Option<Self> {
                match domain {
                    $(Domain::$domain => match $set::of(code) {
                        Some(named) => Some(Self::$domain(named)),
                        None => None,
                    },)+
                    Domain::CallDirectoryStore => None,
                }
            }

            /// Whose code it is.
            #[must_use]
            pub const fn domain(self) -> Domain {
                match self {
                    $(Self::$domain(_) => Domain::$domain,)+
                }
            }

            /// Its number.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self {
                    $(Self::$domain(named) => named.code(),)+
                }
            }

            /// Its name within its domain, e.g. `InsufficientPriority`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$domain(named) => named.name(),)+
                }
            }

            /// Its name in the header that declares it, e.g. `AVAudioSessionErrorCodeInsufficientPriority`; its number
            /// where no header does.
            #[must_use]
            pub const fn apple_name(self) -> &'static str {
                match self {
                    $(Self::$domain(named) => named.apple_name(),)+
                }
            }

            /// What it means for a call.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$domain(named) => named.meaning(),)+
                }
            }
        }
    };
}

codes! {
    /// `AVAudioSession.ErrorCode`: what the audio session refuses with.
    AudioSessionError of AudioSession {
        None = 0, "AVAudioSessionErrorCodeNone",
            "no error";
        MediaServicesFailed = four(b"msrv"), "AVAudioSessionErrorCodeMediaServicesFailed",
            "the media services are dead; drop all audio objects and wait for the reset";
        IsBusy = four(b"!act"), "AVAudioSessionErrorCodeIsBusy",
            "input/output still runs; stop it before the session is released";
        IncompatibleCategory = four(b"!cat"), "AVAudioSessionErrorCodeIncompatibleCategory",
            "the session's category does not support the operation";
        CannotInterruptOthers = four(b"!int"), "AVAudioSessionErrorCodeCannotInterruptOthers",
            "an app in the background may not interrupt other audio, unless it is the one now playing";
        MissingEntitlement = four(b"ent?"), "AVAudioSessionErrorCodeMissingEntitlement",
            "an entitlement is missing; iOS 10.0 also says so where a call starts before the session is ready";
        SiriIsRecording = four(b"siri"), "AVAudioSessionErrorCodeSiriIsRecording",
            "Siri is recording";
        CannotStartPlaying = four(b"!pla"), "AVAudioSessionErrorCodeCannotStartPlaying",
            "input/output may not start in the background: the background mode audio is missing, or the category is Ambient or SoloAmbient";
        CannotStartRecording = four(b"!rec"), "AVAudioSessionErrorCodeCannotStartRecording",
            "capture may not start, mostly because the app is in the background and nobody activated the session for it";
        BadParam = -50, "AVAudioSessionErrorCodeBadParam",
            "a wrong argument, such as an option that the category does not support";
        InsufficientPriority = four(b"!pri"), "AVAudioSessionErrorCodeInsufficientPriority",
            "something of higher priority, such as the call system or another app's call, controls the session";
        ResourceNotAvailable = four(b"!res"), "AVAudioSessionErrorCodeResourceNotAvailable",
            "the hardware is not there, such as an input";
        Unspecified = four(b"what"), "AVAudioSessionErrorCodeUnspecified",
            "an error that the system does not specify";
        ExpiredSession = four(b"!ses"), "AVAudioSessionErrorCodeExpiredSession",
            "the session no longer exists";
        SessionNotActive = four(b"inac"), "AVAudioSessionErrorCodeSessionNotActive",
            "the operation needs an active session, and it is not active";
        SessionDeactivationFailed = -12988, "-12988",
            "the session could not be released; in no header, seen when an app released a session that CallKit had activated";
    }

    /// Statuses of an audio unit.
    AudioUnitError of AudioUnit {
        Unauthorized = -10847, "kAudioUnitErr_Unauthorized",
            "the unit may not be used yet, as when it is initialised before the session is configured";
        Initialized = -10849, "kAudioUnitErr_Initialized",
            "the unit is initialised already, and the operation comes before that";
        CannotDoInCurrentContext = -10863, "kAudioUnitErr_CannotDoInCurrentContext",
            "the unit cannot do this now";
        Uninitialized = -10867, "kAudioUnitErr_Uninitialized",
            "the unit is not initialised yet";
        FormatNotSupported = -10868, "kAudioUnitErr_FormatNotSupported",
            "the unit does not support the stream format";
        TooManyFrames = -10874, "kAudioUnitErr_TooManyFramesToProcess",
            "more frames at once than the unit was set up for";
        FailedInitialization = -10875, "kAudioUnitErr_FailedInitialization",
            "the unit could not be initialised, as before the category is PlayAndRecord";
        NoConnection = -10876, "kAudioUnitErr_NoConnection",
            "an input of the unit is not connected";
        MultipleVoiceProcessors = -66635, "kAudioUnitErr_MultipleVoiceProcessors",
            "a second voice-processing unit, and a process may have one";
        Undocumented66637 = -66637, "-66637",
            "in no header; reported where a unit is started before the session is active";
        UnexpectedNumberOfInputChannels = -66784, "kAUVoiceIOErr_UnexpectedNumberOfInputChannels",
            "the voice-processing unit met a number of input channels that it did not expect";
        Opaque10004003 = 0x1000_4003, "0x10004003",
            "in no header; reported where there is no input to capture from";
        Opaque10004006 = 0x1000_4006, "0x10004006",
            "in no header; reported where a unit is started before the session is active";
    }

    /// `CXErrorCode`: CallKit in general.
    CallKitError of CallKit {
        Unknown = 0, "CXErrorCodeUnknownError",
            "the call system does not say why";
        Unentitled = 1, "CXErrorCodeUnentitled",
            "the app may not use the call system: no background mode voip";
        InvalidArgument = 2, "CXErrorCodeInvalidArgument",
            "an argument that the call system does not accept";
        MissingVoIPBackgroundMode = 3, "CXErrorCodeMissingVoIPBackgroundMode",
            "UIBackgroundModes in Info.plist lacks voip";
    }

    /// `CXErrorCodeIncomingCallError`: the report of an incoming call; after any of them the call does not exist.
    IncomingCallError of IncomingCall {
        Unknown = 0, "CXErrorCodeIncomingCallErrorUnknown",
            "the call system does not say why";
        Unentitled = 1, "CXErrorCodeIncomingCallErrorUnentitled",
            "the app may not receive calls";
        CallUuidAlreadyExists = 2, "CXErrorCodeIncomingCallErrorCallUUIDAlreadyExists",
            "a call with this UUID is known already; a UUID belongs to one call and is dead after it";
        FilteredByDoNotDisturb = 3, "CXErrorCodeIncomingCallErrorFilteredByDoNotDisturb",
            "the user is not to be disturbed; do not ring";
        FilteredByBlockList = 4, "CXErrorCodeIncomingCallErrorFilteredByBlockList",
            "the user has blocked the caller; do not ring";
        FilteredDuringRestrictedSharingMode = 5,
            "CXErrorCodeIncomingCallErrorFilteredDuringRestrictedSharingMode",
            "filtered while the device is in a restricted sharing mode; do not ring";
        CallIsProtected = 6, "CXErrorCodeIncomingCallErrorCallIsProtected",
            "the call is protected";
        FilteredBySensitiveParticipants = 7,
            "CXErrorCodeIncomingCallErrorFilteredBySensitiveParticipants",
            "filtered because of who takes part in it; do not ring";
    }

    /// `CXErrorCodeRequestTransactionError`: a transaction that the app requested.
    RequestTransactionError of RequestTransaction {
        Unknown = 0, "CXErrorCodeRequestTransactionErrorUnknown",
            "the call system does not say why";
        Unentitled = 1, "CXErrorCodeRequestTransactionErrorUnentitled",
            "the app may not request actions: no background mode voip, or a simulator";
        UnknownCallProvider = 2, "CXErrorCodeRequestTransactionErrorUnknownCallProvider",
            "no provider that the call system knows: none was made yet, it was invalidated, or the connection was lost";
        EmptyTransaction = 3, "CXErrorCodeRequestTransactionErrorEmptyTransaction",
            "the transaction holds no action";
        UnknownCallUuid = 4, "CXErrorCodeRequestTransactionErrorUnknownCallUUID",
            "no call with this UUID; it was never reported, or has ended";
        CallUuidAlreadyExists = 5, "CXErrorCodeRequestTransactionErrorCallUUIDAlreadyExists",
            "a call with this UUID is known already; a UUID belongs to one call and is dead after it";
        InvalidAction = 6, "CXErrorCodeRequestTransactionErrorInvalidAction",
            "the action does not suit the call as it is";
        MaximumCallGroupsReached = 7, "CXErrorCodeRequestTransactionErrorMaximumCallGroupsReached",
            "no more call groups: an earlier call was never ended, or no provider was registered before the request";
        CallIsProtected = 8, "CXErrorCodeRequestTransactionErrorCallIsProtected",
            "the call is protected";
    }

    /// `CXErrorCodeCallDirectoryManagerError`: loading entries for blocking and identification.
    CallDirectoryError of CallDirectory {
        Unknown = 0, "CXErrorCodeCallDirectoryManagerErrorUnknown",
            "the call directory does not say why";
        NoExtensionFound = 1, "CXErrorCodeCallDirectoryManagerErrorNoExtensionFound",
            "no call directory extension with this identifier";
        LoadingInterrupted = 2, "CXErrorCodeCallDirectoryManagerErrorLoadingInterrupted",
            "the extension was interrupted while it loaded its entries";
        EntriesOutOfOrder = 3, "CXErrorCodeCallDirectoryManagerErrorEntriesOutOfOrder",
            "numbers that do not ascend; the whole load is rejected";
        DuplicateEntries = 4, "CXErrorCodeCallDirectoryManagerErrorDuplicateEntries",
            "a number twice; the whole load is rejected";
        MaximumEntriesExceeded = 5, "CXErrorCodeCallDirectoryManagerErrorMaximumEntriesExceeded",
            "more entries than an extension may have";
        ExtensionDisabled = 6, "CXErrorCodeCallDirectoryManagerErrorExtensionDisabled",
            "the user has not enabled the extension in Settings";
        CurrentlyLoading = 7, "CXErrorCodeCallDirectoryManagerErrorCurrentlyLoading",
            "the extension is loading already; ask again when it is done";
        UnexpectedIncrementalRemoval = 8,
            "CXErrorCodeCallDirectoryManagerErrorUnexpectedIncrementalRemoval",
            "entries were removed in a load that is not incremental";
    }

    /// `CXErrorCodeNotificationServiceExtensionError`: a VoIP push reported by a notification service extension.
    NotificationServiceExtensionError of NotificationServiceExtension {
        Unknown = 0, "CXErrorCodeNotificationServiceExtensionErrorUnknown",
            "the call system does not say why";
        InvalidClientProcess = 1,
            "CXErrorCodeNotificationServiceExtensionErrorInvalidClientProcess",
            "the process that reports is no notification service extension";
        MissingNotificationFilteringEntitlement = 2,
            "CXErrorCodeNotificationServiceExtensionErrorMissingNotificationFilteringEntitlement",
            "the extension lacks the entitlement to filter notifications";
    }

    /// How a process ends that took a VoIP push and reported no call. The first check, as the push callback returns,
    /// ends it by an `NSInternalInconsistencyException` (`_terminateAppIfThereAreUnhandledVoIPPushes`), which has no
    /// number; the second, by callservicesd about 7 s later, has one.
    PushKitError of PushKit {
        UnreportedPush = 0xbaad_ca11_u32.cast_signed(), "0xbaadca11",
            "callservicesd ended the process: a VoIP push was not reported as a call; repeated, the system stops delivering them";
    }

    /// `kRTCAudioSessionError`: `RTCAudioSession` of WebRTC, a proxy of the audio session.
    WebRtcError of WebRtc {
        LockRequired = -1, "kRTCAudioSessionErrorLockRequired",
            "a setter was called without lockForConfiguration; the configuration was not applied";
        Configuration = -2, "kRTCAudioSessionErrorConfiguration",
            "the configuration could not be applied";
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    /// Every number of the headers once more, by hand: what the table above must say.
    #[test]
    fn every_number_has_its_name() {
        use Domain::{AudioSession, AudioUnit, CallKit, IncomingCall, RequestTransaction};
        use Domain::{CallDirectory, NotificationServiceExtension, PushKit, WebRtc};
        let expected: &[(Domain, &[(i32, &str)])] = &[
            (
                AudioSession,
                &[
                    (0, "None"),
                    (1_836_282_486, "MediaServicesFailed"),
                    (560_030_580, "IsBusy"),
                    (560_161_140, "IncompatibleCategory"),
                    (560_557_684, "CannotInterruptOthers"),
                    (1_701_737_535, "MissingEntitlement"),
                    (1_936_290_409, "SiriIsRecording"),
                    (561_015_905, "CannotStartPlaying"),
                    (561_145_187, "CannotStartRecording"),
                    (-50, "BadParam"),
                    (561_017_449, "InsufficientPriority"),
                    (561_145_203, "ResourceNotAvailable"),
                    (2_003_329_396, "Unspecified"),
                    (561_210_739, "ExpiredSession"),
                    (1_768_841_571, "SessionNotActive"),
                    (-12_988, "SessionDeactivationFailed"),
                ],
            ),
            (
                AudioUnit,
                &[
                    (-66_635, "MultipleVoiceProcessors"),
                    (-66_637, "Undocumented66637"),
                    (-10_847, "Unauthorized"),
                    (-10_849, "Initialized"),
                    (-10_863, "CannotDoInCurrentContext"),
                    (-10_867, "Uninitialized"),
                    (-10_868, "FormatNotSupported"),
                    (-10_874, "TooManyFrames"),
                    (-10_875, "FailedInitialization"),
                    (-10_876, "NoConnection"),
                    (-66_784, "UnexpectedNumberOfInputChannels"),
                    (268_451_843, "Opaque10004003"),
                    (268_451_846, "Opaque10004006"),
                ],
            ),
            (
                CallKit,
                &[
                    (0, "Unknown"),
                    (1, "Unentitled"),
                    (2, "InvalidArgument"),
                    (3, "MissingVoIPBackgroundMode"),
                ],
            ),
            (
                IncomingCall,
                &[
                    (0, "Unknown"),
                    (1, "Unentitled"),
                    (2, "CallUuidAlreadyExists"),
                    (3, "FilteredByDoNotDisturb"),
                    (4, "FilteredByBlockList"),
                    (5, "FilteredDuringRestrictedSharingMode"),
                    (6, "CallIsProtected"),
                    (7, "FilteredBySensitiveParticipants"),
                ],
            ),
            (
                RequestTransaction,
                &[
                    (0, "Unknown"),
                    (1, "Unentitled"),
                    (2, "UnknownCallProvider"),
                    (3, "EmptyTransaction"),
                    (4, "UnknownCallUuid"),
                    (5, "CallUuidAlreadyExists"),
                    (6, "InvalidAction"),
                    (7, "MaximumCallGroupsReached"),
                    (8, "CallIsProtected"),
                ],
            ),
            (
                CallDirectory,
                &[
                    (0, "Unknown"),
                    (1, "NoExtensionFound"),
                    (2, "LoadingInterrupted"),
                    (3, "EntriesOutOfOrder"),
                    (4, "DuplicateEntries"),
                    (5, "MaximumEntriesExceeded"),
                    (6, "ExtensionDisabled"),
                    (7, "CurrentlyLoading"),
                    (8, "UnexpectedIncrementalRemoval"),
                ],
            ),
            (
                NotificationServiceExtension,
                &[
                    (0, "Unknown"),
                    (1, "InvalidClientProcess"),
                    (2, "MissingNotificationFilteringEntitlement"),
                ],
            ),
            (PushKit, &[(-1_163_015_663, "UnreportedPush")]),
            (WebRtc, &[(-1, "LockRequired"), (-2, "Configuration")]),
        ];
        let mut count = 0;
        for (domain, codes) in expected {
            for (code, name) in *codes {
                let named = Named::of(*domain, *code);
                assert_eq!(named.map(Named::name), Some(*name), "{domain:?} {code}");
                assert_eq!(
                    named.map(|named| (named.domain(), named.code())),
                    Some((*domain, *code))
                );
                count += 1;
            }
        }
        assert_eq!(Named::all().count(), count, "a code that the list by hand lacks");
        assert_eq!(expected.len() + 1, Domain::ALL.len(), "all but the store, which has no codes");
    }

    #[test]
    fn every_four_characters_are_their_number() {
        for (characters, number) in [
            (b"msrv", 1_836_282_486),
            (b"!act", 560_030_580),
            (b"!cat", 560_161_140),
            (b"!int", 560_557_684),
            (b"ent?", 1_701_737_535),
            (b"siri", 1_936_290_409),
            (b"!pla", 561_015_905),
            (b"!rec", 561_145_187),
            (b"!pri", 561_017_449),
            (b"!res", 561_145_203),
            (b"what", 2_003_329_396),
            (b"!ses", 561_210_739),
            (b"inac", 1_768_841_571),
        ] {
            assert_eq!(four(characters), number, "{characters:?}");
        }
    }

    #[test]
    fn names_differ_within_a_domain_and_numbers_too() {
        for domain in Domain::ALL {
            let named: Vec<_> = Named::all().filter(|named| named.domain() == domain).collect();
            for each in [
                named.iter().map(|named| named.name()).collect::<BTreeSet<_>>().len(),
                named.iter().map(|named| named.apple_name()).collect::<BTreeSet<_>>().len(),
                named.iter().map(|named| named.code()).collect::<BTreeSet<_>>().len(),
            ] {
                assert_eq!(each, named.len(), "{domain:?}");
            }
        }
    }

    #[test]
    fn every_meaning_is_one_line_without_a_full_stop() {
        for named in Named::all() {
            let meaning = named.meaning();
            assert!(meaning.len() > 5 && !meaning.ends_with('.'), "{named:?}: {meaning}");
            assert!(!meaning.contains('\n') && meaning.trim() == meaning, "{named:?}: {meaning}");
        }
    }
}
