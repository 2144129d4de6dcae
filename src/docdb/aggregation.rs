//! Running a pipeline on one snapshot: what it begins with is answered by indexes, the rest flows through its stages.

use std::collections::BTreeSet;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::aggregate::{Collections, Context, GeoNear, Memory, Pipeline};
use super::filter::Filter;
use super::index::Order;
use super::query::{Found, Query, Stats};
use super::store::{Collection, Snapshot};
use super::stream::Stream;
use super::value::limits::STAGE_MEMORY;
use super::{Database, Error, Result};

impl Database {
    /// Runs a pipeline over a collection. What `$sample` picks depends on `now`.
    pub fn aggregate(&self, collection: &str, pipeline: &[Document], now: DateTime) -> Result<Found> {
        self.aggregate_within(STAGE_MEMORY, collection, pipeline, now)
    }

    /// Runs a pipeline no stage of which may hold more than `memory` bytes.
    pub(super) fn aggregate_within(
        &self,
        memory: usize,
        collection: &str,
        pipeline: &[Document],
        now: DateTime,
    ) -> Result<Found> {
        let pipeline = Pipeline::parse(pipeline)?;
        let snapshot = self.store().snapshot()?;
        let others = Others { database: self, snapshot: &snapshot, now, memory };
        let seed = now.timestamp_millis().unsigned_abs();
        let context = Context::new(now, seed, &others).with_memory_limit(memory);
        let leading = pipeline.leading();
        let filter = match &leading.near {
            Some(near) => {
                near.filter(&near_path(&*snapshot.collection(collection)?, near)?, &Document::new())
            }
            None => leading.filter.clone(),
        };
        let by_distance = match &leading.near {
            Some(near) => Some((near, Filter::parse(&filter, now)?)),
            None => None,
        };
        let query = leading_query(filter, leading.sort.clone(), leading.limit, now);
        let mut stream = self.stream(&snapshot, collection, &query, memory)?;
        let input = stream.by_ref().map(|document| match &by_distance {
            Some((near, filter)) => Ok(near.complete(filter, decode(&document?)?)),
            None => decode_needed(&document?, pipeline.needed()),
        });
        let mut found = Memory::of(memory);
        let mut documents = Vec::new();
        for document in pipeline.flow_after_leading(Box::new(input), &context)? {
            let document = encode(&document?)?;
            found.hold(document.as_bytes().len() + size_of_val(&document))?;
            documents.push(document);
        }
        let stats = Stats { returned: documents.len() as u64, ..stream.note()? };
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
    memory: usize,
}

impl Collections for Others<'_> {
    fn read<'s>(
        &'s self,
        name: &str,
        filter: &Document,
    ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>> {
        let query = leading_query(filter.clone(), Document::new(), None, self.now);
        let stream = self.database.stream(self.snapshot, name, &query, self.memory)?;
        Ok(Box::new(Other(stream)))
    }

    fn near<'s>(
        &'s self,
        name: &str,
        near: &'s GeoNear,
        limit: Option<u64>,
        filter: &Document,
    ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>> {
        let path = near_path(&*self.snapshot.collection(name)?, near)?;
        let filter = near.filter(&path, filter);
        let by_distance = Filter::parse(&filter, self.now)?;
        let query = leading_query(filter, Document::new(), limit, self.now);
        let stream = self.database.stream(self.snapshot, name, &query, self.memory)?;
        Ok(Box::new(Other(stream).map(move |it| Ok(near.complete(&by_distance, it?)))))
    }
}

/// Documents of another collection. The query is remembered for advice when its reader is done with it.
struct Other<'a>(Stream<'a>);

impl Iterator for Other<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(|document| decode(&document)))
    }
}

impl Drop for Other<'_> {
    fn drop(&mut self) {
        // Its reader has what it wanted: advice is not worth an error.
        let _ = self.0.note();
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
