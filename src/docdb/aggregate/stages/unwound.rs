//! `$lookup` and the `$unwind` of what it found: a document per document that belongs to it, one after another.

use bson::{Bson, Document};

use super::lookup::{Lookup, parse_lookup};
use super::unwind::{self, Unwind};
use super::{Documents, Stage};
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::{Context, path};
use crate::docdb::{Result, bounds};

struct Unwound {
    lookup: Lookup,
    unwind: Unwind,
}

/// Parses two stages as one, if they are these two on one field.
pub(super) fn parse(first: &Document, second: &Document, names: &Names) -> Result<Option<Box<dyn Stage>>> {
    let (Some(lookup), Some(unwind)) = (first.get("$lookup"), second.get("$unwind")) else { return Ok(None) };
    if first.len() > 1 || second.len() > 1 {
        return Ok(None);
    }
    let (lookup, unwind) = (parse_lookup(lookup, names)?, unwind::read(unwind)?);
    Ok((lookup.into == unwind.path).then(|| Box::new(Unwound { lookup, unwind }) as Box<dyn Stage>))
}

impl Stage for Unwound {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(self.lookup.pairs(input, ctx)?.flat_map(move |pair| match pair {
            Ok((document, found)) => self.unwind(document, found),
            Err(error) => Box::new(std::iter::once(Err(error))),
        })))
    }
}

impl Unwound {
    fn unwind<'a>(&'a self, mut document: Document, found: Documents<'a>) -> Documents<'a> {
        let mut found = found.peekable();
        if found.peek().is_none() {
            path::set(&mut document, &self.lookup.into, Bson::Array(Vec::new()));
            return self.unwind.unwind(document);
        }
        Box::new((0_i64..).zip(found).map(move |(index, found)| {
            bounds::step()?;
            let mut document = document.clone();
            path::set(&mut document, &self.lookup.into, Bson::Document(found?));
            Ok(self.unwind.indexed(document, Some(index)))
        }))
    }
}
