//! What the database says of indexes: the missing, the unused, the weighed.

use super::super::index::Order::{self, Ascending, Descending};
use super::*;

/// Ten documents, and the queries that were made of them.
fn queried(queries: &[(Document, Document)]) -> Database {
    let database = database();
    insert(&database, (0..10).map(|it| doc! { "_id": it, "a": it }));
    for (filter, sort) in queries {
        found(&database, &Query { sort: sort.clone(), ..query(filter.clone()) });
    }
    database
}

/// Compares what queries miss, as `fields: queries`.
#[track_caller]
fn check(queries: &[(Document, Document)], expected: &[(&[(&str, Order)], u64)]) {
    let advice = queried(queries).advice();
    let advice: Vec<_> = advice.iter().map(|it| (it.keys.clone(), it.queries)).collect();
    let expected: Vec<_> = expected.iter().map(|(keys, queries)| (index(keys).keys, *queries)).collect();
    assert_eq!(advice, expected);
}

#[test]
fn equality_comes_first_then_the_sort_then_a_range() {
    let keys: &[_] = &[("a", Ascending), ("s", Descending), ("r", Ascending)];
    check(&[(doc! { "r": { "$gt": 1 }, "a": 1 }, doc! { "s": -1 })], &[(keys, 1)]);
    // `_id` has its index, and nothing is left to sort after it.
    check(&[(doc! { "a": 1 }, doc! { "_id": 1, "s": 1 })], &[(&[("a", Ascending)], 1)]);
    check(&[(doc! {}, doc! { "s": 1, "_id": -1 })], &[(&[("s", Ascending)], 1)]);
}

#[test]
fn each_branch_of_an_or_misses_its_own_index() {
    let or = |branches: &[Document]| (doc! { "$or": branches.to_vec() }, doc! {});
    let (p, q): (&[_], &[_]) = (&[("p", Ascending)], &[("q", Ascending)]);
    check(&[or(&[doc! { "p": 1 }, doc! { "q": { "$gt": 1 } }])], &[(p, 1), (q, 1)]);
    check(&[or(&[doc! { "_id": 1 }, doc! { "p": 1 }])], &[(p, 1)]);
    // One that no index bounds makes a scan of all.
    check(&[or(&[doc! { "p": 1 }, doc! { "q": { "$ne": 1 } }])], &[]);

    let database = queried(&[]);
    database.create_index("c", &index(p)).unwrap();
    let (asked, _) = or(&[doc! { "p": 1, "r": { "$gt": 1 } }, doc! { "q": 1 }]);
    let missed = || database.explain("c", &query(asked.clone())).unwrap().stats.missed.map(|it| it.keys);
    assert_eq!(missed(), Some(index(q).keys));
    database.refuse_scans_beyond(5);
    let refused = database.find(None, "c", &query(asked.clone()));
    assert!(matches!(refused, Err(Error::Unindexed { .. })));
    database.create_index("c", &index(q)).unwrap();
    assert_eq!(missed(), None);
    assert_eq!(found(&database, &query(asked.clone())), Vec::<Document>::new());
}

#[test]
fn one_index_is_named_for_all_queries_it_serves() {
    let sorted = |order: i32| (doc! { "b": 1 }, doc! { "s": order });
    check(
        &[sorted(-1), sorted(1), (doc! { "b": 2 }, doc! {}), (doc! { "b": 2, "s": { "$lt": 3 } }, doc! {})],
        &[(&[("b", Ascending), ("s", Descending)], 4)],
    );
    // The field that most queries name comes first.
    check(
        &[(doc! { "a": 1, "z": 1 }, doc! {}), (doc! { "z": 1 }, doc! {}), (doc! { "z": 2, "a": 2 }, doc! {})],
        &[(&[("z", Ascending), ("a", Ascending)], 3)],
    );
    // Neither serves the other.
    check(
        &[
            (doc! {}, doc! { "s": 1, "t": 1 }),
            (doc! {}, doc! { "s": 1, "t": -1 }),
            (doc! {}, doc! { "s": 1, "t": 1 }),
        ],
        &[(&[("s", Ascending), ("t", Ascending)], 2), (&[("s", Ascending), ("t", Descending)], 1)],
    );
}

#[test]
fn advice_ends_with_the_index_that_was_missing() {
    let missed = (doc! { "z": 1, "a": 1 }, doc! { "s": -1 });
    let database = queried(std::slice::from_ref(&missed));
    let asked = Query { sort: missed.1, ..query(missed.0) };
    let explained = || database.explain("c", &asked).unwrap().stats.missed;
    let expected = index(&[("a", Ascending), ("z", Ascending), ("s", Descending)]);
    assert_eq!(explained(), Some(IndexDefinition { name: "a_1_z_1_s_-1".into(), ..expected }));
    // Read backward it serves as well, and so does another order of the values that are named.
    database.create_index("c", &index(&[("z", Descending), ("a", Ascending), ("s", Ascending)])).unwrap();
    assert_eq!((explained(), database.advice()), (None, vec![]));
}

#[test]
fn documents_are_looked_at_once_for_what_an_index_could_have() {
    let database = database();
    insert(&database, (0..200).map(|it| doc! { "_id": it, "a": it, "b": it }));
    insert(&database, [doc! { "_id": -1, "a": [1], "b": [1] }]);
    database.create_index("c", &index(&[("a", Ascending)])).unwrap();
    let asked = Query { sort: doc! { "a": 1, "b": 1 }, ..query(doc! { "_id": { "$gte": 0 } }) };
    let missed = || {
        found(&database, &asked);
        database.advice().len()
    };
    // Because of the one with two arrays no index could have more than there is.
    assert_eq!(missed(), 0);
    database.remove(None, "c", &doc! { "_id": -1 }, false, now()).unwrap();
    assert_eq!(missed(), 0);
    // With other indexes it is another question.
    database.create_index("c", &index(&[("z", Ascending)])).unwrap();
    assert_eq!(missed(), 1);
}

#[test]
fn an_advised_index_can_be_built() {
    let database = database();
    insert(
        &database,
        (0..900).map(|it| doc! { "_id": it, "tags": ["a"], "likes": [it], "o": [{ "x": 1, "y": 2 }] }),
    );
    for (filter, sort) in [
        (doc! { "tags": "a", "likes": 3 }, doc! {}),
        (doc! { "o.y": 2, "o.x": 1, "o.0.x": 1, "o": { "$gt": 1 } }, doc! { "o.y.0": -1 }),
        (doc! { "p": 1 }, doc! { "likes": 1, "tags": 1, "q": 1 }),
    ] {
        found(&database, &Query { sort, ..query(filter) });
    }
    let advice = database.advice();
    let keys: Vec<_> =
        advice.iter().map(|it| it.keys.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(keys, [vec!["o.x", "o.y"], vec!["p", "likes"], vec!["likes"]]);
    for it in advice {
        let name = it.keys.iter().map(|(path, _)| path.as_str()).collect();
        let definition = IndexDefinition { name, keys: it.keys, unique: false, sparse: false };
        database.create_index("c", &definition).unwrap();
    }
}

#[test]
fn what_was_missed_outlives_a_reset() {
    let database = queried(&[(doc! { "a": 3 }, doc! {})]);
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved");
    database.save(&saved).unwrap();
    database.clear(None).unwrap();
    database.restore(&saved).unwrap();
    assert_eq!(database.advice().len(), 1);
    // With other indexes something else is missed.
    database.create_index("c", &index(&[("b", Ascending)])).unwrap();
    found(&database, &query(doc! { "a": 3 }));
    database.restore(&saved).unwrap();
    assert_eq!(database.advice().len(), 0);
}

#[test]
fn changes_miss_indexes_too() {
    let database = queried(&[]);
    database.update(None, "c", &update(doc! { "a": 3 }, doc! { "$set": { "b": 1 } })).unwrap();
    database.remove(None, "c", &doc! { "a": 4 }, true, now()).unwrap();
    database.count("c", &doc! { "a": 4 }, now()).unwrap();
    assert_eq!(database.advice().iter().map(|it| it.queries).collect::<Vec<_>>(), [3]);
}

#[test]
fn an_index_is_unused_once_others_were_asked() {
    let database = queried(&[]);
    let unused = || database.unused_indexes().into_iter().map(|it| (it.definition.name, it.queries));
    for definition in [index(&[("a", Ascending)]), index(&[("b", Ascending)]), unique("_id")] {
        database.create_index("c", &definition).unwrap();
    }
    assert_eq!(unused().count(), 0, "nothing was asked yet");
    database.count("c", &doc! { "a": 1 }, now()).unwrap();
    database.explain("c", &query(doc! { "b": 1 })).unwrap();
    found(&database, &query(doc! {}));
    assert_eq!(unused().collect::<Vec<_>>(), [("b_Ascending".to_owned(), 1)]);
    found(&database, &query(doc! { "b": 1 }));
    assert_eq!(unused().count(), 0);
}

#[test]
fn large_scans_are_refused_where_an_index_would_serve() {
    let database = queried(&[]);
    database.refuse_scans_beyond(9);
    let refused = |error: Error| {
        let Error::Unindexed { documents, most, index, .. } = error else { panic!("{error}") };
        assert_eq!((documents, most, index.name.as_str()), (10, 9, "a_1"));
    };
    let filter = doc! { "a": 3 };
    refused(database.find(None, "c", &query(filter.clone())).unwrap_err());
    refused(database.count("c", &filter, now()).unwrap_err());
    refused(database.remove(None, "c", &filter, true, now()).unwrap_err());
    refused(database.update(None, "c", &update(filter.clone(), doc! { "$set": { "b": 1 } })).unwrap_err());
    refused(database.aggregate("c", &[doc! { "$match": filter.clone() }], now()).unwrap_err());
    assert_eq!(database.advice().iter().map(|it| it.queries).collect::<Vec<_>>(), [5]);
    // Reading everything is no query that an index could serve, and explaining is no query at all.
    assert_eq!(found(&database, &query(doc! {})).len(), 10);
    assert_eq!(database.explain("c", &query(filter.clone())).unwrap().stats.returned, 1);
    database.create_index("c", &index(&[("a", Ascending)])).unwrap();
    assert_eq!(database.remove(None, "c", &filter, true, now()).unwrap().0, 1);
    // As many as are allowed may be scanned.
    assert_eq!(database.count("c", &doc! { "b": 1 }, now()).unwrap().0, 0);
}

#[test]
fn explaining_tells_what_else_was_weighed() {
    let database = database();
    for keys in [[("a", Ascending)], [("b", Ascending)]] {
        database.create_index("c", &index(&keys)).unwrap();
    }
    insert(&database, (0..1_000).map(|it| doc! { "_id": it, "a": it % 10, "b": it % 100 }));
    let asked = Query { sort: doc! { "a": 1 }, ..query(doc! { "a": 3, "b": 3 }) };
    let explained = database.explain("c", &asked).unwrap();
    let weighed: Vec<_> =
        explained.alternatives.iter().map(|it| (it.index.as_deref(), it.keys, it.sorts)).collect();
    assert_eq!(
        weighed,
        [(Some("b_Ascending"), 10, true), (Some("a_Ascending"), 100, false), (None, 1_000, true)]
    );
    assert_eq!(explained.stats.index.as_deref(), Some("b_Ascending"));
}
