//! A batch on its way: what the service took and what it refused.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::source::{Batch, Record};
use super::{Import, Mode};
use crate::api::documents::Fault;
use crate::api::ejson::relax;
use crate::error::{Error, Kind};
use crate::model::name::CollectionName;
use crate::ops::database::query::{self, Written};
use crate::ops::database::{missing, write};
use crate::ops::target::Target;
use crate::text;

/// Replacements under way at once: each is a request of its own.
const AT_ONCE: usize = 16;

/// What became of a batch.
#[derive(Default)]
pub(super) struct Sent {
    pub inserted: u64,
    pub replaced: u64,
    /// In order of lines. The first only, unless the import keeps going.
    pub refused: Vec<Fault>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Sends a batch.
///
/// # Errors
/// The service could not be asked. Nothing of the batch was sent then, or nobody knows.
pub(super) async fn send(target: &Target, import: &Import<'_>, batch: Batch) -> Result<Sent, Fault> {
    let Batch { records, bytes } = batch;
    let taken = taken(target, import.collection, &records).await?;
    let is_taken = |record: &Record| record.named && taken.contains(&record.id);
    let mut sending = Sending { target, import, sent: Sent { bytes, ..Sent::default() } };
    match import.mode {
        Mode::Insert => {
            let until = match import.keep_going {
                true => None,
                false => records.iter().position(is_taken),
            };
            let (before, _) = records.split_at(until.unwrap_or(records.len()));
            let (refused, free): (Vec<_>, Vec<_>) = before.iter().partition(|record| is_taken(record));
            sending.insert(&free).await;
            let stopped = !import.keep_going && !sending.sent.refused.is_empty();
            let stopper = until.filter(|_| !stopped).and_then(|at| records.get(at));
            sending.sent.refused.extend(refused.into_iter().chain(stopper).map(conflict));
        }
        Mode::Upsert => {
            let (there, free): (Vec<_>, Vec<_>) = records.iter().partition(|record| is_taken(record));
            sending.insert(&free).await;
            sending.replace(&there).await;
        }
    }
    sending.sent.refused.sort_by_key(|fault| fault.line);
    Ok(sending.sent)
}

struct Sending<'a> {
    target: &'a Target,
    import: &'a Import<'a>,
    sent: Sent,
}

impl Sending<'_> {
    /// Inserts documents whose `_id` nobody has, all at once. When that is refused, each goes alone, so that the one at
    /// fault is found; those the service took before it are recognised by their `_id` and their content.
    async fn insert(&mut self, records: &[&Record]) {
        if records.is_empty() {
            return;
        }
        let (target, collection) = (self.target, self.import.collection);
        let texts = records.iter().map(|record| record.text.clone()).collect();
        match write::send(target, collection, texts).await {
            Ok(_) => self.sent.inserted += records.len() as u64,
            Err(error) if error.code().is_none() || records.len() == 1 => {
                let line = records.first().map_or(0, |record| record.line);
                self.sent.refused.push(Fault::of(line, missing(target, collection, error).await));
            }
            Err(_) => self.insert_each(records).await,
        }
    }

    async fn insert_each(&mut self, records: &[&Record]) {
        let (target, collection) = (self.target, self.import.collection);
        for record in records {
            match write::send(target, collection, vec![record.text.clone()]).await {
                Err(error) if !is_there(target, collection, record).await => {
                    let error = missing(target, collection, error).await;
                    self.sent.refused.push(Fault::of(record.line, error));
                    if !self.import.keep_going {
                        return;
                    }
                }
                _ => self.sent.inserted += 1,
            }
        }
    }

    /// Puts documents in place of those with their `_id`.
    async fn replace(&mut self, records: &[&Record]) {
        let (target, collection) = (self.target, self.import.collection);
        let replace = |record: &Record| {
            let fields = replacement(collection, record);
            let line = record.line;
            async move { (line, target.client().admin("database.modifyDocument", fields).await) }
        };
        let mut replies = stream::iter(records.iter().map(|record| replace(record))).buffered(AT_ONCE);
        while let Some((line, reply)) = replies.next().await {
            match reply {
                Ok(reply) if reply.pointer("/data/upsert_id").is_none_or(Value::is_null) => {
                    self.sent.replaced += 1;
                }
                Ok(_) => self.sent.inserted += 1,
                Err(error) => {
                    self.sent.refused.push(Fault::of(line, missing(target, collection, error).await));
                }
            }
        }
    }
}

/// Returns the `_id`s of a batch that are taken. Asked before anything is sent: afterwards nobody could tell whose
/// document it is.
async fn taken(
    target: &Target,
    collection: &CollectionName,
    records: &[Record],
) -> Result<BTreeSet<String>, Fault> {
    let named: Vec<&str> =
        records.iter().filter(|record| record.named).map(|record| record.id.as_str()).collect();
    let Some(first) = records.first().filter(|_| !named.is_empty()) else { return Ok(BTreeSet::new()) };
    let filter = format!("{{\"_id\":{{\"$in\":[{}]}}}}", named.join(","));
    let found = query::page(target, collection, &Written::ids(filter), 0, records.len() as u64).await;
    let found = found.map_err(|error| Fault::of(first.line, error))?;
    Ok(found.iter().filter_map(|document| document.get("_id")).map(Value::to_string).collect())
}

fn conflict(record: &Record) -> Fault {
    let id = serde_json::from_str(&record.id).map_or(record.id.clone(), |id| relax(id).to_string());
    let message = text! { en: "the `_id` {id} is taken", zh: "`_id` {id} 已被占用" };
    let error = Error::new(Kind::Refused, message)
        .hint(text! { en: "`--mode upsert` replaces what is there", zh: "`--mode upsert` 会替换已有文档" });
    Fault::of(record.line, error)
}

fn replacement(collection: &CollectionName, record: &Record) -> Value {
    let mut document: Map<String, Value> = serde_json::from_str(&record.text).unwrap_or_default();
    document.shift_remove("_id");
    json!({
        "collectionName": collection.as_str(),
        "queryType": "DOC",
        "query": by_id(record),
        "data": Value::Object(document).to_string(),
        "multi": false,
        "merge": false,
        "upsert": true,
    })
}

/// Returns whether a document is there as the file has it.
async fn is_there(target: &Target, collection: &CollectionName, record: &Record) -> bool {
    let found = query::page(target, collection, &Written::by_id(Some(by_id(record))), 0, 1).await;
    let ours: Option<Value> = serde_json::from_str(&record.text).ok();
    found.is_ok_and(|found| found.first() == ours.as_ref())
}

fn by_id(record: &Record) -> String {
    format!("{{\"_id\":{}}}", record.id)
}
