//! A file that is no store of identities, or no longer one, or that the system does not let be read: a typed error, and
//! the file is byte for byte what it was.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::{Ending, Handle, IdentityStore, NewCall, SqliteStore, StoreError};
use oncue_session::Id;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file of this name that is not there yet, in a folder of its own.
fn new_file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("damaged").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("identities.sqlite")
}

/// A store with `calls` calls, closed.
fn filled(name: &str, calls: u128) -> PathBuf {
    let path = new_file(name);
    let mut store = SqliteStore::open(&path).unwrap();
    // One transaction would be faster, and is none of a store's methods.
    for uuid in 1..=calls {
        let call = NewCall {
            uuid: Id::new(uuid),
            peer: 7.into(),
            handle: Handle::generic("seven"),
            outgoing: false,
            video: false,
            in_recents: true,
            at: SystemTime::UNIX_EPOCH,
        };
        store.begin(&call).unwrap();
    }
    path
}

/// What opening it says; the file is not changed by it.
fn refused(path: &PathBuf) -> StoreError {
    let before = fs::read(path).unwrap();
    let error = SqliteStore::open(path).unwrap_err();
    assert!(fs::read(path).unwrap() == before, "it was written to: {error}");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

#[test]
fn a_foreign_file_is_left_alone() {
    let text = new_file("text");
    fs::write(&text, "number,label\n1,courier\n").unwrap();
    let short = new_file("short");
    fs::write(&short, b"SQLite format 3\0").unwrap();
    for path in [text, short] {
        let error = refused(&path);
        assert!(matches!(&error, StoreError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains("is no SQLite file; it is left as it is"), "{error}");
    }

    let foreign = new_file("foreign");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE photos (id)").unwrap();
    let error = refused(&foreign);
    assert!(matches!(&error, StoreError::Foreign { .. }), "{error}");
    let said = "belongs to another program: application id 0, expected 1332626293";
    assert!(error.to_string().contains(said), "{error}");
    let entries = fs::read_dir(foreign.parent().unwrap()).unwrap().count();
    assert_eq!(entries, 1, "neither a log nor a lock beside it");
}

#[test]
fn a_newer_form_is_left_alone() {
    let path = filled("newer", 1);
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 2").unwrap();
    // First in the log, as long as the newer one has it open, then in the file itself.
    let in_log = refused(&path);
    drop(newer);
    let in_file = refused(&path);
    for error in [in_log, in_file] {
        assert!(matches!(&error, StoreError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains("has form 2 of the tables, this version knows form 1"));
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let path = new_file("empty");
    fs::write(&path, "").unwrap();
    let mut store = SqliteStore::open(&path).unwrap();
    store.remember(&7.into(), &Handle::generic("seven")).unwrap();
}

#[test]
fn a_damaged_page_and_a_file_cut_short_are_damage() {
    let path = filled("page", 120);
    // Without a log, as a process leaves it that is killed while it makes the file.
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    let whole = fs::read(&path).unwrap();
    let page = 4096;
    assert!(whole.len() > 4 * page, "enough to damage");

    // The head of each page but the first, one after the other: which of them a table needs is SQLite's business.
    for start in (page..whole.len()).step_by(page) {
        let mut damaged = whole.clone();
        damaged[start..start + 16].fill(0xa5);
        fs::write(&path, damaged).unwrap();
        let error = refused(&path);
        assert!(matches!(&error, StoreError::Damaged { .. }), "page at {start}: {error}");
        assert!(error.to_string().contains("move the file away to begin anew"), "{error}");
    }

    fs::write(&path, &whole[..3 * page]).unwrap();
    assert!(matches!(refused(&path), StoreError::Damaged { .. }));

    fs::write(&path, &whole).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.live_calls().unwrap().len(), 120);
}

#[test]
fn a_value_that_no_version_writes_is_damage() {
    for written in [
        "UPDATE call SET kind = 9",
        "UPDATE call SET value = CAST(x'ff' AS TEXT)",
        "ALTER TABLE call RENAME COLUMN kind TO sort",
    ] {
        let path = filled("value", 1);
        Connection::open(&path).unwrap().execute_batch(written).unwrap();
        let error = SqliteStore::open(&path).unwrap().live_calls().unwrap_err();
        assert!(matches!(&error, StoreError::Damaged { .. }), "{written}: {error}");
    }
}

#[test]
fn bytes_that_are_changed_by_chance_are_damage_wherever_they_are_found() {
    let path = filled("chance", 60);
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "DELETE").unwrap();
    let whole = fs::read(&path).unwrap();
    let mut rng = fastrand::Rng::with_seed(5);
    let mut found = 0;
    for _ in 0..150 {
        let mut damaged = whole.clone();
        for _ in 0..rng.usize(1..4) {
            damaged[rng.usize(..whole.len())] = rng.u8(..);
        }
        let _ = fs::remove_file(path.with_extension("sqlite-wal"));
        let _ = fs::remove_file(path.with_extension("sqlite-shm"));
        fs::write(&path, &damaged).unwrap();
        let answer = SqliteStore::open(&path).map_err(|error| {
            assert!(fs::read(&path).unwrap() == damaged, "it was written to: {error}");
            error
        });
        let answer = answer.and_then(|mut store| {
            store.handle_of(&7.into())?;
            store.peer_of(&Handle::generic("seven"))?;
            store.live_calls()?;
            store.end_left_behind(SystemTime::UNIX_EPOCH)?;
            store.recents(99)
        });
        if let Err(error) = answer {
            let is_typed = matches!(error, StoreError::Damaged { .. } | StoreError::Foreign { .. });
            assert!(is_typed, "{error:?}");
            found += 1;
        }
    }
    assert!(found > 15, "{found}");
}

#[test]
fn a_folder_that_is_not_there_or_in_place_of_the_file_is_the_mediums_error() {
    let missing = new_file("folder").join("missing").join("identities.sqlite");
    let folder = new_file("folder").parent().unwrap().to_path_buf();
    for path in [missing, folder] {
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(&error, StoreError::Medium { .. }), "{error}");
        assert!(error.to_string().contains("see that the folder is there"), "{error}");
    }
}

/// Before the first unlock the system answers "operation not permitted" to whoever opens the file. Nobody keeps root
/// from reading, so that the test runs again as nobody where it runs as root.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_yet_is_locked_until_it_may() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const FOLDER: &str = "ONCUE_LOCKED_FOLDER";
    const NOBODY: u32 = 65_534;
    if let Some(folder) = std::env::var_os(FOLDER) {
        return locked_until_it_may_be_read(&PathBuf::from(folder).join("identities.sqlite"));
    }
    let folder = std::env::temp_dir().join(format!("oncue-locked-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let path = folder.join("identities.sqlite");
    fs::copy(filled("locked", 1), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_err() {
        locked_until_it_may_be_read(&path);
    } else {
        // A copy that nobody can run, wherever the original lies.
        let program = folder.join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        let done = Command::new(&program)
            .args(["--exact", "a_file_that_may_not_be_read_yet_is_locked_until_it_may", "--quiet"])
            .env(FOLDER, &folder)
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// The file holds one live call, 1, with peer 7.
#[cfg(unix)]
fn locked_until_it_may_be_read(path: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;

    let before = fs::read(path).map_err(|error| error.kind());
    assert_eq!(before, Err(std::io::ErrorKind::PermissionDenied), "the test has a lock");
    let mut store = SqliteStore::open(path).unwrap();
    let (handle, peer, now) = (Handle::generic("seven"), 7.into(), SystemTime::UNIX_EPOCH);
    for answer in [
        store.peer_of(&handle).err(),
        store.handle_of(&peer).err(),
        store.live_calls().err(),
        store.recents(9).err(),
        store.remember(&peer, &handle).err(),
        store.end(Id::new(1), now, Ending::Local).err(),
        store.end_left_behind(now).err(),
    ] {
        assert!(matches!(answer, Some(StoreError::Locked)), "{answer:?}");
    }

    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(store.peer_of(&handle).unwrap(), Some(peer));
    store.end(Id::new(1), now, Ending::Local).unwrap();
    assert_eq!(SqliteStore::open(path).unwrap().recents(9).unwrap().len(), 1);

    // What it finds behind the lock may be no store.
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    let store = SqliteStore::open(path).unwrap();
    assert!(matches!(store.live_calls(), Err(StoreError::Locked)));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, "a letter").unwrap();
    assert!(matches!(store.live_calls(), Err(StoreError::Foreign { .. })));
    assert_eq!(fs::read(path).unwrap(), b"a letter");
}
