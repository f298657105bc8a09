//! `oncue simulate`: plays a flow of a call on a simple built-in phone and draws what was said, with the guard's verdict.

mod arrows;
mod draw;
mod flows;
mod phone;

use crate::rules::say;
use clap::{Args, ValueEnum};
use flows::FLOWS;
use oncue_call::Order;
use oncue_trace::{Header, Line};
use phone::Played;
use std::path::PathBuf;

/// Which flow is played, and where it is written to.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The flow; --list names them
    #[arg(value_name = "FLOW")]
    flow: Option<String>,
    /// Whose order is kept where Apple's and QQ's differ
    #[arg(long, value_enum, default_value_t = OrderArg::Apple)]
    order: OrderArg,
    /// Write the diagram as SVG, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the trace, for `oncue check`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// List the flows
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderArg {
    Apple,
    Qq,
}

/// The exit codes, for --help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  played, and the guard found nothing that the app did
  1  the guard found something
  3  no such flow, or a file cannot be written

Examples:
  oncue simulate answer
  oncue simulate end-and-accept --order qq --svg accept.svg
  oncue simulate hold --trace hold.jsonl && oncue check hold.jsonl";

/// Plays the flow.
///
/// # Errors
/// No such flow, or a file cannot be written.
pub(crate) fn run(args: &Simulate) -> Result<u8, String> {
    if args.list {
        let widest = FLOWS.iter().map(|flow| flow.name.len()).max().unwrap_or(0);
        say(|out| {
            FLOWS.iter().try_for_each(|flow| writeln!(out, "{:widest$}  {}", flow.name, flow.about))
        })?;
        return Ok(0);
    }
    let name = args.flow.as_deref().ok_or("which flow? `oncue simulate --list` names them")?;
    let flow = FLOWS.iter().find(|flow| flow.name == name).ok_or_else(|| {
        let names: Vec<_> = FLOWS.iter().map(|flow| flow.name).collect();
        format!("no flow `{name}`; expected one of {}", names.join(", "))
    })?;
    let order = match args.order {
        OrderArg::Apple => Order::Apple,
        OrderArg::Qq => Order::Qq,
    };
    let played = phone::play(flow, order);
    if let Some(path) = &args.svg {
        let svg = draw::svg(flow, &played);
        std::fs::write(path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &args.trace {
        std::fs::write(path, trace(&played))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    say(|out| write!(out, "{}", draw::text(flow, &played)))?;
    Ok(u8::from(!played.found.is_empty()))
}

/// The trace of a run, as JSON Lines.
fn trace(played: &Played) -> String {
    let header = Header { owner: Some(played.owner), ..Header::default() };
    let lines = played.trace.iter().map(|&entry| format!("{}\n", Line::from(entry)));
    std::iter::once(format!("{header}\n")).chain(lines).collect()
}
