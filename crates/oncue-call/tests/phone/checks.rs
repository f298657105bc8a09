//! What is asked of the centre: after each event, where the story comes to rest, and at its end.

use super::{Happens, Phone};
use oncue_call::*;
use oncue_session::{Directions, EndedReason, EventKind, Finding, Owner, Rule};
use oncue_trace::{Header, Line};

impl Phone {
    /// Findings that lie with the phone: it gave an action up that was still open.
    fn is_the_phones(finding: &Finding) -> bool {
        finding.event.is_some_and(|event| {
            finding.rule == Rule::ActionInTime
                || finding.rule == Rule::LckAllActionsInOneHandler && event == EventKind::TimedOut
        })
    }

    pub(crate) fn check(&self) {
        let found: Vec<_> =
            self.player.found().into_iter().filter(|it| !Self::is_the_phones(it)).collect();
        assert!(found.is_empty(), "the guard finds {found:#?}\n{}", self.story());
        // Who is muted is not heard, and who is not is, by each that is not held.
        let heard = |call: &CallState| {
            let live = matches!(call.stage, Stage::Connecting | Stage::Connected);
            call.app.is_some() && live && !call.on_hold
        };
        let calls: Vec<_> = self.player.centre.calls().into_iter().filter(heard).collect();
        if self.runs == Some(Directions::Duplex) && !calls.is_empty() {
            let muted = calls.iter().all(|call| call.muted);
            assert_eq!(self.muted, muted, "of {calls:?}\n{}", self.story());
        }
    }

    /// Where nothing is under way any more: a call that is connected and not held has audio in both directions, or its user
    /// was warned that there is none, and each far end knows whether it is held.
    fn check_that_calls_are_heard(&self) {
        let calls = self.player.centre.calls();
        let on_the_line = |call: &&CallState| {
            call.app.is_some() && call.stage == Stage::Connected && !call.on_hold
        };
        let heard: Vec<_> = calls.iter().filter(on_the_line).collect();
        for call in calls.iter().filter(|call| call.app.is_some()) {
            assert!(self.far_ends.knows(call), "{call:?}\n{}", self.story());
        }
        let runs = self.runs == Some(Directions::Duplex);
        assert!(runs || self.warned || heard.is_empty(), "silence for {heard:?}\n{}", self.story());
    }

    /// What happened up to now, as a trace.
    pub(super) fn story(&self) -> String {
        let owner = if self.own { Owner::App } else { Owner::System };
        let header = Header { owner: Some(owner), ..Header::default() };
        let watched = self.player.watched.lock().unwrap();
        let lines = watched.trace.iter().map(|&entry| Line::from(entry).to_string());
        std::iter::once(header.to_string()).chain(lines).collect::<Vec<_>>().join("\n")
    }

    /// Whether anything is left that the phone is to answer or to do.
    fn is_asked(&self) -> bool {
        let activates = if self.own { self.activations > 0 } else { self.activation_due };
        let waits = self.categories + self.starts > 0 || activates;
        waits || !(self.reports.is_empty() && self.requests.is_empty() && self.taken.is_empty())
    }

    /// Everything comes to its end: nothing is lost on the way.
    pub(crate) fn finish(mut self) {
        self.happens(Happens::MediaReset);
        self.happens(Happens::Signalling(true));
        let settle = |phone: &mut Self| {
            let mut rounds = 0..1000;
            while phone.is_asked() {
                assert!(rounds.next().is_some(), "it does not come to rest\n{}", phone.story());
                phone.happens(Happens::Reports(None));
                phone.happens(Happens::Takes(true));
                phone.happens(Happens::Performs);
                phone.happens(Happens::CategorySet(true));
                phone.happens(Happens::AudioStarted(true));
                phone.happens(Happens::Activates);
                phone.check();
            }
        };
        settle(&mut self);
        // The end of an interruption need not be told.
        if self.numbers.is_multiple_of(2) {
            self.happens(Happens::InterruptionEnds);
        }
        self.happens(Happens::Foreground(true));
        // A request may wait for its provider, a call for its activation, one that was taken back for its attempt.
        for _ in 0..3 {
            self.happens(Happens::Waits(10_000));
            settle(&mut self);
        }
        self.check_that_calls_are_heard();
        for call in self.centre().calls().filter_map(|call| call.app).collect::<Vec<_>>() {
            self.tell(Input::Signal(Signal::Ended { call, reason: EndedReason::RemoteEnded }));
        }
        settle(&mut self);
        self.happens(Happens::Deactivates);
        self.happens(Happens::Waits(60_000));
        for call in std::mem::take(&mut self.hang_ups) {
            self.tell(Input::Signal(Signal::EndSent { call }));
        }
        settle(&mut self);
        self.check();
        let story = self.story();
        let left: Vec<_> = self.centre().calls().filter(|call| call.app.is_some()).collect();
        assert!(left.is_empty(), "{left:?} are left\n{story}");
        assert_eq!(self.begun, self.ended, "a call was lost\n{story}");
        assert!(self.performing.is_empty(), "never completed: {:?}\n{story}", self.performing);
        assert!(!self.background_task, "it never ends\n{story}");
        assert!(self.pushes.is_empty(), "never completed: {:?}\n{story}", self.pushes);
        assert!(self.runs.is_none(), "it runs for nobody\n{story}");
        assert!(self.calls.is_empty(), "left on the phone: {:?}\n{story}", self.calls);
    }
}
