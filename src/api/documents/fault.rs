//! What is wrong with a line of a file.

use std::io::BufRead;
use std::path::Path;

use crate::error::{Error, Excerpt, Kind};
use crate::model::text::Text;

/// The longest line that is shown, in bytes.
const SHOWN: usize = 400;

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

    /// Reads the line once more, from the beginning of the file, to show it under a name; nothing when it is too long.
    pub fn excerpt(&self, file: impl BufRead, name: &Path) -> Option<Excerpt> {
        let source = nth(file, self.line)?;
        let end = source.len();
        let mut start = usize::try_from(self.column?.saturating_sub(1)).ok()?.min(end);
        while !source.is_char_boundary(start) {
            start -= 1;
        }
        let width = source.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let (path, label) = (name.to_owned(), self.error.message().clone());
        let first_line = usize::try_from(self.line).ok()?;
        Some(Excerpt { path, source, first_line, span: start..start + width, label })
    }
}

fn nth(mut file: impl BufRead, line: u64) -> Option<String> {
    for _ in 1..line {
        file.skip_until(b'\n').ok()?;
    }
    let mut text = Vec::new();
    file.take(SHOWN as u64 + 1).read_until(b'\n', &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    (text.len() <= SHOWN).then(|| text.to_owned())
}
