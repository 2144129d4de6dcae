//! Which fields of its input a pipeline looks at: the others need not be decoded.

use std::collections::BTreeSet;

use bson::{Bson, Document};

/// Returns the top-level fields that stages look at, or nothing when they may look at any. A field too many does no harm.
pub(super) fn fields(stages: &[Document]) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (stage, specification) in stages.iter().flatten() {
        match stage.as_str() {
            "$limit" | "$skip" => {}
            "$unwind" => add(specification, &mut names)?,
            // What comes after them sees nothing of their input.
            "$bucket" | "$bucketAuto" | "$count" | "$group" | "$sortByCount" => {
                add(specification, &mut names)?;
                return Some(names);
            }
            _ => return None,
        }
    }
    None
}

/// Adds the fields that an expression, or an object of expressions, refers to; nothing when that cannot be told.
fn add(source: &Bson, names: &mut BTreeSet<String>) -> Option<()> {
    match source {
        Bson::String(text) => match text.strip_prefix('$').map(|it| it.split('.').next().unwrap_or(it)) {
            Some("$ROOT" | "$CURRENT") => return None,
            Some(name) => {
                names.insert(name.to_owned());
            }
            None => {}
        },
        Bson::Array(items) => items.iter().try_for_each(|it| add(it, names))?,
        // These name fields without a `$`.
        Bson::Document(inner) if inner.contains_key("$getField") || inner.contains_key("sortBy") => {
            return None;
        }
        Bson::Document(inner) => inner.values().try_for_each(|it| add(it, names))?,
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn needed_fields() {
        let group =
            doc! { "$group": { "_id": "$a.b", "n": { "$sum": { "$add": ["$c", "$$NOW", "text", 1] } } } };
        let let_in = doc! { "$let": { "vars": { "v": "$a" }, "in": "$$v.b" } };
        for (stages, expected) in [
            (vec![group.clone()], Some("$NOW a c")),
            (vec![doc! { "$limit": 2 }, doc! { "$unwind": "$d" }, group.clone()], Some("$NOW a c d")),
            (vec![doc! { "$count": "n" }, doc! { "$match": { "n": 1 } }], Some("")),
            (vec![doc! { "$sortByCount": let_in }], Some("$v a")),
            (vec![doc! { "$match": { "a": 1 } }, group], None),
            (vec![doc! { "$group": { "_id": 1, "all": { "$push": "$$ROOT" } } }], None),
            (vec![doc! { "$group": { "_id": "$$CURRENT.a" } }], None),
            (vec![doc! { "$group": { "_id": { "$getField": "a" } } }], None),
            (
                vec![
                    doc! { "$group": { "_id": 1, "top": { "$top": { "sortBy": { "a": 1 }, "output": "$b" } } } },
                ],
                None,
            ),
            (vec![doc! { "$limit": 2 }], None),
            (vec![], None),
        ] {
            let found = fields(&stages).map(|it| it.into_iter().collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{stages:?}");
        }
    }
}
