//! Tests: callbacks and endpoint, driven by hand in any order and any block size, against plain queues that know
//! nothing of rings: no frame is ever unaccounted for, out of place, or wrong.

#![allow(clippy::disallowed_types, reason = "a built stream hands its ring over through a channel")]

use crate::callback::{CaptureCallback, Cushion, Lane, PlaybackCallback};
use crate::clock::{Timebase, stamps};
use crate::endpoint::{CaptureEnd, End, Endpoint, PlaybackEnd};
use crate::ring::{RING_FRAMES, frame_ring, splices};
use crate::settings::DuplexSettings;
use crate::shared::{Shared, Side};
use crate::silence::blocks;
use crate::stats::{ClockFigures, StreamFormat};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use cpal::{SampleFormat, StreamInstant};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

const TARGET: usize = 960;
const RATE: u32 = 48_000;

/// Both callbacks and the endpoint, without a device.
struct Rig {
    shared: Arc<Shared>,
    ends: Sender<End>,
    channels: usize,
    capture: CaptureCallback,
    playback: PlaybackCallback,
    endpoint: Endpoint,
    ns: u64,
}

impl Rig {
    fn new(channels: u16) -> Self {
        let format =
            StreamFormat { device: "rig".into(), rate: RATE, channels, format: SampleFormat::F32 };
        let shared = Arc::new(Shared {
            settings: DuplexSettings::default(),
            epoch: Instant::now(),
            timebase: Timebase::default(),
            one_cycle: false,
            two_clocks: AtomicBool::default(),
            clocks: ClockFigures::default(),
            run: AtomicU32::new(0),
            capture: Side::new(format.clone()),
            playback: Side::new(format),
            activated: Mutex::default(),
            owner: Mutex::default(),
            waiter: OnceLock::default(),
        });
        let (ends, from_streams) = channel();
        let endpoint = Endpoint::new(Arc::clone(&shared), from_streams);
        let channels = usize::from(channels);
        let (capture, playback) = build(&shared, &ends, channels);
        let mut rig = Self { shared, ends, channels, capture, playback, endpoint, ns: 0 };
        rig.begin();
        rig
    }

    /// Stops, and starts the same streams again.
    fn restart(&mut self) {
        self.capture.lane.gate.close(core::time::Duration::ZERO);
        self.playback.lane.gate.close(core::time::Duration::ZERO);
        self.begin();
    }

    /// Stops, and starts with new streams.
    fn rebuild(&mut self) {
        self.capture.lane.gate.close(core::time::Duration::ZERO);
        self.playback.lane.gate.close(core::time::Duration::ZERO);
        (self.capture, self.playback) = build(&self.shared, &self.ends, self.channels);
        self.begin();
    }

    fn begin(&mut self) {
        let run = self.shared.run.fetch_add(1, Ordering::Relaxed) + 1;
        self.capture.lane.begin(run);
        self.playback.lane.begin(run);
    }

    fn stamp(&mut self) -> StreamInstant {
        self.ns += 1_000_000;
        StreamInstant::from_nanos(self.ns)
    }
}

fn build(
    shared: &Arc<Shared>,
    ends: &Sender<End>,
    channels: usize,
) -> (CaptureCallback, PlaybackCallback) {
    let lane = || {
        let lane = Arc::new(Lane::default());
        lane.target.store(TARGET as u32, Ordering::Relaxed);
        lane
    };
    let (lane_c, lane_p) = (lane(), lane());
    let (frames_c, captured) = frame_ring();
    let (splices_c, spliced_c) = splices();
    let (stamps_c, stamped_c) = stamps(shared.epoch);
    let (written, frames_p) = frame_ring();
    let (splices_p, spliced_p) = splices();
    let (stamps_p, stamped_p) = stamps(shared.epoch);
    shared.capture.set_lane(&lane_c);
    shared.playback.set_lane(&lane_p);
    ends.send(End::Capture(CaptureEnd::new(
        Arc::clone(&lane_c),
        captured,
        spliced_c,
        stamped_c,
        RATE,
    )))
    .unwrap();
    ends.send(End::Playback(PlaybackEnd::new(
        Arc::clone(&lane_p),
        written,
        spliced_p,
        stamped_p,
        RATE,
    )))
    .unwrap();
    (
        CaptureCallback {
            lane: lane_c,
            counters: Arc::clone(&shared.capture.counters),
            frames: frames_c,
            splices: splices_c,
            stamps: stamps_c,
            blocks: blocks().0,
            channels,
        },
        PlaybackCallback {
            lane: lane_p,
            counters: Arc::clone(&shared.playback.counters),
            frames: frames_p,
            splices: splices_p,
            stamps: stamps_p,
            blocks: blocks().0,
            channels,
            cushion: Cushion::default(),
        },
    )
}

/// The value of the sample with this number: each one of its own, never zero, and exact.
fn value(number: u64) -> f32 {
    (number % (1 << 24) + 1) as f32 / (1 << 24) as f32
}

fn limit(largest: usize) -> usize {
    (TARGET + (RATE as usize / 10).max(2 * largest)).min(RING_FRAMES)
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// The device calls with this many frames.
    Block(usize),
    /// The consumer reads or writes this many.
    Frame(usize),
    Restart,
    Rebuild,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let block = prop_oneof![
        4 => 1..600_usize,
        2 => Just(24_usize),
        2 => Just(480_usize),
        2 => 600..5_000_usize,
        1 => Just(0_usize),
        1 => 5_000..96_000_usize,
    ];
    let frame = prop_oneof![6 => Just(480_usize), 1 => 1..2_000_usize];
    let op = prop_oneof![
        10 => block.prop_map(Op::Block),
        10 => frame.prop_map(Op::Frame),
        1 => Just(Op::Restart),
        1 => Just(Op::Rebuild),
    ];
    prop::collection::vec(op, 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_captured_frame_is_delivered_or_lost_and_counted_or_waits(ops in ops(), channels in 1..4_u16) {
        let mut rig = Rig::new(channels);
        // The model: which stream frames wait.
        let mut waiting: VecDeque<u64> = VecDeque::new();
        let (mut frames, mut delivered, mut lost, mut discarded, mut largest) = (0, 0, 0, 0, 0);
        // A restart takes effect with the next read.
        let mut stale = 0;
        for op in ops {
            match op {
                Op::Block(count) => {
                    let mut data = vec![-1.0; count * usize::from(channels)];
                    for (k, frame) in data.chunks_exact_mut(usize::from(channels)).enumerate() {
                        frame[0] = value(frames + k as u64);
                    }
                    let stamp = rig.stamp();
                    rig.capture.block(&data, stamp);
                    largest = largest.max(count);
                    for _ in 0..count {
                        if waiting.len() < RING_FRAMES { waiting.push_back(frames) } else { lost += 1 }
                        frames += 1;
                    }
                }
                Op::Frame(length) => {
                    let mut frame = vec![0.0; length];
                    let captured = rig.endpoint.read(&mut frame);
                    let mut drop_front = |waiting: &mut VecDeque<u64>, count: usize| {
                        waiting.drain(..count);
                        discarded += count as u64;
                    };
                    drop_front(&mut waiting, core::mem::take(&mut stale));
                    if waiting.len() > limit(largest).max(length) {
                        let excess = waiting.len() - TARGET.max(length);
                        drop_front(&mut waiting, excess);
                    }
                    while let Some(cut) = (1..length.min(waiting.len())).find(|k| waiting[*k] != waiting[k - 1] + 1) {
                        drop_front(&mut waiting, cut);
                    }
                    if waiting.len() < length {
                        prop_assert_eq!(captured, None);
                    } else {
                        let read: Vec<u64> = waiting.drain(..length).collect();
                        delivered += length as u64;
                        let expected: Vec<f32> = read.iter().map(|k| value(*k)).collect();
                        prop_assert!(frame == expected);
                        prop_assert_eq!(captured.unwrap().index, read[0]);
                    }
                }
                Op::Restart => {
                    rig.restart();
                    stale = waiting.len();
                }
                Op::Rebuild => {
                    rig.rebuild();
                    rig.endpoint.wait(core::time::Duration::ZERO);
                    discarded += waiting.drain(..).count() as u64;
                    stale = 0;
                }
            }
            let stats = rig.shared.stats().capture;
            prop_assert_eq!(
                (stats.stream.frames, stats.delivered, stats.lost, stats.discarded, stats.stream.waiting),
                (frames, delivered, lost, discarded, waiting.len() as u64)
            );
            prop_assert_eq!(frames, delivered + lost + discarded + waiting.len() as u64);
        }
    }

    #[test]
    fn every_played_frame_was_written_or_is_inserted_and_counted(ops in ops(), channels in 1..4_u16) {
        let mut rig = Rig::new(channels);
        // The model: the numbers of the accepted samples that wait.
        let mut waiting: VecDeque<u64> = VecDeque::new();
        let (mut frames, mut accepted, mut refused, mut inserted, mut underrun, mut skipped) = (0, 0, 0, 0, 0, 0);
        let (mut largest, mut stale, mut fed, mut cushion) = (0, 0, false, 0);
        for op in ops {
            match op {
                Op::Block(count) => {
                    let mut data = vec![9.0_f32; count * usize::from(channels)];
                    let stamp = rig.stamp();
                    rig.playback.block(&mut data, stamp);
                    largest = largest.max(count);
                    skipped += waiting.drain(..core::mem::take(&mut stale)).count() as u64;
                    if !fed && !waiting.is_empty() {
                        fed = true;
                        cushion = TARGET;
                    }
                    for (k, frame) in data.chunks_exact(usize::from(channels)).enumerate() {
                        let index = frames + k as u64;
                        let expected = if cushion > 0 {
                            cushion -= 1;
                            inserted += 1;
                            0.0
                        } else if let Some(number) = waiting.pop_front() {
                            prop_assert_eq!(rig.endpoint.playback_index(number), Some(index));
                            value(number)
                        } else {
                            inserted += 1;
                            underrun += u64::from(fed);
                            0.0
                        };
                        prop_assert!(frame.iter().all(|sample| *sample == expected));
                    }
                    frames += count as u64;
                }
                Op::Frame(length) => {
                    let frame: Vec<f32> = (0..length as u64).map(|k| value(accepted + k)).collect();
                    let written = rig.endpoint.write(&frame);
                    let room = limit(largest).saturating_sub(waiting.len()).min(length);
                    prop_assert_eq!((written.accepted, written.position), (room, accepted));
                    waiting.extend(accepted..accepted + room as u64);
                    accepted += room as u64;
                    refused += (length - room) as u64;
                }
                Op::Restart => {
                    rig.restart();
                    stale = waiting.len();
                    (fed, cushion) = (false, 0);
                }
                Op::Rebuild => {
                    rig.rebuild();
                    rig.endpoint.wait(core::time::Duration::ZERO);
                    skipped += waiting.drain(..).count() as u64;
                    (stale, fed, cushion) = (0, false, 0);
                }
            }
            let stats = rig.shared.stats().playback;
            prop_assert_eq!(
                (stats.stream.frames, stats.written, stats.refused, stats.inserted, stats.underrun, stats.skipped),
                (frames, accepted, refused, inserted, underrun, skipped)
            );
            prop_assert_eq!(stats.stream.waiting, waiting.len() as u64);
            prop_assert_eq!(frames + skipped + waiting.len() as u64, accepted + inserted);
        }
    }
}

#[test]
fn channel_0_is_captured_and_all_channels_are_played_in_each_format() {
    let mut rig = Rig::new(2);
    let mut frame = [0.0; 2];
    let stamp = rig.stamp();
    rig.capture.block(&[16_384_i16, 1, -32_768, 1], stamp);
    assert!(rig.endpoint.read(&mut frame).is_some());
    assert_eq!(frame, [0.5, -1.0]);
    rig.capture.block(&[1 << 30, 1, i32::MIN, 1], stamp);
    assert!(rig.endpoint.read(&mut frame).is_some());
    assert_eq!(frame, [0.5, -1.0]);
    rig.capture.block(&[49_152_u16, 1, 0, 1], stamp);
    assert!(rig.endpoint.read(&mut frame).is_some());
    assert_eq!(frame, [0.5, -1.0]);

    rig.playback.lane.target.store(0, Ordering::Relaxed);
    rig.endpoint.write(&[0.5, 2.0, 0.5, -2.0, 0.5]);
    let mut i16s = [7_i16; 4];
    rig.playback.block(&mut i16s, stamp);
    assert_eq!(i16s, [16_384, 16_384, i16::MAX, i16::MAX], "beyond full scale is clipped");
    let mut i32s = [7_i32; 4];
    rig.playback.block(&mut i32s, stamp);
    assert_eq!(i32s, [1 << 30, 1 << 30, i32::MIN, i32::MIN]);
    let mut u16s = [7_u16; 4];
    rig.playback.block(&mut u16s, stamp);
    assert_eq!(u16s, [49_152, 49_152, 32_768, 32_768], "silence is the middle");
}

#[test]
fn a_closed_gate_lets_nothing_through() {
    let mut rig = Rig::new(1);
    rig.endpoint.write(&[0.5; 480]);
    rig.capture.lane.gate.close(core::time::Duration::ZERO);
    rig.playback.lane.gate.close(core::time::Duration::ZERO);
    let before = rig.shared.stats();
    let stamp = rig.stamp();
    let mut data = [9.0_f32; 480];
    rig.playback.block(&mut data, stamp);
    rig.capture.block(&data, stamp);
    assert_eq!(data, [0.0; 480]);
    assert_eq!(rig.shared.stats(), before);
    assert_eq!(rig.endpoint.write(&[0.5; 480]).accepted, 0);
}

#[test]
fn a_block_that_is_no_whole_number_of_frames_ends_in_silence() {
    let mut rig = Rig::new(2);
    let mut data = [9.0_f32; 5];
    let stamp = rig.stamp();
    rig.playback.block(&mut data, stamp);
    assert_eq!(data, [0.0; 5]);
    rig.capture.block(&data, stamp);
    assert_eq!(rig.shared.stats().capture.stream.frames, 2);
}

/// The target moves while a run plays: up by silence at once, down where what waits is silent, and all of it counted.
#[test]
fn playback_follows_a_target_that_moves() {
    let mut rig = Rig::new(1);
    let play = |rig: &mut Rig, frames: usize| {
        let mut data = vec![9.0_f32; frames];
        let stamp = rig.stamp();
        rig.playback.block(&mut data, stamp);
        data
    };
    let tune = |rig: &Rig, target| rig.playback.lane.target.store(target, Ordering::Relaxed);
    tune(&rig, 480);
    rig.endpoint.write(&[0.5; 480]);
    assert_eq!(play(&mut rig, 480), [0.0; 480], "the cushion");
    tune(&rig, 720);
    let grown = play(&mut rig, 480);
    assert_eq!((&grown[..240], &grown[240..]), (&[0.0; 240][..], &[0.5; 240][..]));
    // Down again: not in the middle of sound, nor so far that the device would find too little.
    tune(&rig, 480);
    rig.endpoint.write(&[0.5; 240]);
    rig.endpoint.write(&[0.0005; 480]);
    rig.endpoint.write(&[0.25; 480]);
    assert_eq!(play(&mut rig, 480), [0.5; 480]);
    assert_eq!(rig.shared.stats().playback.skipped, 0);
    let shrunk = play(&mut rig, 480);
    assert_eq!((&shrunk[..240], &shrunk[240..]), (&[0.0005; 240][..], &[0.25; 240][..]));
    assert_eq!(play(&mut rig, 240), [0.25; 240]);
    let stats = rig.shared.stats().playback;
    assert_eq!((stats.inserted, stats.underrun, stats.skipped), (720, 0, 240));
    assert_eq!(stats.stream.frames + stats.skipped, stats.written + stats.inserted);
}
