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
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::target::{self, header_values, query_values};
use crate::api::local::OBJECTS;
use crate::api::sign::{Refusal, cos};
use crate::emulator::environment::Environment;
use crate::emulator::storage::Error;
use crate::model::clock::machine_time;

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

/// Returns what an upload carries to show that it was allowed, and to whom.
pub(super) fn authorization(until: i64, owner: Option<&str>, signature: &str) -> String {
    let owner = owner.map_or(String::new(), |owner| format!("&x-owner={}", target::encode(owner)));
    format!("q-sign-time={until}{owner}&q-signature={signature}")
}

/// Answers a request for, or with, bytes.
pub(super) async fn answer(environment: &Environment, parts: Parts, body: Body) -> Response {
    let path = parts.uri.path().strip_prefix(OBJECTS).unwrap_or_default();
    let key = path.strip_prefix('/').unwrap_or(path).to_owned();
    answer_for(environment, &key, parts, body).await
}

/// Whether a host is that of the environment's bucket: `BUCKET.cos.REGION.myqcloud.com`, or `….tencentcos.cn`.
pub(super) fn is_bucket(environment: &Environment, host: &str) -> bool {
    let rest = host.strip_prefix(environment.bucket());
    rest.is_some_and(|rest| rest.starts_with(".cos.") || rest.starts_with(".cos-internal."))
}

/// Answers a request that was made of the bucket itself.
pub(super) async fn answer_bucket(environment: &Environment, parts: Parts, body: Body) -> Response {
    let key = parts.uri.path().trim_start_matches('/').to_owned();
    answer_for(environment, &key, parts, body).await
}

async fn answer_for(environment: &Environment, key: &str, parts: Parts, body: Body) -> Response {
    match parts.method {
        Method::PUT => write::put(environment, &parts, key, body).await,
        Method::POST => write::post(environment, parts, body).await,
        Method::GET if key.is_empty() => listing::list(environment, &parts),
        Method::GET | Method::HEAD => read::read(environment, &parts, key).await,
        _ => xml::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "this method is not served"),
    }
}

/// Checks the signature of object storage, made with the emulator's own key.
fn authenticate(environment: &Environment, parts: &Parts, path: &str) -> Result<(), Refusal> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = header_values(&parts.headers);
    let parameters = query_values(parts.uri.query().unwrap_or_default());
    let method = parts.method.as_str().to_ascii_lowercase();
    let request = cos::Request { method: &method, path, parameters: &parameters, headers: &headers };
    let authorization = parts.headers.get(AUTHORIZATION).map(text).unwrap_or_default();
    let config = &environment.config;
    // Clients sign by their machine's clock, wherever ours was moved.
    let verify = |now| request.verify(&authorization, &config.secret_id, &config.secret_key, now);
    verify(environment.storage.seconds()).or_else(|_| verify(machine_time().div_euclid(1000)))
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
