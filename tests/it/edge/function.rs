//! Functions called through the edge. See `docs/wire.md#calling-functions`.

use cloudkit::api::event::{Caller, Identity};
use cloudkit::emulator::functions::Invocation;
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;

const ECHO: &str = "exports.main = async (event) => ({ event, source: process.env.TCB_SOURCE, openid: process.env.WX_OPENID })";
const FAILING: &str = "exports.main = async () => { throw new Error('boom') }";
const LARGE: &str = "exports.main = async () => 'x'.repeat(6 * 1024 * 1024 + 1)";
/// Calls `echo` as an SDK does: through the injected address, with the token of its own invocation.
const OUTER: &str = r#"
exports.main = async (event) => {
  const body = { action: 'functions.invokeFunction', function_name: 'echo', request_data: JSON.stringify(event),
                 tcb_sessionToken: process.env.TCB_SESSIONTOKEN }
  const headers = { 'content-type': 'application/json', 'x-tcb-source': process.env.TCB_SOURCE + ',scf' }
  const { URL } = JSON.parse(process.env.TCB_CONTEXT_CNFG)
  const answer = await (await fetch(URL, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  return JSON.parse(answer.data.response_data)
}"#;

async fn with_functions() -> Sandbox {
    Sandbox::with_files(&[
        ("functions/echo/index.js", ECHO),
        ("functions/failing/index.js", FAILING),
        ("functions/large/index.js", LARGE),
        ("functions/outer/index.js", OUTER),
    ])
    .await
}

async fn invoke(sandbox: &Sandbox, name: &str, event: &str) -> Value {
    sandbox.admin("functions.invokeFunction", json!({ "function_name": name, "request_data": event })).await
}

fn result(answer: &Value) -> Value {
    let text = answer["data"]["response_data"].as_str().unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(text).expect("a result is JSON text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_answers_the_result_as_text() {
    let sandbox = with_functions().await;
    let answer = invoke(&sandbox, "echo", r#"{"a":1,"s":"云"}"#).await;
    let result = result(&answer);
    assert_eq!((&result["event"]["a"], &result["event"]["s"]), (&json!(1), &json!("云")));
    assert!(answer["requestId"].is_string());
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_carry_the_platforms_code() {
    let sandbox = with_functions().await;
    let oversized = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    for (name, event, code, words) in [
        ("failing", "", "FUNCTIONS_EXECUTE_FAIL", "boom"),
        ("none", "{}", "FUNCTION_NOT_FOUND", "FunctionName parameter could not be found"),
        ("large", "{}", "FUNCTIONS_EXECUTE_FAIL", "body size is too long"),
        ("echo", "{", "FUNCTIONS_PARAM_INVALID", ""),
        ("echo", &oversized, "FUNCTIONS_PARAM_INVALID", ""),
    ] {
        let answer = invoke(&sandbox, name, event).await;
        assert_eq!(answer["code"], code, "{name}: {}", answer["message"]);
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(words)), "{answer}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_call_keeps_the_first_callers_identity() {
    let sandbox = with_functions().await;
    let identity = Identity { openid: "o-alice1".into(), unionid: None };
    let invocation = Invocation { event: r#"{"a":1}"#.into(), caller: Caller::MiniProgram(identity) };
    let outcome = sandbox.emulator.environment().functions.invoke("outer", invocation).await;
    let result: Value = serde_json::from_str(&outcome.result.expect("a result")).expect("JSON");
    assert_eq!((&result["openid"], &result["source"]), (&json!("o-alice1"), &json!("wx_client,scf")));
    sandbox.emulator.stop().await;
}
