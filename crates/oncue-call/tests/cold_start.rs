//! A call app whose process dies in a call, and is started by the next push: centre, journal and store together.
//!
//! The phone here is the smallest that answers: it takes what is reported and requested, and performs what was
//! requested. What must be in the store is written by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guarded;

use guarded::guarded;
use oncue_call::{
    AppId, CallAction, CallState, CannotRedial, Centre, Ending, Handle, IdentityStore, Input,
    Journal, MemoryStore, Output, Performed, PersonHandle, PersonHandleType, Push, PushKind,
    RecentKind, Settings, Signal, StartCallRequest, StoreError, Wish,
};
use oncue_session::{Domain, EndedReason, Id, Owner, Refusal, StartCallIntent};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

/// A process of the app, on a phone that does as it is asked.
struct Process<S> {
    centre: Centre,
    journal: Journal<S>,
    /// Seconds since 1970; a second passes with each input.
    seconds: u64,
    /// What the phone says to each report.
    report: Result<(), Refusal>,
    /// What it says to each transaction.
    request: Result<(), Refusal>,
    reported: Vec<(Id, Option<Handle>)>,
    actions: u128,
}

impl<S: IdentityStore> Process<S> {
    /// The process that is the `number`th of the app; so are its UUIDs.
    fn launch(number: u32, store: S) -> Self {
        Self::launch_that_lists(true, number, store)
    }

    /// One whose provider's configuration has `includesCallsInRecents`, or has not.
    fn launch_that_lists(in_recents: bool, number: u32, store: S) -> Self {
        let seconds = u64::from(number) * 1000;
        let mut uuid = u128::from(number) << 64;
        let mut centre = Centre::new(Settings::default(), move || {
            uuid += 1;
            Id::new(uuid)
        });
        centre.set_log(guarded(Owner::System));
        centre.handle(Duration::ZERO, Input::SignallingReady(true));
        // QQ's own form of a handle.
        let peer = |handle: &Handle| AppId::Number(handle.value[3..].parse().unwrap());
        let journal = Journal::at_launch(store, in_recents, peer, time(seconds)).unwrap();
        let (reported, actions) = (Vec::new(), 0);
        let (report, request) = (Ok(()), Ok(()));
        let mut process = Self { centre, journal, seconds, report, request, reported, actions };
        process.tell(Input::ProviderBegan);
        process
    }

    fn tell(&mut self, input: Input) {
        let mut told = VecDeque::from([input]);
        while let Some(input) = told.pop_front() {
            self.seconds += 1;
            let now = time(self.seconds);
            self.journal.told(&input).unwrap();
            self.centre.handle(Duration::from_secs(self.seconds), input);
            while let Some(output) = self.centre.poll_output() {
                told.extend(self.answers(&output));
                self.journal.done(&output, now).unwrap();
            }
            while let Some(change) = self.centre.poll_change() {
                self.journal.changed(&change, now).unwrap();
            }
        }
    }

    /// What the phone says to what it is asked.
    fn answers(&mut self, output: &Output) -> Vec<Input> {
        match output {
            Output::ReportIncoming { call, update } => {
                self.reported.push((*call, update.remote_handle.clone()));
                vec![Input::Reported { call: *call, result: self.report }]
            }
            Output::Request(transaction) => {
                let (transaction, actions) = (transaction.id, &transaction.actions);
                let mut told = vec![Input::Requested { transaction, result: self.request }];
                if self.request.is_ok() {
                    told.extend(actions.iter().map(|action| self.perform(action.clone())));
                }
                told
            }
            Output::SetCategory(_) => vec![Input::CategorySet(Ok(()))],
            Output::StartAudio { .. } => vec![Input::AudioStarted(Ok(()))],
            _ => Vec::new(),
        }
    }

    /// The system asks for an action.
    fn perform(&mut self, action: CallAction) -> Input {
        self.actions += 1;
        let id = Id::new(u128::MAX - self.actions);
        Input::Perform(Performed { id, action, transaction: None, timeout: None })
    }

    fn push(&mut self, call: u64, from: &str) {
        self.push_that(call, from, PushKind::Calls);
    }

    fn push_that(&mut self, call: u64, from: &str, kind: PushKind) {
        let id = Id::new(u128::from(self.seconds) << 100);
        let from = Handle::generic(from);
        let (name, must_report) = (None, None);
        self.tell(Input::Push(Push {
            id,
            call: call.into(),
            from,
            name,
            video: false,
            kind,
            must_report,
        }));
    }

    fn answer(&mut self, call: u64) {
        let call = self.centre.uuid(&call.into()).unwrap();
        let answer = self.perform(CallAction::Answer { call });
        self.tell(answer);
        self.tell(Input::DidActivate);
    }

    fn ended(&mut self, call: u64, reason: EndedReason) {
        self.tell(Input::Signal(Signal::Ended { call: call.into(), reason }));
    }

    /// The app's list of recent calls.
    fn recents(&self) -> Vec<(AppId, RecentKind, Option<Ending>)> {
        let recents = self.journal.store().recents(9).unwrap();
        let row = |it: &oncue_call::CallRecord| {
            (it.call.peer.clone(), it.kind(), it.ended.map(|(_, why)| why))
        };
        recents.iter().map(row).collect()
    }
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What the phone hands over when an entry of its Recents is tapped.
fn tap(handle: &str) -> StartCallRequest {
    let person = PersonHandle { kind: PersonHandleType::Unknown, value: Some(handle.into()) };
    StartCallRequest::Audio(vec![person.into()])
}

#[cfg(feature = "sqlite")]
mod after_a_kill {
    use super::*;
    use oncue_call::SqliteStore;
    use std::io::{BufRead, BufReader, Write, stdout};
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    const FILE: &str = "ONCUE_COLD_START_FILE";
    const TALKING: &str = "talking";

    #[test]
    fn the_next_process_knows_the_peer_and_ends_what_was_left() {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cold-start.sqlite");
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        // The first process: talks to 10001 while 10002 rings; killed.
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "after_a_kill::child", "--nocapture", "--quiet"])
            .env(FILE, &path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == TALKING));
        child.kill().unwrap();
        child.wait().unwrap();

        // The second is started by a push.
        let mut process = Process::launch(2, SqliteStore::open(&path).unwrap());
        let left = process.journal.take_left_behind();
        let left: Vec<_> = left.iter().map(|it| (&it.call.peer, it.connected.is_some())).collect();
        let [first, second] = [10_001, 10_002].map(AppId::Number);
        assert_eq!(left, [(&first, true), (&second, false)], "for the server");
        process.push(43, "qq-10001");
        let handle = Some(Handle::generic("qq-10001"));
        assert_eq!(process.reported, [(Id::new(2 << 64 | 1), handle)], "a UUID of its own");
        assert_eq!(process.journal.store().live_calls().unwrap()[0].call.peer, first);
        process.answer(43);
        process.ended(43, EndedReason::RemoteEnded);
        assert_eq!(
            process.recents(),
            [
                (
                    first.clone(),
                    RecentKind::Incoming,
                    Some(Ending::Reported(EndedReason::RemoteEnded))
                ),
                (second, RecentKind::Missed, Some(Ending::LeftBehind)),
                (first.clone(), RecentKind::Incoming, Some(Ending::LeftBehind)),
            ]
        );
        let recents = process.journal.store().recents(9).unwrap();
        assert!(recents[0].duration().is_some());
        assert_eq!(recents[2].duration(), None, "nobody knows when it ended");

        // A third is started by a tap on the entry that the first one left.
        drop(process);
        let mut process = Process::launch(3, SqliteStore::open(&path).unwrap());
        assert_eq!(process.journal.take_left_behind(), []);
        let wish = process.journal.redial(&tap("qq-10001"), 44.into()).unwrap();
        assert!(matches!(&wish, Wish::Start { to, .. } if *to == Handle::generic("qq-10001")));
        process.tell(Input::Wish(wish));
        let live = process.journal.store().live_calls().unwrap();
        assert_eq!((&live[0].call.peer, live[0].call.outgoing), (&first, true));
    }

    /// The process that is killed; without the variable, nothing.
    #[test]
    fn child() {
        let Ok(path) = std::env::var(FILE) else { return };
        let mut process = Process::launch(1, SqliteStore::open(path).unwrap());
        process.push(41, "qq-10001");
        process.answer(41);
        process.push(42, "qq-10002");
        stdout().write_all(format!("{TALKING}\n").as_bytes()).unwrap();
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn before_the_first_unlock_calls_are_reported_and_written_down_later() {
    let mut store = MemoryStore::new();
    store.remember(&7.into(), &Handle::generic("qq-10001")).unwrap();
    store.set_locked(true);
    let mut process = Process::launch(1, store);
    process.tell(Input::Unlocked(false));
    process.push(41, "qq-10001");
    let shown: Vec<_> = process.reported.iter().map(|(_, handle)| handle.clone()).collect();
    assert_eq!(shown, [Some(Handle::generic("qq-10001"))], "from what the push carries");
    assert!(process.journal.store().live_calls().is_err());
    process.ended(41, EndedReason::RemoteEnded);
    let redial = process.journal.redial(&tap("qq-10001"), 9.into());
    assert!(matches!(redial, Err(CannotRedial::Store(StoreError::Locked))));

    process.journal.store_mut().set_locked(false);
    process.tell(Input::Unlocked(true));
    let missed = (7.into(), RecentKind::Missed, Some(Ending::Reported(EndedReason::RemoteEnded)));
    assert_eq!(process.recents(), [missed], "with the peer that the store knew");
}

#[test]
fn a_store_that_is_locked_while_it_is_open_holds_up_no_call_and_gets_it_later() {
    // Under a stricter protection class than the first unlock's the store is locked whenever the phone is.
    let mut process = Process::launch(1, MemoryStore::new());
    process.push(40, "qq-10001");
    process.journal.store_mut().set_locked(true);
    process.answer(40);
    process.ended(40, EndedReason::RemoteEnded);
    process.push(41, "qq-10002");
    process.push(42, "qq-10003");
    assert_eq!(process.reported.len(), 3);
    process.ended(41, EndedReason::Unanswered);
    assert!(matches!(process.journal.store().recents(9), Err(StoreError::Locked)));

    process.journal.store_mut().set_locked(false);
    process.tell(Input::Unlocked(true));
    let reported = |reason| Some(Ending::Reported(reason));
    assert_eq!(
        process.recents(),
        [
            (10_002.into(), RecentKind::Missed, reported(EndedReason::Unanswered)),
            (10_001.into(), RecentKind::Incoming, reported(EndedReason::RemoteEnded)),
        ]
    );
    let live = process.journal.store().live_calls().unwrap();
    assert_eq!(live.iter().map(|it| it.call.peer.clone()).collect::<Vec<_>>(), [10_003.into()]);
    let answered = &process.journal.store().recents(9).unwrap()[1];
    assert!(answered.duration().is_some(), "with the times at which things happened");
}

#[test]
fn calls_of_other_apps_are_not_written_down() {
    let mut process = Process::launch(1, MemoryStore::new());
    for (connected, ended) in [(false, false), (true, false), (true, true)] {
        let other = CallState::of_another_app(Id::named("theirs"), false, false, connected, ended);
        process.tell(Input::OtherCall(other));
    }
    assert_eq!(process.recents(), []);
    assert_eq!(process.journal.store().live_calls().unwrap(), []);
}

#[test]
fn excluded_calls_are_known_and_not_listed() {
    let mut process = Process::launch_that_lists(false, 1, MemoryStore::new());
    process.push(41, "qq-10001");
    process.answer(41);
    let wish = process.journal.redial(&tap("qq-10001"), 42.into()).unwrap();
    process.tell(Input::Wish(wish));
    let live = process.journal.store().live_calls().unwrap();
    assert_eq!(live.len(), 2, "incoming and outgoing");
    assert!(live.iter().all(|it| it.call.peer == 10_001.into()));
    process.ended(41, EndedReason::RemoteEnded);
    process.ended(42, EndedReason::RemoteEnded);
    assert_eq!(process.journal.store().live_calls().unwrap(), []);
    assert_eq!(process.recents(), []);
}

#[test]
fn calls_are_written_down_as_they_ended() {
    let mut process = Process::launch(1, MemoryStore::new());
    let [local, failed] = [Ending::Local, Ending::Reported(EndedReason::Failed)];

    // Declined on the system's screen.
    process.push(1, "qq-1");
    let call = process.centre.uuid(&1.into()).unwrap();
    let decline = process.perform(CallAction::End { call });
    process.tell(decline);
    // Cancelled by the far end; and its push once more, which rings for nobody and is not listed twice.
    process.push(2, "qq-2");
    process.push(2, "qq-2");
    process.push_that(2, "qq-2", PushKind::Cancelled(EndedReason::RemoteEnded));
    process.push(2, "qq-2");
    // Answered on another device.
    process.push(3, "qq-3");
    process.ended(3, EndedReason::AnsweredElsewhere);
    // Not let through by Do Not Disturb.
    process.report = Err(Refusal { domain: Domain::IncomingCall, code: 3 });
    process.push(4, "qq-4");
    process.report = Ok(());
    // Answered, and ended by the far end.
    process.push(6, "qq-6");
    process.answer(6);
    process.ended(6, EndedReason::RemoteEnded);
    // Dialled, and turned down by the far end before the start was fulfilled, which needs no report.
    let (to, intent) = (Handle::generic("qq-7"), Some(StartCallIntent::Audio));
    process.tell(Input::Wish(Wish::Start {
        call: 7.into(),
        to,
        contact: None,
        video: false,
        intent,
    }));
    process.ended(7, EndedReason::RemoteEnded);
    // Started, and refused by the system, so that nobody was dialled.
    process.request = Err(Refusal { domain: Domain::RequestTransaction, code: 7 });
    process.tell(Input::Wish(process.journal.redial(&tap("qq-6"), 8.into()).unwrap()));
    process.request = Ok(());
    // The system lost everything.
    process.push(5, "qq-5");
    process.tell(Input::ProviderReset);

    let row = |peer: u64, kind, why| (AppId::Number(peer), kind, Some(why));
    assert_eq!(
        process.recents(),
        [
            row(5, RecentKind::Missed, failed),
            row(6, RecentKind::Outgoing, failed),
            row(7, RecentKind::Outgoing, Ending::Reported(EndedReason::RemoteEnded)),
            row(6, RecentKind::Incoming, Ending::Reported(EndedReason::RemoteEnded)),
            row(4, RecentKind::Missed, failed),
            row(3, RecentKind::Incoming, Ending::Reported(EndedReason::AnsweredElsewhere)),
            row(2, RecentKind::Missed, Ending::Reported(EndedReason::RemoteEnded)),
            row(1, RecentKind::Incoming, local),
        ]
    );
    assert_eq!(process.journal.store().live_calls().unwrap(), []);
}
