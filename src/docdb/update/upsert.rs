//! The document that an upsert inserts: what the filter says for sure, then the update.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::{Kind, Update, encode, replaced};
use crate::docdb::filter::{Filter, Node, Predicate};
use crate::docdb::value::equals;
use crate::docdb::{Error, Result};

impl Update {
    /// Returns the document to insert when nothing matches. `id` is its `_id` unless filter or update give one.
    ///
    /// # Errors
    /// The filter names a field twice (54); the update does not fit, or has another `_id` than the filter (66).
    pub fn upsert(&self, filter: &Filter, id: &Bson) -> Result<RawDocumentBuf> {
        let mut equalities = Vec::new();
        add_equalities(filter.root(), &mut equalities)?;
        let mut start = Document::new();
        for (path, value) in equalities {
            put(&mut start, path, value);
        }
        let asked = start.get("_id").cloned();
        let mut document = match &self.kind {
            Kind::Replacement(replacement) => replaced(&start, replacement),
            Kind::Modifications(modifications) => self.modified(start, modifications, None, true)?,
        };
        if asked.is_some_and(|asked| document.get("_id").is_none_or(|it| !equals(it, &asked))) {
            return Err(Error::invalid(66, "the (immutable) field '_id' was found to have been altered"));
        }
        if !document.contains_key("_id") {
            document.insert("_id", id.clone());
        }
        encode(&document)
    }
}

/// Adds the paths whose values the filter says for sure.
fn add_equalities<'f>(node: &'f Node, found: &mut Vec<(&'f str, &'f Bson)>) -> Result<()> {
    match node {
        Node::And(nodes) => nodes.iter().try_for_each(|it| add_equalities(it, found)),
        Node::Or(nodes) => match nodes.as_slice() {
            [only] => add_equalities(only, found),
            _ => Ok(()),
        },
        Node::Field { path, predicate } => {
            let value = match predicate {
                Predicate::Eq(value) => value,
                Predicate::All(members) => match members.as_slice() {
                    [Predicate::Eq(value)] => value,
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            };
            let path = path.as_str();
            if let Some((twice, _)) = found.iter().find(|(it, _)| begins(it, path) || begins(path, it)) {
                return Err(Error::invalid(
                    54,
                    format!("cannot infer query fields to set, path '{twice}' is matched twice"),
                ));
            }
            found.push((path, value));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether the other path is this one or lies below it.
fn begins(path: &str, other: &str) -> bool {
    other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Sets a path, making objects on its way.
fn put(document: &mut Document, path: &str, value: &Bson) {
    let Some((first, rest)) = path.split_once('.') else {
        document.insert(path, value.clone());
        return;
    };
    let inner = document.entry(first.to_owned()).or_insert_with(|| Bson::Document(Document::new()));
    if let Bson::Document(inner) = inner {
        put(inner, rest, value);
    }
}
