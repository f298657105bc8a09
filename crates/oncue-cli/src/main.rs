//! The program `oncue`: see `oncue --help`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what a program is for")]

mod args;
mod broken;
mod call;
mod call_system;
mod check;
mod devices;
mod doctor;
mod explain;
mod loopback;
mod measure;
mod monitor;
mod policy;
mod report;
mod rules;
mod simulate;
mod story;

use clap::Parser;
use clap::error::ErrorKind::{
    DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
};
use std::process::ExitCode;

/// The exit code of a run that could not take place.
const CANNOT_RUN: u8 = 3;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error)
            if matches!(
                error.kind(),
                DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand
            ) =>
        {
            // A terminal that takes no text cannot be told either.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(CANNOT_RUN) } else { ExitCode::SUCCESS };
        }
        Err(error) => {
            eprintln!("{}", one_line(&error));
            return ExitCode::from(CANNOT_RUN);
        }
    };
    let result = match &cli.command {
        args::Command::Loopback(loopback) => {
            loopback::run(loopback).map_err(|error| error.to_string())
        }
        args::Command::Monitor(monitor) => monitor::run(monitor).map_err(|error| error.to_string()),
        args::Command::Devices(devices) => devices::run(devices).map_err(|error| error.to_string()),
        args::Command::Check(check) => check::run(check),
        args::Command::Explain(explain) => explain::run(explain),
        args::Command::Rules(rules) => Ok(rules::run(rules)),
        args::Command::Doctor(doctor) => Ok(doctor::run(doctor)),
        args::Command::Policy(policy) => policy::run(policy),
        args::Command::Simulate(simulate) => simulate::run(simulate),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}

/// clap's message without the usage that follows it, on one line.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
