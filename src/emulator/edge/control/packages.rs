//! Packages on their way: where a client puts one before a deploy, and where it fetches one from.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{Result, reply};
use crate::api::control::function::{GetTempCosInfo, TempCos};
use crate::api::local::PACKAGES;
use crate::emulator::deployments::Refusal;
use crate::emulator::environment::Shared;

/// The largest package or part, in bytes; SCF allows 500 MB unpacked.
const LARGEST: usize = 256 << 20;

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
    let received = read(body).await;
    match received.and_then(|package| environment.deployments.receive(key, signature, package)) {
        Ok(()) => reply::plain(StatusCode::OK, String::new()),
        Err(refusal) => reply::plain(code_of(refusal).0, format!("{refusal}\n")),
    }
}

/// Reads a package, or a part of one.
pub(in crate::emulator::edge) async fn read(body: Body) -> std::result::Result<Bytes, Refusal> {
    read_at_most(LARGEST, body).await
}

async fn read_at_most(most: usize, body: Body) -> std::result::Result<Bytes, Refusal> {
    let mut package = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Interrupted)?;
        if package.len() + chunk.len() > most {
            return Err(Refusal::TooLarge { most });
        }
        package.extend_from_slice(&chunk);
    }
    Ok(package.freeze())
}

/// Returns the status of a refusal, and its code in object storage.
pub(in crate::emulator::edge) fn code_of(refusal: Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::NotGivenOut => (StatusCode::FORBIDDEN, "AccessDenied"),
        Refusal::NoParts => (StatusCode::NOT_FOUND, "NoSuchUpload"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge"),
        Refusal::Interrupted => (StatusCode::BAD_REQUEST, "IncompleteBody"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_large_and_what_broke_off_are_told_apart() {
        let whole = |chunks: usize| (0..chunks).map(|_| Ok(Bytes::from_static(b"abc")));
        let broken = [Ok(Bytes::from_static(b"abc")), Err(std::io::Error::other("gone"))];
        let read = |chunks: Vec<std::io::Result<Bytes>>| {
            read_at_most(6, Body::from_stream(futures_util::stream::iter(chunks)))
        };
        assert_eq!(read(whole(2).collect()).await, Ok(Bytes::from_static(b"abcabc")));
        assert_eq!(read(whole(3).collect()).await, Err(Refusal::TooLarge { most: 6 }));
        assert_eq!(read(broken.into()).await, Err(Refusal::Interrupted));
    }
}
