//! Counting what a stage holds.

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, Document};

use super::{Context, stages::Documents};
use crate::docdb::{Error, Result};

/// The number of the error when more would be held than is allowed.
pub const MEMORY_EXCEEDED: i32 = 292;

/// Bytes held by one stage of a pipeline.
pub struct Memory {
    used: usize,
    limit: usize,
}

impl Memory {
    pub(super) fn new(ctx: &Context) -> Self {
        Self::of(ctx.memory_limit)
    }

    /// Begins with nothing held of so many bytes.
    pub fn of(limit: usize) -> Self {
        Self { used: 0, limit }
    }

    /// Counts bytes in.
    ///
    /// # Errors
    /// The limit is passed.
    pub fn hold(&mut self, bytes: usize) -> Result<()> {
        self.now_holds(self.used.saturating_add(bytes))
    }

    /// Says how many bytes are held by now.
    ///
    /// # Errors
    /// The limit is passed.
    pub fn now_holds(&mut self, bytes: usize) -> Result<()> {
        self.used = bytes;
        match self.used > self.limit {
            true => Err(Error::invalid(
                MEMORY_EXCEEDED,
                format!("the aggregation needs more than {} bytes of memory", self.limit),
            )),
            false => Ok(()),
        }
    }
}

/// Bytes of documents that are held as they came.
const FEW: usize = 64 * 1024;

/// Documents that a stage holds: the first few as they came, the others as BSON, which takes a fraction of that.
pub(super) struct Held {
    few: Vec<Document>,
    others: Vec<RawDocumentBuf>,
    memory: Memory,
}

impl Held {
    pub fn new(ctx: &Context) -> Self {
        Held { few: Vec::new(), others: Vec::new(), memory: Memory::new(ctx) }
    }

    /// Takes all documents in.
    pub fn of(input: Documents, ctx: &Context) -> Result<Self> {
        let mut held = Held::new(ctx);
        for document in input {
            held.push(document?, 0)?;
        }
        Ok(held)
    }

    /// Takes a document in, and counts bytes that are held beside it.
    pub fn push(&mut self, document: Document, beside: usize) -> Result<()> {
        if self.others.is_empty() && self.memory.used < FEW {
            let bytes = encoded_document(&document);
            if bytes < FEW {
                self.few.push(document);
                return self.memory.hold(bytes + size_of::<RawDocumentBuf>() + beside);
            }
        }
        let document = encode(&document)?;
        self.memory.hold(document.as_bytes().len() + size_of::<RawDocumentBuf>() + beside)?;
        self.others.push(document);
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.few.len() + self.others.len()
    }

    pub fn get(&self, place: usize) -> Option<Result<Document>> {
        match place.checked_sub(self.few.len()) {
            None => self.few.get(place).cloned().map(Ok),
            Some(place) => self.others.get(place).map(|it| decode(it)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Result<Document>> {
        let others = self.others.iter().map(|it| decode(it));
        self.few.iter().cloned().map(Ok).chain(others)
    }
}

impl IntoIterator for Held {
    type Item = Result<Document>;
    type IntoIter = Box<dyn Iterator<Item = Result<Document>>>;

    fn into_iter(self) -> Self::IntoIter {
        let others = self.others.into_iter().map(|it| decode(&it));
        Box::new(self.few.into_iter().map(Ok).chain(others))
    }
}

pub(super) fn encode(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(2, error.to_string()))
}

pub(super) fn decode(document: &RawDocument) -> Result<Document> {
    Document::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}

/// Takes all documents in, as they are.
pub(super) fn collect(input: Documents, ctx: &Context) -> Result<Vec<Document>> {
    let mut memory = Memory::new(ctx);
    let mut documents = Vec::new();
    for document in input {
        let document = document?;
        memory.hold(decoded_document(&document))?;
        documents.push(document);
    }
    Ok(documents)
}

/// Bytes of a decoded field beside its name's and its value's own: its hash, and its place in the table.
const FIELD: usize = 32;

/// Returns about as many bytes as the document takes in memory.
pub(super) fn decoded_document(document: &Document) -> usize {
    let fields =
        document.iter().map(|(name, value)| size_of::<String>() + name.len() + FIELD + decoded(value));
    fields.sum::<usize>() + size_of::<Document>()
}

/// Returns about as many bytes as the value takes in memory.
pub(super) fn decoded(value: &Bson) -> usize {
    let beside = match value {
        Bson::String(it) => it.len(),
        Bson::Document(it) => decoded_document(it),
        Bson::Array(items) => items.iter().map(decoded).sum(),
        Bson::Binary(it) => it.bytes.len(),
        _ => 0,
    };
    beside + size_of::<Bson>()
}

/// Returns about as many bytes as the value takes as BSON.
pub(super) fn encoded(value: &Bson) -> usize {
    match value {
        Bson::String(it) => it.len() + 5,
        Bson::Document(it) => encoded_document(it),
        Bson::Array(items) => items.iter().map(|it| encoded(it) + 4).sum::<usize>() + 5,
        Bson::Binary(it) => it.bytes.len() + 5,
        _ => 16,
    }
}

fn encoded_document(document: &Document) -> usize {
    document.iter().map(|(name, value)| name.len() + 2 + encoded(value)).sum::<usize>() + 5
}
