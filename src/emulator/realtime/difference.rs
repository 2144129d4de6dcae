//! How one state of a document differs from another: what an `update` event tells. See `docs/wire.md#realtime`.

use bson::raw::{RawArray, RawBsonRef, RawDocument, RawDocumentBuf};

/// Fields by dotted path. Set and removed in the one state, they give the other.
#[derive(Debug, Default, PartialEq)]
pub struct Difference {
    pub updated: RawDocumentBuf,
    pub removed: Vec<String>,
}

/// Compares two states of a document.
pub fn difference(before: &RawDocument, after: &RawDocument) -> Difference {
    let mut found = Difference::default();
    fields("", before, after, &mut found);
    found
}

fn fields(prefix: &str, before: &RawDocument, after: &RawDocument, found: &mut Difference) {
    for (name, value) in after.iter().map_while(Result::ok) {
        let known = before.get(name).ok().flatten();
        if known != Some(value) {
            changed(path(prefix, name.as_str()), known, value, found);
        }
    }
    for (name, _) in before.iter().map_while(Result::ok) {
        if !matches!(after.get(name), Ok(Some(_))) {
            found.removed.push(path(prefix, name.as_str()));
        }
    }
}

fn changed(path: String, known: Option<RawBsonRef<'_>>, value: RawBsonRef<'_>, found: &mut Difference) {
    match (known, value) {
        (Some(RawBsonRef::Document(before)), RawBsonRef::Document(after)) if !is_special(before, after) => {
            fields(&path, before, after, found);
        }
        (Some(RawBsonRef::Array(before)), RawBsonRef::Array(after)) if is_amended(before, after) => {
            elements(&path, before, after, found);
        }
        _ => {
            // No name of a field holds a zero.
            if let Ok(path) = bson::raw::CString::try_from(path) {
                found.updated.append(path, value);
            }
        }
    }
}

fn elements(prefix: &str, before: &RawArray, after: &RawArray, found: &mut Difference) {
    let mut known = before.into_iter().map_while(Result::ok);
    for (at, value) in after.into_iter().map_while(Result::ok).enumerate() {
        let known = known.next();
        if known != Some(value) {
            changed(format!("{prefix}.{at}"), known, value, found);
        }
    }
}

/// Whether an array grew at its end, or changed in a few places: rather than being another one.
fn is_amended(before: &RawArray, after: &RawArray) -> bool {
    let (mut length, mut kept) = (0, 0);
    let mut present = after.into_iter().map_while(Result::ok);
    for value in before.into_iter().map_while(Result::ok) {
        let Some(now) = present.next() else { return false };
        length += 1;
        kept += usize::from(now == value);
    }
    kept * 2 >= length
}

/// Whether an object's text is no object with those fields: `{"$date": …}` and its like.
fn is_special(before: &RawDocument, after: &RawDocument) -> bool {
    let dollar =
        |it: &RawDocument| it.iter().map_while(Result::ok).any(|(name, _)| name.as_str().starts_with('$'));
    dollar(before) || dollar(after)
}

fn path(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;

    #[track_caller]
    fn check(before: Document, after: Document, updated: Document, removed: &[&str]) {
        let raw = |it: &Document| RawDocumentBuf::try_from(it).expect("a document");
        let found = difference(&raw(&before), &raw(&after));
        let told = Document::try_from(found.updated.as_ref()).expect("a document");
        assert_eq!((told, found.removed), (updated, removed.iter().map(|it| (*it).to_owned()).collect()));
    }

    #[test]
    fn changed_fields_are_told_by_their_paths() {
        check(doc! { "a": 1 }, doc! { "a": 1 }, doc! {}, &[]);
        check(doc! { "a": 1, "b": 2 }, doc! { "a": 1, "b": 3 }, doc! { "b": 3 }, &[]);
        check(doc! { "a": 1 }, doc! { "a": 1.0 }, doc! { "a": 1.0 }, &[]);
        check(doc! { "a": { "b": 1, "c": 2 } }, doc! { "a": { "b": 1, "c": 3 } }, doc! { "a.c": 3 }, &[]);
        check(doc! { "a": { "b": 1, "c": 2 } }, doc! { "a": { "c": 2 } }, doc! {}, &["a.b"]);
        check(doc! { "a": 1 }, doc! { "b": 1 }, doc! { "b": 1 }, &["a"]);
        check(doc! { "a": { "b": 1 } }, doc! { "a": 1 }, doc! { "a": 1 }, &[]);
        check(doc! { "a": 1 }, doc! { "a": { "b": 1 } }, doc! { "a": { "b": 1 } }, &[]);
        check(doc! { "a": null }, doc! {}, doc! {}, &["a"]);
    }

    #[test]
    fn an_array_that_grows_is_told_by_its_new_elements() {
        check(doc! { "a": [1, 2] }, doc! { "a": [1, 2, 3] }, doc! { "a.2": 3 }, &[]);
        check(doc! { "a": [1, 2] }, doc! { "a": [1, 9] }, doc! { "a.1": 9 }, &[]);
        check(doc! { "a": [] }, doc! { "a": [1] }, doc! { "a.0": 1 }, &[]);
        check(doc! { "a": [{ "b": 1 }, 2] }, doc! { "a": [{ "b": 2 }, 2] }, doc! { "a.0.b": 2 }, &[]);
        check(doc! { "a": [1, 2, 3] }, doc! { "a": [2, 3] }, doc! { "a": [2, 3] }, &[]);
        check(doc! { "a": [1, 2, 3] }, doc! { "a": [0, 1, 2, 3] }, doc! { "a": [0, 1, 2, 3] }, &[]);
    }
}
