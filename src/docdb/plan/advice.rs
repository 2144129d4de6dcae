//! Which indexes queries missed: their equality fields, then their sort, then a range.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::conditions::Conditions;
use super::{Advice, IndexDefinition, Order, Plan};
use crate::docdb::filter::Node;
use crate::docdb::index::keys_of;
use crate::docdb::query::{Selection, Stats};
use crate::docdb::sort::Sort;
use crate::docdb::store::{Collection, View};
use crate::docdb::value::path::position;
use crate::docdb::{Error, Result};

/// Documents from an index that may be sorted in memory before another index is worth a word.
const MANY_TO_SORT: u64 = 100;

/// Different indexes remembered as missed: queries whose field names are made up as they go must not fill the memory.
const MOST_ADVICE: usize = 500;

/// Documents that are looked at for arrays before an index is advised.
const SAMPLE: usize = 1000;

type Keys = Vec<(String, Order)>;

/// Watches queries go by since the database was opened: remembers what they missed, and may refuse the worst.
pub struct Advisor {
    missed: Mutex<HashMap<(String, Wish), Missed>>,
    /// The largest collection that may be scanned for want of an index.
    most_scanned: AtomicU64,
}

/// What queries of one wish have cost; nothing where no index would have served better.
struct Missed {
    /// So much of the wish as an index on the documents of the time could have.
    wish: Wish,
    queries: u64,
    documents_examined: u64,
}

/// The index a query would like best.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wish {
    /// Fields that name their values; which of them comes first does not matter to the query.
    equal: Vec<String>,
    /// The sort, or else the one field of geometry.
    sort: Keys,
    /// A field with a range, of use after all the others.
    range: Option<String>,
}

impl Default for Advisor {
    fn default() -> Self {
        Advisor { missed: Mutex::default(), most_scanned: AtomicU64::new(u64::MAX) }
    }
}

impl Advisor {
    /// Refuses from now on to scan larger collections where an index would serve.
    pub fn refuse_scans_beyond(&self, documents: u64) {
        self.most_scanned.store(documents, Ordering::Relaxed);
    }

    /// Passes a plan that is about to run.
    ///
    /// # Errors
    /// It would scan more documents than is allowed, and an index would serve.
    pub fn admit(
        &self,
        view: View<'_>,
        collection: &Collection,
        selection: &Selection<'_>,
        plan: &Plan,
    ) -> Result<()> {
        let most = self.most_scanned.load(Ordering::Relaxed);
        if most == u64::MAX || !plan.is_scan() {
            return Ok(());
        }
        let (documents, _) = view.totals(collection)?;
        let mut stats = plan.stats();
        if documents > most {
            self.note(view, collection, selection, &mut stats)?;
        }
        match stats.missed {
            Some(index) => {
                Err(Error::Unindexed { collection: collection.name.clone(), documents, most, index })
            }
            None => Ok(()),
        }
    }

    /// Looks at a query that has run, and completes its figures by the index that would have served better, if any would.
    pub fn note(
        &self,
        view: View<'_>,
        collection: &Collection,
        selection: &Selection<'_>,
        stats: &mut Stats,
    ) -> Result<()> {
        if selection.sort.is_some() || !selection.filter.accepts_all() {
            collection.queries.fetch_add(1, Ordering::Relaxed);
        }
        for wish in unserved(collection, selection, stats) {
            let index = self.remember(view, collection, wish, stats.documents_examined)?;
            stats.missed = stats.missed.take().or(index);
        }
        Ok(())
    }

    /// Remembers what a query missed; returns the index, where one is possible.
    fn remember(
        &self,
        view: View<'_>,
        collection: &Collection,
        wish: Wish,
        documents_examined: u64,
    ) -> Result<Option<IndexDefinition>> {
        let known = (collection.name.clone(), wish);
        let found = self.missed().get(&known).map(|it| it.wish.clone());
        let wish = match found {
            Some(wish) => wish,
            None => known.1.indexable(view, collection)?,
        };
        let index = wish.still_missing(collection);
        let mut missed = self.missed();
        if missed.len() < MOST_ADVICE || missed.contains_key(&known) {
            let missed = missed.entry(known).or_insert(Missed { wish, queries: 0, documents_examined: 0 });
            if index.is_some() {
                missed.queries += 1;
                missed.documents_examined = missed.documents_examined.max(documents_examined);
            }
        }
        Ok(index)
    }

    fn missed(&self) -> MutexGuard<'_, HashMap<(String, Wish), Missed>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fewest indexes that serve everything missed, what was missed most often first.
    pub fn advice(&self) -> Vec<Advice> {
        let missed = self.missed();
        let mut wishes: Vec<_> = missed
            .iter()
            .filter(|(_, it)| it.queries > 0)
            .map(|((name, _), it)| (name, &it.wish, it))
            .collect();
        // The longest first: what they cover needs no index of its own.
        wishes.sort_by_cached_key(|(name, wish, cost)| {
            (*name, Reverse((wish.length(), cost.queries)), wish.definition(&|_| 0).name)
        });
        let mut advice: Vec<Advice> = Vec::new();
        for (name, wish, cost) in &wishes {
            let kept = advice.iter_mut().find(|it| it.collection == **name && wish.is_met_by(&it.keys));
            if let Some(kept) = kept {
                kept.queries += cost.queries;
                kept.documents_examined = kept.documents_examined.max(cost.documents_examined);
                continue;
            }
            // Fields that most queries name come first, so that one index serves many.
            let weight = |field: &str| {
                let naming = wishes.iter().filter(|(it, wish, _)| it == name && wish.names(field));
                naming.map(|(.., cost)| cost.queries).sum()
            };
            advice.push(Advice {
                collection: (*name).clone(),
                keys: wish.definition(&weight).keys,
                queries: cost.queries,
                documents_examined: cost.documents_examined,
            });
        }
        advice.sort_by(|a, b| {
            let weight = |it: &Advice| (it.queries, it.documents_examined);
            weight(b).cmp(&weight(a)).then_with(|| a.collection.cmp(&b.collection))
        });
        advice
    }

    /// Indexes of a collection were created or dropped: what was missed before says nothing now.
    pub fn forget(&self, collection: &str) {
        self.missed().retain(|(name, _), _| name != collection);
    }
}

/// Returns the index that would have served a query better, if any would.
pub fn missed(
    view: View<'_>,
    collection: &Collection,
    selection: &Selection<'_>,
    stats: &Stats,
) -> Result<Option<IndexDefinition>> {
    for wish in unserved(collection, selection, stats) {
        if let Some(index) = wish.indexable(view, collection)?.still_missing(collection) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// What would have served better. Of several, each serves one branch of an `$or`.
fn unserved(collection: &Collection, selection: &Selection<'_>, stats: &Stats) -> Vec<Wish> {
    if stats.index.is_some() && !(stats.sorted_in_memory && stats.documents_examined > MANY_TO_SORT) {
        return Vec::new();
    }
    let conditions = Conditions::of(selection.filter);
    let wish = Wish::of(&conditions, selection.sort);
    let mut wishes = match wish.length() {
        0 => conditions.alternatives.iter().find_map(|it| of_branches(it, collection)).unwrap_or_default(),
        _ => vec![wish],
    };
    wishes.retain(|it| !is_met(it, collection));
    wishes
}

/// What the branches of an `$or` without an index wish; nothing when one of them could use none.
fn of_branches(branches: &[Node], collection: &Collection) -> Option<Vec<Wish>> {
    let mut wishes = Vec::new();
    for branch in branches {
        let conditions = Conditions::of_node(branch);
        let wish = Wish::of(&conditions, None);
        let by_id = conditions.fields().iter().any(|it| it.path == "_id");
        if wish.length() == 0 && !by_id {
            return None;
        }
        let mut first = collection.indexes.iter().filter_map(|it| it.definition.keys.first());
        let has_one = first.any(|(path, _)| wish.bounds(path));
        if !by_id && !has_one {
            wishes.push(wish);
        }
    }
    Some(wishes)
}

/// Whether an index that meets the wish was there, and something else was cheaper.
fn is_met(wish: &Wish, collection: &Collection) -> bool {
    collection.indexes.iter().any(|it| wish.is_met_by(&it.definition.keys))
}

impl Wish {
    fn of(conditions: &Conditions<'_>, by: Option<&Sort>) -> Self {
        let fields = || conditions.fields().iter().filter(|it| it.path != "_id" && !has_position(&it.path));
        let mut equal: Vec<_> = fields().filter(|it| it.equality).map(|it| it.path.clone()).collect();
        equal.sort_unstable();
        equal.dedup();
        if let Some(field) = fields().find(|it| it.sphere) {
            // Geometry comes in no order that a sort could use.
            return Wish { equal, sort: vec![(field.path.clone(), Order::Sphere)], range: None };
        }
        let mut sort = Keys::new();
        for field in by.into_iter().flat_map(|it| it.fields()) {
            let path = field.path.as_str();
            // Nothing after the `_id` changes the order; an element of an array is no field to index.
            if path == "_id" || has_position(path) {
                break;
            }
            if !equal.iter().any(|it| it == path) && !sort.iter().any(|(it, _)| it == path) {
                let order = if field.descending { Order::Descending } else { Order::Ascending };
                sort.push((path.to_owned(), order));
            }
        }
        let range = fields().find(|it| !it.equality).map(|it| it.path.clone());
        let range = range.filter(|path| !equal.contains(path) && !sort.iter().any(|(it, _)| it == path));
        Wish { equal, sort, range }
    }

    /// Returns so much of the wish as one index can have: no field inside another, no two arrays side by side.
    fn indexable(&self, view: View<'_>, collection: &Collection) -> Result<Self> {
        if self.length() < 2 {
            return Ok(self.clone());
        }
        let mut documents = Vec::new();
        view.documents_between(collection, i64::MIN, i64::MAX, |_, document| {
            documents.push(document.to_owned());
            Ok(if documents.len() < SAMPLE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        let mut index =
            IndexDefinition { name: String::new(), keys: Vec::new(), unique: false, sparse: false };
        let mut takes = |path: &str, order: Order| {
            let inside = |(it, _): &(String, Order)| begins(it, path) || begins(path, it);
            if index.keys.iter().any(inside) {
                return false;
            }
            index.keys.push((path.to_owned(), order));
            let fits = documents.iter().all(|it| keys_of(&index, it).is_ok());
            if !fits {
                index.keys.pop();
            }
            fits
        };
        let mut wish = self.clone();
        wish.equal.retain(|path| takes(path, Order::Ascending));
        // What comes behind a field that cannot be there is of no use.
        let sorted = wish.sort.iter().take_while(|(path, order)| takes(path, *order)).count();
        let whole = sorted == wish.sort.len();
        wish.sort.truncate(sorted);
        wish.range = wish.range.filter(|path| whole && takes(path, Order::Ascending));
        Ok(wish)
    }

    fn length(&self) -> usize {
        self.equal.len() + self.sort.len() + usize::from(self.range.is_some())
    }

    /// Whether it has a condition on the field.
    fn bounds(&self, field: &str) -> bool {
        let sphere = || self.sort.iter().any(|(it, _)| it == field);
        self.names(field) || self.range.as_deref() == Some(field) || sphere()
    }

    /// Returns the index, unless there is one that serves as well.
    fn still_missing(&self, collection: &Collection) -> Option<IndexDefinition> {
        (self.length() > 0 && !is_met(self, collection)).then(|| self.definition(&|_| 0))
    }

    fn names(&self, field: &str) -> bool {
        self.equal.iter().any(|it| it == field)
    }

    /// Whether an index with these keys serves as well: it may be read backward, and may have more fields behind.
    fn is_met_by(&self, keys: &[(String, Order)]) -> bool {
        let Some((first, rest)) = keys.split_at_checked(self.equal.len()) else { return false };
        let Some((sorted, rest)) = rest.split_at_checked(self.sort.len()) else { return false };
        let forward = sorted == self.sort;
        let backward =
            || sorted.iter().zip(&self.sort).all(|(it, wish)| it.0 == wish.0 && it.1 == against(wish.1));
        first.iter().all(|(path, order)| *order != Order::Sphere && self.names(path))
            && (forward || backward())
            && self.range.as_ref().is_none_or(|range| {
                rest.first().is_some_and(|(path, order)| path == range && *order != Order::Sphere)
            })
    }

    /// The index itself; of the fields that name values, the heaviest comes first.
    fn definition(&self, weight: &dyn Fn(&str) -> u64) -> IndexDefinition {
        let mut equal: Vec<_> = self.equal.iter().map(|it| (it.clone(), Order::Ascending)).collect();
        equal.sort_by_key(|(path, _)| Reverse(weight(path)));
        let range = self.range.iter().map(|it| (it.clone(), Order::Ascending));
        let keys: Keys = equal.into_iter().chain(self.sort.iter().cloned()).chain(range).collect();
        IndexDefinition { name: name(&keys), keys, unique: false, sparse: false }
    }
}

/// Whether a step of the path may be a position in an array.
fn has_position(path: &str) -> bool {
    path.split('.').any(|it| position(it).is_some())
}

/// Whether the other path is this one or lies below it.
fn begins(path: &str, other: &str) -> bool {
    other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn against(order: Order) -> Order {
    match order {
        Order::Ascending => Order::Descending,
        Order::Descending => Order::Ascending,
        Order::Sphere => Order::Sphere,
    }
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
