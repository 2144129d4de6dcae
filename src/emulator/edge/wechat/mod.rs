//! WeChat's server API over HTTP: its own host, which the preload and the proxy bring here, and a path for everybody else. See
//! `docs/wire.md#wechat-server-api`.

pub(super) mod own;
mod tcb;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod, Request, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};

use super::target::query_values;
use super::{envelope, reply};
use crate::emulator::environment::Shared;
use crate::emulator::wechat::method::{Method, Verb};
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::{Answer, Asked, Media};

/// The host of WeChat's server API.
const HOSTS: [&str; 5] = [
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
];
/// In what the preload brings here: the origin that was meant. `fetch` always writes a `Host` of its own.
const MEANT: &str = "x-cloudkit-host";
/// The path below which the same is served on every host.
pub(super) const PATH: &str = "/__cloudkit/wechat";

/// What came with a request.
#[derive(Default)]
struct Content {
    fields: Map<String, Value>,
    /// As it came, unless it is a form.
    bytes: Bytes,
    /// The name and the bytes of a file.
    media: Option<(String, Bytes)>,
}

/// Whether a request is for WeChat.
pub(super) fn is_meant(host: &str, headers: &HeaderMap) -> bool {
    let meant = headers.get(MEANT).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    HOSTS.contains(&host) || meant.split_once("://").is_some_and(|(_, meant)| HOSTS.contains(&meant))
}

/// Answers one request to `path`.
pub(super) async fn answer(environment: &Shared, path: &str, parts: &Parts, body: Body) -> Response {
    let wechat = &environment.wechat;
    let query = query_values(parts.uri.query().unwrap_or_default());
    let mut fields: Map<String, Value> =
        query.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let token = query.iter().find(|(name, _)| name == "access_token").map(|(_, token)| token.as_str());
    if let Some(name) = path.strip_prefix("/tcb/") {
        let flaw = check_verb(Verb::Post, &parts.method).and_then(|()| wechat.check_own_token(token));
        let answer = tcb::answer(environment, name, fields, body, flaw).await;
        return written(answer);
    }
    let method = match Method::at(path) {
        Ok(method) => method,
        Err(refusal) => return reply::json(&wechat.refusal(&refusal.saying(path))),
    };
    let content = match read(parts, body).await {
        Ok(Some(content)) => Ok(content),
        Ok(None) if method.verb == Verb::Post => Err(Refusal::empty()),
        Ok(None) => Ok(Content::default()),
        Err(refusal) => Err(refusal),
    };
    let flaw = check_verb(method.verb, &parts.method)
        .and_then(|()| if method.is_open() { Ok(()) } else { wechat.check_token(token) });
    let (content, unread) = match content {
        Ok(content) => (content, Ok(())),
        Err(refusal) => (Content::default(), Err(refusal)),
    };
    fields.extend(content.fields);
    let media = content.media.as_ref().map(|(name, bytes)| Media { name, bytes });
    let signed = Some(&*content.bytes);
    let asked = Asked { method: &method, fields: &fields, signed, media, people: &environment.identity };
    written(wechat.answer(&asked, flaw.and(unread)))
}

fn check_verb(verb: Verb, asked: &HttpMethod) -> Result<()> {
    match verb {
        Verb::Get if asked != HttpMethod::GET => Err(Refusal::needs_get()),
        Verb::Post if asked != HttpMethod::POST => Err(Refusal::needs_post()),
        _ => Ok(()),
    }
}

/// Reads a body: nothing, a form with a file, or JSON, whatever its type says.
async fn read(parts: &Parts, body: Body) -> Result<Option<Content>> {
    if is_form(&parts.headers) {
        return form(parts, body).await.map(Some).ok_or_else(Refusal::no_media);
    }
    let bytes = envelope::open(body).await.map_err(|_| Refusal::too_long())?;
    if bytes.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(Some(Content { fields, bytes, media: None })),
        Ok(_) | Err(_) => Err(Refusal::not_json()),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.starts_with("multipart/")
}

/// Reads a form: the file `media`, and the other fields as texts, of other files their names.
async fn form(parts: &Parts, body: Body) -> Option<Content> {
    let mut request = Request::from_parts(parts.clone(), body);
    DefaultBodyLimit::max(envelope::MAXIMUM_BODY).apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut content = Content::default();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.ok()?;
        if name == "media" {
            content.media = Some((file.unwrap_or(name), bytes));
        } else {
            let text = file.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
            content.fields.insert(name, text.into());
        }
    }
    Some(content)
}

fn written(answer: Answer) -> Response {
    match answer {
        Answer::Fields(fields) => reply::json(&fields),
        Answer::Picture(picture) => {
            let content_type = HeaderValue::from_static(picture.content_type);
            reply::typed(StatusCode::OK, content_type, picture.bytes)
        }
    }
}
