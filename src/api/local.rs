//! The emulator's own actions: what only it can do. Signed like the others; the cloud does not know them.

use serde::{Deserialize, Serialize};

use super::control::actions;
use super::control::function::Invoked;

/// The path under which an emulator takes packages on their way to a function; the object's key follows.
pub const PACKAGES: &str = "/__cloudkit/packages";

/// The path under which an emulator keeps the environment's files, as a bucket: keys follow, and the bare path lists.
pub const OBJECTS: &str = "/__cloudkit/object";

/// Calls a function as a mini program's user would.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvokeFunction {
    pub function_name: String,
    /// The event as JSON text.
    pub event: String,
    /// Who calls; nobody when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<String>,
}

/// Starts a function as its timer would.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FireTrigger {
    pub function_name: String,
    pub trigger_name: String,
    /// The time the function is told, in milliseconds; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

/// Asks how a query would be carried out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExplainQuery {
    pub collection_name: String,
    /// The filter as Extended JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The sort as Extended JSON text: `{"score":-1}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The projection as Extended JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The answer to [`ExplainQuery`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Explained {
    /// The index used; absent for a scan of the collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    #[serde(default)]
    pub bounds: Vec<String>,
    pub keys_examined: u64,
    pub documents_examined: u64,
    pub returned: u64,
    pub sorted_in_memory: bool,
    /// Microseconds.
    pub elapsed: u64,
    /// The index that would serve, when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<MissingIndex>,
}

/// Lists the indexes that queries missed since the emulator started.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IndexAdvice {}

/// The answer to [`IndexAdvice`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingIndexes {
    #[serde(default)]
    pub indexes: Vec<MissingIndex>,
}

/// An index that queries missed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingIndex {
    pub collection_name: String,
    /// As a person writes them: `score:desc`.
    pub keys: Vec<String>,
    /// Queries that would have used it.
    #[serde(default)]
    pub queries: u64,
    /// The most documents one of them examined.
    #[serde(default)]
    pub documents_examined: u64,
}

actions! {
    Cloudkit InvokeFunction => Invoked, once;
    Cloudkit FireTrigger => Invoked, once;
    Cloudkit ExplainQuery => Explained;
    Cloudkit IndexAdvice => MissingIndexes;
}
