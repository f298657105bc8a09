//! `oncue loopback`: opens the device, plays the call, measures the loop, and says how it went.

use crate::args::{Loopback, VIRTUAL};
use crate::call_system::CallSystem;
use crate::measure::{Heard, Measurement, losses, silent};
use crate::report::Report;
use crate::story::Story;
use crate::{broken, call};
use oncue_card::{Card, CardSettings};
use oncue_duplex::{
    DeviceError, Duplex, DuplexSettings, HostSource, OpenError, Operation, SilenceKind,
};
use oncue_session::{NoAudio, Owner, SessionError};

/// The period of the virtual card unless another is asked for, in frames.
const CARD_PERIOD: u32 = 480;

/// Why a run could not take place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotRun {
    #[error("{0}")]
    Contradiction(String),
    #[error(transparent)]
    Card(#[from] oncue_card::SettingsError),
    #[error(transparent)]
    Signal(#[from] oncue_loopback::SettingsError),
    #[error("{}", with_remedy(.0))]
    Open(#[from] OpenError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("no activation came")]
    NoActivation,
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[source] std::io::Error),
    #[error("the report cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the engine says, and what the program adds to it: the virtual card is a host as well, and needs no server.
fn with_remedy(error: &OpenError) -> String {
    match error {
        OpenError::UnknownHost { asked, available } => {
            format!(
                "no audio host \"{asked}\"; this build has: {VIRTUAL}, {}",
                available.join(", ")
            )
        }
        OpenError::Device(DeviceError::Refused { operation: Operation::OpenHost, .. })
        | OpenError::NoDevice { .. } => {
            format!("{error}; start the audio server, or leave out --host for the virtual card")
        }
        error => error.to_string(),
    }
}

/// Runs and reports; the exit code.
///
/// # Errors
/// What kept the run from taking place.
pub(crate) fn run(args: &Loopback) -> Result<u8, CannotRun> {
    if let Some(contradiction) = args.contradiction() {
        return Err(CannotRun::Contradiction(contradiction));
    }
    let owner = args.owner();
    let settings = DuplexSettings {
        playback_device: args.device.clone(),
        capture_device: args.input.clone().or_else(|| args.device.clone()),
        rate: args.rate,
        period: args.period,
        ..DuplexSettings::default()
    };
    settings.check().map_err(OpenError::from)?;
    let card = if args.host == VIRTUAL { Some(card(args)?) } else { None };
    let source = match &card {
        Some(card) => {
            let card = card.clone();
            HostSource::Made(Box::new(move || card.host()))
        }
        None => HostSource::Named(args.host.clone()),
    };
    let (mut engine, mut endpoint) = Duplex::open(source, settings)?;
    let phone = CallSystem::new(owner, args.activation_delay(), card.as_ref().map(Card::gate));

    let mut story = Story::new(!args.json);
    let mut stats = None;
    let measurement = Measurement::new(args.rate)?;
    let during = |engine: &mut Duplex| {
        let heard = measurement.run(engine, &mut endpoint, args.duration);
        stats = Some(engine.stats());
        heard
    };
    let heard = match (args.r#break, owner) {
        (Some(rule), _) => broken::call(rule, owner, phone, &mut engine, &mut story, during)?,
        (None, Owner::System) => call::under_system(phone, &mut engine, &mut story, during)?,
        (None, Owner::App) => Some(call::owned_by_app(phone.0, &mut engine, &mut story, during)?),
    };
    let stats = stats.unwrap_or_else(|| engine.stats());
    let heard = heard.unwrap_or_else(|| {
        Heard::Silence(silent(SilenceKind::NoCallbacks).because(NoAudio::NotActivated))
    });
    let heard = match (heard, story.root_cause()) {
        (Heard::Silence(silence), Some(rule)) => {
            Heard::Silence(silence.because(NoAudio::Rule(rule)))
        }
        (heard, _) => heard,
    };
    let report =
        Report::new(&args.host, owner, card_trip(args), &story, heard, losses(&stats), &stats);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(report.exit_code())
}

fn card(args: &Loopback) -> Result<Card, oncue_card::SettingsError> {
    Card::new(CardSettings {
        rate: args.rate,
        period: args.period.unwrap_or(CARD_PERIOD),
        latency: args.latency.unwrap_or(0.0),
        ..CardSettings::default()
    })
}

/// The round trip that the virtual card was set to, in frames.
fn card_trip(args: &Loopback) -> Option<f64> {
    (args.host == VIRTUAL)
        .then(|| f64::from(args.period.unwrap_or(CARD_PERIOD)) + args.latency.unwrap_or(0.0))
}
