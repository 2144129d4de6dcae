//! Documents in the EJSON dialect.

use bson::{Bson, DateTime, Document};
use serde_json::Value;

use super::{Answer, Call, Result};
use crate::api::data::database::{
    AbortTransaction, AddCollection, AggregateDocuments, CalculateDocument, CommitTransaction, Deleted,
    GetDocument, GetDocumentReply, InsertDocument, InsertDocumentReply, ModifyAndReturnDoc,
    ModifyAndReturnDocReply, ModifyDocument, ModifyDocumentReply, QueryType, RemoveDocument,
    StartTransaction, Started, Total,
};
use crate::api::data::{Failure, Nothing, SdkAction, database as wire};
use crate::api::ejson::{self, Form};
use crate::docdb::bounds::{self, Asker};
use crate::docdb::query::Query;
use crate::docdb::transaction::TransactionId;
use crate::docdb::value::limits::OPERATION_TIME;
use crate::emulator::access::documents::Documents;
use crate::emulator::database::{Change, Selection};
use crate::model::clock::Millis;

/// Answers an action of this dialect, or nothing if it is not of it.
pub(super) async fn answer(documents: &Documents, call: &Call<'_>) -> Option<Result<Answer>> {
    Some(match call.action {
        AddCollection::NAME => run(documents, call, Answer::data, add_collection).await,
        InsertDocument::NAME => run(documents, call, Answer::data, insert).await,
        GetDocument::NAME => run(documents, call, Answer::data, get).await,
        CalculateDocument::NAME => run(documents, call, Answer::data, count).await,
        ModifyDocument::NAME => run(documents, call, Answer::data, modify).await,
        ModifyAndReturnDoc::NAME => run(documents, call, Answer::data, modify_and_return).await,
        RemoveDocument::NAME => run(documents, call, Answer::data, remove).await,
        AggregateDocuments::NAME => run(documents, call, Answer::data, aggregate).await,
        StartTransaction::NAME => run(documents, call, Answer::top, start).await,
        CommitTransaction::NAME => run(documents, call, Answer::data, commit).await,
        AbortTransaction::NAME => run(documents, call, Answer::data, abort).await,
        _ => return None,
    })
}

/// Reads the request, works on a thread that may wait, and writes the answer. The work ends when its time is over, or
/// when the client hangs up.
pub(super) async fn run<A: SdkAction>(
    documents: &Documents,
    call: &Call<'_>,
    write: fn(&A::Reply) -> Result<Answer>,
    work: fn(&Documents, A) -> Result<A::Reply>,
) -> Result<Answer> {
    let (documents, request) = (documents.clone(), call.read::<A>()?);
    let asker = Asker::default();
    let _presence = asker.presence();
    let bounded = move || bounds::within(OPERATION_TIME, &asker, || write(&work(&documents, request)?));
    tokio::task::spawn_blocking(bounded)
        .await
        .unwrap_or_else(|_| Err(Failure::new("SYS_ERR", "[InternalError] the operation ended unexpectedly")))
}

fn add_collection(documents: &Documents, it: AddCollection) -> Result<Nothing> {
    refuse_inside(it.transaction_id.as_deref(), "a collection cannot be created")?;
    documents.create_collection(&it.collection_name)?;
    Ok(Nothing {})
}

fn insert(documents: &Documents, it: InsertDocument) -> Result<InsertDocumentReply> {
    let now = documents.now();
    let inserted = it.data.iter().map(|text| document(text, now)).collect::<Result<Vec<_>>>()?;
    let transaction = it.transaction_id.map(TransactionId);
    let ids = documents.insert(&it.collection_name, transaction.as_ref(), inserted)?;
    Ok(InsertDocumentReply { inserted_ids: ids.iter().map(id).collect() })
}

fn get(documents: &Documents, it: GetDocument) -> Result<GetDocumentReply> {
    check_single(it.transaction_id.as_deref(), it.query_type)?;
    let now = documents.now();
    let query = Query {
        filter: optional(it.query.as_deref(), now)?,
        sort: optional(it.order.as_deref(), now)?,
        skip: it.offset.unwrap_or_default(),
        limit: it.limit,
        projection: optional(it.projection.as_deref(), now)?,
        now: DateTime::from_millis(now),
    };
    let transaction = it.transaction_id.map(TransactionId);
    let found = documents.find(&it.collection_name, transaction.as_ref(), query, it.query_type)?;
    let list = found.documents.iter().map(|document| ejson::to_text(document, Form::Canonical));
    Ok(GetDocumentReply { list: list.collect(), limit: it.limit, offset: it.offset })
}

fn count(documents: &Documents, it: CalculateDocument) -> Result<Total> {
    refuse_inside(it.transaction_id.as_deref(), "documents cannot be counted")?;
    let filter = optional(it.query.as_deref(), documents.now())?;
    Ok(Total { total: documents.count(&it.collection_name, filter)? })
}

fn modify(documents: &Documents, it: ModifyDocument) -> Result<ModifyDocumentReply> {
    check_single(it.transaction_id.as_deref(), it.query_type)?;
    let now = documents.now();
    let selection = selection(it.collection_name, it.query.as_deref(), it.transaction_id, now)?;
    let change =
        Change { update: document(&it.data, now)?, multi: it.multi, merge: it.merge, upsert: it.upsert };
    let updated = documents.update(selection, change, it.query_type)?;
    Ok(ModifyDocumentReply {
        updated: updated.modified,
        matched: documents.is_for_client().then_some(updated.matched),
        upsert_id: updated.upserted_id.as_ref().map(id),
    })
}

fn modify_and_return(documents: &Documents, it: ModifyAndReturnDoc) -> Result<ModifyAndReturnDocReply> {
    let now = documents.now();
    let selection = selection(it.collection_name, it.query.as_deref(), it.transaction_id, now)?;
    let change = Change { update: document(&it.data, now)?, multi: false, merge: true, upsert: false };
    let updated = documents.update(selection, change, it.query_type)?;
    let doc = updated.document.map(|document| ejson::to_text(&document, Form::Canonical));
    Ok(ModifyAndReturnDocReply { updated: updated.modified, doc })
}

fn remove(documents: &Documents, it: RemoveDocument) -> Result<Deleted> {
    check_single(it.transaction_id.as_deref(), it.query_type)?;
    let now = documents.now();
    let selection = selection(it.collection_name, it.query.as_deref(), it.transaction_id, now)?;
    Ok(Deleted { deleted: documents.remove(selection, it.multi, it.query_type)? })
}

fn aggregate(documents: &Documents, it: AggregateDocuments) -> Result<wire::Documents> {
    refuse_inside(it.transaction_id.as_deref(), "pipelines cannot run")?;
    let now = documents.now();
    let pipeline = it.stages.iter().map(|stage| self::stage(&stage.stage_key, &stage.stage_value, now));
    let found = documents.aggregate(&it.collection_name, pipeline.collect::<Result<_>>()?)?;
    let list = found.documents.iter().map(|document| ejson::to_text(document, Form::Canonical));
    Ok(wire::Documents { list: list.collect() })
}

fn start(documents: &Documents, _: StartTransaction) -> Result<Started> {
    Ok(Started { transaction_id: documents.begin()?.0 })
}

fn commit(documents: &Documents, it: CommitTransaction) -> Result<Nothing> {
    documents.commit(&TransactionId(it.transaction_id))?;
    Ok(Nothing {})
}

fn abort(documents: &Documents, it: AbortTransaction) -> Result<Nothing> {
    documents.abort(&TransactionId(it.transaction_id))?;
    Ok(Nothing {})
}

/// Lets a transaction read and write single documents only (`docs/wire.md#transactions`). What asks for the changed
/// document back is about one, though SDKs send a condition.
fn check_single(transaction: Option<&str>, by: QueryType) -> Result<()> {
    match by {
        QueryType::Doc => Ok(()),
        QueryType::Where => {
            refuse_inside(transaction, "documents cannot be chosen by a condition, only by `doc(id)`")
        }
    }
}

fn refuse_inside(transaction: Option<&str>, what: &str) -> Result<()> {
    match transaction {
        None => Ok(()),
        Some(_) => Err(Failure::parameter(format_args!("in a transaction {what}"))),
    }
}

fn selection(
    collection: String,
    query: Option<&str>,
    transaction: Option<String>,
    now: Millis,
) -> Result<Selection> {
    let filter = optional(query, now)?;
    Ok(Selection { collection, filter, transaction: transaction.map(TransactionId) })
}

/// Returns a stage as the engine takes it: `{"$match": …}`.
pub(super) fn stage(key: &str, value: &str, now: Millis) -> Result<Document> {
    let mut stage = Document::new();
    stage.insert(key, ejson::value(value, now).map_err(Failure::parameter)?);
    Ok(stage)
}

pub(super) fn document(text: &str, now: Millis) -> Result<Document> {
    ejson::document(text, now).map_err(Failure::parameter)
}

/// Reads a document that may be missing, which means an empty one.
pub(super) fn optional(text: Option<&str>, now: Millis) -> Result<Document> {
    text.filter(|text| !text.is_empty()).map_or_else(|| Ok(Document::new()), |text| document(text, now))
}

/// Returns an `_id` as plain JSON.
pub(super) fn id(id: &Bson) -> Value {
    match id {
        Bson::String(text) => Value::from(text.as_str()),
        Bson::Int32(number) => Value::from(*number),
        Bson::Int64(number) => Value::from(*number),
        Bson::Double(number) => Value::from(*number),
        Bson::ObjectId(id) => Value::from(id.to_hex()),
        other => Value::from(other.to_string()),
    }
}
