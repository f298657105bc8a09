//! The rules of the order as values: one declaration for each, in families. A rule that the table of the order uses
//! has the states in which it holds beside its texts; any other has the look that decides it, in the same file.

pub(crate) mod declaration;

mod actions;
mod activation;
mod android;
mod category;
mod ending;
mod environment;
mod hold;
mod incoming;
mod media_services;
mod provider;
mod sources;

use crate::{Owner, State};
use declaration::{Check, Declaration};

pub use sources::{Source, sources};

/// One constraint of the order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(u8);

/// The families, in the order of the rule book.
const FAMILIES: &[Family] = &[
    Family { title: "Category and configuration", rules: category::FAMILY },
    Family { title: "Activation", rules: activation::FAMILY },
    Family { title: "Ending", rules: ending::FAMILY },
    Family { title: "Actions and transactions", rules: actions::FAMILY },
    Family { title: "Incoming calls and pushes", rules: incoming::FAMILY },
    Family { title: "Hold, second call, interruption", rules: hold::FAMILY },
    Family { title: "Media services", rules: media_services::FAMILY },
    Family { title: "Route, permission, environment", rules: environment::FAMILY },
    Family { title: "Provider reset and LiveCommunicationKit", rules: provider::FAMILY },
    Family { title: "Android", rules: android::FAMILY },
];

/// How many rules there are.
pub(crate) const COUNT: usize = android::END;

/// Rules that are about the same.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What they are about.
    pub title: &'static str,
    rules: &'static [Declaration],
}

impl Family {
    /// Every family, in the order of the rule book.
    pub const ALL: &[Self] = FAMILIES;

    /// Its rules.
    pub fn rules(&self) -> impl Iterator<Item = Rule> + use<> {
        self.rules.iter().map(|declared| declared.rule)
    }
}

impl Rule {
    /// Every rule of this version, in the order of the rule book.
    pub fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().flat_map(Family::rules)
    }

    /// The rule with this id.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::all().find(|rule| rule.id() == id)
    }

    /// Everything that is known of it.
    pub const fn declaration(self) -> &'static Declaration {
        let (mut family, mut place) = (0, self.0 as usize);
        while place >= FAMILIES[family].rules.len() {
            place -= FAMILIES[family].rules.len();
            family += 1;
        }
        &FAMILIES[family].rules[place]
    }

    /// Its place in the rule book.
    pub(crate) const fn place(self) -> usize {
        self.0 as usize
    }

    /// The rule at a place of the rule book.
    pub(crate) const fn at(place: usize) -> Self {
        Self(place as u8)
    }

    /// Its id in the rule book, e.g. `category-before-activation`.
    pub const fn id(self) -> &'static str {
        let wrong = self.wrong();
        let mut end = 0;
        while wrong.as_bytes()[end] != b':' {
            end += 1;
        }
        wrong.split_at(end).0
    }

    /// Its id, a colon, and what is wrong when it is broken.
    pub const fn wrong(self) -> &'static str {
        self.declaration().wrong
    }

    /// What comes first, or instead.
    pub const fn first(self) -> &'static str {
        self.declaration().first
    }

    /// What happens otherwise.
    pub const fn otherwise(self) -> &'static str {
        self.declaration().otherwise
    }

    /// Whether it holds under `owner` in `state`. A rule that is decided by events, not by states, always does.
    pub const fn holds(self, owner: Owner, state: State) -> bool {
        match self.declaration().holds {
            Some([system, app]) => state.is_in(match owner {
                Owner::System => system,
                Owner::App => app,
            }),
            None => true,
        }
    }

    /// Whether the table of the order decides it.
    pub const fn is_of_the_table(self) -> bool {
        self.declaration().holds.is_some()
    }

    /// Whether it is checked at all, by the table, by a look at events, or by a deadline.
    pub const fn is_checked(self) -> bool {
        matches!(self.declaration().check, Check::Checked(_))
    }
}

impl core::fmt::Debug for Rule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.id())
    }
}

impl core::fmt::Display for Rule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.id())
    }
}

/// The rules of the table as traits of a state under an owner. An unmet one is the compile error that names the rule.
pub mod rule {
    pub use super::activation::traits::*;
    pub use super::category::traits::*;
    pub use super::ending::traits::*;
    pub use super::environment::traits::*;
    pub use super::hold::traits::*;
    pub use super::media_services::traits::*;
}

macro_rules! rules {
    (
        starts at $start:expr;
        $($rule:ident {
            wrong $wrong:literal
            first $first:literal
            otherwise $otherwise:literal
            $(holds System $system:tt App $app:tt)?
            statement: $statement:literal,
            $($field:ident : $value:expr),+ $(,)?
        })+
    ) => {
        const START: usize = $start;

        /// Where the next family starts.
        pub(super) const END: usize = START + [$(stringify!($rule)),+].len();

        #[derive(Clone, Copy)]
        #[allow(clippy::enum_variant_names, reason = "Android's rules begin alike")]
        enum Place { $($rule),+ }

        impl crate::Rule {
            $(#[doc = $wrong]
            #[allow(non_upper_case_globals, reason = "a rule reads the same as a value, a trait and a type")]
            pub const $rule: Self = Self(START as u8 + Place::$rule as u8);)+
        }

        pub(super) const FAMILY: &[super::declaration::Declaration] = &[$(super::declaration::Declaration {
            rule: crate::Rule::$rule,
            wrong: $wrong,
            first: $first,
            otherwise: $otherwise,
            holds: super::rules!(@holds $($system $app)?),
            statement: $statement,
            $($field: $value),+
        }),+];

        pub(super) mod traits {
            $($(super::super::rules!(@trait $rule $wrong $first $otherwise $system $app);)?)+
        }
    };
    (@holds) => { None };
    (@holds [$($system:ident)*] [$($app:ident)*]) => {
        Some([&[$(crate::State::$system),*], &[$(crate::State::$app),*]])
    };
    (@trait $rule:ident $wrong:literal $first:literal $otherwise:literal [$($system:ident)*] [$($app:ident)*]) => {
        #[doc = $wrong]
        #[diagnostic::on_unimplemented(
            message = $wrong,
            label = "out of order: the session is `{Self}` here",
            note = $first,
            note = $otherwise
        )]
        pub trait $rule {}
        $(#[diagnostic::do_not_recommend]
        impl $rule for crate::owner::UnderSystem<crate::state::$system> {})*
        $(#[diagnostic::do_not_recommend]
        impl $rule for crate::owner::OwnedByApp<crate::state::$app> {})*
    };
}

pub(crate) use rules;
