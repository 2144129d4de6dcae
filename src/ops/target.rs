//! Which environment a command speaks to: found once, from what the person said, the manifest and a running emulator.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;

use crate::api::control::env::{DescribeEnvs, EnvDescription};
use crate::cloud;
use crate::cloud::credentials::Credentials;
use crate::cloud::{Client, Endpoint};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, Ids};
use crate::model::name::{EnvId, did_you_mean, suggestion};
use crate::model::text::Text;
use crate::project::Project;
use crate::project::manifest::LOCAL;
use crate::project::running::Running;
use crate::text;

use super::session::Session;

/// The region of an environment that names none.
pub const REGION: &str = "ap-shanghai";

/// How long an emulator may take to say what it is, on a machine that is busy. Where none is, nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// In bytes.
const LONGEST_DESCRIPTION: u64 = 64 * 1024;

/// An environment to speak to.
pub struct Target {
    /// As the person named it: `dev`, `local`, or an environment id.
    pub name: String,
    /// Changing it asks first.
    pub protected: bool,
    client: Client,
    environment: OnceCell<EnvDescription>,
}

impl Target {
    pub fn new(name: String, protected: bool, client: Client) -> Self {
        Target { name, protected, client, environment: OnceCell::new() }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }
    pub fn env_id(&self) -> &str {
        &self.client.endpoint().env_id
    }
    pub fn region(&self) -> &str {
        &self.client.endpoint().region
    }
    /// Returns the emulator's address, when the target is one.
    pub fn emulator(&self) -> Option<&str> {
        self.client.endpoint().emulator.as_deref()
    }

    /// Returns the environment as its owner sees it; asked for once.
    ///
    /// # Errors
    /// The account has no such environment, besides what can happen to a call.
    pub async fn environment(&self) -> Result<&EnvDescription> {
        self.environment.get_or_try_init(|| self.describe()).await
    }

    async fn describe(&self) -> Result<EnvDescription> {
        let asked = DescribeEnvs { env_id: Some(self.env_id().to_owned()), ..DescribeEnvs::default() };
        let found = self.client.call(&asked).await?.env_list;
        if let Some(environment) = found.into_iter().find(|it| it.env_id == self.env_id()) {
            return Ok(environment);
        }
        let all = self.client.call(&DescribeEnvs::default()).await?.env_list;
        let ids: Vec<&str> = all.iter().map(|it| it.env_id.as_str()).collect();
        Err(unknown(self.env_id(), &ids))
    }

    /// Returns the `Tag` of database actions: the environment's document database.
    pub async fn database(&self) -> Result<Option<String>> {
        let databases = &self.environment().await?.databases;
        Ok(databases.first().map(|database| database.instance_id.clone()))
    }

    /// Returns the bucket of the environment's files.
    ///
    /// # Errors
    /// The environment has no file storage, besides what can happen to a call.
    pub async fn bucket(&self) -> Result<String> {
        let storages = &self.environment().await?.storages;
        let name = &self.name;
        storages.first().map(|storage| storage.bucket.clone()).ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                text! { en: "environment `{name}` has no file storage", zh: "环境 `{name}` 没有文件存储" },
            )
        })
    }
}

/// Makes the error of a thing that is not there: our words, with the service's code and request; a near name is
/// offered, else the way to get it.
pub(super) fn not_there<'a>(
    error: cloud::Error,
    message: Text,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    remedy: Text,
) -> Error {
    let mut told = Error::new(Kind::NotFound, message);
    if let cloud::Error::Refused(refused) = error {
        told = told.code(refused.code).request_id(refused.request_id);
    }
    match did_you_mean(name, known) {
        Some(near) => told.hint(suggestion(near)),
        None => told.hint(remedy),
    }
}

/// Says that the account has no such environment, and which it has.
fn unknown(id: &str, known: &[&str]) -> Error {
    let error = Error::new(
        Kind::NotFound,
        text! { en: "environment `{id}` is not in your account", zh: "您的账号中没有环境 `{id}`" },
    );
    if let Some(near) = did_you_mean(id, known.iter().copied()) {
        return error.hint(suggestion(near));
    }
    let list = known.join("`, `");
    match known.is_empty() {
        true => error,
        false => error.hint(text! { en: "you have `{list}`", zh: "您有 `{list}`" }),
    }
}

/// What decides which environment it is.
pub struct Search<'a> {
    /// `--env` or `CLOUDKIT_ENV`.
    pub wanted: Option<&'a str>,
    pub project: &'a Project,
    pub variables: &'a BTreeMap<String, String>,
    /// Where `cloudkit login` leaves credentials on a machine without a keyring.
    pub config_folder: Option<&'a Path>,
    pub clock: &'a Clock,
    pub ids: &'a Ids,
}

impl Search<'_> {
    /// Returns the environment: the wanted one, else the manifest's default, else the running emulator, else the one
    /// of `cloudbaserc.json`.
    ///
    /// # Errors
    /// Nothing names an environment, it is unknown, no emulator runs, or there are no credentials.
    pub fn find(&self) -> Result<Target> {
        let manifest = self.project.manifest.as_ref();
        let default = manifest.and_then(|manifest| manifest.default_env.as_deref());
        match self.wanted.or(default) {
            Some(LOCAL) => self.local(),
            Some(name) => self.cloud(name),
            None => self.unnamed(),
        }
    }

    /// Returns whether the local environment is meant, and no emulator runs it.
    pub fn is_stopped(&self) -> bool {
        let manifest = self.project.manifest.as_ref();
        let default = manifest.and_then(|manifest| manifest.default_env.as_deref());
        self.wanted.or(default).is_none_or(|name| name == LOCAL)
            && self.variable("CLOUDKIT_EMULATOR_URL").is_none()
            && self.running().is_none()
    }

    fn unnamed(&self) -> Result<Target> {
        if self.variable("CLOUDKIT_EMULATOR_URL").is_some() || Running::find(&self.project.root).is_some() {
            return self.local();
        }
        match self.project.cloudbaserc.as_ref().and_then(|file| file.env_id.as_deref()) {
            Some(id) => self.cloud(id),
            None => Err(Error::new(
                Kind::Usage,
                text! { en: "no environment is named, and no emulator is running here", zh: "没有指定环境，这里也没有正在运行的模拟器" },
            )
            .hint(text! { en: "start one with `cloudkit emulate`, or name an environment with `--env`", zh: "请用 `cloudkit emulate` 启动模拟器，或用 `--env` 指定环境" })),
        }
    }

    fn local(&self) -> Result<Target> {
        let (endpoint, credentials) = match self.announced() {
            Some(announced) => Some(announced).filter(|(endpoint, _)| speaks(endpoint)),
            None => self.running(),
        }
        .ok_or_else(not_running)?;
        let manifest = self.project.manifest.as_ref();
        let protected = manifest.and_then(|it| it.environments.get(LOCAL)).is_some_and(|it| it.protected);
        Ok(Target::new(LOCAL.into(), protected, self.client(endpoint, credentials)?))
    }

    /// The emulator whose child we are.
    fn announced(&self) -> Option<(Endpoint, Credentials)> {
        let url = self.variable("CLOUDKIT_EMULATOR_URL")?.trim_end_matches('/').to_owned();
        let endpoint = Endpoint {
            emulator: Some(url),
            env_id: self.variable("CLOUDKIT_ENV_ID").unwrap_or(LOCAL).to_owned(),
            region: self.variable("TENCENTCLOUD_REGION").unwrap_or(REGION).to_owned(),
        };
        let credentials = Credentials {
            secret_id: self.variable("TENCENTCLOUD_SECRETID")?.to_owned(),
            secret_key: self.variable("TENCENTCLOUD_SECRETKEY")?.to_owned(),
            token: None,
        };
        Some((endpoint, credentials))
    }

    /// The emulator that left its note in the project.
    fn running(&self) -> Option<(Endpoint, Credentials)> {
        let running = Running::find(&self.project.root).filter(is_alive)?;
        let Running { url, env_id, region, secret_id, secret_key, .. } = running;
        let endpoint = Endpoint { emulator: Some(url), env_id, region };
        Some((endpoint, Credentials { secret_id, secret_key, token: None }))
    }

    fn cloud(&self, name: &str) -> Result<Target> {
        let manifest = self.project.manifest.as_ref();
        let environments = manifest.map(|manifest| &manifest.environments);
        let by_name = || environments?.get(name);
        let by_id = || environments?.values().find(|it| it.id.as_ref().is_some_and(|id| id.as_str() == name));
        let known = by_name().or_else(by_id);
        if known.is_none() {
            let names = environments.into_iter().flat_map(|all| all.keys()).map(String::as_str);
            if let Some(near) = did_you_mean(name, names.chain([LOCAL])) {
                return Err(Error::new(
                    Kind::NotFound,
                    text! { en: "the manifest has no environment `{name}`", zh: "清单中没有环境 `{name}`" },
                )
                .hint(suggestion(near)));
            }
        }
        let env_id: EnvId = match known.and_then(|it| it.id.clone()) {
            Some(id) => id,
            None => name.parse()?,
        };
        let file = self.project.cloudbaserc.as_ref();
        let same = file.filter(|file| file.env_id.as_deref() == Some(env_id.as_str()));
        let region = known
            .and_then(|it| it.region.as_deref())
            .or_else(|| same?.region.as_deref())
            .or(self.variable("TENCENTCLOUD_REGION"));
        let endpoint = Endpoint {
            emulator: None,
            env_id: env_id.to_string(),
            region: region.unwrap_or(REGION).to_owned(),
        };
        let credentials =
            Session { variables: self.variables, config_folder: self.config_folder }.credentials()?;
        let protected = known.is_some_and(|it| it.protected);
        Ok(Target::new(name.to_owned(), protected, self.client(endpoint, credentials)?))
    }

    fn client(&self, endpoint: Endpoint, credentials: Credentials) -> Result<Client> {
        Ok(Client::new(endpoint, credentials, self.clock.clone(), self.ids.clone())?)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

fn not_running() -> Error {
    Error::new(Kind::NotFound, text! { en: "no emulator is running here", zh: "这里没有正在运行的模拟器" }).hint(
        text! { en: "start it with `cloudkit emulate`, or name another environment with `--env`", zh: "请用 `cloudkit emulate` 启动，或用 `--env` 指定其他环境" },
    )
}

/// Returns whether the emulator that left a note still runs. One that was killed leaves its note behind, and by now
/// another program, even another project's emulator, may have its port: its key tells it apart.
pub fn is_alive(note: &Running) -> bool {
    description(&note.url)
        .is_some_and(|it| it.get("secretId").and_then(Value::as_str) == Some(&note.secret_id))
}

/// Returns whether an emulator answers. An address this program would not write itself is taken on trust.
fn speaks(endpoint: &Endpoint) -> bool {
    let url = endpoint.emulator.as_deref().unwrap_or_default();
    address(url).is_none() || description(url).is_some_and(|it| it.get("secretId").is_some())
}

fn address(url: &str) -> Option<SocketAddr> {
    url.strip_prefix("http://")?.parse().ok()
}

/// Asks an emulator on this machine what it is.
fn description(url: &str) -> Option<Value> {
    let address = address(url)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET /__cloudkit/env HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.take(LONGEST_DESCRIPTION).read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Options;

    #[test]
    fn the_region_is_the_one_said_of_the_environment_then_the_shells() {
        let cases = [
            ("", r#"{"envId": "garden-1", "region": "ap-guangzhou"}"#, "ap-guangzhou"),
            ("", r#"{"envId": "another-1", "region": "ap-guangzhou"}"#, "ap-beijing"),
            (
                "[env.a]\nid = 'garden-1'",
                r#"{"envId": "garden-1", "region": "ap-guangzhou"}"#,
                "ap-guangzhou",
            ),
            (
                "[env.a]\nid = 'garden-1'\nregion = 'ap-nanjing'",
                r#"{"envId": "garden-1", "region": "ap-guangzhou"}"#,
                "ap-nanjing",
            ),
        ];
        for (manifest, cloudbaserc, expected) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("cloudkit.toml"), manifest).expect("written");
            std::fs::write(folder.path().join("cloudbaserc.json"), cloudbaserc).expect("written");
            let options = Options { directory: folder.path().to_owned(), ..Options::default() };
            let project = Project::load(&options).expect("a project");
            let variables = [
                ("TENCENTCLOUD_SECRETID", "AKIDexample"),
                ("TENCENTCLOUD_SECRETKEY", "key"),
                ("TENCENTCLOUD_REGION", "ap-beijing"),
            ];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let search = Search {
                wanted: Some("garden-1"),
                project: &project,
                variables: &variables,
                config_folder: None,
                clock: &Clock::frozen(0),
                ids: &Ids::counting(1),
            };
            let target = search.find().expect("an environment");
            assert_eq!(target.region(), expected, "{manifest} {cloudbaserc}");
        }
    }
}
