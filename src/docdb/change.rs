//! Insert, update, remove: find, then write, in one store commit; inside a transaction into its write set.

use std::time::Instant;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::filter::Filter;
use super::plan::Advisor;
use super::query::{Matched, Matches, matches};
use super::store::Collection;
use super::transaction::{Running, TransactionId, hold};
use super::update::Update;
use super::value::limits::LOCK_WAIT;
use super::write::{DocumentWrite, id_value};
use super::{Database, Error, Result, UpdateRequest, Updated, query};

impl Database {
    /// Inserts documents in order and stops at the first that fails; every document brings its `_id`.
    pub fn insert(
        &self,
        transaction: Option<&TransactionId>,
        collection: &str,
        documents: Vec<RawDocumentBuf>,
    ) -> Result<Vec<Bson>> {
        let ids = documents.iter().map(|it| id_value(it)).collect::<Result<Vec<_>>>()?;
        self.change(transaction, collection, |writer, collection| writer.insert_all(collection, &documents))?;
        Ok(ids)
    }

    pub fn update(
        &self,
        transaction: Option<&TransactionId>,
        collection: &str,
        request: &UpdateRequest,
    ) -> Result<Updated> {
        self.transactions().expire(request.now);
        let filter = Filter::parse(&request.filter, request.now)?;
        let update = Update::parse(&request.update, &request.array_filters, request.now)?;
        self.change(transaction, collection, |writer, collection| {
            let found = writer.matches(collection, &filter, request.multi, self.advisor())?;
            update_all(writer, collection, request, &filter, &update, found)
        })
    }

    /// Removes the first match, or all; returns how many went.
    pub fn remove(
        &self,
        transaction: Option<&TransactionId>,
        collection: &str,
        filter: &Document,
        multi: bool,
        now: DateTime,
    ) -> Result<(u64, query::Stats)> {
        self.transactions().expire(now);
        let filter = Filter::parse(filter, now)?;
        self.change(transaction, collection, |writer, collection| {
            let found = writer.matches(collection, &filter, multi, self.advisor())?;
            let count = found.documents.len() as u64;
            for matched in found.documents {
                let (number, document) = writer.fetch(collection, matched)?;
                writer.write(collection, number, Some(&document), None)?;
            }
            Ok((count, found.stats))
        })
    }

    /// Carries out a change: at once, or in a transaction's write set.
    fn change<T>(
        &self,
        transaction: Option<&TransactionId>,
        collection: &str,
        work: impl Fn(&mut dyn Writer, &Collection) -> Result<T>,
    ) -> Result<T> {
        let Some(id) = transaction else { return self.change_now(collection, work) };
        let running = self.transactions().find(id)?;
        let mut running = hold(&running);
        running.check(id)?;
        let collection = running.snapshot.collection(collection)?;
        let outcome = work(&mut Pending { database: self, id, running: &mut running }, &collection);
        if outcome.is_err() {
            self.fail(id, &mut running);
        }
        outcome
    }

    /// Commits a change; waits for a transaction that has written one of its documents.
    fn change_now<T>(
        &self,
        collection: &str,
        work: impl Fn(&mut dyn Writer, &Collection) -> Result<T>,
    ) -> Result<T> {
        let locks = &self.transactions().locks;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            let seen = locks.releases();
            let mut write = DocumentWrite::new(self.store().write()?, self.feed(), Some(locks));
            let collection = write.store().collection(collection)?;
            match work(&mut write, &collection) {
                Ok(outcome) => return write.commit().map(|()| outcome),
                Err(Error::TransactionConflict) => drop(write),
                // Documents before the refused one stay written.
                Err(error) if error.is_refusal() => return write.commit().and(Err(error)),
                Err(error) => return Err(error),
            }
            if !locks.wait(seen, deadline) {
                return Err(Error::TransactionConflict);
            }
        }
    }
}

/// What a change reads and writes through.
trait Writer {
    /// Finds the first or all matches in the state that the writes so far have made.
    fn matches(
        &mut self,
        collection: &Collection,
        filter: &Filter,
        all: bool,
        advisor: &Advisor,
    ) -> Result<Matches>;

    /// Returns a match with its number in the store, when that is known.
    fn fetch(&self, collection: &Collection, matched: Matched) -> Result<(Option<i64>, RawDocumentBuf)>;

    /// Adds new documents, in order up to the first that is refused.
    fn insert_all(&mut self, collection: &Collection, documents: &[RawDocumentBuf]) -> Result<()>;

    /// Says whether documents are given anew as a whole from now on.
    fn replace_whole(&mut self, whole: bool);

    /// Gives a document a new state. `number` is its place in the store, when it has one.
    fn write(
        &mut self,
        collection: &Collection,
        number: Option<i64>,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Result<()>;
}

impl Writer for DocumentWrite<'_> {
    fn matches(
        &mut self,
        collection: &Collection,
        filter: &Filter,
        all: bool,
        advisor: &Advisor,
    ) -> Result<Matches> {
        matches(self.view(), collection, filter, None, all, advisor)
    }

    fn fetch(&self, collection: &Collection, matched: Matched) -> Result<(Option<i64>, RawDocumentBuf)> {
        match matched {
            Matched::Stored(number) => Ok((Some(number), self.view().document_buf(collection, number)?)),
            Matched::Seen(document) => Ok((None, document)),
        }
    }

    fn insert_all(&mut self, collection: &Collection, documents: &[RawDocumentBuf]) -> Result<()> {
        DocumentWrite::insert_all(self, collection, documents)
    }

    fn replace_whole(&mut self, whole: bool) {
        self.whole = whole;
    }

    fn write(
        &mut self,
        collection: &Collection,
        number: Option<i64>,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Result<()> {
        match (number, before, after) {
            (Some(number), Some(before), Some(after)) => self.replace(collection, number, before, after),
            (Some(number), Some(before), None) => self.remove(collection, number, before),
            (_, _, Some(after)) => self.insert(collection, after),
            (_, _, None) => Ok(()),
        }
    }
}

/// A writer into a transaction's write set.
struct Pending<'a> {
    database: &'a Database,
    id: &'a TransactionId,
    running: &'a mut Running,
}

impl Writer for Pending<'_> {
    fn matches(
        &mut self,
        collection: &Collection,
        filter: &Filter,
        all: bool,
        advisor: &Advisor,
    ) -> Result<Matches> {
        let Running { snapshot, writes, .. } = &*self.running;
        matches(snapshot.view(), collection, filter, Some(writes), all, advisor)
    }

    fn fetch(&self, collection: &Collection, matched: Matched) -> Result<(Option<i64>, RawDocumentBuf)> {
        match matched {
            Matched::Stored(number) => {
                Ok((None, self.running.snapshot.view().document_buf(collection, number)?))
            }
            Matched::Seen(document) => Ok((None, document)),
        }
    }

    fn insert_all(&mut self, collection: &Collection, documents: &[RawDocumentBuf]) -> Result<()> {
        // One of them may have the id of a document that the transaction removed.
        self.replace_whole(true);
        documents.iter().try_for_each(|it| self.write(collection, None, None, Some(it)))
    }

    fn replace_whole(&mut self, whole: bool) {
        self.running.writes.whole = whole;
    }

    fn write(
        &mut self,
        collection: &Collection,
        _: Option<i64>,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Result<()> {
        self.database.write_in(self.id, self.running, collection, before, after)
    }
}

fn update_all(
    writer: &mut dyn Writer,
    collection: &Collection,
    request: &UpdateRequest,
    filter: &Filter,
    update: &Update,
    found: Matches,
) -> Result<Updated> {
    let mut updated = Updated { stats: found.stats, ..Updated::default() };
    writer.replace_whole(update.is_whole());
    if found.documents.is_empty() {
        let Some(id) = &request.upsert else { return Ok(updated) };
        let document = update.upsert(filter, id)?;
        writer.write(collection, None, None, Some(&document))?;
        updated.upserted_id = Some(id_value(&document)?);
        updated.document = Some(document);
        return Ok(updated);
    }
    let mut first_matched = None;
    for matched in found.documents {
        let (number, before) = writer.fetch(collection, matched)?;
        updated.matched += 1;
        match update.apply(&before, filter)? {
            Some(after) => {
                writer.write(collection, number, Some(&before), Some(&after))?;
                updated.modified += 1;
                updated.document.get_or_insert(after);
            }
            None => {
                first_matched.get_or_insert(before);
            }
        }
    }
    updated.document = updated.document.or(first_matched);
    Ok(updated)
}
