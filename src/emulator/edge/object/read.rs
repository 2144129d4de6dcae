//! Reading: whole, a range, or the head only.

use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::conditions::{self, Outcome};
use super::headers::value;
use super::refused::Refused;
use super::write::precondition_failed;
use super::{authenticate, query, xml};
use crate::api::local::OBJECTS;
use crate::emulator::access::files::{self, Use};
use crate::emulator::edge::target::{decode, query_values};
use crate::emulator::environment::Environment;
use crate::emulator::principal::Principal;
use crate::emulator::storage::{Object, Purpose, Reading};

/// What `response-…` in the query may say instead of the file's own headers (COS).
const REPLACEABLE: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// Returns a signed link; `path` is the key in the encoding the client wants.
pub(super) fn link(environment: &Environment, key: &str, seconds: u64, path: &str) -> String {
    let until = environment.storage.seconds().saturating_add_unsigned(seconds);
    let signature = environment.storage.sign(Purpose::Read, key, until);
    format!("{}{OBJECTS}/{path}?sign={signature}&t={until}", environment.url)
}

/// `GET KEY` and `HEAD KEY`.
pub(super) async fn read(environment: &Environment, parts: &Parts, path: &str) -> Result<Response, Refused> {
    let key = permitted_key(environment, parts, path)?;
    let mut reading = environment.storage.open(&key).await?;
    let (object, size) = (reading.object.clone(), reading.object.size);
    match conditions::judge(&parts.headers, "", &object) {
        Outcome::Proceed => {}
        Outcome::NotModified => return Ok(describe(StatusCode::NOT_MODIFIED, &object, Body::empty())),
        Outcome::Failed => return Err(precondition_failed()),
    }
    let range = value(&parts.headers, RANGE.as_str())
        .filter(|_| conditions::range_applies(&parts.headers, &object))
        .and_then(|range| parse_range(range, size));
    let mut response = match range {
        None => sized(describe(StatusCode::OK, &object, content(parts, reading)), size),
        Some(Ok(range)) => {
            let length = range.end - range.start;
            reading.narrow(range.start, length)?;
            let mut response = describe(StatusCode::PARTIAL_CONTENT, &object, content(parts, reading));
            let told = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            insert(&mut response, CONTENT_RANGE, told);
            sized(response, length)
        }
        Some(Err(Unsatisfiable)) => return Ok(unsatisfiable(size, path)),
    };
    replace(&mut response, parts);
    Ok(response)
}

/// Finds the key a path stands for and whether the request may read it; else says why not. Without a signature it may do
/// what a client may that has not logged in.
///
/// A link that went through `encodeURI` has its escapes escaped once more, so the path is tried decoded once and twice.
fn permitted_key(environment: &Environment, parts: &Parts, path: &str) -> Result<String, Refused> {
    let once = decode(path).ok_or_else(|| Refused::denied("the path is not UTF-8"))?;
    let signature = query(parts, "sign").filter(|sign| !sign.contains("q-signature"));
    let Some(signature) = signature else {
        if is_signed(parts) {
            return authenticate(environment, parts, &once).map(|()| once);
        }
        return match files::check(environment, &Principal::Client(None), Use::Read, &once) {
            Ok(()) => Ok(once),
            Err(_) => Err(Refused::denied("the link is not signed")),
        };
    };
    let twice = decode(&once).unwrap_or_else(|| once.clone());
    let until = query(parts, "t").and_then(|until| until.parse().ok()).unwrap_or_default();
    [once, twice]
        .into_iter()
        .find(|key| environment.storage.verify(Purpose::Read, key, until, &signature))
        .ok_or_else(|| Refused::denied("the link has expired, or its signature is wrong"))
}

/// Whether a request is signed as object storage wants it; browsers send tokens of their own.
fn is_signed(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let header = value(&parts.headers, AUTHORIZATION.as_str()).unwrap_or_default();
    query.contains("q-signature") || header.contains("q-signature")
}

fn unsatisfiable(size: u64, path: &str) -> Response {
    const WHY: &str = "the range lies beyond the file";
    let mut response = xml::error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", WHY, path);
    insert(&mut response, CONTENT_RANGE, format!("bytes */{size}"));
    response
}

/// Puts what `response-…` asks for in place of the file's own headers.
fn replace(response: &mut Response, parts: &Parts) {
    for (name, value) in query_values(parts.uri.query().unwrap_or_default()) {
        let name = name.strip_prefix("response-").filter(|name| REPLACEABLE.contains(name));
        if let Some(Ok(name)) = name.map(HeaderName::try_from) {
            insert(response, name, value);
        }
    }
}

/// Returns the bytes as a stream, or none for `HEAD`.
fn content(parts: &Parts, reading: Reading) -> Body {
    if parts.method == Method::HEAD {
        return Body::empty();
    }
    Body::from_stream(futures_util::stream::try_unfold(reading, |mut reading| async {
        reading.next().await.map(|bytes| bytes.map(|bytes| (bytes, reading)))
    }))
}

fn describe(status: StatusCode, object: &Object, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in &object.headers {
        if let Ok(name) = HeaderName::try_from(name) {
            insert(&mut response, name, value.clone());
        }
    }
    insert(&mut response, CONTENT_TYPE, object.content_type.clone());
    insert(&mut response, ETAG, format!("\"{}\"", object.etag));
    insert(&mut response, ACCEPT_RANGES, "bytes".into());
    // A stored page must not be taken for one of ours.
    insert(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff".into());
    let modified = jiff::Timestamp::from_millisecond(object.modified).unwrap_or_default();
    insert(&mut response, LAST_MODIFIED, modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    response
}

fn sized(mut response: Response, length: u64) -> Response {
    insert(&mut response, CONTENT_LENGTH, length.to_string());
    response
}

/// Sets a header; a value that cannot be one (a content type with a line break) is left out.
fn insert(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A range that lies beyond the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsatisfiable;

/// Reads `bytes=A-B`, `bytes=A-` or `bytes=-N`. Several ranges, or nonsense, count as no range.
pub(super) fn parse_range(header: &str, size: u64) -> Option<Result<Range<u64>, Unsatisfiable>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    if !first.bytes().chain(last.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number beyond all numbers lies beyond the file.
    let number = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX));
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) => first..size,
        (None, Some(count)) => size.saturating_sub(count)..size,
        _ => return None,
    };
    Some(if range.start < range.end { Ok(range) } else { Err(Unsatisfiable) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, expected) in [
            ("bytes=0-0", Some(Ok(0..1))),
            ("bytes=2-5", Some(Ok(2..6))),
            ("bytes=2-", Some(Ok(2..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-30", Some(Ok(0..10))),
            ("bytes=8-99", Some(Ok(8..10))),
            ("bytes=8-99999999999999999999", Some(Ok(8..10))),
            ("bytes=+1-2", None),
            ("bytes=-", None),
            ("bytes=10-", Some(Err(Unsatisfiable))),
            ("bytes=-0", Some(Err(Unsatisfiable))),
            ("bytes=5-2", None),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
            ("bytes=x-y", None),
        ] {
            assert_eq!(parse_range(header, 10), expected, "{header}");
        }
    }
}
