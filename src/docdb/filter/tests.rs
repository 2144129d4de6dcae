//! Corners of filters beside the reference cases.

use bson::raw::RawDocumentBuf;
use bson::{DateTime, Document};

use super::Filter;
use crate::docdb::value::ejson::parse_document;
use crate::docdb::{Error, Result};

fn document(text: &str) -> Document {
    parse_document(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn filter(text: &str) -> Result<Filter> {
    Filter::parse(&document(text), DateTime::from_millis(0))
}

/// Whether a filter finds a document, in its raw form and its owned one.
fn finds(filter_text: &str, text: &str) -> bool {
    let filter = filter(filter_text).unwrap_or_else(|error| panic!("{filter_text}: {error}"));
    let owned = document(text);
    let raw = RawDocumentBuf::try_from(&owned).expect("a document");
    let found = filter.matches(&raw).expect("a match");
    assert_eq!(found, filter.matches(&owned).expect("a match"), "raw and owned: {filter_text} on {text}");
    found
}

fn check(filter: &str, found: &[&str], not_found: &[&str]) {
    for text in found {
        assert!(finds(filter, text), "{filter} must find {text}");
    }
    for text in not_found {
        assert!(!finds(filter, text), "{filter} must not find {text}");
    }
}

#[test]
fn empty_filter_finds_everything() {
    check("{}", &["{}", r#"{"a":1}"#], &[]);
}

#[test]
fn numbers_of_all_types_compare_by_value() {
    let one =
        [r#"{"a":1}"#, r#"{"a":1.0}"#, r#"{"a":{"$numberLong":"1"}}"#, r#"{"a":{"$numberDecimal":"1.0"}}"#];
    check(r#"{"a":1}"#, &one, &[r#"{"a":true}"#, r#"{"a":"1"}"#]);
    check(
        r#"{"a":{"$gt":{"$numberLong":"9007199254740992"}}}"#,
        &[r#"{"a":9007199254740993}"#],
        &[r#"{"a":9007199254740992.0}"#],
    );
}

#[test]
fn nan_is_equal_to_itself_and_beside_all_numbers() {
    let nan = r#"{"a":{"$numberDouble":"NaN"}}"#;
    check(nan, &[nan], &[r#"{"a":1}"#]);
    check(r#"{"a":{"$gte":{"$numberDouble":"NaN"}}}"#, &[nan], &[r#"{"a":1}"#]);
    check(r#"{"a":{"$lt":1}}"#, &[r#"{"a":0}"#], &[nan]);
}

#[test]
fn ends_of_the_order_bound_values_of_every_type() {
    check(r#"{"a":{"$gt":{"$minKey":1}}}"#, &[r#"{"a":1}"#, r#"{"a":"s"}"#, r#"{"a":null}"#], &["{}"]);
    check(r#"{"a":{"$lt":{"$maxKey":1}}}"#, &[r#"{"a":1}"#], &[r#"{"a":{"$maxKey":1}}"#]);
}

#[test]
fn negations_are_complements() {
    let documents =
        [r#"{}"#, r#"{"a":5}"#, r#"{"a":[5,6]}"#, r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":[[5]]}"#];
    for (positive, negative) in [
        (r#"{"a":5}"#, r#"{"a":{"$ne":5}}"#),
        (r#"{"a":{"$in":[5,null]}}"#, r#"{"a":{"$nin":[5,null]}}"#),
        (r#"{"a":{"$gt":5}}"#, r#"{"a":{"$not":{"$gt":5}}}"#),
        (r#"{"a":{"$exists":true}}"#, r#"{"a":{"$exists":false}}"#),
        (r#"{"$or":[{"a":5},{"a":null}]}"#, r#"{"$nor":[{"a":5},{"a":null}]}"#),
    ] {
        for document in documents {
            assert!(
                finds(positive, document) != finds(negative, document),
                "{positive}, {negative} on {document}"
            );
        }
    }
}

#[test]
fn regular_expressions_have_the_features_and_flags_of_javascript() {
    let literal = |pattern: &str, options: &str| {
        let regex =
            serde_json::json!({ "a": { "$regularExpression": { "pattern": pattern, "options": options } } });
        regex.to_string()
    };
    check(
        &literal("^HELLO", "i"),
        &[r#"{"a":"hello"}"#, r#"{"a":["x","Hello"]}"#],
        &[r#"{"a":"ohello"}"#, r#"{"a":5}"#],
    );
    check(&literal("^b", "gimuy"), &[r#"{"a":"a\nB"}"#], &[]);
    check(&literal("a.b", "s"), &[r#"{"a":"a\nb"}"#], &[]);
    check(&literal("a b # c", "x"), &[r#"{"a":"ab"}"#], &[]);
    check(&literal(r"(?<!\d)\d{2}(?!\d)", ""), &[r#"{"a":"x12y"}"#], &[r#"{"a":"x123y"}"#]);
    check(&literal("图书.*馆", ""), &[r#"{"a":"小图书大馆"}"#], &[r#"{"a":"图"}"#]);
    check(r#"{"a":{"$regex":"^B","$options":"i"}}"#, &[r#"{"a":"bc"}"#], &[r#"{"a":"cb"}"#]);
    check(r#"{"a":{"$not":{"$regex":"^b"}}}"#, &["{}", r#"{"a":"c"}"#], &[r#"{"a":"b"}"#]);
    check(
        r#"{"a":{"$in":[{"$regularExpression":{"pattern":"^b","options":""}},7]}}"#,
        &[r#"{"a":"bc"}"#, r#"{"a":7}"#],
        &[r#"{"a":"c"}"#],
    );
}

#[test]
fn endless_backtracking_is_an_error() {
    let filter = filter(r#"{"a":{"$regex":"^(?:(a+)\\1?)+$"}}"#).expect("a filter");
    let document = document(&format!(r#"{{"a":"{}!"}}"#, "a".repeat(64)));
    match filter.matches(&document) {
        Err(Error::Invalid { code: 51156, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn elem_match_does_not_open_nested_arrays() {
    check(
        r#"{"a":{"$elemMatch":{"$gt":1,"$lt":5}}}"#,
        &[r#"{"a":[9,3]}"#],
        &[r#"{"a":[0,9]}"#, r#"{"a":[[3]]}"#, r#"{"a":3}"#],
    );
    check(
        r#"{"a":{"$elemMatch":{"x":1,"y":2}}}"#,
        &[r#"{"a":[{"x":1,"y":2}]}"#],
        &[r#"{"a":[{"x":1},{"y":2}]}"#],
    );
}

#[test]
fn position_is_that_of_the_outermost_array() {
    for (condition, text, expected) in [
        (r#"{"a":5}"#, r#"{"a":[1,5,5]}"#, Some(1)),
        (r#"{"a.x":2}"#, r#"{"a":[{"x":1},{"x":[3,2]}]}"#, Some(1)),
        (r#"{"a":{"$elemMatch":{"x":{"$gt":1}}}}"#, r#"{"a":[{"x":1},{"x":1},{"x":2}]}"#, Some(2)),
        (r#"{"a":{"$in":[7,6]}}"#, r#"{"a":[5,6,7]}"#, Some(1)),
        (r#"{"k":1,"a":{"$gte":2}}"#, r#"{"k":1,"a":[1,2]}"#, Some(1)),
        (r#"{"a":{"$ne":5}}"#, r#"{"a":[1]}"#, None),
        (r#"{"k":1}"#, r#"{"k":1,"a":[1]}"#, None),
    ] {
        let position = filter(condition).and_then(|it| it.position(&document(text))).expect("a position");
        assert_eq!(position, expected, "{condition} on {text}");
    }
}

#[test]
fn wrong_filters_are_named_errors() {
    for text in [
        r#"{"$and":[]}"#,
        r#"{"$or":{"a":1}}"#,
        r#"{"$nor":[1]}"#,
        r#"{"a":{"$in":5}}"#,
        r#"{"a":{"$in":[{"$gt":1}]}}"#,
        r#"{"a":{"$gt":1,"b":2}}"#,
        r#"{"a":{"b":2,"$gt":1}}"#,
        r#"{"a":{"$not":{}}}"#,
        r#"{"a":{"$not":5}}"#,
        r#"{"a":{"$size":1.5}}"#,
        r#"{"a":{"$size":-1}}"#,
        r#"{"a":{"$mod":[0,1]}}"#,
        r#"{"a":{"$mod":[2]}}"#,
        r#"{"a":{"$mod":["2",1]}}"#,
        r#"{"a":{"$type":"integer"}}"#,
        r#"{"a":{"$type":[]}}"#,
        r#"{"a":{"$bitsAllSet":-1}}"#,
        r#"{"a":{"$options":"i"}}"#,
        r#"{"a":{"$regex":5}}"#,
        r#"{"a":{"$elemMatch":5}}"#,
        r#"{"a":{"$ne":{"$regularExpression":{"pattern":"a","options":""}}}}"#,
    ] {
        match filter(text) {
            Err(Error::Invalid { code: 2, .. }) => {}
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn unknown_operators_are_named() {
    for (text, expected) in [
        (r#"{"a":{"$foo":1}}"#, "$foo"),
        (r#"{"$foo":1}"#, "$foo"),
        (r#"{"$where":"1"}"#, "$where"),
        (r#"{"a":{"$elemMatch":{"$bar":1}}}"#, "$bar"),
    ] {
        match filter(text) {
            Err(Error::UnknownOperator { name }) => assert_eq!(name, expected),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn broken_patterns_and_flags_have_their_own_numbers() {
    for (text, expected) in
        [(r#"{"a":{"$regex":"("}}"#, 51091), (r#"{"a":{"$regex":"a","$options":"q"}}"#, 51108)]
    {
        match filter(text) {
            Err(Error::Invalid { code, .. }) => assert_eq!(code, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn expression_that_fails_fails_the_query() {
    let filter = filter(r#"{"$expr":{"$divide":["$a",0]}}"#).expect("a filter");
    assert!(filter.matches(&document(r#"{"a":1}"#)).is_err());
    assert!(finds(r#"{"$expr":{"$gt":["$a","$b"]}}"#, r#"{"a":2,"b":1}"#));
}

/// In any order: a message could tell of a document that the rest of the filter keeps back.
#[test]
fn a_condition_fails_only_on_documents_that_the_others_let_through() {
    const FAILS: &str = r#"{"$expr":{"$divide":["$a",0]}}"#;
    const ENDLESS: &str = r#"{"s":{"$regex":"^(?:(a+)\\1?)+$"}}"#;
    let long = "a".repeat(64) + "!";
    for fails in [FAILS, ENDLESS] {
        for (text, failing) in [
            (format!(r#"{{"$and":[{fails},{{"pub":true}}]}}"#), true),
            (format!(r#"{{"$and":[{{"pub":true}},{fails}]}}"#), true),
            (
                format!(
                    r#"{{"$and":[{{"$or":[{fails}]}},{{"$or":[{{"pub":true}},{{"$and":[{fails},{{"n":1}}]}}]}}]}}"#
                ),
                true,
            ),
            (format!(r#"{{"pub":true,"$nor":[{fails}]}}"#), true),
            (format!(r#"{{"$nor":[{fails},{{"pub":{{"$ne":true}}}}]}}"#), true),
            (format!(r#"{{"$or":[{{"pub":true}},{{"$and":[{fails},{{"n":1}}]}}]}}"#), false),
        ] {
            let filter = filter(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let matches = |public: bool| {
                filter.matches(&document(&format!(r#"{{"a":1,"s":"{long}","pub":{public},"n":2}}"#)))
            };
            assert_eq!(matches(false).ok(), Some(false), "{text}");
            assert_eq!(matches(true).is_err(), failing, "{text}");
        }
    }
}
