//! What is done to a call: the eight call actions of CallKit with their fields, and the transactions that hold them.

use crate::Handle;
use oncue_session::{ActionKind, Id};
use std::time::Duration;

/// How tones are played (`CXPlayDTMFCallActionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DtmfType {
    /// One tone, as a key is pressed.
    SingleTone = 1,
    /// What follows a soft pause (a comma in the number).
    SoftPause = 2,
    /// What follows a hard pause (a semicolon in the number), after the user said go.
    HardPause = 3,
}

impl DtmfType {
    /// Every type, in the order of the numbers.
    pub const ALL: [Self; 3] = [Self::SingleTone, Self::SoftPause, Self::HardPause];

    /// The header's number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Who translates a call (`CXTranslationEngine`, iOS 26), as the fulfil of [`CallAction::SetTranslating`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TranslationEngine {
    /// The system; it needs Apple's voice processing as the input/output.
    #[default]
    Default = 0,
    /// The app itself.
    Custom = 1,
}

impl TranslationEngine {
    /// Every engine, in the order of the numbers.
    pub const ALL: [Self; 2] = [Self::Default, Self::Custom];

    /// The header's number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Something that is done to a call (`CXCallAction` and its eight subclasses).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallAction {
    /// Start an outgoing call (`CXStartCallAction`).
    Start {
        /// The call, new.
        call: Id,
        /// Whom it calls.
        handle: Handle,
        /// The contact's identifier in the phone's contacts (`contactIdentifier`).
        contact: Option<String>,
        /// Whether it has video.
        video: bool,
    },
    /// Answer an incoming call (`CXAnswerCallAction`).
    Answer {
        /// The call.
        call: Id,
    },
    /// End a call, or decline it (`CXEndCallAction`).
    End {
        /// The call.
        call: Id,
    },
    /// Put a call on hold, or take it back (`CXSetHeldCallAction`).
    SetHeld {
        /// The call.
        call: Id,
        /// True for on hold.
        on_hold: bool,
    },
    /// Mute what a call captures, or unmute it (`CXSetMutedCallAction`).
    SetMuted {
        /// The call.
        call: Id,
        /// True for muted.
        muted: bool,
    },
    /// Group a call with another, or take it out of its group (`CXSetGroupCallAction`).
    SetGroup {
        /// The call.
        call: Id,
        /// The call to group it with (`callUUIDToGroupWith`); none takes it out.
        with: Option<Id>,
    },
    /// Play tones (`CXPlayDTMFCallAction`).
    PlayDtmf {
        /// The call.
        call: Id,
        /// The keys, of `0-9*#ABCD`.
        digits: String,
        /// How they are played.
        kind: DtmfType,
    },
    /// Translate a connected call, or stop that (`CXSetTranslatingCallAction`, iOS 26).
    SetTranslating {
        /// The call.
        call: Id,
        /// True to translate.
        translating: bool,
        /// The language spoken here, e.g. `zh-Hans`.
        local: String,
        /// The language spoken at the far end.
        remote: String,
    },
}

impl CallAction {
    /// The call that it is about (`callUUID`).
    pub const fn call(&self) -> Id {
        match *self {
            Self::Start { call, .. }
            | Self::Answer { call }
            | Self::End { call }
            | Self::SetHeld { call, .. }
            | Self::SetMuted { call, .. }
            | Self::SetGroup { call, .. }
            | Self::PlayDtmf { call, .. }
            | Self::SetTranslating { call, .. } => call,
        }
    }

    /// What kind of action it is.
    pub const fn kind(&self) -> ActionKind {
        match *self {
            Self::Start { .. } => ActionKind::Start,
            Self::Answer { .. } => ActionKind::Answer,
            Self::End { .. } => ActionKind::End,
            Self::SetHeld { on_hold: true, .. } => ActionKind::Hold,
            Self::SetHeld { on_hold: false, .. } => ActionKind::Unhold,
            Self::SetMuted { muted: true, .. } => ActionKind::Mute,
            Self::SetMuted { muted: false, .. } => ActionKind::Unmute,
            Self::SetGroup { .. } => ActionKind::Group,
            Self::PlayDtmf { .. } => ActionKind::PlayTones,
            Self::SetTranslating { .. } => ActionKind::Translate,
        }
    }
}

/// An action that the system asks the app to perform (`provider(_:perform:)`). It is to be fulfilled or failed, once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Performed {
    /// The action's own UUID, which is not the call's (rule `lookup-by-call-uuid`).
    pub id: Id,
    /// What is asked for.
    pub action: CallAction,
    /// The transaction that it belongs to, where the app knows it.
    pub transaction: Option<Id>,
    /// How long until its `timeoutDate`; no document says how long that is.
    pub timeout: Option<Duration>,
}

/// Actions that the app asks for together (`CXTransaction`): the system takes all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// What the app calls it until its completion; the system gives it a UUID of its own.
    pub id: Id,
    /// The actions, in the order in which they are performed; never none (`EmptyTransaction`, 3).
    pub actions: Vec<CallAction>,
}
