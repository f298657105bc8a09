//! The command line, and what of it cannot work together. Nothing is opened here.

use clap::{Args, Parser, Subcommand, ValueEnum};
use oncue_session::{Owner, Rule};
use std::time::Duration;

/// Makes the audio of a call start in the one order that works, and measures what comes back.
#[derive(Debug, Parser)]
#[command(name = "oncue", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plays a known signal, hears it come back, and says what the loop does to it
    #[command(after_help = EXIT_CODES)]
    Loopback(Loopback),
    /// Shows the engine's figures while a call runs: levels, fill, xruns, callback times, silence
    #[command(after_help = crate::monitor::EXIT_CODES)]
    Monitor(crate::monitor::Monitor),
    /// Lists hosts and devices with what they support
    Devices(Devices),
    /// Checks traces of calls against the rules of the order
    #[command(after_help = crate::check::EXIT_CODES)]
    Check(crate::check::Check),
    /// Explains a rule, a code of the system, or what you see
    Explain(crate::explain::Explain),
    /// Lists the rules of the order
    Rules(crate::rules::Rules),
    /// Finds what in an app's Info.plist and entitlements keeps its calls from working
    Doctor(crate::doctor::Doctor),
    /// Says which call system a call may use, and why
    Policy(crate::policy::Policy),
    /// Plays a flow of a call on a simple built-in phone and draws it, with the guard's verdict
    #[command(after_help = crate::simulate::EXIT_CODES)]
    Simulate(crate::simulate::Simulate),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  heard and clean
  1  heard, with findings: glitches, lost frames, xruns, violations of the order
  2  not heard: silence, with its cause
  3  cannot run: bad arguments, no such device, no audio server";

#[derive(Debug, Args)]
pub(crate) struct Loopback {
    /// Audio host: virtual (a card that needs nothing installed), or one that `oncue devices` lists
    #[arg(long, value_name = "HOST", default_value = VIRTUAL)]
    pub(crate) host: String,
    /// Playback device, by name or a part of it; the capture device too unless --input is given [default: the host's]
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// Capture device, by name or a part of it [default: --device, or the host's]
    #[arg(long, value_name = "NAME")]
    pub(crate) input: Option<String>,
    /// Sample rate, in Hz
    #[arg(long, value_name = "HZ", default_value_t = 48_000)]
    pub(crate) rate: u32,
    /// Frames a callback to ask for [default: what suits the host; 480 on the virtual card]
    #[arg(long, value_name = "FRAMES")]
    pub(crate) period: Option<u32>,
    /// How long to measure, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// Latency that the virtual card adds to its period, in frames; fractions are exact
    #[arg(long, value_name = "FRAMES", allow_negative_numbers = true)]
    pub(crate) latency: Option<f64>,
    /// Who activates the session: a scripted call system as on a phone, or the app itself
    #[arg(long, value_enum, default_value_t = OwnerArg::System)]
    pub(crate) owner: OwnerArg,
    /// How long the scripted call system takes to activate, in ms, or never [default: 150]
    #[arg(long, value_name = "MS|never", value_parser = activation_delay)]
    pub(crate) activation_delay: Option<ActivationDelay>,
    /// Break this rule of the order on purpose, on the virtual card, and hear what comes of it
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub(crate) r#break: Option<Rule>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Devices {
    /// Only this host
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Print one JSON array instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// The name of the virtual card's host.
pub(crate) const VIRTUAL: &str = "virtual";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OwnerArg {
    System,
    App,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivationDelay {
    After(Duration),
    Never,
}

impl Loopback {
    pub(crate) fn owner(&self) -> Owner {
        match self.owner {
            OwnerArg::System => Owner::System,
            OwnerArg::App => Owner::App,
        }
    }

    /// How long the call system takes to activate; `None` = it never does.
    pub(crate) fn activation_delay(&self) -> Option<Duration> {
        match self.activation_delay {
            None => Some(Duration::from_millis(150)),
            Some(ActivationDelay::After(delay)) => Some(delay),
            Some(ActivationDelay::Never) => None,
        }
    }

    /// Refuses options that contradict each other, in one line that says what would work.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let real = self.host != VIRTUAL;
        let by_app = self.owner == OwnerArg::App;
        if real && self.latency.is_some() {
            return Some(format!(
                "--latency is the virtual card's; leave it out with --host {}",
                self.host
            ));
        }
        if real && self.r#break.is_some() {
            return Some(format!(
                "--break needs the virtual card's gate; leave it out with --host {}",
                self.host
            ));
        }
        if !real && (self.device.is_some() || self.input.is_some()) {
            return Some(
                "the virtual card is one device; leave out --device and --input, or name a --host"
                    .into(),
            );
        }
        if by_app && self.activation_delay.is_some() {
            return Some(
                "--owner app has no call system that could delay; leave out --activation-delay"
                    .into(),
            );
        }
        if self.r#break.is_some() && self.activation_delay == Some(ActivationDelay::Never) {
            return Some(
                "--break and --activation-delay never are two causes of silence; choose one".into(),
            );
        }
        match self.r#break {
            Some(rule) if !crate::broken::can_break(self.owner(), rule) => Some(format!(
                "an app under --owner {} cannot break {}; use the other owner",
                if by_app { "app" } else { "system" },
                rule.id()
            )),
            _ => None,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "use seconds from 0.5 to 86400".to_owned();
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    if (0.5..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(wrong())
    }
}

fn activation_delay(text: &str) -> Result<ActivationDelay, String> {
    match text {
        "never" => Ok(ActivationDelay::Never),
        ms => ms
            .parse()
            .map(|ms| ActivationDelay::After(Duration::from_millis(ms)))
            .map_err(|_| "use a whole number of ms, or never".into()),
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let rules: Vec<_> = crate::broken::BREAKABLE.iter().map(|rule| rule.id()).collect();
    match Rule::by_id(text) {
        Some(rule) if crate::broken::BREAKABLE.contains(&rule) => Ok(rule),
        Some(_) => Err(format!(
            "the scripted app cannot break it in one call; it can break: {}",
            rules.join(", ")
        )),
        None => Err(format!("no such rule; the scripted app can break: {}", rules.join(", "))),
    }
}
