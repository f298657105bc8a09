//! Categories, modes and options of `AVAudioSession`, with the values of its headers.

use crate::words::words;

words! {
    /// What the session is for (`AVAudioSession.Category`).
    Category {
        /// Playback that other audio may mix with and the ring switch silences.
        Ambient
        /// Playback that silences other audio; what a session has before anyone sets a category.
        SoloAmbient
        /// Playback alone.
        Playback
        /// Capture alone.
        Record
        /// Capture and playback: what a call needs.
        PlayAndRecord
        /// Several routes at once.
        MultiRoute
    }
}

words! {
    /// What kind of capture and playback (`AVAudioSession.Mode`).
    Mode {
        /// No particular use.
        Default
        /// Two-way voice; implies [`Options::ALLOW_BLUETOOTH_HFP`].
        VoiceChat
        /// Two-way video; implies [`Options::ALLOW_BLUETOOTH_HFP`] and [`Options::DEFAULT_TO_SPEAKER`].
        VideoChat
        /// Set by Apple's game kit, never by an app.
        GameChat
        /// Recording a film.
        VideoRecording
        /// As little signal processing as possible.
        Measurement
        /// Playing a film.
        MoviePlayback
        /// Spoken audio that pauses for prompts.
        SpokenAudio
        /// Prompts by speech.
        VoicePrompt
        /// Short videos.
        ShortFormVideo
    }
}

/// A set of category options (`AVAudioSession.CategoryOptions`), combined with `|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options(u32);

impl Options {
    /// No option.
    pub const NONE: Self = Self(0);
    /// Mix with the audio of other apps.
    pub const MIX_WITH_OTHERS: Self = Self(0x1);
    /// Make other audio quieter; implies mixing.
    pub const DUCK_OTHERS: Self = Self(0x2);
    /// Bluetooth headsets with a microphone (hands-free profile).
    pub const ALLOW_BLUETOOTH_HFP: Self = Self(0x4);
    /// The loudspeaker instead of the receiver where nothing else is connected.
    pub const DEFAULT_TO_SPEAKER: Self = Self(0x8);
    /// Pause other apps' spoken audio, mix with the rest.
    pub const INTERRUPT_SPOKEN_AUDIO: Self = Self(0x11);
    /// Bluetooth playback in stereo, without its microphone.
    pub const ALLOW_BLUETOOTH_A2DP: Self = Self(0x20);
    /// Playback to AirPlay devices.
    pub const ALLOW_AIR_PLAY: Self = Self(0x40);
    /// Stay active, with zeros, while the built-in microphone is muted in hardware (iOS 14.5).
    pub const OVERRIDE_MUTED_MICROPHONE: Self = Self(0x80);
    /// Bluetooth capture in high quality; mode [`Mode::Default`] only.
    pub const BLUETOOTH_HIGH_QUALITY: Self = Self(1 << 19);

    /// The value as Apple's headers have it.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// These options and `more`.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether every option of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether no option is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl core::ops::BitOr for Options {
    type Output = Self;

    fn bitor(self, more: Self) -> Self {
        self.with(more)
    }
}

/// Category, mode and options, always set together: options do not survive a later `setCategory` without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// The category.
    pub category: Category,
    /// The mode.
    pub mode: Mode,
    /// The options.
    pub options: Options,
}

/// The options by the names that traces use.
const NAMES: [(&str, Options); 9] = [
    ("mix-with-others", Options::MIX_WITH_OTHERS),
    ("duck-others", Options::DUCK_OTHERS),
    ("allow-bluetooth-hfp", Options::ALLOW_BLUETOOTH_HFP),
    ("default-to-speaker", Options::DEFAULT_TO_SPEAKER),
    ("interrupt-spoken-audio", Options::INTERRUPT_SPOKEN_AUDIO),
    ("allow-bluetooth-a2dp", Options::ALLOW_BLUETOOTH_A2DP),
    ("allow-air-play", Options::ALLOW_AIR_PLAY),
    ("override-muted-microphone", Options::OVERRIDE_MUTED_MICROPHONE),
    ("bluetooth-high-quality", Options::BLUETOOTH_HIGH_QUALITY),
];

impl Options {
    /// The names of the single options, as in traces.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|&(name, _)| name)
    }

    /// The option with this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|&&(other, _)| other == name).map(|&(_, option)| option)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Options {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            NAMES.iter().filter(|&&(_, option)| self.contains(option)).map(|&(name, _)| name),
        )
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Options {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> serde::de::Visitor<'de> for List {
            type Value = Options;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a list of option names")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Options, A::Error> {
                let mut options = Options::NONE;
                while let Some(name) = list.next_element::<alloc::string::String>()? {
                    let option = Options::named(&name).ok_or_else(|| {
                        serde::de::Error::custom(format_args!(
                            "unknown option `{name}`, expected one of {}",
                            Listed
                        ))
                    })?;
                    options = options | option;
                }
                Ok(options)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Writes the names of all options.
#[cfg(feature = "serde")]
struct Listed;

#[cfg(feature = "serde")]
impl core::fmt::Display for Listed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (place, name) in Options::names().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            write!(f, "`{name}`")?;
        }
        Ok(())
    }
}
