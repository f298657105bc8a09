//! Opening the file: whether it may be read, whether it is one of ours, whether it is whole, and making it. Until all of
//! that is known nothing is written to it.

use super::{StoreError, store_error};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// "OnCu": the application id of our files.
const APPLICATION: i32 = i32::from_be_bytes(*b"OnCu");
/// The form of the tables.
const FORM: i32 = 1;

/// How long a write waits for another process of the app (a notification service extension) that writes.
const BUSY: Duration = Duration::from_secs(2);

const TABLES: &str = "
    CREATE TABLE handle (
        kind INTEGER NOT NULL,   -- HandleType's number
        value TEXT NOT NULL,
        app ANY NOT NULL,        -- AppId: INTEGER or TEXT
        turn INTEGER NOT NULL,   -- the highest of an app id is the one in use
        PRIMARY KEY (kind, value)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX handle_by_app ON handle (app, turn);
    CREATE TABLE call (
        uuid BLOB NOT NULL PRIMARY KEY,
        app ANY NOT NULL,
        kind INTEGER NOT NULL,
        value TEXT NOT NULL,
        outgoing INTEGER NOT NULL,
        video INTEGER NOT NULL,
        in_recents INTEGER NOT NULL,
        began INTEGER NOT NULL,  -- times: nanoseconds since 1970
        connected INTEGER,
        ended INTEGER,           -- NULL while it is live
        why INTEGER              -- EndedReason's number; 0 local, -1 left behind
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX live_call ON call (began, uuid) WHERE ended IS NULL;
    CREATE INDEX recent_call ON call (began, uuid) WHERE ended IS NOT NULL AND in_recents;
";

/// Opens the file, or makes it, once it is seen to be one of ours.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| store_error(path, error);
    look_at(path)?;
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    make_tables(&mut connection).map_err(failed)?;
    // A newer version may have left its form in the log, where `look_at` does not see it.
    let form = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    is_known(path, form.map_err(failed)?)?;
    let found: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found != "ok" {
        // Below a heading that names the database.
        let why = found.lines().last().unwrap_or_default().into();
        return Err(StoreError::Damaged { place: path.display().to_string(), why });
    }
    // Last, since it writes. The header of a file of ours is in the file itself, where `look_at` reads it, not in the log.
    keep_a_log(&connection).map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    Ok(connection)
}

/// Turns the log on. Where another process is about to do the same, SQLite says so at once and does not wait.
fn keep_a_log(connection: &Connection) -> rusqlite::Result<()> {
    let since = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && since.elapsed() < BUSY =>
            {
                sleep(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

/// Looks at the file without SQLite: whether it can be read at all, and whether it is one of ours.
fn look_at(path: &Path) -> Result<(), StoreError> {
    let place = path.display().to_string();
    let mut header = [0; 100];
    let length = match File::open(path).and_then(|file| fill(file, &mut header)) {
        Ok(length) => length,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(StoreError::Locked);
        }
        Err(error) => return Err(StoreError::Medium { place, source: error.into() }),
    };
    if length == 0 {
        return Ok(());
    }
    let field = |at: usize| i32::from_be_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
    let (form, application) = (field(60), field(68));
    let why = if length < header.len() || !header.starts_with(b"SQLite format 3\0") {
        "is no SQLite file".into()
    } else if application != APPLICATION {
        format!("belongs to another program: application id {application}, expected {APPLICATION}")
    } else {
        return is_known(path, form);
    };
    Err(StoreError::Foreign { place, why })
}

/// Whether this version knows the form of the tables.
fn is_known(path: &Path, form: i32) -> Result<(), StoreError> {
    if form == FORM {
        return Ok(());
    }
    let why = format!("has form {form} of the tables, this version knows form {FORM}");
    Err(StoreError::Foreign { place: path.display().to_string(), why })
}

/// Reads until `buffer` is full or the file ends; how much came.
fn fill(mut file: File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    loop {
        match file.read(&mut buffer[length..])? {
            0 => return Ok(length),
            read => length += read,
        }
    }
}

/// Makes the tables in a file that has none: all of them, with the application id, or nothing.
fn make_tables(connection: &mut Connection) -> rusqlite::Result<()> {
    let application = |connection: &Connection| -> rusqlite::Result<i32> {
        connection.pragma_query_value(None, "application_id", |row| row.get(0))
    };
    if application(connection)? == APPLICATION {
        return Ok(());
    }
    // Another process may have been faster.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    if application(&transaction)? != APPLICATION {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORM)?;
    }
    transaction.commit()
}
