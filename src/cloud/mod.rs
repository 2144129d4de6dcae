//! The client: an endpoint (Tencent Cloud or an emulator), signed calls, retry, credentials, object transfer.

pub mod credentials;
pub mod error;

use crate::api::Action;
use credentials::Credentials;

pub use error::Error;

/// Where requests go. The cloud and an emulator differ by this value and by credentials, by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `None` is the real cloud (`https://SERVICE.tencentcloudapi.com`), else an emulator's `http://127.0.0.1:PORT`.
    pub emulator: Option<String>,
    pub env_id: String,
    pub region: String,
}

/// Speaks to one environment. Clones share connections.
#[derive(Clone)]
pub struct Client {/* endpoint, credentials, reqwest::Client, clock */}

impl Client {
    pub fn new(_endpoint: Endpoint, _credentials: Credentials) -> Self {
        todo!()
    }
    pub fn endpoint(&self) -> &Endpoint {
        todo!()
    }
    /// Sends one signed management action. Retries what is safe to retry.
    pub async fn call<A: Action>(&self, _action: &A) -> Result<A::Reply, Error> {
        todo!()
    }
    /// Sends one SDK action through `POST /admin`: `name` such as `database.getDocument`, `fields` beside the common ones.
    pub async fn admin(&self, _name: &str, _fields: serde_json::Value) -> Result<serde_json::Value, Error> {
        todo!()
    }
}
