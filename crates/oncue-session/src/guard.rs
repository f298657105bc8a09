//! The order for apps that types cannot reach (Swift, C, event loops), with every rule and several calls: an app tells
//! the guard what it is about to do and what it is told, and hears which rules that breaks.
//!
//! It knows no platform and no clock; time comes with the events.

mod course;

use crate::facts::Facts;
use crate::watch::{Wake, Watch};
use crate::{Level, Policy, Rule, StartPermit, State};
use alloc::vec::Vec;
use core::time::Duration;
use oncue_platform::{Event, EventKind, Id, Party, Refusal, Thread};

/// An event with its circumstances: a line of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// When, since any fixed moment; before the entry that it follows it counts as that one's.
    pub at: Duration,
    /// Who does it.
    pub by: Party,
    /// On which thread, if that is known.
    pub thread: Option<Thread>,
    /// The event.
    pub event: Event,
}

impl Entry {
    /// An event of the party that it usually comes from, on an unknown thread.
    pub const fn new(at: Duration, event: Event) -> Self {
        Self { at, by: event.kind().parties()[0], thread: None, event }
    }

    /// The same by another party.
    #[must_use]
    pub const fn by(self, by: Party) -> Self {
        Self { by, ..self }
    }

    /// The same on a thread.
    #[must_use]
    pub const fn on(self, thread: Thread) -> Self {
        Self { thread: Some(thread), ..self }
    }
}

/// A rule was broken, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}; {}", rule.wrong(), rule.first(), rule.otherwise())]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What the policy takes it for.
    pub level: Level,
    /// When; for a deadline, when it was over.
    pub at: Duration,
    /// For a deadline, since when the guard waited.
    pub since: Option<Duration>,
    /// The event that decided it; none for a deadline.
    pub event: Option<EventKind>,
    /// The state of the session before the event, where just one is possible.
    pub state: Option<State>,
    /// The call, where it is about one.
    pub call: Option<Id>,
    /// The rule whose breach it follows from; none for a root cause.
    pub because_of: Option<Rule>,
}

/// A guard's clock stands here, so that looks can add their waits to any time.
const LATEST: Duration = Duration::from_secs(u64::MAX / 2);

/// How many root causes are kept in mind.
const ROOTS: usize = 16;

/// Follows the calls of an app and its one session.
///
/// ```
/// use oncue_session::{ActionKind, Category, Entry, Event, Guard, Id, Policy, Rule};
/// use std::time::Duration;
///
/// let mut guard = Guard::new(Policy::apple());
/// let (call, action) = (Id::named("A"), Id::named("answer"));
/// let mut now = |ms, event| {
///     let entry = Entry::new(Duration::from_millis(ms), event);
///     guard.observe(&entry).first().map(|finding| finding.rule)
/// };
/// now(0, Event::ReportIncoming { call, video: None });
/// now(10, Event::ReportSucceeded { call });
/// now(900, Event::Perform { action, kind: ActionKind::Answer, call, transaction: None, timeout_ms: None });
/// assert_eq!(now(901, Event::Fulfill { action }), Some(Rule::CategoryBeforeActivation));
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    pub(crate) facts: Facts,
    watch: Watch,
    now: Duration,
    roots: Vec<Rule>,
    findings: Vec<Finding>,
}

impl Guard {
    /// A guard that is told everything from the start of the process on.
    pub fn new(policy: Policy) -> Self {
        Self::with(policy, true)
    }

    /// A guard that comes into the middle of a story: it judges only what it is told.
    pub fn from_the_middle(policy: Policy) -> Self {
        Self::with(policy, false)
    }

    fn with(policy: Policy, whole: bool) -> Self {
        Self {
            facts: Facts::new(policy, whole),
            watch: Watch::new(),
            now: Duration::ZERO,
            roots: Vec::with_capacity(ROOTS),
            findings: Vec::with_capacity(ROOTS),
        }
    }

    /// The state of the session, where just one is possible.
    pub fn state(&self) -> Option<State> {
        self.facts.session.states.single()
    }

    /// What it holds the app to.
    pub const fn policy(&self) -> &Policy {
        &self.facts.policy
    }

    /// The rules whose breach explains what is going wrong now, the oldest first.
    pub fn root_causes(&self) -> &[Rule] {
        &self.roots
    }

    /// The rule that is most likely behind a refusal: a root cause that the system answers so, itself or what follows
    /// from it, or else any rule that it does, if there is just one.
    pub fn behind(&self, refusal: Refusal) -> Option<Rule> {
        let is_behind = |root: Rule| {
            answers(root, refusal)
                || Rule::all().any(|rule| answers(rule, refusal) && leads_to(root, rule))
        };
        self.roots.iter().rev().copied().find(|&root| is_behind(root)).or_else(|| {
            let mut rules = Rule::all().filter(|&rule| answers(rule, refusal));
            let first = rules.next();
            first.filter(|_| rules.next().is_none())
        })
    }

    /// The app is about to do this: it goes on only where no rule denies it. What it breaks, after what the time since
    /// the last event broke.
    ///
    /// # Errors
    /// The same, where a rule denies the event; the guard then takes it as not done.
    pub fn attempt(&mut self, entry: &Entry) -> Result<&[Finding], &[Finding]> {
        self.expire(entry.at);
        if self.take(entry, true) { Ok(&self.findings) } else { Err(&self.findings) }
    }

    /// As [`attempt`](Self::attempt) with an event that starts input/output, for the permit that an
    /// [`Engine`](crate::Engine) needs.
    ///
    /// # Errors
    /// What it breaks; no permit is given.
    pub fn attempt_start(&mut self, entry: &Entry) -> Result<StartPermit, &[Finding]> {
        self.attempt(entry).map(|_| StartPermit::granted())
    }

    /// This happened, in order or not. What it breaks, after what the time since the last event broke; the guard then
    /// takes the session to be as the system has it.
    pub fn observe(&mut self, entry: &Entry) -> &[Finding] {
        self.expire(entry.at);
        self.take(entry, false);
        &self.findings
    }

    /// When [`on_timeout`](Self::on_timeout) is to be called if nothing happens before, and why.
    pub fn poll_timeout(&self) -> Option<Wake> {
        self.watch.next()
    }

    /// Time has passed. What was to happen before `now`, and did not.
    pub fn on_timeout(&mut self, now: Duration) -> &[Finding] {
        self.expire(now);
        &self.findings
    }

    #[inline]
    fn expire(&mut self, now: Duration) {
        self.findings.clear();
        if now > self.now {
            self.now = now.min(LATEST);
            if self.watch.is_over(self.now) {
                self.find_what_is_over();
            }
        }
    }

    #[cold]
    fn find_what_is_over(&mut self) {
        while let Some(wake) = self.watch.over(self.now) {
            let rule = Watch::broken(&wake, &self.facts);
            self.find(rule, wake.at, Some(wake.since), None, wake.about);
        }
    }

    fn find(
        &mut self,
        rule: Rule,
        at: Duration,
        since: Option<Duration>,
        event: Option<EventKind>,
        call: Option<Id>,
    ) {
        let level = self.facts.policy.level(rule);
        if level == Level::Allow {
            return;
        }
        let because_of =
            self.roots.iter().rev().copied().find(|&root| root == rule || leads_to(root, rule));
        if because_of.is_none() {
            if self.roots.len() == ROOTS {
                self.roots.remove(0);
            }
            self.roots.push(rule);
        }
        let state = self.facts.session.states.single();
        self.findings.push(Finding { rule, level, at, since, event, state, call, because_of });
    }

    /// Of the findings of one event, those that follow from another are its consequences.
    fn relate(&mut self, from: usize) {
        for place in from..self.findings.len() {
            let rule = self.findings[place].rule;
            let cause = self.findings[from..]
                .iter()
                .map(|other| other.rule)
                .find(|&other| leads_to(other, rule));
            if let Some(cause) = cause.filter(|_| self.findings[place].because_of.is_none()) {
                self.findings[place].because_of = Some(cause);
                self.roots.retain(|&root| root != rule);
            }
        }
        self.findings[from..].sort_by_key(|finding| finding.because_of.is_some());
    }
}

/// Whether the system answers a breach of `rule` with this refusal.
fn answers(rule: Rule, refusal: Refusal) -> bool {
    rule.declaration().codes.iter().any(|code| code.refusal == refusal)
}

/// Whether a breach of `rule` follows from one of `cause`, directly or by others.
pub(crate) fn leads_to(cause: Rule, rule: Rule) -> bool {
    cause.declaration().leads_to.iter().any(|&next| next == rule || leads_to(next, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consequences_have_an_end() {
        // `leads_to` would not return on a circle.
        for rule in Rule::all() {
            assert!(!leads_to(rule, rule), "{rule}");
        }
    }
}
