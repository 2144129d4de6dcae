//! Bringing a file of documents into a collection: the whole file is read and checked first, then sent in batches.

mod fault;
mod send;
mod source;

use std::path::Path;

use serde::{Serialize, Serializer};

use crate::api::documents::Fault;
pub use crate::api::documents::reading::Format;
use crate::error::{Error, Result};
use crate::model::clock::{Clock, Ids};
use crate::model::name::CollectionName;
use crate::model::text::Text;
use crate::ops::progress::Progress;
use crate::ops::target::Target;
use crate::text;

use send::Sent;
use source::Source;

/// How many refused documents are told one by one.
const TOLD: usize = 100;

/// What to do with a document whose `_id` is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Insert,
    /// Replace the one that is there.
    Upsert,
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
    /// Go on when a document is refused.
    pub keep_going: bool,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    pub collection: String,
    /// Inserted or replaced.
    pub documents: u64,
    pub inserted: u64,
    pub replaced: u64,
    /// Refused by the service.
    pub failed: u64,
    /// The first of the refused.
    pub failures: Vec<Refused>,
}

/// A document that the service refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    pub line: u64,
    pub code: String,
    #[serde(serialize_with = "in_english")]
    pub message: Text,
}

/// Programs read the data; it speaks one language.
fn in_english<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text.en)
}

/// Imports a file.
///
/// # Errors
/// Lines that hold no document, unless the import keeps going: nothing is imported then. A document that the service
/// refuses, unless the import keeps going: the error says how many are in.
pub async fn import(
    target: &Target,
    import: &Import<'_>,
    clock: &Clock,
    ids: &Ids,
    progress: &dyn Progress,
) -> Result<Imported> {
    if !import.keep_going {
        check(import, clock, ids, progress)?;
    }
    let collection = import.collection;
    let step = progress.step(text! { en: "imported into `{collection}`", zh: "已导入 `{collection}`" });
    let mut source = Source::open(import)?;
    step.expect(source.size());
    let mut done = Imported::nothing(import.collection);
    // One batch after the other: the collection keeps the file's order, and of two documents that exclude each other
    // the first is in.
    loop {
        let sent = match source.batch(clock.now(), ids) {
            Ok(Some(mut batch)) => {
                let broken = std::mem::take(&mut batch.broken);
                send::send(target, import, batch).await.map(|sent| sent.with(broken))
            }
            Ok(None) => return Ok(done),
            Err(fault) => Err(fault),
        };
        let stopper = match sent {
            Ok(sent) => {
                step.advance(sent.bytes);
                source.learn(sent.taken);
                done.add(sent, import.keep_going)
            }
            Err(fault) => Some(fault),
        };
        if let Some(fault) = stopper {
            return Err(done.explain(fault::told(fault, import)));
        }
    }
}

/// Reads the whole file, so that all broken lines are met before anything is sent.
fn check(import: &Import<'_>, clock: &Clock, ids: &Ids, progress: &dyn Progress) -> Result<()> {
    let shown = import.name.display();
    let step = progress.step(text! { en: "read `{shown}`", zh: "已读取 `{shown}`" });
    let mut source = Source::open(import)?;
    step.expect(source.size());
    let mut broken = Vec::new();
    let ending = loop {
        match source.batch(clock.now(), ids) {
            Ok(Some(batch)) => {
                step.advance(batch.bytes);
                broken.extend(batch.broken);
            }
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    let mut broken = broken.into_iter().chain(ending);
    let Some(first) = broken.next() else { return Ok(()) };
    let told = fault::told(first, import);
    Err(Imported::nothing(import.collection).explain(fault::with_others(told, broken)))
}

impl Imported {
    fn nothing(collection: &CollectionName) -> Self {
        Imported {
            collection: collection.to_string(),
            documents: 0,
            inserted: 0,
            replaced: 0,
            failed: 0,
            failures: Vec::new(),
        }
    }

    /// Counts a batch; returns the refusal that ends the import.
    fn add(&mut self, sent: Sent, keep_going: bool) -> Option<Fault> {
        self.inserted += sent.inserted;
        self.replaced += sent.replaced;
        self.documents = self.inserted + self.replaced;
        self.failed += sent.refused.len() as u64;
        let mut refused = sent.refused.into_iter();
        if !keep_going {
            return refused.next();
        }
        let room = TOLD - self.failures.len().min(TOLD);
        self.failures.extend(refused.take(room).map(|fault| Refused {
            line: fault.line,
            code: fault.error.wire_code().to_owned(),
            message: fault.error.message().clone(),
        }));
        None
    }

    /// Says in a failure's hint what is in nevertheless.
    fn explain(&self, error: Error) -> Error {
        let Imported { documents, inserted, replaced, .. } = self;
        error.hint(match (inserted, replaced) {
            (0, 0) => text! { en: "nothing was imported", zh: "没有导入任何文档" },
            (_, 0) => text! {
                en: "imported before it stopped: {documents}",
                zh: "停止之前已导入 {documents} 个文档"
            },
            _ => text! {
                en: "imported before it stopped: {documents}, of them {inserted} new and {replaced} replaced",
                zh: "停止之前已导入 {documents} 个文档：新增 {inserted}，替换 {replaced}"
            },
        })
    }
}
