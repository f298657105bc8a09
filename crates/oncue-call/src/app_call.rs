//! What the app and its server call a call.

use std::collections::VecDeque;

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

/// Calls that are over, so that a late push or invitation for one does not ring again.
#[derive(Debug, Default)]
pub(crate) struct Over(VecDeque<AppCall>);

impl Over {
    /// How many are remembered; one more, and the oldest is forgotten.
    const MOST: usize = 64;

    pub(crate) fn contains(&self, call: &AppCall) -> bool {
        self.0.contains(call)
    }

    pub(crate) fn remember(&mut self, call: AppCall) {
        self.0.retain(|other| *other != call);
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }
}
