//! Committed changes in order.

use std::ops::Deref;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bson::raw::RawDocumentBuf;

/// One document before and after a commit; a missing side means that it did not exist then.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub collection: String,
    pub before: Option<Numbered>,
    pub after: Option<Numbered>,
    /// Whether the document was given anew as a whole, rather than changed by operators.
    pub whole: bool,
}

/// A document with its number in the store: documents that a sort holds equal come in the order of their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    pub number: i64,
    pub document: RawDocumentBuf,
}

/// Everything one commit changed, in the order in which it did.
#[derive(Debug, Clone)]
pub struct Commit {
    /// One more than that of the commit told before.
    pub number: u64,
    changes: Arc<[Change]>,
}

impl Deref for Commit {
    type Target = [Change];

    fn deref(&self) -> &[Change] {
        &self.changes
    }
}

/// Hands every commit to every subscriber, in the order of the commits.
#[derive(Default)]
pub(super) struct Feed {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subscribers: Vec<Sender<Commit>>,
    /// The number of the last commit that was told.
    told: u64,
}

impl Feed {
    pub fn subscribe(&self) -> Receiver<Commit> {
        let (sender, receiver) = channel();
        self.lock().subscribers.push(sender);
        receiver
    }

    /// Whether anybody listens: if not, changes need not be gathered.
    pub fn is_watched(&self) -> bool {
        !self.lock().subscribers.is_empty()
    }

    /// Returns the number of the last commit that was told.
    pub fn told(&self) -> u64 {
        self.lock().told
    }

    /// Called under the writer's lock, which gives the order. A subscriber that went away is forgotten.
    pub fn publish(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.told += 1;
        let commit = Commit { number: state.told, changes: changes.into() };
        state.subscribers.retain(|it| it.send(commit.clone()).is_ok());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
