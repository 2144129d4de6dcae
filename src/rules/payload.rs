//! `request.data`: what a client wants to write, as far as it is known before it is written.

use bson::{Bson, Document};

use crate::docdb::value::limits::check_path;

/// Whose a document is. The service writes it, clients never do.
pub const OWNER: &str = "_openid";

/// Whether a document, or an update, sets whose a document is.
pub fn writes_owner(written: &Document) -> bool {
    let is_owner = |path: &str| path.split('.').next() == Some(OWNER);
    written.iter().any(|(name, operand)| match operand {
        Bson::Document(fields) if name.starts_with('$') => fields
            .iter()
            .any(|(path, value)| is_owner(path) || name == "$rename" && value.as_str().is_some_and(is_owner)),
        _ => is_owner(name),
    })
}

/// A document, or what is known of an update.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payload {
    known: Document,
    /// Paths of what the update computes from the stored document, with `$inc` and the like, and of what no document holds.
    open: Vec<String>,
}

impl Payload {
    /// Takes a whole document.
    pub fn of_document(document: Document) -> Self {
        Payload { known: document, open: Vec::new() }
    }

    /// Takes an update: fields, or operators. What is removed is not there; what other operators than `$set` and `$unset`
    /// write is open, and a clause that asks about it is not true.
    pub fn of_update(update: &Document) -> Self {
        let mut payload = Payload::default();
        for (name, operand) in update {
            match (name.as_str(), operand) {
                ("$unset", _) => {}
                ("$set", Bson::Document(fields)) => {
                    fields.iter().for_each(|(path, value)| payload.put(path, value));
                }
                (name, Bson::Document(fields)) if name.starts_with('$') => {
                    let targets = fields.values().filter_map(Bson::as_str).filter(|_| name == "$rename");
                    let paths = fields.keys().map(String::as_str).chain(targets);
                    payload.open.extend(paths.map(str::to_owned));
                }
                (path, value) => payload.put(path, value),
            }
        }
        payload
    }

    fn put(&mut self, path: &str, value: &Bson) {
        // The database refuses such a path; until then nothing is known of what it leads to.
        // Nor is it known which items of a list `a.$.b` and `a.$[].b` lead to.
        let is_plain = !path.split('.').any(|step| step.starts_with('$'));
        match check_path(path) {
            Ok(()) if is_plain => put(&mut self.known, path, value),
            _ => self.open.push(path.to_owned()),
        }
    }

    pub fn known(&self) -> &Document {
        &self.known
    }

    /// Whether part of it is computed as it is written.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether something in a field, or the field, is computed as it is written.
    pub(super) fn is_open_at(&self, field: &str) -> bool {
        self.open.iter().any(|path| path.split('.').next() == Some(field))
    }
}

/// Sets a value at a path such as `a.b`.
fn put(document: &mut Document, path: &str, value: &Bson) {
    let Some((first, rest)) = path.split_once('.') else {
        document.insert(path, value.clone());
        return;
    };
    let mut inner = match document.remove(first) {
        Some(Bson::Document(inner)) => inner,
        _ => Document::new(),
    };
    put(&mut inner, rest, value);
    document.insert(first, inner);
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn no_way_of_writing_the_owner_is_overlooked() {
        for forged in [
            doc! { "_openid": "x" },
            doc! { "a": 1, "_openid.b": 1 },
            doc! { "$set": { "_openid": "x" } },
            doc! { "$set": { "_openid.a": "x" } },
            doc! { "$unset": { "_openid": "" } },
            doc! { "$inc": { "_openid": 1 } },
            doc! { "$rename": { "a": "_openid" } },
            doc! { "$rename": { "_openid": "a" } },
            doc! { "$setOnInsert": { "_openid": "x" } },
        ] {
            assert!(writes_owner(&forged), "{forged}");
        }
        for honest in [doc! { "a": { "_openid": "x" } }, doc! { "$set": { "a._openid": "x", "_openids": 1 } }]
        {
            assert!(!writes_owner(&honest), "{honest}");
        }
    }

    #[track_caller]
    fn check(update: Document, known: Document, open: &[&str]) {
        let payload = Payload::of_update(&update);
        assert_eq!(
            (&payload.known, payload.open.as_slice().iter().map(String::as_str).collect::<Vec<_>>()),
            (&known, open.to_vec())
        );
    }

    #[test]
    fn what_is_set_is_known_and_what_is_computed_is_open() {
        check(doc! { "a": 1, "b.c": 2 }, doc! { "a": 1, "b": { "c": 2 } }, &[]);
        check(
            doc! { "$set": { "a.b": 1, "a.c": 2 }, "$unset": { "d": "" } },
            doc! { "a": { "b": 1, "c": 2 } },
            &[],
        );
        check(doc! { "$inc": { "n": 1 }, "$rename": { "x": "y.z" } }, doc! {}, &["n", "x", "y.z"]);
        check(doc! { "$set": { "a.$.b": 1, "c.$[].d": 1 } }, doc! {}, &["a.$.b", "c.$[].d"]);
        let endless = "a.".repeat(200_000) + "b";
        check(doc! { "$set": { endless.as_str(): 1 } }, doc! {}, &[&endless]);
        let payload = Payload::of_update(&doc! { "$inc": { "n.deep": 1 } });
        assert_eq!((payload.is_open_at("n"), payload.is_open_at("m")), (true, false));
    }
}
