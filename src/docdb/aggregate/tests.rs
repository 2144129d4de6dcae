//! The cases of `tests/fixtures/docdb/aggregate_*.jsonl`, and what a case cannot say.

use std::collections::BTreeMap;

use bson::{Bson, DateTime, Document, doc};

use super::{Collections, Context, Pipeline};
use crate::docdb::cases::{self, Case};
use crate::docdb::filter::Filter;
use crate::docdb::sort::Sort;
use crate::docdb::{Error, Result};

const NOW: DateTime = DateTime::from_millis(1_700_000_000_000);

/// Collections in memory.
#[derive(Default)]
struct Memory(BTreeMap<String, Vec<Document>>);

impl Collections for Memory {
    fn read<'s>(
        &'s self,
        name: &str,
        filter: &Document,
    ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>> {
        let missing = || Error::CollectionNotFound { name: name.to_owned() };
        let filter = Filter::parse(filter, NOW)?;
        let matches = move |it: &&Document| filter.matches(*it).unwrap_or(false);
        Ok(Box::new(self.0.get(name).ok_or_else(missing)?.iter().filter(matches).cloned().map(Ok)))
    }
}

fn pipeline_of(case: &Case) -> Vec<Document> {
    let stages = case.spec.get_array("pipeline").expect("a case has a pipeline");
    stages.iter().map(|it| it.as_document().expect("a stage is an object").clone()).collect()
}

/// Runs the whole pipeline, and again with its beginning answered as an index would.
fn run(case: &Case) -> Result<Vec<Document>> {
    let pipeline = Pipeline::parse(&pipeline_of(case))?;
    let memory = Memory(case.collections.clone());
    let ctx = Context::new(NOW, 7, &memory);
    let whole = pipeline.run(case.docs.iter().cloned().map(Ok), &ctx)?;
    let leading = Box::new(fetch(&pipeline, &case.docs)?.into_iter().map(Ok));
    let rest = pipeline.flow_after_leading(leading, &ctx)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(whole, rest, "{}: the leading stages change the outcome", case.id);
    Ok(whole)
}

fn fetch(pipeline: &Pipeline, documents: &[Document]) -> Result<Vec<Document>> {
    let leading = pipeline.leading();
    let (filter, sort) = (Filter::parse(&leading.filter, NOW)?, Sort::parse(&leading.sort)?);
    let mut found = Vec::new();
    for document in documents {
        if filter.matches(document)? {
            found.push(document.clone());
        }
    }
    let mut keyed = found.into_iter().map(|it| Ok((sort.key(&it)?, it))).collect::<Result<Vec<_>>>()?;
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut found: Vec<_> = keyed.into_iter().map(|(_, it)| it).collect();
    found.truncate(leading.limit.map_or(usize::MAX, |it| it as usize));
    Ok(found)
}

/// Cases whose outcome is not ours, and why.
const DISPUTED: [(&str, &str); 1] =
    [("a-04465", "MongoDB's `$count` of nothing gives no document; the case wants one with 0")];

fn check(fixture: &str) {
    let cases = cases::load(fixture);
    let (disputed, agreed): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| DISPUTED.iter().any(|(id, _)| case.id == *id));
    let differences =
        |cases: &[&Case]| cases.iter().filter_map(|it| it.difference(run(it))).collect::<Vec<_>>();
    cases::assert_no_differences(agreed.len(), &differences(&agreed));
    let still = differences(&disputed);
    assert_eq!(still.len(), disputed.len(), "a disputed case holds now: take it off the list");
}

#[test]
fn expressions_agree_with_the_cases() {
    check("aggregate_expressions");
}

#[test]
fn groups_agree_with_the_cases() {
    check("aggregate_groups");
}

#[test]
fn stages_agree_with_the_cases() {
    check("aggregate_stages");
}

#[test]
fn what_the_reference_cases_leave_out_holds_too() {
    check("aggregate_more");
}

#[test]
fn operators_of_newer_servers_and_their_corners_hold() {
    check("aggregate_newer");
}

#[test]
fn null_missing_and_wrong_types_are_met_by_every_operator() {
    check("aggregate_edges");
}

fn numbers(count: i32) -> impl Iterator<Item = Result<Document>> {
    (0..count).map(|it| Ok(doc! { "_id": it, "text": "0123456789" }))
}

#[test]
fn a_pipeline_that_holds_too_much_is_refused() {
    let memory = Memory::default();
    let ctx = Context::new(NOW, 7, &memory).with_memory_limit(10_000);
    for stage in [
        doc! { "$sort": { "_id": -1 } },
        doc! { "$group": { "_id": "$_id" } },
        doc! { "$group": { "_id": null, "all": { "$push": "$$ROOT" } } },
        doc! { "$facet": { "all": [] } },
        doc! { "$bucketAuto": { "groupBy": "$_id", "buckets": 2 } },
    ] {
        let pipeline = Pipeline::parse(std::slice::from_ref(&stage)).expect("a pipeline");
        let outcome = pipeline.run(numbers(1_000), &ctx);
        assert!(matches!(outcome, Err(Error::Invalid { code: 292, .. })), "{stage}");
    }
}

#[test]
fn an_expression_that_grows_without_end_is_refused() {
    let memory = Memory::default();
    let million = doc! { "$range": [0, 1_000_000] };
    let long = doc! { "$reduce": {
        "input": { "$range": [0, 20] }, "initialValue": "aaaaaaaa", "in": { "$concat": ["$$value", "$$value"] },
    } };
    for expression in [
        doc! { "$map": { "input": million.clone(), "in": million } },
        doc! { "$replaceAll": { "input": long.clone(), "find": "a", "replacement": long.clone() } },
        doc! { "$reduce": {
            "input": { "$range": [0, 40] }, "initialValue": "aaaaaaaa", "in": { "$concat": ["$$value", "$$value"] },
        } },
    ] {
        let stage = doc! { "$project": { "r": expression } };
        let pipeline = Pipeline::parse(std::slice::from_ref(&stage)).expect("a pipeline");
        let outcome = pipeline.run(numbers(1), &Context::new(NOW, 7, &memory));
        assert!(matches!(outcome, Err(Error::Invalid { code: 292 | 10334, .. })), "{stage}");
    }
}

#[test]
fn unwinding_takes_time_and_memory_for_the_elements_alone() {
    let memory = Memory::default();
    let ranged = doc! { "$project": { "n": { "$range": [0, 300_000] }, "o.n": { "$range": [0, 2] } } };
    let stages = [ranged, doc! { "$unwind": "$n" }, doc! { "$unwind": "$o.n" }, doc! { "$count": "n" }];
    let pipeline = Pipeline::parse(&stages).expect("a pipeline");
    let found = pipeline.run(numbers(1), &Context::new(NOW, 7, &memory)).expect("a result");
    assert_eq!(found, [doc! { "n": 600_000 }]);
}

#[test]
fn what_a_lookup_found_is_unwound_without_being_held() {
    let documents = (0..1_000).map(|it| doc! { "_id": it, "text": "0123456789" }).collect();
    let memory = Memory([("o".to_owned(), documents)].into());
    let ctx = Context::new(NOW, 7, &memory).with_memory_limit(10_000);
    let lookup = doc! { "$lookup": { "from": "o", "pipeline": [], "as": "r" } };
    let stages = [lookup, doc! { "$unwind": "$r" }, doc! { "$count": "n" }];
    let run = |stages: &[Document]| Pipeline::parse(stages).expect("a pipeline").run(numbers(3), &ctx);
    assert_eq!(run(&stages).expect("a result"), [doc! { "n": 3_000 }]);
    let [lookup, ..] = stages;
    assert!(matches!(run(&[lookup]), Err(Error::Invalid { code: 292, .. })));
}

#[test]
fn a_sample_is_chosen_by_its_seed() {
    let pipeline = Pipeline::parse(&[doc! { "$sample": { "size": 5 } }]).expect("a pipeline");
    let memory = Memory::default();
    let sample = |seed| pipeline.run(numbers(100), &Context::new(NOW, seed, &memory)).expect("a sample");
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));
    let ids: std::collections::BTreeSet<_> = sample(1).iter().map(|it| it.get_i32("_id").ok()).collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn the_leading_stages_are_filter_then_sort_then_limit() {
    let (filter, sort) = (doc! { "$match": { "a": 1 } }, doc! { "$sort": { "b": -1 } });
    let (limit, skip) = (doc! { "$limit": 3 }, doc! { "$skip": 1 });
    let leading = |stages: &[&Document]| {
        let stages: Vec<Document> = stages.iter().map(|it| (*it).clone()).collect();
        let leading = Pipeline::parse(&stages).expect("a pipeline").leading().clone();
        (leading.filter, leading.sort, leading.limit)
    };
    assert_eq!(leading(&[&filter, &sort, &limit]), (doc! { "a": 1 }, doc! { "b": -1 }, Some(3)));
    assert_eq!(leading(&[&sort, &filter]), (doc! {}, doc! { "b": -1 }, None));
    assert_eq!(leading(&[&filter, &skip, &limit]), (doc! { "a": 1 }, doc! {}, None));
}

#[test]
fn a_lookup_asks_for_no_more_than_it_needs() {
    struct Recorder(std::sync::Mutex<Vec<Document>>);
    impl Collections for Recorder {
        fn read<'s>(
            &'s self,
            _name: &str,
            filter: &Document,
        ) -> Result<Box<dyn Iterator<Item = Result<Document>> + 's>> {
            self.0.lock().expect("no test panicked").push(filter.clone());
            Ok(Box::new(std::iter::empty()))
        }
    }
    let filters = |lookup: Document, documents: &[Document]| {
        let recorder = Recorder(std::sync::Mutex::default());
        let pipeline = Pipeline::parse(&[doc! { "$lookup": lookup }]).expect("a pipeline");
        let ctx = Context::new(NOW, 7, &recorder);
        pipeline.run(documents.iter().cloned().map(Ok), &ctx).expect("a result");
        recorder.0.into_inner().expect("no test panicked")
    };
    let equality = doc! { "from": "o", "localField": "k", "foreignField": "id", "as": "r" };
    let two_alike = [doc! { "k": 1 }, doc! { "k": 1.0 }];
    assert_eq!(filters(equality, &two_alike), [doc! { "id": { "$in": [1] } }]);

    let expression = doc! { "$and": [{ "$eq": ["$id", "$$k"] }, { "$gt": ["$n", 2] }] };
    let by_pipeline = doc! {
        "from": "o", "let": { "k": "$k" }, "as": "r",
        "pipeline": [{ "$match": { "on": true, "$expr": expression } }],
    };
    let wanted = doc! { "$and": [{ "id": { "$eq": 1 } }, { "on": true }] };
    assert_eq!(filters(by_pipeline.clone(), &[doc! { "k": 1 }]), [wanted]);
    // An array is equal as a whole in an expression, so no filter can ask for it.
    assert_eq!(filters(by_pipeline, &[doc! { "k": [1] }]), [doc! { "on": true }]);
}

#[test]
fn an_unknown_name_is_said_to_be_unknown() {
    for stage in [
        doc! { "$sparkle": {} },
        doc! { "$project": { "a": { "$sparkle": 1 } } },
        doc! { "$group": { "_id": null, "a": { "$sparkle": 1 } } },
        doc! { "$match": { "a": { "$sparkle": 1 } } },
        doc! { "$lookup": { "from": "o", "pipeline": [{ "$sparkle": {} }], "as": "r" } },
    ] {
        let outcome = Pipeline::parse(std::slice::from_ref(&stage));
        let unknown = matches!(&outcome, Err(Error::UnknownOperator { name }) if name == "$sparkle");
        assert!(unknown, "{stage}: {outcome:?}");
    }
}

#[test]
fn an_error_of_the_input_is_an_error_of_the_pipeline() {
    for stage in
        [doc! { "$skip": 5 }, doc! { "$count": "n" }, doc! { "$unwind": "$a" }, doc! { "$sort": { "a": 1 } }]
    {
        let memory = Memory::default();
        let input = numbers(1).chain([Err(Error::Locked)]);
        let pipeline = Pipeline::parse(std::slice::from_ref(&stage)).expect("a pipeline");
        let outcome = pipeline.run(input, &Context::new(NOW, 7, &memory));
        assert!(matches!(outcome, Err(Error::Locked)), "{stage}");
    }
}

#[test]
fn now_is_the_time_that_was_handed_in() {
    let memory = Memory::default();
    let pipeline = Pipeline::parse(&[doc! { "$project": { "_id": 0, "now": "$$NOW" } }]).expect("a pipeline");
    let found = pipeline.run(numbers(1), &Context::new(NOW, 7, &memory)).expect("a result");
    assert_eq!(found, [doc! { "now": Bson::DateTime(NOW) }]);
}
