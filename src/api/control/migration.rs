//! Documents between a collection and a file of the environment's storage (tcb): a job is begun, then asked about. See
//! `docs/wire.md#import-and-export`.

use serde::{Deserialize, Serialize};

use super::actions;

/// Brings a file into a collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DatabaseMigrateImport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
    /// The file's key.
    pub file_path: String,
    /// `json` or `csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_type: Option<String>,
    /// `insert` or `upsert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_on_error: Option<bool>,
}

/// Takes documents out into a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DatabaseMigrateExport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
    /// The file's key.
    pub file_path: String,
    /// `json` or `csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_type: Option<String>,
    /// Field paths with commas between; the columns of CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
    /// A filter as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// A sort as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// The answer to [`DatabaseMigrateImport`] and [`DatabaseMigrateExport`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MigrationJob {
    pub job_id: u64,
}

/// Asks how far a job is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DatabaseMigrateQueryInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub job_id: u64,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MigrationState {
    /// `waiting`, `reading`, `writing`, `migrating`, `success` or `fail`.
    pub status: String,
    #[serde(default)]
    pub record_success: u64,
    #[serde(default)]
    pub record_fail: u64,
    #[serde(default)]
    pub error_msg: String,
    /// Where an exported file is to be had.
    #[serde(default)]
    pub file_url: String,
}

actions! {
    Tcb DatabaseMigrateImport => MigrationJob, once;
    Tcb DatabaseMigrateExport => MigrationJob, once;
    Tcb DatabaseMigrateQueryInfo => MigrationState;
}
