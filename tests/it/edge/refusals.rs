//! What `/admin` refuses: each with its code, and nothing is changed by it.

use serde_json::{Value, json};

use crate::support::emulator::Sandbox;

async fn with_a_document() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.admin("database.addCollection", json!({ "collectionName": "todos" })).await;
    let data = r#"{"_id":"t1","n":1,"text":"x","list":[1]}"#;
    let added = json!({ "collectionName": "todos", "data": [data] });
    assert_eq!(sandbox.admin("database.insertDocument", added).await["data"]["insertedIds"], json!(["t1"]));
    sandbox
}

impl Sandbox {
    /// Asks something of `todos` and returns the code of the answer.
    async fn refused(&self, action: &str, fields: Value) -> String {
        let mut all = json!({ "collectionName": "todos" });
        all.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        let answer = self.admin(&format!("database.{action}"), all).await;
        answer["code"].as_str().unwrap_or_else(|| panic!("{action} {fields} was done: {answer}")).to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cannot_be_done_changes_nothing() {
    let sandbox = with_a_document().await;
    let found = || sandbox.admin("database.getDocument", json!({ "collectionName": "todos", "query": "{}" }));
    let before = found().await["data"].clone();
    for (update, code) in [
        (r#"{"$foo":{"n":1}}"#, "DATABASE_INVALID_OPERRATOR"),
        (r#"{"$pull":{"list":{"$foo":1}}}"#, "DATABASE_INVALID_OPERRATOR"),
        (r#"{"$set":5}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2,"_id":"t2"}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2},"$unset":{"n":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2},"$inc":{"text":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2,"text.deep":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2,"a..b":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2,"list.99999999999":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":2},"$push":{"text":1}}"#, "DATABASE_REQUEST_FAILED"),
        (r#"{"$set":{"n":"#, "INVALID_PARAM"),
        ("[]", "INVALID_PARAM"),
    ] {
        let asked = json!({ "query": "{}", "data": update, "multi": true, "merge": true, "upsert": false });
        assert_eq!(sandbox.refused("modifyDocument", asked).await, code, "{update}");
    }
    assert_eq!(found().await["data"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_does_not_exist_is_named_in_both_dialects() {
    let sandbox = with_a_document().await;
    let stage = |key: &str, value: &str| json!({ "stages": [{ "stageKey": key, "stageValue": value }] });
    for (action, asked) in [
        ("getDocument", json!({ "query": r#"{"n":{"$foo":1}}"# })),
        ("getDocument", json!({ "query": r#"{"$foo":1}"# })),
        ("aggregateDocuments", stage("$foo", "{}")),
        ("aggregateDocuments", stage("$match", r#"{"n":{"$foo":1}}"#)),
        ("aggregateDocuments", stage("$project", r#"{"n":{"$foo":1}}"#)),
        ("aggregateDocuments", stage("$group", r#"{"_id":null,"n":{"$foo":1}}"#)),
        ("queryDocument", json!({ "queryType": "WHERE", "query": { "n": { "$foo": 1 } } })),
        (
            "updateDocument",
            json!({ "queryType": "WHERE", "query": {}, "multi": true, "merge": true, "data": { "$foo": { "n": 1 } } }),
        ),
    ] {
        assert_eq!(sandbox.refused(action, asked.clone()).await, "DATABASE_INVALID_OPERRATOR", "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_bounds_is_a_wrong_parameter() {
    let sandbox = with_a_document().await;
    let deep = format!("{}1{}", r#"{"a":"#.repeat(5_000), "}".repeat(5_000));
    let large = json!({ "a": "x".repeat(17 * 1024 * 1024) }).to_string();
    for (action, asked) in [
        ("getDocument", json!({ "query": "{}", "limit": -1 })),
        ("getDocument", json!({ "query": "{}", "limit": 1e20 })),
        ("getDocument", json!({ "query": "{}", "offset": 1.5 })),
        ("getDocument", json!({ "query": deep.clone() })),
        ("insertDocument", json!({ "data": [deep] })),
        ("insertDocument", json!({ "data": [large] })),
        ("insertDocument", json!({ "data": [r#"{"a":"\ud800"}"#] })),
        ("insertDocument", json!({ "data": [r#"{"a\u0000b":1}"#] })),
        ("insertDocument", json!({ "data": [r#"{"$a":1}"#] })),
        ("insertDocument", json!({ "data": [r#"{"_id":[1]}"#] })),
    ] {
        let shown = asked.to_string().chars().take(80).collect::<String>();
        assert_eq!(sandbox.refused(action, asked).await, "INVALID_PARAM", "{shown}");
    }
    let total = sandbox.admin("database.calculateDocument", json!({ "collectionName": "todos" })).await;
    assert_eq!(total["data"]["total"], 1, "{total}");
}
