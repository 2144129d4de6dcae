//! What functions said is found again.

use cloudkit::api::control::function::Invoke;
use cloudkit::api::control::log::*;

use super::{client, refused};
use crate::support::emulator::Sandbox;

const TALKER: &str = "exports.main = async e => { console.log('one'); console.error('two'); return 'done' }";

fn search(query: &str, limit: u64, context: Option<String>) -> SearchClsLog {
    SearchClsLog {
        start_time: "2023-11-15 06:00:00".into(),
        end_time: "2023-11-15 07:00:00".into(),
        query_string: query.into(),
        limit: Some(limit),
        context,
        sort: Some("asc".into()),
        ..SearchClsLog::default()
    }
}

fn lines(found: LogsFound) -> Vec<FunctionLine> {
    let results = found.log_results.results.iter();
    results.map(|line| serde_json::from_str(&line.content).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_searched_and_paged_and_calls_listed() {
    let sandbox = Sandbox::with_files(&[("cloudfunctions/talker/index.js", TALKER)]).await;
    let client = client(&sandbox);
    let invoke = Invoke { function_name: "talker".into(), ..Invoke::default() };
    let request_id = client.call(&invoke).await.expect("an answer").result.function_request_id;

    let errors = search(r#"function_name:"talker" AND level:"error""#, 100, None);
    let found = lines(client.call(&errors).await.expect("lines"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].log.contains("two"));
    assert_eq!((found[0].request_id.as_str(), found[0].level.as_str()), (request_id.as_str(), "error"));

    let mut paged = Vec::new();
    let mut context = None;
    loop {
        let found = client.call(&search("", 1, context)).await.expect("a page");
        let (over, next) = (found.log_results.list_over, found.log_results.context.clone());
        paged.extend(lines(found));
        assert!(paged.len() < 100, "{paged:?}");
        if over {
            break;
        }
        context = Some(next);
    }
    let said: Vec<_> = paged.iter().map(|line| line.log.trim()).collect();
    assert!(said.contains(&"one") && said.contains(&"two"), "{said:?}");

    let calls = GetFunctionLogs { function_name: Some("talker".into()), ..GetFunctionLogs::default() };
    let calls = client.call(&calls).await.expect("a list").log_list;
    assert_eq!((calls.len(), calls[0].request_id.as_str(), calls[0].ret_code), (1, request_id.as_str(), 0));
    let detail =
        GetFunctionLogDetail { log_request_id: request_id.clone(), ..GetFunctionLogDetail::default() };
    let detail = client.call(&detail).await.expect("the call");
    assert_eq!((detail.request_id, detail.ret_msg.as_str()), (request_id, r#""done""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_understood_is_refused() {
    let sandbox = Sandbox::start().await;
    let code = refused(client(&sandbox).call(&search("size:3", 10, None)).await);
    assert_eq!(code, "FailedOperation.SyntaxError");
    let late = SearchClsLog { start_time: "yesterday".into(), ..search("", 10, None) };
    assert_eq!(refused(client(&sandbox).call(&late).await), "InvalidParameterValue");
}
