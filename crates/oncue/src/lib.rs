#![doc = include_str!("../../../README.md")]
#![forbid(unsafe_code)]

pub use oncue_call as call;
pub use oncue_duplex as duplex;
pub use oncue_session::*;
