//! Runs the program as a user does and reads what it says.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program, as built for this test.
pub(crate) const ONCUE: &str = env!("CARGO_BIN_EXE_oncue");

/// What a run said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// The output of `--json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    /// The median round trip, in frames.
    pub(crate) fn round_trip(&self) -> f64 {
        self.json()["round_trip"]["frames"]
            .as_f64()
            .unwrap_or_else(|| panic!("no round trip: {}", self.stdout))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `oncue` with these arguments.
pub(crate) fn oncue(arguments: &[&str]) -> Said {
    Command::new(ONCUE).args(arguments).output().unwrap().into()
}

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
