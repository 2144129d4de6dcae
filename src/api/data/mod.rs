//! SDK actions: what travels through `POST /admin`. See `docs/wire.md#admin-envelope`.
//!
//! A request is flat: the fields here stand beside the common ones of [`Common`].

pub mod database;
pub mod function;
pub mod legacy;
pub mod storage;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An SDK operation, declared once: the value is the request.
pub trait SdkAction: Serialize + DeserializeOwned + Send + 'static {
    /// The field `action`.
    const NAME: &'static str;
    /// The field `data` of the answer.
    type Reply: Serialize + DeserializeOwned + Send;
}

/// Ties a request to its name and its reply.
macro_rules! sdk_actions {
    ($($request:ident = $name:literal -> $reply:ty;)*) => {
        $(impl $crate::api::data::SdkAction for $request {
            const NAME: &'static str = $name;
            type Reply = $reply;
        })*
    };
}
use sdk_actions;

/// The fields every request has and the edge reads; the others mean nothing to an emulator.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with an `action`")]
pub struct Common<'a> {
    #[serde(borrow)]
    pub action: Cow<'a, str>,
    /// What the emulator put into `TCB_SESSIONTOKEN` of the calling function.
    #[serde(borrow, default, rename = "tcb_sessionToken")]
    session_token: Option<Cow<'a, str>>,
    /// What the emulator put into `WX_API_TOKEN`: the same, where there is a user.
    #[serde(borrow, default, rename = "wxCloudApiToken")]
    api_token: Option<Cow<'a, str>>,
}

impl Common<'_> {
    /// Returns what names the function that calls, empty outside of functions. tcb-admin-node 1.6 and 1.9, on which
    /// wx-server-sdk 0.x stands, sends the second token only (its `src/functions/index.js`).
    pub fn session_token(&self) -> &str {
        let tokens = [&self.session_token, &self.api_token];
        tokens.into_iter().flatten().map(|token| &**token).find(|token| !token.is_empty()).unwrap_or_default()
    }
}

/// A failure on the wire: status 200, a code and a sentence (`docs/wire.md#admin-envelope`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Failure { code, message: message.into() }
    }

    /// A request that does not say what it must.
    pub fn parameter(message: impl std::fmt::Display) -> Self {
        Failure::new("INVALID_PARAM", format!("[InvalidParameter] {message}"))
    }
}

/// An empty `data`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
