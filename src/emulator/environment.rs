//! The environment: its services, wired once and shared by every request.

use std::sync::Arc;

use super::config::Config;
use super::data_dir::DataDir;
use super::database::Database;
use super::event::Events;
use super::functions::Functions;
use super::permissions::Permissions;
use super::storage::Storage;
use crate::model::clock::Millis;

/// What every request is handed.
pub type Shared = Arc<Environment>;

/// One CloudBase environment.
pub struct Environment {
    pub config: Config,
    /// Where clients reach it: `http://127.0.0.1:PORT`, no slash at the end.
    pub url: String,
    pub started: Millis,
    pub data: DataDir,
    pub events: Events,
    pub functions: Functions,
    pub database: Database,
    pub storage: Storage,
    pub permissions: Permissions,
}

impl Environment {
    /// Returns the name of the environment's bucket, in the platform's form: two characters of the id in hex, the id,
    /// an account number.
    pub fn bucket(&self) -> &str {
        self.storage.bucket()
    }
}
