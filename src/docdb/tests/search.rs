//! A scan that several threads share: here they come in after a few documents.

use std::thread;

use super::super::transaction::TransactionId;
use super::*;

const DOCUMENTS: i32 = 100;

fn numbered() -> Database {
    let database = database();
    insert(&database, (0..DOCUMENTS).map(|it| doc! { "_id": it, "rest": it % 7, "state": 0 }));
    database
}

/// Every seventh matches.
fn matching(skip: u64, limit: Option<u64>) -> Query {
    Query { skip, limit, ..query(doc! { "rest": 0 }) }
}

#[test]
fn answer_and_cost_are_those_of_one_thread() {
    let database = numbered();
    let all: Vec<i32> = (0..DOCUMENTS).filter(|it| it % 7 == 0).collect();
    for skip in 0..4 {
        for limit in 0..=all.len() {
            let found = database.find(None, "c", &matching(skip as u64, Some(limit as u64))).unwrap();
            let ids: Vec<_> = found.documents.iter().map(|it| it.get_i32("_id").unwrap()).collect();
            let expected: Vec<_> = all.iter().copied().skip(skip).take(limit).collect();
            assert_eq!(ids, expected, "skip {skip} limit {limit}");
            let examined = match expected.last() {
                Some(last) if expected.len() == limit => i64::from(last + 1),
                Some(_) => i64::from(DOCUMENTS),
                None => 0,
            };
            assert_eq!(found.stats.documents_examined, examined.unsigned_abs(), "skip {skip} limit {limit}");
        }
    }
    let (count, stats) = database.count("c", &doc! { "rest": 0 }, now()).unwrap();
    assert_eq!((count, stats.documents_examined), (all.len() as u64, 100));
}

#[test]
fn it_fails_where_one_thread_would() {
    let database = numbered();
    // The 50th document has no such quotient.
    let filter = doc! { "$expr": { "$gt": [{ "$divide": [1, { "$subtract": ["$_id", 50] }] }, -2] } };
    for (limit, fails) in [(Some(51), true), (Some(50), false), (Some(1), false), (None, true)] {
        let found = database.find(None, "c", &Query { limit, ..query(filter.clone()) });
        assert_eq!(found.is_err(), fails, "{limit:?}");
    }
    assert!(database.count("c", &filter, now()).is_err());
}

#[test]
fn an_older_state_is_read_as_it_was() {
    let database = numbered();
    let id = TransactionId("t".to_owned());
    database.begin(id.clone(), now()).unwrap();
    let all = UpdateRequest { multi: true, ..update(doc! {}, doc! { "$set": { "rest": 1 } }) };
    database.update(None, "c", &all).unwrap();
    assert_eq!(database.find(Some(&id), "c", &matching(0, None)).unwrap().documents.len(), 15);
    assert_eq!(database.find(None, "c", &matching(0, None)).unwrap().documents.len(), 0);
}

#[test]
fn all_threads_read_one_state() {
    let database = numbered();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for state in 1..200 {
                let change = update(doc! {}, doc! { "$set": { "state": state } });
                database.update(None, "c", &UpdateRequest { multi: true, ..change }).unwrap();
            }
        });
        // It is finished also when it failed.
        while !writer.is_finished() {
            let found = database.find(None, "c", &query(doc! { "state": { "$gte": 0 } })).unwrap();
            let mut states: Vec<_> = found.documents.iter().map(|it| it.get_i32("state").unwrap()).collect();
            assert_eq!(states.len(), DOCUMENTS as usize);
            states.dedup();
            assert_eq!(states.len(), 1, "{states:?}");
        }
        writer.join().unwrap();
    });
}
