//! `POST /v1/functions/NAME`: the body is the event, the answer the result.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Asked, Result, Trouble};
use crate::api::data::Failure;
use crate::api::data::function::InvokeFunctionReply;
use crate::emulator::edge::reply;
use crate::emulator::edge::target::{decode, query_values};

pub(super) async fn answer(asked: &Asked<'_>, name: &str) -> Result<Response> {
    let name = decode(name).unwrap_or_default();
    let fields = json!({ "function_name": name, "request_data": event(asked)? });
    let answer = asked.act("functions.invokeFunction", &fields).await.map_err(renamed)?;
    let InvokeFunctionReply { response_data } = serde_json::from_str(&answer).map_err(Failure::parameter)?;
    Ok(match serde_json::from_str::<Value>(&response_data) {
        Ok(Value::String(text)) => reply::plain(StatusCode::OK, text),
        _ => reply::typed(StatusCode::OK, reply::JSON, response_data),
    })
}

fn event(asked: &Asked<'_>) -> Result<String> {
    if asked.parts.method == Method::GET {
        let values = query_values(asked.parts.uri.query().unwrap_or_default()).into_iter();
        let fields: Map<String, Value> = values.map(|(name, value)| (name, value.into())).collect();
        return Ok(Value::Object(fields).to_string());
    }
    Ok(std::str::from_utf8(asked.body).map_err(Failure::parameter)?.to_owned())
}

/// The gateway has names of its own for what goes wrong in a function.
fn renamed(trouble: Trouble) -> Trouble {
    let (status, code) = match trouble.failure.code {
        "FUNCTIONS_EXECUTE_FAIL" => (StatusCode::INTERNAL_SERVER_ERROR, "FUNCTION_INVOCATION_FAILED"),
        "FUNCTIONS_TIME_LIMIT_EXCEEDED" => (StatusCode::GATEWAY_TIMEOUT, "FUNCTION_TIME_LIMIT_EXCEEDED"),
        "FUNCTIONS_MEMORY_LIMIT_EXCEEDED" => {
            (StatusCode::INTERNAL_SERVER_ERROR, "FUNCTION_MEMORY_LIMIT_EXCEEDED")
        }
        "FUNCTIONS_PARAM_INVALID" => (StatusCode::BAD_REQUEST, "FUNCTION_PARAM_INVALID"),
        "EXCEED_CONCURRENT_REQUEST_LIMIT" => {
            (StatusCode::TOO_MANY_REQUESTS, "FUNCTION_EXCEED_RESOURCE_LIMIT")
        }
        _ => return trouble,
    };
    Trouble { status, failure: Failure { code, ..trouble.failure } }
}
