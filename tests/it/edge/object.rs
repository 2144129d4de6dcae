//! The bucket, as object storage speaks: signatures, XML, conditions, uploads in parts. See `docs/wire.md#object-storage`.

use cloudkit::api::sign::cos;
use cloudkit::emulator::permissions::Resource;
use cloudkit::model::permission::Permission;

use crate::support::emulator::{NOW, Sandbox};
use crate::support::http::{Request, Response};

const BUCKET: &str = "6c6f-local-1250000001.cos.ap-shanghai.myqcloud.com";
const MEGABYTE: usize = 1 << 20;

/// A request to the bucket's own host, signed with the emulator's key.
struct Asked {
    method: &'static str,
    /// The path and the query, encoded.
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn asked(method: &'static str, target: &str) -> Asked {
    Asked { method, target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
}

impl Asked {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    async fn send(self, sandbox: &Sandbox) -> Response {
        let authorization = self.sign();
        self.request(sandbox, &authorization).send().await
    }

    async fn send_with(self, sandbox: &Sandbox, authorization: &str) -> Response {
        self.request(sandbox, authorization).send().await
    }

    /// Signs the path, in which nothing is escaped, for a minute.
    fn sign(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let method = self.method.to_lowercase();
        let request = cos::Request { method: &method, path, parameters: &[], headers: &[] };
        let now = NOW / 1000;
        request.sign("AKIDlocal", "localkey", now, now + 60)
    }

    fn request(self, sandbox: &Sandbox, authorization: &str) -> Request {
        let url = sandbox.url(&self.target);
        let mut request = Request::new(self.method, &url).header("host", BUCKET).body(self.body);
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        self.headers.into_iter().fold(request, |request, (name, value)| request.header(&name, &value))
    }
}

/// Returns status and code of a refusal, and for anything else the status alone.
fn told(response: &Response) -> (u16, String) {
    (response.status, element(response, "Code"))
}

fn element(response: &Response, name: &str) -> String {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    let inside = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
    inside.map_or_else(String::new, |(inside, _)| inside.to_owned())
}

async fn put(sandbox: &Sandbox, key: &str, bytes: &[u8]) -> String {
    let response = asked("PUT", &format!("/{key}")).body(bytes).send(sandbox).await;
    assert_eq!((response.status, response.body.len()), (200, 0), "{}", response.text());
    response.header("etag").expect("a tag").to_owned()
}

/// Begins an upload in parts and returns its id.
async fn begin(sandbox: &Sandbox, key: &str) -> String {
    let response = asked("POST", &format!("/{key}?uploads")).send(sandbox).await;
    assert_eq!(response.status, 200, "{}", response.text());
    element(&response, "UploadId")
}

async fn put_part(sandbox: &Sandbox, key: &str, id: &str, number: u32, bytes: Vec<u8>) -> Response {
    let target = format!("/{key}?partNumber={number}&uploadId={id}");
    asked("PUT", &target).body(bytes).send(sandbox).await
}

async fn complete(sandbox: &Sandbox, key: &str, id: &str, parts: &[(u32, &str)]) -> Response {
    let part = |(number, etag): &(u32, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    };
    let list: String = parts.iter().map(part).collect();
    let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    asked("POST", &format!("/{key}?uploadId={id}")).body(body).send(sandbox).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_holder_of_the_key_gets_in() {
    let sandbox = Sandbox::start().await;
    put(&sandbox, "a.txt", b"bytes").await;
    sandbox
        .emulator
        .environment()
        .permissions
        .set(&Resource::Storage, Some(&Permission::Private))
        .expect("set");
    let sign = |path: &str, id: &str, key: &str, until: i64| {
        cos::Request { method: "get", path, parameters: &[], headers: &[] }.sign(id, key, until - 60, until)
    };
    let now = NOW / 1000;
    for (authorization, expected) in [
        (sign("/a.txt", "AKIDlocal", "localkey", now + 60), (200, "")),
        (String::new(), (403, "AccessDenied")),
        ("nonsense".into(), (403, "AccessDenied")),
        (sign("/a.txt", "AKIDother", "localkey", now + 60), (403, "InvalidAccessKeyId")),
        (sign("/a.txt", "AKIDlocal", "otherkey", now + 60), (403, "SignatureDoesNotMatch")),
        (sign("/b.txt", "AKIDlocal", "localkey", now + 60), (403, "SignatureDoesNotMatch")),
        (sign("/a.txt", "AKIDlocal", "localkey", now - 1), (403, "AccessDenied")),
    ] {
        let response = asked("GET", "/a.txt").send_with(&sandbox, &authorization).await;
        assert_eq!(told(&response), (expected.0, expected.1.to_owned()), "{authorization}");
        // In the address, too.
        let query = if authorization.is_empty() { String::new() } else { format!("?{authorization}") };
        let presigned = query.replace(';', "%3B");
        let response = asked("GET", &format!("/a.txt{presigned}")).send_with(&sandbox, "").await;
        assert_eq!(told(&response), (expected.0, expected.1.to_owned()), "{presigned}");
    }
    for (method, target) in [
        ("PUT", "/a.txt"),
        ("DELETE", "/a.txt"),
        ("HEAD", "/"),
        ("GET", "/"),
        ("GET", "/?uploads"),
        ("POST", "/a.txt?uploads"),
        ("POST", "/a.txt?uploadId=x"),
        ("PUT", "/a.txt?partNumber=1&uploadId=x"),
        ("GET", "/a.txt?uploadId=x"),
        ("DELETE", "/a.txt?uploadId=x"),
        ("POST", "/?delete"),
    ] {
        let response = asked(method, target).send_with(&sandbox, "").await;
        assert_eq!(response.status, 403, "{method} {target}");
        assert!(method == "HEAD" || element(&response, "Code") == "AccessDenied", "{}", response.text());
    }
    let foreign = Request::new("GET", &sandbox.url("/a.txt"))
        .header("host", "other-1250000001.cos.ap-shanghai.myqcloud.com")
        .send()
        .await;
    assert_eq!(told(&foreign), (404, "NoSuchBucket".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_keeps_its_headers_and_an_address_may_ask_for_others() {
    let sandbox = Sandbox::start().await;
    let stored = asked("PUT", "/report")
        .header("content-type", "text/csv")
        .header("content-disposition", "attachment; filename=\"r.csv\"")
        .header("cache-control", "max-age=60")
        .header("x-cos-meta-author", "%E4%BA%91")
        .body("a,b")
        .send(&sandbox)
        .await;
    assert_eq!(stored.status, 200);
    let got = asked("HEAD", "/report").send(&sandbox).await;
    for (name, value) in [
        ("content-type", "text/csv"),
        ("content-disposition", "attachment; filename=\"r.csv\""),
        ("cache-control", "max-age=60"),
        ("x-cos-meta-author", "%E4%BA%91"),
        ("content-length", "3"),
    ] {
        assert_eq!(got.header(name), Some(value));
    }
    let asked_for =
        "/report?response-content-type=text%2Fplain&response-content-disposition=inline&response-x=1";
    let got = asked("GET", asked_for).send(&sandbox).await;
    assert_eq!(
        (got.header("content-type"), got.header("content-disposition"), got.header("x")),
        (Some("text/plain"), Some("inline"), None)
    );

    let copy = |directive: &str| {
        asked("PUT", "/copy")
            .header("x-cos-copy-source", &format!("{BUCKET}/report"))
            .header("x-cos-metadata-directive", directive)
            .header("content-type", "text/plain")
            .send(&sandbox)
    };
    for (directive, content_type, author) in
        [("Copy", "text/csv", Some("%E4%BA%91")), ("Replaced", "text/plain", None)]
    {
        let copied = copy(directive).await;
        assert_eq!(
            (copied.status, element(&copied, "ETag")),
            (200, stored.header("etag").expect("a tag").to_owned())
        );
        let got = asked("GET", "/copy").send(&sandbox).await;
        assert_eq!(
            (got.text(), got.header("content-type"), got.header("x-cos-meta-author")),
            ("a,b", Some(content_type), author)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_in_coss_codes() {
    let sandbox = Sandbox::start().await;
    let old = put(&sandbox, "a", b"old").await;
    let plain = |method, target: &str| asked(method, target);
    let big = "x".repeat(5000);
    let cases = [
        (plain("GET", "/none"), 404, "NoSuchKey"),
        (plain("HEAD", "/none"), 404, ""),
        (plain("DELETE", "/none"), 204, ""),
        (plain("PUT", "/a").header("content-md5", "nonsense").body("new"), 400, "InvalidDigest"),
        (plain("PUT", "/a").header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==").body("new"), 400, "BadDigest"),
        (plain("PUT", "/a").header("x-cos-meta-big", &big).body("new"), 400, "MetadataTooLarge"),
        (plain("PUT", "/a").header("x-cos-forbid-overwrite", "true").body("new"), 409, "FileAlreadyExists"),
        (plain("PUT", "/b").header("x-cos-copy-source", &format!("{BUCKET}/none")), 404, "NoSuchKey"),
        (plain("PUT", "/b").header("x-cos-copy-source", "other-1.cos.x.myqcloud.com/a"), 404, "NoSuchBucket"),
        (plain("PUT", "/b").header("x-cos-copy-source", "nonsense"), 400, "InvalidArgument"),
        (plain("PUT", "/a").header("x-cos-copy-source", &format!("{BUCKET}/a")), 400, "InvalidRequest"),
        (
            plain("PUT", "/b")
                .header("x-cos-copy-source", &format!("{BUCKET}/a"))
                .header("x-cos-copy-source-if-match", "\"x\""),
            412,
            "PreconditionFailed",
        ),
        (plain("GET", "/a").header("if-match", "\"x\""), 412, "PreconditionFailed"),
        (plain("GET", "/a").header("if-none-match", &old), 304, ""),
        (plain("GET", "/a").header("if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT"), 304, ""),
        (plain("GET", "/a").header("range", "bytes=3-"), 416, "InvalidRange"),
        (plain("GET", "/a").header("range", "bytes=0-0,2-2"), 200, ""),
        (plain("GET", "/a").header("range", "bytes=1-").header("if-range", &old), 206, ""),
        (plain("GET", "/a").header("range", "bytes=1-").header("if-range", "\"x\""), 200, ""),
        (plain("GET", "/a?acl"), 501, "NotImplemented"),
        (plain("PATCH", "/a"), 405, "MethodNotAllowed"),
        (plain("PUT", "/"), 405, "MethodNotAllowed"),
        (plain("POST", "/?delete").body("<Delete></Delete>"), 400, "MalformedXML"),
        (plain("POST", "/?delete").body("<Delete><Object><Key>a</Key></Obj"), 400, "MalformedXML"),
        (plain("GET", "/a?uploadId=none"), 404, "NoSuchUpload"),
        (plain("DELETE", "/a?uploadId=none"), 404, "NoSuchUpload"),
        (plain("PUT", "/a?partNumber=1&uploadId=none").body("new"), 404, "NoSuchUpload"),
        (plain("POST", "/a?uploadId=none").body("nonsense"), 400, "MalformedXML"),
        (plain("PUT", "/..").body("new"), 400, "InvalidURI"),
        (plain("PUT", "//etc/passwd").body("new"), 400, "InvalidURI"),
    ];
    for (asked, status, code) in cases {
        let name = format!("{} {} {:?}", asked.method, asked.target, asked.headers);
        assert_eq!(told(&asked.send(&sandbox).await), (status, code.to_owned()), "{name}");
    }
    assert_eq!(asked("GET", "/a").send(&sandbox).await.text(), "old");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_comes_in_parts() {
    let sandbox = Sandbox::start().await;
    put(&sandbox, "film", b"old").await;
    put(&sandbox, "tail", b"0123456789").await;
    let id = begin(&sandbox, "film").await;
    let first = vec![b'a'; MEGABYTE];
    let mut tags = Vec::new();
    // In any order, and one of them twice.
    for (number, bytes) in [(2, vec![b'c'; MEGABYTE]), (2, vec![b'b'; MEGABYTE]), (1, first.clone())] {
        let response = put_part(&sandbox, "film", &id, number, bytes).await;
        assert_eq!(response.status, 200);
        tags.push(response.header("etag").expect("a tag").to_owned());
    }
    let copied = asked("PUT", &format!("/film?partNumber=3&uploadId={id}"))
        .header("x-cos-copy-source", &format!("{BUCKET}/tail"))
        .header("x-cos-copy-source-range", "bytes=2-4")
        .send(&sandbox)
        .await;
    let last = element(&copied, "ETag");
    assert_eq!((copied.status, last.as_str()), (200, "\"289dff07669d7a23de0ef88d2f7129e7\""));

    let listed = asked("GET", &format!("/film?uploadId={id}&max-parts=2")).send(&sandbox).await;
    assert_eq!(
        (element(&listed, "IsTruncated"), element(&listed, "NextPartNumberMarker")),
        ("true".into(), "2".into())
    );
    let listed = asked("GET", &format!("/film?uploadId={id}&part-number-marker=2")).send(&sandbox).await;
    assert_eq!((element(&listed, "PartNumber"), element(&listed, "Size")), ("3".into(), "3".into()));
    let uploads = asked("GET", "/?uploads&prefix=fi").send(&sandbox).await;
    assert_eq!(
        (element(&uploads, "UploadId"), element(&uploads, "IsTruncated")),
        (id.clone(), "false".into())
    );

    let [replaced, second, first_tag] = tags.try_into().expect("three tags");
    for (parts, status, code) in [
        (vec![(1, first_tag.as_str()), (4, "\"x\"")], 400, "InvalidPart"),
        (vec![(1, &first_tag), (2, &replaced)], 400, "InvalidPart"),
        (vec![(2, &second), (1, &first_tag)], 400, "InvalidPartOrder"),
        (vec![(1, &first_tag), (1, &first_tag)], 400, "InvalidPartOrder"),
    ] {
        let refused = complete(&sandbox, "film", &id, &parts).await;
        assert_eq!(told(&refused), (status, code.to_owned()), "{parts:?}");
    }
    assert_eq!(
        told(&complete(&sandbox, "tail", &id, &[(1, &first_tag)]).await),
        (404, "NoSuchUpload".into())
    );
    assert_eq!(asked("GET", "/film").send(&sandbox).await.text(), "old");

    let done = complete(&sandbox, "film", &id, &[(1, &first_tag), (2, &second), (3, &last)]).await;
    assert_eq!((done.status, element(&done, "Key")), (200, "film".into()), "{}", done.text());
    assert!(element(&done, "ETag").ends_with("-3\""), "{}", done.text());
    let film = asked("GET", "/film").send(&sandbox).await;
    assert_eq!(film.body, [first, vec![b'b'; MEGABYTE], b"234".to_vec()].concat());
    assert_eq!(film.header("etag"), Some(element(&done, "ETag").as_str()));
    assert_eq!(
        told(&asked("GET", &format!("/film?uploadId={id}")).send(&sandbox).await),
        (404, "NoSuchUpload".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_small_or_cut_off_or_given_up_leave_nothing() {
    let sandbox = Sandbox::start().await;
    let id = begin(&sandbox, "a").await;
    let mut tags = Vec::new();
    for number in [1, 2] {
        let response = put_part(&sandbox, "a", &id, number, b"small".to_vec()).await;
        tags.push(response.header("etag").expect("a tag").to_owned());
    }
    let refused = complete(&sandbox, "a", &id, &[(1, &tags[0]), (2, &tags[1])]).await;
    assert_eq!(told(&refused), (400, "EntityTooSmall".into()));
    for number in ["0", "10001", "x"] {
        let target = format!("/a?partNumber={number}&uploadId={id}");
        assert_eq!(
            told(&asked("PUT", &target).body("x").send(&sandbox).await),
            (400, "InvalidArgument".into())
        );
    }
    let cos = cos::Request { method: "put", path: "/a", parameters: &[], headers: &[] };
    let authorization = cos.sign("AKIDlocal", "localkey", NOW / 1000, NOW / 1000 + 60);
    Request::new("PUT", &sandbox.url(&format!("/a?partNumber=2&uploadId={id}")))
        .header("host", BUCKET)
        .header("authorization", &authorization)
        .body("cut off here")
        .cut(3)
        .abandon()
        .await;
    let listed = asked("GET", &format!("/a?uploadId={id}&part-number-marker=1")).send(&sandbox).await;
    assert_eq!(element(&listed, "Size"), "5", "{}", listed.text());
    assert_eq!(asked("DELETE", &format!("/a?uploadId={id}")).send(&sandbox).await.status, 204);
    assert_eq!(told(&asked("GET", "/a").send(&sandbox).await), (404, "NoSuchKey".into()));
    let files = std::fs::read_dir(sandbox.folder.path().join(".cloudkit/data/objects")).expect("the folder");
    assert_eq!(files.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_is_listed_with_names_encoded_and_emptied_in_one_request() {
    let sandbox = Sandbox::start().await;
    for key in ["a%26b", "%E4%BA%91/1", "%E4%BA%91/2"] {
        let decoded = key.replace("%26", "&").replace("%E4%BA%91", "云");
        let environment = sandbox.emulator.environment();
        let upload = environment.storage.create(&decoded, Default::default()).await.expect("begun");
        upload.finish().await.expect("stored");
    }
    let listed = asked("GET", "/?delimiter=%2F&encoding-type=url").send(&sandbox).await;
    assert_eq!((element(&listed, "Key"), element(&listed, "EncodingType")), ("a%26b".into(), "url".into()));
    assert!(listed.text().contains("<CommonPrefixes><Prefix>%E4%BA%91%2F</Prefix></CommonPrefixes>"));
    assert_eq!(asked("HEAD", "/").send(&sandbox).await.status, 200);
    let list = "<Delete><Object><Key>a&#38;b</Key></Object><Object><Key>云/1</Key></Object>\
                <Object><Key>none</Key></Object></Delete>";
    let deleted = asked("POST", "/?delete").body(list).send(&sandbox).await;
    assert_eq!(deleted.text().matches("<Deleted>").count(), 3, "{}", deleted.text());
    let quiet = list.replace("<Delete>", "<Delete><Quiet>true</Quiet>").replace("/1", "/2");
    let deleted = asked("POST", "/?delete").body(quiet).send(&sandbox).await;
    assert!(deleted.text().ends_with("<DeleteResult></DeleteResult>"), "{}", deleted.text());
    let listed = asked("GET", "/").send(&sandbox).await;
    assert_eq!(listed.text().matches("<Contents>").count(), 0, "{}", listed.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn blanks_around_a_name_belong_to_it() {
    let sandbox = Sandbox::start().await;
    for key in ["a", "a "] {
        let storage = &sandbox.emulator.environment().storage;
        storage.create(key, Default::default()).await.expect("begun").finish().await.expect("stored");
    }
    let list = "<Delete><Object><Key>a </Key></Object></Delete>";
    let deleted = asked("POST", "/?delete").body(list).send(&sandbox).await;
    assert_eq!(deleted.text().matches("<Deleted><Key>a </Key></Deleted>").count(), 1, "{}", deleted.text());
    let listed = asked("GET", "/").send(&sandbox).await;
    assert_eq!((listed.text().matches("<Key>").count(), element(&listed, "Key")), (1, "a".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_the_capitals_of_cos() {
    let sandbox = Sandbox::start().await;
    put(&sandbox, "a", b"bytes").await;
    let asked = asked("HEAD", "/a");
    let authorization = asked.sign();
    let raw = asked.request(&sandbox, &authorization).send_raw().await;
    let raw = String::from_utf8(raw).expect("text");
    for line in ["\r\nETag: \"", "\r\nContent-Length: 5\r\n", "\r\nLast-Modified: ", "\r\nx-cos-request-id: "]
    {
        assert!(raw.contains(line), "{line} in {raw}");
    }
}
