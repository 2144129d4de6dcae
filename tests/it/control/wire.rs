//! The envelope, the signatures and what SDKs do differently, byte by byte.

use cloudkit::api::control::env::DescribeEnvs;
use cloudkit::api::sign::tc3;
use serde_json::Value;

use super::{client_with, refused};
use crate::support::emulator::{NOW, Sandbox};
use crate::support::http::{Request, Response};

/// A signed POST with parts that a test may bend.
struct Call<'a> {
    action: &'a str,
    service: &'a str,
    version: &'a str,
    body: &'a str,
    signed_host: Option<&'a str>,
    timestamp: i64,
    key: &'a str,
    id: &'a str,
}

const GOOD: Call<'_> = Call {
    action: "DescribeEnvs",
    service: "tcb",
    version: "2018-06-08",
    body: "{}",
    signed_host: None,
    timestamp: NOW / 1000,
    key: "localkey",
    id: "AKIDlocal",
};

async fn send(sandbox: &Sandbox, call: Call<'_>) -> Response {
    let host = sandbox.emulator.url().trim_start_matches("http://").to_owned();
    let request = tc3::Request {
        service: call.service,
        host: call.signed_host.unwrap_or(&host),
        content_type: "application/json",
        body: call.body.as_bytes(),
        timestamp: call.timestamp,
    };
    Request::new("POST", &sandbox.url("/"))
        .header("content-type", "application/json")
        .header("X-TC-Action", call.action)
        .header("X-TC-Version", call.version)
        .header("X-TC-Timestamp", &call.timestamp.to_string())
        .header("Authorization", &request.sign(call.id, call.key))
        .body(call.body)
        .send()
        .await
}

fn code(response: &Response) -> Option<String> {
    response.json()["Response"]["Error"]["Code"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_200_and_the_type_has_no_charset_whatever_happened() {
    let sandbox = Sandbox::start().await;
    for call in [GOOD, Call { action: "Nonsense", ..GOOD }, Call { key: "wrong", ..GOOD }] {
        let response = send(&sandbox, call).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some("application/json"));
        let request_id = response.json()["Response"]["RequestId"].as_str().map(str::len);
        assert_eq!(request_id, Some(36), "{}", response.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sdks_do_differently_is_accepted() {
    let sandbox = Sandbox::start().await;
    for call in [
        GOOD,
        Call { signed_host: Some("127.0.0.1"), ..GOOD },
        Call { signed_host: Some("127.0.0.1"), service: "127", ..GOOD },
        Call { service: "localhost:9000", ..GOOD },
        Call { body: "", ..GOOD },
        Call { body: r#"{"EnvId":null,"Limit":"10","Unknown":{}}"#, ..GOOD },
        Call { timestamp: NOW / 1000 + 300, ..GOOD },
        Call { action: "ListFunctions", ..GOOD },
    ] {
        let response = send(&sandbox, call).await;
        assert_eq!(code(&response), None, "{}", response.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_request_has_its_code() {
    let sandbox = Sandbox::start().await;
    for (call, expected) in [
        (Call { key: "wrong", ..GOOD }, "AuthFailure.SignatureFailure"),
        (Call { signed_host: Some("elsewhere"), ..GOOD }, "AuthFailure.SignatureFailure"),
        (Call { id: "AKIDother", ..GOOD }, "AuthFailure.SecretIdNotFound"),
        (Call { timestamp: NOW / 1000 - 301, ..GOOD }, "AuthFailure.SignatureExpire"),
        (Call { action: "Nonsense", ..GOOD }, "InvalidAction"),
        (Call { action: "FireTrigger", ..GOOD }, "InvalidAction"),
        (Call { body: "[]", ..GOOD }, "InvalidRequest"),
        (Call { body: "{", ..GOOD }, "InvalidRequest"),
        (Call { action: "GetFunction", service: "scf", ..GOOD }, "MissingParameter"),
        (Call { action: "GetFunction", body: r#"{"FunctionName":{}}"#, ..GOOD }, "InvalidParameter"),
        (Call { action: "ListFunctions", body: r#"{"Limit":"many"}"#, ..GOOD }, "InvalidParameter"),
    ] {
        let response = send(&sandbox, call).await;
        assert_eq!(code(&response).as_deref(), Some(expected), "{}", response.text());
    }
    let unsigned = Request::new("POST", &sandbox.url("/")).header("X-TC-Action", "DescribeEnvs").body("{}");
    assert_eq!(code(&unsigned.send().await).as_deref(), Some("AuthFailure.InvalidAuthorization"));
    let nothing = Request::new("POST", &sandbox.url("/")).body("{}").send().await;
    assert_eq!(code(&nothing).as_deref(), Some("AuthFailure.InvalidAuthorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_and_the_next_call_works() {
    let sandbox = Sandbox::start().await;
    let body = format!(r#"{{"Padding":"{}"}}"#, "x".repeat(69 * 1024 * 1024));
    let response = send(&sandbox, Call { body: &body, ..GOOD }).await;
    assert_eq!(code(&response).as_deref(), Some("RequestSizeLimitExceeded"));
    assert_eq!(code(&send(&sandbox, GOOD).await), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_with_what_to_do() {
    let sandbox = Sandbox::start().await;
    let answer = client_with(&sandbox, "wrong").call(&DescribeEnvs::default()).await;
    let error = cloudkit::error::Error::from(answer.expect_err("refused"));
    assert_eq!((error.kind().exit_code(), error.wire_code()), (3, "AuthFailure.SignatureFailure"));
    assert!(error.shown_request_id().is_some());
    assert!(error.hints()[0].en.contains("cloudkit login"), "{:?}", error.hints());
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_calls_are_signed_too() {
    let sandbox = Sandbox::start().await;
    let fields = serde_json::json!({ "collectionName": "nowhere", "query": "{}" });
    for (key, code) in [("localkey", "DATABASE_COLLECTION_NOT_EXIST"), ("wrong", "SIGN_PARAM_INVALID")] {
        let client = client_with(&sandbox, key);
        assert_eq!(refused(client.admin("database.getDocument", fields.clone()).await), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_that_is_gone_is_named() {
    let sandbox = Sandbox::start().await;
    let client = super::client(&sandbox);
    sandbox.emulator.stop().await;
    let error = client.call(&DescribeEnvs::default()).await.expect_err("nobody answers");
    let error = cloudkit::error::Error::from(error);
    assert!(error.hints().iter().any(|hint| hint.en.contains("cloudkit emulate")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_one_object() {
    let sandbox = Sandbox::start().await;
    let response = send(&sandbox, GOOD).await.json();
    let Value::Object(envelope) = &response else { panic!("{response}") };
    assert_eq!(envelope.keys().collect::<Vec<_>>(), ["Response"]);
}
