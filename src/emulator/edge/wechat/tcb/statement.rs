//! Statements: `db.collection("todos").where({…}).get()` as text, carried out with the rights of an admin.

use bson::DateTime;
use serde_json::{Value, json};

use super::failed;
use crate::api::data::Failure;
use crate::api::data::database::QueryType;
use crate::api::ejson::{self, Form};
use crate::docdb::query::Query;
use crate::emulator::access::documents::Documents;
use crate::emulator::database::{Change, Selection};
use crate::emulator::environment::Shared;
use crate::emulator::principal::Principal;
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::statement::{Operation, Search, Statement, parse};

/// Documents of one answer when nobody says.
const PAGE: u64 = 10;

pub(super) async fn statement(environment: &Shared, name: &str, text: String) -> Result<Value> {
    let documents = Documents::new(environment, &Principal::Admin);
    let statement = parse(&text, documents.now()).map_err(|error| Refusal::arguments().saying(error))?;
    let Statement { collection, operation } = statement;
    let fits = matches!(
        (name, &operation),
        ("databaseadd", Operation::Add(_))
            | ("databasequery", Operation::Get(_))
            | ("databaseupdate", Operation::Update { .. } | Operation::Set { .. })
            | ("databasedelete", Operation::Remove { .. })
            | ("databasecount", Operation::Count(_))
            | ("databaseaggregate", Operation::Aggregate(_))
    );
    if !fits {
        return Err(Refusal::arguments().saying(format_args!("the statement is not one for {name}")));
    }
    tokio::task::spawn_blocking(move || run(&documents, collection, operation))
        .await
        .unwrap_or_else(|_| Err(Failure::new("SYS_ERR", "the operation ended unexpectedly")))
        .map_err(failed)
}

fn run(documents: &Documents, collection: String, operation: Operation) -> Result<Value, Failure> {
    Ok(match operation {
        Operation::Add(added) => {
            let ids = documents.insert(&collection, None, added)?;
            json!({ "id_list": ids.iter().map(id).collect::<Vec<_>>() })
        }
        Operation::Get(search) => {
            let total = documents.count(&collection, search.filter.clone())?;
            let Search { filter, sort, skip, limit, projection } = search;
            let limit = limit.unwrap_or(PAGE);
            let now = DateTime::from_millis(documents.now());
            let query = Query { filter, sort, skip, limit: Some(limit), projection, now };
            let found = documents.find(&collection, None, query, QueryType::Where)?;
            let data: Vec<String> = found.documents.iter().map(|document| relaxed(document)).collect();
            json!({ "pager": { "Offset": skip, "Limit": limit, "Total": total }, "data": data })
        }
        Operation::Count(filter) => json!({ "count": documents.count(&collection, filter)? }),
        Operation::Update { filter, update, multi } => {
            let selection = Selection { collection, filter, transaction: None };
            let change = Change { update, multi, merge: true, upsert: false };
            let updated = documents.update(selection, change, QueryType::Where)?;
            json!({ "matched": updated.matched, "modified": updated.modified, "id": "" })
        }
        Operation::Set { id: named, document } => {
            let filter = bson::doc! { "_id": named };
            let selection = Selection { collection, filter, transaction: None };
            let change = Change { update: document, multi: false, merge: false, upsert: true };
            let updated = documents.update(selection, change, QueryType::Doc)?;
            let id = updated.upserted_id.as_ref().map_or_else(|| "".into(), id);
            json!({ "matched": updated.matched, "modified": updated.modified, "id": id })
        }
        Operation::Remove { filter, multi } => {
            let selection = Selection { collection, filter, transaction: None };
            json!({ "deleted": documents.remove(selection, multi, QueryType::Where)? })
        }
        Operation::Aggregate(pipeline) => {
            let found = documents.aggregate(&collection, pipeline)?;
            json!({ "data": found.documents.iter().map(|document| relaxed(document)).collect::<Vec<_>>() })
        }
    })
}

fn id(id: &bson::Bson) -> Value {
    match id {
        bson::Bson::String(text) => text.as_str().into(),
        other => other.clone().into_relaxed_extjson(),
    }
}

/// Returns a document as these methods write it.
fn relaxed(document: &bson::RawDocument) -> String {
    let canonical = ejson::to_text(document, Form::Canonical);
    serde_json::from_str(&canonical).map_or(canonical, |value| ejson::relax(value).to_string())
}
