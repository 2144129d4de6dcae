//! What `/admin` and `/web` wrap an answer in: status 200 whatever happened; a `code` in it means failure. See
//! `docs/wire.md#admin-envelope`.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::data::Answer;
use super::reply;
use crate::api::data::Failure;
use crate::emulator::environment::Environment;

/// The largest request, in bytes: a payload of 6 MB with every character escaped still fits.
pub(super) const MAXIMUM_BODY: usize = 32 * 1024 * 1024;
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Reads a whole request.
pub(super) async fn open(body: Body) -> Result<Bytes, Failure> {
    axum::body::to_bytes(body, MAXIMUM_BODY).await.map_err(|_| {
        Failure::new("EXCEED_MAX_PAYLOAD_SIZE", "the request is larger than 32 MB, or ended too early")
    })
}

/// Wraps what an action answered.
pub(super) fn wrap(environment: &Environment, answered: Result<Answer, Failure>) -> Response {
    let request_id = || environment.config.ids.request();
    match answered {
        Ok(Answer::Data { json, request_id: own }) => {
            let request_id = own.unwrap_or_else(request_id);
            reply::typed(
                StatusCode::OK,
                reply::JSON,
                format!(r#"{{"requestId":"{request_id}","data":{json}}}"#),
            )
        }
        Ok(Answer::Top(fields)) => {
            let request_id = request_id();
            reply::typed(StatusCode::OK, reply::JSON, format!(r#"{{"requestId":"{request_id}",{fields}}}"#))
        }
        Ok(Answer::Bytes(bytes)) => reply::typed(StatusCode::OK, BYTES, bytes),
        Err(Failure { code, message }) => reply::json(&serde_json::json!({
            "requestId": request_id(),
            "code": code,
            "message": message,
        })),
    }
}
