//! An embedded MongoDB-like document database. It knows nothing of CloudBase, of HTTP, of users or of the clock: what needs
//! a time or a fresh id is handed one.
//!
//! Calls are synchronous. Many readers run beside one writer; a reader sees the state of one commit.

pub mod aggregate;
mod aggregation;
pub mod bounds;
#[cfg(test)]
pub mod cases;
mod change;
pub mod error;
pub mod feed;
pub mod filter;
mod geometry;
pub mod index;
pub mod key;
pub mod plan;
pub mod project;
pub mod query;
mod search;
pub mod sort;
mod state;
mod store;
mod stream;
mod top;
pub mod transaction;
pub mod update;
pub mod value;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use bson::raw::RawDocumentBuf;
use bson::{Bson, DateTime, Document};

pub use error::Error;
use feed::{Commit, Feed};
use index::{ID_INDEX, IndexDefinition, IndexStatus};
use plan::{Advice, Advisor, Unused};
use store::{Collection, Doubt, Store, View};
pub use store::{Lost, Salvage, Salvaged};
use transaction::Transactions;
use value::limits::MAXIMUM_INDEXES;

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
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    // Transactions hold snapshots of the store and go before it.
    transactions: Transactions,
    store: Arc<Store>,
    feed: Feed,
    advisor: Advisor,
}

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
    /// Opens or creates the file and takes its writer lock. An ephemeral database ignores the path and lives in a
    /// temporary folder of its own.
    ///
    /// # Errors
    /// Another process holds the lock; the file is damaged or not a database.
    pub fn open(path: &Path, durability: Durability) -> Result<Self> {
        let store = Arc::new(Store::open(path, durability)?);
        match store.doubt() {
            Doubt::None => store.trust()?,
            Doubt::Now => {
                index::check_agreement(&store.snapshot()?)?;
                store.trust()?;
            }
            // See `examine`.
            Doubt::Later(_) => {}
        }
        let inner = Inner {
            transactions: Transactions::default(),
            store,
            feed: Feed::default(),
            advisor: Advisor::default(),
        };
        Ok(Database { inner: Arc::new(inner) })
    }

    /// Whether the file may have been changed behind the program's back and is too large to have been examined yet.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self.store().doubt(), Doubt::Later(_))
    }

    /// Examines a file in doubt, which takes seconds, while others go on reading and writing.
    ///
    /// # Errors
    /// `Damaged`: from now on every operation ends in the same error.
    pub fn examine(&self) -> Result<()> {
        self.store().examine(index::check_agreement)
    }

    /// Returns how many commits the log of an unclean end held that could not be read: a power cut or something else
    /// has changed it. They are lost; what was committed before them is there.
    pub fn lost_commits(&self) -> u64 {
        self.store().lost_commits()
    }

    /// Returns the names of the collections, in their order.
    pub fn names(&self) -> Result<Vec<String>> {
        Ok(self.store().snapshot()?.catalogue().iter().map(|it| it.name.clone()).collect())
    }

    /// Returns every collection with its counts and sizes, for which its pages are walked.
    pub fn collections(&self) -> Result<Vec<CollectionStatus>> {
        let snapshot = self.store().snapshot()?;
        snapshot.catalogue().iter().map(|it| status(snapshot.view(), it)).collect()
    }

    /// Returns how many documents there are in all.
    pub fn documents(&self) -> Result<u64> {
        let snapshot = self.store().snapshot()?;
        snapshot.catalogue().iter().map(|it| Ok(snapshot.view().totals(it)?.0)).sum()
    }

    /// Creates an empty collection.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn create_collection(&self, name: &str) -> Result<()> {
        let mut write = self.store().write()?;
        write.create_collection(name)?;
        write.commit(|| ())
    }

    /// Returns the collection's indexes, `_id_` first.
    pub fn indexes(&self, collection: &str) -> Result<Vec<IndexStatus>> {
        let snapshot = self.store().snapshot()?;
        let collection = snapshot.collection(collection)?;
        let view = snapshot.view();
        let mut indexes = vec![IndexStatus {
            definition: IndexDefinition::of_id(),
            size: view.size(&collection.ids)?,
            uses: collection.id_uses.load(Ordering::Relaxed),
        }];
        for index in &collection.indexes {
            indexes.push(IndexStatus {
                definition: index.definition.clone(),
                size: view.size(&index.keys)?,
                uses: index.uses.load(Ordering::Relaxed),
            });
        }
        Ok(indexes)
    }

    /// Builds an index over what is stored. An equal index that exists already is left alone.
    ///
    /// # Errors
    /// One of the same name differs; two documents share a key of a unique index.
    pub fn create_index(&self, collection: &str, index: &IndexDefinition) -> Result<()> {
        index.check()?;
        let mut write = self.store().write()?;
        let collection = write.collection(collection)?;
        if index.name == ID_INDEX && *index == IndexDefinition::of_id() {
            return Ok(());
        }
        if let Some(present) = collection.indexes.iter().find(|it| it.definition.name == index.name) {
            return if present.definition == *index { Ok(()) } else { Err(conflict(&collection, index)) };
        }
        if index.name == ID_INDEX {
            return Err(conflict(&collection, index));
        }
        if collection.indexes.len() + 1 >= MAXIMUM_INDEXES {
            return Err(Error::invalid(
                67,
                format!("a collection may have at most {MAXIMUM_INDEXES} indexes"),
            ));
        }
        let created = write.create_index(&collection, index)?;
        index::build(&mut write, &collection, &created)?;
        write.commit(|| self.advisor().forget(&collection.name))
    }

    pub fn drop_index(&self, collection: &str, name: &str) -> Result<()> {
        let mut write = self.store().write()?;
        let collection = write.collection(collection)?;
        if name == ID_INDEX {
            return Err(Error::invalid(72, "cannot drop _id index"));
        }
        let Some(index) = collection.indexes.iter().find(|it| it.definition.name == name) else {
            return Err(Error::IndexNotFound { collection: collection.name.clone(), name: name.to_owned() });
        };
        write.drop_index(&collection, index)?;
        write.commit(|| self.advisor().forget(&collection.name))
    }

    /// Returns the indexes that queries since start would have used, most wanted first.
    pub fn advice(&self) -> Vec<Advice> {
        self.inner.advisor.advice()
    }

    /// Returns the indexes that no query used, though their collections were queried. An index that keeps values unique
    /// does its work without.
    pub fn unused_indexes(&self) -> Vec<Unused> {
        let catalogue = self.store().catalogue();
        let unused = |collection: &Arc<Collection>| {
            let queries = collection.queries.load(Ordering::Relaxed);
            let idle = collection.indexes.iter().filter(move |it| {
                queries > 0 && !it.definition.unique && it.uses.load(Ordering::Relaxed) == 0
            });
            let name = collection.name.clone();
            idle.map(move |it| Unused {
                collection: name.clone(),
                definition: it.definition.clone(),
                queries,
            })
            .collect::<Vec<_>>()
        };
        catalogue.iter().flat_map(unused).collect()
    }

    /// Refuses from now on queries that scan a collection of more documents than this where an index would serve.
    pub fn refuse_scans_beyond(&self, documents: u64) {
        self.advisor().refuse_scans_beyond(documents);
    }

    /// Listens to every commit from now on.
    pub fn subscribe(&self) -> Receiver<Commit> {
        self.inner.feed.subscribe()
    }

    fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    fn transactions(&self) -> &Transactions {
        &self.inner.transactions
    }

    fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    fn advisor(&self) -> &Advisor {
        &self.inner.advisor
    }
}

fn status(view: View<'_>, collection: &Collection) -> Result<CollectionStatus> {
    let (documents, size) = view.totals(collection)?;
    let mut index_size = view.size(&collection.ids)?;
    for index in &collection.indexes {
        index_size += view.size(&index.keys)?;
    }
    let indexes = collection.indexes.len() as u64 + 1;
    Ok(CollectionStatus { name: collection.name.clone(), documents, size, indexes, index_size })
}

fn conflict(collection: &Collection, index: &IndexDefinition) -> Error {
    Error::IndexOptionsConflict { collection: collection.name.clone(), name: index.name.clone() }
}
