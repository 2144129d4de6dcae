//! Requests for hosts outside that a fixture answers; `outside.cjs` brings them here. And answers of real hosts to be
//! recorded: `POST /__cloudkit/recordings`.

use axum::body::Body;
use axum::http::header::HeaderName;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::{reply, target};
use crate::emulator::environment::Shared;
use crate::emulator::functions::outside::Request;
use crate::project::fixtures;

/// Scheme and host that a request was meant for.
pub(super) const HEADER: &str = "x-cloudkit-outside";

/// Where answers of real hosts are written down.
pub(super) const RECORDINGS: &str = "/__cloudkit/recordings";

/// The largest body, in bytes: a recorded one comes as base64 in JSON.
const LARGEST: usize = 16 << 20;

/// Answers one request from the fixtures.
pub(super) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    let origin = parts.headers.get(HEADER).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return reply::plain(StatusCode::PAYLOAD_TOO_LARGE, "a fixture answers bodies up to 16 MB\n".into());
    };
    let request = Request {
        method: parts.method.as_str(),
        url: format!("{origin}{}", parts.uri.path()),
        query: target::query_values(parts.uri.query().unwrap_or_default()),
        body: &body,
    };
    let Some(fixture) = environment.functions.outside().answer(&request) else {
        let sentence = format!(
            "no reply in fixtures/http is left for `{} {}` with this body\n",
            request.method, request.url
        );
        return reply::plain(StatusCode::NOT_IMPLEMENTED, sentence);
    };
    tokio::time::sleep(fixture.delay).await;
    drawn_up(fixture.reply).await
}

async fn drawn_up(fixture: fixtures::Reply) -> Response {
    let bytes = match fixture.body {
        fixtures::Body::Bytes(bytes) => bytes,
        fixtures::Body::File(path) => match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            Err(error) => {
                let sentence = format!("could not read `{}`: {error}\n", path.display());
                return reply::plain(StatusCode::NOT_IMPLEMENTED, sentence);
            }
        },
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::from_u16(fixture.status).unwrap_or(StatusCode::OK);
    for (name, value) in fixture.headers {
        // The length and the connection are this server's matter.
        if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Writes an answer of a real host into the fixtures.
pub(super) async fn record(environment: &Shared, body: Body) -> Response {
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return reply::plain(StatusCode::PAYLOAD_TOO_LARGE, "more than 16 MB\n".into());
    };
    let environment = Shared::clone(environment);
    let written = tokio::task::spawn_blocking(move || {
        let exchange = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        environment.functions.outside().record(&exchange).map_err(|error| error.to_string())
    });
    match written.await.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(written) => reply::json(&serde_json::json!({ "written": written })),
        Err(why) => reply::plain(StatusCode::BAD_REQUEST, why + "\n"),
    }
}
