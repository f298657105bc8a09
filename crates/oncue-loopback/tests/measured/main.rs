//! What the analyser makes of loops whose truth is known.

mod any_loop;
mod clean_runs;
mod glitches;
mod not_heard;
mod precision;
mod simulated;
mod test_signal;
