//! Documents in the legacy dialect: exchanges captured from wx-server-sdk 1.8.3. See
//! `docs/wire.md#legacy-dialect`.

use serde_json::{Value, json};

use crate::support::emulator::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_document_comes_back_as_plain_json() {
    let sandbox = Sandbox::with_todos().await;
    // The credential and its fellows stand in the body of this dialect.
    let added = sandbox
        .todos(
            "addDocument",
            json!({
                "data": { "n": 1, "d": { "$date": 1_700_000_000_123_i64 }, "sd": { "$date": { "offset": 0 } },
                          "loc": { "type": "Point", "coordinates": [113.5, 23.1] } },
                "timestamp": 1_795_207_749_371_i64, "eventId": "1795207749371_4_19237", "wxCloudApiToken": "",
                "authorization": "q-sign-algorithm=sha1&q-ak=AKID&q-signature=00", "sdk_version": "1.22.0",
            }),
        )
        .await;
    let id = added["_id"].as_str().expect("an id");
    assert_eq!(id.len(), 32);
    let found = sandbox
        .todos(
            "queryDocument",
            json!({ "queryType": "DOC", "query": { "_id": id }, "multi": false, "projection": {} }),
        )
        .await;
    assert_eq!(
        found["list"],
        json!([{ "_id": id, "n": 1, "d": { "$date": 1_700_000_000_123_i64 }, "sd": { "$date": 1_700_000_000_000_i64 },
                 "loc": { "type": "Point", "coordinates": [113.5, 23.1] } }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_documents_is_added_at_once() {
    let sandbox = Sandbox::with_todos().await;
    let added =
        sandbox.todos("addDocument", json!({ "data": [{ "_id": "a", "n": 1 }, { "_id": "b" }] })).await;
    assert_eq!(added, json!({ "_id": "a", "insertedIds": ["a", "b"] }));
    assert_eq!(sandbox.todos("countDocument", json!({ "query": {} })).await, json!({ "total": 2 }));
}

async fn with_numbers() -> Sandbox {
    let sandbox = Sandbox::with_todos().await;
    for n in 1..=4 {
        let added = sandbox
            .todos("addDocument", json!({ "data": { "n": n, "tag": "x" }, "_id": format!("t{n}") }))
            .await;
        assert_eq!(added, json!({ "_id": format!("t{n}") }));
    }
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_order_page_and_project() {
    let sandbox = with_numbers().await;
    let query = json!({
        "queryType": "WHERE", "query": { "n": { "$gt": 1 }, "tag": { "$regex": "^X", "$options": "i" } },
        "order": [{ "field": "tag", "direction": "asc" }, { "field": "n", "direction": "desc" }],
        "offset": 1, "limit": 1, "projection": { "n": 1 },
    });
    assert_eq!(sandbox.todos("queryDocument", query).await["list"], json!([{ "_id": "t3", "n": 3 }]));
    let count = json!({ "query": { "n": { "$lte": 2 } } });
    assert_eq!(sandbox.todos("countDocument", count).await, json!({ "total": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_answer_both_spellings_of_the_created_id() {
    let sandbox = with_numbers().await;
    let update = |query: Value, data: Value, merge: bool| json!({ "query": query, "data": data, "multi": true, "merge": merge, "upsert": !merge, "queryType": "WHERE" });
    let changed = sandbox
        .todos("updateDocument", update(json!({ "n": { "$lt": 3 } }), json!({ "$inc": { "n": 10 } }), true))
        .await;
    assert_eq!(changed, json!({ "updated": 2 }));
    let mut set = update(json!({ "_id": "new" }), json!({ "a": 1 }), false);
    set["multi"] = json!(false);
    assert_eq!(
        sandbox.todos("updateDocument", set).await,
        json!({ "updated": 0, "upserted_id": "new", "upsert_id": "new" })
    );
    let deleted =
        sandbox.todos("deleteDocument", json!({ "query": { "n": { "$gt": 10 } }, "multi": true })).await;
    assert_eq!(deleted, json!({ "deleted": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_answers_a_text_of_texts() {
    let sandbox = with_numbers().await;
    let stages = json!({ "stages": [
        { "stageKey": "$match", "stageValue": "{\"n\":{\"$gte\":3}}" },
        { "stageKey": "$sort", "stageValue": { "n": 1 } },
        { "stageKey": "$count", "stageValue": "cnt" },
    ] });
    let answer = sandbox.todos("aggregate", stages).await;
    assert_eq!(answer["list"], json!(r#"["{\"cnt\":{\"$numberInt\":\"2\"}}"]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_actions_of_a_transaction_answer_at_the_top() {
    let sandbox = with_numbers().await;
    let started = sandbox.admin("database.startTransaction", json!({})).await;
    let id = started["transactionId"].as_str().expect("an id");
    let within = |fields: Value| {
        let mut fields = fields;
        fields["transactionId"] = json!(id);
        fields["collectionName"] = json!("todos");
        fields
    };
    let one = json!(r#"{"$numberInt":"1"}"#);

    let get = json!({ "query": { "_id": { "$eq": "t1" } } });
    let got = sandbox.admin("database.getInTransaction", within(get)).await;
    assert_eq!(got["data"], r#"{"_id":"t1","n":{"$numberInt":"1"},"tag":"x"}"#);
    let got = sandbox
        .admin("database.getInTransaction", within(json!({ "query": { "_id": { "$eq": "none" } } })))
        .await;
    assert_eq!(got["data"], "null");

    let update =
        json!({ "query": { "_id": { "$eq": "t1" } }, "data": r#"{"$set":{"n":{"$numberInt":"9"}}}"# });
    assert_eq!(sandbox.admin("database.updateDocInTransaction", within(update)).await["updated"], one);
    let set = json!({ "query": { "_id": { "$eq": "made" } }, "data": r#"{"a":{"$numberInt":"1"}}"#, "upsert": true });
    assert_eq!(sandbox.admin("database.updateDocInTransaction", within(set)).await["upserted"], "\"made\"");
    let insert = json!({ "data": r#"{"b":{"$numberInt":"1"}}"#, "_id": "added" });
    let inserted = sandbox.admin("database.insertDocInTransaction", within(insert)).await;
    assert_eq!((&inserted["inserted"], &inserted["ok"]), (&one, &one));
    let delete = json!({ "query": { "_id": { "$eq": "t2" } } });
    assert_eq!(sandbox.admin("database.deleteDocInTransaction", within(delete)).await["deleted"], one);

    let before = sandbox.todos("countDocument", json!({})).await;
    assert_eq!(before, json!({ "total": 4 }));
    sandbox.admin("database.commitTransaction", json!({ "transactionId": id })).await;
    let after =
        sandbox.todos("queryDocument", json!({ "order": [{ "field": "_id", "direction": "asc" }] })).await;
    let ids: Vec<_> = after["list"].as_array().expect("a list").iter().map(|it| &it["_id"]).collect();
    assert_eq!(ids, ["added", "made", "t1", "t3", "t4"]);
}
