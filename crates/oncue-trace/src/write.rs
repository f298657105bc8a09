//! A trace as it is written: [`Header`] and [`Line`] as text, which they are read back from.

use crate::{Header, Line, VERSION};
use oncue_session::{Owner, Rule};
use serde_json::{Map, Value, json};
use std::fmt;

impl fmt::Display for Header {
    /// Without the end of the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Map::new();
        fields.insert("oncue-trace".into(), json!(VERSION));
        if let Some(owner) = self.owner {
            let owner = if owner == Owner::System { "system" } else { "app" };
            fields.insert("owner".into(), json!(owner));
        }
        for (name, version) in [("ios", &self.ios), ("android", &self.android)] {
            fields.extend(version.as_ref().map(|version| (name.into(), json!(version))));
        }
        if !self.strict.is_empty() {
            let ids: Vec<_> = self.strict.iter().copied().map(Rule::id).collect();
            fields.insert("strict".into(), json!(ids));
        }
        write!(f, "{}", Value::Object(fields))
    }
}

impl fmt::Display for Line {
    /// Without the end of the line. Times are milliseconds, to the nanosecond in the first month of a trace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = &self.entry;
        let mut fields = Map::new();
        let whole = entry.at.subsec_nanos().is_multiple_of(1_000_000);
        let ms =
            if whole { json!(entry.at.as_millis()) } else { json!(entry.at.as_secs_f64() * 1e3) };
        fields.insert("at_ms".into(), ms);
        fields.insert("who".into(), json!(entry.by.name()));
        if let Some(thread) = entry.thread {
            fields.insert("thread".into(), json!(thread));
        }
        // An event is an object with its arguments; those that are absent are left out.
        if let Ok(Value::Object(event)) = serde_json::to_value(entry.event) {
            fields.extend(event.into_iter().filter(|(_, value)| !value.is_null()));
        }
        if let Some(note) = &self.note {
            fields.insert("note".into(), json!(note));
        }
        write!(f, "{}", Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Example;
    use oncue_session::{Entry, Event};
    use std::time::Duration;

    #[test]
    fn what_is_written_reads_the_same() {
        let mut written = 0;
        for example in Rule::all().filter_map(Example::of) {
            for trace in [example.kept, example.broken] {
                let mut lines = trace.lines();
                let header = lines.next().and_then(|line| Header::read(line).ok());
                let header = header.unwrap_or_else(|| panic!("{trace}"));
                assert_eq!(Header::read(&header.to_string()).ok().as_ref(), Some(&header));
                for text in lines {
                    let (Some(line), None) = Line::read(text, Duration::ZERO) else {
                        panic!("{text}")
                    };
                    let (again, error) = Line::read(&line.to_string(), Duration::ZERO);
                    assert!(error.is_none(), "{line}: {error:?}");
                    assert_eq!(again, Some(line));
                    written += 1;
                }
            }
        }
        assert!(written > 0);
    }

    #[test]
    fn a_time_is_written_to_the_nanosecond() {
        for nanos in [0, 1, 999_999, 1_234_567_891_011, 2_591_999_999_999_999] {
            let at = Duration::from_nanos(nanos);
            let line = Line::from(Entry::new(at, Event::DidActivate {}));
            let again = Line::read(&line.to_string(), Duration::ZERO).0;
            assert_eq!(again.map(|line| line.entry.at), Some(at), "{line}");
        }
    }

    #[test]
    fn what_is_written_is_what_one_writes_by_hand() {
        let fields = |text: &str| serde_json::from_str::<Value>(text).ok();
        for text in [
            r#"{"at_ms": 12.5, "who": "library", "thread": "main", "what": "set-category", "category": "PlayAndRecord", "options": ["default-to-speaker"], "note": "x"}"#,
            r#"{"at_ms": 7, "who": "system", "what": "did-activate"}"#,
        ] {
            let line = Line::read(text, Duration::ZERO).0;
            assert_eq!(line.and_then(|line| fields(&line.to_string())), fields(text));
        }
        let text = r#"{"oncue-trace": 1, "owner": "app", "ios": "17.4", "strict": ["end-names-a-reported-call"]}"#;
        let header = Header::read(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(fields(&header.to_string()), fields(text));
    }
}
