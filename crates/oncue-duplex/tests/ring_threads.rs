//! Two threads at both ends of a small ring, whose positions wrap: every frame comes out once, in order, whole.
//!
//! Without libtest, so that ThreadSanitizer can watch it (`scripts/thread-sanitizer`). Called with the name `planted`
//! it has a race: the same hand-over with an index that publishes nothing, which the sanitizer must find.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};
use oncue_duplex::{FrameReader, FrameWriter, frame_ring_from};

const FRAMES: u64 = 400_000;

fn main() {
    if std::env::args().any(|arg| arg == "planted") {
        planted();
        return;
    }
    // One slot, blocks on both sides of the size from which an index is looked up anew, and a wrap of the counter.
    through::<1>(FRAMES / 20, 0);
    through::<64>(FRAMES, u64::MAX - FRAMES / 2);
    through::<4096>(4 * FRAMES, u64::MAX - 7);
}

/// What the frame number `number` holds: exact, and unlike its neighbours of a lap.
fn value(number: u64) -> f32 {
    (number % (1 << 24)) as f32
}

/// Block sizes around those that matter, of no even rhythm.
fn sizes() -> impl Iterator<Item = usize> {
    [1, 64, 255, 480, 3, 256, 24, 257, 2400, 7].into_iter().cycle()
}

fn through<const N: usize>(frames: u64, position: u64) {
    let (mut writer, mut reader) = frame_ring_from::<N>(position);
    // Both ends are dropped after the join: the sanitizer does not see what the standard library does between threads.
    let thread = std::thread::spawn(move || {
        write(&mut writer, frames);
        writer
    });
    read(&mut reader, frames);
    assert_eq!(thread.join().map(|writer| writer.room()).ok(), Some(N));
}

fn write<const N: usize>(writer: &mut FrameWriter<N>, frames: u64) {
    let mut next = 0;
    let mut sizes = sizes();
    while next < frames {
        let count = sizes.next().unwrap_or(1).min((frames - next) as usize);
        let pushed = if next.is_multiple_of(2) {
            let block: Vec<f32> = (next..next + count as u64).map(value).collect();
            writer.push(&block)
        } else {
            let mut number = next;
            writer.push_with(count, |part| {
                for slot in part {
                    *slot = value(number);
                    number += 1;
                }
            })
        };
        next += pushed as u64;
        if pushed == 0 {
            std::thread::yield_now();
        }
    }
}

fn read<const N: usize>(reader: &mut FrameReader<N>, frames: u64) {
    let mut next = 0;
    let mut block = vec![0.0; 4096];
    let mut sizes = sizes();
    while next < frames {
        let count = sizes.next().unwrap_or(1).min((frames - next) as usize);
        let mut check = |part: &[f32]| {
            for sample in part {
                assert_eq!(*sample, value(next));
                next += 1;
            }
        };
        let popped = match count % 3 {
            0 => reader.pop_with(count, check),
            1 => {
                let popped = reader.pop(&mut block[..count]);
                check(&block[..popped]);
                popped
            }
            _ => {
                let (first, second) = reader.waiting();
                check(first);
                check(second);
                let seen = first.len() + second.len();
                assert_eq!(reader.skip(seen), seen, "what was seen to wait still waits");
                seen
            }
        };
        if popped == 0 {
            std::thread::yield_now();
        }
    }
    assert_eq!(reader.fill(), 0);
}

/// A slot that one thread fills and another reads once the index says so.
struct Planted {
    slot: UnsafeCell<f32>,
    index: AtomicUsize,
}

// SAFETY: it is not: the index is relaxed, which is the race that is planted.
unsafe impl Sync for Planted {}

fn planted() {
    let ring: &'static Planted =
        Box::leak(Box::new(Planted { slot: UnsafeCell::new(0.0), index: AtomicUsize::new(0) }));
    let thread = std::thread::spawn(move || {
        // SAFETY: none, see above.
        unsafe { *ring.slot.get() = 1.0 };
        ring.index.store(1, Ordering::Relaxed);
    });
    while ring.index.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
    // SAFETY: none, see above.
    assert!(unsafe { *ring.slot.get() } <= 1.0);
    assert!(thread.join().is_ok());
}
