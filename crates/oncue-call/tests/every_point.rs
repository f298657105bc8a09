//! At every point of every story of the timelines, before, during and after every step: the far end ends a call, and an answer
//! and a hang-up of the user's cross that; the system gives an action up; the call system loses all calls. Then the phone brings
//! to its end what is under way.
//!
//! Independent: what is asked for is the same at every point, and is read from what the guard was told, not from the centre: the
//! guard finds nothing, the call is over, for the phone too, every action and every push is completed once, and no audio runs
//! after the last call.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;

use oncue_call::{AppCall, CallAction, Handle, Input, Performed, Signal};
use oncue_session::{ActionKind, EndedReason, Entry, Event, EventKind, Finding, Id, Refusal};
use std::collections::{HashMap, HashSet};
use std::fs;
use story::{Driven, Player, Story};

/// The phone's books, as they follow from what was told.
#[derive(Debug, Default)]
struct Books {
    /// The calls that the phone has.
    calls: HashSet<Id>,
    /// How often each was reported, and answered for.
    reports: HashMap<Id, i32>,
    requests: HashMap<Id, Vec<(ActionKind, Id)>>,
    /// Starts that were taken, and not performed.
    starts: HashSet<Id>,
    /// Actions that were performed, and not completed.
    open: HashMap<Id, (ActionKind, Id)>,
    completed: HashSet<Id>,
    pushes: HashSet<Id>,
    active: bool,
    runs: HashSet<Id>,
}

impl Books {
    fn of(player: &Player) -> Self {
        let mut books = Self::default();
        player.watched.lock().unwrap().trace.iter().for_each(|entry| books.enter(entry));
        books
    }

    fn enter(&mut self, entry: &Entry) {
        match entry.event {
            Event::Push { push, .. } => assert!(self.pushes.insert(push)),
            Event::CompletePush { push } => assert!(self.pushes.remove(&push), "{push} twice"),
            Event::ReportIncoming { call, .. } => *self.reports.entry(call).or_default() += 1,
            Event::ReportSucceeded { call } => {
                *self.reports.entry(call).or_default() -= 1;
                self.calls.insert(call);
            }
            Event::ReportRefused { call, .. } => *self.reports.entry(call).or_default() -= 1,
            Event::ReportEnded { call, .. } => {
                assert!(self.calls.remove(&call), "{call} ends, and the phone does not have it");
            }
            Event::Request { transaction, kind, call, .. } => {
                self.requests.entry(transaction).or_default().push((kind, call));
            }
            Event::RequestSucceeded { transaction } => {
                for (kind, call) in self.requests.remove(&transaction).into_iter().flatten() {
                    if kind == ActionKind::Start {
                        self.starts.insert(call);
                    }
                }
            }
            Event::RequestRefused { transaction, code } => {
                let asked = self.requests.remove(&transaction).unwrap_or_default();
                if let (4, [(_, call)]) = (code, asked.as_slice()) {
                    self.calls.remove(call);
                }
            }
            Event::Perform { action, kind, call, .. } => {
                assert_eq!(self.open.insert(action, (kind, call)), None);
                if kind == ActionKind::Start {
                    self.starts.remove(&call);
                    self.calls.insert(call);
                }
            }
            Event::Fulfill { action } => {
                let (kind, call) = self.complete(action);
                if kind == ActionKind::End {
                    self.calls.remove(&call);
                }
            }
            Event::Fail { action } => {
                let (kind, call) = self.complete(action);
                if kind == ActionKind::Start {
                    self.calls.remove(&call);
                }
            }
            // A call whose answer failed, or that timed out, is still to be reported as ended.
            Event::TimedOut { action, .. } => _ = self.complete(action),
            Event::ProviderReset {} => {
                let Self { pushes, runs, active, .. } = std::mem::take(self);
                *self = Self { pushes, runs, active, ..Self::default() };
            }
            Event::DidActivate {} => self.active = true,
            Event::DidDeactivate {} => self.active = false,
            Event::StartUnit { unit, .. } => _ = self.runs.insert(unit),
            Event::Refused { of: EventKind::StartUnit, unit: Some(unit), .. }
            | Event::StopUnit { unit }
            | Event::DisposeUnit { unit } => _ = self.runs.remove(&unit),
            _ => {}
        }
    }

    fn complete(&mut self, action: Id) -> (ActionKind, Id) {
        assert!(self.completed.insert(action), "{action} is completed twice");
        self.open.remove(&action).unwrap_or_else(|| panic!("{action} was not performed"))
    }
}

fn perform(player: &mut Player, id: &str, action: CallAction) {
    let (id, transaction, timeout) = (Id::named(id), None, None);
    player.tell(Input::Perform(Performed { id, action, transaction, timeout }));
}

/// The far end ends the call, and the user, who does not know it yet, answers it and hangs up on the system's screen.
fn end(player: &mut Player, app: &AppCall, call: Id, outgoing: bool) {
    let before = Books::of(player);
    let (app, reason) = (app.clone(), EndedReason::RemoteEnded);
    player.tell(Input::Signal(Signal::Ended { call: app, reason }));
    if before.calls.contains(&call) {
        if !outgoing {
            perform(player, "crossing-answer", CallAction::Answer { call });
        }
        perform(player, "crossing-end", CallAction::End { call });
    }
}

/// The phone brings to its end what is under way.
fn finish(player: &mut Player) {
    for (call, pending) in Books::of(player).reports {
        for _ in 0..pending {
            let known = Books::of(player).calls.contains(&call);
            let result = if known { Err(Refusal::incoming(2)) } else { Ok(()) };
            player.tell(Input::Reported { call, result });
        }
    }
    for (transaction, actions) in Books::of(player).requests {
        let starts = actions.iter().all(|(kind, _)| *kind == ActionKind::Start);
        let result = if starts { Ok(()) } else { Err(Refusal::transaction(4)) };
        player.tell(Input::Requested { transaction, result });
    }
    for call in Books::of(player).starts {
        let (handle, contact, video) = (Handle::generic("bob"), None, false);
        let start = CallAction::Start { call, handle, contact, video };
        perform(player, &format!("start-{call}"), start);
    }
    for _ in 0..4 {
        player.happens("category-set");
    }
    if Books::of(player).active {
        player.tell(Input::DidDeactivate);
    }
    player.wait(std::time::Duration::from_secs(60));
}

/// What holds wherever something came to its end.
fn check(player: &Player, point: &str) {
    // A deadline that passes for another call, which the phone leaves without an activation here, is the phone's, as is an
    // action that it gives up.
    let is_the_apps = |it: &Finding| it.event.is_some_and(|kind| kind != EventKind::TimedOut);
    let found: Vec<_> = player.found().into_iter().filter(is_the_apps).collect();
    assert!(found.is_empty(), "{point}: the guard finds {found:#?}");
    let books = Books::of(player);
    assert!(books.pushes.is_empty(), "{point}: never completed: {:?}", books.pushes);
    if player.centre.calls().iter().all(|call| call.app.is_none()) {
        assert!(books.runs.is_empty(), "{point}: audio runs for nobody");
    }
}

/// The call is over, for the phone too, and nothing of it is open.
fn is_over(player: &Player, call: Id, point: &str) {
    let calls = player.centre.calls();
    assert!(calls.iter().all(|left| left.id != call), "{point}: {call} goes on");
    let books = Books::of(player);
    assert!(!books.calls.contains(&call), "{point}: {call} goes on for the phone");
    let open: Vec<_> = books.open.values().filter(|(_, of)| *of == call).collect();
    assert!(open.is_empty(), "{point}: never completed: {open:?}");
}

/// The story up to this point. What the phone does wrong in it is the story's.
fn told(story: &Story<'_>, things: usize) -> Player {
    let player = story.told_until(things);
    player.found();
    player
}

/// Every point of every story, with its name.
fn at_every_point(mut at: impl FnMut(&Story<'_>, usize, &str)) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/timelines");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for story in story::stories(&text) {
            for told in 0..=story.length() {
                at(&story, told, &format!("{}: {}, after {told}", path.display(), story.title));
            }
        }
    }
}

#[test]
fn a_call_that_its_far_end_ends_is_over() {
    let mut ended = 0;
    at_every_point(|story, things, point| {
        for call in told(story, things).centre.calls() {
            let Some(app) = &call.app else { continue };
            let mut player = told(story, things);
            end(&mut player, app, call.id, call.outgoing);
            finish(&mut player);
            check(&player, point);
            is_over(&player, call.id, point);
            ended += 1;
        }
    });
    assert!(ended > 500, "{ended}");
}

#[test]
fn an_action_that_the_system_gives_up_is_not_completed_and_takes_an_answer_or_a_start_with_it() {
    let mut given_up = 0;
    at_every_point(|story, things, point| {
        for (action, (kind, call)) in Books::of(&told(story, things)).open {
            let mut player = told(story, things);
            player.tell(Input::TimedOut { action });
            finish(&mut player);
            check(&player, point);
            if matches!(kind, ActionKind::Answer | ActionKind::Start) {
                is_over(&player, call, point);
            }
            given_up += 1;
        }
    });
    assert!(given_up > 100, "{given_up}");
}

#[test]
fn a_reset_of_the_provider_ends_all_calls() {
    let mut resets = 0;
    at_every_point(|story, things, point| {
        let calls = told(story, things).centre.calls();
        let mut player = told(story, things);
        if let Driven::InApp(_) = player.centre {
            return;
        }
        player.tell(Input::ProviderReset);
        // What the system answers of before comes too late.
        finish(&mut player);
        check(&player, point);
        for call in calls.iter().filter(|call| call.app.is_some()) {
            is_over(&player, call.id, point);
        }
        resets += 1;
    });
    assert!(resets > 500, "{resets}");
}
