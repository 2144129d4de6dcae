//! Limits of the database, asked for over the wire: what reaches one is done, one more is refused with its code.

use cloudkit::docdb::value::limits::{DEEPEST_NESTING, LARGEST_DOCUMENT, TRANSACTION_LIFE};
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;

/// Asks for something of `todos`; returns the code of a refusal, or `done`.
async fn ask(sandbox: &Sandbox, action: &str, fields: Value) -> String {
    let mut all = json!({ "collectionName": "todos" });
    all.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    let answer = sandbox.admin(&format!("database.{action}"), all).await;
    answer["code"].as_str().unwrap_or("done").to_owned()
}

async fn with_todos() -> Sandbox {
    let sandbox = Sandbox::start().await;
    assert_eq!(ask(&sandbox, "addCollection", json!({})).await, "done");
    sandbox
}

async fn insert(sandbox: &Sandbox, document: &str) -> String {
    ask(sandbox, "insertDocument", json!({ "data": [document] })).await
}

/// A document of exactly so many bytes when stored.
fn of_bytes(bytes: usize) -> String {
    // Length, the string `_id` of one character, the string `text`, end.
    let around = 4 + (1 + 4 + 4 + 2) + (1 + 5 + 4 + 1) + 1;
    format!(r#"{{"_id":"x","text":"{}"}}"#, "x".repeat(bytes - around))
}

/// A document of so many levels.
fn of_levels(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

fn start(text: &str) -> &str {
    text.get(..60).unwrap_or(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_at_the_limit_is_stored_and_one_beyond_is_refused() {
    for (at, beyond, code) in [
        (of_bytes(LARGEST_DOCUMENT), of_bytes(LARGEST_DOCUMENT + 1), "INVALID_PARAM"),
        (of_levels(DEEPEST_NESTING), of_levels(DEEPEST_NESTING + 1), "DATABASE_REQUEST_FAILED"),
        (r#"{"a$":1}"#.into(), r#"{"$a":1}"#.into(), "INVALID_PARAM"),
        (r#"{"a":{"b":1}}"#.into(), r#"{"a.b":1}"#.into(), "INVALID_PARAM"),
        (r#"{" ":1}"#.into(), r#"{"":1}"#.into(), "INVALID_PARAM"),
        (r#"{"a":"\u0000"}"#.into(), r#"{"a\u0000":1}"#.into(), "INVALID_PARAM"),
        (r#"{"_id":7}"#.into(), r#"{"_id":true}"#.into(), "INVALID_PARAM"),
    ] {
        let sandbox = with_todos().await;
        assert_eq!(insert(&sandbox, &beyond).await, code, "{}", start(&beyond));
        assert_eq!(insert(&sandbox, &at).await, "done", "{}", start(&at));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_cannot_take_a_document_beyond_the_limits() {
    let sandbox = with_todos().await;
    assert_eq!(insert(&sandbox, &of_bytes(LARGEST_DOCUMENT)).await, "done");
    for (data, merge, code) in [
        (r#"{"$set":{"more":1}}"#.to_owned(), true, "DATABASE_REQUEST_FAILED"),
        (r#"{"a.b":1}"#.into(), false, "INVALID_PARAM"),
        (r#"{"":1}"#.into(), false, "INVALID_PARAM"),
        (of_levels(DEEPEST_NESTING + 1), false, "DATABASE_REQUEST_FAILED"),
        (of_levels(DEEPEST_NESTING), false, "done"),
    ] {
        let update = json!({ "query": r#"{"_id":"x"}"#, "data": data, "merge": merge, "multi": false });
        assert_eq!(ask(&sandbox, "modifyDocument", update).await, code, "{}", start(&data));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_path_of_more_names_than_a_document_has_levels_is_refused_wherever_it_stands() {
    let sandbox = with_todos().await;
    assert_eq!(insert(&sandbox, r#"{"_id":"x"}"#).await, "done");
    let path = format!("{}a", "a.".repeat(200_000));
    let of = |operand: Value| Value::from(json!({ path.as_str(): operand }).to_string());
    let update = |data: Value, query: Value| json!({ "query": query, "data": data, "merge": true, "multi": false, "upsert": true });
    let set = Value::from(json!({ "$set": { path.as_str(): 1 } }).to_string());
    let stage =
        |name: &str, argument: Value| json!({ "stages": [{ "stageKey": name, "stageValue": argument }] });
    for (action, fields) in [
        ("getDocument", json!({ "query": of(json!(1)) })),
        ("getDocument", json!({ "query": "{}", "projection": of(json!(1)) })),
        ("getDocument", json!({ "query": "{}", "order": of(json!(1)) })),
        ("modifyDocument", update(set, "{\"_id\":\"x\"}".into())),
        ("modifyDocument", update("{\"$set\":{\"b\":1}}".into(), of(json!(1)))),
        ("aggregateDocuments", stage("$project", of(json!(1)))),
        ("aggregateDocuments", stage("$addFields", of(json!(1)))),
        ("aggregateDocuments", stage("$unwind", json!(format!("\"${path}\"")))),
    ] {
        assert_eq!(
            ask(&sandbox, action, fields.clone()).await,
            "DATABASE_REQUEST_FAILED",
            "{action} {}",
            start(&fields.to_string())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_named_as_the_platform_allows() {
    let sandbox = Sandbox::start().await;
    for (name, code) in [
        ("x".repeat(96), "done"),
        ("x".repeat(97), "INVALID_PARAM"),
        ("7-a_B".into(), "done"),
        ("_a".into(), "INVALID_PARAM"),
        (String::new(), "INVALID_PARAM"),
        ("a.b".into(), "INVALID_PARAM"),
        ("集合".into(), "INVALID_PARAM"),
    ] {
        let named = json!({ "collectionName": name });
        assert_eq!(ask(&sandbox, "addCollection", named).await, code, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_returns_the_platforms_number_of_documents_at_most() {
    let sandbox = with_todos().await;
    let documents: Vec<String> = (0..1001).map(|it| format!(r#"{{"_id":{it}}}"#)).collect();
    assert_eq!(ask(&sandbox, "insertDocument", json!({ "data": documents })).await, "done");
    for (limit, returned) in
        [(None, 100), (Some(0), 100), (Some(1), 1), (Some(101), 101), (Some(1000), 1000), (Some(1001), 1000)]
    {
        let mut asked = json!({ "collectionName": "todos", "query": "{}" });
        if let Some(limit) = limit {
            asked["limit"] = json!(limit);
        }
        let answer = sandbox.admin("database.getDocument", asked).await;
        assert_eq!(answer["data"]["list"].as_array().map(Vec::len), Some(returned), "{limit:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_lives_no_longer_than_the_limit() {
    let life = TRANSACTION_LIFE.as_millis() as i64;
    for (after, code) in [(life - 1, "done"), (life, "DATABASE_TRANSACTION_FAIL")] {
        let sandbox = with_todos().await;
        let begun = sandbox.admin("database.startTransaction", json!({})).await;
        let transaction = json!({ "transactionId": begun["transactionId"] });
        sandbox.clock.advance(after);
        assert_eq!(ask(&sandbox, "commitTransaction", transaction).await, code, "after {after} ms");
    }
}
