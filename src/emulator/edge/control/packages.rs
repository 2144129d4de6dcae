//! Packages on their way: where a client puts one before a deploy, and where it fetches one from.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::{Result, reply};
use crate::api::control::function::{GetTempCosInfo, TempCos};
use crate::api::local::PACKAGES;
use crate::emulator::environment::Shared;

/// The largest package, in bytes; SCF allows 500 MB unpacked.
const LARGEST: usize = 256 * 1024 * 1024;

/// Gives out a place for an upload.
pub(super) async fn place(environment: &Shared, asked: GetTempCosInfo) -> Result<TempCos> {
    let now = jiff::Timestamp::from_millisecond(environment.config.clock.now()).unwrap_or_default();
    let date = now.strftime("%Y-%m-%d").to_string();
    // The SDK of object storage looks at it before it sends it along (`docs/wire.md#proxies`).
    let sign = format!(
        "q-sign-algorithm=sha1&q-ak=cloudkit&q-sign-time=0;0&q-key-time=0;0&q-header-list=&q-url-param-list=&q-signature={}",
        environment.config.ids.request()
    );
    let path = asked.object_path.trim_start_matches('/');
    environment.deployments.expect(format!("/{date}/{path}"), sign.clone());
    Ok(TempCos { date, sign })
}

/// Answers `PUT` of a package to a place given out, and `GET` of a link given out.
pub(in crate::emulator::edge) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    let key = parts.uri.path().strip_prefix(PACKAGES).unwrap_or_default();
    match parts.method {
        Method::PUT => receive(environment, parts, key, body).await,
        Method::GET => send(environment, key).await,
        _ => reply::plain(StatusCode::METHOD_NOT_ALLOWED, "PUT a package, or GET one\n".into()),
    }
}

async fn receive(environment: &Shared, parts: &Parts, key: &str, body: Body) -> Response {
    let signature = parts.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let Ok(package) = axum::body::to_bytes(body, LARGEST).await else {
        return reply::plain(StatusCode::PAYLOAD_TOO_LARGE, "the package is over 256 MB\n".into());
    };
    match environment.deployments.receive(key, signature, package) {
        Ok(()) => reply::plain(StatusCode::OK, String::new()),
        Err(_) => reply::plain(StatusCode::FORBIDDEN, "this place was not given out for an upload\n".into()),
    }
}

async fn send(environment: &Shared, key: &str) -> Response {
    let secret = key.trim_start_matches('/').split('/').next().unwrap_or_default();
    let Some(function) = environment.deployments.offered(secret) else {
        return reply::plain(StatusCode::FORBIDDEN, "the link has expired\n".into());
    };
    match environment.functions.package(&function).await {
        Ok(package) => reply::typed(StatusCode::OK, HeaderValue::from_static("application/zip"), package),
        Err(error) => reply::plain(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")),
    }
}
