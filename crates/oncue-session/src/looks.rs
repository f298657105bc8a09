//! The index of the looks: for each kind of event, the looks of the rules that it can decide.

use crate::rules::COUNT;
use crate::rules::declaration::{Check, On};
use crate::{Facts, Rule, Seen};
use oncue_platform::EventKind;

/// A look of a rule.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) rule: Rule,
    pub(crate) broken: fn(&Facts, &Seen<'_>) -> bool,
}

const KINDS: usize = EventKind::ALL.len();

/// The looks of a rule.
const fn looks_of(place: usize) -> &'static [On] {
    match Rule::at(place).declaration().check {
        Check::Checked(looks) => looks,
        Check::Static(_) | Check::Advice(_) => &[],
    }
}

/// How many looks there are in all, a look at two kinds counted twice.
const TOTAL: usize = {
    let (mut total, mut place) = (0, 0);
    while place < COUNT {
        let looks = looks_of(place);
        let mut look = 0;
        while look < looks.len() {
            total += looks[look].kinds.len();
            look += 1;
        }
        place += 1;
    }
    total
};

/// All looks by kind, with where each kind starts.
const INDEX: ([Look; TOTAL], [usize; KINDS + 1]) = {
    const fn never(_: &Facts, _: &Seen<'_>) -> bool {
        false
    }
    let mut all = [Look { rule: Rule::at(0), broken: never }; TOTAL];
    let mut starts = [0; KINDS + 1];
    let (mut next, mut kind) = (0, 0);
    while kind < KINDS {
        starts[kind] = next;
        let mut place = 0;
        while place < COUNT {
            let looks = looks_of(place);
            let mut look = 0;
            while look < looks.len() {
                let kinds = looks[look].kinds;
                let mut at = 0;
                while at < kinds.len() {
                    if kinds[at] as usize == kind {
                        all[next] = Look { rule: Rule::at(place), broken: looks[look].broken };
                        next += 1;
                    }
                    at += 1;
                }
                look += 1;
            }
            place += 1;
        }
        kind += 1;
    }
    starts[KINDS] = next;
    (all, starts)
};

/// The look with this number among those of the rules that an event of `kind` can decide, in the order of the rule
/// book.
pub(crate) const fn look(kind: usize, number: usize) -> Option<Look> {
    let (all, starts) = &INDEX;
    let place = starts[kind] + number;
    if place < starts[kind + 1] { Some(all[place]) } else { None }
}

/// How many looks a kind of event has at most.
pub(crate) const MOST: usize = {
    let (_, starts) = &INDEX;
    let (mut most, mut kind) = (0, 0);
    while kind < KINDS {
        let looks = starts[kind + 1] - starts[kind];
        if looks > most {
            most = looks;
        }
        kind += 1;
    }
    most
};
