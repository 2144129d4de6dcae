//! Reading Extended JSON, canonical and relaxed. Key order is kept.

use bson::{Bson, Document};
use serde_json::Value as Json;

use crate::docdb::{Error, Result};

/// Reads a document.
///
/// # Errors
/// FailedToParse (9): not JSON, not an object, or a malformed `$…` value.
pub fn parse_document(text: &str) -> Result<Document> {
    match from_json(serde_json::from_str(text).map_err(malformed)?)? {
        Bson::Document(document) => Ok(document),
        _ => Err(Error::invalid(9, "expected a JSON object")),
    }
}

/// Reads a value from parsed JSON. Integers become int32 if they fit, else int64; other numbers are doubles.
///
/// # Errors
/// FailedToParse (9): a malformed `$…` value.
pub fn from_json(json: Json) -> Result<Bson> {
    Bson::try_from(json).map_err(malformed)
}

fn malformed(error: impl std::fmt::Display) -> Error {
    Error::invalid(9, format!("malformed extended JSON: {error}"))
}
