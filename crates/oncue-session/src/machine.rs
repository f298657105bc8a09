//! The order for apps that types cannot reach (Swift, C, event loops): the same table at run time.
//!
//! An app tells the machine what it is about to do and what the system did; the machine answers before it happens. It
//! knows no platform and no clock.

use crate::{Rule, StartPermit, State, after_event, after_step, needs};
use oncue_platform::{Owner, Step, SystemEvent};

/// A step is out of order. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({attempted:?} in state {state:?}, owned by {owner:?}); {}; {}", rule.wrong(), rule.first(), rule.otherwise())]
#[non_exhaustive]
pub struct Violation {
    /// The rule that it breaks; of several, the root cause.
    pub rule: Rule,
    /// What was attempted.
    pub attempted: Step,
    /// The state in which it was attempted, which still holds.
    pub state: State,
    /// Who owns the session.
    pub owner: Owner,
}

/// What a legal step did to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The state before.
    pub from: State,
    /// The state after; the same where the step repeats what holds already, which is harmless.
    pub to: State,
}

/// Every rule that `step` breaks under `owner` in `state`, the root cause first; none if it is legal.
pub fn broken(owner: Owner, state: State, step: Step) -> impl Iterator<Item = Rule> {
    needs(step).iter().copied().filter(move |rule| !rule.holds(owner, state))
}

/// The root cause of what each step breaks, by owner, step and state: the table unrolled, so that a step costs one look.
pub(crate) static FIRST_BROKEN: [[[Option<Rule>; State::ALL.len()]; Step::ALL.len()];
    Owner::ALL.len()] = {
    let mut first = [[[None; State::ALL.len()]; Step::ALL.len()]; Owner::ALL.len()];
    let (mut owner, mut step, mut state) = (0, 0, 0);
    while owner < Owner::ALL.len() {
        let rules = needs(Step::ALL[step]);
        let mut last = rules.len();
        while last > 0 {
            last -= 1;
            if !rules[last].holds(Owner::ALL[owner], State::ALL[state]) {
                first[owner][step][state] = Some(rules[last]);
            }
        }
        state = (state + 1) % State::ALL.len();
        step = (step + (state == 0) as usize) % Step::ALL.len();
        owner += (state == 0 && step == 0) as usize;
    }
    first
};

/// The state machine of one audio session.
///
/// ```
/// use oncue_session::{Machine, Owner, Rule, State, Step, SystemEvent};
///
/// let mut machine = Machine::new(Owner::System);
/// let early = machine.attempt(Step::Fulfill).unwrap_err();
/// assert_eq!(early.rule, Rule::CategoryBeforeActivation);
///
/// machine.attempt(Step::Configure)?;
/// machine.attempt(Step::Fulfill)?;
/// machine.on_event(SystemEvent::DidActivate);
/// machine.attempt(Step::Start)?;
/// assert_eq!(machine.state(), State::Running);
/// # Ok::<(), oncue_session::Violation>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    owner: Owner,
    state: State,
}

impl Machine {
    /// A session that nobody has touched yet.
    pub const fn new(owner: Owner) -> Self {
        Self { owner, state: State::Fresh }
    }

    /// The state as it is now.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Who owns the session.
    pub const fn owner(&self) -> Owner {
        self.owner
    }

    /// What [`attempt`](Self::attempt) would answer. Nothing changes.
    ///
    /// # Errors
    /// The first rule that `step` breaks.
    pub fn check(&self, step: Step) -> Result<Progress, Violation> {
        let Self { owner, state, .. } = *self;
        match FIRST_BROKEN[owner as usize][step as usize][state as usize] {
            None => Ok(Progress { from: state, to: after_step(step, state) }),
            Some(rule) => Err(Violation { rule, attempted: step, state, owner }),
        }
    }

    /// The app is about to take `step`.
    ///
    /// # Errors
    /// The first rule that it breaks; the state is as it was. An app that takes the step all the same says so with
    /// [`force`](Self::force).
    pub fn attempt(&mut self, step: Step) -> Result<Progress, Violation> {
        let progress = self.check(step)?;
        self.force(step);
        Ok(progress)
    }

    /// As [`attempt`](Self::attempt) with [`Step::Start`] or [`Step::StartPlayback`], for the permit that an
    /// [`Engine`](crate::Engine) needs.
    ///
    /// # Errors
    /// The first rule that is broken; no permit is given.
    pub fn attempt_start(&mut self, step: Step) -> Result<StartPermit, Violation> {
        self.attempt(step).map(|_| StartPermit::granted())
    }

    /// The app took `step`, legal or not: the machine takes the state in which the system then is, as far as the table
    /// says.
    pub const fn force(&mut self, step: Step) {
        self.state = after_step(step, self.state);
    }

    /// The system did something.
    pub const fn on_event(&mut self, event: SystemEvent) {
        self.state = after_event(event, self.state);
    }
}
