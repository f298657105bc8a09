//! The ring against a `VecDeque`: random block operations at both ends of a small ring whose positions wrap.

use arbitrary::{Arbitrary, Result, Unstructured};
use oncue_duplex::{FrameReader, FrameWriter, frame_ring_from};
use std::collections::VecDeque;

/// Frames in the ring: more than the size of a block from which the ring looks at the other end anew (256).
const FRAMES: usize = 1024;

/// A block operation, with how many frames it asks for.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Op {
    /// Copies a block in.
    Push(u16),
    /// Writes frames in place.
    PushWith(u16),
    /// Copies a block out.
    Pop(u16),
    /// Reads frames in place.
    PopWith(u16),
    /// Looks at all that waits.
    Look,
    /// Lets frames go.
    Skip(u16),
}

/// Reads a start and operations from `data` and plays them.
pub fn ring(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((start, ops)) = read(&mut u) else { return };
    play(start, &ops);
}

fn read(u: &mut Unstructured<'_>) -> Result<(u64, Vec<Op>)> {
    let start = 0_u64.wrapping_sub(u64::from(u16::arbitrary(u)?));
    Ok((start, u.arbitrary_iter()?.collect::<Result<_>>()?))
}

/// Plays `ops` on a ring whose positions start at `start`, and on a queue.
///
/// # Panics
/// If the ring takes, gives, or counts anything else than the queue.
pub fn play(start: u64, ops: &[Op]) {
    let (mut writer, mut reader) = frame_ring_from::<FRAMES>(start);
    let mut queue = VecDeque::new();
    let (mut pushed, mut popped) = (0_u64, 0_u64);
    for op in ops {
        match *op {
            Op::Push(count) => {
                let block: Vec<f32> = numbers(pushed).take(size(count)).collect();
                let fits = block.len().min(FRAMES - queue.len());
                assert_eq!(writer.push(&block), fits);
                queue.extend(&block[..fits]);
                pushed += fits as u64;
            }
            Op::PushWith(count) => {
                let fits = size(count).min(FRAMES - queue.len());
                let mut next = numbers(pushed);
                let went = writer.push_with(size(count), |part| {
                    part.iter_mut().zip(&mut next).for_each(|(slot, number)| *slot = number);
                });
                assert_eq!(went, fits);
                queue.extend(numbers(pushed).take(fits));
                pushed += fits as u64;
            }
            Op::Pop(count) => {
                let mut block = vec![-1.0; size(count)];
                let came = reader.pop(&mut block);
                let expected: Vec<f32> = queue.drain(..size(count).min(queue.len())).collect();
                assert_eq!(block[..came], expected);
                assert!(block[came..].iter().all(|rest| *rest == -1.0), "the rest is left alone");
                popped += came as u64;
            }
            Op::PopWith(count) => {
                let mut block = Vec::new();
                let came = reader.pop_with(size(count), |part| block.extend_from_slice(part));
                let expected: Vec<f32> = queue.drain(..size(count).min(queue.len())).collect();
                assert_eq!((came, block), (expected.len(), expected));
                popped += came as u64;
            }
            Op::Look => {
                let (first, second) = reader.waiting();
                assert!(first.iter().chain(second).eq(&queue));
            }
            Op::Skip(count) => {
                let gone = queue.drain(..size(count).min(queue.len())).count();
                assert_eq!(reader.skip(size(count)), gone);
                popped += gone as u64;
            }
        }
        counts(&writer, &reader, queue.len());
        assert_eq!(writer.position(), start.wrapping_add(pushed));
        assert_eq!(reader.position(), start.wrapping_add(popped));
    }
}

/// Block sizes up to a ring and a half.
fn size(count: u16) -> usize {
    usize::from(count) % (FRAMES * 3 / 2)
}

/// The frames from number `first` on: exact, and any two in the ring differ.
fn numbers(first: u64) -> impl Iterator<Item = f32> {
    (first..).map(|number| (number % (1 << 24)) as f32)
}

fn counts(writer: &FrameWriter<FRAMES>, reader: &FrameReader<FRAMES>, waiting: usize) {
    assert_eq!((writer.fill(), writer.room(), reader.fill()), (waiting, FRAMES - waiting, waiting));
}
