//! Our emulator over HTTP, on the documents that the engine has stored: the way SDKs come.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{LEVELS, SCORES, Subject, Work, id, median_of, pick, score, thousand};
use crate::load::{Connection, post};
use crate::process::{Server, hello_root, millis, status_megabytes};

pub struct Http<'r> {
    runtime: &'r Runtime,
    server: Server,
    connection: Connection,
    first_answer: Duration,
    inserted: usize,
    _root: tempfile::TempDir,
}

impl<'r> Http<'r> {
    pub fn start(runtime: &'r Runtime, data: &Path) -> Self {
        let root = hello_root();
        let start = Instant::now();
        let server = Server::emulator_on(root.path(), data);
        let mut connection = runtime.block_on(Connection::open(server.port)).expect("it listens");
        let get = post("/admin", server.port, &get(&json!({ "_id": id(1) }), json!({ "limit": 1 })));
        runtime.block_on(connection.ask(&get)).expect("an answer");
        Http { runtime, server, connection, first_answer: start.elapsed(), inserted: 0, _root: root }
    }

    /// Tells what it took to start on so many documents, and what it holds in memory after all the work.
    pub fn report(&self) {
        println!(
            "  emulator               start to first answer {:.0} ms (goal 50 to open), {:.0} MB resident, peak {:.0} MB (goal 120)",
            millis(self.first_answer),
            status_megabytes(self.server.id(), "RssAnon").unwrap_or(f64::NAN),
            status_megabytes(self.server.id(), "VmHWM").unwrap_or(f64::NAN),
        );
    }

    fn ask(&mut self, body: &str) {
        let request = post("/admin", self.server.port, body);
        self.runtime.block_on(self.connection.ask(&request)).expect("an answer");
    }
}

impl Subject for Http<'_> {
    fn name(&self) -> &'static str {
        "cloudkit over HTTP"
    }

    fn fill(&mut self, _: Range<usize>) -> Duration {
        Duration::ZERO
    }

    fn measure(&mut self, work: Work, size: usize) -> Option<Duration> {
        let mut inserted = self.inserted;
        let taken = median_of(work, |turn| {
            let body = match work {
                Work::Insert => {
                    inserted += 1;
                    let document = json!({
                        "_id": format!("h{size}-{inserted}"), "owner": "o0001", "name": "new", "level": turn % LEVELS,
                        "score": score(turn), "note": "x".repeat(150),
                    });
                    action("insertDocument", json!({ "data": [document.to_string()] }))
                }
                Work::Get => get(&json!({ "_id": id(pick(turn, size)) }), json!({ "limit": 1 })),
                Work::Best20 => get(
                    &json!({ "level": turn % LEVELS }),
                    json!({ "limit": 20, "order": r#"{"score":-1}"# }),
                ),
                Work::Range100 => get(
                    &json!({ "score": { "$gte": pick(turn, SCORES / 2) } }),
                    json!({ "limit": 100, "order": r#"{"score":1}"# }),
                ),
                Work::Count => {
                    let scores = thousand(turn, size);
                    let filter = json!({ "score": { "$gte": scores.start, "$lt": scores.end } });
                    action("calculateDocument", json!({ "query": filter.to_string() }))
                }
                Work::Update => {
                    let update = json!({ "$set": { "note": format!("{turn} {inserted} http") } });
                    let filter = json!({ "_id": id(pick(turn, size)) });
                    let fields =
                        json!({ "query": filter.to_string(), "data": update.to_string(), "merge": true });
                    action("modifyDocument", fields)
                }
                Work::Skip => get(
                    &json!({}),
                    json!({ "limit": 20, "offset": size / 10 * 9, "order": r#"{"score":1}"# }),
                ),
                Work::Filter => {
                    get(&json!({ "name": format!("player {}", pick(turn, size)) }), json!({ "limit": 100 }))
                }
                Work::Group => aggregate(&[
                    ("$limit", "100000".into()),
                    ("$group", r#"{"_id":"$level","average":{"$avg":"$score"}}"#.into()),
                ]),
                Work::Lookup => aggregate(&[
                    ("$match", json!({ "level": turn % LEVELS }).to_string()),
                    ("$sort", r#"{"score":-1}"#.into()),
                    ("$limit", "20".into()),
                    (
                        "$lookup",
                        r#"{"from":"owners","localField":"owner","foreignField":"_id","as":"owners"}"#.into(),
                    ),
                ]),
            };
            self.ask(&body);
        });
        self.inserted = inserted;
        Some(taken)
    }
}

fn action(name: &str, mut fields: Value) -> String {
    fields["action"] = format!("database.{name}").into();
    fields["collectionName"] = "players".into();
    fields.to_string()
}

fn get(filter: &Value, mut fields: Value) -> String {
    fields["queryType"] = "WHERE".into();
    fields["query"] = filter.to_string().into();
    action("getDocument", fields)
}

fn aggregate(stages: &[(&str, String)]) -> String {
    let stages: Vec<_> =
        stages.iter().map(|(key, value)| json!({ "stageKey": key, "stageValue": value })).collect();
    action("aggregateDocuments", json!({ "stages": stages }))
}
