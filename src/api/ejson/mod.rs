//! Extended JSON as the SDKs write and read it: documents travel as text and keep their number types and key order.
//!
//! One reader understands every form that arrives: canonical and relaxed Extended JSON v2, and the plain JSON of the
//! legacy dialect (`docs/wire.md#extended-json`). There are two writers, one for each dialect.

mod read;
mod relaxed;
mod write;

pub use read::{array, document, value};
pub use relaxed::{relax, relax_exactly};
pub use write::{Form, write_document};

use bson::Bson;
use bson::raw::RawDocument;

use crate::model::foreign;
use crate::model::text::Text;

/// Why a text is not Extended JSON.
#[derive(Debug, thiserror::Error)]
#[error("the text is not Extended JSON: {0}")]
pub struct Malformed(String);

impl Malformed {
    /// Returns what is wrong with it, and where.
    pub fn why(&self) -> Text {
        foreign::said(&self.0)
    }
}

/// Returns a document as text.
pub fn to_text(document: &RawDocument, form: Form) -> String {
    let mut text = String::with_capacity(document.as_bytes().len() * 2);
    write_document(&mut text, document, form);
    text
}

/// Returns one value as text.
pub fn value_to_text(value: &Bson, form: Form) -> String {
    let mut text = String::new();
    write::write_value(&mut text, value, form);
    text
}

#[cfg(test)]
mod tests;
