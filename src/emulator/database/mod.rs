//! Documents as CloudBase means them: names, ids, limits, advice and the codes of failure, over the plain engine.
//!
//! Both dialects come here with Extended JSON already read. Calls are synchronous, as the engine's are.

pub mod failure;
pub mod limits;
mod watchman;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bson::raw::RawDocumentBuf;
use bson::{Bson, DateTime, Document};

use super::config::Config;
use super::event::{self, Event, Events};
use crate::api::data::Failure;
use crate::docdb;
use crate::docdb::feed::Numbered;
use crate::docdb::index::{IndexDefinition, Order};
use crate::docdb::query::{Found, Query};
use crate::docdb::transaction::TransactionId;
use crate::docdb::{UpdateRequest, Updated};
use crate::error::{Error, Kind};
use crate::model::clock::{Clock, Ids, Millis};
use crate::model::index::{Direction, IndexKey, IndexSpec};
use crate::model::name::CollectionName;
use crate::model::text::Text;
use crate::text;
use limits::{LARGEST_DOCUMENT, NOTEWORTHY_DOCUMENT, Paging};
use watchman::Watchman;

/// The index on `_openid` that CloudBase gives each collection.
pub const OWNER_INDEX: &str = "_openid_1";

type Result<T> = std::result::Result<T, Failure>;

/// The documents of one environment. Clones share it.
#[derive(Clone)]
pub struct Database(Arc<State>);

struct State {
    store: docdb::Database,
    env_id: String,
    clock: Clock,
    ids: Ids,
    events: Events,
    watchman: Watchman,
    room: Room,
}

/// How much room the documents have.
struct Room {
    /// In bytes, with indexes.
    quota: u64,
    is_enforced: bool,
    /// The file whose length is looked at first.
    file: PathBuf,
    /// Whether it was said that they take more.
    told: AtomicBool,
}

/// Which documents an operation is about.
#[derive(Debug, Clone)]
pub struct Selection {
    pub collection: String,
    pub filter: Document,
    pub transaction: Option<TransactionId>,
}

/// What a change does to the documents it finds.
#[derive(Debug, Clone)]
pub struct Change {
    /// Operators, or a whole document.
    pub update: Document,
    pub multi: bool,
    /// `update` holds operators; else it replaces the document.
    pub merge: bool,
    pub upsert: bool,
}

impl Database {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Another process holds the file, or it is damaged.
    pub fn open(path: &Path, config: &Config, events: Events) -> docdb::Result<Self> {
        let store = docdb::Database::open(path, config.durability)?;
        if let Some(documents) = config.strict {
            store.refuse_scans_beyond(documents);
        }
        Ok(Database(Arc::new(State {
            store,
            env_id: config.env_id.to_string(),
            clock: config.clock.clone(),
            ids: config.ids.clone(),
            watchman: Watchman::new(events.clone()),
            room: Room {
                quota: config.quota.documents,
                is_enforced: config.enforce_quota,
                file: path.to_owned(),
                told: AtomicBool::new(false),
            },
            events,
        })))
    }

    /// Returns the engine below: for indexes, plans and statistics.
    pub fn store(&self) -> &docdb::Database {
        &self.0.store
    }

    /// Returns the present: read once for each request, so that one request has one now.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// Creates a collection with the indexes CloudBase gives each: `_id_` and `_openid_1`.
    pub fn create_collection(&self, name: &str) -> Result<()> {
        let name: CollectionName =
            name.parse().map_err(|_| Failure::parameter(format_args!("{}", CollectionName::rule().en)))?;
        let created = self.0.store.create_collection(name.as_str()).and_then(|()| {
            let by_owner = IndexDefinition {
                name: OWNER_INDEX.into(),
                keys: vec![("_openid".into(), Order::Ascending)],
                unique: false,
                sparse: false,
            };
            self.0.store.create_index(name.as_str(), &by_owner)
        });
        created.map_err(|error| self.refuse(error))
    }

    /// Inserts documents in order and stops at the first that fails; a document without `_id` is given one.
    pub fn insert(
        &self,
        collection: &str,
        transaction: Option<&TransactionId>,
        documents: Vec<Document>,
    ) -> Result<Vec<Bson>> {
        self.check_room()?;
        let now = self.now();
        let documents = documents.into_iter().map(|document| self.complete(document, now));
        let documents = documents.collect::<Result<Vec<_>>>()?;
        self.0.store.insert(transaction, collection, documents).map_err(|error| self.refuse(error))
    }

    /// Reads documents; the limit is that of the paging when the query has none, or a larger one.
    pub fn find(
        &self,
        collection: &str,
        transaction: Option<&TransactionId>,
        mut query: Query,
        paging: Paging,
    ) -> Result<Found> {
        let asked = query.limit.filter(|limit| *limit > 0).unwrap_or(paging.default);
        query.limit = Some(asked.min(paging.most));
        let found = self.0.store.find(transaction, collection, &query).map_err(|error| {
            self.0.watchman.looked_near(collection, &query, &error);
            self.refuse(error)
        })?;
        self.0.watchman.saw(collection, &found.stats);
        // The default is also what SDKs send for a query without a limit.
        if asked == paging.default || asked > paging.most {
            let returned = found.documents.len() as u64;
            self.0.watchman.counted(&self.0.store, collection, &query, returned, paging);
        }
        Ok(found)
    }

    /// Reads documents as they are now, for who follows the feed: with the number of the last commit they hold.
    pub fn find_latest(&self, collection: &str, query: &Query) -> Result<(Vec<Numbered>, u64)> {
        let (documents, stats, told) =
            self.0.store.find_latest(collection, query).map_err(|error| self.refuse(error))?;
        self.0.watchman.saw(collection, &stats);
        Ok((documents, told))
    }

    /// Counts the documents a filter finds.
    pub fn count(&self, collection: &str, filter: &Document) -> Result<u64> {
        let now = DateTime::from_millis(self.now());
        let (count, stats) =
            self.0.store.count(collection, filter, now).map_err(|error| self.refuse(error))?;
        self.0.watchman.saw(collection, &stats);
        Ok(count)
    }

    /// Changes the documents a selection finds.
    pub fn update(&self, selection: &Selection, change: Change) -> Result<Updated> {
        let Some(update) = checked(&change)? else { return Ok(Updated::default()) };
        self.check_room()?;
        let now = self.now();
        let request = UpdateRequest {
            filter: selection.filter.clone(),
            update,
            multi: change.multi,
            upsert: change.upsert.then(|| Bson::String(self.0.ids.document(now))),
            array_filters: Vec::new(),
            now: DateTime::from_millis(now),
        };
        let transaction = selection.transaction.as_ref();
        let updated = self
            .0
            .store
            .update(transaction, &selection.collection, &request)
            .map_err(|error| self.refuse(error))?;
        self.0.watchman.saw(&selection.collection, &updated.stats);
        Ok(updated)
    }

    /// Removes the first document a selection finds, or all; returns how many went.
    pub fn remove(&self, selection: &Selection, multi: bool) -> Result<u64> {
        let Selection { collection, filter, transaction } = selection;
        let now = DateTime::from_millis(self.now());
        let (removed, stats) = self
            .0
            .store
            .remove(transaction.as_ref(), collection, filter, multi, now)
            .map_err(|error| self.refuse(error))?;
        self.0.watchman.saw(collection, &stats);
        Ok(removed)
    }

    /// Runs a pipeline.
    pub fn aggregate(&self, collection: &str, pipeline: &[Document]) -> Result<Found> {
        let now = DateTime::from_millis(self.now());
        let found = self.0.store.aggregate(collection, pipeline, now).map_err(|error| self.refuse(error))?;
        self.0.watchman.saw(collection, &found.stats);
        Ok(found)
    }

    /// Starts a transaction and returns its id.
    pub fn begin(&self) -> Result<TransactionId> {
        let id = TransactionId(self.0.ids.request());
        let now = DateTime::from_millis(self.now());
        self.0.store.begin(id.clone(), now).map_err(|error| self.refuse(error))?;
        Ok(id)
    }

    pub fn commit(&self, id: &TransactionId) -> Result<()> {
        let now = DateTime::from_millis(self.now());
        self.0.store.commit(id, now).map_err(|error| self.refuse(error))
    }

    pub fn abort(&self, id: &TransactionId) -> Result<()> {
        self.0.store.abort(id).map_err(|error| self.refuse(error))
    }

    /// Returns how many bytes documents and indexes take.
    pub fn used(&self) -> Result<u64> {
        let collections = self.0.store.collections().map_err(|error| self.refuse(error))?;
        Ok(collections.iter().map(|it| it.size + it.index_size).sum())
    }

    /// Refuses a write when the documents take all the room they may, or tells so once.
    fn check_room(&self) -> Result<()> {
        let Room { quota, is_enforced, file, told } = &self.0.room;
        if !is_enforced && told.load(Ordering::Relaxed) {
            return Ok(());
        }
        // What was removed leaves room in the file, so a long one is not full yet. An ephemeral one is elsewhere.
        let is_short = std::fs::metadata(file).map_or(!is_enforced, |file| file.len() < *quota);
        if is_short || self.used()? < *quota {
            return Ok(());
        }
        if *is_enforced {
            return Err(failure::request_failed(format_args!(
                "the documents take all the room that `cloudkit emulate --enforce-quota` gives them"
            )));
        }
        told.store(true, Ordering::Relaxed);
        let free = quota >> 30;
        self.warn(text! {
            en: "the documents take more than the {free} GB that an environment has without paying; `cloudkit env show` tells how much",
            zh: "文档占用已超过环境的 {free} GB 免费额度；用量见 `cloudkit env show`"
        });
        Ok(())
    }

    /// Puts `_id` first, makes one if need be, and checks what the platform checks.
    fn complete(&self, mut document: Document, now: Millis) -> Result<RawDocumentBuf> {
        match document.get("_id") {
            None => drop(document.insert("_id", self.0.ids.document(now))),
            Some(Bson::String(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::ObjectId(_)) => {
            }
            Some(_) => return Err(Failure::parameter("`_id` must be a string or a number")),
        }
        limits::check_names(&document)?;
        if document.keys().next().is_none_or(|first| first != "_id") {
            let id = document.remove("_id").map(|id| ("_id".to_owned(), id));
            document = id.into_iter().chain(document).collect();
        }
        let raw = RawDocumentBuf::try_from(&document).map_err(Failure::parameter)?;
        self.weigh(raw.as_bytes().len())?;
        Ok(raw)
    }

    fn weigh(&self, bytes: usize) -> Result<()> {
        if bytes > LARGEST_DOCUMENT {
            return Err(Failure::parameter("the document is larger than 16 MB"));
        }
        if bytes > NOTEWORTHY_DOCUMENT {
            let kilobytes = bytes / 1024;
            self.warn(text! {
                en: "a document of {kilobytes} KB was stored; a mini program may send 512 KB at most",
                zh: "写入了 {kilobytes} KB 的文档；小程序端单个文档上限为 512 KB"
            });
        }
        Ok(())
    }

    fn warn(&self, text: Text) {
        event::tell(&self.0.events, Event::Warning(text));
    }

    /// Returns the engine's failure in the platform's words.
    pub fn failure(&self, error: &docdb::Error) -> Failure {
        failure::of(error, &self.0.env_id)
    }

    /// Turns the engine's failure into the platform's, and tells of a collection that does not exist.
    fn refuse(&self, error: docdb::Error) -> Failure {
        match &error {
            docdb::Error::CollectionNotFound { name } => self.0.watchman.missed(&self.0.store, name),
            docdb::Error::Unindexed { collection, documents, index, .. } => {
                self.0.watchman.refused(collection, *documents, index);
            }
            _ => {}
        }
        failure::of(&error, &self.0.env_id)
    }
}

/// Returns an index as the engine defines it.
pub fn index_definition(spec: &IndexSpec) -> IndexDefinition {
    let order = |direction| match direction {
        Direction::Ascending => Order::Ascending,
        Direction::Descending => Order::Descending,
        Direction::Sphere => Order::Sphere,
    };
    IndexDefinition {
        name: spec.name.clone(),
        keys: spec.keys.iter().map(|key| (key.path.clone(), order(key.direction))).collect(),
        unique: spec.unique,
        sparse: spec.sparse,
    }
}

/// Returns a key of the engine's index as the rest of the program knows it.
pub fn index_key((path, order): &(String, Order)) -> IndexKey {
    let direction = match order {
        Order::Ascending => Direction::Ascending,
        Order::Descending => Direction::Descending,
        Order::Sphere => Direction::Sphere,
    };
    IndexKey { path: path.clone(), direction }
}

/// Explains why the documents cannot be opened.
pub fn unusable(path: &Path, error: &docdb::Error) -> Error {
    let shown = path.display();
    let told = Error::new(
        Kind::Failed,
        text! { en: "could not open the documents in `{shown}`", zh: "无法打开文档数据 `{shown}`" },
    )
    .source(error);
    match error {
        docdb::Error::Damaged { .. } => told.hint(text! {
            en: "`cloudkit db export --salvage` saves what is whole; move the file away to start empty",
            zh: "`cloudkit db export --salvage` 可救回完好的文档；将该文件移走即可重新开始"
        }),
        docdb::Error::OtherFormat { found, known } if found < known => told.hint(text! {
            en: "an older cloudkit wrote them: take them out with it by `db export`, move the file away, and `db import` them",
            zh: "数据由旧版 cloudkit 写入：请用旧版 `db export` 导出，移走该文件，再用 `db import` 导入"
        }),
        docdb::Error::OtherFormat { .. } => told.hint(text! {
            en: "a newer cloudkit wrote them: install that one, or start with `--data DIR`",
            zh: "数据由更新版本的 cloudkit 写入：请安装新版本，或用 `--data 目录` 启动"
        }),
        _ => told,
    }
}

/// Returns the update to carry out, or nothing when it asks for nothing.
fn checked(change: &Change) -> Result<Option<Document>> {
    let operators = change.update.keys().filter(|key| key.starts_with('$')).count();
    match (change.merge, operators) {
        (true, 0) if change.update.is_empty() => Ok(None),
        // `merge` promises that other fields stay: without operators the fields are to be set.
        (true, 0) => Ok(Some(bson::doc! { "$set": change.update.clone() })),
        (false, 1..) => Err(Failure::new("DATABASE_REQUEST_FAILED", "update operator complicit")),
        (false, 0) => limits::check_names(&change.update).map(|()| Some(change.update.clone())),
        (true, _) => Ok(Some(change.update.clone())),
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[track_caller]
    fn check(merge: bool, update: Document, expected: Option<Document>) {
        let change = Change { update, multi: false, merge, upsert: false };
        assert_eq!(checked(&change).ok().flatten(), expected);
    }

    #[test]
    fn merging_never_drops_a_field() {
        check(true, doc! { "$inc": { "n": 1 } }, Some(doc! { "$inc": { "n": 1 } }));
        check(true, doc! { "n": 1 }, Some(doc! { "$set": { "n": 1 } }));
        check(true, doc! {}, None);
        check(false, doc! { "n": 1 }, Some(doc! { "n": 1 }));
        check(false, doc! {}, Some(doc! {}));
        check(false, doc! { "$set": { "n": 1 } }, None);
    }
}
