//! The bytes of files: `/__cloudkit/object/KEY`, in the manner of COS. See
//! `docs/wire.md#files`.
//!
//! `PUT KEY` and `POST` of a form store, `GET` and `HEAD` read, `GET /?prefix=…` lists. Answers have an empty body or
//! XML: the SDKs parse nothing else.

mod listing;
mod read;
mod write;
mod xml;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::target;
use crate::api::local::OBJECTS;
use crate::emulator::environment::Environment;
use crate::emulator::storage::Error;

/// Returns where the bytes of an upload go.
pub(super) fn upload_url(environment: &Environment, key: &str) -> String {
    format!("{}{OBJECTS}/{}", environment.url, target::encode(key))
}

/// Returns a link that reads a file for so many seconds; it survives one `encodeURI`.
pub(super) fn download_url(environment: &Environment, key: &str, seconds: u64) -> String {
    read::link(environment, key, seconds, &target::encode_lightly(key))
}

/// Returns a link for clients that use it as it is.
pub(super) fn encoded_download_url(environment: &Environment, key: &str, seconds: u64) -> String {
    read::link(environment, key, seconds, &target::encode(key))
}

/// Returns a text that a header can carry.
pub(super) fn encoded(text: &str) -> String {
    target::encode(text)
}

/// Returns what an upload carries to show that it was allowed.
pub(super) fn authorization(until: i64, signature: &str) -> String {
    format!("q-sign-time={until}&q-signature={signature}")
}

/// Answers a request for, or with, bytes.
pub(super) async fn answer(environment: &Environment, parts: Parts, body: Body) -> Response {
    let path = parts.uri.path().strip_prefix(OBJECTS).unwrap_or_default();
    let key = path.strip_prefix('/').unwrap_or(path).to_owned();
    match parts.method {
        Method::PUT => write::put(environment, &parts, &key, body).await,
        Method::POST => write::post(environment, parts, body).await,
        Method::GET if key.is_empty() => listing::list(environment, &parts),
        Method::GET | Method::HEAD => read::read(environment, &parts, &key).await,
        _ => xml::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "this method is not served"),
    }
}

/// Returns a failure of the store as COS would tell it.
fn failure(error: &Error) -> Response {
    let (status, code) = match error {
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "NoSuchKey"),
        Error::Key { .. } => (StatusCode::BAD_REQUEST, "InvalidURI"),
        Error::Exists { .. } => (StatusCode::CONFLICT, "ObjectAlreadyExists"),
        Error::Interrupted => (StatusCode::BAD_REQUEST, "IncompleteBody"),
        Error::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    };
    xml::error(status, code, &error.to_string())
}
