//! Loops made of samples: delay, drift, gain and noise by means the analyser does not share.

use core::f64::consts::PI;

use oncue_loopback::{Analyser, AnalyserSettings, Figures, NotHeard, TestSignal};

pub(crate) const RATE: u32 = 48_000;
const TAPS: usize = 128;
const PHASES: usize = 1024;

pub(crate) fn signal() -> TestSignal {
    TestSignal::new(RATE, 42).unwrap()
}

/// The first `frames` frames of the test signal.
pub(crate) fn played(frames: usize) -> Vec<f32> {
    let mut out = vec![0.0; frames];
    signal().fill(&mut out);
    out
}

/// `seconds` of capture of the test signal through a loop with the lag (in frames) of each frame.
pub(crate) fn captured(seconds: f64, lag: impl Fn(f64) -> f64) -> Vec<f32> {
    let frames = (seconds * f64::from(RATE)) as usize;
    delay(&played(frames + TAPS), frames, lag)
}

/// Fractional delay at double precision: a sinc of 128 frames under a Kaiser window, from a table
/// of 1024 phases with linear steps between them (good to −120 dB).
pub(crate) fn delay(source: &[f32], frames: usize, lag: impl Fn(f64) -> f64) -> Vec<f32> {
    let table: Vec<[f64; TAPS]> = (0..=PHASES).map(|p| phase(p as f64 / PHASES as f64)).collect();
    let sample = |n: usize| {
        let position = n as f64 - lag(n as f64);
        let whole = position.floor();
        let place = (position - whole) * PHASES as f64;
        let (low, high) = (&table[place as usize], &table[place as usize + 1]);
        let first = whole as i64 + 1 - TAPS as i64 / 2;
        let mut sum = 0.0;
        for i in 0..TAPS {
            let Ok(at) = usize::try_from(first + i as i64) else { continue };
            let Some(x) = source.get(at) else { break };
            sum += f64::from(*x) * (low[i] + place.fract() * (high[i] - low[i]));
        }
        sum as f32
    };
    (0..frames).map(sample).collect()
}

fn phase(fraction: f64) -> [f64; TAPS] {
    let half = TAPS as f64 / 2.0;
    core::array::from_fn(|i| {
        let x = i as f64 + 1.0 - half - fraction;
        let sinc = if x.abs() < 1e-12 { 1.0 } else { (PI * x).sin() / (PI * x) };
        let u = (1.0 - (x / half).powi(2)).max(0.0).sqrt();
        sinc * bessel_i0(12.0 * u) / bessel_i0(12.0)
    })
}

fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// Gaussian noise at an RMS level in dBFS.
pub(crate) struct Noise {
    random: fastrand::Rng,
    rms: f64,
}

impl Noise {
    pub(crate) fn new(seed: u64, dbfs: f64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), rms: amplitude(dbfs) }
    }

    pub(crate) fn sample(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.random.f64()).ln()).sqrt();
        (self.rms * radius * (2.0 * PI * self.random.f64()).cos()) as f32
    }

    pub(crate) fn add_to(&mut self, frames: &mut [f32]) {
        frames.iter_mut().for_each(|x| *x += self.sample());
    }
}

pub(crate) fn amplitude(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

pub(crate) fn amplify(frames: &mut [f32], db: f64) {
    frames.iter_mut().for_each(|x| *x *= amplitude(db) as f32);
}

/// Two second-order low-passes at 3.4 kHz, as a narrow-band call would.
pub(crate) fn telephone_band(frames: &mut [f32]) {
    let omega = 2.0 * PI * 3_400.0 / f64::from(RATE);
    let alpha = omega.sin() / 2.0_f64.sqrt();
    let (b, a0, a1, a2) = (0.5 * (1.0 - omega.cos()), 1.0 + alpha, -2.0 * omega.cos(), 1.0 - alpha);
    for _ in 0..2 {
        let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
        for frame in &mut *frames {
            let new = f64::from(*frame);
            let out = (b * (new + 2.0 * x[0] + x[1]) - a1 * y[0] - a2 * y[1]) / a0;
            (x, y) = ([new, x[0]], [out, y[0]]);
            *frame = out as f32;
        }
    }
}

pub(crate) fn analyse(captured: &[f32]) -> Result<Figures, NotHeard> {
    let mut analyser = Analyser::new(&signal(), AnalyserSettings::for_rate(RATE)).unwrap();
    // A block size that divides nothing.
    for block in captured.chunks(1009) {
        analyser.push(block);
    }
    analyser.finish()
}
