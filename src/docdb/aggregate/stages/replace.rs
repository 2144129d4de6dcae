//! Stages that put another object in the document's place.

use bson::Bson;

use super::{Documents, Stage, object};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::{Expression, Names};
use crate::docdb::aggregate::expressions::type_name;
use crate::docdb::{Error, Result};

struct Replace(Expression);

pub(super) fn parse_root(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$replaceRoot", 40229, specification, &["newRoot"])?;
    let missing = || Error::invalid(40231, "`$replaceRoot` needs the argument `newRoot`");
    parse_with(fields.get("newRoot").ok_or_else(missing)?, names)
}

pub(super) fn parse_with(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    Ok(Box::new(Replace(Expression::parse_in(specification, names)?)))
}

impl Stage for Replace {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.map(move |document| match self.0.value(&ctx.scope(&document?))? {
            Some(Bson::Document(root)) => Ok(root),
            other => {
                let message = format!("the new root must be an object, not {}", type_name(&other));
                Err(Error::invalid(40228, message))
            }
        })))
    }
}
