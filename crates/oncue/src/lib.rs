//! x
pub use oncue_session::*;
