//! The keys of a document in an index: one for each element of an array on the way, for at most one array at a time.

use bson::raw::{RawArray, RawBsonRef, RawDocument};

use super::super::key;
use super::super::value::path;
use super::super::{Error, Result};
use super::{IndexDefinition, Order};

/// A document's keys in one index.
#[derive(Debug, Default)]
pub struct DocumentKeys {
    /// Ascending, each once.
    pub keys: Vec<Vec<u8>>,
    /// Whether an array lies on one of the paths, even one of one element.
    pub multikey: bool,
}

/// Computes a document's keys.
///
/// # Errors
/// Two fields of the index lie in different arrays.
pub fn keys_of(definition: &IndexDefinition, document: &RawDocument) -> Result<DocumentKeys> {
    let mut found = DocumentKeys::default();
    for_each_row(definition, document, &mut found.multikey, &mut |row| {
        found.keys.push(encode(definition, row));
    })?;
    found.keys.sort_unstable();
    found.keys.dedup();
    Ok(found)
}

/// Returns the values that made a key, for a message.
pub fn values_behind<'d>(
    definition: &IndexDefinition,
    document: &'d RawDocument,
    key: &[u8],
) -> Vec<RawBsonRef<'d>> {
    let mut values = Vec::new();
    let _ = for_each_row(definition, document, &mut false, &mut |row| {
        if encode(definition, row) == key {
            values = row.iter().map(|it| it.value()).collect();
        }
    });
    values
}

fn encode(definition: &IndexDefinition, row: &[Cursor<'_, '_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 * row.len());
    for ((_, order), cursor) in definition.keys.iter().zip(row) {
        key::encode(cursor.value(), *order == Order::Descending, &mut bytes);
    }
    bytes
}

/// Where a field's path has got to.
#[derive(Clone, Copy)]
enum Cursor<'d, 'p> {
    /// The path has ended at a value that is no array, or at an element.
    At(RawBsonRef<'d>),
    Missing,
    /// The path has met an array; the rest of it, empty at its end, applies to the elements.
    In(&'d RawArray, &'p str),
}

impl<'d> Cursor<'d, '_> {
    fn value(&self) -> RawBsonRef<'d> {
        match self {
            Cursor::At(value) => *value,
            Cursor::Missing => RawBsonRef::Null,
            // Only an empty array is left unopened: MongoDB's "undefined", just below null.
            Cursor::In(_, "") => RawBsonRef::Undefined,
            Cursor::In(..) => RawBsonRef::Null,
        }
    }
}

fn for_each_row<'d, 'p>(
    definition: &'p IndexDefinition,
    document: &'d RawDocument,
    multikey: &mut bool,
    each: &mut impl FnMut(&[Cursor<'d, 'p>]),
) -> Result<()> {
    if definition.is_sphere() {
        return Ok(());
    }
    let start = RawBsonRef::Document(document);
    let row: Vec<_> = definition.keys.iter().map(|(path, _)| advance(start, path)).collect();
    if definition.sparse && row.iter().all(|it| matches!(it, Cursor::Missing)) {
        return Ok(());
    }
    expand(row, multikey, each)
}

/// Follows a path through objects, and through arrays by position, up to its end or to an array to be opened.
fn advance<'d, 'p>(mut value: RawBsonRef<'d>, mut path: &'p str) -> Cursor<'d, 'p> {
    loop {
        match value {
            RawBsonRef::Array(array) => match positional(array, path) {
                Some((element, rest)) => (value, path) = (element, rest),
                None => return Cursor::In(array, path),
            },
            _ if path.is_empty() => return Cursor::At(value),
            RawBsonRef::Document(document) => {
                let (step, rest) = split(path);
                match document.get(step) {
                    Ok(Some(next)) => (value, path) = (next, rest),
                    _ => return Cursor::Missing,
                }
            }
            _ => return Cursor::Missing,
        }
    }
}

/// The element a numeric step names, unless an object among the elements has a field of that name too.
fn positional<'d, 'p>(array: &'d RawArray, path: &'p str) -> Option<(RawBsonRef<'d>, &'p str)> {
    let (step, rest) = split(path);
    let position = path::position(step)?;
    let ambiguous = array
        .into_iter()
        .flatten()
        .any(|it| it.as_document().is_some_and(|it| it.get(step).ok().flatten().is_some()));
    if ambiguous { None } else { Some((array.get(position).ok()??, rest)) }
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

/// Opens the array that fields of a row have met, one element at a time, until no array is left.
fn expand<'d, 'p>(
    row: Vec<Cursor<'d, 'p>>,
    multikey: &mut bool,
    each: &mut impl FnMut(&[Cursor<'d, 'p>]),
) -> Result<()> {
    let mut arrays = row.iter().filter_map(|it| match it {
        Cursor::In(array, _) => Some(*array),
        _ => None,
    });
    let Some(array) = arrays.next() else {
        each(&row);
        return Ok(());
    };
    *multikey = true;
    if arrays.any(|it| !std::ptr::eq(it.as_bytes(), array.as_bytes())) {
        return Err(Error::invalid(171, "cannot index parallel arrays"));
    }
    if array.is_empty() {
        each(&row);
        return Ok(());
    }
    for (position, element) in array.into_iter().enumerate() {
        let element = element.map_err(|error| Error::Damaged { detail: error.to_string() })?;
        let opened = row.iter().map(|it| match it {
            Cursor::In(_, path) => enter(element, path),
            other => *other,
        });
        expand(opened.collect(), multikey, each)?;
        // A numeric step names a field of the elements and, at the same time, this element.
        let named = |path: &str| path::position(split(path).0) == Some(position);
        if row.iter().any(|it| matches!(it, Cursor::In(_, path) if named(path))) {
            let opened = row.iter().map(|it| match it {
                Cursor::In(_, path) if named(path) => advance(element, split(path).1),
                Cursor::In(_, path) => enter(element, path),
                other => *other,
            });
            expand(opened.collect(), multikey, each)?;
        }
    }
    Ok(())
}

/// A path goes on inside an element only if that is an object: arrays in arrays are not searched.
fn enter<'d, 'p>(element: RawBsonRef<'d>, path: &'p str) -> Cursor<'d, 'p> {
    match element {
        _ if path.is_empty() => Cursor::At(element),
        RawBsonRef::Document(_) => advance(element, path),
        _ => Cursor::Missing,
    }
}
