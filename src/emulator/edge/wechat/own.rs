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
    let path = parts.uri.path().strip_prefix(PATH)?;
    match carry_out(environment, path, parts, body).await {
        Ok(answer) => answer.map(|answer| reply::json(&answer)),
        Err(why) => {
            let mut response = reply::json(&json!({ "code": "INVALID_PARAM", "message": why }));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Some(response)
        }
    }
}

/// Returns the answer, or nothing if WeChat has it; else why there is none.
async fn carry_out(
    environment: &Environment,
    path: &str,
    parts: &Parts,
    body: &mut Option<Body>,
) -> Result<Option<Value>, String> {
    let wechat = &environment.wechat;
    let why = |refusal: Refusal| refusal.message;
    Ok(Some(match (path, &parts.method) {
        ("/login", &Method::POST) => {
            let Person { openid, kind } = read(body).await?;
            let purpose = if kind == Some(Kind::Phone) { Purpose::Phone } else { Purpose::Login };
            json!({ "js_code": wechat.code(&openid, purpose).map_err(why)? })
        }
        ("/open-data", &Method::POST) => {
            let Person { openid, kind } = read(body).await?;
            let kind = kind.unwrap_or(Kind::UserInfo);
            json!(wechat.open_data(&environment.identity, &openid, kind).map_err(why)?)
        }
        ("/subscriptions", &Method::POST) => {
            let Answered { openid, templates } = read(body).await?;
            for (template, answer) in &templates {
                wechat.grant(&openid, template, u64::from(answer == "accept")).map_err(why)?;
            }
            json!({})
        }
        ("/calls", &Method::GET) => {
            let method = query_value(parts.uri.query().unwrap_or_default(), "method");
            wechat.calls(method.as_deref()).into_iter().map(call).collect()
        }
        ("/calls", &Method::DELETE) => {
            wechat.clear();
            json!({})
        }
        _ => return Ok(None),
    }))
}

/// Returns a call as the inbox shows it.
fn call(call: Recorded) -> Value {
    let Recorded { method, body, time, errcode } = call;
    json!({ "method": method, "body": body, "time": time, "errcode": errcode })
}

async fn read<T: serde::de::DeserializeOwned>(body: &mut Option<Body>) -> Result<T, String> {
    let bytes = envelope::open(body.take().unwrap_or_default()).await.map_err(|failure| failure.message)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("the body is not `{{\"openid\": …}}` with what belongs to it: {error}"))
}
