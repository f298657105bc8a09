//! `oncue monitor`: the engine's figures while a call runs, live.
//!
//! On a terminal a view that is drawn ten times a second, ended by q; elsewhere a line a second, or with `--json` an
//! object a line. The call is the scripted one of `oncue loopback`; what it plays is a quiet tone, so that there is
//! something to see.

mod reading;
mod screen;

use crate::args::VIRTUAL;
use crate::call;
use crate::call_system::CallSystem;
use crate::loopback::CannotRun;
use crate::story::Story;
use clap::Args;
use oncue_card::{Card, CardSettings};
use oncue_duplex::{Duplex, DuplexSettings, Endpoint, HostSource, OpenError, StreamEvent};
use oncue_session::Owner;
use reading::{Drift, Levels, Reading};
use screen::Screen;
use std::f64::consts::TAU;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// The period of the virtual card unless another is asked for, in frames.
const CARD_PERIOD: u32 = 480;
/// What is played, in Hz.
const TONE: f64 = 1000.0;
/// How loud: −20 dBFS.
const LOUDNESS: f64 = 0.1;
/// How often the screen is drawn.
const DRAW: Duration = Duration::from_millis(100);
/// How often a line is printed.
const LINE: Duration = Duration::from_secs(1);
/// How long the device is waited for at a time.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  watched
  1  a stream was lost meanwhile
  3  cannot run: bad arguments, no such device, no audio server";

#[derive(Debug, Args)]
pub(crate) struct Monitor {
    /// Audio host: virtual (a card that needs nothing installed), or one that `oncue devices` lists
    #[arg(long, value_name = "HOST", default_value = VIRTUAL)]
    host: String,
    /// Playback device, by name or a part of it; the capture device too unless --input is given [default: the host's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Capture device, by name or a part of it [default: --device, or the host's]
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Sample rate, in Hz
    #[arg(long, value_name = "HZ", default_value_t = 48_000)]
    rate: u32,
    /// Frames a callback to ask for [default: what suits the host; 480 on the virtual card]
    #[arg(long, value_name = "FRAMES")]
    period: Option<u32>,
    /// How long to watch, such as 10s, 500ms or 2m [default: until q is pressed, or the program is ended]
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    duration: Option<Duration>,
    /// Real-time priority to ask for, 1 to 99
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u8).range(1..=99))]
    realtime: Option<u8>,
    /// Play nothing, rather than a tone of 1 kHz at -20 dBFS
    #[arg(long)]
    mute: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "use a time from 100ms to 24h, such as 10s, 500ms or 2m".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<f64>().map_err(|_| wrong())? * unit;
    if (0.1..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(wrong())
    }
}

/// Runs the call and shows it; the exit code: 0, or 1 if a stream was lost.
///
/// # Errors
/// What kept it from taking place.
pub(crate) fn run(args: &Monitor) -> Result<u8, CannotRun> {
    let real = args.host != VIRTUAL;
    if !real && (args.device.is_some() || args.input.is_some()) {
        return Err(CannotRun::Contradiction(
            "the virtual card is one device; leave out --device and --input, or name a --host"
                .into(),
        ));
    }
    let settings = DuplexSettings {
        playback_device: args.device.clone(),
        capture_device: args.input.clone().or_else(|| args.device.clone()),
        rate: args.rate,
        period: args.period,
        realtime: args.realtime,
        ..DuplexSettings::default()
    };
    settings.check().map_err(OpenError::from)?;
    let card = if real { None } else { Some(card(args)?) };
    let source = match &card {
        Some(card) => {
            let card = card.clone();
            HostSource::Made(Box::new(move || card.host()))
        }
        None => HostSource::Named(args.host.clone()),
    };
    let (mut engine, mut endpoint) = Duplex::open(source, settings)?;
    let phone = CallSystem::new(
        Owner::System,
        Some(Duration::from_millis(150)),
        card.as_ref().map(Card::gate),
    );
    let shown = call::under_system(phone, &mut engine, &mut Story::new(false), |engine| {
        watch(args, engine, &mut endpoint)
    })?;
    shown.ok_or(CannotRun::NoActivation)?.map_err(CannotRun::Terminal)
}

fn card(args: &Monitor) -> Result<Card, oncue_card::SettingsError> {
    let period = args.period.unwrap_or(CARD_PERIOD);
    Card::new(CardSettings { rate: args.rate, period, ..CardSettings::default() })
}

/// Where readings go.
enum Output {
    Screen(Box<Screen>),
    Lines { json: bool },
}

impl Output {
    /// Whether somebody at the terminal wants to leave.
    fn is_over(&self) -> io::Result<bool> {
        match self {
            Self::Screen(screen) => screen.is_over(),
            Self::Lines { .. } => Ok(false),
        }
    }

    fn show(&mut self, reading: &Reading) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Screen(screen) => screen.draw(reading),
            Self::Lines { json: true } => {
                serde_json::to_writer(&mut out, reading).map_err(io::Error::from)?;
                writeln!(out)
            }
            Self::Lines { json: false } => writeln!(out, "{reading}"),
        }
    }
}

fn watch(args: &Monitor, engine: &mut Duplex, endpoint: &mut Endpoint) -> io::Result<u8> {
    let lively = io::stdout().is_terminal() && io::stdin().is_terminal() && !args.json;
    let (mut output, every) = if lively {
        (Output::Screen(Box::new(Screen::open(&args.host)?)), DRAW)
    } else {
        (Output::Lines { json: args.json }, LINE)
    };
    let mut player = Player { rate: args.rate, at: 0, mute: args.mute };
    let mut captured = vec![0.0; endpoint.frame()];
    let mut frame = captured.clone();
    let (mut heard, mut played) = (Levels::default(), Levels::default());
    let mut drift = Drift::new(args.rate);
    let (start, mut shown, mut looked) = (Instant::now(), Instant::now(), Instant::now());
    let mut lost = None;
    player.play(endpoint, &mut frame, &mut played);
    loop {
        endpoint.wait(LOOK);
        while endpoint.read(&mut captured).is_some() {
            heard.saw(&captured);
            player.play(endpoint, &mut frame, &mut played);
        }
        while let Some(event) = engine.poll_event(Instant::now()) {
            if let StreamEvent::Failed { direction, error } = event {
                lost = Some(format!("{direction} was lost: {error}"));
            }
        }
        let now = Instant::now();
        if now - looked >= DRAW {
            looked = now;
            if let Some(offset) = endpoint.offset() {
                drift.saw(now - start, offset);
            }
        }
        let end = args.duration.is_some_and(|duration| now - start >= duration)
            || lost.is_some()
            || output.is_over()?;
        if end || now - shown >= every {
            shown = now;
            let levels = (core::mem::take(&mut heard), core::mem::take(&mut played));
            match output.show(&Reading::new(now - start, &engine.stats(), levels, drift.ppm())) {
                // Whoever read the lines has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                shown => shown?,
            }
        }
        if end {
            drop(output);
            return Ok(lost.map_or(0, |lost| {
                eprintln!("{lost}");
                1
            }));
        }
    }
}

/// Plays the tone, frame by frame.
struct Player {
    rate: u32,
    at: u64,
    mute: bool,
}

impl Player {
    fn play(&mut self, endpoint: &mut Endpoint, frame: &mut [f32], levels: &mut Levels) {
        let step = TAU * TONE / f64::from(self.rate);
        for (at, sample) in (self.at..).zip(frame.iter_mut()) {
            *sample = if self.mute { 0.0 } else { (LOUDNESS * (step * at as f64).sin()) as f32 };
        }
        // What finds no room is played later.
        let accepted = endpoint.write(frame).accepted;
        levels.saw(frame.get(..accepted).unwrap_or_default());
        self.at += accepted as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        let ms = |text| time(text).map(|time| time.as_millis());
        assert_eq!(ms("10s"), Ok(10_000));
        assert_eq!(ms("10"), Ok(10_000));
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("1.5m"), Ok(90_000));
        assert_eq!(ms("24h"), Ok(86_400_000));
        for wrong in ["", "s", "10 s", "-1s", "1d", "99ms", "25h", "1.2.3s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
