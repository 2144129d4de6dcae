//! `cloudkit snapshot …`, and what a test calls between two cases.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;
use crate::support::http::Request;

async fn with_a_document() -> Cloudkit {
    let cloudkit = Cloudkit::serving(&[("a.txt", "first")]).await;
    cloudkit.run(&["db", "collection", "add", "things"]);
    cloudkit.run(&["db", "insert", "things", r#"{"_id":1}"#]);
    cloudkit.run(&["storage", "upload", "a.txt", "a.txt"]);
    cloudkit.run(&["rules", "set", "things", "ADMINONLY"]);
    cloudkit
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_files_and_permissions_come_back() {
    let cloudkit = with_a_document().await;
    insta::assert_snapshot!(cloudkit.run(&["snapshot", "save", "start"]), @r"
    exit 0
    --- stdout
    ✔ Saved `start`: documents 1, files 1
    ");
    insta::assert_snapshot!(cloudkit.run(&["snapshot", "save", "start"]), @r"
    exit 5
    --- stderr
    error[ResourceUnavailable.ResourceExist]: `SaveSnapshot` was refused: snapshot `start` exists
    hint: nothing to do if it is the one you meant
    hint: `--replace` saves over it
    request id: [id]
    ");

    cloudkit.run(&["db", "collection", "drop", "things"]);
    cloudkit.run(&["storage", "delete", "a.txt"]);
    std::fs::write(cloudkit.folder().join("b.txt"), "second").expect("a file");
    cloudkit.run(&["storage", "upload", "b.txt", "b.txt"]);
    cloudkit.run(&["storage", "upload", "b.txt", "a.txt"]);
    insta::assert_snapshot!(cloudkit.run(&["snapshot", "restore", "start"]), @r"
    exit 0
    --- stdout
    ✔ Restored `start`: documents 1, files 1
    --- stderr
    target: local  [url]
    ");
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([{ "_id": 1 }]));
    let files = cloudkit.json(&["storage", "list"]);
    assert!(files.to_string().contains("a.txt") && !files.to_string().contains("b.txt"), "{files}");
    cloudkit.run(&["storage", "download", "a.txt", "out.txt"]);
    assert_eq!(cloudkit.read("out.txt"), "first");
    assert!(cloudkit.run(&["rules", "get", "things"]).contains("ADMINONLY"));

    assert_eq!(cloudkit.json(&["snapshot", "list"])[0]["documents"], 1);
    insta::assert_snapshot!(cloudkit.run(&["snapshot", "delete", "start"]), @r"
    exit 0
    --- stdout
    ✔ Deleted `start`
    --- stderr
    target: local  [url]
    ");
    assert_eq!(cloudkit.json(&["snapshot", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_name_and_a_missing_one_are_refused() {
    let cloudkit = with_a_document().await;
    for bad in ["../up", ".hidden", "", "a b"] {
        assert!(cloudkit.run(&["snapshot", "save", bad]).starts_with("exit 2"), "{bad}");
    }
    cloudkit.run(&["snapshot", "save", "start"]);
    insta::assert_snapshot!(cloudkit.run(&["snapshot", "restore", "strat"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error[ResourceNotFound]: snapshot `strat` does not exist
    hint: did you mean `start`?
    request id: [id]
    ");
}

#[test]
fn what_a_stopped_emulator_left_is_saved_and_brought_back() {
    let cloudkit = Cloudkit::alone(&[("seed/things.jsonl", "{\"_id\":1}\n")]);
    let told = cloudkit.run(&["snapshot", "list"]);
    assert!(told.starts_with("exit 4") && told.contains("holds no data"), "{told}");
    assert!(!cloudkit.folder().join(".cloudkit/data").exists(), "a question makes no data");

    let serve = |arguments: &[&str]| {
        let told = cloudkit.run(&[&["emulate", "--port", "0"], arguments].concat());
        assert!(told.starts_with("exit 0"), "{told}");
    };
    let data = cloudkit.folder().join(".cloudkit/data");
    serve(&["--seed", "seed", "--", "node", "-e", "0"]);
    let told = cloudkit.run(&["snapshot", "save", "start"]);
    assert!(told.starts_with("exit 0") && told.contains("Saved `start`: documents 1, files 0"), "{told}");
    assert!(cloudkit.run(&["snapshot", "save", "start"]).starts_with("exit 5"));
    for entry in std::fs::read_dir(&data).expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().starts_with("documents.sqlite") {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    serve(&["--", "node", "-e", "0"]);
    let told = cloudkit.run(&["snapshot", "restore", "start"]);
    assert!(told.contains("Restored `start`: documents 1, files 0"), "{told}");
    cloudkit.run(&["snapshot", "save", "again"]);
    let all = cloudkit.json(&["snapshot", "list"]);
    assert_eq!((all[0]["name"].as_str(), all[0]["documents"].as_u64()), (Some("again"), Some(1)));
    assert!(cloudkit.run(&["snapshot", "delete", "start"]).starts_with("exit 0"));
    assert!(cloudkit.run(&["snapshot", "restore", "start"]).starts_with("exit 4"));
    // The emulator takes over what was brought back.
    serve(&["--", "node", "-e", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_resets_between_two_cases_with_plain_requests() {
    let cloudkit = with_a_document().await;
    let url = cloudkit.url().to_owned();
    let ask = async |method, path: &str| Request::new(method, &format!("{url}{path}")).send().await.status;
    assert_eq!(ask("PUT", "/__cloudkit/snapshots/start").await, 200);
    assert_eq!(ask("DELETE", "/__cloudkit/documents/things").await, 200);
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([]));
    assert_eq!(ask("POST", "/__cloudkit/snapshots/start").await, 200);
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([{ "_id": 1 }]));
    assert_eq!(ask("DELETE", "/__cloudkit/documents").await, 200);
    assert_eq!(cloudkit.json(&["db", "query", "things"]), json!([]));

    assert_eq!(ask("DELETE", "/__cloudkit/documents/none").await, 404);
    assert_eq!(ask("POST", "/__cloudkit/snapshots/none").await, 404);
    assert_eq!(ask("PUT", "/__cloudkit/snapshots/..%2Fup").await, 400);
    assert_eq!(ask("GET", "/__cloudkit/documents").await, 405);
    let foreign = Request::new("DELETE", &format!("{url}/__cloudkit/documents"));
    assert_eq!(foreign.header("origin", "https://evil.example").send().await.status, 403);
}
