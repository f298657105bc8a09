//! What a run says at its end: one value, printed for people or as JSON.

use crate::measure::{Heard, RoundTrip};
use crate::story::{Broken, Line, Story};
use oncue_duplex::{Stats, StreamStats};
use oncue_loopback::{Figures, Glitch, GlitchKind};
use oncue_session::Owner;
use serde::Serialize;
use std::fmt;

/// How many glitches are printed one by one.
const SHOWN: usize = 5;

/// The result of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    version: &'static str,
    exit_code: u8,
    verdict: &'static str,
    host: &'a str,
    owner: &'static str,
    playback: Stream<'a>,
    capture: Stream<'a>,
    steps: &'a [Line],
    violations: &'a [Broken],
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip: Option<RoundTrip>,
    /// What the virtual card was set to.
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_set_frames: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    glitches: Vec<Glitch>,
    losses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
}

/// A direction as it was opened.
#[derive(Debug, Serialize)]
struct Stream<'a> {
    device: &'a str,
    rate_hz: u32,
    channels: u16,
    format: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_frames: Option<u32>,
    xruns: u64,
    /// From the activation to the first frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_frame_after_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Level {
    gain_db: f64,
    captured_rms_dbfs: f64,
    captured_peak_dbfs: f64,
    signal_to_residual_db: f64,
    inverted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift_ppm: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Silence {
    direction: String,
    kind: String,
    cause: String,
    message: String,
}

impl<'a> Stream<'a> {
    fn new(stats: &'a StreamStats) -> Self {
        let format = &stats.format;
        Self {
            device: &format.device,
            rate_hz: format.rate,
            channels: format.channels,
            format: format.format.to_string(),
            period_frames: stats.granted,
            xruns: stats.xruns,
            first_frame_after_ms: stats.first_frame_after.map(|time| time.as_secs_f64() * 1e3),
        }
    }
}

impl Level {
    fn new(figures: &Figures) -> Self {
        Self {
            gain_db: figures.gain_db,
            captured_rms_dbfs: figures.captured_rms_dbfs,
            captured_peak_dbfs: figures.captured_peak_dbfs,
            signal_to_residual_db: figures.signal_to_residual_db,
            inverted: figures.inverted,
            drift_ppm: figures.drift_ppm,
        }
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(
        host: &'a str,
        owner: Owner,
        round_trip_set_frames: Option<f64>,
        story: &'a Story,
        heard: Heard,
        losses: Vec<String>,
        stats: &'a Stats,
    ) -> Self {
        let mut report = Self {
            version: env!("CARGO_PKG_VERSION"),
            exit_code: 2,
            verdict: "not heard",
            host,
            owner: owner.name(),
            playback: Stream::new(&stats.playback.stream),
            capture: Stream::new(&stats.capture.stream),
            steps: &story.lines,
            violations: &story.broken,
            round_trip: None,
            round_trip_set_frames,
            level: None,
            glitches: Vec::new(),
            losses,
            silence: None,
        };
        match heard {
            Heard::Signal { round_trip, figures } => {
                report.level = Some(Level::new(&figures));
                report.round_trip = Some(round_trip);
                report.glitches = figures.glitches;
                let clean = report.glitches.is_empty()
                    && report.losses.is_empty()
                    && story.broken.is_empty();
                (report.exit_code, report.verdict) =
                    if clean { (0, "heard and clean") } else { (1, "heard, with findings") };
            }
            Heard::Silence(silence) => {
                report.silence = Some(Silence {
                    direction: silence.direction.to_string(),
                    kind: silence.kind.to_string(),
                    cause: silence.cause.to_string(),
                    message: silence.to_string(),
                });
            }
        }
        report
    }

    /// 0 heard and clean, 1 heard with findings, 2 not heard.
    pub(crate) const fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (direction, stream) in [("playback", &self.playback), ("capture", &self.capture)] {
            let Stream { device, rate_hz, channels, format, .. } = stream;
            write!(f, "{direction:<13}{device}, {rate_hz} Hz, {channels} channels of {format}")?;
            match stream.period_frames {
                Some(frames) => writeln!(f, ", period {frames} frames")?,
                None => writeln!(f)?,
            }
        }
        if let (Some(played), Some(captured)) =
            (self.playback.first_frame_after_ms, self.capture.first_frame_after_ms)
        {
            writeln!(
                f,
                "first audio  played {played:.1} ms, captured {captured:.1} ms after the activation"
            )?;
        }
        if let Some(trip) = &self.round_trip {
            write!(f, "round trip   {:.2} frames = {:.3} ms", trip.frames, trip.ms)?;
            match self.round_trip_set_frames {
                Some(set) => writeln!(f, " (the card is set to {set:.2})")?,
                None => writeln!(f)?,
            }
            writeln!(
                f,
                "             {:.2} to {:.2} over {} repeats, deviation {:.3}, confidence {:.3}",
                trip.min_frames,
                trip.max_frames,
                trip.repeats,
                trip.deviation_frames,
                trip.confidence
            )?;
        }
        if let Some(level) = &self.level {
            writeln!(
                f,
                "level        {:+.1} dB through the loop{}, captured {:.1} dBFS RMS, {:.1} dBFS peak, signal to residual {:.0} dB",
                // Rounded first: a loop of 0 dB shall not read -0.0.
                (level.gain_db * 10.0).round() / 10.0 + 0.0,
                if level.inverted { " (inverted)" } else { "" },
                level.captured_rms_dbfs,
                level.captured_peak_dbfs,
                level.signal_to_residual_db
            )?;
            glitches(f, &self.glitches, self.capture.rate_hz)?;
        }
        for loss in &self.losses {
            writeln!(f, "lost         {loss}")?;
        }
        if let Some(silence) = &self.silence {
            writeln!(f, "silence      {}", silence.message)?;
        }
        writeln!(f, "{}", self.verdict)
    }
}

fn glitches(f: &mut fmt::Formatter<'_>, glitches: &[Glitch], rate: u32) -> fmt::Result {
    if glitches.is_empty() {
        return writeln!(f, "glitches     none");
    }
    writeln!(f, "glitches     {}", glitches.len())?;
    for glitch in glitches.iter().take(SHOWN) {
        let what = match glitch.kind {
            GlitchKind::Dropped => "dropped",
            GlitchKind::Inserted => "inserted",
            GlitchKind::Disturbed => "disturbed",
        };
        let at = glitch.at_frame as f64 / f64::from(rate);
        writeln!(f, "             at {at:.3} s: {} frames {what}", glitch.frames)?;
    }
    if glitches.len() > SHOWN {
        writeln!(f, "             and {} more (--json lists all)", glitches.len() - SHOWN)?;
    }
    Ok(())
}
