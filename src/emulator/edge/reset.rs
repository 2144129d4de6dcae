//! What a test calls between two cases: `DELETE /__cloudkit/documents[/COLLECTION]` and
//! `PUT|POST|DELETE /__cloudkit/snapshots/NAME`.
//!
//! Unsigned, so that a test needs nothing but an HTTP client: the door admits no other host's pages.

use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{reply, target};
use crate::api::local::{DOCUMENTS, SNAPSHOTS};
use crate::docdb;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::snapshots;
use crate::model::name::SnapshotName;

/// A status and what is wrong.
type Refusal = (StatusCode, String);

/// Answers one request.
pub(super) async fn answer(environment: &Shared, parts: &Parts) -> Response {
    let environment = Shared::clone(environment);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let done = tokio::task::spawn_blocking(move || carry_out(&environment, &method, &path)).await;
    match done.unwrap_or_else(|error| Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))) {
        Ok(value) => reply::json(&value),
        Err((status, message)) => {
            let mut response = reply::json(&json!({ "error": { "message": message } }));
            *response.status_mut() = status;
            response
        }
    }
}

fn carry_out(environment: &Environment, method: &Method, path: &str) -> Result<Value, Refusal> {
    let below = |prefix: &str| {
        let name = path.strip_prefix(prefix)?.trim_matches('/');
        Some(target::decode(name).unwrap_or_default())
    };
    if let Some(collection) = below(DOCUMENTS) {
        if method != Method::DELETE {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "only DELETE is served here".into()));
        }
        let collection = Some(collection.as_str()).filter(|it| !it.is_empty());
        let removed = environment.database.store().clear(collection).map_err(unemptied)?;
        return Ok(json!({ "removed": removed }));
    }
    let name = below(SNAPSHOTS).unwrap_or_default();
    let name: SnapshotName =
        name.parse().map_err(|error: crate::error::Error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let snapshots = &environment.snapshots;
    let description = match *method {
        Method::PUT => snapshots.save(&environment.state(), &name, true).map(Some),
        Method::POST => snapshots.restore(&environment.state(), &name).map(Some),
        Method::DELETE => snapshots.delete(&name).map(|()| None),
        _ => return Err((StatusCode::METHOD_NOT_ALLOWED, "PUT saves, POST restores, DELETE removes".into())),
    };
    description.map(|it| json!({ "name": name.as_str(), "snapshot": it })).map_err(refused)
}

fn unemptied(error: docdb::Error) -> Refusal {
    let status = match error {
        docdb::Error::CollectionNotFound { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}

fn refused(error: snapshots::Error) -> Refusal {
    let status = match error {
        snapshots::Error::NotFound(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}
