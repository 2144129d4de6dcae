//! Documents by their distance from a place: cells are opened in the order of how near they can be.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::f64::consts::PI;
use std::ops::ControlFlow;

use bson::raw::RawDocument;

use super::bounds::Interval;
use super::candidate::{Candidate, consider_near};
use super::conditions::Conditions;
use crate::docdb::Result;
use crate::docdb::filter::geo::no_near_index;
use crate::docdb::geometry::{Cell, Near};
use crate::docdb::query::Stats;
use crate::docdb::store::{Collection, KeyRange, KeyTable, View};
use crate::docdb::value::path::FieldPath;
use crate::docdb::value::view::View as Value;

/// A cell with more keys than this is divided before its documents are read.
const FEW: u64 = 32;

/// An index, and the place by whose distance it is read.
#[derive(Debug)]
pub struct NearLookup {
    /// Its ranges begin where the cells of one choice of leading fields do.
    pub index: Candidate,
    path: FieldPath,
    near: Near,
}

/// Something to look at when its turn comes.
struct Ahead {
    /// Nothing in it is nearer. Radians.
    distance: f64,
    what: What,
}

/// Cells come before documents of the same distance: they may hold earlier ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// With the leading fields, by the place of their range.
    Cell(usize, Cell),
    Document(i64),
}

impl NearLookup {
    /// Finds an index whose geometry is at the path.
    ///
    /// # Errors
    /// There is none, and nothing else can answer.
    pub fn choose(
        collection: &Collection,
        conditions: &Conditions,
        path: &FieldPath,
        near: &Near,
    ) -> Result<Self> {
        let indexes = collection.indexes.iter().enumerate();
        let usable = indexes.filter_map(|(at, it)| consider_near(at, it, conditions, path.as_str()));
        // The more leading fields are given, the fewer keys are read.
        let index = usable.max_by_key(|it| it.ranges.first().map(|it| it.low.len()));
        let index = index.ok_or_else(no_near_index)?;
        Ok(NearLookup { index, path: path.clone(), near: near.clone() })
    }

    /// Reads documents, the nearest first and those of equal distance in natural order.
    pub fn run(
        &self,
        view: View<'_>,
        collection: &Collection,
        stats: &mut Stats,
        mut each: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let Some(keys) = self.index.place.keys(collection) else { return Ok(()) };
        let mut ahead: BinaryHeap<_> = (0..self.index.ranges.len())
            .flat_map(|lead| Cell::faces().filter_map(move |it| self.ahead(lead, it)))
            .collect();
        let mut seen = HashSet::new();
        while let Some(Reverse(next)) = ahead.pop() {
            match next.what {
                What::Document(number) => {
                    if view.document(collection, number, |it| each(number, it))?.is_break() {
                        break;
                    }
                }
                What::Cell(lead, cell) => {
                    let numbers = self.open(view, keys, lead, cell, &mut ahead)?;
                    stats.keys_examined += numbers.len() as u64;
                    for number in numbers.into_iter().filter(|it| seen.insert(*it)) {
                        stats.documents_examined += 1;
                        let distance = view.document(collection, number, |it| Ok(self.distance(it)))?;
                        let found = distance.map(|distance| Ahead { distance, what: What::Document(number) });
                        ahead.extend(found.map(Reverse));
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the documents to read in a cell; when these are many, those of the cell itself, and the cells in it wait.
    fn open(
        &self,
        view: View<'_>,
        keys: &KeyTable,
        lead: usize,
        cell: Cell,
        ahead: &mut BinaryHeap<Reverse<Ahead>>,
    ) -> Result<Vec<i64>> {
        let all = self.range(lead, &Interval::texts(&cell.name()));
        let divides = !cell.is_smallest() && view.count(keys, &all, FEW + 1)? > FEW;
        let range =
            if divides { self.range(lead, &Interval::point(Value::String(&cell.name()))) } else { all };
        if divides {
            ahead.extend(cell.children().filter_map(|it| self.ahead(lead, it)));
        }
        let mut numbers = Vec::new();
        let _ = view.entries(keys, &range, false, |_, number| {
            numbers.push(number);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(numbers)
    }

    fn range(&self, lead: usize, interval: &Interval) -> KeyRange {
        let lead = self.index.ranges.get(lead).map_or(&[][..], |it| it.low.as_slice());
        let (low, high) = interval.span(false);
        KeyRange { low: [lead, &low].concat(), high: [lead, &high].concat() }
    }

    /// A cell to look at, unless it lies outside the distances looked for.
    fn ahead(&self, lead: usize, cell: Cell) -> Option<Reverse<Ahead>> {
        let Near { center, nearest, farthest, scale } = self.near;
        let distance = cell.distance(center);
        let at_most = PI - cell.distance(center.opposite());
        let inside = distance * scale <= farthest && at_most * scale >= nearest;
        inside.then_some(Reverse(Ahead { distance, what: What::Cell(lead, cell) }))
    }

    fn distance(&self, document: &RawDocument) -> Option<f64> {
        let (distance, _) = self.near.closest(&self.path, document.into())?;
        self.near.accepts(distance).then_some(distance / self.near.scale)
    }
}

impl Ord for Ahead {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then_with(|| self.what.cmp(&other.what))
    }
}

impl PartialOrd for Ahead {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ahead {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ahead {}
