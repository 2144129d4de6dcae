//! Storing: the body of a `PUT`, or the file of a form.

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;

use super::{authenticate, failure, xml};
use crate::emulator::edge::target::{decode, query_value};
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Error, Object, Purpose};

/// `PUT KEY`: node-sdk 3, wx-server-sdk 4 and the command line with what they were given for it; the management SDK with
/// the key itself.
pub(super) async fn put(environment: &Environment, parts: &Parts, key: &str, body: Body) -> Response {
    let Some(key) = decode(key) else {
        return failure(&Error::Key { key: key.to_owned(), reason: "it is not UTF-8" });
    };
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let signed = || authenticate(environment, parts, &format!("/{key}")).is_ok();
    let owner = match allowed(environment, &key, header(AUTHORIZATION).unwrap_or_default()) {
        Some(owner) => owner,
        None if signed() => None,
        None => return denied(),
    };
    stored(store(environment, &key, header(CONTENT_TYPE), owner.as_deref(), body).await)
}

async fn store(
    environment: &Environment,
    key: &str,
    content_type: Option<&str>,
    owner: Option<&str>,
    body: Body,
) -> Result<Object, Error> {
    let mut upload = environment.storage.create(key, content_type, owner).await?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        upload.write(&chunk.map_err(|_| Error::Interrupted)?).await?;
    }
    upload.finish().await
}

/// `POST` of a form: fields first, then `file` (node-sdk 2, tcb-admin-node).
pub(super) async fn post(environment: &Environment, parts: Parts, body: Body) -> Response {
    let mut request = Request::from_parts(parts, body);
    // The bytes go to disk as they come; their size is the user's business.
    DefaultBodyLimit::disable().apply(&mut request);
    let Ok(form) = Multipart::from_request(request, &()).await else {
        return xml::error(StatusCode::BAD_REQUEST, "MalformedPOSTRequest", "the request is not a form");
    };
    match store_form(environment, form).await {
        Ok(Some((object, status))) => {
            let mut response = stored(Ok(object));
            *response.status_mut() = status;
            response
        }
        Ok(None) => denied(),
        Err(error) => failure(&error),
    }
}

/// Stores the file of a form, unless its fields do not allow it; returns the status that they ask for, too (web SDKs
/// take no other than 201).
async fn store_form(
    environment: &Environment,
    mut form: Multipart,
) -> Result<Option<(Object, StatusCode)>, Error> {
    let (mut key, mut signature, mut status) = (String::new(), String::new(), StatusCode::OK);
    while let Some(field) = form.next_field().await.map_err(|_| Error::Interrupted)? {
        match field.name().unwrap_or_default() {
            "key" => key = field.text().await.map_err(|_| Error::Interrupted)?,
            "Signature" | "signature" => signature = field.text().await.map_err(|_| Error::Interrupted)?,
            "success_action_status" => {
                let asked = field.text().await.map_err(|_| Error::Interrupted)?;
                status = if asked == "201" { StatusCode::CREATED } else { status };
            }
            "file" => {
                let key = key.trim_start_matches('/');
                let Some(owner) = allowed(environment, key, &signature) else { return Ok(None) };
                let object = store_field(environment, key, owner.as_deref(), field).await?;
                return Ok(Some((object, status)));
            }
            _ => {}
        }
    }
    Err(Error::Interrupted)
}

async fn store_field(
    environment: &Environment,
    key: &str,
    owner: Option<&str>,
    mut field: Field<'_>,
) -> Result<Object, Error> {
    let mut upload = environment.storage.create(key, None, owner).await?;
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::Interrupted)? {
        upload.write(&chunk).await?;
    }
    upload.finish().await
}

/// Returns whose the file will be, if the caller shows what `storage.getUploadMetadata` gave out for this key.
fn allowed(environment: &Environment, key: &str, authorization: &str) -> Option<Option<String>> {
    let until = query_value(authorization, "q-sign-time")?.parse().ok()?;
    let signature = query_value(authorization, "q-signature")?;
    let owner = query_value(authorization, "x-owner");
    let purpose = Purpose::Write(owner.as_deref());
    environment.storage.verify(purpose, key, until, &signature).then_some(owner)
}

fn denied() -> Response {
    xml::error(StatusCode::FORBIDDEN, "AccessDenied", "the upload's signature is wrong or has expired")
}

/// The SDKs want an empty body for success.
fn stored(result: Result<Object, Error>) -> Response {
    let object = match result {
        Ok(object) => object,
        Err(error) => return failure(&error),
    };
    let mut response = Response::new(Body::empty());
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}
