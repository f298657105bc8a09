//! What the fuzz targets do with their bytes: ordering bugs are looked for here, without a fuzzer too.
#![forbid(unsafe_code)]

use arbitrary::{Arbitrary, Unstructured};
use oncue_session::{Category, Event, Guard, Mode, Options, Owner, State, Step};

/// Something that happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    /// The app takes a step if the guard lets it.
    App(Step),
    /// The app takes a step whatever the guard says.
    Forced(Step),
    /// The app sets a category, with or without options.
    SetCategory(Category, Mode, Option<Options>),
    /// The system does something.
    System(Event),
}

impl Arbitrary<'_> for Word {
    fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match u.int_in_range(0..=7)? {
            0..=2 => Self::App(*u.choose(Step::ALL)?),
            3 => Self::Forced(*u.choose(Step::ALL)?),
            4 => Self::SetCategory(
                *u.choose(&[Category::PlayAndRecord, Category::Playback, Category::Record])?,
                *u.choose(&[Mode::VoiceChat, Mode::VideoChat])?,
                *u.choose(&[None, Some(Options::NONE), Some(Options::ALLOW_BLUETOOTH_HFP)])?,
            ),
            _ => Self::System(*u.choose(Event::ALL)?),
        })
    }
}

/// Reads an owner and a stream of words from `data` and plays them.
pub fn guard(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(owner) = u.choose(Owner::ALL) else { return };
    let words =
        u.arbitrary_iter::<Word>().map_or_else(|_| Vec::new(), |words| words.flatten().collect());
    play(*owner, &words);
}

/// What must hold of a session, kept without the guard: whether it is configured and whether it is, or may be, active.
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

    fn saw(&mut self, event: Event) {
        match event {
            Event::DidActivate => self.active |= self.configured,
            Event::DidDeactivate | Event::InterruptionBegan => self.active = false,
            Event::ProviderReset => (self.active, self.may_resume) = (false, false),
            Event::MediaServicesLost | Event::MediaServicesReset => *self = Self::default(),
            _ => {}
        }
    }
}

/// Plays `words` on a guard.
///
/// # Panics
/// If the guard lets input/output start without category and activation, if a refused step moves the state, or if a
/// stream of legal steps leaves audio running without an activation.
pub fn play(owner: Owner, words: &[Word]) {
    let mut guard = Guard::new(owner);
    let mut known = Known::default();
    let mut obedient = true;
    for &word in words {
        let before = guard.state();
        let refused = match word {
            Word::App(step) => match guard.attempt(step) {
                Ok(_) if obedient => {
                    known.stepped(step);
                    false
                }
                answer => answer.is_err(),
            },
            Word::SetCategory(category, mode, options) => {
                let answer = guard.set_category(category, mode, options);
                if let Ok(progress) = answer {
                    assert_eq!(category, Category::PlayAndRecord);
                    known.configured |= progress.to != State::MediaLost;
                }
                answer.is_err()
            }
            Word::Forced(step) => {
                // From here on the app is out of order, and all that is asked of the guard is to go on.
                obedient &= guard.check(step).is_ok();
                if obedient {
                    known.stepped(step);
                }
                guard.force(step);
                false
            }
            Word::System(event) => {
                guard.on_event(event);
                known.saw(event);
                false
            }
        };
        assert!(
            !refused || guard.state() == before,
            "{word:?} was refused and moved {before:?} to {:?}",
            guard.state()
        );
        let runs = matches!(guard.state(), State::Playing | State::Running);
        assert!(
            !obedient || !runs || known.configured && known.active,
            "{word:?} led to {:?}",
            guard.state()
        );
    }
}
