//! Collections and indexes (tcb). See `docs/wire.md#collections-and-indexes`.
//!
//! The database is named by `Tag` or by `MongoConnector`; clients differ, so both are read.

use serde::{Deserialize, Serialize};

use super::{Done, actions};
use crate::model::index::{Direction, IndexKey, IndexSpec};

/// Names the database the way manager-node 5 does.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MongoConnector {
    /// `tnt-…`.
    #[serde(default)]
    pub database_name: String,
    /// `flexdb`.
    #[serde(default)]
    pub instance_id: String,
}

/// Creates a collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    pub table_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_info: Option<TablePermission>,
}

/// A permission that a collection is created with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TablePermission {
    #[serde(default)]
    pub acl_tag: String,
    #[serde(default)]
    pub env_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Drops a collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    pub table_name: String,
}

/// Describes a collection's indexes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    pub table_name: String,
}

/// The answer to [`DescribeTable`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableDescription {
    #[serde(default)]
    pub index_num: u64,
    #[serde(default)]
    pub indexes: Vec<IndexDescription>,
}

/// An index that exists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IndexDescription {
    pub name: String,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub unique: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse: Option<bool>,
    #[serde(default)]
    pub keys: Vec<IndexField>,
    #[serde(default)]
    pub accesses: Accesses,
}

/// One field of an index that exists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IndexField {
    pub name: String,
    /// `1`, `-1` or `2dsphere`.
    #[serde(default)]
    pub direction: String,
}

/// How often an index was used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Accesses {
    #[serde(default)]
    pub ops: u64,
    #[serde(default)]
    pub since: String,
}

/// Lists collections.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTables {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    /// 100 when absent, at most 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgo_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgo_offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_value: Option<String>,
}

/// Describes collections by name, or all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTables {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    #[serde(default)]
    pub table_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgo_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgo_offset: Option<u64>,
}

/// The answer to [`ListTables`]; the wire says `null` when there is no collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TablePage {
    pub tables: Option<Vec<TableLine>>,
    #[serde(default)]
    pub pager: Pager,
}

/// A collection in a list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableLine {
    pub table_name: String,
    #[serde(default)]
    pub count: u64,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub index_count: u64,
    #[serde(default)]
    pub index_size: u64,
}

/// Which part of a list this is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pager {
    #[serde(default)]
    pub offset: u64,
    #[serde(default)]
    pub limit: u64,
    #[serde(default)]
    pub total: u64,
}

/// Adds and drops indexes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    pub table_name: String,
    #[serde(default)]
    pub create_indexes: Vec<NewIndex>,
    #[serde(default)]
    pub drop_indexes: Vec<DroppedIndex>,
}

/// An index to add.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewIndex {
    pub index_name: String,
    pub mgo_key_schema: KeySchema,
}

/// The fields of an index to add.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeySchema {
    #[serde(default)]
    pub mgo_index_keys: Vec<IndexField>,
    #[serde(default)]
    pub mgo_is_unique: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgo_is_sparse: Option<bool>,
}

/// An index to drop.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DroppedIndex {
    pub index_name: String,
}

/// Runs database commands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunCommands {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
    #[serde(default)]
    pub mgo_commands: Vec<MongoCommand>,
}

/// One command of [`RunCommands`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MongoCommand {
    pub table_name: String,
    /// `QUERY`, `INSERT`, `UPDATE`, `DELETE` or `COMMAND`.
    #[serde(default)]
    pub command_type: String,
    /// The command as JSON text, as MongoDB names it.
    pub command: String,
}

/// The answer to [`RunCommands`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandResults {
    /// One JSON text a command.
    #[serde(default)]
    pub data: Vec<String>,
}

/// Counts the documents of every collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeDbDistribution {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mongo_connector: Option<MongoConnector>,
}

/// The answer to [`DescribeDbDistribution`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DbDistribution {
    #[serde(default)]
    pub collections: CollectionCounts,
}

/// The collections of a database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CollectionCounts {
    #[serde(default)]
    pub count: u64,
    #[serde(default)]
    pub collections: Vec<CollectionCount>,
}

/// A collection and its documents.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CollectionCount {
    pub collection_name: String,
    #[serde(default)]
    pub doc_count: u64,
}

impl From<&IndexSpec> for NewIndex {
    fn from(index: &IndexSpec) -> Self {
        let field =
            |key: &IndexKey| IndexField { name: key.path.clone(), direction: key.direction.wire().into() };
        NewIndex {
            index_name: index.name.clone(),
            mgo_key_schema: KeySchema {
                mgo_index_keys: index.keys.iter().map(field).collect(),
                mgo_is_unique: index.unique,
                mgo_is_sparse: index.sparse.then_some(true),
            },
        }
    }
}

impl IndexDescription {
    /// Returns the index in our words, or `None` when it has a kind of key we do not know.
    pub fn spec(&self) -> Option<IndexSpec> {
        let key = |field: &IndexField| {
            Some(IndexKey { path: field.name.clone(), direction: Direction::from_wire(&field.direction)? })
        };
        Some(IndexSpec {
            name: self.name.clone(),
            keys: self.keys.iter().map(key).collect::<Option<_>>()?,
            unique: self.unique,
            sparse: self.sparse.unwrap_or(false),
        })
    }
}

actions! {
    Tcb CreateTable => Done, once;
    Tcb DeleteTable => Done, once;
    Tcb DescribeTable => TableDescription;
    Tcb ListTables => TablePage;
    Tcb DescribeTables => TablePage;
    Tcb UpdateTable => Done, once;
    Tcb RunCommands => CommandResults, once;
    Tcb DescribeDbDistribution => DbDistribution;
}
