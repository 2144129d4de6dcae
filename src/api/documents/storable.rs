//! What the platform stores, so far as a document tells it by itself (`docs/wire.md#document-semantics`).

use bson::{Bson, Document};

use crate::model::text::Text;
use crate::text;

/// The platform's largest document, in bytes of BSON.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// The most levels of objects and arrays, the document's own included.
const DEEPEST: usize = 100;

/// Refuses a document that no collection would take.
///
/// # Errors
/// The sentence that says why.
pub fn check(document: &Document) -> Result<(), Text> {
    match document.get("_id") {
        None
        | Some(Bson::String(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::ObjectId(_)) => {}
        Some(_) => {
            return Err(text! { en: "`_id` must be a string or a number", zh: "`_id` 必须是字符串或数字" });
        }
    }
    check_names(document)?;
    match document.values().all(|it| fits(it, DEEPEST - 1)) {
        true => Ok(()),
        false => Err(text! {
            en: "a document may have at most {DEEPEST} levels",
            zh: "文档的嵌套层级最多为 {DEEPEST} 层"
        }),
    }
}

/// Refuses names of fields that the platform does not store.
///
/// # Errors
/// The sentence that says why.
pub fn check_names(document: &Document) -> Result<(), Text> {
    let refused = |name: &&String| name.is_empty() || name.starts_with('$') || name.contains(['.', '\0']);
    match document.keys().find(refused) {
        None => Ok(()),
        Some(name) if name.is_empty() => Err(text! { en: "a field name is empty", zh: "字段名为空" }),
        Some(name) => Err(text! {
            en: "the field name `{name}` holds `$`, `.` or a zero",
            zh: "字段名 `{name}` 含有 `$`、`.` 或零字符"
        }),
    }
}

fn fits(value: &Bson, levels: usize) -> bool {
    match value {
        Bson::Document(_) | Bson::Array(_) if levels == 0 => false,
        Bson::Document(inner) => inner.values().all(|it| fits(it, levels - 1)),
        Bson::Array(items) => items.iter().all(|it| fits(it, levels - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn what_no_collection_takes_is_refused_at_once() {
        let deep = |levels: usize| (1..levels).fold(doc! {}, |inner, _| doc! { "a": inner });
        for (document, good) in [
            (doc! { "_id": 1, "a": { "b.c": 1, "$d": 1 } }, true),
            (doc! { "_id": "x" }, true),
            (doc! { "_id": [1] }, false),
            (doc! { "_id": null }, false),
            (doc! { "a.b": 1 }, false),
            (doc! { "$a": 1 }, false),
            (doc! { "": 1 }, false),
            (deep(100), true),
            (deep(101), false),
        ] {
            assert_eq!(check(&document).is_ok(), good, "{document}");
        }
    }
}
