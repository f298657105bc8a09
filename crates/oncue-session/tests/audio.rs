//! What [`Audio`] does to the platform and the engine: in which order, what an error leaves, what an event stops, what
//! a drop releases.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::*;
use std::sync::{Arc, Mutex};

/// A phone and an engine that write down what they are told, and refuse what they are told to refuse.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<(Vec<String>, Option<Refusal>)>>);

impl Log {
    fn note(&self, what: impl Into<String>) -> Result<(), Refusal> {
        let mut log = self.0.lock().unwrap();
        log.0.push(what.into());
        log.1.take().map_or(Ok(()), Err)
    }

    fn refuse_next(&self, refusal: Refusal) {
        self.0.lock().unwrap().1 = Some(refusal);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    fn action<K: IsAction>(&self) -> Action<K> {
        let log = self.clone();
        Action::from_system(move |fulfilled| {
            let _ =
                log.note(format!("{} {}", K::KIND, if fulfilled { "fulfilled" } else { "failed" }));
        })
    }
}

impl Platform for Log {
    fn set_category(&mut self, configuration: Configuration) -> Result<(), Refusal> {
        self.note(format!("{:?} {:?}", configuration.category, configuration.mode))
    }

    fn set_active(&mut self, active: bool) -> Result<(), Refusal> {
        self.note(format!("active {active}"))
    }

    fn override_output(&mut self, port: OutputPort) -> Result<(), Refusal> {
        self.note(format!("{port:?}"))
    }
}

impl Engine for Log {
    type Error = Refusal;

    fn prepare(&mut self) -> Result<(), Refusal> {
        self.note("prepare")
    }

    fn start(
        &mut self,
        _: StartPermit,
        directions: Directions,
    ) -> Result<Box<dyn RunningIo>, Refusal> {
        self.note(format!("start {directions:?}"))?;
        Ok(Box::new(self.clone()))
    }
}

impl RunningIo for Log {
    fn stop(&mut self) {
        let _ = self.note("stop");
    }
}

fn answered(log: &Log) -> Audio<owner::System> {
    let mut audio = Audio::under_system(log.clone());
    let session = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    let _ = session.fulfill(log.action::<action::Answer>()).unwrap();
    audio
}

fn running(log: &Log) -> Audio<owner::System> {
    let mut audio = answered(log);
    let _ = audio.did_activate(Activation::from_system()).unwrap().start(&mut log.clone()).unwrap();
    log.take();
    audio
}

#[test]
fn an_answered_call_takes_its_steps_in_order() {
    let log = Log::default();
    let mut audio = answered(&log);
    let session = audio.did_activate(Activation::from_system()).unwrap();
    let session = session
        .override_output(OutputPort::Speaker)
        .unwrap()
        .start_playback(&mut log.clone())
        .unwrap();
    let session = session.start(&mut log.clone()).unwrap().stop().unwrap();
    let _ = session.end_call(log.action()).unwrap();
    assert_eq!(
        log.take(),
        [
            "PlayAndRecord VoiceChat",
            "answer fulfilled",
            "Speaker",
            "start Playback",
            "start Duplex",
            "stop",
            "end fulfilled"
        ]
    );
    assert!(matches!(audio.did_deactivate(), AnySession::Configured(_)));
}

#[test]
fn a_refusal_leaves_the_session_where_it_was() {
    let log = Log::default();
    let mut audio = Audio::owned_by_app(log.clone());
    let _ = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    log.refuse_next(Refusal::INSUFFICIENT_PRIORITY);
    let error = audio.expect::<Configured>().unwrap().activate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Activate in state Configured: the audio session refused with 561017449 ('!pri', InsufficientPriority: something of higher priority, such as the call system or another app's call, controls the session)"
    );
    assert_eq!(audio.state(), State::Configured);

    let _ = audio.expect::<Configured>().unwrap().activate().unwrap();
    log.refuse_next(Refusal::MEDIA_SERVICES_FAILED);
    let error = audio.expect::<Active>().unwrap().start(&mut log.clone()).unwrap_err();
    assert!(
        matches!(error, SessionError::Engine { step: Step::Start, state: State::Active, .. }),
        "{error}"
    );
    assert_eq!(audio.state(), State::Active);
}

#[test]
fn every_event_that_takes_the_session_away_stops_what_runs() {
    type OnEvent = fn(&mut Audio<owner::System>);
    let events: [(State, OnEvent); 5] = [
        (State::Configured, |audio| _ = audio.did_deactivate()),
        (State::Configured, |audio| _ = audio.provider_did_reset()),
        (State::Interrupted, |audio| _ = audio.interruption_began()),
        (State::MediaLost, |audio| _ = audio.media_services_were_lost()),
        (State::Fresh, |audio| _ = audio.media_services_were_reset()),
    ];
    for (state, event) in events {
        let log = Log::default();
        let mut audio = running(&log);
        event(&mut audio);
        assert_eq!((audio.state(), log.take()), (state, vec!["stop".to_owned()]));
        event(&mut audio);
        assert_eq!(log.take(), [""; 0], "{state:?}: nothing is stopped twice");
    }
}

#[test]
fn a_doubled_activation_says_so_and_leaves_what_runs_alone() {
    let log = Log::default();
    let mut audio = running(&log);
    let doubled = audio.did_activate(Activation::from_system()).unwrap_err();
    assert_eq!(
        doubled.to_string(),
        "the session is Running, expected Active; match on `audio.session()` to act on every state"
    );
    assert_eq!((audio.state(), log.take()), (State::Running, vec![]));
}

#[test]
fn starting_again_does_not_touch_what_runs() {
    let log = Log::default();
    let mut audio = running(&log);
    let session = audio.expect::<Running>().unwrap().start(&mut log.clone()).unwrap();
    let _ = session.start_playback(&mut log.clone()).unwrap();
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(audio.state(), State::Running);
}

#[test]
fn a_dropped_action_fails_itself() {
    let log = Log::default();
    drop(log.action::<action::Answer>());
    log.action::<action::Start>().fail();
    assert_eq!(log.take(), ["answer failed", "start failed"]);
}

#[test]
fn a_dropped_session_stops_then_releases_what_is_its_own() {
    let log = Log::default();
    drop(running(&log));
    assert_eq!(log.take(), ["stop"], "the call system releases its own");

    let mut audio = Audio::owned_by_app(log.clone());
    let session = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    let _ = session.activate().unwrap().start(&mut log.clone()).unwrap();
    log.take();
    drop(audio);
    assert_eq!(log.take(), ["stop", "active false"]);

    drop(Audio::owned_by_app(log.clone()));
    assert_eq!(log.take(), [""; 0], "nothing was activated");
}

#[test]
fn a_view_of_another_state_is_an_error_that_names_both() {
    let log = Log::default();
    let mut audio = running(&log);
    let error = audio.expect::<Fresh>().unwrap_err();
    assert!(matches!(
        error,
        SessionError::Unexpected { expected: State::Fresh, got: State::Running }
    ));
}
