//! HTTP access: paths that call functions (tcb). See `docs/wire.md#http-access`.

use serde::{Deserialize, Serialize};

use super::{Done, actions};

/// The type of a route that calls a function.
pub const FUNCTION: i64 = 1;
/// The `AuthSwitch` of a route that wants no login.
pub const OPEN: i64 = 2;

/// Lists the routes of an environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeCloudBaseGWAPI {
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "APIId", skip_serializing_if = "Option::is_none")]
    pub api_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The answer to [`DescribeCloudBaseGWAPI`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutePage {
    #[serde(rename = "APISet", default)]
    pub api_set: Vec<Route>,
    #[serde(default)]
    pub enable_service: bool,
    #[serde(default)]
    pub total: u64,
    #[serde(default)]
    pub offset: u64,
    #[serde(default)]
    pub limit: u64,
}

/// A path and what it calls.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Route {
    #[serde(rename = "APIId", default)]
    pub api_id: String,
    #[serde(default)]
    pub path: String,
    /// [`FUNCTION`]; 2 is a container.
    #[serde(default)]
    pub r#type: i64,
    #[serde(default)]
    pub name: String,
    /// Unix seconds.
    #[serde(default)]
    pub create_time: i64,
    #[serde(default)]
    pub env_id: String,
    #[serde(default)]
    pub domain: String,
    /// [`OPEN`]; 1 wants a login.
    #[serde(default)]
    pub auth_switch: i64,
}

/// Makes a route.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateCloudBaseGWAPI {
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
    pub path: String,
    /// [`FUNCTION`]; 2 is a container.
    #[serde(default)]
    pub r#type: i64,
    /// What it calls.
    #[serde(default)]
    pub name: String,
    /// [`OPEN`]; 1 wants a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_switch: Option<i64>,
}

/// The answer to [`CreateCloudBaseGWAPI`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreatedRoute {
    #[serde(rename = "APIId", default)]
    pub api_id: String,
    #[serde(default)]
    pub endpoint: String,
}

/// Removes the routes that a name, a path or an id picks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteCloudBaseGWAPI {
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(rename = "APIId", skip_serializing_if = "Option::is_none")]
    pub api_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<i64>,
}

/// Asks under which domains the routes are reached.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeCloudBaseGWService {
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
}

/// The answer to [`DescribeCloudBaseGWService`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Domains {
    #[serde(default)]
    pub service_set: Vec<Domain>,
    #[serde(default)]
    pub default_domain: String,
    #[serde(default)]
    pub enable_service: bool,
}

/// A domain of HTTP access.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Domain {
    pub domain: String,
    /// Unix seconds.
    #[serde(default)]
    pub open_time: i64,
    #[serde(default)]
    pub status: i64,
}

actions! {
    Tcb DescribeCloudBaseGWAPI => RoutePage;
    Tcb CreateCloudBaseGWAPI => CreatedRoute, once;
    Tcb DeleteCloudBaseGWAPI => Done;
    Tcb DescribeCloudBaseGWService => Domains;
}
