//! What an event goes through: which rules it breaks by the facts before it, and what is learnt from it.
//!
//! It is compiled apart for each kind of event, so that looks and parts of the facts are called directly, and what the
//! kind does not concern is not there at all: an event costs a third of what it does in one path for all kinds.

use super::{Entry, Guard};
use crate::facts::{Move, Seen, learners};
use crate::looks::{MOST, look};
use crate::machine::FIRST_BROKEN;
use crate::{Level, Rule, State};
use oncue_platform::{Event, EventKind};

/// The course of an event: of a guard, an event, and whether it is given up where a rule denies it, to whether it was
/// taken.
type Course = fn(&mut Guard, &Entry, bool) -> bool;

macro_rules! courses {
    ($($kind:ident)+) => { [$(Guard::course::<{ EventKind::$kind as usize }>),+] };
}

/// The course of each kind of event.
static COURSES: [Course; EventKind::ALL.len()] = oncue_platform::each_event_kind!(courses);

/// The numbers of looks: a loop would call them by their addresses.
macro_rules! each_look {
    ($do:ident: $($number:literal)+) => {
        const { assert!(MOST <= [$($number),+].len(), "a kind has more looks than are called") };
        $($do!($number);)+
    };
}

impl Guard {
    /// Takes an event, or gives it up where a rule denies it and the app `asks`. Whether it was taken.
    pub(super) fn take(&mut self, entry: &Entry, asks: bool) -> bool {
        COURSES[entry.event.kind() as usize](self, entry, asks)
    }

    fn course<const KIND: usize>(&mut self, entry: &Entry, asks: bool) -> bool {
        // It is, by the table above; from here on the compiler knows it too.
        assert!(entry.event.kind() as usize == KIND, "an event goes its own course");
        let learners = const { learners(KIND) };
        let seen = self.facts.see(self.now, entry.by, entry.thread, &entry.event);
        let step = self.facts.move_of(&seen, learners);
        let from = self.findings.len();
        macro_rules! ask {
            ($number:literal) => {
                if let Some(look) = const { look(KIND, $number) }
                    && (look.broken)(&self.facts, &seen)
                {
                    self.breaks(look.rule, &seen);
                }
            };
        }
        each_look!(ask: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23);
        if let Some(rule) = self.out_of_order(step) {
            self.breaks(rule, &seen);
        }
        if self.findings.len() > from {
            self.relate(from);
            if asks && self.is_denied(from) {
                return false;
            }
        }
        self.learn(&seen, step, learners);
        true
    }

    /// What the table says of the event: the rule that it breaks in every state that is possible.
    #[inline(always)]
    fn out_of_order(&self, step: Move) -> Option<Rule> {
        let (Move::Step(step) | Move::Ask(step)) = step else { return None };
        let broken = |state: State| {
            FIRST_BROKEN[self.facts.policy.owner as usize][step as usize][state as usize]
        };
        match self.facts.session.states.single() {
            Some(state) => broken(state),
            None => {
                let mut rules = self.facts.session.states.iter().map(broken);
                let first = rules.next()??;
                rules.all(|rule| rule.is_some()).then_some(first)
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn breaks(&mut self, rule: Rule, seen: &Seen<'_>) {
        let call = self.facts.call_of(seen);
        self.find(rule, self.now, None, Some(seen.event.kind()), call);
    }

    /// Whether a rule denies the event whose findings begin at `from`. What is not done has no consequences.
    #[cold]
    fn is_denied(&mut self, from: usize) -> bool {
        let findings = &self.findings[from..];
        let denied = findings.iter().any(|finding| finding.level == Level::Deny);
        if denied {
            let is_of_it = |rule| {
                findings.iter().any(|found| found.rule == rule && found.because_of.is_none())
            };
            self.roots.retain(|&root| !is_of_it(root));
        }
        denied
    }

    #[inline(always)]
    fn learn(&mut self, seen: &Seen<'_>, step: Move, learners: u16) {
        if !self.roots.is_empty() {
            self.forget_roots(seen);
        }
        let action = self.facts.action(seen).map(|action| (action.kind, action.call));
        self.facts.learn(seen, step, learners);
        self.watch.learn(seen, action, &self.facts);
    }

    /// What went wrong in the calls before explains nothing of a new one.
    #[cold]
    fn forget_roots(&mut self, seen: &Seen<'_>) {
        let is_of_a_call = seen.event.call().is_some();
        let new_story = is_of_a_call && self.facts.call(seen).is_none() && !self.facts.in_call();
        if new_story || matches!(seen.event, Event::Launch {}) {
            self.roots.retain(|&root| self.findings.iter().any(|finding| finding.rule == root));
        }
    }
}
