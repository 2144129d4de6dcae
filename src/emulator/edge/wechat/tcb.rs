//! `/tcb/…`: the environment from outside of it, with the rights of an admin. What they do is done by the actions that the
//! SDKs and the tools have. See `docs/wire.md#wechat-cloud-methods`.

use axum::body::Body;
use bson::DateTime;
use serde_json::{Map, Value, json};

use super::super::data::{self, Call};
use super::super::{control, envelope};
use crate::api::data::Failure;
use crate::api::data::database::QueryType;
use crate::api::ejson::{self, Form};
use crate::api::error;
use crate::api::event::Caller;
use crate::docdb::query::Query;
use crate::emulator::access::documents::Documents;
use crate::emulator::database::{Change, Selection};
use crate::emulator::environment::Shared;
use crate::emulator::functions::Invocation;
use crate::emulator::principal::Principal;
use crate::emulator::wechat::method::Method;
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::statement::{Operation, Search, Statement, parse};
use crate::emulator::wechat::{Answer, Prepared, over};

/// Documents of one answer when nobody says.
const PAGE: u64 = 10;
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
    needed(&asked, "env")?;
    let text = |name: &str| needed(&asked, name).map(str::to_owned);
    match name {
        "databaseadd" | "databasequery" | "databaseupdate" | "databasedelete" | "databasecount"
        | "databaseaggregate" => statement(environment, name, text("query")?).await,
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
        "databasemigrateimport" => import(environment, &asked).await,
        "databasemigrateexport" => export(environment, &asked).await,
        "databasemigratequeryinfo" => progress(environment, &asked).await,
        "uploadfile" => upload(environment, &text("path")?).await,
        "batchdownloadfile" => download(environment, &asked).await,
        "batchdeletefile" => delete(environment, &asked).await,
        "getqcloudtoken" => Ok(json!({
            "secretid": environment.config.secret_id,
            "secretkey": environment.config.secret_key,
            "token": "local",
            "expired_time": environment.storage.seconds() + 7200,
        })),
        _ => Err(Refusal::url().saying(format_args!("/tcb/{name} is not served by the emulator"))),
    }
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

async fn statement(environment: &Shared, name: &str, text: String) -> Result<Value> {
    let documents = Documents::new(environment, &Principal::Admin);
    let statement = parse(&text, documents.now()).map_err(|error| Refusal::arguments().saying(error))?;
    let Statement { collection, operation } = statement;
    let fits = matches!(
        (name, &operation),
        ("databaseadd", Operation::Add(_))
            | ("databasequery", Operation::Get(_))
            | ("databaseupdate", Operation::Update { .. } | Operation::Set { .. })
            | ("databasedelete", Operation::Remove { .. })
            | ("databasecount", Operation::Count(_))
            | ("databaseaggregate", Operation::Aggregate(_))
    );
    if !fits {
        return Err(Refusal::arguments().saying(format_args!("the statement is not one for {name}")));
    }
    tokio::task::spawn_blocking(move || run(&documents, collection, operation))
        .await
        .unwrap_or_else(|_| Err(Failure::new("SYS_ERR", "the operation ended unexpectedly")))
        .map_err(failed)
}

fn run(documents: &Documents, collection: String, operation: Operation) -> Result<Value, Failure> {
    Ok(match operation {
        Operation::Add(added) => {
            let ids = documents.insert(&collection, None, added)?;
            json!({ "id_list": ids.iter().map(id).collect::<Vec<_>>() })
        }
        Operation::Get(search) => {
            let total = documents.count(&collection, search.filter.clone())?;
            let Search { filter, sort, skip, limit, projection } = search;
            let limit = limit.unwrap_or(PAGE);
            let now = DateTime::from_millis(documents.now());
            let query = Query { filter, sort, skip, limit: Some(limit), projection, now };
            let found = documents.find(&collection, None, query, QueryType::Where)?;
            let data: Vec<String> = found.documents.iter().map(|document| relaxed(document)).collect();
            json!({ "pager": { "Offset": skip, "Limit": limit, "Total": total }, "data": data })
        }
        Operation::Count(filter) => json!({ "count": documents.count(&collection, filter)? }),
        Operation::Update { filter, update, multi } => {
            let selection = Selection { collection, filter, transaction: None };
            let change = Change { update, multi, merge: true, upsert: false };
            let updated = documents.update(selection, change, QueryType::Where)?;
            json!({ "matched": updated.matched, "modified": updated.modified, "id": "" })
        }
        Operation::Set { id: named, document } => {
            let filter = bson::doc! { "_id": named };
            let selection = Selection { collection, filter, transaction: None };
            let change = Change { update: document, multi: false, merge: false, upsert: true };
            let updated = documents.update(selection, change, QueryType::Doc)?;
            let id = updated.upserted_id.as_ref().map_or_else(|| "".into(), id);
            json!({ "matched": updated.matched, "modified": updated.modified, "id": id })
        }
        Operation::Remove { filter, multi } => {
            let selection = Selection { collection, filter, transaction: None };
            json!({ "deleted": documents.remove(selection, multi, QueryType::Where)? })
        }
        Operation::Aggregate(pipeline) => {
            let found = documents.aggregate(&collection, pipeline)?;
            json!({ "data": found.documents.iter().map(|document| relaxed(document)).collect::<Vec<_>>() })
        }
    })
}

fn id(id: &bson::Bson) -> Value {
    match id {
        bson::Bson::String(text) => text.as_str().into(),
        other => other.clone().into_relaxed_extjson(),
    }
}

/// Returns a document as these methods write it.
fn relaxed(document: &bson::RawDocument) -> String {
    let canonical = ejson::to_text(document, Form::Canonical);
    serde_json::from_str(&canonical).map_or(canonical, |value| ejson::relax(value).to_string())
}

/// Carries out an action of management.
async fn manage(environment: &Shared, action: &str, parameters: Value) -> Result<Value> {
    control::within(environment, action, parameters).await.map_err(|(code, message)| {
        let code = match code {
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

fn file_type(asked: &Map<String, Value>) -> &'static str {
    if number(asked, "file_type") == Some(2) { "csv" } else { "json" }
}

async fn import(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let parameters = json!({
        "CollectionName": needed(asked, "collection_name")?,
        "FilePath": needed(asked, "file_path")?,
        "FileType": file_type(asked),
        "ConflictMode": if number(asked, "conflict_mode") == Some(2) { "upsert" } else { "insert" },
        "StopOnError": asked.get("stop_on_error").and_then(Value::as_bool).unwrap_or(false),
    });
    let job = manage(environment, "DatabaseMigrateImport", parameters).await?;
    Ok(json!({ "job_id": job["JobId"] }))
}

async fn export(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let statement = parse(needed(asked, "query")?, environment.database.now());
    let statement = statement.map_err(|error| Refusal::arguments().saying(error))?;
    let Operation::Get(search) = statement.operation else {
        return Err(Refusal::arguments().saying("the statement of an export ends in `get()`"));
    };
    let text =
        |document: bson::Document| ejson::value_to_text(&bson::Bson::Document(document), Form::Canonical);
    let fields: Vec<String> = search.projection.keys().cloned().collect();
    let parameters = json!({
        "CollectionName": statement.collection,
        "FilePath": needed(asked, "file_path")?,
        "FileType": file_type(asked),
        "Fields": fields.join(","),
        "Query": text(search.filter),
        "Sort": text(search.sort),
        "Skip": search.skip,
        "Limit": search.limit.unwrap_or(0),
    });
    let job = manage(environment, "DatabaseMigrateExport", parameters).await?;
    Ok(json!({ "job_id": job["JobId"] }))
}

async fn progress(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let job = number(asked, "job_id").ok_or_else(|| Refusal::parameter().saying("job_id"))?;
    let state = manage(environment, "DatabaseMigrateQueryInfo", json!({ "JobId": job })).await?;
    // The documentation's table and its examples differ in the name of the message.
    Ok(json!({
        "status": state["Status"],
        "record_success": state["RecordSuccess"],
        "record_fail": state["RecordFail"],
        "error_msg": state["ErrorMsg"],
        "err_msg": state["ErrorMsg"],
        "file_url": state["FileUrl"],
    }))
}

/// Carries out an action of the SDKs, and returns its `data`.
async fn act(environment: &Shared, action: &str, parameters: &Value) -> Result<Value> {
    let body = parameters.to_string();
    let call = Call {
        action,
        principal: &Principal::Admin,
        session_token: "",
        source: "",
        body: body.as_bytes(),
        file: &[],
    };
    match Box::pin(data::answer(environment, &call)).await.map_err(failed)? {
        data::Answer::Data { json, .. } => serde_json::from_str(&json).map_err(|_| Refusal::numbered(-1)),
        data::Answer::Top(_) | data::Answer::Bytes(_) => Err(Refusal::numbered(-1)),
    }
}

async fn upload(environment: &Shared, path: &str) -> Result<Value> {
    let place = act(environment, "storage.getUploadMetadata", &json!({ "path": path })).await?;
    Ok(json!({
        "url": place["url"],
        "token": place["token"],
        "authorization": place["authorization"],
        "file_id": place["fileId"],
        "cos_file_id": place["cosFileId"],
    }))
}

async fn download(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let files = asked
        .get("file_list")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::parameter().saying("file_list"))?;
    let links = act(environment, "storage.batchGetDownloadUrl", &json!({ "file_list": files })).await?;
    let told = |link: &Value| {
        let (status, message) = status(&link["code"]);
        json!({ "fileid": link["fileID"], "download_url": link["download_url"], "status": status, "errmsg": message })
    };
    Ok(
        json!({ "file_list": links["download_list"].as_array().into_iter().flatten().map(told).collect::<Vec<_>>() }),
    )
}

async fn delete(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
    let files = asked
        .get("fileid_list")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::parameter().saying("fileid_list"))?;
    let deleted = act(environment, "storage.batchDeleteFile", &json!({ "fileid_list": files })).await?;
    let told = |file: &Value| {
        let (status, message) = status(&file["code"]);
        json!({ "fileid": file["fileID"], "status": status, "errmsg": message })
    };
    Ok(
        json!({ "delete_list": deleted["delete_list"].as_array().into_iter().flatten().map(told).collect::<Vec<_>>() }),
    )
}

/// Returns the number and the text of what became of one file.
fn status(code: &Value) -> (i32, String) {
    match code.as_str() {
        Some("SUCCESS") => (0, "ok".to_owned()),
        Some(code) => (error::explain(code).map_or(SYSTEM_ERROR, |code| code.number), code.to_owned()),
        None => (SYSTEM_ERROR, String::new()),
    }
}
