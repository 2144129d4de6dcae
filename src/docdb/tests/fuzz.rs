//! Nonsense from outside ends in an error, never in a panic. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` make longer runs.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::cases;
use super::super::value::ejson;
use super::*;

/// What the cases of the fixtures ask, to be spoilt, and the operators they know.
static SPECS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let files = ["find", "find_more", "update", "update_more", "aggregate_stages", "aggregate_groups"];
    let files = files.into_iter().chain(["aggregate_expressions", "aggregate_more", "aggregate_newer"]);
    files.flat_map(cases::load).map(|case| case.spec).collect()
});
static OPERATORS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut found = std::collections::BTreeSet::new();
    SPECS.iter().for_each(|it| operators(&Bson::Document(it.clone()), &mut found));
    found.into_iter().collect()
});

fn operators(value: &Bson, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Bson::Document(fields) => fields.iter().for_each(|(name, value)| {
            if name.starts_with('$') {
                found.insert(name.clone());
            }
            operators(value, found);
        }),
        Bson::Array(items) => items.iter().for_each(|it| operators(it, found)),
        _ => {}
    }
}

fn value() -> impl Strategy<Value = Bson> {
    let texts =
        ["", "a", "$a", "$$ROOT", "$$NOW", "$", "$$", "a.b", "a..b", "0", "(", "[", "%Y", "\0", "é", "-1"];
    let leaf = prop_oneof![
        select(texts.to_vec()).prop_map(Bson::from),
        select(vec![0, 1, -1, 2, i32::MAX, i32::MIN]).prop_map(Bson::Int32),
        select(vec![i64::MAX, i64::MIN, 1 << 53]).prop_map(Bson::Int64),
        select(vec![0.5, -0.0, f64::NAN, f64::INFINITY, 1e300]).prop_map(Bson::Double),
        any::<bool>().prop_map(Bson::Boolean),
        select(vec![Bson::Null, Bson::MinKey, Bson::Undefined, Bson::DateTime(DateTime::MAX)]),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![
            select(OPERATORS.clone()),
            select(vec!["a", "b", "_id", "a.b", "a.0", "", "$", "$$x", "a.$", "a.$[]"])
                .prop_map(str::to_owned)
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Bson::Array),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|it| Bson::Document(it.into_iter().collect())),
        ]
    })
}

fn document() -> impl Strategy<Value = Document> {
    value().prop_map(|it| match it {
        Bson::Document(it) => it,
        other => doc! { "a": other },
    })
}

/// Puts a value somewhere into another.
fn spoil(into: &mut Bson, way: &[Index], value: Bson) {
    let inside = match (way.split_first(), &mut *into) {
        (Some((at, rest)), Bson::Document(fields)) if !fields.is_empty() => {
            let name = fields.keys().nth(at.index(fields.len())).cloned().unwrap_or_default();
            fields.get_mut(&name).map(|it| (it, rest))
        }
        (Some((at, rest)), Bson::Array(items)) if !items.is_empty() => {
            let length = items.len();
            items.get_mut(at.index(length)).map(|it| (it, rest))
        }
        _ => None,
    };
    match inside {
        Some((inside, rest)) => spoil(inside, rest, value),
        None => *into = value,
    }
}

/// A database with a few documents of every kind, one index, and no wish to keep anything.
fn ground() -> Database {
    let database = database();
    database.create_index("c", &index(&[("a", index::Order::Ascending)])).unwrap();
    insert(
        &database,
        [
            doc! { "_id": 1, "a": 1, "b": [1, { "x": "é" }, [2]], "o": { "p": { "q": 1.5 } } },
            doc! { "_id": 2, "a": [{ "x": 1 }, { "x": [2, 3] }], "d": DateTime::MIN, "s": "text" },
            doc! { "_id": 3, "a": Bson::Null, "n": i64::MAX, "r": bson::Regex { pattern: bson::cstr!("(").into(), options: bson::cstr!("").into() } },
        ],
    );
    database
}

/// Asks everything a specification may be about; what comes of it does not matter.
fn ask(database: &Database, spec: &Document) {
    let part = |name: &str| spec.get_document(name).cloned().unwrap_or_else(|_| spec.clone());
    let (filter, changes) = (part("filter"), part("update"));
    let asked =
        Query { sort: part("sort"), projection: part("projection"), limit: Some(3), ..query(filter.clone()) };
    let _ = database.find(None, "c", &asked);
    let _ = database.find(None, "c", &query(filter.clone()));
    let _ = database.count("c", &filter, now());
    let request = UpdateRequest {
        multi: true,
        upsert: Some(Bson::Int32(9)),
        array_filters: vec![filter.clone()],
        ..update(filter, changes.clone())
    };
    let _ = database.update(None, "c", &request);
    let _ = database.update(None, "c", &update(doc! { "_id": 1 }, changes));
    let pipeline: Vec<Document> = match spec.get_array("pipeline") {
        Ok(stages) => stages.iter().filter_map(|it| it.as_document().cloned()).collect(),
        Err(_) => vec![spec.clone()],
    };
    let _ = database.aggregate("c", &pipeline, now());
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn random_requests_end_in_an_answer_or_an_error() {
    let database = ground();
    proptest!(config(), |(spec in document())| ask(&database, &spec));
}

#[test]
fn spoilt_requests_end_in_an_answer_or_an_error() {
    let database = ground();
    let way = prop::collection::vec(any::<Index>(), 1..7);
    proptest!(config(), |(at in any::<Index>(), way in way, value in value())| {
        let mut spec = Bson::Document(SPECS[at.index(SPECS.len())].clone());
        spoil(&mut spec, &way, value);
        if let Bson::Document(spec) = &spec {
            ask(&database, spec);
        }
    });
}

#[test]
fn random_bytes_are_a_document_or_an_error() {
    let database = database();
    let whole = raw(doc! { "_id": 1, "a": [1, { "b": "text" }], "d": now(), "o": { "p": Bson::Null } });
    let flips = prop::collection::vec((any::<Index>(), any::<u8>()), 1..4);
    proptest!(config(), |(bytes in prop::collection::vec(any::<u8>(), 0..64), flips in flips)| {
        let mut spoilt = whole.as_bytes().to_vec();
        for (at, byte) in flips {
            let length = spoilt.len();
            spoilt[at.index(length)] = byte;
        }
        for bytes in [bytes.clone(), spoilt] {
            if let Ok(document) = RawDocumentBuf::from_bytes(bytes) {
                let _ = database.insert(None, "c", vec![document]);
                let _ = database.find(None, "c", &query(doc! { "a.b": { "$gt": 1 } }));
                let _ = database.remove(None, "c", &doc! {}, true, now());
            }
        }
        let _ = key::show(&bytes);
    });
}

#[test]
fn random_texts_are_extended_json_or_an_error() {
    let texts = "\\{\"(\\$oid|\\$date|\\$numberInt|\\$numberLong|\\$numberDouble|\\$numberDecimal|\\$binary|\
                 \\$regularExpression|\\$timestamp|a)\":(\"[ -~]{0,12}\"|-?[0-9]{1,20}|null|\\[\\]|\
                 \\{\"(\\$numberLong|t|base64|pattern)\":\"?[0-9a-z=]{0,8}\"?\\})\\}";
    proptest!(config(), |(text in texts, other in ".{0,24}")| {
        let _ = ejson::parse_document(&text);
        let _ = ejson::parse_document(&other);
    });
}
