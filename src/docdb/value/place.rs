//! Reading, setting and removing at a dotted path through objects only: no array is entered.

use bson::{Bson, Document};

/// Returns the value at a path.
pub fn get_at<'d>(document: &'d Document, path: &str) -> Option<&'d Bson> {
    match path.split_once('.') {
        None => document.get(path),
        Some((first, rest)) => get_at(document.get(first)?.as_document()?, rest),
    }
}

/// Sets the value at a path; whatever on the way is no object becomes one.
pub fn set_at(document: &mut Document, path: &str, value: Bson) {
    let Some((first, rest)) = path.split_once('.') else {
        document.insert(path, value);
        return;
    };
    match document.get_mut(first) {
        Some(Bson::Document(inner)) => set_at(inner, rest, value),
        _ => {
            let mut inner = Document::new();
            set_at(&mut inner, rest, value);
            document.insert(first, inner);
        }
    }
}

/// Removes and returns the value at a path.
pub fn remove_at(document: &mut Document, path: &str) -> Option<Bson> {
    match path.split_once('.') {
        None => document.remove(path),
        Some((first, rest)) => match document.get_mut(first)? {
            Bson::Document(inner) => remove_at(inner, rest),
            _ => None,
        },
    }
}
