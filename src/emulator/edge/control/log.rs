//! What functions said: the log service's search, and the older list of calls.

use serde_json::json;

use super::failure::Failure;
use super::{Result, log_query, read_time, this_environment};
use crate::api::control::log::*;
use crate::api::error::codes;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::logs::{InvocationRecord, LogRecord, Page, Search};
use crate::model::wall;

/// A whole second, because the wire's times have no finer grain: the last one counts to its end.
const SECOND: i64 = 1000;

pub(super) async fn search(environment: &Shared, asked: SearchClsLog) -> Result<LogsFound> {
    this_environment(environment, asked.env_id.as_deref())?;
    let limit = usize::try_from(asked.limit.unwrap_or(20).min(100)).unwrap_or(100);
    let mut search = Search {
        since: Some(read_time(&asked.start_time)?),
        until: Some(read_time(&asked.end_time)? + SECOND),
        newest_first: asked.sort.as_deref() != Some("asc"),
        cursor: cursor(asked.context.as_deref())?,
        limit,
        ..Search::default()
    };
    log_query::read(&asked.query_string, &mut search).map_err(|why| {
        Failure::new(codes::SYNTAX_ERROR, format!("The query cannot be understood: {why}."))
    })?;
    let (logs, ascending) = (environment.logs.clone(), !search.newest_first);
    let searched = tokio::task::spawn_blocking(move || logs.search(&search)).await;
    let Page { found, next, end } =
        searched.map_err(|error| Failure::new(codes::INTERNAL_ERROR, error.to_string()))?;
    // After the last page too: there a tool that follows the log goes on.
    let context = next.or(ascending.then_some(end));
    Ok(LogsFound {
        log_results: LogPage {
            context: context.map(|context| context.to_string()).unwrap_or_default(),
            list_over: next.is_none(),
            results: found.into_iter().map(line).collect(),
            analysis_records: Vec::new(),
        },
    })
}

fn cursor(context: Option<&str>) -> Result<Option<u64>> {
    match context {
        None | Some("") => Ok(None),
        Some(context) => {
            let cursor =
                context.parse().map_err(|_| Failure::value(format!("`Context` is not `{context}`.")))?;
            Ok(Some(cursor))
        }
    }
}

fn line(record: LogRecord) -> LogLine {
    let timestamp = wall::write(record.time);
    let content = json!(FunctionLine {
        function_name: record.function,
        request_id: record.request_id,
        level: json!(record.level).as_str().unwrap_or_default().to_owned(),
        log: record.message,
        timestamp: record.time,
        denial: record.denial,
    });
    LogLine {
        topic_id: "topic-local".into(),
        topic_name: "tcb-topic".into(),
        timestamp,
        content: content.to_string(),
        ..LogLine::default()
    }
}

pub(super) async fn calls(environment: &Shared, asked: GetFunctionLogs) -> Result<FunctionCalls> {
    this_environment(environment, asked.env_id.as_deref())?;
    let search = Search {
        functions: asked.function_name.into_iter().collect(),
        since: asked.start_time.as_deref().map(read_time).transpose()?,
        until: asked.end_time.as_deref().map(read_time).transpose()?.map(|end| end + SECOND),
        request_id: asked.log_request_id,
        ..Search::default()
    };
    let found = environment.logs.invocations(&search);
    let found = super::page(found, asked.offset, asked.limit, 10);
    let listed = found.into_iter().map(|call| FunctionCall {
        ret_code: code(&call),
        retry_num: 0,
        start_time: wall::write(call.time),
        request_id: call.request_id,
    });
    Ok(FunctionCalls { log_list: listed.collect() })
}

pub(super) async fn call(environment: &Shared, asked: GetFunctionLogDetail) -> Result<FunctionCallLog> {
    this_environment(environment, asked.env_id.as_deref())?;
    let call = find(environment, &asked.log_request_id)?;
    Ok(FunctionCallLog {
        log_json: json!({ "log": call.log(), "request_id": call.request_id }).to_string(),
        duration: call.duration.as_secs_f64() * 1000.0,
        mem_usage: call.memory_bytes,
        ret_msg: call.result,
        start_time: wall::write(call.time),
        request_id: call.request_id,
        context: String::new(),
        list_over: true,
    })
}

fn find(environment: &Environment, request_id: &str) -> Result<InvocationRecord> {
    let search = Search { request_id: Some(request_id.to_owned()), limit: 1, ..Search::default() };
    environment.logs.invocations(&search).into_iter().next().ok_or_else(|| {
        Failure::new(codes::RESOURCE_NOT_FOUND, format!("The call [{request_id}] is not in the log."))
    })
}

/// Returns the platform's number for how a call ended: 0 done, 1 failed (`docs/wire.md#logs`).
fn code(call: &InvocationRecord) -> i64 {
    i64::from(call.failure.is_some())
}
