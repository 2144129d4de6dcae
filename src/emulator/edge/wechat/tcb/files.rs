//! Files, in the words of WeChat.

use serde_json::{Map, Value, json};

use super::{SYSTEM_ERROR, failed};
use crate::api::error;
use crate::emulator::edge::data::{self, Call};
use crate::emulator::environment::Shared;
use crate::emulator::principal::Principal;
use crate::emulator::wechat::refusal::{Refusal, Result};

pub(super) async fn upload(environment: &Shared, path: &str) -> Result<Value> {
    let place = act(environment, "storage.getUploadMetadata", &json!({ "path": path })).await?;
    Ok(json!({
        "url": place["url"],
        "token": place["token"],
        "authorization": place["authorization"],
        "file_id": place["fileId"],
        "cos_file_id": place["cosFileId"],
    }))
}

pub(super) async fn download(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
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

pub(super) async fn delete(environment: &Shared, asked: &Map<String, Value>) -> Result<Value> {
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
