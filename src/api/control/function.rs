//! Cloud functions (scf). See `docs/wire.md#functions`.

use serde::{Deserialize, Serialize};

use super::trigger::TriggerStatus;
use super::{Done, Flag, actions};

/// Where a function's package is: inline, or in temporary storage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Code {
    /// Base64, for packages of at most 1.5 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cos_bucket_region: Option<String>,
    /// Begins with `/DATE/`, as [`GetTempCosInfo`] gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_cos_object_name: Option<String>,
}

/// Environment variables.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Environment {
    #[serde(default)]
    pub variables: Vec<Variable>,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Variable {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// Creates a function.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateFunction {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// `file.export`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Megabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_size: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_dependency: Option<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `MINI_QCBASE` marks a function as CloudBase's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// `HTTP` for a web function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
}

/// Replaces a function's code.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateFunctionCode {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_dependency: Option<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Where older clients put the package, outside `Code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip_file: Option<String>,
}

/// Replaces a function's settings; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateFunctionConfiguration {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_dependency: Option<Flag>,
}

/// Describes a function.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetFunction {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_code: Option<Flag>,
}

/// The answer to [`GetFunction`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionDescription {
    pub function_name: String,
    #[serde(default)]
    pub function_id: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub handler: String,
    /// `Creating`, `CreateFailed`, `Active`, `Updating`, `UpdateFailed`, `Publishing`, `PublishFailed`, `Deleting` or
    /// `DeleteFailed`.
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub status_desc: String,
    #[serde(default)]
    pub status_reasons: Vec<StatusReason>,
    /// As `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub add_time: String,
    #[serde(default)]
    pub mod_time: String,
    #[serde(default)]
    pub description: String,
    /// `Event` or `HTTP`.
    #[serde(default)]
    pub r#type: String,
    #[serde(default)]
    pub memory_size: u32,
    #[serde(default)]
    pub timeout: u64,
    #[serde(default)]
    pub code_size: u64,
    #[serde(default)]
    pub code_info: String,
    #[serde(default)]
    pub code_result: String,
    #[serde(default)]
    pub code_error: String,
    #[serde(default)]
    pub err_no: i64,
    #[serde(default)]
    pub function_version: String,
    #[serde(default)]
    pub environment: Environment,
    #[serde(default)]
    pub triggers: Vec<TriggerStatus>,
    #[serde(default)]
    pub install_dependency: Flag,
    #[serde(default)]
    pub layers: Vec<serde_json::Value>,
    #[serde(default)]
    pub tags: Vec<serde_json::Value>,
    #[serde(default)]
    pub vpc_config: Vpc,
    #[serde(default)]
    pub role: String,
    #[serde(default)]
    pub qualifier: String,
    #[serde(default)]
    pub cls_logset_id: String,
    #[serde(default)]
    pub cls_topic_id: String,
    #[serde(default)]
    pub use_gpu: Flag,
    #[serde(default)]
    pub available_status: String,
}

/// Why a function is not well.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatusReason {
    #[serde(default)]
    pub error_code: String,
    #[serde(default)]
    pub error_message: String,
}

/// The private network of a function; empty for none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    #[serde(default)]
    pub vpc_id: String,
    #[serde(default)]
    pub subnet_id: String,
}

/// Asks where a function's package can be fetched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetFunctionAddress {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// The answer to [`GetFunctionAddress`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionAddress {
    #[serde(default)]
    pub url: String,
    /// Hex.
    #[serde(default)]
    pub code_sha256: String,
}

/// Lists functions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListFunctions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How manager-node's tcb form of this action names the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    /// At most this many, 20 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_key: Option<String>,
}

/// The answer to [`ListFunctions`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionPage {
    #[serde(default)]
    pub functions: Vec<FunctionLine>,
    #[serde(default)]
    pub total_count: u64,
}

/// A function in a list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionLine {
    pub function_name: String,
    #[serde(default)]
    pub function_id: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub runtime: String,
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub status_desc: String,
    #[serde(default)]
    pub add_time: String,
    #[serde(default)]
    pub mod_time: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub r#type: String,
}

/// Deletes a function and its triggers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteFunction {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Copies a function.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CopyFunction {
    pub function_name: String,
    pub new_function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#override: Option<bool>,
}

/// Calls a function with a JSON text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoke {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The event as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_context: Option<String>,
    /// `Tail` asks for the last 4 KB of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_type: Option<String>,
    /// `RequestResponse` or `Event`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Calls a function: the SDKs' newer form of [`Invoke`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvokeFunction {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// The answer to [`Invoke`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoked {
    pub result: InvocationResult,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationResult {
    #[serde(default)]
    pub function_request_id: String,
    /// What the function returned, as JSON text.
    #[serde(default)]
    pub ret_msg: String,
    /// What went wrong, as JSON text.
    #[serde(default)]
    pub err_msg: String,
    /// 0 is success.
    #[serde(default)]
    pub invoke_result: i64,
    #[serde(default)]
    pub log: String,
    /// Milliseconds.
    #[serde(default)]
    pub duration: f64,
    #[serde(default)]
    pub bill_duration: u64,
    /// Bytes.
    #[serde(default)]
    pub mem_usage: u64,
}

/// Asks for a place to upload a package to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetTempCosInfo {
    pub object_path: String,
}

/// The answer to [`GetTempCosInfo`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TempCos {
    /// The first segment of the object's key.
    pub date: String,
    /// The `Authorization` header of the upload.
    #[serde(default)]
    pub sign: String,
}

actions! {
    Scf CreateFunction => Done, once;
    Scf UpdateFunctionCode => Done;
    Scf UpdateFunctionConfiguration => Done;
    Scf GetFunction => FunctionDescription;
    Scf GetFunctionAddress => FunctionAddress;
    Scf ListFunctions => FunctionPage;
    Scf DeleteFunction => Done, once;
    Scf CopyFunction => Done, once;
    Scf Invoke => Invoked, once;
    Scf InvokeFunction => Invoked, once;
    Scf GetTempCosInfo => TempCos;
}
