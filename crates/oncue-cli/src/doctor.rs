//! `oncue doctor`: what in an app's Info.plist and entitlements keeps its calls from working. The files are only read.

mod entitlements;
mod info_plist;
mod names;
mod property_list;

pub(crate) use names::{Known, Name};

use crate::CANNOT_RUN;
use crate::args::OwnerArg;
use clap::Args;
use property_list::{PropertyList, Unreadable};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Doctor {
    /// The app's Info.plist, XML or binary; best the one inside the built app, where no build setting is left to add
    #[arg(long, value_name = "FILE")]
    plist: Option<PathBuf>,
    /// The app's entitlements, XML or binary
    #[arg(long, value_name = "FILE")]
    entitlements: Option<PathBuf>,
    /// Who activates the session of a call: the call system, or the app itself
    #[arg(long, value_enum, default_value_t = OwnerArg::System)]
    owner: OwnerArg,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing found, or notes only
  1  warnings
  2  errors
  3  cannot run: bad arguments, a file that cannot be read";

/// Prints what it finds; the exit code.
pub(crate) fn run(args: &Doctor) -> u8 {
    let done = examine(args).and_then(|report| {
        if args.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print!("{report}");
        }
        Ok(report.exit_code)
    });
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        CANNOT_RUN
    })
}

/// Why there is no diagnosis.
#[derive(Debug, thiserror::Error)]
enum CannotExamine {
    #[error(
        "no file to look at; name --plist Info.plist, --entitlements App.entitlements, or both"
    )]
    NoFile,
    #[error("cannot read {}: {source}", file.display())]
    Unreadable { file: PathBuf, source: Unreadable },
    #[error("the report cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

fn examine(args: &Doctor) -> Result<Report, CannotExamine> {
    if args.plist.is_none() && args.entitlements.is_none() {
        return Err(CannotExamine::NoFile);
    }
    let plist = args.plist.as_deref().map(read).transpose()?;
    let rights = args.entitlements.as_deref().map(read).transpose()?;
    let mut findings = Vec::new();
    if let Some(plist) = &plist {
        info_plist::check(plist, args.owner, &mut findings);
    }
    if let Some(rights) = &rights {
        entitlements::check(rights, plist.as_ref(), args.owner, &mut findings);
    }
    // As a reader wants them: what keeps calls from working comes first.
    findings.sort_by_key(|finding| finding.level);
    Ok(Report::new(findings))
}

fn read(file: &Path) -> Result<PropertyList, CannotExamine> {
    PropertyList::read(file)
        .map_err(|source| CannotExamine::Unreadable { file: file.to_path_buf(), source })
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Calls do not work.
    Error,
    /// Calls may not work.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing found in a file.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    id: Name,
    message: String,
    file: String,
    key: String,
    expected: &'static str,
    got: String,
    effect: &'static str,
    remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, message, file, key, expected, got, effect, remedy, .. } = self;
        writeln!(f, "{}[{id}]: {message}", self.level.name())?;
        writeln!(f, "  --> {file}: {key}")?;
        writeln!(f, "   = expected: {expected}")?;
        writeln!(f, "   = got:      {got}")?;
        writeln!(f, "   = effect:   {effect}")?;
        writeln!(f, "   = remedy:   {remedy}")?;
        writeln!(f, "   = help:     oncue explain {id}")
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    exit_code: u8,
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: Vec<Finding>,
}

impl Report {
    fn new(findings: Vec<Finding>) -> Self {
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings, notes) =
            (count(Level::Error), count(Level::Warning), count(Level::Note));
        let exit_code = match (errors, warnings) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 2,
        };
        let version = env!("CARGO_PKG_VERSION");
        Self { version, exit_code, errors, warnings, notes, findings }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let counted = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let counted: Vec<_> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        if counted.is_empty() {
            writeln!(f, "nothing found")
        } else {
            writeln!(f, "{}", counted.join(", "))
        }
    }
}
