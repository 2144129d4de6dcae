//! Setting the state back: emptying, saving and restoring, beside copying the file and having the copy on the disk, as a
//! restored state is.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use bson::doc;
use bson::raw::RawDocumentBuf;
use cloudkit::docdb::{Database, Durability};
use tokio::runtime::Runtime;

const BATCH: i32 = 10_000;

pub fn run(_: &Runtime) {
    let folder = tempfile::tempdir().expect("a folder");
    for (count, rounds) in [(100, 50), (1_000_000, 5)] {
        let path = folder.path().join(format!("{count}.sqlite"));
        let database = Database::open(&path, Durability::Normal).expect("a database");
        database.create_collection("c").expect("a collection");
        fill(&database, count);
        measure(&database, folder.path(), &path, count, rounds);
    }
}

fn measure(database: &Database, folder: &Path, path: &Path, count: i32, rounds: u32) {
    let state = folder.join("state.sqlite");
    let mut took = [Duration::ZERO; 5];
    for _ in 0..rounds {
        let _ = std::fs::remove_file(&state);
        took[0] += time(|| database.save(&state).expect("saved"));
        took[1] += time(|| {
            database.clear(None).expect("emptied");
        });
        took[2] += time(|| database.restore(&state).expect("restored"));
        let copy = folder.join("copy.sqlite");
        let copying = time(|| {
            std::fs::copy(&state, &copy).expect("copied");
        });
        took[3] += copying;
        took[4] += copying + time(|| File::open(&copy).and_then(|it| it.sync_all()).expect("flushed"));
    }
    let megabytes = std::fs::metadata(path).map_or(0, |it| it.len()) as f64 / 1e6;
    let millis = took.map(|it| it.as_secs_f64() * 1e3 / f64::from(rounds));
    println!(
        "  {count:>9} documents, {megabytes:.1} MB: save {:.2} ms, empty {:.2} ms, restore {:.2} ms; cp {:.2} ms, \
         flushed {:.2} ms",
        millis[0], millis[1], millis[2], millis[3], millis[4]
    );
}

fn fill(database: &Database, count: i32) {
    for start in (0..count).step_by(BATCH as usize) {
        let documents = (start..count.min(start + BATCH)).map(|n| {
            let document = doc! { "_id": format!("{n:032}"), "n": n, "text": "x".repeat(200) };
            RawDocumentBuf::try_from(&document).expect("a document")
        });
        database.insert(None, "c", documents.collect()).expect("inserted");
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
