//! `$facet`: several pipelines over the same input, one document of their results.

use bson::{Bson, Document};

use super::{Documents, Stage, object, refused};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::memory::Held;
use crate::docdb::aggregate::pipeline::Pipeline;
use crate::docdb::{Error, Result};

struct Facet(Vec<(String, Pipeline)>);

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$facet", 40169, specification, &[])?;
    if fields.is_empty() {
        return Err(Error::invalid(40169, "`$facet` needs at least one pipeline"));
    }
    let mut facets = Vec::with_capacity(fields.len());
    for (name, pipeline) in fields {
        if name.is_empty() || name.contains('.') || name.starts_with('$') {
            return Err(Error::invalid(40170, format!("`{name}` cannot be the name of a facet")));
        }
        let stages = pipeline.as_array().into_iter().flatten().filter_map(Bson::as_document);
        if let Some(stage) =
            stages.flat_map(Document::keys).find(|it| matches!(it.as_str(), "$facet" | "$geoNear"))
        {
            return Err(refused(stage, "is not allowed inside `$facet`"));
        }
        facets.push((name.clone(), Pipeline::parse_nested("$facet", pipeline, names)?));
    }
    Ok(Box::new(Facet(facets)))
}

impl Stage for Facet {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let input = Held::of(input, ctx)?;
        let mut document = Document::new();
        for (name, pipeline) in &self.0 {
            let found = pipeline.run(input.iter(), ctx)?;
            document.insert(name.clone(), found);
        }
        Ok(Box::new(std::iter::once(Ok(document))))
    }
}
