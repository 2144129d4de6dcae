//! Counting what a stage holds.

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

/// Takes all documents in.
pub(super) fn collect(input: Documents, ctx: &Context) -> Result<Vec<Document>> {
    let mut memory = Memory::new(ctx);
    let mut documents = Vec::new();
    for document in input {
        let document = document?;
        memory.hold(document_size(&document))?;
        documents.push(document);
    }
    Ok(documents)
}

/// Returns about as many bytes as the document takes as BSON.
pub(super) fn document_size(document: &Document) -> usize {
    document.iter().map(|(name, value)| name.len() + 2 + value_size(value)).sum::<usize>() + 5
}

/// Returns about as many bytes as the value takes as BSON.
pub(super) fn value_size(value: &Bson) -> usize {
    match value {
        Bson::String(it) => it.len() + 5,
        Bson::Document(it) => document_size(it),
        Bson::Array(items) => items.iter().map(|it| value_size(it) + 4).sum::<usize>() + 5,
        Bson::Binary(it) => it.bytes.len() + 5,
        _ => 16,
    }
}
