//! The file, document by document and batch by batch, in memory of a batch's size.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::Import;
use crate::api::documents::Fault;
use crate::api::documents::reading::Reader;
use crate::api::documents::storable;
use crate::api::ejson::{self, Form};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Ids, Millis};
use crate::text;

/// The weight of documents that travel together: of the first, and at most. The service names no limit for
/// `insertDocument`, and may have one. Each batch is a commit, and large ones cost less for each document: what they change
/// of an index is written once.
const FIRST: usize = 256 * 1024;
const MOST: usize = 2 * 1024 * 1024;
/// The bytes that the smallest document weighs: a batch has a bounded number of them, too.
const LEAST: usize = 400;
const BUFFER: usize = 256 * 1024;

/// A document of the file and the line it begins on, from 1.
pub(super) struct Record {
    pub line: u64,
    /// Canonical Extended JSON.
    pub id: String,
    /// Canonical Extended JSON, with its `_id`.
    pub text: String,
    /// The file has given it an `_id` of its own.
    pub named: bool,
}

/// Documents that travel together, no two of one `_id`.
pub(super) struct Batch {
    pub records: Vec<Record>,
    /// Lines between them that hold no document.
    pub broken: Vec<Fault>,
    /// Bytes of the file that were read for it.
    pub bytes: u64,
}

/// A file under way.
pub(super) struct Source {
    reader: Reader<BufReader<File>>,
    size: u64,
    read: u64,
    /// The document that began the next batch, because its `_id` was in the last.
    ahead: Option<Record>,
    /// The weight of the next batch.
    most: usize,
    /// The service has refused no batch for its size.
    grows: bool,
}

impl Source {
    pub fn open(import: &Import<'_>) -> Result<Self> {
        let shown = import.name.display();
        let failed = |error: std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let kind = if missing { Kind::NotFound } else { Kind::Failed };
            Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" })
                .source(&error)
        };
        let file = File::open(import.file).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let input = BufReader::with_capacity(BUFFER, file);
        Ok(Source {
            reader: Reader::new(import.format, input),
            size,
            read: 0,
            ahead: None,
            most: FIRST,
            grows: true,
        })
    }

    /// Returns the bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the next documents; nothing at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn batch(&mut self, now: Millis, ids: &Ids) -> Result<Option<Batch>, Fault> {
        let (mut records, mut weight, mut taken) = (Vec::new(), 0, BTreeSet::new());
        let mut broken = Vec::new();
        while weight < self.most {
            let next = match self.ahead.take() {
                Some(record) => Ok(Some(record)),
                None => self.next(now, ids),
            };
            let record = match next {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(fault) if fault.error.kind() == Kind::Usage => {
                    broken.push(fault);
                    weight += LEAST;
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            if record.named && !taken.insert(record.id.clone()) {
                self.ahead = Some(record);
                break;
            }
            weight += record.weight();
            records.push(record);
        }
        let read = std::mem::replace(&mut self.read, self.reader.position());
        let some = !records.is_empty() || !broken.is_empty();
        Ok(some.then(|| Batch { records, broken, bytes: self.read - read }))
    }

    /// Learns how much the service takes at once: so much, where it has refused more, and else perhaps more than the last.
    pub fn learn(&mut self, taken: Option<usize>) {
        self.grows &= taken.is_none();
        self.most = match taken {
            Some(weight) => weight,
            None if self.grows => MOST.min(2 * self.most),
            None => self.most,
        };
    }

    fn next(&mut self, now: Millis, ids: &Ids) -> Result<Option<Record>, Fault> {
        let Some((line, document)) = self.reader.next(now)? else { return Ok(None) };
        storable::check(&document).map_err(|why| Fault::new(line, why))?;
        Record::new(line, document, now, ids).map(Some)
    }
}

impl Record {
    /// A document without `_id` gets one here rather than at the service: a batch that fails can then be sorted out.
    fn new(line: u64, mut document: Document, now: Millis, ids: &Ids) -> Result<Self, Fault> {
        let named = document.contains_key("_id");
        let id = document.entry("_id".to_owned()).or_insert_with(|| Bson::String(ids.document(now)));
        let id = ejson::value_to_text(id, Form::Canonical);
        let raw = RawDocumentBuf::try_from(&document).map_err(|error| {
            let message = text! { en: "this is not a document", zh: "不是合法的文档" };
            Fault::of(line, Error::new(Kind::Usage, message).source(&error))
        })?;
        if raw.as_bytes().len() > storable::LARGEST {
            let message = text! { en: "the document is larger than 16 MB", zh: "文档超过 16 MB" };
            return Err(Fault::new(line, message));
        }
        Ok(Record { line, id, text: ejson::to_text(&raw, Form::Canonical), named })
    }

    /// Returns its share of a batch.
    pub fn weight(&self) -> usize {
        self.text.len().max(LEAST)
    }
}
