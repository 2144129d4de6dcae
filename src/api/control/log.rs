//! What functions said (tcb). See `docs/wire.md#logs`.
//!
//! Times are `YYYY-MM-DD HH:MM:SS` in UTC+8.

use serde::{Deserialize, Serialize};

use crate::model::denial::Denial;

use super::actions;

/// Searches the log service.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SearchClsLog {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub start_time: String,
    pub end_time: String,
    /// A CLS query such as `function_name:"login"`.
    #[serde(default)]
    pub query_string: String,
    /// At most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The last answer's, to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// `asc` or `desc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_lucene: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_model: Option<String>,
}

/// The answer to [`SearchClsLog`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogsFound {
    #[serde(default)]
    pub log_results: LogPage,
}

/// A page of log lines.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogPage {
    /// Asks for the next page; empty after the last.
    #[serde(default)]
    pub context: String,
    #[serde(default)]
    pub list_over: bool,
    #[serde(default)]
    pub results: Vec<LogLine>,
    #[serde(default)]
    pub analysis_records: Vec<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogLine {
    #[serde(default)]
    pub topic_id: String,
    #[serde(default)]
    pub topic_name: String,
    /// As `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub timestamp: String,
    /// A JSON text.
    pub content: String,
    #[serde(default)]
    pub file_name: String,
    #[serde(default)]
    pub source: String,
}

/// What [`LogLine::content`] holds for a function's line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FunctionLine {
    #[serde(default)]
    pub function_name: String,
    #[serde(default)]
    pub request_id: String,
    /// `debug`, `info`, `warn` or `error`.
    #[serde(default)]
    pub level: String,
    #[serde(default)]
    pub log: String,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub timestamp: i64,
    /// What a line tells that tells of a denial; the cloud has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<Box<Denial>>,
}

/// Lists a function's calls: the older form, withdrawn in the cloud.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetFunctionLogs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// The answer to [`GetFunctionLogs`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionCalls {
    #[serde(default)]
    pub log_list: Vec<FunctionCall>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionCall {
    pub request_id: String,
    /// 0 done, 2 running, 3 interrupted, else failed.
    #[serde(default)]
    pub ret_code: i64,
    #[serde(default)]
    pub retry_num: i64,
    #[serde(default)]
    pub start_time: String,
}

/// Asks for one call's log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetFunctionLogDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub log_request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
}

/// The answer to [`GetFunctionLogDetail`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionCallLog {
    /// The call's id; the envelope's is not given here.
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub duration: f64,
    #[serde(default)]
    pub mem_usage: u64,
    #[serde(default)]
    pub ret_msg: String,
    #[serde(default)]
    pub start_time: String,
    #[serde(default)]
    pub log_json: String,
    #[serde(default)]
    pub context: String,
    #[serde(default)]
    pub list_over: bool,
}

actions! {
    Tcb SearchClsLog => LogsFound;
    Tcb GetFunctionLogs => FunctionCalls;
    Tcb GetFunctionLogDetail => FunctionCallLog;
}
