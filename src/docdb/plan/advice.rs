//! Which indexes queries missed: their equality fields, then their sort, then a range.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::conditions::Conditions;
use super::{Advice, IndexDefinition, Order};
use crate::docdb::query::{Selection, Stats};
use crate::docdb::store::Collection;

/// Documents from an index that may be sorted in memory before another index is worth a word.
const MANY_TO_SORT: u64 = 100;

/// Different indexes remembered as missed: queries whose field names are made up as they go must not fill the memory.
const MOST_ADVICE: usize = 500;

/// Remembers what queries missed since the database was opened.
#[derive(Default)]
pub struct Advisor {
    missed: Mutex<HashMap<(String, Keys), Advice>>,
}

type Keys = Vec<(String, Order)>;

impl Advisor {
    /// Looks at a query that has run; returns the index that would have served better, if any would.
    pub fn note(
        &self,
        collection: &Collection,
        selection: &Selection<'_>,
        stats: &Stats,
    ) -> Option<IndexDefinition> {
        if stats.index.is_some() && !(stats.sorted_in_memory && stats.documents_examined > MANY_TO_SORT) {
            return None;
        }
        let conditions = Conditions::of(selection.filter);
        let keys = ideal(&conditions, selection);
        if keys.is_empty() || is_served(collection, &keys) {
            return None;
        }
        let definition =
            IndexDefinition { name: name(&keys), keys: keys.clone(), unique: false, sparse: false };
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = (collection.name.clone(), keys.clone());
        if missed.len() >= MOST_ADVICE && !missed.contains_key(&known) {
            return Some(definition);
        }
        let advice = missed.entry(known).or_insert_with(|| Advice {
            collection: collection.name.clone(),
            keys,
            queries: 0,
            documents_examined: 0,
        });
        advice.queries += 1;
        advice.documents_examined = advice.documents_examined.max(stats.documents_examined);
        Some(definition)
    }

    /// Everything missed, what was missed most often first.
    pub fn advice(&self) -> Vec<Advice> {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut advice: Vec<_> = missed.values().cloned().collect();
        advice.sort_by(|a, b| {
            let weight = |it: &Advice| (it.queries, it.documents_examined);
            weight(b).cmp(&weight(a)).then_with(|| a.collection.cmp(&b.collection))
        });
        advice
    }

    /// An index was created or dropped: what was missed before says nothing now.
    pub fn forget_all(&self) {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn forget(&self, collection: &str) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.retain(|(name, _), _| name != collection);
    }
}

/// Equality fields in the filter's order, then the sort, then one range.
fn ideal(conditions: &Conditions<'_>, selection: &Selection<'_>) -> Keys {
    let mut keys = Keys::new();
    let mut add = |path: &str, order: Order| {
        if path != "_id" && keys.iter().all(|(it, _)| it != path) {
            keys.push((path.to_owned(), order));
        }
    };
    for field in conditions.fields().iter().filter(|it| it.equality) {
        add(&field.path, Order::Ascending);
    }
    // Geometry comes in no order that a sort could use.
    if let Some(field) = conditions.fields().iter().find(|it| it.sphere) {
        add(&field.path, Order::Sphere);
        return keys;
    }
    for field in selection.sort.into_iter().flat_map(|it| it.fields()) {
        add(field.path.as_str(), if field.descending { Order::Descending } else { Order::Ascending });
    }
    if let Some(range) = conditions.fields().iter().find(|it| !it.equality) {
        add(&range.path, Order::Ascending);
    }
    keys
}

/// Whether an index begins with these fields: then it was there and something else was cheaper.
fn is_served(collection: &Collection, keys: &Keys) -> bool {
    collection.indexes.iter().any(|it| {
        let fields = &it.definition.keys;
        fields.len() >= keys.len() && keys.iter().zip(fields).all(|(wanted, it)| serves(it, wanted))
    })
}

fn serves((path, order): &(String, Order), (wanted, wanted_order): &(String, Order)) -> bool {
    path == wanted && (*order == Order::Sphere) == (*wanted_order == Order::Sphere)
}

/// The name MongoDB gives an index: `a_1_b_-1`.
fn name(keys: &Keys) -> String {
    let parts = keys.iter().map(|(path, order)| match order {
        Order::Ascending => format!("{path}_1"),
        Order::Descending => format!("{path}_-1"),
        Order::Sphere => format!("{path}_2dsphere"),
    });
    parts.collect::<Vec<_>>().join("_")
}
