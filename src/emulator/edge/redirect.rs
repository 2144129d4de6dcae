//! `/__cloudkit/redirect.js`: the one line that brings a page's requests of the cloud here.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::reply;

pub(super) const PATH: &str = "/__cloudkit/redirect.js";
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

/// Returns the script; it finds out from where it came by itself.
pub(super) fn answer() -> Response {
    reply::typed(StatusCode::OK, JAVASCRIPT, include_str!("redirect.js"))
}
