//! The drift loop against two simulated clocks whose truth it does not know: jitter, steps, xruns, sleep, clocks that
//! jump.
//!
//! Independent: the clocks are lines of time; ratio and wander are judged by them, and the rings that must not run empty
//! or over are counted here, block by block, with the latest ratio.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use oncue_duplex::{DriftLoop, MAX_PPM};
use proptest::prelude::*;

const RATE: f64 = 48_000.0;
const BLOCK: u64 = 480;

/// A random generator that is the same everywhere (xorshift64*).
struct Random(u64);

impl Random {
    /// Evenly from 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How late or early callbacks are, in s.
#[derive(Clone, Copy, Debug)]
enum Jitter {
    None,
    /// Evenly, 0.5 ms to both sides.
    Even,
    /// Late, exponentially, 0.5 ms on average.
    Late,
}

impl Jitter {
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Even => (random.unit() - 0.5) * 1e-3,
            Self::Late => -0.5e-3 * (1.0 - random.unit()).ln(),
        }
    }
}

/// A clock that calls back every block: its rate may change, its frames may be lost, and its stamps may be anything.
struct Clock {
    block: u64,
    rate: f64,
    /// Of the next callback: time in s, frames before it.
    next: (f64, u64),
}

impl Clock {
    fn new(ppm: f64, block: u64, phase: f64) -> Self {
        Self { block, rate: RATE * (1.0 + ppm * 1e-6), next: (phase, 0) }
    }

    /// The frame it stands at, at time `t`.
    fn frame(&self, t: f64) -> f64 {
        self.next.1 as f64 + (t - self.next.0) * self.rate
    }

    fn go_on(&mut self) {
        self.next = (self.next.0 + self.block as f64 / self.rate, self.next.1 + self.block);
    }
}

/// Both clocks and the loop between them.
struct Pair {
    drift: DriftLoop,
    capture: Clock,
    playback: Clock,
    jitter: Jitter,
    random: Random,
    /// Frames of the result for capture frames up to the first figure.
    made: (f64, f64),
    /// Fill of a playback ring that gets the result as it comes, in frames.
    fill: f64,
    least: f64,
    most: f64,
    /// Added to all stamps of capture and of playback, in s.
    stamps: (f64, f64),
    t: f64,
}

impl Pair {
    fn new(capture_ppm: f64, playback_ppm: f64, jitter: Jitter, seed: u64) -> Self {
        Self::of_blocks(capture_ppm, playback_ppm, jitter, seed, (BLOCK, BLOCK))
    }

    fn of_blocks(
        capture_ppm: f64,
        playback_ppm: f64,
        jitter: Jitter,
        seed: u64,
        blocks: (u64, u64),
    ) -> Self {
        Self {
            drift: DriftLoop::new(48_000, 48_000, 48_000),
            capture: Clock::new(capture_ppm, blocks.0, 0.003),
            playback: Clock::new(playback_ppm, blocks.1, 0.0),
            jitter,
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            made: (0.0, 0.0),
            fill: 1440.0,
            least: f64::INFINITY,
            most: 0.0,
            stamps: (0.0, 0.0),
            t: 0.0,
        }
    }

    /// What the ratio should be.
    fn truth(&self) -> f64 {
        self.playback.rate / self.capture.rate
    }

    /// ppm that the ratio is off.
    fn off(&self) -> f64 {
        (self.drift.ratio() / self.truth() - 1.0) * 1e6
    }

    /// The latency's changing part, in frames: what was made of capture, less what playback stands at.
    fn latency(&self) -> f64 {
        let (frame, count) = self.made;
        count + (self.capture.frame(self.t) - frame) * self.drift.ratio()
            - self.playback.frame(self.t)
    }

    /// Goes on for `seconds` and calls `look` at each callback of playback.
    fn run(&mut self, seconds: f64, mut look: impl FnMut(&Self)) {
        let until = self.t + seconds;
        while self.t < until {
            let capture = self.capture.next.0 < self.playback.next.0;
            let clock = if capture { &mut self.capture } else { &mut self.playback };
            let (t, index) = clock.next;
            clock.go_on();
            self.t = t;
            let shift = if capture { self.stamps.0 } else { self.stamps.1 };
            let at = ((t + shift + self.jitter.draw(&mut self.random)) * 1e9) as i64;
            if capture {
                let (frame, count) = self.made;
                let here = index as f64;
                let new = (here - frame) * self.drift.ratio();
                self.made = (here, count + new);
                self.fill += new;
                self.most = self.most.max(self.fill);
                self.drift.follower(at, index);
            } else {
                self.fill -= self.playback.block as f64;
                self.least = self.least.min(self.fill);
                self.drift.leader(at, index);
                look(self);
            }
        }
    }
}

/// Mean and root mean square about it.
#[derive(Default)]
struct Moments {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        self.sum / self.n
    }

    fn rms(&self) -> f64 {
        (self.squares / self.n - self.mean().powi(2)).max(0.0).sqrt()
    }
}

/// What a run shows from 30 s on: the worst mean of 5 s (ppm); from 60 s on: ratio noise (ppm rms), wander (frames rms).
#[derive(Debug)]
struct Shown {
    worst_mean: f64,
    noise: f64,
    wander: f64,
}

fn shown(pair: &mut Pair, seconds: f64) -> Shown {
    pair.run(30.0, |_| ());
    let (mut worst_mean, mut ratio, mut wander) = (0.0_f64, Moments::default(), Moments::default());
    while pair.t < seconds {
        let mut five = Moments::default();
        pair.run(5.0, |pair| {
            five.add(pair.off());
            if pair.t >= 60.0 {
                ratio.add(pair.off());
                wander.add(pair.latency());
            }
        });
        worst_mean = worst_mean.max(five.mean().abs());
    }
    Shown {
        worst_mean,
        noise: (ratio.rms().powi(2) + ratio.mean().powi(2)).sqrt(),
        wander: wander.rms(),
    }
}

#[test]
fn four_hours_at_500_ppm() {
    for jitter in [Jitter::Even, Jitter::Late] {
        for ppm in [500.0, -500.0] {
            let mut pair = Pair::new(ppm / 2.0, -ppm / 2.0, jitter, 7);
            let shown = shown(&mut pair, 4.0 * 3600.0);
            let Shown { worst_mean, noise, wander } = shown;
            assert!(
                worst_mean <= 3.0 && noise <= 1.0 && wander <= 1.0,
                "{ppm} {jitter:?} {shown:?}"
            );
            // Neither empty nor fuller than at the start by more than both blocks.
            assert!(
                pair.least > 0.0 && pair.most < 1440.0 + 2.0 * BLOCK as f64,
                "{ppm} {jitter:?}"
            );
            assert_eq!(pair.drift.slips(), 0);
        }
    }
}

#[test]
fn without_the_loop_the_ring_runs_empty() {
    let mut pair = Pair::new(-250.0, 250.0, Jitter::Even, 7);
    let mut fill = 1440.0;
    for _ in 0..10 {
        pair.run(60.0, |_| ());
        fill = 1440.0 + pair.capture.frame(pair.t) - pair.playback.frame(pair.t);
    }
    assert!(fill < 0.0, "what the other tests show would be no merit of the loop");
}

#[test]
fn settled_after_30_s_whatever_the_jitter_draws() {
    for jitter in [Jitter::None, Jitter::Even, Jitter::Late] {
        for seed in 0..50 {
            let mut pair = Pair::new(300.0, -200.0, jitter, seed);
            let shown = shown(&mut pair, 200.0);
            let Shown { worst_mean, noise, wander } = shown;
            assert!(
                worst_mean <= 3.0 && noise <= 1.0 && wander <= 1.0,
                "{seed} {jitter:?} {shown:?}"
            );
        }
    }
}

#[test]
fn blocks_of_any_size() {
    for blocks in [(24, 480), (480, 24), (64, 64), (2400, 960), (256, 2400)] {
        let mut pair = Pair::of_blocks(150.0, -150.0, Jitter::Late, 3, blocks);
        let shown = shown(&mut pair, 300.0);
        let Shown { worst_mean, noise, wander } = shown;
        assert!(worst_mean <= 3.0 && noise <= 1.0 && wander <= 1.0, "{blocks:?} {shown:?}");
    }
}

#[test]
fn rates_that_differ_by_name_are_one_ratio() {
    // Capture at 16 kHz and 70 ppm fast, playback at 44.1 kHz and 30 ppm slow, the result at 48 kHz.
    let mut drift = DriftLoop::new(16_000, 44_100, 48_000);
    let mut random = Random(11);
    for k in 0..6_000_u64 {
        let mut at = |hz: f64, frames: u64| {
            (((frames * k) as f64 / hz + Jitter::Even.draw(&mut random)) * 1e9) as i64
        };
        drift.follower(at(16_000.0 * (1.0 + 70e-6), 160), 160 * k);
        drift.leader(at(44_100.0 * (1.0 - 30e-6), 441), 441 * k);
    }
    let truth = 3.0 * (1.0 - 30e-6) / (1.0 + 70e-6);
    assert!((drift.ratio() / truth - 1.0).abs() < 1e-6, "{}", drift.ratio());
}

#[test]
fn a_step_of_100_ppm_is_followed_within_30_s() {
    for jitter in [Jitter::Even, Jitter::Late] {
        for seed in 0..50 {
            let mut pair = Pair::new(20.0, -30.0, jitter, seed);
            pair.run(120.0 + 60.0 * (seed % 3) as f64, |_| ());
            let step = if seed % 2 == 0 { 100e-6 } else { -100e-6 };
            if seed % 4 < 2 {
                pair.capture.rate *= 1.0 + step;
            } else {
                pair.playback.rate *= 1.0 + step;
            }
            pair.run(30.0, |_| ());
            let mut five = Moments::default();
            pair.run(5.0, |pair| five.add(pair.off()));
            assert!(five.mean().abs() <= 3.0, "{seed} {jitter:?}: {} ppm off", five.mean());
        }
    }
}

/// What the ratio does in the minute after `event`, which a pair that has settled meets: its largest distance from the
/// truth, in ppm; and by how much the latency is another ten minutes later, in frames.
fn after(jitter: Jitter, event: impl Fn(&mut Pair)) -> (f64, f64) {
    let (mut furthest, mut moved) = (0.0_f64, 0.0_f64);
    for seed in 0..10 {
        let mut pair = Pair::new(80.0, -40.0, jitter, seed);
        pair.run(200.0, |_| ());
        let before = pair.latency();
        event(&mut pair);
        pair.run(60.0, |pair| furthest = furthest.max(pair.off().abs()));
        pair.run(600.0, |_| ());
        let shown = pair.off().abs();
        assert!(shown < 3.0, "{shown} ppm off after ten minutes");
        moved = moved.max((pair.latency() - before).abs());
    }
    (furthest, moved)
}

#[test]
fn lost_frames_are_not_stretched_over() {
    for jitter in [Jitter::None, Jitter::Late] {
        for frames in [300.0, 4_800.0] {
            // The device lost frames: the next callback comes later by them. Truth loses them, too, by moving the clock.
            let (furthest, moved) = after(jitter, |pair| pair.capture.next.0 += frames / RATE);
            assert!(furthest < 10.0, "{jitter:?} {frames}: {furthest} ppm");
            // The latency is shorter by what was lost, and stays so.
            assert!((moved - frames).abs() < 3.0, "{jitter:?} {frames}: {moved} frames");
            let (furthest, moved) = after(jitter, |pair| pair.playback.next.0 += frames / RATE);
            assert!(furthest < 10.0, "{jitter:?} {frames}: {furthest} ppm");
            assert!((moved - frames).abs() < 3.0, "{jitter:?} {frames}: {moved} frames");
        }
    }
}

#[test]
fn sleep_moves_nothing() {
    let (furthest, moved) = after(Jitter::Late, |pair| {
        pair.capture.next.0 += 600.0;
        pair.playback.next.0 += 600.0;
        pair.t += 600.0;
    });
    assert!(furthest < 10.0 && moved < 3.0, "{furthest} ppm, {moved} frames");
}

#[test]
fn stamps_that_jump_move_nothing() {
    for by in [-3600.0, -0.02, 0.02, 5.0, 86_400.0 * 365.0] {
        let (furthest, moved) = after(Jitter::Even, |pair| pair.stamps = (by, by));
        assert!(furthest < 10.0 && moved < 3.0, "{by} s: {furthest} ppm, {moved} frames");
    }
}

#[test]
fn stalls_and_times_that_go_back_move_nothing() {
    let (furthest, moved) = after(Jitter::Late, |pair| {
        for k in 0..20 {
            // Each 3 s all stamps of 0.3 s are late, then early, as JACK's after an xrun.
            let by = if k % 2 == 0 { 0.08 } else { -0.035 };
            let mut furthest = 0.0_f64;
            pair.stamps = (by, if k % 3 == 0 { 0.0 } else { by });
            pair.run(0.3, |_| ());
            pair.stamps = (0.0, 0.0);
            pair.run(2.7, |pair| furthest = furthest.max(pair.off().abs()));
            assert!(furthest < 10.0, "{furthest} ppm");
        }
    });
    assert!(furthest < 10.0 && moved < 3.0, "{furthest} ppm, {moved} frames");
}

#[test]
fn one_direction_that_pauses_goes_on_as_it_was() {
    let (furthest, _) = after(Jitter::Late, |pair| {
        let resumes = pair.t + 20.0;
        pair.capture.next.0 = resumes;
        pair.run(20.0, |pair| assert!(pair.off().abs() < 3.0));
    });
    assert!(furthest < 10.0, "{furthest} ppm");
}

#[test]
fn a_stream_that_starts_anew_keeps_its_ratio_until_it_is_known_better() {
    let mut pair = Pair::new(80.0, -40.0, Jitter::Even, 5);
    pair.run(200.0, |_| ());
    pair.drift.clear();
    pair.run(1.9, |pair| assert!(pair.off().abs() < 3.0));
    pair.run(28.1, |_| ());
    let shown = pair.off().abs();
    assert!(shown < 3.0, "{shown} ppm");
}

proptest! {
    /// Whatever comes in, what comes out is a ratio that a resampler takes.
    #[test]
    fn any_stamps_give_a_ratio_near_the_nominal(
        stamps in prop::collection::vec((any::<bool>(), any::<i64>(), any::<u64>()), 0..200),
        small in prop::collection::vec((any::<bool>(), -2_000_000_000..2_000_000_000_i64, 0..5_000_u64), 0..200),
    ) {
        let mut drift = DriftLoop::new(44_100, 48_000, 16_000);
        let (mut t, mut index) = (0_i64, 0_u64);
        let sums = small.into_iter().map(|(side, dt, frames)| {
            t += dt;
            index += frames;
            (side, t, index)
        });
        for (follows, at, index) in stamps.into_iter().chain(sums.collect::<Vec<_>>()) {
            if follows { drift.follower(at, index) } else { drift.leader(at, index) }
            prop_assert!(drift.ppm().abs() <= MAX_PPM + 1e-6, "{} ppm", drift.ppm());
        }
    }
}
