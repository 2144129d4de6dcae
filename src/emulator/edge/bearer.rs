//! From the token a client shows to who asks.

use serde::Deserialize;

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
    environment.identity.bearer(token).map(|bearer| Principal::Client(Some(bearer.user())))
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
