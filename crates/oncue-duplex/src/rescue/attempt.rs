//! One attempt to bring a lost stream back: connects, finds the device, builds and plays, on an errand, and plays only as
//! long as it may.

use crate::device_thread::Desk;
use crate::devices::{Chosen, connect, refused};
use crate::endpoint::End;
use crate::errand::Errand;
use crate::error::{DeviceError, Direction, OpenError, Operation};
use crate::libjack;
use crate::streams::{Built, Opened, build};
use core::sync::atomic::{AtomicU8, Ordering};
use cpal::traits::StreamTrait;
use oncue_session::StartPermit;
use std::sync::Arc;

/// An attempt under way.
pub(super) struct Attempt {
    pub(super) errand: Errand<Brought>,
    pub(super) word: Word,
}

/// What an attempt brings: a stream that plays, or why there is none.
pub(super) type Brought = Result<Rebuilt, OpenError>;

/// A stream that an attempt built and played, its gate closed.
pub(crate) struct Rebuilt {
    pub(crate) built: Built,
    pub(crate) end: End,
    pub(crate) chosen: Chosen,
}

impl Attempt {
    /// Sends it off. The permit is what allows it to play; `device_thread` must not have been given up by then.
    pub(super) fn send(
        _permit: &StartPermit,
        direction: Direction,
        opened: &Opened,
        device_thread: Desk,
    ) -> Result<Self, DeviceError> {
        let word = Word::default();
        let its = word.clone();
        let wanted = opened.shared.wanted(direction);
        let (source, shared) = (Arc::clone(&opened.source), Arc::clone(&opened.shared));
        let errand = Errand::send(Operation::OpenHost, move |desk| {
            let host = Arc::new(connect(&source)?);
            desk.doing(Operation::List);
            let chosen = Chosen::find(&host, direction, &wanted)?;
            desk.doing(Operation::Build(direction));
            if libjack::is(host.id()) {
                libjack::may_connect()?;
            }
            let (built, end) = build(&chosen, host, direction, &shared)
                .map_err(|error| refused(Operation::Build(direction), error))?;
            desk.doing(Operation::Play(direction));
            if device_thread.given_up() || !its.may_play() {
                return Err(DeviceError::GivenUp { operation: Operation::Play(direction) }.into());
            }
            built.stream.play().map_err(|error| refused(Operation::Play(direction), error))?;
            Ok(Rebuilt { built, end, chosen })
        })?;
        Ok(Self { errand, word })
    }
}

/// Whether an attempt may still play. Asked and taken back in one step, so that nothing is played after a stop.
#[derive(Clone, Default)]
pub(super) struct Word(Arc<AtomicU8>);

const GIVEN: u8 = 0;
const USED: u8 = 1;
const TAKEN_BACK: u8 = 2;

impl Word {
    /// Whether the attempt may play now; if so, a stop waits for it.
    fn may_play(&self) -> bool {
        self.0.compare_exchange(GIVEN, USED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Forbids to play. False if that came too late.
    pub(super) fn take_back(&self) -> bool {
        self.0.swap(TAKEN_BACK, Ordering::AcqRel) != USED
    }
}
