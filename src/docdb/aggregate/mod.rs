//! Aggregation pipelines: parsed once, then run over documents that somebody else fetched.
//!
//! Documents flow from stage to stage one by one; a stage that needs all of them at once (sort, group, …) counts their
//! bytes against a limit. What a pipeline begins with can be answered by indexes: see [`Pipeline::leading`].

mod pipeline;

pub mod expression;

mod accumulators;
mod expressions;
mod stages;

mod memory;
mod needs;
mod order;
mod path;
mod pushdown;
mod random;
pub mod shape;

#[cfg(test)]
mod tests;

use bson::{DateTime, Document};

use super::Result;
use super::filter::geo::no_near_index;
use super::value::limits::STAGE_MEMORY;
use expression::Value;
pub(super) use memory::{MEMORY_EXCEEDED, Memory};
pub use pipeline::{Leading, Pipeline};
pub use stages::geo_near::GeoNear;

/// Reads the collections that a pipeline names besides its own.
pub trait Collections {
    /// Returns the documents that satisfy a filter, in insertion order.
    ///
    /// # Errors
    /// A missing collection ([`super::Error::CollectionNotFound`] reads as an empty one); the store failed.
    fn read<'s>(
        &'s self,
        name: &str,
        filter: &Document,
    ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>>;

    /// Returns the documents that satisfy a filter and a pipeline's leading `$geoNear`, the nearest first and with their
    /// distances.
    ///
    /// # Errors
    /// As for `read`; no index answers.
    fn near<'s>(
        &'s self,
        _name: &str,
        _near: &'s GeoNear,
        _limit: Option<u64>,
        _filter: &Document,
    ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>> {
        Err(no_near_index())
    }
}

/// What a run of a pipeline is handed from outside.
pub struct Context<'a> {
    /// The present, for `$$NOW`.
    now: DateTime,
    /// Where `$sample` starts; equal seeds choose equal documents.
    seed: u64,
    /// Bytes.
    memory_limit: usize,
    collections: &'a dyn Collections,
    /// What `let` of the enclosing `$lookup`s bound.
    variables: Vec<(String, Value)>,
}

impl<'a> Context<'a> {
    pub fn new(now: DateTime, seed: u64, collections: &'a dyn Collections) -> Self {
        Self { now, seed, memory_limit: STAGE_MEMORY, collections, variables: Vec::new() }
    }

    /// Sets another limit than [`STAGE_MEMORY`], in bytes.
    pub fn with_memory_limit(self, memory_limit: usize) -> Self {
        Self { memory_limit, ..self }
    }

    /// Returns the context of a sub-pipeline with more variables.
    fn with_variables(&self, variables: Vec<(String, Value)>) -> Context<'_> {
        let variables = self.variables.iter().cloned().chain(variables).collect();
        Context { variables, ..*self }
    }

    fn scope<'s>(&'s self, document: &'s Document) -> expression::Scope<'s> {
        expression::Scope::new(document, self.now, &self.variables)
    }
}
