//! Files: both ways up, links, ranges, copies. See `docs/wire.md#files`.

use cloudkit::api::sign::cos;
use cloudkit::emulator::permissions::Resource;
use cloudkit::model::permission::Permission;
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;
use crate::support::http::Request;

impl Sandbox {
    /// Asks where a file goes.
    async fn upload_metadata(&self, path: &str) -> Value {
        let answer = self.admin("storage.getUploadMetadata", json!({ "path": path, "method": "put" })).await;
        answer["data"].clone()
    }

    /// Uploads as node-sdk 3 does and returns the file id.
    async fn put_file(&self, path: &str, bytes: &[u8]) -> String {
        let metadata = self.upload_metadata(path).await;
        let response = Request::new("PUT", text(&metadata["url"]))
            .header("authorization", text(&metadata["authorization"]))
            .header("x-cos-meta-fileid", "ignored")
            .body(bytes)
            .send()
            .await;
        assert_eq!((response.status, response.body.len()), (200, 0), "{}", response.text());
        text(&metadata["fileId"]).to_owned()
    }

    async fn link(&self, file_id: &str) -> Value {
        let fields = json!({ "file_list": [{ "fileid": file_id, "max_age": 60 }] });
        self.admin("storage.batchGetDownloadUrl", fields).await["data"]["download_list"][0].clone()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

/// What JavaScript's `encodeURI` makes of a link.
fn encode_uri(link: &str) -> String {
    const KEPT: &[u8] = b"-_.!~*'();/?:@&=+$,#";
    link.bytes().fold(String::new(), |encoded, byte| {
        match byte.is_ascii_alphanumeric() || KEPT.contains(&byte) {
            true => encoded + &char::from(byte).to_string(),
            false => encoded + &format!("%{byte:02X}"),
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_up_and_comes_back_under_any_name() {
    let sandbox = Sandbox::start().await;
    for path in ["a.txt", "ck/héllo 云.txt", "100%#1?.png", "a+b&c=d.json", "%E4%BA%91"] {
        let bytes = format!("the bytes of {path}");
        let file_id = sandbox.put_file(path, bytes.as_bytes()).await;
        assert_eq!(file_id, format!("cloud://local.6c6f-local-1250000001/{path}"));
        let link = sandbox.link(&file_id).await;
        assert_eq!(
            (&link["code"], &link["fileID"], &link["maxAge"]),
            (&json!("SUCCESS"), &json!(file_id), &json!(60))
        );
        let url = encode_uri(text(&link["tempFileURL"]));
        let response = Request::new("GET", &url).send().await;
        assert_eq!((response.status, response.text()), (200, bytes.as_str()), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_uploads_as_the_older_sdks_do() {
    let sandbox = Sandbox::start().await;
    let answer = sandbox.admin("storage.getUploadMetadata", json!({ "path": "dir/云.bin" })).await;
    let metadata = &answer["data"];
    let form = |key: &'static str| {
        Request::new("POST", text(&metadata["url"])).form(&[
            ("Signature", text(&metadata["authorization"]).as_bytes()),
            ("x-cos-security-token", b"local"),
            ("x-cos-meta-fileid", b"ignored"),
            ("key", key.as_bytes()),
            ("file", b"\x00\x01bytes\r\n--edg"),
        ])
    };
    let response = form("dir/云.bin").send().await;
    assert_eq!((response.status, response.body.len()), (204, 0), "{}", response.text());
    let link = sandbox.link(text(&metadata["fileId"])).await;
    let response = Request::new("GET", &encode_uri(text(&link["tempFileURL"]))).send().await;
    assert_eq!(response.body, b"\x00\x01bytes\r\n--edg");

    let response = form("another").send().await;
    assert_eq!(response.status, 403);
    assert!(response.text().contains("<Code>AccessDenied</Code>"), "{}", response.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_upload_leaves_the_old_file_whole() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a.txt", b"old").await;
    let metadata = sandbox.upload_metadata("a.txt").await;
    Request::new("PUT", text(&metadata["url"]))
        .header("authorization", text(&metadata["authorization"]))
        .body("new but cut off")
        .cut(4)
        .abandon()
        .await;
    let link = sandbox.link(&file_id).await;
    assert_eq!(Request::new("GET", text(&link["tempFileURL"])).send().await.text(), "old");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorization_holds_though_a_sdk_has_added_its_own() {
    let sandbox = Sandbox::start().await;
    let metadata = sandbox.upload_metadata("a.txt").await;
    // As js-sdk 3 does in Node where the environment has a secret key.
    let authorization = format!("{}, TC3-HMAC-SHA256 Credential=AKID/x", text(&metadata["authorization"]));
    let put = Request::new("PUT", text(&metadata["url"])).header("authorization", &authorization).body("new");
    let response = put.send().await;
    assert_eq!(response.status, 200, "{}", response.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_length_nobody_told_is_no_empty_file() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a.txt", b"old").await;
    let metadata = sandbox.upload_metadata("a.txt").await;
    let put = Request::new("PUT", text(&metadata["url"]));
    let response = put.header("authorization", text(&metadata["authorization"])).send().await;
    assert_eq!(response.status, 411);
    assert!(response.text().contains("<Code>MissingContentLength</Code>"), "{}", response.text());
    let link = sandbox.link(&file_id).await;
    assert_eq!(Request::new("GET", text(&link["tempFileURL"])).send().await.text(), "old");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_its_time() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a.txt", b"bytes").await;
    let link = sandbox.link(&file_id).await;
    let url = text(&link["tempFileURL"]);
    assert_eq!(Request::new("GET", url).send().await.status, 200);
    assert_eq!(Request::new("GET", &url.replace("a.txt", "b.txt")).send().await.status, 403);
    sandbox.clock.advance(61_000);
    let response = Request::new("GET", url).send().await;
    assert_eq!(response.status, 403);
    assert!(response.text().contains("AccessDenied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_ranges_and_tags() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a.png", b"0123456789").await;
    let link = sandbox.link(&file_id).await;
    let url = text(&link["tempFileURL"]);

    let head = Request::new("HEAD", url).send().await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("10"), 0));
    assert_eq!(head.header("content-type"), Some("image/png"));
    assert_eq!(head.header("last-modified"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    let etag = head.header("etag").expect("a tag").to_owned();
    assert_eq!(etag, "\"781e5e245d69b566979b86e28d23f2c7\"");

    let part = Request::new("GET", url).header("range", "bytes=2-4").send().await;
    assert_eq!((part.status, part.text(), part.header("content-range")), (206, "234", Some("bytes 2-4/10")));
    let beyond = Request::new("GET", url).header("range", "bytes=10-").send().await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */10")));
    let known = Request::new("GET", url).header("if-none-match", &etag).send().await;
    assert_eq!((known.status, known.body.len()), (304, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_moved_and_deleted() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a/x.txt", b"x").await;
    let copy = json!({ "file_list": [
        { "src_path": "a/x.txt", "dst_path": "b/x.txt" },
        { "src_path": "a/x.txt", "dst_path": "b/x.txt", "overwrite": false },
        { "src_path": "a/x.txt", "dst_path": "c/x.txt", "remove_original": true },
        { "src_path": "a/x.txt", "dst_path": "d/x.txt" },
        { "src_path": "c/x.txt", "dst_path": "/d/x.txt" },
    ] });
    let answer = sandbox.admin("storage.batchCopyFile", copy).await;
    let codes: Vec<_> =
        answer["data"]["copy_list"].as_array().expect("a list").iter().map(|it| text(&it["code"])).collect();
    assert_eq!(codes, ["SUCCESS", "INVALID_PARAM", "SUCCESS", "STORAGE_FILE_NONEXIST", "INVALID_PARAM"]);

    let moved = text(&answer["data"]["copy_list"][2]["fileId"]);
    let delete = json!({ "fileid_list": [moved, file_id] });
    let answer = sandbox.admin("storage.batchDeleteFile", delete).await;
    assert_eq!(
        answer["data"]["delete_list"],
        json!([
            { "code": "SUCCESS", "fileID": moved },
            { "code": "STORAGE_FILE_NONEXIST", "fileID": file_id },
        ])
    );
    let link = sandbox.link(&file_id).await;
    assert_eq!((&link["code"], &link["tempFileURL"]), (&json!("STORAGE_FILE_NONEXIST"), &json!("")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_asked_for_in_whole_seconds_and_fifty_at_a_time() {
    let sandbox = Sandbox::start().await;
    for (max_age, refused) in [
        (json!(60), None),
        (json!(0), None),
        (json!(null), None),
        (json!(-1), Some("max_age must be a whole number of seconds, not -1")),
        (json!("60"), Some("max_age must be a whole number of seconds, not \"60\"")),
        (json!(1.5), Some("max_age must be a whole number of seconds, not 1.5")),
    ] {
        let asked = json!({ "file_list": [{ "fileid": "a.txt", "max_age": max_age }] });
        let answer = sandbox.admin("storage.batchGetDownloadUrl", asked).await;
        let message = refused.map(|it| format!("[InvalidParameter] {it}"));
        assert_eq!(answer["message"].as_str(), message.as_deref(), "{answer}");
        assert_eq!(answer["code"].as_str(), refused.map(|_| "INVALID_PARAM"), "{answer}");
    }
    for (count, code) in [(50, json!(null)), (51, json!("INVALID_PARAM"))] {
        let links = json!({ "file_list": vec![json!({ "fileid": "a.txt" }); count] });
        assert_eq!(sandbox.admin("storage.batchGetDownloadUrl", links).await["code"], code, "{count}");
        let deleted = json!({ "fileid_list": vec!["a.txt"; count] });
        assert_eq!(sandbox.admin("storage.batchDeleteFile", deleted).await["code"], code, "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_stays_inside() {
    let sandbox = Sandbox::start().await;
    for path in ["../../etc/passwd", "a/../../b", ""] {
        let answer = sandbox.admin("storage.getUploadMetadata", json!({ "path": path })).await;
        assert_eq!(answer["code"], "INVALID_PARAM", "{path}");
    }
    for target in ["/__cloudkit/object/../../../etc/passwd", "/__cloudkit/object/%2e%2e%2fdocuments.sqlite"] {
        assert_eq!(sandbox.get(target).await.status, 404, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_cos_xml_for_the_holder_of_the_key() {
    let sandbox = Sandbox::start().await;
    for path in ["a&b.txt", "dir/1", "dir/2"] {
        sandbox.put_file(path, b"bytes").await;
    }
    let url = sandbox.url("/__cloudkit/object/?prefix=&delimiter=%2F&marker=%2F&max-keys=10");
    assert_eq!(Request::new("GET", &url).send().await.status, 403);
    let parameters = [("prefix", ""), ("delimiter", "/"), ("marker", "/"), ("max-keys", "10")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = cos::Request { method: "get", path: "/", parameters: &parameters, headers: &[] };
    let authorization = request.sign("AKIDlocal", "localkey", 1_700_000_000, 1_700_000_060);
    let response = Request::new("GET", &url).header("authorization", &authorization).send().await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/xml")));
    let listing = response.text();
    for part in [
        "<Key>a&amp;b.txt</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>",
        "<Size>5</Size>",
        "<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>",
        "<IsTruncated>false</IsTruncated>",
    ] {
        assert!(listing.contains(part), "{part} in {listing}");
    }
}

/// What `POST /web` says to an action of a client: a code, or the code of the first item.
async fn web(sandbox: &Sandbox, token: &str, action: &str, mut fields: Value) -> bool {
    let all = fields.as_object_mut().expect("an object");
    all.extend([("action".to_owned(), json!(action)), ("access_token".to_owned(), json!(token))]);
    let request = Request::new("POST", &sandbox.url("/web?env=local")).body(fields.to_string());
    let answer = request.header("content-type", "application/json").send().await.json();
    allows(&answer, &answer["data"]["download_list"][0])
}

/// The same of `POST /v1/storages/…`.
async fn rest(sandbox: &Sandbox, token: &str, what: &str, item: Value) -> bool {
    let url = sandbox.url(&format!("/v1/storages/{what}"));
    let request = Request::new("POST", &url).header("authorization", &format!("Bearer {token}"));
    let answer = request.body(json!([item]).to_string()).send().await.json();
    allows(&answer, &answer[0])
}

/// Whether neither the answer nor its item is a denial.
fn allows(answer: &Value, item: &Value) -> bool {
    let code = [&answer["code"], &item["code"]].into_iter().find_map(Value::as_str);
    match code {
        None | Some("SUCCESS") => true,
        Some("STORAGE_EXCEED_AUTHORITY") => false,
        Some(_) => panic!("{answer}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_permission_holds_at_every_door() {
    let sandbox = Sandbox::start().await;
    let file_id = sandbox.put_file("a.txt", b"bytes").await;
    let url = sandbox.url("/auth/v1/signin/anonymously");
    let granted = Request::new("POST", &url).header("x-device-id", "d").body("{}").send().await.json();
    let token = text(&granted["access_token"]);
    let rule = |text: &str| Permission::Custom(text.into());
    // Whether somebody without a login may read, whether a guest may, and whether a guest may write a new file and the admin's.
    for (permission, expected) in [
        (Permission::ReadOnly, [true, true, true, false]),
        (Permission::Private, [false, false, true, false]),
        (Permission::AdminWrite, [true, true, false, false]),
        (Permission::AdminOnly, [false; 4]),
        (rule(r#"{"read":true,"write":false}"#), [true, true, false, false]),
        (rule(r#"{"read":"auth != null","write":"auth != null"}"#), [false, true, true, true]),
        (
            rule(r#"{"read":"resource.path == 'b.txt'","write":"resource.path == 'a.txt'"}"#),
            [false, false, false, true],
        ),
        (rule("{"), [false; 4]),
    ] {
        let permissions = &sandbox.emulator.environment().permissions;
        permissions.set(&Resource::Storage, Some(&permission)).expect("set");
        let [nobody_reads, reads, writes_new, writes_old] = expected;
        let plain = Request::new("GET", &sandbox.url("/__cloudkit/object/a.txt")).send().await;
        assert_eq!(plain.status, if nobody_reads { 200 } else { 403 }, "{permission:?}");
        let list = json!({ "file_list": [{ "fileid": file_id }] });
        let item = json!({ "cloudObjectId": file_id });
        assert_eq!(web(&sandbox, token, "storage.batchGetDownloadUrl", list).await, reads, "{permission:?}");
        assert_eq!(rest(&sandbox, token, "get-objects-download-info", item).await, reads, "{permission:?}");
        for (path, may) in [("new.txt", writes_new), ("a.txt", writes_old)] {
            let asked = json!({ "path": path });
            assert_eq!(
                web(&sandbox, token, "storage.getUploadMetadata", asked).await,
                may,
                "{permission:?} {path}"
            );
            let item = json!({ "objectId": path });
            assert_eq!(
                rest(&sandbox, token, "get-objects-upload-info", item).await,
                may,
                "{permission:?} {path}"
            );
        }
        // A copy asks for both ends.
        let item = json!({ "srcPath": "a.txt", "dstPath": "copy/a.txt" });
        assert_eq!(rest(&sandbox, token, "copy-objects", item).await, reads && writes_new, "{permission:?}");
        let _ = sandbox.emulator.environment().storage.remove("copy/a.txt").await;
        if !writes_old {
            let item = json!({ "cloudObjectId": file_id });
            assert!(!rest(&sandbox, token, "delete-objects", item).await, "{permission:?}");
        }
    }
}
