//! Who may read and write what (tcb). See `docs/wire.md#permissions`.

use serde::{Deserialize, Serialize};

use super::{Done, actions};

/// Asks for a collection's preset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeDatabaseACL {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
}

/// The answer to [`DescribeDatabaseACL`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DatabaseAcl {
    #[serde(default)]
    pub acl_tag: String,
}

/// Sets a collection's preset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyDatabaseACL {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
    /// `READONLY`, `PRIVATE`, `ADMINWRITE` or `ADMINONLY`.
    pub acl_tag: String,
}

/// Asks for a collection's preset or rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeSafeRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
}

/// The answer to [`DescribeSafeRule`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SafeRule {
    /// A preset, or `CUSTOM`.
    #[serde(default)]
    pub acl_tag: String,
    /// The rule as JSON text, with `CUSTOM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Sets a collection's preset or rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifySafeRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub collection_name: String,
    pub acl_tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Asks for the permission of a set of resources.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeResourcePermission {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    /// `function`, `storage`, `table` or `collection`.
    pub resource_type: String,
    #[serde(default)]
    pub resources: Vec<String>,
}

/// The answer to [`DescribeResourcePermission`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourcePermissions {
    #[serde(default)]
    pub data: PermissionPage,
}

/// A list of permissions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PermissionPage {
    #[serde(default)]
    pub total_count: u64,
    #[serde(default)]
    pub permission_list: Vec<ResourcePermission>,
}

/// The permission of one resource.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourcePermission {
    #[serde(default)]
    pub resource_type: String,
    #[serde(default)]
    pub resource: String,
    #[serde(default)]
    pub permission: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_rule: Option<String>,
}

/// Sets the permission of one resource.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyResourcePermission {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    pub resource_type: String,
    #[serde(default)]
    pub resource: String,
    /// A preset, or `CUSTOM`.
    pub permission: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_rule: Option<String>,
}

actions! {
    Tcb DescribeDatabaseACL => DatabaseAcl;
    Tcb ModifyDatabaseACL => Done;
    Tcb DescribeSafeRule => SafeRule;
    Tcb ModifySafeRule => Done;
    Tcb DescribeResourcePermission => ResourcePermissions;
    Tcb ModifyResourcePermission => Done;
}
