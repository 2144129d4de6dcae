use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::*;
use crate::rules::decision::{Scope, Subject, decide};
use crate::rules::expression::Expression;
use crate::rules::tests::{filter, rule, stored_document};

/// Whatever is let through, no document leaves and none is changed that the rule denies: by query, pipeline, listener, count and id.
#[tokio::test]
async fn no_denied_document_leaves_or_changes() {
    let stage = Stage::new().await;
    let things = Resource::Collection("things".into());
    let alice = stage.of("alice");
    let auth = doc! { "openid": "alice" };
    let mut runner = TestRunner::new(Cases { cases: 300, failure_persistence: None, ..Cases::default() });
    let owned = (stored_document(), prop::sample::select(vec!["alice", "bob"]));
    let rule = prop_oneof![
        4 => rule(),
        1 => rule().prop_map(|rule| format!("doc._openid == auth.openid && ({rule})")),
        1 => rule().prop_map(|rule| format!("doc._openid == auth.openid || ({rule})")),
    ];
    let filter = (filter(), any::<bool>()).prop_map(|(mut filter, own)| {
        if own {
            filter.insert("_openid", "{openid}");
        }
        filter
    });
    let cases = (rule, filter, prop::collection::vec(owned, 1..8));
    runner
        .run(&cases, |(rule, filter, documents)| {
            let number = |(id, (mut document, owner)): (i32, (Document, &str))| {
                document.extend(doc! { "_id": id, "_openid": owner });
                document
            };
            let documents: Vec<Document> = (0..).zip(documents).map(number).collect();
            stage.fill("things", &documents);
            stage.permit(&things, &serde_json::json!({ "read": &rule, "write": &rule }).to_string());
            let parsed = Expression::parse(&rule).expect("a rule");
            let is_allowed = |document: &Document| {
                let doc = Subject::Document(Some(document));
                let scope = Scope { auth: Some(&auth), now: 0, doc, data: None, resource: None };
                decide(&parsed, &scope, &mut |_, _| Ok(None)).allowed
            };
            let allowed = documents.iter().filter(|it| is_allowed(it)).count() as u64;
            let check = |found: Vec<bson::RawDocumentBuf>| {
                for raw in found {
                    let document = Document::try_from(raw.as_ref()).expect("a document");
                    prop_assert!(is_allowed(&document), "{rule} let {filter} find {document}");
                }
                Ok(())
            };
            if let Ok(found) = alice.find("things", None, query(filter.clone()), QueryType::Where) {
                check(found.documents)?;
            }
            if let Ok(found) = alice.aggregate("things", vec![doc! { "$match": filter.clone() }]) {
                check(found.documents)?;
            }
            if let Ok((_, bound)) = alice.watchable("things", filter.clone()) {
                check(
                    stage
                        .of("admin")
                        .find("things", None, query(bound), QueryType::Where)
                        .expect("found")
                        .documents,
                )?;
            }
            if let Ok(count) = alice.count("things", filter.clone()) {
                prop_assert!(count <= allowed, "{rule} let {filter} count {count}");
            }
            for document in &documents {
                let id = doc! { "_id": document.get_i32("_id").expect("an id") };
                let found = alice.find("things", None, query(id), QueryType::Doc);
                prop_assert_eq!(found.is_ok(), is_allowed(document), "{} by id of {}", rule, document);
            }
            let change = set(doc! { "$set": { "hit": true } }, true);
            if alice.update(selection(filter.clone()), change, QueryType::Where).is_ok() {
                let hit =
                    stage.of("admin").find("things", None, query(doc! { "hit": true }), QueryType::Where);
                check(hit.expect("found").documents)?;
            }
            Ok(())
        })
        .expect("nothing leaks");
}

/// The same for what a preset adds.
#[tokio::test]
async fn under_a_preset_nothing_foreign_leaves() {
    let stage = Stage::new().await;
    stage.permit(&Resource::Collection("things".into()), "PRIVATE");
    let alice = stage.of("alice");
    let mut runner = TestRunner::new(Cases { cases: 200, failure_persistence: None, ..Cases::default() });
    let owner = prop::sample::select(vec![None, Some("alice"), Some("bob")]);
    let cases = (filter(), prop::collection::vec((stored_document(), owner), 1..8));
    runner
        .run(&cases, |(filter, documents)| {
            let owned = documents.into_iter().map(|(mut document, owner)| {
                document.extend(owner.map(|owner| ("_openid".to_owned(), owner.into())));
                document
            });
            stage.fill("things", &owned.collect::<Vec<_>>());
            let found = alice.find("things", None, query(filter.clone()), QueryType::Where);
            let piped = alice.aggregate("things", vec![doc! { "$match": filter }, doc! { "$match": {} }]);
            for raw in found.expect("allowed").documents.iter().chain(&piped.expect("allowed").documents) {
                prop_assert_eq!(raw.get_str("_openid").ok(), Some("alice"));
            }
            Ok(())
        })
        .expect("nothing leaks");
}
