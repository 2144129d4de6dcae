//! What the file holds: collections, their indexes, and the statements that reach them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bson::{Bson, Document, doc};
use rusqlite::Connection;

use super::super::index::{IndexDefinition, Order};
use super::super::{Error, Result};
use super::checksum;

/// The collections of one commit, by name.
#[derive(Default, Clone)]
pub struct Catalogue {
    collections: BTreeMap<String, Arc<Collection>>,
}

/// A collection. Its number names its tables and is never used again.
pub struct Collection {
    pub number: i64,
    pub name: String,
    pub indexes: Vec<Arc<Index>>,
    pub ids: KeyTable,
    /// Queries that used `_id_` since the database was opened or the indexes changed.
    pub id_uses: AtomicU64,
    /// Queries with conditions or a sort, counted as long.
    pub queries: AtomicU64,
    pub(super) sql: DocumentTable,
}

/// An index beside `_id_`. Its number names its table and is never used again.
pub struct Index {
    pub number: i64,
    pub definition: IndexDefinition,
    pub keys: KeyTable,
    /// Queries since the database was opened.
    pub uses: AtomicU64,
    // Invariant: set before the first commit that stores a document with an array on the index's paths; unset only when that
    // commit fails.
    multikey: AtomicBool,
}

/// Statements over the numbered documents of a collection.
pub(super) struct DocumentTable {
    pub get: String,
    pub scan: String,
    pub scan_from: String,
    pub between: String,
    pub highest: String,
    pub insert: String,
    pub replace: String,
    pub delete: String,
}

/// Statements over a table of (key, number).
pub struct KeyTable {
    pub(super) name: String,
    pub(super) forward: String,
    pub(super) backward: String,
    pub(super) numbers: String,
    /// The first entry after so many from a key on, or backward from below a key.
    pub(super) nth: String,
    pub(super) nth_backward: String,
    pub(super) count_above: String,
    /// From an entry on, with the documents.
    pub(super) documents: String,
    pub(super) count: String,
    pub(super) exact: String,
    pub(super) insert: String,
    pub(super) delete: String,
}

impl Catalogue {
    /// Finds a collection.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn collection(&self, name: &str) -> Result<Arc<Collection>> {
        let found = self.collections.get(name).map(Arc::clone);
        found.ok_or_else(|| Error::CollectionNotFound { name: name.to_owned() })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.values()
    }

    pub(super) fn insert(&mut self, collection: Collection) {
        self.collections.insert(collection.name.clone(), Arc::new(collection));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.collections.remove(name);
    }

    pub(super) fn load(connection: &Connection) -> Result<Self> {
        let mut catalogue = Catalogue::default();
        let mut collections = connection.prepare("SELECT number, name, checksum FROM collections")?;
        let mut rows = collections.query([])?;
        while let Some(row) = rows.next()? {
            let (number, name): (i64, String) = (row.get(0)?, row.get(1)?);
            if row.get::<_, u32>(2)? != checksum::of(name.as_bytes()) {
                return Err(Error::Damaged {
                    detail: format!("the name of collection {number} has changed"),
                });
            }
            let indexes = load_indexes(connection, number)?;
            catalogue.insert(Collection::new(number, name, indexes));
        }
        Ok(catalogue)
    }
}

fn load_indexes(connection: &Connection, collection: i64) -> Result<Vec<Arc<Index>>> {
    let mut indexes = connection.prepare(
        "SELECT number, definition, multikey, checksum FROM indexes WHERE collection = ?1 ORDER BY number",
    )?;
    let mut rows = indexes.query([collection])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let whole = row.get::<_, u32>(3)? == checksum::of(stored);
        let definition = whole
            .then(|| decode(stored))
            .flatten()
            .ok_or_else(|| Error::Damaged { detail: "an index definition cannot be read".into() })?;
        found.push(Arc::new(Index::new(row.get(0)?, collection, definition, row.get(2)?)));
    }
    Ok(found)
}

impl Collection {
    pub(super) fn new(number: i64, name: String, indexes: Vec<Arc<Index>>) -> Self {
        let table = format!("documents_{number}");
        let sql = DocumentTable {
            get: format!("SELECT checksum, document FROM {table} WHERE number = ?1"),
            scan: format!("SELECT number, checksum, document FROM {table} ORDER BY number"),
            scan_from: format!(
                "SELECT number, checksum, document FROM {table} ORDER BY number LIMIT -1 OFFSET ?1"
            ),
            between: format!(
                "SELECT number, checksum, document FROM {table} WHERE number > ?1 AND number <= ?2 ORDER BY number"
            ),
            highest: format!("SELECT max(number) FROM {table}"),
            insert: format!("INSERT INTO {table} (checksum, document) VALUES (?1, ?2)"),
            replace: format!("UPDATE {table} SET checksum = ?2, document = ?3 WHERE number = ?1"),
            delete: format!("DELETE FROM {table} WHERE number = ?1"),
        };
        Collection {
            number,
            name,
            indexes,
            ids: KeyTable::new(format!("ids_{number}"), number),
            id_uses: AtomicU64::new(0),
            queries: AtomicU64::new(0),
            sql,
        }
    }

    /// The same collection with other indexes.
    pub(super) fn with_indexes(&self, indexes: Vec<Arc<Index>>) -> Self {
        Collection::new(self.number, self.name.clone(), indexes)
    }

    pub(super) fn create_sql(&self) -> String {
        let number = self.number;
        format!(
            "CREATE TABLE documents_{number} (
                 number INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, document BLOB NOT NULL);
             CREATE TABLE ids_{number} (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;"
        )
    }

    pub(super) fn clear_sql(&self) -> String {
        let number = self.number;
        let keys = self.indexes.iter().map(|it| &it.keys).chain([&self.ids]);
        let keys = keys.map(|it| format!("DELETE FROM {};", it.name)).collect::<String>();
        format!("{keys} DELETE FROM documents_{number};")
    }

    pub(super) fn drop_sql(&self) -> String {
        let number = self.number;
        let indexes = self.indexes.iter().map(|it| it.drop_sql()).collect::<String>();
        format!("{indexes} DROP TABLE documents_{number}; DROP TABLE ids_{number};")
    }
}

impl Index {
    pub(super) fn new(number: i64, collection: i64, definition: IndexDefinition, multikey: bool) -> Self {
        Index {
            number,
            definition,
            keys: KeyTable::new(format!("entries_{number}"), collection),
            uses: AtomicU64::new(0),
            multikey: AtomicBool::new(multikey),
        }
    }

    /// Whether some document may have several keys.
    pub fn is_multikey(&self) -> bool {
        self.multikey.load(Ordering::Acquire)
    }

    /// Notes whether some document may have several keys; returns whether that is news.
    pub(super) fn set_multikey(&self, multikey: bool) -> bool {
        self.multikey.swap(multikey, Ordering::AcqRel) != multikey
    }

    pub(super) fn create_sql(&self) -> String {
        let name = &self.keys.name;
        format!(
            "CREATE TABLE {name} (
                 key BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID;"
        )
    }

    pub(super) fn drop_sql(&self) -> String {
        format!("DROP TABLE {};", self.keys.name)
    }
}

impl KeyTable {
    fn new(name: String, collection: i64) -> Self {
        let range = format!("FROM {name} WHERE key >= ?1 AND key < ?2");
        KeyTable {
            forward: format!("SELECT key, number {range} ORDER BY key, number"),
            backward: format!("SELECT key, number {range} ORDER BY key DESC, number DESC"),
            numbers: format!("SELECT number {range}"),
            // Bound on one side only: the other would be compared with every key that is passed over.
            nth: format!(
                "SELECT key, number FROM {name} WHERE key >= ?1 ORDER BY key, number LIMIT 1 OFFSET ?2"
            ),
            nth_backward: format!(
                "SELECT key, number FROM {name} WHERE key < ?1 ORDER BY key DESC, number DESC LIMIT 1 OFFSET ?2"
            ),
            count_above: format!("SELECT count(*) FROM {name} WHERE key = ?1 AND number > ?2"),
            // A left join: an entry whose document is missing must not go unnoticed.
            documents: format!(
                "SELECT number, checksum, document FROM {name} LEFT JOIN documents_{collection} USING (number)
                 WHERE (key, {name}.number) >= (?1, ?2) AND key < ?3 ORDER BY key, {name}.number"
            ),
            count: format!("SELECT count(*) FROM (SELECT 1 {range} LIMIT ?3)"),
            exact: format!("SELECT 1 FROM {name} WHERE key = ?1 AND number = ?2"),
            insert: format!("INSERT INTO {name} (key, number) VALUES (?1, ?2)"),
            delete: format!("DELETE FROM {name} WHERE key = ?1 AND number = ?2"),
            name,
        }
    }
}

/// The stored form of a definition.
pub(super) fn encode(definition: &IndexDefinition) -> Result<Vec<u8>> {
    let keys = definition.keys.iter().map(|(path, order)| {
        let order = match order {
            Order::Ascending => Bson::Int32(1),
            Order::Descending => Bson::Int32(-1),
            Order::Sphere => Bson::String("2dsphere".into()),
        };
        Bson::Document(doc! { "path": path, "order": order })
    });
    let document = doc! {
        "name": &definition.name,
        "keys": keys.collect::<Vec<_>>(),
        "unique": definition.unique,
        "sparse": definition.sparse,
    };
    document.to_vec().map_err(|error| Error::invalid(2, error.to_string()))
}

fn decode(bytes: &[u8]) -> Option<IndexDefinition> {
    let document = Document::from_reader(bytes).ok()?;
    let key = |it: &Bson| {
        let key = it.as_document()?;
        let order = match key.get("order")? {
            Bson::Int32(1) => Order::Ascending,
            Bson::Int32(-1) => Order::Descending,
            Bson::String(text) if text == "2dsphere" => Order::Sphere,
            _ => return None,
        };
        Some((key.get_str("path").ok()?.to_owned(), order))
    };
    Some(IndexDefinition {
        name: document.get_str("name").ok()?.to_owned(),
        keys: document.get_array("keys").ok()?.iter().map(key).collect::<Option<_>>()?,
        unique: document.get_bool("unique").ok()?,
        sparse: document.get_bool("sparse").ok()?,
    })
}
