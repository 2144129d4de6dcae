//! Documents in the EJSON dialect: wx-server-sdk 2 and later, node-sdk 2 and later. See
//! `docs/wire.md#ejson-dialect`.
//!
//! Filters, updates, documents and projections are texts of Extended JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Nothing, sdk_actions};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddCollection {
    pub collection_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InsertDocument {
    pub collection_name: String,
    pub data: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InsertDocumentReply {
    /// Strings, or numbers when the caller chose numeric ids.
    pub inserted_ids: Vec<serde_json::Value>,
}

/// How documents are named: one by its id, or by a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum QueryType {
    Doc,
    #[default]
    Where,
}

/// Reads documents by id (`queryType: "DOC"`) or by filter (`"WHERE"`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GetDocument {
    pub collection_name: String,
    pub query_type: QueryType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetDocumentReply {
    pub list: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CalculateDocument {
    pub collection_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Total {
    pub total: u64,
}

/// Updates with operators (`merge`) or replaces a document whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModifyDocument {
    pub collection_name: String,
    pub query_type: QueryType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    pub data: String,
    pub multi: bool,
    pub merge: bool,
    pub upsert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModifyDocumentReply {
    pub updated: u64,
    /// Documents that were found, changed or not; clients are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsert_id: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModifyAndReturnDoc {
    pub collection_name: String,
    pub query_type: QueryType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    pub data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModifyAndReturnDocReply {
    pub updated: u64,
    /// The document as it is now; absent when nothing matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RemoveDocument {
    pub collection_name: String,
    pub query_type: QueryType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    pub multi: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deleted {
    pub deleted: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregateDocuments {
    pub collection_name: String,
    pub stages: Vec<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

/// A stage: `$match` and its argument, which is a text of Extended JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    pub stage_key: String,
    pub stage_value: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Documents {
    pub list: Vec<String>,
}

/// The answer stands at the top level: `{"requestId","transactionId"}`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct StartTransaction {}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    pub transaction_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitTransaction {
    pub transaction_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AbortTransaction {
    pub transaction_id: String,
}

sdk_actions! {
    AddCollection = "database.addCollection" -> Nothing;
    InsertDocument = "database.insertDocument" -> InsertDocumentReply;
    GetDocument = "database.getDocument" -> GetDocumentReply;
    CalculateDocument = "database.calculateDocument" -> Total;
    ModifyDocument = "database.modifyDocument" -> ModifyDocumentReply;
    ModifyAndReturnDoc = "database.modifyAndReturnDoc" -> ModifyAndReturnDocReply;
    RemoveDocument = "database.removeDocument" -> Deleted;
    AggregateDocuments = "database.aggregateDocuments" -> Documents;
    StartTransaction = "database.startTransaction" -> Started;
    CommitTransaction = "database.commitTransaction" -> Nothing;
    AbortTransaction = "database.abortTransaction" -> Nothing;
}

/// A value whose JSON text is already known.
pub fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
