//! A file on its way into a collection: read through and checked first, then put in batch by batch.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};

use bson::{Bson, Document, doc};

use super::{Job, Stage};
use crate::api::data::Failure;
use crate::api::documents::Fault;
use crate::api::documents::reading::{Format, Reader};
use crate::api::ejson::{self, Form};
use crate::emulator::database::{Change, Selection};
use crate::emulator::environment::Environment;

/// Documents and bytes of the file that are committed together at most: large commits cost less for each document, for
/// what they change of an index is written once; and they are held in memory.
const BATCH: usize = 20_000;
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;

/// What to do with a document whose `_id` is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Insert,
    /// It replaces the one that is there.
    Upsert,
}

/// A file to bring in.
#[derive(Debug)]
pub struct Import {
    pub collection: String,
    pub key: String,
    pub format: Format,
    pub mode: Mode,
    /// Stop at the first document that is refused; else count it and go on.
    pub stop_on_error: bool,
}

/// A document and the line it begins on.
type Record = (u64, Document);

impl Import {
    /// Carries the import out. A line that is no document fails it before anything is stored.
    pub(super) fn run(&self, environment: &Environment, job: &Job) -> Result<(), String> {
        job.enter(Stage::Reading);
        let mut reader = self.open(environment)?;
        while !self.batch(&mut reader, environment)?.is_empty() {
            job.check()?;
        }
        job.enter(Stage::Migrating);
        let mut reader = self.open(environment)?;
        loop {
            let batch = self.batch(&mut reader, environment)?;
            if batch.is_empty() {
                return Ok(());
            }
            job.check()?;
            self.put(environment, job, batch)?;
        }
    }

    fn open(&self, environment: &Environment) -> Result<Reader<BufReader<impl Read>>, String> {
        let file = environment.storage.open_blocking(&self.key).map_err(|error| error.to_string())?;
        Ok(Reader::new(self.format, BufReader::with_capacity(BUFFER, file)))
    }

    fn batch(
        &self,
        reader: &mut Reader<BufReader<impl Read>>,
        environment: &Environment,
    ) -> Result<Vec<Record>, String> {
        let (mut records, start) = (Vec::new(), reader.position());
        while records.len() < BATCH && reader.position() - start < BATCH_BYTES {
            match reader.next(environment.database.now()).map_err(|fault| told(&fault))? {
                Some((line, mut document)) => {
                    let id = || Bson::String(environment.config.ids.document(environment.database.now()));
                    document.entry("_id".to_owned()).or_insert_with(id);
                    records.push((line, document));
                }
                None => break,
            }
        }
        Ok(records)
    }

    /// Stores a batch at once where no `_id` of it is taken. When that is refused, or one is, each document goes alone, so
    /// that the one at fault is found.
    fn put(&self, environment: &Environment, job: &Job, batch: Vec<Record>) -> Result<(), String> {
        let is_free = self.is_free(environment, &batch)?;
        if is_free {
            let documents = batch.iter().map(|(_, document)| document.clone()).collect();
            if environment.database.insert(&self.collection, None, documents).is_ok() {
                job.progress().done += batch.len() as u64;
                return Ok(());
            }
        }
        for (line, document) in batch {
            // What was stored before the one at fault is in already.
            let is_in = is_free && self.count(environment, vec![id_of(&document)])? > 0;
            let stored = if is_in { Ok(()) } else { self.put_one(environment, document) };
            let Err(failure) = stored else {
                job.progress().done += 1;
                continue;
            };
            let error = format!("line {line}: {}", failure.message);
            let mut progress = job.progress();
            progress.failed += 1;
            if self.stop_on_error {
                return Err(error);
            }
            if progress.error.is_empty() {
                progress.error = error;
            }
        }
        Ok(())
    }

    /// Whether no two documents of a batch have the same `_id`, and no document of the collection has one of them.
    fn is_free(&self, environment: &Environment, batch: &[Record]) -> Result<bool, String> {
        let ids: Vec<Bson> = batch.iter().map(|(_, document)| id_of(document)).collect();
        let texts: BTreeSet<String> =
            ids.iter().map(|id| ejson::value_to_text(id, Form::Canonical)).collect();
        Ok(texts.len() == ids.len() && self.count(environment, ids)? == 0)
    }

    fn count(&self, environment: &Environment, ids: Vec<Bson>) -> Result<u64, String> {
        let filter = doc! { "_id": { "$in": ids } };
        environment.database.count(&self.collection, &filter).map_err(|failure| failure.message)
    }

    fn put_one(&self, environment: &Environment, mut document: Document) -> Result<(), Failure> {
        let database = &environment.database;
        match self.mode {
            Mode::Insert => database.insert(&self.collection, None, vec![document]).map(|_| ()),
            Mode::Upsert => {
                let id = document.remove("_id").unwrap_or(Bson::Null);
                database.update(&self.by_id(id), replacement(document)).map(|_| ())
            }
        }
    }

    fn by_id(&self, id: Bson) -> Selection {
        Selection {
            collection: self.collection.clone(),
            filter: doc! { "_id": { "$eq": id } },
            transaction: None,
        }
    }
}

fn id_of(document: &Document) -> Bson {
    document.get("_id").cloned().unwrap_or(Bson::Null)
}

fn replacement(update: Document) -> Change {
    Change { update, multi: false, merge: false, upsert: true }
}

fn told(fault: &Fault) -> String {
    format!("line {}: {}", fault.line, fault.error)
}
