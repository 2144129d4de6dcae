//! Environments and the account. See `docs/wire.md#environments`.

use serde::{Deserialize, Serialize};

use super::actions;

/// Lists the account's environments, or describes one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeEnvs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// The answer to [`DescribeEnvs`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvPage {
    #[serde(default)]
    pub env_list: Vec<EnvDescription>,
    #[serde(default)]
    pub total: u64,
}

/// Describes one environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeEnvInfo {
    pub env_id: String,
}

/// The answer to [`DescribeEnvInfo`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvFound {
    pub env_info: EnvOwned,
}

/// An environment and its owner.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvOwned {
    pub env_base_info: EnvDescription,
    #[serde(default)]
    pub user_info: Owner,
}

/// The account behind an environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Owner {
    #[serde(default)]
    pub app_id: String,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvDescription {
    pub env_id: String,
    #[serde(default)]
    pub alias: String,
    /// `NORMAL`, `UNAVAILABLE`, `ISOLATE`, `ABNORMAL` or `ERROR`.
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub region: String,
    /// `miniapp` or `qcloud`: where it was opened.
    #[serde(default)]
    pub source: String,
    /// As `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub create_time: String,
    #[serde(default)]
    pub update_time: String,
    #[serde(default)]
    pub package_id: String,
    #[serde(default)]
    pub package_name: String,
    /// `baas`, `run`, `hoting` or `weda`.
    #[serde(default)]
    pub env_type: String,
    #[serde(default)]
    pub databases: Vec<EnvDatabase>,
    #[serde(default)]
    pub storages: Vec<EnvStorage>,
    #[serde(default)]
    pub functions: Vec<EnvFunctions>,
    #[serde(default)]
    pub static_storages: Vec<EnvSite>,
    #[serde(default)]
    pub log_services: Vec<EnvLogs>,
    #[serde(default)]
    pub custom_log_services: Vec<EnvLogs>,
    #[serde(default)]
    pub meta: Vec<serde_json::Value>,
    #[serde(rename = "PostgreSQL", default)]
    pub postgre_sql: Vec<serde_json::Value>,
}

/// Where an environment's documents are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvDatabase {
    /// `tnt-…`: the `Tag` of database actions.
    #[serde(default)]
    pub instance_id: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub status: String,
}

/// Where an environment's files are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvStorage {
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub bucket: String,
    #[serde(default)]
    pub cdn_domain: String,
    #[serde(default)]
    pub app_id: String,
}

/// Where an environment's functions are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvFunctions {
    /// The `Namespace` of scf actions.
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub region: String,
}

/// An environment's static site.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvSite {
    #[serde(default)]
    pub static_domain: String,
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub bucket: String,
}

/// Where an environment's logs are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvLogs {
    #[serde(default)]
    pub logset_name: String,
    #[serde(default)]
    pub logset_id: String,
    #[serde(default)]
    pub topic_name: String,
    #[serde(default)]
    pub topic_id: String,
    #[serde(default)]
    pub region: String,
    /// Days.
    #[serde(default)]
    pub period: u64,
}

/// Asks for the account's numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTcbAccountInfo {}

/// The answer to [`DescribeTcbAccountInfo`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    /// The first part of a temporary object's path.
    pub cloud_app_id: u64,
}

actions! {
    Tcb DescribeEnvs => EnvPage;
    Tcb DescribeEnvInfo => EnvFound;
    Tcb DescribeTcbAccountInfo => Account;
}
