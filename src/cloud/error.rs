//! Failures of calls.
/// To be written.
#[derive(Debug, thiserror::Error)]
#[error("to be written")]
pub struct Error;
