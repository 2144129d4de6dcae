//! The permission of files (tcb). Files themselves travel by `/admin` and plain PUT and GET. See
//! `docs/wire.md#permissions`.

use serde::{Deserialize, Serialize};

use super::permission::SafeRule;
use super::{Done, actions};

/// Asks for the files' preset or rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeStorageSafeRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
}

/// Sets the files' preset or rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyStorageSafeRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    pub acl_tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

actions! {
    Tcb DescribeStorageSafeRule => SafeRule;
    Tcb ModifyStorageSafeRule => Done;
}
