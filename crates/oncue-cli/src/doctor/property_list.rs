//! Reads a property list, XML or binary, into a tree of bounded size: a small binary file can refer to one object over
//! and over, and a deep one would exhaust the stack. What a key means is not known here.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read};
use std::path::Path;

/// The longest file, in bytes: a thousand times an Info.plist.
const MAX_BYTES: u64 = 16 << 20;
/// How deep a value may lie.
const MAX_DEPTH: usize = 64;
/// What a file may unfold to, in bytes.
const MAX_UNFOLDED: usize = 64 << 20;
/// What a value takes besides its text, in bytes.
const VALUE: usize = 64;

/// A file whose root is a dictionary.
#[derive(Debug)]
pub(super) struct PropertyList {
    /// The file, as it was named.
    pub(super) file: String,
    entries: BTreeMap<String, Value>,
}

impl PropertyList {
    /// Reads the file.
    pub(super) fn read(file: &Path) -> Result<Self, Unreadable> {
        let mut bytes = Vec::new();
        std::fs::File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Unreadable::TooLarge);
        }
        match parse(&bytes)? {
            Value::Dictionary(entries) => Ok(Self { file: file.display().to_string(), entries }),
            other => Err(Unreadable::NoDictionary(other.kind())),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the file is larger than {} MiB; expected an Info.plist or entitlements", MAX_BYTES >> 20)]
    TooLarge,
    #[error("values lie more than {MAX_DEPTH} deep, or unfold to more than {} MiB", MAX_UNFOLDED >> 20)]
    TooMuch,
    #[error("expected a property list, XML or binary, got {got}; {remedy}")]
    NoPropertyList {
        got: &'static str,
        remedy: &'static str,
        /// The parser's own words.
        source: plist::Error,
    },
    #[error("expected a dictionary, got {0}; {NAME_ANOTHER}")]
    NoDictionary(&'static str),
}

const NAME_ANOTHER: &str = "name the app's Info.plist or entitlements";
const TAKE_ANEW: &str = "take the file from the app anew, `plutil -lint` names the place";
const CONVERT: &str = "`plutil -convert xml1` makes XML of it";

/// What these bytes are that are no property list, and what to do about it.
fn got(bytes: &[u8]) -> (&'static str, &'static str) {
    if bytes.starts_with(BINARY) {
        return ("a binary one that is damaged or breaks off", TAKE_ANEW);
    }
    let Ok(text) = str::from_utf8(bytes) else { return ("bytes that are neither", NAME_ANOTHER) };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.bytes().next() {
        None => ("an empty file", NAME_ANOTHER),
        Some(b'<') if !text.contains("<plist") => ("XML or HTML of another kind", NAME_ANOTHER),
        Some(b'<') if text.contains("</plist>") => ("one in XML with a fault in it", TAKE_ANEW),
        Some(b'<') => ("one in XML that breaks off", TAKE_ANEW),
        Some(b'{') if text[1..].trim_start().starts_with('"') && !text.contains(" = ") => {
            ("JSON", CONVERT)
        }
        Some(b'{') => ("the old form in text", CONVERT),
        Some(_) => ("text of another kind", NAME_ANOTHER),
    }
}

/// A value, as far as doctor looks at it.
#[derive(Debug)]
pub(super) enum Value {
    String(String),
    Boolean(bool),
    Array(Vec<Self>),
    Dictionary(BTreeMap<String, Self>),
    /// Numbers, dates and data: what they are, not what they say.
    Other(&'static str),
}

impl Value {
    /// What it is, with its article.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "an array",
            Self::Dictionary(_) => "a dictionary",
            Self::Other(kind) => kind,
        }
    }
}

/// As it is printed after "got": short, on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "{text:?}"),
            Self::Boolean(is) => write!(f, "{is}"),
            Self::Array(values) if values.is_empty() => f.write_str("an empty array"),
            Self::Array(values) => {
                let shown: Vec<_> = values.iter().take(16).map(Self::to_string).collect();
                write!(f, "{}{}", shown.join(", "), if values.len() > 16 { ", …" } else { "" })
            }
            Self::Dictionary(_) | Self::Other(_) => f.write_str(self.kind()),
        }
    }
}

thread_local! {
    /// How many more bytes the file may unfold to, and how much deeper the next value may lie; none left once it held
    /// too much. A type that reads itself has no other place to count.
    static LEFT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Takes so much from what is left.
fn spend<E: Error>(bytes: usize, depth: usize) -> Result<(), E> {
    let left =
        LEFT.get().and_then(|left| Some((left.0.checked_sub(bytes)?, left.1.checked_sub(depth)?)));
    LEFT.set(left);
    if left.is_some() { Ok(()) } else { Err(E::custom("too much")) }
}

/// How a binary one begins.
const BINARY: &[u8] = b"bplist";

fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    LEFT.set(Some((MAX_UNFOLDED, MAX_DEPTH)));
    // Told apart here: left to itself the reader takes any text for a third, older form.
    let parsed = if bytes.starts_with(BINARY) {
        plist::from_reader(Cursor::new(bytes))
    } else {
        plist::from_reader_xml(Cursor::new(bytes))
    };
    parsed.map_err(|source| match LEFT.get() {
        None => Unreadable::TooMuch,
        Some(_) => {
            let (got, remedy) = got(bytes);
            Unreadable::NoPropertyList { got, remedy, source }
        }
    })
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spend(VALUE, 1)?;
        let value = deserializer.deserialize_any(Reader)?;
        LEFT.set(LEFT.get().map(|(bytes, depth)| (bytes, depth + 1)));
        Ok(value)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a property list")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        spend(text.len(), 0)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Value, E> {
        Ok(Value::Boolean(is))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other("an integer"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other("an integer"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other("a real number"))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Other("data"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            spend(key.len(), 0)?;
            entries.insert(key, access.next_value()?);
        }
        Ok(Value::Dictionary(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn what_the_parser_says_is_the_cause_and_not_the_message() {
        let error = parse(b"Dear user,").expect_err("a letter");
        let cause = error.source().expect("the parser's error").to_string();
        assert!(!error.to_string().contains(&cause), "{error}");
    }
}
