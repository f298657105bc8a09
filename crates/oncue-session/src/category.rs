//! Categories as types: only `PlayAndRecord` configures a call, and only with modes and options that go with it.

use crate::sealed::Sealed;
use core::marker::PhantomData;
use oncue_platform::{Category, Configuration, Mode, Options};

/// The modes as types.
pub mod mode {
    macro_rules! modes {
        ($($(#[$doc:meta])+ $mode:ident)+) => { $(
            $(#[$doc])+
            #[derive(Clone, Copy, Debug)]
            pub enum $mode {}
            impl crate::sealed::Sealed for $mode {}
            impl super::IsMode for $mode {
                const MODE: oncue_platform::Mode = oncue_platform::Mode::$mode;
            }
        )+ };
    }
    modes! {
        /// No particular use.
        Default
        /// Two-way voice.
        VoiceChat
        /// Two-way video.
        VideoChat
        /// Set by Apple's game kit, never by an app.
        GameChat
        /// Recording a film.
        VideoRecording
        /// As little signal processing as possible.
        Measurement
        /// Playing a film: `Playback` only.
        MoviePlayback
        /// Spoken audio that pauses for prompts.
        SpokenAudio
        /// Prompts by speech.
        VoicePrompt
        /// Short videos: `Playback` only.
        ShortFormVideo
    }
}

/// A mode as a type.
pub trait IsMode: Sealed {
    /// The mode as a value.
    const MODE: Mode;
}

/// The modes that an app may set with `PlayAndRecord` (headers of `AVAudioSession`).
#[diagnostic::on_unimplemented(
    message = "mode `{Self}` does not go with the category PlayAndRecord",
    label = "a call cannot use this mode",
    note = "a call takes `PlayAndRecord::voice_chat()`, `video_chat()`, or the mode `Default`, `Measurement`, `VideoRecording`, `SpokenAudio`, `VoicePrompt`",
    note = "`MoviePlayback` and `ShortFormVideo` are for `Playback`; `GameChat` is set by the system"
)]
pub trait CallMode: IsMode {}

macro_rules! call_modes {
    ($($mode:ident)+) => { $(#[diagnostic::do_not_recommend] impl CallMode for mode::$mode {})+ };
}
call_modes! { Default VoiceChat VideoChat VideoRecording Measurement SpokenAudio VoicePrompt }

/// The mode that [`PlayAndRecord::bluetooth_high_quality`] needs.
#[diagnostic::on_unimplemented(
    message = "the option BluetoothHighQuality goes with the mode Default only, not with `{Self}`",
    label = "this option does not go with the mode",
    note = "leave the option out, or use `PlayAndRecord::with_mode::<mode::Default>()`"
)]
pub trait HighQualityMode: CallMode {}
#[diagnostic::do_not_recommend]
impl HighQualityMode for mode::Default {}

/// A category that can carry a two-way call. Only [`PlayAndRecord`] can.
#[diagnostic::on_unimplemented(
    message = "category-must-be-play-and-record: the category cannot carry a two-way call",
    label = "`{Self}` is silent in one direction or in both",
    note = "instead: `PlayAndRecord::voice_chat()`",
    note = "otherwise: capture is silent (Playback), playback is silent (Record), or '!pla' in the background"
)]
pub trait CallCategory: Sealed {
    /// Category, mode and options as values.
    fn configuration(&self) -> Configuration;
}

macro_rules! other_categories {
    ($($(#[$doc:meta])+ $category:ident)+) => { $(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $category;
        impl Sealed for $category {}
    )+ };
}
other_categories! {
    /// Playback that other audio may mix with. No call.
    Ambient
    /// Playback that silences other audio. No call.
    SoloAmbient
    /// Playback alone. No call: capture is silent.
    Playback
    /// Capture alone. No call: playback is silent.
    Record
    /// Several routes at once. No call.
    MultiRoute
}

/// The category of a call, with a mode `M` and options. The options always go with it, since they do not survive a
/// `setCategory` without them (rule `options-are-not-sticky`).
///
/// ```compile_fail,E0277
/// use oncue_session::{PlayAndRecord, mode};
/// let film = PlayAndRecord::with_mode::<mode::MoviePlayback>();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayAndRecord<M = mode::VoiceChat> {
    options: Options,
    mode: PhantomData<M>,
}

impl PlayAndRecord {
    /// Two-way voice: mode `VoiceChat`, no option but the Bluetooth headsets that it implies.
    pub const fn voice_chat() -> Self {
        Self { options: Options::NONE, mode: PhantomData }
    }

    /// Two-way video: mode `VideoChat`, with Bluetooth headsets and the loudspeaker, which it implies.
    pub const fn video_chat() -> PlayAndRecord<mode::VideoChat> {
        PlayAndRecord { options: Options::NONE, mode: PhantomData }
    }

    /// Any other mode that goes with the category.
    pub const fn with_mode<M: CallMode>() -> PlayAndRecord<M> {
        PlayAndRecord { options: Options::NONE, mode: PhantomData }
    }
}

impl<M: CallMode> PlayAndRecord<M> {
    /// Bluetooth headsets with a microphone, too.
    #[must_use]
    pub const fn allow_bluetooth_hfp(self) -> Self {
        self.with(Options::ALLOW_BLUETOOTH_HFP)
    }

    /// Bluetooth playback in stereo, too.
    #[must_use]
    pub const fn allow_bluetooth_a2dp(self) -> Self {
        self.with(Options::ALLOW_BLUETOOTH_A2DP)
    }

    /// AirPlay devices, too.
    #[must_use]
    pub const fn allow_air_play(self) -> Self {
        self.with(Options::ALLOW_AIR_PLAY)
    }

    /// The loudspeaker instead of the receiver where nothing else is connected.
    #[must_use]
    pub const fn default_to_speaker(self) -> Self {
        self.with(Options::DEFAULT_TO_SPEAKER)
    }

    /// Mixed with the audio of other apps.
    #[must_use]
    pub const fn mix_with_others(self) -> Self {
        self.with(Options::MIX_WITH_OTHERS)
    }

    /// Other audio quieter; implies mixing.
    #[must_use]
    pub const fn duck_others(self) -> Self {
        self.with(Options::DUCK_OTHERS)
    }

    /// Other apps' spoken audio pauses, the rest mixes.
    #[must_use]
    pub const fn interrupt_spoken_audio(self) -> Self {
        self.with(Options::INTERRUPT_SPOKEN_AUDIO)
    }

    /// Active, with zeros, while the built-in microphone is muted in hardware (iOS 14.5).
    #[must_use]
    pub const fn override_muted_microphone(self) -> Self {
        self.with(Options::OVERRIDE_MUTED_MICROPHONE)
    }

    /// Bluetooth capture in high quality: mode `Default` only.
    #[must_use]
    pub const fn bluetooth_high_quality(self) -> Self
    where
        M: HighQualityMode,
    {
        self.with(Options::BLUETOOTH_HIGH_QUALITY)
    }

    const fn with(self, option: Options) -> Self {
        Self { options: self.options.with(option), mode: PhantomData }
    }
}

impl<M> Sealed for PlayAndRecord<M> {}

#[diagnostic::do_not_recommend]
impl<M: CallMode> CallCategory for PlayAndRecord<M> {
    fn configuration(&self) -> Configuration {
        Configuration { category: Category::PlayAndRecord, mode: M::MODE, options: self.options }
    }
}
