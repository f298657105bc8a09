//! What was found in a trace, as text and as JSON. Nothing is checked here.

use super::Trace;
use crate::rules::{list, text_of};
use oncue_session::{Event, Finding, Level, Rule};
use oncue_trace::{BadLine, Checked, Place};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// How many characters of a line are shown.
const SHOWN: usize = 200;
/// How many bad lines of a file are shown.
const BAD_SHOWN: usize = 10;

impl Trace {
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let roots = self.roots();
        let mut bad = 0;
        for (index, place) in self.found.iter().enumerate() {
            match &place.found {
                Checked::BadLine(error) => {
                    bad += 1;
                    if bad <= BAD_SHOWN {
                        let word = if error.is_read() { "warning" } else { "error" };
                        writeln!(out, "{word}: {}", said(error))?;
                        self.show(place, out)?;
                        writeln!(out)?;
                    }
                }
                Checked::Refused(refusal, behind) => {
                    writeln!(out, "note: {refusal}")?;
                    let gap = self.show(place, out)?;
                    if let Some(rule) = behind {
                        writeln!(out, "{gap} = likely because of {}", rule.wrong())?;
                    }
                    let domain = refusal.domain.name();
                    writeln!(out, "{gap} = help: oncue explain {domain} {}\n", refusal.code)?;
                }
                Checked::Broken(finding) if roots[index] == index => {
                    let after = (index + 1..roots.len()).filter(|&later| roots[later] == index);
                    let after: Vec<_> = after.map(|later| &self.found[later]).collect();
                    self.print_root(place, finding, &after, out)?;
                }
                Checked::Broken(_) => {}
            }
        }
        if bad > BAD_SHOWN {
            let more = counted(bad - BAD_SHOWN, "more line");
            writeln!(out, "{more} not as a trace has it; --json has each\n")?;
        }
        if self.found.is_empty() && !self.has_launch() {
            writeln!(
                out,
                "note: without a `launch` the session may have been active before the first line, and less is judged"
            )?;
            writeln!(
                out,
                "  = help: where the trace begins with the process, put {{\"at_ms\": 0, \"what\": \"launch\"}} below the header\n"
            )?;
        }
        writeln!(out, "{}: {}", self.name, self.summary(&roots))
    }

    /// Whether it says that it tells everything from some event on.
    fn has_launch(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.event, Event::Launch {}))
    }

    /// For each thing found its root cause, by place; its own place for a root cause, and for what has none.
    fn roots(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = Vec::with_capacity(self.found.len());
        for (index, place) in self.found.iter().enumerate() {
            let cause = match &place.found {
                Checked::Broken(finding) => finding.because_of,
                _ => None,
            };
            let is_cause = |earlier: &usize| match &self.found[*earlier].found {
                Checked::Broken(finding) => Some(finding.rule) == cause,
                _ => false,
            };
            // The latest of that rule: the one before it was of another call.
            let earlier = cause.and_then(|_| (0..index).rev().find(is_cause));
            roots.push(earlier.map_or(index, |earlier| roots[earlier]));
        }
        roots
    }

    /// Prints the place and the line; the gap under its number.
    fn show(&self, place: &Place, out: &mut dyn Write) -> io::Result<String> {
        let number = place.line.to_string();
        let gap = " ".repeat(number.len());
        let line = self.lines.get(place.line - 1).map_or("", String::as_str);
        writeln!(out, "{gap} --> {}:{number}", self.name)?;
        writeln!(out, "{gap} |\n{number} | {}\n{gap} |", short(line, SHOWN))?;
        Ok(gap)
    }

    fn print_root(
        &self,
        place: &Place,
        finding: &Finding,
        consequences: &[&Place],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let rule = finding.rule;
        let word = if finding.level == Level::Deny { "error" } else { "warning" };
        writeln!(out, "{word}[{rule}]: {}", text_of(rule.wrong()))?;
        let gap = self.show(place, out)?;
        if finding.event.is_none() {
            let from = finding.since.map(ms).map(|from| format!("from {from} ms "));
            let (from, until) = (from.unwrap_or_default(), ms(finding.at));
            writeln!(
                out,
                "{gap} = waited {from}until {until} ms in vain; this is the first line after it"
            )?;
        }
        if let Some(state) = finding.state {
            writeln!(out, "{gap} = the session is {} here", state.name())?;
        }
        writeln!(out, "{gap} = {}", rule.first())?;
        writeln!(out, "{gap} = {}", rule.otherwise())?;
        writeln!(out, "{gap} = effect: {}", list(rule.declaration().effects))?;
        let mut told = Vec::new();
        for later in consequences {
            let Checked::Broken(other) = &later.found else { continue };
            if told.contains(&other.rule) {
                continue;
            }
            told.push(other.rule);
            let same = consequences.iter().filter(
                |place| matches!(&place.found, Checked::Broken(it) if it.rule == other.rule),
            );
            let places = places(&same.map(|place| place.line).collect::<Vec<_>>());
            if other.rule == rule {
                writeln!(out, "{gap} = again, {places}")?;
            } else {
                writeln!(out, "{gap} = consequence, {places}: {}", other.rule.wrong())?;
            }
        }
        writeln!(out, "{gap} = help: oncue explain {rule}\n")
    }

    fn summary(&self, roots: &[usize]) -> String {
        let count = |is: &dyn Fn(usize, &Checked) -> bool| {
            self.found.iter().enumerate().filter(|(index, place)| is(*index, &place.found)).count()
        };
        let of = |wanted: Level| {
            count(&|index, found| {
                roots[index] == index
                    && matches!(found, Checked::Broken(finding) if finding.level == wanted)
            })
        };
        let back = count(&|_, found| matches!(found, Checked::BadLine(error) if error.is_read()));
        let bad = count(&|_, found| matches!(found, Checked::BadLine(error) if !error.is_read()));
        let parts = [
            (of(Level::Deny), "error", ""),
            (of(Level::Warn) + back, "warning", ""),
            (count(&|index, found| self.follows(roots[index], found)), "consequence", ""),
            (count(&|_, found| matches!(found, Checked::Refused(..))), "refusal", ""),
            (bad, "line", " that cannot be read"),
        ];
        let said = parts.iter().filter(|(count, ..)| *count > 0);
        let mut said: Vec<_> =
            said.map(|(count, what, rest)| counted(*count, what) + rest).collect();
        // Bad lines do not say that the others were checked.
        if said.len() == usize::from(bad > 0) {
            let events = counted(self.entries.len(), "event");
            said.insert(0, format!("nothing found in {events}"));
        }
        said.join(", ")
    }

    /// Whether it follows from what was found at `root`, and is no repetition of it.
    fn follows(&self, root: usize, found: &Checked) -> bool {
        let rule = |found: &Checked| match found {
            Checked::Broken(finding) => Some(finding.rule),
            _ => None,
        };
        rule(&self.found[root].found) != rule(found)
    }

    pub(super) fn as_json(&self) -> Value {
        let found: Vec<_> = self.found.iter().map(|place| self.found_as_json(place)).collect();
        json!({
            "file": self.name,
            "error": null,
            "events": self.entries.len(),
            "has_launch": self.has_launch(),
            "findings": found,
        })
    }

    fn found_as_json(&self, place: &Place) -> Value {
        match &place.found {
            Checked::Broken(finding) => json!({
                "line": place.line,
                "found": "violation",
                "rule": finding.rule.id(),
                "level": finding.level.name(),
                "at_ms": ms(finding.at),
                "waited_from_ms": finding.since.map(ms),
                "event": finding.event.map(|event| event.name()),
                "state": finding.state.map(|state| state.name()),
                "call": finding.call.map(|call| call.to_string()),
                "because_of": finding.because_of.map(Rule::id),
                "wrong": text_of(finding.rule.wrong()),
                "remedy": text_of(finding.rule.first()),
                "otherwise": text_of(finding.rule.otherwise()),
                "effects": finding.rule.declaration().effects.iter().map(|effect| effect.name()).collect::<Vec<_>>(),
            }),
            Checked::Refused(refusal, behind) => json!({
                "line": place.line,
                "found": "refusal",
                "domain": refusal.domain.name(),
                "code": refusal.code,
                "name": refusal.named().map(|named| named.name()),
                "meaning": refusal.to_string(),
                "rule": behind.map(Rule::id),
            }),
            Checked::BadLine(error) => json!({
                "line": place.line,
                "found": "bad-line",
                "read": error.is_read(),
                "error": said(error),
            }),
        }
    }
}

/// What is wrong with a line. That JSON takes it for line 1 of its own would mislead.
pub(super) fn said(error: &BadLine) -> String {
    short(&error.to_string().replace(" at line 1 column ", " at column "), 300)
}

/// The text on one line of a terminal, without what would control it.
fn short(text: &str, most: usize) -> String {
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut shown: String = text.trim().chars().map(clean).take(most).collect();
    if text.trim().chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

/// "1 error", "2 errors".
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// "line 9", "lines 9, 12 and 15", "lines 9, 12, 15 and 40 more".
fn places(lines: &[usize]) -> String {
    let (shown, more) = lines.split_at(lines.len().min(5));
    let mut shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
    let last = if more.is_empty() { shown.pop() } else { Some(format!("{} more", more.len())) };
    match (shown.is_empty(), last.unwrap_or_default()) {
        (true, last) => format!("line {last}"),
        (false, last) => format!("lines {} and {last}", shown.join(", ")),
    }
}
