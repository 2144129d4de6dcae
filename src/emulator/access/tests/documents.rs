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
