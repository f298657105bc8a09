//! What app and system did, line by line as it happens, and what of it broke the order.

use oncue_session::{State, Violation};
use serde::Serialize;
use std::{fmt::Display, time::Instant};

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
    attempted: &'static str,
    state: &'static str,
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

    /// The app broke a rule. Every rule is told once.
    pub(crate) fn violation(&mut self, violation: &Violation) {
        let rule = violation.rule.id();
        if self.broken.iter().any(|broken| broken.rule == rule) {
            return;
        }
        if self.aloud {
            println!("             violation: {}", violation.rule.wrong());
            println!("               {}", violation.rule.first());
            println!("               {}", violation.rule.otherwise());
        }
        self.broken.push(Broken {
            rule,
            message: violation.to_string(),
            attempted: violation.attempted.name(),
            state: violation.state.name(),
        });
    }

    /// The rule whose breach explains what followed: the first.
    pub(crate) fn root_cause(&self) -> Option<&'static str> {
        self.broken.first().map(|broken| broken.rule)
    }

    fn tell(&mut self, who: &'static str, what: impl Display, state: State) {
        let (what, state) = (what.to_string(), state.name());
        let at = self.start.elapsed();
        if self.aloud {
            println!("  {:>7.3} s  {who:<7} {what:<48} {state}", at.as_secs_f64());
        }
        self.lines.push(Line { at_ms: at.as_secs_f64() * 1e3, who, what, state });
    }
}
