//! Documents on their way into a file, one by one.

use bson::raw::RawDocument;

use super::{Job, Stage};
use crate::api::documents::writing::{Format, Writing};
use crate::api::ejson::{self, Form};
use crate::docdb::query::Query;
use crate::emulator::environment::Environment;
use crate::emulator::storage::Attributes;

/// Bytes of text that are written at a time.
const CHUNK: usize = 256 * 1024;

/// Documents to take out.
#[derive(Debug)]
pub struct Export {
    pub collection: String,
    pub key: String,
    pub format: Format,
    pub query: Query,
}

impl Export {
    /// Carries the export out. The file appears whole, or not at all.
    pub(super) fn run(&self, environment: &Environment, job: &Job) -> Result<(), String> {
        job.enter(Stage::Migrating);
        let runtime = tokio::runtime::Handle::current();
        let upload = runtime.block_on(environment.storage.create(&self.key, Attributes::default()));
        let mut upload = upload.map_err(|error| error.to_string())?;
        let mut writing = Writing::new(self.format.clone(), false);
        let mut text = writing.begin();
        let mut flush = |text: &mut String| {
            let written = runtime.block_on(upload.write(std::mem::take(text).into()));
            written.map_err(|error| error.to_string())
        };
        let each = |document: &RawDocument| {
            let canonical = ejson::to_text(document, Form::Canonical);
            text += &writing.document(&canonical).map_err(|error| Stopped(error.to_string()))?;
            if text.len() >= CHUNK {
                job.check()?;
                flush(&mut text)?;
            }
            Ok(())
        };
        environment
            .database
            .store()
            .visit(&self.collection, &self.query, each)
            .map_err(|Stopped(why)| why)?;
        text += writing.end();
        flush(&mut text)?;
        let object = runtime.block_on(upload.finish()).map_err(|error| error.to_string())?;
        let mut progress = job.progress();
        progress.done = writing.documents();
        progress.file = Some(object.key);
        Ok(())
    }
}

/// Why an export ended early.
struct Stopped(String);

impl From<crate::docdb::Error> for Stopped {
    fn from(error: crate::docdb::Error) -> Self {
        Stopped(error.to_string())
    }
}

impl From<String> for Stopped {
    fn from(why: String) -> Self {
        Stopped(why)
    }
}
