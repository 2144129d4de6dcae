//! Dotted paths of stages that write a field: through objects, never through arrays.

use bson::{Bson, Document};

use super::expression::split_path;
use crate::docdb::{Error, Result};

/// Parses the path a stage writes to.
pub(super) fn parse(stage: &str, path: &str) -> Result<Vec<String>> {
    match path.starts_with('$') {
        true => {
            Err(Error::invalid(16410, format!("`{stage}` takes a field's name without `$`, not `{path}`")))
        }
        false => split_path(path),
    }
}

/// Parses the `$path` a stage reads.
pub(super) fn parse_reference(stage: &str, path: &str) -> Result<Vec<String>> {
    match path.strip_prefix('$') {
        Some(path) => split_path(path),
        None => {
            Err(Error::invalid(28818, format!("`{stage}` takes a path that begins with `$`, not `{path}`")))
        }
    }
}

pub(super) fn get_mut<'d>(document: &'d mut Document, path: &[String]) -> Option<&'d mut Bson> {
    let (first, rest) = path.split_first()?;
    match document.get_mut(first)? {
        value if rest.is_empty() => Some(value),
        Bson::Document(inner) => get_mut(inner, rest),
        _ => None,
    }
}

/// Writes a field; objects are made on the way, and take the place of what is no object.
pub(super) fn set(document: &mut Document, path: &[String], value: Bson) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        document.insert(first.clone(), value);
        return;
    }
    if !matches!(document.get(first), Some(Bson::Document(_))) {
        document.insert(first.clone(), Document::new());
    }
    if let Some(Bson::Document(inner)) = document.get_mut(first) {
        set(inner, rest, value);
    }
}

pub(super) fn remove(document: &mut Document, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        document.remove(first);
    } else if let Some(Bson::Document(inner)) = document.get_mut(first) {
        remove(inner, rest);
    }
}
