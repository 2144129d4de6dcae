//! Sorting in memory: no more documents are kept than are wanted.

use std::collections::BinaryHeap;

use bson::raw::{RawDocument, RawDocumentBuf};

/// The first so many documents by sort key, then by natural order.
pub struct Top {
    size: usize,
    /// Of the documents and keys that are kept.
    bytes: usize,
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
        Top { size, bytes: 0, heap: BinaryHeap::new() }
    }

    /// Takes a document in if it belongs to the first; returns whether all that sort later are out for good.
    pub fn offer(&mut self, key: Vec<u8>, number: i64, document: &RawDocument) -> bool {
        if self.heap.len() >= self.size {
            match self.heap.peek() {
                Some(last) if (&key, number) < (&last.key, last.number) => {
                    self.bytes -= last.key.len() + last.bytes.len();
                    self.heap.pop();
                }
                last => return last.is_none_or(|it| key > it.key),
            }
        }
        self.bytes += key.len() + document.as_bytes().len();
        let turn = self.heap.len();
        self.heap.push(Ranked { key, number, turn, bytes: document.as_bytes().to_vec() });
        false
    }

    /// Returns how many bytes are held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn into_sorted(self) -> Vec<(i64, RawDocumentBuf)> {
        let ranked = self.heap.into_sorted_vec().into_iter();
        ranked.filter_map(|it| Some((it.number, RawDocumentBuf::from_bytes(it.bytes).ok()?))).collect()
    }
}
