//! Committed changes in order.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use bson::raw::RawDocumentBuf;

/// One document before and after a commit; a missing side means that it did not exist then.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub collection: String,
    pub before: Option<RawDocumentBuf>,
    pub after: Option<RawDocumentBuf>,
}

/// Everything one commit changed, in the order in which it did.
pub type Commit = Arc<[Change]>;

/// Hands every commit to every subscriber, in the order of the commits.
#[derive(Default)]
pub(super) struct Feed {
    subscribers: Mutex<Vec<Sender<Commit>>>,
}

impl Feed {
    pub fn subscribe(&self) -> Receiver<Commit> {
        let (sender, receiver) = channel();
        self.lock().push(sender);
        receiver
    }

    /// Whether anybody listens: if not, changes need not be gathered.
    pub fn is_watched(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Called under the writer's lock, which gives the order. A subscriber that went away is forgotten.
    pub fn publish(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let commit = Commit::from(changes);
        self.lock().retain(|it| it.send(Arc::clone(&commit)).is_ok());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sender<Commit>>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
