//! Transactions: what they see, when they lose, that they are all or nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::super::transaction::TransactionId;
use super::super::value::limits::TRANSACTION_LIFE;
use super::*;

fn begin(database: &Database, id: &str) -> TransactionId {
    let id = TransactionId(id.to_owned());
    database.begin(id.clone(), now()).unwrap();
    id
}

fn set(database: &Database, transaction: Option<&TransactionId>, id: i32, a: i32) -> Result<Updated> {
    database.update(transaction, "c", &update(doc! { "_id": id }, doc! { "$set": { "a": a } }))
}

fn a_of(database: &Database, transaction: Option<&TransactionId>, id: i32) -> Option<i32> {
    let found = database.find(transaction, "c", &query(doc! { "_id": id })).unwrap();
    found.documents.first().map(|it| it.get_i32("a").unwrap())
}

fn seeded() -> Database {
    let database = database();
    insert(&database, [doc! { "_id": 1, "a": 1 }, doc! { "_id": 2, "a": 2 }]);
    database
}

#[test]
fn transaction_sees_its_snapshot_and_its_own_writes() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, None, 2, 20).unwrap();
    insert(&database, [doc! { "_id": 3, "a": 3 }]);
    set(&database, Some(&id), 1, 10).unwrap();
    database.insert(Some(&id), "c", vec![raw(doc! { "_id": 5, "a": 5 })]).unwrap();
    database.insert(Some(&id), "c", vec![raw(doc! { "_id": 4, "a": 4 })]).unwrap();
    let seen = database.find(Some(&id), "c", &query(doc! {})).unwrap().documents;
    let seen: Vec<_> = seen.iter().map(|it| it.get_i32("a").unwrap()).collect();
    assert_eq!(seen, [10, 2, 5, 4]);
    assert_eq!(a_of(&database, None, 1), Some(1));
    database.commit(&id, now()).unwrap();
    let all: Vec<_> = found(&database, &query(doc! {})).iter().map(|it| it.get_i32("a").unwrap()).collect();
    assert_eq!(all, [10, 20, 3, 5, 4]);
}

#[test]
fn queries_in_a_transaction_page_and_sort_over_its_writes() {
    let database = seeded();
    let id = begin(&database, "t");
    database.insert(Some(&id), "c", vec![raw(doc! { "_id": 3, "a": 0 })]).unwrap();
    set(&database, Some(&id), 1, 5).unwrap();
    database.remove(Some(&id), "c", &doc! { "_id": 2 }, false, now()).unwrap();
    let sorted = Query { sort: doc! { "a": -1 }, limit: Some(1), skip: 1, ..query(doc! {}) };
    let seen = database.find(Some(&id), "c", &sorted).unwrap().documents;
    assert_eq!(seen.iter().map(|it| it.get_i32("_id").unwrap()).collect::<Vec<_>>(), [3]);
}

#[test]
fn insert_in_a_transaction_refuses_an_id_that_is_there() {
    let database = seeded();
    let insert = |transaction: &TransactionId, id: i32| {
        database.insert(Some(transaction), "c", vec![raw(doc! { "_id": id, "a": 0 })])
    };
    // A refusal ends the transaction, so each has its own.
    let refused = |name: &str, before: &dyn Fn(&TransactionId), id: i32| {
        let transaction = begin(&database, name);
        before(&transaction);
        assert!(matches!(insert(&transaction, id), Err(Error::DuplicateKey { .. })), "{name}");
        database.abort(&transaction).unwrap();
    };
    refused("stored", &|_| (), 1);
    refused("inserted", &|it| drop(insert(it, 3).unwrap()), 3);
    refused("updated", &|it| drop(set(&database, Some(it), 2, 20).unwrap()), 2);

    let id = begin(&database, "t");
    insert(&id, 3).unwrap();
    set(&database, Some(&id), 2, 20).unwrap();
    database.remove(Some(&id), "c", &doc! { "_id": 1 }, false, now()).unwrap();
    insert(&id, 1).unwrap();
    database.commit(&id, now()).unwrap();
    let all: Vec<_> = found(&database, &query(doc! {})).iter().map(|it| it.get_i32("a").unwrap()).collect();
    assert_eq!(all, [0, 20, 0]);
}

#[test]
fn the_id_of_a_document_stays_as_outside_of_a_transaction() {
    let database = seeded();
    for change in [doc! { "$set": { "_id": 9 } }, doc! { "_id": 9, "a": 1 }] {
        let id = begin(&database, "t");
        for transaction in [None, Some(&id)] {
            let refused = database.update(transaction, "c", &update(doc! { "_id": 1 }, change.clone()));
            assert!(matches!(refused, Err(Error::Invalid { code: 66, .. })), "{change}: {refused:?}");
        }
        database.abort(&id).unwrap();
    }
}

#[test]
fn second_writer_of_a_document_loses_at_once() {
    let database = seeded();
    let (first, second) = (begin(&database, "first"), begin(&database, "second"));
    set(&database, Some(&first), 1, 10).unwrap();
    assert!(matches!(set(&database, Some(&second), 1, 11), Err(Error::TransactionConflict)));
    // Having lost, it can only be ended; the first one goes on.
    assert!(matches!(set(&database, Some(&second), 2, 11), Err(Error::TransactionConflict)));
    database.abort(&second).unwrap();
    database.commit(&first, now()).unwrap();
    assert_eq!(a_of(&database, None, 1), Some(10));
}

#[test]
fn write_over_a_newer_state_loses() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, None, 1, 100).unwrap();
    assert!(matches!(set(&database, Some(&id), 1, 10), Err(Error::TransactionConflict)));
    assert!(matches!(database.commit(&id, now()), Err(Error::TransactionConflict)));
    assert_eq!(a_of(&database, None, 1), Some(100));
}

#[test]
fn abort_leaves_nothing_and_ends_once() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, Some(&id), 1, 10).unwrap();
    database.abort(&id).unwrap();
    assert_eq!(a_of(&database, None, 1), Some(1));
    assert!(matches!(database.abort(&id), Err(Error::NoSuchTransaction { .. })));
    assert!(matches!(database.commit(&id, now()), Err(Error::NoSuchTransaction { .. })));
    assert!(matches!(set(&database, Some(&id), 1, 10), Err(Error::NoSuchTransaction { .. })));
    set(&database, None, 1, 12).unwrap();
}

#[test]
fn transaction_that_lived_too_long_is_gone_and_its_locks_are_free() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, Some(&id), 1, 10).unwrap();
    let later = DateTime::from_millis(now().timestamp_millis() + TRANSACTION_LIFE.as_millis() as i64);
    let plain = UpdateRequest { now: later, ..update(doc! { "_id": 1 }, doc! { "$set": { "a": 7 } }) };
    assert_eq!(database.update(None, "c", &plain).unwrap().modified, 1);
    assert!(matches!(database.commit(&id, later), Err(Error::NoSuchTransaction { .. })));
}

#[test]
fn plain_write_waits_for_a_transaction_on_its_document() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, Some(&id), 1, 10).unwrap();
    let committed = AtomicBool::new(false);
    thread::scope(|scope| {
        let plain = scope.spawn(|| {
            let updated = database.update(None, "c", &update(doc! { "_id": 1 }, doc! { "$inc": { "a": 1 } }));
            assert!(committed.load(Ordering::SeqCst));
            updated.unwrap()
        });
        // Other documents are free meanwhile.
        set(&database, None, 2, 21).unwrap();
        committed.store(true, Ordering::SeqCst);
        database.commit(&id, now()).unwrap();
        assert_eq!(plain.join().unwrap().modified, 1);
    });
    assert_eq!(a_of(&database, None, 1), Some(11));
}

#[test]
fn unique_index_holds_between_transactions() {
    let database = seeded();
    database.create_index("c", &unique("a")).unwrap();
    let refused = begin(&database, "refused");
    let error = set(&database, Some(&refused), 1, 2).unwrap_err();
    assert!(matches!(error, Error::DuplicateKey { .. }), "{error}");
    database.abort(&refused).unwrap();
    let (first, second) = (begin(&database, "first"), begin(&database, "second"));
    set(&database, Some(&first), 1, 9).unwrap();
    set(&database, Some(&second), 2, 9).unwrap();
    database.commit(&first, now()).unwrap();
    assert!(matches!(database.commit(&second, now()), Err(Error::DuplicateKey { .. })));
    assert_eq!((a_of(&database, None, 1), a_of(&database, None, 2)), (Some(9), Some(2)));
}

#[test]
fn many_transactions_run_at_once() {
    let database = database();
    insert(&database, (0..64).map(|it| doc! { "_id": it, "a": 0 }));
    let ids: Vec<_> = (0..64).map(|it| begin(&database, &format!("t{it}"))).collect();
    for (document, id) in (0..).zip(&ids) {
        set(&database, Some(id), document, 1).unwrap();
    }
    ids.iter().for_each(|id| database.commit(id, now()).unwrap());
    assert_eq!(database.count("c", &doc! { "a": 1 }, now()).unwrap().0, 64);
}

/// Moves 1 from one account to another, starting over when another transfer was first.
fn transfer(database: &Database, name: &str, from: i32, to: i32) {
    for attempt in 0.. {
        let id = begin(database, &format!("{name} {attempt}"));
        let moved = [(from, -1), (to, 1)].into_iter().try_for_each(|(account, by)| {
            let a = a_of(database, Some(&id), account).unwrap();
            set(database, Some(&id), account, a + by).map(drop)
        });
        match moved.and_then(|()| database.commit(&id, now())) {
            Ok(()) => return,
            Err(Error::TransactionConflict) => drop(database.abort(&id)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn sum_of_accounts_holds_at_every_read() {
    const ACCOUNTS: i32 = 5;
    let database = database();
    insert(&database, (0..ACCOUNTS).map(|it| doc! { "_id": it, "a": 100 }));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer: i32| {
                let database = &database;
                scope.spawn(move || {
                    for turn in 0..40 {
                        let from = (writer + turn) % ACCOUNTS;
                        let to = (from + 1 + turn % (ACCOUNTS - 1)) % ACCOUNTS;
                        transfer(database, &format!("{writer} {turn}"), from, to);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            // Bounded, lest a failure of a writer leave it running.
            for _ in (0..10_000).take_while(|_| !done.load(Ordering::Relaxed)) {
                let accounts = found(&database, &query(doc! {}));
                let sum: i32 = accounts.iter().map(|it| it.get_i32("a").unwrap()).sum();
                assert_eq!(sum, 100 * ACCOUNTS);
            }
        });
        writers.into_iter().for_each(|it| it.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn refused_write_leaves_a_transaction_that_can_only_be_aborted() {
    let database = seeded();
    let id = begin(&database, "t");
    set(&database, Some(&id), 1, 10).unwrap();
    let refused = database.insert(Some(&id), "c", vec![raw(doc! { "_id": 2 })]);
    assert!(matches!(refused, Err(Error::DuplicateKey { .. })), "{refused:?}");
    assert!(matches!(set(&database, Some(&id), 1, 11), Err(Error::NoSuchTransaction { .. })));
    assert!(matches!(database.commit(&id, now()), Err(Error::NoSuchTransaction { .. })));
    assert_eq!(a_of(&database, None, 1), Some(1));
    let other = begin(&database, "u");
    let nonsense = update(doc! { "_id": 1 }, doc! { "$inc": { "a": "x" } });
    database.update(Some(&other), "c", &nonsense).unwrap_err();
    database.abort(&other).expect("what failed can be aborted");
}

#[test]
fn concurrent_commits_are_those_of_one_serial_order() {
    let database = database();
    let feed = database.subscribe();
    insert(&database, (0..8).map(|it| doc! { "_id": it, "a": 0 }));
    // Each adds one to a few documents as it saw them, and puts a new one in or takes one away.
    let run = |name: &str, seed: i32| -> Result<i32> {
        let id = begin(&database, name);
        let outcome = (0..3).try_for_each(|turn| {
            let document = (seed * 5 + turn * 3) % 8;
            let a = a_of(&database, Some(&id), document).unwrap_or_default();
            set(&database, Some(&id), document, a + 1).map(drop)
        });
        let other = 100 + seed % 5;
        let outcome = outcome.and_then(|()| match a_of(&database, Some(&id), other) {
            Some(_) => database.remove(Some(&id), "c", &doc! { "_id": other }, false, now()).map(drop),
            None => database.insert(Some(&id), "c", vec![raw(doc! { "_id": other, "a": 0 })]).map(drop),
        });
        let outcome = outcome.and_then(|()| database.commit(&id, now()));
        outcome.inspect_err(|_| drop(database.abort(&id))).map(|()| 3)
    };
    let added: i32 = thread::scope(|scope| {
        let run = &run;
        let writers = (0..4).map(|writer| {
            scope.spawn(move || {
                let each = (0..40).map(|turn| run(&format!("{writer} {turn}"), writer * 7 + turn * 11));
                each.map(|it| it.unwrap_or_default()).sum::<i32>()
            })
        });
        writers.collect::<Vec<_>>().into_iter().map(|it| it.join().unwrap()).sum()
    });
    // The feed is the order: each commit finds the state that those before it have left.
    let mut replayed = std::collections::BTreeMap::new();
    for change in feed.try_iter().flat_map(|commit| commit.to_vec()) {
        let is = change.after.as_ref().or(change.before.as_ref()).unwrap();
        let id = is.document.get_i32("_id").unwrap();
        assert_eq!(replayed.remove(&id), change.before, "document {id}");
        change.after.map(|after| replayed.insert(id, after));
    }
    let stored = database.find(None, "c", &query(doc! {})).unwrap().documents;
    let stored: std::collections::BTreeMap<_, _> =
        stored.into_iter().map(|it| (it.get_i32("_id").unwrap(), it)).collect();
    let replayed = replayed.into_iter().map(|(id, it)| (id, it.document)).collect();
    assert_eq!(stored, replayed);
    let sum: i32 = stored.values().map(|it| it.get_i32("a").unwrap()).sum();
    assert!(sum == added && added > 0, "{sum} stored, {added} acknowledged");
}
