//! Documents in the legacy dialect: the same operations, plain JSON around them.

use std::borrow::Cow;

use bson::{Bson, DateTime, Document};
use serde_json::value::RawValue;

use super::database::{document, id, optional, run, stage};
use super::{Answer, Call, Result};
use crate::api::data::database::QueryType;
use crate::api::data::database::{Deleted, Total};
use crate::api::data::legacy::{
    AddDocument, AddDocumentReply, Aggregate, AggregateReply, CountDocument, DeleteDocInTransaction,
    DeleteDocument, GetInTransaction, InTransaction, InsertDocInTransaction, Order, QueryDocument,
    QueryDocumentReply, UpdateDocInTransaction, UpdateDocument, UpdateDocumentReply,
};
use crate::api::data::{Failure, SdkAction};
use crate::api::ejson::{self, Form};
use crate::docdb::query::Query;
use crate::docdb::transaction::TransactionId;
use crate::emulator::access::documents::Documents;
use crate::emulator::database::{Change, Selection};
use crate::model::clock::Millis;

/// Answers an action of this dialect, or nothing if it is not of it.
pub(super) async fn answer(documents: &Documents, call: &Call<'_>) -> Option<Result<Answer>> {
    Some(match call.action {
        AddDocument::NAME => run(documents, call, Answer::data, add).await,
        QueryDocument::NAME => run(documents, call, Answer::data, query).await,
        CountDocument::NAME => run(documents, call, Answer::data, count).await,
        UpdateDocument::NAME => run(documents, call, Answer::data, update).await,
        DeleteDocument::NAME => run(documents, call, Answer::data, delete).await,
        Aggregate::NAME => run(documents, call, Answer::data, aggregate).await,
        GetInTransaction::NAME => run(documents, call, Answer::top, get_in_transaction).await,
        UpdateDocInTransaction::NAME => run(documents, call, Answer::top, update_in_transaction).await,
        InsertDocInTransaction::NAME => run(documents, call, Answer::top, insert_in_transaction).await,
        DeleteDocInTransaction::NAME => run(documents, call, Answer::top, delete_in_transaction).await,
        _ => return None,
    })
}

fn add(documents: &Documents, it: AddDocument) -> Result<AddDocumentReply> {
    let now = documents.now();
    // js-sdk 1 and 2 send a list as one.
    let list: Option<Vec<&RawValue>> = it
        .data
        .get()
        .starts_with('[')
        .then(|| serde_json::from_str(it.data.get()))
        .transpose()
        .map_err(Failure::parameter)?;
    let given = match &list {
        Some(list) => list.iter().map(|it| document(it.get(), now)).collect::<Result<_>>()?,
        None => vec![identified(it.data.get(), it.id.as_deref(), now)?],
    };
    let ids = documents.insert(&it.collection_name, None, given)?;
    Ok(AddDocumentReply {
        id: ids.first().map(id).unwrap_or_default(),
        inserted_ids: list.map(|_| ids.iter().map(id).collect()),
    })
}

fn query(documents: &Documents, it: QueryDocument) -> Result<QueryDocumentReply> {
    let now = documents.now();
    let query = Query {
        filter: raw(it.query.as_deref(), now)?,
        sort: sort(it.order.unwrap_or_default()),
        skip: it.offset.unwrap_or_default(),
        limit: it.limit,
        projection: raw(it.projection.as_deref(), now)?,
        now: DateTime::from_millis(now),
    };
    let found = documents.find(&it.collection_name, None, query, it.query_type)?;
    let list =
        found.documents.iter().map(|document| RawValue::from_string(ejson::to_text(document, Form::Plain)));
    let list = list.collect::<std::result::Result<Vec<_>, _>>();
    Ok(QueryDocumentReply { list: list.map_err(Failure::parameter)? })
}

fn count(documents: &Documents, it: CountDocument) -> Result<Total> {
    let filter = raw(it.query.as_deref(), documents.now())?;
    Ok(Total { total: documents.count(&it.collection_name, filter)? })
}

fn update(documents: &Documents, it: UpdateDocument) -> Result<UpdateDocumentReply> {
    let now = documents.now();
    let selection = selection(it.collection_name, it.query.as_deref(), None, now)?;
    let change =
        Change { update: document(it.data.get(), now)?, multi: it.multi, merge: it.merge, upsert: it.upsert };
    let updated = documents.update(selection, change, it.query_type)?;
    let created = updated.upserted_id.as_ref().map(id);
    Ok(UpdateDocumentReply {
        updated: updated.modified,
        matched: documents.is_for_client().then_some(updated.matched),
        upserted_id: created.clone(),
        upsert_id: created,
    })
}

fn delete(documents: &Documents, it: DeleteDocument) -> Result<Deleted> {
    let selection = selection(it.collection_name, it.query.as_deref(), None, documents.now())?;
    Ok(Deleted { deleted: documents.remove(selection, it.multi, it.query_type)? })
}

fn aggregate(documents: &Documents, it: Aggregate) -> Result<AggregateReply> {
    let now = documents.now();
    let pipeline = it.stages.iter().map(|it| stage(&it.stage_key, &argument(&it.stage_value), now));
    let found = documents.aggregate(&it.collection_name, pipeline.collect::<Result<_>>()?)?;
    let list = found.documents.iter().map(|document| ejson::to_text(document, Form::Canonical));
    let list = serde_json::to_string(&list.collect::<Vec<_>>()).map_err(Failure::parameter)?;
    Ok(AggregateReply { list })
}

/// Returns a stage's argument as JSON text: `@cloudbase/database` 0.9 sends the text inside a string.
fn argument(value: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) if serde_json::from_str::<&RawValue>(&text).is_ok() => Cow::Owned(text),
        _ => Cow::Borrowed(value.get()),
    }
}

fn get_in_transaction(documents: &Documents, it: GetInTransaction) -> Result<InTransaction> {
    let now = documents.now();
    let query = Query {
        filter: document(it.query.get(), now)?,
        sort: Document::new(),
        skip: 0,
        limit: Some(1),
        projection: Document::new(),
        now: DateTime::from_millis(now),
    };
    let transaction = TransactionId(it.transaction_id);
    let found = documents.find(&it.collection_name, Some(&transaction), query, QueryType::Doc)?;
    let first = found.documents.first().map(|document| ejson::to_text(document, Form::Canonical));
    Ok(InTransaction { data: Some(first.unwrap_or_else(|| "null".into())), ..InTransaction::default() })
}

fn update_in_transaction(documents: &Documents, it: UpdateDocInTransaction) -> Result<InTransaction> {
    let now = documents.now();
    let selection = selection(it.collection_name, Some(&it.query), Some(it.transaction_id), now)?;
    let update = document(&it.data, now)?;
    let merge = update.keys().any(|key| key.starts_with('$'));
    let change = Change { update, multi: false, merge, upsert: it.upsert };
    let updated = documents.update(selection, change, QueryType::Doc)?;
    Ok(InTransaction {
        updated: Some(counted(updated.modified)),
        upserted: updated.upserted_id.as_ref().map(|id| ejson::value_to_text(id, Form::Canonical)),
        ..InTransaction::default()
    })
}

fn insert_in_transaction(documents: &Documents, it: InsertDocInTransaction) -> Result<InTransaction> {
    let document = identified(&it.data, it.id.as_deref(), documents.now())?;
    let transaction = TransactionId(it.transaction_id);
    let inserted = documents.insert(&it.collection_name, Some(&transaction), vec![document])?.len();
    Ok(InTransaction {
        inserted: Some(counted(inserted as u64)),
        ok: Some(counted(1)),
        ..InTransaction::default()
    })
}

fn delete_in_transaction(documents: &Documents, it: DeleteDocInTransaction) -> Result<InTransaction> {
    let now = documents.now();
    let selection = selection(it.collection_name, Some(&it.query), Some(it.transaction_id), now)?;
    let deleted = documents.remove(selection, false, QueryType::Doc)?;
    Ok(InTransaction { deleted: Some(counted(deleted)), ..InTransaction::default() })
}

/// Returns a document with the `_id` that stands beside it.
fn identified(data: &str, id: Option<&RawValue>, now: Millis) -> Result<Document> {
    let mut document = document(data, now)?;
    if let Some(id) = id {
        document.insert("_id", ejson::value(id.get(), now).map_err(Failure::parameter)?);
    }
    Ok(document)
}

fn selection(
    collection: String,
    query: Option<&RawValue>,
    transaction: Option<String>,
    now: Millis,
) -> Result<Selection> {
    Ok(Selection { collection, filter: raw(query, now)?, transaction: transaction.map(TransactionId) })
}

fn raw(value: Option<&RawValue>, now: Millis) -> Result<Document> {
    optional(value.map(RawValue::get).filter(|text| *text != "null"), now)
}

fn sort(orders: Vec<Order>) -> Document {
    orders.into_iter().fold(Document::new(), |mut sort, Order { field, direction }| {
        sort.insert(field, direction.sign());
        sort
    })
}

/// Returns a count as the text of Extended JSON these answers hold.
fn counted(count: u64) -> String {
    let count = i32::try_from(count).map_or(Bson::Int64(count as i64), Bson::Int32);
    ejson::value_to_text(&count, Form::Canonical)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;
    use crate::api::data::legacy::Direction;

    #[test]
    fn orders_keep_their_weight() {
        let order = |field: &str, direction| Order { field: field.into(), direction };
        let sorted = sort(vec![order("b", Direction::Desc), order("a", Direction::Asc)]);
        assert_eq!(
            sorted.into_iter().collect::<Vec<_>>(),
            doc! { "b": -1, "a": 1 }.into_iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_argument_is_text_inside_a_string_or_plain() {
        for (sent, read) in [
            (r#""{\"n\":1}""#, r#"{"n":1}"#),
            (r#"{"n":1}"#, r#"{"n":1}"#),
            (r#""\"$tags\"""#, r#""$tags""#),
            (r#""$tags""#, r#""$tags""#),
            ("7", "7"),
            (r#""7""#, "7"),
        ] {
            let value = RawValue::from_string(sent.to_owned()).expect(sent);
            assert_eq!(argument(&value), read);
        }
    }

    #[test]
    fn counts_are_texts_of_extended_json() {
        assert_eq!(counted(1), r#"{"$numberInt":"1"}"#);
    }
}
