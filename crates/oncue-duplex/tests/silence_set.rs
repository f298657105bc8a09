//! The silence watch on sound material: no false alarm, and whatever is planted into the same material found as what it
//! is, within its hold time, its onset exact to one block of 10 ms.
//!
//! Twelve minutes by default; `ONCUE_SILENCE_SET_MINUTES=60 cargo test -p oncue-duplex --test silence_set` takes the hour.
//! espeak-ng speaks and sox plays, gates and hums (`scripts/setup tests` brings both); without them the tests are
//! skipped, unless `ONCUE_REQUIRE_SERVERS` says that they must be there. Neither knows anything of the watch.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test says what it skips")]
#![allow(clippy::disallowed_types, reason = "locks are of the tests, not of callbacks")]

use core::time::Duration;
use oncue_duplex::{
    BlockMeter, Direction, Silence, SilenceKind, SilenceSettings, SilenceWatch, SilentAudio,
};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

const RATE: usize = 48_000;
const BLOCK: usize = 480;

/// What is in the set, each for the same time. The room is as loud in all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Material {
    Speech,
    Music,
    /// 1 kHz: the same 480 samples again and again.
    Tone,
    /// Speech through a noise gate, whose pauses are true zeros.
    Gated,
    Room,
    /// The user is muted for most of it: zeros, or what an analogue mute leaves.
    UserMuted,
    /// The far end is: zeros are written.
    FarEndMuted,
}

use Material::*;

const MATERIALS: [Material; 7] = [Speech, Music, Tone, Gated, Room, UserMuted, FarEndMuted];

struct Set(Vec<(Material, Vec<f32>)>);

impl Set {
    fn get(&self, material: Material) -> &[f32] {
        &self.0.iter().find(|(of, _)| *of == material).unwrap().1
    }
}

/// Made once; nothing where the programs are not installed.
static SET: LazyLock<Option<Set>> = LazyLock::new(|| {
    let there = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
    };
    if !there("espeak-ng") || !there("sox") {
        assert!(std::env::var_os("ONCUE_REQUIRE_SERVERS").is_none(), "no espeak-ng, or no sox");
        eprintln!("skipped: espeak-ng or sox is not installed");
        return None;
    }
    let minutes = std::env::var("ONCUE_SILENCE_SET_MINUTES").map_or(12, |it| it.parse().unwrap());
    let frames = minutes * 60 * RATE / MATERIALS.len();
    let speech = speech(frames);
    let room = room(frames);
    let with_room =
        |audio: &[f32]| audio.iter().zip(&room).map(|(x, noise)| x + noise).collect::<Vec<_>>();
    let made = MATERIALS.map(|material| {
        let audio = match material {
            Speech | UserMuted => with_room(&speech),
            Music => with_room(&music(frames)),
            Tone => tone(frames),
            Gated => gated(&speech),
            Room => room.clone(),
            FarEndMuted => vec![0.0; frames],
        };
        assert_eq!(audio.len(), frames, "{material:?}");
        // What the programs made is what it is meant to be: blocks of it that are loud, and that are zero.
        let (loud, zero) = (part(&audio, |x| x.abs() > 0.05), part(&audio, |x| x == 0.0));
        let (expected_loud, expected_zero) = match material {
            Speech | UserMuted => (0.3..0.95, 0.0..0.001),
            Music => (0.5..1.0, 0.0..0.001),
            Tone => (1.0..1.1, 0.0..0.001),
            Gated => (0.3..0.95, 0.02..0.7),
            Room => (0.0..0.001, 0.0..0.001),
            FarEndMuted => (0.0..0.001, 1.0..1.1),
        };
        assert!(expected_loud.contains(&loud), "{material:?}: {loud} of it is loud");
        assert!(expected_zero.contains(&zero), "{material:?}: {zero} of it is zero");
        (material, audio)
    });
    Some(Set(made.into()))
});

/// The part of the blocks whose loudest sample is so.
fn part(audio: &[f32], is_so: fn(f32) -> bool) -> f64 {
    let loudest = |block: &[f32]| block.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let blocks = audio.chunks_exact(BLOCK).map(loudest).collect::<Vec<_>>();
    blocks.iter().filter(|loudest| is_so(**loudest)).count() as f64 / blocks.len() as f64
}

fn exactly(mut audio: Vec<f32>, frames: usize) -> Vec<f32> {
    audio.truncate(frames);
    audio
}

/// What sox makes of `input`, as mono `f32`.
fn sox(input: &[f32], arguments: &str) -> Vec<f32> {
    let source = if input.is_empty() { "-n" } else { "-t f32 -r 48000 -c 1 -" };
    let format = "-t f32 -r 48000 -c 1 -";
    let mut child = Command::new("sox")
        .args(["-V1", "-D"])
        .args(source.split(' '))
        .args(format.split(' '))
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes: Vec<u8> = input.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut into = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut into, &bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "sox {arguments}");
    let (samples, _) = output.stdout.as_chunks::<4>();
    samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Readings of the guide, in several voices, one after the other.
fn speech(frames: usize) -> Vec<f32> {
    let text: String = include_str!("../../../docs/src/guide.md")
        .chars()
        .filter(|c| c.is_alphabetic() || c.is_whitespace() || ".,;:?".contains(*c))
        .collect();
    let sentences: Vec<&str> = text.split_inclusive(". ").filter(|it| it.len() > 40).collect();
    let voices = ["en-gb+m3", "en-us+f2", "de+m1", "fr+f4", "en-gb-scotland+m7"];
    let mut audio = Vec::new();
    let mut turn = 0;
    while audio.len() < frames {
        let part = (0..8).map(|n| sentences[(turn * 8 + n) % sentences.len()]).collect::<String>();
        let (voice, speed) = (voices[turn % voices.len()], 120 + 20 * (turn % 5));
        let espeak = Command::new("espeak-ng")
            .args(["-v", voice, "-s", &speed.to_string(), "-g", "8", "--stdout", &part])
            .output()
            .unwrap();
        assert!(espeak.status.success(), "{voice}");
        // Behind a WAV header of 44 bytes: 16 bits at 22.05 kHz.
        let (samples, _) = espeak.stdout[44..].as_chunks::<2>();
        let samples: Vec<f32> =
            samples.iter().map(|it| f32::from(i16::from_le_bytes(*it)) / 32_768.0).collect();
        // In sox's words the input is at 48 kHz: slowed down by what that is too fast.
        let slower = 48_000.0 / 22_050.0;
        audio.extend(sox(&samples, &format!("speed {} rate 48000 gain -n -6", 1.0 / slower)));
        // The other one talks.
        audio.extend(vec![0.0; RATE * (turn % 7)]);
        turn += 1;
    }
    exactly(audio, frames)
}

/// Plucked chords, some with a bass, that die away or do not.
fn music(frames: usize) -> Vec<f32> {
    let notes = ["C", "D", "E", "F", "G", "A", "B"];
    let mut random = fastrand::Rng::with_seed(7);
    let mut audio = Vec::new();
    while audio.len() < frames {
        let length = 1 + random.usize(..4);
        let (root, octave) = (random.usize(..7), random.usize(1..4));
        let voices = (0..5).map(|n| {
            let note = root + 2 * n;
            format!("pluck {}{}", notes[note % 7], octave + note / 7)
        });
        let voices = voices.collect::<Vec<_>>().join(" ");
        let bass =
            if random.bool() { format!("sine {}", 40 + random.u32(..40)) } else { "".into() };
        audio.extend(sox(&[], &format!(
            "synth {length} {voices} {bass} delay 0 .05 .1 .15 .2 remix - fade 0 {length} .05 gain -n -4"
        )));
    }
    exactly(audio, frames)
}

fn tone(frames: usize) -> Vec<f32> {
    let cycle: Vec<f32> = (0..48)
        .map(|n| (0.25 * (core::f64::consts::TAU * f64::from(n) / 48.0).sin()) as f32)
        .collect();
    cycle.into_iter().cycle().take(frames).collect()
}

fn gated(speech: &[f32]) -> Vec<f32> {
    let gated = sox(speech, "compand 0.002,0.08 -inf,-46.1,-inf,-46,-46 0 -90 0.02");
    exactly(gated, speech.len())
}

/// A quiet room at about −60 dBFS, with some hum.
fn room(frames: usize) -> Vec<f32> {
    let length = frames.div_ceil(RATE);
    let noise = sox(&[], &format!("synth {length} pinknoise highpass 60 gain -n -46"));
    let hum = sox(&[], &format!("synth {length} sine 50 gain -n -70"));
    exactly(noise.into_iter().zip(hum).map(|(noise, hum)| noise + hum).collect(), frames)
}

/// One direction of a call.
struct Call {
    watch: SilenceWatch,
    meter: BlockMeter,
    direction: Direction,
    now: Instant,
    index: u64,
    seen: Vec<Silence>,
}

impl Call {
    fn new(direction: Direction) -> Self {
        let mut watch = SilenceWatch::new(SilenceSettings::default());
        let now = Instant::now();
        watch.begin(direction, RATE as u32, now);
        Self { watch, meter: BlockMeter::default(), direction, now, index: 0, seen: Vec::new() }
    }

    fn give(&mut self, audio: &[f32]) {
        for block in audio.chunks_exact(BLOCK) {
            let mut stats = self.meter.block(self.index, block);
            stats.moved = stats.frames;
            self.index += BLOCK as u64;
            self.now += Duration::from_millis(10);
            self.watch.observe(self.direction, &stats, self.now);
            while let Some(change) = self.watch.poll(self.now) {
                self.seen.push(change);
            }
        }
    }
}

fn whole_blocks(audio: &[f32]) -> &[f32] {
    &audio[..audio.len() / BLOCK * BLOCK]
}

/// All of it in one call, material after material, in each direction, and in other orders too.
#[test]
fn no_false_alarm_on_clean_material() {
    let Some(set) = &*SET else { return };
    let mut random = fastrand::Rng::with_seed(4);
    for round in 0..6 {
        let direction = [Direction::Capture, Direction::Playback][round % 2];
        let mut call = Call::new(direction);
        let mut order: Vec<_> = set.0.iter().collect();
        if round > 1 {
            random.shuffle(&mut order);
        }
        for (material, audio) in order {
            match (material, direction) {
                (FarEndMuted, Direction::Capture) => continue,
                (UserMuted, Direction::Playback) => continue,
                _ => {}
            }
            let audio = whole_blocks(audio);
            if *material == UserMuted {
                let (spoken, rest) = audio.split_at(audio.len() / BLOCK / 8 * BLOCK);
                call.give(spoken);
                call.watch.mute(direction, true);
                call.give(&vec![0.0; rest.len() / BLOCK / 2 * BLOCK]);
                let left: Vec<f32> = rest.iter().map(|x| x * 1e-3).collect();
                call.give(&left[..rest.len() / BLOCK / 2 * BLOCK]);
                call.watch.mute(direction, false);
                call.give(spoken);
            } else {
                call.give(audio);
            }
            assert_eq!(call.seen, [], "{material:?} in {direction}");
        }
    }
}

/// What is planted: where it makes sense, and how.
type Plant = (SilenceKind, &'static [Material], fn(&mut [f32]));

const PLANTS: [Plant; 6] = [
    (SilenceKind::DigitalZero, &[Speech, Music, Tone, Gated, Room], |audio| audio.fill(0.0)),
    // Below what speech has in its pauses: nothing else has any.
    (SilenceKind::BelowFloor, &[Speech], |audio| {
        let mut random = fastrand::Rng::with_seed(63);
        audio.fill_with(|| 1.2e-4 * (2.0 * random.f32() - 1.0));
    }),
    (SilenceKind::Stuck, &[Speech, Music, Tone, Gated, Room], |audio| {
        let value = audio[0] + 1e-4;
        audio.fill(value);
    }),
    // A tone of whole cycles stays what it was.
    (SilenceKind::Repeated, &[Speech, Music, Room], |audio| {
        let first = audio[..BLOCK].to_vec();
        audio.chunks_exact_mut(BLOCK).for_each(|block| block.copy_from_slice(&first));
    }),
    // A gate's zeros with an offset are stuck at it.
    (SilenceKind::DcOffset, &[Speech, Music, Tone, Room], |audio| {
        audio.iter_mut().for_each(|x| *x += 0.25);
    }),
    (SilenceKind::Clipping, &[Music, Tone], |audio| {
        audio.iter_mut().for_each(|x| *x = (*x * 40.0).clamp(-1.0, 1.0));
    }),
];

/// Each plant in each material it makes sense in, at places drawn by chance.
#[test]
fn every_plant_is_found_in_the_same_material() {
    let Some(set) = &*SET else { return };
    let mut random = fastrand::Rng::with_seed(12);
    let settings = SilenceSettings::default();
    let mut planted = 0;
    for (kind, materials, plant) in PLANTS {
        for material in materials {
            for _ in 0..3 {
                // 30 s before it, so that a floor can be learned; then up to 20 s of it.
                let audio = set.get(*material);
                let before = 30 * RATE / BLOCK * BLOCK + random.usize(..4 * RATE);
                let before =
                    before / BLOCK * BLOCK + random.usize(..BLOCK) * usize::from(kind.is_silent());
                let is_loud = |from: usize| part(&audio[from..][..RATE], |x| x.abs() > 0.05) == 1.0;
                // What is silent when the gain rises is clipped later.
                let from =
                    core::iter::repeat_with(|| random.usize(..audio.len() - before - 12 * RATE))
                        .find(|from| kind != SilenceKind::Clipping || is_loud(from + before))
                        .unwrap();
                let mut audio = audio[from..from + before + 12 * RATE].to_vec();
                // Where a gate is shut already, zeros begin with it.
                let shut = audio[..before].iter().rev().take_while(|x| **x == 0.0).count();
                let onset = if kind == SilenceKind::DigitalZero { before - shut } else { before };
                plant(&mut audio[before..]);

                let mut call = Call::new(Direction::Capture);
                call.give(&audio);
                let what = format!("{kind} in {material:?} at {from} + {before}");
                let began = call.seen.iter().find_map(|change| match change {
                    Silence::Began(silence) => Some(*silence),
                    Silence::Over(_) => None,
                });
                let Some(SilentAudio { kind: found, since, lasted, .. }) = began else {
                    panic!("{what}: not found")
                };
                assert_eq!(found, kind, "{what}");
                assert!(since.abs_diff(onset as u64) <= BLOCK as u64, "{what}: since {since}");
                let hold = match (kind, material) {
                    (SilenceKind::DigitalZero, Gated) => settings.gated_zero,
                    _ => settings.hold(kind).unwrap(),
                };
                assert!(lasted >= settings.hold(kind).unwrap().min(hold), "{what}: {lasted:?}");
                assert!(lasted <= hold + Duration::from_millis(20), "{what}: {lasted:?}");
                planted += 1;
            }
        }
    }
    assert_eq!(planted, 3 * PLANTS.iter().map(|(_, materials, _)| materials.len()).sum::<usize>());
}
