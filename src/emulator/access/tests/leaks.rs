use super::*;
use crate::docdb::index::{IndexDefinition, Order};
use crate::rules::tests::plain::{self, Dice, Meaning};

/// Rules that are tried. Each is asked as many questions as [`answers`] has, twice and of two collections.
const CASES: u64 = 120;

/// What clients put behind a condition.
fn stages(dice: &mut Dice) -> Vec<Document> {
    let stages = [
        doc! { "$group": { "_id": "$x", "n": { "$sum": 1 } } },
        doc! { "$project": { "of": { "$divide": [1, "$x"] } } },
        doc! { "$addFields": { "of": { "$toInt": "$y" } } },
        doc! { "$facet": { "one": [{ "$count": "n" }], "all": [{ "$match": {} }] } },
        doc! { "$sortByCount": "$y" },
        doc! { "$sort": { "x": -1, "o.x": 1 } },
        doc! { "$match": { "$expr": { "$gt": [{ "$size": "$m" }, 0] } } },
        doc! { "$unwind": "$m" },
        doc! { "$unionWith": "things" },
        doc! { "$lookup": { "from": "things", "localField": "x", "foreignField": "y", "as": "found" } },
        doc! { "$lookup": { "from": "things", "pipeline": [{ "$count": "n" }], "as": "found" } },
        doc! { "$graphLookup": { "from": "things", "startWith": "$x", "connectFromField": "x", "connectToField": "y", "as": "f" } },
        doc! { "$bucketAuto": { "groupBy": "$x", "buckets": 2 } },
        doc! { "$count": "n" },
        doc! { "$replaceRoot": { "newRoot": "$o" } },
    ];
    dice.list(2, |dice| dice.pick(&stages))
}

/// A filter, sometimes with a condition that fails on some documents.
fn failing(dice: &mut Dice, filter: Document) -> Document {
    let fails = doc! { "$expr": dice.pick(&[
        doc! { "$eq": [{ "$toInt": "$x" }, 1] },
        doc! { "$gt": [{ "$divide": [1, "$x"] }, 0] },
        doc! { "$gt": [{ "$size": "$m" }, 0] },
    ]) };
    match dice.below(8) {
        0 => doc! { "$and": [fails, filter] },
        1 => doc! { "$and": [filter, { "$nor": [fails] }] },
        2 => {
            let mut filter = filter;
            filter.extend(fails);
            filter
        }
        3 => doc! { "$and": [{ "$or": [fails, { "y": 1 }] }, filter] },
        _ => filter,
    }
}

/// What somebody asks for.
struct Questions {
    filter: Document,
    pipeline: Vec<Document>,
    sort: Document,
}

/// Asks, and tells the answers.
fn answers(stage: &Stage, who: &str, questions: &Questions) -> Vec<String> {
    let documents = stage.of(who);
    let Questions { filter, pipeline, sort } = questions;
    let sorted = Query { sort: sort.clone(), limit: Some(3), ..query(filter.clone()) };
    let listed = |found: Vec<bson::RawDocumentBuf>| format!("{found:?}");
    let watched = documents.watchable("things", filter.clone()).and_then(|(filter, bound)| {
        let of = |filter| stage.of("admin").find("things", None, query(filter), QueryType::Where);
        Ok(listed([of(filter)?.documents, of(bound)?.documents].concat()))
    });
    let found = documents.find("things", None, query(filter.clone()), QueryType::Where);
    let some = documents.find("things", None, sorted, QueryType::Where);
    let mut matched = vec![doc! { "$match": filter.clone() }];
    matched.extend(pipeline.clone());
    let near =
        doc! { "$geoNear": { "near": [0, 0], "distanceField": "d", "key": "y", "query": filter.clone() } };
    let removed = |multi| {
        let removed = documents.remove(selection(filter.clone()), multi, QueryType::Where);
        removed.map(|count| count.to_string())
    };
    let updated = |update: Document| {
        let updated = documents.update(selection(filter.clone()), set(update, true), QueryType::Where);
        updated.map(|it| format!("{} {}", it.matched, it.modified))
    };
    let answers = [
        found.map(|it| listed(it.documents)),
        some.map(|it| listed(it.documents)),
        documents.count("things", filter.clone()).map(|count| count.to_string()),
        documents.aggregate("things", matched).map(|it| listed(it.documents)),
        documents.aggregate("things", pipeline.clone()).map(|it| listed(it.documents)),
        documents.aggregate("things", vec![near]).map(|it| listed(it.documents)),
        watched,
        updated(doc! { "$set": { "hit": true } }),
        updated(doc! { "$inc": { "x": 1 } }),
        removed(true),
    ];
    answers.into_iter().map(|it| it.unwrap_or_else(|failure| format!("{failure:?}"))).collect()
}

/// Asks of a collection, and of the same without what is kept back: no answer, no count and no failure may differ.
fn compare(
    stage: &Stage,
    who: &str,
    whole: &[Document],
    allowed: &[Document],
    questions: &Questions,
    about: &str,
) {
    stage.fill("things", whole);
    let of_whole = answers(stage, who, questions);
    let all = Query { limit: Some(100), ..query(doc! {}) };
    let left = stage.of("admin").find("things", None, all, QueryType::Where).expect("found").documents;
    for document in whole.iter().filter(|it| !allowed.iter().any(|other| other.get("_id") == it.get("_id"))) {
        let raw = bson::RawDocumentBuf::try_from(document).expect("a document");
        assert!(left.contains(&raw), "{about}: {who} changed {document} by {}", questions.filter);
    }
    stage.fill("things", allowed);
    for (number, (whole, allowed)) in of_whole.iter().zip(answers(stage, who, questions)).enumerate() {
        let Questions { filter, pipeline, sort } = questions;
        assert_eq!(*whole, allowed, "{about}: {who} learns by {number}: {filter}, {pipeline:?}, {sort}");
    }
}

fn numbered(documents: Vec<Document>) -> Vec<Document> {
    let number = |(id, document): (i32, Document)| {
        let mut numbered = doc! { "_id": id };
        numbered.extend(document);
        numbered
    };
    (0..).zip(documents).map(number).collect()
}

const SORTS: [&str; 3] = ["x", "o.y", "_openid"];

/// Whatever is let through, nobody learns of a document that the rule keeps back, nor changes one.
#[tokio::test]
async fn no_denied_document_leaves_or_changes() {
    let stage = Stage::new().await;
    let database = &stage.environment().database;
    database.create_collection("shops").expect("a collection");
    for path in ["x", "o.x"] {
        let keys = vec![(path.to_owned(), Order::Ascending)];
        let index = IndexDefinition { name: path.to_owned(), keys, unique: false, sparse: false };
        database.store().create_index("things", &index).expect("an index");
    }
    for (collection, ids) in [("shops", ["s1", "x", "0", ""]), ("rooms", ["a", "s1", "", "x"])] {
        let stored = ids.iter().filter_map(|id| {
            let mut document = plain::stored(collection, id)?;
            document.insert("_id", *id);
            Some(document)
        });
        stage.fill(collection, &stored.collect::<Vec<_>>());
    }
    let things = Resource::Collection("things".into());
    for seed in 0..CASES {
        let mut dice = Dice::new(seed);
        let part = dice.part(1 + (seed % 3) as usize);
        let rule = part.written();
        let rules = serde_json::json!({ "read": &rule, "write": &rule }).to_string();
        // The emulator has its own clock.
        if rule.contains("now") || crate::rules::Rules::parse(&rules).is_err() {
            continue;
        }
        let who = dice.pick(&["alice", "alice", "guest", "nobody"]);
        let Principal::Client(user) = principal(who) else { continue };
        let auth = user.as_ref().map(User::auth);
        let mut hints = Vec::new();
        part.hints(auth.as_ref(), &mut hints);
        stage.permit(&things, &rules);
        let documents = (0..8).map(|_| dice.document_near(&hints));
        let whole = numbered(documents.collect());
        let is_allowed =
            |document: &Document| Meaning { auth: auth.as_ref(), doc: Some(document) }.allows(&part);
        let allowed: Vec<Document> = whole.iter().filter(|it| is_allowed(it)).cloned().collect();
        stage.fill("things", &whole);
        for document in whole.iter().filter(|it| !is_allowed(it)) {
            let id = doc! { "_id": document.get_i32("_id").expect("an id") };
            let found = stage.of(who).find("things", None, query(id), QueryType::Doc);
            assert!(found.is_err(), "{rule} lets {who} have {document} by id");
        }
        for _ in 0..2 {
            let filter = dice.filter(&hints, 2);
            let filter = failing(&mut dice, filter);
            let sort = doc! { dice.pick(&SORTS): 1 };
            let questions = Questions { filter, pipeline: stages(&mut dice), sort };
            compare(&stage, who, &whole, &allowed, &questions, &rule);
        }
    }
}

/// The same for what a preset adds.
#[tokio::test]
async fn under_a_preset_nothing_foreign_leaves() {
    let stage = Stage::new().await;
    stage.permit(&Resource::Collection("things".into()), "PRIVATE");
    for seed in 0..CASES / 2 {
        let mut dice = Dice::new(seed);
        let who = dice.pick(&["alice", "alice", "guest", "nobody"]);
        let owners = [None, Some("guest"), Some("alice"), Some("bob"), Some("")];
        let documents = (0..8).map(|_| {
            let mut document = dice.document_near(&[]);
            document.remove("_openid");
            document.extend(dice.pick(&owners).map(|owner| ("_openid".to_owned(), owner.into())));
            document
        });
        let whole = numbered(documents.collect());
        let own = whole.iter().filter(|it| it.get_str("_openid").is_ok_and(|owner| owner == who));
        let own: Vec<Document> = own.cloned().collect();
        let filter = dice.filter(&[], 2);
        let filter = failing(&mut dice, filter);
        let sort = doc! { dice.pick(&SORTS): 1 };
        let questions = Questions { filter, pipeline: stages(&mut dice), sort };
        compare(&stage, who, &whole, &own, &questions, "PRIVATE");
    }
}
