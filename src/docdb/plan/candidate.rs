//! One index as a way to answer one query: the ranges of its keys to read, and the order they come in.

use super::bounds::{Bounds, Interval};
use super::conditions::{Conditions, Field};
use crate::docdb::index::{IndexDefinition, Order};
use crate::docdb::sort::Sort;
use crate::docdb::store::{Collection, Index, KeyRange, KeyTable};

/// More ranges than this are not worth their seeks: fewer fields are bounded instead.
const MOST_RANGES: usize = 1000;

/// An index of a collection, by place; `_id_` is not listed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Id,
    Index(usize),
}

impl Place {
    pub fn keys(self, collection: &Collection) -> Option<&KeyTable> {
        match self {
            Place::Id => Some(&collection.ids),
            Place::Index(at) => collection.indexes.get(at).map(|it| &it.keys),
        }
    }
}

/// How the keys come in the order of a sort or, without one, in natural order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    pub backward: bool,
    /// Whether documents that the sort holds equal come together in natural order already.
    pub ties_kept: bool,
}

/// A way to answer.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub place: Place,
    pub name: String,
    /// Ascending, apart from each other.
    pub ranges: Vec<KeyRange>,
    /// The bounds of each field, one text a field.
    pub texts: Vec<String>,
    /// Whether the ranges leave out anything.
    pub bounded: bool,
    /// Whether each range holds at most one key.
    pub single: bool,
    /// Whether each document has one key, and all documents inside the ranges match.
    pub exact: bool,
    pub ordered: Option<Ordered>,
}

/// Considers an index for a query.
pub fn consider(
    place: Place,
    index: Option<&Index>,
    definition: &IndexDefinition,
    conditions: &Conditions,
    sort: Option<&Sort>,
) -> Option<Candidate> {
    let multikey = index.is_some_and(Index::is_multikey);
    let bounds = bounded_fields(definition, conditions, multikey);
    let is_sphere = definition.is_sphere();
    // Documents without geometry are not in it.
    if is_sphere && !bounds.iter().any(|it| it.sphere) {
        return None;
    }
    if definition.sparse && !bounds.iter().any(|it| it.needs_presence) {
        return None;
    }
    let bounded = !bounds.is_empty();
    let consumed: usize = bounds.iter().map(|it| it.conditions).sum();
    let exact = !multikey && bounds.iter().all(|it| it.bounds.exact) && conditions.are_only(consumed);
    let all_points = bounds.len() == definition.keys.len() && bounds.iter().all(|it| it.bounds.is_points());
    let one_key = bounds.len() == definition.keys.len() && bounds.iter().all(|it| it.bounds.is_constant());
    let ordered = match sort {
        Some(_) if multikey || is_sphere => None,
        Some(sort) => order(definition, &bounds, sort),
        // Under one key numbers ascend.
        None => one_key.then_some(Ordered { backward: false, ties_kept: true }),
    };
    if !bounded && ordered.is_none() {
        return None;
    }
    Some(Candidate {
        place,
        name: definition.name.clone(),
        ranges: ranges(definition, &bounds),
        texts: texts(definition, &bounds),
        bounded,
        single: definition.unique && all_points,
        exact,
        ordered,
    })
}

/// Considers an index for the order of distance from a place: all its fields before the geometry must be single values.
pub fn consider_near(at: usize, index: &Index, conditions: &Conditions, path: &str) -> Option<Candidate> {
    let definition = &index.definition;
    let before = definition.keys.iter().position(|(it, order)| it == path && *order == Order::Sphere)?;
    let mut bounds = bounded_fields(definition, conditions, index.is_multikey());
    bounds.truncate(before);
    if bounds.len() < before || !bounds.iter().all(|it| it.bounds.is_points()) {
        return None;
    }
    let mut texts = texts(definition, &bounds);
    if let Some(text) = texts.get_mut(before) {
        *text = format!("{path}: cells by distance");
    }
    Some(Candidate {
        place: Place::Index(at),
        name: definition.name.clone(),
        ranges: ranges(definition, &bounds),
        texts,
        bounded: true,
        single: false,
        exact: false,
        ordered: None,
    })
}

/// The bounds on one field of an index.
struct Bounded {
    bounds: Bounds,
    /// How many of the query's conditions they stand for.
    conditions: usize,
    /// Whether only documents that have the field match.
    needs_presence: bool,
    /// Whether the bounds are on cells.
    sphere: bool,
}

/// Bounds the fields from the left: single values as long as they go, then at most one range.
fn bounded_fields(definition: &IndexDefinition, conditions: &Conditions, multikey: bool) -> Vec<Bounded> {
    let mut bounded: Vec<Bounded> = Vec::new();
    let mut ranges = 1;
    for (at, (path, order)) in definition.keys.iter().enumerate() {
        // Elements of one array that satisfy two conditions need not be the same one.
        let shares_array = |it: &(String, Order)| first_step(&it.0) == first_step(path);
        if multikey && definition.keys.iter().take(at).any(shares_array) {
            break;
        }
        let Some(field) = combine(conditions.on(path, *order), multikey) else { break };
        ranges *= field.bounds.intervals.len();
        if at > 0 && ranges > MOST_RANGES {
            break;
        }
        let goes_on = field.bounds.is_points();
        bounded.push(field);
        if !goes_on {
            break;
        }
    }
    bounded
}

fn combine<'c>(mut fields: impl Iterator<Item = &'c Field>, multikey: bool) -> Option<Bounded> {
    let first = fields.next()?;
    let start = Bounded {
        bounds: first.bounds.clone(),
        conditions: 1,
        needs_presence: !first.allows_missing,
        sphere: first.sphere,
    };
    Some(fields.fold(start, |so_far, next| {
        let needs_presence = so_far.needs_presence || !next.allows_missing;
        if multikey {
            // Each condition may be met by another element: only one of them can bound the keys.
            let better = next.bounds.is_points() && !so_far.bounds.is_points();
            let bounds = if better { next.bounds.clone() } else { so_far.bounds.clone() };
            Bounded { bounds, conditions: 1, needs_presence, ..so_far }
        } else {
            let bounds = so_far.bounds.intersection(&next.bounds);
            Bounded { bounds, conditions: so_far.conditions + 1, needs_presence, ..so_far }
        }
    }))
}

fn first_step(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// All ranges of compound keys: every choice of single values, ended by the last field's intervals.
fn ranges(definition: &IndexDefinition, bounds: &[Bounded]) -> Vec<KeyRange> {
    let mut ranges = vec![KeyRange::all()];
    let mut prefixes = vec![Vec::new()];
    for (it, (_, order)) in bounds.iter().zip(&definition.keys) {
        let descending = *order == Order::Descending;
        let intervals = &it.bounds.intervals;
        ranges = prefixes
            .iter()
            .flat_map(|prefix| intervals.iter().map(|it| range(prefix, it, descending)))
            .collect();
        prefixes = prefixes
            .iter()
            .flat_map(|prefix| {
                intervals.iter().map(|it| [prefix.as_slice(), &it.prefix(descending)].concat())
            })
            .collect();
    }
    ranges.sort_unstable();
    ranges
}

fn range(prefix: &[u8], interval: &Interval, descending: bool) -> KeyRange {
    let (low, high) = interval.span(descending);
    KeyRange { low: [prefix, &low].concat(), high: [prefix, &high].concat() }
}

fn texts(definition: &IndexDefinition, bounds: &[Bounded]) -> Vec<String> {
    let fields = definition.keys.iter().enumerate().map(|(at, (path, _))| match bounds.get(at) {
        Some(it) if it.sphere => format!("{path}: {} ranges of cells", it.bounds.intervals.len()),
        Some(it) => format!("{path}: {}", it.bounds),
        None => format!("{path}: all"),
    });
    fields.collect()
}

/// Whether an index gives a sort: its fields in turn, constants passed over, all along or all against their orders.
fn order(definition: &IndexDefinition, bounds: &[Bounded], sort: &Sort) -> Option<Ordered> {
    let constant = |at: usize| bounds.get(at).is_some_and(|it| it.bounds.is_constant());
    let fields = &definition.keys;
    let mut at = 0;
    let mut backward = None;
    for field in sort.fields() {
        let (path, descending) = (field.path.as_str(), field.descending);
        while fields.get(at).is_some_and(|(it, _)| it != path) && constant(at) {
            at += 1;
        }
        match fields.get(at) {
            Some((it, order)) if it == path => {
                let against = (*order == Order::Descending) != descending;
                if !constant(at) && *backward.get_or_insert(against) != against {
                    return None;
                }
                at += 1;
            }
            _ if fields.iter().enumerate().any(|(at, (it, _))| it == path && constant(at)) => {}
            _ => return None,
        }
    }
    let ties_kept = (at..fields.len()).all(constant);
    Some(Ordered { backward: backward.unwrap_or(false), ties_kept })
}
