//! Documents in the legacy dialect: wx-server-sdk 1 and tcb-admin-node 1. See
//! `docs/wire.md#legacy-dialect`.
//!
//! Values are plain JSON inside the request, kept as the text they came in: the reader of Extended JSON takes it from there.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::database::{Deleted, QueryType, Total};
use super::sdk_actions;

type Raw = Box<RawValue>;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddDocument {
    pub collection_name: String,
    /// A document, or a list of them.
    pub data: Raw,
    #[serde(rename = "_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Raw>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddDocumentReply {
    #[serde(rename = "_id")]
    pub id: serde_json::Value,
    /// Of a list.
    #[serde(rename = "insertedIds", default, skip_serializing_if = "Option::is_none")]
    pub inserted_ids: Option<Vec<serde_json::Value>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryDocument {
    pub collection_name: String,
    #[serde(default)]
    pub query_type: QueryType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<Order>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Raw>,
}

/// One `orderBy`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    pub field: String,
    pub direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    #[serde(alias = "ASC")]
    Asc,
    #[serde(alias = "DESC")]
    Desc,
}

impl Direction {
    /// Returns what stands for it in a sort.
    pub fn sign(self) -> i32 {
        match self {
            Direction::Asc => 1,
            Direction::Desc => -1,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryDocumentReply {
    pub list: Vec<Raw>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountDocument {
    pub collection_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Raw>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDocument {
    pub collection_name: String,
    #[serde(default)]
    pub query_type: QueryType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Raw>,
    pub data: Raw,
    #[serde(default)]
    pub multi: bool,
    #[serde(default)]
    pub merge: bool,
    #[serde(default)]
    pub upsert: bool,
}

/// `doc().set` reads `upserted_id`, `where().update` reads `upsert_id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateDocumentReply {
    pub updated: u64,
    /// Documents that were found, changed or not; clients are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upserted_id: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsert_id: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDocument {
    pub collection_name: String,
    #[serde(default)]
    pub query_type: QueryType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Raw>,
    #[serde(default)]
    pub multi: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aggregate {
    pub collection_name: String,
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    pub stage_key: String,
    /// The argument's JSON text inside a string, or plain JSON.
    pub stage_value: Raw,
}

/// One text that holds an array of texts of Extended JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AggregateReply {
    pub list: String,
}

/// `transaction.collection().doc().get()`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetInTransaction {
    pub collection_name: String,
    pub transaction_id: String,
    pub query: Raw,
}

/// `set` (a whole document, `upsert`) or `update` (operators).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDocInTransaction {
    pub collection_name: String,
    pub transaction_id: String,
    pub query: Raw,
    /// Canonical Extended JSON.
    pub data: String,
    #[serde(default)]
    pub upsert: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InsertDocInTransaction {
    pub collection_name: String,
    pub transaction_id: String,
    /// Canonical Extended JSON.
    pub data: String,
    #[serde(rename = "_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Raw>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDocInTransaction {
    pub collection_name: String,
    pub transaction_id: String,
    pub query: Raw,
}

/// The answers of the four `…InTransaction` actions stand at the top level; counts are texts of Extended JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct InTransaction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inserted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upserted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
}

sdk_actions! {
    AddDocument = "database.addDocument" -> AddDocumentReply;
    QueryDocument = "database.queryDocument" -> QueryDocumentReply;
    CountDocument = "database.countDocument" -> Total;
    UpdateDocument = "database.updateDocument" -> UpdateDocumentReply;
    DeleteDocument = "database.deleteDocument" -> Deleted;
    Aggregate = "database.aggregate" -> AggregateReply;
    GetInTransaction = "database.getInTransaction" -> InTransaction;
    UpdateDocInTransaction = "database.updateDocInTransaction" -> InTransaction;
    InsertDocInTransaction = "database.insertDocInTransaction" -> InTransaction;
    DeleteDocInTransaction = "database.deleteDocInTransaction" -> InTransaction;
}
