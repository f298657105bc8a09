//! The table says what three small machines say: category, activation, input/output.
//!
//! Independent: nothing here reads the table. A phone is eight facts, each rule a sentence about them as
//! the rule book states it, each step a change of them; the nine states are only names for the combinations that occur.

use oncue_session::{Owner, State, Step, SystemEvent, after_event, after_step, broken};

/// What is true of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Phone {
    category: bool,
    active: bool,
    activation_due: bool,
    activation_possible: bool,
    playback: bool,
    capture: bool,
    interrupted: bool,
    server_dead: bool,
}

impl Phone {
    fn named(state: State) -> Self {
        let set = Self { category: true, ..Self::default() };
        match state {
            State::Fresh => Self::default(),
            State::Configured => set,
            State::AwaitingActivation => Self { activation_due: true, ..set },
            State::Active => Self { active: true, ..set },
            State::Playing => Self { active: true, playback: true, ..set },
            State::Running => Self { active: true, playback: true, capture: true, ..set },
            State::Interrupted => Self { interrupted: true, ..set },
            State::Resuming => Self { activation_possible: true, ..set },
            State::MediaLost => Self { server_dead: true, ..Self::default() },
        }
    }

    fn name(self) -> State {
        let names: Vec<_> =
            State::ALL.iter().filter(|&&state| Self::named(state) == self).collect();
        assert_eq!(names.len(), 1, "{self:?}");
        *names[0]
    }

    fn runs(self) -> bool {
        self.playback || self.capture
    }

    fn nothing_under_way(self) -> bool {
        self.category
            && !self.active
            && !self.activation_due
            && !self.activation_possible
            && !self.interrupted
    }

    fn inactive(self) -> Self {
        Self { category: self.category, server_dead: self.server_dead, ..Self::default() }
    }

    fn activated(self) -> Self {
        if self.active { self } else { Self { active: true, ..self.inactive() } }
    }

    fn takes(self, step: Step) -> Self {
        match step {
            Step::Configure => Self { category: true, ..self },
            Step::Fulfill if !self.active => Self { activation_due: true, ..self.inactive() },
            Step::Resume if !self.active && !self.activation_due => {
                Self { activation_possible: true, ..self.inactive() }
            }
            Step::Activate => self.activated(),
            Step::StartPlayback => Self { playback: true, ..self.activated() },
            Step::Start => Self { playback: true, capture: true, ..self.activated() },
            Step::Stop => Self { playback: false, capture: false, ..self },
            Step::EndCall | Step::Deactivate => self.inactive(),
            _ => self,
        }
    }

    fn sees(self, event: SystemEvent) -> Self {
        match event {
            SystemEvent::DidActivate if self.category => self.activated(),
            SystemEvent::DidDeactivate if self.active || self.interrupted => self.inactive(),
            SystemEvent::InterruptionBegan if self.active => {
                Self { interrupted: true, ..self.inactive() }
            }
            SystemEvent::MediaServicesLost => Self { server_dead: true, ..Self::default() },
            SystemEvent::MediaServicesReset => Self::default(),
            SystemEvent::ProviderReset => self.inactive(),
            _ => self,
        }
    }

    /// The rules that are broken, in the words of the rule book; where one is the cause of another, the cause alone.
    fn breaks(self, owner: Owner, step: Step) -> Vec<&'static str> {
        let under_system = owner == Owner::System;
        let dead = self.server_dead;
        let unconfigured = !self.category && !dead;
        let not_active_yet = self.nothing_under_way() || self.activation_due;
        let rules: &[(bool, &str)] = match step {
            Step::Configure => &[
                (dead, "media-services-lost-stop"),
                (under_system && self.active, "no-reconfigure-before-report-while-active"),
            ],
            Step::Reconfigure => &[
                (dead, "media-services-lost-stop"),
                (unconfigured, "category-before-activation"),
                (under_system && self.runs(), "no-category-change-while-call-active"),
            ],
            Step::Fulfill | Step::Resume => &[
                (!under_system, "app-activates-only-without-callkit"),
                (dead, "media-services-lost-stop"),
                (unconfigured, "category-before-activation"),
            ],
            Step::AwaitActivation => &[
                (!under_system, "app-activates-only-without-callkit"),
                (dead, "media-services-lost-stop"),
                (unconfigured, "category-before-activation"),
                (self.nothing_under_way(), "activation-follows-fulfill"),
            ],
            Step::Activate => &[
                (under_system, "no-app-activation-under-callkit"),
                (dead, "media-services-lost-stop"),
                (unconfigured, "category-before-activation"),
            ],
            Step::Prepare => {
                &[(dead, "media-services-lost-stop"), (unconfigured, "io-init-window")]
            }
            Step::StartPlayback | Step::Start => &[
                (dead, "media-services-lost-stop"),
                (unconfigured, "category-before-activation"),
                (self.interrupted, "interruption-begin-means-inactive"),
                (not_active_yet && step == Step::Start, "io-start-after-did-activate"),
                (
                    not_active_yet && step == Step::StartPlayback,
                    "no-local-sounds-outside-the-call-session",
                ),
            ],
            Step::Stop => &[],
            Step::OverrideOutput => &[
                (dead, "media-services-lost-stop"),
                (unconfigured, "output-override-scope"),
                (under_system && self.category && !self.active, "callkit-owns-the-route-first"),
            ],
            Step::EndCall => &[
                (!under_system, "app-activates-only-without-callkit"),
                (self.runs(), "stop-io-when-ending"),
            ],
            Step::Deactivate => &[
                (under_system, "no-foreign-deactivation"),
                (dead, "media-services-lost-stop"),
                (self.runs(), "stop-io-when-ending"),
            ],
        };
        rules.iter().filter(|(broken, _)| *broken).map(|(_, rule)| *rule).collect()
    }
}

#[test]
fn every_step_breaks_what_the_rule_book_says_and_leads_where_the_facts_lead() {
    for &owner in Owner::ALL {
        for &state in State::ALL {
            for &step in Step::ALL {
                let phone = Phone::named(state);
                let expected = phone.breaks(owner, step);
                let found: Vec<_> = broken(owner, state, step).map(|rule| rule.id()).collect();
                assert_eq!(found, expected, "{step} in {state:?} owned by {owner}");
                if expected.is_empty() {
                    assert_eq!(
                        after_step(step, state),
                        phone.takes(step).name(),
                        "{step} in {state:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_event_leads_where_the_facts_lead() {
    for &state in State::ALL {
        for &event in SystemEvent::ALL {
            assert_eq!(
                after_event(event, state),
                Phone::named(state).sees(event).name(),
                "{event} in {state:?}"
            );
        }
    }
}
