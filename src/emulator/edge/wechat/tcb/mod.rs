//! `/tcb/…`: the environment from outside of it, with the rights of an admin. What they do is done by the actions that the
//! SDKs and the tools have. See `docs/wire.md#wechat-cloud-methods`.

mod files;
mod migration;
mod statement;

use axum::body::Body;
use serde_json::{Map, Value, json};

use crate::api::data::Failure;
use crate::api::error::{self, codes};
use crate::api::event::Caller;
use crate::emulator::edge::{control, envelope};
use crate::emulator::environment::Shared;
use crate::emulator::functions::Invocation;
use crate::emulator::wechat::method::Method;
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::{Answer, Prepared, over};

/// Collections of one answer when nobody says.
const PAGE: u64 = 10;
/// How long keys may be good, and are when nobody says, in seconds.
const LONGEST_KEYS: i64 = 7200;
/// The code of a failure that has no number of its own.
const SYSTEM_ERROR: i32 = -501_001;

/// Answers a method by what follows `/tcb/`.
pub(super) async fn answer(
    environment: &Shared,
    name: &str,
    query: Map<String, Value>,
    body: Body,
    flaw: Result<()>,
) -> Answer {
    let method = Method::unknown(&format!("tcb/{name}"));
    let text = envelope::open(body).await.ok();
    let body = text.as_deref().unwrap_or_default();
    let read = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ if body.is_empty() => Err(Refusal::empty()),
        _ => Err(Refusal::not_json()),
    };
    let mut recorded = query.clone();
    recorded.extend(read.as_ref().ok().cloned().unwrap_or_default());
    let wechat = &environment.wechat;
    let work = async {
        flaw?;
        carry_out(environment, name, &query, read).await.map(Answer::Fields)
    };
    let outcome = match wechat.prepared(&method) {
        Some(Prepared::Failure(refusal)) => Err(refusal),
        Some(Prepared::Answer(fields)) => over(work.await, fields),
        None => work.await,
    };
    wechat.finish(&method, recorded, outcome)
}

async fn carry_out(
    environment: &Shared,
    name: &str,
    query: &Map<String, Value>,
    read: Result<Map<String, Value>>,
) -> Result<Value> {
    if name == "invokecloudfunction" {
        return invoke(environment, query, read).await;
    }
    let asked = read?;
    // They are the account's, not an environment's.
    if name == "getqcloudtoken" {
        return keys(environment, &asked);
    }
    needed(&asked, "env")?;
    let text = |name: &str| needed(&asked, name).map(str::to_owned);
    match name {
        "databaseadd" | "databasequery" | "databaseupdate" | "databasedelete" | "databasecount"
        | "databaseaggregate" => statement::statement(environment, name, text("query")?).await,
        "databasecollectionadd" => {
            manage(environment, "CreateTable", json!({ "TableName": text("collection_name")? })).await?;
            Ok(json!({}))
        }
        "databasecollectiondelete" => {
            manage(environment, "DeleteTable", json!({ "TableName": text("collection_name")? })).await?;
            Ok(json!({}))
        }
        "databasecollectionget" => collections(environment, &asked).await,
        "updateindex" => {
            manage(environment, "UpdateTable", indexes(&asked)?).await?;
            Ok(json!({}))
        }
        "databasemigrateimport" => migration::import(environment, &asked).await,
        "databasemigrateexport" => migration::export(environment, &asked).await,
        "databasemigratequeryinfo" => migration::progress(environment, &asked).await,
        "uploadfile" => files::upload(environment, &text("path")?).await,
        "batchdownloadfile" => files::download(environment, &asked).await,
        "batchdeletefile" => files::delete(environment, &asked).await,
        _ => Err(Refusal::url().saying(format_args!("/tcb/{name} is not served by the emulator"))),
    }
}

/// Returns the emulator's own keys, for as long as was asked.
fn keys(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let seconds = match asked.get("lifespan") {
        None => LONGEST_KEYS,
        Some(wanted) => wanted
            .as_i64()
            .filter(|seconds| (1..=LONGEST_KEYS).contains(seconds))
            .ok_or_else(|| Refusal::arguments().saying("lifespan"))?,
    };
    Ok(json!({
        "secretid": environment.config.secret_id,
        "secretkey": environment.config.secret_key,
        "token": "local",
        "expired_time": environment.storage.seconds() + seconds,
    }))
}

fn needed<'a>(asked: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    let text = asked.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::parameter().saying(name))
}

async fn invoke(
    environment: &Shared,
    query: &Map<String, Value>,
    read: Result<Map<String, Value>>,
) -> Result<Value> {
    // Newer clients put all of it into the body: `name`, and the event as text.
    let asked = match read {
        Err(refusal) if refusal != Refusal::empty() => return Err(refusal),
        read => read.unwrap_or_default(),
    };
    let (name, event) = match needed(query, "name") {
        Ok(name) => (name, Value::Object(asked.clone()).to_string()),
        Err(_) => (needed(&asked, "name")?, needed(&asked, "req_data").unwrap_or("{}").to_owned()),
    };
    needed(query, "env").or_else(|_| needed(&asked, "env"))?;
    let invocation = Invocation { event, caller: Caller::Console };
    match environment.functions.invoke(name, invocation).await.result {
        Ok(result) => Ok(json!({ "resp_data": result })),
        Err(fault) => Err(failed(Failure::new(fault.kind.code(), fault.message))),
    }
}

/// Returns a failure of the cloud by its number.
fn failed(Failure { code, message }: Failure) -> Refusal {
    let number = error::explain(code).map(|code| code.number).filter(|number| *number != 0);
    Refusal { code: number.unwrap_or(SYSTEM_ERROR), message }
}

/// Carries out an action of management.
async fn manage(environment: &Shared, action: &str, parameters: Value) -> Result<Value> {
    control::within(environment, action, parameters).await.map_err(|(code, message)| {
        let code = match code {
            // The collection is looked for first, and is a table that was not found.
            codes::RESOURCE_NOT_FOUND if action == "DatabaseMigrateImport" => codes::STORAGE_FILE_NONEXIST,
            _ if code.starts_with("ResourceNotFound") => "DATABASE_COLLECTION_NOT_EXIST",
            _ if code.starts_with("InvalidParameter") || code.starts_with("MissingParameter") => {
                "INVALID_PARAM"
            }
            _ => "DATABASE_REQUEST_FAILED",
        };
        failed(Failure::new(code, message))
    })
}

async fn collections(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let (limit, offset) = (number(asked, "limit").unwrap_or(PAGE), number(asked, "offset").unwrap_or(0));
    let page = manage(environment, "ListTables", json!({ "MgoLimit": limit, "MgoOffset": offset })).await?;
    let tables = page.get("Tables").and_then(Value::as_array).cloned().unwrap_or_default();
    let told = |table: &Value| {
        json!({
            "name": table["TableName"], "count": table["Count"], "size": table["Size"],
            "index_count": table["IndexCount"], "index_size": table["IndexSize"],
        })
    };
    Ok(json!({
        "pager": { "Offset": offset, "Limit": limit, "Total": page["Pager"]["Total"] },
        "collections": tables.iter().map(told).collect::<Vec<_>>(),
    }))
}

fn number(asked: &Map<String, Value>, name: &str) -> Option<u64> {
    asked.get(name).and_then(Value::as_u64)
}

/// Returns changes of indexes in the words of management.
fn indexes(asked: &Map<String, Value>) -> Result<Value> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let key = |key: &Value| json!({ "Name": key["name"], "Direction": key["direction"] });
    let created = list(asked.get("create_indexes")).into_iter().map(|index| {
        let keys: Vec<Value> = list(index.get("keys")).iter().map(key).collect();
        let is_unique = index["unique"].as_bool().unwrap_or(false);
        json!({
            "IndexName": index["name"],
            "MgoKeySchema": { "MgoIndexKeys": keys, "MgoIsUnique": is_unique },
        })
    });
    let dropped =
        list(asked.get("drop_indexes")).into_iter().map(|index| json!({ "IndexName": index["name"] }));
    Ok(json!({
        "TableName": needed(asked, "collection_name")?,
        "CreateIndexes": created.collect::<Vec<_>>(),
        "DropIndexes": dropped.collect::<Vec<_>>(),
    }))
}
