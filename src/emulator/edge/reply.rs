//! The few forms an answer has.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

/// The SDKs compare this text byte for byte (`docs/wire.md#wechat-apis`).
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Returns an answer with a body of a given type.
pub(super) fn typed(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Returns a sentence.
pub(super) fn plain(status: StatusCode, sentence: String) -> Response {
    typed(status, TEXT, sentence)
}

/// Returns a value as JSON, with the exact content type the SDKs look for.
pub(super) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => typed(StatusCode::OK, JSON, body),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer is not JSON: {error}\n")),
    }
}
