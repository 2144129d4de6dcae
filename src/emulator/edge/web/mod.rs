//! `POST /web?env=…`: the door of `@cloudbase/js-sdk` 1 and 2 and of tcb-js-sdk. The same actions as server SDKs', in the
//! name of whoever the access token names. See `docs/wire.md#web-envelope`.

mod auth;
mod over_function;

pub(super) use auth::send_code;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::data::{self, Answer, Call};
use super::target::query_value;
use super::{bearer, envelope};
use crate::api::data::function::{InvokeFunction, InvokeFunctionReply};
use crate::api::data::{Failure, SdkAction};
use crate::emulator::environment::Shared;

/// The fields that every request may have.
#[derive(Deserialize)]
#[serde(expecting = "an object with an `action`")]
struct Asked<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    access_token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    env: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function_name: Option<Cow<'a, str>>,
}

/// Answers one request.
pub(super) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    envelope::wrap(environment, carry_out(environment, parts, body).await)
}

async fn carry_out(environment: &Shared, parts: &Parts, body: Body) -> Result<Answer, Failure> {
    let body = envelope::open(body).await?;
    let asked: Asked<'_> = serde_json::from_slice(&body).map_err(Failure::parameter)?;
    let token = asked.access_token.as_deref().unwrap_or_default();
    let env = asked.env.as_deref().unwrap_or_default();
    if let Some(answer) =
        auth::answer(environment, &auth::Asked { action: &asked.action, token, env, body: &body })
    {
        return answer;
    }
    let principal = bearer::principal(environment, token)?;
    if asked.action == InvokeFunction::NAME && asked.function_name.as_deref() == Some(over_function::NAME) {
        return over_function::answer(environment, token, &body).await;
    }
    let call = Call {
        action: &asked.action,
        principal: &principal,
        session_token: "",
        source: "",
        body: &body,
        file: &[],
    };
    let answer = data::answer(environment, &call).await?;
    let query = parts.uri.query().unwrap_or_default();
    match call.action == InvokeFunction::NAME && query_value(query, "parse").as_deref() == Some("true") {
        true => parsed(answer),
        false => Ok(answer),
    }
}

/// Returns a function's result as a value rather than its text (`callFunction({ parse: true })`).
fn parsed(answer: Answer) -> Result<Answer, Failure> {
    let Answer::Data { json, request_id } = answer else { return Ok(answer) };
    let InvokeFunctionReply { response_data } = serde_json::from_str(&json).map_err(Failure::parameter)?;
    let value = RawValue::from_string(response_data).map_err(Failure::parameter)?;
    Ok(Answer::Data { json: format!(r#"{{"response_data":{value}}}"#), request_id })
}
