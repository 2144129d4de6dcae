//! Stages that shape each document: project, addFields, set, unset.

use bson::Bson;

use super::{Documents, Stage, object};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::shape::{Projection, Shape};
use crate::docdb::{Error, Result};

struct Project(Projection);

pub(super) fn parse_project(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$project", 15969, specification, &[])?;
    Ok(Box::new(Project(Projection::parse(fields, names)?)))
}

pub(super) fn parse_unset(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    let paths = match specification {
        Bson::Array(items) => items.iter().map(Bson::as_str).collect::<Option<Vec<_>>>(),
        single => single.as_str().map(|it| vec![it]),
    };
    match paths.filter(|it| !it.is_empty()) {
        Some(paths) => Ok(Box::new(Project(Projection::exclude(&paths)?))),
        None => Err(Error::invalid(31002, "`$unset` takes a field's path or an array of them")),
    }
}

impl Stage for Project {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.map(move |document| {
            let document = document?;
            self.0.apply(&document, &ctx.scope(&document))
        })))
    }
}

struct AddFields(Shape);

pub(super) fn parse_add_fields(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$addFields", 40272, specification, &[])?;
    Ok(Box::new(AddFields(Shape::added(fields, names)?)))
}

impl Stage for AddFields {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.map(move |document| {
            let document = document?;
            let mut shaped = document.clone();
            self.0.compute(&mut shaped, &ctx.scope(&document))?;
            Ok(shaped)
        })))
    }
}
