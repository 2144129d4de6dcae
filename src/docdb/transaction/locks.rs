//! Which running transaction has written which document.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::super::store::Collection;
use super::super::{Error, Result};
use super::TransactionId;

/// Per-document write locks.
#[derive(Default)]
pub struct Locks {
    state: Mutex<State>,
    released: Condvar,
    /// How many are held, so that a plain write looks no further when there are none.
    held: AtomicUsize,
}

#[derive(Default)]
struct State {
    owners: HashMap<(i64, Vec<u8>), TransactionId>,
    /// Rises whenever locks are released.
    releases: u64,
}

impl Locks {
    /// Whether a transaction has written the document.
    pub fn hold(&self, collection: &Collection, id: &[u8]) -> bool {
        self.held.load(Ordering::Acquire) > 0
            && self.state().owners.contains_key(&(collection.number, id.to_vec()))
    }

    /// Takes a document for a transaction; returns whether it is new to it.
    ///
    /// # Errors
    /// Another transaction has it.
    pub(super) fn take(&self, owner: &TransactionId, collection: &Collection, id: &[u8]) -> Result<bool> {
        let mut state = self.state();
        let key = (collection.number, id.to_vec());
        match state.owners.get(&key) {
            Some(it) if it == owner => return Ok(false),
            Some(_) => return Err(Error::TransactionConflict),
            None => {}
        }
        state.owners.insert(key, owner.clone());
        self.held.store(state.owners.len(), Ordering::Release);
        Ok(true)
    }

    /// Gives back all that a transaction has taken and wakes who waits.
    pub(super) fn release(&self, owner: &TransactionId) {
        let mut state = self.state();
        state.owners.retain(|_, it| it != owner);
        state.releases += 1;
        self.held.store(state.owners.len(), Ordering::Release);
        self.released.notify_all();
    }

    /// Gives back all: those who had them have lost.
    pub fn clear(&self) {
        let mut state = self.state();
        state.owners.clear();
        state.releases += 1;
        self.held.store(0, Ordering::Release);
        self.released.notify_all();
    }

    /// How often locks have been released so far.
    pub fn releases(&self) -> u64 {
        self.state().releases
    }

    /// Waits for a release after the given one; returns whether it came in time.
    pub fn wait(&self, seen: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let state = self.state();
        let waited = self.released.wait_timeout_while(state, left, |it| it.releases == seen);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
