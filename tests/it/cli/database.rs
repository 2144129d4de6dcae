//! `cloudkit db …`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;

const MANIFEST: (&str, &str) = (
    "cloudkit.toml",
    "# Ours.\n[project]\nname = \"garden\"\n\n[database.players] # the board\npermission = \"READONLY\"\n",
);

/// Three players.
async fn players() -> Cloudkit {
    let cloudkit = Cloudkit::serving(&[MANIFEST]).await;
    cloudkit.run(&["db", "collection", "add", "players"]);
    let documents = r#"[{"_id":"a","name":"Li","score":7},{"_id":"b","name":"韩","score":12.5},
                        {"_id":"c","name":"Ann","score":9,"born":{"$date":"2001-02-03T04:05:06Z"}}]"#;
    cloudkit.run(&["db", "insert", "players", documents]);
    cloudkit
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_out_as_relaxed_extended_json_one_a_line() {
    let cloudkit = players().await;
    insta::assert_snapshot!(cloudkit.run(&["db", "query", "players", "--sort", "score:desc"]), @r#"
    exit 0
    --- stdout
    {"_id":"b","name":"韩","score":12.5}
    {"_id":"c","name":"Ann","score":9,"born":{"$date":"2001-02-03T04:05:06Z"}}
    {"_id":"a","name":"Li","score":7}
    "#);
    insta::assert_snapshot!(
        cloudkit.run(&["db", "query", "players", "--where", r#"{"score":{"$gt":{"$numberInt":"8"}}}"#, "--sort", "score", "--limit", "1", "--field", "name"]),
        @r#"
    exit 0
    --- stdout
    {"_id":"c","name":"Ann"}
    --- stderr
    hint: these are the first 1; `--limit 10` shows more
    "#
    );
    let found = cloudkit.json(&["db", "query", "players", "--skip", "2", "--sort", "_id"]);
    assert_eq!(
        found,
        json!([{ "_id": "c", "name": "Ann", "score": 9, "born": { "$date": "2001-02-03T04:05:06Z" } }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_suggested_for_what_queries_missed_and_named_when_none_used_them() {
    let cloudkit = players().await;
    insta::assert_snapshot!(cloudkit.run(&["db", "index", "suggest"]), @r"
    exit 0
    --- stdout
    No query has missed an index.
    ");
    cloudkit.run(&["db", "index", "add", "players", "born"]);
    cloudkit.run(&["db", "query", "players", "--sort", "score:desc"]);
    cloudkit.run(&["db", "query", "players", "--sort", "score:desc", "--where", r#"{"name":"Li"}"#]);
    cloudkit.run(&["db", "query", "players", "--where", r#"{"name":"Ann"}"#]);
    insta::assert_snapshot!(cloudkit.run(&["db", "index", "suggest"]), @r"
    exit 0
    --- stdout
    `players`  queries without an index: 2, documents examined: up to 3
      fix: `cloudkit db index add players name score:desc`
    `players`  queries without an index: 1, documents examined: up to 3
      fix: `cloudkit db index add players score:desc`
    `players`  index `born_1` is used by none of 3 queries
      if it is not needed: `cloudkit db index drop players born_1`
    ");
    let told = cloudkit.json(&["db", "index", "suggest"]);
    assert_eq!(told["missing"][0]["fix"], "cloudkit db index add players name score:desc");
    assert_eq!((&told["missing"][0]["queries"], &told["missing"][0]["examined"]), (&json!(2), &json!(3)));
    assert_eq!(told["unused"][0]["fix"], "cloudkit db index drop players born_1");
    assert_eq!(told["unused"][0]["queries"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_shows_what_was_considered() {
    let cloudkit = players().await;
    cloudkit.run(&["db", "index", "add", "players", "score"]);
    let told = cloudkit.json(&["db", "explain", "players", "--where", r#"{"score":9}"#, "--sort", "name"]);
    assert_eq!(told["index"], "score_1");
    let considered = told["alternatives"].as_array().expect("alternatives");
    let considered: Vec<_> =
        considered.iter().map(|it| json!([it["index"], it["keys"], it["sortsInMemory"]])).collect();
    assert_eq!(considered, [json!(["score_1", 1, true]), json!([null, 3, true])]);
    let shown = cloudkit.run(&["db", "explain", "players", "--where", r#"{"score":9}"#]);
    assert!(shown.contains("considered") && shown.contains("every document"), "{shown}");
}

#[test]
fn a_strict_emulator_refuses_to_search_large_collections_without_an_index() {
    let cloudkit = Cloudkit::alone(&[MANIFEST]);
    let script = r#""$CLOUDKIT" db insert players '[{"score":1},{"score":2},{"score":3}]' >/dev/null 2>&1
                    "$CLOUDKIT" db query players --where '{"score":2}' || true
                    "$CLOUDKIT" db index add players score >/dev/null 2>&1
                    "$CLOUDKIT" db query players --where '{"score":2}' --field score | grep -o '"score":2'"#;
    let arguments = ["emulate", "--ephemeral", "--quiet", "--strict=2", "--", "sh", "-c", script];
    insta::assert_snapshot!(cloudkit.run(&arguments), @r#"
    exit 0
    --- stdout
    "score":2
    --- stderr
    error[DATABASE_REQUEST_FAILED]: `database.getDocument` was refused: [FailedOperation] a query without an index would examine the 3 documents of `players`; 2 are allowed by `cloudkit emulate --strict`. Add the index: cloudkit db index add players score
    hint: the message says why: a duplicate key, a wrong type, a bad update
    request id: [id]
    "#);
    // So does one whose manifest says so; the flag is stronger.
    let manifest = format!("{}\n[emulate]\nstrict = 2\n", cloudkit.read("cloudkit.toml"));
    std::fs::write(cloudkit.folder().join("cloudkit.toml"), manifest).expect("a manifest");
    let script = r#""$CLOUDKIT" db insert players '[{"points":1},{"points":2},{"points":3}]' >/dev/null 2>&1
                    "$CLOUDKIT" db query players --where '{"points":2}' >/dev/null 2>&1"#;
    let told = |flags: &[&str]| {
        cloudkit.run(&[&["emulate", "--ephemeral", "--quiet"], flags, &["--", "sh", "-c", script]].concat())
    };
    assert!(told(&[]).starts_with("exit 5"), "{}", told(&[]));
    assert!(told(&["--strict=3"]).starts_with("exit 0"), "{}", told(&["--strict=3"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_added_once_kept_in_the_manifest_and_used() {
    let cloudkit = players().await;
    let before = cloudkit.json(&["db", "explain", "players", "--sort", "score:desc", "--limit", "1"]);
    assert_eq!((&before["index"], &before["documentsExamined"]), (&json!(null), &json!(3)));
    assert_eq!(before["advice"]["fix"], "cloudkit db index add players score:desc");
    insta::assert_snapshot!(cloudkit.run(&["db", "index", "add", "players", "score:desc", "--unique"]), @r"
    exit 0
    --- stdout
    ✔ Added index `score_-1` to `players`
    ✔ Wrote `cloudkit.toml`
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "index", "add", "players", "score:desc", "--unique"]), @r"
    exit 0
    --- stdout
    ✔ `players` has index `score_-1` already
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.read("cloudkit.toml"), @r#"
    # Ours.
    [project]
    name = "garden"

    [database.players] # the board
    permission = "READONLY"
    indexes = [{ keys = ["score:desc"], unique = true }]
    "#);
    let after = cloudkit.json(&["db", "explain", "players", "--sort", "score:desc", "--limit", "1"]);
    assert_eq!((&after["index"], &after["documentsExamined"]), (&json!("score_-1"), &json!(1)));
    let listed = cloudkit.json(&["db", "index", "list", "players"]);
    let listed = listed.as_array().expect("a list").iter().find(|it| it["name"] == "score_-1").cloned();
    assert_eq!(listed.expect("it is there")["keys"], json!(["score:desc"]));
    insta::assert_snapshot!(cloudkit.run(&["db", "index", "drop", "players", "score_-1"]), @r"
    exit 0
    --- stdout
    ✔ Dropped index `score_-1` of `players`
    ✔ Wrote `cloudkit.toml`
    --- stderr
    target: local  [url]
    ");
    assert_eq!(cloudkit.json(&["db", "index", "list", "players"]).as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_makes_no_sense_is_refused_and_the_manifest_stays() {
    let cloudkit = players().await;
    for (arguments, code, why) in [
        (&["db", "index", "add", "players"][..], 2, "missing `<FIELD"),
        (&["db", "index", "add", "players", "score:down"], 2, "`down` is not an index direction"),
        (&["db", "index", "add", "players", "a", "a:desc"], 2, "names `a` twice"),
        (&["db", "index", "add", "players", "$x"], 2, "not a field path"),
        (&["db", "index", "add", "player", "score"], 4, "did you mean `players`?"),
        (&["db", "index", "drop", "players", "nope"], 4, "`players` has no index `nope`"),
    ] {
        let output = cloudkit.output(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
    assert_eq!(cloudkit.read("cloudkit.toml"), MANIFEST.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_index_over_duplicates_is_refused_and_nothing_is_half_done() {
    let cloudkit = players().await;
    cloudkit.run(&["db", "insert", "players", r#"{"score":7}"#]);
    let output = cloudkit.output(&["db", "index", "add", "players", "score", "--unique"]);
    assert_eq!(output.status.code(), Some(5), "{}", cloudkit.tell(&output));
    assert_eq!(cloudkit.read("cloudkit.toml"), MANIFEST.1);
    assert_eq!(cloudkit.json(&["db", "index", "list", "players"]).as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_of_ids_is_there_already() {
    let cloudkit = players().await;
    let output = cloudkit.output(&["db", "index", "add", "players", "_id"]);
    let told = cloudkit.tell(&output);
    assert!(
        told.contains("hint: every collection has this index, which stays: there is nothing to add"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insertion_that_stops_half_way_says_where() {
    let cloudkit = players().await;
    let documents = r#"[{"_id":"d"},{"_id":"a"},{"_id":"e"}]"#;
    insta::assert_snapshot!(cloudkit.run(&["db", "insert", "players", documents]), @r#"
    exit 5
    --- stderr
    target: local  [url]
    error[DATABASE_REQUEST_FAILED]: `database.insertDocument` was refused: [FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: local.players index: _id_ dup key: { _id: "a" }}]}, {<nil>}]
      caused by: at document 2 of 3; documents before it were inserted: 1
    hint: the message says why: a duplicate key, a wrong type, a bad update
    hint: insert only document 2 and those after it, once it is corrected
    request id: [id]
    "#);
    insta::assert_snapshot!(cloudkit.run(&["db", "insert", "players", documents]), @r#"
    exit 5
    --- stderr
    target: local  [url]
    error[DATABASE_REQUEST_FAILED]: `database.insertDocument` was refused: [FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: local.players index: _id_ dup key: { _id: "d" }}]}, {<nil>}]
      caused by: at document 1 of 3; none was inserted
    hint: the message says why: a duplicate key, a wrong type, a bad update
    request id: [id]
    "#);
    let found = cloudkit.json(&["db", "query", "players", "--field", "_id", "--sort", "_id"]);
    assert_eq!(found, json!([{ "_id": "a" }, { "_id": "b" }, { "_id": "c" }, { "_id": "d" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_query_is_told() {
    let cloudkit = players().await;
    insta::assert_snapshot!(cloudkit.run(&["db", "query", "player"]), @r"
    exit 4
    --- stderr
    error[DATABASE_COLLECTION_NOT_EXIST]: collection `player` does not exist
    hint: did you mean `players`?
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "query", "players", "--where", "{score: 1}"]), @r#"
    exit 2
    --- stderr
    error: this is not Extended JSON: `{score: 1}`
      caused by: key must be a string at line 1 column 2
    hint: write for example `{"score": {"$gt": 10}}`
    "#);
    let told = cloudkit.run(&["db", "query", "players", "--limit", "-1"]);
    assert!(
        told.contains(
            "`-1` is not a value for `--limit <LIMIT>`\n  caused by: it is a whole number from 0 on"
        ),
        "{told}"
    );
    for (arguments, said) in [
        (
            &["query", "players", "--sort", "a:up"][..],
            "`up` is not an order\nhint: write `a:asc` or `a:desc`",
        ),
        (&["query", "players", "--field", "$a"], "`$a` is not a field path"),
        (
            &["insert", "players", r#"{"d":{"$date":"zz"}}"#, "-q"],
            "not Extended JSON\n  caused by: `zz` is not a date",
        ),
        (
            &["insert", "players", r#"{"d":{"$date":"zz"}}"#, "--lang=zh"],
            "原因：`zz` 不是日期（第 1 行第 19 列）",
        ),
        (&["insert", "players", "{d", "--lang=zh"], "键必须是字符串"),
        (&["import", "players", "nowhere.jsonl", "--lang=zh"], "原因：文件或目录不存在"),
    ] {
        let told = cloudkit.run(&[&["db"], arguments].concat());
        assert!(told.contains(said), "{told}");
    }
    let output = cloudkit.output(&["db", "query", "players", "--where", r#"{"a":{"$nope":1}}"#]);
    assert_eq!(output.status.code(), Some(5), "{}", cloudkit.tell(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_are_added_listed_and_dropped() {
    let cloudkit = Cloudkit::serving(&[]).await;
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "list"]), @r"
    exit 0
    --- stdout
    There are no collections.
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "add", "todos"]), @r"
    exit 0
    --- stdout
    ✔ Added collection `todos`
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "add", "todos"]), @r"
    exit 0
    --- stdout
    ✔ Collection `todos` is there already
    --- stderr
    target: local  [url]
    ");
    assert_eq!(cloudkit.json(&["db", "collection", "list"])[0]["name"], "todos");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "drop", "todo"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error[ResourceNotFound.TableNotFound]: collection `todo` does not exist
    hint: did you mean `todos`?
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "drop", "todos"]), @r"
    exit 0
    --- stdout
    ✔ Dropped collection `todos`
    --- stderr
    target: local  [url]
    ");
    assert!(
        !cloudkit.folder().join("cloudkit.toml").exists(),
        "a project without a manifest gets none by this"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_of_a_damaged_file_is_saved_and_can_be_begun_with() {
    let cloudkit = Cloudkit::alone(&[MANIFEST]);
    let begin = |arguments: &[&str]| {
        let all = [&["emulate", "--port", "0"], arguments].concat();
        let output = cloudkit.output(&all);
        assert_eq!(output.status.code(), Some(0), "{}", cloudkit.tell(&output));
    };
    let documents: String =
        (0..100).map(|it| format!("{{\"_id\":\"p{it}\",\"text\":\"{}\"}}\n", "x".repeat(200))).collect();
    std::fs::write(cloudkit.folder().join("notes.jsonl"), documents).expect("written");
    begin(&["--seed", "notes.jsonl", "--durability", "full", "--", "true"]);
    let file = cloudkit.folder().join(".cloudkit/data/documents.sqlite");
    let mut bytes = std::fs::read(&file).expect("the data");
    let leaf = |page: &&mut [u8]| page[0] == 13 && page.windows(40).any(|it| it == [b'x'; 40]);
    bytes.chunks_mut(4096).rfind(leaf).expect("a page of documents")[0] = 0xff;
    std::fs::write(&file, &bytes).expect("written");

    let output = cloudkit.output(&["db", "export", "--salvage", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", cloudkit.tell(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let notes = told.as_array().expect("a list").iter().find(|it| it["collection"] == "notes");
    let notes = notes.expect("the collection");
    let (saved, lost) =
        (notes["saved"].as_u64().expect("a number"), notes["lost"].as_u64().expect("a number"));
    assert_eq!((saved + lost, lost > 0), (100, true), "{told}");
    let last = notes["documents"].as_array().expect("a list").last().expect("a document");
    assert_eq!((&last["number"], &last["id"]), (&json!(100), &json!("\"p99\"")));
    assert_eq!(cloudkit.read("salvaged/notes.jsonl").lines().count() as u64, saved);

    let output = cloudkit.output(&["db", "export", "--salvage", "notes"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, cloudkit.read("salvaged/notes.jsonl").into_bytes());
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(talk.contains("document 100 of `notes` (_id \"p99\") cannot be read"), "{talk}");
    assert_eq!(std::fs::read(&file).expect("the data"), bytes, "salvage changes nothing");

    std::fs::remove_dir_all(cloudkit.folder().join(".cloudkit/data")).expect("moved away");
    begin(&["--seed", "salvaged", "--", "true"]);
    let output = cloudkit.output(&["db", "export", "--salvage", "notes"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, cloudkit.read("salvaged/notes.jsonl").into_bytes());
}

#[test]
fn a_seed_that_does_not_come_to_its_end_leaves_nothing_and_begins_anew() {
    let lines = |count: usize| (0..count).map(|it| format!("{{\"_id\":{it}}}\n")).collect::<String>();
    // So long that its first documents are committed before the last are met.
    let broken = lines(6000) + "{\"_id\":7}\n";
    let cloudkit = Cloudkit::alone(&[("things.jsonl", &broken)]);
    let run = |arguments: &[&str]| cloudkit.run(&[&["emulate", "--port", "0"], arguments].concat());
    let stored = || String::from_utf8(cloudkit.output(&["db", "export", "--salvage", "things"]).stdout);
    let told = run(&["--seed", "things.jsonl", "--", "true"]);
    assert!(told.starts_with("exit 1") && told.contains("E11000"), "{told}");
    assert_eq!(stored().as_deref(), Ok(""));

    std::fs::write(cloudkit.folder().join("things.jsonl"), lines(6000)).expect("written");
    let told = run(&["--seed", "things.jsonl", "--", "true"]);
    assert!(told.starts_with("exit 0"), "{told}");
    assert_eq!(stored(), Ok(lines(6000)));

    // What an emulator leaves that was killed meanwhile.
    std::fs::write(cloudkit.folder().join(".cloudkit/data/seeding.json"), "\"things\"").expect("written");
    std::fs::write(cloudkit.folder().join("things.jsonl"), lines(7000)).expect("written");
    let told = run(&["--seed", "things.jsonl", "--", "true"]);
    assert!(told.starts_with("exit 0"), "{told}");
    assert_eq!(stored(), Ok(lines(7000)));
}
