//! Choosing an index, explaining the choice, advising one that is missing.

mod advice;
mod bounds;
mod candidate;
mod choice;
mod conditions;
mod near;
mod run;

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bson::raw::RawDocument;

pub(super) use advice::{Advisor, missed};
pub(super) use choice::{alternatives, choose, choose_to_count, in_order};

use super::Result;
use super::index::{IndexDefinition, Order};
use super::query::Stats;
use super::store::{Collection, View};
use candidate::{Candidate, Ordered, Place};
use near::NearLookup;

/// How a query is (or was) carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub stats: Stats,
    /// The bounds on the index's keys, one text a field; empty for a scan.
    pub bounds: Vec<String>,
    pub elapsed: Duration,
    /// What the planner could have done, the cheapest by its estimate first.
    pub alternatives: Vec<Alternative>,
}

/// A way to answer that the planner weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The index, or the indexes of an `$or`; `None` is a scan of the collection.
    pub index: Option<String>,
    /// Keys within its bounds: counted, or estimated where there are many; all documents for a scan.
    pub keys: u64,
    /// Whether documents would be sorted in memory.
    pub sorts: bool,
    /// What it would take, by estimate.
    pub estimate: Duration,
}

/// An index that no query used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    pub collection: String,
    pub definition: IndexDefinition,
    /// Queries with conditions or a sort that the collection has seen meanwhile.
    pub queries: u64,
}

/// An index that queries missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub collection: String,
    pub keys: Vec<(String, Order)>,
    /// Queries that would have used it.
    pub queries: u64,
    /// The most documents one of them examined.
    pub documents_examined: u64,
}

/// How a selection will be carried out.
#[derive(Debug)]
pub(super) struct Plan {
    access: Access,
    /// Whether every document is wanted.
    everything: bool,
}

#[derive(Debug)]
enum Access {
    Scan,
    /// Documents behind keys, in natural order.
    Keys(Vec<Candidate>),
    /// Documents behind keys, in the order of the sort or in natural order.
    Order(Candidate, Ordered),
    /// Documents behind the cells of an index, by their distance.
    Near(NearLookup),
}

impl Plan {
    /// The index, before anything has been examined.
    pub fn stats(&self) -> Stats {
        let names: Vec<_> = self.lookups().iter().map(|it| it.name.as_str()).collect();
        let index = (!names.is_empty()).then(|| names.join(", "));
        Stats { index, ..Stats::default() }
    }

    /// The order documents come in, when it is the wanted one.
    pub fn order(&self) -> Option<Ordered> {
        match &self.access {
            Access::Order(_, ordered) => Some(*ordered),
            Access::Scan | Access::Keys(_) | Access::Near(_) => None,
        }
    }

    pub fn is_scan(&self) -> bool {
        matches!(self.access, Access::Scan)
    }

    /// Whether it reads the whole collection for some of its documents, in natural order.
    pub fn is_search(&self) -> bool {
        self.is_scan() && !self.everything
    }

    /// Whether every document it reads matches and comes in its final place: some may be passed over unread.
    pub fn passes(&self, sorts: bool) -> bool {
        match &self.access {
            Access::Scan => self.everything && !sorts,
            Access::Keys(lookups) => !sorts && matches!(lookups.as_slice(), [only] if only.exact),
            Access::Order(lookup, ordered) => lookup.exact && ordered.ties_kept,
            Access::Near(_) => false,
        }
    }

    pub fn bounds(&self) -> Vec<String> {
        self.lookups().iter().flat_map(|it| it.texts.clone()).collect()
    }

    /// Counts what matches from keys alone, where that is exact.
    pub fn count(&self, view: View<'_>, collection: &Collection, stats: &mut Stats) -> Result<Option<u64>> {
        if self.everything {
            return view.totals(collection).map(|(documents, _)| Some(documents));
        }
        let [lookup] = self.lookups() else { return Ok(None) };
        let Some(keys) = lookup.place.keys(collection).filter(|_| lookup.exact) else { return Ok(None) };
        let mut count = 0;
        for range in &lookup.ranges {
            count += view.count(keys, range, u64::MAX)?;
        }
        stats.keys_examined += count;
        Ok(Some(count))
    }

    /// Reads the documents that may match, until `each` breaks off; passes over the first `skip`, which only a plan that
    /// `passes` may be asked.
    pub fn run(
        &self,
        view: View<'_>,
        collection: &Collection,
        skip: u64,
        stats: &mut Stats,
        each: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        match &self.access {
            Access::Scan => run::scan(view, collection, skip, stats, each),
            Access::Keys(lookups) => run::numbered(view, collection, lookups, skip, stats, each),
            Access::Order(lookup, ordered) => {
                run::in_order(view, collection, lookup, *ordered, skip, stats, each)
            }
            Access::Near(lookup) => lookup.run(view, collection, stats, each),
        }
    }

    /// Returns the numbers of the documents that may match, in the order they come in; nothing when no keys tell them.
    pub fn numbers(
        &self,
        view: View<'_>,
        collection: &Collection,
        stats: &mut Stats,
    ) -> Result<Option<Vec<i64>>> {
        match &self.access {
            Access::Keys(lookups) => run::numbers(view, collection, lookups, stats).map(Some),
            Access::Order(lookup, ordered) => {
                let mut numbers = Vec::new();
                run::numbers_in_order(view, collection, lookup, *ordered, |number| {
                    numbers.push(number);
                    Ok(ControlFlow::Continue(()))
                })?;
                stats.keys_examined += numbers.len() as u64;
                Ok(Some(numbers))
            }
            Access::Scan | Access::Near(_) => Ok(None),
        }
    }

    fn lookups(&self) -> &[Candidate] {
        match &self.access {
            Access::Scan => &[],
            Access::Keys(lookups) => lookups,
            Access::Order(lookup, _) => std::slice::from_ref(lookup),
            Access::Near(lookup) => std::slice::from_ref(&lookup.index),
        }
    }

    /// Counts a use of its indexes.
    pub fn note_use(&self, collection: &Collection) {
        for lookup in self.lookups() {
            let uses = match lookup.place {
                Place::Id => Some(&collection.id_uses),
                Place::Index(at) => collection.indexes.get(at).map(|it| &it.uses),
            };
            if let Some(uses) = uses {
                uses.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
