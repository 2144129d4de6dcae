//! Bringing a file of documents into a collection, batch by batch; a failure names its line.

mod csv;
mod json;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use bson::{Bson, Document};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::json;

use crate::api::ejson::{Form, value_to_text};
use crate::cloud;
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, Ids, Millis};
use crate::model::name::CollectionName;
use crate::ops::progress::Progress;
use crate::ops::target::Target;
use crate::text;

use super::query::{self, Written};
use super::relaxed::relax;
use super::write;

/// Documents and bytes that travel together at most.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 512 * 1024;
/// Replacements under way at once: each is a request of its own.
const AT_ONCE: usize = 16;

/// What to do with a document whose `_id` is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Stop.
    Insert,
    /// Replace the one that is there.
    Upsert,
}

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines, or one JSON array: Extended JSON, either form.
    Json,
    /// A header of field paths, then a document a line.
    Csv,
}

/// A file on its way into a collection.
#[derive(Debug)]
pub struct Import<'a> {
    pub collection: &'a CollectionName,
    pub file: &'a Path,
    /// The file as the person named it.
    pub name: &'a Path,
    pub format: Format,
    pub mode: Mode,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    pub collection: String,
    pub documents: u64,
    pub inserted: u64,
    pub replaced: u64,
}

/// A document of the file and the line it begins on, from 1.
struct Record {
    line: u64,
    id: Bson,
    /// Canonical Extended JSON, with its `_id`.
    text: String,
    /// The file has given it an `_id` of its own.
    named: bool,
}

/// Imports a file.
///
/// # Errors
/// A line that is no document or that the service refuses, by number: what stands before it is imported.
pub async fn import(
    target: &Target,
    import: &Import<'_>,
    clock: &Clock,
    ids: &Ids,
    progress: &dyn Progress,
) -> Result<Imported> {
    let (collection, shown) = (import.collection, import.name.display());
    let failed = |error: std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(&error)
    };
    let file = File::open(import.file).map_err(failed)?;
    let step = progress.step(text! { en: "imported into `{collection}`", zh: "已导入 `{collection}`" });
    step.expect(file.metadata().map_err(failed)?.len());
    let mut reader = Reader::new(import.format, BufReader::new(file));
    let mut done = Imported { collection: collection.to_string(), documents: 0, inserted: 0, replaced: 0 };
    let mut read = 0;
    loop {
        let (batch, broken) = reader.batch(clock.now(), ids);
        if !batch.is_empty() {
            done.add(target, import, &batch).await.map_err(|error| error.told(import.name, &done))?;
        }
        if let Some(broken) = broken {
            return Err(broken.told(import.name, &done));
        }
        if batch.is_empty() {
            return Ok(done);
        }
        step.advance(reader.position() - read);
        read = reader.position();
    }
}

/// Why a line stopped the import.
struct Broken {
    line: u64,
    error: Error,
}

impl Broken {
    fn new(line: u64, message: crate::model::text::Text) -> Self {
        Broken { line, error: Error::new(Kind::Usage, message) }
    }

    /// Makes the user's error: the line first, then why, then what has been imported.
    fn told(self, file: &Path, done: &Imported) -> Error {
        let (file, line, count) = (file.display(), self.line, done.documents);
        let mut told = Error::new(
            self.error.kind(),
            text! { en: "{file}, line {line}: not imported", zh: "{file} 第 {line} 行：未导入" },
        );
        if self.error.wire_code() != self.error.kind().code() {
            told = told.code(self.error.wire_code());
        }
        told = told.cause(self.error.message().clone());
        told = self.error.causes().iter().fold(told, |told, cause| told.cause(cause.clone()));
        told = self.error.hints().iter().fold(told, |told, hint| told.hint(hint.clone()));
        match count {
            0 => told.hint(text! { en: "nothing was imported", zh: "没有导入任何文档" }),
            _ => told.hint(text! {
                en: "what stands before it is imported ({count})",
                zh: "此前的文档已导入（{count} 个）"
            }),
        }
    }
}

impl Imported {
    async fn add(&mut self, target: &Target, import: &Import<'_>, batch: &[Record]) -> Result<(), Broken> {
        match import.mode {
            Mode::Insert => self.insert(target, import.collection, batch).await,
            Mode::Upsert => self.upsert(target, import.collection, batch).await,
        }
    }

    /// Inserts a batch at once. When it is refused, each document goes alone, so that the one at fault is found; one
    /// that the batch has already brought is recognised by its `_id` and its content.
    async fn insert(
        &mut self,
        target: &Target,
        collection: &CollectionName,
        batch: &[Record],
    ) -> Result<(), Broken> {
        let (batch, taken) = before_taken(target, collection, batch).await?;
        if !batch.is_empty() {
            self.insert_free(target, collection, batch).await?;
        }
        taken.map_or(Ok(()), Err)
    }

    /// Inserts documents whose `_id` nobody has.
    async fn insert_free(
        &mut self,
        target: &Target,
        collection: &CollectionName,
        batch: &[Record],
    ) -> Result<(), Broken> {
        let texts = batch.iter().map(|record| record.text.clone()).collect();
        let refused = match write::send(target, collection, texts).await {
            Ok(_) => {
                self.count_inserted(batch.len() as u64);
                return Ok(());
            }
            Err(error) if error.code().is_none() || batch.len() == 1 => error,
            Err(_) => return self.insert_each(target, collection, batch).await,
        };
        let line = batch.first().map_or(0, |record| record.line);
        Err(Broken { line, error: super::missing(target, collection, refused).await })
    }

    async fn insert_each(
        &mut self,
        target: &Target,
        collection: &CollectionName,
        batch: &[Record],
    ) -> Result<(), Broken> {
        for record in batch {
            if let Err(error) = write::send(target, collection, vec![record.text.clone()]).await
                && !is_there(target, collection, record).await
            {
                return Err(Broken {
                    line: record.line,
                    error: super::missing(target, collection, error).await,
                });
            }
            self.count_inserted(1);
        }
        Ok(())
    }

    fn count_inserted(&mut self, count: u64) {
        self.documents += count;
        self.inserted += count;
    }

    async fn upsert(
        &mut self,
        target: &Target,
        collection: &CollectionName,
        batch: &[Record],
    ) -> Result<(), Broken> {
        let mut under_way = stream::iter(batch.iter().map(|record| async move {
            let replaced = replace(target, collection, record).await;
            replaced.map_err(|error| (record.line, error))
        }))
        .buffered(AT_ONCE);
        loop {
            match under_way.try_next().await {
                Ok(None) => return Ok(()),
                Ok(Some(replaced)) => {
                    self.documents += 1;
                    *(if replaced { &mut self.replaced } else { &mut self.inserted }) += 1;
                }
                Err((line, error)) => {
                    return Err(Broken { line, error: super::missing(target, collection, error).await });
                }
            }
        }
    }
}

/// Returns the records before the first whose `_id` is taken, in the collection or earlier in the batch, and says which
/// that is. Asked before anything is sent: afterwards nobody could tell whose document it is.
async fn before_taken<'a>(
    target: &Target,
    collection: &CollectionName,
    batch: &'a [Record],
) -> Result<(&'a [Record], Option<Broken>), Broken> {
    let named: Vec<String> =
        batch.iter().filter(|record| record.named).map(|it| value_to_text(&it.id, Form::Canonical)).collect();
    let Some(first) = batch.first().filter(|_| !named.is_empty()) else { return Ok((batch, None)) };
    let filter = format!("{{\"_id\":{{\"$in\":[{}]}}}}", named.join(","));
    let found = query::page(target, collection, &Written::ids(filter), 0, batch.len() as u64).await;
    let found = found.map_err(|error| Broken { line: first.line, error })?;
    let mut taken: BTreeSet<String> =
        found.iter().filter_map(|document| document.get("_id")).map(serde_json::Value::to_string).collect();
    for (at, record) in batch.iter().enumerate() {
        let id = value_to_text(&record.id, Form::Canonical);
        if !taken.insert(id.clone()) {
            let id = serde_json::from_str(&id).map_or(id, |id| relax(id).to_string());
            let message = text! { en: "the `_id` {id} is taken", zh: "`_id` {id} 已被占用" };
            let error = Error::new(Kind::Refused, message).hint(
                text! { en: "`--mode upsert` replaces what is there", zh: "`--mode upsert` 会替换已有文档" },
            );
            return Ok((batch.get(..at).unwrap_or_default(), Some(Broken { line: record.line, error })));
        }
    }
    Ok((batch, None))
}

/// Puts a document in place of the one with its `_id`; tells whether there was one.
async fn replace(
    target: &Target,
    collection: &CollectionName,
    record: &Record,
) -> Result<bool, cloud::Error> {
    if !record.named {
        write::send(target, collection, vec![record.text.clone()]).await?;
        return Ok(false);
    }
    let fields = json!({
        "collectionName": collection.as_str(),
        "queryType": "DOC",
        "query": by_id(&record.id),
        "data": without_id(&record.text),
        "multi": false,
        "merge": false,
        "upsert": true,
    });
    let reply = target.client().admin("database.modifyDocument", fields).await?;
    Ok(reply.pointer("/data/upsert_id").is_none_or(serde_json::Value::is_null))
}

/// Returns whether a document is there as the file has it.
async fn is_there(target: &Target, collection: &CollectionName, record: &Record) -> bool {
    let found = query::page(target, collection, &Written::by_id(Some(by_id(&record.id))), 0, 1).await;
    let ours: Option<serde_json::Value> = serde_json::from_str(&record.text).ok();
    found.is_ok_and(|found| found.first() == ours.as_ref())
}

fn by_id(id: &Bson) -> String {
    format!("{{\"_id\":{}}}", value_to_text(id, Form::Canonical))
}

fn without_id(text: &str) -> String {
    let mut document: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).unwrap_or_default();
    document.shift_remove("_id");
    serde_json::Value::Object(document).to_string()
}

enum Reader {
    Json(json::Documents<BufReader<File>>),
    Csv(csv::Documents<BufReader<File>>),
}

impl Reader {
    fn new(format: Format, input: BufReader<File>) -> Self {
        match format {
            Format::Json => Reader::Json(json::Documents::new(input)),
            Format::Csv => Reader::Csv(csv::Documents::new(input)),
        }
    }

    /// Returns how many bytes of the file have been read.
    fn position(&self) -> u64 {
        match self {
            Reader::Json(documents) => documents.position,
            Reader::Csv(documents) => documents.position,
        }
    }

    fn next(&mut self, now: Millis) -> Result<Option<(u64, Document)>, Broken> {
        match self {
            Reader::Json(documents) => documents.next(now),
            Reader::Csv(documents) => documents.next(),
        }
    }

    /// Returns the next documents, and the line that ended them too early.
    fn batch(&mut self, now: Millis, ids: &Ids) -> (Vec<Record>, Option<Broken>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            match self.next(now) {
                Ok(Some((line, document))) => {
                    let record = Record::new(line, document, now, ids);
                    bytes += record.text.len();
                    batch.push(record);
                }
                Ok(None) => return (batch, None),
                Err(broken) => return (batch, Some(broken)),
            }
        }
        (batch, None)
    }
}

impl Record {
    /// A document without `_id` gets one here rather than at the service: a batch that fails can then be sorted out.
    fn new(line: u64, mut document: Document, now: Millis, ids: &Ids) -> Self {
        let named = document.contains_key("_id");
        let id = document.entry("_id".to_owned()).or_insert_with(|| Bson::String(ids.document(now))).clone();
        Record { line, id, text: value_to_text(&Bson::Document(document), Form::Canonical), named }
    }
}

/// Reads a byte at a time, counting bytes and lines.
struct Bytes<R> {
    input: R,
    /// The byte that was looked at and not taken.
    ahead: Option<u8>,
    count: u64,
    line: u64,
}

impl<R: BufRead> Bytes<R> {
    fn new(input: R) -> Self {
        Bytes { input, ahead: None, count: 0, line: 1 }
    }

    fn peek(&mut self) -> std::io::Result<Option<u8>> {
        if self.ahead.is_none() {
            self.ahead = self.input.fill_buf()?.first().copied();
            if self.ahead.is_some() {
                self.input.consume(1);
            }
        }
        Ok(self.ahead)
    }

    fn next(&mut self) -> std::io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.ahead = None;
        self.count += u64::from(byte.is_some());
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    fn broken(&self, error: std::io::Error) -> Broken {
        let error = Error::new(Kind::Failed, text! { en: "the file cannot be read", zh: "无法读取文件" })
            .source(&error);
        Broken { line: self.line, error }
    }
}
