//! Where a ring's count of frames departs from the device's: before some position frames were lost (capture) or
//! silence was inserted (playback).

use ringbuf::storage::Array;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{CachingCons, CachingProd, SharedRb};
use std::sync::Arc;

/// Splices in flight; the consumer takes them with every frame, so that a few suffice.
const SPLICES: usize = 64;

type Log = Arc<SharedRb<Array<Splice, SPLICES>>>;

/// From ring position `position` on, frames are the stream's frames from `index` on, up to the next splice: before it
/// frames were lost (capture) or silence was inserted (playback).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) position: u64,
    pub(crate) index: u64,
}

impl Splice {
    /// The stream index of ring position `position`, which must not lie before the splice.
    pub(crate) const fn index_of(&self, position: u64) -> u64 {
        self.index.wrapping_add(position.wrapping_sub(self.position))
    }
}

/// The callback's end of the splices.
pub(crate) struct SpliceWriter {
    ring: CachingProd<Log>,
    last: Option<Splice>,
}

/// The consumer's end of the splices.
pub(crate) struct SpliceReader(CachingCons<Log>);

/// An empty log of splices.
pub(crate) fn splices() -> (SpliceWriter, SpliceReader) {
    let (writer, reader) = SharedRb::<Array<Splice, SPLICES>>::default().split();
    (SpliceWriter { ring: writer, last: None }, SpliceReader(reader))
}

impl SpliceWriter {
    /// Says that ring position `position` is stream frame `index`, if that does not follow from what was said before.
    /// False when the consumer has left no room: nothing was said then.
    pub(crate) fn mark(&mut self, position: u64, index: u64) -> bool {
        if self.last.is_some_and(|last| last.index_of(position) == index) {
            return true;
        }
        let splice = Splice { position, index };
        let said = self.ring.try_push(splice).is_ok();
        if said {
            self.last = Some(splice);
        }
        said
    }

    /// Another run begins: what comes follows from nothing that was said, even where the numbers would.
    pub(crate) const fn begin(&mut self) {
        self.last = None;
    }
}

impl SpliceReader {
    /// The next splice, left in place.
    pub(crate) fn peek(&self) -> Option<Splice> {
        self.0.try_peek().copied()
    }

    /// Takes the next splice.
    pub(crate) fn pop(&mut self) -> Option<Splice> {
        self.0.try_pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_follow_is_said() {
        let (mut writer, mut reader) = splices();
        assert!(writer.mark(0, 100));
        assert!(writer.mark(50, 150));
        assert!(writer.mark(50, 160));
        assert_eq!(reader.pop(), Some(Splice { position: 0, index: 100 }));
        assert_eq!(reader.pop(), Some(Splice { position: 50, index: 160 }));
        assert_eq!(reader.pop(), None);
    }

    #[test]
    fn a_full_log_says_nothing_rather_than_something_wrong() {
        let (mut writer, mut reader) = splices();
        let mut said = 0;
        while writer.mark(said, said * 2) {
            said += 1;
        }
        assert_eq!(said, SPLICES as u64);
        assert!(!writer.mark(1000, 7));
        reader.pop();
        assert!(writer.mark(1000, 7));
    }
}
