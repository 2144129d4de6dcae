//! `POST /admin`: the one door of every server SDK, in both dialects. See
//! `docs/wire.md#admin-envelope`.
//!
//! Any environment id stands for the one environment, and any credentials are taken: a function may carry its own. Only
//! who claims to hold the emulator's own key must have signed with it.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request};
use axum::response::Response;
use serde_json::{Map, Value};

use super::data::{self, Answer, Call};
use super::envelope;
use super::target::header_values;
use crate::api::data::{Common, Failure};
use crate::api::sign::{self, Authorization};
use crate::emulator::environment::Shared;
use crate::emulator::principal::Principal;

/// Answers one request.
pub(super) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    envelope::wrap(environment, carry_out(environment, parts, body).await)
}

async fn carry_out(environment: &Shared, parts: &Parts, body: Body) -> Result<Answer, Failure> {
    let (body, file) = if header(&parts.headers, CONTENT_TYPE).starts_with("multipart/") {
        flatten(parts, body).await?
    } else {
        let body = envelope::open(body).await?;
        authenticate(environment, parts, &body)?;
        (body, Bytes::new())
    };
    let common: Common<'_> = serde_json::from_slice(&body).map_err(Failure::parameter)?;
    let call = Call {
        action: &common.action,
        principal: &Principal::Admin,
        session_token: common.session_token(),
        source: header(&parts.headers, HeaderName::from_static("x-tcb-source")),
        body: &body,
        file: &file,
    };
    data::answer(environment, &call).await
}

/// Turns a form into the flat object the JSON requests have, and the bytes it carries.
async fn flatten(parts: &Parts, body: Body) -> Result<(Bytes, Bytes), Failure> {
    let mut request = Request::from_parts(parts.clone(), body);
    DefaultBodyLimit::max(envelope::MAXIMUM_BODY).apply(&mut request);
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::parameter(format_args!("unreadable form: {error}"));
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| unreadable(&error))?;
    let (mut fields, mut file) = (Map::new(), Bytes::new());
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
        match name.as_str() {
            // What goes to WeChat is no text.
            "file" | "requestData" => file = bytes,
            _ => drop(fields.insert(name, Value::String(String::from_utf8_lossy(&bytes).into_owned()))),
        }
    }
    let fields = serde_json::to_vec(&fields).map_err(Failure::parameter)?;
    Ok((fields.into(), file))
}

/// Checks the signature of a request that names the emulator's own key.
fn authenticate(environment: &Shared, parts: &Parts, body: &[u8]) -> Result<(), Failure> {
    let config = &environment.config;
    let named = Authorization::parse(header(&parts.headers, AUTHORIZATION)).ok();
    if named.is_none_or(|named| named.secret_id != config.secret_id) {
        return Ok(());
    }
    let headers = header_values(&parts.headers);
    let received = sign::Received {
        method: parts.method.as_str(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    sign::admin::verify(&received, &config.secret_key)
        .map_err(|refusal| Failure::new("SIGN_PARAM_INVALID", format!("[AuthFailure] {refusal}")))
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
