//! The cheapest way to answer, by estimate.

use std::time::Duration;

use super::candidate::{Candidate, Place, consider};
use super::conditions::Conditions;
use super::near::NearLookup;
use super::{Access, Alternative, Plan};
use crate::docdb::Result;
use crate::docdb::filter::Node;
use crate::docdb::index::IndexDefinition;
use crate::docdb::query::Selection;
use crate::docdb::sort::Sort;
use crate::docdb::store::{Collection, View};

/// Estimated costs in microseconds, measured on 300-byte documents.
const KEY: f64 = 0.1;
const FETCH: f64 = 2.0;
const SCANNED: f64 = 0.3;
const SORTED: f64 = 0.3;
/// What a scan must win by, so that plans of small collections are those of large ones.
const SCAN_HANDICAP: f64 = 2_000.0;
/// The share of documents taken to match conditions no index knows.
const UNKNOWN_SHARE: f64 = 0.3;

/// Chooses how to carry out a selection.
pub fn choose(view: View<'_>, collection: &Collection, selection: &Selection<'_>) -> Result<Plan> {
    let conditions = Conditions::of(selection.filter);
    if let Some((path, near)) = selection.filter.near() {
        let lookup = NearLookup::choose(collection, &conditions, path, near)?;
        return Ok(Plan { access: Access::Near(lookup), everything: false });
    }
    let everything = conditions.are_only(0);
    if everything && selection.sort.is_none() {
        return Ok(Plan { access: Access::Scan, everything });
    }
    let mut candidates = candidates(collection, &conditions, selection.sort);
    let singles = candidates.iter().enumerate().filter(|(_, it)| it.single);
    if let Some((at, _)) = singles.min_by_key(|(_, it)| it.ranges.len()) {
        return Ok(Plan { access: Access::Keys(vec![candidates.swap_remove(at)]), everything: false });
    }
    // Its keys are the matches in their order: it reads no more than is wanted.
    if let Some((straight, ordered)) =
        candidates.iter().find_map(|it| Some((it, it.ordered.filter(|_| it.exact)?)))
        && selection.limit.is_some()
    {
        return Ok(Plan { access: Access::Order(straight.clone(), ordered), everything });
    }
    let union = union(collection, &conditions, &candidates);
    if candidates.is_empty() && union.is_none() {
        return Ok(Plan { access: Access::Scan, everything });
    }
    let estimate = Estimate::new(view, collection, selection, everything)?;
    let offers = offers(view, collection, &estimate, candidates, union)?;
    let cheapest = offers.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
    Ok(Plan { access: cheapest.map_or(Access::Scan, |it| it.access), everything })
}

/// Returns every way to carry out a selection, the cheapest first; of one index, the cheaper. Documents by distance come
/// in one way only, which is not weighed.
pub fn alternatives(
    view: View<'_>,
    collection: &Collection,
    selection: &Selection<'_>,
) -> Result<Vec<Alternative>> {
    if selection.filter.near().is_some() {
        return Ok(Vec::new());
    }
    let conditions = Conditions::of(selection.filter);
    let everything = conditions.are_only(0);
    let candidates = candidates(collection, &conditions, selection.sort);
    let union = union(collection, &conditions, &candidates);
    let estimate = Estimate::new(view, collection, selection, everything)?;
    let mut offers = offers(view, collection, &estimate, candidates, union)?;
    offers.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let mut alternatives: Vec<Alternative> = Vec::new();
    for Offer { access, keys, cost } in offers {
        let plan = Plan { access, everything };
        let index = plan.stats().index;
        if alternatives.iter().all(|it| it.index != index) {
            alternatives.push(Alternative {
                index,
                keys: keys as u64,
                sorts: selection.sort.is_some() && plan.order().is_none(),
                estimate: Duration::from_secs_f64(cost / 1e6),
            });
        }
    }
    Ok(alternatives)
}

/// Returns the plan that reads in the order of the sort, where an index has it: nothing is held then.
pub fn in_order(collection: &Collection, selection: &Selection<'_>) -> Option<Plan> {
    let candidates = candidates(collection, &Conditions::of(selection.filter), selection.sort);
    let in_order = |it: Candidate| it.ordered.filter(|it| it.ties_kept).map(|ordered| (it, ordered));
    let (lookup, ordered) = candidates.into_iter().find_map(in_order)?;
    Some(Plan { access: Access::Order(lookup, ordered), everything: false })
}

/// Chooses how to count what a filter finds: by keys alone where they are the matches.
pub fn choose_to_count(view: View<'_>, collection: &Collection, selection: &Selection<'_>) -> Result<Plan> {
    let conditions = Conditions::of(selection.filter);
    let mut candidates = candidates(collection, &conditions, None).into_iter();
    match candidates.find(|it| it.exact && it.bounded) {
        Some(exact) => Ok(Plan { access: Access::Keys(vec![exact]), everything: false }),
        None => choose(view, collection, selection),
    }
}

fn candidates(collection: &Collection, conditions: &Conditions<'_>, sort: Option<&Sort>) -> Vec<Candidate> {
    let id = consider(Place::Id, None, &IndexDefinition::of_id(), conditions, sort);
    if id.as_ref().is_some_and(|it| it.single) {
        // Nothing is cheaper.
        return id.into_iter().collect();
    }
    let others = collection.indexes.iter().enumerate();
    let others =
        others.filter_map(|(at, it)| consider(Place::Index(at), Some(it), &it.definition, conditions, sort));
    id.into_iter().chain(others).collect()
}

/// An index for every branch of an `$or`, when each has one and no condition beside it has.
fn union(
    collection: &Collection,
    conditions: &Conditions<'_>,
    others: &[Candidate],
) -> Option<Vec<Candidate>> {
    if others.iter().any(|it| it.bounded) {
        return None;
    }
    conditions.alternatives.iter().find_map(|branches| {
        let best = |branch: &Node| {
            let conditions = Conditions::of_node(branch);
            let bounded = candidates(collection, &conditions, None).into_iter().filter(|it| it.bounded);
            bounded.max_by_key(|it| (it.single, it.texts.len()))
        };
        branches.iter().map(best).collect()
    })
}

/// A way to answer and its price.
struct Offer {
    access: Access,
    keys: f64,
    /// In microseconds.
    cost: f64,
}

fn offers(
    view: View<'_>,
    collection: &Collection,
    estimate: &Estimate,
    candidates: Vec<Candidate>,
    union: Option<Vec<Candidate>>,
) -> Result<Vec<Offer>> {
    let mut counted = Vec::new();
    for candidate in candidates {
        let keys =
            if candidate.bounded { estimate.keys(view, collection, &[&candidate])? } else { estimate.all };
        counted.push((keys, candidate));
    }
    let union_keys = match &union {
        Some(lookups) => estimate.keys(view, collection, &lookups.iter().collect::<Vec<_>>())?,
        None => estimate.all,
    };
    let fewest = counted.iter().map(|(keys, _)| *keys).fold(estimate.matching.min(union_keys), f64::min);
    let mut offers = Vec::new();
    let mut offer = |access, keys, cost| offers.push(Offer { access, keys, cost });
    offer(Access::Scan, estimate.all, SCAN_HANDICAP + estimate.scan(fewest));
    if let Some(lookups) = union {
        offer(Access::Keys(lookups), union_keys, estimate.lookup(union_keys, fewest));
    }
    for (keys, candidate) in counted {
        if let Some(ordered) = candidate.ordered {
            let cost = estimate.ordered(keys, fewest);
            offer(Access::Order(candidate.clone(), ordered), keys, cost);
        }
        if candidate.bounded {
            offer(Access::Keys(vec![candidate]), keys, estimate.lookup(keys, fewest));
        }
    }
    Ok(offers)
}

/// What is known before looking.
struct Estimate {
    /// Documents of the collection.
    all: f64,
    /// Of these, at most so many are taken to match.
    matching: f64,
    /// Documents wanted, when there is a limit.
    wanted: Option<f64>,
    sorts: bool,
    /// Keys worth counting: beyond, a scan that stops early is as good.
    worth_counting: u64,
}

impl Estimate {
    fn new(
        view: View<'_>,
        collection: &Collection,
        selection: &Selection<'_>,
        everything: bool,
    ) -> Result<Self> {
        let all = view.totals(collection)?.0.max(1) as f64;
        let wanted = selection.limit.map(|it| it.saturating_add(selection.skip).max(1) as f64);
        let eighth = all / 8.0;
        let worth = wanted.map_or(eighth, |it| (2.0 * it * all).sqrt().min(eighth));
        Ok(Estimate {
            all,
            matching: if everything { all } else { (all * UNKNOWN_SHARE).max(1.0) },
            wanted,
            sorts: selection.sort.is_some(),
            worth_counting: worth as u64 + 128,
        })
    }

    /// Counts the keys of some lookups; too many are taken for half of all.
    fn keys(&self, view: View<'_>, collection: &Collection, lookups: &[&Candidate]) -> Result<f64> {
        let mut count = 0;
        for (candidate, range) in lookups.iter().flat_map(|it| it.ranges.iter().map(move |range| (it, range)))
        {
            let Some(keys) = candidate.place.keys(collection) else { continue };
            count += view.count(keys, range, self.worth_counting - count)?;
            if count >= self.worth_counting {
                return Ok((self.all / 2.0).max(count as f64));
            }
        }
        Ok(count as f64)
    }

    /// How many of `candidates` are examined until enough of the `fewest` matches among them are found.
    fn examined(&self, candidates: f64, fewest: f64) -> f64 {
        self.wanted.map_or(candidates, |it| (it * candidates / fewest.max(1.0)).min(candidates))
    }

    fn scan(&self, fewest: f64) -> f64 {
        let examined = if self.sorts { self.all } else { self.examined(self.all, fewest) };
        examined * SCANNED + self.sorting(fewest)
    }

    fn lookup(&self, keys: f64, fewest: f64) -> f64 {
        let examined = if self.sorts { keys } else { self.examined(keys, fewest) };
        keys * KEY + examined * FETCH + self.sorting(fewest)
    }

    fn ordered(&self, keys: f64, fewest: f64) -> f64 {
        self.examined(keys, fewest) * (KEY + FETCH)
    }

    fn sorting(&self, documents: f64) -> f64 {
        if self.sorts { documents * SORTED } else { 0.0 }
    }
}
