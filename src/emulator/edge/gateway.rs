//! HTTP access: a request becomes a function's event, its result an answer.
//!
//! On the emulator's own address it gets every path that no other door has; `gateway.localhost` and the platform's domains
//! of HTTP access lead here alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::forward::{self, Failure};
use super::{reply, target};
use crate::api::event::Caller;
use crate::emulator::config::ACCOUNT;
use crate::emulator::environment::Shared;
use crate::emulator::functions::{Fault, FaultKind, Invocation, Server};
use crate::model::surrogate;

/// The largest body of a text, in bytes, and of anything else.
const LARGEST_TEXT: usize = 100 << 10;
const LARGEST: usize = 6 << 20;

/// Tells whether a host is one of HTTP access alone.
pub(super) fn is_meant(host: &str) -> bool {
    host == "gateway.localhost"
        || host.ends_with(".service.tcloudbase.com")
        || host.ends_with(".app.tcloudbase.com")
}

/// Answers one request.
pub(super) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    routed(environment, parts, body).await.unwrap_or_else(Refusal::into_response)
}

/// Why there is no answer of a function. Codes as the platform's HTTP access documents them.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    request_id: String,
}

impl Refusal {
    fn into_response(self) -> Response {
        let Refusal { status, code, message, request_id } = self;
        let mut response = reply::json(&json!({ "code": code, "message": message, "requestId": request_id }));
        *response.status_mut() = status;
        response
    }
}

async fn routed(environment: &Shared, parts: &Parts, body: Body) -> Result<Response, Refusal> {
    let path = parts.uri.path();
    let request_id = environment.config.ids.request();
    let refuse = |status, code, message| Refusal { status, code, message, request_id: request_id.clone() };
    let Some((route, rest)) = environment.gateway.find(path) else {
        let message =
            format!("No route leads to `{path}`: nothing but the routes of `[gateway]` is served there.");
        return Err(refuse(StatusCode::NOT_FOUND, "INVALID_PATH", message));
    };
    let too_large = |limit: usize| {
        let message = format!("The body is over {} KB.", limit >> 10);
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "EXCEED_MAX_PAYLOAD_SIZE", message)
    };
    if let Some(server) = environment.functions.serve(&route.function, &request_id).await {
        let is_large = |length: &HeaderValue| {
            length.to_str().ok().and_then(|it| it.parse().ok()).is_some_and(|it: usize| it > LARGEST)
        };
        if parts.headers.get(CONTENT_LENGTH).is_some_and(is_large) {
            return Err(too_large(LARGEST));
        }
        let began = Instant::now();
        let running = server.as_ref().ok().map(|(server, _)| server.clone());
        let answer = served(server, parts, &rest, body).await;
        let memory = running.map_or(0, |server| server.memory());
        let (line, failure) = match &answer {
            Ok(answer) => (format!("{} {path} {}", parts.method, answer.status()), None),
            Err((_, code, message)) => (message.clone(), Some(*code)),
        };
        environment.functions.report_request(
            &route.function,
            &request_id,
            line,
            failure,
            began.elapsed(),
            memory,
        );
        return answer.map_err(|(status, code, message)| refuse(status, code, message));
    }
    let body = axum::body::to_bytes(body, LARGEST).await.map_err(|_| too_large(LARGEST))?;
    if is_text(&parts.headers) && body.len() > LARGEST_TEXT {
        return Err(too_large(LARGEST_TEXT));
    }
    let event = event(environment, parts, &rest, &body, &request_id).to_string();
    let invocation = Invocation { event, caller: Caller::Http };
    let outcome = environment.functions.invoke_as(&route.function, request_id.clone(), invocation).await;
    match outcome.result {
        Ok(result) => {
            let warn = |message: String| environment.functions.warn(&route.function, &request_id, message);
            integrated(&result, warn)
                .map_err(|message| refuse(StatusCode::BAD_GATEWAY, "FUNCTION_INVOCATION_FAILED", message))
        }
        Err(Fault { kind, message }) => {
            let (status, code) = match kind {
                FaultKind::NotFound => (StatusCode::NOT_FOUND, "FUNCTION_NOT_FOUND"),
                FaultKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "FUNCTION_TIME_LIMIT_EXCEEDED"),
                FaultKind::Memory => (StatusCode::INTERNAL_SERVER_ERROR, "FUNCTION_MEMORY_LIMIT_EXCEEDED"),
                FaultKind::Busy => (StatusCode::TOO_MANY_REQUESTS, "EXCEED_CONCURRENT_REQUEST_LIMIT"),
                FaultKind::LongEvent => (StatusCode::PAYLOAD_TOO_LARGE, "EXCEED_MAX_PAYLOAD_SIZE"),
                FaultKind::Code | FaultKind::Exit | FaultKind::Event | FaultKind::Result => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "FUNCTION_INVOCATION_FAILED")
                }
            };
            Err(Refusal { status, code, message, request_id: outcome.request_id })
        }
    }
}

/// Has the server of a web function answer.
async fn served(
    server: Result<(Arc<Server>, Duration), Fault>,
    parts: &Parts,
    path: &str,
    body: Body,
) -> Result<Response, (StatusCode, &'static str, String)> {
    let exited = |message| (StatusCode::METHOD_NOT_ALLOWED, "ContainerStateExited", message);
    let (server, limit) = server.map_err(|fault| exited(fault.message))?;
    let failure = match forward::forward(server.address, parts, path, body, limit).await {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    Err(match failure {
        Failure::TooLate => {
            let message = format!("Invoking task timed out after {} seconds", limit.as_secs_f64());
            (StatusCode::GATEWAY_TIMEOUT, "FUNCTION_TIME_LIMIT_EXCEEDED", message)
        }
        Failure::Broken(_) if server.has_outgrown() => {
            let message = "Memory limit exceeded".to_owned();
            (StatusCode::INTERNAL_SERVER_ERROR, "FUNCTION_MEMORY_LIMIT_EXCEEDED", message)
        }
        Failure::Broken(why) => {
            let why = match server.ending().await {
                Some(how) => format!("the server ended in the request: {how}"),
                None => why,
            };
            (StatusCode::BAD_GATEWAY, "FUNCTION_INVOCATION_FAILED", why)
        }
    })
}

/// Returns what the function is called with; names of headers are in lower case.
fn event(environment: &Shared, parts: &Parts, path: &str, body: &[u8], request_id: &str) -> Value {
    let (mut headers, mut all) = (Map::new(), Map::new());
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        headers.insert(name.to_string(), values.join(", ").into());
        all.insert(name.to_string(), values.into());
    }
    let mut query = Map::new();
    for (name, value) in target::query_values(parts.uri.query().unwrap_or_default()) {
        let value = Value::from(value);
        match query.get_mut(&name) {
            None => drop(query.insert(name, value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    let text = std::str::from_utf8(body).ok().filter(|_| body.is_empty() || is_text(&parts.headers));
    json!({
        "path": target::decode(path).as_deref().unwrap_or(path),
        "httpMethod": parts.method.as_str(),
        "headers": headers,
        "multiValueHeaders": all,
        "queryStringParameters": query,
        "requestContext": {
            "requestId": request_id,
            "envId": environment.config.env_id,
            "appId": ACCOUNT,
            "uin": "100000000001",
        },
        "body": text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned),
        "isBase64Encoded": text.is_none(),
    })
}

/// Tells whether a body is text by its type; one of no type is.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["/json", "+json", "/xml", "+xml", "/javascript", "/x-www-form-urlencoded", "/graphql"]
            .iter()
            .any(|end| kind.ends_with(end))
}

/// Makes an answer of a function's result: as it says itself when it names a status, else the value.
///
/// # Errors
/// What it says of itself is no answer.
fn integrated(result: &str, warn: impl FnMut(String)) -> Result<Response, String> {
    let value: Value = serde_json::from_str(&surrogate::replaced(result)).unwrap_or_default();
    if let Some(status) = value.get("statusCode").and_then(Value::as_u64) {
        return stated(status, &value, warn);
    }
    Ok(match value {
        Value::String(text) => reply::plain(StatusCode::OK, text),
        Value::Number(number) => reply::plain(StatusCode::OK, number.to_string()),
        _ => reply::typed(StatusCode::OK, reply::JSON, result.to_owned()),
    })
}

fn stated(number: u64, value: &Value, mut warn: impl FnMut(String)) -> Result<Response, String> {
    // Those below 200 come before an answer, and are none.
    let status = u16::try_from(number).ok().filter(|status| *status >= 200);
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| format!("The function's `statusCode` is not a status: {number}."))?;
    let encoded = value.get("isBase64Encoded").and_then(Value::as_bool) == Some(true);
    let (kind, body) = match value.get("body") {
        None | Some(Value::Null) => (reply::TEXT, Vec::new()),
        Some(Value::String(text)) if encoded => match BASE64_STANDARD.decode(text) {
            Ok(bytes) => (HeaderValue::from_static("application/octet-stream"), bytes),
            Err(error) => return Err(format!("The function's body is not base64: {error}.")),
        },
        Some(Value::String(text)) => (reply::TEXT, text.clone().into_bytes()),
        Some(other) => (reply::JSON, other.to_string().into_bytes()),
    };
    let mut response = reply::typed(status, kind, body);
    for field in ["headers", "multiValueHeaders"] {
        let given = value.get(field).and_then(Value::as_object);
        for (name, given) in given.into_iter().flatten() {
            set_header(response.headers_mut(), name, given, &mut warn);
        }
    }
    Ok(response)
}

/// Sets a header to one value or several; what is no header is left out and told.
fn set_header(headers: &mut HeaderMap, name: &str, given: &Value, warn: &mut impl FnMut(String)) {
    let Ok(name) = name.parse::<HeaderName>() else {
        return warn(format!("the answer goes without the header `{name}`: that is no name of a header"));
    };
    // The length and the connection are this server's matter.
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        return;
    }
    headers.remove(&name);
    let values = match given {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match HeaderValue::from_bytes(text.as_bytes()) {
            Ok(value) => drop(headers.append(&name, value)),
            Err(_) => warn(format!(
                "the answer goes without a value of the header `{name}`: it has a line break or another control character"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(result: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let response = integrated(result, |_| {}).expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{result}");
        for (name, value) in headers {
            let found: Vec<_> = response.headers().get_all(*name).iter().collect();
            assert!(found.iter().any(|found| found == value), "{name} of {result}: {found:?}");
        }
        let found = axum::body::to_bytes(response.into_body(), LARGEST).await.expect("a body");
        assert_eq!(found, body, "{result}");
    }

    #[tokio::test]
    async fn a_result_becomes_an_answer() {
        const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
        const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
        check(r#""hello""#, 200, &[TEXT], b"hello").await;
        check("42", 200, &[TEXT], b"42").await;
        check(r#"{"a":1}"#, 200, &[JSON], br#"{"a":1}"#).await;
        check("[1]", 200, &[JSON], b"[1]").await;
        check("null", 200, &[JSON], b"null").await;
        check(r#"{"statusCode":"x"}"#, 200, &[JSON], br#"{"statusCode":"x"}"#).await;
        check(r#"{"statusCode":204}"#, 204, &[], b"").await;
        check(r#"{"statusCode":201,"body":{"a":1}}"#, 201, &[JSON], br#"{"a":1}"#).await;
        let html = r#"{"statusCode":200,"headers":{"Content-Type":"text/html","x-n":1},"body":"<p>"}"#;
        check(html, 200, &[("content-type", "text/html"), ("x-n", "1")], b"<p>").await;
        let cookies = r#"{"statusCode":302,"headers":{"location":"/a","set-cookie":["a=1","b=2"]}}"#;
        check(cookies, 302, &[("set-cookie", "a=1"), ("set-cookie", "b=2"), ("location", "/a")], b"").await;
        check(r#"{"statusCode":200,"body":"cut \ud83d"}"#, 200, &[TEXT], "cut \u{fffd}".as_bytes()).await;
        check(r#"{"statusCode":200,"isBase64Encoded":true,"body":"AP8="}"#, 200, &[], &[0, 255]).await;
        check(
            r#"{"statusCode":200,"headers":{"bad name":"x","content-length":"9"},"body":"ab"}"#,
            200,
            &[],
            b"ab",
        )
        .await;
    }

    #[tokio::test]
    async fn a_result_that_is_no_answer_is_refused() {
        let refused = |result: &str| integrated(result, |_| {}).expect_err("refused");
        for number in [0, 99, 100, 101, 199, 1000, 65_736] {
            let expected = format!("The function's `statusCode` is not a status: {number}.");
            assert_eq!(refused(&format!(r#"{{"statusCode":{number}}}"#)), expected);
        }
        let broken = r#"{"statusCode":200,"isBase64Encoded":true,"body":"*"}"#;
        assert!(refused(broken).starts_with("The function's body is not base64"));
    }

    #[test]
    fn a_header_that_is_none_is_told() {
        let result = r#"{"statusCode":200,"headers":{"bad name":"x","a":["1","2\n"],"content-length":"9"}}"#;
        let mut told = Vec::new();
        integrated(result, |line| told.push(line)).expect("an answer");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("`bad name`") && told[1].contains("`a`"), "{told:?}");
    }

    #[test]
    fn text_is_known_by_its_type() {
        for (kind, expected) in [
            ("text/html; charset=utf-8", true),
            ("application/json", true),
            ("application/ld+json", true),
            ("application/x-www-form-urlencoded", true),
            ("image/svg+xml", true),
            ("image/png", false),
            ("multipart/form-data; boundary=x", false),
            ("application/octet-stream", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(is_text(&headers), expected, "{kind}");
        }
        assert!(is_text(&HeaderMap::new()));
    }
}
