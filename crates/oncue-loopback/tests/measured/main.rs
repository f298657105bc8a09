//! What the analyser makes of loops whose truth is known.

#![allow(clippy::print_stdout, reason = "the figures measured are worth reading: --nocapture")]
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach their helpers")]

mod any_loop;
mod clean_runs;
mod glitches;
mod not_heard;
mod precision;
mod simulated;
mod test_signal;
