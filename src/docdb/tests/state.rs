//! Saving the whole state, bringing it back, emptying it.

use super::*;
use crate::docdb::feed::Numbered;

/// Saves the present state in a folder of its own.
fn saved(database: &Database) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    database.save(&path).unwrap();
    (folder, path)
}

fn transaction(name: &str) -> transaction::TransactionId {
    transaction::TransactionId(name.to_owned())
}

#[test]
fn a_saved_state_comes_back_whole() {
    let database = database();
    let score = index(&[("score", index::Order::Descending)]);
    database.create_index("c", &score).unwrap();
    insert(&database, (0..300).map(|n| doc! { "_id": n, "score": n % 7 }));
    let (_folder, state) = saved(&database);
    let before = found(&database, &query(doc! { "score": 3 }));

    database.drop_index("c", &score.name).unwrap();
    database.create_collection("later").unwrap();
    database.clear(Some("c")).unwrap();
    insert(&database, [doc! { "_id": 1, "score": 3 }]);
    for _ in 0..2 {
        database.restore(&state).unwrap();
        assert_eq!(found(&database, &query(doc! { "score": 3 })), before);
        let names: Vec<_> =
            database.collections().unwrap().into_iter().map(|it| (it.name, it.documents)).collect();
        assert_eq!(names, [("c".to_owned(), 300)]);
        assert_eq!(database.indexes("c").unwrap().len(), 2);
        insert(&database, [doc! { "_id": 300, "score": 3 }]);
        assert_eq!(found(&database, &query(doc! { "score": 3 })).len(), before.len() + 1);
    }
}

#[test]
fn a_state_is_saved_while_a_reader_keeps_an_older_one() {
    let database = database();
    database.begin(transaction("reader"), now()).unwrap();
    insert(&database, (0..50).map(|n| doc! { "_id": n }));
    let (_folder, state) = saved(&database);
    database.clear(None).unwrap();
    database.restore(&state).unwrap();
    assert_eq!(found(&database, &query(doc! {})).len(), 50);
}

#[test]
fn a_restored_state_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    for durability in [Durability::Normal, Durability::Full] {
        let database = Database::open(&path, durability).unwrap();
        if database.create_collection("c").is_ok() {
            insert(&database, [doc! { "_id": 1 }]);
        }
        let state = folder.path().join(format!("{durability:?}.sqlite"));
        database.save(&state).unwrap();
        database.clear(None).unwrap();
        database.restore(&state).unwrap();
        drop(database);
        let database = Database::open(&path, durability).unwrap();
        assert_eq!(ids(&found(&database, &query(doc! {}))), [1]);
    }
}

#[test]
fn a_large_restored_state_leaves_no_log_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite");
    let database = Database::open(&path, Durability::Normal).unwrap();
    database.create_collection("c").unwrap();
    let text = "x".repeat(1 << 20);
    insert(&database, (0..40).map(|n| doc! { "_id": n, "text": &text }));
    let (_folder, state) = saved(&database);
    let log = || std::fs::metadata(folder.path().join("documents.sqlite-wal")).unwrap().len();
    database.restore(&state).unwrap();
    assert_eq!(log(), 0);
    // Nor does a reader of the state before keep one waiting.
    database.begin(transaction("reader"), now()).unwrap();
    insert(&database, [doc! { "_id": 40 }]);
    database.restore(&state).unwrap();
    assert_eq!(found(&database, &query(doc! {})).len(), 40);
}

#[test]
fn what_is_no_saved_state_changes_nothing() {
    let database = database();
    insert(&database, [doc! { "_id": 1 }]);
    let (folder, state) = saved(&database);
    let bytes = std::fs::read(&state).unwrap();
    let mut flipped = bytes.clone();
    flipped[4096..4200].fill(0xff);
    for (name, content) in [
        ("empty", &[][..]),
        ("text", b"hello, this is no database at all"),
        ("flipped", &flipped),
        ("cut", &bytes[..5000]),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert!(database.restore(&path).is_err(), "{name}");
        assert_eq!(ids(&found(&database, &query(doc! {}))), [1], "{name}");
    }
    assert!(database.restore(&folder.path().join("nowhere")).is_err());
}

#[test]
fn open_transactions_lose_to_another_state_and_hold_nobody_up() {
    let database = database();
    insert(&database, [doc! { "_id": 1, "n": 0 }]);
    let (_folder, state) = saved(&database);
    let replace: [&dyn Fn(); 2] =
        [&|| database.restore(&state).unwrap(), &|| assert_eq!(database.clear(None).unwrap(), 1)];
    for replace in replace {
        for name in ["writer", "later"] {
            database.begin(transaction(name), now()).unwrap();
        }
        let increment = update(doc! { "_id": 1 }, doc! { "$inc": { "n": 1 } });
        database.update(Some(&transaction("writer")), "c", &increment).unwrap();
        replace();
        let conflict = |outcome: Result<()>| assert!(matches!(outcome, Err(Error::TransactionConflict)));
        conflict(database.update(Some(&transaction("later")), "c", &increment).map(|_| ()));
        conflict(database.commit(&transaction("writer"), now()));
        // The writer's lock went with it.
        assert!(database.update(None, "c", &increment).unwrap().matched < 2);
        database.restore(&state).unwrap();
    }
}

#[test]
fn the_feed_is_told_how_states_differ() {
    let database = database();
    insert(&database, (1..=3).map(|n| doc! { "_id": n, "n": 0 }));
    let (_folder, state) = saved(&database);
    database.update(None, "c", &update(doc! { "_id": 1 }, doc! { "$set": { "n": 1 } })).unwrap();
    database.remove(None, "c", &doc! { "_id": 2 }, false, now()).unwrap();
    insert(&database, [doc! { "_id": 4, "n": 0 }]);
    let feed = database.subscribe();
    database.restore(&state).unwrap();
    let told: Vec<_> = feed
        .try_recv()
        .unwrap()
        .iter()
        .map(|change| {
            let n = |side: &Option<Numbered>| side.as_ref().map(|it| it.document.get_i32("n").unwrap());
            (n(&change.before), n(&change.after))
        })
        .collect();
    assert_eq!(told, [(Some(1), Some(0)), (None, Some(0)), (Some(0), None)]);
    database.clear(None).unwrap();
    assert_eq!(feed.try_recv().unwrap().len(), 3);
}

#[test]
fn emptying_keeps_collections_and_indexes() {
    let database = database();
    database.create_index("c", &unique("k")).unwrap();
    insert(&database, [doc! { "_id": 1, "k": [1, 2] }, doc! { "_id": 2, "k": 3 }]);
    assert_eq!(database.clear(Some("c")).unwrap(), 2);
    let status = &database.collections().unwrap()[0];
    assert_eq!((status.documents, status.size, status.indexes), (0, 0, 2));
    insert(&database, [doc! { "_id": 1, "k": 2 }]);
    assert_eq!(found(&database, &query(doc! { "k": 2 })).len(), 1);
    assert!(matches!(database.clear(Some("none")), Err(Error::CollectionNotFound { .. })));
}
