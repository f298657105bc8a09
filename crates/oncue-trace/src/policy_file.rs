//! Reads a policy from a TOML file.

use oncue_session::{
    CategoryAt, InitAt, Level, Os, Owner, Policy, Rule, StopAt, UnholdAt, Version,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;

/// A policy file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
#[non_exhaustive]
pub struct BadPolicy {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there, with what was expected.
    pub what: String,
}

/// A policy file as it stands; every entry may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[derive(Default)]
struct File {
    base: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    ios: Option<Spanned<String>>,
    android: Option<Spanned<String>>,
    category_at: Option<Spanned<String>>,
    init_at: Option<Spanned<String>>,
    stop_at: Option<Spanned<String>>,
    unhold_at: Option<Spanned<String>>,
    strict: Vec<Spanned<String>>,
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
    waits: Option<WaitsFile>,
}

/// Waits, in ms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WaitsFile {
    activation: Option<u64>,
    samples: Option<u64>,
    locked_call: Option<u64>,
    acceptance: Option<u64>,
    sound: Option<u64>,
}

/// The policies that a name stands for.
pub fn named_policy(name: &str) -> Option<Policy> {
    Some(match name {
        "apple" => Policy::apple(),
        "qq" => Policy::qq(),
        "permissive" => Policy::permissive(),
        "strict" => Policy::strict(),
        _ => return None,
    })
}

/// The names of the policies.
pub const POLICIES: &str = "apple, qq, permissive or strict";

/// Reads a policy from the text of a TOML file:
///
/// ```
/// let policy = oncue_trace::read_policy(r#"
///     base = "apple"
///     owner = "system"
///     ios = "17.4"
///     strict = ["outgoing-report-order"]
///     stop-at = "before-fulfil"
///     [levels]
///     activation-watchdog = "warn"
///     [waits]
///     activation = 5000
/// "#)?;
/// assert_eq!(policy.waits.activation.as_secs(), 5);
/// # Ok::<(), oncue_trace::BadPolicy>(())
/// ```
///
/// # Errors
/// The line, what is wrong there, and what was expected.
pub fn read_policy(text: &str) -> Result<Policy, BadPolicy> {
    let file: File = toml::from_str(text).map_err(|error| BadPolicy {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        what: error.message().replace('\n', " "),
    })?;
    let reader = Reader { text };
    let mut policy = match &file.base {
        Some(name) => reader.one_of(name, "base", POLICIES, named_policy)?,
        None => Policy::apple(),
    };
    if let Some(owner) = &file.owner {
        policy.owner = reader.one_of(owner, "owner", "system or app", |name| match name {
            "system" => Some(Owner::System),
            "app" => Some(Owner::App),
            _ => None,
        })?;
    }
    for (version, name, os) in
        [(&file.ios, "ios", Os::Ios), (&file.android, "android", Os::Android)]
    {
        if let Some(version) = version {
            policy.version =
                Some(reader.one_of(version, name, "a version such as \"17.4\"", Version::parse)?);
            policy.os = os;
        }
    }
    if let Some(at) = &file.category_at {
        policy.category_at =
            reader.one_of(at, "category-at", &list(CategoryAt::ALL), CategoryAt::named)?;
    }
    if let Some(at) = &file.init_at {
        policy.init_at = reader.one_of(at, "init-at", &list(InitAt::ALL), InitAt::named)?;
    }
    if let Some(at) = &file.stop_at {
        policy.stop_at = reader.one_of(at, "stop-at", &list(StopAt::ALL), StopAt::named)?;
    }
    if let Some(at) = &file.unhold_at {
        policy.unhold_at = reader.one_of(at, "unhold-at", &list(UnholdAt::ALL), UnholdAt::named)?;
    }
    for rule in &file.strict {
        policy.set_strict(reader.one_of(rule, "strict", RULE_ID, Rule::by_id)?, true);
    }
    for (rule, level) in &file.levels {
        let rule = reader.one_of(rule, "levels", RULE_ID, Rule::by_id)?;
        policy.set_level(rule, reader.one_of(level, rule.id(), &list(Level::ALL), Level::named)?);
    }
    if let Some(waits) = file.waits {
        let set =
            |wait: &mut Duration, ms: Option<u64>| *wait = ms.map_or(*wait, Duration::from_millis);
        set(&mut policy.waits.activation, waits.activation);
        set(&mut policy.waits.samples, waits.samples);
        set(&mut policy.waits.locked_call, waits.locked_call);
        set(&mut policy.waits.acceptance, waits.acceptance);
        set(&mut policy.waits.sound, waits.sound);
    }
    Ok(policy)
}

const RULE_ID: &str = "the id of a rule, as `oncue rules` lists them";

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn one_of<T>(
        &self,
        value: &Spanned<String>,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, BadPolicy> {
        read(value.get_ref()).ok_or_else(|| BadPolicy {
            line: line_of(self.text, value.span().start),
            what: format!("{name}: expected {expected}, got \"{}\"", value.get_ref()),
        })
    }
}

fn list<T: std::fmt::Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// The line of the text in which its byte `at` is, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_a_file_counts() {
        let text = "base = \"qq\"\nowner = \"app\"\nios = \"13.2\"\nstop-at = \"before-fulfil\"\nunhold-at = \"with-activation\"\nstrict = [\"fresh-uuid-per-call\"]\n[levels]\nactivation-watchdog = \"allow\"\n[waits]\nsamples = 250\n";
        let policy = read_policy(text).unwrap_or_else(|error| panic!("{error}"));
        let mut expected = Policy::qq();
        (expected.owner, expected.stop_at) = (Owner::App, StopAt::BeforeFulfil);
        expected.unhold_at = UnholdAt::WithActivation;
        expected.version = Some(Version { major: 13, minor: 2 });
        expected.set_strict(Rule::FreshUuidPerCall, true);
        expected.set_level(Rule::ActivationWatchdog, Level::Allow);
        expected.waits.samples = Duration::from_millis(250);
        assert_eq!(policy, expected);
        assert_eq!(read_policy("").ok(), Some(Policy::apple()));
    }

    #[test]
    fn an_error_names_the_line_and_what_was_expected() {
        for (text, error) in [
            (
                "base = \"apple\"\nowner = \"me\"",
                "line 2: owner: expected system or app, got \"me\"",
            ),
            (
                "\n\n[levels]\nno-such-rule = \"warn\"",
                "line 4: levels: expected the id of a rule, as `oncue rules` lists them, got \"no-such-rule\"",
            ),
            (
                "[levels]\nfresh-uuid-per-call = \"error\"",
                "line 2: fresh-uuid-per-call: expected allow or warn or deny, got \"error\"",
            ),
            ("base = 1", "line 1: invalid type"),
            ("ios = \"x\"", "line 1: ios: expected a version such as \"17.4\", got \"x\""),
            ("ios = \"17\"\ncolour = 1", "line 2: unknown field `colour`"),
            ("[waits]\nactivation = -1", "line 2: "),
            ("base = \"apple", "line 1: "),
            (
                "strict = [\n  \"fresh-uuid-per-call\",\n  \"nonsense\",\n]",
                "line 3: strict: expected the id of a rule",
            ),
        ] {
            match read_policy(text) {
                Err(message) if message.to_string().starts_with(error) => {}
                other => panic!(
                    "{text}: {:?}, expected {error}",
                    other.map(|_| ()).map_err(|error| error.to_string())
                ),
            }
        }
    }
}
