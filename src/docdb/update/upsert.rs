//! The document that an upsert inserts: what the filter says for sure, then the update.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::{Kind, Update, encode, replaced};
use crate::docdb::filter::{Filter, Node, Predicate};
use crate::docdb::value::place;
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
            if place::get_at(document, path.as_str()).is_some() {
                return Err(Error::invalid(
                    54,
                    format!("cannot infer query fields to set, path '{path}' is matched twice"),
                ));
            }
            place::set_at(document, path.as_str(), value.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}
