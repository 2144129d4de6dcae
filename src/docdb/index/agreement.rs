//! Whether indexes and documents agree: asked of a file that something else may have changed.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::docdb::store::{Collection, KeyRange, KeyTable, Snapshot, View};
use crate::docdb::write::id_key;
use crate::docdb::{Error, Result};

use super::{ID_INDEX, keys_of};

/// Compares every index with the documents it was made from. Damaged documents are left to the queries that meet them.
///
/// # Errors
/// `Damaged`: an index would give a wrong answer.
pub fn check_agreement(snapshot: &Snapshot) -> Result<()> {
    snapshot.catalogue().iter().try_for_each(|collection| check(snapshot.view(), collection))
}

fn check(view: View<'_>, collection: &Collection) -> Result<()> {
    let mut damaged = HashSet::new();
    let (mut documents, mut size) = (0, 0);
    // Of `_id_`, then of the others in order.
    let mut keys = vec![0; 1 + collection.indexes.len()];
    view.survey(collection, |number, document| {
        documents += 1;
        let Ok(document) = document else {
            damaged.insert(number);
            return Ok(());
        };
        size += document.as_bytes().len() as u64;
        let id = id_key(document)?;
        demand(view.holds(&collection.ids, &id, number)?, collection, ID_INDEX)?;
        if let Some(count) = keys.first_mut() {
            *count += 1;
        }
        for (index, count) in collection.indexes.iter().zip(keys.iter_mut().skip(1)) {
            let found = keys_of(&index.definition, document)?;
            let name = &index.definition.name;
            demand(index.is_multikey() || !found.multikey, collection, name)?;
            for key in &found.keys {
                demand(view.holds(&index.keys, key, number)?, collection, name)?;
                *count += 1;
            }
        }
        Ok(())
    })?;
    let tables = collection.indexes.iter().map(|it| (it.definition.name.as_str(), &it.keys));
    for ((name, table), count) in [(ID_INDEX, &collection.ids)].into_iter().chain(tables).zip(keys) {
        demand(entries(view, table, &damaged)? == count, collection, name)?;
    }
    let totals = view.totals(collection)?;
    if totals.0 == documents && (totals.1 == size || !damaged.is_empty()) {
        return Ok(());
    }
    let (counted, name) = (totals.0, &collection.name);
    Err(Error::Damaged { detail: format!("`{name}` has {documents} documents where {counted} were counted") })
}

/// Counts the entries of documents that are whole.
fn entries(view: View<'_>, table: &KeyTable, damaged: &HashSet<i64>) -> Result<u64> {
    let mut count = 0;
    let _ = view.entries(table, &KeyRange::all(), false, |_, number| {
        count += u64::from(!damaged.contains(&number));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

fn demand(agrees: bool, collection: &Collection, index: &str) -> Result<()> {
    if agrees {
        return Ok(());
    }
    let name = &collection.name;
    Err(Error::Damaged { detail: format!("index `{index}` of `{name}` does not agree with the documents") })
}
