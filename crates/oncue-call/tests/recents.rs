//! Recent calls and calling again: each row is a call as it went, or a tap as the system hands it over, and what
//! becomes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::{
    AppId, CallCapability, CallRecord, CannotRedial, Ending, Handle, IdentityStore, Journal,
    MemoryStore, NewCall, Person, PersonHandle, PersonHandleType, RecentKind, Redial,
    StartCallRequest, StoreError, Wish,
};
use oncue_session::{EndedReason, Id, StartCallIntent};
use std::time::{Duration, SystemTime};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn call(uuid: &str, outgoing: bool, seconds: u64) -> NewCall {
    NewCall {
        uuid: Id::named(uuid),
        peer: 10_001.into(),
        handle: Handle::generic("qq-10001"),
        outgoing,
        video: false,
        in_recents: true,
        at: at(seconds),
    }
}

#[test]
fn a_call_is_listed_as_it_went() {
    use EndedReason::{AnsweredElsewhere, DeclinedElsewhere, Failed, RemoteEnded, Unanswered};
    use Ending::{LeftBehind, Local, Reported};
    use RecentKind::{Incoming, Missed, Outgoing};
    let (calls, called) = (true, false);
    #[rustfmt::skip]
    let rows = [
        // who calls, connected at, ended at with why       listed as, how long
        (called, Some(12), 72, Local,                        Incoming, Some(60)),
        (called, Some(12), 72, Reported(RemoteEnded),        Incoming, Some(60)),
        (called, Some(12), 72, Reported(Failed),             Incoming, Some(60)),
        (called, Some(12), 72, LeftBehind,                   Incoming, None),
        (called, Some(12), 11, Local,                        Incoming, Some(0)), // the clock was set back
        (called, None,     40, Reported(Unanswered),         Missed,   None),
        (called, None,     20, Reported(RemoteEnded),        Missed,   None), // the caller gave up
        (called, None,     20, Reported(Failed),             Missed,   None),
        (called, None,     20, LeftBehind,                   Missed,   None),
        (called, None,     20, Local,                        Incoming, None), // declined
        (called, None,     20, Reported(AnsweredElsewhere),  Incoming, None),
        (called, None,     20, Reported(DeclinedElsewhere),  Incoming, None),
        (calls,  Some(12), 15, Local,                        Outgoing, Some(3)),
        (calls,  None,     40, Reported(Unanswered),         Outgoing, None),
        (calls,  None,     20, LeftBehind,                   Outgoing, None),
    ];
    for (outgoing, connected, ended, why, kind, duration) in rows {
        let mut store = MemoryStore::new();
        store.begin(&call("U", outgoing, 10)).unwrap();
        if let Some(connected) = connected {
            store.connected(Id::named("U"), at(connected)).unwrap();
        }
        store.end(Id::named("U"), at(ended), why).unwrap();
        let listed = &store.recents(1).unwrap()[0];
        let expected = (kind, duration.map(Duration::from_secs));
        assert_eq!(
            (listed.kind(), listed.duration()),
            expected,
            "{outgoing} {connected:?} {why:?}"
        );
    }
    let rings = CallRecord { call: call("U", called, 10), connected: None, ended: None };
    assert_eq!((rings.kind(), rings.duration()), (Incoming, None));
}

#[test]
fn the_latest_come_first_and_excluded_calls_not_at_all() {
    let mut store = MemoryStore::new();
    for (uuid, seconds, in_recents) in
        [("b", 2, true), ("a", 1, true), ("c", 3, false), ("d", 4, true)]
    {
        store.begin(&NewCall { in_recents, ..call(uuid, true, seconds) }).unwrap();
        if uuid != "d" {
            store.end(Id::named(uuid), at(9), Ending::Local).unwrap();
        }
    }
    let listed = |most| -> Vec<String> {
        store.recents(most).unwrap().iter().map(|it| it.call.uuid.to_string()).collect()
    };
    assert_eq!(listed(9), ["b", "a"], "c is excluded, d goes on");
    assert_eq!(listed(1), ["b"]);
}

#[test]
fn a_recent_call_is_redialled_as_it_was() {
    let mut store = MemoryStore::new();
    store.begin(&NewCall { video: true, ..call("U", false, 1) }).unwrap();
    store.end(Id::named("U"), at(2), Ending::Local).unwrap();
    // The peer's handle of today is another.
    store.remember(&10_001.into(), &Handle::generic("newer")).unwrap();
    let (peer, handle) = (10_001.into(), Handle::generic("qq-10001"));
    let again = Redial { peer, handle, contact: None, video: true };
    assert_eq!(store.recents(1).unwrap()[0].redial(), again);
}

fn person(kind: PersonHandleType, value: &str) -> Vec<Person> {
    vec![PersonHandle { kind, value: Some(value.into()) }.into()]
}

#[test]
fn each_form_of_the_intent_finds_the_peer() {
    use CallCapability::{AudioCall, VideoCall};
    use PersonHandleType::{EmailAddress, PhoneNumber, Unknown};
    use StartCallRequest::{Audio, Call, Video};
    let [qq, phone, mail] = [10_001, 2, 3].map(AppId::Number);
    let mut store = MemoryStore::new();
    store.remember(&qq, &Handle::generic("qq-10001")).unwrap();
    store.remember(&phone, &Handle::phone("+8613800138000")).unwrap();
    store.remember(&mail, &Handle::email("a@example.org")).unwrap();
    let rows = [
        (Audio(person(Unknown, "qq-10001")), StartCallIntent::Audio, &qq, false),
        (Video(person(Unknown, "qq-10001")), StartCallIntent::Video, &qq, true),
        (Call(person(Unknown, "qq-10001"), AudioCall), StartCallIntent::Call, &qq, false),
        (Call(person(Unknown, "qq-10001"), VideoCall), StartCallIntent::Call, &qq, true),
        (
            Call(person(Unknown, "qq-10001"), CallCapability::Unknown),
            StartCallIntent::Call,
            &qq,
            false,
        ),
        (Audio(person(PhoneNumber, "+8613800138000")), StartCallIntent::Audio, &phone, false),
        (Audio(person(PhoneNumber, "+86 (138) 0013-8000")), StartCallIntent::Audio, &phone, false),
        (Audio(person(Unknown, "+86 138 0013 8000")), StartCallIntent::Audio, &phone, false),
        // As contacts give a number back that was pasted: with marks of direction, and hyphens that do not break.
        (
            Audio(person(PhoneNumber, "\u{202a}+86\u{a0}138\u{2011}0013\u{2011}8000\u{202c}")),
            StartCallIntent::Audio,
            &phone,
            false,
        ),
        (Audio(person(EmailAddress, "a@example.org")), StartCallIntent::Audio, &mail, false),
        (Audio(person(Unknown, "a@example.org")), StartCallIntent::Audio, &mail, false),
        // A generic handle that the system took for a number or an address.
        (Audio(person(PhoneNumber, "qq-10001")), StartCallIntent::Audio, &qq, false),
        (Audio(person(EmailAddress, "qq-10001")), StartCallIntent::Audio, &qq, false),
    ];
    for (request, intent, peer, video) in rows {
        assert_eq!(request.intent(), intent);
        let found = request.redial(&store).unwrap();
        assert_eq!((&found.peer, found.video), (peer, video), "{request:?}");
        assert_eq!(store.peer_of(&found.handle).unwrap().as_ref(), Some(peer));
    }
}

#[test]
fn the_start_names_the_contact_that_the_intent_names() {
    let mut store = MemoryStore::new();
    store.remember(&1.into(), &Handle::phone("+8613800138000")).unwrap();
    let journal = Journal::at_launch(store, true, |_| 0.into(), at(1)).unwrap();
    let kind = PersonHandleType::PhoneNumber;
    let handle = PersonHandle { kind, value: Some("+86 138 0013 8000".into()) };
    let contact = Some("1A2B:ABPerson".to_owned());
    let people = vec![Person { handle, contact: contact.clone() }];
    let request = StartCallRequest::Call(people, CallCapability::VideoCall);
    let (call, to) = (9.into(), Handle::phone("+8613800138000"));
    let intent = Some(StartCallIntent::Call);
    let wish = Wish::Start { call, to, contact, video: true, intent };
    assert_eq!(journal.redial(&request, 9.into()).unwrap(), wish);
}

#[test]
fn who_cannot_be_called_is_told_to_the_user_and_nobody_is_called() {
    use PersonHandleType::{PhoneNumber, Unknown};
    let mut store = MemoryStore::new();
    store.remember(&1.into(), &Handle::generic("one")).unwrap();
    let said = |request: StartCallRequest| request.redial(&store).unwrap_err().to_string();
    let stranger = said(StartCallRequest::Audio(person(PhoneNumber, "+1 555")));
    assert_eq!(stranger, "+1 555 is nobody that this account knows; say so to the user");
    let nobody = "nobody to call: the contact has no number or account; ask the user to choose one";
    assert_eq!(said(StartCallRequest::Video(Vec::new())), nobody);
    let by_name = vec![PersonHandle { kind: Unknown, value: None }.into()];
    assert_eq!(said(StartCallRequest::Call(by_name, CallCapability::AudioCall)), nobody);
    assert_eq!(said(StartCallRequest::Audio(person(Unknown, ""))), nobody);
    let two = [person(Unknown, "one"), person(Unknown, "two")].concat();
    let several = said(StartCallRequest::Audio(two));
    assert_eq!(
        several,
        "2 people to call, a call has one handle; let the user start the group in the app"
    );

    store.set_locked(true);
    let locked = StartCallRequest::Audio(person(Unknown, "one")).redial(&store);
    assert!(matches!(locked, Err(CannotRedial::Store(StoreError::Locked))));
}
