pub(crate) mod plain;

use bson::{Bson, Document, doc};
use proptest::prelude::*;

use plain::{Dice, Meaning};

use super::decision::{Decision, Guard, Scope, Subject, decide};
use super::expression::Expression;
use super::payload::Payload;
use super::query::{Query, TooManyBranches, fill, not_judged};
use super::*;

fn alice() -> Document {
    doc! { "openid": "alice", "loginType": "WECHAT_PUBLIC" }
}

fn stored(collection: &str, id: &str) -> Result<Option<Document>, String> {
    Ok(match (collection, id) {
        ("shops", "s1") => Some(doc! { "_id": "s1", "owners": ["alice", "bob"], "next": "s2" }),
        ("shops", "s2") => Some(doc! { "_id": "s2", "owners": ["carol"] }),
        _ => None,
    })
}

fn scope<'a>(auth: Option<&'a Document>, subject: Subject<'a>) -> Scope<'a> {
    Scope { auth, now: 1_000, doc: subject, data: None, resource: None }
}

fn decided(rule: &str, filter: Document) -> Decision {
    let rule = Expression::parse(rule).unwrap_or_else(|problem| panic!("{rule}: {problem}"));
    let mut filter = filter;
    fill(&mut filter, Some("alice"), None);
    let query = Query::of(&filter).expect("few branches");
    let auth = alice();
    decide(&rule, &scope(Some(&auth), Subject::Query(&query)), &mut stored)
}

#[track_caller]
fn check(rule: &str, filter: Document, allowed: bool) {
    assert_eq!(decided(rule, filter.clone()).allowed, allowed, "{rule} on {filter}");
}

#[test]
fn a_query_of_too_many_branches_is_not_judged() {
    let of = |count: i32| Query::of(&doc! { "$or": (0..count).map(|a| doc! { "a": a }).collect::<Vec<_>>() });
    assert!(of(256).is_ok());
    assert_eq!(of(257), Err(TooManyBranches));
}

#[test]
fn a_query_must_stay_inside_the_rule() {
    const OLD: &str = "doc.age > 10";
    check(OLD, doc! { "age": { "$gt": 15 } }, true);
    check(OLD, doc! { "age": { "$gt": 10 } }, true);
    check(OLD, doc! { "age": { "$gte": 10 } }, false);
    check(OLD, doc! { "age": { "$gt": 8 } }, false);
    check(OLD, doc! {}, false);
    check(OLD, doc! { "name": "x" }, false);
    check(OLD, doc! { "age": 11 }, true);
    check(OLD, doc! { "age": { "$in": [11, 20] } }, true);
    check(OLD, doc! { "age": { "$in": [11, 9] } }, false);
    check(OLD, doc! { "age": { "$in": [] } }, true);
    check(OLD, doc! { "age": { "$gt": "15" } }, false);
    check(OLD, doc! { "$and": [{ "age": { "$gt": 15 } }, { "x": 1 }] }, true);
    check(OLD, doc! { "$nor": [{ "age": { "$lte": 10 } }] }, false);
    check("doc.age >= 10 && doc.age < 20", doc! { "age": { "$gte": 10, "$lt": 20 } }, true);
    check("20 > doc.age", doc! { "age": { "$lte": 19 } }, true);

    const OWN: &str = "doc._openid == auth.openid";
    check(OWN, doc! { "_openid": "{openid}" }, true);
    check(OWN, doc! { "_openid": "{openid}", "x": { "$gt": 1 } }, true);
    check(OWN, doc! {}, false);
    check(OWN, doc! { "_openid": "bob" }, false);
    check(OWN, doc! { "$or": [{ "_openid": "alice" }, { "_openid": "alice", "x": 1 }] }, true);

    const PUBLIC: &str = "doc.pub == true || doc._openid == auth.openid";
    check(PUBLIC, doc! { "pub": true }, true);
    check(PUBLIC, doc! { "$or": [{ "pub": true }, { "_openid": "{openid}" }] }, true);
    check(PUBLIC, doc! { "$or": [{ "pub": true }, { "x": 1 }] }, false);

    check("auth != null", doc! { "x": 1 }, true);
    check("doc.role in ['a', 'b']", doc! { "role": { "$in": ["a"] } }, true);
    check("doc.role in ['a', 'b']", doc! { "role": { "$in": ["a", "c"] } }, false);
    check("!(doc.role in ['a', 'b'])", doc! { "role": { "$nin": ["a", "b"] } }, true);
    check("!(doc.role in ['a', 'b'])", doc! { "role": { "$nin": ["a"] } }, false);
    const KEPT: &str = "doc.status != 'del'";
    check(KEPT, doc! { "status": "ok" }, true);
    check(KEPT, doc! { "status": { "$ne": "del" } }, true);
    check(KEPT, doc! { "status": { "$nin": ["del", "x"] } }, true);
    check(KEPT, doc! { "status": { "$ne": "x" } }, false);
    check("doc.a.b == 1", doc! { "a.b": 1 }, true);
    check("doc.a.b == 1", doc! { "a": { "b": 1 } }, true);
    check("auth.openid in doc.members", doc! { "members": "{openid}" }, true);
    check("auth.openid in doc.members", doc! { "members": "bob" }, false);
    check("doc.expires > now", doc! { "expires": { "$gt": bson::DateTime::from_millis(1_000) } }, true);
}

#[test]
fn a_long_list_of_values_is_judged_as_one() {
    let numbers = |from: i32, count: i32| (from..from + count).collect::<Vec<i32>>();
    let many = numbers(0, 2_000);
    check("doc.pub == true", doc! { "pub": true, "tag": { "$in": &many } }, true);
    check("doc.pub == true", doc! { "tag": { "$in": &many } }, false);
    check("auth != null", doc! { "a": { "$in": numbers(0, 20) }, "b": { "$in": numbers(0, 20) } }, true);
    check("doc.age > 10", doc! { "age": { "$in": numbers(11, 300) } }, true);
    check("doc.age > 10", doc! { "age": { "$in": numbers(10, 300) } }, false);
    check("doc.age != 5", doc! { "age": { "$in": numbers(6, 300) } }, true);
    check("doc.age != 5", doc! { "age": { "$in": numbers(5, 300) } }, false);
    check("doc.age == 5", doc! { "age": { "$in": vec![5; 300] } }, true);
    check("doc.age in [1, 2]", doc! { "age": { "$in": vec![2; 300] } }, true);
    check("doc.age in [1, 2]", doc! { "age": { "$in": numbers(1, 300) } }, false);
    // What is read by a value is read by each of a short list, however long the one beside it.
    const OWNER: &str = "auth.openid in get(`database.shops.${doc.shopId}`).owners";
    check(OWNER, doc! { "tag": { "$in": &many }, "shopId": { "$in": ["s1", "s1"] } }, true);
    check(OWNER, doc! { "tag": { "$in": &many }, "shopId": { "$in": ["s1", "s2"] } }, false);
    check(OWNER, doc! { "shopId": { "$in": vec!["s1"; 300] } }, false);
    check(
        "doc.age > 10",
        doc! { "$or": [{ "age": { "$in": numbers(11, 200) } }, { "age": { "$in": numbers(99, 200) } }] },
        true,
    );
    // A list of objects says as little as one of them.
    check("doc.age != 5", doc! { "age": { "$in": vec![doc! { "a": 1 }; 300] } }, true);
    let mixed: Vec<Bson> =
        (0..300).map(|n| if n == 7 { doc! { "a": 1 }.into() } else { Bson::Int32(6) }).collect();
    check("doc.age > 5", doc! { "age": { "$in": mixed } }, false);
}

#[test]
fn other_documents_are_read_by_what_the_query_says() {
    const OWNER: &str = "auth.openid in get(`database.shops.${doc.shopId}`).owners";
    check(OWNER, doc! { "shopId": "s1" }, true);
    check(OWNER, doc! { "shopId": "s2" }, false);
    check(OWNER, doc! { "shopId": "s9" }, false);
    check(OWNER, doc! { "shopId": { "$in": ["s1"] } }, true);
    check(OWNER, doc! { "$or": [{ "shopId": "s1" }, { "shopId": "s2" }] }, false);
    check(OWNER, doc! { "shopId": { "$gt": "s" } }, false);
    check("'carol' in get('database.shops.' + get('database.shops.s1').next).owners", doc! {}, true);
    check("get('shops.s1') != null", doc! {}, false);
    // Ten documents for all branches of a request together.
    const KNOWN: &str = "get(`database.shops.${doc.shopId}`) == null";
    let shops = |count: usize| -> Vec<String> { (0..count).map(|shop| format!("t{shop}")).collect() };
    check(KNOWN, doc! { "shopId": { "$in": shops(10) } }, true);
    check(KNOWN, doc! { "shopId": { "$in": shops(11) } }, false);
}

/// A filter compares by value, whatever the type; these find the documents that the rule keeps back.
#[test]
fn a_condition_of_another_type_proves_nothing() {
    let decimal = |text: &str| Bson::Decimal128(text.parse().expect("a number"));
    let time = Bson::DateTime(bson::DateTime::from_millis(1));
    const LEVEL: &str = "doc.level != 1";
    check(LEVEL, doc! { "level": { "$ne": decimal("1") } }, true);
    check(LEVEL, doc! { "level": decimal("1") }, false);
    check(LEVEL, doc! { "level": { "$gte": decimal("0") } }, false);
    check(LEVEL, doc! { "level": { "$ne": time.clone() } }, false);
    check(LEVEL, doc! { "level": { "$nin": [time] } }, false);
    const NAME: &str = "!(doc.name in ['hidden'])";
    check(NAME, doc! { "name": Bson::Symbol("hidden".into()) }, false);
    check(NAME, doc! { "name": { "$gt": Bson::MinKey } }, false);
    check(NAME, doc! { "name": { "$lte": Bson::MaxKey } }, false);
    // Neither does one of another field, nor one that says nothing of an id which the caller lacks.
    check("doc['a.b'] == 1", doc! { "a.b": 1 }, false);
    check("doc['a.b'] != 1", doc! { "a.b": { "$ne": 1 } }, false);
    check("1 in doc['a.b']", doc! { "a.b": 1 }, false);
    check("doc[''].a == 1", doc! { "a": 1 }, false);
    check("doc.owner in [auth.uid, 'x']", doc! { "owner": Bson::Null }, false);
    check("doc.owner in [auth.uid, 'x']", doc! { "owner": "x" }, true);
    check("!(doc.owner in [auth.uid, 'x'])", doc! { "owner": { "$nin": ["x", Bson::Null] } }, false);
    check("doc.owner == (auth.uid || auth.unionid)", doc! { "owner": Bson::Null }, false);
    check("doc.owner == (auth.uid || auth.openid)", doc! { "owner": "{openid}" }, true);
    // What is neither true nor false may be the result.
    check("doc.n == 1 && doc.name || true", doc! {}, false);
    check("(doc.n == 1 || 'x') || true", doc! {}, false);
    check("doc.n == 1 && doc.m == 2 || true", doc! {}, true);
    const LISTED: &str = "'a' in doc.list";
    check(LISTED, doc! { "list": "a" }, true);
    check(LISTED, doc! { "list": ["a"] }, false);
    check(&format!("!({LISTED})"), doc! { "list": ["b"] }, false);
}

#[test]
fn a_document_is_judged_as_it_is() {
    let auth = alice();
    let time = |millis| Bson::DateTime(bson::DateTime::from_millis(millis));
    for (rule, document, allowed) in [
        ("doc.n == 1", Some(doc! { "n": 1_i64 }), true),
        ("doc.n == 1", Some(doc! { "n": "1" }), false),
        ("doc.n == null", Some(doc! {}), true),
        ("doc.n == undefined", Some(doc! { "n": Bson::Null }), true),
        ("doc.n > 1", Some(doc! {}), false),
        ("doc.list[1] == 'b'", Some(doc! { "list": ["a", "b"] }), true),
        ("doc.list.length == 2", Some(doc! { "list": ["a", "b"] }), true),
        ("doc['a'].b == 1", Some(doc! { "a": { "b": 1 } }), true),
        ("doc.a.b.c == undefined", None, true),
        ("doc == null", None, true),
        ("doc._openid == auth.uid", Some(doc! {}), false),
        ("doc._openid != auth.uid", Some(doc! {}), false),
        ("auth.uid in doc.members", Some(doc! { "members": [Bson::Null] }), false),
        ("doc.owner in [auth.uid, 'x']", Some(doc! {}), false),
        ("!(doc.owner in [auth.uid, 'x'])", Some(doc! { "owner": "bob" }), false),
        ("doc.owner in [auth.uid, auth.openid]", Some(doc! { "owner": "alice" }), true),
        ("doc.owner == (auth.uid || auth.unionid)", Some(doc! {}), false),
        ("doc.owner == (auth.uid || auth.openid)", Some(doc! { "owner": "alice" }), true),
        ("doc['a.b'] == 1", Some(doc! { "a.b": 1 }), true),
        ("`${doc.n}` == '0'", Some(doc! { "n": -0.0 }), true),
        ("doc.n == 1 && doc.name || true", Some(doc! { "n": 1, "name": "x" }), false),
        ("auth.uid == undefined && doc.n == 1", Some(doc! { "n": 1 }), true),
        ("doc.name", Some(doc! { "name": "x" }), false),
        ("doc.name != '' && true", Some(doc! { "name": "x" }), true),
        ("doc.name || true", Some(doc! { "name": "x" }), false),
        ("`${doc.a}-${1 + 1}` == 'x-2'", Some(doc! { "a": "x" }), true),
        ("doc.owner == `u-${auth.uid}`", Some(doc! {}), false),
        ("doc.owner == 'u-' + auth.uid", Some(doc! {}), false),
        ("doc.owner != 'u-' + auth.uid", Some(doc! {}), false),
        ("get(`database.shops.${auth.uid}`) == null", Some(doc! {}), false),
        ("doc.owner == `u-${auth.uid}` || doc.n == 1", Some(doc! { "n": 1 }), true),
        ("doc.at == now && doc.at <= 1000", Some(doc! { "at": time(1_000) }), true),
        ("doc.at != now", Some(doc! { "at": time(1_000) }), false),
        ("doc.at > 999 && doc.at < 1001 && doc.at != 1000", Some(doc! { "at": time(1_000) }), true),
        ("request.data.n == undefined", Some(doc! {}), true),
        ("now == 1000", Some(doc! {}), true),
        ("-1 < 0 && !false", Some(doc! {}), true),
        ("1 + 2 == 3 && 1 < 2 == true", Some(doc! {}), true),
    ] {
        let parsed = Expression::parse(rule).unwrap_or_else(|problem| panic!("{rule}: {problem}"));
        let decision =
            decide(&parsed, &scope(Some(&auth), Subject::Document(document.as_ref())), &mut stored);
        assert_eq!(decision.allowed, allowed, "{rule}");
    }
}

#[test]
fn what_an_update_computes_is_not_known() {
    let auth = alice();
    let document = doc! { "price": 5 };
    const KEPT: &str = "request.data.price == undefined || request.data.price == doc.price";
    for (rule, update, allowed) in [
        (KEPT, doc! { "$set": { "name": "x" } }, true),
        (KEPT, doc! { "$set": { "price": 5 } }, true),
        (KEPT, doc! { "$set": { "price": 6 } }, false),
        (KEPT, doc! { "$inc": { "price": 1 } }, false),
        (KEPT, doc! { "$inc": { "stock": 1 } }, true),
        (KEPT, doc! { "$rename": { "name": "price" } }, false),
        (KEPT, doc! { "$set": { "price.x": 1 } }, false),
        ("request['data']['pri' + 'ce'] == undefined", doc! { "$inc": { "price": 1 } }, false),
        ("request.data.a.b == 1", doc! { "$set": { "a.b": 1 } }, true),
        ("request.data.a.length == 2", doc! { "$set": { "a": [1, 2] } }, true),
    ] {
        let parsed = Expression::parse(rule).unwrap_or_else(|problem| panic!("{rule}: {problem}"));
        let payload = Payload::of_update(&update);
        let scope = Scope { data: Some(&payload), ..scope(Some(&auth), Subject::Document(Some(&document))) };
        assert_eq!(decide(&parsed, &scope, &mut stored).allowed, allowed, "{rule} on {update}");
    }
}

#[test]
fn operators_that_say_nothing_are_named() {
    let filter = doc! {
        "a": { "$gt": 1, "$exists": true },
        "$or": [{ "b": { "$in": [1] } }, { "$nor": [{ "c": 1 }] }],
        "d": { "$not": { "$gt": 1 } },
    };
    assert_eq!(not_judged(&filter).into_iter().collect::<Vec<_>>(), ["$exists", "$nor", "$not"]);
}

#[test]
fn a_denial_names_the_clause_the_values_and_the_way_out() {
    let denied =
        decided("auth != null && (doc.pub == true || doc._openid == auth.openid)", doc! { "pub": false });
    let told: Vec<(&str, &[String])> =
        denied.reasons.iter().map(|reason| (reason.clause.as_str(), reason.because.as_slice())).collect();
    assert_eq!(told[0], ("doc.pub == true", &["`doc.pub` is false".to_owned()][..]));
    assert_eq!(told[1].0, "doc._openid == auth.openid");
    assert_eq!(told[1].1, ["the query says nothing about `_openid`", r#"`auth.openid` is "alice""#]);
    assert_eq!(denied.missing, Some(doc! { "_openid": "{openid}" }));

    let both = decided("doc.a == 1 && doc.b > 2", doc! {});
    assert_eq!(both.missing, Some(doc! { "a": 1, "b": { "$gt": 2 } }));
    assert_eq!(decided("auth.uid == 'x'", doc! {}).missing, None);
    // Alice has no uid.
    assert_eq!(decided("doc._openid == auth.uid", doc! {}).missing, None);
}

#[test]
fn a_wrong_rule_is_refused_at_its_place() {
    for (rule, place, message) in [
        ("doc.a = 1", 6, "has no meaning"),
        ("doc.a == ", 9, "missing at the end"),
        ("doc.a == 1)", 10, "nothing is expected"),
        ("user.a == 1", 0, "`user` is not known"),
        ("query.a == 1", 0, "`query` is not known"),
        ("exists('x')", 0, "`exists` is no function"),
        ("'abc", 0, "has no end"),
        ("[1 2]", 3, "`,` is expected"),
        ("`a${doc.}`", 8, "missing at the end"),
        ("1a == 1", 0, "no number"),
        ("get('a') == get('b') || get('c') == get('d')", 36, "more than 3 times"),
        ("get(get(get('a').b).c).d == 1", 8, "more than 2 deep"),
        ("docs.a == 1", 0, "did you mean `doc`"),
        ("Auth != null", 0, "did you mean `auth`"),
        ("gets('x') == 1", 0, "did you mean `get`"),
        ("doc.a == 1 & doc.b == 2", 11, "did you mean `&&`"),
        ("doc.名 = 1", 8, "did you mean `==`"),
    ] {
        let problem = Expression::parse(rule).expect_err(rule);
        assert!(problem.message.en.contains(message), "{rule}: {problem}");
        assert_eq!(problem.span.start, place, "{rule}: {problem}");
    }
    let long = |length: usize| format!("doc.a == '{}'", "x".repeat(length - 11));
    assert!(Expression::parse(&long(1024)).is_ok());
    assert!(Expression::parse(&long(1025)).expect_err("too long").message.en.contains("1024"));
    assert!(Expression::parse(&"(".repeat(500)).is_err());
}

#[test]
fn rules_have_five_names_and_write_stands_for_three() {
    let rules = Rules::parse(r#"{"read":true,"write":"auth != null","delete":false}"#).expect("rules");
    let name = |operation| rules.of(operation).map(|(name, _)| name);
    assert_eq!(name(Operation::Read), Some("read"));
    assert_eq!((name(Operation::Create), name(Operation::Delete)), (Some("write"), Some("delete")));
    assert!(Rules::parse(r#"{"write":true}"#).expect("rules").of(Operation::Read).is_none());
    assert!(matches!(Rules::parse(r#"{"list":true}"#), Err(Broken::Key(_))));
    assert!(matches!(Rules::parse(r#"{"read":1}"#), Err(Broken::Kind { .. })));
    assert!(matches!(Rules::parse("[]"), Err(Broken::Shape)));
    assert!(matches!(Rules::parse("{"), Err(Broken::Json(_))));
    assert!(matches!(Rules::parse(r#"{"read":"doc.=="}"#), Err(Broken::Expression { .. })));
}

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        (0..4_i32).prop_map(Bson::Int32),
        (0..4_i32).prop_map(|number| Bson::Double(f64::from(number))),
        "[ab]".prop_map(Bson::String),
        any::<bool>().prop_map(Bson::Boolean),
        Just(Bson::Null),
    ]
}

/// What rules cannot write, and queries and documents hold all the same.
fn value() -> impl Strategy<Value = Bson> {
    let decimal = |text: &str| Bson::Decimal128(text.parse().expect("a number"));
    let strange = vec![
        Bson::Int64(1),
        Bson::Int64((1 << 53) + 1),
        Bson::Double(9_007_199_254_740_992.0),
        Bson::Double(f64::NAN),
        decimal("1"),
        decimal("1.00000000000000000001"),
        decimal("0"),
        Bson::DateTime(bson::DateTime::from_millis(1)),
        Bson::DateTime(bson::DateTime::from_millis(0)),
        Bson::Symbol("a".into()),
        Bson::Symbol(String::new()),
        Bson::Undefined,
        Bson::MinKey,
        Bson::MaxKey,
        Bson::ObjectId([7; 12].into()),
        Bson::Timestamp(bson::Timestamp { time: 1, increment: 0 }),
    ];
    prop_oneof![4 => scalar(), 1 => prop::sample::select(strange)]
}

/// A value, or a list or an object of some.
fn operand() -> impl Strategy<Value = Bson> {
    let list = || prop::collection::vec(value(), 0..2).prop_map(Bson::from);
    let object = prop::collection::vec(("[xy]", value()), 0..2)
        .prop_map(|fields| Bson::Document(Document::from_iter(fields)));
    prop_oneof![8 => value(), 1 => list(), 1 => object, 1 => list().prop_map(|list| Bson::Array(vec![list]))]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[xyz]", 1 => "o\\.[xy]"]
}

fn written(value: &Bson) -> String {
    match value {
        Bson::String(text) => format!("'{text}'"),
        Bson::Null => "null".into(),
        Bson::Boolean(flag) => flag.to_string(),
        Bson::Int32(number) => number.to_string(),
        other => other.as_f64().unwrap_or_default().to_string(),
    }
}

pub(crate) fn rule() -> impl Strategy<Value = String> {
    let clause = (field(), prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]), scalar())
        .prop_map(|(field, sign, value)| format!("doc.{field} {sign} {}", written(&value)));
    let among = (field(), prop::collection::vec(scalar(), 0..3)).prop_map(|(field, items)| {
        let items: Vec<String> = items.iter().map(written).collect();
        format!("doc.{field} in [{}]", items.join(", "))
    });
    let holds = (field(), scalar()).prop_map(|(field, item)| format!("{} in doc.{field}", written(&item)));
    prop_oneof![4 => clause, 1 => among, 1 => holds].prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
            inner.prop_map(|inner| format!("!({inner})")),
        ]
    })
}

pub(crate) fn filter() -> impl Strategy<Value = Document> {
    let operator = prop::sample::select(vec!["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]);
    let simple = (field(), operator, operand()).prop_map(|(field, operator, value)| {
        Document::from_iter([(field, bson::bson!({ operator: value }))])
    });
    let list = (field(), prop::sample::select(vec!["$in", "$nin"]), prop::collection::vec(operand(), 0..3))
        .prop_map(|(field, operator, items)| {
            Document::from_iter([(field, bson::bson!({ operator: items }))])
        });
    prop_oneof![3 => simple, 1 => list].prop_recursive(3, 8, 3, |inner| {
        let parts = prop::collection::vec(inner, 1..3);
        (prop::sample::select(vec!["$and", "$or", "$nor"]), parts)
            .prop_map(|(operator, parts)| Document::from_iter([(operator.to_owned(), Bson::from(parts))]))
    })
}

/// Tells whether a document is as the verdict takes it for granted.
fn is_guarded(guards: &[Guard], document: &Document) -> bool {
    guards.iter().all(|guard| {
        let mut names = guard.path.split('.');
        let mut value = names.next().and_then(|name| document.get(name));
        for name in names {
            match value {
                Some(Bson::Array(_)) => return false,
                Some(Bson::Document(inner)) => value = inner.get(name),
                _ => value = None,
            }
        }
        matches!(value, Some(Bson::Array(_))) == guard.is_array
    })
}

/// Any rule, caller, query and documents: what leaves, by query or by id, the rule's plain meaning allows.
#[test]
fn no_denied_document_leaves() {
    let allowed: usize = (0..3_000).map(|seed| hunt(&mut Dice::new(seed), 1 + (seed % 3) as usize)).sum();
    assert!(allowed > 500, "{allowed} queries are allowed");
}

/// Looks for a document that one rule keeps back and some queries find; returns how many queries it allowed.
fn hunt(dice: &mut Dice, depth: usize) -> usize {
    let part = dice.part(depth);
    let rule = part.written();
    // It may call `get()` too often.
    let Ok(parsed) = Expression::parse(&rule) else { return 0 };
    let auth = dice.caller();
    let mut hints = Vec::new();
    part.hints(auth.as_ref(), &mut hints);
    let judge = |doc: Subject<'_>| {
        let scope = Scope { auth: auth.as_ref(), now: plain::NOW, doc, data: None, resource: None };
        decide(&parsed, &scope, &mut |collection, id| Ok(plain::stored(collection, id)))
    };
    let check = |asked: &str, document: &Document| {
        let is_meant = Meaning { auth: auth.as_ref(), doc: Some(document) }.allows(&part);
        assert!(is_meant, "{rule} lets {auth:?} find {document} {asked}");
    };
    let mut allowed = 0;
    for _ in 0..4 {
        let document = dice.document_near(&hints);
        if judge(Subject::Document(Some(&document))).allowed {
            check("by id", &document);
        }
        let filter = dice.filter(&hints, 2);
        let parsed = crate::docdb::filter::Filter::parse(&filter, bson::DateTime::from_millis(0));
        let (Ok(matcher), Ok(query)) = (parsed, Query::of(&filter)) else { continue };
        let verdict = judge(Subject::Query(&query));
        if !verdict.allowed {
            continue;
        }
        allowed += 1;
        for _ in 0..12 {
            let document = dice.document_near(&hints);
            if is_guarded(&verdict.guards, &document) && matcher.matches(&document).unwrap_or(false) {
                check(&format!("by {filter}"), &document);
                assert!(
                    judge(Subject::Document(Some(&document))).allowed,
                    "{rule} of {document} by {filter}"
                );
            }
        }
    }
    allowed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Words of rules in any order, rules with a piece cut out or put in, and any text at all: an expression or a problem,
    /// whose place is one in the text; and what is an expression is decided.
    #[test]
    fn no_text_is_too_strange(text in strange()) {
        match Expression::parse(&text) {
            Ok(rule) => {
                let query = Query::of(&doc! { "x": 1 }).expect("one branch");
                decide(&rule, &scope(None, Subject::Query(&query)), &mut stored);
                decide(&rule, &scope(Some(&alice()), Subject::Document(None)), &mut stored);
                let parsed = Rules::parse(&serde_json::json!({ "read": text, "write": text }).to_string());
                lint::findings(&parsed.expect("rules"), lint::Of::Documents);
                refusal::refusal(&rule, Operation::Read, Some(&doc! { "x": query::OPEN }));
            }
            Err(problem) => {
                prop_assert!(text.get(problem.span.clone()).is_some(), "{text:?}: {problem:?}");
                prop_assert!(problem.character(&text) <= text.chars().count() + 1);
            }
        }
    }
}

fn strange() -> impl Strategy<Value = String> {
    const WORDS: [&str; 44] = [
        "doc",
        "auth",
        "now",
        "request",
        "resource",
        ".data",
        ".a",
        ".openid",
        "get(",
        "get('database.a.b')",
        ")",
        "(",
        "[",
        "]",
        ",",
        "==",
        "!=",
        "===",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "+",
        "-",
        " in ",
        "in",
        "true",
        "null",
        "undefined",
        "1",
        "1.5",
        "0x1",
        "'a'",
        "\"b",
        "`",
        "${",
        "}",
        "`${doc.a}`",
        "\\",
        "名",
        "=",
        "?",
        " ",
    ];
    let soup =
        prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..24).prop_map(|words| words.concat());
    let bent = (rule(), any::<prop::sample::Index>(), "[`'\"$.{}()\\[\\]名=!&|\\\\]{0,3}", 0_usize..4)
        .prop_map(|(rule, place, piece, cut)| {
            let mut characters: Vec<char> = rule.chars().collect();
            let at = place.index(characters.len());
            let end = (at + cut).min(characters.len());
            characters.splice(at..end, piece.chars());
            characters.into_iter().collect()
        });
    prop_oneof![3 => soup, 3 => bent, 1 => "\\PC{0,60}", 1 => ".{0,60}"]
}

#[test]
fn the_deepest_rules_are_decided_on_a_small_stack() {
    let chain = |first: &str, link: &str, last: &str| {
        let links = 120;
        format!("{first}{}{last}", link.repeat(links))
    };
    let deeper = format!("doc{} == 1", ".a".repeat(200));
    assert!(Expression::parse(&deeper).expect_err("too deep").message.en.contains("nested more than 128"));
    for rule in [
        chain("doc", ".a", " == 1"),
        chain("1", "+1", " == 1"),
        chain("1", "<1", ""),
        chain("doc.a", "&&doc.b", ""),
        chain("doc.a", "||1", ""),
        format!("{}doc.a{}", "(".repeat(60), ")".repeat(60)),
        format!("{}doc.a", "!".repeat(60)),
    ] {
        let work = move || {
            let parsed = Expression::parse(&rule).unwrap_or_else(|problem| panic!("{rule}: {problem}"));
            let query = Query::of(&doc! { "b": 1 }).expect("one branch");
            decide(&parsed, &scope(None, Subject::Query(&query)), &mut stored);
            let rules = Rules::parse(&serde_json::json!({ "write": rule }).to_string()).expect("rules");
            lint::findings(&rules, lint::Of::Documents);
        };
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread");
        thread.join().expect("it ends");
    }
}
