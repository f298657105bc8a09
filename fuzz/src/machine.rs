//! The state machine of one session, stepped by random words.

use arbitrary::{Arbitrary, Unstructured};
use oncue_session::{Machine, Owner, State, Step, SystemEvent};

/// Something that happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    /// The app takes a step if the machine lets it.
    App(Step),
    /// The app takes a step whatever the machine says.
    Forced(Step),
    /// The system does something.
    System(SystemEvent),
}

impl Arbitrary<'_> for Word {
    fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match u.int_in_range(0..=7)? {
            0..=2 => Self::App(*u.choose(Step::ALL)?),
            3 => Self::Forced(*u.choose(Step::ALL)?),
            _ => Self::System(*u.choose(SystemEvent::ALL)?),
        })
    }
}

/// Reads an owner and a stream of words from `data` and plays them.
pub fn machine(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(owner) = u.choose(Owner::ALL) else { return };
    let words =
        u.arbitrary_iter::<Word>().map_or_else(|_| Vec::new(), |words| words.flatten().collect());
    play(*owner, &words);
}

/// What must hold of a session, kept without the machine: whether it is configured and whether it is, or may be, active.
#[derive(Default)]
struct Known {
    configured: bool,
    active: bool,
    may_resume: bool,
}

impl Known {
    fn stepped(&mut self, step: Step) {
        match step {
            Step::Configure => self.configured = true,
            Step::Activate => self.active = true,
            Step::Fulfill if !self.active => self.may_resume = false,
            Step::Resume if !self.active => self.may_resume = true,
            Step::EndCall | Step::Deactivate => (self.active, self.may_resume) = (false, false),
            Step::Start | Step::StartPlayback => {
                assert!(
                    self.configured && (self.active || self.may_resume),
                    "{step} was let through"
                );
                self.active = true;
            }
            _ => {}
        }
    }

    fn saw(&mut self, event: SystemEvent) {
        match event {
            SystemEvent::DidActivate => self.active |= self.configured,
            SystemEvent::DidDeactivate | SystemEvent::InterruptionBegan => self.active = false,
            SystemEvent::ProviderReset => (self.active, self.may_resume) = (false, false),
            SystemEvent::MediaServicesLost | SystemEvent::MediaServicesReset => {
                *self = Self::default();
            }
            _ => {}
        }
    }
}

/// Plays `words` on a machine.
///
/// # Panics
/// If the machine lets input/output start without category and activation, if a refused step moves the state, or if a
/// stream of legal steps leaves audio running without an activation.
pub fn play(owner: Owner, words: &[Word]) {
    let mut machine = Machine::new(owner);
    let mut known = Known::default();
    let mut obedient = true;
    for &word in words {
        let before = machine.state();
        let refused = match word {
            Word::App(step) => match machine.attempt(step) {
                Ok(_) if obedient => {
                    known.stepped(step);
                    false
                }
                answer => answer.is_err(),
            },
            Word::Forced(step) => {
                // From here on the app is out of order, and all that is asked of the machine is to go on.
                obedient &= machine.check(step).is_ok();
                if obedient {
                    known.stepped(step);
                }
                machine.force(step);
                false
            }
            Word::System(event) => {
                machine.on_event(event);
                known.saw(event);
                false
            }
        };
        assert!(
            !refused || machine.state() == before,
            "{word:?} was refused and moved {before:?} to {:?}",
            machine.state()
        );
        let runs = matches!(machine.state(), State::Playing | State::Running);
        assert!(
            !obedient || !runs || known.configured && known.active,
            "{word:?} led to {:?}",
            machine.state()
        );
    }
}
