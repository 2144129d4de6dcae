//! An index changes the cost of an answer, never the answer.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::index::Order::{Ascending, Descending};
use super::super::sort::Sort;
use super::*;

const PATHS: [&str; 6] = ["a", "b", "a.x", "a.0", "b.y", "_id"];

fn scalar() -> impl Strategy<Value = Bson> {
    select(vec![
        Bson::Null,
        Bson::Int32(1),
        Bson::Int32(2),
        Bson::Int64(2),
        Bson::Double(2.5),
        Bson::Double(f64::NAN),
        Bson::Double(-0.0),
        Bson::Decimal128("2.50".parse().unwrap()),
        Bson::Decimal128("9007199254740993".parse().unwrap()),
        Bson::Int64(9_007_199_254_740_993),
        Bson::String("a".into()),
        Bson::String("ab".into()),
        Bson::String("b\0c".into()),
        Bson::Boolean(true),
        Bson::DateTime(now()),
    ])
}

fn value() -> impl Strategy<Value = Bson> {
    scalar().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Bson::Array),
            prop::collection::btree_map(select(vec!["x", "y", "0"]), inner, 0..3)
                .prop_map(|it| Bson::Document(it.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn document() -> impl Strategy<Value = Document> {
    prop::collection::btree_map(select(vec!["a", "b"]), value(), 0..3)
        .prop_map(|it| it.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

fn condition() -> impl Strategy<Value = Bson> {
    let compared = (select(vec!["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), value());
    prop_oneof![
        3 => value().prop_filter("operators look like this", |it| it.as_document().is_none()),
        3 => compared.prop_map(|(operator, value)| Bson::Document(doc! { operator: value })),
        2 => (scalar(), scalar()).prop_map(|(a, b)| Bson::Document(doc! { "$gte": a, "$lt": b })),
        1 => prop::collection::vec(value(), 0..3).prop_map(|it| Bson::Document(doc! { "$in": it })),
        1 => prop::collection::vec(scalar(), 1..3).prop_map(|it| Bson::Document(doc! { "$all": it })),
        1 => scalar().prop_map(|it| Bson::Document(doc! { "$elemMatch": { "x": it } })),
        1 => scalar().prop_map(|it| Bson::Document(doc! { "$elemMatch": { "$gte": it } })),
        1 => any::<bool>().prop_map(|it| Bson::Document(doc! { "$exists": it })),
        1 => Just(Bson::Document(doc! { "$regex": "^a" })),
        1 => scalar().prop_map(|it| Bson::Document(doc! { "$not": { "$gt": it } })),
    ]
}

fn filter() -> impl Strategy<Value = Document> {
    let one = (select(PATHS.to_vec()), condition()).prop_map(|(path, it)| doc! { path: it }).boxed();
    prop_oneof![
        3 => one.clone(),
        2 => (one.clone(), one.clone()).prop_map(|(a, b)| doc! { "$and": [a, b] }),
        1 => (one.clone(), one.clone()).prop_map(|(a, b)| doc! { "$or": [a, b] }),
        1 => (one.clone(), one.clone(), one).prop_map(|(a, b, c)| doc! { "$or": [a, b], "$and": [c] }),
    ]
}

fn request() -> impl Strategy<Value = Query> {
    let sort = prop::collection::vec((select(PATHS.to_vec()), select(vec![1, -1])), 0..3);
    (filter(), sort, 0..3u64, prop::option::of(1..4u64)).prop_map(|(filter, sort, skip, limit)| Query {
        sort: sort.into_iter().map(|(path, order)| (path.to_owned(), Bson::Int32(order))).collect(),
        skip,
        limit,
        ..query(filter)
    })
}

/// Any index: of one to three fields, some sparse, some unique.
fn definition() -> impl Strategy<Value = IndexDefinition> {
    let keys = prop::collection::btree_map(select(PATHS.to_vec()), select(vec![Ascending, Descending]), 1..4);
    let keys = (keys, any::<bool>()).prop_map(|(keys, turned)| {
        let mut keys: Vec<_> = keys.into_iter().collect();
        if turned {
            keys.reverse();
        }
        keys
    });
    (keys, prop::bool::weighted(0.2), prop::bool::weighted(0.1)).prop_map(|(keys, sparse, unique)| {
        let plain = index(&keys);
        IndexDefinition { name: format!("{} {sparse} {unique}", plain.name), sparse, unique, ..plain }
    })
}

/// Indexes, and whether each is built before the documents come.
fn indexes() -> impl Strategy<Value = Vec<(IndexDefinition, bool)>> {
    prop::collection::vec((definition(), any::<bool>()), 0..5)
}

/// Fills two collections alike but for the indexes; documents that an index refuses are in neither.
fn fill(database: &Database, documents: &[Document], indexes: &[(IndexDefinition, bool)]) {
    for name in ["plain", "indexed"] {
        let _ = database.drop_collection(name);
        database.create_collection(name).unwrap();
    }
    let before = indexes.iter().filter(|(_, before)| *before);
    before.for_each(|(definition, _)| database.create_index("indexed", definition).unwrap());
    for (number, document) in (0..).zip(documents) {
        let mut numbered = doc! { "_id": (number * 7) % 20 };
        numbered.extend(document.clone());
        if database.insert(None, "indexed", vec![raw(numbered.clone())]).is_ok() {
            database.insert(None, "plain", vec![raw(numbered)]).unwrap();
        }
    }
    for (definition, _) in indexes.iter().filter(|(_, before)| !before) {
        // What is stored may not fit it; then nothing of it may be left.
        let built = database.create_index("indexed", definition).is_ok();
        let known = database.indexes("indexed").unwrap();
        assert_eq!(known.iter().any(|it| it.definition == *definition), built, "{definition:?}");
    }
}

fn check(database: &Database, query: &Query) -> Result<(), TestCaseError> {
    let [plain, indexed] = ["plain", "indexed"].map(|it| database.find(None, it, query));
    let counts = ["plain", "indexed"].map(|it| database.count(it, &query.filter, now()).map(|it| it.0));
    match (plain, indexed) {
        (Ok(plain), Ok(indexed)) => {
            let used = indexed.stats.index;
            prop_assert_eq!(
                &plain.documents,
                &indexed.documents,
                "{} sorted {} by {:?}",
                query.filter,
                query.sort,
                used
            );
            let [plain, indexed] = counts.map(|it| it.unwrap());
            prop_assert_eq!(plain, indexed, "count of {}", query.filter);
        }
        (Err(plain), Err(indexed)) => prop_assert_eq!(plain.to_string(), indexed.to_string()),
        (plain, indexed) => prop_assert!(false, "{:?}: {:?} and {:?}", query, plain, indexed),
    }
    Ok(())
}

/// A pipeline whose beginning indexes answer, and perhaps a join that asks them too.
fn pipeline() -> impl Strategy<Value = Vec<Document>> {
    let join = (select(PATHS.to_vec()), select(PATHS.to_vec()), filter());
    (request(), prop::option::of(join)).prop_map(|(request, join)| {
        let mut stages = vec![doc! { "$match": request.filter }];
        if !request.sort.is_empty() {
            stages.push(doc! { "$sort": request.sort });
        }
        stages.extend(request.limit.map(|it| doc! { "$limit": it as i64 }));
        stages.extend(join.map(|(local, foreign, filter)| {
            let expression = doc! { "$eq": [format!("${foreign}"), "$$it"] };
            let inner = doc! { "$match": { "$and": [filter], "$expr": expression } };
            let variables = doc! { "it": format!("${local}") };
            doc! { "$lookup": { "from": "", "let": variables, "pipeline": [inner], "as": "joined" } }
        }));
        stages
    })
}

/// The pipeline on a collection; `$skip` of nothing before each `$match` keeps it from any index.
fn staged(pipeline: &[Document], collection: &str, pushed: bool) -> Vec<Document> {
    let aside = (!pushed).then(|| doc! { "$skip": 0 });
    let stages = pipeline.iter().cloned().map(|mut stage| {
        if let Ok(lookup) = stage.get_document_mut("$lookup") {
            lookup.insert("from", collection);
            if let (Some(aside), Ok(inner)) = (&aside, lookup.get_array_mut("pipeline")) {
                inner.insert(0, Bson::Document(aside.clone()));
            }
        }
        stage
    });
    aside.iter().cloned().chain(stages).collect()
}

#[test]
fn pipelines_answer_the_same_from_indexes_as_from_their_stages() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let cases = (prop::collection::vec(document(), 0..12), indexes(), prop::collection::vec(pipeline(), 20));
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, indexes, pipelines) in cases)| {
        fill(&database, &documents, &indexes);
        for pipeline in &pipelines {
            let run = |collection, pushed| {
                let found = database.aggregate(collection, &staged(pipeline, collection, pushed), now());
                found.map(|it| it.documents).map_err(|error| error.to_string())
            };
            prop_assert_eq!(run("indexed", true), run("plain", false), "{:?}", pipeline);
        }
    });
}

#[test]
fn answers_are_the_same_with_and_without_indexes() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let cases = (prop::collection::vec(document(), 0..12), indexes(), prop::collection::vec(request(), 20));
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, indexes, queries) in cases)| {
        fill(&database, &documents, &indexes);
        for query in &queries {
            check(&database, query)?;
        }
    });
}

#[test]
fn documents_inserted_together_are_as_if_one_by_one() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let numbered = (document(), 0..16)
        .prop_map(|(document, id)| {
            let mut numbered = doc! { "_id": id };
            numbered.extend(document);
            numbered
        })
        .boxed();
    let cases =
        (prop::collection::vec(numbered.clone(), 0..4), prop::collection::vec(numbered, 2..8), indexes());
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((before, documents, indexes) in cases)| {
        for name in ["together", "singly"] {
            let _ = database.drop_collection(name);
            database.create_collection(name).unwrap();
            indexes.iter().for_each(|(definition, _)| database.create_index(name, definition).unwrap());
            for document in &before {
                let _ = database.insert(None, name, vec![raw(document.clone())]);
            }
        }
        let documents: Vec<_> = documents.into_iter().map(raw).collect();
        let one = |it: &RawDocumentBuf| database.insert(None, "singly", vec![it.clone()]);
        let singly = documents.iter().try_for_each(|it| one(it).map(|_| ()));
        let together = database.insert(None, "together", documents.clone()).map(|_| ());
        let refusals = [singly, together].map(|it| it.map_err(|it| it.to_string().replace("singly", "together")));
        prop_assert_eq!(&refusals[0], &refusals[1]);
        let [singly, together] = ["singly", "together"].map(|it| {
            (database.find(None, it, &query(doc! {})).unwrap().documents, database.count(it, &doc! {}, now()).unwrap().0)
        });
        prop_assert_eq!(singly, together);
        index::check_agreement(&database.store().snapshot().unwrap()).unwrap();
    });
}

#[test]
fn answers_stay_the_same_after_changes() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let change = (filter(), prop::option::of((select(vec!["a", "b"]), value())));
    let cases = (
        prop::collection::vec(document(), 4..12),
        indexes(),
        prop::collection::vec(change, 1..6),
        prop::collection::vec(request(), 10),
    );
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, indexes, changes, queries) in cases)| {
        fill(&database, &documents, &indexes);
        for (filter, set) in &changes {
            let outcomes = ["indexed", "plain"].map(|name| match set {
                Some((path, value)) => {
                    let set = doc! { "$set": { *path: value.clone() } };
                    database.update(None, name, &update(filter.clone(), set)).map(|it| it.modified)
                }
                None => database.remove(None, name, filter, true, now()).map(|it| it.0),
            });
            // An index may refuse a document; the collections differ from there on.
            prop_assume!(outcomes[0].is_ok());
            prop_assert_eq!(outcomes[0].as_ref().ok(), outcomes[1].as_ref().ok());
        }
        for query in &queries {
            check(&database, query)?;
        }
    });
}

#[test]
fn a_sort_puts_any_documents_in_one_order_and_its_reverse_in_the_other() {
    let parsed = |sort: &[(&str, i32)], turned: i32| {
        let sort = sort.iter().map(|(path, order)| ((*path).to_owned(), Bson::Int32(order * turned)));
        Sort::parse(&sort.collect()).unwrap()
    };
    let sort = prop::collection::vec((select(vec!["a", "b"]), select(vec![1, -1])), 1..3);
    let flat = || prop::collection::btree_map(select(vec!["a", "b"]), scalar(), 0..3);
    let cases = (sort, [flat(), flat(), flat()]);
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((sort, documents) in cases)| {
        let mut sort: Vec<(&str, i32)> = sort;
        sort.dedup_by_key(|it| it.0);
        let documents = documents.map(|it| it.into_iter().map(|(k, v)| (k.to_owned(), v)).collect());
        let compare = |a: &Document, b: &Document, turned| {
            let sort = parsed(&sort, turned);
            sort.key(a).unwrap().cmp(&sort.key(b).unwrap())
        };
        // Of several fields, the first that differ decide.
        let by_values = |a: &Document, b: &Document| {
            let value = |it: &Document, path| it.get(path).cloned().unwrap_or(Bson::Null);
            let orders = sort.iter().map(|(path, order)| {
                let (a, b) = (value(a, path), value(b, path));
                let natural = value::compare(&a, &b);
                if *order < 0 { natural.reverse() } else { natural }
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        };
        let [a, b, c]: &[Document; 3] = &documents;
        prop_assert_eq!(compare(a, b, 1), by_values(a, b));
        prop_assert_eq!(compare(a, b, 1), compare(b, a, 1).reverse());
        prop_assert_eq!(compare(a, b, 1), compare(b, a, -1));
        if compare(a, b, 1).is_le() && compare(b, c, 1).is_le() {
            prop_assert!(compare(a, c, 1).is_le());
        }
    });
}

#[test]
fn sort_is_a_total_order_over_documents_with_arrays() {
    let sort = prop::collection::vec((select(PATHS.to_vec()), select(vec![1, -1])), 1..4);
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(sort in sort, documents in prop::collection::vec(document(), 3))| {
        let sort: Document = sort.into_iter().map(|(path, order)| (path.to_owned(), Bson::Int32(order))).collect();
        let sort = Sort::parse(&sort).unwrap();
        let documents: Vec<_> = documents.into_iter().filter(|it| sort.key(it).is_ok()).collect();
        let compare = |a: &Document, b: &Document| sort.key(a).unwrap().cmp(&sort.key(b).unwrap());
        for a in &documents {
            for b in &documents {
                prop_assert_eq!(compare(a, b), compare(b, a).reverse());
                for c in &documents {
                    prop_assert!(!(compare(a, b).is_le() && compare(b, c).is_le()) || compare(a, c).is_le());
                }
            }
        }
        // A document sorts by its own values wherever it is read from.
        for document in &documents {
            prop_assert_eq!(sort.key(document).unwrap(), sort.key(&*raw(document.clone())).unwrap());
        }
    });
}
