//! Jobs between collections and files, in the words of WeChat.

use serde_json::{Map, Value, json};

use super::{manage, needed, number};
use crate::api::ejson::{self, Form};
use crate::emulator::environment::Shared;
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::statement::{Operation, parse};

pub(super) async fn import(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
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

pub(super) async fn export(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
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

pub(super) async fn progress(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
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

fn file_type(asked: &Map<String, Value>) -> &'static str {
    if number(asked, "file_type") == Some(2) { "csv" } else { "json" }
}
