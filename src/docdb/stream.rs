//! Documents that a query finds, one after another: what is held is their numbers, or what a sort or a place needs.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use bson::raw::{RawDocument, RawDocumentBuf};

use super::aggregate::MEMORY_EXCEEDED;
use super::filter::Filter;
use super::plan;
use super::project::Projection;
use super::query::{Query, Selection, Stats, select};
use super::sort::Sort;
use super::store::{Collection, Snapshot};
use super::value::limits::STAGE_MEMORY;
use super::{Database, Error, Result};

/// Documents and bytes that are fetched at a time while a whole collection is read.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 1024 * 1024;

/// A limit that the documents of one answer stay below: they are fetched at once, and no further than they must be.
const FEW: u64 = 1000;

/// A query under way.
pub(super) struct Stream<'a> {
    database: &'a Database,
    snapshot: &'a Snapshot,
    collection: Arc<Collection>,
    filter: Filter,
    sort: Option<Sort>,
    source: Source,
    /// Documents to pass over, and then to return.
    skip: u64,
    left: u64,
    stats: Stats,
}

enum Source {
    /// The collection in natural order.
    Scan { last: i64, batch: VecDeque<RawDocumentBuf> },
    /// Of documents that may match, or all do, in their final order.
    Numbers { numbers: std::vec::IntoIter<i64>, all_match: bool },
    /// All that is wanted.
    Held(std::vec::IntoIter<(i64, RawDocumentBuf)>),
}

impl Database {
    /// Hands each document that a query finds to `each`, until it breaks off.
    ///
    /// # Errors
    /// As for `find`; a sort that no index serves needs more than [`STAGE_MEMORY`]; or `each` failed.
    pub fn visit<E: From<super::Error>>(
        &self,
        collection: &str,
        query: &Query,
        mut each: impl FnMut(&RawDocument) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let snapshot = self.store().snapshot()?;
        let mut stream = self.stream(&snapshot, collection, query, STAGE_MEMORY)?;
        let projection = Projection::parse(&query.projection, &stream.filter, query.now)?;
        while let Some(document) = stream.fetch_next()? {
            match query.projection.is_empty() {
                true => each(&document)?,
                false => each(&projection.apply(&document, &stream.filter)?)?,
            }
        }
        stream.note()?;
        Ok(())
    }

    /// Begins a query whose projection somebody else applies; `memory` is what a sort may hold, in bytes.
    pub(super) fn stream<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        collection: &str,
        query: &Query,
        memory: usize,
    ) -> Result<Stream<'a>> {
        let (view, collection) = (snapshot.view(), snapshot.collection(collection)?);
        let filter = Filter::parse(&query.filter, query.now)?;
        let sort = (!query.sort.is_empty()).then(|| Sort::parse(&query.sort)).transpose()?;
        let Query { skip, limit, .. } = *query;
        let selection = Selection { filter: &filter, sort: sort.as_ref(), skip, limit };
        let plan = plan::choose(view, &collection, &selection)?;
        self.advisor().admit(view, &collection, &selection, &plan)?;
        plan.note_use(&collection);
        let mut stats = plan.stats();
        let sorts = sort.is_some() && !plan.order().is_some_and(|it| it.ties_kept);
        let few = limit.is_some_and(|limit| limit <= FEW);
        let streamed = if sorts || few { None } else { plan.numbers(view, &collection, &mut stats)? };
        let (source, skip) = match streamed {
            Some(numbers) => (
                Source::Numbers { numbers: numbers.into_iter(), all_match: plan.passes(sort.is_some()) },
                skip,
            ),
            None if plan.is_scan() && !sorts && !few => {
                (Source::Scan { last: i64::MIN, batch: VecDeque::new() }, skip)
            }
            None => match select(view, &collection, &selection, &plan, None, &mut stats, memory) {
                Ok(found) => (Source::Held(found.into_iter()), 0),
                Err(error @ Error::Invalid { code: MEMORY_EXCEEDED, .. }) => {
                    // What is too much to sort may still come in order, if more slowly.
                    let Some(plan) = plan::in_order(&collection, &selection) else { return Err(error) };
                    stats = plan.stats();
                    let numbers = plan.numbers(view, &collection, &mut stats)?.unwrap_or_default();
                    (Source::Numbers { numbers: numbers.into_iter(), all_match: false }, skip)
                }
                Err(error) => return Err(error),
            },
        };
        stats.returned = 0;
        let left = limit.unwrap_or(u64::MAX);
        Ok(Stream { database: self, snapshot, collection, filter, sort, source, skip, left, stats })
    }
}

impl Stream<'_> {
    /// Remembers the query for advice, and returns what it has cost.
    pub fn note(&mut self) -> Result<Stats> {
        let Stream { snapshot, collection, filter, sort, stats, .. } = self;
        let selection = Selection { filter, sort: sort.as_ref(), skip: 0, limit: None };
        self.database.advisor().note(snapshot.view(), collection, &selection, stats)?;
        Ok(stats.clone())
    }

    fn fetch_next(&mut self) -> Result<Option<RawDocumentBuf>> {
        if self.left == 0 {
            return Ok(None);
        }
        while self.skip > 0 && self.fetch()?.is_some() {
            self.skip -= 1;
        }
        let found = self.fetch()?;
        if found.is_some() {
            self.left -= 1;
            self.stats.returned += 1;
        }
        Ok(found)
    }

    fn fetch(&mut self) -> Result<Option<RawDocumentBuf>> {
        let Stream { snapshot, collection, filter, source, stats, .. } = self;
        let view = snapshot.view();
        match source {
            Source::Held(documents) => Ok(documents.next().map(|(_, document)| document)),
            Source::Numbers { numbers, all_match } => {
                for number in numbers {
                    stats.documents_examined += 1;
                    let document = view.document_buf(collection, number)?;
                    if *all_match || filter.matches(&*document)? {
                        return Ok(Some(document));
                    }
                }
                Ok(None)
            }
            Source::Scan { last, batch } => loop {
                if let Some(document) = batch.pop_front() {
                    return Ok(Some(document));
                }
                let (before, mut read, mut bytes) = (*last, 0, 0);
                view.documents_between(collection, before, i64::MAX, |number, document| {
                    (*last, read) = (number, read + 1);
                    stats.documents_examined += 1;
                    if filter.matches(document)? {
                        bytes += document.as_bytes().len();
                        batch.push_back(document.to_owned());
                    }
                    let is_full = read >= BATCH || bytes >= BATCH_BYTES;
                    Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
                if *last == before {
                    return Ok(None);
                }
            },
        }
    }
}

impl Iterator for Stream<'_> {
    type Item = Result<RawDocumentBuf>;

    fn next(&mut self) -> Option<Self::Item> {
        self.fetch_next().transpose()
    }
}
