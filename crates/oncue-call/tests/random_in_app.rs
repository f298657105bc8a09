//! Random stories of calls without a call system, on a phone that grants, refuses, interrupts and loses its media services as
//! it likes.
//!
//! Independent: the phone keeps its own books (what rings, what is live, what was accepted, whether the session is active, what
//! runs, what is muted), and the guard judges by its own rules. What is asked of the calls: no finding of the guard; audio runs
//! in an active session only; a user who is muted is not heard, and one who is not is; what rings stops ringing, what is
//! answered is accepted once, and no call is lost or ended twice; with the last call the session is given back.
//!
//! `ONCUE_CALL_CASES` sets how many stories are told (1000), each of up to 120 events.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;

use oncue_call::{
    AppCall, CallState, Handle, InApp, Input, Message, Other, Output, Settings, Signal, Stage, Wish,
};
use oncue_session::{
    CallCategory, Directions, EndedReason, Entry, Event, Id, Owner, Permission, PlayAndRecord,
    Policy, Refusal, StartCallIntent,
};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens next. What cannot happen as things stand does not.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Invites(u64, bool),
    Calls(u64, bool, Option<StartCallIntent>),
    Answers(u64),
    Ends(u64),
    PeerAnswers(u64),
    PeerEnds(u64, EndedReason),
    Mutes(u64, bool),
    Holds(u64),
    Speaker(bool),
    /// The oldest call of the session's methods returns, with success or not.
    Returns(bool),
    Interrupts,
    InterruptionEnds(bool),
    MediaLost,
    MediaReset,
    Foreground(bool),
    Waits(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    use Happens::*;
    let call = || 0..8_u64;
    let intent = prop::option::of(prop::sample::select(StartCallIntent::ALL));
    prop_oneof![
        6 => (call(), any::<bool>()).prop_map(|(call, video)| Invites(call, video)),
        3 => (8..16_u64, any::<bool>(), intent).prop_map(|(call, video, by)| Calls(call, video, by)),
        6 => call().prop_map(Answers),
        3 => (0..16_u64).prop_map(Ends),
        4 => (8..16_u64).prop_map(PeerAnswers),
        3 => (0..16_u64, prop::sample::select(EndedReason::ALL)).prop_map(|(call, why)| PeerEnds(call, why)),
        3 => (0..16_u64, any::<bool>()).prop_map(|(call, muted)| Mutes(call, muted)),
        1 => call().prop_map(Holds),
        2 => any::<bool>().prop_map(Speaker),
        24 => prop::bool::weighted(0.9).prop_map(Returns),
        2 => Just(Interrupts),
        3 => any::<bool>().prop_map(InterruptionEnds),
        1 => Just(MediaLost),
        2 => Just(MediaReset),
        2 => prop::bool::weighted(0.7).prop_map(Foreground),
        3 => prop::sample::select(&[1, 500, 8000, 25_000][..]).prop_map(Waits),
    ]
}

/// What the app is waiting for, from a method of the session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Called {
    SetCategory,
    Activate,
    Start,
}

/// The phone, and the books that are kept of what the calls do.
struct Phone {
    calls: InApp,
    watched: Arc<Mutex<story::Watched>>,
    now: Duration,
    called: VecDeque<Called>,
    active: bool,
    interrupted: bool,
    media_lost: bool,
    runs: Option<Directions>,
    /// What is captured is muted.
    muted: bool,
    rings: HashSet<AppCall>,
    video: HashMap<AppCall, bool>,
    accepted: HashMap<AppCall, u32>,
    ended: HashSet<Id>,
    foreground: bool,
}

impl Phone {
    fn new() -> Self {
        let mut policy = Policy::apple();
        policy.owner = Owner::App;
        let watched = Arc::new(Mutex::new(story::Watched::new(policy)));
        let see = |event| watched.lock().unwrap().see(&Entry::new(Duration::ZERO, event));
        see(Event::Launch {});
        see(Event::PermissionIs { permission: Permission::Granted });
        see(Event::LaunchFinished {});
        let mut settings = Settings::default();
        settings.ring = Some(Duration::from_secs(20));
        let mut numbers = 0;
        let mut calls = InApp::new(settings, move || {
            numbers += 1;
            Id::new(numbers)
        });
        let told = watched.clone();
        calls.set_log(move |entry| told.lock().unwrap().see(entry));
        let mut phone = Self {
            calls,
            watched,
            now: Duration::ZERO,
            called: VecDeque::new(),
            active: false,
            interrupted: false,
            media_lost: false,
            runs: None,
            muted: false,
            rings: HashSet::new(),
            video: HashMap::new(),
            accepted: HashMap::new(),
            ended: HashSet::new(),
            foreground: false,
        };
        phone.happens(Happens::Foreground(true));
        phone
    }

    fn tell(&mut self, input: Input) {
        self.calls.handle(self.now, input);
        while let Some(output) = self.calls.poll_output() {
            self.does(output);
        }
        while let Some(change) = self.calls.poll_change() {
            if change.has_ended() {
                assert!(self.ended.insert(change.id), "{} ended twice", change.id);
            } else {
                assert!(!self.ended.contains(&change.id), "{} lives after its end", change.id);
            }
        }
        self.check();
    }

    fn does(&mut self, output: Output) {
        match output {
            Output::RingInApp { call, video, .. } => {
                self.video.insert(call.clone(), video);
                assert!(self.rings.insert(call), "it rings already");
            }
            Output::Send { call, message: Message::Dial { video, .. }, .. } => {
                self.video.insert(call, video);
            }
            Output::StopRinging { call } => {
                assert!(self.rings.remove(&call), "{call} does not ring");
            }
            Output::Send { call, message: Message::Accept, .. } => {
                *self.accepted.entry(call).or_default() += 1;
            }
            Output::SetCategory(configuration) => {
                let live = self.live().and_then(|call| call.app).expect("a call that needs it");
                let video = configuration == PlayAndRecord::video_chat().configuration();
                assert_eq!(video, self.video[&live], "{configuration:?}");
                self.called.push_back(Called::SetCategory);
            }
            Output::SetActive(true) => self.called.push_back(Called::Activate),
            Output::SetActive(false) => {
                assert!(self.runs.is_none(), "input/output runs while the session is given back");
                self.active = false;
            }
            Output::StartAudio { directions, .. } => {
                assert!(self.active, "hardware starts in a session that is not active");
                // What starts is not muted.
                (self.runs, self.muted) = (Some(directions), false);
                self.called.push_back(Called::Start);
            }
            Output::StopAudio { .. } => self.runs = None,
            Output::ApplyMute { muted } => self.muted = muted,
            _ => {}
        }
    }

    /// A method of the session's returns.
    fn returns(&mut self, granted: bool) {
        let Some(called) = self.called.pop_front() else { return };
        let lost = if self.media_lost { Err(Refusal::session(b"msrv")) } else { Ok(()) };
        let result = if granted { lost } else { lost.and(Err(Refusal::session(b"!pri"))) };
        match called {
            Called::SetCategory => self.tell(Input::CategorySet(result)),
            Called::Activate => {
                self.active |= result.is_ok();
                self.tell(Input::ActiveSet(result));
            }
            // Only the last start can have failed.
            Called::Start if self.runs.is_some() && !self.called.contains(&Called::Start) => {
                if !granted {
                    self.runs = None;
                }
                let refused = Err(Refusal::unit(-66_637));
                self.tell(Input::AudioStarted(if granted { Ok(()) } else { refused }));
            }
            Called::Start => self.tell(Input::AudioStarted(Ok(()))),
        }
    }

    /// What was called has returned before the system does anything of its own.
    fn all_returns(&mut self) {
        while !self.called.is_empty() {
            self.returns(true);
        }
    }

    fn happens(&mut self, happens: Happens) {
        use Happens as H;
        match happens {
            H::Invites(call, video) => {
                let (call, from, name) = (call.into(), Handle::generic("alice"), None);
                self.tell(Input::Signal(Signal::Invite { call, from, name, video }));
            }
            H::Calls(call, video, intent) => {
                let (call, to) = (call.into(), Handle::generic("bob"));
                // The system opens the app for what it hands over.
                if intent.is_some() {
                    self.happens(H::Foreground(true));
                }
                self.tell(Input::Wish(Wish::Start { call, to, contact: None, video, intent }));
            }
            H::Answers(call) => {
                self.tell(Input::Wish(Wish::Answer { call: call.into(), other: Other::End }));
            }
            H::Ends(call) => self.tell(Input::Wish(Wish::End { call: call.into() })),
            H::PeerAnswers(call) => {
                self.tell(Input::Signal(Signal::Answered { call: call.into() }));
            }
            H::PeerEnds(call, reason) => {
                self.tell(Input::Signal(Signal::Ended { call: call.into(), reason }));
            }
            H::Mutes(call, muted) => {
                self.tell(Input::Wish(Wish::Mute { call: call.into(), muted }));
            }
            H::Holds(call) => {
                self.tell(Input::Wish(Wish::Hold { call: call.into(), on_hold: true }));
            }
            H::Speaker(on) => self.tell(Input::Wish(Wish::Speaker { on })),
            H::Returns(granted) => self.returns(granted),
            H::Interrupts => {
                self.all_returns();
                if self.active && !self.media_lost {
                    (self.active, self.interrupted) = (false, true);
                    self.tell(Input::InterruptionBegan(None));
                }
            }
            H::InterruptionEnds(should_resume) => {
                if std::mem::take(&mut self.interrupted) {
                    self.tell(Input::InterruptionEnded { should_resume });
                }
            }
            H::MediaLost => {
                self.all_returns();
                if !std::mem::replace(&mut self.media_lost, true) {
                    (self.active, self.interrupted) = (false, false);
                    self.tell(Input::MediaServicesLost);
                }
            }
            H::MediaReset => {
                if std::mem::take(&mut self.media_lost) {
                    self.tell(Input::MediaServicesReset);
                }
            }
            H::Foreground(foreground) => {
                self.foreground = foreground;
                self.tell(Input::Foreground(foreground));
            }
            H::Waits(ms) => {
                // The session's methods return within a while.
                if ms >= 500 {
                    self.all_returns();
                }
                let end = self.now + Duration::from_millis(ms);
                while let Some(due) = self.calls.poll_timeout().filter(|&due| due <= end) {
                    self.now = self.now.max(due);
                    self.tell(Input::Time);
                }
                self.now = end;
                self.tell(Input::Time);
            }
        }
    }

    fn live(&self) -> Option<CallState> {
        let mut live = self.calls.calls().filter(|call| call.stage != Stage::Ringing);
        let first = live.next();
        assert!(live.next().is_none(), "two calls are live");
        first
    }

    fn check(&self) {
        let found = std::mem::take(&mut self.watched.lock().unwrap().found);
        if !found.is_empty() {
            for entry in &self.watched.lock().unwrap().trace {
                eprintln!("{:>8} {:?}", entry.at.as_millis(), entry.event);
            }
        }
        assert!(found.is_empty(), "the guard finds {found:#?}");
        let ringing: HashSet<_> =
            self.calls.calls().filter(|it| it.stage == Stage::Ringing).collect();
        assert_eq!(self.rings, ringing.into_iter().filter_map(|it| it.app).collect::<HashSet<_>>());
        assert!(self.accepted.values().all(|&times| times == 1), "{:?}", self.accepted);
        assert!(self.runs.is_none() || self.active, "input/output outlives its activation");
        match self.live() {
            Some(call) if self.runs == Some(Directions::Duplex) => {
                assert_eq!(
                    self.muted, call.muted,
                    "{} is heard otherwise than its user wishes",
                    call.id
                );
            }
            Some(_) => {}
            None => assert!(self.runs.is_none(), "input/output outlives the last call"),
        }
    }

    /// Everything comes to its end: nothing is lost on the way.
    fn finish(mut self) {
        self.happens(Happens::MediaReset);
        self.happens(Happens::InterruptionEnds(true));
        self.happens(Happens::Foreground(true));
        self.all_returns();
        if let Some(call) = self.live() {
            assert!(self.active, "the session of {} is not active", call.id);
            let connected = call.stage == Stage::Connected;
            assert_eq!(self.runs.is_some_and(|it| it == Directions::Duplex), connected);
            assert!(self.accepted.contains_key(&call.app.unwrap()) || call.outgoing);
        }
        for call in self.calls.calls().filter_map(|call| call.app).collect::<Vec<_>>() {
            self.tell(Input::Wish(Wish::End { call }));
        }
        self.all_returns();
        self.happens(Happens::Waits(60_000));
        assert_eq!(self.calls.calls().count(), 0, "a call is left");
        assert!(!self.active, "nobody needs the session, and it was not given back");
    }
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("ONCUE_CALL_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn calls_in_the_app_keep_the_order(story in prop::collection::vec(happens(), 1..120)) {
        let mut phone = Phone::new();
        story.into_iter().for_each(|it| phone.happens(it));
        phone.finish();
    }
}
