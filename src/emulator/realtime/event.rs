//! Events as listeners are told them. See `docs/wire.md#realtime`.

use std::fmt::Write;
use std::sync::Arc;

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};

use super::difference::{Difference, difference};
use crate::api::ejson::{self, Form};
use crate::docdb::feed::Change;

/// The text of an event behind its `ID`, which each listener counts by itself.
pub type Event = Arc<str>;

/// What happened to the stored document.
#[derive(Debug, Clone, Copy)]
enum DataType {
    Init,
    Add,
    Update,
    Replace,
    Remove,
    /// Nothing: others moved it over the limit.
    Limit,
}

/// What happened to the listener's list.
#[derive(Debug, Clone, Copy)]
enum QueueType {
    Init,
    Enqueue,
    Update,
    Dequeue,
}

/// Returns the event of a document that was there from the beginning.
pub fn initial(document: &RawDocument) -> Event {
    text(DataType::Init, QueueType::Init, document, Told::Whole(document))
}

/// Returns the event of a document that enters the list.
pub fn enqueued(document: &RawDocument, change: Option<&Change>) -> Event {
    let data = match change {
        Some(Change { before: None, .. }) => DataType::Add,
        Some(change) => changed(change),
        None => DataType::Limit,
    };
    text(data, QueueType::Enqueue, document, Told::Whole(document))
}

/// Returns the event of a document that changed and stays in the list.
pub fn updated(before: &RawDocument, after: &RawDocument, change: Option<&Change>) -> Event {
    let data = change.map_or(DataType::Update, changed);
    text(data, QueueType::Update, after, told(data, before, after))
}

/// Returns the event of a document that leaves the list; `known` is what the listener has, `seen` what it may know of now.
pub fn dequeued(known: &RawDocument, change: Option<&Change>, seen: &RawDocument) -> Event {
    let (data, told) = match change {
        None => (DataType::Limit, Told::Nothing),
        Some(change) => match &change.after {
            None => (DataType::Remove, Told::Nothing),
            Some(_) => (changed(change), told(changed(change), known, seen)),
        },
    };
    text(data, QueueType::Dequeue, known, told)
}

fn changed(change: &Change) -> DataType {
    if change.whole { DataType::Replace } else { DataType::Update }
}

/// What an event says of its document.
enum Told<'a> {
    Nothing,
    Whole(&'a RawDocument),
    /// The document, and which fields changed or went. A client could patch its copy, but node-sdk 3 fails at that.
    Fields(&'a RawDocument, Difference),
}

fn told<'a>(data: DataType, before: &RawDocument, after: &'a RawDocument) -> Told<'a> {
    if !matches!(data, DataType::Update) {
        return Told::Whole(after);
    }
    Told::Fields(after, difference(before, after))
}

fn text(data: DataType, queue: QueueType, document: &RawDocument, told: Told<'_>) -> Event {
    let data = match data {
        DataType::Init => "init",
        DataType::Add => "add",
        DataType::Update => "update",
        DataType::Replace => "replace",
        DataType::Remove => "remove",
        DataType::Limit => "limit",
    };
    let queue = match queue {
        QueueType::Init => "init",
        QueueType::Enqueue => "enqueue",
        QueueType::Update => "update",
        QueueType::Dequeue => "dequeue",
    };
    let whole = match told {
        Told::Whole(document) | Told::Fields(document, _) => whole(document),
        Told::Nothing => String::new(),
    };
    let mut text = format!(
        r#""DataType":"{data}","QueueType":"{queue}","DocID":{},"Doc":{}"#,
        id(document),
        quoted(&whole)
    );
    if let Told::Fields(_, Difference { updated, removed }) = told {
        let updated = quoted(&ejson::to_text(&updated, Form::Plain));
        write!(text, r#","UpdatedFields":{updated}"#).expect("a string takes all text");
        if !removed.is_empty() {
            // The clients look for this name, and it begins small.
            let removed = quoted(&serde_json::Value::from(removed).to_string());
            write!(text, r#","removedFields":{removed}"#).expect("a string takes all text");
        }
    }
    text.into()
}

/// Returns the text of a document. An id that would be an object there could not be compared with `DocID`.
fn whole(document: &RawDocument) -> String {
    let Ok(Some(RawBsonRef::ObjectId(id))) = document.get("_id") else {
        return ejson::to_text(document, Form::Plain);
    };
    let mut told = RawDocumentBuf::new();
    for (name, value) in document.iter().map_while(Result::ok) {
        match name.as_str() {
            "_id" => told.append(name, id.to_hex()),
            _ => told.append(name, value),
        }
    }
    ejson::to_text(&told, Form::Plain)
}

/// Returns a document's id as JSON; clients compare it with `_id` of their copy.
fn id(document: &RawDocument) -> String {
    let id = document.get("_id").ok().flatten().and_then(|it| Bson::try_from(it).ok());
    match id {
        Some(Bson::ObjectId(id)) => quoted(&id.to_hex()),
        Some(id) => ejson::value_to_text(&id, Form::Plain),
        None => "null".into(),
    }
}

/// Returns a text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
