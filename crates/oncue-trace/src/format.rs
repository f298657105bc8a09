//! The format of a trace: a header, then one event a line, each a JSON object.

use crate::is_optional;
use oncue_session::{Entry, Event, EventKind, Owner, Party, Rule, Thread};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// What a trace says of itself, in its first line: `{"oncue-trace": 1, "owner": "system", "ios": "17.4"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Who owns the session, if the trace says so.
    pub owner: Option<Owner>,
    /// The version of iOS.
    pub ios: Option<String>,
    /// The API level of Android.
    pub android: Option<String>,
    /// The rules that are to be held to the letter.
    pub strict: Vec<Rule>,
}

/// A line that is no part of a trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(serde_json::Error),
    /// It is JSON, and no object.
    #[error("expected an object such as {{\"at_ms\": 0, \"what\": \"did-activate\"}}, got {got}")]
    NoObject {
        /// What it is.
        got: &'static str,
    },
    /// The first line is no header.
    #[error(
        "expected the header {{\"oncue-trace\": {VERSION}}} as the first line; what follows is read as version {VERSION}"
    )]
    NoHeader,
    /// The header is of another version.
    #[error("expected version {VERSION}, got {got}; what follows is read as version {VERSION}")]
    Version {
        /// Its version.
        got: String,
    },
    /// The header has an entry that cannot be read.
    #[error("header: {name}: expected {expected}, got {got}")]
    Header {
        /// The entry.
        name: String,
        /// What it may be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// It says not, or not rightly, when it happened.
    #[error("at_ms: expected milliseconds since the start of the trace, 0 or more, got {got}")]
    Time {
        /// What it says.
        got: String,
    },
    /// It happened before the line above it.
    #[error(
        "at_ms: {at_ms} is before the {before_ms} of an earlier line; it is read as {before_ms}"
    )]
    TimeGoesBack {
        /// Its time, in ms.
        at_ms: f64,
        /// The time of the earlier line, in ms.
        before_ms: f64,
    },
    /// It says not what happened.
    #[error("no `what`: name the event, e.g. \"what\": \"did-activate\"")]
    NoEvent,
    /// There is no such event.
    #[error("no event `{got}`{}", near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownEvent {
        /// Its name.
        got: String,
        /// The event whose name is the nearest.
        near: Option<&'static str>,
    },
    /// The event's arguments are not as they should be.
    #[error("{}: {error}; its arguments: {}", event.name(), arguments(*event))]
    Arguments {
        /// The event.
        event: EventKind,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// Somebody does what only others do.
    #[error("{}: expected who to be {}, got {got}", event.name(), parties(*event))]
    Party {
        /// The event.
        event: EventKind,
        /// Who it says.
        got: String,
    },
    /// The thread is neither of the two.
    #[error("thread: expected \"main\" or \"other\", got {got}")]
    Thread {
        /// What it says.
        got: String,
    },
}

impl BadLine {
    /// Whether the line is read all the same, as the message says.
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::TimeGoesBack { .. })
    }
}

/// A line of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The event with its circumstances.
    pub entry: Entry,
    /// What its author wrote beside it.
    pub note: Option<String>,
}

impl Header {
    /// Reads the first line of a trace.
    ///
    /// # Errors
    /// What is wrong with it. Where it is no header at all, it may be an event.
    pub fn read(text: &str) -> Result<Self, BadLine> {
        let mut fields = object(text)?;
        let version = fields.remove("oncue-trace").ok_or(BadLine::NoHeader)?;
        if version != VERSION {
            return Err(BadLine::Version { got: version.to_string() });
        }
        let mut header = Self::default();
        for (name, value) in fields {
            let wrong = |expected: &str| BadLine::Header {
                name: name.clone(),
                expected: expected.into(),
                got: value.to_string(),
            };
            match name.as_str() {
                "owner" => {
                    header.owner = Some(match value.as_str() {
                        Some("system") => Owner::System,
                        Some("app") => Owner::App,
                        _ => return Err(wrong("\"system\" or \"app\"")),
                    });
                }
                "ios" | "android" => {
                    let text =
                        value.as_str().filter(|text| oncue_session::Version::parse(text).is_some());
                    let text =
                        text.ok_or_else(|| wrong("a version in quotes, such as \"17.4\""))?;
                    let field = if name == "ios" { &mut header.ios } else { &mut header.android };
                    *field = Some(text.into());
                }
                "strict" => {
                    let ids = value.as_array().ok_or_else(|| wrong("a list of rules"))?;
                    for id in ids {
                        let rule = id.as_str().and_then(Rule::by_id);
                        header.strict.push(rule.ok_or_else(|| wrong("ids of rules"))?);
                    }
                }
                "note" => {}
                _ => return Err(wrong("nothing of that name: owner, ios, android, strict, note")),
            }
        }
        Ok(header)
    }
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        Self { entry, note: None }
    }
}

impl Line {
    /// Reads a line that is not the header. `after` is the time of the line before it.
    ///
    /// # Errors
    /// What is wrong with it, and the line all the same where it can be read.
    pub fn read(text: &str, after: Duration) -> (Option<Self>, Option<BadLine>) {
        match Self::read_at(text, after) {
            Ok((line, None)) => (Some(line), None),
            Ok((line, Some(earlier))) => (Some(line), Some(earlier)),
            Err(error) => (None, Some(error)),
        }
    }

    fn read_at(text: &str, after: Duration) -> Result<(Self, Option<BadLine>), BadLine> {
        let mut fields = object(text)?;
        let at_ms = fields.remove("at_ms").unwrap_or(Value::Null);
        let at = at_ms
            .as_f64()
            .and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok())
            .ok_or_else(|| BadLine::Time { got: at_ms.to_string() })?;
        let note = fields
            .remove("note")
            .map(|note| note.as_str().map_or_else(|| note.to_string(), Into::into));
        let who = fields.remove("who");
        let thread = fields.remove("thread").map(|thread| {
            Thread::deserialize(&thread).map_err(|_| BadLine::Thread { got: thread.to_string() })
        });
        let kind = kind(&fields)?;
        let event = Event::deserialize(Value::Object(fields))
            .map_err(|error| BadLine::Arguments { event: kind, error })?;
        let by = match who {
            None => kind.parties()[0],
            Some(who) => Party::deserialize(&who)
                .ok()
                .filter(|by| kind.parties().contains(by))
                .ok_or_else(|| BadLine::Party { event: kind, got: who.to_string() })?,
        };
        let back = (at < after).then_some(BadLine::TimeGoesBack {
            at_ms: at.as_secs_f64() * 1e3,
            before_ms: after.as_secs_f64() * 1e3,
        });
        let entry = Entry { at: at.max(after), by, thread: thread.transpose()?, event };
        Ok((Self { entry, note }, back))
    }
}

/// What kind of event the fields name.
fn kind(fields: &Map<String, Value>) -> Result<EventKind, BadLine> {
    let what = fields.get("what").and_then(Value::as_str).ok_or(BadLine::NoEvent)?;
    EventKind::ALL.iter().copied().find(|kind| kind.name() == what).ok_or_else(|| {
        let near =
            EventKind::ALL.iter().map(|kind| kind.name()).max_by_key(|name| likeness(name, what));
        BadLine::UnknownEvent {
            got: what.into(),
            near: near.filter(|name| likeness(name, what) >= 3),
        }
    })
}

/// How many letters two names share in order, less those that either has alone.
fn likeness(one: &str, other: &str) -> isize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut row = vec![0; other.len() + 1];
    for a in one {
        let mut before = 0;
        for (place, b) in other.iter().enumerate() {
            let here = if a == b { before + 1 } else { row[place + 1].max(row[place]) };
            before = std::mem::replace(&mut row[place + 1], here);
        }
    }
    2 * row[other.len()] as isize - (one.len() + other.len()) as isize / 2
}

fn object(text: &str) -> Result<Map<String, Value>, BadLine> {
    match serde_json::from_str(text).map_err(BadLine::Json)? {
        Value::Object(fields) => Ok(fields),
        other => Err(BadLine::NoObject {
            got: match other {
                Value::Array(_) => "a list",
                Value::String(_) => "a text",
                Value::Number(_) => "a number",
                Value::Bool(_) | Value::Null | Value::Object(_) => "a single value",
            },
        }),
    }
}

fn arguments(event: EventKind) -> String {
    let named = event.arguments().iter().map(|argument| {
        let optional = if is_optional(argument) { " (optional)" } else { "" };
        format!("{}{optional}", argument.name)
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() { "none".into() } else { named.join(", ") }
}

fn parties(event: EventKind) -> String {
    event.parties().iter().map(|party| party.name()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use oncue_session::{Category, Id, Options};

    fn read(text: &str) -> Result<Line, String> {
        match Line::read(text, Duration::ZERO) {
            (Some(line), None) => Ok(line),
            (_, error) => Err(error.map(|error| error.to_string()).unwrap_or_default()),
        }
    }

    #[test]
    fn a_line_is_its_event_with_time_party_and_thread() {
        let line = r#"{"at_ms": 12.5, "who": "library", "thread": "main", "what": "set-category", "category": "PlayAndRecord", "options": ["default-to-speaker"], "note": "x"}"#;
        let line = read(line).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(line.entry.at, Duration::from_micros(12_500));
        assert_eq!((line.entry.by, line.entry.thread), (Party::Library, Some(Thread::Main)));
        let event = Event::SetCategory {
            category: Category::PlayAndRecord,
            mode: None,
            options: Some(Options::DEFAULT_TO_SPEAKER),
            through_proxy: None,
        };
        assert_eq!((line.entry.event, line.note.as_deref()), (event, Some("x")));
    }

    #[test]
    fn ids_are_names_or_uuids() {
        let line = read(r#"{"at_ms": 0, "what": "fulfill", "action": "answer A"}"#)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(line.entry.event, Event::Fulfill { action: Id::named("answer A") });
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (text, error) in [
            ("{", "no JSON"),
            ("[]", "got a list"),
            (r#"{"what": "did-activate"}"#, "at_ms: expected milliseconds"),
            (r#"{"at_ms": -1, "what": "did-activate"}"#, "got -1"),
            (r#"{"at_ms": 0}"#, "no `what`"),
            (r#"{"at_ms": 0, "what": "didActivate"}"#, "did you mean `did-activate`?"),
            (r#"{"at_ms": 0, "what": "fulfill"}"#, "missing field `action`; its arguments: action"),
            (
                r#"{"at_ms": 0, "what": "fulfill", "action": "a", "call": "A"}"#,
                "unknown field `call`",
            ),
            (r#"{"at_ms": 0, "what": "did-activate", "call": "A"}"#, "unknown field `call`"),
            (
                r#"{"at_ms": 0, "who": "app", "what": "did-activate"}"#,
                "expected who to be system, got \"app\"",
            ),
            (
                r#"{"at_ms": 0, "thread": 1, "what": "set-active", "active": true}"#,
                "\"main\" or \"other\"",
            ),
            (
                r#"{"at_ms": 0, "what": "set-category", "category": "PlayAndRecord", "options": ["loud"]}"#,
                "unknown option `loud`",
            ),
        ] {
            match read(text) {
                Err(message) if message.contains(error) => {}
                other => panic!("{text}: {other:?}, expected {error}"),
            }
        }
    }

    #[test]
    fn a_line_whose_time_goes_back_is_read_at_the_time_before() {
        let (line, error) =
            Line::read(r#"{"at_ms": 5, "what": "did-activate"}"#, Duration::from_millis(7));
        assert_eq!(line.map(|line| line.entry.at), Some(Duration::from_millis(7)));
        assert!(error.is_some_and(|error| error.is_read()));
    }

    #[test]
    fn a_header_says_owner_and_version_or_what_is_wrong() {
        let header = Header::read(r#"{"oncue-trace": 1, "owner": "app", "ios": "17.4"}"#);
        let header = header.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((header.owner, header.ios.as_deref()), (Some(Owner::App), Some("17.4")));
        for (text, error) in [
            (r#"{"at_ms": 0, "what": "launch"}"#, "expected the header"),
            (r#"{"oncue-trace": 2}"#, "expected version 1, got 2"),
            (r#"{"oncue-trace": 1, "ios": 17}"#, "ios: expected a version in quotes"),
            (r#"{"oncue-trace": 1, "colour": 1}"#, "colour: expected nothing"),
        ] {
            match Header::read(text) {
                Err(message) if message.to_string().contains(error) => {}
                other => panic!("{text}: {other:?}, expected {error}"),
            }
        }
    }
}
