//! Cases of the database's semantics as data: `tests/fixtures/docdb/*.jsonl`, one JSON object a line.
//!
//! `docs` and `spec` are Extended JSON; a case has `expected` documents or an `error`.

use std::collections::BTreeMap;
use std::path::Path;

use bson::{Bson, Document};
use serde_json::Value as Json;

use super::value::ejson;

/// One case of a fixture file.
#[derive(Debug)]
pub struct Case {
    pub id: String,
    /// The main operator first.
    pub tags: Vec<String>,
    pub docs: Vec<Document>,
    /// Further collections.
    pub collections: BTreeMap<String, Vec<Document>>,
    pub spec: Document,
    /// `None` when the operation must fail.
    pub expected: Option<Vec<Bson>>,
    /// What an update must count, where that is known.
    pub matched: Option<u64>,
    pub modified: Option<u64>,
    unordered: bool,
    unordered_fields: Vec<String>,
}

/// Reads a fixture file by its name without extension.
pub fn load(name: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/docdb/{name}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| Case::parse(&serde_json::from_str(line).expect("a case is JSON"))).collect()
}

impl Case {
    fn parse(json: &Json) -> Self {
        let documents = |json: &Json| json.as_array().into_iter().flatten().map(document).collect::<Vec<_>>();
        let strings = |json: &Json| {
            json.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let collections = json["collections"].as_object().into_iter().flatten();
        let expected = json["expected"].as_array();
        assert!(expected.is_some() != json["error"].is_object(), "a case has `expected` or `error`: {json}");
        Self {
            id: json["id"].as_str().expect("a case has an id").to_owned(),
            tags: strings(&json["tags"]),
            docs: documents(&json["docs"]),
            collections: collections.map(|(name, it)| (name.clone(), documents(it))).collect(),
            spec: document(&json["spec"]),
            expected: expected.map(|it| it.iter().map(value).collect()),
            matched: json["matched"].as_u64(),
            modified: json["modified"].as_u64(),
            unordered: json["unordered"].as_bool().unwrap_or(false),
            unordered_fields: strings(&json["unordered_fields"]),
        }
    }

    /// Returns how an outcome differs from what the case expects, `None` when it does not.
    pub fn difference(&self, outcome: Result<Vec<Document>, impl std::fmt::Display>) -> Option<String> {
        let what = match (&self.expected, outcome) {
            (None, Err(_)) => return None,
            (None, Ok(found)) => format!("must fail, but gave {}", show(&found)),
            (Some(_), Err(error)) => format!("failed: {error}"),
            (Some(expected), Ok(found)) => {
                let actual: Vec<Bson> = found.iter().cloned().map(Bson::Document).collect();
                if alike_lists(expected, &actual, self.unordered, &self.unordered_fields) {
                    return None;
                }
                format!("\n    expected {}\n    found    {}", Bson::Array(expected.clone()), show(&found))
            }
        };
        Some(format!("{} {:?} {}: {what}", self.id, self.tags, self.spec))
    }
}

/// Fails with every difference, and with the counts of those that passed.
pub fn assert_no_differences(cases: usize, differences: &[String]) {
    assert!(cases > 0, "no cases were found");
    let failed = differences.len();
    assert!(failed == 0, "{failed} of {cases} cases differ:\n{}", differences.join("\n"));
}

fn value(json: &Json) -> Bson {
    ejson::from_json(json.clone()).expect("a case is Extended JSON")
}

fn document(json: &Json) -> Document {
    match value(json) {
        Bson::Document(it) => it,
        other => panic!("{other} is no document"),
    }
}

fn show(documents: &[Document]) -> Bson {
    Bson::Array(documents.iter().cloned().map(Bson::Document).collect())
}

/// Returns whether two values are what a case calls equal: numbers within 1e-9, objects in any order of keys.
pub fn alike(left: &Bson, right: &Bson, unordered_fields: &[String]) -> bool {
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| match (left, right.get(name)) {
                    (_, None) => false,
                    (Bson::Array(left), Some(Bson::Array(right))) => {
                        alike_lists(left, right, unordered_fields.contains(name), unordered_fields)
                    }
                    (left, Some(right)) => alike(left, right, unordered_fields),
                })
        }
        (Bson::Array(left), Bson::Array(right)) => alike_lists(left, right, false, unordered_fields),
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) if left.is_nan() || right.is_nan() => left.is_nan() == right.is_nan(),
            (Some(left), Some(right)) => {
                left == right || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
            }
            _ => left == right,
        },
    }
}

fn alike_lists(left: &[Bson], right: &[Bson], unordered: bool, unordered_fields: &[String]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if !unordered {
        return left.iter().zip(right).all(|(left, right)| alike(left, right, unordered_fields));
    }
    let mut rest: Vec<&Bson> = right.iter().collect();
    left.iter().all(|left| {
        let place = rest.iter().position(|right| alike(left, right, unordered_fields));
        place.map(|it| rest.remove(it)).is_some()
    })
}

/// Returns a number as a double.
pub fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(it) => Some(f64::from(*it)),
        Bson::Int64(it) => Some(*it as f64),
        Bson::Double(it) => Some(*it),
        Bson::Decimal128(it) => it.to_string().parse().ok(),
        _ => None,
    }
}
