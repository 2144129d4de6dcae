//! Storing: the body of a `PUT`, or a copy of another object.

use axum::body::{Body, HttpBody};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, ETAG};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;

use super::conditions::{self, Outcome};
use super::headers::{attributes, digest, value};
use super::refused::Refused;
use super::xml::{document, element};
use super::{authenticate, moment};
use crate::emulator::edge::target::{decode, query_value};
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Error, Object, Purpose};

/// Names the object that is copied: `BUCKET.cos.REGION.myqcloud.com/KEY`.
pub(super) const COPY_SOURCE: &str = "x-cos-copy-source";

/// `PUT KEY`: node-sdk 3, wx-server-sdk 4 and the command line with what they were given for it; the management SDK and
/// those of object storage with the key itself.
pub(super) async fn put(
    environment: &Environment,
    parts: &Parts,
    key: &str,
    body: Body,
) -> Result<Response, Refused> {
    let authorization = value(&parts.headers, AUTHORIZATION.as_str()).unwrap_or_default();
    let owner = match allowed(environment, key, authorization) {
        Some(owner) => owner,
        None if is_ours(authorization) => return Err(outdated()),
        None => {
            authenticate(environment, parts, key)?;
            None
        }
    };
    if body.is_end_stream() && !parts.headers.contains_key(CONTENT_LENGTH) {
        let message = "the request says neither how long the file is nor that it comes in chunks";
        return Err(Refused::new(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message));
    }
    let attributes = attributes(&parts.headers, owner)?;
    let mut upload = environment.storage.create(key, attributes).await?;
    upload.expect(digest(&parts.headers)?);
    if value(&parts.headers, "x-cos-forbid-overwrite") == Some("true") {
        upload.forbid_overwrite()?;
    }
    upload.announce(body.size_hint().exact())?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        upload.write(chunk.map_err(|_| Error::Interrupted)?).await?;
    }
    Ok(stored(&upload.finish().await?.etag))
}

/// `PUT KEY` with `x-cos-copy-source`.
pub(super) async fn copy(environment: &Environment, parts: &Parts, key: &str) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    let from = source(environment, &parts.headers)?;
    let replaces = value(&parts.headers, "x-cos-metadata-directive")
        .is_some_and(|directive| directive.eq_ignore_ascii_case("replaced"));
    let attributes = if replaces { Some(attributes(&parts.headers, None)?) } else { None };
    if from.key == key && !replaces {
        return Err(Refused::bad("InvalidRequest", "a copy onto itself changes nothing"));
    }
    let object = environment.storage.copy(&from.key, key, true, attributes, None).await?;
    Ok(document(
        StatusCode::OK,
        &format!(
            "<CopyObjectResult>{}{}</CopyObjectResult>",
            element("ETag", &format!("\"{}\"", object.etag)),
            element("LastModified", &moment(object.modified))
        ),
    ))
}

/// Returns the object that a request copies, if it meets the request's conditions.
pub(super) fn source(environment: &Environment, headers: &HeaderMap) -> Result<Object, Refused> {
    let unknown = || Refused::bad("InvalidArgument", "`x-cos-copy-source` names no object");
    let source = value(headers, COPY_SOURCE).ok_or_else(unknown)?;
    let (host, key) = source.trim_start_matches('/').split_once('/').ok_or_else(unknown)?;
    if !super::is_bucket(environment, host) {
        return Err(super::no_such_bucket());
    }
    let key = key.split_once('?').map_or(key, |(key, _)| key);
    let object = environment.storage.get(&decode(key).ok_or_else(unknown)?)?;
    match conditions::judge(headers, "x-cos-copy-source-", &object) {
        Outcome::Proceed => Ok(object),
        Outcome::NotModified | Outcome::Failed => Err(precondition_failed()),
    }
}

pub(super) fn precondition_failed() -> Refused {
    Refused::new(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "the file does not meet the conditions",
    )
}

/// Returns whose the file will be, if the caller shows what `storage.getUploadMetadata` gave out for this key.
pub(super) fn allowed(environment: &Environment, key: &str, authorization: &str) -> Option<Option<String>> {
    // js-sdk 3 adds a signature of its own where it finds a secret key (`docs/wire.md#files`).
    let authorization = authorization.split(", ").next().unwrap_or_default();
    let until = query_value(authorization, "q-sign-time")?.parse().ok()?;
    let signature = query_value(authorization, "q-signature")?;
    let owner = query_value(authorization, "x-owner");
    let purpose = Purpose::Write(owner.as_deref());
    environment.storage.verify(purpose, key, until, &signature).then_some(owner)
}

/// Whether an authorization has the form of those that `storage.getUploadMetadata` gives out.
fn is_ours(authorization: &str) -> bool {
    query_value(authorization, "q-signature").is_some() && query_value(authorization, "q-ak").is_none()
}

pub(super) fn outdated() -> Refused {
    Refused::denied("the upload's signature is wrong or has expired")
}

/// The SDKs want an empty body for success.
pub(super) fn stored(etag: &str) -> Response {
    let mut response = Response::new(Body::empty());
    if let Ok(etag) = HeaderValue::try_from(format!("\"{etag}\"")) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}
