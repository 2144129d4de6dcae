//! Files: metadata of uploads, links, deletion, copies. The bytes themselves travel by plain HTTP. See
//! `docs/wire.md#files`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::sdk_actions;

/// The `code` of an item that went well.
pub const SUCCESS: &str = "SUCCESS";
/// The most files that one request may name to be deleted, or for links (`docs/wire.md#files`).
pub const MOST_FILES: usize = 50;
/// The `code` of an item that names no file.
pub const NO_SUCH_FILE: &str = "STORAGE_FILE_NONEXIST";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetUploadMetadata {
    pub path: String,
    /// `put` from node-sdk 3; absent from those that post a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadMetadata {
    pub url: String,
    pub token: String,
    pub authorization: String,
    pub file_id: String,
    /// Travels in a header: ASCII.
    pub cos_file_id: String,
    #[serde(rename = "download_url")]
    pub download_url: String,
}

/// Uploads in one step: a form with these fields and `file` (tcb-admin-node before 1.9).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadFile {
    pub path: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadedFile {
    #[serde(rename = "fileID")]
    pub file_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchGetDownloadUrl {
    pub file_list: Vec<DownloadItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DownloadItem {
    pub fileid: String,
    /// Seconds the link lives; two hours by default.
    #[serde(default, deserialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// `COS_URL`: the client uses the link as it is, without `encodeURI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_type: Option<String>,
}

fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(value)?;
    match value.as_u64() {
        None if !value.is_null() => {
            Err(D::Error::custom(format_args!("max_age must be a whole number of seconds, not {value}")))
        }
        seconds => Ok(seconds),
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DownloadList {
    pub download_list: Vec<DownloadLink>,
}

/// The management SDK reads `download_url`, the others `tempFileURL`; the service may leave one out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DownloadLink {
    #[serde(default)]
    pub code: String,
    #[serde(rename = "fileID", default)]
    pub file_id: String,
    #[serde(rename = "tempFileURL", default)]
    pub temp_file_url: String,
    #[serde(rename = "download_url", default)]
    pub download_url: String,
    #[serde(rename = "maxAge", default)]
    pub max_age: u64,
    /// Why there is no link; node-sdk 3 shows it when a download fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchDeleteFile {
    pub fileid_list: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteList {
    pub delete_list: Vec<DeletedFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeletedFile {
    pub code: String,
    #[serde(rename = "fileID")]
    pub file_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchCopyFile {
    pub file_list: Vec<CopyItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CopyItem {
    pub src_path: String,
    pub dst_path: String,
    /// Whether a file at the destination gives way; it does unless told not to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_original: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CopyList {
    pub copy_list: Vec<CopiedFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CopiedFile {
    pub code: String,
    pub file_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Asks what a person may do with files; the emulator's server SDKs may do everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetFileAuthority {
    /// The person a server asks for; without one it asks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    pub file_list: Vec<AuthorityItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorityItem {
    pub path: String,
    /// `READ`, `WRITE` or `READWRITE`.
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default, rename = "fileID", skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileAuthority {
    pub allowed: bool,
    #[serde(rename = "fileList")]
    pub file_list: Vec<AuthorityItem>,
}

sdk_actions! {
    GetUploadMetadata = "storage.getUploadMetadata" -> UploadMetadata;
    UploadFile = "storage.uploadFile" -> UploadedFile;
    BatchGetDownloadUrl = "storage.batchGetDownloadUrl" -> DownloadList;
    BatchDeleteFile = "storage.batchDeleteFile" -> DeleteList;
    BatchCopyFile = "storage.batchCopyFile" -> CopyList;
    GetFileAuthority = "storage.getFileAuthority" -> FileAuthority;
}
