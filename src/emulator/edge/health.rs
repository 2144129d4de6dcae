//! Whether the emulator is ready, and how to reach it.

use axum::http::StatusCode;
use axum::response::Response;

use super::reply;
use crate::emulator::environment::Environment;

/// The emulator is ready whenever it can answer.
pub(super) fn ready() -> Response {
    reply::plain(StatusCode::OK, "ok\n".into())
}

/// Tells addresses, names and child variables.
pub(super) fn describe(environment: &Environment) -> Response {
    reply::json(&environment.description())
}
