//! Calls without a call system are written down too: the journal beside an `InApp`, whose calls the phone's own Recents
//! never see. What must be in the store is written by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guarded;

use guarded::guarded;
use oncue_call::integration::CallUi;
use oncue_call::{
    AppId, Centre, Ending, Handle, IdentityStore, InApp, Input, Journal, MemoryStore, Other,
    Output, PersonHandle, PersonHandleType, Push, PushKind, RecentKind, Settings, Signal,
    StartCallRequest, Wish,
};
use oncue_session::{Domain, EndedReason, Id, Owner, Refusal};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A process of the app in the foreground, on a phone that does as it is asked. A second passes with each input.
struct Process {
    calls: InApp,
    journal: Journal<MemoryStore>,
    seconds: u64,
    /// What the phone says to an activation.
    activation: Result<(), Refusal>,
}

impl Process {
    /// The process that is the `number`th of the app; so are its UUIDs.
    fn launch(number: u32, store: MemoryStore) -> Self {
        let seconds = u64::from(number) * 1000;
        let mut uuid = u128::from(number) << 64;
        let mut settings = Settings::default();
        settings.ring = Some(Duration::from_secs(60));
        let mut calls = InApp::new(settings, move || {
            uuid += 1;
            Id::new(uuid)
        });
        calls.set_log(guarded(Owner::App));
        let peer = |handle: &Handle| AppId::from(handle.value.as_str());
        let journal = Journal::at_launch(store, true, peer, time(seconds)).unwrap();
        let mut process = Self { calls, journal, seconds, activation: Ok(()) };
        process.tell(Input::Foreground(true));
        process
    }

    fn tell(&mut self, input: Input) {
        let mut told = VecDeque::from([input]);
        while let Some(input) = told.pop_front() {
            self.seconds += 1;
            let now = time(self.seconds);
            self.journal.told(&input).unwrap();
            self.calls.handle(Duration::from_secs(self.seconds), input);
            while let Some(output) = self.calls.poll_output() {
                told.extend(match &output {
                    Output::SetCategory(_) => Some(Input::CategorySet(Ok(()))),
                    Output::SetActive(true) => Some(Input::ActiveSet(self.activation)),
                    Output::StartAudio { .. } => Some(Input::AudioStarted(Ok(()))),
                    _ => None,
                });
                self.journal.done(&output, now).unwrap();
            }
            while let Some(change) = self.calls.poll_change() {
                self.journal.changed(&change, now).unwrap();
            }
        }
    }

    fn invited(&mut self, call: u64, from: &str) {
        let (from, name) = (Handle::generic(from), None);
        self.tell(Input::Signal(Signal::Invite { call: call.into(), from, name, video: true }));
    }

    fn wish(&mut self, wish: Wish) {
        self.tell(Input::Wish(wish));
    }

    fn answer(&mut self, call: u64) {
        self.wish(Wish::Answer { call: call.into(), other: Other::End });
    }

    fn ended(&mut self, call: u64, reason: EndedReason) {
        self.tell(Input::Signal(Signal::Ended { call: call.into(), reason }));
    }

    /// The list of recent calls, the latest first: with whom, as what, why it ended, whether it has a duration.
    fn recents(&self) -> Vec<(String, RecentKind, Ending, bool)> {
        let recents = self.journal.store().recents(9).unwrap();
        let row = |it: &oncue_call::CallRecord| {
            (it.call.peer.to_string(), it.kind(), it.ended.unwrap().1, it.duration().is_some())
        };
        recents.iter().map(row).collect()
    }
}

#[test]
fn calls_are_written_down_as_they_ended() {
    let mut process = Process::launch(1, MemoryStore::new());
    // The caller gives up.
    process.invited(1, "missed");
    process.ended(1, EndedReason::RemoteEnded);
    // Its invitation comes again, late; and another device answers.
    process.invited(2, "elsewhere");
    process.invited(2, "elsewhere");
    process.ended(2, EndedReason::AnsweredElsewhere);
    // Declined.
    process.invited(3, "declined");
    process.wish(Wish::End { call: 3.into() });
    // Answered, then another in its place, which the far end ends.
    process.invited(4, "first");
    process.answer(4);
    process.invited(5, "second");
    process.invited(8, "too long");
    process.answer(5);
    process.ended(5, EndedReason::RemoteEnded);
    // Nobody answers it in time, which no far end says.
    process.seconds += 600;
    process.tell(Input::Time);
    // Dialled, answered, hung up.
    let (to, contact, intent) = (Handle::generic("dialled"), None, None);
    process.wish(Wish::Start { call: 6.into(), to, contact, video: false, intent });
    process.tell(Input::Signal(Signal::Answered { call: 6.into() }));
    process.wish(Wish::End { call: 6.into() });
    // Another app's call has the session.
    process.activation =
        Err(Refusal { domain: Domain::AudioSession, code: i32::from_be_bytes(*b"!pri") });
    process.invited(7, "refused");
    process.answer(7);

    let reported = Ending::Reported;
    let row = |peer: &str, kind, why, talked| (peer.to_owned(), kind, why, talked);
    use RecentKind::{Incoming, Missed, Outgoing};
    assert_eq!(
        process.recents(),
        [
            row("refused", Missed, reported(EndedReason::Failed), false),
            row("dialled", Outgoing, Ending::Local, true),
            row("too long", Missed, reported(EndedReason::Unanswered), false),
            row("second", Incoming, reported(EndedReason::RemoteEnded), true),
            row("first", Incoming, Ending::Local, true),
            row("declined", Incoming, Ending::Local, false),
            row("elsewhere", Incoming, reported(EndedReason::AnsweredElsewhere), false),
            row("missed", Missed, reported(EndedReason::RemoteEnded), false),
        ]
    );
    let store = process.journal.store();
    assert_eq!(store.live_calls().unwrap(), []);
    assert!(store.recents(9).unwrap()[2].call.video);
}

#[test]
fn the_next_process_ends_what_was_left_and_redials_it() {
    let mut process = Process::launch(1, MemoryStore::new());
    process.invited(1, "alice");
    process.answer(1);
    process.invited(2, "bob");
    let store = process.journal.store().clone();
    assert_eq!(store.live_calls_with(&"alice".into()).unwrap().len(), 1);

    let mut process = Process::launch(2, store);
    let left = process.journal.take_left_behind();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|it| it.ended == Some((time(2000), Ending::LeftBehind))));
    let kinds = |process: &Process| process.recents().iter().map(|row| row.1).collect::<Vec<_>>();
    assert_eq!(kinds(&process), [RecentKind::Missed, RecentKind::Incoming]);

    // An old entry of the phone's Recents, of a time with a call system, or of the app's own list.
    let person = PersonHandle { kind: PersonHandleType::Unknown, value: Some("bob".into()) };
    let wish =
        process.journal.redial(&StartCallRequest::Audio(vec![person.into()]), 3.into()).unwrap();
    process.wish(wish);
    let live = process.journal.store().live_calls_with(&"bob".into()).unwrap();
    assert_eq!((live.len(), live[0].call.outgoing), (1, true));
    // A call goes on, so that this one is not begun.
    let again = process.journal.store().recents(1).unwrap()[0].redial();
    let (to, contact, video, intent) = (again.handle, None, again.video, None);
    process.wish(Wish::Start { call: 4.into(), to, contact, video, intent });
    assert_eq!(process.journal.store().live_calls().unwrap().len(), 1);
}

#[test]
fn a_call_that_a_late_push_reports_and_that_rings_in_the_app_is_listed_once() {
    let mut process = Process::launch(1, MemoryStore::new());
    let mut centre = Centre::new(Settings::default(), || Id::named("reported"));
    let from = Handle::generic("alice");
    let push = Input::Push(Push {
        id: Id::named("push"),
        call: 1.into(),
        from: from.clone(),
        name: None,
        video: false,
        kind: PushKind::Calls,
        must_report: None,
    });
    let reported = Input::Reported { call: Id::named("reported"), result: Ok(()) };
    let mut rings = Vec::new();
    for (seconds, input) in (2000..).zip([Input::Decided(CallUi::InApp), push, reported]) {
        process.journal.told(&input).unwrap();
        centre.handle(Duration::from_secs(seconds), input);
        while let Some(output) = centre.poll_output() {
            if let Output::RingInApp { call, from, name, video } = &output {
                let (call, from, name) = (call.clone(), from.clone(), name.clone());
                rings.push(Signal::Invite { call, from, name, video: *video });
            }
            process.journal.done(&output, time(seconds)).unwrap();
        }
        while let Some(change) = centre.poll_change() {
            process.journal.changed(&change, time(seconds)).unwrap();
        }
    }
    assert_eq!(rings.len(), 1);
    process.seconds = 3000;
    process.tell(Input::Signal(rings.remove(0)));
    process.answer(1);
    process.ended(1, EndedReason::RemoteEnded);
    let ended = Ending::Reported(EndedReason::RemoteEnded);
    assert_eq!(process.recents(), [("alice".to_owned(), RecentKind::Incoming, ended, true)]);
    assert_eq!(process.journal.store().live_calls().unwrap(), []);
}
