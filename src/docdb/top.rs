//! Sorting in memory: no more documents are kept than are wanted.

use std::collections::BinaryHeap;

use bson::raw::{RawDocument, RawDocumentBuf};

/// The first so many documents by sort key, then by natural order.
pub struct Top {
    size: usize,
    heap: BinaryHeap<Ranked>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    key: Vec<u8>,
    number: i64,
    /// Among documents that have no number yet.
    turn: usize,
    bytes: Vec<u8>,
}

impl Top {
    pub fn new(size: Option<u64>) -> Self {
        let size = size.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        Top { size, heap: BinaryHeap::new() }
    }

    /// Takes a document in if it belongs to the first; returns whether all that sort later are out for good.
    pub fn offer(&mut self, key: Vec<u8>, number: i64, document: &RawDocument) -> bool {
        if self.heap.len() >= self.size {
            match self.heap.peek() {
                Some(last) if (&key, number) < (&last.key, last.number) => drop(self.heap.pop()),
                last => return last.is_none_or(|it| key > it.key),
            }
        }
        let turn = self.heap.len();
        self.heap.push(Ranked { key, number, turn, bytes: document.as_bytes().to_vec() });
        false
    }

    pub fn into_sorted(self) -> Vec<(i64, RawDocumentBuf)> {
        let ranked = self.heap.into_sorted_vec().into_iter();
        ranked.filter_map(|it| Some((it.number, RawDocumentBuf::from_bytes(it.bytes).ok()?))).collect()
    }
}
