//! Identities in an SQLite file, which a process may leave at any moment.
//!
//! # What makes it safe
//! Each method that writes is one transaction, and returns after its commit. The journal is a write-ahead log
//! (`journal_mode = WAL`) that is synced at every commit (`synchronous = FULL`). A kill of the process loses nothing
//! acknowledged under any setting, since the operating system holds what was written; that the log is synced keeps the
//! same promise when the phone itself goes down. On Apple's systems a sync is an `fsync`, which a drive may answer early:
//! SQLite's `fullfsync` is left off, as it is by default.
//!
//! # What is in the file
//! Two tables: `handle`, from handle to app id, and `call`, with a row for each call that ever was; that row is what
//! keeps a UUID from being used again, so none is deleted. SQLite's own fields for it, the application id and the user
//! version, say that the file is one of ours and in which form. They are read from the bytes of the file before SQLite
//! opens it: a foreign file is not touched, not even locked.
//!
//! # On a phone
//! The folder of the file should have the protection class that the first unlock opens for good
//! (`completeUntilFirstUserAuthentication`). Under a stricter one the store is locked whenever the phone is.

mod file;
mod values;

use super::{AppId, CallRecord, Ending, IdentityStore, NewCall, StoreError};
use crate::Handle;
use oncue_session::Id;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};
use std::cell::OnceCell;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use values::{nanoseconds, record};

const CALL: &str = "SELECT uuid, app, kind, value, outgoing, video, in_recents, began, connected, ended, why FROM call";

/// Identities in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    /// Empty as long as the system did not let the file be read.
    opened: OnceCell<Connection>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// That the system does not let it be read yet, as on a phone before the first unlock, is no error here: the store
    /// answers [`StoreError::Locked`] then, and each method tries to open the file again. If that finds what is no store,
    /// the method answers with the errors below.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] if it is anything but a file of this version's: it is left as it is.
    /// [`StoreError::Damaged`], [`StoreError::Medium`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { path: path.as_ref().to_path_buf(), opened: OnceCell::new() };
        match store.connection() {
            Ok(_) | Err(StoreError::Locked) => Ok(store),
            Err(error) => Err(error),
        }
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        if let Some(connection) = self.opened.get() {
            return Ok(connection);
        }
        let connection = file::connect(&self.path)?;
        Ok(self.opened.get_or_init(|| connection))
    }

    /// Runs a statement for its rows.
    fn rows<T>(
        &self,
        statement: &str,
        values: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection()?
            .prepare_cached(statement)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| store_error(&self.path, error))
    }

    /// Runs `write` in a transaction, which is undone if it fails.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> Result<T, Refused>,
    ) -> Result<T, StoreError> {
        // None is open before it: whoever writes has the store alone.
        let done = Transaction::new_unchecked(self.connection()?, TransactionBehavior::Immediate)
            .map_err(Refused::Sqlite)
            .and_then(|transaction| {
                let written = write(&transaction)?;
                transaction.commit()?;
                Ok(written)
            });
        done.map_err(|refused| match refused {
            Refused::Store(error) => error,
            Refused::Sqlite(error) => store_error(&self.path, error),
        })
    }

    /// Changes the live call `uuid`.
    fn change(
        &mut self,
        uuid: Id,
        statement: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), StoreError> {
        self.write(|connection| match connection.prepare_cached(statement)?.execute(values)? {
            0 => Err(StoreError::NotLive(uuid).into()),
            _ => Ok(()),
        })
    }
}

impl IdentityStore for SqliteStore {
    fn remember(&mut self, peer: &AppId, handle: &Handle) -> Result<(), StoreError> {
        if self.handle_of(peer)?.as_ref() == Some(handle) {
            return Ok(()); // without a write, which would wait for the disk
        }
        self.write(|connection| remember(connection, peer, handle))
    }

    fn handle_of(&self, peer: &AppId) -> Result<Option<Handle>, StoreError> {
        let statement = "SELECT kind, value FROM handle WHERE app = ? ORDER BY turn DESC LIMIT 1";
        let handle = |row: &Row<'_>| Ok(Handle { kind: row.get(0)?, value: row.get(1)? });
        Ok(self.rows(statement, params![peer], handle)?.pop())
    }

    fn peer_of(&self, handle: &Handle) -> Result<Option<AppId>, StoreError> {
        let values = params![handle.kind, handle.value];
        Ok(self.rows(PEER, values, |row| row.get(0))?.pop())
    }

    fn begin(&mut self, call: &NewCall) -> Result<(), StoreError> {
        self.write(|connection| {
            let uuid = call.uuid.value().to_be_bytes();
            let used = connection
                .prepare_cached("SELECT 1 FROM call WHERE uuid = ?")?
                .exists(params![uuid])?;
            if used {
                return Err(StoreError::UuidUsed(call.uuid).into());
            }
            remember(connection, &call.peer, &call.handle)?;
            let Handle { kind, value } = &call.handle;
            connection
                .prepare_cached(
                    "INSERT INTO call (uuid, app, kind, value, outgoing, video, in_recents, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    uuid,
                    call.peer,
                    kind,
                    value,
                    call.outgoing,
                    call.video,
                    call.in_recents,
                    nanoseconds(call.at),
                ])?;
            Ok(())
        })
    }

    fn connected(&mut self, uuid: Id, at: SystemTime) -> Result<(), StoreError> {
        self.change(
            uuid,
            "UPDATE call SET connected = coalesce(connected, ?2) WHERE uuid = ?1 AND ended IS NULL",
            params![uuid.value().to_be_bytes(), nanoseconds(at)],
        )
    }

    fn end(&mut self, uuid: Id, at: SystemTime, why: Ending) -> Result<(), StoreError> {
        self.change(
            uuid,
            "UPDATE call SET ended = ?2, why = ?3 WHERE uuid = ?1 AND ended IS NULL",
            params![uuid.value().to_be_bytes(), nanoseconds(at), why],
        )
    }

    fn live_call(&self, uuid: Id) -> Result<Option<CallRecord>, StoreError> {
        let statement = format!("{CALL} WHERE uuid = ? AND ended IS NULL");
        Ok(self.rows(&statement, params![uuid.value().to_be_bytes()], record)?.pop())
    }

    fn live_calls(&self) -> Result<Vec<CallRecord>, StoreError> {
        self.rows(&live(), [], record)
    }

    fn recents(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        let statement = format!(
            "{CALL} WHERE ended IS NOT NULL AND in_recents ORDER BY began DESC, uuid DESC LIMIT ?"
        );
        self.rows(&statement, params![i64::try_from(most).unwrap_or(i64::MAX)], record)
    }

    fn end_left_behind(&mut self, at: SystemTime) -> Result<Vec<CallRecord>, StoreError> {
        self.write(|connection| {
            let mut left: Vec<_> =
                connection.prepare(&live())?.query_map([], record)?.collect::<Result<_, _>>()?;
            for record in &mut left {
                record.ended = Some((at, Ending::LeftBehind));
            }
            connection.execute(
                "UPDATE call SET ended = ?, why = ? WHERE ended IS NULL",
                params![nanoseconds(at), Ending::LeftBehind],
            )?;
            Ok(left)
        })
    }
}

fn live() -> String {
    format!("{CALL} WHERE ended IS NULL ORDER BY began, uuid")
}

const PEER: &str = "SELECT app FROM handle WHERE kind = ? AND value = ?";

fn remember(connection: &Connection, peer: &AppId, handle: &Handle) -> Result<(), Refused> {
    let owner: Option<AppId> = connection
        .prepare_cached(PEER)?
        .query_row(params![handle.kind, handle.value], |row| row.get(0))
        .optional()?;
    if let Some(owner) = owner.filter(|owner| owner != peer) {
        let (handle, peer) = (handle.clone(), peer.clone());
        return Err(StoreError::HandleTaken { handle, owner, peer }.into());
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO handle (kind, value, app, turn)
             SELECT ?1, ?2, ?3, coalesce(max(turn), 0) + 1 FROM handle WHERE app = ?3",
        )?
        .execute(params![handle.kind, handle.value, peer])?;
    Ok(())
}

/// Why a transaction is undone.
enum Refused {
    Store(StoreError),
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// What SQLite's error means for the store.
fn store_error(path: &Path, error: rusqlite::Error) -> StoreError {
    use ErrorCode::{
        AuthorizationForStatementDenied, CannotOpen, DatabaseCorrupt, NotADatabase,
        PermissionDenied, SystemIoFailure, Unknown,
    };
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, SqlInputError,
        Utf8Error,
    };
    let place = path.display().to_string();
    let denied =
        || File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    match error.sqlite_error_code() {
        // Apple's build of SQLite names data protection so.
        Some(AuthorizationForStatementDenied) => StoreError::Locked,
        Some(CannotOpen | SystemIoFailure | PermissionDenied) if denied() => StoreError::Locked,
        Some(DatabaseCorrupt | NotADatabase | Unknown) => {
            StoreError::Damaged { place, why: error.to_string() }
        }
        _ => match error {
            FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..) => StoreError::Damaged { place, why: error.to_string() },
            // The statements are our own: one that makes no sense there is the file's fault.
            SqlInputError { msg, .. } => StoreError::Damaged { place, why: msg },
            error => StoreError::Medium { place, source: error.into() },
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use rusqlite::ffi;

    /// What a store that is open says when SQLite fails with this code, on a file that can be read.
    fn said(code: i32) -> StoreError {
        let path = std::env::current_exe().unwrap();
        store_error(&path, rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn a_file_that_the_system_takes_away_while_it_is_open_is_locked() {
        // Apple's build of SQLite answers SQLITE_AUTH where data protection keeps an open file from being read.
        assert!(matches!(said(ffi::SQLITE_AUTH), StoreError::Locked));
        // What fails though the file can be read is no lock.
        assert!(matches!(said(ffi::SQLITE_IOERR), StoreError::Medium { .. }));
        assert!(matches!(said(ffi::SQLITE_CANTOPEN), StoreError::Medium { .. }));
        assert!(matches!(said(ffi::SQLITE_CORRUPT), StoreError::Damaged { .. }));
    }
}
