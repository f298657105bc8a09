//! The test signal: pseudo-noise that never repeats, from any frame on. No analysis here.
//!
//! A hash of the frame's index gives one random bit per frame; the bits, as ±1, pass a linear-phase
//! low-pass and lose their running mean. Bits rather than Gaussian noise keep the peaks low, so
//! that more of the loop's range is signal; and since a frame depends on the bits around its index
//! only, any frame can be made without those before it.

use core::f64::consts::PI;

use crate::settings::SettingsError;

pub(crate) const MIN_RATE: u32 = 8_000;
pub(crate) const MAX_RATE: u32 = 768_000;

/// Length of the low-pass: odd, so that its delay is whole and the running mean lines up with it.
const TAPS: usize = 63;
const CENTRE: u64 = (TAPS as u64 - 1) / 2;
/// Where the low-pass is 6 dB down, in cycles per frame. With the transition of this length
/// nothing is left above 0.46, where interpolation between frames would lose accuracy.
const CUTOFF: f64 = 0.43;
const FILL_STEP: usize = 256;

/// An endless, deterministic, wide-band signal, mono.
///
/// Flat within 2 dB from about 150 Hz to 0.4 of the rate and silent from 0.46 of the rate on; no
/// DC. Frame `n` depends only on rate, seed, level and `n`; two seeds are uncorrelated. The first
/// 10 ms fade in, so that starting it makes no click. Cloning copies the position.
#[derive(Debug, Clone)]
pub struct TestSignal {
    rate: u32,
    seed: u64,
    level_dbfs: f64,
    key: u64,
    taps: [f32; TAPS],
    /// Linear gain that brings the filtered bits to the level.
    gain: f32,
    /// The running mean covers this many frames either side of the centre.
    reach: u64,
    fade: u64,
    next: u64,
    /// Sum of the bits (as ±1) under the running mean of frame `next`.
    sum: i64,
}

impl TestSignal {
    /// RMS level of a new signal, in dBFS.
    pub const DEFAULT_LEVEL_DBFS: f64 = -18.0;

    /// A signal at `rate` Hz, at its first frame and at [`DEFAULT_LEVEL_DBFS`](Self::DEFAULT_LEVEL_DBFS).
    ///
    /// # Errors
    /// [`SettingsError::Rate`] outside of 8 kHz to 768 kHz.
    pub fn new(rate: u32, seed: u64) -> Result<Self, SettingsError> {
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(SettingsError::Rate { rate });
        }
        let mut signal = Self {
            rate,
            seed,
            level_dbfs: Self::DEFAULT_LEVEL_DBFS,
            key: mix(seed),
            taps: low_pass(),
            gain: 1.0,
            reach: u64::from(rate / 400),
            fade: u64::from(rate / 100),
            next: 0,
            sum: 0,
        };
        signal.seek(0);
        signal.with_level_dbfs(Self::DEFAULT_LEVEL_DBFS)
    }

    /// The same signal at another RMS level, in dBFS.
    ///
    /// # Errors
    /// [`SettingsError::Level`] if `dbfs` is not finite, or peaks could go beyond full scale.
    pub fn with_level_dbfs(mut self, dbfs: f64) -> Result<Self, SettingsError> {
        let (rms, peak) = self.unit_rms_and_peak();
        let max_dbfs = 20.0 * (rms / peak).log10();
        if !dbfs.is_finite() || dbfs > max_dbfs {
            return Err(SettingsError::Level { dbfs, max_dbfs });
        }
        self.level_dbfs = dbfs;
        self.gain = (10_f64.powf(dbfs / 20.0) / rms) as f32;
        Ok(self)
    }

    /// Sample rate in Hz.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The seed it was made from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// RMS level in dBFS, once faded in.
    #[must_use]
    pub const fn level_dbfs(&self) -> f64 {
        self.level_dbfs
    }

    /// No sample is ever beyond this peak level, in dBFS.
    #[must_use]
    pub fn peak_limit_dbfs(&self) -> f64 {
        let (rms, peak) = self.unit_rms_and_peak();
        self.level_dbfs + 20.0 * (peak / rms).log10()
    }

    /// Index of the next frame that [`fill`](Self::fill) writes.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// Goes to any frame, forwards or backwards, at the same small cost.
    pub fn seek(&mut self, frame: u64) {
        self.next = frame;
        let first = frame.wrapping_sub(self.reach);
        self.sum = (0..=2 * self.reach).map(|i| self.bit(first.wrapping_add(i))).sum();
    }

    /// Writes the next `out.len()` frames. Allocates nothing, takes no lock, cannot fail.
    pub fn fill(&mut self, out: &mut [f32]) {
        let mut bits = [0.0; TAPS - 1 + FILL_STEP];
        for out in out.chunks_mut(FILL_STEP) {
            let bits = &mut bits[..TAPS - 1 + out.len()];
            let first = self.next.wrapping_sub(CENTRE);
            for (i, bit) in (0..).zip(bits.iter_mut()) {
                *bit = self.bit(first.wrapping_add(i)) as f32;
            }
            for (sample, bits) in out.iter_mut().zip(bits.windows(TAPS)) {
                *sample = self.frame(bits);
            }
        }
    }

    /// Makes frame `next` from the bits under the low-pass, and steps on.
    fn frame(&mut self, bits: &[f32]) -> f32 {
        let mean = self.sum as f32 / (2 * self.reach + 1) as f32;
        let mut sample = self.gain * (dot(&self.taps, bits) - mean);
        if self.next < self.fade {
            let phase = PI as f32 * self.next as f32 / self.fade as f32;
            sample *= 0.5 - 0.5 * phase.cos();
        }
        let leaving = self.bit(self.next.wrapping_sub(self.reach));
        self.next = self.next.wrapping_add(1);
        self.sum += self.bit(self.next.wrapping_add(self.reach)) - leaving;
        sample
    }

    fn bit(&self, index: u64) -> i64 {
        let word = mix(self.key ^ (index >> 6));
        ((word >> (index & 63)) & 1) as i64 * 2 - 1
    }

    /// RMS and largest possible peak at gain 1: both follow from the impulse response.
    fn unit_rms_and_peak(&self) -> (f64, f64) {
        let mean = 1.0 / (2 * self.reach + 1) as f64;
        let reach = self.reach.max(CENTRE);
        let response = (0..=2 * reach).map(|i| {
            let distance = i.abs_diff(reach);
            let tap =
                if distance <= CENTRE { self.taps[(CENTRE - distance) as usize] } else { 0.0 };
            f64::from(tap) - if distance <= self.reach { mean } else { 0.0 }
        });
        let (energy, peak) =
            response.fold((0.0, 0.0), |(energy, peak), h| (energy + h * h, peak + h.abs()));
        (energy.sqrt(), peak)
    }
}

/// The finaliser of SplitMix64: every bit of the result depends on every bit of `x`.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Blackman-windowed sinc with unit gain at DC.
fn low_pass() -> [f32; TAPS] {
    let mut taps = [0.0; TAPS];
    let centre = CENTRE as f64;
    let tap = |i: usize| {
        let x = i as f64 - centre;
        let sinc = if x == 0.0 { 2.0 * CUTOFF } else { (2.0 * PI * CUTOFF * x).sin() / (PI * x) };
        let u = PI * x / (centre + 1.0);
        sinc * (0.42 + 0.5 * u.cos() + 0.08 * (2.0 * u).cos())
    };
    let total: f64 = (0..TAPS).map(tap).sum();
    for (i, out) in taps.iter_mut().enumerate() {
        *out = (tap(i) / total) as f32;
    }
    taps
}

/// Dot product with four sums side by side: one sum would wait for itself at every step.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a4, a_rest) = a.as_chunks::<4>();
    let (b4, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a4.iter().zip(b4) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
