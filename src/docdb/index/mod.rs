//! Indexes: definition, keys of a document, building, uniqueness.

mod agreement;
mod keys;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use bson::raw::RawDocument;

pub(super) use agreement::check_agreement;
pub(super) use keys::{DocumentKeys, PARALLEL_ARRAYS, keys_of};

use super::store::{Collection, Index, View, Write};
use super::value::limits::MAXIMUM_INDEX_FIELDS;
use super::value::show;
use super::{Error, Result};

/// The index every collection has.
pub const ID_INDEX: &str = "_id_";
/// Documents whose keys are sorted and stored together while an index is built.
const BATCH: i64 = 20_000;

/// The order of one field in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    Ascending,
    Descending,
    /// By the cells of geometry on the earth.
    Sphere,
}

/// An index to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDefinition {
    pub name: String,
    /// Field paths in order of weight.
    pub keys: Vec<(String, Order)>,
    pub unique: bool,
    /// Documents lacking all fields are left out.
    pub sparse: bool,
}

/// An index that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStatus {
    pub definition: IndexDefinition,
    /// Bytes, estimated.
    pub size: u64,
    /// Queries that used it since the database was opened.
    pub uses: u64,
}

impl IndexDefinition {
    /// The implicit index on `_id`.
    pub fn of_id() -> Self {
        IndexDefinition {
            name: ID_INDEX.into(),
            keys: vec![("_id".into(), Order::Ascending)],
            unique: true,
            sparse: false,
        }
    }

    /// Refuses definitions that MongoDB refuses.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::invalid(67, message));
        if self.name.is_empty() {
            return refuse("index name cannot be empty".into());
        }
        if self.keys.is_empty() {
            return refuse("index keys cannot be empty".into());
        }
        if self.keys.len() > MAXIMUM_INDEX_FIELDS {
            return refuse(format!("an index may have at most {MAXIMUM_INDEX_FIELDS} fields"));
        }
        let mut seen = HashSet::new();
        for (path, _) in &self.keys {
            if path.split('.').any(|step| step.is_empty() || step.starts_with('$')) {
                return refuse(format!("index key `{path}` is not a field path"));
            }
            if !seen.insert(path) {
                return refuse(format!("index key `{path}` occurs twice"));
            }
        }
        if self.unique && self.is_sphere() {
            return refuse("a 2dsphere index cannot be unique".into());
        }
        Ok(())
    }

    /// Whether it holds geometry, which has no order. Documents without any are left out.
    pub(super) fn is_sphere(&self) -> bool {
        self.keys.iter().any(|(_, order)| *order == Order::Sphere)
    }
}

/// Fills a new index with the keys of what is stored.
pub(super) fn build(write: &mut Write<'_>, collection: &Collection, index: &Arc<Index>) -> Result<()> {
    let mut last = i64::MIN;
    loop {
        let mut entries = Vec::new();
        let mut read = 0;
        let mut multikey = false;
        write.view().documents_between(collection, last, i64::MAX, |number, document| {
            let keys = keys_of(&index.definition, document)?;
            multikey |= keys.multikey;
            entries.extend(keys.keys.into_iter().map(|key| (key, number)));
            last = number;
            read += 1;
            Ok(if read < BATCH { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        if multikey {
            write.set_multikey(index)?;
        }
        // In key order, so that pages fill one after another.
        entries.sort_unstable();
        for (key, number) in &entries {
            if index.definition.unique && write.view().find(&index.keys, key)?.is_some() {
                return write.view().document(collection, *number, |document| {
                    Err(duplicate(collection, &index.definition, document, key))
                });
            }
            write.insert_key(&index.keys, key, *number)?;
        }
        if read < BATCH {
            return Ok(());
        }
    }
}

/// Refuses keys of a unique index that another document holds already.
pub(super) fn check_unique<'k>(
    view: View<'_>,
    collection: &Collection,
    index: &Index,
    document: &RawDocument,
    keys: impl IntoIterator<Item = &'k Vec<u8>>,
) -> Result<()> {
    if !index.definition.unique {
        return Ok(());
    }
    for key in keys {
        if view.find(&index.keys, key)?.is_some() {
            return Err(duplicate(collection, &index.definition, document, key));
        }
    }
    Ok(())
}

/// Words the violation of a unique index as MongoDB does.
pub(super) fn duplicate(
    collection: &Collection,
    definition: &IndexDefinition,
    document: &RawDocument,
    key: &[u8],
) -> Error {
    let values = keys::values_behind(definition, document, key);
    let fields = definition.keys.iter().zip(values).map(|((path, _), value)| (path.as_str(), value.into()));
    Error::DuplicateKey {
        collection: collection.name.clone(),
        index: definition.name.clone(),
        key: show::key(fields),
    }
}
