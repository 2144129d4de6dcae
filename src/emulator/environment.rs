//! The environment: its services, wired once and shared by every request.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::Access;
use super::authority::{self, Authority};
use super::config::Config;
use super::data_dir::DataDir;
use super::database::Database;
use super::deployments::Deployments;
use super::event::Events;
use super::functions::Functions;
use super::gateway::Gateway;
use super::identity::Identity;
use super::logs::Logs;
use super::migrations::Migrations;
use super::permissions::Permissions;
use super::realtime::Realtime;
use super::snapshots::{Snapshots, State};
use super::storage::Storage;
use super::timers::Timers;
use super::wechat::WeChat;
use super::wechat::push::Pushes;
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
    pub timers: Timers,
    pub logs: Logs,
    pub database: Database,
    pub realtime: Realtime,
    pub storage: Storage,
    pub permissions: Permissions,
    pub access: Access,
    pub identity: Identity,
    pub wechat: Arc<WeChat>,
    /// What WeChat tells later.
    pub pushes: Pushes,
    /// Speaks TLS under the names of the platform and of this machine, when asked to.
    pub authority: Option<Authority>,
    pub snapshots: Snapshots,
    pub gateway: Gateway,
    pub migrations: Migrations,
    pub deployments: Deployments,
}

impl Environment {
    /// Returns what a snapshot holds.
    pub fn state(&self) -> State<'_> {
        State {
            documents: self.database.store(),
            storage: &self.storage,
            permissions: &self.permissions,
            clock: &self.config.clock,
        }
    }

    /// Returns the name of the environment's bucket, in the platform's form: two characters of the id in hex, the id,
    /// an account number.
    pub fn bucket(&self) -> &str {
        self.storage.bucket()
    }

    /// Returns where clients reach it over TLS, when they can.
    pub fn https_url(&self) -> Option<String> {
        self.config.https.as_ref().map(|_| self.url.replacen("http:", "https:", 1))
    }

    /// Returns what `/__cloudkit/env` and `--ready-file` tell: addresses, ids, names. The variables for a child hold the
    /// local key, which opens nothing but this emulator.
    pub fn description(&self) -> Value {
        let variables: Map<String, Value> =
            self.child_variables().into_iter().map(|(name, value)| (name, value.into())).collect();
        json!({
            "url": self.url,
            "httpsUrl": self.https_url(),
            "certificate": self.config.https.as_deref().map(authority::certificate),
            "gatewayUrl": self.url.replacen("127.0.0.1", "gateway.localhost", 1),
            "adminUrl": format!("{}/admin", self.url),
            "envId": self.config.env_id,
            "region": self.config.region,
            "appId": self.config.app_id,
            "bucket": self.bucket(),
            "secretId": self.config.secret_id,
            "pid": std::process::id(),
            "inspectors": self.functions.inspectors(),
            "variables": variables,
        })
    }

    /// Returns the variables that lead a program and its SDKs here.
    pub fn child_variables(&self) -> Vec<(String, String)> {
        let inherited = |name: &str| self.config.inherited.iter().find(|(is, _)| is == name);
        let node_options = inherited("NODE_OPTIONS").map(|(_, value)| value.as_str());
        self.functions.child_environment(node_options)
    }
}
