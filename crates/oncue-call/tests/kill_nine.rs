//! A process that keeps identities is killed (`kill -9`) at a random moment, again and again: nothing that it
//! acknowledged is lost, the next one knows every peer, and what was not acknowledged is there whole or not at all.
//!
//! The other process is this program again. It acknowledges each write by a line on its standard output; what it
//! writes follows from the number of the round and of the write, so that this side knows it. What must be there is
//! kept by the store in memory, which `identities.rs` tests by hand. `ONCUE_KILL_ROUNDS` sets how often (50).
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use fastrand::Rng;
use oncue_call::{
    AppId, Ending, Handle, IdentityStore, MemoryStore, NewCall, SqliteStore, StoreError,
};
use oncue_session::{EndedReason, Id};
use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

const FILE: &str = "ONCUE_KILL_FILE";
const ROUND: &str = "ONCUE_KILL_ROUND";
const ROUNDS: &str = "ONCUE_KILL_ROUNDS";

/// How the child's lines begin, among those of the test harness.
const ACKNOWLEDGED: &str = "acknowledged ";

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds = env::var(ROUNDS).map_or(50, |rounds| rounds.parse().unwrap());
    let mut killed = Killed { in_open: 0, acknowledged: 0, in_flight: 0 };
    let mut rng = Rng::with_seed(9);
    let mut round = 0;
    while round < rounds {
        // A file lives for some rounds, so that its making is interrupted often too.
        let path = new_file();
        let mut kept = MemoryStore::new();
        for _ in 0..1 + rng.u64(..20) {
            if round < rounds {
                one_round(&path, round, &mut kept, &mut rng, &mut killed);
                round += 1;
            }
        }
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.recents(usize::MAX).unwrap(), kept.recents(usize::MAX).unwrap());
    }
    eprintln!("{killed:?}");
    // The kills came where it matters, or the test shows nothing.
    assert!(killed.acknowledged > rounds, "{killed:?}");
    assert!(killed.in_flight + killed.in_open > 0, "{killed:?}");
}

/// Where the kills came.
#[derive(Debug)]
struct Killed {
    /// Rounds without a write acknowledged.
    in_open: u64,
    /// Writes acknowledged in all rounds.
    acknowledged: u64,
    /// Writes that were there although nobody had acknowledged them.
    in_flight: u64,
}

fn one_round(path: &Path, round: u64, kept: &mut MemoryStore, rng: &mut Rng, killed: &mut Killed) {
    let mut child = start(path, round);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = lines.filter_map(|line| {
        line.unwrap().strip_prefix(ACKNOWLEDGED).map(|number| number.parse::<u64>().unwrap())
    });

    // A random moment: after some writes, and then somewhere in the next ones.
    let mut count = 0;
    let writes = if rng.u8(..4) == 0 { 0 } else { rng.usize(1..20) };
    for number in acknowledged.by_ref().take(writes) {
        assert_eq!(number, count);
        count += 1;
    }
    sleep(Duration::from_micros(rng.u64(..if count == 0 { 30_000 } else { 3_000 })));
    child.kill().unwrap();
    count += acknowledged.count() as u64;
    assert!(!child.wait().unwrap().success(), "the child ended by itself");

    for number in 0..count {
        write(kept, round, number).unwrap();
    }
    let mut store = SqliteStore::open(path).unwrap();
    if !same(&store, kept) {
        // Done, and killed before the acknowledgement.
        write(kept, round, count).unwrap();
        killed.in_flight += 1;
        assert!(same(&store, kept), "round {round}, {count}: {store:?}, expected {kept:?}");
    }
    for number in 0..count {
        let begun = call(round, number);
        if begins(number) {
            assert_eq!(store.peer_of(&begun.handle).unwrap(), Some(begun.peer.clone()));
            assert!(matches!(store.begin(&begun), Err(StoreError::UuidUsed(_))));
        }
    }
    killed.acknowledged += count;
    killed.in_open += u64::from(count == 0);
}

fn same(store: &SqliteStore, kept: &MemoryStore) -> bool {
    let handles = |store: &dyn IdentityStore| {
        (0..PEERS).map(|peer| store.handle_of(&AppId::Number(peer)).unwrap()).collect::<Vec<_>>()
    };
    store.live_calls().unwrap() == kept.live_calls().unwrap()
        && store.recents(60).unwrap() == kept.recents(60).unwrap()
        && handles(store) == handles(kept)
}

fn start(path: &Path, round: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--quiet"])
        .env(FILE, path)
        .env(ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The process that is killed; without the variables, nothing.
#[test]
fn child() {
    let (Ok(path), Ok(round)) = (env::var(FILE), env::var(ROUND)) else { return };
    let round = round.parse().unwrap();
    let mut store = SqliteStore::open(path).unwrap();
    for number in 0.. {
        write(&mut store, round, number).unwrap();
        stdout().write_all(format!("{ACKNOWLEDGED}{number}\n").as_bytes()).unwrap();
    }
}

/// How many peers call.
const PEERS: u64 = 7;

/// The write with this number in this round.
fn write(store: &mut dyn IdentityStore, round: u64, number: u64) -> Result<(), StoreError> {
    let call = |number| call(round, number);
    let before = |steps| call(number - steps).uuid;
    let at = call(number).at;
    match number % 6 {
        0 if number == 0 => store.end_left_behind(at).map(drop),
        0 => store.remember(&call(number).peer, &call(number).handle),
        _ if begins(number) => store.begin(&call(number)),
        3 => store.connected(before(1), at),
        4 => store.end(before(3), at, Ending::Reported(EndedReason::Unanswered)),
        // Two rounds of six leave a call behind.
        _ if number % 18 == 5 => store.end(before(3), at, Ending::Local),
        _ => store.connected(before(3), at),
    }
}

fn begins(number: u64) -> bool {
    matches!(number % 6, 1 | 2)
}

fn call(round: u64, number: u64) -> NewCall {
    let peer = number % PEERS;
    NewCall {
        uuid: Id::new(u128::from(round + 1) << 64 | u128::from(number)),
        peer: AppId::Number(peer),
        handle: Handle::generic(format!("{peer} in {}", number / 60)),
        outgoing: number.is_multiple_of(5),
        video: number.is_multiple_of(7),
        in_recents: !number.is_multiple_of(11),
        at: SystemTime::UNIX_EPOCH + Duration::from_millis(round * 1_000_000 + number),
    }
}

fn new_file() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kill-nine.sqlite");
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.clone().into_os_string();
        file.push(end);
        let _ = std::fs::remove_file(file);
    }
    path
}
