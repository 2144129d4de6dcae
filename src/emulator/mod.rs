//! A CloudBase environment in one process, on one loopback port.
//!
//! `edge` is the only place that knows HTTP; services (functions, database, storage, logs, timers) are wired here by
//! constructors. Everything worth telling is an [`event::Event`]; nothing in here prints.

pub mod authority;
pub mod config;
pub mod event;

pub mod data_dir;
pub mod environment;

pub mod access;
mod damage;
pub mod database;
pub mod deployments;
pub mod functions;
pub mod gateway;
pub mod identity;
mod kept;
pub mod logs;
pub mod migrations;
#[cfg(test)]
mod patience;
pub mod permissions;
pub mod principal;
pub mod realtime;
pub mod reaper;
pub mod salvage;
mod seed;
pub mod snapshots;
pub mod stopped;
pub mod storage;
pub mod timers;
pub mod wechat;

mod edge;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Result;
use crate::model::function::FunctionSpec;
use access::Access;
use authority::Authority;
use config::Config;
use data_dir::DataDir;
use database::Database;
use deployments::Deployments;
use edge::listen::{self, Server};
use environment::{Environment, Shared};
use event::{Event, Events};
use functions::Functions;
use gateway::Gateway;
use identity::Identity;
use logs::Logs;
use migrations::Migrations;
use permissions::Permissions;
use realtime::Realtime;
use snapshots::Snapshots;
use storage::{Room, Storage};
use timers::Timers;
use wechat::WeChat;
use wechat::push::Pushes;

/// A running emulator. Dropping it without [`Emulator::stop`] closes the port but waits for nothing.
pub struct Emulator {
    environment: Shared,
    server: Server,
}

impl Emulator {
    /// Binds the port, opens the data and serves. The emulator is ready when this returns.
    ///
    /// # Errors
    /// The port is taken, the data folder is in use, what lies in it is damaged or contradicts the manifest, or the seed
    /// cannot be read.
    pub async fn start(config: Config) -> Result<Self> {
        Emulator::start_with(config, event::channel()).await
    }

    /// Does so, and tells everything on that channel: who listens to it already misses nothing of the start.
    ///
    /// # Errors
    /// As [`Emulator::start`].
    pub async fn start_with(config: Config, events: Events) -> Result<Self> {
        let data = DataDir::open(&config.data)?;
        let folder = config.intercept.as_deref().or(config.https.as_deref());
        let names = [edge::door::MAPPED.as_slice(), &["localhost"]].concat();
        let authority =
            folder.map(|folder| Authority::open(folder, &names, &config.inherited)).transpose()?;
        let listener = listen::bind(&config).await?;
        let url = listen::url(&listener)?;
        data.sign(&url)?;
        let database = Database::open(&data.documents(), &config, events.clone())
            .map_err(|error| database::unusable(&data.documents(), &error))?;
        let permissions = Permissions::open(data.permissions())?;
        let identity =
            Identity::open(data.identity(), &config.env_id, config.clock.clone(), config.ids.clone())?;
        let gateway = Gateway::open(data.routes(), &config.project, config.ids.clone())?;
        let room =
            Room { bytes: config.quota.files, is_enforced: config.enforce_quota, events: events.clone() };
        let clock = config.clock.clone();
        let storage = Storage::limited(data.objects(), &config.env_id, &config.secret_key, clock, Some(room));
        let logs = Logs::open(data.logs(), events.clone());
        let functions = Functions::start(config.clone(), url.clone(), logs.clone(), events.clone())?;
        let timers = Timers::start(functions.clone(), config.clock.clone(), events.clone());
        let wechat = Arc::new(WeChat::open(data.wechat(), &config, events.clone())?);
        let environment = Arc::new(Environment {
            pushes: Pushes::start(Arc::clone(&wechat), functions.clone()),
            wechat,
            started: config.clock.now(),
            functions,
            timers,
            logs,
            realtime: Realtime::new(database.clone(), config.clock.clone(), config.ids.clone()),
            database,
            storage,
            permissions,
            access: Access::default(),
            identity,
            authority,
            snapshots: Snapshots::new(data.snapshots()),
            gateway,
            migrations: Migrations::default(),
            deployments: Deployments::default(),
            events,
            url,
            data,
            config,
        });
        environment.snapshots.recover(&environment.state()).map_err(stopped::told)?;
        damage::note_lost(&environment);
        seed::begin(&environment)?;
        seed::keep_up(&environment);
        let server = Server::start(listener, Arc::clone(&environment));
        Ok(Emulator { environment, server })
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.environment.url
    }

    /// Examines documents that may be damaged and are too many to wait for, while they are served. What is found is told
    /// as an event: to be called when somebody listens.
    pub fn examine(&self) {
        damage::examine(Arc::clone(&self.environment));
    }

    /// Says what of the documents was lost when the last run ended.
    pub fn lost(&self) -> Option<crate::model::text::Text> {
        damage::lost(self.environment.database.store())
    }

    /// Returns `https://127.0.0.1:PORT`, when the port speaks TLS too.
    pub fn https_url(&self) -> Option<String> {
        self.environment.https_url()
    }

    /// Returns the services, for what needs no wire: the first screen, a test.
    pub fn environment(&self) -> &Shared {
        &self.environment
    }

    /// Returns what `/__cloudkit/env` answers: addresses, environment id, child variables.
    pub fn addresses(&self) -> serde_json::Value {
        self.environment.description()
    }

    /// Returns the variables that lead a child process and its SDKs here.
    pub fn child_variables(&self) -> Vec<(String, String)> {
        self.environment.child_variables()
    }

    /// Returns the functions that are served, by name.
    pub fn functions(&self) -> Vec<FunctionSpec> {
        self.environment.functions.list().into_iter().map(|function| function.spec).collect()
    }

    /// Returns the port of each function's inspector, by name; none unless they are inspected.
    pub fn inspectors(&self) -> BTreeMap<String, u16> {
        self.environment.functions.inspectors()
    }

    /// Returns the names of the collections.
    pub fn collections(&self) -> Result<Vec<String>> {
        let store = self.environment.database.store();
        let path = self.environment.data.documents();
        store.names().map_err(|error| database::unusable(&path, &error))
    }

    /// Returns everything worth telling from now on.
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<Event> {
        self.environment.events.subscribe()
    }

    /// Ends every function, closes every connection and, with the last of them, the store.
    pub async fn stop(self) {
        self.environment.timers.stop();
        self.environment.pushes.stop();
        self.environment.migrations.stop();
        self.environment.functions.stop().await;
        self.environment.realtime.stop().await;
        self.server.stop().await;
        self.environment.logs.save();
    }
}
