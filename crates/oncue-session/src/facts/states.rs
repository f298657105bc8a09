//! A set of the session's states: those that are possible where a stream starts in the middle of a story.

use crate::State;

/// The states in which a session may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateSet(u16);

impl StateSet {
    pub(super) const ALL: Self = Self((1 << State::ALL.len()) - 1);
    pub(super) const ACTIVE: Self =
        Self(1 << State::Active as u16 | 1 << State::Playing as u16 | 1 << State::Running as u16);

    pub(super) const fn only(state: State) -> Self {
        Self(1 << state as u16)
    }

    /// The state, if just one is possible.
    pub(crate) fn single(self) -> Option<State> {
        self.0.is_power_of_two().then(|| State::ALL[self.0.trailing_zeros() as usize])
    }

    /// The possible states, in the order of declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = State> {
        State::ALL.iter().copied().filter(move |&state| self.contains(state))
    }

    /// Whether the state is possible.
    pub(crate) const fn contains(self, state: State) -> bool {
        self.0 & Self::only(state).0 != 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every possible state is one of `others`.
    pub(super) const fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Whether no possible state is one of `others`.
    pub(super) const fn is_outside(self, others: Self) -> bool {
        self.0 & others.0 == 0
    }

    /// Each state moved.
    #[inline(always)]
    pub(super) fn moved(self, to: impl Fn(State) -> State) -> Self {
        match self.single() {
            Some(state) => Self::only(to(state)),
            None => self.each_moved(to),
        }
    }

    #[cold]
    fn each_moved(self, to: impl Fn(State) -> State) -> Self {
        self.iter().fold(Self(0), |all, state| all.with(Self::only(to(state))))
    }

    /// Those for which `keep` holds, or all of them if it holds for none.
    #[inline(always)]
    pub(super) fn narrowed(self, keep: impl Fn(State) -> bool) -> Self {
        if self.single().is_some() { self } else { self.those(keep) }
    }

    #[cold]
    fn those(self, keep: impl Fn(State) -> bool) -> Self {
        let kept = self
            .iter()
            .filter(|&state| keep(state))
            .fold(Self(0), |all, state| all.with(Self::only(state)));
        if kept.0 == 0 { self } else { kept }
    }
}
