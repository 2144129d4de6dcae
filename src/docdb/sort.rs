//! The order of results: each document gets one byte-comparable key.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::index::{IndexDefinition, Order, PARALLEL_ARRAYS, keys_of};
use super::key;
use super::value::path::{FieldPath, position};
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
    ///
    /// # Errors
    /// BadValue (2): two fields lie in different arrays.
    pub fn key<'a>(&self, document: impl Into<Fields<'a>>) -> Result<Vec<u8>> {
        let document = document.into();
        match self.key_by_field(document) {
            (key, 0) => Ok(key),
            (key, 1) if !self.fields.iter().any(|it| it.path.has_position()) => Ok(key),
            _ => self.key_by_row(document),
        }
    }

    /// Returns the key that each field gives by itself, and how many of the fields have met an array.
    fn key_by_field(&self, document: Fields<'_>) -> (Vec<u8>, usize) {
        let mut bytes = Vec::with_capacity(16 * self.fields.len());
        let mut arrays = 0;
        for field in &self.fields {
            let values = field.path.sort_values(document);
            arrays += usize::from(values.in_array);
            key::encode(field.choose(values.values), field.descending, &mut bytes);
        }
        (bytes, arrays)
    }

    /// Returns the least of the keys the document has in an index on these fields: those that lie in one array take their
    /// values from the same element, and a number in a path is a position unless an element has a field of that name.
    fn key_by_row(&self, document: Fields<'_>) -> Result<Vec<u8>> {
        let order = |field: &SortField| if field.descending { Order::Descending } else { Order::Ascending };
        let keys = self.fields.iter().map(|it| (it.path.as_str().to_owned(), order(it))).collect();
        let index = IndexDefinition { name: String::new(), keys, unique: false, sparse: false };
        let keys = match document {
            Fields::Raw(document) => keys_of(&index, document),
            other => {
                let document = RawDocumentBuf::try_from(other.to_document());
                keys_of(&index, &document.map_err(|error| Error::invalid(2, error.to_string()))?)
            }
        };
        match keys {
            Ok(found) => Ok(found.keys.into_iter().next().unwrap_or_default()),
            Err(Error::Invalid { code: PARALLEL_ARRAYS, .. }) => {
                Err(Error::invalid(2, "cannot sort with keys that are parallel arrays"))
            }
            Err(error) => Err(error),
        }
    }
}

impl SortField {
    fn parse(path: &str, direction: &Bson) -> Result<Self> {
        let direction = View::from(direction);
        let is = |it| direction.is_number() && number::compare(direction, View::Int32(it)).is_eq();
        if !is(1) && !is(-1) {
            return Err(Error::invalid(2, format!("the sort direction of `{path}` must be 1 or -1")));
        }
        if path.starts_with('$') {
            return Err(Error::invalid(16410, format!("field `{path}` of a sort may not start with `$`")));
        }
        Ok(Self { path: FieldPath::parse(path)?, descending: is(-1) })
    }

    /// Returns the value that stands for the document: the smallest when ascending, the largest when descending.
    fn choose<'a>(&self, values: Vec<View<'a>>) -> View<'a> {
        let values = values.into_iter();
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

    /// Sorts elements; equal ones keep their order. Unlike documents in a result, they are compared by what stands at
    /// a field, an array as the one value it is, and what is no object has none of the fields.
    pub fn sort(&self, items: &mut [Bson]) {
        match self {
            Self::Whole { descending: false } => items.sort_by(|a, b| compare(a, b)),
            Self::Whole { descending: true } => items.sort_by(|a, b| compare(b, a)),
            Self::Fields(sort) => items.sort_by_cached_key(|item| {
                let mut bytes = Vec::new();
                for field in &sort.fields {
                    let value = field.path.names().try_fold(item, |at, name| match at {
                        Bson::Document(fields) => fields.get(name),
                        Bson::Array(items) => items.get(position(name)?),
                        _ => None,
                    });
                    key::encode(value.unwrap_or(&Bson::Null), field.descending, &mut bytes);
                }
                bytes
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::ejson::parse_document;
    use super::*;
    use bson::{bson, doc};

    /// The `_id`s of documents in the order of a sort.
    fn sorted(sort: &str, documents: &[&str]) -> String {
        let document = |text: &str| parse_document(text).expect("a document");
        let sort = Sort::parse(&document(sort)).expect("a sort");
        let mut documents: Vec<Document> = documents.iter().map(|it| document(it)).collect();
        documents.sort_by_cached_key(|it| sort.key(it).expect("a key"));
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
    fn number_in_a_path_is_a_position_unless_an_element_has_such_a_field() {
        let documents = [r#"{"_id":1,"a":[{}]}"#, r#"{"_id":2,"a":null}"#, r#"{"_id":3,"a":[{"0":-1}]}"#];
        assert_eq!(sorted(r#"{"a.0":1}"#, &documents), "231");
        assert_eq!(sorted(r#"{"a.0":-1}"#, &documents), "312");
        assert_eq!(
            sorted(r#"{"a.0.b":1}"#, &[r#"{"_id":1,"a":[{"b":1},{"b":0}]}"#, r#"{"_id":2,"a":[]}"#]),
            "21"
        );
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
    fn fields_of_one_array_are_sorted_by_together_and_of_two_not_at_all() {
        let documents =
            [r#"{"_id":1,"a":[{"x":1,"y":5},{"x":2,"y":0}]}"#, r#"{"_id":2,"a":[{"x":1,"y":4}]}"#];
        assert_eq!(sorted(r#"{"a.x":1,"a.y":1}"#, &documents), "21");
        assert_eq!(sorted(r#"{"a.x":1,"a.y":-1}"#, &documents), "12");
        let sort = Sort::parse(&doc! { "a.x": 1, "b": 1 }).expect("a sort");
        for (document, sortable) in [
            (doc! { "a": [{ "x": 1 }], "b": 1 }, true),
            (doc! { "a": [{ "x": 1 }], "b": [1] }, false),
            (doc! { "a": [1], "b": [] }, false),
            (doc! { "a": { "x": [] }, "b": 1 }, true),
        ] {
            assert_eq!(sort.key(&document).is_ok(), sortable, "{document}");
        }
    }

    #[test]
    fn elements_are_sorted_by_whole_values() {
        let sorted = |sort: Bson, mut items: Vec<Bson>| {
            ElementSort::parse("$push", &sort).expect("a sort").sort(&mut items);
            Bson::Array(items).to_string()
        };
        for (sort, items, expected) in [
            // By their least elements they would stay as they are.
            (
                bson!({ "a": 1 }),
                bson!([{ "a": [5, 1] }, { "a": [2, 9] }]),
                bson!([{ "a": [2, 9] }, { "a": [5, 1] }]),
            ),
            (
                bson!({ "a": -1 }),
                bson!([{ "a": [2, 9] }, { "a": [5, 1] }]),
                bson!([{ "a": [5, 1] }, { "a": [2, 9] }]),
            ),
            (
                bson!({ "a": 1 }),
                bson!([{ "a": [1] }, { "a": 7 }, { "a": [] }]),
                bson!([{ "a": 7 }, { "a": [] }, { "a": [1] }]),
            ),
            // A path goes through objects and positions, not through all the elements of an array.
            (
                bson!({ "a.b": 1 }),
                bson!([{ "a": { "b": 2 } }, { "a": [{ "b": 1 }] }]),
                bson!([{ "a": [{ "b": 1 }] }, { "a": { "b": 2 } }]),
            ),
            (
                bson!({ "a.b": 1 }),
                bson!([{ "a": { "b": 2 } }, { "a": [{ "b": 3 }] }]),
                bson!([{ "a": [{ "b": 3 }] }, { "a": { "b": 2 } }]),
            ),
            (
                bson!({ "a.1": 1 }),
                bson!([{ "a": [1, 5] }, { "a": [9, 2] }]),
                bson!([{ "a": [9, 2] }, { "a": [1, 5] }]),
            ),
            (bson!({ "a": 1 }), bson!([{ "a": 1 }, 3, { "b": 1 }]), bson!([3, { "b": 1 }, { "a": 1 }])),
            (bson!(1), bson!([[5, 1], [2, 9], 7]), bson!([7, [2, 9], [5, 1]])),
            (bson!(-1), bson!([[2, 9], 7, [5, 1]]), bson!([[5, 1], [2, 9], 7])),
        ] {
            let Bson::Array(items) = items else { continue };
            assert_eq!(sorted(sort.clone(), items), expected.to_string(), "{sort}");
        }
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
