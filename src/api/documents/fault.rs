//! What is wrong with a line of a file.

use crate::error::{Error, Kind};
use crate::model::text::Text;

/// A line that is no document, or whose document was refused.
#[derive(Debug)]
pub struct Fault {
    /// From 1.
    pub line: u64,
    /// The byte of the line where it shows, from 1.
    pub column: Option<u64>,
    pub error: Error,
}

impl Fault {
    /// A line that is no document.
    pub fn new(line: u64, message: Text) -> Self {
        Fault { line, column: None, error: Error::new(Kind::Usage, message) }
    }

    /// A document that cannot be brought in.
    pub fn of(line: u64, error: Error) -> Self {
        Fault { line, column: None, error }
    }
}
