//! The judge: from the figures of blocks to silences that begin and end.
//!
//! Pure: time enters as a value. It runs wherever the program polls, never in a callback. Everything but a stall is
//! judged by the stream's own frames, so that it does not matter how late the figures are looked at.

use super::blocks::BlockStats;
use super::floor::Floor;
use super::settings::SilenceSettings;
use super::{SilenceKind, SilentAudio};
use crate::error::Direction;
use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

/// The mean of the samples from which on there is a DC offset: −26 dBFS.
const DC: f32 = 0.05;

/// The part of the samples at full scale from which on a signal is clipped. Loud but sound speech and music have less.
const CLIPPED: f32 = 0.01;

/// How far below the learned floor a level is silent, in dB.
const BELOW_DB: f32 = 8.0;

/// No level above this is silent, however loud the pauses were, in dBFS: a fan may stop.
const NEVER_ABOVE_DBFS: f32 = -55.0;

/// What is silent while no floor is known, in dBFS.
const UNKNOWN_DBFS: f32 = -80.0;

/// How far above the silent level a block may be by chance without ending a stretch, in dB.
const BY_CHANCE_DB: f32 = 4.0;

/// A direction counts as alive for this long after it was last sound: people pause.
const ALIVE: Duration = Duration::from_secs(3);

/// Zeros that last this long, and end, are a noise gate's.
const GATE: Duration = Duration::from_millis(20);

/// Within this time three of them make a gate.
const GATED: Duration = Duration::from_secs(60);

/// A silence that began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It lasts for its hold time by now.
    Began(SilentAudio),
    /// The stream is sound again: how long it lasted.
    Over(SilentAudio),
}

/// Watches both directions of a call.
///
/// ```
/// use oncue_duplex::{BlockMeter, Direction, Silence, SilenceKind, SilenceSettings, SilenceWatch};
/// use std::time::Instant;
///
/// let now = Instant::now();
/// let mut watch = SilenceWatch::new(SilenceSettings::default());
/// watch.begin(Direction::Capture, 48_000, now);
/// let mut meter = BlockMeter::default();
/// for n in 0..200 {
///     watch.observe(Direction::Capture, &meter.block(n * 480, &[0.0; 480]), now);
/// }
/// let Some(Silence::Began(silence)) = watch.poll(now) else { panic!("2 s of zeros") };
/// assert_eq!((silence.kind, silence.since), (SilenceKind::DigitalZero, 0));
/// ```
#[derive(Clone, Debug)]
pub struct SilenceWatch {
    settings: SilenceSettings,
    capture: Watched,
    playback: Watched,
    changes: VecDeque<Silence>,
}

impl SilenceWatch {
    /// A watch over two directions that do not run yet.
    pub fn new(settings: SilenceSettings) -> Self {
        Self {
            settings,
            capture: Watched::default(),
            playback: Watched::default(),
            changes: VecDeque::new(),
        }
    }

    /// A stream of `rate` Hz runs from now on. What was learned of an earlier one is forgotten: it may have been
    /// another device's.
    pub fn begin(&mut self, direction: Direction, rate: u32, now: Instant) {
        self.end(direction);
        let watched = self.watched(direction);
        (watched.rate, watched.heard_from) = (rate.max(1), Some(now));
    }

    /// The stream does not run any more: what was silent is over.
    pub fn end(&mut self, direction: Direction) {
        let watched = self.watched(direction);
        let over = watched
            .stall
            .into_iter()
            .chain(watched.stretches.map(|s| s.told).into_iter().flatten());
        let over = over.map(Silence::Over).collect::<Vec<_>>();
        *watched = Watched { muted: watched.muted, ..Watched::default() };
        self.changes.extend(over);
    }

    /// The user chose this direction to be mute, or takes that back: until then nothing but a stall is told of it.
    pub fn mute(&mut self, direction: Direction, muted: bool) {
        let watched = self.watched(direction);
        if watched.muted != muted {
            let told = watched.stretches.map(|stretch| stretch.told);
            let Watched { rate, next, heard_from, block, stall, .. } = *watched;
            let floor = watched.floor.clone();
            *watched = Watched {
                rate,
                next,
                heard_from,
                block,
                stall,
                floor,
                muted,
                ..Watched::default()
            };
            self.changes.extend(told.into_iter().flatten().map(Silence::Over));
        }
    }

    /// Takes in the next block of a direction.
    pub fn observe(&mut self, direction: Direction, block: &BlockStats, now: Instant) {
        if block.frames == 0 || self.watched(direction).heard_from.is_none() {
            return;
        }
        let other = match direction {
            Direction::Capture => &self.playback,
            Direction::Playback => &self.capture,
        };
        let one_way = other.is_alive(now);
        let watched = match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        };
        let mut tell = |change| self.changes.push_back(change);
        watched.resumed(direction, now, &mut tell);
        watched.observe(direction, block, now, one_way, &self.settings, &mut tell);
    }

    /// The next silence that began or ended. A stall is seen by this call alone.
    pub fn poll(&mut self, now: Instant) -> Option<Silence> {
        let alive = [self.capture.is_alive(now), self.playback.is_alive(now)];
        for (direction, one_way) in [Direction::Playback, Direction::Capture].into_iter().zip(alive)
        {
            let hold = self.settings.no_callbacks;
            let stalled = self.watched(direction).stalled(direction, now, hold, one_way);
            self.changes.extend(stalled.map(Silence::Began));
        }
        self.changes.pop_front()
    }

    /// The silence that a direction is in, the worst if there are several.
    pub fn silence(&self, direction: Direction) -> Option<SilentAudio> {
        let watched = match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        };
        watched.stall.or_else(|| watched.stretches.iter().find_map(|stretch| stretch.told))
    }

    const fn watched(&mut self, direction: Direction) -> &mut Watched {
        match direction {
            Direction::Capture => &mut self.capture,
            Direction::Playback => &mut self.playback,
        }
    }
}

/// The kinds that blocks show, the worst first. An offset has two signs, each with its own stretch.
const KINDS: [SilenceKind; 9] = [
    SilenceKind::NothingWritten,
    SilenceKind::DigitalZero,
    SilenceKind::Stuck,
    SilenceKind::BelowFloor,
    SilenceKind::NothingRead,
    SilenceKind::Repeated,
    SilenceKind::Clipping,
    SilenceKind::DcOffset,
    SilenceKind::DcOffset,
];
const ZERO: usize = 1;
const STUCK: usize = 2;

/// One direction.
#[derive(Clone, Debug, Default)]
struct Watched {
    rate: u32,
    /// The index of the frame that comes next.
    next: u64,
    /// When a block was last seen, or the stream began; nothing while it does not run.
    heard_from: Option<Instant>,
    /// When it was last sound.
    sound: Option<Instant>,
    muted: bool,
    stall: Option<SilentAudio>,
    /// Frames of the last block.
    block: u32,
    stretches: [Stretch; KINDS.len()],
    /// The value that every sample has, while it has just one.
    stuck_at: f32,
    /// Where the zeros at the present end of the stream begin.
    zeros_from: Option<u64>,
    /// Where the last three stretches of zeros ended that were a gate's.
    gates: [Option<u64>; 3],
    floor: Floor,
    clipping: Evidence,
    up: Evidence,
    down: Evidence,
}

/// What a block says of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is so; if it begins now, from this frame on.
    Faulty(u64),
    /// It is not so by itself, but does not end it.
    Open,
    /// It is not so.
    Sound,
}

/// A stretch of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    since: Option<u64>,
    /// After its last frame.
    until: u64,
    told: Option<SilentAudio>,
    /// Not to be told before this frame.
    not_before: u64,
}

/// How much of something there has been, over what is no fault, in seconds times parts: a sum that never falls below
/// zero (Page's CUSUM), so that it began where the sum left zero. It is full after as much as half the hold time of the
/// limit makes: full is a fault, and from full to zero it takes half the hold time of nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    sum: f32,
    /// The frame at which it left zero.
    from: u64,
}

impl Evidence {
    /// Takes in a block of `seconds` whose figure is `over` the `limit`.
    fn verdict(
        &mut self,
        index: u64,
        over: f32,
        seconds: f32,
        limit: f32,
        hold: Duration,
    ) -> Verdict {
        let full = limit * hold.as_secs_f32() / 2.0;
        let sum = (self.sum + over * seconds).clamp(0.0, full);
        if self.sum <= 0.0 {
            self.from = index;
        }
        // A device may give what is no number.
        self.sum = if sum.is_finite() { sum } else { 0.0 };
        if self.sum >= full {
            Verdict::Faulty(self.from)
        } else if self.sum > 0.0 {
            Verdict::Open
        } else {
            Verdict::Sound
        }
    }
}

fn time(frames: u64, rate: u32) -> Duration {
    Duration::from_secs_f64(frames as f64 / f64::from(rate.max(1)))
}

impl Watched {
    fn is_alive(&self, now: Instant) -> bool {
        self.sound.is_some_and(|sound| now.saturating_duration_since(sound) <= ALIVE)
    }

    fn frames(&self, time: Duration) -> u64 {
        (time.as_secs_f64() * f64::from(self.rate)) as u64
    }

    fn stalled(
        &mut self,
        direction: Direction,
        now: Instant,
        hold: Duration,
        one_way: bool,
    ) -> Option<SilentAudio> {
        let lasted = now.saturating_duration_since(self.heard_from?);
        let hold = hold.max(time(3 * u64::from(self.block), self.rate));
        if self.stall.is_some() || lasted < hold {
            return None;
        }
        let silence = SilentAudio::new(direction, SilenceKind::NoCallbacks, self.next);
        self.stall = Some(SilentAudio { lasted, one_way, ..silence });
        self.stall
    }

    /// A block came: a stall is over.
    fn resumed(&mut self, direction: Direction, now: Instant, tell: &mut impl FnMut(Silence)) {
        let last = self.heard_from.replace(now);
        if let Some((stall, last)) = self.stall.take().zip(last) {
            debug_assert_eq!(stall.direction, direction);
            let lasted = now.saturating_duration_since(last);
            tell(Silence::Over(SilentAudio { lasted, ..stall }));
        }
    }

    fn observe(
        &mut self,
        direction: Direction,
        block: &BlockStats,
        now: Instant,
        one_way: bool,
        settings: &SilenceSettings,
        tell: &mut impl FnMut(Silence),
    ) {
        self.next = block.end();
        self.block = block.frames / block.blocks.max(1);
        if self.muted {
            return;
        }
        let verdicts = self.verdicts(direction, block, settings);
        let is_sound = verdicts.iter().all(|verdict| !matches!(verdict, Verdict::Faulty(_)));
        let is_audible = block.max > 0.0 || block.min < 0.0;
        if is_sound && is_audible {
            self.sound = Some(now);
        }
        let rearm = self.frames(settings.rearm);
        let cool_down = self.frames(settings.cool_down);
        let is_gated = self.is_gated();
        let rate = self.rate;
        for ((kind, verdict), stretch) in KINDS.into_iter().zip(verdicts).zip(&mut self.stretches) {
            let hold = match kind {
                SilenceKind::DigitalZero if is_gated => Some(settings.gated_zero),
                kind => settings.hold(kind),
            };
            match (verdict, stretch.since) {
                (Verdict::Faulty(from), since) => {
                    let since = since.unwrap_or(from);
                    stretch.since = Some(since);
                    stretch.until = block.end();
                    let lasted = time(stretch.until.saturating_sub(since), rate);
                    if let Some(told) = &mut stretch.told {
                        told.lasted = lasted;
                    } else if hold.is_some_and(|hold| lasted >= hold)
                        && stretch.until >= stretch.not_before
                    {
                        let silence = SilentAudio::new(direction, kind, since);
                        let one_way = one_way && kind.is_silent();
                        let told = SilentAudio { lasted, one_way, ..silence };
                        stretch.told = Some(told);
                        tell(Silence::Began(told));
                    }
                }
                (Verdict::Open | Verdict::Sound, None) => {}
                (_, Some(_)) => match stretch.told {
                    Some(told) if block.end().saturating_sub(stretch.until) >= rearm => {
                        stretch.not_before = stretch.until.saturating_add(cool_down);
                        (stretch.told, stretch.since) = (None, None);
                        tell(Silence::Over(told));
                    }
                    None if verdict == Verdict::Sound => stretch.since = None,
                    _ => {}
                },
            }
        }
    }

    /// What a block says of each of [`KINDS`].
    fn verdicts(
        &mut self,
        direction: Direction,
        block: &BlockStats,
        settings: &SilenceSettings,
    ) -> [Verdict; KINDS.len()] {
        let faulty_from = |from: u64, is_so: bool| {
            if is_so { Verdict::Faulty(from) } else { Verdict::Sound }
        };
        let faulty = |is_so| faulty_from(block.index, is_so);
        let captures = direction == Direction::Capture;
        let zero = block.zeros_at_start == block.frames;
        let one_value = !zero && block.min == block.max;
        let zeros = self.zeros(block);
        let below = self.below_floor(block, zero, settings);

        if one_value && self.stuck_at != block.max {
            // Another value is another stretch.
            self.stuck_at = block.max;
            let stretch = &mut self.stretches[STUCK];
            stretch.since = stretch.since.filter(|_| stretch.told.is_some());
        }
        let frames = block.frames as f32;
        // A test tone that is clipped comes again to the bit too, and is no sine.
        let clipped = block.clipped as f32 / frames > CLIPPED;
        let repeats = block.same == block.frames && block.sine == 0;
        let repeats = repeats && !zero && !one_value && !clipped;

        let seconds = frames / self.rate as f32;
        // A short block of one value may be a clipped crest; a long stretch is stuck and nothing else. What comes again
        // and again has whatever mean it had.
        let (mut clipping, mut up, mut down) = (Verdict::Open, Verdict::Open, Verdict::Open);
        if !one_value && !repeats {
            let (mean, hold) = (block.sum / frames, settings.dc_offset);
            up = self.up.verdict(block.index, mean - DC, seconds, DC, hold);
            down = self.down.verdict(block.index, -mean - DC, seconds, DC, hold);
            let (part, hold) = (block.clipped as f32 / frames, settings.clipping);
            clipping = self.clipping.verdict(block.index, part - CLIPPED, seconds, CLIPPED, hold);
        }
        [
            faulty(!captures && block.inserted == block.frames),
            if captures { zeros } else { Verdict::Sound },
            faulty(one_value),
            if captures { below } else { Verdict::Sound },
            faulty(captures && block.moved == 0),
            // The block before came again already.
            faulty_from(block.index.saturating_sub(self.block.into()), repeats),
            clipping,
            up,
            down,
        ]
    }

    /// Zeros, from the first of them on; those that end by themselves are a gate's.
    fn zeros(&mut self, block: &BlockStats) -> Verdict {
        if block.zeros_at_start == block.frames {
            return Verdict::Faulty(*self.zeros_from.get_or_insert(block.index));
        }
        if let Some(from) = self.zeros_from.take() {
            let end = block.index + u64::from(block.zeros_at_start);
            let is_a_gate = end.saturating_sub(from) >= self.frames(GATE);
            if is_a_gate && self.stretches[ZERO].told.is_none() {
                self.gates = [self.gates[1], self.gates[2], Some(end)];
            }
        }
        if block.zeros_at_end > 0 {
            let zeros = u64::from(block.zeros_at_end);
            self.zeros_from = Some(block.end().saturating_sub(zeros));
        }
        Verdict::Sound
    }

    fn is_gated(&self) -> bool {
        self.gates[0].is_some_and(|third| self.next.saturating_sub(third) <= self.frames(GATED))
    }

    fn below_floor(
        &mut self,
        block: &BlockStats,
        zero: bool,
        settings: &SilenceSettings,
    ) -> Verdict {
        let floor = self.floor.dbfs().or(settings.floor_dbfs.map(f32::from));
        let silent = floor.map_or(UNKNOWN_DBFS, |floor| (floor - BELOW_DB).min(NEVER_ABOVE_DBFS));
        self.floor.saw(block, self.rate);
        let level = block.level_dbfs();
        if zero {
            Verdict::Open
        } else if level < silent {
            Verdict::Faulty(block.index)
        } else if level < silent + BY_CHANCE_DB {
            Verdict::Open
        } else {
            Verdict::Sound
        }
    }
}
