//! `GET /__cloudkit/codes`: the verification codes that are out, for tests that log in by one. The terminal shows them too.

use axum::response::Response;
use serde_json::json;

use super::reply;
use crate::emulator::environment::Environment;

pub(super) const PATH: &str = "/__cloudkit/codes";

/// Lists the codes, the newest of a contact last.
pub(super) fn answer(environment: &Environment) -> Response {
    let codes = environment.identity.codes_sent().into_iter();
    reply::json(&codes.map(|(to, code)| json!({ "to": to, "code": code })).collect::<Vec<_>>())
}
