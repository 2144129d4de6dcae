//! Filters: put together, and those that name one document.

use bson::{Bson, Document, doc};

use crate::api::data::database::QueryType;
use crate::rules::decision::Guard;

/// Adds conditions to a filter. Its own stay where they are: a search by distance is understood at the top only.
pub(super) fn also(mut filter: Document, conditions: Document) -> Document {
    let mut beside = Vec::new();
    for (path, condition) in conditions {
        if filter.contains_key(&path) {
            beside.push(Bson::Document(Document::from_iter([(path, condition)])));
        } else {
            filter.insert(path, condition);
        }
    }
    if beside.is_empty() {
        return filter;
    }
    match filter.get_mut("$and") {
        Some(Bson::Array(all)) => all.extend(beside),
        // Anything else is refused as it is executed.
        Some(_) => {}
        None => drop(filter.insert("$and", beside)),
    }
    filter
}

/// Returns the condition that holds for what a decision takes for granted.
pub(super) fn guarding(guards: &[Guard]) -> Document {
    let no_array = || doc! { "$not": { "$type": "array" } };
    let mut all = Vec::new();
    for Guard { path, is_array } in guards {
        // What holds for `a.b` holds for items of an array `a`; a rule does not look into those.
        for (at, _) in path.match_indices('.') {
            all.push((path.get(..at).unwrap_or_default().to_owned(), no_array()));
        }
        all.push((
            path.clone(),
            if *is_array {
                doc! { "$type": "array" }
            } else {
                no_array()
            },
        ));
    }
    all.dedup();
    all.into_iter().fold(Document::new(), |filter, (path, condition)| {
        also(filter, Document::from_iter([(path, Bson::Document(condition))]))
    })
}

/// Whether a filter is nothing but an `_id`, asked for as one document.
pub(super) fn is_of_one(by: QueryType, filter: &Document) -> bool {
    let id = filter.get("_id").filter(|_| filter.len() == 1 && by == QueryType::Doc);
    match id {
        Some(Bson::Document(condition)) => condition.len() == 1 && condition.get("$eq").is_some_and(is_id),
        Some(id) => is_id(id),
        None => false,
    }
}

fn is_id(value: &Bson) -> bool {
    matches!(value, Bson::String(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::ObjectId(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_joins_those_that_are_there() {
        for (filter, condition, expected) in [
            (doc! {}, doc! { "a": 1 }, doc! { "a": 1 }),
            (doc! { "b": 2 }, doc! { "a": 1 }, doc! { "b": 2, "a": 1 }),
            (doc! { "a": 2 }, doc! { "a": 1 }, doc! { "a": 2, "$and": [{ "a": 1 }] }),
            (
                doc! { "a": 2, "$and": [{ "c": 3 }] },
                doc! { "a": 1 },
                doc! { "a": 2, "$and": [{ "c": 3 }, { "a": 1 }] },
            ),
        ] {
            assert_eq!(also(filter, condition), expected);
        }
        let both = also(doc! { "$or": [{ "x": 1 }] }, doc! { "$or": [{ "y": 1 }] });
        assert_eq!(both, doc! { "$or": [{ "x": 1 }], "$and": [{ "$or": [{ "y": 1 }] }] });
    }

    #[test]
    fn a_guard_looks_at_every_step_of_its_path() {
        let none = doc! { "$not": { "$type": "array" } };
        let guards =
            [Guard { path: "a.b".into(), is_array: false }, Guard { path: "c".into(), is_array: true }];
        assert_eq!(guarding(&guards), doc! { "a": none.clone(), "a.b": none, "c": { "$type": "array" } });
    }

    #[test]
    fn one_document_is_an_id_alone() {
        for (filter, is_one) in [
            (doc! { "_id": "x" }, true),
            (doc! { "_id": { "$eq": 1 } }, true),
            (doc! { "_id": { "$ne": "x" } }, false),
            (doc! { "_id": "x", "a": 1 }, false),
            (doc! { "_id": { "$in": ["x"] } }, false),
            (doc! {}, false),
        ] {
            assert_eq!(is_of_one(QueryType::Doc, &filter), is_one, "{filter}");
            assert!(!is_of_one(QueryType::Where, &filter), "{filter}");
        }
    }
}
