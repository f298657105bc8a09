//! The silence watch finds each planted fault as what it is, within its hold time, its onset exact to one block; tells
//! it once; and finds nothing in sound audio. No engine and no device: the watch is pure. What is planted, and where,
//! is known to the test alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::f64::consts::TAU;
use core::time::Duration;
use oncue_duplex::{
    BlockMeter, Direction, Silence, SilenceKind, SilenceSettings, SilenceWatch, SilentAudio,
};
use proptest::prelude::*;
use std::time::Instant;

const RATE: u32 = 48_000;
const SECOND: usize = RATE as usize;

/// One direction of a device, block by block.
struct Device {
    direction: Direction,
    block: usize,
    watch: SilenceWatch,
    meter: BlockMeter,
    now: Instant,
    index: u64,
    seen: Vec<Silence>,
    /// What the stack does: whether it reads or writes.
    moves: bool,
}

impl Device {
    fn new(direction: Direction, block: usize) -> Self {
        let now = Instant::now();
        let mut watch = SilenceWatch::new(SilenceSettings::default());
        watch.begin(direction, RATE, now);
        Self {
            direction,
            block,
            watch,
            meter: BlockMeter::default(),
            now,
            index: 0,
            seen: Vec::new(),
            moves: true,
        }
    }

    /// Gives as many whole blocks as `samples` make; looks ten times a second, as a program does.
    fn give(&mut self, samples: &[f32]) {
        for block in samples.chunks_exact(self.block) {
            let mut stats = self.meter.block(self.index, block);
            match (self.direction, self.moves) {
                (_, true) => stats.moved = stats.frames,
                (Direction::Capture, false) => stats.moved = 0,
                (Direction::Playback, false) => stats.inserted = stats.frames,
            }
            self.index += self.block as u64;
            self.now += Duration::from_secs_f64(self.block as f64 / f64::from(RATE));
            self.watch.observe(self.direction, &stats, self.now);
            if self.index % (RATE as u64 / 10) < self.block as u64 {
                self.look();
            }
        }
        self.look();
    }

    fn look(&mut self) {
        while let Some(change) = self.watch.poll(self.now) {
            self.seen.push(change);
        }
    }

    fn seen(&mut self) -> Vec<Silence> {
        core::mem::take(&mut self.seen)
    }
}

/// Something like a voice in a room with a noise of −45 dBFS, of any length: voiced sounds with pauses between them.
fn voice(seed: u64, frames: usize) -> Vec<f32> {
    voice_in(-45.0, seed, frames)
}

/// The same in a room with this noise in dBFS.
fn voice_in(room: f32, seed: u64, frames: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut voice = Vec::with_capacity(frames);
    while voice.len() < frames {
        let (sound, pause) = (random.usize(SECOND / 10..SECOND), random.usize(SECOND / 3..SECOND));
        let (pitch, loud) = (90.0 + 120.0 * random.f64(), 0.05 + 0.1 * random.f64());
        for n in 0..sound + pause {
            let envelope = (core::f64::consts::PI * n as f64 / sound as f64).sin();
            let wave = |harmonic: f64| {
                (TAU * pitch * harmonic * n as f64 / f64::from(RATE)).sin() / harmonic
            };
            let sounds = if n < sound { 1.0 } else { 0.0 };
            let tone = sounds * loud * envelope * (1..6).map(|h| wave(f64::from(h))).sum::<f64>();
            voice.push(tone as f32 + noise(&mut random, room));
        }
    }
    voice.truncate(frames);
    voice
}

/// Noise of this level in dBFS.
fn noise(random: &mut fastrand::Rng, dbfs: f32) -> f32 {
    10_f32.powf(dbfs / 20.0) * 3_f32.sqrt() * (2.0 * random.f32() - 1.0)
}

/// What is planted into a voice.
type Plant = fn(block: usize, voice: &mut [f32]);

const PLANTS: [(SilenceKind, Plant); 8] = [
    (SilenceKind::DigitalZero, |_, voice| voice.fill(0.0)),
    (SilenceKind::BelowFloor, |_, voice| {
        let mut random = fastrand::Rng::with_seed(63);
        voice.fill_with(|| noise(&mut random, -63.0));
    }),
    (SilenceKind::Stuck, |_, voice| voice.fill(-0.03)),
    (SilenceKind::Repeated, |block, voice| {
        let (first, rest) = voice.split_at_mut(block);
        rest.chunks_mut(block).for_each(|copy| copy.copy_from_slice(&first[..copy.len()]));
    }),
    (SilenceKind::Repeated, |block, voice| {
        let (first, rest) = voice.split_at_mut(3 * block);
        rest.chunks_mut(3 * block).for_each(|copy| copy.copy_from_slice(&first[..copy.len()]));
    }),
    (SilenceKind::DcOffset, |_, voice| voice.iter_mut().for_each(|x| *x += 0.2)),
    (SilenceKind::DcOffset, |_, voice| voice.iter_mut().for_each(|x| *x -= 0.1)),
    (SilenceKind::Clipping, |_, voice| {
        let mut random = fastrand::Rng::with_seed(1);
        voice.iter_mut().for_each(|x| *x = (40.0 * *x + noise(&mut random, 0.0)).clamp(-1.0, 1.0));
    }),
];

/// Whether `at` is not more than a block away from `truth`. A repeated buffer shows when it comes the second time. An
/// offset, and what is clipped, begin with a cycle of the voice.
fn exact(at: u64, truth: usize, block: usize, kind: SilenceKind) -> bool {
    let (copies, cycle) = match kind {
        SilenceKind::Repeated => (3 * block as u64, 0),
        SilenceKind::DcOffset | SilenceKind::Clipping => (0, u64::from(RATE) / 90),
        _ => (0, 0),
    };
    at.abs_diff(truth as u64 + copies) <= (block as u64).max(cycle) + copies
}

#[test]
fn each_kind_is_found_within_its_hold_time_and_ends() {
    let voice = voice(1, 30 * SECOND);
    for block in [24, 64, 256, 480, 1024, 2400] {
        for (number, (kind, plant)) in PLANTS.into_iter().enumerate() {
            let at = 12 * SECOND / block * block + if number < 3 { block / 3 } else { 0 };
            let length = 7 * SECOND / block * block;
            let mut audio = voice.clone();
            plant(block, &mut audio[at..at + length]);
            let hold = SilenceSettings::default().hold(kind).unwrap();

            let mut device = Device::new(Direction::Capture, block);
            device.give(&audio[..at / block * block]);
            let what = format!("{kind} in blocks of {block}");
            assert_eq!(device.seen(), [], "{what}: before it");
            // The hold time, a block to either side that the plant may share, and a cycle of the voice.
            let held = at + (hold.as_secs_f64() * f64::from(RATE)) as usize;
            let told_by = held + 4 * block + SECOND / 90;
            device.give(&audio[at / block * block..told_by / block * block]);
            let seen = device.seen();
            let [Silence::Began(began)] = seen[..] else { panic!("{what}: {seen:?}") };
            assert_eq!(
                (began.kind, began.direction, began.one_way),
                (kind, Direction::Capture, false)
            );
            assert!(exact(began.since, at, block, kind), "{what}: {} for {at}", began.since);
            assert!(began.lasted >= hold);

            device.give(&audio[told_by / block * block..]);
            let seen = device.seen();
            let [Silence::Over(over)] = seen[..] else { panic!("{what}: {seen:?}") };
            assert_eq!(SilentAudio { lasted: began.lasted, ..over }, began);
            let end = over.since + (over.lasted.as_secs_f64() * f64::from(RATE)).round() as u64;
            let late = if kind == SilenceKind::Clipping { SECOND / 10 } else { SECOND / 30 };
            let late = late.max(3 * block) as u64;
            assert!(end.abs_diff((at + length) as u64) <= late, "{what}: {over:?}");
            assert_eq!(device.watch.silence(Direction::Capture), None);
        }
    }
}

#[test]
fn frames_that_the_stack_does_not_move_are_its_own_kinds() {
    for (direction, kind) in [
        (Direction::Playback, SilenceKind::NothingWritten),
        (Direction::Capture, SilenceKind::NothingRead),
    ] {
        let mut device = Device::new(direction, 480);
        device.give(&voice(1, SECOND));
        device.moves = false;
        device.give(&voice(2, 2 * SECOND - 480));
        assert_eq!(device.seen(), []);
        device.give(&voice(3, SECOND));
        let seen = device.seen();
        let [Silence::Began(began)] = seen[..] else { panic!("{seen:?}") };
        assert_eq!((began.kind, began.since), (kind, RATE.into()));
        assert_eq!(began.cause.to_string(), "the call stack does not move its frames");
    }
}

#[test]
fn a_stall_is_seen_by_who_polls_and_told_each_time() {
    let mut device = Device::new(Direction::Capture, 480);
    for _ in 0..3 {
        device.give(&voice(1, SECOND));
        assert_eq!(device.seen(), []);
        let since = device.index;
        device.now += Duration::from_millis(499);
        device.look();
        assert_eq!(device.seen(), []);
        device.now += Duration::from_millis(1);
        device.look();
        device.look();
        let seen = device.seen();
        let [Silence::Began(stall)] = seen[..] else { panic!("{seen:?}") };
        assert_eq!((stall.kind, stall.since), (SilenceKind::NoCallbacks, since));
        assert_eq!(stall.lasted, Duration::from_millis(500));
        device.now += Duration::from_secs(9);
        device.give(&voice(2, 480));
        let seen = device.seen();
        let [Silence::Over(over)] = seen[..] else { panic!("{seen:?}") };
        assert_eq!(over.lasted, Duration::from_millis(9510));
    }
    // Three blocks are no stall, however long they are.
    let mut device = Device::new(Direction::Capture, SECOND / 2);
    device.give(&voice(1, SECOND));
    device.now += Duration::from_millis(1499);
    device.look();
    assert_eq!(device.seen(), []);
    device.now += Duration::from_millis(1);
    device.look();
    assert_eq!(device.seen().len(), 1);
}

#[test]
fn after_its_end_a_kind_cools_down_and_what_outlasts_that_is_told_with_its_onset() {
    let mut device = Device::new(Direction::Capture, 480);
    let zeros = vec![0.0; 60 * SECOND];
    let sound = voice(1, 20 * SECOND);
    device.give(&sound[..SECOND]);
    device.give(&zeros[..3 * SECOND]);
    // It comes back before the watch is armed again: the same silence.
    device.give(&sound[..SECOND / 2]);
    device.give(&zeros[..SECOND]);
    assert_eq!(device.seen().len(), 1);
    device.give(&sound[..2 * SECOND]);
    let seen = device.seen();
    let [Silence::Over(over)] = seen[..] else { panic!("{seen:?}") };
    assert_eq!(over.lasted, Duration::from_millis(4500));
    // Within the cool-down: not told, though longer than the hold time.
    device.give(&zeros[..4 * SECOND]);
    device.give(&sound[..SECOND]);
    assert_eq!(device.seen(), []);
    let onset = device.index;
    device.give(&zeros[..9 * SECOND]);
    let seen = device.seen();
    let [Silence::Began(began)] = seen[..] else { panic!("{seen:?}") };
    assert_eq!(began.since, onset);
    assert!(began.lasted > Duration::from_secs(2), "the cool-down was not over before");
    assert_eq!(device.watch.silence(Direction::Capture).unwrap().lasted, Duration::from_secs(9));
}

#[test]
fn one_way_is_where_the_other_direction_is_alive() {
    for alive in [true, false] {
        let now = Instant::now();
        let mut watch = SilenceWatch::new(SilenceSettings::default());
        let (mut playback, mut capture) = (BlockMeter::default(), BlockMeter::default());
        watch.begin(Direction::Playback, RATE, now);
        watch.begin(Direction::Capture, RATE, now);
        let far_end = if alive { voice(1, 4 * SECOND) } else { vec![0.0; 4 * SECOND] };
        let mut told = Vec::new();
        for (n, block) in far_end.chunks_exact(480).enumerate() {
            let now = now + Duration::from_millis(10 * (n as u64 + 1));
            let index = n as u64 * 480;
            watch.observe(Direction::Playback, &playback.block(index, block), now);
            let mut near_end = capture.block(index, &[0.0; 480]);
            near_end.moved = 480;
            watch.observe(Direction::Capture, &near_end, now);
            told.extend(watch.poll(now));
        }
        let [Silence::Began(silence)] = told[..] else { panic!("{told:?}") };
        assert_eq!((silence.direction, silence.one_way), (Direction::Capture, alive));
    }
}

#[test]
fn a_mute_that_the_user_chose_is_no_silence() {
    let mut device = Device::new(Direction::Capture, 480);
    device.give(&voice(1, 10 * SECOND));
    device.watch.mute(Direction::Capture, true);
    device.give(&vec![0.0; 60 * SECOND]);
    assert_eq!(device.seen(), []);
    device.watch.mute(Direction::Capture, false);
    device.give(&voice(2, 10 * SECOND));
    assert_eq!(device.seen(), []);
    // One that was told is over when the user mutes; a stall is told all the same.
    device.give(&vec![0.0; 3 * SECOND]);
    device.watch.mute(Direction::Capture, true);
    device.give(&vec![0.0; SECOND]);
    let seen = device.seen();
    assert!(matches!(seen[..], [Silence::Began(_), Silence::Over(_)]), "{seen:?}");
    device.now += Duration::from_secs(1);
    device.look();
    assert_eq!(device.seen().len(), 1);
}

#[test]
fn zeros_that_are_written_are_the_far_end_s() {
    let mut device = Device::new(Direction::Playback, 480);
    device.give(&voice(1, 5 * SECOND));
    device.give(&vec![0.0; 120 * SECOND]);
    // Comfort noise.
    let mut random = fastrand::Rng::with_seed(1);
    device.give(&(0..60 * SECOND).map(|_| noise(&mut random, -75.0)).collect::<Vec<_>>());
    assert_eq!(device.seen(), []);
}

#[test]
fn behind_a_noise_gate_zeros_have_more_time() {
    let mut device = Device::new(Direction::Capture, 480);
    for n in 0..4 {
        device.give(&voice(n, SECOND));
        device.give(&vec![0.0; SECOND]);
    }
    device.give(&voice(9, SECOND));
    device.give(&vec![0.0; 9 * SECOND]);
    device.give(&voice(9, SECOND));
    assert_eq!(device.seen(), [], "nobody spoke for 9 s");
    let onset = device.index;
    device.give(&vec![0.0; 11 * SECOND]);
    let seen = device.seen();
    let [Silence::Began(began)] = seen[..] else { panic!("{seen:?}") };
    assert_eq!(began.since, onset);
    assert!(began.lasted >= SilenceSettings::default().gated_zero);
}

#[test]
fn a_floor_that_is_known_before_need_not_be_learned() {
    let settings = SilenceSettings { floor_dbfs: Some(-50), ..SilenceSettings::default() };
    let mut device = Device::new(Direction::Capture, 480);
    let mut random = fastrand::Rng::with_seed(1);
    let muted: Vec<f32> = (0..5 * SECOND).map(|_| noise(&mut random, -63.0)).collect();
    device.give(&muted);
    assert_eq!(device.seen(), [], "it may be a quiet room");
    device.watch = SilenceWatch::new(settings);
    device.watch.begin(Direction::Capture, RATE, device.now);
    device.give(&muted);
    let seen = device.seen();
    assert!(matches!(
        seen[..],
        [Silence::Began(SilentAudio { kind: SilenceKind::BelowFloor, .. })]
    ));
}

#[test]
fn what_is_stopped_is_watched_no_more() {
    let mut device = Device::new(Direction::Capture, 480);
    device.give(&vec![0.0; 3 * SECOND]);
    assert_eq!(device.seen().len(), 1);
    device.watch.end(Direction::Capture);
    device.give(&vec![0.0; 3 * SECOND]);
    device.now += Duration::from_secs(60);
    device.look();
    let seen = device.seen();
    assert!(matches!(seen[..], [Silence::Over(_)]), "{seen:?}");
}

/// A stretch of sound audio, over a room's noise that stays.
#[derive(Clone, Copy, Debug)]
enum Sound {
    Room,
    /// A tone in Hz, of an amplitude.
    Tone(f64, f64),
    Voice(u64),
    /// Noise in dBFS.
    Noise(f32),
    /// A gate's.
    Zeros,
    /// A touch of the microphone.
    Thump,
}

fn sound() -> impl Strategy<Value = (Sound, usize)> {
    let kind = prop_oneof![
        Just(Sound::Room),
        (30.0..12_000.0, 0.01..0.95).prop_map(|(hz, amplitude)| Sound::Tone(hz, amplitude)),
        (1..100_u32).prop_map(|hz| Sound::Tone(f64::from(hz) * 100.0, 0.5)),
        any::<u64>().prop_map(Sound::Voice),
        (-14.0..-10.0_f32).prop_map(Sound::Noise),
        Just(Sound::Zeros),
        Just(Sound::Thump),
    ];
    (kind, SECOND / 50..19 * SECOND / 10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_found_in_sound_audio(
        seed in any::<u64>(),
        room in -75.0..-40.0_f32,
        block in prop::sample::select(vec![24, 64, 128, 441, 480, 512, 960, 2400, 24_000]),
        sounds in prop::collection::vec(sound(), 1..20),
        captures in any::<bool>(),
        pure in any::<bool>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut audio = Vec::new();
        let mut after_zeros = false;
        for (sound, frames) in sounds {
            // Two gates in a row would be one long one.
            if after_zeros && matches!(sound, Sound::Zeros) {
                continue;
            }
            after_zeros = matches!(sound, Sound::Zeros);
            let spoken = if let Sound::Voice(seed) = sound { voice_in(room, seed, frames) } else { vec![0.0; frames] };
            for (n, spoken) in spoken.into_iter().enumerate() {
                let wave = match sound {
                    Sound::Room => 0.0,
                    Sound::Tone(hz, amplitude) => {
                        (amplitude * (TAU * (hz * n as f64 / f64::from(RATE)).fract()).sin()) as f32
                    }
                    Sound::Voice(_) => spoken,
                    Sound::Noise(dbfs) => noise(&mut random, dbfs).clamp(-0.9, 0.9),
                    Sound::Zeros => {
                        audio.push(0.0);
                        continue;
                    }
                    Sound::Thump => {
                        let time = n as f32 / RATE as f32;
                        0.9 * (-10.0 * time).exp() * (100.0 * time).cos()
                    }
                };
                let quiet = matches!(sound, Sound::Voice(_)) || pure && !matches!(sound, Sound::Room);
                let room = if quiet { 0.0 } else { noise(&mut random, room) };
                audio.push((wave + room).clamp(-0.99, 0.99));
            }
        }
        let direction = if captures { Direction::Capture } else { Direction::Playback };
        let mut device = Device::new(direction, block);
        device.give(&audio);
        prop_assert_eq!(device.seen(), []);
    }
}
