//! An event in words: its name and its arguments, in one line.

use oncue_session::Event;
use serde_json::Value;

/// The event's name and its arguments, as `set-category category=PlayAndRecord mode=VoiceChat`.
pub fn words(event: &Event) -> String {
    let mut text = event.kind().name().to_owned();
    let Ok(Value::Object(fields)) = serde_json::to_value(event) else { return text };
    for argument in event.kind().arguments() {
        let value = match fields.get(argument.name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(value)) => value.clone(),
            Some(Value::Array(values)) => {
                values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("+")
            }
            Some(other) => other.to_string(),
        };
        text.push_str(&format!(" {}={value}", argument.name));
    }
    text
}
