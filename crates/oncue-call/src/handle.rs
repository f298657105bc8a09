//! Whom a call is with, as the call system names them: the one thing of a call that outlives it in the phone's Recents.

use std::fmt;

/// What the value of a handle is (`CXHandleType`), with the header's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HandleType {
    /// A text of the app's own, such as an account's name (QQ).
    Generic = 1,
    /// A phone number.
    PhoneNumber = 2,
    /// An e-mail address.
    EmailAddress = 3,
}

impl HandleType {
    /// Every type, in the order of the numbers.
    pub const ALL: [Self; 3] = [Self::Generic, Self::PhoneNumber, Self::EmailAddress];

    /// The type with the header's number.
    #[must_use]
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The header's number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The far end of a call as the call system knows it (`CXHandle`): reported with the call, kept by the phone's Recents,
/// handed back when the user calls from there.
///
/// Two handles are the same if type and value are: the value is taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// What the value is.
    pub kind: HandleType,
    /// The number, address or text.
    pub value: String,
}

impl Handle {
    /// A handle of the app's own making.
    pub fn generic(value: impl Into<String>) -> Self {
        Self { kind: HandleType::Generic, value: value.into() }
    }

    /// A phone number.
    pub fn phone(value: impl Into<String>) -> Self {
        Self { kind: HandleType::PhoneNumber, value: value.into() }
    }

    /// An e-mail address.
    pub fn email(value: impl Into<String>) -> Self {
        Self { kind: HandleType::EmailAddress, value: value.into() }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}
