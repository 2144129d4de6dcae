//! The one write of a moment: rows change inside one SQLite transaction that ends in `commit` or is undone.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bson::raw::RawDocument;
use rusqlite::{Connection, params};

use super::catalogue::{self, Catalogue, Collection, Index, KeyTable};
use super::open::{CHECKPOINT_PAGES, LOAD_CHECKPOINT_PAGES};
use super::{Store, View, checksum};
use crate::docdb::index::IndexDefinition;
use crate::docdb::{Error, Result};

/// A write that adds so many documents is one of a load.
const LOAD: i64 = 1_000;

/// An open write. Dropped without `commit`, it never was.
pub struct Write<'a> {
    store: &'a Store,
    connection: MutexGuard<'a, Connection>,
    catalogue: Arc<Catalogue>,
    /// Whether the catalogue differs from the published one.
    relaid: bool,
    tallies: BTreeMap<i64, Tally>,
    /// Indexes that became multikey here; not so if this write is undone.
    multikey: Vec<Arc<Index>>,
}

/// What a write adds to a collection.
#[derive(Default)]
struct Tally {
    documents: i64,
    size: i64,
}

impl<'a> Write<'a> {
    pub(super) fn begin(store: &'a Store, connection: MutexGuard<'a, Connection>) -> Result<Self> {
        if !connection.is_autocommit() {
            // The last writer panicked or could not undo its work.
            connection.execute_batch("ROLLBACK")?;
        }
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let catalogue = store.catalogue();
        Ok(Write {
            store,
            connection,
            catalogue,
            relaid: false,
            tallies: BTreeMap::new(),
            multikey: Vec::new(),
        })
    }

    pub fn view(&self) -> View<'_> {
        View::new(&self.connection)
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub fn collection(&self, name: &str) -> Result<Arc<Collection>> {
        self.catalogue.collection(name)
    }

    /// Commits, then calls `then` before another writer may begin; returns when the commit is as safe as was asked.
    pub fn commit(mut self, then: impl FnOnce()) -> Result<()> {
        self.plan_checkpoint()?;
        for (collection, tally) in std::mem::take(&mut self.tallies) {
            let add = "UPDATE collections SET documents = documents + ?2, size = size + ?3 WHERE number = ?1";
            let mut statement = self.connection.prepare_cached(add)?;
            statement.execute(params![collection, tally.documents, tally.size])?;
        }
        if self.relaid {
            let mut published = self.store.catalogue.write().unwrap_or_else(PoisonError::into_inner);
            self.end()?;
            *published = Arc::clone(&self.catalogue);
        } else {
            self.end()?;
        }
        self.multikey.clear();
        then();
        let Some(group) = &self.store.group else { return Ok(()) };
        let commit = group.commit();
        // The next writer goes on meanwhile.
        drop(self);
        Ok(group.wait(commit)?)
    }

    fn end(&self) -> Result<()> {
        let outcome = self.execute("COMMIT");
        // Afterwards: a read that counts fewer than it holds is taken for an older one, never the reverse.
        self.store.commits.fetch_add(1, Ordering::AcqRel);
        outcome
    }

    /// Says how large the log may be after this commit.
    fn plan_checkpoint(&self) -> Result<()> {
        let added: i64 = self.tallies.values().map(|it| it.documents).sum();
        let pages = if added >= LOAD { LOAD_CHECKPOINT_PAGES } else { CHECKPOINT_PAGES };
        if self.store.checkpoint.load(Ordering::Relaxed) != pages {
            self.connection.pragma_update(None, "wal_autocheckpoint", pages)?;
            self.store.checkpoint.store(pages, Ordering::Relaxed);
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<()> {
        Ok(self.connection.prepare_cached(sql)?.execute([]).map(|_| ())?)
    }

    /// Stores a document under a new number, the highest.
    pub fn insert(&mut self, collection: &Collection, document: &RawDocument) -> Result<i64> {
        let mut number = 0;
        self.insert_all(collection, [document], |it| number = it)?;
        Ok(number)
    }

    /// Stores documents under new numbers, each the highest, and tells them.
    pub fn insert_all<'d>(
        &mut self,
        collection: &Collection,
        documents: impl IntoIterator<Item = &'d RawDocument>,
        mut told: impl FnMut(i64),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&collection.sql.insert)?;
        let (mut count, mut size) = (0, 0);
        for document in documents {
            let bytes = document.as_bytes();
            told(statement.insert(params![checksum::of(bytes), bytes])?);
            count += 1;
            size += bytes.len() as i64;
        }
        drop(statement);
        self.tally(collection, count, size);
        Ok(())
    }

    pub fn replace(
        &mut self,
        collection: &Collection,
        number: i64,
        before: &RawDocument,
        after: &RawDocument,
    ) -> Result<()> {
        let bytes = after.as_bytes();
        let mut statement = self.connection.prepare_cached(&collection.sql.replace)?;
        statement.execute(params![number, checksum::of(bytes), bytes])?;
        drop(statement);
        self.tally(collection, 0, bytes.len() as i64 - before.as_bytes().len() as i64);
        Ok(())
    }

    pub fn delete(&mut self, collection: &Collection, number: i64, before: &RawDocument) -> Result<()> {
        self.connection.prepare_cached(&collection.sql.delete)?.execute([number])?;
        self.tally(collection, -1, -(before.as_bytes().len() as i64));
        Ok(())
    }

    /// Removes all documents of a collection; returns how many there were.
    pub fn clear(&mut self, collection: &Collection) -> Result<u64> {
        let (documents, size) = self.view().totals(collection)?;
        self.connection.execute_batch(&collection.clear_sql())?;
        self.tally(collection, -(documents as i64), -(size as i64));
        Ok(documents)
    }

    fn tally(&mut self, collection: &Collection, documents: i64, size: i64) {
        let tally = self.tallies.entry(collection.number).or_default();
        tally.documents += documents;
        tally.size += size;
    }

    pub fn insert_key(&self, table: &KeyTable, key: &[u8], number: i64) -> Result<()> {
        self.insert_keys(table, [(key, number)])
    }

    /// Adds entries; many at once should come in their order, so that pages are met one after another.
    pub fn insert_keys<'k>(
        &self,
        table: &KeyTable,
        entries: impl IntoIterator<Item = (&'k [u8], i64)>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&table.insert)?;
        for (key, number) in entries {
            statement.execute(params![key, number])?;
        }
        Ok(())
    }

    pub fn delete_key(&self, table: &KeyTable, key: &[u8], number: i64) -> Result<()> {
        self.connection.prepare_cached(&table.delete)?.execute(params![key, number])?;
        Ok(())
    }

    /// Notes, with this write, that an index now holds a document with an array on its paths.
    pub fn set_multikey(&mut self, index: &Arc<Index>) -> Result<()> {
        // Known to readers before the commit: too early does no harm, too late would lose answers.
        if index.set_multikey(true) {
            self.multikey.push(Arc::clone(index));
            let mark = "UPDATE indexes SET multikey = 1 WHERE number = ?1";
            self.connection.prepare_cached(mark)?.execute([index.number])?;
        }
        Ok(())
    }

    pub fn create_collection(&mut self, name: &str) -> Result<()> {
        if self.catalogue.collection(name).is_ok() {
            return Err(Error::CollectionExists { name: name.to_owned() });
        }
        self.connection.execute(
            "INSERT INTO collections (name, checksum) VALUES (?1, ?2)",
            params![name, checksum::of(name.as_bytes())],
        )?;
        let collection = Collection::new(self.connection.last_insert_rowid(), name.to_owned(), Vec::new());
        self.connection.execute_batch(&collection.create_sql())?;
        self.relay().insert(collection);
        Ok(())
    }

    pub fn drop_collection(&mut self, collection: &Collection) -> Result<()> {
        self.connection.execute_batch(&collection.drop_sql())?;
        self.connection.execute("DELETE FROM indexes WHERE collection = ?1", [collection.number])?;
        self.connection.execute("DELETE FROM collections WHERE number = ?1", [collection.number])?;
        self.tallies.remove(&collection.number);
        self.relay().remove(&collection.name);
        Ok(())
    }

    /// Adds an empty index; the caller fills it in the same write.
    pub fn create_index(
        &mut self,
        collection: &Collection,
        definition: &IndexDefinition,
    ) -> Result<Arc<Index>> {
        let stored = catalogue::encode(definition)?;
        self.connection.execute(
            "INSERT INTO indexes (collection, definition, checksum) VALUES (?1, ?2, ?3)",
            params![collection.number, stored, checksum::of(&stored)],
        )?;
        let index = Arc::new(Index::new(
            self.connection.last_insert_rowid(),
            collection.number,
            definition.clone(),
            false,
        ));
        self.connection.execute_batch(&index.create_sql())?;
        let mut indexes = collection.indexes.clone();
        indexes.push(Arc::clone(&index));
        self.relay().insert(collection.with_indexes(indexes));
        Ok(index)
    }

    pub fn drop_index(&mut self, collection: &Collection, index: &Index) -> Result<()> {
        self.connection.execute_batch(&index.drop_sql())?;
        self.connection.execute("DELETE FROM indexes WHERE number = ?1", [index.number])?;
        let indexes = collection.indexes.iter().filter(|it| it.number != index.number).cloned().collect();
        self.relay().insert(collection.with_indexes(indexes));
        Ok(())
    }

    fn relay(&mut self) -> &mut Catalogue {
        self.relaid = true;
        Arc::make_mut(&mut self.catalogue)
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        for index in &self.multikey {
            index.set_multikey(false);
        }
        if !self.connection.is_autocommit() {
            // A failure here is met again by the next writer, who tells.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}
