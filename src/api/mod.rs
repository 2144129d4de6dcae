//! The wire contract: actions, names, codes, signatures. No sockets.
//!
//! The types here are used by the client to write a request and by the emulator to read it, so the two cannot drift apart.

pub mod error;
pub mod sign;

pub mod control;
pub mod data;
pub mod documents;
pub mod ejson;
pub mod event;
pub mod local;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A management service of Tencent Cloud API 3.0, or the emulator's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// CloudBase: environments, collections, rules, routes, logs.
    Tcb,
    /// Serverless Cloud Function.
    Scf,
    /// What only the emulator can do: identities, clock, snapshots. Never sent to the cloud.
    Cloudkit,
}

impl Service {
    /// Returns the name in the host and in the credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Service::Tcb => "tcb",
            Service::Scf => "scf",
            Service::Cloudkit => "cloudkit",
        }
    }

    /// Returns the `X-TC-Version` of the service (`docs/wire.md#cloud-api-services`).
    pub fn version(self) -> &'static str {
        match self {
            Service::Tcb => "2018-06-08",
            Service::Scf => "2018-04-16",
            Service::Cloudkit => "2026-11-01",
        }
    }
}

/// A management operation, declared once: the value is the request.
pub trait Action: Serialize + DeserializeOwned + Send + Sync + 'static {
    const SERVICE: Service;
    /// `X-TC-Action`.
    const NAME: &'static str;
    /// Whether sending it twice does no more than sending it once, so that a lost answer may be asked for again.
    const REPEATABLE: bool;
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}
