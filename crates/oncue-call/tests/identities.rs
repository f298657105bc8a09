//! Who is behind a call: what every store of identities keeps, and that both keep the same.
//!
//! The expected answers are written by hand; the property at the end holds the SQLite store against the one in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::{AppId, Ending, Handle, IdentityStore, MemoryStore, NewCall, StoreError};
use oncue_session::{EndedReason, Id};
use std::time::{Duration, SystemTime};

/// A time, in seconds since 1970.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn call(uuid: &str, peer: impl Into<AppId>, handle: &str, seconds: u64) -> NewCall {
    NewCall {
        uuid: Id::named(uuid),
        peer: peer.into(),
        handle: Handle::generic(handle),
        outgoing: false,
        video: false,
        in_recents: true,
        at: at(seconds),
    }
}

/// Runs a story on each kind of store.
fn on_every_store(story: impl Fn(&mut dyn IdentityStore)) {
    story(&mut MemoryStore::new());
    #[cfg(feature = "sqlite")]
    story(&mut sqlite::new_store());
}

#[test]
fn each_key_leads_to_the_others() {
    on_every_store(|store| {
        // QQ's AVID is a number; other apps have names.
        store.begin(&call("U1", 10_001, "qq-10001", 1)).unwrap();
        store.begin(&call("U2", "alice@example.org", "alice", 2)).unwrap();

        let first = store.live_call(Id::named("U1")).unwrap().unwrap();
        assert_eq!(first.call.peer, AppId::Number(10_001));
        assert_eq!(first.call.handle, Handle::generic("qq-10001"));
        assert_eq!(
            store.peer_of(&Handle::generic("alice")).unwrap(),
            Some("alice@example.org".into())
        );
        assert_eq!(store.handle_of(&10_001.into()).unwrap(), Some(Handle::generic("qq-10001")));
        let live = store.live_calls().unwrap();
        assert_eq!(
            live.iter().map(|it| it.call.uuid).collect::<Vec<_>>(),
            ["U1", "U2"].map(Id::named)
        );
        assert_eq!(store.live_calls_with(&10_001.into()).unwrap(), [first]);

        assert_eq!(store.live_calls_with(&10_002.into()).unwrap(), []);
        assert_eq!(store.live_call(Id::named("U3")).unwrap(), None);
        assert_eq!(store.peer_of(&Handle::phone("qq-10001")).unwrap(), None, "another type");
        assert_eq!(store.handle_of(&"10001".into()).unwrap(), None, "a text is no number");
    });
}

#[test]
fn a_uuid_is_dead_after_its_call_and_never_used_again() {
    on_every_store(|store| {
        let uuid = Id::named("E621E1F8-C36C-495A-93FC-0C247A3E6E5F");
        let begun = NewCall { uuid, ..call("", 7, "seven", 1) };
        store.begin(&begun).unwrap();
        assert!(matches!(store.begin(&begun), Err(StoreError::UuidUsed(used)) if used == uuid));
        store.connected(uuid, at(2)).unwrap();
        store.connected(uuid, at(3)).unwrap();
        store.end(uuid, at(9), Ending::Local).unwrap();

        assert_eq!(store.live_call(uuid).unwrap(), None);
        assert_eq!(store.live_calls_with(&begun.peer).unwrap(), []);
        assert!(matches!(store.connected(uuid, at(10)), Err(StoreError::NotLive(_))));
        assert!(matches!(store.end(uuid, at(10), Ending::Local), Err(StoreError::NotLive(_))));
        assert!(matches!(store.begin(&begun), Err(StoreError::UuidUsed(_))));
        let recents = store.recents(9).unwrap();
        assert_eq!(recents.len(), 1);
        assert_eq!(recents[0].connected, Some(at(2)), "the first time stands");
        assert_eq!(recents[0].ended, Some((at(9), Ending::Local)));
    });
}

#[test]
fn a_handle_leads_to_its_peer_for_good() {
    on_every_store(|store| {
        let [old, new] = ["old", "new"].map(Handle::generic);
        let peer = AppId::Number(u64::MAX);
        store.remember(&peer, &old).unwrap();
        store.remember(&peer, &new).unwrap();
        assert_eq!(store.handle_of(&peer).unwrap(), Some(new.clone()), "the last one");
        assert_eq!(store.peer_of(&old).unwrap(), Some(peer.clone()), "an old entry of Recents");

        let error = store.remember(&1.into(), &old).unwrap_err();
        let said =
            "handle old leads to 18446744073709551615, got 1; give each peer a handle of its own";
        assert_eq!(error.to_string(), said);
        let taken = store.begin(&call("U1", 1, "old", 1));
        assert!(matches!(taken, Err(StoreError::HandleTaken { .. })));
        assert_eq!(store.live_calls().unwrap(), [], "nothing of the call is written");

        store.remember(&peer, &old).unwrap();
        assert_eq!(store.handle_of(&peer).unwrap(), Some(old), "in use again");
    });
}

#[test]
fn before_the_first_unlock_nothing_is_known_and_nothing_is_lost() {
    let mut store = MemoryStore::new();
    store.remember(&7.into(), &Handle::generic("seven")).unwrap();
    store.set_locked(true);
    assert!(matches!(store.peer_of(&Handle::generic("seven")), Err(StoreError::Locked)));
    assert!(matches!(store.begin(&call("U1", 7, "seven", 1)), Err(StoreError::Locked)));
    assert!(matches!(store.end_left_behind(at(1)), Err(StoreError::Locked)));
    store.set_locked(false);
    assert_eq!(store.peer_of(&Handle::generic("seven")).unwrap(), Some(7.into()));
    store.begin(&call("U1", 7, "seven", 1)).unwrap();
}

#[test]
fn calls_that_a_dead_process_left_behind_are_ended_at_launch() {
    on_every_store(|store| {
        store.begin(&call("rings", 1, "one", 1)).unwrap();
        store.begin(&call("talks", 2, "two", 2)).unwrap();
        store.connected(Id::named("talks"), at(5)).unwrap();
        store.begin(&call("over", 3, "three", 3)).unwrap();
        store.end(Id::named("over"), at(4), Ending::Reported(EndedReason::RemoteEnded)).unwrap();

        let left = store.end_left_behind(at(100)).unwrap();
        assert_eq!(
            left.iter().map(|it| it.call.uuid).collect::<Vec<_>>(),
            ["rings", "talks"].map(Id::named)
        );
        assert!(left.iter().all(|it| it.ended == Some((at(100), Ending::LeftBehind))));
        assert_eq!(store.live_calls().unwrap(), []);
        assert_eq!(store.recents(9).unwrap().len(), 3);
        assert_eq!(store.recents(9).unwrap()[1], left[1]);
        assert_eq!(store.end_left_behind(at(200)).unwrap(), []);
    });
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use oncue_call::{CallRecord, SqliteStore};
    use proptest::prelude::*;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A file that is not there yet.
    fn new_file() -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("identities-{}.sqlite", COUNT.fetch_add(1, Ordering::Relaxed));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        for end in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(end);
            let _ = std::fs::remove_file(file);
        }
        path
    }

    pub(super) fn new_store() -> SqliteStore {
        SqliteStore::open(new_file()).unwrap()
    }

    #[test]
    fn another_process_finds_everything() {
        let path = new_file();
        let video = NewCall { video: true, outgoing: true, ..call("U1", "a\0b", "七", 1) };
        {
            let mut store = SqliteStore::open(&path).unwrap();
            store.begin(&video).unwrap();
            store.begin(&NewCall { in_recents: false, ..call("U2", 2, "two", 2) }).unwrap();
            store.end(Id::named("U2"), at(3), Ending::LeftBehind).unwrap();
        }
        let store = SqliteStore::open(&path).unwrap();
        let found = CallRecord { call: video, connected: None, ended: None };
        assert_eq!(store.live_calls().unwrap(), [found]);
        assert_eq!(store.recents(9).unwrap(), [], "excluded from Recents");
        assert_eq!(store.peer_of(&Handle::generic("two")).unwrap(), Some(2.into()));
    }

    #[test]
    fn two_processes_of_an_app_share_a_file() {
        let path = new_file();
        let (mut app, mut extension) =
            (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
        extension.begin(&call("U1", 1, "one", 1)).unwrap();
        app.connected(Id::named("U1"), at(2)).unwrap();
        assert!(matches!(app.begin(&call("U1", 1, "one", 1)), Err(StoreError::UuidUsed(_))));
        extension.end(Id::named("U1"), at(3), Ending::Local).unwrap();
        assert_eq!(app.live_call(Id::named("U1")).unwrap(), None);
    }

    #[test]
    fn a_file_is_opened_while_another_process_makes_it() {
        let path = new_file();
        drop(SqliteStore::open(&path).unwrap());
        // As it is between the making of its tables and its log, and about to be written by the one that is there.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "DELETE").unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let opens = std::thread::spawn(move || SqliteStore::open(&path).map(drop));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!opens.is_finished(), "it waits");
        other.execute_batch("COMMIT").unwrap();
        opens.join().unwrap().unwrap();
    }

    #[derive(Clone, Debug)]
    enum Step {
        Remember(AppId, Handle),
        Begin(NewCall),
        Connected(Id, SystemTime),
        End(Id, SystemTime, Ending),
        EndLeftBehind(SystemTime),
    }

    fn app_id() -> impl Strategy<Value = AppId> {
        let text = (0..4_u64).prop_map(|id| AppId::Text(id.to_string()));
        prop_oneof![(0..4_u64).prop_map(AppId::Number), Just(AppId::Number(u64::MAX)), text]
    }

    fn handle() -> impl Strategy<Value = Handle> {
        (0..3_u8, 0..8_u8).prop_map(|(kind, id)| match kind {
            0 => Handle::generic(id.to_string()),
            1 => Handle::phone(id.to_string()),
            _ => Handle::email(id.to_string()),
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        let uuid = || (0..12_u128).prop_map(|id| Id::new(id << 64 | id));
        // Before 1970 too, and to the nanosecond.
        let time = || {
            (0..2_000_000_007_u64)
                .prop_map(|ns| at(0) - Duration::from_secs(1) + Duration::from_nanos(ns))
        };
        let ending = || {
            let reported = EndedReason::ALL.iter().map(|&reason| Ending::Reported(reason));
            let all: Vec<_> =
                [Ending::Local, Ending::LeftBehind].into_iter().chain(reported).collect();
            prop::sample::select(all)
        };
        let call = (uuid(), app_id(), handle(), any::<[bool; 3]>(), time());
        let call = call.prop_map(|(uuid, peer, handle, [outgoing, video, in_recents], at)| {
            NewCall { uuid, peer, handle, outgoing, video, in_recents, at }
        });
        prop_oneof![
            2 => (app_id(), handle()).prop_map(|(peer, handle)| Step::Remember(peer, handle)),
            6 => call.prop_map(Step::Begin),
            3 => (uuid(), time()).prop_map(|(uuid, at)| Step::Connected(uuid, at)),
            4 => (uuid(), time(), ending()).prop_map(|(uuid, at, why)| Step::End(uuid, at, why)),
            1 => time().prop_map(Step::EndLeftBehind),
        ]
    }

    /// What a store answers to a step, as a text that can be compared.
    fn take(store: &mut dyn IdentityStore, step: &Step) -> String {
        match step {
            Step::Remember(peer, handle) => format!("{:?}", store.remember(peer, handle)),
            Step::Begin(call) => format!("{:?}", store.begin(call)),
            Step::Connected(uuid, at) => format!("{:?}", store.connected(*uuid, *at)),
            Step::End(uuid, at, why) => format!("{:?}", store.end(*uuid, *at, *why)),
            Step::EndLeftBehind(at) => format!("{:?}", store.end_left_behind(*at)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn sqlite_keeps_what_memory_keeps(steps in prop::collection::vec(step(), 1..40)) {
            let path = new_file();
            let mut memory = MemoryStore::new();
            let mut file = SqliteStore::open(&path).unwrap();
            for step in &steps {
                prop_assert_eq!(take(&mut file, step), take(&mut memory, step), "{:?}", step);
            }
            drop(file);
            let file = SqliteStore::open(&path).unwrap();
            prop_assert_eq!(file.live_calls().unwrap(), memory.live_calls().unwrap());
            prop_assert_eq!(file.recents(99).unwrap(), memory.recents(99).unwrap());
            prop_assert_eq!(file.recents(2).unwrap(), memory.recents(2).unwrap());
            for step in &steps {
                if let Step::Remember(peer, handle) | Step::Begin(NewCall { peer, handle, .. }) = step {
                    prop_assert_eq!(file.handle_of(peer).unwrap(), memory.handle_of(peer).unwrap());
                    prop_assert_eq!(file.peer_of(handle).unwrap(), memory.peer_of(handle).unwrap());
                }
            }
            std::fs::remove_file(path).unwrap();
        }
    }
}
