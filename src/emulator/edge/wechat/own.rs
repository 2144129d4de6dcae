//! What WeChat's client would do, which is not here: hand out codes and open data. And the inbox, for tests that speak HTTP.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::target::query_value;
use super::super::{envelope, reply};
use super::PATH;
use crate::emulator::environment::Environment;
use crate::emulator::wechat::person::Kind;
use crate::emulator::wechat::refusal::Refusal;
use crate::emulator::wechat::{Purpose, Recorded};

/// What somebody answered when a mini program asked for leave to send messages: by template, `accept` or another word.
#[derive(Deserialize)]
struct Answered {
    openid: String,
    templates: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Person {
    openid: String,
    #[serde(default)]
    kind: Option<Kind>,
}

/// Answers what is the emulator's own of these paths, or nothing if WeChat has it.
pub(in crate::emulator::edge) async fn answer(
    environment: &Environment,
    parts: &Parts,
    body: &mut Option<Body>,
) -> Option<Response> {
    let wechat = &environment.wechat;
    match (parts.uri.path().strip_prefix(PATH)?, &parts.method) {
        ("/login", &Method::POST) => {
            let Person { openid, kind } = match read(body.take()?).await {
                Ok(person) => person,
                Err(response) => return Some(response),
            };
            let purpose = if kind == Some(Kind::Phone) { Purpose::Phone } else { Purpose::Login };
            Some(told(wechat.code(&openid, purpose).map(|code| json!({ "js_code": code }))))
        }
        ("/open-data", &Method::POST) => {
            let Person { openid, kind } = match read(body.take()?).await {
                Ok(person) => person,
                Err(response) => return Some(response),
            };
            let data = wechat.open_data(&environment.identity, &openid, kind.unwrap_or(Kind::UserInfo));
            Some(told(data.map(|data| json!(data))))
        }
        ("/subscriptions", &Method::POST) => {
            let Answered { openid, templates } = match read(body.take()?).await {
                Ok(answered) => answered,
                Err(response) => return Some(response),
            };
            let mut granted = templates
                .iter()
                .map(|(template, answer)| wechat.grant(&openid, template, u64::from(answer == "accept")));
            Some(told(granted.try_for_each(|it| it).map(|()| json!({}))))
        }
        ("/calls", &Method::GET) => {
            let method = query_value(parts.uri.query().unwrap_or_default(), "method");
            let calls: Vec<Value> = wechat.calls(method.as_deref()).into_iter().map(call).collect();
            Some(reply::json(&calls))
        }
        ("/calls", &Method::DELETE) => {
            wechat.clear();
            Some(reply::json(&json!({})))
        }
        _ => None,
    }
}

/// Returns a call as the inbox shows it.
fn call(call: Recorded) -> Value {
    let Recorded { method, body, time, errcode } = call;
    json!({ "method": method, "body": body, "time": time, "errcode": errcode })
}

async fn read<T: serde::de::DeserializeOwned>(body: Body) -> Result<T, Response> {
    let bytes = envelope::open(body).await.map_err(|failure| refused(&failure.message))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        refused(&format!("the body is not `{{\"openid\": …}}` with what belongs to it: {error}"))
    })
}

fn told(outcome: Result<Value, Refusal>) -> Response {
    match outcome {
        Ok(value) => reply::json(&value),
        Err(refusal) => refused(&refusal.message),
    }
}

fn refused(message: &str) -> Response {
    let mut response = reply::json(&json!({ "code": "INVALID_PARAM", "message": message }));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
