//! A CloudBase environment in one process, on one loopback port.
//!
//! `edge` is the only place that knows HTTP; services (functions, database, storage, logs, timers) are wired here by
//! constructors. Everything worth telling is an [`event::Event`]; nothing in here prints.

pub mod config;
pub mod event;

pub mod data_dir;
pub mod environment;

pub mod database;
pub mod functions;
pub mod logs;
pub mod permissions;
pub mod storage;
pub mod timers;

mod edge;

use crate::error::Result;
use config::Config;
use environment::Shared;

/// A running emulator. Dropping it without [`Emulator::stop`] closes the port but waits for nothing.
pub struct Emulator {
    environment: Shared,
}

impl Emulator {
    /// Binds the port, opens the data and serves. The emulator is ready when this returns.
    ///
    /// # Errors
    /// The port is taken, the data folder is in use, or what lies in it is damaged.
    pub async fn start(_config: Config) -> Result<Self> {
        todo!()
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.environment.url
    }

    /// Returns the services, for what needs no wire: the first screen, a test.
    pub fn environment(&self) -> &Shared {
        &self.environment
    }

    /// Returns what `/__cloudkit/env` answers: addresses, environment id, child variables.
    pub fn addresses(&self) -> serde_json::Value {
        todo!()
    }

    /// Returns the variables that lead a child process and its SDKs here.
    pub fn child_variables(&self) -> Vec<(String, String)> {
        todo!()
    }

    /// Returns the functions that are served, by name.
    pub fn functions(&self) -> Vec<crate::model::function::FunctionSpec> {
        todo!()
    }

    /// Returns the names of the collections.
    pub fn collections(&self) -> Result<Vec<String>> {
        todo!()
    }

    /// Returns everything worth telling from now on.
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<event::Event> {
        self.environment.events.subscribe()
    }

    /// Closes every connection, ends every function and closes the store.
    pub async fn stop(self) {
        todo!()
    }
}
