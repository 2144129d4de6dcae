//! From the token a client shows to who asks.

use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use serde::Deserialize;

use super::target::header_values;
use crate::api::sign::{self, Authorization, Received};

use crate::api::data::Failure;
use crate::emulator::environment::Environment;
use crate::emulator::identity::{self, Refusal};
use crate::emulator::principal::Principal;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::new(refusal.code(), refusal.to_string())
    }
}

/// Returns who shows this token; without one it is a client that nobody logged in to.
pub(super) fn principal(environment: &Environment, token: &str) -> Result<Principal, Refusal> {
    if token.is_empty() || is_publishable(token) {
        return Ok(Principal::Client(None));
    }
    environment.identity.principal(token)
}

/// Whether a request of the gateway is signed with secret keys, as js-sdk 3 does on servers. As at `/admin`, only who
/// claims to hold the emulator's own key must have signed with it; pages hold none.
pub(super) fn is_signed(environment: &Environment, parts: &Parts, body: &[u8]) -> Result<bool, Refusal> {
    let config = &environment.config;
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(named) = Authorization::parse(header) else { return Ok(false) };
    if parts.headers.contains_key(ORIGIN) {
        return Err(Refusal::Forged("a page has no secret keys to sign with"));
    }
    if named.secret_id == config.secret_id {
        let headers = header_values(&parts.headers);
        let query = parts.uri.query().unwrap_or_default();
        let received = Received { method: parts.method.as_str(), query, headers: &headers, body };
        sign::admin::verify_at(parts.uri.path(), &received, &config.secret_key)
            .map_err(|_| Refusal::Forged("it is not signed with the key it names"))?;
    }
    Ok(true)
}

/// Whether this is the key that the console makes for pages (`init({ accessKey })`). It says of nobody who they are, so it
/// need not be this environment's.
fn is_publishable(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Key {
        meta: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        platform: String,
    }
    identity::claims::<Key>(token).is_some_and(|key| key.meta.platform == "PublishableKey")
}
