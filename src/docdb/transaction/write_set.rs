//! What a transaction will write: per document its state before and after.

use std::collections::BTreeMap;

use bson::raw::{RawDocument, RawDocumentBuf};

use super::super::store::Collection;
use super::super::write::DocumentWrite;
use super::super::{Error, Result};

/// Uncommitted writes by collection and encoded `_id`.
#[derive(Default, Clone)]
pub struct WriteSet {
    writes: BTreeMap<(i64, Vec<u8>), Pending>,
    /// Whether documents are given anew as a whole from now on.
    pub whole: bool,
}

/// One document's write.
#[derive(Clone)]
struct Pending {
    collection: String,
    /// In the order of first writing, which becomes the natural order of new documents.
    turn: usize,
    /// As the snapshot has it.
    before: Option<RawDocumentBuf>,
    /// As it will be.
    after: Option<RawDocumentBuf>,
    whole: bool,
}

impl WriteSet {
    /// Notes a document's new state; `before` is what the transaction saw.
    pub fn put(
        &mut self,
        collection: &Collection,
        id: Vec<u8>,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) {
        let turn = self.writes.len();
        let first = Pending {
            collection: collection.name.clone(),
            turn,
            before: before.map(ToOwned::to_owned),
            after: None,
            whole: false,
        };
        let pending = self.writes.entry((collection.number, id)).or_insert(first);
        pending.after = after.map(ToOwned::to_owned);
        pending.whole |= self.whole;
    }

    /// The documents of a collection as this transaction left them, in the order of first writing, `None` for removed
    /// ones, with their encoded `_id`.
    pub fn of(&self, collection: &Collection) -> Vec<(&[u8], Option<&RawDocument>)> {
        let mut writes: Vec<_> = self.on(collection).collect();
        writes.sort_by_key(|(_, pending)| pending.turn);
        writes.into_iter().map(|(id, pending)| (id, pending.after.as_deref())).collect()
    }

    fn on<'w>(&'w self, collection: &Collection) -> impl Iterator<Item = (&'w [u8], &'w Pending)> + use<'w> {
        let number = collection.number;
        let writes = self.writes.range((number, Vec::new())..);
        let writes = writes.take_while(move |((it, _), _)| *it == number);
        writes.map(|((_, id), pending)| (id.as_slice(), pending))
    }

    /// Whether the transaction has given a document of this `_id` a state.
    pub fn has(&self, collection: &Collection, id: &[u8]) -> bool {
        self.writes.get(&(collection.number, id.to_vec())).is_some_and(|it| it.after.is_some())
    }

    /// Whether the collection is as the snapshot has it.
    pub fn spares(&self, collection: &Collection) -> bool {
        self.on(collection).next().is_none()
    }

    /// Writes everything; does not commit.
    pub fn apply(&self, write: &mut DocumentWrite<'_>) -> Result<()> {
        let mut writes: Vec<_> = self.writes.iter().collect();
        writes.sort_by_key(|(_, pending)| pending.turn);
        // Removals first: what they free may be taken by another document of the same transaction.
        writes.sort_by_key(|(_, pending)| pending.after.is_some());
        for ((number, id), pending) in writes {
            let collection = write.store().collection(&pending.collection)?;
            if collection.number != *number {
                // Dropped and made again meanwhile.
                return Err(Error::TransactionConflict);
            }
            write.whole = pending.whole;
            match (&pending.before, &pending.after) {
                (None, None) => {}
                (None, Some(after)) => write.insert(&collection, after)?,
                (Some(before), after) => {
                    // Locked, so still there.
                    let number = write.view().find(&collection.ids, id)?.ok_or(Error::TransactionConflict)?;
                    match after {
                        Some(after) => write.replace(&collection, number, before, after)?,
                        None => write.remove(&collection, number, before)?,
                    }
                }
            }
        }
        Ok(())
    }
}
