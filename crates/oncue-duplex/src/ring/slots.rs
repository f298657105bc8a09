//! The two ends of a ring's memory: the only `unsafe` code of this crate.
//!
//! A thin layer over `ringbuf`'s raw access, which its safe interface has no equal for in two ways that were measured
//! (`cargo bench -p oncue-benches --bench ring -- --ratios`): frames are converted in place, in memory that nobody
//! reads yet; and an end trusts what it last saw of the other end while that suffices, which saves the transfer of a
//! cache line a call.
//!
//! Why it is sound: all memory is initialised when the ring is made, and stays so. Each end exists once, cannot be
//! cloned, and is the only one that stores its index. A writer writes only between its own index and the reader's as it
//! was seen; the reader only moves away from there. A reader reads only between its own index and the writer's as it
//! was seen; likewise. Indices are stored with release and loaded with acquire order, by `ringbuf`. The model below
//! tries every state; `scripts/thread-sanitizer` watches two threads.

#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use ringbuf::SharedRb;
use ringbuf::storage::Storage;
use ringbuf::traits::{Observer, Raw};
use std::sync::Arc;

type Ring<const N: usize> = Arc<SharedRb<Slots<N>>>;

/// The memory, away from the indices: right behind them, as `ringbuf`'s own array lies, it gets in the way of their cache
/// lines, at which both threads pull. Its length is a constant, so that no call divides.
struct Slots<const N: usize>(Box<Memory<N>>);

/// On cache lines of its own.
#[repr(align(128))]
struct Memory<const N: usize>(UnsafeCell<[MaybeUninit<f32>; N]>);

// SAFETY: who may touch which slot is decided by the indices, as for every storage of `ringbuf`; f32 is Send.
unsafe impl<const N: usize> Sync for Slots<N> {}

// SAFETY: the pointer is to a heap array of N slots that lives as long as this, and aliases nothing of it.
unsafe impl<const N: usize> Storage for Slots<N> {
    type Item = f32;

    fn len(&self) -> usize {
        N
    }

    fn as_mut_ptr(&self) -> *mut MaybeUninit<f32> {
        self.0.0.get().cast()
    }
}

/// Where frames go in. Positions count every frame that ever went in, and wrap; `ringbuf`'s index is their lowest bits.
pub(super) struct WriteEnd<const N: usize> {
    ring: Ring<N>,
    position: u64,
    /// The reader's index as it was seen last.
    read: usize,
}

/// Where frames come out.
pub(super) struct ReadEnd<const N: usize> {
    ring: Ring<N>,
    position: u64,
    /// The writer's index as it was seen last.
    written: usize,
}

/// Both ends of an empty ring of `N` frames, a power of two, whose positions go on from `position`.
pub(super) fn ends<const N: usize>(position: u64) -> (WriteEnd<N>, ReadEnd<N>) {
    const { assert!(N.is_power_of_two() && N <= usize::MAX / 4) };
    let start = index::<N>(position);
    let memory = Slots(Box::new(Memory(UnsafeCell::new([MaybeUninit::new(0.0); N]))));
    // SAFETY: between the two equal indices, which lie below 2 N, there is nothing that would have to be initialised;
    // that the rest is initialised is no harm, since f32 has no drop.
    let ring = Arc::new(unsafe { SharedRb::from_raw_parts(memory, start, start) });
    let reader = ReadEnd { ring: Arc::clone(&ring), position, written: start };
    (WriteEnd { ring, position, read: start }, reader)
}

/// A position as `ringbuf` keeps it: below 2 N, so that a full ring differs from an empty one.
const fn index<const N: usize>(position: u64) -> usize {
    position as usize & (2 * N - 1)
}

/// How far `to` lies ahead of `from`, both below 2 N.
const fn distance<const N: usize>(from: usize, to: usize) -> usize {
    to.wrapping_sub(from) & (2 * N - 1)
}

impl<const N: usize> WriteEnd<N> {
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Frames that wait for the reader; fewer may a moment later.
    pub(super) fn fill(&self) -> usize {
        distance::<N>(self.ring.read_index(), index::<N>(self.position))
    }

    /// Has `fill` write the next frames where they will be read, at most `count`, in one or two parts, and returns how
    /// many there was room for. A part holds what an earlier lap left there.
    pub(super) fn write(&mut self, count: usize, mut fill: impl FnMut(&mut [f32])) -> usize {
        let at = index::<N>(self.position);
        let mut room = N - distance::<N>(self.read, at);
        if count > room {
            self.read = self.ring.read_index();
            room = N - distance::<N>(self.read, at);
        }
        let count = count.min(room);
        // SAFETY: from `at`, `count` slots lie outside of what the reader may read until the index below is stored, and
        // this is the only writer. They are initialised, and `MaybeUninit<f32>` has the layout of f32.
        let (first, second) = unsafe {
            let (first, second) = self.ring.unsafe_slices_mut(at, at + count);
            (&mut *(first as *mut [_] as *mut [f32]), &mut *(second as *mut [_] as *mut [f32]))
        };
        fill(first);
        if !second.is_empty() {
            fill(second);
        }
        self.position = self.position.wrapping_add(count as u64);
        // SAFETY: this is the only writer, and the slots up to there are initialised.
        unsafe { self.ring.set_write_index(index::<N>(self.position)) };
        count
    }
}

impl<const N: usize> ReadEnd<N> {
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Frames that wait; more may a moment later.
    pub(super) fn fill(&self) -> usize {
        distance::<N>(index::<N>(self.position), self.ring.write_index())
    }

    /// The frames that wait, in order, in one or two parts.
    pub(super) fn waiting(&self) -> (&[f32], &[f32]) {
        self.next(self.fill())
    }

    /// Has `take` read the next frames in place, at most `count`, in one or two parts, and lets them go; returns how
    /// many waited.
    pub(super) fn read(&mut self, count: usize, mut take: impl FnMut(&[f32])) -> usize {
        let count = self.available(count);
        let (first, second) = self.next(count);
        take(first);
        if !second.is_empty() {
            take(second);
        }
        self.let_go(count);
        count
    }

    /// Lets up to `count` frames go unread and returns how many.
    pub(super) fn skip(&mut self, count: usize) -> usize {
        let count = self.available(count);
        self.let_go(count);
        count
    }

    fn available(&mut self, count: usize) -> usize {
        let at = index::<N>(self.position);
        let mut waiting = distance::<N>(at, self.written);
        if count > waiting {
            self.written = self.ring.write_index();
            waiting = distance::<N>(at, self.written);
        }
        count.min(waiting)
    }

    /// The next `count` frames, which must have been seen to wait.
    fn next(&self, count: usize) -> (&[f32], &[f32]) {
        let at = index::<N>(self.position);
        // SAFETY: the writer stored an index at least `count` past `at`, so it wrote these slots before, and does not
        // touch them until this reader's index, which the borrow keeps where it is, has moved past them.
        unsafe {
            let (first, second) = self.ring.unsafe_slices(at, at + count);
            (&*(first as *const [_] as *const [f32]), &*(second as *const [_] as *const [f32]))
        }
    }

    fn let_go(&mut self, count: usize) {
        self.position = self.position.wrapping_add(count as u64);
        // SAFETY: this is the only reader, and it has passed only what waited.
        unsafe { self.ring.set_read_index(index::<N>(self.position)) };
    }
}

/// An exhaustive model: both ends in every state that they can reach, and every call in each, at small sizes, with
/// positions that wrap. What must come out is known from positions alone, by plain counting.
#[cfg(test)]
mod tests {
    use super::*;

    /// What frame number `position` holds: any two in one lap differ.
    fn value(position: u64) -> f32 {
        (position % (1 << 20)) as f32 + 1.0
    }

    /// Both ends as they would be: the true positions, and what each last saw of the other, as frames behind it.
    fn state<const N: usize>(
        read: u64,
        fill: usize,
        old_read: usize,
        old_written: usize,
    ) -> (WriteEnd<N>, ReadEnd<N>) {
        let (mut writer, mut reader) = ends::<N>(read);
        let mut next = read;
        writer.write(fill, |part| {
            for slot in part {
                *slot = value(next);
                next = next.wrapping_add(1);
            }
        });
        writer.read = index::<N>(read.wrapping_sub(old_read as u64));
        reader.written = index::<N>(writer.position.wrapping_sub(old_written as u64));
        (writer, reader)
    }

    /// Every state of a ring of `N`: what the writer last saw lies between a full ring behind it and the truth, and
    /// what the reader last saw between its own position and the truth.
    fn every_state<const N: usize>(mut check: impl FnMut(WriteEnd<N>, ReadEnd<N>, u64, usize)) {
        let wraps = 0_u64.wrapping_sub(2 * N as u64);
        for lap in 0..4 * N as u64 {
            let read = wraps.wrapping_add(lap);
            for fill in 0..=N {
                for old_read in 0..=N - fill {
                    for old_written in 0..=fill {
                        let (writer, reader) = state::<N>(read, fill, old_read, old_written);
                        check(writer, reader, read, fill);
                    }
                }
            }
        }
    }

    fn writes_are_right<const N: usize>() {
        every_state::<N>(|mut writer, mut reader, read, fill| {
            assert_eq!((writer.fill(), reader.fill()), (fill, fill));
            for count in 0..=N + 1 {
                let mut writer = WriteEnd { ring: Arc::clone(&writer.ring), ..writer };
                let before = writer.position;
                let mut given = 0;
                let wrote = writer.write(count, |part| given += part.len());
                assert_eq!((wrote, given), (count.min(N - fill), wrote));
                assert_eq!(writer.position, before.wrapping_add(wrote as u64));
                // Undone for the next count.
                // SAFETY: the writer is this test's, and what it goes back to was its index.
                unsafe { writer.ring.set_write_index(index::<N>(before)) };
            }
            let mut next = writer.position;
            let wrote = writer.write(N, |part| {
                for slot in part {
                    *slot = value(next);
                    next = next.wrapping_add(1);
                }
            });
            assert_eq!(wrote, N - fill);
            let mut expected = read;
            let took = reader.read(N, |part| {
                for sample in part {
                    assert_eq!(*sample, value(expected));
                    expected = expected.wrapping_add(1);
                }
            });
            assert_eq!((took, expected), (N, read.wrapping_add(N as u64)));
        });
    }

    fn reads_are_right<const N: usize>() {
        every_state::<N>(|writer, reader, read, fill| {
            for count in 0..=N + 1 {
                for skips in [false, true] {
                    let mut reader = ReadEnd { ring: Arc::clone(&reader.ring), ..reader };
                    let mut expected = read;
                    let mut check = |part: &[f32]| {
                        for sample in part {
                            assert_eq!(*sample, value(expected));
                            expected = expected.wrapping_add(1);
                        }
                    };
                    let (first, second) = reader.waiting();
                    assert_eq!(first.len() + second.len(), fill);
                    let took = if skips {
                        check(first);
                        check(second);
                        reader.skip(count)
                    } else {
                        reader.read(count, check)
                    };
                    assert_eq!(took, count.min(fill));
                    assert_eq!(reader.position, read.wrapping_add(took as u64));
                    assert_eq!(writer.fill(), fill - took);
                    // SAFETY: the reader is this test's, and what it goes back to was its index.
                    unsafe { reader.ring.set_read_index(index::<N>(read)) };
                }
            }
        });
    }

    #[test]
    fn every_write_in_every_state_takes_the_room_there_is() {
        writes_are_right::<1>();
        writes_are_right::<2>();
        writes_are_right::<4>();
        writes_are_right::<8>();
    }

    #[test]
    fn every_read_in_every_state_takes_what_waits_in_order() {
        reads_are_right::<1>();
        reads_are_right::<2>();
        reads_are_right::<4>();
        reads_are_right::<8>();
    }
}
