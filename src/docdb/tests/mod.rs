//! The database as a whole: what is stored, found, changed, refused and told.

mod advice;
mod decimal;
mod durability;
mod exchange;
mod fuzz;
mod geo;
mod reference;
mod salvage;
mod sameness;
mod search;
mod state;
mod transactions;

use super::query::Query;
use super::*;
use bson::doc;

/// A database of its own with a collection `c`.
fn database() -> Database {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    database.create_collection("c").unwrap();
    database
}

fn raw(document: Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(&document).unwrap()
}

fn insert(database: &Database, documents: impl IntoIterator<Item = Document>) {
    database.insert(None, "c", documents.into_iter().map(raw).collect()).unwrap();
}

fn now() -> DateTime {
    DateTime::from_millis(1_700_000_000_000)
}

fn query(filter: Document) -> Query {
    Query { filter, sort: doc! {}, skip: 0, limit: None, projection: doc! {}, now: now() }
}

fn found(database: &Database, query: &Query) -> Vec<Document> {
    let found = database.find(None, "c", query).unwrap();
    found.documents.iter().map(|it| Document::try_from(it.as_ref()).unwrap()).collect()
}

fn ids(documents: &[Document]) -> Vec<i32> {
    documents.iter().map(|it| it.get_i32("_id").unwrap()).collect()
}

fn update(filter: Document, update: Document) -> UpdateRequest {
    UpdateRequest { filter, update, multi: false, upsert: None, array_filters: vec![], now: now() }
}

fn index(keys: &[(&str, index::Order)]) -> IndexDefinition {
    let name = keys.iter().map(|(path, order)| format!("{path}_{order:?}")).collect();
    let keys = keys.iter().map(|(path, order)| ((*path).to_owned(), *order)).collect();
    IndexDefinition { name, keys, unique: false, sparse: false }
}

fn unique(path: &str) -> IndexDefinition {
    IndexDefinition { unique: true, ..index(&[(path, index::Order::Ascending)]) }
}

#[test]
fn natural_order_is_insertion_order() {
    let database = database();
    insert(&database, [3, 1, 2].map(|it| doc! { "_id": it }));
    assert_eq!(ids(&found(&database, &query(doc! {}))), [3, 1, 2]);
    database.update(None, "c", &update(doc! { "_id": 3 }, doc! { "$set": { "a": 1 } })).unwrap();
    assert_eq!(ids(&found(&database, &query(doc! {}))), [3, 1, 2]);
}

#[test]
fn missing_collection_is_an_error_everywhere() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let missing = |error: Error| assert!(matches!(error, Error::CollectionNotFound { .. }), "{error}");
    missing(database.insert(None, "c", vec![raw(doc! { "_id": 1 })]).unwrap_err());
    missing(database.find(None, "c", &query(doc! {})).unwrap_err());
    missing(database.count("c", &doc! {}, now()).unwrap_err());
    missing(database.update(None, "c", &update(doc! {}, doc! { "$set": { "a": 1 } })).unwrap_err());
    missing(database.remove(None, "c", &doc! {}, true, now()).unwrap_err());
    missing(database.create_index("c", &unique("a")).unwrap_err());
    missing(database.drop_collection("c").unwrap_err());
}

#[test]
fn insert_stops_at_the_first_duplicate() {
    let database = database();
    let documents = [1, 2, 1, 3].map(|it| raw(doc! { "_id": it }));
    let error = database.insert(None, "c", documents.into()).unwrap_err();
    assert_eq!(error.to_string(), "E11000 duplicate key error collection: c index: _id_ dup key: { _id: 1 }");
    assert_eq!(ids(&found(&database, &query(doc! {}))), [1, 2]);
}

#[test]
fn unique_index_refuses_and_changes_nothing() {
    let database = database();
    database.create_index("c", &unique("a")).unwrap();
    insert(&database, [doc! { "_id": 1, "a": "x" }, doc! { "_id": 2 }, doc! { "_id": 3, "a": "y" }]);
    let refused = |error: Error, key: &str| {
        let expected = format!("E11000 duplicate key error collection: c index: a_Ascending dup key: {key}");
        assert_eq!(error.to_string(), expected);
    };
    let again = |document| database.insert(None, "c", vec![raw(document)]).unwrap_err();
    refused(again(doc! { "_id": 4, "a": "x" }), "{ a: \"x\" }");
    refused(again(doc! { "_id": 4, "a": null }), "{ a: null }");
    refused(again(doc! { "_id": 4, "a": ["z", "y"] }), "{ a: \"y\" }");
    let error = database.update(None, "c", &update(doc! { "_id": 3 }, doc! { "$set": { "a": "x" } }));
    refused(error.unwrap_err(), "{ a: \"x\" }");
    let all = [doc! { "_id": 1, "a": "x" }, doc! { "_id": 2 }, doc! { "_id": 3, "a": "y" }];
    assert_eq!(found(&database, &query(doc! {})), all);
    // Its own key is free for a document.
    database.update(None, "c", &update(doc! { "_id": 3 }, doc! { "$set": { "a": "y", "b": 1 } })).unwrap();
}

#[test]
fn unique_index_over_duplicates_is_not_built() {
    let database = database();
    insert(&database, [doc! { "_id": 1, "a": 5 }, doc! { "_id": 2, "a": 5.0 }]);
    let error = database.create_index("c", &unique("a")).unwrap_err();
    assert!(matches!(error, Error::DuplicateKey { .. }), "{error}");
    assert_eq!(database.indexes("c").unwrap().len(), 1);
    database.remove(None, "c", &doc! { "_id": 2 }, false, now()).unwrap();
    database.create_index("c", &unique("a")).unwrap();
}

#[test]
fn sparse_unique_index_ignores_documents_without_the_field() {
    let database = database();
    database.create_index("c", &IndexDefinition { sparse: true, ..unique("a") }).unwrap();
    insert(&database, [doc! { "_id": 1 }, doc! { "_id": 2 }, doc! { "_id": 3, "a": null }]);
    assert!(database.insert(None, "c", vec![raw(doc! { "_id": 4, "a": null })]).is_err());
    assert_eq!(ids(&found(&database, &query(doc! { "a": null }))), [1, 2, 3]);
    let sorted = Query { sort: doc! { "a": 1 }, ..query(doc! {}) };
    assert_eq!(ids(&found(&database, &sorted)), [1, 2, 3]);
}

#[test]
fn equal_index_again_is_left_alone_and_other_options_conflict() {
    let database = database();
    database.create_index("c", &unique("a")).unwrap();
    database.create_index("c", &unique("a")).unwrap();
    let other = IndexDefinition { unique: false, ..unique("a") };
    assert!(matches!(database.create_index("c", &other), Err(Error::IndexOptionsConflict { .. })));
    database.drop_index("c", "a_Ascending").unwrap();
    assert!(matches!(database.drop_index("c", "a_Ascending"), Err(Error::IndexNotFound { .. })));
    assert!(database.drop_index("c", ID_INDEX).is_err());
    database.create_index("c", &other).unwrap();
}

#[test]
fn parallel_arrays_are_refused() {
    let database = database();
    let both = index(&[("a", index::Order::Ascending), ("b", index::Order::Ascending)]);
    database.create_index("c", &both).unwrap();
    let error = database.insert(None, "c", vec![raw(doc! { "_id": 1, "a": [1], "b": [2] })]).unwrap_err();
    assert_eq!(error.to_string(), "cannot index parallel arrays");
}

#[test]
fn update_counts_what_really_changed() {
    let database = database();
    insert(&database, (1..=3).map(|it| doc! { "_id": it, "a": it }));
    let all = UpdateRequest { multi: true, ..update(doc! {}, doc! { "$set": { "a": 2 } }) };
    let updated = database.update(None, "c", &all).unwrap();
    assert_eq!((updated.matched, updated.modified), (3, 2));
    let updated =
        database.update(None, "c", &update(doc! { "_id": 9 }, doc! { "$set": { "a": 2 } })).unwrap();
    assert_eq!((updated.matched, updated.modified, updated.document), (0, 0, None));
}

#[test]
fn upsert_inserts_once() {
    let database = database();
    let request = UpdateRequest {
        upsert: Some(Bson::String("new".into())),
        ..update(doc! { "name": "n" }, doc! { "$inc": { "visits": 1 } })
    };
    let updated = database.update(None, "c", &request).unwrap();
    assert_eq!(updated.upserted_id, Some(Bson::String("new".into())));
    let updated = database.update(None, "c", &request).unwrap();
    assert_eq!((updated.modified, updated.upserted_id), (1, None));
    let expected = doc! { "_id": "new", "name": "n", "visits": 2 };
    assert_eq!(found(&database, &query(doc! {})), [expected]);
}

#[test]
fn id_is_immutable_and_comes_first() {
    let database = database();
    insert(&database, [doc! { "a": 1, "_id": 1 }]);
    let first = found(&database, &query(doc! {})).remove(0);
    assert_eq!(first.keys().collect::<Vec<_>>(), ["_id", "a"]);
    let error = database.update(None, "c", &update(doc! { "_id": 1 }, doc! { "$set": { "_id": 2 } }));
    assert!(error.is_err());
}

#[test]
fn totals_follow_writes() {
    let database = database();
    insert(&database, (1..=3).map(|it| doc! { "_id": it }));
    database.remove(None, "c", &doc! { "_id": { "$gte": 2 } }, true, now()).unwrap();
    let status = &database.collections().unwrap()[0];
    let size = raw(doc! { "_id": 1 }).as_bytes().len() as u64;
    assert_eq!((status.documents, status.size, status.indexes), (1, size, 1));
    assert_eq!(database.count("c", &doc! {}, now()).unwrap().0, 1);
}

#[test]
fn feed_tells_commits_in_order_and_nothing_refused() {
    let database = database();
    let feed = database.subscribe();
    insert(&database, [doc! { "_id": 1 }, doc! { "_id": 2 }]);
    assert!(database.insert(None, "c", vec![raw(doc! { "_id": 2 })]).is_err());
    database.update(None, "c", &update(doc! { "_id": 2 }, doc! { "$set": { "a": 1 } })).unwrap();
    database.remove(None, "c", &doc! { "_id": 1 }, false, now()).unwrap();
    let told: Vec<_> = feed
        .try_iter()
        .flat_map(|commit| {
            commit.iter().map(|it| (it.before.is_some(), it.after.is_some())).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(told, [(false, true), (false, true), (true, true), (true, false)]);
}

#[test]
fn lookups_use_the_index_and_say_so() {
    let database = database();
    database
        .create_index("c", &index(&[("a", index::Order::Ascending), ("b", index::Order::Descending)]))
        .unwrap();
    insert(&database, (0..100).map(|it| doc! { "_id": it, "a": it % 10, "b": it }));
    let check = |filter: Document, sort: Document, limit: Option<u64>, expected: (Option<&str>, u64, u64)| {
        let stats = database.explain("c", &Query { sort, limit, ..query(filter.clone()) }).unwrap().stats;
        assert_eq!((stats.index.as_deref(), stats.documents_examined, stats.returned), expected, "{filter}");
    };
    let name = Some("a_Ascendingb_Descending");
    check(doc! { "_id": 7 }, doc! {}, None, (Some("_id_"), 1, 1));
    check(doc! { "a": 3 }, doc! {}, None, (name, 10, 10));
    check(doc! { "a": 3, "b": { "$gt": 50 } }, doc! {}, None, (name, 5, 5));
    check(doc! { "a": 3 }, doc! { "b": -1 }, Some(2), (name, 2, 2));
    check(doc! { "a": 3 }, doc! { "b": 1 }, Some(2), (name, 2, 2));
    check(
        doc! { "$or": [{ "a": 3 }, { "_id": 4 }] },
        doc! {},
        None,
        (Some("a_Ascendingb_Descending, _id_"), 11, 11),
    );
    check(doc! { "b": 3 }, doc! {}, None, (None, 100, 1));
    let (count, stats) = database.count("c", &doc! { "a": { "$in": [1, 2] } }, now()).unwrap();
    assert_eq!((count, stats.documents_examined), (20, 0));
}

#[test]
fn scan_with_a_limit_stops_early() {
    let database = database();
    insert(&database, (0..100).map(|it| doc! { "_id": it }));
    let stats = database.explain("c", &Query { limit: Some(3), skip: 2, ..query(doc! {}) }).unwrap().stats;
    assert_eq!((stats.documents_examined, stats.returned), (3, 3));
}

#[test]
fn documents_skipped_by_index_are_not_read() {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(&database, (0..100).map(|it| doc! { "_id": it, "a": it / 2 }));
    let check = |filter: Document, sort: Document, expected: &[i32]| {
        let page = Query { sort, skip: 40, limit: Some(2), ..query(filter) };
        assert_eq!(ids(&found(&database, &page)), expected, "{page:?}");
        let examined = database.explain("c", &page).unwrap().stats.documents_examined;
        assert_eq!(examined, expected.len() as u64, "{page:?}");
    };
    check(doc! {}, doc! { "a": 1 }, &[40, 41]);
    check(doc! {}, doc! { "a": -1 }, &[58, 59]);
    check(doc! { "a": { "$in": [1, 2, 3] } }, doc! { "a": 1 }, &[]);
    check(doc! { "a": { "$in": (0..40).collect::<Vec<_>>() } }, doc! { "a": 1 }, &[40, 41]);
    check(doc! { "a": { "$in": (0..40).collect::<Vec<_>>() } }, doc! { "a": -1 }, &[38, 39]);
    check(doc! { "a": { "$gte": 10 } }, doc! {}, &[60, 61]);
    check(doc! {}, doc! {}, &[40, 41]);
}

#[test]
fn readers_never_see_half_a_commit() {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(&database, (0..10).map(|it| doc! { "_id": it, "a": 0 }));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Bounded, lest a failure of the writer leave it running.
                for _ in (0..10_000).take_while(|_| !done.load(Ordering::Relaxed)) {
                    let odd = found(&database, &query(doc! { "a": { "$mod": [2, 1] } })).len();
                    let even = database.count("c", &doc! { "a": { "$gte": 0 } }, now()).unwrap().0;
                    assert!((odd == 0 || odd == 10) && even == 10, "{odd} {even}");
                }
            });
        }
        for _ in 0..100 {
            let all = UpdateRequest { multi: true, ..update(doc! {}, doc! { "$inc": { "a": 1 } }) };
            assert_eq!(database.update(None, "c", &all).unwrap().modified, 10);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn readers_are_answered_while_a_write_is_open() {
    let database = database();
    insert(&database, (0..100).map(|it| doc! { "_id": it, "a": it % 10 }));
    let mut write = database.store().write().unwrap();
    let collection = write.collection("c").unwrap();
    write.insert(&collection, &raw(doc! { "_id": 100, "a": 1 })).unwrap();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let pipeline = [doc! { "$match": { "a": 1 } }];
                    let aggregated = database.aggregate("c", &pipeline, now()).unwrap().documents.len();
                    let found = found(&database, &query(doc! { "a": 1 })).len();
                    (found, aggregated, database.count("c", &doc! {}, now()).unwrap().0)
                })
            })
            .collect();
        // The write ends only after all of them were answered.
        readers.into_iter().for_each(|it| assert_eq!(it.join().unwrap(), (10, 10, 100)));
    });
    write.commit(|| ()).unwrap();
    assert_eq!(database.count("c", &doc! {}, now()).unwrap().0, 101);
}

#[test]
fn what_a_pipeline_reads_flows_and_what_it_holds_is_refused_early() {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    let long = "0123456789".repeat(100);
    insert(&database, (0..2_000).map(|it| doc! { "_id": it, "a": it % 2, "b": it, "text": &long }));
    database.create_collection("d").unwrap();
    database.insert(None, "d", vec![raw(doc! { "_id": 0 })]).unwrap();
    let limit = 100_000;
    let run = |collection: &str, pipeline: &[Document]| {
        database.aggregate_within(limit, collection, pipeline, now())
    };
    let count = doc! { "$count": "all" };
    let by_index = doc! { "$match": { "a": 1 } };
    let by_scan = doc! { "$match": { "b": { "$gte": 0 } } };
    let in_order = doc! { "$sort": { "a": 1 } };
    for beginning in [&by_index, &by_scan, &in_order] {
        run("c", &[beginning.clone(), count.clone()]).unwrap();
    }
    run("d", &[doc! { "$unionWith": "c" }, count.clone()]).unwrap();
    let joined = doc! { "from": "c", "as": "c", "pipeline": [{ "$count": "all" }] };
    run("d", &[doc! { "$lookup": joined }]).unwrap();
    for beginning in [by_index, by_scan.clone()] {
        let refused = run("c", &[beginning.clone(), doc! { "$sort": { "text": 1 } }, count.clone()]);
        assert!(matches!(refused, Err(Error::Invalid { code: 292, .. })), "{beginning}");
    }
    let snapshot = database.store().snapshot().unwrap();
    let scan = query(by_scan.get_document("$match").unwrap().clone());
    let mut stream = database.stream(&snapshot, "c", &scan, limit).unwrap();
    assert_eq!(stream.by_ref().take(3).count(), 3);
    assert!(stream.note().unwrap().documents_examined < 1_000);
}

#[test]
fn pipeline_begins_with_an_index_and_joins_within_one_snapshot() {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(&database, (0..100).map(|it| doc! { "_id": it, "a": it % 10 }));
    database.create_collection("d").unwrap();
    database.insert(None, "d", vec![raw(doc! { "_id": 3, "name": "three" })]).unwrap();
    let run = |pipeline: &[Document]| {
        let found = database.aggregate("c", pipeline, now()).unwrap();
        let documents = found.documents.iter().map(|it| Document::try_from(it.as_ref()).unwrap());
        (documents.collect::<Vec<_>>(), found.stats.documents_examined)
    };
    let matching = doc! { "$match": { "a": 3 } };
    let lookup = doc! { "$lookup": { "from": "d", "localField": "a", "foreignField": "_id", "as": "d" } };
    let (documents, examined) = run(&[matching, doc! { "$limit": 1 }, lookup]);
    assert_eq!(documents, [doc! { "_id": 3, "a": 3, "d": [{ "_id": 3, "name": "three" }] }]);
    assert_eq!(examined, 1);
    let (documents, examined) = run(&[doc! { "$count": "all" }]);
    assert_eq!((documents, examined), (vec![doc! { "all": 100 }], 100));
    let (documents, examined) = run(&[doc! { "$limit": 2 }]);
    assert_eq!((ids(&documents), examined), (vec![0, 1], 2));
}

#[test]
fn an_operation_whose_time_is_over_ends_in_every_loop() {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(&database, (0..100).map(|it| doc! { "_id": it, "a": it }));
    let many = doc! { "$range": [0, 100] };
    let pipelines = [
        vec![doc! { "$limit": 1 }, doc! { "$project": { "n": many.clone() } }, doc! { "$unwind": "$n" }],
        vec![
            doc! { "$limit": 1 },
            doc! { "$project": { "n": { "$map": { "input": many.clone(), "in": 1 } } } },
        ],
        vec![doc! { "$limit": 1 }, doc! { "$lookup": { "from": "c", "pipeline": [], "as": "r" } }],
        vec![
            doc! { "$limit": 1 },
            doc! { "$graphLookup": {
                "from": "c", "startWith": { "$literal": (0..100).collect::<Vec<i32>>() },
                "connectFromField": "a", "connectToField": "a", "as": "r",
            } },
        ],
    ];
    let by_index = Query { sort: doc! { "a": -1 }, ..query(doc! {}) };
    let code = |outcome: Result<()>| match outcome {
        Err(Error::Invalid { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    bounds::within(std::time::Duration::ZERO, &bounds::Asker::default(), || {
        assert_eq!(code(database.find(None, "c", &query(doc! { "b": 1 })).map(drop)), 50);
        assert_eq!(code(database.find(None, "c", &by_index).map(drop)), 50);
        assert_eq!(code(database.count("c", &doc! { "b": 1 }, now()).map(drop)), 50);
        assert_eq!(
            code(database.update(None, "c", &update(doc! { "b": 1 }, doc! { "$set": { "a": 1 } })).map(drop)),
            50
        );
        assert_eq!(code(database.remove(None, "c", &doc! { "a": { "$gte": 0 } }, true, now()).map(drop)), 50);
        for pipeline in &pipelines {
            assert_eq!(code(database.aggregate("c", pipeline, now()).map(drop)), 50, "{pipeline:?}");
        }
    });
    assert_eq!(database.count("c", &doc! {}, now()).unwrap().0, 100);
}
