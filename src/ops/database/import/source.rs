//! The file, document by document and batch by batch, in memory of a batch's size.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use super::fault::Fault;
use super::{Format, Import, csv, json};
use crate::api::ejson::{self, Form};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Ids, Millis};
use crate::text;

/// Documents and bytes that travel together at most. The service names no limit for `insertDocument`.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 1024 * 1024;
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
    /// Bytes of the file that were read for it.
    pub bytes: u64,
}

/// A file under way.
pub(super) struct Source {
    reader: Reader,
    size: u64,
    read: u64,
    /// The document that began the next batch, because its `_id` was in the last.
    ahead: Option<Record>,
}

enum Reader {
    Json(json::Documents<BufReader<File>>),
    Csv(csv::Documents<BufReader<File>>),
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
        let reader = match import.format {
            Format::Json => Reader::Json(json::Documents::new(input)),
            Format::Csv => Reader::Csv(csv::Documents::new(input)),
        };
        Ok(Source { reader, size, read: 0, ahead: None })
    }

    /// Returns the bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the next documents; nothing at the end.
    pub fn batch(&mut self, now: Millis, ids: &Ids) -> Result<Option<Batch>, Fault> {
        let (mut records, mut bytes, mut taken) = (Vec::new(), 0, BTreeSet::new());
        while records.len() < BATCH && bytes < BATCH_BYTES {
            let record = match self.ahead.take() {
                Some(record) => record,
                None => match self.reader.next(now)? {
                    Some((line, document)) => Record::new(line, document, now, ids)?,
                    None => break,
                },
            };
            if record.named && !taken.insert(record.id.clone()) {
                self.ahead = Some(record);
                break;
            }
            bytes += record.text.len();
            records.push(record);
        }
        let read = std::mem::replace(&mut self.read, self.reader.position());
        Ok((!records.is_empty()).then(|| Batch { records, bytes: self.read - read }))
    }
}

impl Reader {
    fn next(&mut self, now: Millis) -> Result<Option<(u64, Document)>, Fault> {
        match self {
            Reader::Json(documents) => documents.next(now),
            Reader::Csv(documents) => documents.next(),
        }
    }

    /// Returns how many bytes of the file have been read.
    fn position(&self) -> u64 {
        match self {
            Reader::Json(documents) => documents.position(),
            Reader::Csv(documents) => documents.position(),
        }
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
        Ok(Record { line, id, text: ejson::to_text(&raw, Form::Canonical), named })
    }
}

/// Reads a byte at a time and knows where it is.
pub(super) struct Bytes<R> {
    input: R,
    /// Bytes read.
    pub count: u64,
    /// The line of the next byte, from 1.
    pub line: u64,
    /// The place of the next byte in its line, from 1.
    pub column: u64,
}

impl<R: BufRead> Bytes<R> {
    pub fn new(input: R) -> Self {
        Bytes { input, count: 0, line: 1, column: 1 }
    }

    pub fn peek(&mut self) -> Result<Option<u8>, Fault> {
        match self.input.fill_buf() {
            Ok(buffer) => Ok(buffer.first().copied()),
            Err(error) => Err(unreadable(self.line, &error)),
        }
    }

    pub fn next(&mut self) -> Result<Option<u8>, Fault> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.input.consume(1);
            self.count += 1;
            self.column += 1;
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            }
        }
        Ok(byte)
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> Fault {
    let message = text! { en: "the file cannot be read", zh: "无法读取文件" };
    Fault::of(line, Error::new(Kind::Failed, message).source(error))
}
