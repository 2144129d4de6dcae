//! `POST /v1/storages/…`: an array in, an array of the same order out. A failure is its item's alone.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Asked, Result, Trouble, unimplemented};
use crate::api::data::Failure;
use crate::api::data::storage::SUCCESS;
use crate::emulator::edge::reply;

pub(super) async fn answer(asked: &Asked<'_>, path: &str) -> Result<Response> {
    let body: Value = asked.read()?;
    let items = body.as_array().ok_or_else(|| Failure::parameter("the body is not an array"))?;
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let answer = match path {
            "get-objects-upload-info" => upload(asked, item).await,
            "get-objects-download-info" => download(asked, item).await,
            "delete-objects" => delete(asked, item).await,
            "copy-objects" => copy(asked, item).await,
            _ => return Err(unimplemented(asked.parts)),
        };
        answers.push(answer.unwrap_or_else(|Trouble { failure: Failure { code, message }, .. }| {
            json!({ "cloudObjectId": item.get("cloudObjectId"), "code": code, "message": message })
        }));
    }
    Ok(reply::json(&answers))
}

async fn upload(asked: &Asked<'_>, item: &Value) -> Result<Value> {
    let fields = json!({ "path": item.get("objectId"), "method": "put" });
    let it = asked.value("storage.getUploadMetadata", &fields).await?;
    Ok(json!({
        "objectId": item.get("objectId"),
        "uploadUrl": it.get("url"),
        "authorization": it.get("authorization"),
        "token": it.get("token"),
        "cloudObjectMeta": it.get("cosFileId"),
        "cloudObjectId": it.get("fileId"),
        "downloadUrl": it.get("download_url"),
        "downloadUrlEncoded": it.get("download_url"),
    }))
}

async fn download(asked: &Asked<'_>, item: &Value) -> Result<Value> {
    let id = item.get("cloudObjectId");
    let fields =
        json!({ "file_list": [{ "fileid": id, "max_age": item.get("maxAge"), "url_type": "COS_URL" }] });
    let it = first(asked.value("storage.batchGetDownloadUrl", &fields).await?, "download_list")?;
    let url = it.get("download_url");
    Ok(json!({ "cloudObjectId": id, "downloadUrl": url, "downloadUrlEncoded": url }))
}

async fn delete(asked: &Asked<'_>, item: &Value) -> Result<Value> {
    let id = item.get("cloudObjectId");
    first(asked.value("storage.batchDeleteFile", &json!({ "fileid_list": [id] })).await?, "delete_list")?;
    Ok(json!({ "cloudObjectId": id }))
}

async fn copy(asked: &Asked<'_>, item: &Value) -> Result<Value> {
    let file = json!({
        "src_path": item.get("srcPath"),
        "dst_path": item.get("dstPath"),
        "overwrite": item.get("overwrite"),
        "remove_original": item.get("removeOriginal"),
    });
    let it = asked.value("storage.batchCopyFile", &json!({ "file_list": [file] })).await?;
    Ok(json!({ "cloudObjectId": first(it, "copy_list")?.get("fileId") }))
}

/// Returns the only item of a list, unless it failed.
fn first(mut answer: Value, list: &str) -> Result<Value> {
    let item = answer.get_mut(list).and_then(|list| list.get_mut(0)).map(Value::take).unwrap_or_default();
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = match text("code").as_str() {
        SUCCESS => return Ok(item),
        "STORAGE_FILE_NONEXIST" => "STORAGE_FILE_NONEXIST",
        "STORAGE_EXCEED_AUTHORITY" => "STORAGE_EXCEED_AUTHORITY",
        "INVALID_PARAM" => "INVALID_PARAM",
        _ => "STORAGE_REQUEST_FAIL",
    };
    Err(Failure::new(code, text("message")).into())
}
