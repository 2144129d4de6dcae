//! `$unwind`: a document per element of an array.

use bson::{Bson, Document};

use super::{Documents, Stage, object, required_text, text};
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::{Context, path};
use crate::docdb::{Error, Result, bounds};

pub(super) struct Unwind {
    pub path: Vec<String>,
    index: Option<Vec<String>>,
    /// Whether documents without elements stay.
    preserve: bool,
}

pub(super) fn parse(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    Ok(Box::new(read(specification)?))
}

pub(super) fn read(specification: &Bson) -> Result<Unwind> {
    const NAME: &str = "$unwind";
    if let Bson::String(reference) = specification {
        let path = path::parse_reference(NAME, reference)?;
        return Ok(Unwind { path, index: None, preserve: false });
    }
    let known = ["path", "includeArrayIndex", "preserveNullAndEmptyArrays"];
    let fields = object(NAME, 15981, specification, &known)?;
    let preserve = match fields.get("preserveNullAndEmptyArrays") {
        None => false,
        Some(Bson::Boolean(it)) => *it,
        Some(_) => {
            return Err(Error::invalid(28809, "`preserveNullAndEmptyArrays` of `$unwind` is a boolean"));
        }
    };
    let index = text(NAME, fields, "includeArrayIndex")?;
    Ok(Unwind {
        path: path::parse_reference(NAME, required_text(NAME, fields, "path")?)?,
        index: index.map(|it| path::parse(NAME, it)).transpose()?,
        preserve,
    })
}

impl Unwind {
    /// Takes the array out of a document; what is left is shared by the documents of its elements.
    pub fn unwind(&self, mut document: Document) -> Documents<'_> {
        match path::get_mut(&mut document, &self.path) {
            Some(Bson::Array(items)) if !items.is_empty() => {
                let items = std::mem::take(items);
                Box::new((0_i64..).zip(items).map(move |(index, item)| {
                    bounds::step()?;
                    let mut document = document.clone();
                    path::set(&mut document, &self.path, item);
                    Ok(self.indexed(document, Some(index)))
                }))
            }
            // A scalar passes as if it were an array of one.
            Some(it) if !matches!(it, Bson::Null | Bson::Undefined | Bson::Array(_)) => {
                Box::new(std::iter::once(Ok(self.indexed(document, None))))
            }
            _ if !self.preserve => Box::new(std::iter::empty()),
            found => {
                let empty = matches!(found, Some(Bson::Array(_)));
                let mut document = self.indexed(document, None);
                if empty {
                    path::remove(&mut document, &self.path);
                }
                Box::new(std::iter::once(Ok(document)))
            }
        }
    }

    pub fn indexed(&self, mut document: Document, index: Option<i64>) -> Document {
        if let Some(path) = &self.index {
            path::set(&mut document, path, index.map_or(Bson::Null, Bson::Int64));
        }
        document
    }
}

impl Stage for Unwind {
    fn run<'a>(&'a self, input: Documents<'a>, _ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.flat_map(move |document| match document {
            Ok(document) => self.unwind(document),
            Err(error) => Box::new(std::iter::once(Err(error))),
        })))
    }
}
