//! Whom a call is with, as the system writes it down: in its screens, in Recents, and when it hands a call over again.

/// What kind of text a [`Handle`] holds (`CXHandleType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum HandleKind {
    /// The app's own text (1): what QQ uses, since its users have no number that a phone knows.
    Generic = 1,
    /// A phone number (2).
    PhoneNumber = 2,
    /// An address of electronic mail (3).
    EmailAddress = 3,
}

impl HandleKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Generic, Self::PhoneNumber, Self::EmailAddress];

    /// Its number in CallKit.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The kind with this number.
    pub fn of(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// The far end of a call (`CXHandle`). It outlives the call: a tap on an old entry of Recents brings it back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// What kind of text it is.
    pub kind: HandleKind,
    /// The text.
    pub value: Box<str>,
}

impl Handle {
    /// A handle of this kind.
    pub fn new(kind: HandleKind, value: impl Into<Box<str>>) -> Self {
        Self { kind, value: value.into() }
    }

    /// A handle of the app's own.
    pub fn generic(value: impl Into<Box<str>>) -> Self {
        Self::new(HandleKind::Generic, value)
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.value)
    }
}
