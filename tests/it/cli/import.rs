//! `cloudkit db import` and `cloudkit db export`.

use std::fmt::Write;

use serde_json::json;

use crate::support::cloudkit::Cloudkit;

/// A project with an empty collection and a file to import.
async fn with(name: &str, text: &str) -> Cloudkit {
    let cloudkit = Cloudkit::serving(&[(name, text)]).await;
    cloudkit.run(&["db", "collection", "add", "things"]);
    cloudkit
}

fn lines(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, r#"{{"_id":"k{n:05}","n":{n}}}"#);
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_in_and_comes_out_the_same() {
    let cloudkit = with("things.jsonl", &lines(2_345)).await;
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl"]), @r"
    exit 0
    --- stdout
    ✔ Imported into `things`: 2345
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "export", "things", "out.jsonl"]), @r"
    exit 0
    --- stdout
    ✔ Exported from `things`: 2345
    ");
    assert_eq!(cloudkit.read("out.jsonl"), cloudkit.read("things.jsonl"));
    let output =
        cloudkit.command(&["db", "export", "things", "--where", r#"{"n":{"$lt":2}}"#]).output().expect("run");
    assert_eq!(String::from_utf8_lossy(&output.stdout), lines(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_several_types_all_come_out() {
    let text = r#"[{"_id":"x"},{"_id":1},{"_id":{"$oid":"65a000000000000000000000"}},{"_id":2.5}]"#;
    let cloudkit = with("things.json", text).await;
    cloudkit.run(&["db", "import", "things", "things.json"]);
    cloudkit.run(&["db", "export", "things", "out.json"]);
    let found: serde_json::Value = serde_json::from_str(&cloudkit.read("out.json")).expect("an array");
    assert_eq!(found, json!([{"_id":1},{"_id":2.5},{"_id":"x"},{"_id":{"$oid":"65a000000000000000000000"}}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_is_no_document_is_named_and_what_stands_before_it_is_kept() {
    let cloudkit = with("things.jsonl", "{\"a\":1}\n{\"a\":2}\n{\"a\":oops}\n{\"a\":4}\n").await;
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl"]), @r"
    exit 2
    --- stderr
    target: local  [url]
    error: things.jsonl, line 3: not imported
      caused by: this is not an Extended JSON document
      caused by: expected value (column 6)
    hint: what stands before it is imported (2)
    ");
    assert_eq!(cloudkit.json(&["db", "query", "things"]).as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_id_stops_an_insert_at_its_line_and_an_upsert_replaces() {
    let cloudkit = with("things.jsonl", &lines(250)).await;
    cloudkit.run(&["db", "insert", "things", r#"{"_id":"k00203","n":"old"}"#]);
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl"]), @r#"
    exit 5
    --- stderr
    target: local  [url]
    error: things.jsonl, line 204: not imported
      caused by: the `_id` "k00203" is taken
    hint: `--mode upsert` replaces what is there
    hint: what stands before it is imported (203)
    "#);
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl", "--mode", "upsert"]), @r"
    exit 0
    --- stdout
    ✔ Imported into `things`: 250, of them 46 new and 204 replaced
    --- stderr
    target: local  [url]
    ");
    assert_eq!(cloudkit.json(&["db", "query", "things", "--where", r#"{"_id":"k00203"}"#])[0]["n"], 203);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_becomes_documents() {
    let cloudkit = with("things.csv", "_id,name,stats.best\nu1,李雷,5\nu2,\"Han, M\",\n").await;
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.csv"]), @r"
    exit 0
    --- stdout
    ✔ Imported into `things`: 2
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "query", "things"]), @r#"
    exit 0
    --- stdout
    {"_id":"u1","name":"李雷","stats":{"best":5}}
    {"_id":"u2","name":"Han, M"}
    "#);
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "nothing", "nowhere.csv"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error: could not read `nowhere.csv`
      caused by: No such file or directory (os error 2)
    ");
}
