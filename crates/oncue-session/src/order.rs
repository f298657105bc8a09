//! How the one declaration of the order (`table.rs`) becomes states, the machine's rows and the types that the
//! compiler checks. The order itself is not here.

macro_rules! order {
    (
        states $states:tt
        steps { $($step:ident needs [$($need:ident)*] to $to:tt)+ }
        events { $($event:ident to $after:tt)+ }
    ) => {
        crate::order::order!(@states $states);

        /// The rules that `step` needs, the root cause first.
        pub const fn needs(step: Step) -> &'static [Rule] {
            match step { $(Step::$step => &[$(Rule::$need),*]),+ }
        }

        /// Where `step` leads from `from`, if every rule that it needs holds there.
        pub const fn after_step(step: Step, from: State) -> State {
            match step { $(Step::$step => crate::order::order!(@row from $states $to)),+ }
        }

        /// Where `event` leaves a session that stood in `from`.
        pub const fn after_event(event: SystemEvent, from: State) -> State {
            match event { $(SystemEvent::$event => crate::order::order!(@row from $states $after)),+ }
        }

        /// The steps as types.
        pub mod step {
            $(#[doc = concat!("[`Step::", stringify!($step), "`](oncue_platform::Step::", stringify!($step), ") as a type.")]
            #[derive(Clone, Copy, Debug)]
            pub struct $step;
            crate::order::order!(@leads $step $states $to);
            impl<O: crate::IsOwner, S: crate::IsState> crate::LegalIn<O, S> for $step where $(O::In<S>: crate::rule::$need),* {})+
        }

        /// A state as a type; every step leads from it to one, if it is legal there.
        pub trait IsState: crate::sealed::Sealed $(+ crate::Leads<step::$step>)+ {
            /// The state as a value.
            const STATE: State;
        }
    };

    (@states { $($(#[$doc:meta])+ $state:ident)+ }) => {
        /// What is known of a session: which of category, activation and input/output are in place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum State { $($(#[$doc])+ $state),+ }

        impl State {
            /// Every state.
            pub const ALL: &[Self] = &[$(Self::$state),+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$state => stringify!($state)),+ }
            }

            pub(crate) const fn is_in(self, states: &[Self]) -> bool {
                let mut at = 0;
                while at < states.len() && states[at] as u8 != self as u8 {
                    at += 1;
                }
                at < states.len()
            }
        }

        /// The states as types.
        pub mod state {
            $($(#[$doc])+
            #[derive(Clone, Copy, Debug)]
            pub enum $state {}
            impl crate::sealed::Sealed for $state {}
            impl crate::IsState for $state {
                const STATE: crate::State = crate::State::$state;
            })+
        }

        /// The session in whichever state it is: match on it.
        #[derive(Debug)]
        pub enum AnySession<'a, O: crate::IsOwner> { $($(#[$doc])+ $state(crate::AudioSession<'a, O, state::$state>)),+ }

        impl<O: crate::IsOwner> crate::Audio<O> {
            /// The session as it is now.
            pub fn session(&mut self) -> AnySession<'_, O> {
                match self.state() { $(State::$state => AnySession::$state(self.view())),+ }
            }
        }
    };
    (@row $from:ident { $($(#[$doc:meta])+ $state:ident)+ } [$($to:tt)+]) => {
        match $from { $(State::$state => crate::order::order!(@to $state $to)),+ }
    };
    (@to $from:ident _) => { State::$from };
    (@to $from:ident $to:ident) => { State::$to };
    (@leads $step:ident { $($(#[$doc:meta])+ $state:ident)+ } [$($to:tt)+]) => {
        impl crate::IsStep for $step {
            const STEP: oncue_platform::Step = oncue_platform::Step::$step;
        }
        $(impl crate::Leads<$step> for super::state::$state {
            type To = crate::order::order!(@type $state $to);
        })+
    };
    (@type $from:ident _) => { super::state::$from };
    (@type $from:ident $to:ident) => { super::state::$to };
}

pub(crate) use order;
