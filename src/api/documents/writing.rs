//! Documents on their way into a text.

use bson::Document;
use serde_json::Value;

use super::table::{self, Columns};
use crate::api::ejson::{self, relax_exactly};
use crate::error::{Error, Kind, Result};
use crate::text;

/// How documents are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A document a line.
    Lines,
    /// One JSON array.
    Array,
    /// CSV with these columns; when there are none, with every field path that occurs.
    Table(Vec<String>),
}

/// A text under way.
pub struct Writing {
    format: Format,
    canonical: bool,
    /// Every field path that occurs, for a table without columns of its own.
    columns: Vec<String>,
    documents: u64,
}

impl Writing {
    /// Begins a text; `canonical` has every number and date say its type, else those that would not be read back as the
    /// same type.
    pub fn new(format: Format, canonical: bool) -> Self {
        Writing { format, canonical, columns: Vec::new(), documents: 0 }
    }

    /// Whether the columns are those that occur: they must be known before the first document.
    pub fn wants_columns(&self) -> bool {
        matches!(&self.format, Format::Table(paths) if paths.is_empty())
    }

    /// Sets the columns of a table that has none of its own.
    pub fn set_columns(&mut self, columns: Columns) {
        self.columns = columns.into_paths();
    }

    /// Returns how many documents were written.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Returns what begins the text.
    pub fn begin(&self) -> String {
        match &self.format {
            Format::Table(paths) if paths.is_empty() => table::header(&self.columns),
            Format::Table(paths) => table::header(paths),
            Format::Lines | Format::Array => String::new(),
        }
    }

    /// Returns what is written for one more document, given as canonical Extended JSON.
    pub fn document(&mut self, canonical: &str) -> Result<String> {
        let value = serde_json::from_str(canonical).map_err(|error| {
            Error::new(
                Kind::Failed,
                text! { en: "a document is not Extended JSON", zh: "文档不是合法的扩展 JSON" },
            )
            .source(&error)
        })?;
        Ok(self.value(value))
    }

    /// Returns what is written for one more document, given as the value of canonical Extended JSON.
    pub fn value(&mut self, document: Value) -> String {
        let first = self.documents == 0;
        self.documents += 1;
        match &self.format {
            Format::Lines => format!("{}\n", self.json(document)),
            Format::Array if first => format!("[\n{}", self.json(document)),
            Format::Array => format!(",\n{}", self.json(document)),
            Format::Table(paths) if paths.is_empty() => table::row(&read(&document), &self.columns),
            Format::Table(paths) => table::chosen(&read(&document), paths),
        }
    }

    fn json(&self, document: Value) -> Value {
        if self.canonical { document } else { relax_exactly(document) }
    }

    /// Returns what ends the text.
    pub fn end(&self) -> &'static str {
        match (&self.format, self.documents) {
            (Format::Lines | Format::Table(_), _) => "",
            (Format::Array, 0) => "[]\n",
            (Format::Array, _) => "\n]\n",
        }
    }
}

/// Reads a document of the wire. One that cannot be read there is none.
fn read(document: &Value) -> Document {
    ejson::document(&document.to_string(), 0).unwrap_or_default()
}
