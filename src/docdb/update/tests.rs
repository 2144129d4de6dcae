//! Corners of updates beside the reference cases.

use bson::raw::RawDocumentBuf;
use bson::{Bson, DateTime, Document};

use super::Update;
use crate::docdb::filter::Filter;
use crate::docdb::value::ejson::parse_document;
use crate::docdb::{Error, Result};

const NOW: i64 = 1_700_000_000_000;

fn document(text: &str) -> Document {
    parse_document(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parse(update: &str, array_filters: &[&str]) -> Result<Update> {
    let filters: Vec<Document> = array_filters.iter().map(|it| document(it)).collect();
    Update::parse(&document(update), &filters, DateTime::from_millis(NOW))
}

fn filter(text: &str) -> Filter {
    Filter::parse(&document(text), DateTime::from_millis(NOW)).expect("a filter")
}

/// Updates a document; nothing when it stays as it is.
fn apply(before: &str, update: &str, array_filters: &[&str], query: &str) -> Result<Option<String>> {
    let before = RawDocumentBuf::try_from(&document(before)).expect("a document");
    let after = parse(update, array_filters)?.apply(&before, &filter(query))?;
    Ok(after.map(|it| Document::try_from(it).expect("a document").to_string()))
}

fn check(before: &str, update: &str, expected: &str) {
    let after = apply(before, update, &[], "{}").unwrap_or_else(|error| panic!("{update}: {error}"));
    assert_eq!(after, Some(document(expected).to_string()), "{update} on {before}");
}

/// The text of a document tells the types of its numbers and the order of its fields.
#[test]
fn fields_keep_their_places_and_new_ones_follow_by_name() {
    check(
        r#"{"_id":1,"b":1,"a":1}"#,
        r#"{"$set":{"z":1,"b":2,"c":3}}"#,
        r#"{"_id":1,"b":2,"a":1,"c":3,"z":1}"#,
    );
    check(
        r#"{"_id":1,"l":[]}"#,
        r#"{"$set":{"l.10":"k","l.2":"c","o.1a":1,"o.10":2,"o.2":3}}"#,
        r#"{"_id":1,"l":[null,null,"c",null,null,null,null,null,null,null,"k"],"o":{"2":3,"10":2,"1a":1}}"#,
    );
}

#[test]
fn numbers_keep_their_types_as_far_as_they_fit() {
    check(r#"{"_id":1,"a":2147483647}"#, r#"{"$inc":{"a":1}}"#, r#"{"_id":1,"a":2147483648}"#);
    check(r#"{"_id":1,"a":1}"#, r#"{"$inc":{"a":0.5}}"#, r#"{"_id":1,"a":1.5}"#);
    check(
        r#"{"_id":1,"a":{"$numberLong":"2"}}"#,
        r#"{"$mul":{"a":3}}"#,
        r#"{"_id":1,"a":{"$numberLong":"6"}}"#,
    );
    check(r#"{"_id":1}"#, r#"{"$mul":{"a":2.5}}"#, r#"{"_id":1,"a":0.0}"#);
}

#[test]
fn what_stays_the_same_is_no_change() {
    for update in [
        r#"{"$set":{"a":1}}"#,
        r#"{"$inc":{"a":0}}"#,
        r#"{"$max":{"a":0}}"#,
        r#"{"$unset":{"zz":""}}"#,
        r#"{"$pull":{"l":9}}"#,
        r#"{"$addToSet":{"l":2}}"#,
        r#"{"$rename":{"zz":"y"}}"#,
        r#"{"$setOnInsert":{"a":2}}"#,
        r#"{"$set":{"_id":1}}"#,
        r#"{"$set":{}}"#,
        r#"{"a":1,"l":[1,2]}"#,
    ] {
        assert_eq!(
            apply(r#"{"_id":1,"a":1,"l":[1,2]}"#, update, &[], "{}").expect("an update"),
            None,
            "{update}"
        );
    }
    // The type is part of what is stored.
    assert!(apply(r#"{"_id":1,"a":1}"#, r#"{"$set":{"a":1.0}}"#, &[], "{}").expect("an update").is_some());
}

#[test]
fn positional_steps_reach_the_elements_they_mean() {
    let before = r#"{"_id":1,"l":[{"k":1,"n":0},{"k":2,"n":0},{"k":2,"n":0}]}"#;
    let after = |update: &str, filters: &[&str], query: &str| {
        apply(before, update, filters, query).expect("an update").expect("a change")
    };
    let expected = |ns: [i32; 3]| {
        let [a, b, c] = ns;
        document(&format!(r#"{{"_id":1,"l":[{{"k":1,"n":{a}}},{{"k":2,"n":{b}}},{{"k":2,"n":{c}}}]}}"#))
            .to_string()
    };
    assert_eq!(after(r#"{"$set":{"l.$.n":7}}"#, &[], r#"{"l.k":2}"#), expected([0, 7, 0]));
    assert_eq!(after(r#"{"$inc":{"l.$[].n":1}}"#, &[], "{}"), expected([1, 1, 1]));
    assert_eq!(after(r#"{"$set":{"l.$[e].n":7}}"#, &[r#"{"e.k":{"$gte":2}}"#], "{}"), expected([0, 7, 7]));
    assert!(apply(before, r#"{"$set":{"l.$.n":7}}"#, &[], "{}").is_err(), "no condition on the array");
}

#[test]
fn upsert_inserts_the_equalities_of_the_filter_and_the_update() {
    for (query, update, expected) in [
        (r#"{"a":1,"b":{"$gt":2}}"#, r#"{"$inc":{"n":1}}"#, r#"{"a":1,"n":1,"_id":9}"#),
        (
            r#"{"_id":5,"o.p":1}"#,
            r#"{"$set":{"x":1},"$setOnInsert":{"y":2}}"#,
            r#"{"_id":5,"o":{"p":1},"x":1,"y":2}"#,
        ),
        (
            r#"{"$and":[{"a":{"$eq":1}},{"$or":[{"b":2}]}]}"#,
            r#"{"$set":{"c":3}}"#,
            r#"{"a":1,"b":2,"c":3,"_id":9}"#,
        ),
        (r#"{"_id":5,"a":1}"#, r#"{"c":3}"#, r#"{"_id":5,"c":3}"#),
        (r#"{"a":{"$in":[1]}}"#, r#"{"$set":{"c":3}}"#, r#"{"c":3,"_id":9}"#),
    ] {
        let inserted =
            parse(update, &[]).and_then(|it| it.upsert(&filter(query), &Bson::Int32(9))).expect("a document");
        let inserted = Document::try_from(inserted).expect("a document").to_string();
        assert_eq!(inserted, document(expected).to_string(), "{query} with {update}");
    }
}

#[test]
fn upsert_refuses_a_filter_that_says_two_things() {
    for query in [
        r#"{"$and":[{"a":1},{"a":2}]}"#,
        r#"{"a":1,"a.b":2}"#,
        r#"{"a.b":2,"a":1}"#,
        r#"{"_id":7,"o":{"a":1},"o.b":2}"#,
    ] {
        match parse(r#"{"$set":{"c":1}}"#, &[]).and_then(|it| it.upsert(&filter(query), &Bson::Int32(9))) {
            Err(Error::Invalid { code: 54, .. }) => {}
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[test]
fn upsert_keeps_the_id_that_the_filter_names() {
    for update in [r#"{"$set":{"_id":8}}"#, r#"{"$setOnInsert":{"_id":8}}"#, r#"{"_id":8,"n":1}"#] {
        match parse(update, &[]).and_then(|it| it.upsert(&filter(r#"{"_id":7}"#), &Bson::Int32(9))) {
            Err(Error::Invalid { code: 66, .. }) => {}
            other => panic!("{update}: {other:?}"),
        }
    }
}

#[test]
fn a_place_is_changed_once_and_by_what_it_was() {
    let filters = [r#"{"i":{"$gt":4}}"#, r#"{"j":{"$gt":8}}"#];
    for (before, update, filters, query, expected) in [
        (
            r#"{"_id":1,"g":[1,5,9]}"#,
            r#"{"$set":{"g.$[i]":0},"$inc":{"g.$[j]":1}}"#,
            &filters[..],
            "{}",
            None,
        ),
        (r#"{"_id":1,"a":[1]}"#, r#"{"$set":{"a.0":1,"a.$[]":2}}"#, &[], "{}", None),
        (r#"{"_id":1,"a":[1]}"#, r#"{"$set":{"a.0":1,"a.$":2}}"#, &[], r#"{"a":1}"#, None),
        (r#"{"_id":1,"a":[{"b":1}]}"#, r#"{"$set":{"a.$[]":1,"a.0.b":2}}"#, &[], "{}", None),
        (
            r#"{"_id":1,"g":[1,5,9]}"#,
            r#"{"$set":{"g.$[i]":0},"$inc":{"h":1}}"#,
            &filters[..1],
            "{}",
            Some(r#"{"_id":1,"g":[1,0,0],"h":1}"#),
        ),
        (
            r#"{"_id":1,"g":[{"k":5},{"k":9}]}"#,
            r#"{"$set":{"g.$[i].k":0,"g.$[j].n":1}}"#,
            &[r#"{"i.k":{"$gt":4}}"#, r#"{"j.k":{"$gt":8}}"#],
            "{}",
            Some(r#"{"_id":1,"g":[{"k":0},{"k":0,"n":1}]}"#),
        ),
    ] {
        match (apply(before, update, filters, query), expected) {
            (Ok(after), Some(expected)) => {
                assert_eq!(after, Some(document(expected).to_string()), "{update}")
            }
            (Err(Error::Invalid { code: 40, .. }), None) => {}
            (other, _) => panic!("{update}: {other:?}"),
        }
    }
}

#[test]
fn wrong_updates_have_mongodbs_numbers() {
    let before = r#"{"_id":1,"a":5,"s":"x","l":[1],"n":null,"big":{"$numberLong":"9223372036854775807"}}"#;
    for (update, expected) in [
        (r#"{"$set":{"a":1,"a.b":2}}"#, 40),
        (r#"{"$set":{"a":1},"$inc":{"a":1}}"#, 40),
        (r#"{"$rename":{"a":"b"},"$set":{"b":1}}"#, 40),
        (r#"{"$set":{"a.x":1}}"#, 28),
        (r#"{"$set":{"n.x":1}}"#, 28),
        (r#"{"$set":{"l.x":1}}"#, 28),
        (r#"{"$set":{"":1}}"#, 56),
        (r#"{"$set":{"a..b":1}}"#, 56),
        (r#"{"$set":5}"#, 9),
        (r#"{"$set":{"a":1},"b":2}"#, 9),
        (r#"{"b":2,"$set":{"a":1}}"#, 52),
        (r#"{"$inc":{"s":1}}"#, 14),
        (r#"{"$inc":{"n":1}}"#, 14),
        (r#"{"$inc":{"a":"1"}}"#, 14),
        (r#"{"$inc":{"big":1}}"#, 2),
        (r#"{"$push":{"a":1}}"#, 2),
        (r#"{"$push":{"l":{"$each":1}}}"#, 2),
        (r#"{"$pop":{"l":2}}"#, 9),
        (r#"{"$pullAll":{"l":1}}"#, 2),
        (r#"{"$bit":{"a":{"not":1}}}"#, 2),
        (r#"{"$rename":{"a":"a"}}"#, 2),
        (r#"{"$rename":{"l.0":"b"}}"#, 2),
        (r#"{"$currentDate":{"a":"x"}}"#, 2),
        (r#"{"$set":{"l.$[e]":1}}"#, 2),
        (r#"{"$set":{"l.$.h.$":0}}"#, 2),
        (r#"{"$unset":{"_id":1}}"#, 66),
    ] {
        match apply(before, update, &[], "{}") {
            Err(Error::Invalid { code, .. }) => assert_eq!(code, expected, "{update}"),
            other => panic!("{update}: {other:?}"),
        }
    }
}

#[test]
fn unknown_operators_are_named() {
    for update in [r#"{"$foo":{"a":1}}"#, r#"{"$foo":{}}"#, r#"{"$pushAll":{"a":[1]}}"#] {
        assert!(matches!(parse(update, &[]), Err(Error::UnknownOperator { .. })), "{update}");
    }
}

#[test]
fn array_filter_without_use_is_refused() {
    assert!(parse(r#"{"$set":{"a":1}}"#, &[r#"{"e":1}"#]).is_err());
    assert!(parse(r#"{"$set":{"a.$[e]":1}}"#, &[r#"{"e":1}"#, r#"{"e":2}"#]).is_err());
    assert!(parse(r#"{"$set":{"a.$[e]":1}}"#, &[r#"{"e.x":1,"f":2}"#]).is_err());
    assert!(parse(r#"{"$set":{"a.$[e]":1}}"#, &[r#"{"$or":[{"e.x":1},{"e.y":2}]}"#]).is_ok());
}
