//! What the app tells the call system of itself and of its calls.

use crate::{Handle, HandleType};

/// What an app's calls can do and how they look (`CXProviderConfiguration`); the defaults are the system's, but for
/// `supported_handle_types`, which has none there and generic ones here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ProviderConfiguration {
    /// The app's name on the system's screens (`localizedName`); from iOS 14 the bundle's own.
    pub localized_name: Option<String>,
    /// The sound file of the bundle that rings (`ringtoneSound`).
    pub ringtone_sound: Option<String>,
    /// The image of the button that opens the app (`iconTemplateImageData`): PNG, 40 points square.
    pub icon_template_image: Option<Vec<u8>>,
    /// How many groups of calls there can be at once (`maximumCallGroups`, 2).
    pub maximum_call_groups: u8,
    /// How many calls a group can have (`maximumCallsPerCallGroup`, 5).
    pub maximum_calls_per_call_group: u8,
    /// Whether the phone's Recents show the app's calls (`includesCallsInRecents`, yes; iOS 11).
    pub includes_calls_in_recents: bool,
    /// Whether calls can have video (`supportsVideo`, no).
    pub supports_video: bool,
    /// What the app's handles are (`supportedHandleTypes`). Without any, Recents and Siri hand nothing back (rule
    /// `redial-needs-supported-handle-types`).
    pub supported_handle_types: Vec<HandleType>,
    /// Whether calls can be translated (`supportsAudioTranslation`, no; iOS 26).
    pub supports_audio_translation: bool,
}

impl Default for ProviderConfiguration {
    fn default() -> Self {
        Self {
            localized_name: None,
            ringtone_sound: None,
            icon_template_image: None,
            maximum_call_groups: 2,
            maximum_calls_per_call_group: 5,
            includes_calls_in_recents: true,
            supports_video: false,
            supported_handle_types: vec![HandleType::Generic],
            supports_audio_translation: false,
        }
    }
}

/// What the system shows of a call, and what the user may do with it (`CXCallUpdate`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CallUpdate {
    /// The far end (`remoteHandle`).
    pub remote_handle: Option<Handle>,
    /// Its name (`localizedCallerName`).
    pub localized_caller_name: Option<String>,
    /// Whether it can be held (`supportsHolding`); only such a call gets “Hold & Accept” beside it.
    pub supports_holding: bool,
    /// Whether it can be grouped with others (`supportsGrouping`).
    pub supports_grouping: bool,
    /// Whether it can be taken out of a group (`supportsUngrouping`).
    pub supports_ungrouping: bool,
    /// Whether it can play tones (`supportsDTMF`).
    pub supports_dtmf: bool,
    /// Whether it has video (`hasVideo`).
    pub has_video: bool,
}

impl Default for CallUpdate {
    fn default() -> Self {
        Self {
            remote_handle: None,
            localized_caller_name: None,
            supports_holding: true,
            supports_grouping: true,
            supports_ungrouping: true,
            supports_dtmf: true,
            has_video: false,
        }
    }
}
