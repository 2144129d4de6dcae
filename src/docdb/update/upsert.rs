//! The document that an upsert inserts: what the filter says for sure, then the update.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::{Kind, Update, encode, replaced};
use crate::docdb::filter::{Filter, Node, Predicate};
use crate::docdb::{Error, Result};

impl Update {
    /// Returns the document to insert when nothing matches. `id` is its `_id` unless filter or update give one.
    ///
    /// # Errors
    /// The filter names a field twice (54); the update does not fit.
    pub fn upsert(&self, filter: &Filter, id: &Bson) -> Result<RawDocumentBuf> {
        let mut start = Document::new();
        add_equalities(filter.root(), &mut start)?;
        let mut document = match &self.kind {
            Kind::Replacement(replacement) => replaced(&start, replacement),
            Kind::Modifications(modifications) => self.modified(start, modifications, None, true)?,
        };
        if !document.contains_key("_id") {
            document.insert("_id", id.clone());
        }
        encode(&document)
    }
}

fn add_equalities(node: &Node, document: &mut Document) -> Result<()> {
    match node {
        Node::And(nodes) => nodes.iter().try_for_each(|it| add_equalities(it, document)),
        Node::Or(nodes) => match nodes.as_slice() {
            [only] => add_equalities(only, document),
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
            match put(document, path.as_str(), value) {
                true => Ok(()),
                false => Err(Error::invalid(
                    54,
                    format!("cannot infer query fields to set, path '{path}' is matched twice"),
                )),
            }
        }
        _ => Ok(()),
    }
}

/// Sets a path, making objects on its way; returns whether nothing was there, nor a value without fields on the way.
fn put(document: &mut Document, path: &str, value: &Bson) -> bool {
    let Some((first, rest)) = path.split_once('.') else {
        return !document.contains_key(path) && document.insert(path, value.clone()).is_none();
    };
    match document.entry(first.to_owned()).or_insert_with(|| Bson::Document(Document::new())) {
        Bson::Document(inner) => put(inner, rest, value),
        _ => false,
    }
}
