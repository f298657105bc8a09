//! What the app and its server call a call.

/// The app's own id of one call, as its server and its pushes name it: a number or a text. Whom it is with is an
/// [`AppId`](crate::AppId).
///
/// Server and user speak of a call by this id, the call system by its UUID ([`Id`](oncue_session::Id)); the centre keeps
/// the two together while the call lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppCall {
    /// A number.
    Number(u64),
    /// A text.
    Text(Box<str>),
}

impl From<u64> for AppCall {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for AppCall {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for AppCall {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl std::fmt::Display for AppCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}
