//! Environments: list, choose, show.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::control::env::{DescribeEnvs, EnvDescription};
use crate::api::local::{DescribeUsage, FREE_DOCUMENTS, FREE_FILES};
use crate::cloud::credentials::Credentials;
use crate::cloud::{Client, Endpoint};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, Ids};
use crate::model::name::{did_you_mean, suggestion};
use crate::project::Project;
use crate::project::edit;
use crate::project::manifest::{LOCAL, Manifest};
use crate::project::running::Running;
use crate::text;

use super::target::{REGION, Target};

/// An environment in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The manifest's name for it; for one that only the account has, its id.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `running` or `stopped` for `local`; else what the account says, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    pub protected: bool,
    /// Whether commands speak to it when none is named.
    pub default: bool,
}

/// Returns the environments of the manifest, the local one, and with an account those of the account.
pub fn list(project: &Project, account: &[EnvDescription]) -> Vec<Listed> {
    let manifest = project.manifest.as_ref();
    let running = Running::find(&project.root);
    let default = manifest.and_then(|manifest| manifest.default_env.as_deref()).unwrap_or(LOCAL);
    let local = manifest.and_then(|manifest| manifest.environments.get(LOCAL));
    let mut listed = vec![Listed {
        name: LOCAL.into(),
        id: running.as_ref().map(|running| running.env_id.clone()),
        region: running.as_ref().map(|running| running.region.clone()),
        status: Some(if running.is_some() { "running" } else { "stopped" }.into()),
        protected: local.is_some_and(|local| local.protected),
        default: default == LOCAL,
    }];
    let mut owned: BTreeMap<&str, &EnvDescription> =
        account.iter().map(|it| (it.env_id.as_str(), it)).collect();
    for (name, environment) in manifest.into_iter().flat_map(|manifest| &manifest.environments) {
        let Some(id) = environment.id.as_ref().filter(|_| name != LOCAL) else { continue };
        let known = owned.remove(id.as_str());
        listed.push(Listed {
            name: name.clone(),
            id: Some(id.to_string()),
            region: environment.region.clone().or(Some(REGION.into())),
            status: known.map(|known| known.status.clone()),
            protected: environment.protected,
            default: default == name || default == id.as_str(),
        });
    }
    listed.extend(owned.into_values().map(|it| Listed {
        name: it.env_id.clone(),
        id: Some(it.env_id.clone()),
        region: Some(it.region.clone()).filter(|region| !region.is_empty()),
        status: Some(it.status.clone()),
        protected: false,
        default: default == it.env_id,
    }));
    listed
}

/// Asks the cloud for the account's environments.
pub async fn account(
    credentials: Credentials,
    region: &str,
    clock: &Clock,
    ids: &Ids,
) -> Result<Vec<EnvDescription>> {
    let endpoint = Endpoint { emulator: None, env_id: String::new(), region: region.to_owned() };
    let client = Client::new(endpoint, credentials, clock.clone(), ids.clone())?;
    Ok(client.call(&DescribeEnvs::default()).await?.env_list)
}

/// The environment that commands speak to from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    pub default: String,
    pub manifest_changed: bool,
}

/// Makes an environment the manifest's default.
///
/// # Errors
/// The manifest has no such environment.
pub fn choose(project: &Project, name: &str) -> Result<Chosen> {
    let manifest_changed = edit::change(&project.root, |edit| match knows(edit.manifest(), name) {
        true => edit.set_default_env(name),
        false => Err(unknown(edit.manifest(), name)),
    })?;
    Ok(Chosen { default: name.to_owned(), manifest_changed })
}

fn knows(manifest: &Manifest, name: &str) -> bool {
    let mut ids = manifest.environments.values().filter_map(|it| it.id.as_ref());
    name == LOCAL || manifest.environments.contains_key(name) || ids.any(|id| id.as_str() == name)
}

fn unknown(manifest: &Manifest, name: &str) -> Error {
    let error = Error::new(
        Kind::NotFound,
        text! { en: "the manifest has no environment `{name}`", zh: "清单中没有环境 `{name}`" },
    );
    let names = manifest.environments.keys().map(String::as_str).chain([LOCAL]);
    error.hint(match did_you_mean(name, names) {
        Some(near) => suggestion(near),
        None => text! { en: "add `[env.{name}]` with its `id` to cloudkit.toml", zh: "请在 cloudkit.toml 中添加带 `id` 的 `[env.{name}]`" },
    })
}

/// An environment with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub name: String,
    pub id: String,
    pub region: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    pub protected: bool,
    /// What documents and files take, where it can be asked: of an emulator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Used>,
}

/// Room that is taken, in bytes, and what is free of charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    pub document_bytes: u64,
    pub free_document_bytes: u64,
    pub file_bytes: u64,
    pub free_file_bytes: u64,
}

/// Describes the target.
pub async fn show(target: &Target) -> Result<Shown> {
    let it = target.environment().await?;
    let usage = match target.emulator() {
        Some(_) => Some(target.client().call(&DescribeUsage {}).await?),
        None => None,
    };
    Ok(Shown {
        usage: usage.map(|usage| Used {
            document_bytes: usage.documents,
            free_document_bytes: FREE_DOCUMENTS,
            file_bytes: usage.files,
            free_file_bytes: FREE_FILES,
        }),
        name: target.name.clone(),
        id: it.env_id.clone(),
        region: target.region().to_owned(),
        status: it.status.clone(),
        url: target.emulator().map(str::to_owned),
        package: it.package_name.clone(),
        bucket: it.storages.first().map(|storage| storage.bucket.clone()),
        database: it.databases.first().map(|database| database.instance_id.clone()),
        protected: target.protected,
    })
}
