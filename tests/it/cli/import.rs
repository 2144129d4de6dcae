//! `cloudkit db import` and `cloudkit db export`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::cloudkit::Cloudkit;
use crate::support::http::Request;
use crate::support::patience::Limit;

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
    let output = cloudkit.output(&["db", "export", "things", "--where", r#"{"n":{"$lt":2}}"#]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), lines(2));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_flows_out_of_a_pipe_goes_in_whole() {
    let text = lines(2_345);
    let cloudkit = with("things.csv", "_id\n1\n").await;
    for (file, more) in [("-", ["--mode", "insert"]), ("/dev/stdin", ["--mode", "upsert"])] {
        let mut command = cloudkit.command(&[&["db", "import", "things", file], &more[..]].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("run");
        let _limit = Limit::of(&child);
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it is read");
        let told = cloudkit.tell(&child.wait_with_output().expect("it ends"));
        assert!(told.contains("Imported into `things`: 2345"), "{told}");
    }
    let output = cloudkit.output(&["db", "export", "things"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), text);
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
async fn a_line_that_is_no_document_is_shown_and_nothing_is_imported() {
    let cloudkit = with("things.jsonl", "{\"a\":1}\n{\"a\":2}\n{\"名\":oops}\n{\"a\":4}\n").await;
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl"]), @r#"
    exit 2
    --- stderr
    target: local  [url]
    error: things.jsonl, line 3: not imported
    --> things.jsonl:3:6
      |
    3 | {"名":oops}
      |       ^ not Extended JSON: expected value
    hint: nothing was imported
    "#);
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([]));
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
    hint: imported before it stopped: 203
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

/// Every type a document may hold, canonical and relaxed.
const TYPES: [(&str, &str); 2] = [
    (
        "things.jsonl",
        r#"{"_id":{"$numberInt":"1"},"int":{"$numberInt":"-5"},"long":{"$numberLong":"5"},"double":{"$numberDouble":"5.0"},"tenth":{"$numberDouble":"0.30000000000000004"},"zero":{"$numberDouble":"-0.0"},"nan":{"$numberDouble":"NaN"},"far":{"$numberDouble":"-Infinity"},"exact":{"$numberDecimal":"0.10"},"at":{"$date":{"$numberLong":"1700000000123"}},"early":{"$date":{"$numberLong":"-1"}},"late":{"$date":{"$numberLong":"253402300800000"}},"id":{"$oid":"65a000000000000000000000"},"bytes":{"$binary":{"base64":"AQID","subType":"05"}},"like":{"$regularExpression":{"pattern":"^a\"","options":"i"}},"stamp":{"$timestamp":{"t":1,"i":2}},"least":{"$minKey":1},"most":{"$maxKey":1},"where":{"type":"Point","coordinates":[{"$numberDouble":"113.5"},{"$numberDouble":"23.1"}]},"none":null,"yes":true,"text":"李雷 \"a,b\"\n\u0001","list":[{"$numberInt":"1"},[],{}],"of":{"in":{"deep":""}}}"#,
    ),
    (
        "relaxed.jsonl",
        r#"{"_id":1,"int":-5,"long":9007199254740993,"double":5.0,"tenth":0.30000000000000004,"zero":-0.0,"nan":{"$numberDouble":"NaN"},"huge":1.7976931348623157e+308,"tiny":5e-324,"exact":{"$numberDecimal":"0.10"},"at":{"$date":"2023-11-14T22:13:20.123Z"},"early":{"$date":{"$numberLong":"-1"}},"id":{"$oid":"65a000000000000000000000"},"none":null,"where":{"type":"Point","coordinates":[113.5,23.1]},"text":"李雷"}"#,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_out_as_it_went_in() {
    let cloudkit = Cloudkit::serving(&TYPES).await;
    for (file, form) in [("things.jsonl", "--canonical"), ("relaxed.jsonl", "--quiet")] {
        cloudkit.run(&["db", "collection", "add", "things"]);
        let imported = cloudkit.run(&["db", "import", "things", file]);
        assert!(imported.starts_with("exit 0"), "{imported}");
        cloudkit.run(&["db", "export", "things", "out.jsonl", form]);
        assert_eq!(cloudkit.read("out.jsonl").trim_end(), cloudkit.read(file), "{file}");
        cloudkit.run(&["db", "collection", "drop", "things"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_holds_every_type_and_comes_back_the_same() {
    let text = TYPES.map(|(_, text)| text).join("\n").replacen("\"_id\":1,", "\"_id\":2,", 1);
    let cloudkit = with("things.jsonl", &text).await;
    cloudkit.run(&["db", "import", "things", "things.jsonl"]);
    cloudkit.run(&["db", "export", "things", "before.jsonl", "--canonical"]);
    cloudkit.run(&["db", "export", "things", "things.csv"]);
    cloudkit.run(&["db", "collection", "add", "again"]);
    cloudkit.run(&["db", "import", "again", "things.csv"]);
    cloudkit.run(&["db", "export", "again", "again.csv"]);
    assert_eq!(cloudkit.read("again.csv"), cloudkit.read("things.csv"));
    let documents = |file: &str| -> Vec<serde_json::Value> {
        let read = |line: &str| serde_json::from_str(line).expect("JSON");
        cloudkit.read(file).lines().map(read).collect()
    };
    cloudkit.run(&["db", "export", "again", "after.jsonl", "--canonical"]);
    assert_eq!(documents("after.jsonl"), documents("before.jsonl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_the_columns_that_were_asked_for() {
    let cloudkit = with("things.jsonl", "{\"_id\":1,\"a\":{\"b\":\"x, y\",\"c\":2}}\n{\"_id\":2}\n").await;
    cloudkit.run(&["db", "import", "things", "things.jsonl"]);
    let command = ["db", "export", "things", "--format", "csv", "--field", "a.b", "--field", "_id"];
    insta::assert_snapshot!(cloudkit.run(&command), @r#"
    exit 0
    --- stdout
    a.b,_id
    "x, y",1
    ,2
    "#);
    insta::assert_snapshot!(cloudkit.run(&["db", "export", "things", "--field", "a"]), @r"
    exit 2
    --- stderr
    error: `--field` names the columns of a CSV file
    hint: add `--format csv`
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_keeps_going_lists_what_was_refused() {
    let text = lines(1_203).replace("\"n\":700}", "\"n\":7}").replace("\"n\":900}", "\"n\":7}");
    let cloudkit = with("things.jsonl", &text).await;
    cloudkit.run(&["db", "index", "add", "things", "n", "--unique"]);
    cloudkit.run(&["db", "insert", "things", r#"{"_id":"k00003","n":-1}"#]);
    let import = ["db", "import", "things", "things.jsonl", "--keep-going"];
    insta::assert_snapshot!(cloudkit.run(&import), @r#"
    exit 5
    --- stdout
    ✔ Imported into `things`: 1200
    Refused: 3
      line 4: the `_id` "k00003" is taken
      line 701: `database.insertDocument` was refused: [FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: local.things index: n_1 dup key: { n: 7 }}]}, {<nil>}]
      line 901: `database.insertDocument` was refused: [FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: local.things index: n_1 dup key: { n: 7 }}]}, {<nil>}]
    --- stderr
    target: local  [url]
    "#);
    assert_eq!(cloudkit.json(&[&import[..], &["--mode", "upsert"]].concat())["failed"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_lines_are_listed_before_anything_is_imported_or_passed_over() {
    let deep = format!("{{\"_id\":3,\"a\":{}1{}}}", "[".repeat(120), "]".repeat(120));
    let text = format!(
        "{{\"_id\":1}}\n{{\"_id\":2,\"a.b\":1}}\n{deep}\n{{\"_id\":4,\"$a\":1}}\noops\n{{\"_id\":6}}\n"
    );
    let cloudkit = with("things.jsonl", &text).await;
    insta::assert_snapshot!(cloudkit.run(&["db", "import", "things", "things.jsonl"]), @r"
    exit 2
    --- stderr
    target: local  [url]
    error: things.jsonl, line 2: not imported
      caused by: the field name `a.b` holds `$`, `.` or a zero
    hint: line 3, too: a document may have at most 100 levels
    hint: line 4, too: the field name `$a` holds `$`, `.` or a zero
    hint: line 5, too: a document begins with `{`
    hint: nothing was imported
    ");
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([]));
    let imported = cloudkit.json(&["db", "import", "things", "things.jsonl", "--keep-going"]);
    let lines: Vec<_> = imported["failures"].as_array().into_iter().flatten().map(|it| &it["line"]).collect();
    assert_eq!((&imported["inserted"], lines), (&json!(2), vec![&json!(2), &json!(3), &json!(4), &json!(5)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_documents_is_worth_a_warning() {
    for (name, text) in [("a.jsonl", ""), ("a.json", "[]"), ("a.csv", "name,score\n")] {
        let told = with(name, text).await.run(&["db", "import", "things", name]);
        assert!(
            told.starts_with("exit 0") && told.contains(&format!("`{name}` holds no document")),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_of_two_documents_of_one_id_wins_an_upsert() {
    let text = "{\"_id\":1,\"n\":1}\n{\"_id\":1,\"n\":2}\n{\"_id\":1,\"n\":3}\n";
    let cloudkit = with("things.jsonl", text).await;
    let imported = cloudkit.json(&["db", "import", "things", "things.jsonl", "--mode", "upsert"]);
    assert_eq!((&imported["inserted"], &imported["replaced"]), (&json!(1), &json!(2)));
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([{ "_id": 1, "n": 3 }]));
    let refused = cloudkit.json(&["db", "import", "things", "things.jsonl", "--keep-going"]);
    assert_eq!(refused["failures"].as_array().map(Vec::len), Some(3));
}

/// Stands before the emulator and refuses to insert more than 500 documents at once; returns its address, and the sizes of
/// the insertions it was asked for.
async fn picky(behind: &str) -> (String, Arc<Mutex<Vec<usize>>>) {
    let (asked, behind) = (Arc::<Mutex<Vec<usize>>>::default(), behind.to_owned());
    let sizes = Arc::clone(&asked);
    let answer = async move |request: axum::extract::Request| {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        if said["action"] == "database.insertDocument" {
            let size = said["data"].as_array().map_or(0, Vec::len);
            sizes.lock().expect("sizes").push(size);
            if size > 500 {
                return json!({ "requestId": "r", "code": "INVALID_PARAM", "message": "too many" })
                    .to_string();
            }
        }
        let asked = Request::new("POST", &format!("{behind}{}", head.uri)).body(body);
        let headers = head.headers.iter().filter(|(name, _)| *name != "content-length");
        let asked = headers
            .fold(asked, |asked, (name, value)| asked.header(name.as_str(), value.to_str().expect("text")));
        String::from_utf8(asked.send().await.body).expect("text")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_takes_at_once_is_learned_from_one_refusal() {
    let cloudkit = with("things.jsonl", &lines(3_000)).await;
    let (address, asked) = picky(cloudkit.url()).await;
    let note = cloudkit.folder().join(".cloudkit/emulator.json");
    std::fs::write(&note, cloudkit.read(".cloudkit/emulator.json").replace(cloudkit.url(), &address))
        .expect("a note");
    let imported = cloudkit.json(&["db", "import", "things", "things.jsonl"]);
    assert_eq!(imported["inserted"], 3_000, "{imported}");
    let asked = asked.lock().expect("sizes");
    assert_eq!(asked.iter().filter(|size| **size > 500).count(), 1, "{asked:?}");
}
