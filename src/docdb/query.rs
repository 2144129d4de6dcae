//! A query: filter, then sort, then page, then project.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Instant;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{DateTime, Document};

use super::aggregate::Memory;
use super::feed::Numbered;
use super::filter::Filter;
use super::index::IndexDefinition;
use super::plan::{self, Advisor, Explanation, Plan};
use super::project::Projection;
use super::search::Search;
use super::sort::Sort;
use super::store::{Collection, View};
use super::top::Top;
use super::transaction::{TransactionId, WriteSet, hold};
use super::write::id_key;
use super::{Database, Error, Result};

/// Matches that are passed over and may be held meanwhile.
const MOST_PASSED: u64 = 1_000;

/// What to read from a collection.
#[derive(Debug, Clone)]
pub struct Query {
    pub filter: Document,
    /// Field path → 1 or -1, in order of weight.
    pub sort: Document,
    pub skip: u64,
    /// No limit when `None`.
    pub limit: Option<u64>,
    /// MongoDB's projection; empty keeps everything.
    pub projection: Document,
    /// The request's present, for `$$NOW` and server dates.
    pub now: DateTime,
}

/// What a query cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// The index the plan used; `None` is a scan of the collection.
    pub index: Option<String>,
    pub keys_examined: u64,
    pub documents_examined: u64,
    pub returned: u64,
    /// Whether documents were sorted in memory because no index gave the order.
    pub sorted_in_memory: bool,
    /// The index that would have served, when none did.
    pub missed: Option<IndexDefinition>,
}

/// The answer to a query.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub documents: Vec<RawDocumentBuf>,
    pub stats: Stats,
}

/// The documents that a change is about, in natural order.
pub(super) struct Matches {
    pub documents: Vec<Matched>,
    pub stats: Stats,
}

/// One of them.
pub(super) enum Matched {
    /// Under this number in the store, not read yet: there may be very many.
    Stored(i64),
    /// As a transaction sees it.
    Seen(RawDocumentBuf),
}

/// A parsed query without its projection.
pub(super) struct Selection<'q> {
    pub filter: &'q Filter,
    pub sort: Option<&'q Sort>,
    pub skip: u64,
    pub limit: Option<u64>,
}

impl Database {
    pub fn find(
        &self,
        transaction: Option<&TransactionId>,
        collection: &str,
        query: &Query,
    ) -> Result<Found> {
        self.transactions().expire(query.now);
        let Some(id) = transaction else {
            let snapshot = self.store().snapshot()?;
            return self.answer(snapshot.view(), &*snapshot.collection(collection)?, query, None);
        };
        let running = self.transactions().find(id)?;
        let running = hold(&running);
        running.check(id)?;
        let collection = running.snapshot.collection(collection)?;
        self.answer(running.snapshot.view(), &collection, query, Some(&running.writes))
    }

    /// Reads documents of the newest state as a whole, and returns the number of the last commit told that it holds:
    /// whoever listened before goes on from there. Writers wait for the moment, not for the reading.
    pub fn find_latest(&self, collection: &str, query: &Query) -> Result<(Vec<Numbered>, Stats, u64)> {
        let write = self.store().write()?;
        let snapshot = self.store().snapshot()?;
        let told = self.feed().told();
        drop(write);
        let collection = snapshot.collection(collection)?;
        let asked = Parsed::of(query)?;
        let (found, stats) = self.run(snapshot.view(), &collection, &asked.selection(query), None)?;
        let numbered = found.into_iter().map(|(number, document)| Numbered { number, document });
        Ok((numbered.collect(), stats, told))
    }

    pub fn count(&self, collection: &str, filter: &Document, now: DateTime) -> Result<(u64, Stats)> {
        let snapshot = self.store().snapshot()?;
        let collection = snapshot.collection(collection)?;
        let filter = Filter::parse(filter, now)?;
        if filter.near().is_some() {
            let message = "$geoNear, $near, and $nearSphere are not allowed in this context";
            return Err(Error::invalid(2, message));
        }
        let selection = Selection { filter: &filter, sort: None, skip: 0, limit: None };
        let plan = plan::choose_to_count(snapshot.view(), &collection, &selection)?;
        self.advisor().admit(snapshot.view(), &collection, &selection, &plan)?;
        plan.note_use(&collection);
        let mut stats = plan.stats();
        let mut count = 0;
        match plan.count(snapshot.view(), &collection, &mut stats)? {
            Some(exact) => count = exact,
            None if plan.is_search() => {
                let found = Search { collection: &collection, filter: &filter, take: |_, _: &_| () };
                count = found.first(snapshot.view(), None, &mut stats)?.len() as u64;
            }
            None => plan.run(snapshot.view(), &collection, 0, &mut stats, |_, document| {
                count += u64::from(filter.matches(document)?);
                Ok(ControlFlow::Continue(()))
            })?,
        }
        self.advisor().note(snapshot.view(), &collection, &selection, &mut stats)?;
        Ok((count, stats))
    }

    /// Returns the plan of a query and what running it cost. The query is neither refused nor remembered.
    pub fn explain(&self, collection: &str, query: &Query) -> Result<Explanation> {
        let snapshot = self.store().snapshot()?;
        let (view, collection) = (snapshot.view(), snapshot.collection(collection)?);
        let started = Instant::now();
        let asked = Parsed::of(query)?;
        let selection = asked.selection(query);
        let plan = plan::choose(view, &collection, &selection)?;
        let mut stats = plan.stats();
        asked.project(select(view, &collection, &selection, &plan, None, &mut stats, usize::MAX)?)?;
        let elapsed = started.elapsed();
        stats.missed = plan::missed(view, &collection, &selection, &stats)?;
        let alternatives = plan::alternatives(view, &collection, &selection)?;
        Ok(Explanation { stats, bounds: plan.bounds(), elapsed, alternatives })
    }

    fn answer(
        &self,
        view: View<'_>,
        collection: &Collection,
        query: &Query,
        writes: Option<&WriteSet>,
    ) -> Result<Found> {
        let asked = Parsed::of(query)?;
        let (found, stats) = self.run(view, collection, &asked.selection(query), writes)?;
        Ok(Found { documents: asked.project(found)?, stats })
    }

    fn run(
        &self,
        view: View<'_>,
        collection: &Collection,
        selection: &Selection<'_>,
        writes: Option<&WriteSet>,
    ) -> Result<(Vec<(i64, RawDocumentBuf)>, Stats)> {
        let plan = plan::choose(view, collection, selection)?;
        self.advisor().admit(view, collection, selection, &plan)?;
        plan.note_use(collection);
        let mut stats = plan.stats();
        let found = select(view, collection, selection, &plan, writes, &mut stats, usize::MAX)?;
        self.advisor().note(view, collection, selection, &mut stats)?;
        Ok((found, stats))
    }
}

/// A query read, not yet run.
struct Parsed {
    filter: Filter,
    sort: Option<Sort>,
    projection: Option<Projection>,
}

impl Parsed {
    fn of(query: &Query) -> Result<Self> {
        let filter = Filter::parse(&query.filter, query.now)?;
        let projection = Projection::parse(&query.projection, &filter, query.now)?;
        Ok(Parsed {
            filter,
            sort: (!query.sort.is_empty()).then(|| Sort::parse(&query.sort)).transpose()?,
            projection: (!query.projection.is_empty()).then_some(projection),
        })
    }

    fn selection(&self, query: &Query) -> Selection<'_> {
        let Parsed { filter, sort, .. } = self;
        Selection { filter, sort: sort.as_ref(), skip: query.skip, limit: query.limit }
    }

    fn project(&self, found: Vec<(i64, RawDocumentBuf)>) -> Result<Vec<RawDocumentBuf>> {
        let documents = found.into_iter().map(|(_, document)| document);
        match &self.projection {
            None => Ok(documents.collect()),
            Some(projection) => documents.map(|it| projection.apply(&it, &self.filter)).collect(),
        }
    }
}

/// Finds the first or all documents that a change is about.
pub(super) fn matches(
    view: View<'_>,
    collection: &Collection,
    filter: &Filter,
    writes: Option<&WriteSet>,
    all: bool,
    advisor: &Advisor,
) -> Result<Matches> {
    let selection = Selection { filter, sort: None, skip: 0, limit: if all { None } else { Some(1) } };
    let plan = plan::choose(view, collection, &selection)?;
    advisor.admit(view, collection, &selection, &plan)?;
    plan.note_use(collection);
    let mut stats = plan.stats();
    let mut documents = Vec::new();
    if writes.is_some() {
        let found = select(view, collection, &selection, &plan, writes, &mut stats, usize::MAX)?;
        documents.extend(found.into_iter().map(|(_, document)| Matched::Seen(document)));
    } else {
        plan.run(view, collection, 0, &mut stats, |number, document| {
            if filter.matches(document)? {
                documents.push(Matched::Stored(number));
            }
            Ok(if all || documents.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    stats.returned = documents.len() as u64;
    advisor.note(view, collection, &selection, &mut stats)?;
    Ok(Matches { documents, stats })
}

/// Runs a plan and pages through what matches.
///
/// # Errors
/// More than `memory` bytes would be held.
pub(super) fn select(
    view: View<'_>,
    collection: &Collection,
    selection: &Selection<'_>,
    plan: &Plan,
    writes: Option<&WriteSet>,
    stats: &mut Stats,
    memory: usize,
) -> Result<Vec<(i64, RawDocumentBuf)>> {
    let is_unlimited = memory == usize::MAX;
    let mut memory = Memory::of(memory);
    let writes = writes.filter(|it| !it.spares(collection));
    let end = selection.limit.map(|limit| selection.skip.saturating_add(limit));
    let found = match writes {
        Some(writes) => merged(view, collection, selection, plan, writes, stats)?,
        None if selection.sort.is_some() && !plan.order().is_some_and(|it| it.ties_kept) => {
            stats.sorted_in_memory = plan.order().is_none();
            let mut top = Top::new(end);
            plan.run(view, collection, 0, stats, |number, document| {
                if selection.filter.matches(document)? {
                    let beyond = top.offer(selection.key(document)?, number, document);
                    memory.now_holds(top.bytes())?;
                    // Documents come in order of the sort, only ties between them do not.
                    if beyond && plan.order().is_some() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
            top.into_sorted()
        }
        // Here what is passed over is held until the end, and nobody counts what is held.
        None if plan.is_search()
            && is_unlimited
            && selection.skip <= MOST_PASSED
            && selection.limit != Some(0) =>
        {
            let take = |number, document: &RawDocument| (number, document.to_owned());
            Search { collection, filter: selection.filter, take }.first(view, end, stats)?
        }
        None => {
            let mut found = Vec::new();
            let unread = if plan.passes(selection.sort.is_some()) { selection.skip } else { 0 };
            let mut passed = unread;
            if selection.limit != Some(0) {
                plan.run(view, collection, unread, stats, |number, document| {
                    if selection.filter.matches(document)? {
                        passed += 1;
                        if passed > selection.skip {
                            memory.hold(document.as_bytes().len())?;
                            found.push((number, document.to_owned()));
                        }
                    }
                    Ok(if Some(passed) == end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
            }
            stats.returned = found.len() as u64;
            return Ok(found);
        }
    };
    let skip = usize::try_from(selection.skip).unwrap_or(usize::MAX);
    let limit = usize::try_from(selection.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let page: Vec<_> = found.into_iter().skip(skip).take(limit).collect();
    stats.returned = page.len() as u64;
    Ok(page)
}

/// Everything that matches in a transaction: the snapshot without the documents it wrote, and those as it left them.
fn merged(
    view: View<'_>,
    collection: &Collection,
    selection: &Selection<'_>,
    plan: &Plan,
    writes: &WriteSet,
    stats: &mut Stats,
) -> Result<Vec<(i64, RawDocumentBuf)>> {
    let written: HashMap<_, _> = writes.of(collection).into_iter().collect();
    let mut top = Top::new(None);
    plan.run(view, collection, 0, stats, |number, document| {
        if selection.filter.matches(document)? && !written.contains_key(id_key(document)?.as_slice()) {
            top.offer(selection.key(document)?, number, document);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (id, document) in writes.of(collection) {
        let Some(document) = document else { continue };
        if selection.filter.matches(document)? {
            let number = view.find(&collection.ids, id)?.unwrap_or(i64::MAX);
            top.offer(selection.key(document)?, number, document);
        }
    }
    Ok(top.into_sorted())
}

impl Selection<'_> {
    /// The bytes by which a document is sorted: those of the wanted order, else of its distance.
    fn key(&self, document: &RawDocument) -> Result<Vec<u8>> {
        match (self.sort, self.filter.near()) {
            (Some(sort), _) => sort.key(document),
            (None, Some((path, near))) => {
                let distance = near.closest(path, document.into()).map(|(distance, _)| distance);
                // No distance is negative: the bits of such numbers are in their order.
                Ok(distance.unwrap_or(f64::INFINITY).to_bits().to_be_bytes().to_vec())
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}
