//! What starts a function by itself (scf). See `docs/wire.md#triggers`.

use serde::{Deserialize, Serialize};

use super::{Done, actions};

/// Creates several triggers at once. Not in the public SDKs; the official tools use it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchCreateTrigger {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// A JSON text: an array of `{TriggerName, Type, TriggerDesc}`.
    pub triggers: String,
    #[serde(default)]
    pub count: u64,
}

/// One trigger inside [`BatchCreateTrigger`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewTrigger {
    pub trigger_name: String,
    /// `timer`.
    #[serde(default)]
    pub r#type: String,
    /// A seven-field cron, or `{"cron":"…"}`.
    pub trigger_desc: String,
}

/// Creates a trigger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTrigger {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub trigger_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    pub trigger_desc: String,
    /// `OPEN` or `CLOSE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_argument: Option<String>,
}

/// The answer to [`CreateTrigger`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggerCreated {
    #[serde(default)]
    pub trigger_info: TriggerStatus,
}

/// Deletes a trigger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTrigger {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub trigger_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_desc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

/// Lists a function's triggers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTriggers {
    pub function_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The answer to [`ListTriggers`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggerPage {
    #[serde(default)]
    pub triggers: Vec<TriggerStatus>,
    #[serde(default)]
    pub total_count: u64,
}

/// A trigger that exists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggerStatus {
    pub trigger_name: String,
    #[serde(default)]
    pub r#type: String,
    /// `{"cron":"…"}`.
    #[serde(default)]
    pub trigger_desc: String,
    /// 1 is on.
    #[serde(default)]
    pub enable: i64,
    #[serde(default)]
    pub add_time: String,
    #[serde(default)]
    pub mod_time: String,
    #[serde(default)]
    pub available_status: String,
    #[serde(default)]
    pub custom_argument: String,
    #[serde(default)]
    pub qualifier: String,
}

actions! {
    Scf BatchCreateTrigger => Done;
    Scf CreateTrigger => TriggerCreated, once;
    Scf DeleteTrigger => Done, once;
    Scf ListTriggers => TriggerPage;
}
