//! What app and system did, line by line as it happens, and what of it broke the order.

use oncue_session::{Event, Finding, Party, Rule, State, Step, SystemEvent};
use serde::Serialize;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// Since the start of the run, in ms.
    at_ms: f64,
    /// `app` or `system`.
    who: &'static str,
    /// The step or event, with its arguments.
    what: String,
    /// The session's state after it.
    state: &'static str,
}

/// The app broke a rule.
#[derive(Debug, Serialize)]
pub(crate) struct Broken {
    rule: &'static str,
    message: String,
    attempted: Option<&'static str>,
    state: Option<&'static str>,
}

/// The record of a run.
#[derive(Debug)]
pub(crate) struct Story {
    start: Instant,
    aloud: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) broken: Vec<Broken>,
}

impl Story {
    /// A story that is printed as it happens, if `aloud`.
    pub(crate) fn new(aloud: bool) -> Self {
        Self { start: Instant::now(), aloud, lines: Vec::new(), broken: Vec::new() }
    }

    /// The app took a step.
    pub(crate) fn app(&mut self, what: impl Display, state: State) {
        self.tell("app", what, state);
    }

    /// The system did something.
    pub(crate) fn system(&mut self, what: impl Display, state: State) {
        self.tell("system", what, state);
    }

    /// Something happened that a guard was told of.
    pub(crate) fn event(&mut self, event: &Event, state: Option<State>) {
        let system = event.kind().parties()[0] == Party::System;
        let what = match *event {
            Event::SetCategory { category, mode: Some(mode), .. } => {
                format!("{} {category:?}, {mode:?}", Step::Configure)
            }
            Event::Perform { .. } => SystemEvent::ActionPerformed.to_string(),
            Event::Fulfill { .. } => Step::Fulfill.to_string(),
            Event::AwaitActivation {} => Step::AwaitActivation.to_string(),
            Event::SetActive { active: true } => Step::Activate.to_string(),
            Event::SetActive { active: false } => Step::Deactivate.to_string(),
            Event::StartUnit { .. } => Step::Start.to_string(),
            Event::StopUnit { .. } => Step::Stop.to_string(),
            Event::DidActivate {} => SystemEvent::DidActivate.to_string(),
            ref other => other.kind().name().into(),
        };
        let state = state.map_or("one of several", State::name);
        self.line(if system { "system" } else { "app" }, what, state);
    }

    /// How long ago the run started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The app broke a rule. Every rule is told once.
    pub(crate) fn violation(&mut self, finding: &Finding) {
        let rule = finding.rule.id();
        if self.broken.iter().any(|broken| broken.rule == rule) {
            return;
        }
        if self.aloud {
            println!("             violation: {}", finding.rule.wrong());
            println!("               {}", finding.rule.first());
            println!("               {}", finding.rule.otherwise());
        }
        self.broken.push(Broken {
            rule,
            message: finding.to_string(),
            attempted: finding.event.map(|event| event.name()),
            state: finding.state.map(State::name),
        });
    }

    /// The rule whose breach explains what followed: the first.
    pub(crate) fn root_cause(&self) -> Option<Rule> {
        self.broken.first().and_then(|broken| Rule::by_id(broken.rule))
    }

    fn tell(&mut self, who: &'static str, what: impl Display, state: State) {
        self.line(who, what.to_string(), state.name());
    }

    fn line(&mut self, who: &'static str, what: String, state: &'static str) {
        let at = self.start.elapsed();
        if self.aloud {
            println!("  {:>7.3} s  {who:<7} {what:<48} {state}", at.as_secs_f64());
        }
        self.lines.push(Line { at_ms: at.as_secs_f64() * 1e3, who, what, state });
    }
}
