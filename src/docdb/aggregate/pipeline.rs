//! A pipeline: its stages, and what it begins with.

use std::collections::BTreeSet;
use std::fmt;

use bson::{Bson, Document};

use super::Context;
use super::expression::Names;
use super::memory::collect;
use super::needs;
use super::stages::geo_near::GeoNear;
use super::stages::{self, Documents, Stage};
use crate::docdb::{Error, Result};

/// A parsed aggregation pipeline.
pub struct Pipeline {
    stages: Vec<Box<dyn Stage>>,
    leading: Leading,
    needed: Option<BTreeSet<String>>,
}

/// What a pipeline begins with that a query over indexes can answer: filter, then sort, then limit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Leading {
    pub filter: Document,
    /// Field path → 1 or -1; empty keeps the collection's order.
    pub sort: Document,
    pub limit: Option<u64>,
    /// `$geoNear`, which filters and sorts at once.
    pub near: Option<GeoNear>,
    /// How many stages these are.
    stages: usize,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("leading", &self.leading).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Parses a pipeline.
    ///
    /// # Errors
    /// An unknown stage or operator, wrong arguments, a stage in the wrong place.
    pub fn parse(pipeline: &[Document]) -> Result<Self> {
        Self::parse_in(pipeline, &Names::default())
    }

    pub(super) fn parse_in(pipeline: &[Document], names: &Names) -> Result<Self> {
        let stages = stages::parse_all(pipeline, names)?;
        if pipeline.iter().skip(1).any(|it| it.contains_key("$geoNear")) {
            return Err(Error::invalid(40602, "$geoNear is only valid as the first stage in a pipeline"));
        }
        let leading = Leading::of(pipeline)?;
        let needed = needs::fields(pipeline.get(leading.stages..).unwrap_or_default());
        Ok(Self { stages, leading, needed })
    }

    /// Parses the array of a sub-pipeline.
    pub(super) fn parse_nested(stage: &str, pipeline: &Bson, names: &Names) -> Result<Self> {
        let malformed =
            || Error::invalid(14, format!("the pipeline of `{stage}` must be an array of objects"));
        let Bson::Array(items) = pipeline else { return Err(malformed()) };
        let documents = items.iter().map(|it| it.as_document().cloned().ok_or_else(malformed));
        Self::parse_in(&documents.collect::<Result<Vec<_>>>()?, names)
    }

    /// Returns what the pipeline begins with. Whoever fetches the input by it goes on with [`Pipeline::flow_after_leading`].
    pub fn leading(&self) -> &Leading {
        &self.leading
    }

    /// Returns the top-level fields that [`Pipeline::flow_after_leading`] looks at; nothing when it may be any.
    pub fn needed(&self) -> Option<&BTreeSet<String>> {
        self.needed.as_ref()
    }

    /// Runs the pipeline over all documents of its collection.
    ///
    /// # Errors
    /// A stage cannot work on what it was given; the memory limit is passed; a collection could not be read.
    pub fn run(&self, input: impl Iterator<Item = Result<Document>>, ctx: &Context) -> Result<Vec<Document>> {
        collect(self.flow(0, Box::new(input), ctx)?, ctx)
    }

    /// Begins to run the rest of the pipeline over documents that are filtered, sorted and limited as
    /// [`Pipeline::leading`] says.
    ///
    /// # Errors
    /// As [`Pipeline::run`].
    pub fn flow_after_leading<'a>(
        &'a self,
        input: Documents<'a>,
        ctx: &'a Context<'a>,
    ) -> Result<Documents<'a>> {
        self.flow(self.leading.stages, input, ctx)
    }

    /// Begins a run from a stage on.
    pub(super) fn flow<'a>(
        &'a self,
        from: usize,
        input: Documents<'a>,
        ctx: &'a Context<'a>,
    ) -> Result<Documents<'a>> {
        self.stages.iter().skip(from).try_fold(input, |input, stage| stage.run(input, ctx))
    }
}

impl Leading {
    fn of(pipeline: &[Document]) -> Result<Self> {
        let mut leading = Self::default();
        let mut rest = pipeline.iter().peekable();
        if let Some(near) = rest.peek().and_then(|it| it.get("$geoNear")) {
            let near = GeoNear::parse(near)?;
            leading.limit = near.limit;
            leading.near = Some(near);
            leading.stages += 1;
            rest.next();
            // Read no more than is wanted; the stage itself still runs.
            let next = rest.peek().and_then(|it| stages::whole(it.get("$limit")?));
            leading.limit = leading.limit.into_iter().chain(next).min();
            return Ok(leading);
        }
        if let Some(Bson::Document(filter)) = rest.peek().and_then(|it| it.get("$match")) {
            leading.filter = filter.clone();
            leading.stages += 1;
            rest.next();
        }
        if let Some(Bson::Document(sort)) = rest.peek().and_then(|it| it.get("$sort"))
            && !sort.values().any(|it| matches!(it, Bson::Document(_)))
        {
            leading.sort = sort.clone();
            leading.stages += 1;
            rest.next();
        }
        if let Some(limit) = rest.peek().and_then(|it| it.get("$limit")) {
            leading.limit = stages::whole(limit);
            leading.stages += usize::from(leading.limit.is_some());
        }
        Ok(leading)
    }
}
