//! `httpOverCallFunction`: a mini program's way to ask the gateway. The call of that name is a request of `/v1` or
//! `/auth/v1` inside, in the name of whoever calls. See `docs/wire.md#gateway`.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::data::Failure;
use crate::api::data::function::{InvokeFunction, InvokeFunctionReply};
use crate::emulator::edge::data::Answer;
use crate::emulator::edge::{envelope, oauth, rest};
use crate::emulator::environment::Shared;

/// The name that no function of the project has.
pub(super) const NAME: &str = "httpOverCallFunction";

/// The request inside.
#[derive(Deserialize)]
struct Inner {
    url: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

/// Answers a call of [`NAME`]; `token` is that of the call.
pub(super) async fn answer(environment: &Shared, token: &str, body: &[u8]) -> Result<Answer, Failure> {
    let InvokeFunction { request_data, .. } = serde_json::from_slice(body).map_err(Failure::parameter)?;
    let inner: Inner = serde_json::from_str(&request_data).map_err(Failure::parameter)?;
    let (parts, body) = request(inner, token)?.into_parts();
    let response = match parts.uri.path() {
        path if oauth::is_meant(path) => oauth::answer(environment, &parts, body).await,
        path if rest::is_meant(path) => rest::answer(environment, &parts, body).await,
        path => return Err(Failure::parameter(format_args!("the gateway has no path `{path}`"))),
    };
    let (parts, body) = response.into_parts();
    let bytes = envelope::open(body).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let headers: Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let result = json!({
        "statusCode": parts.status.as_u16(),
        "statusMessage": parts.status.canonical_reason().unwrap_or_default(),
        "headers": headers,
        "body": serde_json::from_str(&text).unwrap_or(Value::String(text)),
    });
    Answer::data(&InvokeFunctionReply { response_data: result.to_string() })
}

/// Returns the request inside, wherever its address leads: the host stands for this environment's gateway.
fn request(inner: Inner, token: &str) -> Result<Request<Body>, Failure> {
    let Inner { url, method, headers, body } = inner;
    let uri: Uri = url.parse().map_err(Failure::parameter)?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let method = method.unwrap_or_else(|| "GET".into()).to_ascii_uppercase();
    let body = match body {
        Value::Null => String::new(),
        Value::String(text) => text,
        fields => fields.to_string(),
    };
    let mut request = Request::builder()
        .method(method.as_str())
        .uri(target)
        .body(Body::from(body))
        .map_err(Failure::parameter)?;
    *request.headers_mut() = read(&headers);
    let headers = request.headers_mut();
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    if !token.is_empty() {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(Failure::parameter)?;
        headers.entry(AUTHORIZATION).or_insert(bearer);
    }
    Ok(request)
}

/// Returns the headers that are some: SDKs send `undefined` along.
fn read(headers: &Map<String, Value>) -> HeaderMap {
    let pair = |(name, value): (&String, &Value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.as_str()?).ok()?))
    };
    headers.iter().filter_map(pair).collect()
}
