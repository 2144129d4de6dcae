//! The order of results: each document gets one byte-comparable key.

use bson::{Bson, Document};

use super::key;
use super::value::path::FieldPath;
use super::value::view::{Fields, View};
use super::value::{compare, number};
use super::{Error, Result};

/// A parsed sort: fields in order of weight.
#[derive(Debug, Clone, Default)]
pub struct Sort {
    fields: Vec<SortField>,
}

/// One field to sort by.
#[derive(Debug, Clone)]
pub struct SortField {
    pub path: FieldPath,
    pub descending: bool,
}

impl Sort {
    /// Parses `{ path: 1, path: -1, … }`.
    ///
    /// # Errors
    /// BadValue (2): a direction that is neither 1 nor -1, an empty path.
    pub fn parse(sort: &Document) -> Result<Self> {
        let fields = sort.iter().map(|(path, direction)| SortField::parse(path, direction));
        Ok(Self { fields: fields.collect::<Result<_>>()? })
    }

    pub fn fields(&self) -> &[SortField] {
        &self.fields
    }

    /// Returns whether there is nothing to sort by.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns a document's key; keys compare as the documents are to be sorted.
    pub fn key<'a>(&self, document: impl Into<Fields<'a>>) -> Vec<u8> {
        let document = document.into();
        let mut bytes = Vec::with_capacity(16 * self.fields.len());
        for field in &self.fields {
            key::encode(field.value(document), field.descending, &mut bytes);
        }
        bytes
    }
}

impl SortField {
    fn parse(path: &str, direction: &Bson) -> Result<Self> {
        let direction = View::from(direction);
        let is = |it| direction.is_number() && number::compare(direction, View::Int32(it)).is_eq();
        if !is(1) && !is(-1) {
            return Err(Error::invalid(2, format!("the sort direction of `{path}` must be 1 or -1")));
        }
        Ok(Self { path: FieldPath::parse(path)?, descending: is(-1) })
    }

    /// Returns the value that stands for the document: of several, the smallest when ascending, the largest when descending.
    fn value<'a>(&self, document: Fields<'a>) -> View<'a> {
        let values = self.path.sort_values(document).into_iter();
        let chosen = match self.descending {
            true => values.max_by(|left, right| compare(*left, *right)),
            false => values.min_by(|left, right| compare(*left, *right)),
        };
        chosen.unwrap_or(View::Null)
    }
}

/// The order of an array's elements: of themselves, or by fields of those that are objects.
#[derive(Debug, Clone)]
pub enum ElementSort {
    Whole { descending: bool },
    Fields(Sort),
}

impl ElementSort {
    /// Parses 1, -1, or `{ path: 1, path: -1, … }`.
    ///
    /// # Errors
    /// BadValue (2): anything else.
    pub fn parse(operator: &str, sort: &Bson) -> Result<Self> {
        match (sort, number::whole(View::from(sort))) {
            (_, Some(1)) => Ok(Self::Whole { descending: false }),
            (_, Some(-1)) => Ok(Self::Whole { descending: true }),
            (Bson::Document(fields), _) if !fields.is_empty() => Ok(Self::Fields(Sort::parse(fields)?)),
            _ => Err(Error::invalid(
                2,
                format!("the sort order of {operator} must be 1, -1 or an object of fields"),
            )),
        }
    }

    /// Sorts elements; equal ones keep their order.
    pub fn sort(&self, items: &mut [Bson]) {
        match self {
            Self::Whole { descending: false } => items.sort_by(|a, b| compare(a, b)),
            Self::Whole { descending: true } => items.sort_by(|a, b| compare(b, a)),
            Self::Fields(sort) => items.sort_by_cached_key(|item| match item {
                Bson::Document(fields) => sort.key(fields),
                _ => sort.key(&Document::new()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::ejson::parse_document;
    use super::*;
    use bson::doc;

    /// The `_id`s of documents in the order of a sort.
    fn sorted(sort: &str, documents: &[&str]) -> String {
        let document = |text: &str| parse_document(text).expect("a document");
        let sort = Sort::parse(&document(sort)).expect("a sort");
        let mut documents: Vec<Document> = documents.iter().map(|it| document(it)).collect();
        documents.sort_by_cached_key(|it| sort.key(it));
        documents.iter().map(|it| it.get("_id").map(Bson::to_string).unwrap_or_default()).collect()
    }

    #[test]
    fn array_is_sorted_by_its_least_or_greatest_element() {
        let documents =
            [r#"{"_id":1,"a":[1,9]}"#, r#"{"_id":2,"a":5}"#, r#"{"_id":3,"a":[]}"#, r#"{"_id":4}"#];
        assert_eq!(sorted(r#"{"a":1}"#, &documents), "3412");
        assert_eq!(sorted(r#"{"a":-1}"#, &documents), "1243");
    }

    #[test]
    fn fields_weigh_in_turn_and_ties_keep_their_order() {
        let documents = [
            r#"{"_id":1,"a":1,"b":1}"#,
            r#"{"_id":2,"a":1,"b":2}"#,
            r#"{"_id":3,"a":0,"b":1}"#,
            r#"{"_id":4,"a":1,"b":2}"#,
        ];
        assert_eq!(sorted(r#"{"a":1,"b":-1}"#, &documents), "3241");
    }

    #[test]
    fn direction_is_one_or_minus_one() {
        for wrong in
            [doc! { "a": 2 }, doc! { "a": "asc" }, doc! { "a": true }, doc! { "": 1 }, doc! { "a.": 1 }]
        {
            assert!(matches!(Sort::parse(&wrong), Err(Error::Invalid { code: 2, .. })), "{wrong}");
        }
    }
}
