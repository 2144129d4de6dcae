//! Reading through one connection: documents by number, keys by range.

use std::ops::ControlFlow;

use bson::raw::{RawDocument, RawDocumentBuf};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::catalogue::{Collection, KeyTable};
use super::{Snapshot, checksum};
use crate::docdb::{Error, Result, bounds, key};

/// Encoded keys from `low` on and below `high`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRange {
    pub low: Vec<u8>,
    pub high: Vec<u8>,
}

impl KeyRange {
    /// Every key: no encoded key begins with the byte 255.
    pub fn all() -> Self {
        KeyRange { low: Vec::new(), high: vec![u8::MAX] }
    }
}

/// Returns the least key above every key that begins with these bytes.
pub fn successor(mut bytes: Vec<u8>) -> Vec<u8> {
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            return bytes;
        }
    }
    vec![u8::MAX]
}

/// What one connection sees.
#[derive(Clone, Copy)]
pub struct View<'a> {
    connection: &'a Connection,
    /// What the connection reads, unless it writes.
    snapshot: Option<&'a Snapshot>,
}

impl<'a> View<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        View { connection, snapshot: None }
    }

    pub(super) fn of(snapshot: &'a Snapshot, connection: &'a Connection) -> Self {
        View { connection, snapshot: Some(snapshot) }
    }

    /// Opens more reads of exactly the same state, for as many threads as may help; none when there is a newer state.
    pub fn peers(self) -> Vec<Snapshot> {
        self.snapshot.map_or_else(Vec::new, Snapshot::peers)
    }

    pub(super) fn connection(self) -> &'a Connection {
        self.connection
    }

    pub(super) fn touch(self) -> Result<()> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM collections LIMIT 1")?;
        Ok(statement.query_row([], |_| Ok(())).optional().map(|_| ())?)
    }

    /// Returns the collection's number of documents and their bytes.
    pub fn totals(self, collection: &Collection) -> Result<(u64, u64)> {
        let mut statement =
            self.connection.prepare_cached("SELECT documents, size FROM collections WHERE number = ?1")?;
        let (documents, size): (i64, i64) =
            statement.query_row([collection.number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((documents.unsigned_abs(), size.unsigned_abs()))
    }

    /// Returns the bytes of a key table's pages. Walks them: for displays, not for plans.
    pub fn size(self, table: &KeyTable) -> Result<u64> {
        let sum = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?1 AND aggregate";
        let size: i64 = self.connection.prepare_cached(sum)?.query_row([&table.name], |row| row.get(0))?;
        Ok(size.unsigned_abs())
    }

    /// Hands a document to `read`, without a copy.
    ///
    /// # Errors
    /// It is damaged, or missing though an index names it.
    pub fn document<T>(
        self,
        collection: &Collection,
        number: i64,
        read: impl FnOnce(&RawDocument) -> Result<T>,
    ) -> Result<T> {
        self.documents(collection)?.read(number, read)
    }

    /// Returns a way to read several documents.
    pub fn documents<'c>(self, collection: &'c Collection) -> Result<Documents<'a, 'c>>
    where
        'a: 'c,
    {
        Ok(Documents {
            view: self,
            collection,
            statement: self.connection.prepare_cached(&collection.sql.get)?,
        })
    }

    pub fn document_buf(self, collection: &Collection, number: i64) -> Result<RawDocumentBuf> {
        self.document(collection, number, |it| Ok(it.to_owned()))
    }

    /// Hands every document in natural order to `each`, or says what is wrong with it.
    pub fn survey(
        self,
        collection: &Collection,
        mut each: impl FnMut(i64, std::result::Result<&RawDocument, &'static str>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&collection.sql.scan)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, intact(row.get_ref(1)?, row.get_ref(2)?))?;
        }
        Ok(())
    }

    /// Reads all documents but the first `skip` in natural order, until `each` breaks off.
    pub fn scan(
        self,
        collection: &Collection,
        skip: u64,
        mut each: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let sql = if skip == 0 { &collection.sql.scan } else { &collection.sql.scan_from };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = match skip {
            0 => statement.query([])?,
            _ => statement.query([i64::try_from(skip).unwrap_or(i64::MAX)])?,
        };
        while let Some(row) = rows.next()? {
            bounds::step()?;
            let number = row.get(0)?;
            let intact = intact(row.get_ref(1)?, row.get_ref(2)?);
            let document = intact.map_err(|what| self.damaged(collection, number, what))?;
            if each(number, document)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the highest number of a document, 0 when there is none.
    pub fn highest(self, collection: &Collection) -> Result<i64> {
        let mut statement = self.connection.prepare_cached(&collection.sql.highest)?;
        Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
    }

    /// Reads the documents after a number and up to another, for work in pieces, until `each` breaks off.
    pub fn documents_between(
        self,
        collection: &Collection,
        after: i64,
        last: i64,
        mut each: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&collection.sql.between)?;
        let mut rows = statement.query([after, last])?;
        while let Some(row) = rows.next()? {
            bounds::step()?;
            let number = row.get(0)?;
            let intact = intact(row.get_ref(1)?, row.get_ref(2)?);
            if each(number, intact.map_err(|what| self.damaged(collection, number, what))?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the number under exactly this key, the lowest when there are several.
    pub fn find(self, table: &KeyTable, key: &[u8]) -> Result<Option<i64>> {
        self.finder(table)?.find(key)
    }

    /// Returns a way to find several keys.
    pub fn finder(self, table: &KeyTable) -> Result<Finder<'a>> {
        Ok(Finder { statement: self.connection.prepare_cached(&table.forward)? })
    }

    /// Whether exactly this entry is there.
    pub fn holds(self, table: &KeyTable, key: &[u8], number: i64) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(&table.exact)?;
        Ok(statement.exists(params![key, number])?)
    }

    /// Reads the entries of a range in key order (number order within a key), or in exactly the reverse.
    pub fn entries(
        self,
        table: &KeyTable,
        range: &KeyRange,
        backward: bool,
        mut each: impl FnMut(&[u8], i64) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let sql = if backward { &table.backward } else { &table.forward };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![range.low, range.high])?;
        while let Some(row) = rows.next()? {
            bounds::step()?;
            let key = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            if each(key, row.get(1)?)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the documents behind a range in key order, those under one key by number; passes over the first `skip`.
    /// Returns how many were passed over.
    pub fn documents_by_key(
        self,
        collection: &Collection,
        table: &KeyTable,
        range: &KeyRange,
        skip: u64,
        mut each: impl FnMut(i64, &RawDocument) -> Result<ControlFlow<()>>,
    ) -> Result<(u64, ControlFlow<()>)> {
        let mut from = (range.low.clone(), i64::MIN);
        if skip > 0 {
            match self.nth(&table.nth, &range.low, skip)? {
                Some(first) if first.0 < range.high => from = first,
                _ => return Ok((self.count(table, range, skip)?, ControlFlow::Continue(()))),
            }
        }
        let mut statement = self.connection.prepare_cached(&table.documents)?;
        let mut rows = statement.query(params![from.0, from.1, range.high])?;
        while let Some(row) = rows.next()? {
            bounds::step()?;
            let number = row.get(0)?;
            let (sum, document) = (row.get_ref(1)?, row.get_ref(2)?);
            let intact = if sum == ValueRef::Null { Err("is missing") } else { intact(sum, document) };
            let document = intact.map_err(|what| self.damaged(collection, number, what))?;
            if each(number, document)?.is_break() {
                return Ok((skip, ControlFlow::Break(())));
            }
        }
        Ok((skip, ControlFlow::Continue(())))
    }

    /// Cuts off the end of a range so that at most `skip` entries go, all those of a key together. Returns how many.
    pub fn cut_back(self, table: &KeyTable, range: &mut KeyRange, skip: u64) -> Result<u64> {
        match self.nth(&table.nth_backward, &range.high, skip)? {
            Some((mut key, number)) if key >= range.low => {
                let mut statement = self.connection.prepare_cached(&table.count_above)?;
                let above: i64 = statement.query_row(params![key, number], |row| row.get(0))?;
                key.push(0);
                range.high = key;
                Ok(skip.saturating_sub(above.unsigned_abs()))
            }
            _ => {
                let passed = self.count(table, range, skip)?;
                range.high.clone_from(&range.low);
                Ok(passed)
            }
        }
    }

    /// Returns the entry that has so many others between it and the bound.
    fn nth(self, sql: &str, bound: &[u8], others: u64) -> Result<Option<(Vec<u8>, i64)>> {
        let others = i64::try_from(others).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![bound, others], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Appends the numbers behind ranges.
    pub fn numbers(self, table: &KeyTable, ranges: &[KeyRange], numbers: &mut Vec<i64>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&table.numbers)?;
        for range in ranges {
            let mut rows = statement.query(params![range.low, range.high])?;
            while let Some(row) = rows.next()? {
                numbers.push(row.get(0)?);
            }
        }
        Ok(())
    }

    /// Names a document that cannot be served. Looks through all ids for its own.
    fn damaged(self, collection: &Collection, number: i64, what: &str) -> Error {
        let id = || -> Option<String> {
            let sql = format!("SELECT key FROM {} WHERE number = ?1", collection.ids.name);
            let id: Vec<u8> = self.connection.query_row(&sql, [number], |row| row.get(0)).ok()?;
            key::show(&id)
        };
        let id = id().map(|id| format!(" with _id {id}")).unwrap_or_default();
        Error::Damaged { detail: format!("document {number} of `{}`{id} {what}", collection.name) }
    }

    /// Counts the entries of a range, no further than `limit`.
    pub fn count(self, table: &KeyTable, range: &KeyRange, limit: u64) -> Result<u64> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(&table.count)?;
        let count: i64 = statement.query_row(params![range.low, range.high, limit], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// Documents of a collection, read by number with one statement.
pub struct Documents<'a, 'c> {
    view: View<'a>,
    collection: &'c Collection,
    statement: CachedStatement<'a>,
}

impl Documents<'_, '_> {
    /// Hands a document to `read`, without a copy.
    ///
    /// # Errors
    /// It is damaged, or missing though an index names it.
    pub fn read<T>(&mut self, number: i64, read: impl FnOnce(&RawDocument) -> Result<T>) -> Result<T> {
        bounds::step()?;
        let mut rows = self.statement.query([number])?;
        let Some(row) = rows.next()? else {
            return Err(self.view.damaged(self.collection, number, "is missing"));
        };
        let intact = intact(row.get_ref(0)?, row.get_ref(1)?);
        read(intact.map_err(|what| self.view.damaged(self.collection, number, what))?)
    }
}

/// Keys of a table, found with one statement.
pub struct Finder<'a> {
    statement: CachedStatement<'a>,
}

impl Finder<'_> {
    /// Returns the number under exactly this key, the lowest when there are several.
    pub fn find(&mut self, key: &[u8]) -> Result<Option<i64>> {
        let after = [key, &[0]].concat();
        Ok(self.statement.query_row(params![key, after], |row| row.get(1)).optional()?)
    }
}

/// Returns a stored document, or what is wrong with it.
pub(super) fn intact<'r>(
    sum: ValueRef<'_>,
    document: ValueRef<'r>,
) -> std::result::Result<&'r RawDocument, &'static str> {
    let (Ok(sum), Ok(bytes)) = (sum.as_i64(), document.as_blob()) else {
        return Err("is not a document");
    };
    if sum != i64::from(checksum::of(bytes)) {
        return Err("has changed since it was written");
    }
    RawDocument::from_bytes(bytes).map_err(|_| "is not a document")
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn successor_lies_above_every_extension() {
        for (bytes, expected) in
            [(vec![1], vec![2]), (vec![1, 255], vec![2]), (vec![], vec![255]), (vec![3, 0], vec![3, 1])]
        {
            assert_eq!(successor(bytes), expected);
        }
    }
}
