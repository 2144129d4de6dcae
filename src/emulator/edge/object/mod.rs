//! The bytes of files: `/__cloudkit/object/KEY` and the bucket's own host, in the manner of COS. See
//! `docs/wire.md#files` and `docs/wire.md#object-storage`.
//!
//! Answers have an empty body or XML: the SDKs parse nothing else.

mod conditions;
mod delete;
mod form;
mod headers;
mod listing;
mod names;
mod packages;
mod parts;
mod read;
mod refused;
mod write;
mod xml;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::target::{self, decode, header_values, query_value, query_values};
use crate::api::local::OBJECTS;
use crate::api::sign::{Refusal, cos};
use crate::emulator::environment::Environment;
use crate::emulator::storage::Error;
use crate::model::clock::{Millis, machine_time};
use refused::Refused;

pub(super) use packages::{answer_package, is_package_store};

/// What follows `?` and asks for something else than the object or the bucket's list; it is not served.
const NOT_SERVED: [&str; 20] = [
    "accelerate",
    "acl",
    "append",
    "cors",
    "domain",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "object-lock",
    "policy",
    "referer",
    "replication",
    "restore",
    "tagging",
    "torrent",
    "versioning",
    "versions",
    "website",
];

/// The largest list in a body, in bytes: 10 000 parts, or 1000 of the longest names.
const LARGEST_LIST: usize = 4 << 20;

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
    let path = path.strip_prefix('/').unwrap_or(path).to_owned();
    answer_for(environment, &path, parts, body).await
}

/// Whether a host is that of the environment's bucket: `BUCKET.cos.REGION.myqcloud.com`, or `….tencentcos.cn`.
pub(super) fn is_bucket(environment: &Environment, host: &str) -> bool {
    let rest = host.strip_prefix(environment.bucket());
    rest.is_some_and(|rest| rest.starts_with(".cos.") || rest.starts_with(".cos-internal."))
}

/// Answers a request that was made of the bucket itself.
pub(super) async fn answer_bucket(environment: &Environment, parts: Parts, body: Body) -> Response {
    let path = parts.uri.path().strip_prefix('/').unwrap_or_default().to_owned();
    answer_for(environment, &path, parts, body).await
}

async fn answer_for(environment: &Environment, path: &str, parts: Parts, body: Body) -> Response {
    let answered = match decode(path) {
        Some(key) => operate(environment, path, &key, parts, body).await,
        None => Err(Error::Key { key: path.to_owned(), reason: "it is not UTF-8" }.into()),
    };
    let mut response = answered.unwrap_or_else(|refused| refused.into_response(path));
    response.headers_mut().insert("x-cos-request-id", HeaderValue::from_static("local"));
    names::capitalize(&mut response).await;
    response
}

/// Carries out what method, key and query ask for.
async fn operate(
    environment: &Environment,
    path: &str,
    key: &str,
    parts: Parts,
    body: Body,
) -> Result<Response, Refused> {
    let asked = query_values(parts.uri.query().unwrap_or_default());
    let has = |wanted: &str| asked.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let copies = parts.headers.contains_key(write::COPY_SOURCE);
    if let Some(name) = NOT_SERVED.into_iter().find(|name| has(name)) {
        let message = format!("`?{name}` is not served by the emulator");
        return Err(Refused::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message));
    }
    match (parts.method.as_str(), key.is_empty()) {
        ("GET", true) if has("uploads") => self::parts::list_uploads(environment, &parts),
        ("GET", true) => listing::list(environment, &parts),
        ("HEAD", true) => authenticate(environment, &parts, "").map(|()| Response::default()),
        ("POST", true) if has("delete") => delete::many(environment, &parts, body).await,
        ("GET", false) if has("uploadId") => self::parts::list(environment, &parts, key),
        ("GET" | "HEAD", false) => read::read(environment, &parts, path).await,
        ("PUT", false) if has("uploadId") => self::parts::put(environment, &parts, key, body).await,
        ("PUT", false) if copies => write::copy(environment, &parts, key).await,
        ("PUT", false) => write::put(environment, &parts, key, body).await,
        ("POST", false) if has("uploads") => self::parts::begin(environment, &parts, key),
        ("POST", false) if has("uploadId") => self::parts::complete(environment, &parts, key, body).await,
        ("POST", _) => form::post(environment, parts, body).await,
        ("DELETE", false) if has("uploadId") => self::parts::abort(environment, &parts, key),
        ("DELETE", false) => delete::one(environment, &parts, key).await,
        _ => Err(Refused::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "this method is not served here",
        )),
    }
}

/// Checks the signature of object storage, made with the emulator's own key, in the header or in the query.
fn authenticate(environment: &Environment, parts: &Parts, key: &str) -> Result<(), Refused> {
    Ok(verify(environment, parts, key)?)
}

fn verify(environment: &Environment, parts: &Parts, key: &str) -> Result<(), Refusal> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = header_values(&parts.headers);
    let parameters = query_values(parts.uri.query().unwrap_or_default());
    let (method, path) = (parts.method.as_str().to_ascii_lowercase(), format!("/{key}"));
    let request = cos::Request { method: &method, path: &path, parameters: &parameters, headers: &headers };
    let authorization = match parts.headers.get(AUTHORIZATION) {
        Some(header) => text(header),
        None => presigned(&parameters),
    };
    let config = &environment.config;
    // Clients sign by their machine's clock, wherever ours was moved.
    let verify = |now| request.verify(&authorization, &config.secret_id, &config.secret_key, now);
    verify(environment.storage.seconds()).or_else(|refusal| {
        verify(machine_time().div_euclid(1000))
            .map_err(|other| if other == Refusal::Mismatch { other } else { refusal })
    })
}

/// Returns the authorization that an address carries: one parameter `sign`, or several `q-…`.
fn presigned(parameters: &[(String, String)]) -> String {
    if let Some((_, sign)) = parameters.iter().find(|(name, _)| name == "sign") {
        return sign.clone();
    }
    let signed = parameters.iter().filter(|(name, _)| name.starts_with("q-"));
    signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Whether a request is for another bucket than ours.
pub(super) fn is_foreign_bucket(host: &str) -> bool {
    (host.ends_with(".myqcloud.com") || host.ends_with(".tencentcos.cn"))
        && (host.contains(".cos.") || host.contains(".cos-internal."))
}

/// Refuses a bucket that is not there.
pub(super) fn answer_foreign_bucket() -> Response {
    no_such_bucket().into_response("")
}

fn no_such_bucket() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "NoSuchBucket", "the emulator has the bucket of its environment only")
}

/// Reads a body that is a list.
async fn read_list(body: Body) -> Result<Bytes, Refused> {
    let read = to_bytes(body, LARGEST_LIST).await;
    read.map_err(|_| Refused::bad("IncompleteBody", "the list ended too early, or is larger than 4 MB"))
}

fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Returns the first value of that name in the query.
fn query(parts: &Parts, name: &str) -> Option<String> {
    query_value(parts.uri.query().unwrap_or_default(), name)
}

/// Returns a time as listings tell it.
fn moment(time: Millis) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(time).unwrap_or_default())
}
