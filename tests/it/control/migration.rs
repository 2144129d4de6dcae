//! Documents between collections and files of the storage.

use cloudkit::api::control::database::CreateTable;
use cloudkit::api::control::migration::*;
use cloudkit::cloud::Client;
use cloudkit::emulator::storage::Attributes;
use serde_json::{Value, json};

use super::{client, refused};
use crate::support::emulator::Sandbox;
use crate::support::patience::within;

async fn with_a_collection() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    client.call(&CreateTable { table_name: "c".into(), ..Default::default() }).await.expect("made");
    (sandbox, client)
}

async fn put(sandbox: &Sandbox, key: &str, text: &str) {
    let storage = &sandbox.emulator.environment().storage;
    let mut upload = storage.create(key, Attributes::default()).await.expect("begun");
    upload.write(text.to_owned().into()).await.expect("written");
    upload.finish().await.expect("stored");
}

async fn text(sandbox: &Sandbox, key: &str) -> String {
    let mut reading = sandbox.emulator.environment().storage.open(key).await.expect("a file");
    let mut text = Vec::new();
    while let Some(bytes) = reading.next().await.expect("bytes") {
        text.extend_from_slice(&bytes);
    }
    String::from_utf8(text).expect("UTF-8")
}

/// Waits for the end of a job and tells its status, its counts and what it says.
async fn ended(client: &Client, job: MigrationJob) -> (String, u64, u64, String) {
    let asked = DatabaseMigrateQueryInfo { job_id: job.job_id, ..Default::default() };
    let look = async {
        loop {
            let state = client.call(&asked).await.expect("a state");
            if state.status == "success" || state.status == "fail" {
                return (state.status, state.record_success, state.record_fail, state.error_msg);
            }
        }
    };
    within("the end of a job", look).await
}

fn import(key: &str) -> DatabaseMigrateImport {
    DatabaseMigrateImport { collection_name: "c".into(), file_path: key.into(), ..Default::default() }
}

async fn imported(client: &Client, import: &DatabaseMigrateImport) -> (String, u64, u64, String) {
    let job = client.call(import).await.expect("begun");
    ended(client, job).await
}

fn export(key: &str) -> DatabaseMigrateExport {
    DatabaseMigrateExport { collection_name: "c".into(), file_path: key.into(), ..Default::default() }
}

async fn exported(sandbox: &Sandbox, client: &Client, export: &DatabaseMigrateExport) -> String {
    let job = client.call(export).await.expect("begun");
    let (status, _, _, error) = ended(client, job).await;
    assert_eq!((status.as_str(), error.as_str()), ("success", ""));
    text(sandbox, &export.file_path).await
}

fn documents(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_documents_and_documents_a_file() {
    let (sandbox, client) = with_a_collection().await;
    let lines = "{\"_id\":\"1\",\"n\":1,\"at\":{\"$date\":\"2026-01-01T00:00:00Z\"}}\n\
                 {\"_id\":\"2\",\"n\":2.5,\"in\":{\"a\":[1]}}\n{\"_id\":\"3\",\"n\":3}\n";
    put(&sandbox, "tmp/db-imports/c.json", lines).await;
    assert_eq!(
        imported(&client, &import("tmp/db-imports/c.json")).await,
        ("success".into(), 3, 0, "".into())
    );
    assert_eq!(exported(&sandbox, &client, &export("out/c.json")).await, lines);

    let chosen = DatabaseMigrateExport {
        query: Some(r#"{"n":{"$gte":1}}"#.into()),
        sort: Some(r#"{"n":-1}"#.into()),
        fields: Some("n, in.a".into()),
        skip: Some(1),
        limit: Some(1),
        ..export("out/some.json")
    };
    let found = exported(&sandbox, &client, &chosen).await;
    assert_eq!(documents(&found), [json!({ "_id": "2", "n": 2.5, "in": { "a": [1] } })]);
    let table = DatabaseMigrateExport { fields: Some("_id,n".into()), ..export("out/c.csv") };
    assert_eq!(
        exported(&sandbox, &client, &table).await,
        "_id,n\n\"\"\"1\"\"\",1\n\"\"\"2\"\"\",2.5\n\"\"\"3\"\"\",3\n"
    );

    put(&sandbox, "more.csv", "_id,n,in.b\nx,7,true\n").await;
    assert_eq!(imported(&client, &import("more.csv")).await, ("success".into(), 1, 0, "".into()));
    let added = DatabaseMigrateExport { query: Some(r#"{"_id":"x"}"#.into()), ..export("x.json") };
    let found = exported(&sandbox, &client, &added).await;
    assert_eq!(documents(&found), [json!({ "_id": "x", "n": 7, "in": { "b": true } })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_id_is_refused_counted_or_replaced() {
    let (sandbox, client) = with_a_collection().await;
    put(&sandbox, "one.json", "{\"_id\":1}").await;
    imported(&client, &import("one.json")).await;
    put(&sandbox, "c.json", "[{\"_id\":0},\n{\"_id\":1,\"new\":true},\n{\"_id\":2}]").await;

    let stop = DatabaseMigrateImport { stop_on_error: Some(true), ..import("c.json") };
    let (status, done, failed, error) = imported(&client, &stop).await;
    assert_eq!((status.as_str(), done, failed), ("fail", 1, 1));
    assert!(error.starts_with("line 2:") && error.contains("E11000"), "{error}");
    let (status, done, failed, _) = imported(&client, &import("c.json")).await;
    assert_eq!((status.as_str(), done, failed), ("success", 1, 2));
    let upsert = DatabaseMigrateImport { conflict_mode: Some("upsert".into()), ..import("c.json") };
    assert_eq!(imported(&client, &upsert).await, ("success".into(), 3, 0, "".into()));
    let all = exported(&sandbox, &client, &export("all.json")).await;
    let found = documents(&all);
    assert!(found.len() == 3 && found.contains(&json!({ "_id": 1, "new": true })), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_line_fails_the_job_with_nothing_stored() {
    let (sandbox, client) = with_a_collection().await;
    put(&sandbox, "c.json", "{\"_id\":1}\n{\"_id\":}\n").await;
    let (status, done, _, error) = imported(&client, &import("c.json")).await;
    assert_eq!((status.as_str(), done), ("fail", 0));
    assert!(error.starts_with("line 2:"), "{error}");
    assert_eq!(exported(&sandbox, &client, &export("all.json")).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_carried_out_begins_no_job() {
    let (sandbox, client) = with_a_collection().await;
    put(&sandbox, "c.json", "").await;
    let other = DatabaseMigrateImport { collection_name: "none".into(), ..import("c.json") };
    assert!(refused(client.call(&other).await).starts_with("ResourceNotFound"));
    assert_eq!(refused(client.call(&import("none.json")).await), "ResourceNotFound");
    let odd = DatabaseMigrateImport { conflict_mode: Some("merge".into()), ..import("c.json") };
    assert_eq!(refused(client.call(&odd).await), "InvalidParameterValue");
    assert_eq!(refused(client.call(&export("out.csv")).await), "MissingParameter");
    let unread = DatabaseMigrateExport { query: Some("{".into()), ..export("out.json") };
    assert!(refused(client.call(&unread).await).contains("SyntaxError"));
    let unknown = DatabaseMigrateQueryInfo { job_id: 7, ..Default::default() };
    assert_eq!(refused(client.call(&unknown).await), "ResourceNotFound");
}
