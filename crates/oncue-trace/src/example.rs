//! The example traces of the rules: one that keeps each, and one that breaks it.

use include_dir::{Dir, include_dir};
use oncue_session::Rule;

static TRACES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/traces");

/// The two traces of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// A trace that keeps the rule, and every other.
    pub kept: &'static str,
    /// A trace in which its breach is the root cause of all that is found.
    pub broken: &'static str,
}

impl Example {
    /// The traces of `rule`; none for a rule that is not checked.
    pub fn of(rule: Rule) -> Option<Self> {
        let text = |which| TRACES.get_file(format!("{rule}.{which}.jsonl"))?.contents_utf8();
        Some(Self { kept: text("kept")?, broken: text("broken")? })
    }

    /// The names of the files that are no example of a rule.
    pub fn strays() -> impl Iterator<Item = String> {
        TRACES.files().filter_map(|file| {
            let name = file.path().to_str().unwrap_or_default();
            let id = name.strip_suffix(".kept.jsonl").or(name.strip_suffix(".broken.jsonl"));
            id.and_then(Rule::by_id).is_none().then(|| name.to_owned())
        })
    }
}
