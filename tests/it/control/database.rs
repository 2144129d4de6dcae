//! Collections, indexes and commands.

use cloudkit::api::control::database::*;
use cloudkit::cloud::Client;
use cloudkit::docdb::value::limits::{MAXIMUM_INDEX_FIELDS, MAXIMUM_INDEXES};
use cloudkit::model::index::IndexSpec;
use serde_json::{Value, json};

use super::{client, refused};
use crate::support::emulator::Sandbox;

async fn create(client: &Client, name: &str) {
    let asked = CreateTable { table_name: name.into(), ..CreateTable::default() };
    client.call(&asked).await.expect("created");
}

fn index(keys: &[&str], unique: bool, name: Option<&str>) -> UpdateTable {
    let keys = keys.iter().map(|key| key.parse().expect("a key")).collect();
    let spec = IndexSpec::new(keys, unique, name.map(str::to_owned)).expect("an index");
    UpdateTable {
        table_name: "todos".into(),
        create_indexes: vec![NewIndex::from(&spec)],
        ..UpdateTable::default()
    }
}

async fn run(client: &Client, command: Value) -> Result<Value, cloudkit::cloud::Error> {
    let command = MongoCommand {
        table_name: "todos".into(),
        command_type: "COMMAND".into(),
        command: command.to_string(),
    };
    let asked = RunCommands { mgo_commands: vec![command], ..RunCommands::default() };
    let answer = client.call(&asked).await?.data;
    Ok(serde_json::from_str(&answer[0]).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_are_created_listed_and_dropped() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    assert_eq!(client.call(&ListTables::default()).await.expect("a list").tables, None);
    for name in ["todos", "users"] {
        create(&client, name).await;
    }
    let again = CreateTable { table_name: "todos".into(), ..CreateTable::default() };
    assert_eq!(refused(client.call(&again).await), "ResourceUnavailable.ResourceExist");
    let wrong = CreateTable { table_name: "a b".into(), ..CreateTable::default() };
    assert_eq!(refused(client.call(&wrong).await), "InvalidParameterValue");

    let second = ListTables { mgo_offset: Some(1), mgo_limit: Some(10), ..ListTables::default() };
    let page = client.call(&second).await.expect("a list");
    assert_eq!(page.pager, Pager { offset: 1, limit: 10, total: 2 });
    assert_eq!(page.tables.expect("one")[0].table_name, "users");

    let drop = DeleteTable { table_name: "users".into(), ..DeleteTable::default() };
    client.call(&drop).await.expect("dropped");
    assert_eq!(refused(client.call(&drop).await), "ResourceNotFound.TableNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_built_described_and_dropped() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    create(&client, "todos").await;
    client.call(&index(&["score:desc", "at"], true, None)).await.expect("built");
    client.call(&index(&["score:desc", "at"], true, None)).await.expect("it is there already");
    let describe = DescribeTable { table_name: "todos".into(), ..DescribeTable::default() };
    let found = client.call(&describe).await.expect("described");
    let names: Vec<_> = found.indexes.iter().map(|it| (it.name.as_str(), it.unique)).collect();
    assert_eq!(names, [("_id_", true), ("_openid_1", false), ("score_-1_at_1", true)]);
    assert_eq!(found.index_num, 3);
    assert_eq!(found.indexes[2].keys[0], IndexField { name: "score".into(), direction: "-1".into() });

    let other = index(&["name"], false, Some("score_-1_at_1"));
    assert_eq!(refused(client.call(&other).await), "ResourceUnavailable.IndexOptionsConflict");
    let drop = |name: &str| UpdateTable {
        table_name: "todos".into(),
        drop_indexes: vec![DroppedIndex { index_name: name.into() }],
        ..UpdateTable::default()
    };
    client.call(&drop("score_-1_at_1")).await.expect("dropped");
    assert_eq!(refused(client.call(&drop("score_-1_at_1")).await), "ResourceNotFound.Index");
    assert_eq!(refused(client.call(&drop("_id_")).await), "InvalidParameterValue");
    let nowhere = UpdateTable { table_name: "nowhere".into(), ..index(&["a"], false, None) };
    assert_eq!(refused(client.call(&nowhere).await), "ResourceNotFound.TableNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_stand_in_the_way_of_a_unique_index() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    create(&client, "todos").await;
    let two = json!({ "insert": "todos", "documents": [{ "a": 1 }, { "a": 1 }] });
    run(&client, two).await.expect("inserted");
    let code = refused(client.call(&index(&["a"], true, None)).await);
    assert_eq!(code, "FailedOperation.DuplicatedData");

    // The same request dropped an index and built another: neither has happened.
    let mixed = UpdateTable {
        create_indexes: [index(&["b"], false, None), index(&["a"], true, None)]
            .map(|it| it.create_indexes)
            .concat(),
        drop_indexes: vec![DroppedIndex { index_name: "_openid_1".into() }],
        ..index(&["b"], false, None)
    };
    assert_eq!(refused(client.call(&mixed).await), "FailedOperation.DuplicatedData");
    let describe = DescribeTable { table_name: "todos".into(), ..DescribeTable::default() };
    let found = client.call(&describe).await.expect("described").indexes;
    assert_eq!(found.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["_id_", "_openid_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_read_and_write() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    create(&client, "todos").await;
    let documents = json!([{ "_id": "a", "n": 1 }, { "_id": "b", "n": 2 }, { "_id": "c", "n": 3 }]);
    for (command, answer) in [
        (json!({ "insert": "todos", "documents": documents }), json!({ "ok": 1, "n": 3 })),
        (
            json!({ "find": "todos", "filter": { "n": { "$gt": 1 } }, "sort": { "n": -1 }, "limit": 1 }),
            json!([{ "_id": "c", "n": 3 }]),
        ),
        (json!({ "count": "todos", "query": { "n": { "$lt": 3 } } }), json!({ "ok": 1, "n": 2 })),
        (
            json!({ "update": "todos", "updates": [{ "q": {}, "u": { "$inc": { "n": 1 } }, "multi": true }] }),
            json!({ "ok": 1, "n": 3, "nModified": 3 }),
        ),
        (
            json!({ "delete": "todos", "deletes": [{ "q": { "_id": "a" }, "limit": 1 }] }),
            json!({ "ok": 1, "n": 1 }),
        ),
        (json!({ "find": "todos", "filter": {} }), json!([{ "_id": "b", "n": 3 }, { "_id": "c", "n": 4 }])),
    ] {
        assert_eq!(run(&client, command.clone()).await.expect("an answer"), answer, "{command}");
    }
    assert_eq!(refused(run(&client, json!({ "shutdown": 1 })).await), "FailedOperation.SyntaxError");
    assert_eq!(refused(run(&client, json!({ "find": "nowhere" })).await), "ResourceNotFound.TableNotFound");
    let distribution = client.call(&DescribeDbDistribution::default()).await.expect("counted").collections;
    assert_eq!((distribution.count, distribution.collections[0].doc_count), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_says_less_than_it_must_or_more_than_is_known_changes_nothing() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    create(&client, "todos").await;
    run(&client, json!({ "insert": "todos", "documents": [{ "_id": 1 }, { "_id": 2 }] }))
        .await
        .expect("inserted");
    let change = json!({ "$set": { "n": 1 } });
    let delete =
        |statement: Value| json!({ "delete": "todos", "deletes": [{ "q": {}, "limit": 0 }, statement] });
    let update =
        |statement: Value| json!({ "update": "todos", "updates": [{ "q": {}, "u": change }, statement] });
    for command in [
        delete(json!({ "filter": { "_id": 5 }, "limit": 0 })),
        delete(json!({ "limit": 0 })),
        delete(json!({ "q": "str", "limit": 0 })),
        delete(json!({ "q": {} })),
        delete(json!({ "q": {}, "limit": 2 })),
        delete(json!({ "q": {}, "limit": 1, "collation": {} })),
        json!({ "delete": "todos", "deletes": { "q": {}, "limit": 0 } }),
        json!({ "delete": "todos" }),
        json!({ "delete": 1, "deletes": [{ "q": {}, "limit": 0 }] }),
        update(json!({ "filter": {}, "u": change, "multi": true })),
        update(json!({ "q": {}, "u": "x" })),
        update(json!({ "q": {}, "u": change, "multi": 1 })),
        update(json!({ "q": {}, "u": change, "arrayFilters": {} })),
        update(json!({ "q": {}, "u": change, "hint": "n" })),
        json!({ "find": "todos", "filter": "x" }),
        json!({ "find": "todos", "limit": -1 }),
        json!({ "find": "todos", "skip": 1.5 }),
        json!({ "find": "todos", "foo": 1 }),
        json!({ "count": "todos", "query": [] }),
        json!({ "count": "todos", "filter": {} }),
        json!({ "aggregate": "todos" }),
        json!({ "insert": "todos", "documents": [1] }),
    ] {
        assert_eq!(refused(run(&client, command.clone()).await), "FailedOperation.SyntaxError", "{command}");
    }
    let whole = run(&client, json!({ "aggregate": "todos", "pipeline": [], "cursor": {} })).await;
    assert_eq!(whole.expect("an answer"), json!([{ "_id": 1 }, { "_id": 2 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_has_so_many_indexes_of_so_many_fields_and_no_more() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    create(&client, "todos").await;
    let of_fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|it| format!("f{it}")).collect();
        index(&fields.iter().map(String::as_str).collect::<Vec<_>>(), false, Some("wide"))
    };
    let wide = client.call(&of_fields(MAXIMUM_INDEX_FIELDS + 1)).await;
    assert_eq!(refused(wide), "InvalidParameterValue");
    client.call(&of_fields(MAXIMUM_INDEX_FIELDS)).await.expect("created");
    // `_id_`, `_openid_1` and the one above are there.
    for number in 3..MAXIMUM_INDEXES {
        client.call(&index(&["f"], false, Some(&format!("f{number}")))).await.expect("created");
    }
    assert_eq!(refused(client.call(&index(&["f"], false, Some("last"))).await), "InvalidParameterValue");
}
