//! Our engine in process.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bson::raw::RawDocumentBuf;
use bson::{DateTime, Document, doc};
use cloudkit::docdb::index::{IndexDefinition, Order};
use cloudkit::docdb::query::Query;
use cloudkit::docdb::{Database, Durability, UpdateRequest};

use super::{BATCH, LEVELS, SCORES, Subject, Work, document, id, median_of, page, pick, score, thousand};

pub const NAME: &str = "cloudkit";
/// Where the emulator keeps its documents, so that it can be started on the same.
pub const FILE: &str = "documents.sqlite";

pub struct Engine {
    path: PathBuf,
    database: Option<Database>,
    inserted: usize,
}

impl Engine {
    pub fn new(folder: &Path) -> Self {
        let mut engine = Engine { path: folder.join(FILE), database: None, inserted: 0 };
        engine.reopen();
        let database = engine.database();
        for name in ["players", "owners"] {
            database.create_collection(name).expect("a collection");
        }
        let index = |name: &str, keys: &[(&str, Order)]| IndexDefinition {
            name: name.into(),
            keys: keys.iter().map(|(path, order)| ((*path).to_owned(), *order)).collect(),
            unique: false,
            sparse: false,
        };
        let score = ("score", Order::Descending);
        for index in [
            index("score_1", &[("score", Order::Ascending)]),
            index("level_1_score_-1", &[("level", Order::Ascending), score]),
        ] {
            database.create_index("players", &index).expect("an index");
        }
        let owners = (0..1_000).map(|n| raw(&doc! { "_id": format!("o{n:04}"), "name": "an owner" }));
        database.insert(None, "owners", owners.collect()).expect("owners");
        engine
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("it is open")
    }

    pub fn close(&mut self) {
        self.database = None;
    }

    pub fn reopen(&mut self) {
        self.database = Some(Database::open(&self.path, Durability::Normal).expect("it opens"));
    }

    fn find(&self, filter: Document, sort: Document, skip: u64, limit: Option<u64>) -> usize {
        let query =
            Query { filter, sort, skip, limit, projection: Document::new(), now: DateTime::from_millis(0) };
        self.database().find(None, "players", &query).expect("an answer").documents.len()
    }

    fn aggregate(&self, pipeline: &[Document]) -> usize {
        let now = DateTime::from_millis(0);
        self.database().aggregate("players", pipeline, now).expect("an answer").documents.len()
    }
}

impl Subject for Engine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fill(&mut self, documents: Range<usize>) -> Duration {
        let mut taken = Duration::ZERO;
        let all: Vec<usize> = documents.collect();
        for batch in all.chunks(BATCH) {
            let batch = batch.iter().map(|n| parsed(&document(*n))).collect();
            let start = Instant::now();
            self.database().insert(None, "players", batch).expect("inserted");
            taken += start.elapsed();
        }
        taken
    }

    fn measure(&mut self, work: Work, size: usize) -> Option<Duration> {
        let mut inserted = self.inserted;
        let taken = median_of(work, |turn| match work {
            Work::Insert => {
                inserted += 1;
                let new = raw(&doc! {
                    "_id": format!("q{inserted}"), "owner": "o0001", "name": "new", "level": (turn % LEVELS) as i32,
                    "score": score(turn) as i32, "note": "x".repeat(150),
                });
                self.database().insert(None, "players", vec![new]).expect("inserted");
            }
            Work::Get => assert_eq!(self.find(doc! { "_id": id(pick(turn, size)) }, doc! {}, 0, Some(1)), 1),
            Work::Best20 => {
                let filter = doc! { "level": (turn % LEVELS) as i32 };
                assert!(self.find(filter, doc! { "score": -1 }, 0, Some(20)) >= page(size));
            }
            Work::Range100 => {
                let from = pick(turn, SCORES / 2) as i32;
                let filter = doc! { "score": { "$gte": from } };
                assert_eq!(self.find(filter, doc! { "score": 1 }, 0, Some(100)), 100);
            }
            Work::Count => {
                let scores = thousand(turn, size);
                let filter = doc! { "score": { "$gte": scores.start as i32, "$lt": scores.end as i32 } };
                let (count, _) =
                    self.database().count("players", &filter, DateTime::from_millis(0)).expect("a count");
                assert!(count > 500, "{count}");
            }
            Work::Update => {
                let request = UpdateRequest {
                    filter: doc! { "_id": id(pick(turn, size)) },
                    update: doc! { "$set": { "note": format!("{turn} {inserted}") } },
                    multi: false,
                    upsert: None,
                    array_filters: vec![],
                    now: DateTime::from_millis(0),
                };
                assert_eq!(self.database().update(None, "players", &request).expect("updated").matched, 1);
            }
            Work::Skip => {
                let skip = size as u64 / 10 * 9;
                assert_eq!(self.find(doc! {}, doc! { "score": 1 }, skip, Some(20)), 20);
            }
            Work::Filter => {
                let name = format!("player {}", pick(turn, size));
                assert_eq!(self.find(doc! { "name": name }, doc! {}, 0, None), 1);
            }
            Work::Group => {
                let group = doc! { "$group": { "_id": "$level", "average": { "$avg": "$score" } } };
                assert_eq!(self.aggregate(&[doc! { "$limit": 100_000 }, group]), LEVELS);
            }
            Work::Lookup => {
                let matching = doc! { "$match": { "level": (turn % LEVELS) as i32 } };
                let lookup = doc! { "$lookup": {
                "from": "owners", "localField": "owner", "foreignField": "_id", "as": "owners" } };
                let best = [matching, doc! { "$sort": { "score": -1 } }, doc! { "$limit": 20 }, lookup];
                assert!(self.aggregate(&best) >= page(size));
            }
        });
        self.inserted = inserted;
        Some(taken)
    }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).expect("a document")
}

fn parsed(json: &str) -> RawDocumentBuf {
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let bson::Bson::Document(document) = bson::Bson::try_from(json).expect("a value") else {
        panic!("a document");
    };
    raw(&document)
}
