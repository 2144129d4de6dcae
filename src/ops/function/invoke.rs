//! Calling a function.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::control::function::{InvocationResult, Invoke};
use crate::api::local::InvokeFunction;
use crate::error::Result;
use crate::model::name::FunctionName;
use crate::model::surrogate;
use crate::model::text::Text;
use crate::ops::codes;
use crate::ops::target::Target;
use crate::text;

/// How much of a call's log an answer has at most, in bytes (`docs/wire.md#functions`).
const TAIL: usize = 4096;

/// What is asked of a function.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: FunctionName,
    /// JSON text.
    pub event: String,
    /// The mini program's user who calls; with nobody it is a call from a console.
    pub openid: Option<String>,
    pub unionid: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    pub ok: bool,
    /// What the function returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    pub request_id: String,
    pub duration_ms: f64,
    /// What is paid for.
    pub billed_ms: u64,
    /// The most memory it had.
    pub memory_bytes: u64,
    /// What the function said.
    pub logs: Vec<String>,
    /// Whether it said more before: an answer has only the end of a long log.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub logs_cut: bool,
}

/// Why a function failed, in the platform's words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub err_code: Value,
    pub err_msg: String,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Calls a function and waits for its answer. A function that fails is an answer too.
pub async fn invoke(target: &Target, call: &Call) -> Result<Invocation> {
    let client = target.client();
    let function_name = call.function.to_string();
    let invoked = if call.openid.is_some() || call.unionid.is_some() {
        let asked = InvokeFunction {
            function_name,
            event: call.event.clone(),
            open_id: call.openid.clone(),
            union_id: call.unionid.clone(),
        };
        client.call(&asked).await
    } else {
        let asked = Invoke {
            function_name,
            namespace: Some(target.env_id().to_owned()),
            client_context: Some(call.event.clone()),
            log_type: Some("Tail".into()),
            ..Invoke::default()
        };
        client.call(&asked).await
    };
    match invoked {
        Ok(invoked) => Ok(Invocation::of(invoked.result)),
        Err(error) => Err(super::missing(target, &call.function, error).await),
    }
}

impl Invocation {
    /// Reads how the platform says that a call ended.
    pub(in crate::ops) fn of(result: InvocationResult) -> Self {
        let InvocationResult {
            function_request_id,
            ret_msg,
            err_msg,
            invoke_result,
            log,
            duration,
            bill_duration: billed_ms,
            mem_usage: memory_bytes,
        } = result;
        let ok = invoke_result == 0 && err_msg.is_empty();
        let value = |text: &str| {
            serde_json::from_str(&surrogate::replaced(text)).unwrap_or_else(|_| Value::from(text))
        };
        Invocation {
            ok,
            result: ok.then(|| if ret_msg.is_empty() { Value::Null } else { value(&ret_msg) }),
            error: (!ok).then(|| {
                let told = if err_msg.is_empty() { &ret_msg } else { &err_msg };
                Failure::of(value(told), invoke_result)
            }),
            request_id: function_request_id,
            // Finer than a microsecond is noise.
            duration_ms: (duration * 1_000.0).round() / 1_000.0,
            billed_ms,
            memory_bytes,
            logs_cut: log.len() + 8 > TAIL && !is_bracket(&log),
            logs: log.lines().filter(|line| !is_bracket(line)).map(str::to_owned).collect(),
        }
    }
}

impl Failure {
    /// Returns what helps, for a failure that its words alone do not explain. The status is the functions service's
    /// (`docs/wire.md#function-limits`).
    pub fn remedy(&self) -> Option<Text> {
        if self.err_msg.ends_with("body size is too long") {
            return Some(text! {
                en: "an event or a result may have 6 MB; pass a file id instead of the data",
                zh: "事件与返回值不得超过 6 MB；请改为传递文件 ID"
            });
        }
        if let Some(module) = self.missing_module() {
            return Some(text! {
                en: "run `npm install {module}` in the function's folder; `cloudkit emulate --install` installs what its package.json names",
                zh: "请在云函数目录中运行 `npm install {module}`；`cloudkit emulate --install` 会安装其 package.json 列出的依赖"
            });
        }
        let code = match self.more.get("statusCode").and_then(Value::as_i64)? {
            433 => "FUNCTIONS_TIME_LIMIT_EXCEEDED",
            434 => "FUNCTIONS_MEMORY_LIMIT_EXCEEDED",
            _ => return None,
        };
        codes::explain(code).ok().map(|explanation| explanation.remedy)
    }

    /// Returns the package that Node did not find; a path is a file of the function's own.
    fn missing_module(&self) -> Option<&str> {
        let (_, rest) = self.err_msg.split_once("Cannot find module '").or_else(|| {
            // Of a module that is imported.
            self.err_msg.split_once("Cannot find package '")
        })?;
        let (specifier, _) = rest.split_once('\'')?;
        let parts = if specifier.starts_with('@') { 2 } else { 1 };
        let package = specifier
            .match_indices('/')
            .nth(parts - 1)
            .map_or(specifier, |(end, _)| specifier.get(..end).unwrap_or(specifier));
        (!package.is_empty() && !specifier.starts_with(['.', '/'])).then_some(package)
    }

    /// Reads `{errorCode, errorMessage, …}`, which has had several spellings, or a bare sentence.
    fn of(told: Value, invoke_result: i64) -> Self {
        let Value::Object(mut more) = told else {
            let err_msg = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
            return Failure { err_code: invoke_result.into(), err_msg, more: Map::new() };
        };
        let mut take = |names: &[&str]| names.iter().find_map(|name| more.shift_remove(*name));
        let err_code = take(&["errCode", "errorCode", "ErrorCode"]).unwrap_or(invoke_result.into());
        let err_msg = match take(&["errMsg", "errorMessage", "ErrorMessage"]) {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        Failure { err_code, err_msg, more }
    }
}

/// Returns whether a line only marks where a call begins or ends (`docs/wire.md#logs`).
pub(in crate::ops) fn is_bracket(line: &str) -> bool {
    ["START RequestId:", "END RequestId:", "Report RequestId:", "REPORT RequestId:", "Event RequestId:"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(result: InvocationResult, expected: Value) {
        assert_eq!(serde_json::to_value(Invocation::of(result)).expect("serializable"), expected);
    }

    #[test]
    fn an_answer_is_the_functions_own_value() {
        check(
            InvocationResult {
                function_request_id: "r-1".into(),
                ret_msg: r#"{"openid":"o-1"}"#.into(),
                log: "START RequestId: r-1\nhello\nEND RequestId: r-1\n".into(),
                duration: 3.5,
                bill_duration: 4,
                mem_usage: 12_898_000,
                ..InvocationResult::default()
            },
            json!({ "ok": true, "result": { "openid": "o-1" }, "requestId": "r-1", "durationMs": 3.5, "billedMs": 4, "memoryBytes": 12_898_000, "logs": ["hello"] }),
        );
    }

    #[test]
    fn an_end_of_a_long_log_is_told_from_a_whole_one() {
        for (log, expected) in [
            ("said\n".repeat(900), true),
            (format!("START RequestId: r-1\n{}", "said\n".repeat(900)), false),
            ("said\n".into(), false),
            (String::new(), false),
        ] {
            let result = InvocationResult { log, ..InvocationResult::default() };
            assert_eq!(Invocation::of(result).logs_cut, expected);
        }
    }

    #[test]
    fn a_missing_package_is_named_by_what_is_installed() {
        for (said, expected) in [
            ("Error: Cannot find module 'axios'\nRequire stack:\n- /f/index.js", Some("axios")),
            ("Error: Cannot find module 'lodash/fp/x'", Some("lodash")),
            ("Error: Cannot find module '@a/b/c.js'", Some("@a/b")),
            (
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'got' imported from /f/index.mjs",
                Some("got"),
            ),
            ("Error: Cannot find module './local'", None),
            ("Error: Cannot find module '/f/index.js'", None),
            ("boom", None),
        ] {
            let failure = Failure::of(serde_json::json!({ "errorMessage": said }), -1);
            assert_eq!(failure.missing_module(), expected, "{said}");
        }
    }

    #[test]
    fn a_failure_keeps_the_platforms_words() {
        check(
            InvocationResult {
                err_msg: r#"{"errorCode":1,"errorMessage":"boom","stackTrace":["at x"]}"#.into(),
                invoke_result: -1,
                ..InvocationResult::default()
            },
            json!({
                "ok": false, "error": { "errCode": 1, "errMsg": "boom", "stackTrace": ["at x"] },
                "requestId": "", "durationMs": 0.0, "billedMs": 0, "memoryBytes": 0, "logs": [],
            }),
        );
        check(
            InvocationResult {
                err_msg: "out of memory".into(),
                invoke_result: -1,
                ..InvocationResult::default()
            },
            json!({
                "ok": false, "error": { "errCode": -1, "errMsg": "out of memory" },
                "requestId": "", "durationMs": 0.0, "billedMs": 0, "memoryBytes": 0, "logs": [],
            }),
        );
    }
}
