//! An index changes the cost of an answer, never the answer.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::index::Order::{Ascending, Descending};
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

fn indexes() -> Vec<IndexDefinition> {
    vec![
        index(&[("a", Ascending)]),
        index(&[("a.x", Descending)]),
        index(&[("b", Descending), ("a", Ascending)]),
        index(&[("a.0", Ascending), ("b", Ascending)]),
        index(&[("a.x", Ascending), ("a.y", Ascending)]),
        IndexDefinition { sparse: true, name: "sparse".into(), ..index(&[("b.y", Ascending)]) },
    ]
}

/// Fills two collections alike but for the indexes; documents that an index refuses are in neither.
fn fill(database: &Database, documents: &[Document]) {
    for name in ["plain", "indexed"] {
        let _ = database.drop_collection(name);
        database.create_collection(name).unwrap();
    }
    for definition in indexes() {
        database.create_index("indexed", &definition).unwrap();
    }
    for (number, document) in (0..).zip(documents) {
        let mut numbered = doc! { "_id": (number * 7) % 20 };
        numbered.extend(document.clone());
        if database.insert(None, "indexed", vec![raw(numbered.clone())]).is_ok() {
            database.insert(None, "plain", vec![raw(numbered)]).unwrap();
        }
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
    let cases = (prop::collection::vec(document(), 0..12), prop::collection::vec(pipeline(), 20));
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, pipelines) in cases)| {
        fill(&database, &documents);
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
    let cases = (prop::collection::vec(document(), 0..12), prop::collection::vec(request(), 20));
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, queries) in cases)| {
        fill(&database, &documents);
        for query in &queries {
            check(&database, query)?;
        }
    });
}

#[test]
fn answers_stay_the_same_after_changes() {
    let database = Database::open(Path::new(""), Durability::Ephemeral).unwrap();
    let change = (filter(), prop::option::of((select(vec!["a", "b"]), value())));
    let cases = (
        prop::collection::vec(document(), 4..12),
        prop::collection::vec(change, 1..6),
        prop::collection::vec(request(), 10),
    );
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, changes, queries) in cases)| {
        fill(&database, &documents);
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
