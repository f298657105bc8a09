//! Traces of calls: JSON Lines, one event a line with its time, who does it, what it is, and its arguments.
//!
//! - [`Line`] reads one line, [`Header`] the first of a file; a line that cannot be read is an error with what is wrong.
//!   Both are written by `Display`.
//! - [`check`] runs the [`Guard`](oncue_session::Guard) over a trace and says on which lines rules are broken.
//! - [`Example`] has the traces that keep and break each rule, which are files of this format.
//! - [`read_policy`] reads what a trace is held to from a TOML file.
//!
//! Nothing here opens a file or prints.
#![forbid(unsafe_code)]

mod check;
mod example;
mod format;
mod policy_file;
mod schema;
mod words;
mod write;

pub use check::{Checked, Place, check};
pub use example::Example;
pub use format::{BadLine, Header, Line, VERSION};
pub use policy_file::{BadPolicy, POLICIES, named_policy, read_policy};
pub use schema::{is_optional, schema, values};
pub use words::words;
