//! Whether readers wait for a writer: their slowest answers while nobody writes, and while bulk loads never cease.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bson::raw::RawDocumentBuf;
use bson::{DateTime, Document, doc};
use cloudkit::docdb::Database;
use cloudkit::docdb::query::Query;

use super::engine::Engine;
use super::id;
use crate::process::millis;

const READERS: usize = 16;
const TIME: Duration = Duration::from_secs(2);

pub fn run(engine: &Engine) {
    println!("\n  {READERS} readers, each getting one document by id again and again");
    for writes in [false, true] {
        let (mut taken, longest_write) = measure(engine.database(), writes);
        taken.sort_unstable();
        let at = |part: f64| millis(taken[((taken.len() - 1) as f64 * part) as usize]);
        println!(
            "  {:22} {:9.0} /s   median {:.3} ms   p99 {:.2} ms   slowest {:.1} ms   (longest write {:.0} ms)",
            if writes { "beside a writer" } else { "nobody writes" },
            taken.len() as f64 / TIME.as_secs_f64(),
            at(0.5),
            at(0.99),
            at(1.0),
            millis(longest_write),
        );
    }
}

fn measure(database: &Database, writes: bool) -> (Vec<Duration>, Duration) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| read(database, &done))).collect();
        let writer = writes.then(|| scope.spawn(|| write(database, &done)));
        std::thread::sleep(TIME);
        done.store(true, Ordering::Relaxed);
        let taken = readers.into_iter().flat_map(|it| it.join().expect("a reader")).collect();
        (taken, writer.map_or(Duration::ZERO, |it| it.join().expect("a writer")))
    })
}

fn read(database: &Database, done: &AtomicBool) -> Vec<Duration> {
    let mut taken = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let query = Query {
            filter: doc! { "_id": id(taken.len() % 1_000) },
            sort: Document::new(),
            skip: 0,
            limit: Some(1),
            projection: Document::new(),
            now: DateTime::from_millis(0),
        };
        let start = Instant::now();
        database.find(None, "players", &query).expect("an answer");
        taken.push(start.elapsed());
    }
    taken
}

/// Bulk loads, each one commit; returns the longest.
fn write(database: &Database, done: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    for round in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let documents = (0..20_000).map(|n| {
            let new = doc! { "_id": format!("w{round}-{n}"), "score": n, "level": n % 500, "note": "x".repeat(150) };
            RawDocumentBuf::try_from(&new).expect("a document")
        });
        let documents = documents.collect();
        let start = Instant::now();
        database.insert(None, "players", documents).expect("inserted");
        longest = longest.max(start.elapsed());
    }
    longest
}
