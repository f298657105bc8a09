//! Calls that are over, as a list of recent calls shows them, and calling again: from that list, from the phone's
//! Recents, from contacts, from Siri. It only finds out whom to call; the call itself is the centre's.

use crate::identity::{AppId, CallRecord, Ending, IdentityStore, StoreError};
use crate::{Handle, HandleType};
use oncue_session::{EndedReason, StartCallIntent};
use std::time::Duration;

/// How a list of recent calls shows a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecentKind {
    /// This phone called.
    Outgoing,
    /// It was called, and the call was answered or declined, here or on another device of the user's.
    Incoming,
    /// It was called, and the call went without an answer.
    Missed,
}

impl CallRecord {
    /// How a list of recent calls shows it. A live call that rings is not missed yet.
    #[must_use]
    pub fn kind(&self) -> RecentKind {
        use EndedReason::{AnsweredElsewhere, DeclinedElsewhere, Failed, RemoteEnded, Unanswered};
        if self.call.outgoing {
            return RecentKind::Outgoing;
        }
        match self.ended {
            Some((_, ending)) if self.connected.is_none() => match ending {
                Ending::Reported(Failed | RemoteEnded | Unanswered) | Ending::LeftBehind => {
                    RecentKind::Missed
                }
                Ending::Reported(AnsweredElsewhere | DeclinedElsewhere) | Ending::Local => {
                    RecentKind::Incoming
                }
            },
            _ => RecentKind::Incoming,
        }
    }

    /// How long it was connected; `None` for a call that never was, that is live, or whose end nobody knows because the
    /// process died in it. Zero where the clock was set back meanwhile.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        match (self.connected, self.ended) {
            (_, None | Some((_, Ending::LeftBehind))) | (None, _) => None,
            (Some(connected), Some((ended, _))) => {
                Some(ended.duration_since(connected).unwrap_or_default())
            }
        }
    }

    /// The same call once more: the same peer and handle, with video if it had any.
    #[must_use]
    pub fn redial(&self) -> Redial {
        let call = &self.call;
        let (peer, handle) = (call.peer.clone(), call.handle.clone());
        Redial { peer, handle, contact: None, video: call.video }
    }
}

/// A call to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redial {
    /// Whom to call.
    pub peer: AppId,
    /// The handle to call with, as the store knows it.
    pub handle: Handle,
    /// The contact's identifier in the phone's contacts, where the system said it.
    pub contact: Option<String>,
    /// Whether with video.
    pub video: bool,
}

/// What a contact's handle is, as intents say it (`INPersonHandleType`). There is none for a handle of the app's own
/// making: such a one comes back as [`PersonHandleType::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PersonHandleType {
    /// Not said (0).
    Unknown,
    /// An e-mail address (1).
    EmailAddress,
    /// A phone number (2).
    PhoneNumber,
}

/// How to reach a person (`INPersonHandle`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonHandle {
    /// What the value is.
    pub kind: PersonHandleType,
    /// The value; `None` where Siri has a name only.
    pub value: Option<String>,
}

/// A person in an intent (`INPerson`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// How to reach them (`personHandle`).
    pub handle: PersonHandle,
    /// Their identifier in the phone's contacts (`contactIdentifier`), where the system knows it.
    pub contact: Option<String>,
}

impl From<PersonHandle> for Person {
    fn from(handle: PersonHandle) -> Self {
        Self { handle, contact: None }
    }
}

/// Whether an intent asks for video (`INCallCapability`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallCapability {
    /// Not said (0): the app calls without.
    Unknown,
    /// Audio (1).
    AudioCall,
    /// Video (2).
    VideoCall,
}

/// What the app is opened with when the user calls from Recents, a contact or Siri: the interaction of an
/// `NSUserActivity`, in each of its three forms (`every-start-call-intent-is-handled`). iOS 13 and later still hand over
/// the older two at times; they have no capability to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartCallRequest {
    /// `INStartAudioCallIntent` (iOS 10).
    Audio(Vec<Person>),
    /// `INStartVideoCallIntent` (iOS 10).
    Video(Vec<Person>),
    /// `INStartCallIntent` (iOS 13).
    Call(Vec<Person>, CallCapability),
}

impl StartCallRequest {
    /// Which intent it is, as traces name it.
    #[must_use]
    pub const fn intent(&self) -> StartCallIntent {
        match self {
            Self::Audio(_) => StartCallIntent::Audio,
            Self::Video(_) => StartCallIntent::Video,
            Self::Call(..) => StartCallIntent::Call,
        }
    }

    /// Whom it asks to call.
    ///
    /// A handle is looked up as it stands; a phone number also without the spaces, dots, dashes, brackets and marks of
    /// direction that contacts are written with. No country code is added or taken away.
    ///
    /// # Errors
    /// Each is for the user to see, and no call is made.
    pub fn redial(&self, store: &(impl IdentityStore + ?Sized)) -> Result<Redial, CannotRedial> {
        let (people, video) = match self {
            Self::Audio(people) => (people, false),
            Self::Video(people) => (people, true),
            Self::Call(people, capability) => (people, *capability == CallCapability::VideoCall),
        };
        let person = match people.as_slice() {
            [] => return Err(CannotRedial::Nobody),
            [person] => person,
            several => return Err(CannotRedial::Several(several.len())),
        };
        let value = person.handle.value.as_deref().filter(|value| !value.is_empty());
        let value = value.ok_or(CannotRedial::Nobody)?;
        for handle in candidates(person.handle.kind, value) {
            if let Some(peer) = store.peer_of(&handle)? {
                let contact = person.contact.clone();
                return Ok(Redial { peer, handle, contact, video });
            }
        }
        Err(CannotRedial::Unknown(value.into()))
    }
}

/// The handles of a call that an intent's handle may stand for, the likeliest first.
fn candidates(kind: PersonHandleType, value: &str) -> Vec<Handle> {
    let dialled: String = value.chars().filter(|&letter| !is_between_digits(letter)).collect();
    let number = [value, &dialled].map(Handle::phone);
    let [generic, email] = [HandleType::Generic, HandleType::EmailAddress]
        .map(|kind| Handle { kind, value: value.into() });
    let [as_written, as_dialled] = number;
    match kind {
        PersonHandleType::Unknown => vec![generic, as_written, as_dialled, email],
        PersonHandleType::PhoneNumber => vec![as_written, as_dialled, generic],
        PersonHandleType::EmailAddress => vec![email, generic],
    }
}

/// What contacts write numbers with beside digits: spaces, dashes, dots, brackets, and the marks of direction that a pasted
/// number has around it.
fn is_between_digits(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Why nobody is called. The user sees it; there is no call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotRedial {
    /// The intent names nobody.
    #[error("nobody to call: the contact has no number or account; ask the user to choose one")]
    Nobody,
    /// The intent names several people, and a call has one handle.
    #[error("{0} people to call, a call has one handle; let the user start the group in the app")]
    Several(usize),
    /// No peer has this handle.
    #[error("{0} is nobody that this account knows; say so to the user")]
    Unknown(String),
    /// The store did not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}
