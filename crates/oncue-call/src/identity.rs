//! Who is behind a call: the app's own id of the far end, the UUID of the call, and the handle, kept across processes.
//!
//! A push can start the process cold, and a tap in the phone's Recents can come years after the call. So the three are
//! kept in an [`IdentityStore`]. Where it keeps them is not said here; nothing here reads a clock.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use crate::Handle;
use oncue_session::{EndedReason, Id};
use std::time::SystemTime;
use std::{error, fmt};

/// The app's own id of the far end (QQ's AVID): what its signalling knows it by. The call of the moment has an id of
/// its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppId {
    /// A number.
    Number(u64),
    /// A text. `Text("7")` is not `Number(7)`.
    Text(String),
}

impl From<u64> for AppId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for AppId {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A call that begins, incoming or outgoing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    /// The UUID under which the call system knows it, made for this call alone (`fresh-uuid-per-call`).
    pub uuid: Id,
    /// Whom it is with.
    pub peer: AppId,
    /// The handle that it is reported or started with.
    pub handle: Handle,
    /// Whether this phone calls.
    pub outgoing: bool,
    /// Whether it has video.
    pub video: bool,
    /// Whether Recents lists it, as the provider's configuration says (`includesCallsInRecents`, iOS 11).
    pub in_recents: bool,
    /// When it was reported or started.
    pub at: SystemTime,
}

/// What is known of a call, live or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// What it began as.
    pub call: NewCall,
    /// When it was connected, if it was.
    pub connected: Option<SystemTime>,
    /// When and why it ended; `None` while it is live.
    pub ended: Option<(SystemTime, Ending)>,
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The user of this phone ended, declined or cancelled it.
    Local,
    /// The app reported its end to the call system with this reason.
    Reported(EndedReason),
    /// The process died in the call; nobody knows when the call ended.
    LeftBehind,
}

/// Keeps who is behind a call.
///
/// A method that has returned `Ok` has acknowledged: what it wrote is there after the process was killed. After an
/// error nothing of the call that failed is written, and everything acknowledged before is still there.
///
/// [`StoreError::Locked`] is an ordinary answer of every method: after a restart of the phone nothing can be read until
/// the user unlocks it (`before-first-unlock`). A call is then reported from what the push itself carries.
pub trait IdentityStore {
    /// Remembers that `handle` leads to `peer`, for good: an entry of the phone's Recents may be tapped at any time. A
    /// peer can have several; the one remembered last is what calls with it are reported with.
    ///
    /// # Errors
    /// [`StoreError::HandleTaken`] if the handle leads to another peer. All errors as the trait says.
    fn remember(&mut self, peer: &AppId, handle: &Handle) -> Result<(), StoreError>;

    /// The handle with which calls with this peer are reported.
    ///
    /// # Errors
    /// As the trait says.
    fn handle_of(&self, peer: &AppId) -> Result<Option<Handle>, StoreError>;

    /// Whom a handle leads to, now or in the past.
    ///
    /// # Errors
    /// As the trait says.
    fn peer_of(&self, handle: &Handle) -> Result<Option<AppId>, StoreError>;

    /// A call begins. Its handle is remembered with it, in one write.
    ///
    /// # Errors
    /// [`StoreError::UuidUsed`] if any call, live or over, had this UUID; [`StoreError::HandleTaken`]. All errors as the
    /// trait says.
    fn begin(&mut self, call: &NewCall) -> Result<(), StoreError>;

    /// A live call is connected. Said again, the first time stands.
    ///
    /// # Errors
    /// [`StoreError::NotLive`]. All errors as the trait says.
    fn connected(&mut self, uuid: Id, at: SystemTime) -> Result<(), StoreError>;

    /// A live call is over, and its UUID dead.
    ///
    /// # Errors
    /// [`StoreError::NotLive`]. All errors as the trait says.
    fn end(&mut self, uuid: Id, at: SystemTime, why: Ending) -> Result<(), StoreError>;

    /// The live call with this UUID; `None` for a call that is over, as for one that never was.
    ///
    /// # Errors
    /// As the trait says.
    fn live_call(&self, uuid: Id) -> Result<Option<CallRecord>, StoreError>;

    /// Every live call, in the order in which they began.
    ///
    /// # Errors
    /// As the trait says.
    fn live_calls(&self) -> Result<Vec<CallRecord>, StoreError>;

    /// The live calls with this peer, in the order in which they began.
    ///
    /// # Errors
    /// As the trait says.
    fn live_calls_with(&self, peer: &AppId) -> Result<Vec<CallRecord>, StoreError> {
        let mut calls = self.live_calls()?;
        calls.retain(|record| record.call.peer == *peer);
        Ok(calls)
    }

    /// The calls that are over and that Recents lists, the latest first, at most `most`.
    ///
    /// # Errors
    /// As the trait says.
    fn recents(&self, most: usize) -> Result<Vec<CallRecord>, StoreError>;

    /// Ends the calls that a dead process left behind, all in one write; they are told as they are now, so that the app
    /// can tell its server. For a process that has just started and has no call yet.
    ///
    /// # Errors
    /// As the trait says.
    fn end_left_behind(&mut self, at: SystemTime) -> Result<Vec<CallRecord>, StoreError>;
}

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The phone was not unlocked since it started.
    #[error(
        "identities are locked until the phone is first unlocked; report the call from what its push carries, and ask again after the unlock"
    )]
    Locked,
    /// A handle leads to one peer.
    #[error("handle {handle} leads to {owner}, got {peer}; give each peer a handle of its own")]
    HandleTaken {
        /// The handle.
        handle: Handle,
        /// Whom it leads to, as before.
        owner: AppId,
        /// Who was to have it.
        peer: AppId,
    },
    /// A UUID is for one call.
    #[error("a call had UUID {0} before; make a new one for each call")]
    UuidUsed(Id),
    /// A call is over, or never was.
    #[error("no live call has UUID {0}; a UUID is dead after its call")]
    NotLive(Id),
    /// What is stored there is not a store of identities. It was not touched.
    #[error("{place} {why}; it is left as it is: name another place for the identities")]
    Foreign {
        /// Where.
        place: String,
        /// What it is, with what was expected.
        why: String,
    },
    /// The store is damaged.
    #[error(
        "the identities in {place} are damaged: {why}; move the file away to begin anew, or restore it from a backup"
    )]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The medium failed.
    #[error(
        "the identities in {place} cannot be read or written: {source}; see that the folder is there, may be written to and has room"
    )]
    Medium {
        /// Where.
        place: String,
        /// The medium's own error.
        source: Box<dyn error::Error + Send + Sync>,
    },
}
