//! The keys of a document in an index: one for each element of an array on the way, for at most one array at a time.

use bson::raw::{RawArray, RawBsonRef, RawDocument};

use super::super::geometry::{Cell, stored};
use super::super::key;
use super::super::value::path;
use super::super::value::show::Shown;
use super::super::value::view::{Fields, View};
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

/// MongoDB's CannotIndexParallelArrays.
pub const PARALLEL_ARRAYS: i32 = 171;

/// Computes a document's keys.
///
/// # Errors
/// Two fields of the index lie in different arrays; a `2dsphere` field holds no valid geometry.
pub fn keys_of(definition: &IndexDefinition, document: &RawDocument) -> Result<DocumentKeys> {
    let mut found = DocumentKeys::default();
    let mut has_cells = false;
    for_each_row(definition, document, &mut found.multikey, &mut |row| {
        if definition.is_sphere() {
            let keys = encode_cells(definition, document, row)?;
            has_cells |= keys.len() > 1;
            found.keys.extend(keys);
        } else {
            found.keys.push(encode(definition, row));
        }
        Ok(())
    })?;
    found.multikey |= has_cells;
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
        Ok(())
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

/// Encodes a row once for each cell of its geometry; not at all when it has none.
fn encode_cells(
    definition: &IndexDefinition,
    document: &RawDocument,
    row: &[Cursor<'_, '_>],
) -> Result<Vec<Vec<u8>>> {
    let mut keys = vec![Vec::new()];
    let mut is_empty = true;
    for ((_, order), cursor) in definition.keys.iter().zip(row) {
        if *order != Order::Sphere {
            keys.iter_mut().for_each(|it| key::encode(cursor.value(), *order == Order::Descending, it));
            continue;
        }
        let cells = cells_of(document, cursor.value())?;
        is_empty &= cells.is_empty();
        let names = cells.iter().map(|it| it.name()).collect::<Vec<_>>();
        let mut values: Vec<_> = names.iter().map(|it| View::String(it)).collect();
        if values.is_empty() {
            values.push(View::Null);
        }
        let extended = |start: &Vec<u8>, value: &View<'_>| {
            let mut key = start.clone();
            key::encode(*value, false, &mut key);
            key
        };
        keys = keys
            .iter()
            .flat_map(|key| values.iter().map(|it| extended(key, it)).collect::<Vec<_>>())
            .collect();
    }
    if is_empty { Ok(Vec::new()) } else { Ok(keys) }
}

/// The cells of a geometry. Null and what is empty have none, as if the field were missing.
fn cells_of(document: &RawDocument, value: RawBsonRef<'_>) -> Result<Vec<Cell>> {
    match value {
        RawBsonRef::Null | RawBsonRef::Undefined => return Ok(Vec::new()),
        RawBsonRef::Array(it) if it.is_empty() => return Ok(Vec::new()),
        RawBsonRef::Document(it) if it.is_empty() => return Ok(Vec::new()),
        _ => {}
    }
    let shape = stored(View::from(value)).and_then(|shape| shape.check().map(|()| shape));
    let cells = shape.map(|it| it.keys()).map_err(|reason| {
        let shown = Shown(View::Document(Fields::Raw(document)));
        Error::invalid(16755, format!("Can't extract geo keys: {shown}  {reason}"))
    })?;
    Ok(cells)
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
    each: &mut impl FnMut(&[Cursor<'d, 'p>]) -> Result<()>,
) -> Result<()> {
    let start = RawBsonRef::Document(document);
    let row = definition.keys.iter().map(|(path, order)| whole(*order, advance(start, path)));
    let row: Vec<_> = row.collect();
    if definition.sparse && row.iter().all(|it| matches!(it, Cursor::Missing)) {
        return Ok(());
    }
    expand(definition, row, multikey, each)
}

/// An array at the end of a path to geometry is a pair of coordinates, not several values.
fn whole<'d, 'p>(order: Order, cursor: Cursor<'d, 'p>) -> Cursor<'d, 'p> {
    match (order, cursor) {
        (Order::Sphere, Cursor::In(array, "")) => Cursor::At(RawBsonRef::Array(array)),
        _ => cursor,
    }
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
    definition: &'p IndexDefinition,
    row: Vec<Cursor<'d, 'p>>,
    multikey: &mut bool,
    each: &mut impl FnMut(&[Cursor<'d, 'p>]) -> Result<()>,
) -> Result<()> {
    let mut arrays = row.iter().filter_map(|it| match it {
        Cursor::In(array, _) => Some(*array),
        _ => None,
    });
    let Some(array) = arrays.next() else {
        return each(&row);
    };
    *multikey = true;
    if arrays.any(|it| !std::ptr::eq(it.as_bytes(), array.as_bytes())) {
        return Err(Error::invalid(PARALLEL_ARRAYS, "cannot index parallel arrays"));
    }
    if array.is_empty() {
        return each(&row);
    }
    for (position, element) in array.into_iter().enumerate() {
        let element = element.map_err(|error| Error::Damaged { detail: error.to_string() })?;
        let fields = || row.iter().zip(definition.keys.iter().map(|(_, order)| *order));
        let opened = fields().map(|(it, order)| match it {
            Cursor::In(_, path) => whole(order, enter(element, path)),
            other => *other,
        });
        expand(definition, opened.collect(), multikey, each)?;
        // A numeric step names a field of the elements and, at the same time, this element.
        let named = |path: &str| path::position(split(path).0) == Some(position);
        if row.iter().any(|it| matches!(it, Cursor::In(_, path) if named(path))) {
            let opened = fields().map(|(it, order)| match it {
                Cursor::In(_, path) if named(path) => whole(order, advance(element, split(path).1)),
                Cursor::In(_, path) => whole(order, enter(element, path)),
                other => *other,
            });
            expand(definition, opened.collect(), multikey, each)?;
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
