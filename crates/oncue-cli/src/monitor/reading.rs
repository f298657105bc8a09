//! One look at a call that runs: what is shown, in numbers. Nothing is drawn here.

use oncue_duplex::{Stats, StreamStats};
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// The level of what passed since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    peak: f32,
    squares: f64,
    samples: u64,
}

impl Levels {
    pub(super) fn saw(&mut self, samples: &[f32]) {
        for sample in samples {
            self.peak = self.peak.max(sample.abs());
            self.squares += f64::from(*sample).powi(2);
        }
        self.samples += samples.len() as u64;
    }
}

/// How fast both positions part: the slope of the line through the last looks, by least squares.
#[derive(Debug)]
pub(super) struct Drift {
    rate: f64,
    /// Time in s, and how much further capture has come than playback, in frames.
    looks: VecDeque<(f64, f64)>,
}

/// Looks that the drift is told over: half a minute at ten a second.
const LOOKS: usize = 300;
/// Looks before it is told at all.
const FEW: usize = 50;

impl Drift {
    /// Of streams at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate), looks: VecDeque::with_capacity(LOOKS) }
    }

    pub(super) fn saw(&mut self, at: Duration, offset_frames: f64) {
        if self.looks.len() == LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back((at.as_secs_f64(), offset_frames));
    }

    /// By how much capture's clock is faster.
    pub(super) fn ppm(&self) -> Option<f64> {
        if self.looks.len() < FEW {
            return None;
        }
        let count = self.looks.len() as f64;
        let sums = self.looks.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let (time, offset) = (sums.0 / count, sums.1 / count);
        let (over, under) = self.looks.iter().fold((0.0, 0.0), |sum, it| {
            let off = it.0 - time;
            (sum.0 + off * (it.1 - offset), sum.1 + off * off)
        });
        (under > 0.0).then(|| over / under / self.rate * 1e6)
    }
}

/// Both directions.
#[derive(Debug, Serialize)]
pub(super) struct Reading {
    /// Since the call began, in s.
    pub(super) at_s: f64,
    /// By how much capture's clock is faster than playback's, over the last half minute.
    pub(super) drift_ppm: Option<f64>,
    pub(super) capture: Side,
    pub(super) playback: Side,
}

/// One direction. Counts run since the engine was opened, levels since the last look.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    pub(super) device: String,
    /// dBFS; `null` = nothing, or zeros.
    pub(super) peak_dbfs: Option<f64>,
    pub(super) rms_dbfs: Option<f64>,
    pub(super) waiting_frames: u64,
    pub(super) fill_min_frames: u32,
    pub(super) fill_mean_frames: f64,
    pub(super) fill_max_frames: u32,
    pub(super) target_frames: u32,
    pub(super) latency_ms: f64,
    pub(super) xruns: u64,
    /// Captured frames that were lost or thrown away; played frames that were silence in place of sound.
    pub(super) lost_frames: u64,
    pub(super) callback_p50_us: f64,
    pub(super) callback_p99_us: f64,
    pub(super) callback_max_us: f64,
    pub(super) period_us: f64,
    pub(super) rights: String,
    pub(super) silence: Option<String>,
}

impl Reading {
    pub(super) fn new(
        at: Duration,
        stats: &Stats,
        (heard, played): (Levels, Levels),
        drift_ppm: Option<f64>,
    ) -> Self {
        let Stats { capture, playback, .. } = stats;
        Self {
            at_s: (at.as_secs_f64() * 1e3).round() / 1e3,
            drift_ppm: drift_ppm.map(|ppm| (ppm * 10.0).round() / 10.0),
            capture: Side::new(&capture.stream, heard, capture.lost + capture.discarded),
            playback: Side::new(&playback.stream, played, playback.underrun),
        }
    }
}

impl Side {
    fn new(stream: &StreamStats, levels: Levels, lost_frames: u64) -> Self {
        let us = |time: Duration| time.as_nanos() as f64 / 1e3;
        let rms = (levels.squares / levels.samples.max(1) as f64).sqrt();
        Self {
            device: stream.format.device.clone(),
            peak_dbfs: dbfs(f64::from(levels.peak)),
            rms_dbfs: dbfs(rms),
            waiting_frames: stream.waiting,
            fill_min_frames: stream.fill.min,
            fill_mean_frames: (stream.fill_mean * 10.0).round() / 10.0,
            fill_max_frames: stream.fill.max,
            target_frames: stream.target,
            latency_ms: (stream.latency.as_secs_f64() * 1e5).round() / 1e2,
            xruns: stream.xruns,
            lost_frames,
            callback_p50_us: us(stream.time.p50),
            callback_p99_us: us(stream.time.p99),
            callback_max_us: us(stream.time.max),
            period_us: us(stream.time.period).round(),
            rights: stream.rights.to_string(),
            silence: stream.silence.map(|silence| silence.to_string()),
        }
    }
}

fn dbfs(level: f64) -> Option<f64> {
    (level > 0.0).then(|| (200.0 * level.log10()).round() / 10.0)
}

/// A level for people.
pub(super) fn level(dbfs: Option<f64>) -> String {
    dbfs.map_or_else(|| "none".into(), |dbfs| format!("{dbfs:.1} dBFS"))
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.1} s", self.at_s)?;
        if let Some(ppm) = self.drift_ppm {
            write!(f, "  drift: {ppm:+.1} ppm")?;
        }
        for (name, side) in [("capture", &self.capture), ("playback", &self.playback)] {
            write!(
                f,
                "  {name}: {}, fill {} (target {}), {:.1} ms, {} xruns, {} lost, callback {:.1} us (p99)",
                level(side.rms_dbfs),
                side.waiting_frames,
                side.target_frames,
                side.latency_ms,
                side.xruns,
                side.lost_frames,
                side.callback_p99_us,
            )?;
            if let Some(silence) = &side.silence {
                write!(f, ", {silence}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drift_is_the_slope_once_there_are_enough_looks() {
        let mut drift = Drift::new(48_000);
        for n in 0..FEW {
            assert_eq!(drift.ppm(), None);
            // 4.8 frames a second less: 100 ppm.
            drift.saw(Duration::from_millis(100) * n as u32, 7.0 - n as f64 * 0.48);
        }
        assert!(drift.ppm().is_some_and(|ppm| (ppm + 100.0).abs() < 1e-6));
    }

    #[test]
    fn levels_are_of_a_sine_what_they_are_of_a_sine() {
        let mut levels = Levels::default();
        let sine: Vec<f32> = (0..4800)
            .map(|n| (0.1 * (n as f64 * 0.1 * std::f64::consts::TAU).sin()) as f32)
            .collect();
        sine.chunks(7).for_each(|part| levels.saw(part));
        let side = |levels: Levels| {
            (dbfs(f64::from(levels.peak)), dbfs((levels.squares / levels.samples as f64).sqrt()))
        };
        let (peak, rms) = side(levels);
        assert_eq!(rms, Some(-23.0), "3 dB below the peak of -20 dBFS");
        assert!(peak.is_some_and(|peak| (-20.5..=-20.0).contains(&peak)));
        assert_eq!((dbfs(0.0), level(None)), (None, "none".into()));
    }
}
