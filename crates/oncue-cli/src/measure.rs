//! Measuring the loop while it runs: plays the test signal, hands what is captured to the analyser, and turns its lags
//! into round trips. Knows no session.

use oncue_duplex::{
    Direction, Duplex, Endpoint, SilenceCause, SilenceKind, SilentAudio, Stats, StreamEvent,
};
use oncue_loopback::{
    Analyser, AnalyserSettings, Figures, NotHeard, Repeat, SettingsError, TestSignal,
};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long the loop is waited for at a time, so that a dead device is seen in time.
const LOOK: Duration = Duration::from_millis(50);

/// The seed of the test signal: any will do, this one is always used.
const SEED: u64 = 1;

/// The time from a frame's block in playback to its block in capture, measured between the callbacks.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RoundTrip {
    /// Median over the repeats, in frames.
    pub(crate) frames: f64,
    /// The same in ms.
    pub(crate) ms: f64,
    /// Smallest of a repeat, in frames.
    pub(crate) min_frames: f64,
    /// Largest of a repeat, in frames.
    pub(crate) max_frames: f64,
    /// Standard deviation over the repeats, in frames.
    pub(crate) deviation_frames: f64,
    /// How many repeats.
    pub(crate) repeats: usize,
    /// How much of the captured signal one delay and one gain explain: 0 to 1.
    pub(crate) confidence: f64,
}

/// What was measured.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The signal came back.
    Signal { round_trip: RoundTrip, figures: Box<Figures> },
    /// It did not.
    Silence(SilentAudio),
}

/// A measurement, made before the device starts: what takes time here would be lost audio there.
#[derive(Debug)]
pub(crate) struct Measurement {
    rate: u32,
    signal: TestSignal,
    analyser: Analyser,
}

impl Measurement {
    /// # Errors
    /// A rate that the signal is not made for, in Hz.
    pub(crate) fn new(rate: u32) -> Result<Self, SettingsError> {
        let signal = TestSignal::new(rate, SEED)?;
        let analyser = Analyser::new(&signal, AnalyserSettings::for_rate(rate))?;
        Ok(Self { rate, signal, analyser })
    }

    /// Plays and listens for `duration`, or until the device fails.
    pub(crate) fn run(
        mut self,
        engine: &mut Duplex,
        endpoint: &mut Endpoint,
        duration: Duration,
    ) -> Heard {
        let mut frame = vec![0.0; endpoint.frame()];
        let mut captured = vec![0.0; endpoint.frame()];
        let mut trips = Vec::new();
        let (mut first, mut next) = (None, 0);
        let end = Instant::now() + duration;
        // Playback starts with a frame, so that capture is not waited for in vain.
        play(endpoint, &mut self.signal, &mut frame);
        while Instant::now() < end {
            if let Some(silence) = failed(engine) {
                return Heard::Silence(silence);
            }
            endpoint.wait(LOOK);
            while let Some(block) = endpoint.read(&mut captured) {
                let first = *first.get_or_insert(block.index);
                let at = block.index - first;
                if at > next {
                    self.analyser.gap(at - next);
                }
                self.analyser.push(&captured);
                next = at + captured.len() as u64;
                play(endpoint, &mut self.signal, &mut frame);
                while let Some(repeat) = self.analyser.poll_repeat() {
                    trips.extend(trip(&repeat, first, endpoint));
                }
            }
        }
        let silence = match self.analyser.finish() {
            Ok(figures) => match round_trip(trips, self.rate, figures.confidence) {
                Some(round_trip) => {
                    return Heard::Signal { round_trip, figures: Box::new(figures) };
                }
                None => SilenceKind::NotHeard,
            },
            Err(NotHeard::NothingCaptured) => SilenceKind::NoCallbacks,
            Err(NotHeard::DigitalZero { .. }) => SilenceKind::DigitalZero,
            Err(_) => SilenceKind::NotHeard,
        };
        Heard::Silence(silent(silence))
    }
}

/// The round trip of a repeat, in frames: its lag counts from the first frame that was read and the first that was
/// written, the streams count from their start, and they did not start together.
fn trip(repeat: &Repeat, first: u64, endpoint: &mut Endpoint) -> Option<f64> {
    let heard = (repeat.captured_at_frame + repeat.frames / 2) as f64;
    let played = (heard - repeat.lag_frames).round().max(0.0) as u64;
    let inserted = endpoint.playback_index(played)? as f64 - played as f64;
    Some(repeat.lag_frames + first as f64 - inserted - endpoint.offset()?)
}

/// Writes the next frame of the signal; what finds no room is played later.
fn play(endpoint: &mut Endpoint, signal: &mut TestSignal, frame: &mut [f32]) {
    signal.fill(frame);
    let written = endpoint.write(frame);
    // So that the n-th frame of the signal is the n-th that was accepted.
    signal.seek(written.position + written.accepted as u64);
}

fn failed(engine: &mut Duplex) -> Option<SilentAudio> {
    match engine.poll_event(Instant::now())? {
        StreamEvent::Failed { direction, .. } => {
            let silence = SilentAudio::new(direction, SilenceKind::NoCallbacks, 0);
            Some(silence.because(SilenceCause::DeviceGone))
        }
        StreamEvent::Silent(silence) if silence.kind == SilenceKind::NoCallbacks => Some(silence),
        _ => None,
    }
}

/// Capture is silent, from its first frame on; why is for the session to say.
pub(crate) fn silent(kind: SilenceKind) -> SilentAudio {
    SilentAudio::new(Direction::Capture, kind, 0).because(SilenceCause::Unknown)
}

fn round_trip(mut trips: Vec<f64>, rate: u32, confidence: f64) -> Option<RoundTrip> {
    trips.sort_by(f64::total_cmp);
    let repeats = trips.len();
    let frames = *trips.get(repeats / 2)?;
    let mean = trips.iter().sum::<f64>() / repeats as f64;
    let variance = trips.iter().map(|trip| (trip - mean).powi(2)).sum::<f64>() / repeats as f64;
    Some(RoundTrip {
        frames,
        ms: frames / f64::from(rate) * 1e3,
        min_frames: *trips.first()?,
        max_frames: *trips.last()?,
        deviation_frames: variance.sqrt(),
        repeats,
        confidence,
    })
}

/// What was lost on the way between device and program, in words; nothing if nothing was.
pub(crate) fn losses(stats: &Stats) -> Vec<String> {
    let figures = [
        (stats.capture.stream.xruns + stats.playback.stream.xruns, "xruns reported"),
        (stats.capture.lost + stats.capture.discarded, "captured frames lost"),
        (stats.playback.underrun, "frames of silence inserted in playback"),
    ];
    figures
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
}
