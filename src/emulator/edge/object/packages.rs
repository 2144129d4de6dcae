//! Where official tools bring packages on their way to a function: another bucket, `REGIONtempcos-1253665819`. They come whole
//! or in parts, under the one signature that was given out for the place. See `docs/wire.md#proxies`.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, ETAG};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::query;
use super::refused::Refused;
use super::xml::{document, element};
use crate::emulator::edge::control::packages::{code_of, read};
use crate::emulator::edge::target::decode;
use crate::emulator::environment::Environment;

/// The name of an upload in parts: a place has one at a time.
const UPLOAD: &str = "package";

/// Whether a host is that of the bucket.
pub(in crate::emulator::edge) fn is_package_store(host: &str) -> bool {
    host.contains("tempcos-1253665819.cos.")
}

/// Answers a request of the bucket.
pub(in crate::emulator::edge) async fn answer_package(
    environment: &Environment,
    parts: &Parts,
    body: Body,
) -> Response {
    let key = decode(parts.uri.path()).unwrap_or_default();
    let answered = match read(body).await {
        Ok(body) => {
            let signature =
                parts.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
            let deployments = &environment.deployments;
            let number = query(parts, "partNumber").map(|number| number.parse().unwrap_or_default());
            match (parts.method.as_str(), number) {
                ("GET", _) if query(parts, "uploads").is_some() => {
                    return told("ListMultipartUploadsResult", &element("IsTruncated", "false"));
                }
                ("POST", _) if query(parts, "uploads").is_some() => {
                    return told("InitiateMultipartUploadResult", &element("UploadId", UPLOAD));
                }
                ("PUT", Some(number)) => deployments.receive_part(&key, signature, number, body),
                ("PUT", None) => deployments.receive(&key, signature, body),
                ("POST", _) => deployments.complete(&key, signature),
                _ => {
                    let message = "the emulator takes packages here, and gives none";
                    let refused = Refused::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
                    return refused.into_response(&key);
                }
            }
        }
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok(()) => {
            // Keys of object storage do not begin with a slash.
            let told_key = element("Key", key.trim_start_matches('/'));
            let mut response = told("CompleteMultipartUploadResult", &told_key);
            response.headers_mut().insert(ETAG, HeaderValue::from_static("\"package\""));
            response
        }
        Err(refusal) => {
            let (status, code) = code_of(refusal);
            Refused::new(status, code, refusal.to_string()).into_response(&key)
        }
    }
}

fn told(name: &str, body: &str) -> Response {
    document(StatusCode::OK, &format!("<{name}>{body}</{name}>"))
}
