//! Uploads that go wrong: cut off, malformed, signed for something else, under names that are none. Whatever comes, the old
//! file stays whole and nothing is left beside it.

use cloudkit::emulator::Emulator;
use cloudkit::emulator::config::Quota;
use cloudkit::model::clock::Clock;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::emulator::{Sandbox, config};
use crate::support::http::Request;
use crate::support::patience::within;

/// Where a file goes, by one of the two steps of an upload.
struct Place {
    url: String,
    authorization: String,
}

impl Place {
    async fn of(sandbox: &Sandbox, path: &str) -> Self {
        let answer = sandbox.admin("storage.getUploadMetadata", json!({ "path": path })).await;
        let text =
            |name: &str| answer["data"][name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Place { url: text("url"), authorization: text("authorization") }
    }

    /// The head of a `PUT` as far as it is the same for all.
    fn put(&self, sandbox: &Sandbox) -> String {
        let Place { url, authorization } = self;
        let target = url.strip_prefix(sandbox.emulator.url()).expect("an address of ours");
        format!("PUT {target} HTTP/1.1\r\nhost: x.localhost\r\nauthorization: {authorization}\r\n")
    }
}

/// Sends bytes as they are, says that no more will come, and returns the statuses of all answers.
async fn send(sandbox: &Sandbox, bytes: &[u8]) -> Vec<u16> {
    let address = sandbox.emulator.url().strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).await.expect("the emulator listens");
    // It may refuse what it has not read to its end.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = within("the end of the answers", stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split("HTTP/1.1 ").skip(1).map(|rest| rest[..3].parse().expect("a status")).collect()
}

async fn store(sandbox: &Sandbox, path: &str, bytes: &[u8]) {
    let Place { url, authorization } = Place::of(sandbox, path).await;
    let put = Request::new("PUT", &url).header("authorization", &authorization).body(bytes);
    assert_eq!(put.send().await.status, 200);
}

/// Reads the file as its holder, and counts what lies on the disk.
async fn check_old(sandbox: &Sandbox, what: &str) {
    let files = json!({ "file_list": [{ "fileid": "cloud://local.b/a.txt" }] });
    let link = sandbox.admin("storage.batchGetDownloadUrl", files).await;
    let url = link["data"]["download_list"][0]["tempFileURL"].as_str().expect("a link").to_owned();
    assert_eq!(Request::new("GET", &url).send().await.text(), "old", "{what}");
    let folder = sandbox.folder.path().join(".cloudkit/data/objects");
    assert_eq!(std::fs::read_dir(folder).expect("the folder").count(), 1, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_off_or_malformed_changes_nothing() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "a.txt", b"old").await;
    for rest in [
        "content-length: 100\r\n\r\n",
        "content-length: 100\r\n\r\nonly this",
        "content-length: 18446744073709551615\r\n\r\nonly this",
        "content-length: 18446744073709551616\r\n\r\nonly this",
        "content-length: -1\r\n\r\nnew",
        "content-length: three\r\n\r\nnew",
        "content-length: 3\r\ncontent-length: 4\r\n\r\nnew!",
        "transfer-encoding: chunked\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n9\r\nonly",
        "transfer-encoding: chunked\r\n\r\n3\r\nnew\r\n",
        "transfer-encoding: chunked\r\n\r\nzz\r\nnew\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n3\r\nnew and more\r\n0\r\n\r\n",
        "transfer-encoding: gzip\r\n\r\nnew",
        "content-length: 3\r\ncontent-md5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\n\r\nnew",
        "content-length: 3\r\nnew",
        "\r\nnew",
    ] {
        let request = format!("{}{rest}", Place::of(&sandbox, "a.txt").await.put(&sandbox));
        let statuses = send(&sandbox, request.as_bytes()).await;
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{rest:?}: {statuses:?}");
        check_old(&sandbox, rest).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_the_announced_length_is_no_part_of_the_file() {
    let sandbox = Sandbox::start().await;
    let head = Place::of(&sandbox, "b.txt").await.put(&sandbox);
    let statuses =
        send(&sandbox, format!("{head}content-length: 3\r\n\r\nold and more\r\n\r\n").as_bytes()).await;
    assert_eq!(statuses, [200, 400]);
    assert_eq!(sandbox.emulator.environment().storage.get("b.txt").expect("stored").size, 3);
}

/// The parts of a form, each ended as the standard says.
fn parts(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        let file = if *name == "file" { "; filename=\"x\"" } else { "" };
        format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_cut_off_or_malformed_changes_nothing() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "a.txt", b"old").await;
    let Place { url, authorization } = Place::of(&sandbox, "a.txt").await;
    let key = ("key", "a.txt");
    let signature = ("Signature", authorization.as_str());
    let whole = parts(&[key, signature, ("file", "new")]);
    let big = "x".repeat(70_000);
    for (what, body, content_type, code) in [
        ("no end", whole.clone(), "multipart/form-data; boundary=edge", "IncompleteBody"),
        (
            "half a file",
            whole[..whole.len() - 4].to_owned(),
            "multipart/form-data; boundary=edge",
            "IncompleteBody",
        ),
        (
            "half a field",
            parts(&[key])[..60].to_owned(),
            "multipart/form-data; boundary=edge",
            "IncompleteBody",
        ),
        ("nothing", String::new(), "multipart/form-data; boundary=edge", "IncompleteBody"),
        (
            "another boundary",
            format!("{whole}--edge--\r\n"),
            "multipart/form-data; boundary=other",
            "IncompleteBody",
        ),
        ("no boundary", format!("{whole}--edge--\r\n"), "multipart/form-data", "MalformedPOSTRequest"),
        ("no form", format!("{whole}--edge--\r\n"), "text/plain", "MalformedPOSTRequest"),
        (
            "no file",
            format!("{}--edge--\r\n", parts(&[key, signature])),
            "multipart/form-data; boundary=edge",
            "MalformedPOSTRequest",
        ),
        (
            "no signature",
            format!("{}--edge--\r\n", parts(&[key, ("file", "new")])),
            "multipart/form-data; boundary=edge",
            "AccessDenied",
        ),
        (
            "the file first",
            format!("{}--edge--\r\n", parts(&[("file", "new"), key, signature])),
            "multipart/form-data; boundary=edge",
            "AccessDenied",
        ),
        (
            "another name",
            format!("{}--edge--\r\n", parts(&[("key", "../a.txt"), signature, ("file", "new")])),
            "multipart/form-data; boundary=edge",
            "AccessDenied",
        ),
        (
            "a large field",
            format!("{}--edge--\r\n", parts(&[("x", &big), key, signature, ("file", "new")])),
            "multipart/form-data; boundary=edge",
            "MaxPostPreDataLengthExceeded",
        ),
    ] {
        let response =
            Request::new("POST", &url).header("content-type", content_type).body(body).send().await;
        assert!((400..500).contains(&response.status), "{what}: {}", response.status);
        assert!(response.text().contains(&format!("<Code>{code}</Code>")), "{what}: {}", response.text());
        check_old(&sandbox, what).await;
    }
    // The same connection ends in the middle.
    let target = url.strip_prefix(sandbox.emulator.url()).expect("an address of ours");
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: x.localhost\r\ncontent-type: multipart/form-data; boundary=edge\r\ncontent-length: 9999\r\n\r\n"
    );
    let statuses = send(&sandbox, format!("{head}{whole}").as_bytes()).await;
    assert!(statuses.iter().all(|status| *status == 400), "{statuses:?}");
    check_old(&sandbox, "the connection ends").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_for_one_file_one_owner_and_one_time_is_good_for_no_other() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "a.txt", b"old").await;
    let other = Place::of(&sandbox, "b.txt").await;
    let place = Place::of(&sandbox, "a.txt").await;
    let good = place.authorization.as_str();
    let until = good.split('&').next().and_then(|it| it.split_once('=')).expect("a time").1;
    let later = good.replace(until, "9999999999");
    let owned = format!("{good}&x-owner=o-alice");
    let put = |authorization: &str| {
        Request::new("PUT", &place.url).header("authorization", authorization).body("new")
    };
    for wrong in
        ["", "nonsense", "q-signature=", &other.authorization, &later, &owned, &good[..good.len() - 1]]
    {
        assert_eq!(put(wrong).send().await.status, 403, "{wrong}");
        check_old(&sandbox, wrong).await;
    }
    sandbox.clock.advance(901_000);
    assert_eq!(put(good).send().await.status, 403);
    let form = [("Signature", good.as_bytes()), ("key", b"a.txt"), ("file", b"new")];
    assert_eq!(Request::new("POST", &place.url).form(&form).send().await.status, 403);
    check_old(&sandbox, "too late").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_what_it_says() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "a.txt", b"old").await;
    let permission = cloudkit::model::permission::Permission::Private;
    let permissions = &sandbox.emulator.environment().permissions;
    permissions.set(&cloudkit::emulator::permissions::Resource::Storage, Some(&permission)).expect("set");
    let files = json!({ "file_list": [{ "fileid": "cloud://local.b/a.txt", "max_age": 60 }] });
    let link = sandbox.admin("storage.batchGetDownloadUrl", files).await;
    let url = link["data"]["download_list"][0]["tempFileURL"].as_str().expect("a link").to_owned();
    let (address, query) = url.split_once('?').expect("a query");
    let (sign, time) = query.split_once('&').expect("two fields");
    for (wrong, status) in [
        (url.clone(), 200),
        (address.to_owned(), 403),
        (format!("{address}?{sign}"), 403),
        (format!("{address}?{time}"), 403),
        (format!("{address}?{sign}&t=9999999999"), 403),
        (format!("{address}?{sign}&t=x"), 403),
        (format!("{address}?sign=&{time}"), 403),
        (format!("{address}?sign=%FF&{time}"), 403),
        (format!("{address}?sign=00&{time}"), 403),
        (url.replace("a.txt", "A.txt"), 403),
        (url.replace("a.txt", "b.txt"), 403),
        (url.replace("a.txt", "%FF"), 400),
    ] {
        for method in ["GET", "HEAD"] {
            let response = Request::new(method, &wrong).send().await;
            assert_eq!(response.status, status, "{method} {wrong}");
            assert!(status == 200 || !String::from_utf8_lossy(&response.body).contains("old"), "{wrong}");
        }
    }
    // It reads; it does not write.
    assert_eq!(Request::new("PUT", &url).body("new").send().await.status, 403);
    assert_eq!(Request::new("DELETE", &url).send().await.status, 403);
    sandbox.clock.advance(61_000);
    assert_eq!(Request::new("GET", &url).send().await.status, 403);
}

const NAMES: [(&str, bool); 22] = [
    ("a.txt", true),
    ("猫/قطة/кошка/🐈.txt", true),
    ("é", true),
    ("e\u{301}", true),
    ("A b+c&d=e#f?g%41.txt", true),
    ("CON", true),
    ("folder/", true),
    (".hidden", true),
    ("a..b", true),
    ("a\\b", true),
    ("", false),
    ("/", false),
    ("/a.txt", false),
    ("\\a.txt", false),
    ("..", false),
    ("../a.txt", false),
    ("a/../../b", false),
    ("a\\..\\b", false),
    ("a/./b", false),
    ("a//b", false),
    ("a\u{0}b", false),
    ("a\u{1b}b\r\nx: y", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_or_refused_alike_at_every_door() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "source.txt", b"old").await;
    let long = "云".repeat(284);
    for (name, is_good) in NAMES.into_iter().chain([(&long[..849], true), (&long[..], false)]) {
        let answer = sandbox.admin("storage.getUploadMetadata", json!({ "path": name })).await;
        let code = answer["code"].as_str();
        assert_eq!(code, if is_good { None } else { Some("INVALID_PARAM") }, "{name:?}: {answer}");
        if is_good {
            store(&sandbox, name, name.as_bytes()).await;
            let storage = &sandbox.emulator.environment().storage;
            assert_eq!(storage.get(name).expect("stored").size, name.len() as u64, "{name:?}");
            storage.remove(name).await.expect("it is there");
        }
        let item = json!({ "src_path": "source.txt", "dst_path": storage_id(name), "overwrite": true });
        let answer = sandbox.admin("storage.batchCopyFile", json!({ "file_list": [item] })).await;
        let code = &answer["data"]["copy_list"][0]["code"];
        assert_eq!(code == "SUCCESS", is_good, "copy to {name:?}: {answer}");
    }
}

/// An id is taken as it is; of a bare path a leading slash is no part.
fn storage_id(name: &str) -> String {
    format!("cloud://local.b/{name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_emulators_end_interrupts_leaves_the_old_file() {
    let sandbox = Sandbox::start().await;
    store(&sandbox, "a.txt", b"old").await;
    // What a process leaves that is killed while bytes come in.
    let folder = sandbox.folder.path().join(".cloudkit/data/objects");
    std::fs::write(folder.join("upload-x1"), "half of the new fi").expect("written");
    let Sandbox { emulator, folder, .. } = sandbox;
    emulator.stop().await;
    let clock = Clock::frozen(crate::support::emulator::NOW);
    let emulator = Emulator::start(config(folder.path(), &clock)).await.expect("an emulator");
    check_old(&Sandbox { emulator, clock, folder }, "after the end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_beyond_the_room_is_refused_and_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::frozen(crate::support::emulator::NOW);
    let mut config = config(folder.path(), &clock);
    config.quota = Quota { documents: 1_000_000, files: 10 };
    config.enforce_quota = true;
    let emulator = Emulator::start(config).await.expect("an emulator");
    let sandbox = Sandbox { emulator, clock, folder };
    store(&sandbox, "a.txt", b"old").await;
    let place = Place::of(&sandbox, "a.txt").await;
    // It is refused when it is announced, and what is not announced when it comes.
    for rest in
        ["content-length: 11\r\n\r\nonly", "transfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"]
    {
        let request = format!("{}{rest}", place.put(&sandbox));
        assert_eq!(send(&sandbox, request.as_bytes()).await, [403], "{rest}");
        check_old(&sandbox, rest).await;
    }
    let form = [("Signature", place.authorization.as_bytes()), ("key", b"a.txt"), ("file", b"12345678901")];
    let refused = Request::new("POST", &place.url).form(&form).send().await;
    assert!(refused.text().contains("<Code>QuotaLimitExceeded</Code>"), "{}", refused.text());
    let item = json!({ "src_path": "a.txt", "dst_path": "b.txt" });
    let list = json!({ "file_list": [item, { "src_path": "a.txt", "dst_path": "c.txt" }, item, { "src_path": "a.txt", "dst_path": "d.txt" }] });
    let copied = sandbox.admin("storage.batchCopyFile", list).await;
    let copied = copied["data"]["copy_list"].as_array().expect("a list");
    let codes: Vec<_> = copied.iter().map(|it| it["code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["SUCCESS", "SUCCESS", "SUCCESS", "STORAGE_REQUEST_FAIL"]);
    let delete = json!({ "fileid_list": ["cloud://local.b/b.txt", "cloud://local.b/c.txt"] });
    sandbox.admin("storage.batchDeleteFile", delete).await;
    store(&sandbox, "b.txt", b"1234567").await;

    // Documents have room of their own.
    sandbox.admin("database.addCollection", json!({ "collectionName": "todos" })).await;
    let add = |text: String| {
        let data = [json!({ "text": text }).to_string()];
        sandbox.admin("database.insertDocument", json!({ "collectionName": "todos", "data": data }))
    };
    // The engine notices when its log has gone into the file.
    let mut stored = 0;
    while add("x".repeat(100_000)).await["code"] != "DATABASE_REQUEST_FAILED" {
        stored += 1;
        assert!(stored < 1000, "documents of 100 MB are beyond 1 MB");
    }
    assert!(stored >= 10, "{stored}");
    let all = json!({ "collectionName": "todos", "query": "{}", "multi": true });
    sandbox.admin("database.removeDocument", all).await;
    assert_eq!(add("x".to_owned()).await["code"], serde_json::Value::Null);
}
