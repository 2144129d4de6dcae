//! Failures of calls.
/// To be written.
#[derive(Debug, thiserror::Error)]
#[error("to be written")]
pub struct Error;

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        crate::error::Error::new(crate::error::Kind::Failed, error.to_string().as_str().into())
    }
}
