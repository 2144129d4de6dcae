//! What outlives a kill, and how a damaged file is met.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::super::transaction::TransactionId;
use super::*;

/// Names the database that the child process writes.
const CHILD: &str = "CLOUDKIT_TEST_DATABASE";

fn open(path: &Path) -> Result<Database> {
    Database::open(path, Durability::Normal)
}

/// A closed database file with an index and some documents.
pub fn file(folder: &Path) -> PathBuf {
    let path = folder.join("documents.sqlite");
    let database = open(&path).unwrap();
    database.create_collection("c").unwrap();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(&database, documents());
    path
}

/// What the file holds.
pub fn documents() -> impl Iterator<Item = Document> {
    (0..200).map(|it| doc! { "_id": it, "a": it % 7, "text": "x".repeat(80) })
}

/// All that a file answers: by a scan, by each id, by each key of the index.
fn everything(path: &Path) -> Result<Vec<RawDocumentBuf>> {
    let database = open(path)?;
    let by_id = (0..200).step_by(7).map(|it| doc! { "_id": it });
    let by_index = (0..7).map(|it| doc! { "a": it });
    let mut found = Vec::new();
    for filter in [doc! {}].into_iter().chain(by_id).chain(by_index) {
        found.extend(database.find(None, "c", &query(filter))?.documents);
    }
    Ok(found)
}

#[test]
fn content_and_indexes_are_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let database = open(&path).unwrap();
    let explained = database.explain("c", &query(doc! { "a": 3 })).unwrap();
    assert_eq!(explained.stats.index.as_deref(), Some("a_Ascending"));
    assert_eq!(explained.stats.returned, 29);
    assert_eq!(database.collections().unwrap()[0].documents, 200);
}

#[test]
fn multikey_index_is_known_to_be_one_after_a_refused_write_and_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let database = open(&path).unwrap();
    // The duplicate undoes nothing before it; the array document is stored.
    let documents = vec![raw(doc! { "_id": 500, "a": [1, 100] }), raw(doc! { "_id": 1 })];
    assert!(database.insert(None, "c", documents).is_err());
    drop(database);
    let database = open(&path).unwrap();
    let both = query(doc! { "a": { "$gt": 50, "$lt": 2 } });
    assert_eq!(ids(&found(&database, &both)), [500]);
}

#[test]
fn second_opening_is_refused_while_the_first_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let first = open(&path).unwrap();
    assert!(matches!(open(&path), Err(Error::Locked)));
    drop(first);
    open(&path).unwrap();
}

#[test]
fn commits_of_several_writers_share_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    let database = Database::open(&path, Durability::Full).unwrap();
    database.create_collection("c").unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let database = &database;
            scope.spawn(move || (0..10).for_each(|it| insert(database, [doc! { "_id": writer * 10 + it }])));
        }
    });
    drop(database);
    assert_eq!(found(&open(&path).unwrap(), &query(doc! {})).len(), 40);
}

#[test]
fn other_files_are_not_taken_for_databases() {
    let folder = tempfile::tempdir().unwrap();
    for content in ["", "{\"a\":1}", "SQLite format 3\0 and then nothing of the kind"] {
        let path = folder.path().join("other");
        fs::write(&path, content).unwrap();
        let error = open(&path).err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn foreign_database_and_newer_format_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(open(&foreign), Err(Error::Damaged { .. })));
    let newer = file(folder.path());
    rusqlite::Connection::open(&newer).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(open(&newer), Err(Error::OtherFormat { found: 99, .. })));
}

#[test]
fn truncated_file_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(1500) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = everything(&path).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
    }
}

#[test]
fn flipped_byte_is_damage_or_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let expected = everything(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for position in (0..whole.len()).step_by(whole.len() / 300) {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        match everything(&path) {
            Ok(found) => assert!(found == expected, "byte {position} changed what is read"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 50, "only {noticed} flips were noticed");
}

#[test]
fn file_that_was_refused_is_refused_again_and_a_backup_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let whole = fs::read(&path).unwrap();
    // In the index: its leaves begin with 10, and its keys hold no text.
    let page = whole.chunks(4096).rposition(|page| page[0] == 10).unwrap();
    let mut bytes = whole.clone();
    bytes[page * 4096 + 4000] ^= 0x55;
    fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        assert!(matches!(open(&path), Err(Error::Damaged { .. })));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(found(&open(&path).unwrap(), &query(doc! {})).len(), 200);
}

#[test]
fn unclean_end_does_not_hide_a_change_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let expected = everything(&path).unwrap();
    let database = open(&path).unwrap();
    insert(&database, [doc! { "_id": 500 }]);
    let killed = folder.path().join("killed.sqlite");
    let beside = |path: &Path, suffix| format!("{}{suffix}", path.display());
    let (whole, log) = (fs::read(&path).unwrap(), fs::read(beside(&path, "-wal")).unwrap());
    for position in (0..whole.len()).step_by(whole.len() / 100) {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x55;
        fs::write(&killed, bytes).unwrap();
        fs::write(beside(&killed, "-wal"), &log).unwrap();
        if let Ok(found) = everything(&killed) {
            let found: Vec<_> = found.into_iter().filter(|it| it.get_i32("_id").unwrap() != 500).collect();
            assert!(found == expected, "byte {position} changed what is read");
        }
    }
}

/// One of a row of commits, each different from the one before.
fn step(database: &Database, number: i32) {
    let id = number - number % 4;
    match number % 4 {
        0 => insert(database, [doc! { "_id": id, "a": id % 7, "text": "x".repeat(id as usize % 500) }]),
        1 => drop(
            database.update(None, "c", &update(doc! { "_id": id }, doc! { "$inc": { "a": 1 } })).unwrap(),
        ),
        2 => {
            let transaction = TransactionId(number.to_string());
            database.begin(transaction.clone(), now()).unwrap();
            let changes = doc! { "$set": { "b": [1, id] } };
            database.update(Some(&transaction), "c", &update(doc! { "_id": id }, changes)).unwrap();
            database.insert(Some(&transaction), "c", vec![raw(doc! { "_id": id + 1, "a": 3 })]).unwrap();
            database.commit(&transaction, now()).unwrap();
        }
        _ if id % 3 == 0 => {
            database.remove(None, "c", &doc! { "_id": { "$gt": id - 6 }, "a": 3 }, true, now()).unwrap();
        }
        _ => insert(database, [doc! { "_id": id + 2, "a": number % 7 }]),
    }
}

/// What a database of steps holds, by a scan and by its index.
fn state(database: &Database) -> [Vec<Document>; 2] {
    let by_index = (0..9).flat_map(|it| found(database, &query(doc! { "a": it }))).collect();
    [found(database, &query(doc! {})), by_index]
}

fn prepared(database: Database) -> Database {
    let _ = database.create_collection("c");
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    database
}

#[test]
fn log_cut_anywhere_holds_whole_commits_and_all_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    prepared(open(&path).unwrap());
    let database = open(&path).unwrap();
    let beside = |path: &Path, suffix| PathBuf::from(format!("{}{suffix}", path.display()));
    let log = beside(&path, "-wal");
    // The length of the log when a commit was acknowledged, and what was there then.
    let mut commits = vec![(0, state(&database))];
    for number in 0..24 {
        step(&database, number);
        commits.push((fs::metadata(&log).unwrap().len(), state(&database)));
    }
    let (whole, log) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    let killed = folder.path().join("killed.sqlite");
    let acknowledged = commits.iter().map(|(length, _)| *length as usize);
    for length in acknowledged.flat_map(|it| [it, it + 10, it + 2000]).filter(|it| *it <= log.len()) {
        fs::write(&killed, &whole).unwrap();
        fs::write(beside(&killed, "-wal"), &log[..length]).unwrap();
        let expected = commits.iter().rev().find(|(it, _)| *it as usize <= length).map(|(_, state)| state);
        assert!(Some(&state(&open(&killed).unwrap())) == expected, "cut at {length}");
    }
}

#[test]
fn damage_in_the_log_is_told_unless_it_looks_like_a_write_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    prepared(open(&path).unwrap());
    let database = open(&path).unwrap();
    let beside = |path: &Path, suffix| PathBuf::from(format!("{}{suffix}", path.display()));
    let mut states = vec![state(&database)];
    for number in 0..16 {
        step(&database, number);
        states.push(state(&database));
    }
    let (whole, log) = (fs::read(&path).unwrap(), fs::read(beside(&path, "-wal")).unwrap());
    let last = states.last().unwrap();
    let killed = folder.path().join("killed.sqlite");
    let mut told = 0;
    // The header of the log byte by byte, then the frames, their headers and their content.
    let positions = (0..32).chain((32..log.len()).step_by(611)).chain((32..log.len()).step_by(4096 + 24));
    for position in positions {
        let mut bytes = log.clone();
        bytes[position] ^= 0x10;
        fs::write(&killed, &whole).unwrap();
        fs::write(beside(&killed, "-wal"), bytes).unwrap();
        let database = open(&killed).unwrap();
        let found = state(&database);
        assert!(states.contains(&found), "byte {position} made a state that never was");
        let is_cut_short = position >= log.len() - 4096 - 24;
        assert!(found == *last || database.lost_commits() > 0 || is_cut_short, "byte {position} is not told");
        told += usize::from(database.lost_commits() > 0);
    }
    assert!(told > 100, "{told}");
}

/// A database file of more than so many bytes, with an index, as it is after a kill: it and its log.
fn large(folder: &Path, documents: i32, bytes: usize) -> [Vec<u8>; 2] {
    let path = folder.join("large.sqlite");
    let database = prepared(open(&path).unwrap());
    insert(&database, (0..documents).map(|it| doc! { "_id": it, "a": it % 7, "text": "x".repeat(bytes) }));
    drop(database);
    let database = open(&path).unwrap();
    database.examine().unwrap();
    insert(&database, [doc! { "_id": documents, "a": 3 }]);
    let log = format!("{}-wal", path.display());
    [fs::read(&path).unwrap(), fs::read(log).unwrap()]
}

#[test]
fn large_file_is_examined_after_a_kill_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, log] = large(folder.path(), 1500, 3000);
    assert!(whole.len() > 4 << 20);
    let path = folder.path().join("killed.sqlite");
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let killed = |damage: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        let _ = fs::remove_file(beside("-seal"));
        fs::write(&path, bytes).unwrap();
        fs::write(beside("-wal"), &log).unwrap();
    };
    killed(&|_| ());
    let database = open(&path).unwrap();
    assert!(database.is_in_doubt());
    let expected = state(&database);
    database.examine().unwrap();
    drop(database);
    assert!(!open(&path).unwrap().is_in_doubt(), "what was found good is sealed");

    let index_leaves = whole.chunks(4096).enumerate().filter(|(_, page)| page[0] == 10).map(|(at, _)| at);
    let spread = (0..whole.len()).step_by(whole.len() / 24);
    let mut condemned = 0;
    for position in index_leaves.map(|page| page * 4096 + 4000).step_by(3).chain(spread) {
        killed(&|bytes| bytes[position] ^= 0x55);
        let Ok(database) = open(&path) else { continue };
        if database.examine().is_err() {
            condemned += 1;
            for _ in 0..2 {
                let refused = database.find(None, "c", &query(doc! { "_id": 1 })).unwrap_err();
                assert!(matches!(refused, Error::Damaged { .. }), "byte {position}: {refused}");
            }
            assert!(database.create_collection("d").is_err());
            drop(database);
            assert!(matches!(open(&path), Err(Error::Damaged { .. })), "byte {position}");
        } else if let Ok(found) = database.find(None, "c", &query(doc! {})) {
            // Damaged documents are named by the queries that meet them.
            assert_eq!(found.documents.len(), 1501);
            assert!(state(&database) == expected, "byte {position} changed what is read");
        }
    }
    assert!(condemned >= 3, "{condemned}");
    for length in (0..whole.len()).step_by(whole.len() / 6).skip(1) {
        killed(&|bytes| bytes.truncate(length));
        assert!(open(&path).and_then(|it| it.examine()).is_err(), "cut at {length}");
    }
}

#[test]
fn very_large_file_is_compared_with_its_seal_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path(), 34, 1 << 20);
    let path = folder.path().join("large.sqlite");
    // What it was closed with.
    let database = open(&path).unwrap();
    assert!(database.is_in_doubt());
    database.examine().unwrap();
    drop(database);
    let whole = fs::read(&path).unwrap();
    let page = whole.chunks(4096).rposition(|page| page[0] == 10).unwrap();
    let mut bytes = whole.clone();
    bytes[page * 4096 + 4000] ^= 0x55;
    fs::write(&path, bytes).unwrap();
    let database = open(&path).unwrap();
    assert!(matches!(database.examine(), Err(Error::Damaged { .. })));
    drop(database);
    assert!(matches!(open(&path), Err(Error::Damaged { .. })));
    // A backup that was put back is as good as ever.
    fs::write(&path, whole).unwrap();
    open(&path).unwrap();
}

/// Takes one step after the other until it is killed, telling of each. Does nothing unless a parent names a database.
#[test]
fn child_writes_until_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let (number, path) = path.to_str().unwrap().split_once(':').unwrap();
    let database = open(Path::new(path)).unwrap();
    for number in number.parse().unwrap()..i32::MAX {
        step(&database, number);
        let mut out = std::io::stdout().lock();
        writeln!(out, "stored {number}").unwrap();
        out.flush().unwrap();
    }
}

/// Lets a child take steps from `first` on, and kills it when it told of so many; returns how many are acknowledged.
fn kill_after(path: &Path, first: i32, count: i32) -> i32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "docdb::tests::durability::child_writes_until_killed"])
        .env(CHILD, format!("{first}:{}", path.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(|it| it.ok());
    let mut next = first;
    for it in lines.filter_map(|it| it.split("stored ").nth(1).and_then(|it| it.parse::<i32>().ok())) {
        next = it + 1;
        if next == first + count {
            // Kills at once; what was told before is still read below.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(next >= first + count, "{} steps", next - first);
    next
}

#[test]
fn every_acknowledged_write_survives_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    prepared(open(&path).unwrap());
    let reference = prepared(database());
    let mut taken = 0;
    for round in 0..20 {
        let acknowledged = kill_after(&path, taken, 1 + round * 7 % 31);
        (taken..acknowledged).for_each(|number| step(&reference, number));
        taken = acknowledged;
        let found = state(&open(&path).unwrap());
        if found != state(&reference) {
            // The last one was stored and could not be told of any more.
            step(&reference, taken);
            taken += 1;
            assert!(found == state(&reference), "round {round}, after {acknowledged} steps");
        }
    }
}
