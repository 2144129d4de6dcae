//! The reference cases of queries and updates, through the whole database.

use super::super::cases::{Case, assert_no_differences, load};
use super::super::index::Order::{Ascending, Descending, Sphere};
use super::*;

/// A database with the documents of a case, and with indexes on every path it filters or sorts by if so asked.
fn prepared(case: &Case, indexed: bool) -> Database {
    let database = database();
    insert(&database, case.docs.iter().cloned());
    let geometry = part(case, "filter").into_iter().find_map(|(path, it)| {
        let operator = it.as_document()?.keys().next()?.clone();
        (operator.starts_with("$geo") || operator == "$nearSphere").then_some((path, operator))
    });
    if let Some((path, operator)) = geometry {
        // Nothing is near without an index.
        if indexed || operator == "$nearSphere" {
            database.create_index("c", &index(&[(&path, Sphere)])).unwrap();
        }
    } else if indexed {
        let (filter, sort) = (part(case, "filter"), part(case, "sort"));
        for path in filter.keys().chain(sort.keys()).filter(|it| !it.starts_with('$')) {
            let first = path.split('.').next().unwrap();
            for path in [first, path.as_str()] {
                // Some documents do not fit a path; then there is no such index.
                let _ = database.create_index("c", &index(&[(path, Ascending)]));
                let _ = database.create_index("c", &index(&[(path, Descending)]));
            }
        }
    }
    database
}

fn part(case: &Case, name: &str) -> Document {
    case.spec.get_document(name).cloned().unwrap_or_default()
}

fn whole(case: &Case, name: &str) -> Option<u64> {
    let number = case.spec.get(name)?;
    number.as_i32().map(i64::from).or(number.as_i64()).map(|it| it.try_into().unwrap())
}

fn answer(case: &Case, indexed: bool) -> Result<Vec<Document>> {
    let query = Query {
        filter: part(case, "filter"),
        sort: part(case, "sort"),
        skip: whole(case, "skip").unwrap_or(0),
        limit: whole(case, "limit"),
        projection: part(case, "projection"),
        now: now(),
    };
    let found = prepared(case, indexed).find(None, "c", &query)?;
    Ok(found.documents.iter().map(|it| Document::try_from(it.as_ref()).unwrap()).collect())
}

fn check_queries(fixture: &str) {
    let mut cases = load(fixture);
    cases.retain(|it| !OTHER_NULL.contains(&it.id.as_str()));
    let both = |case: &Case| [case.difference(answer(case, false)), case.difference(answer(case, true))];
    let differences: Vec<_> = cases.iter().flat_map(both).flatten().collect();
    assert_no_differences(cases.len(), &differences);
}

/// Cases in which `$in` with null finds other documents than null itself does, along a position in an array. `$in` is
/// equality with any member, so here both find the same.
const OTHER_NULL: [&str; 4] = ["f-00714", "f-00783", "f-00852", "f-00853"];

#[test]
fn queries_agree_with_the_cases_by_scan_and_by_index() {
    check_queries("find");
}

#[test]
fn corners_of_queries_hold_by_scan_and_by_index() {
    check_queries("find_more");
    check_queries("find_edges");
}

/// The documents after an update; counters that differ are an error.
fn outcome(case: &Case) -> Result<Vec<Document>> {
    let database = prepared(case, false);
    let filters = case.spec.get_array("arrayFilters").into_iter().flatten();
    let request = UpdateRequest {
        filter: part(case, "filter"),
        update: part(case, "update"),
        multi: case.spec.get_bool("multi").unwrap_or(false),
        upsert: case.spec.get_bool("upsert").unwrap_or(false).then(|| Bson::Int32(99)),
        array_filters: filters.filter_map(|it| it.as_document().cloned()).collect(),
        now: now(),
    };
    let updated = database.update(None, "c", &request)?;
    for (name, counted, expected) in
        [("matched", updated.matched, case.matched), ("modified", updated.modified, case.modified)]
    {
        if expected.is_some_and(|it| it != counted) {
            return Err(Error::invalid(0, format!("{name} {counted} instead of {expected:?}")));
        }
    }
    let sorted = Query { sort: doc! { "_id": 1 }, ..query(doc! {}) };
    Ok(found(&database, &sorted))
}

/// Cases that the tools behind them answer unlike MongoDB: `true` is no number, a changed document is one whose bytes
/// differ, and two operators on one field are refused even when nothing matches.
const OVERRULED: [&str; 6] = ["u-01609", "u-01696", "u-03023", "u-03052", "u-03351", "u-03374"];

fn check_updates(fixture: &str) {
    let mut cases = load(fixture);
    cases.retain(|it| !OVERRULED.contains(&it.id.as_str()));
    let differences: Vec<_> = cases.iter().filter_map(|it| it.difference(outcome(it))).collect();
    assert_no_differences(cases.len(), &differences);
}

#[test]
fn updates_agree_with_the_cases() {
    check_updates("update");
}

#[test]
fn corners_of_updates_hold() {
    check_updates("update_more");
    check_updates("update_edges");
}
