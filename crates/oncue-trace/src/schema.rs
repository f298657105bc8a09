//! The JSON Schema of a line of a trace, made from the vocabulary.

use crate::VERSION;
use oncue_session::{
    ActionKind, Argument, Category, Domain, EndedReason, EventKind, Framework, InterruptionReason,
    Mode, Options, OutputPort, Party, Permission, RouteChangeReason, StartCallIntent, Thread,
};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a line: the header, or an event.
pub fn schema() -> Value {
    let mut lines = vec![header()];
    lines.extend(EventKind::ALL.iter().copied().map(event));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A line of an OnCue trace, version {VERSION}"),
        "oneOf": lines,
    })
}

fn header() -> Value {
    json!({
        "title": "the first line",
        "type": "object",
        "properties": {
            "oncue-trace": { "const": VERSION, "description": "the version of the format" },
            "owner": { "enum": ["system", "app"], "description": "who owns the session" },
            "ios": { "type": "string", "description": "the version of iOS, e.g. 17.4" },
            "android": { "type": "string", "description": "the API level of Android" },
            "strict": {
                "type": "array",
                "items": { "type": "string" },
                "description": "ids of rules that are held to the letter",
            },
            "note": { "type": "string" },
        },
        "required": ["oncue-trace"],
        "additionalProperties": false,
    })
}

fn event(kind: EventKind) -> Value {
    let mut properties = Map::new();
    properties.insert(
        "at_ms".into(),
        json!({ "type": "number", "minimum": 0, "description": "milliseconds since the start of the trace" }),
    );
    properties.insert("what".into(), json!({ "const": kind.name() }));
    let parties: Vec<_> = kind.parties().iter().map(|party| party.name()).collect();
    properties.insert(
        "who".into(),
        json!({ "enum": parties, "description": "who does it; the first of these where it is left out" }),
    );
    let threads: Vec<_> = Thread::ALL.iter().map(|thread| thread.name()).collect();
    properties.insert("thread".into(), json!({ "enum": threads }));
    properties.insert("note".into(), json!({ "type": "string" }));
    let mut required = vec!["at_ms", "what"];
    for argument in kind.arguments() {
        properties.insert(argument.name.into(), of_argument(argument));
        if !is_optional(argument) {
            required.push(argument.name);
        }
    }
    json!({
        "title": kind.name(),
        "description": kind.about(),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Whether an argument may be left out.
pub fn is_optional(argument: &Argument) -> bool {
    argument.form.starts_with("Option<")
}

/// The values that an argument may have, where they can be counted.
pub fn values(argument: &Argument) -> Vec<String> {
    /// As the format writes them.
    fn names<T: serde::Serialize>(all: &[T]) -> Vec<String> {
        let values = all.iter().filter_map(|value| serde_json::to_value(value).ok());
        values.filter_map(|value| value.as_str().map(Into::into)).collect()
    }
    match plain(argument) {
        "Category" => names(Category::ALL),
        "Mode" => names(Mode::ALL),
        "Options" => Options::names().map(Into::into).collect(),
        "OutputPort" => names(&[OutputPort::None, OutputPort::Speaker]),
        "ActionKind" => names(ActionKind::ALL),
        "EndedReason" => names(EndedReason::ALL),
        "EventKind" => names(EventKind::ALL),
        "Framework" => names(Framework::ALL),
        "InterruptionReason" => names(InterruptionReason::ALL),
        "Party" => names(Party::ALL),
        "Permission" => names(Permission::ALL),
        "RouteChangeReason" => names(RouteChangeReason::ALL),
        "StartCallIntent" => names(StartCallIntent::ALL),
        "Domain" => names(&Domain::ALL),
        _ => Vec::new(),
    }
}

/// What an argument is, without whether it may be left out.
fn plain(argument: &Argument) -> &'static str {
    argument
        .form
        .strip_prefix("Option<")
        .and_then(|form| form.strip_suffix('>'))
        .unwrap_or(argument.form)
}

fn of_argument(argument: &Argument) -> Value {
    let values = values(argument);
    let mut form = match plain(argument) {
        "bool" => json!({ "type": "boolean" }),
        "u8" => json!({ "type": "integer", "minimum": 0, "maximum": u8::MAX }),
        "u16" => json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX }),
        "u32" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "u64" => json!({ "type": "integer", "minimum": 0 }),
        "i32" => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
        "Options" => json!({ "type": "array", "items": { "enum": values } }),
        "Id" => json!({ "type": "string" }),
        _ => json!({ "enum": values }),
    };
    form["description"] = argument.meaning.into();
    form
}
