//! Functions: what is registered, the processes that run it, and the calls.
//!
//! One Node process serves one call at a time, because the caller's identity sits in its environment variables.

use std::path::PathBuf;
use std::time::Duration;

use crate::api::event::Caller;
use crate::error::Result;
use crate::model::clock::Millis;
use crate::model::function::FunctionSpec;

/// Where a function's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder of the project, served as it is saved.
    Project,
    /// A package that a client deployed.
    Deployed,
}

/// A function the emulator knows.
#[derive(Debug, Clone)]
pub struct Registered {
    pub spec: FunctionSpec,
    pub origin: Origin,
    pub folder: PathBuf,
    /// Bytes of the deployed package, or of the folder.
    pub code_size: u64,
    /// Hex sha256 of the deployed package; `None` for a folder.
    pub code_sha256: Option<String>,
    pub added: Millis,
    pub modified: Millis,
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The `event` as JSON text, before the platform adds its own keys.
    pub event: String,
    pub caller: Caller,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub request_id: String,
    /// The handler's result as JSON text, or what went wrong.
    pub result: std::result::Result<String, Fault>,
    pub duration: Duration,
    pub memory_bytes: u64,
    /// The call's log as the platform frames it: START … END … REPORT.
    pub log: String,
}

/// Why a call failed, in the platform's terms (data-plane facts §7, §10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// What the caller reads, such as `Error: boom\n    at …`.
    pub message: String,
}

/// The platform's kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    NotFound,
    /// The user's code failed: thrown, rejected, not loadable, no such handler.
    Code,
    /// The process ended during the call.
    Exit,
    Timeout,
    Memory,
    /// The event is not JSON or too large.
    Event,
    /// The result cannot be written as JSON or is over 6 MiB.
    Result,
}

/// The functions of one environment. Clones share it.
#[derive(Clone)]
pub struct Functions {/* Arc<…> */}

impl Functions {
    /// Returns every function, by name.
    pub fn list(&self) -> Vec<Registered> {
        todo!()
    }
    pub fn get(&self, _name: &str) -> Option<Registered> {
        todo!()
    }
    /// Runs a function once and waits for its answer. Dropping the future gives the process back or ends it.
    pub async fn invoke(&self, _name: &str, _invocation: Invocation) -> Outcome {
        todo!()
    }
    /// Registers a deployed package (a zip), or replaces the code or the settings of a known function.
    pub async fn deploy(&self, _spec: FunctionSpec, _package: Option<Vec<u8>>) -> Result<()> {
        todo!()
    }
    pub async fn remove(&self, _name: &str) -> Result<()> {
        todo!()
    }
    /// Returns the package of a function: the deployed one, or the folder packed.
    pub async fn package(&self, _name: &str) -> Result<Vec<u8>> {
        todo!()
    }
    /// Returns who started the invocation with that `tcb_sessionToken`, so that a nested call keeps the identity.
    pub fn caller_of(&self, _session_token: &str) -> Option<Caller> {
        todo!()
    }
    /// Ends every process and waits until they are gone.
    pub async fn stop(&self) {
        todo!()
    }
}
