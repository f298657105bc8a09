//! The JSON Schema takes the lines that the reader takes, and refuses what it refuses.
//!
//! Independent: the schema is judged by the few words of JSON Schema that it uses, as the standard has them, and knows
//! nothing of the reader.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_session::{EventKind, Rule};
use oncue_trace::{Example, Line, is_optional, schema, values};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// An event with every argument, or with those only that must be there.
fn line(kind: EventKind, optional: bool) -> Map<String, Value> {
    let mut line =
        Map::from_iter([("at_ms".into(), json!(1.5)), ("what".into(), json!(kind.name()))]);
    for argument in kind.arguments().iter().filter(|argument| optional || !is_optional(argument)) {
        let values = values(argument);
        let form = argument.form.trim_start_matches("Option<").trim_end_matches('>');
        let value = match form {
            "bool" => json!(true),
            "Options" => json!(values),
            "Id" => json!("A"),
            "u8" | "u16" | "u32" | "u64" | "i32" => json!(7),
            _ => json!(values.last().unwrap()),
        };
        line.insert(argument.name.into(), value);
    }
    line
}

/// Whether `schema` takes `value`.
fn is_valid(schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(word, wanted)| match word.as_str() {
        "oneOf" => {
            wanted.as_array().unwrap().iter().filter(|one| is_valid(one, value)).count() == 1
        }
        "const" => wanted == value,
        "enum" => wanted.as_array().unwrap().contains(value),
        "type" => match wanted.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("{other}"),
        },
        "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
        "items" => {
            value.as_array().is_none_or(|items| items.iter().all(|item| is_valid(wanted, item)))
        }
        "required" => value.as_object().is_none_or(|object| {
            wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            object
                .iter()
                .all(|(name, value)| wanted.get(name).is_none_or(|schema| is_valid(schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            assert_eq!(wanted, false);
            object.keys().all(|name| schema["properties"].get(name).is_some())
        }),
        "$schema" | "title" | "description" => true,
        other => panic!("the schema uses {other}"),
    })
}

fn reads(line: &Value) -> bool {
    matches!(Line::read(&line.to_string(), Duration::ZERO), (Some(_), None))
}

#[test]
fn schema_and_reader_take_and_refuse_the_same() {
    let schema = schema();
    for &kind in EventKind::ALL {
        for optional in [true, false] {
            let line = line(kind, optional);
            let whole = Value::Object(line.clone());
            assert!(is_valid(&schema, &whole) && reads(&whole), "{whole}");
            let with = |name: &str, value: Value| {
                let mut line = line.clone();
                line.insert(name.into(), value);
                Value::Object(line)
            };
            let mut bad = vec![
                with("colour", json!(1)),
                with("who", json!("nobody")),
                with("at_ms", json!(-1)),
            ];
            for argument in
                kind.arguments().iter().filter(|argument| line.contains_key(argument.name))
            {
                bad.push(with(argument.name, json!({})));
                if !is_optional(argument) {
                    let mut line = line.clone();
                    line.remove(argument.name);
                    bad.push(Value::Object(line));
                }
            }
            for line in bad {
                assert!(!is_valid(&schema, &line) && !reads(&line), "{line}");
            }
        }
    }
}

#[test]
fn every_line_of_the_examples_is_of_the_schema() {
    let schema = schema();
    for example in Rule::all().filter_map(Example::of) {
        for text in example.kept.lines().chain(example.broken.lines()) {
            let line = serde_json::from_str(text).unwrap();
            assert!(is_valid(&schema, &line), "{text}");
        }
    }
}
