//! What only the emulator can do.

use cloudkit::api::control::database::CreateTable;
use cloudkit::api::control::trigger::CreateTrigger;
use cloudkit::api::local::*;
use cloudkit::cloud::credentials::Credentials;
use cloudkit::cloud::{Client, Endpoint, Error};
use cloudkit::model::clock::{Clock, Ids};
use serde_json::json;

use super::{client, refused};
use crate::support::emulator::Sandbox;

const ECHO: (&str, &str) = ("cloudfunctions/echo/index.js", "exports.main = e => e");

#[tokio::test(flavor = "multi_thread")]
async fn a_function_runs_in_the_name_of_a_user() {
    let sandbox = Sandbox::with_files(&[ECHO]).await;
    let asked = InvokeFunction {
        function_name: "echo".into(),
        event: r#"{"a":1}"#.into(),
        open_id: Some("o-alice1".into()),
        union_id: None,
    };
    let result = client(&sandbox).call(&asked).await.expect("an answer").result;
    let event: serde_json::Value = serde_json::from_str(&result.ret_msg).expect("JSON");
    assert_eq!((event["userInfo"]["openId"].as_str(), event["a"].as_i64()), (Some("o-alice1"), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_fires_when_told() {
    let sandbox = Sandbox::with_files(&[ECHO]).await;
    let client = client(&sandbox);
    let create = CreateTrigger {
        function_name: "echo".into(),
        trigger_name: "hourly".into(),
        trigger_desc: "0 0 */1 * * * *".into(),
        ..CreateTrigger::default()
    };
    client.call(&create).await.expect("created");
    let fire = FireTrigger {
        function_name: "echo".into(),
        trigger_name: "hourly".into(),
        time: Some(1_700_002_800_000),
    };
    let result = client.call(&fire).await.expect("an answer").result;
    let event: serde_json::Value = serde_json::from_str(&result.ret_msg).expect("JSON");
    assert_eq!(event["TriggerName"], "hourly");
    assert_eq!(event["Time"], "2023-11-14T23:00:00Z");
    let unknown = FireTrigger { trigger_name: "daily".into(), ..fire };
    assert_eq!(refused(client.call(&unknown).await), "ResourceNotFound.Trigger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_explained_with_the_index_it_lacks() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let create = CreateTable { table_name: "todos".into(), ..CreateTable::default() };
    client.call(&create).await.expect("created");
    let documents: Vec<_> = (0..50).map(|n| json!({ "_id": n.to_string(), "n": n }).to_string()).collect();
    let insert = json!({ "collectionName": "todos", "data": documents });
    client.admin("database.insertDocument", insert).await.expect("inserted");

    let explain = |query: &str| ExplainQuery {
        collection_name: "todos".into(),
        query: Some(query.into()),
        ..ExplainQuery::default()
    };
    let found = client.call(&explain(r#"{"n":7}"#)).await.expect("explained");
    assert_eq!((found.index, found.documents_examined, found.returned), (None, 50, 1));
    assert_eq!(found.advice.expect("advice").keys, ["n"]);
    let found = client.call(&explain(r#"{"_id":"7"}"#)).await.expect("explained");
    assert_eq!((found.index.as_deref(), found.documents_examined), (Some("_id_"), 1));
    assert_eq!(refused(client.call(&explain("{")).await), "InvalidParameterValue");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_is_never_asked_for_it() {
    let endpoint = Endpoint { emulator: None, env_id: "e".into(), region: "ap-shanghai".into() };
    let credentials = Credentials { secret_id: "i".into(), secret_key: "k".into(), token: None };
    let client = Client::new(endpoint, credentials, Clock::default(), Ids::counting(1)).expect("a client");
    let answer = client.call(&IndexAdvice {}).await;
    assert!(matches!(answer, Err(Error::NotInCloud { action: "IndexAdvice" })), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_that_is_taken_is_told() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let before = client.call(&DescribeUsage {}).await.expect("an answer");
    assert_eq!(before.files, 0);
    client.call(&CreateTable { table_name: "c".into(), ..Default::default() }).await.expect("made");
    let document = json!({ "collectionName": "c", "data": [r#"{"_id":"1"}"#] });
    sandbox.admin("database.insertDocument", document).await;
    let environment = sandbox.emulator.environment();
    let mut upload = environment.storage.create("a", Default::default()).await.expect("begun");
    upload.write("12345".into()).await.expect("written");
    upload.finish().await.expect("stored");
    let after = client.call(&DescribeUsage {}).await.expect("an answer");
    assert_eq!(after.files, 5);
    assert!(after.documents > before.documents, "{after:?}");
}
