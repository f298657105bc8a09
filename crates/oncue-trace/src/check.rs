//! Checks a trace against the rules: the guard over its lines.

use crate::{BadLine, Header, Line};
use oncue_session::{Event, Finding, Guard, Policy, Refusal, Rule};
use std::time::Duration;

/// What was found at a line.
#[derive(Debug)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is.
    pub found: Checked,
}

/// What a check can find.
#[derive(Debug)]
pub enum Checked {
    /// A rule is broken. For a deadline the line is the first one after it.
    Broken(Finding),
    /// The system refused; with the rule that is most likely behind it. By itself no fault.
    Refused(Refusal, Option<Rule>),
    /// The line cannot be read.
    BadLine(BadLine),
}

/// Checks the lines of a trace, against the policy that `policy` makes of its header. Empty lines do not count.
///
/// A trace need not start with the process; what it does not tell is not judged.
pub fn check<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    policy: impl FnOnce(&Header) -> Policy,
) -> Vec<Place> {
    let mut found = Vec::new();
    let mut lines =
        lines.into_iter().enumerate().filter(|(_, text)| !text.trim().is_empty()).peekable();
    let mut header = Header::default();
    if let Some(&(number, text)) = lines.peek() {
        match Header::read(text) {
            Ok(read) => {
                header = read;
                lines.next();
            }
            Err(error) => {
                // A first line that may be an event is read again as one.
                if !matches!(error, BadLine::NoHeader) {
                    lines.next();
                }
                found.push(Place { line: number + 1, found: Checked::BadLine(error) });
            }
        }
    }
    let mut guard = Guard::from_the_middle(policy(&header));
    let mut now = Duration::ZERO;
    for (number, text) in lines {
        let (line, error) = Line::read(text, now);
        let place = |found| Place { line: number + 1, found };
        found.extend(error.map(|error| place(Checked::BadLine(error))));
        let Some(line) = line else { continue };
        now = line.entry.at;
        found.extend(
            guard.observe(&line.entry).iter().map(|finding| place(Checked::Broken(*finding))),
        );
        if let Some(refusal) = refusal(&line.entry.event) {
            found.push(place(Checked::Refused(refusal, guard.behind(refusal))));
        }
    }
    found
}

/// The refusal that an event tells of.
fn refusal(event: &Event) -> Option<Refusal> {
    match *event {
        Event::Refused { domain, code, .. } => Some(Refusal { domain, code }),
        Event::ReportRefused { code, .. } => Some(Refusal::incoming(code)),
        Event::RequestRefused { code, .. } => Some(Refusal::transaction(code)),
        _ => None,
    }
}
