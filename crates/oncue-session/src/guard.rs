//! The order for apps that types cannot reach (Swift, C, event loops): the same table at run time.
//!
//! An app tells the guard what it is about to do and what the system did; the guard answers before it happens. It
//! knows no platform and no clock.

use crate::{Rule, StartPermit, State, after_event, after_step, needs};
use oncue_platform::{Category, Configuration, Event, Mode, Options, Owner, Step};

impl Rule {
    /// Its id in the rule book, e.g. `category-before-activation`.
    pub const fn id(self) -> &'static str {
        let wrong = self.texts()[0];
        let mut end = 0;
        while wrong.as_bytes()[end] != b':' {
            end += 1;
        }
        wrong.split_at(end).0
    }

    /// Its id, a colon, and what is wrong when it is broken.
    pub const fn wrong(self) -> &'static str {
        self.texts()[0]
    }

    /// What comes first, or instead.
    pub const fn first(self) -> &'static str {
        self.texts()[1]
    }

    /// What happens otherwise.
    pub const fn otherwise(self) -> &'static str {
        self.texts()[2]
    }
}

/// The app broke a rule of the order, or was about to. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({attempted:?} in state {state:?}, owned by {owner:?}); {}; {}", rule.wrong(), rule.first(), rule.otherwise())]
#[non_exhaustive]
pub struct Violation {
    /// The rule; of several, the root cause.
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
static FIRST_BROKEN: [[[Option<Rule>; State::ALL.len()]; Step::ALL.len()]; Owner::ALL.len()] = {
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
/// use oncue_session::{Guard, Owner, Rule, State, Step, Event};
///
/// let mut guard = Guard::new(Owner::System);
/// let early = guard.attempt(Step::Fulfill).unwrap_err();
/// assert_eq!(early.rule, Rule::CategoryBeforeActivation);
///
/// guard.attempt(Step::Configure)?;
/// guard.attempt(Step::Fulfill)?;
/// guard.on_event(Event::DidActivate);
/// guard.attempt(Step::Start)?;
/// assert_eq!(guard.state(), State::Running);
/// # Ok::<(), oncue_session::Violation>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    owner: Owner,
    state: State,
    in_action: bool,
    configuration: Option<Configuration>,
}

impl Guard {
    /// A session that nobody has touched yet.
    pub const fn new(owner: Owner) -> Self {
        Self { owner, state: State::Fresh, in_action: false, configuration: None }
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
            Some(Rule::NoAppActivationUnderCallkit) if self.in_action => {
                Err(self.violation(Rule::ConfigureWithoutActivating, step))
            }
            Some(rule) => Err(self.violation(rule, step)),
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

    /// The app took `step`, legal or not: the guard takes the state in which the system then is, as far as the table
    /// says.
    pub fn force(&mut self, step: Step) {
        self.in_action &= step != Step::Fulfill;
        self.state = after_step(step, self.state);
    }

    /// The app is about to call `setCategory` with these values; `options` is `None` for the form without options.
    ///
    /// While the session is active, the same values once more before input/output starts are no change; other values
    /// are [`Step::Reconfigure`], which a call system's session refuses here, since nothing says that the app stopped
    /// and reconfigured on purpose.
    ///
    /// # Errors
    /// The first rule that is broken: one of values (the category, lost options), then those of [`Step::Configure`] or
    /// [`Step::Reconfigure`]. State and configuration are as they were.
    pub fn set_category(
        &mut self,
        category: Category,
        mode: Mode,
        options: Option<Options>,
    ) -> Result<Progress, Violation> {
        let active = matches!(self.state, State::Active | State::Playing | State::Running);
        let step = if active { Step::Reconfigure } else { Step::Configure };
        let wanted = Configuration { category, mode, options: options.unwrap_or_default() };
        if category != Category::PlayAndRecord {
            return Err(self.violation(Rule::CategoryMustBePlayAndRecord, step));
        }
        if options.is_none() && self.configuration.is_some_and(|before| !before.options.is_empty())
        {
            return Err(self.violation(Rule::OptionsAreNotSticky, step));
        }
        if active
            && self.owner == Owner::System
            && self.configuration.is_some_and(|before| before != wanted)
        {
            return Err(self.violation(Rule::NoCategoryChangeWhileCallActive, step));
        }
        let progress = self.attempt(step)?;
        self.configuration = Some(wanted);
        Ok(progress)
    }

    /// The system did something.
    pub fn on_event(&mut self, event: Event) {
        match event {
            Event::ActionPerformed => self.in_action = true,
            Event::ActionExpired | Event::ProviderReset => self.in_action = false,
            Event::MediaServicesReset => self.configuration = None,
            _ => {}
        }
        self.state = after_event(event, self.state);
    }

    const fn violation(&self, rule: Rule, attempted: Step) -> Violation {
        Violation { rule, attempted, state: self.state, owner: self.owner }
    }
}
