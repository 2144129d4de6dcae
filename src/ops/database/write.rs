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
///
/// Each is a request of its own: of several in one request, the service does not say which it refused.
pub async fn insert(
    target: &Target,
    collection: &CollectionName,
    text: &str,
    now: Millis,
) -> Result<Inserted> {
    let value = crate::api::ejson::value(text, now).map_err(|error| {
        let message = text! { en: "this is not Extended JSON", zh: "不是合法的扩展 JSON" };
        Error::new(Kind::Usage, message).cause(error.why())
    });
    let documents = match value? {
        bson::Bson::Array(documents) => documents,
        document => vec![document],
    };
    if documents.is_empty() || documents.iter().any(|document| document.as_document().is_none()) {
        return Err(not_a_document());
    }
    let mut inserted_ids = Vec::with_capacity(documents.len());
    for document in &documents {
        match send(target, collection, vec![value_to_text(document, Form::Canonical)]).await {
            Ok(ids) => inserted_ids.extend(ids),
            Err(error) => {
                let error = super::missing(target, collection, error).await;
                return Err(stopped(error, inserted_ids.len(), documents.len()));
            }
        }
    }
    Ok(Inserted { inserted_ids })
}

/// Says how far an insertion of several documents came.
fn stopped(error: Error, inserted: usize, total: usize) -> Error {
    let failed = inserted + 1;
    match inserted {
        _ if total == 1 => error,
        0 => error.cause(text! {
            en: "at document 1 of {total}; none was inserted",
            zh: "出错的是 {total} 个文档中的第 1 个；没有插入任何文档"
        }),
        _ => error
            .cause(text! {
                en: "at document {failed} of {total}; documents before it were inserted: {inserted}",
                zh: "出错的是 {total} 个文档中的第 {failed} 个；在它之前已插入 {inserted} 个"
            })
            .hint(text! {
                en: "insert only document {failed} and those after it, once it is corrected",
                zh: "改正后，只需插入第 {failed} 个及其后的文档"
            }),
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
        .map(crate::api::ejson::relax)
        .collect())
}

fn not_a_document() -> Error {
    Error::new(
        Kind::Usage,
        text! { en: "this is neither a document nor an array of documents", zh: "既不是文档，也不是文档数组" },
    )
    .hint(text! { en: "write for example `{{\"name\": \"Li\"}}`", zh: "例如写成 `{{\"name\": \"Li\"}}`" })
}
