//! `/v1/database/instances/I/databases/D/…`: documents, transactions. Any instance and database is the environment's.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Asked, Result, Trouble, unimplemented};
use crate::api::data::Failure;
use crate::api::data::database::GetDocumentReply;
use crate::api::data::legacy::Order;
use crate::emulator::edge::reply;
use crate::emulator::edge::target::{decode, query_value};

pub(super) async fn answer(asked: &Asked<'_>, path: &str) -> Result<Response> {
    let segments: Vec<String> = path.split('/').map(|it| decode(it).unwrap_or_default()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["instances", _, "databases", _, rest @ ..] = segments.as_slice() else {
        return Err(unimplemented(asked.parts));
    };
    let json = match (asked.parts.method.as_str(), rest) {
        ("GET", ["collections", collection, "documents"]) => match asked.parameter("count").as_deref() {
            Some("true") => count(asked, collection).await?,
            _ => list(asked, collection).await?,
        },
        ("GET", ["collections", collection, "documents", id]) => one(asked, collection, id).await?,
        ("POST", ["collections", collection, "documents"]) => add(asked, collection).await?,
        ("PATCH", ["collections", collection, "documents"]) => update(asked, collection).await?,
        ("POST", ["collections", collection, "documents", "remove"]) => remove(asked, collection).await?,
        ("POST", ["collections", collection, "documents", "aggregations"]) => {
            aggregate(asked, collection).await?
        }
        ("POST", ["collections"]) => asked.act("database.addCollection", &asked.fields()?).await?,
        ("POST", ["transactions"]) => asked.act("database.startTransaction", &json!({})).await?,
        ("POST", ["transactions", id, "commit"]) => {
            asked.act("database.commitTransaction", &json!({ "transactionId": id })).await?
        }
        ("POST", ["transactions", id, "rollback"]) => {
            asked.act("database.abortTransaction", &json!({ "transactionId": id })).await?
        }
        _ => return Err(unimplemented(asked.parts)),
    };
    Ok(reply::typed(StatusCode::OK, reply::JSON, json))
}

impl Asked<'_> {
    /// Returns a parameter of the query that is not empty.
    fn parameter(&self, name: &str) -> Option<String> {
        query_value(self.parts.uri.query().unwrap_or_default(), name).filter(|value| !value.is_empty())
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        let wrong = |value| Failure::parameter(format_args!("`{name}` is no count: `{value}`")).into();
        self.parameter(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
    }
}

async fn list(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let (offset, limit) = (asked.number("offset")?.unwrap_or(0), asked.number("limit")?.unwrap_or(100));
    let found = get(
        asked,
        json!({
            "collectionName": collection,
            "queryType": query_type(asked.parameter("query").and_then(|it| serde_json::from_str(&it).ok()).as_ref()),
            "query": asked.parameter("query"),
            "order": order(asked.parameter("order").as_deref())?,
            "projection": asked.parameter("projection"),
            "transactionId": asked.parameter("transactionId"),
            "offset": offset,
            "limit": limit,
        }),
    );
    Ok(format!(r#"{{"offset":{offset},"limit":{limit},"list":[{}]}}"#, found.await?.join(",")))
}

async fn one(asked: &Asked<'_>, collection: &str, id: &str) -> Result<String> {
    let found = get(
        asked,
        json!({
            "collectionName": collection,
            "queryType": "DOC",
            "query": json!({ "_id": id }).to_string(),
            "projection": asked.parameter("projection"),
            "transactionId": asked.parameter("transactionId"),
            "limit": 1,
        }),
    );
    let missing = || Failure::new("DOCUMENT_NOT_FOUND", format!("document `{id}` does not exist")).into();
    found.await?.into_iter().next().ok_or_else(missing)
}

/// Says whether a query names one document by its id: these SDKs do not.
fn query_type(query: Option<&Value>) -> &'static str {
    let query = query.and_then(Value::as_object);
    if query.is_some_and(|query| query.len() == 1 && query.contains_key("_id")) { "DOC" } else { "WHERE" }
}

/// Returns documents as texts of Extended JSON.
async fn get(asked: &Asked<'_>, fields: Value) -> Result<Vec<String>> {
    let answer = asked.act("database.getDocument", &fields).await?;
    let GetDocumentReply { list, .. } = serde_json::from_str(&answer).map_err(Failure::parameter)?;
    Ok(list)
}

/// Turns `[{"field","direction"}]` into a sort.
fn order(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let orders: Vec<Order> = serde_json::from_str(text).map_err(Failure::parameter)?;
    let sort: Map<String, Value> =
        orders.into_iter().map(|it| (it.field, it.direction.sign().into())).collect();
    Ok(Some(Value::Object(sort).to_string()))
}

async fn count(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let fields = json!({ "collectionName": collection, "query": asked.parameter("query") });
    asked.act("database.calculateDocument", &fields).await
}

async fn add(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let sent = asked.fields()?;
    let documents = match sent.get("data") {
        Some(Value::Array(documents)) => documents.iter().map(Value::to_string).collect(),
        Some(document) => vec![document.to_string()],
        None => return Err(lacking("data")),
    };
    let fields = json!({
        "collectionName": collection, "data": documents, "transactionId": sent.get("transactionId"),
    });
    asked.act("database.insertDocument", &fields).await
}

/// Without operators and without `replaceMode`, the data are merged: also for `doc().set()`, which sends just that.
async fn update(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let sent = asked.fields()?;
    let data = sent.get("data").cloned().ok_or_else(|| lacking("data"))?;
    let has_operators = data.as_object().is_some_and(|data| data.keys().any(|key| key.starts_with('$')));
    let replaces = flag(&sent, "replaceMode") == true && !has_operators;
    let data = if has_operators || replaces { data } else { json!({ "$set": data }) };
    let mut answer = asked
        .value(
            "database.modifyDocument",
            &json!({
                "collectionName": collection,
                "queryType": query_type(sent.get("query")),
                "query": sent.get("query").map(Value::to_string),
                "data": data.to_string(),
                "multi": flag(&sent, "multi"),
                "merge": !replaces,
                "upsert": flag(&sent, "upsert"),
                "transactionId": sent.get("transactionId"),
            }),
        )
        .await?;
    // `where().update` reads the one name, `doc().set` the other.
    let created = answer.get("upsert_id").cloned().unwrap_or_default();
    answer["upsert_id"] = created.clone();
    answer["upserted_id"] = created;
    Ok(answer.to_string())
}

fn lacking(field: &str) -> Trouble {
    Failure::parameter(format_args!("`{field}` is missing")).into()
}

/// Returns what was sent as a flag; the action refuses what is none.
fn flag(sent: &Value, name: &str) -> Value {
    sent.get(name).filter(|it| !it.is_null()).cloned().unwrap_or(Value::Bool(false))
}

async fn remove(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let sent = asked.fields()?;
    let fields = json!({
        "collectionName": collection,
        "queryType": query_type(sent.get("query")),
        "query": sent.get("query").map(Value::to_string),
        "multi": flag(&sent, "multi"),
        "transactionId": sent.get("transactionId"),
    });
    asked.act("database.removeDocument", &fields).await
}

async fn aggregate(asked: &Asked<'_>, collection: &str) -> Result<String> {
    let sent = asked.fields()?;
    let pipeline = sent.get("pipeline").cloned().ok_or_else(|| lacking("pipeline"))?;
    let pipeline: Vec<Map<String, Value>> = serde_json::from_value(pipeline).map_err(Failure::parameter)?;
    let stages = pipeline.iter().flatten();
    let stages: Vec<Value> =
        stages.map(|(key, value)| json!({ "stageKey": key, "stageValue": value.to_string() })).collect();
    let fields = json!({ "collectionName": collection, "stages": stages });
    let answer = asked.act("database.aggregateDocuments", &fields).await?;
    let GetDocumentReply { list, .. } = serde_json::from_str(&answer).map_err(Failure::parameter)?;
    Ok(format!(r#"{{"list":[{}]}}"#, list.join(",")))
}
