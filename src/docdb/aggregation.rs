//! Running a pipeline on one snapshot: what it begins with is answered by indexes, the rest flows through its stages.

use std::collections::{BTreeSet, VecDeque};

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::aggregate::{Collections, Context, GeoNear, Pipeline};
use super::filter::Filter;
use super::index::Order;
use super::query::{Found, Query, Stats};
use super::store::{Collection, Snapshot};
use super::{Database, Error, Result};

/// Documents fetched at a time while a pipeline reads a whole collection.
const BATCH: i64 = 500;

impl Database {
    /// Runs a pipeline over a collection. What `$sample` picks depends on `now`.
    pub fn aggregate(&self, collection: &str, pipeline: &[Document], now: DateTime) -> Result<Found> {
        let pipeline = Pipeline::parse(pipeline)?;
        let snapshot = self.store().snapshot()?;
        let collection = snapshot.collection(collection)?;
        let others = Others { database: self, snapshot: &snapshot, now };
        let context = Context::new(now, now.timestamp_millis().unsigned_abs(), &others);
        let leading = pipeline.leading();
        let (documents, stats) = if let Some(near) = &leading.near {
            let filter = near.filter(&near_path(&collection, near)?);
            let query = leading_query(filter, Document::new(), leading.limit, now);
            let found = self.read(&snapshot, &collection, &query)?;
            let filter = Filter::parse(&query.filter, now)?;
            let input = found.documents.iter().map(|it| Ok(near.complete(&filter, decode(it)?)));
            (pipeline.run_after_leading(input, &context)?, found.stats)
        } else if leading.filter.is_empty() && leading.sort.is_empty() {
            let mut all = All {
                snapshot: &snapshot,
                collection: &collection,
                needed: pipeline.needed(),
                last: i64::MIN,
                read: 0,
                batch: VecDeque::new(),
            };
            let limit = usize::try_from(leading.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
            let documents = pipeline.run_after_leading(all.by_ref().take(limit), &context)?;
            (documents, Stats { documents_examined: all.read, ..Stats::default() })
        } else {
            let query = leading_query(leading.filter.clone(), leading.sort.clone(), leading.limit, now);
            let found = self.read(&snapshot, &collection, &query)?;
            let input = found.documents.iter().map(|it| decode_needed(it, pipeline.needed()));
            (pipeline.run_after_leading(input, &context)?, found.stats)
        };
        let documents = documents.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let stats = Stats { returned: documents.len() as u64, ..stats };
        Ok(Found { documents, stats })
    }
}

/// The field that `$geoNear` looks at: the one it names, else the only one with a `2dsphere` index.
fn near_path(collection: &Collection, near: &GeoNear) -> Result<String> {
    if let Some(key) = &near.key {
        return Ok(key.clone());
    }
    let keys = collection.indexes.iter().flat_map(|it| &it.definition.keys);
    let mut paths: Vec<_> = keys.filter(|(_, order)| *order == Order::Sphere).map(|(path, _)| path).collect();
    paths.sort_unstable();
    paths.dedup();
    match paths.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Error::invalid(27, "$geoNear requires a 2d or 2dsphere index, but none were found")),
        _ => {
            let name = &collection.name;
            let message =
                format!("There is more than one 2dsphere index on {name}; unsure which to use for $geoNear");
            Err(Error::invalid(27, message))
        }
    }
}

/// The other collections of the same snapshot.
struct Others<'a> {
    database: &'a Database,
    snapshot: &'a Snapshot,
    now: DateTime,
}

impl Collections for Others<'_> {
    fn read(&self, name: &str, filter: &Document) -> Result<Vec<Document>> {
        let collection = self.snapshot.collection(name)?;
        let query = leading_query(filter.clone(), Document::new(), None, self.now);
        let found = self.database.read(self.snapshot, &collection, &query)?;
        found.documents.iter().map(|it| decode(it)).collect()
    }
}

/// All documents of a collection in natural order, a batch at a time.
struct All<'a> {
    snapshot: &'a Snapshot,
    collection: &'a Collection,
    needed: Option<&'a BTreeSet<String>>,
    last: i64,
    read: u64,
    batch: VecDeque<Document>,
}

impl Iterator for All<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.is_empty() {
            let All { snapshot, collection, needed, last, batch, .. } = self;
            let fetched = snapshot.view().documents_after(collection, *last, BATCH, |number, document| {
                *last = number;
                batch.push_back(decode_needed(document, *needed)?);
                Ok(())
            });
            if let Err(error) = fetched {
                return Some(Err(error));
            }
        }
        let document = self.batch.pop_front()?;
        self.read += 1;
        Some(Ok(document))
    }
}

fn leading_query(filter: Document, sort: Document, limit: Option<u64>, now: DateTime) -> Query {
    Query { filter, sort, skip: 0, limit, projection: Document::new(), now }
}

fn decode(document: &RawDocument) -> Result<Document> {
    Document::try_from(document).map_err(damaged)
}

/// Decodes some of the fields, or all.
fn decode_needed(document: &RawDocument, needed: Option<&BTreeSet<String>>) -> Result<Document> {
    let Some(needed) = needed else { return decode(document) };
    let mut fields = Document::new();
    for element in document.iter_elements() {
        let element = element.map_err(damaged)?;
        let name = element.key().as_str();
        if needed.contains(name) {
            fields.insert(name, Bson::try_from(element.value().map_err(damaged)?).map_err(damaged)?);
        }
    }
    Ok(fields)
}

fn damaged(error: bson::error::Error) -> Error {
    Error::Damaged { detail: error.to_string() }
}

fn encode(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(2, error.to_string()))
}
