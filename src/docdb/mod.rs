//! An embedded MongoDB-like document database. It knows nothing of CloudBase, of HTTP, of users or of the clock: what needs
//! a time or a fresh id is handed one.
//!
//! Calls are synchronous. Many readers run beside one writer; a reader sees the state of one commit.

pub mod aggregate;
pub mod error;
pub mod feed;
pub mod filter;
pub mod index;
pub mod key;
pub mod plan;
pub mod query;
mod store;
pub mod transaction;
pub mod update;
pub mod value;

use std::path::Path;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

pub use error::Error;
use index::{IndexDefinition, IndexStatus};
use plan::{Advice, Explanation};
use query::{Found, Query};
use transaction::TransactionId;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing outlives the process: for tests.
    Ephemeral,
    /// An acknowledged write survives `kill -9`; a power cut loses at most the newest commits.
    #[default]
    Normal,
    /// An acknowledged write survives a power cut.
    Full,
}

/// One database file with its collections. Clones share it.
#[derive(Clone)]
pub struct Database {/* Arc<…> */}

/// A collection and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionStatus {
    pub name: String,
    pub documents: u64,
    /// Bytes of all documents.
    pub size: u64,
    pub indexes: u64,
    pub index_size: u64,
}

/// A change to documents that a filter picks.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    pub filter: Document,
    /// Update operators, or (when no key begins with `$`) the whole new document without its `_id`.
    pub update: Document,
    /// All matching documents rather than the first.
    pub multi: bool,
    /// When nothing matches, insert; the new document's `_id` is the filter's, else this one.
    pub upsert: Option<Bson>,
    pub array_filters: Vec<Document>,
    pub now: DateTime,
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Updated {
    pub matched: u64,
    /// Documents whose stored value changed.
    pub modified: u64,
    pub upserted_id: Option<Bson>,
    /// The first changed (or upserted, or matched) document as it is now.
    pub document: Option<RawDocumentBuf>,
    pub stats: query::Stats,
}

impl Database {
    /// Opens or creates the file and takes its writer lock.
    ///
    /// # Errors
    /// Another process holds the lock; the file is damaged or not a database.
    pub fn open(_path: &Path, _durability: Durability) -> Result<Self> {
        todo!()
    }

    pub fn collections(&self) -> Result<Vec<CollectionStatus>> {
        todo!()
    }
    pub fn create_collection(&self, _name: &str) -> Result<()> {
        todo!()
    }
    pub fn drop_collection(&self, _name: &str) -> Result<()> {
        todo!()
    }

    /// Returns the collection's indexes, `_id_` first.
    pub fn indexes(&self, _collection: &str) -> Result<Vec<IndexStatus>> {
        todo!()
    }
    /// Builds an index over what is stored. An equal index that exists already is left alone.
    pub fn create_index(&self, _collection: &str, _index: &IndexDefinition) -> Result<()> {
        todo!()
    }
    pub fn drop_index(&self, _collection: &str, _name: &str) -> Result<()> {
        todo!()
    }

    /// Inserts documents in order and stops at the first that fails; every document brings its `_id`.
    pub fn insert(
        &self,
        _transaction: Option<&TransactionId>,
        _collection: &str,
        _documents: Vec<RawDocumentBuf>,
    ) -> Result<Vec<Bson>> {
        todo!()
    }
    pub fn find(
        &self,
        _transaction: Option<&TransactionId>,
        _collection: &str,
        _query: &Query,
    ) -> Result<Found> {
        todo!()
    }
    pub fn count(
        &self,
        _collection: &str,
        _filter: &Document,
        _now: DateTime,
    ) -> Result<(u64, query::Stats)> {
        todo!()
    }
    pub fn update(
        &self,
        _transaction: Option<&TransactionId>,
        _collection: &str,
        _request: &UpdateRequest,
    ) -> Result<Updated> {
        todo!()
    }
    /// Removes the first match, or all; returns how many went.
    pub fn remove(
        &self,
        _transaction: Option<&TransactionId>,
        _collection: &str,
        _filter: &Document,
        _multi: bool,
        _now: DateTime,
    ) -> Result<(u64, query::Stats)> {
        todo!()
    }
    pub fn aggregate(&self, _collection: &str, _pipeline: &[Document], _now: DateTime) -> Result<Found> {
        todo!()
    }
    /// Returns the plan of a query and what running it cost.
    pub fn explain(&self, _collection: &str, _query: &Query) -> Result<Explanation> {
        todo!()
    }
    /// Returns the indexes that queries since start would have used, most wanted first.
    pub fn advice(&self) -> Vec<Advice> {
        todo!()
    }

    /// Starts a transaction that reads the present state and lives until `commit`, `abort` or its time limit.
    pub fn begin(&self, _id: TransactionId, _now: DateTime) -> Result<()> {
        todo!()
    }
    pub fn commit(&self, _id: &TransactionId, _now: DateTime) -> Result<()> {
        todo!()
    }
    pub fn abort(&self, _id: &TransactionId) -> Result<()> {
        todo!()
    }
}

#[expect(dead_code, reason = "names the raw type for the modules below")]
type Raw = RawDocument;
