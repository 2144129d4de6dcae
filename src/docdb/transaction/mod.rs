//! Transactions: a read snapshot, a write set in memory, per-document locks, one store commit at the end.
//!
//! Locks are taken and looked at under the writer's lock only, so a plain write and a transaction never miss each other.

mod locks;
mod write_set;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bson::DateTime;
use bson::raw::RawDocument;

pub(super) use locks::Locks;
pub(super) use write_set::WriteSet;

use super::index::{IndexDefinition, duplicate};
use super::store::{Collection, Snapshot};
use super::value::limits::TRANSACTION_LIFE;
use super::write::{DocumentWrite, check_same_id, id_key};
use super::{Database, Error, Result};

/// Names a running transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TransactionId(pub String);

/// The transactions that run.
#[derive(Default)]
pub(super) struct Transactions {
    pub locks: Locks,
    running: Mutex<HashMap<TransactionId, Entry>>,
}

struct Entry {
    /// Milliseconds since the epoch, by the clock of the requests.
    deadline: i64,
    running: Arc<Mutex<Running>>,
}

/// One transaction between two of its requests.
pub(super) struct Running {
    pub snapshot: Snapshot,
    pub writes: WriteSet,
    state: State,
}

/// Whether a transaction can still be committed; any can be aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Another writer was first.
    Lost,
    /// A write was refused.
    Failed,
}

impl Transactions {
    /// Forgets the transactions that have lived too long.
    pub fn expire(&self, now: DateTime) {
        let mut running = self.running();
        if running.is_empty() {
            return;
        }
        let now = now.timestamp_millis();
        running.retain(|id, entry| {
            let lives = now < entry.deadline;
            if !lives {
                self.locks.release(id);
            }
            lives
        });
    }

    pub fn find(&self, id: &TransactionId) -> Result<Arc<Mutex<Running>>> {
        let running = self.running();
        running.get(id).map(|it| Arc::clone(&it.running)).ok_or_else(|| ended(id))
    }

    fn end(&self, id: &TransactionId) -> Result<Arc<Mutex<Running>>> {
        self.running().remove(id).map(|it| it.running).ok_or_else(|| ended(id))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TransactionId, Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Refuses a transaction whose state was replaced as a whole. Asked under the writer's lock.
    fn overtaken(&self) -> Result<()> {
        if self.snapshot.is_of_now() { Ok(()) } else { Err(Error::TransactionConflict) }
    }

    /// Refuses a transaction that can only be aborted.
    pub fn check(&self, id: &TransactionId) -> Result<()> {
        match self.state {
            State::Open => Ok(()),
            State::Lost => Err(Error::TransactionConflict),
            State::Failed => Err(Error::NoSuchTransaction { id: id.0.clone() }),
        }
    }
}

impl Database {
    /// Starts a transaction that reads the present state and lives until `commit`, `abort` or its time limit.
    pub fn begin(&self, id: TransactionId, now: DateTime) -> Result<()> {
        self.transactions().expire(now);
        let running =
            Running { snapshot: self.store().snapshot()?, writes: WriteSet::default(), state: State::Open };
        let deadline = now.timestamp_millis() + TRANSACTION_LIFE.as_millis() as i64;
        let entry = Entry { deadline, running: Arc::new(Mutex::new(running)) };
        self.transactions().running().insert(id, entry);
        Ok(())
    }

    /// Makes the transaction's writes visible at once and ends it.
    ///
    /// # Errors
    /// It has lost to another writer, breaks a unique index, or has ended. None of its writes is kept then.
    pub fn commit(&self, id: &TransactionId, now: DateTime) -> Result<()> {
        self.transactions().expire(now);
        let running = self.transactions().end(id)?;
        let running = hold(&running);
        let outcome = running.check(id).and_then(|()| {
            let mut write = DocumentWrite::new(self.store().write()?, self.feed(), None);
            running.overtaken()?;
            running.writes.apply(&mut write)?;
            write.commit()
        });
        self.transactions().locks.release(id);
        outcome
    }

    /// Ends the transaction; its writes never were.
    pub fn abort(&self, id: &TransactionId) -> Result<()> {
        self.transactions().end(id)?;
        self.transactions().locks.release(id);
        Ok(())
    }

    /// Ends what a transaction can do after a write of it was refused, as MongoDB does: half of it must not be committed.
    pub(super) fn fail(&self, id: &TransactionId, running: &mut Running) {
        if running.state == State::Open {
            running.state = State::Failed;
        }
        self.transactions().locks.release(id);
    }

    /// Adds one document's new state (`None`: it goes) to the transaction's write set.
    ///
    /// # Errors
    /// `TransactionConflict` when another writer was first; what a plain write of the same would be refused for.
    pub(super) fn write_in(
        &self,
        id: &TransactionId,
        running: &mut Running,
        collection: &Collection,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Result<()> {
        if let (Some(before), Some(after)) = (before, after) {
            check_same_id(before, after)?;
        }
        let document = after.or(before).ok_or_else(|| Error::invalid(2, "a write needs a document"))?;
        let key = id_key(document)?;
        let outcome = self.claim(id, running, collection, &key);
        if matches!(outcome, Err(Error::TransactionConflict)) {
            running.state = State::Lost;
        }
        let mut write = outcome?;
        if before.is_none() && running.writes.has(collection, &key) {
            return Err(duplicate(collection, &IndexDefinition::of_id(), document, &key));
        }
        let undo = running.writes.clone();
        running.writes.put(collection, key, before, after);
        // A rehearsal of the commit: uniqueness and limits are refused where they are broken.
        let rehearsed = running.writes.apply(&mut write);
        if rehearsed.is_err() {
            running.writes = undo;
        }
        rehearsed
    }

    /// Locks a document for the transaction, under the writer's lock.
    fn claim<'a>(
        &'a self,
        id: &TransactionId,
        running: &Running,
        collection: &Collection,
        key: &[u8],
    ) -> Result<DocumentWrite<'a>> {
        let write = DocumentWrite::new(self.store().write()?, self.feed(), None);
        // It may have expired while this request waited.
        self.transactions().find(id)?;
        running.overtaken()?;
        if !self.transactions().locks.take(id, collection, key)? {
            return Ok(write);
        }
        let state = |view: super::store::View<'_>| -> Result<_> {
            let number = view.find(&collection.ids, key)?;
            number.map(|it| view.document_buf(collection, it)).transpose()
        };
        if state(running.snapshot.view())? == state(write.view())? {
            Ok(write)
        } else {
            Err(Error::TransactionConflict)
        }
    }
}

/// Requests of one transaction follow each other.
pub(super) fn hold(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ended(id: &TransactionId) -> Error {
    Error::NoSuchTransaction { id: id.0.clone() }
}
