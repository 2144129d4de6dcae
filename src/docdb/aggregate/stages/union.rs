//! `$unionWith`: the documents of another collection after these.

use bson::{Bson, Document};

use super::lookup::flow_over;
use super::{Documents, Stage, object, required_text};
use crate::docdb::Result;
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::pipeline::Pipeline;

struct UnionWith {
    collection: String,
    pipeline: Pipeline,
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    if let Bson::String(collection) = specification {
        return Ok(Box::new(UnionWith { collection: collection.clone(), pipeline: Pipeline::parse(&[])? }));
    }
    let fields = object("$unionWith", 9, specification, &["coll", "pipeline"])?;
    let pipeline = match fields.get("pipeline") {
        Some(pipeline) => Pipeline::parse_nested("$unionWith", pipeline, names)?,
        None => Pipeline::parse(&[])?,
    };
    Ok(Box::new(UnionWith { collection: required_text("$unionWith", fields, "coll")?.to_owned(), pipeline }))
}

impl UnionWith {
    fn other<'a>(&'a self, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        flow_over(&self.pipeline, &self.collection, &Document::new(), ctx)
    }
}

impl Stage for UnionWith {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        // The other collection is read when the first one is through.
        let other = std::iter::once_with(|| self.other(ctx)).flat_map(|other| match other {
            Ok(documents) => documents,
            Err(error) => Box::new(std::iter::once(Err(error))),
        });
        Ok(Box::new(input.chain(other)))
    }
}
