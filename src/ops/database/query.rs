//! Reading documents, and how a query is carried out.

use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::local::{self, ExplainQuery, Explained};
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::index::field_path;
use crate::model::name::CollectionName;
use crate::ops::target::Target;
use crate::text;

use super::index::Advice;
use crate::api::ejson::relax;

/// The most documents the service answers with at once (`docs/wire.md#ejson-dialect`).
pub(super) const PAGE: u64 = 1_000;
/// Documents that a query without a limit gets.
const UNLIMITED: u64 = 100;

/// What is asked of a collection.
#[derive(Debug, Clone)]
pub struct Query {
    pub collection: CollectionName,
    /// Extended JSON, either form.
    pub filter: Option<String>,
    pub sort: Vec<SortKey>,
    pub limit: u64,
    pub skip: u64,
    /// Field paths; all fields when empty.
    pub fields: Vec<String>,
}

/// One field to sort by.
#[derive(Debug, Clone)]
pub struct SortKey {
    pub path: String,
    pub descending: bool,
}

/// Documents, in relaxed Extended JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Documents {
    pub documents: Vec<Value>,
    /// More documents match than were asked for.
    #[serde(skip)]
    pub more: bool,
}

/// A query in the form of the wire.
pub(super) struct Written {
    filter: Option<String>,
    order: Option<String>,
    projection: Option<String>,
}

impl Query {
    fn write(&self, now: Millis) -> Result<Written> {
        let mut order = Map::new();
        for key in &self.sort {
            let way = if key.descending { -1 } else { 1 };
            order.insert(key.path.clone(), json!({ "$numberInt": way.to_string() }));
        }
        let projection: Map<String, Value> =
            self.fields.iter().map(|field| (field.clone(), json!({ "$numberInt": "1" }))).collect();
        let text =
            |fields: Map<String, Value>| (!fields.is_empty()).then(|| Value::Object(fields).to_string());
        Ok(Written {
            filter: self.filter.as_deref().map(|filter| super::canonical(filter, now)).transpose()?,
            order: text(order),
            projection: text(projection),
        })
    }
}

impl FromStr for SortKey {
    type Err = Error;

    /// Reads `FIELD[:asc|desc]`.
    fn from_str(text: &str) -> Result<Self> {
        let (path, word) = text.rsplit_once(':').unwrap_or((text, "asc"));
        let descending = match word {
            "asc" | "1" => false,
            "desc" | "-1" => true,
            _ => {
                return Err(Error::new(
                    Kind::Usage,
                    text! { en: "`{word}` is not an order", zh: "`{word}` 不是排序方向" },
                )
                .hint(text! { en: "write `{path}:asc` or `{path}:desc`", zh: "请写 `{path}:asc` 或 `{path}:desc`" }));
            }
        };
        Ok(SortKey { path: field_path(path)?, descending })
    }
}

/// Returns the documents that match.
pub async fn query(target: &Target, query: &Query, now: Millis) -> Result<Documents> {
    let written = query.write(now)?;
    let mut documents = Vec::new();
    // One more than asked for tells whether there are more.
    let wanted = query.limit.saturating_add(1);
    while (documents.len() as u64) < wanted {
        let limit = match PAGE.min(wanted - documents.len() as u64) {
            // As many as a query without a limit would get: the emulator could not tell the two apart.
            UNLIMITED => UNLIMITED + 1,
            limit => limit,
        };
        let page =
            page(target, &query.collection, &written, query.skip + documents.len() as u64, limit).await?;
        let last = (page.len() as u64) < limit;
        documents.extend(page.into_iter().map(relax));
        if last {
            break;
        }
    }
    let more = documents.len() as u64 > query.limit;
    documents.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    Ok(Documents { documents, more })
}

/// Returns a page of documents in canonical form.
pub(super) async fn page(
    target: &Target,
    collection: &CollectionName,
    written: &Written,
    offset: u64,
    limit: u64,
) -> Result<Vec<Value>> {
    let mut fields = json!({
        "collectionName": collection.as_str(),
        "queryType": "WHERE",
        "multi": true,
        "limit": limit,
    });
    let optional =
        [("query", &written.filter), ("order", &written.order), ("projection", &written.projection)];
    for (name, text) in optional {
        if let Some(text) = text {
            fields[name] = text.as_str().into();
        }
    }
    if offset > 0 {
        fields["offset"] = offset.into();
    }
    let reply = match target.client().admin("database.getDocument", fields).await {
        Ok(reply) => reply,
        Err(error) => return Err(super::missing(target, collection, error).await),
    };
    let list = reply.pointer("/data/list").and_then(Value::as_array).cloned().unwrap_or_default();
    list.into_iter().map(document).collect()
}

/// Reads a document of an answer: Extended JSON as text.
fn document(value: Value) -> Result<Value> {
    let Value::String(text) = value else { return Ok(value) };
    serde_json::from_str(&text).map_err(|error| {
        Error::new(
            Kind::Failed,
            text! { en: "a document of the answer cannot be read", zh: "无法读取返回的文档" },
        )
        .source(&error)
    })
}

impl Written {
    /// Asks for the `_id` alone.
    pub(super) fn ids(filter: String) -> Self {
        let projection = Some(r#"{"_id":{"$numberInt":"1"}}"#.into());
        Written { filter: Some(filter), order: None, projection }
    }

    /// Returns the documents with a filter in order of `_id`.
    pub(super) fn by_id(filter: Option<String>) -> Self {
        Written { filter, order: Some(r#"{"_id":{"$numberInt":"1"}}"#.into()), projection: None }
    }
}

/// How a query is carried out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The index used; absent for a scan of the collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    pub bounds: Vec<String>,
    pub keys_examined: u64,
    pub documents_examined: u64,
    pub returned: u64,
    pub sorted_in_memory: bool,
    pub elapsed_ms: f64,
    /// The index that would serve, when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// What could have been done, the cheapest by estimate first.
    pub alternatives: Vec<Alternative>,
}

/// A way to carry out a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alternative {
    /// Absent for a scan of the collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Keys within its bounds, all documents for a scan; large numbers are estimates.
    pub keys: u64,
    pub sorts_in_memory: bool,
    pub estimated_ms: f64,
}

impl From<local::Alternative> for Alternative {
    fn from(it: local::Alternative) -> Self {
        let local::Alternative { index, keys, sorts, estimate } = it;
        Alternative { index, keys, sorts_in_memory: sorts, estimated_ms: estimate as f64 / 1_000.0 }
    }
}

impl From<Explained> for Explanation {
    fn from(it: Explained) -> Self {
        Explanation {
            index: it.index,
            bounds: it.bounds,
            keys_examined: it.keys_examined,
            documents_examined: it.documents_examined,
            returned: it.returned,
            sorted_in_memory: it.sorted_in_memory,
            elapsed_ms: it.elapsed as f64 / 1_000.0,
            advice: it.advice.map(Advice::from),
            alternatives: it.alternatives.into_iter().map(Alternative::from).collect(),
        }
    }
}

/// Tells how a query is carried out; only an emulator can.
pub async fn explain(target: &Target, query: &Query, now: Millis) -> Result<Explanation> {
    let written = query.write(now)?;
    let asked = ExplainQuery {
        collection_name: query.collection.to_string(),
        query: written.filter,
        order: written.order,
        projection: written.projection,
        skip: (query.skip > 0).then_some(query.skip),
        limit: Some(query.limit),
    };
    match target.client().call(&asked).await {
        Ok(explained) => Ok(explained.into()),
        Err(error) => Err(super::missing(target, &query.collection, error).await),
    }
}
