//! Carrying out a plan: documents in natural order, or in the order of an index.

use std::ops::ControlFlow;

use bson::raw::RawDocument;

use super::candidate::{Candidate, Ordered};
use crate::docdb::Result;
use crate::docdb::query::Stats;
use crate::docdb::store::{Collection, KeyRange, KeyTable, View};

/// What to do with one document.
type Flow = Result<ControlFlow<()>>;

/// Reads a whole collection in natural order.
pub fn scan(
    view: View<'_>,
    collection: &Collection,
    skip: u64,
    stats: &mut Stats,
    mut each: impl FnMut(i64, &RawDocument) -> Flow,
) -> Result<()> {
    view.scan(collection, skip, |number, document| {
        stats.documents_examined += 1;
        each(number, document)
    })
}

/// Reads the documents behind ranges of several indexes, each once, in natural order.
pub fn numbered(
    view: View<'_>,
    collection: &Collection,
    lookups: &[Candidate],
    skip: u64,
    stats: &mut Stats,
    mut each: impl FnMut(i64, &RawDocument) -> Flow,
) -> Result<()> {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let mut documents = view.documents(collection)?;
    for number in numbers(view, collection, lookups, stats)?.into_iter().skip(skip) {
        stats.documents_examined += 1;
        if documents.read(number, |it| each(number, it))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Returns the numbers behind ranges, ascending, each once.
pub fn numbers(
    view: View<'_>,
    collection: &Collection,
    lookups: &[Candidate],
    stats: &mut Stats,
) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for lookup in lookups {
        let Some(keys) = lookup.place.keys(collection) else { continue };
        view.numbers(keys, &lookup.ranges, &mut numbers)?;
    }
    stats.keys_examined += numbers.len() as u64;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Reads the documents behind an index's ranges in key order; those with equal keys in natural order.
pub fn in_order(
    view: View<'_>,
    collection: &Collection,
    lookup: &Candidate,
    ordered: Ordered,
    mut skip: u64,
    stats: &mut Stats,
    mut each: impl FnMut(i64, &RawDocument) -> Flow,
) -> Result<()> {
    let Some(keys) = lookup.place.keys(collection) else { return Ok(()) };
    if !ordered.backward {
        for range in &lookup.ranges {
            let (passed, flow) =
                view.documents_by_key(collection, keys, range, skip, |number, document| {
                    stats.keys_examined += 1;
                    stats.documents_examined += 1;
                    each(number, document)
                })?;
            stats.keys_examined += passed;
            skip -= passed;
            if flow.is_break() {
                break;
            }
        }
        return Ok(());
    }
    let mut documents = view.documents(collection)?;
    for range in lookup.ranges.iter().rev() {
        let mut range = range.clone();
        if skip > 0 {
            let passed = view.cut_back(keys, &mut range, skip)?;
            stats.keys_examined += passed;
            skip -= passed;
        }
        let mut fetch = |number: i64| {
            stats.keys_examined += 1;
            if skip > 0 {
                skip -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            stats.documents_examined += 1;
            documents.read(number, |it| each(number, it))
        };
        if backward(view, keys, &range, &mut fetch)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Hands over the numbers behind an index's ranges in key order; those with equal keys in natural order.
pub fn numbers_in_order(
    view: View<'_>,
    collection: &Collection,
    lookup: &Candidate,
    ordered: Ordered,
    mut fetch: impl FnMut(i64) -> Flow,
) -> Result<()> {
    let Some(keys) = lookup.place.keys(collection) else { return Ok(()) };
    let mut one = |range: &KeyRange| match ordered.backward {
        false => view.entries(keys, range, false, |_, number| fetch(number)),
        true => backward(view, keys, range, &mut fetch),
    };
    let ranges: &mut dyn Iterator<Item = &KeyRange> =
        if ordered.backward { &mut lookup.ranges.iter().rev() } else { &mut lookup.ranges.iter() };
    for range in ranges {
        if one(range)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads a range from its end, turning the numbers under each key around.
fn backward(view: View<'_>, keys: &KeyTable, range: &KeyRange, fetch: &mut impl FnMut(i64) -> Flow) -> Flow {
    let mut key = Vec::new();
    let mut run: Vec<i64> = Vec::new();
    let mut emit = |run: &mut Vec<i64>| -> Flow {
        while let Some(number) = run.pop() {
            if fetch(number)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    let flow = view.entries(keys, range, true, |next, number| {
        if next != key {
            if emit(&mut run)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            key.clear();
            key.extend_from_slice(next);
        }
        run.push(number);
        Ok(ControlFlow::Continue(()))
    })?;
    if flow.is_break() { Ok(flow) } else { emit(&mut run) }
}
