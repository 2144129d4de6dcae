//! A file, document by document.

use std::io::BufRead;

use bson::Document;

use super::{Fault, csv, json};
use crate::model::clock::Millis;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines, or one JSON array: Extended JSON, either form.
    Json,
    /// A header of field paths, then a document a line.
    Csv,
}

/// A file under way.
pub enum Reader<R> {
    Json(json::Documents<R>),
    Csv(csv::Documents<R>),
}

impl<R: BufRead> Reader<R> {
    pub fn new(format: Format, input: R) -> Self {
        match format {
            Format::Json => Reader::Json(json::Documents::new(input)),
            Format::Csv => Reader::Csv(csv::Documents::new(input)),
        }
    }

    /// Returns the next document and the line it begins on; nothing at the end.
    ///
    /// # Errors
    /// The line at fault.
    pub fn next(&mut self, now: Millis) -> Result<Option<(u64, Document)>, Fault> {
        match self {
            Reader::Json(documents) => documents.next(now),
            Reader::Csv(documents) => documents.next(),
        }
    }

    /// Returns how many bytes of the file have been read.
    pub fn position(&self) -> u64 {
        match self {
            Reader::Json(documents) => documents.position(),
            Reader::Csv(documents) => documents.position(),
        }
    }
}
