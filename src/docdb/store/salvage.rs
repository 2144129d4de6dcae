//! Reading what is whole in a damaged file: around pages that cannot be read and documents that have changed.
//!
//! Nothing is written: the file and its log stay as they were found.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use bson::raw::RawDocument;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::catalogue::Collection;
use super::view::{View, intact};
use super::{KeyTable, open};
use crate::docdb::write::id_key;
use crate::docdb::{Result, key};

/// How many numbers in a row are tried one by one before the search for the next page that can be read takes leaps.
const NEAR: i64 = 512;

/// A file that nobody else has open, read without trust.
pub struct Salvage {
    connection: Connection,
    _lock: File,
}

/// What was found of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// Documents that are whole.
    pub saved: u64,
    /// Documents that are not, by their place in the file.
    pub lost: Vec<Lost>,
    /// Documents beyond `lost` that were counted, of which neither content nor `_id` is left.
    pub nameless: u64,
}

/// A document that cannot be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its place among the documents of the collection, in the order of insertion.
    pub number: i64,
    /// Its `_id` as MongoDB shows it, where it can still be read.
    pub id: Option<String>,
    /// What is wrong with it: ends the sentence that begins with its name.
    pub why: &'static str,
}

impl Salvage {
    /// Opens a database file that may be damaged, and takes its lock.
    ///
    /// # Errors
    /// Another process holds the lock; there is no file; not even its first page can be read.
    pub fn open(path: &Path) -> Result<Self> {
        // Not to be made by the lock's own file.
        std::fs::metadata(path)?;
        let lock = open::take_lock(path)?;
        open::refuse_foreign(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Lets a file be read that is shorter than it should be, or some of whose tables cannot be understood.
        connection.pragma_update(None, "writable_schema", true)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(Salvage { connection, _lock: lock })
    }

    /// Returns the names of the collections; one whose name is lost is called by its number.
    pub fn collections(&self) -> Result<Vec<String>> {
        Ok(self.numbered()?.into_values().collect())
    }

    fn numbered(&self) -> Result<BTreeMap<i64, String>> {
        let mut found = BTreeMap::new();
        let mut tables = self.connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        for name in tables.query_map([], |row| row.get::<_, String>(0))? {
            let name = name?;
            if let Some(number) = name.strip_prefix("documents_").and_then(|it| it.parse::<i64>().ok()) {
                found.insert(number, format!("collection_{number}"));
            }
        }
        for (number, name) in &mut found {
            let sql = "SELECT name FROM collections WHERE number = ?1";
            if let Ok(known) = self.connection.query_row(sql, [number], |row| row.get(0)) {
                *name = known;
            }
        }
        Ok(found)
    }

    /// Hands each whole document of a collection to `each`, in the order of insertion, and tells what is lost.
    ///
    /// # Errors
    /// There is no such collection; `each` failed.
    pub fn documents(&self, name: &str, each: &mut dyn FnMut(&RawDocument)) -> Result<Salvaged> {
        let known = self.numbered()?;
        let found = known.into_iter().find(|(_, it)| it == name);
        let (number, name) =
            found.ok_or_else(|| crate::docdb::Error::CollectionNotFound { name: name.to_owned() })?;
        let collection = Collection::new(number, name, Vec::new());
        let mut walk = Walk {
            connection: &self.connection,
            collection: &collection,
            seen: Vec::new(),
            saved: 0,
            lost: BTreeMap::new(),
        };
        walk.documents(each);
        walk.ids();
        let Walk { saved, lost, .. } = walk;
        let counted = View::new(&self.connection).totals(&collection).map_or(0, |(documents, _)| documents);
        let lost: Vec<Lost> = lost.into_values().collect();
        let nameless = counted.saturating_sub(saved + lost.len() as u64);
        Ok(Salvaged { saved, lost, nameless })
    }
}

/// One way through a collection.
struct Walk<'a> {
    connection: &'a Connection,
    collection: &'a Collection,
    /// Runs of numbers whose documents are whole, ascending.
    seen: Vec<(i64, i64)>,
    saved: u64,
    lost: BTreeMap<i64, Lost>,
}

impl Walk<'_> {
    fn documents(&mut self, each: &mut dyn FnMut(&RawDocument)) {
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            next = self.read(from, each).and_then(|unreadable| self.readable_after(unreadable));
        }
    }

    /// Reads on from a number; returns the one at which a page could not be read.
    fn read(&mut self, from: i64, each: &mut dyn FnMut(&RawDocument)) -> Option<i64> {
        let sql = format!(
            "SELECT number, checksum, document FROM documents_{} WHERE number >= ?1 ORDER BY number",
            self.collection.number
        );
        let mut statement = self.connection.prepare_cached(&sql).ok()?;
        let Ok(mut rows) = statement.query([from]) else { return Some(from) };
        let mut next = from;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return None,
                Err(_) => return Some(next),
            };
            let (Ok(number), Ok(sum), Ok(document)) = (row.get(0), row.get_ref(1), row.get_ref(2)) else {
                return Some(next);
            };
            // Numbers rise, or this is a page of something else.
            if number < next {
                return Some(next);
            }
            match intact(sum, document) {
                Ok(document) if self.belongs(number, document) => {
                    each(document);
                    self.see(number);
                }
                Ok(_) => {}
                Err(why) => self.lose(number, None, why),
            }
            next = number.checked_add(1)?;
        }
    }

    fn see(&mut self, number: i64) {
        self.saved += 1;
        match self.seen.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.seen.push((number, number)),
        }
    }

    /// Whether no other document goes by this one's `_id`: a page of another collection may have got in here.
    fn belongs(&self, number: i64, document: &RawDocument) -> bool {
        let Ok(id) = id_key(document) else { return false };
        let named = View::new(self.connection).find(&self.collection.ids, &id);
        !matches!(named, Ok(Some(other)) if other != number)
    }

    /// Finds where reading can go on.
    fn readable_after(&self, unreadable: i64) -> Option<i64> {
        // Before the first document nothing is stored.
        let start = unreadable.max(0);
        if let Some(near) = (1..=NEAR).filter_map(|it| start.checked_add(it)).find(|it| self.reaches(*it)) {
            return Some(near);
        }
        let mut step = NEAR;
        let mut beyond = loop {
            let at = start.checked_add(step)?;
            if self.reaches(at) {
                break at;
            }
            step = step.checked_mul(2)?;
        };
        let mut before = start + step / 2;
        while before + 1 < beyond {
            let middle = before + (beyond - before) / 2;
            if self.reaches(middle) { beyond = middle } else { before = middle }
        }
        Some(beyond)
    }

    /// Whether the first document from a number on, if any, can be reached.
    fn reaches(&self, number: i64) -> bool {
        let sql = format!(
            "SELECT number FROM documents_{} WHERE number >= ?1 ORDER BY number LIMIT 1",
            self.collection.number
        );
        let Ok(mut statement) = self.connection.prepare_cached(&sql) else { return false };
        let first = statement.query_row([number], |row| row.get::<_, i64>(0)).optional();
        first.is_ok_and(|first| first.is_none_or(|first| first >= number))
    }

    /// Notes the documents that have an `_id` and were not seen.
    fn ids(&mut self) {
        let KeyTable { forward, backward, .. } = &self.collection.ids;
        for sql in [forward, backward] {
            let Ok(mut statement) = self.connection.prepare_cached(sql) else { continue };
            let Ok(mut rows) = statement.query([&[][..], &[u8::MAX][..]]) else { continue };
            let whole = loop {
                match rows.next() {
                    Ok(Some(row)) => {
                        if let (Ok(key), Ok(number)) = (row.get::<_, Vec<u8>>(0), row.get(1)) {
                            self.note(&key, number);
                        }
                    }
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            };
            if whole {
                return;
            }
            // What lies behind the page that cannot be read is met from the other end.
        }
    }

    fn note(&mut self, id: &[u8], number: i64) {
        let run = self.seen.partition_point(|(_, last)| *last < number);
        if self.seen.get(run).is_some_and(|(first, _)| *first <= number) {
            return;
        }
        let id = key::show(id);
        match self.lost.get_mut(&number) {
            Some(lost) => lost.id = lost.id.take().or(id),
            None => self.lose(number, id, "cannot be read"),
        }
    }

    fn lose(&mut self, number: i64, id: Option<String>, why: &'static str) {
        self.lost.insert(number, Lost { number, id, why });
    }
}
