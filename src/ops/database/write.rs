//! Writing documents.

use serde::Serialize;
use serde_json::{Value, json};

use crate::api::ejson::{Form, value_to_text};
use crate::cloud;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::CollectionName;
use crate::ops::target::Target;
use crate::text;

/// The documents that were added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inserted {
    pub inserted_ids: Vec<Value>,
}

/// Adds a document, or each document of an array, given as Extended JSON.
pub async fn insert(
    target: &Target,
    collection: &CollectionName,
    text: &str,
    now: Millis,
) -> Result<Inserted> {
    let documents =
        match crate::api::ejson::value(text, now).map_err(|error| not_a_document().source(&error))? {
            bson::Bson::Array(documents) => documents,
            document => vec![document],
        };
    if documents.is_empty() || documents.iter().any(|document| document.as_document().is_none()) {
        return Err(not_a_document());
    }
    let documents = documents.iter().map(|document| value_to_text(document, Form::Canonical)).collect();
    match send(target, collection, documents).await {
        Ok(inserted_ids) => Ok(Inserted { inserted_ids }),
        Err(error) => Err(super::missing(target, collection, error).await),
    }
}

/// Sends documents in the form of the wire and returns their ids.
pub(super) async fn send(
    target: &Target,
    collection: &CollectionName,
    documents: Vec<String>,
) -> Result<Vec<Value>, cloud::Error> {
    let fields = json!({ "collectionName": collection.as_str(), "data": documents });
    let mut reply = target.client().admin("database.insertDocument", fields).await?;
    let ids = reply.pointer_mut("/data/insertedIds").map(Value::take);
    Ok(ids
        .and_then(|ids| ids.as_array().cloned())
        .unwrap_or_default()
        .into_iter()
        .map(super::relaxed::relax)
        .collect())
}

fn not_a_document() -> Error {
    Error::new(
        Kind::Usage,
        text! { en: "this is neither a document nor an array of documents", zh: "既不是文档，也不是文档数组" },
    )
    .hint(text! { en: "write for example `{{\"name\": \"Li\"}}`", zh: "例如写成 `{{\"name\": \"Li\"}}`" })
}
