use super::*;

/// What is asked: the column's name and the operation. An answer is a number of documents, `-` is a denial.
const COLUMNS: [&str; 13] =
    ["id", "own", "all", "pub", "big", "agg", "cnt", "add", "upd", "many", "set", "new", "del"];

fn stored() -> [Document; 3] {
    [
        doc! { "_id": "a", "_openid": "alice", "pub": true, "n": 15 },
        doc! { "_id": "b", "_openid": "bob", "pub": false, "n": 5 },
        // An admin made it.
        doc! { "_id": "s", "pub": true, "n": 12 },
    ]
}

fn ask(documents: &Documents, column: &str) -> Result<u64, Failure> {
    let own = || doc! { "_openid": "{openid}" };
    let a = || doc! { "_id": "a" };
    let find =
        |filter, by| documents.find("things", None, query(filter), by).map(|it| it.documents.len() as u64);
    let update = |filter, change, by| {
        documents
            .update(selection(filter), change, by)
            .map(|it| it.modified + u64::from(it.upserted_id.is_some()))
    };
    let whole = || Change { update: doc! { "n": 11 }, multi: false, merge: false, upsert: true };
    match column {
        "id" => find(a(), QueryType::Doc),
        "own" => find(own(), QueryType::Where),
        "all" => find(doc! {}, QueryType::Where),
        "pub" => find(doc! { "pub": true }, QueryType::Where),
        "big" => find(doc! { "n": { "$gt": 10 } }, QueryType::Where),
        "agg" => documents
            .aggregate("things", vec![doc! { "$match": own() }, doc! { "$project": { "n": 1 } }])
            .map(|it| it.documents.len() as u64),
        "cnt" => documents.count("things", doc! {}),
        "add" => documents.insert("things", None, vec![doc! { "n": 11 }]).map(|ids| ids.len() as u64),
        "upd" => update(a(), set(doc! { "$set": { "x": 1 } }, false), QueryType::Doc),
        "many" => update(own(), set(doc! { "$set": { "x": 1 } }, true), QueryType::Where),
        "set" => update(a(), whole(), QueryType::Doc),
        "new" => update(doc! { "_id": "new" }, whole(), QueryType::Doc),
        "del" => documents.remove(selection(a()), false, QueryType::Doc),
        _ => unreachable!("a column of the table"),
    }
}

/// A permission, and for each of alice, bob, a guest, nobody and the admin what the columns answer.
const MATRIX: [(&str, [&str; 5]); 12] = [
    (
        r#"READONLY"#,
        [
            "1 1 3 2 2 1 3 1 1 - 1 1 1",
            "1 1 3 2 2 1 3 1 0 - 0 1 0",
            "1 0 3 2 2 0 3 1 0 0 0 1 0",
            "1 0 3 2 2 0 3 - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"PRIVATE"#,
        [
            "1 1 1 1 1 1 1 1 1 - 1 1 1",
            "0 1 1 0 0 1 1 1 0 - 0 1 0",
            "0 0 0 0 0 0 0 1 0 0 0 1 0",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"ADMINWRITE"#,
        [
            "1 1 3 2 2 1 3 - - - - - -",
            "1 1 3 2 2 1 3 - - - - - -",
            "1 0 3 2 2 0 3 - - - - - -",
            "1 0 3 2 2 0 3 - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"ADMINONLY"#,
        [
            "- - - - - - - - - - - - -",
            "- - - - - - - - - - - - -",
            "- - - - - - - - - - - - -",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":true,"write":"doc._openid == auth.openid"}"#,
        [
            "1 1 3 2 2 1 3 1 1 1 1 1 1",
            "1 1 3 2 2 1 3 1 - 1 - 1 -",
            "1 0 3 2 2 0 3 - - - - - -",
            "1 0 3 2 2 0 3 - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"doc._openid == auth.openid","write":"auth.openid != null && doc._openid == auth.openid"}"#,
        [
            "1 1 - - - 1 - 1 1 1 1 1 1",
            "- 1 - - - 1 - 1 - 1 - 1 -",
            "- - - - - - - - - - - - -",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"auth != null","write":false}"#,
        [
            "1 1 3 2 2 1 3 - - - - - -",
            "1 1 3 2 2 1 3 - - - - - -",
            "1 0 3 2 2 0 3 - - - - - -",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"doc.pub == true || doc._openid == auth.openid","create":"auth != null","update":"doc._openid == auth.openid"}"#,
        [
            "1 1 - 2 - 1 - 1 1 1 1 1 -",
            "1 1 - 2 - 1 - 1 - 1 - 1 -",
            "1 - - 2 - - - 1 - - - 1 -",
            "1 - - 2 - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"doc.n > 10","write":"doc.n > 10"}"#,
        [
            "1 - - - 2 - - 1 1 - 1 1 1",
            "1 - - - 2 - - 1 1 - 1 1 1",
            "1 - - - 2 - - 1 1 - 1 1 1",
            "1 - - - 2 - - 1 1 - 1 1 1",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"auth.loginType != 'ANONYMOUS' && auth != null","write":"request.data.n == undefined || request.data.n == doc.n"}"#,
        [
            "1 1 3 2 2 1 3 1 1 1 - 1 1",
            "1 1 3 2 2 1 3 1 1 1 - 1 1",
            "- - - - - - - 1 1 0 - 1 1",
            "- - - - - - - 1 1 0 - 1 1",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"(auth.openid in get('database.rooms.main').members) || (auth.uid in get('database.rooms.main').members)"}"#,
        [
            "1 1 3 2 2 1 3 - - - - - -",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 - - - - - -",
            "- - - - - - - - - - - - -",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
    (
        r#"{"read":"now > 0 && doc._id == 'a'","delete":"doc.pub"}"#,
        [
            "1 - - - - - - - - - - - 1",
            "1 - - - - - - - - - - - 1",
            "1 - - - - - - - - - - - 1",
            "1 - - - - - - - - - - - 1",
            "1 0 3 2 2 0 3 1 1 0 1 1 1",
        ],
    ),
];

#[tokio::test]
async fn who_may_do_what_with_documents() {
    let stage = Stage::new().await;
    stage.fill("rooms", &[doc! { "_id": "main", "members": ["alice", "guest"] }]);
    let things = Resource::Collection("things".into());
    let mut wrong = String::new();
    for (permission, expected) in MATRIX {
        stage.permit(&things, permission);
        for (who, expected) in ["alice", "bob", "guest", "nobody", "admin"].into_iter().zip(expected) {
            let documents = stage.of(who);
            let answers = COLUMNS.map(|column| {
                stage.fill("things", &stored());
                match ask(&documents, column) {
                    Ok(count) => count.to_string(),
                    Err(failure) if failure.code == "DATABASE_PERMISSION_DENIED" => "-".to_owned(),
                    Err(failure) => failure.message,
                }
            });
            let answers = answers.join(" ");
            if answers != expected {
                wrong.push_str(&format!("{permission} {who}\n  {answers}\n  {expected} was expected\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{wrong}", COLUMNS.join(" "));
}

#[tokio::test]
async fn whose_a_document_is_cannot_be_forged() {
    let stage = Stage::new().await;
    let things = Resource::Collection("things".into());
    let stored = || {
        let mut all: Vec<String> = Vec::new();
        let found = stage.of("admin").find("things", None, query(doc! {}), QueryType::Where).expect("found");
        for raw in found.documents {
            let owner = raw.get_str("_openid").unwrap_or("-").to_owned();
            all.push(format!("{} {owner}", raw.get_str("_id").expect("an id")));
        }
        all.join(", ")
    };
    for permission in ["READONLY", r#"{"read":true,"write":true}"#] {
        stage.permit(&things, permission);
        stage.fill("things", &[doc! { "_id": "a", "_openid": "alice" }]);
        let bob = stage.of("bob");
        let whole = |update| Change { update, multi: false, merge: false, upsert: true };
        let by_id = |id: &str| selection(doc! { "_id": id });
        let forged = [
            bob.insert("things", None, vec![doc! { "_openid": "alice" }]).map(drop),
            bob.update(by_id("a"), set(doc! { "$set": { "_openid": "bob" } }, false), QueryType::Doc)
                .map(drop),
            bob.update(by_id("a"), whole(doc! { "_openid": "bob" }), QueryType::Doc).map(drop),
            bob.update(by_id("n"), whole(doc! { "_openid": "alice" }), QueryType::Doc).map(drop),
            bob.update(selection(doc! {}), set(doc! { "_openid": "bob" }, false), QueryType::Where).map(drop),
        ];
        for forged in forged {
            let failure = forged.expect_err("it is refused");
            assert_eq!(
                (failure.code, failure.message.as_str()),
                ("INVALID_PARAM", "[InvalidParameter] Invalid Key Name: _openid")
            );
        }
        bob.update(by_id("a"), whole(doc! { "x": 1 }), QueryType::Doc).expect("no error");
        bob.update(by_id("b"), whole(doc! { "x": 1 }), QueryType::Doc).expect("created");
        bob.update(by_id("c"), Change { merge: true, ..whole(doc! { "x": 1 }) }, QueryType::Doc)
            .expect("created");
        bob.insert("things", None, vec![doc! { "_id": "d" }]).expect("created");
        stage.of("guest").insert("things", None, vec![doc! { "_id": "e" }]).expect("created");
        assert_eq!(stored(), "a alice, b bob, c bob, d bob, e guest", "{permission}");
    }
}

#[tokio::test]
async fn other_collections_are_joined_only_where_all_of_them_may_be_read() {
    let stage = Stage::new().await;
    stage.fill("things", &[doc! { "_id": "a", "_openid": "alice" }]);
    stage.fill("secrets", &[doc! { "_id": "x", "_openid": "bob" }]);
    stage.permit(&Resource::Collection("things".into()), "READONLY");
    let lookup = doc! { "$lookup": { "from": "secrets", "pipeline": [], "as": "s" } };
    for (permission, allowed) in [
        ("READONLY", true),
        (r#"{"read":"auth != null"}"#, true),
        ("PRIVATE", false),
        ("ADMINONLY", false),
        (r#"{"read":"doc._openid == auth.openid"}"#, false),
    ] {
        stage.permit(&Resource::Collection("secrets".into()), permission);
        for pipeline in [
            vec![lookup.clone()],
            vec![doc! { "$match": { "_id": "a" } }, doc! { "$facet": { "f": [lookup.clone()] } }],
            vec![doc! { "$unionWith": "secrets" }],
        ] {
            let answered = stage.of("alice").aggregate("things", pipeline.clone());
            assert_eq!(answered.is_ok(), allowed, "{permission} {pipeline:?}");
        }
    }
}

#[tokio::test]
async fn a_mini_program_reads_twenty_documents_and_a_page_a_hundred() {
    let stage = Stage::new().await;
    stage.permit(&Resource::Collection("things".into()), "READONLY");
    let many: Vec<Document> = (0..150).map(|n| doc! { "n": n }).collect();
    stage.fill("things", &many);
    let read = |who, limit| {
        let asked = Query { limit, ..query(doc! {}) };
        stage.of(who).find("things", None, asked, QueryType::Where).expect("allowed").documents.len()
    };
    assert_eq!((read("alice", None), read("alice", Some(100)), read("alice", Some(5))), (20, 20, 5));
    assert_eq!((read("guest", None), read("guest", Some(120)), read("admin", None)), (100, 120, 100));
}

/// A whole document is read to decide, and only what was asked for leaves; a changed one leaves where it may be read.
#[tokio::test]
async fn by_id_the_document_that_is_decided_on_is_the_one_that_leaves() {
    let stage = Stage::new().await;
    stage.permit(
        &Resource::Collection("things".into()),
        r#"{"read":"doc.n > 10","update":"doc.n > 3 && request.data.n == undefined","create":"doc.n == 1","delete":"doc.n == 5"}"#,
    );
    stage.fill("things", &stored());
    let alice = stage.of("alice");
    let a = || doc! { "_id": "a" };
    let narrow = Query { projection: doc! { "pub": 1 }, ..query(a()) };
    let found = alice.find("things", None, narrow, QueryType::Doc).expect("allowed").documents;
    assert_eq!(Document::try_from(found[0].as_ref()).ok(), Some(doc! { "_id": "a", "pub": true }));
    let update = |id: &str, update| {
        let updated = alice.update(selection(doc! { "_id": id }), set(update, false), QueryType::Doc);
        updated.map(|it| (it.modified, it.document.is_some())).map_err(|failure| failure.code)
    };
    const DENIED: &str = "DATABASE_PERMISSION_DENIED";
    assert_eq!(update("a", doc! { "$set": { "x": 1 } }), Ok((1, true)));
    assert_eq!(update("b", doc! { "$set": { "x": 1 } }), Ok((1, false)));
    assert_eq!(update("a", doc! { "$inc": { "n": 1 } }), Err(DENIED));
    assert_eq!(update("none", doc! { "$set": { "x": 1 } }), Err(DENIED));
    // In a client's transaction all the same.
    let transaction = alice.begin().expect("begun");
    let inside =
        |id: &str| Selection { transaction: Some(transaction.clone()), ..selection(doc! { "_id": id }) };
    assert_eq!(alice.remove(inside("a"), false, QueryType::Doc).map_err(|it| it.code), Err(DENIED));
    assert_eq!(alice.remove(inside("b"), false, QueryType::Doc).map_err(|it| it.code), Ok(1));
    alice.commit(&transaction).expect("committed");
    // What says it is one document and is not is judged as a query.
    let all = alice.find("things", None, query(doc! { "_id": { "$ne": "" } }), QueryType::Doc);
    assert_eq!(all.map(|it| it.documents.len()).map_err(|it| it.code), Err(DENIED));
}

#[tokio::test]
async fn a_failure_tells_nothing_of_a_document_that_is_kept_back() {
    let stage = Stage::new().await;
    let things = Resource::Collection("things".into());
    stage.fill("things", &[doc! { "_id": "t", "pub": false, "_openid": "bob", "s": "secret", "at": 1 }]);
    let alice = stage.of("alice");
    let fails = doc! { "$expr": { "$eq": [{ "$toInt": "$s" }, 1] } };
    for permission in ["PRIVATE", r#"{"read":"doc.pub == true","write":"doc.pub == true"}"#] {
        stage.permit(&things, permission);
        let filter = doc! { "$and": [fails.clone(), { "pub": true }] };
        let found = alice.find("things", None, query(filter.clone()), QueryType::Where).expect(permission);
        assert_eq!(found.documents.len(), 0, "{permission}");
        let piped = alice.aggregate("things", vec![doc! { "$match": filter.clone() }]).expect(permission);
        assert_eq!(piped.documents.len(), 0, "{permission}");
        assert_eq!(alice.count("things", filter.clone()), Ok(0), "{permission}");
        let change = set(doc! { "$set": { "hit": true } }, false);
        let updated = alice.update(selection(filter), change, QueryType::Where);
        assert_eq!(updated.expect(permission).matched, 0, "{permission}");
    }
    // Who may change a document and not read it learns that the change failed, and no more.
    for (read, is_told) in [("false", false), ("doc.s == 'secret'", true)] {
        let rules = serde_json::json!({ "read": read, "update": "doc.s == 'secret'" }).to_string();
        stage.permit(&things, &rules);
        for (filter, by) in
            [(doc! { "_id": "t" }, QueryType::Doc), (doc! { "s": "secret" }, QueryType::Where)]
        {
            let change = set(doc! { "$set": { "s.inner": 1 } }, false);
            let failure = alice.update(selection(filter.clone()), change, by).expect_err(read);
            assert_eq!(failure.message.contains("secret"), is_told, "{read}, {filter}: {failure:?}");
            assert_eq!(failure.code, "DATABASE_REQUEST_FAILED");
        }
    }
}

#[tokio::test]
async fn a_denial_explains_itself_to_the_developer_and_not_to_the_client() {
    let stage = Stage::new().await;
    let mut events = stage.emulator.events();
    stage.permit(
        &Resource::Collection("things".into()),
        r#"{"read":"doc.pub == true && doc._openid == auth.openid"}"#,
    );
    let denied =
        stage.of("alice").find("things", None, query(doc! { "n": { "$exists": true } }), QueryType::Where);
    let failure = denied.expect_err("it is denied");
    assert_eq!((failure.code, failure.message.as_str()), ("DATABASE_PERMISSION_DENIED", "Permission denied"));
    let mut told = std::iter::from_fn(|| events.try_recv().ok());
    let denied = |event| match event {
        Event::Denied(denial) => Some(*denial),
        _ => None,
    };
    let denial = told.find_map(denied).expect("a denial");
    assert_eq!(
        serde_json::to_value(&denial).expect("JSON"),
        serde_json::json!({
            "resource": "things", "operation": "read", "caller": "alice", "permission": "CUSTOM",
            "rule": "doc.pub == true && doc._openid == auth.openid",
            "reasons": [
                { "clause": "doc.pub == true", "because": ["the query says nothing about `pub`"] },
                {
                    "clause": "doc._openid == auth.openid",
                    "because": ["the query says nothing about `_openid`", "`auth.openid` is \"alice\""],
                },
                { "because": ["`$exists` says nothing to a rule"] },
            ],
            "query": r#"{"n":{"$exists":true}}"#,
            "allowed": r#"{"n":{"$exists":true},"pub":true,"_openid":"{openid}"}"#,
        }),
    );
    let kept = stage.environment().logs.search(&crate::emulator::logs::Search::default());
    let line = kept.found.last().expect("a line");
    assert_eq!(line.denial.as_deref(), Some(&denial));
    assert!(line.message.contains("allowed: {"), "{}", line.message);
}

#[test]
fn the_recipes_of_the_guide_are_rules() {
    for guide in [include_str!("../../../../docs/rules.md"), include_str!("../../../../docs/rules.zh.md")] {
        let recipes: Vec<&str> =
            guide.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(recipes.len() >= 4);
        for recipe in recipes {
            crate::rules::Rules::parse(recipe).unwrap_or_else(|broken| panic!("{broken}: {recipe}"));
        }
    }
}

/// A listener hears of a document that left its query what it might read of it all the same.
#[tokio::test]
async fn a_listener_is_told_what_became_of_a_document_while_it_may_be_read() {
    let stage = Stage::new().await;
    let things = Resource::Collection("things".into());
    let either = r#"{"read": "doc.pub == true || doc._openid == auth.openid"}"#;
    let or = || doc! { "$or": [{ "pub": true }, { "_openid": "{openid}" }], "n": 5 };
    let pubs = || doc! { "pub": true, "n": 5 };
    let own = || doc! { "_openid": "{openid}", "n": 5 };
    for (permission, who, filter, told) in [
        ("PRIVATE", "alice", doc! { "n": 5 }, "a"),
        ("READONLY", "alice", doc! { "n": 5 }, "abs"),
        ("PRIVATE", "admin", doc! { "n": 5 }, "abs"),
        (either, "alice", pubs(), "as"),
        (either, "bob", pubs(), "as"),
        (either, "bob", own(), "b"),
        (either, "bob", or(), "abs"),
        (r#"{"read": "auth != null"}"#, "bob", doc! { "n": 5 }, "abs"),
        (r#"{"read": "doc.n < 10"}"#, "bob", doc! { "n": 5, "x": 1 }, "b"),
    ] {
        stage.permit(&things, permission);
        stage.fill("things", &stored());
        let (_, bound) = stage.of(who).watchable("things", filter.clone()).expect("allowed");
        let found = stage.of("admin").find("things", None, query(bound), QueryType::Where).expect("found");
        let ids = found.documents.iter().filter_map(|it| it.get_str("_id").ok());
        assert_eq!(ids.collect::<String>(), told, "{permission}, {who}, {filter}");
    }
}
