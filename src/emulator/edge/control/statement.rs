//! The fields of a database command, or of one of its statements, by name and type. A field that is not known is
//! refused: a command that means something else than it says could change a whole collection.

use bson::{Bson, Document};

use super::Result;
use super::failure::Failure;
use crate::api::error::codes;

pub(super) struct Statement<'a> {
    /// Words for its reader: `delete`, or `deletes of delete`.
    name: &'a str,
    fields: &'a Document,
}

impl<'a> Statement<'a> {
    /// Takes an object that has none but these fields.
    pub fn new(name: &'a str, fields: &'a Document, known: &[&str]) -> Result<Self> {
        match fields.keys().find(|it| !known.contains(&it.as_str())) {
            None => Ok(Statement { name, fields }),
            Some(unknown) => {
                let known = known.join(", ");
                Err(malformed(format!(
                    "The field `{unknown}` of `{name}` is not known here; known are: {known}."
                )))
            }
        }
    }

    /// Returns an object; an absent one is empty.
    pub fn document(&self, field: &str) -> Result<Document> {
        Ok(self.read(field, "an object", |it| it.as_document().cloned())?.unwrap_or_default())
    }

    pub fn needed_document(&self, field: &str) -> Result<Document> {
        self.read(field, "an object", |it| it.as_document().cloned())?.ok_or_else(|| self.missing(field))
    }

    /// Returns a list of objects; an absent one is empty.
    pub fn documents(&self, field: &str) -> Result<Vec<Document>> {
        Ok(self.read(field, "a list of objects", objects)?.unwrap_or_default())
    }

    pub fn needed_documents(&self, field: &str) -> Result<Vec<Document>> {
        self.read(field, "a list of objects", objects)?.ok_or_else(|| self.missing(field))
    }

    pub fn number(&self, field: &str) -> Result<Option<u64>> {
        self.read(field, "a whole number that is not negative", whole)
    }

    /// Returns 0 or 1.
    pub fn needed_limit(&self, field: &str) -> Result<u64> {
        let limit = self.read(field, "0 or 1", |it| whole(it).filter(|it| *it < 2))?;
        limit.ok_or_else(|| self.missing(field))
    }

    /// Returns true or false; an absent one is false.
    pub fn flag(&self, field: &str) -> Result<bool> {
        Ok(self.read(field, "true or false", Bson::as_bool)?.unwrap_or(false))
    }

    fn read<T>(&self, field: &str, kind: &str, read: impl Fn(&Bson) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.fields.get(field) else { return Ok(None) };
        let name = self.name;
        read(value).map(Some).ok_or_else(|| malformed(format!("`{field}` of `{name}` is not {kind}.")))
    }

    fn missing(&self, field: &str) -> Failure {
        malformed(format!("`{}` needs `{field}`.", self.name))
    }
}

pub(super) fn malformed(message: String) -> Failure {
    Failure::new(codes::SYNTAX_ERROR, message)
}

fn objects(value: &Bson) -> Option<Vec<Document>> {
    value.as_array()?.iter().map(|item| item.as_document().cloned()).collect()
}

fn whole(value: &Bson) -> Option<u64> {
    match value {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        // 2^53: from there on a double skips whole numbers.
        Bson::Double(number) if number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(number) => {
            Some(*number as u64)
        }
        _ => None,
    }
}
