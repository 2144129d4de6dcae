//! The engine's limits, and how a document is held against them.

use std::time::Duration;

use super::view::{Fields, View};
use crate::docdb::{Error, Result};

/// The most bytes of one document (MongoDB's hard limit).
pub const LARGEST_DOCUMENT: usize = 16 * 1024 * 1024;

/// The most levels of objects and arrays in a document, its own included.
pub const DEEPEST_NESTING: usize = 100;

/// MongoDB's limit on indexes of one collection, `_id_` included.
pub const MAXIMUM_INDEXES: usize = 64;

/// MongoDB's limit on fields of one compound index.
pub const MAXIMUM_INDEX_FIELDS: usize = 32;

/// How long a transaction may run. The platform does not publish its figure.
pub const TRANSACTION_LIFE: Duration = Duration::from_secs(30);

/// How long a plain write waits for a transaction that has written the same document.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How long one operation may take: as long as the SDKs wait for its answer. The platform does not publish its figure.
pub const OPERATION_TIME: Duration = Duration::from_secs(15);

/// The most bytes that one stage of a pipeline may hold at once (MongoDB's limit).
pub const STAGE_MEMORY: usize = 100 * 1024 * 1024;

/// Refuses a document of more bytes than may be stored.
///
/// # Errors
/// BSONObjectTooLarge (10334).
pub fn check_size(bytes: usize) -> Result<()> {
    if bytes <= LARGEST_DOCUMENT {
        return Ok(());
    }
    Err(Error::invalid(10334, format!("a document of {bytes} bytes is larger than {LARGEST_DOCUMENT}")))
}

/// Refuses a document of more levels than may be stored.
///
/// # Errors
/// Overflow (15).
pub fn check_depth<'a>(document: impl Into<Fields<'a>>) -> Result<()> {
    if fits(View::Document(document.into()), DEEPEST_NESTING) {
        return Ok(());
    }
    Err(Error::invalid(15, format!("a document may have at most {DEEPEST_NESTING} levels")))
}

/// Refuses a field path of more names than a document has levels: it leads nowhere, and what recurs along it would exhaust
/// the stack.
///
/// # Errors
/// Overflow (15).
pub fn check_path(path: &str) -> Result<()> {
    match path.split('.').nth(DEEPEST_NESTING) {
        None => Ok(()),
        Some(_) => Err(Error::invalid(15, format!("a field path may have at most {DEEPEST_NESTING} names"))),
    }
}

fn fits(view: View<'_>, levels: usize) -> bool {
    match view {
        View::Document(_) | View::Array(_) if levels == 0 => false,
        View::Document(fields) => fields.iter().all(|(_, value)| fits(value, levels - 1)),
        View::Array(items) => items.iter().all(|value| fits(value, levels - 1)),
        _ => true,
    }
}
