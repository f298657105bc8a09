//! Measuring the loop while it runs: plays the test signal, hands what is captured to the analyser, and turns its lags
//! into round trips. Knows no session.

use oncue_duplex::{Direction, Duplex, Endpoint, SilenceCause, SilenceKind, SilentAudio, Stats, StreamEvent};
use oncue_loopback::{Analyser, AnalyserSettings, Figures, NotHeard, SettingsError, TestSignal};
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
    Signal {
        round_trip: RoundTrip,
        figures: Box<Figures>,
    },
    /// It did not.
    Silence(SilentAudio),
}

/// Plays and listens for `duration`, or until the device fails.
///
/// # Errors
/// A rate that the signal is not made for.
pub(crate) fn measure(
    engine: &mut Duplex,
    endpoint: &mut Endpoint,
    rate: u32,
    duration: Duration,
) -> Result<Heard, SettingsError> {
    let mut signal = TestSignal::new(rate, SEED)?;
    let mut analyser = Analyser::new(&signal, AnalyserSettings::for_rate(rate))?;
    let mut frame = vec![0.0; endpoint.frame()];
    let mut captured = vec![0.0; endpoint.frame()];
    let mut trips = Vec::new();
    let (mut first, mut next) = (None, 0);
    let end = Instant::now() + duration;
    // Playback starts with a frame, so that capture is not waited for in vain.
    play(endpoint, &mut signal, &mut frame);
    while Instant::now() < end {
        if let Some(silence) = failed(engine) {
            return Ok(Heard::Silence(silence));
        }
        endpoint.wait(LOOK);
        while let Some(block) = endpoint.read(&mut captured) {
            let first = *first.get_or_insert(block.index);
            let at = block.index - first;
            if at > next {
                analyser.gap(at - next);
            }
            analyser.push(&captured);
            next = at + captured.len() as u64;
            play(endpoint, &mut signal, &mut frame);
            while let Some(repeat) = analyser.poll_repeat() {
                // The middle of the repeat, as a frame of capture and as the frame of the signal that it holds.
                let heard = repeat.captured_at_frame + repeat.frames / 2;
                let lag = repeat.lag_frames;
                let played = (heard as f64 - lag).round().max(0.0) as u64;
                if let (Some(index), Some(offset)) = (endpoint.playback_index(played), endpoint.offset()) {
                    let inserted = index as f64 - played as f64;
                    trips.push(lag + first as f64 - inserted - offset);
                }
            }
        }
    }
    Ok(match analyser.finish() {
        Ok(figures) => match round_trip(trips, rate, figures.confidence) {
            Some(round_trip) => Heard::Signal { round_trip, figures: Box::new(figures) },
            None => Heard::Silence(silent(SilenceKind::NotHeard)),
        },
        Err(NotHeard::NothingCaptured) => Heard::Silence(silent(SilenceKind::NoCallbacks)),
        Err(NotHeard::DigitalZero { .. }) => Heard::Silence(silent(SilenceKind::DigitalZero)),
        Err(_) => Heard::Silence(silent(SilenceKind::NotHeard)),
    })
}

/// Writes the next frame of the signal; what finds no room is played later.
fn play(endpoint: &mut Endpoint, signal: &mut TestSignal, frame: &mut [f32]) {
    signal.fill(frame);
    let written = endpoint.write(frame);
    // So that the n-th frame of the signal is the n-th that was accepted.
    signal.seek(written.position + written.accepted as u64);
}

fn failed(engine: &mut Duplex) -> Option<SilentAudio> {
    let (direction, cause) = match engine.poll_event(Instant::now())? {
        StreamEvent::Failed { direction, .. } => (direction, SilenceCause::DeviceGone),
        StreamEvent::Stalled { direction, .. } => (direction, SilenceCause::Stalled),
        _ => return None,
    };
    Some(SilentAudio { direction, kind: SilenceKind::NoCallbacks, cause })
}

/// Capture is silent; why is for the session to say.
pub(crate) fn silent(kind: SilenceKind) -> SilentAudio {
    SilentAudio { direction: Direction::Capture, kind, cause: SilenceCause::Unknown }
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
        (stats.playback.refused, "played frames refused"),
    ];
    figures.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
