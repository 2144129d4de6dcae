//! A query: filter, then sort, then page, then project.

use bson::raw::RawDocumentBuf;
use bson::{DateTime, Document};

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
}

/// The answer to a query.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub documents: Vec<RawDocumentBuf>,
    pub stats: Stats,
}
