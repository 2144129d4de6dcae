//! A batch on its way: what the service took and what it refused.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::source::{Batch, Record};
use super::{Import, Mode};
use crate::api::documents::Fault;
use crate::api::ejson::relax;
use crate::error::{Error, Kind};
use crate::model::name::CollectionName;
use crate::ops::database::query::{self, PAGE, Written};
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
    /// The weight of the largest request that was taken, where larger ones were refused with the same documents.
    pub taken: Option<usize>,
}

impl Sent {
    /// Counts lines that held no document among the refused.
    pub fn with(mut self, broken: Vec<Fault>) -> Self {
        self.refused.extend(broken);
        self.refused.sort_by_key(|fault| fault.line);
        self
    }
}

/// Sends a batch.
///
/// # Errors
/// The service could not be asked. Nothing of the batch was sent then, or nobody knows.
pub(super) async fn send(target: &Target, import: &Import<'_>, batch: Batch) -> Result<Sent, Fault> {
    let Batch { records, bytes, .. } = batch;
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
    /// Inserts documents whose `_id` nobody has, all at once. Where that is refused, each half goes alone, and so on down to
    /// the one at fault; what the service took before it is recognised by its `_id` and its content. Where none is at fault,
    /// they were too many.
    async fn insert(&mut self, records: &[&Record]) {
        let (target, collection) = (self.target, self.import.collection);
        let (mut halved, mut at_fault, mut largest) = (false, false, 0);
        // What is still to be sent, the first part last.
        let mut parts = vec![(records.to_vec(), false)];
        while let Some((part, again)) = parts.pop() {
            let rest = if again { absent(target, collection, &part).await } else { part.clone() };
            self.sent.inserted += (part.len() - rest.len()) as u64;
            let Some(first) = rest.first() else { continue };
            let texts = rest.iter().map(|record| record.text.clone()).collect();
            match write::send(target, collection, texts).await {
                Ok(_) => {
                    self.sent.inserted += rest.len() as u64;
                    largest = largest.max(rest.iter().map(|it| it.weight()).sum());
                }
                Err(error) if error.code().is_none() || rest.len() == 1 => {
                    let unheard = error.code().is_none();
                    let error = missing(target, collection, error).await;
                    self.sent.refused.push(Fault::of(first.line, error));
                    at_fault = true;
                    if unheard || !self.import.keep_going {
                        return;
                    }
                }
                Err(_) => {
                    let (before, after) = rest.split_at(rest.len() / 2);
                    parts.extend([(after.to_vec(), true), (before.to_vec(), true)]);
                    halved = true;
                }
            }
        }
        self.sent.taken = (halved && !at_fault && largest > 0).then_some(largest);
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
    let named: Vec<&Record> = records.iter().filter(|record| record.named).collect();
    let mut taken = BTreeSet::new();
    for part in named.chunks(PAGE as usize) {
        let found = query::page(target, collection, &Written::ids(with_ids(part)), 0, PAGE).await;
        let line = part.first().map_or(0, |record| record.line);
        let found = found.map_err(|error| Fault::of(line, error))?;
        taken.extend(found.iter().filter_map(id));
    }
    Ok(taken)
}

/// Returns the documents that are not there as the file has them.
async fn absent<'r>(target: &Target, collection: &CollectionName, records: &[&'r Record]) -> Vec<&'r Record> {
    let mut absent = Vec::new();
    for part in records.chunks(PAGE as usize) {
        let written = Written::by_id(Some(with_ids(part)));
        let found = query::page(target, collection, &written, 0, PAGE).await.unwrap_or_default();
        let found: BTreeMap<String, &Value> = found.iter().filter_map(|it| Some((id(it)?, it))).collect();
        let is_there = |record: &Record| {
            let stored = found.get(&record.id);
            stored
                .is_some_and(|it| serde_json::from_str::<Value>(&record.text).is_ok_and(|ours| ours == **it))
        };
        absent.extend(part.iter().filter(|record| !is_there(record)));
    }
    absent
}

/// The filter of the documents with these `_id`s.
fn with_ids(records: &[&Record]) -> String {
    let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    format!("{{\"_id\":{{\"$in\":[{}]}}}}", ids.join(","))
}

fn id(document: &Value) -> Option<String> {
    document.get("_id").map(Value::to_string)
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

fn by_id(record: &Record) -> String {
    format!("{{\"_id\":{}}}", record.id)
}
