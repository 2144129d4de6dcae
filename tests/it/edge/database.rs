//! Documents in the EJSON dialect: exchanges captured from wx-server-sdk 4.0.2. See
//! `docs/wire.md#ejson-dialect`.

use cloudkit::emulator::event::Event;
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;
use crate::support::patience::told;

impl Sandbox {
    /// Starts with one collection.
    pub async fn with_todos() -> Self {
        let sandbox = Sandbox::start().await;
        let created = sandbox.admin("database.addCollection", json!({ "collectionName": "todos" })).await;
        assert_eq!(created["data"], json!({}), "{created}");
        sandbox
    }

    /// Runs an action on `todos` and returns `data`, or the code of the failure.
    pub async fn todos(&self, action: &str, mut fields: Value) -> Value {
        fields["collectionName"] = json!("todos");
        let answer = self.admin(&format!("database.{action}"), fields).await;
        answer.get("code").or_else(|| answer.get("data")).unwrap_or(&answer).clone()
    }

    /// Adds documents, given as Extended JSON.
    async fn add(&self, documents: &[&str]) {
        let answer = self.todos("insertDocument", json!({ "data": documents })).await;
        assert!(answer["insertedIds"].is_array(), "{answer}");
    }

    /// Returns everything in the collection.
    async fn all(&self) -> Value {
        self.todos("getDocument", json!({ "queryType": "WHERE", "limit": 100 })).await["list"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_document_comes_back_as_it_went() {
    let sandbox = Sandbox::with_todos().await;
    let sent = r#"{"n":{"$numberInt":"1"},"f":{"$numberDouble":"1.5"},"big":{"$numberLong":"9007199254740991"},"s":"héllo 云","b":true,"nul":null,"arr":[{"$numberInt":"1"},"x",{"y":{"$numberInt":"2"}}],"o":{"p":{"q":{"$numberInt":"1"}}},"d":{"$date":{"$numberLong":"1700000000123"}},"sd":{"$tcb_server_date":{"offset":{"$numberInt":"60000"}}},"loc":{"type":"Point","coordinates":[{"$numberDouble":"113.5"},{"$numberDouble":"23.1"}]},"tags":["a","b"]}"#;
    let added = sandbox.todos("insertDocument", json!({ "data": [sent] })).await;
    let id = added["insertedIds"][0].as_str().expect("an id").to_owned();
    assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");

    let stored = sent.replace(r#"{"n":"#, &format!(r#"{{"_id":"{id}","n":"#)).replace(
        r#"{"$tcb_server_date":{"offset":{"$numberInt":"60000"}}}"#,
        r#"{"$date":{"$numberLong":"1700000060000"}}"#,
    );
    let query = format!(r#"{{"_id":"{id}"}}"#);
    let found =
        sandbox.todos("getDocument", json!({ "queryType": "DOC", "query": query, "multi": false })).await;
    assert_eq!(found["list"], json!([stored]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_query_filters_sorts_pages_and_projects() {
    let sandbox = Sandbox::with_todos().await;
    let documents: Vec<_> =
        (1..=5).map(|n| format!(r#"{{"_id":"t{n}","n":{{"$numberInt":"{n}"}}}}"#)).collect();
    sandbox.add(&documents.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let query = json!({
        "queryType": "WHERE",
        "query": r#"{"n":{"$lte":{"$numberInt":"4"}}}"#,
        "order": r#"{"n":{"$numberInt":"-1"}}"#,
        "offset": 1,
        "limit": 2,
        "projection": r#"{"n":{"$numberInt":"1"},"_id":{"$numberInt":"0"}}"#,
    });
    let found = sandbox.todos("getDocument", query).await;
    assert_eq!(
        found,
        json!({ "list": [r#"{"n":{"$numberInt":"3"}}"#, r#"{"n":{"$numberInt":"2"}}"#], "limit": 2, "offset": 1 })
    );
    let count = json!({ "queryType": "WHERE", "query": r#"{"n":{"$gt":{"$numberInt":"3"}}}"# });
    assert_eq!(sandbox.todos("calculateDocument", count).await, json!({ "total": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_update_changes_what_it_says() {
    let sandbox = Sandbox::with_todos().await;
    sandbox
        .add(&[
            r#"{"_id":"fix-1","n":{"$numberInt":"1"},"o":{"p":{"q":{"$numberInt":"1"}}},"tags":["a","b"]}"#,
        ])
        .await;
    let update = json!({
        "queryType": "DOC", "query": r#"{"_id":"fix-1"}"#, "multi": false, "merge": true, "upsert": false,
        "data": r#"{"$inc":{"n":{"$numberInt":"5"}},"$set":{"o.p.q":{"$numberInt":"7"},"when":{"$tcb_server_date":{"offset":{"$numberInt":"0"}}},"extra.z":{"$numberInt":"1"}},"$push":{"tags":{"$each":["c","d"]}}}"#,
    });
    assert_eq!(sandbox.todos("modifyDocument", update.clone()).await, json!({ "updated": 1 }));
    let stored = sandbox.all().await;
    let stored: Value = serde_json::from_str(stored[0].as_str().expect("a document")).expect("JSON");
    assert_eq!(stored["n"], json!({ "$numberInt": "6" }));
    assert_eq!(stored["o"]["p"]["q"], json!({ "$numberInt": "7" }));
    assert_eq!(stored["extra"]["z"], json!({ "$numberInt": "1" }));
    assert_eq!(stored["tags"], json!(["a", "b", "c", "d"]));
    assert_eq!(stored["when"], json!({ "$date": { "$numberLong": "1700000000000" } }));

    let mut missing = update;
    missing["query"] = json!(r#"{"_id":"none"}"#);
    assert_eq!(sandbox.todos("modifyDocument", missing).await, json!({ "updated": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn set_replaces_or_creates() {
    let sandbox = Sandbox::with_todos().await;
    let set = |data: &str| json!({ "queryType": "DOC", "query": r#"{"_id":"new-1"}"#, "data": data, "multi": false, "merge": false, "upsert": true });
    let created = sandbox.todos("modifyDocument", set(r#"{"a":{"$numberInt":"1"}}"#)).await;
    assert_eq!(created, json!({ "updated": 0, "upsert_id": "new-1" }));
    let replaced = sandbox.todos("modifyDocument", set(r#"{"b":{"$numberInt":"2"}}"#)).await;
    assert_eq!(replaced, json!({ "updated": 1 }));
    assert_eq!(sandbox.all().await, json!([r#"{"_id":"new-1","b":{"$numberInt":"2"}}"#]));
    assert_eq!(sandbox.todos("modifyDocument", set(r#"{"$inc":{"b":1}}"#)).await, "DATABASE_REQUEST_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_documents_change_and_go_at_once() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"_id":"a","k":1}"#, r#"{"_id":"b","k":1}"#, r#"{"_id":"c","k":2}"#]).await;
    let all = json!({ "queryType": "WHERE", "query": r#"{"k":1}"#, "multi": true, "merge": true, "data": r#"{"$set":{"seen":true}}"# });
    assert_eq!(sandbox.todos("modifyDocument", all).await, json!({ "updated": 2 }));
    let one = json!({ "queryType": "WHERE", "query": r#"{"k":1}"#, "data": r#"{"$set":{"first":true}}"# });
    let returned = sandbox.todos("modifyAndReturnDoc", one).await;
    assert_eq!(returned["updated"], 1);
    assert!(returned["doc"].as_str().is_some_and(|doc| doc.contains(r#""first":true"#)), "{returned}");
    let remove = json!({ "queryType": "WHERE", "query": r#"{"k":1}"#, "multi": true });
    assert_eq!(sandbox.todos("removeDocument", remove).await, json!({ "deleted": 2 }));
    let remove = json!({ "queryType": "DOC", "query": r#"{"_id":"c"}"#, "multi": false });
    assert_eq!(sandbox.todos("removeDocument", remove.clone()).await, json!({ "deleted": 1 }));
    assert_eq!(sandbox.todos("removeDocument", remove).await, json!({ "deleted": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_pipeline_runs() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"n":3}"#, r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":4}"#]).await;
    let stages = json!({ "stages": [
        { "stageKey": "$sort", "stageValue": r#"{"n":{"$numberInt":"1"}}"# },
        { "stageKey": "$skip", "stageValue": "1" },
        { "stageKey": "$limit", "stageValue": "2" },
        { "stageKey": "$count", "stageValue": "\"cnt\"" },
    ] });
    assert_eq!(
        sandbox.todos("aggregateDocuments", stages).await,
        json!({ "list": [r#"{"cnt":{"$numberInt":"2"}}"#] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_platforms_codes_and_words() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"_id":"a"}"#]).await;
    for (action, fields, code, words) in [
        (
            "getDocument",
            json!({ "collectionName": "none" }),
            "DATABASE_COLLECTION_NOT_EXIST",
            "[ResourceNotFound] Db or Table not exist: none. ",
        ),
        (
            "insertDocument",
            json!({ "collectionName": "none", "data": ["{}"] }),
            "DATABASE_COLLECTION_NOT_EXIST",
            "not exist: none",
        ),
        (
            "insertDocument",
            json!({ "collectionName": "todos", "data": [r#"{"_id":"a"}"#] }),
            "DATABASE_REQUEST_FAILED",
            "E11000 duplicate key error collection: local.todos index: _id_ dup key: { _id: \"a\" }",
        ),
        (
            "insertDocument",
            json!({ "collectionName": "todos", "data": [r#"{"$x":1}"#] }),
            "INVALID_PARAM",
            "`$x`",
        ),
        ("insertDocument", json!({ "collectionName": "todos", "data": ["{"] }), "INVALID_PARAM", ""),
        (
            "getDocument",
            json!({ "collectionName": "todos", "query": r#"{"a":{"$nope":1}}"# }),
            "DATABASE_INVALID_OPERRATOR",
            "$nope",
        ),
        ("commitTransaction", json!({ "transactionId": "none" }), "DATABASE_TRANSACTION_FAIL", "none"),
    ] {
        let answer = sandbox.admin(&format!("database.{action}"), fields).await;
        assert_eq!(answer["code"], code, "{answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(words)), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_returns_at_most_what_the_platform_does() {
    let sandbox = Sandbox::with_todos().await;
    let documents = vec!["{}"; 1005];
    sandbox.add(&documents).await;
    for (fields, returned) in [
        (json!({}), 100),
        (json!({ "limit": 0 }), 100),
        (json!({ "limit": 5000 }), 1000),
        (json!({ "limit": 7 }), 7),
    ] {
        let found = sandbox.todos("getDocument", fields.clone()).await;
        assert_eq!(found["list"].as_array().map(Vec::len), Some(returned), "{fields}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_seen_when_it_is_committed() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"_id":"a","balance":{"$numberInt":"100"}}"#]).await;
    let begin = || async {
        let started = sandbox.admin("database.startTransaction", json!({})).await;
        started["transactionId"].as_str().expect("an id at the top").to_owned()
    };
    let take = |transaction: &str| {
        json!({
            "queryType": "DOC", "query": r#"{"_id":"a"}"#, "multi": false, "merge": true, "upsert": false,
            "data": r#"{"$inc":{"balance":{"$numberInt":"-30"}}}"#, "transactionId": transaction,
        })
    };
    let (first, second) = (begin().await, begin().await);
    assert_eq!(sandbox.todos("modifyDocument", take(&first)).await, json!({ "updated": 1 }));
    assert_eq!(sandbox.todos("modifyDocument", take(&second)).await, "DATABASE_TRANSACTION_CONFLICT");
    assert_eq!(sandbox.all().await, json!([r#"{"_id":"a","balance":{"$numberInt":"100"}}"#]));
    let committed = sandbox.admin("database.commitTransaction", json!({ "transactionId": first })).await;
    assert!(committed.get("code").is_none(), "{committed}");
    assert_eq!(sandbox.all().await, json!([r#"{"_id":"a","balance":{"$numberInt":"70"}}"#]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_about_single_documents() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"_id":"a","n":1}"#]).await;
    let started = sandbox.admin("database.startTransaction", json!({})).await;
    let change = json!({ "multi": true, "merge": true, "upsert": false, "data": r#"{"$set":{"n":2}}"# });
    for (action, mut fields) in [
        ("addCollection", json!({ "collectionName": "more" })),
        ("getDocument", json!({ "queryType": "WHERE" })),
        ("modifyDocument", change),
        ("removeDocument", json!({ "queryType": "WHERE", "multi": true })),
        ("calculateDocument", json!({})),
        ("aggregateDocuments", json!({ "stages": [] })),
    ] {
        fields["transactionId"] = started["transactionId"].clone();
        assert_eq!(sandbox.todos(action, fields).await, "INVALID_PARAM", "{action}");
    }
    let returned = json!({
        "queryType": "WHERE", "query": r#"{"_id":"a"}"#, "data": r#"{"$set":{"n":3}}"#,
        "transactionId": started["transactionId"],
    });
    assert_eq!(sandbox.todos("modifyAndReturnDoc", returned).await["updated"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numeric_ids_and_lists_of_documents_are_kept() {
    let sandbox = Sandbox::with_todos().await;
    let data = json!({ "data": [r#"{"_id":{"$numberInt":"7"}}"#, r#"{"_id":"s"}"#] });
    assert_eq!(sandbox.todos("insertDocument", data).await, json!({ "insertedIds": [7, "s"] }));
    let found = sandbox.todos("getDocument", json!({ "query": r#"{"_id":{"$numberInt":"7"}}"# })).await;
    assert_eq!(found["list"], json!([r#"{"_id":{"$numberInt":"7"}}"#]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_an_index_is_told_once_with_the_line_to_paste() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"k":1,"score":1}"#, r#"{"k":2,"score":2}"#]).await;
    let mut events = sandbox.emulator.events();
    let query = |k| json!({ "query": format!(r#"{{"k":{k}}}"#), "order": r#"{"score":-1}"# });
    sandbox.todos("getDocument", query(1)).await;
    sandbox.todos("getDocument", query(2)).await;
    // The unknown collection comes last, so what was told before it is all there is.
    sandbox.admin("database.getDocument", json!({ "collectionName": "todo" })).await;
    let mut fixes = Vec::new();
    let last = |event| match event {
        Event::Scanned { fix, .. } => {
            fixes.push(fix);
            None
        }
        Event::CollectionMissing { suggestion, .. } => Some(suggestion),
        _ => None,
    };
    let suggestion = told(&mut events, last).await;
    assert_eq!(fixes, ["cloudkit db index add todos k score:desc"]);
    assert_eq!(suggestion.as_deref(), Some("todos"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_at_the_limit_is_told() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&vec!["{}"; 101]).await;
    let mut events = sandbox.emulator.events();
    sandbox.todos("getDocument", json!({ "limit": 100 })).await;
    let truncated = |event| match event {
        Event::Truncated { returned, total, .. } => Some((returned, total)),
        _ => None,
    };
    assert_eq!(told(&mut events, truncated).await, (100, 101));
}

/// What was told until a marker that comes last.
async fn told_by(sandbox: &Sandbox, action: &str, fields: Value) -> Vec<Event> {
    let mut events = sandbox.emulator.events();
    sandbox.todos(action, fields).await;
    sandbox.admin("database.getDocument", json!({ "collectionName": "todo" })).await;
    let mut before = Vec::new();
    let last = |event| match event {
        Event::CollectionMissing { .. } => Some(()),
        event => {
            before.push(event);
            None
        }
    };
    told(&mut events, last).await;
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_at_a_limit_of_its_own_is_not_told() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&vec!["{}"; 101]).await;
    for (limit, cut) in [(json!(99), false), (json!(101), false), (json!(null), true)] {
        let told = told_by(&sandbox, "getDocument", json!({ "limit": limit })).await;
        let is_told = told.iter().any(|event| matches!(event, Event::Truncated { .. }));
        assert_eq!(is_told, cut, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_by_distance_without_an_index_is_told_with_the_line_to_paste() {
    let sandbox = Sandbox::with_todos().await;
    sandbox.add(&[r#"{"loc":{"type":"Point","coordinates":[1,2]}}"#]).await;
    let near = r#"{"loc":{"$near":{"$geometry":{"type":"Point","coordinates":[1,2]}}}}"#;
    let told = told_by(&sandbox, "getDocument", json!({ "query": near })).await;
    let fix = told.iter().find_map(|event| match event {
        Event::Warning(text) => Some(text.en.clone()),
        _ => None,
    });
    let fix = fix.expect("a warning");
    assert!(fix.ends_with("fix: cloudkit db index add todos loc:2dsphere"), "{fix}");
}
