//! Clients at `/auth/v1` and `/v1`: who they are, what they may do, and what they are told when they are wrong. See
//! `docs/wire.md#oauth` and `docs/wire.md#gateway`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;
use crate::support::http::{Request, Response};

const HOUR: i64 = 3_600_000;
const PAGE: &str = "http://localhost:5173";
const MANIFEST: (&str, &str) = (
    "cloudkit.toml",
    r#"
[users.alice]
uid = "u-alice"
password = "alice-1234"
openid = "o-alice1"
custom-id = "member-1"
email = "alice@example.com"
phone = "+86 13800000000"
nickname = "Alice"
[users.bob]
uid = "u-bob"
password = "bob-1234"
[functions]
invoke = "auth.loginType != 'ANONYMOUS' && auth != null"
[functions.open]
invoke = true
[functions.closed]
invoke = false
[database.readonly]
permission = "READONLY"
[database.private]
permission = "PRIVATE"
[database.adminwrite]
permission = "ADMINWRITE"
[database.adminonly]
permission = "ADMINONLY"
[database.members]
rule = { read = "auth != null && doc.owner == auth.uid", create = "auth.loginType == 'USERNAME'", write = false }
[storage]
rule = { read = true, write = "auth.loginType == 'USERNAME'" }
"#,
);
const ECHO: &str = "exports.main = (event) => event";

async fn sandbox() -> Sandbox {
    Sandbox::with_files(&[
        MANIFEST,
        ("cloudfunctions/open/index.js", ECHO),
        ("cloudfunctions/closed/index.js", ECHO),
        ("cloudfunctions/member/index.js", ECHO),
    ])
    .await
}

/// Sends a request as a page does, with the access token if there is one.
async fn ask(sandbox: &Sandbox, method: &'static str, path: &str, token: &str, body: &str) -> Response {
    let mut request = Request::new(method, &sandbox.url(path)).header("origin", PAGE);
    request = request.header("x-device-id", "device-1");
    if !token.is_empty() {
        request = request.header("authorization", &format!("Bearer {token}"));
    }
    request.header("content-type", "text/plain;charset=UTF-8").body(body).send().await
}

async fn post(sandbox: &Sandbox, path: &str, token: &str, body: Value) -> (u16, Value) {
    let response = ask(sandbox, "POST", path, token, &body.to_string()).await;
    (response.status, response.json())
}

/// Logs a person in, and returns the access token.
async fn sign_in(sandbox: &Sandbox, path: &str, body: Value) -> String {
    let (status, granted) = post(sandbox, path, "", body).await;
    assert_eq!(status, 200, "{granted}");
    granted["access_token"].as_str().expect("a token").to_owned()
}

async fn by_password(sandbox: &Sandbox, name: &str) -> String {
    let body = json!({ "username": name, "password": format!("{name}-1234") });
    sign_in(sandbox, "/auth/v1/signin", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_people_of_the_manifest_are_there() {
    let sandbox = sandbox().await;
    for name in ["alice", "alice@example.com", "13800000000", "+86 13800000000"] {
        let body = json!({ "username": name, "password": "alice-1234" });
        let token = sign_in(&sandbox, "/auth/v1/signin", body).await;
        let me = ask(&sandbox, "GET", "/auth/v1/user/me", &token, "").await.json();
        assert_eq!((me["sub"].as_str(), me["name"].as_str()), (Some("u-alice"), Some("Alice")), "{name}");
    }
    // Server SDKs: `getEndUserInfo` and `queryUserInfo`.
    for query in [
        json!({ "uuid": "u-alice" }),
        json!({ "platform": "CUSTOM", "platformId": "member-1" }),
        json!({ "platform": "EMAIL", "platformId": "alice@example.com" }),
        json!({ "platform": "PHONE", "platformId": "13800000000" }),
        json!({ "platform": "WECHAT-OPEN", "platformId": "o-alice1" }),
        json!({ "platform": "USERNAME", "platformId": "alice" }),
    ] {
        let told = sandbox.admin("auth.getUserInfoForAdmin", query.clone()).await;
        let data = &told["data"];
        assert_eq!(data["uid"], "u-alice", "{query}: {told}");
        let expected = json!(["o-alice1", "member-1", "Alice", "alice@example.com"]);
        assert_eq!(json!([data["openId"], data["customUserId"], data["nickName"], data["email"]]), expected);
    }
    let stranger = sandbox.admin("auth.getUserInfoForAdmin", json!({ "uuid": "o-nobody" })).await;
    assert_eq!((&stranger["data"]["uid"], &stranger["data"]["openId"]), (&json!("o-nobody"), &json!("")));
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_terminal_shows_logs_in_and_signs_up() {
    let sandbox = sandbox().await;
    for (contact, path) in [
        (json!({ "phone_number": "+86 13800000000" }), "/auth/v1/signin"),
        (json!({ "email": "new@example.com" }), "/auth/v1/signup"),
    ] {
        let (_, sent) = post(&sandbox, "/auth/v1/verification", "", contact.clone()).await;
        assert_eq!(sent["is_user"], path == "/auth/v1/signin");
        let codes = sandbox.get("/__cloudkit/codes").await.json();
        let to = contact.as_object().and_then(|it| it.values().next()).expect("an address");
        assert_eq!(codes[0]["to"], *to);
        let wrong = json!({ "verification_id": sent["verification_id"], "verification_code": "none" });
        let (status, refused) = post(&sandbox, "/auth/v1/verification/verify", "", wrong).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_verification_code")));
        let right =
            json!({ "verification_id": sent["verification_id"], "verification_code": codes[0]["code"] });
        let (_, verified) = post(&sandbox, "/auth/v1/verification/verify", "", right).await;
        let mut body = contact.clone();
        body["verification_token"] = verified["verification_token"].clone();
        let token = sign_in(&sandbox, path, body.clone()).await;
        assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", &token, "").await.status, 200);
        assert_eq!(post(&sandbox, path, "", body).await.0, 400, "a code opens once");
        assert_eq!(sandbox.get("/__cloudkit/codes").await.json(), json!([]));
    }
    sandbox.emulator.stop().await;
}

/// Returns the name of a code that was sent to an address and verified, and the code.
async fn verified(sandbox: &Sandbox, email: &str) -> (Value, Value) {
    let (_, sent) = post(sandbox, "/auth/v1/verification", "", json!({ "email": email })).await;
    let codes = sandbox.get("/__cloudkit/codes").await.json();
    let code = codes.as_array().and_then(|codes| codes.last()).expect("a code")["code"].clone();
    let body = json!({ "verification_id": sent["verification_id"], "verification_code": code });
    assert_eq!(post(sandbox, "/auth/v1/verification/verify", "", body).await.0, 200);
    (sent["verification_id"].clone(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_logs_in_without_the_step_between() {
    let sandbox = sandbox().await;
    let email = json!({ "email": "alice@example.com" });
    let (_, sent) = post(&sandbox, "/auth/v1/verification", "", email).await;
    let codes = sandbox.get("/__cloudkit/codes").await.json();
    let path = "/auth/v2/signin/verificationcode";
    let mut body = json!({ "verification_id": sent["verification_id"], "verification_code": "none" });
    assert_eq!(post(&sandbox, path, "", body.clone()).await.1["error"], "invalid_verification_code");
    body["verification_code"] = codes[0]["code"].clone();
    let token = sign_in(&sandbox, path, body.clone()).await;
    assert_eq!(ask(&sandbox, "GET", "/auth/v2/user/me", &token, "").await.json()["sub"], "u-alice");
    assert_eq!(post(&sandbox, path, "", body).await.0, 400, "a code opens once");
    // Some methods send the code where the token belongs; only to users, when the page says so.
    let (status, refused) =
        post(&sandbox, "/auth/v1/verification", "", json!({ "email": "x@y.cn", "target": "USER" })).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("not_found")));
    post(&sandbox, "/auth/v1/verification", "", json!({ "phone_number": "+86 13800000000" })).await;
    let code = sandbox.get("/__cloudkit/codes").await.json()[0]["code"].clone();
    let body = json!({ "username": "+86 13800000000", "verification_token": code });
    sign_in(&sandbox, "/auth/v1/signin", body.clone()).await;
    assert_eq!(post(&sandbox, "/auth/v1/signin", "", body).await.0, 400, "a code opens once");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_over_by_who_verified_a_code_only() {
    let sandbox = sandbox().await;
    let bob = by_password(&sandbox, "bob").await;
    let (email, edit) = (json!({ "email": "bob@example.com" }), "/auth/v1/user/basic/edit");
    let (status, refused) = post(&sandbox, edit, &bob, email.clone()).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_verification_code")));
    verified(&sandbox, "bob@example.com").await;
    assert_eq!(post(&sandbox, edit, &bob, email.clone()).await, (200, json!({})));
    assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", &bob, "").await.json()["email"], "bob@example.com");
    assert_eq!(post(&sandbox, edit, &bob, email).await.0, 200, "it is theirs already");
    let other = json!({ "email": "other@example.com" });
    verified(&sandbox, "other@example.com").await;
    assert_eq!(post(&sandbox, edit, &bob, other.clone()).await.0, 200);
    let alice = by_password(&sandbox, "alice").await;
    assert_eq!(post(&sandbox, edit, &alice, other).await.0, 400, "a code counts once");
    let (token, _) = verified(&sandbox, "alice@example.com").await;
    let taken = json!({ "verification_token": token });
    let told = ask(&sandbox, "PATCH", "/auth/v1/user/contact", &bob, &taken.to_string()).await.json();
    assert_eq!(told["error"], "already_exists");
    let (status, told) = post(&sandbox, edit, &bob, json!({ "user_id": "u-alice", "nickname": "x" })).await;
    assert_eq!((status, told["error"].as_str()), (400, Some("invalid_argument")));
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_is_linked_by_a_page_that_asks_who_it_is() {
    let sandbox = sandbox().await;
    let bob = by_password(&sandbox, "bob").await;
    let uri = |to: &str| format!("/auth/v1/provider/uri?provider_id=wx_open&state=s%221&redirect_uri={to}");
    let told = ask(&sandbox, "GET", &uri("http%3A%2F%2Flocalhost%3A5173%2Fa"), "", "").await.json();
    let page = told["uri"].as_str().expect("an address").replace(&sandbox.url(""), "");
    let html = sandbox.get(&page).await.text().to_owned();
    for part in [
        r#"<form action="http://localhost:5173/a">"#,
        r#"name="state" value="s&quot;1""#,
        r#"name="code" value="o-alice1">Alice o-alice1<"#,
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert_eq!(ask(&sandbox, "GET", &uri("javascript:alert(1)"), "", "").await.status, 400);
    assert_eq!(sandbox.get("/__cloudkit/provider?redirect_uri=javascript:alert(1)").await.status, 400);

    let token = |openid: &str| json!({ "provider_token": format!("wx_open/{openid}") });
    let bind = "/auth/v1/user/provider/bind";
    assert_eq!(post(&sandbox, bind, &bob, token("o-alice1")).await.1["error"], "already_exists");
    assert_eq!(post(&sandbox, bind, "", token("o-bob2")).await.0, 401);
    assert_eq!(post(&sandbox, bind, &bob, token("o-bob2")).await, (200, json!({})));
    let bound = ask(&sandbox, "GET", "/auth/v1/user/provider", &bob, "").await.json();
    let expected = json!([{ "id": "wechat", "provider_user_id": "o-bob2", "bind": true }]);
    assert_eq!(bound, json!({ "total": 1, "data": expected }));
    for (id, status) in [("github", 400), ("custom", 400), ("wechat", 200), ("wechat", 400)] {
        let path = format!("/auth/v1/user/provider/{id}");
        assert_eq!(ask(&sandbox, "DELETE", &path, &bob, "").await.status, status, "{id}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mini_programs_code_is_exchanged_before_it_logs_in() {
    let sandbox = sandbox().await;
    let code = |kind: Value| {
        let asked = json!({ "openid": "o-alice1", "kind": kind });
        let sandbox = &sandbox;
        async move { post(sandbox, "/__cloudkit/wechat/login", "", asked).await.1["js_code"].clone() }
    };
    let login = code(Value::Null).await;
    let phone = code("phone".into()).await;
    let app = "wx0123456789abcdef";
    for (body, status) in [
        (json!({ "provider_code": login, "provider_params": { "provider_code_type": "open_id" } }), 200),
        (json!({ "provider_code": login, "provider_params": { "provider_code_type": "open_id" } }), 400),
        (json!({ "provider_params": { "provider_code_type": "phone", "code": phone } }), 200),
        (json!({ "provider_code": "x", "provider_params": { "provider_code_type": "other" } }), 400),
    ] {
        let mut asked = body.clone();
        asked["provider_id"] = app.into();
        let (is, granted) = post(&sandbox, "/auth/v1/provider/token", "", asked).await;
        assert_eq!(is, status, "{body}: {granted}");
        if status == 200 {
            let token = sign_in(&sandbox, "/auth/v1/signin/with/provider", granted).await;
            assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", &token, "").await.json()["sub"], "u-alice");
        }
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_end_everywhere_and_a_person_goes_who_shows_the_password() {
    let sandbox = sandbox().await;
    let (first, second) = (by_password(&sandbox, "bob").await, by_password(&sandbox, "bob").await);
    assert_eq!(ask(&sandbox, "DELETE", "/auth/v1/user/revoke/all", &first, "").await.status, 200);
    for token in [&first, &second] {
        assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", token, "").await.status, 401);
    }
    let bob = by_password(&sandbox, "bob").await;
    assert_eq!(ask(&sandbox, "DELETE", "/auth/v1/user/me", &bob, "").await.status, 400);
    let (_, sudo) = post(&sandbox, "/auth/v1/user/sudo", &bob, json!({ "password": "bob-1234" })).await;
    let path = format!("/auth/v1/user/me?sudo_token={}", sudo["sudo_token"].as_str().expect("a token"));
    assert_eq!(ask(&sandbox, "DELETE", &path, &bob, "").await.json()["sub"], "u-bob");
    assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", &bob, "").await.status, 401);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_wrong_is_told_in_the_sdks_words() {
    let sandbox = sandbox().await;
    let (signin, custom) = ("/auth/v1/signin", "/auth/v1/signin/custom");
    for (path, body, status, error) in [
        (signin, r#"{"username":"alice","password":"wrong"}"#, 400, "invalid_username_or_password"),
        (signin, r#"{"username":"nobody","password":"wrong"}"#, 400, "invalid_username_or_password"),
        (signin, r#"{"username":7}"#, 400, "invalid_username_or_password"),
        (signin, r#"{"verification_token":"made up"}"#, 400, "invalid_verification_code"),
        (signin, "{", 400, "invalid_argument"),
        (signin, "\u{0}", 400, "invalid_argument"),
        (signin, "[]", 400, "invalid_username_or_password"),
        (custom, "{}", 400, "invalid_argument"),
        (custom, r#"{"ticket":"no ticket"}"#, 400, "invalid_argument"),
        (custom, r#"{"ticket":"k/@@/a.b.c"}"#, 400, "invalid_argument"),
        (
            "/auth/v2/signin/username",
            r#"{"params":"AAAA","public_key_thumbprint":"x"}"#,
            400,
            "invalid_argument",
        ),
        ("/auth/v1/signin/with/provider", r#"{"provider_token":"x"}"#, 400, "invalid_argument"),
        (
            "/auth/v1/token",
            r#"{"grant_type":"refresh_token","refresh_token":"rt-a-b"}"#,
            400,
            "invalid_grant",
        ),
        ("/auth/v1/token", r#"{"grant_type":"password"}"#, 400, "invalid_argument"),
        ("/auth/v1/token/clientCredential", r#"{"grant_type":"client_credentials"}"#, 401, "unauthenticated"),
        ("/auth/v1/user/sudo", "{}", 401, "unauthenticated"),
        ("/auth/v1/user/basic/edit", "{}", 401, "unauthenticated"),
        ("/auth/v2/signin/verificationcode", "{}", 400, "invalid_argument"),
        ("/auth/v2/signin/password/update", r#"{"username":"alice"}"#, 400, "invalid_argument"),
        ("/auth/v1/device/code", "{}", 501, "unimplemented"),
    ] {
        let response = ask(&sandbox, "POST", path, "", body).await;
        let told = response.json();
        assert_eq!((response.status, told["error"].as_str()), (status, Some(error)), "{path} {body}: {told}");
        assert!(told["error_code"].is_u64() && told["error_description"].is_string(), "{told}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_opens_neither_door() {
    let sandbox = sandbox().await;
    let genuine = by_password(&sandbox, "alice").await;
    let (signed, signature) = genuine.rsplit_once('.').expect("three parts");
    let claims = signed.split_once('.').expect("three parts").1;
    let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let other = Sandbox::with_files(&[MANIFEST]).await;
    let strange = by_password(&other, "alice").await;
    let ended = by_password(&sandbox, "alice").await;
    post(&sandbox, "/auth/v1/revoke", "", json!({ "token": ended })).await;
    for (token, code) in [
        ("nonsense".to_owned(), "INVALID_ACCESS_TOKEN"),
        (format!("{}.{claims}.", encode(json!({ "alg": "none" }))), "INVALID_ACCESS_TOKEN"),
        (format!("{}.{claims}.{signature}", encode(json!({ "alg": "RS256" }))), "INVALID_ACCESS_TOKEN"),
        (format!("{signed}.{}", "A".repeat(signature.len())), "INVALID_ACCESS_TOKEN"),
        (
            format!(
                "{}.{}.{signature}",
                encode(json!({ "alg": "HS256" })),
                encode(json!({ "sub": "u-bob" }))
            ),
            "INVALID_ACCESS_TOKEN",
        ),
        (strange, "INVALID_ACCESS_TOKEN"),
        (ended, "ACCESS_TOKEN_DISABLED"),
    ] {
        refused(&sandbox, &token, code).await;
    }
    let signature = "TC3-HMAC-SHA256 Credential=AKIDlocal/2023-11-14/tcb/tc3_request, SignedHeaders=host, Signature=0, Timestamp=1";
    for (header, from_page, status) in
        [(signature, false, 401), (signature, true, 401), ("Basic YTpi", false, 400)]
    {
        let mut request =
            Request::new("GET", &sandbox.url("/v1/functions/open")).header("authorization", header);
        if from_page {
            request = request.header("origin", PAGE);
        }
        assert_eq!(request.send().await.status, status, "{header}");
    }
    assert_eq!(ask(&sandbox, "GET", "/auth/v1/user/me", &genuine, "").await.status, 200);
    sandbox.clock.advance(3 * HOUR);
    refused(&sandbox, &genuine, "ACCESS_TOKEN_EXPIRED").await;
    for header in [None, Some("Bearer "), Some("Basic eA==")] {
        let mut request = Request::new("GET", &sandbox.url("/auth/v1/user/me"));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let told = request.send().await;
        let why = told.json()["error_description"].as_str().unwrap_or_default().to_owned();
        assert_eq!((told.status, why.as_str()), (401, "no access token was sent"), "{header:?}");
    }
    other.emulator.stop().await;
    sandbox.emulator.stop().await;
}

/// Shows a token at both doors.
async fn refused(sandbox: &Sandbox, token: &str, code: &str) {
    let me = ask(sandbox, "GET", "/auth/v1/user/me", token, "").await;
    assert_eq!((me.status, &me.json()["error"]), (401, &json!("unauthenticated")), "{token}");
    let answer = ask(sandbox, "POST", "/v1/functions/open", token, "{}").await;
    let told = answer.json();
    assert_eq!((answer.status, told["code"].as_str()), (401, Some(code)), "{token}");
    assert!(told["requestId"].is_string() && told["message"].is_string(), "{told}");
}

const DOCUMENTS: &str = "/v1/database/instances/(default)/databases/(default)/collections";

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_request_of_the_gateway_is_told_with_its_code() {
    let sandbox = sandbox().await;
    let alice = by_password(&sandbox, "alice").await;
    let documents = |rest: &str| format!("{DOCUMENTS}/{rest}");
    let up = "%5B%7B%22field%22%3A%22n%22%2C%22direction%22%3A%22up%22%7D%5D";
    let added =
        ask(&sandbox, "POST", &documents("private/documents"), &alice, r#"{"data":[{}]}"#).await.json();
    let new_id = json!({ "query": { "_id": added["insertedIds"][0] }, "data": { "$set": { "_id": "zz" } } });
    let new_id = new_id.to_string();
    for (method, path, body, status, code) in [
        ("POST", documents("private/documents"), "{", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), r#"{"data":[7]}"#, 400, "INVALID_PARAM"),
        ("POST", documents("nowhere/documents"), r#"{"data":[{}]}"#, 404, "DATABASE_COLLECTION_NOT_EXIST"),
        ("GET", documents("private/documents?query={"), "", 400, "INVALID_PARAM"),
        ("GET", documents("private/documents?order=x"), "", 400, "INVALID_PARAM"),
        ("GET", documents(&format!("private/documents?order={up}")), "", 400, "INVALID_PARAM"),
        ("GET", documents("private/documents?limit=abc"), "", 400, "INVALID_PARAM"),
        ("GET", documents("private/documents?limit=-1"), "", 400, "INVALID_PARAM"),
        ("GET", documents("private/documents?offset=-1"), "", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), "", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), "null", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), "5", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), "[]", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents"), r#"{"action":"nope"}"#, 400, "INVALID_PARAM"),
        (
            "PATCH",
            documents("private/documents"),
            r#"{"query":{},"data":{"n":1},"multi":1}"#,
            400,
            "INVALID_PARAM",
        ),
        ("PATCH", documents("private/documents"), r#"{"query":{}}"#, 400, "INVALID_PARAM"),
        (
            "POST",
            documents("private/documents/remove"),
            r#"{"query":{},"multi":"yes"}"#,
            400,
            "INVALID_PARAM",
        ),
        ("POST", documents("private/documents/remove"), "null", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents/aggregations"), "{}", 400, "INVALID_PARAM"),
        ("POST", documents("private/documents/aggregations"), r#"{"pipeline":[7]}"#, 400, "INVALID_PARAM"),
        ("PATCH", documents("private/documents"), &new_id, 400, "DATABASE_REQUEST_FAILED"),
        ("GET", documents("private/documents/none"), "", 404, "DOCUMENT_NOT_FOUND"),
        (
            "PATCH",
            documents("private/documents"),
            r#"{"query":{},"data":{"$no":{}}}"#,
            400,
            "DATABASE_INVALID_OPERRATOR",
        ),
        ("POST", "/v1/functions/nowhere".into(), "{}", 404, "FUNCTION_NOT_FOUND"),
        ("POST", "/v1/storages/delete-objects".into(), "{}", 400, "INVALID_PARAM"),
        ("POST", "/v1/model/prod/books/list".into(), "{}", 501, "UNIMPLEMENTED"),
        ("POST", "/v1/storages/no-such".into(), "[{}]", 501, "UNIMPLEMENTED"),
    ] {
        let response = ask(&sandbox, method, &path, &alice, body).await;
        let told = response.json();
        assert_eq!(
            (response.status, told["code"].as_str()),
            (status, Some(code)),
            "{method} {path} {body}: {told}"
        );
    }
    sandbox.emulator.stop().await;
}

/// What a person may do with their own documents, with alice's, and with nobody's, in the collection's turn: reading by
/// query, creating, changing, removing. `+` is done, `0` finds nothing, `-` is denied.
#[tokio::test(flavor = "multi_thread")]
async fn presets_hold_at_each_door() {
    let sandbox = sandbox().await;
    let alice = by_password(&sandbox, "alice").await;
    let bob = by_password(&sandbox, "bob").await;
    for collection in ["readonly", "private", "adminwrite", "adminonly"] {
        let data =
            json!({ "collectionName": collection, "data": [r#"{"_id":"a","_openid":"o-alice1","n":1}"#] });
        sandbox.admin("database.insertDocument", data).await;
    }
    for (collection, who, token, expected) in [
        ("readonly", "alice", alice.as_str(), "++++"),
        ("readonly", "bob", &bob, "++00"),
        ("readonly", "nobody", "", "+---"),
        ("private", "alice", &alice, "++++"),
        ("private", "bob", &bob, "0+00"),
        ("private", "nobody", "", "----"),
        ("adminwrite", "alice", &alice, "+---"),
        ("adminwrite", "nobody", "", "+---"),
        ("adminonly", "alice", &alice, "----"),
        ("adminonly", "nobody", "", "----"),
    ] {
        let gateway = through_gateway(&sandbox, collection, token).await;
        assert_eq!(gateway, expected, "/v1: {collection}, {who}");
        restore(&sandbox, collection).await;
        let web = through_web(&sandbox, collection, token).await;
        assert_eq!(web, expected, "/web: {collection}, {who}");
        restore(&sandbox, collection).await;
    }
    sandbox.emulator.stop().await;
}

async fn restore(sandbox: &Sandbox, collection: &str) {
    sandbox
        .admin(
            "database.removeDocument",
            json!({ "collectionName": collection, "query": "{}", "multi": true }),
        )
        .await;
    let data = json!({ "collectionName": collection, "data": [r#"{"_id":"a","_openid":"o-alice1","n":1}"#] });
    sandbox.admin("database.insertDocument", data).await;
}

/// Draws an answer: what was done is counted by the first of these fields that is there.
fn sign(answer: &Value) -> char {
    if answer["code"] == "DATABASE_PERMISSION_DENIED" {
        return '-';
    }
    assert!(answer["code"].is_null(), "{answer}");
    let data = if answer["data"].is_object() { &answer["data"] } else { answer };
    let count = ["list", "insertedIds"].iter().find_map(|name| data[name].as_array().map(Vec::len));
    let count = count.map(|count| count as u64);
    let number = ["updated", "deleted"].iter().find_map(|name| data[name].as_u64());
    let id = data["_id"].is_string().then_some(1);
    if count.or(number).or(id).expect("a count") > 0 { '+' } else { '0' }
}

async fn through_gateway(sandbox: &Sandbox, collection: &str, token: &str) -> String {
    let path = format!("{DOCUMENTS}/{collection}/documents");
    let (query, mut signs) = (json!({ "_id": "a" }), String::new());
    let change = json!({ "query": query, "data": { "$inc": { "n": 1 } } });
    let unchanged = json!({ "query": query, "data": { "n": 1 } }).to_string();
    let same = ask(sandbox, "PATCH", &path, token, &unchanged).await.json();
    assert!(same["code"].is_string() || same["updated"] == 0 && same["matched"].is_u64(), "{same}");
    for (method, path, body) in [
        ("GET", format!("{path}?limit=10&query={{}}&"), String::new()),
        ("POST", path.clone(), json!({ "data": [{ "n": 2 }] }).to_string()),
        ("PATCH", path.clone(), change.to_string()),
        ("POST", format!("{path}/remove"), json!({ "query": query }).to_string()),
    ] {
        signs.push(sign(&ask(sandbox, method, &path, token, &body).await.json()));
    }
    signs
}

async fn through_web(sandbox: &Sandbox, collection: &str, token: &str) -> String {
    let one = json!({ "queryType": "DOC", "query": { "_id": "a" } });
    let mut signs = String::new();
    for (action, fields) in [
        ("queryDocument", json!({ "queryType": "WHERE", "query": {}, "limit": 10 })),
        ("addDocument", json!({ "data": { "n": 2 } })),
        ("updateDocument", json!({ "data": { "$inc": { "n": 1 } }, "merge": true })),
        ("deleteDocument", json!({})),
    ] {
        let mut body = json!({ "action": format!("database.{action}"), "collectionName": collection });
        let all = body.as_object_mut().expect("an object");
        if matches!(action, "updateDocument" | "deleteDocument") {
            all.extend(one.as_object().expect("fields").clone());
        }
        all.extend(fields.as_object().expect("fields").clone());
        if !token.is_empty() {
            all.insert("access_token".into(), token.into());
        }
        signs.push(sign(&post(sandbox, "/web?env=local", "", body).await.1));
    }
    signs
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_documents_functions_and_files_hold_for_pages() {
    let sandbox = sandbox().await;
    let alice = by_password(&sandbox, "alice").await;
    let guest = sign_in(&sandbox, "/auth/v1/signin/anonymously", json!({})).await;
    let members = format!("{DOCUMENTS}/members/documents");
    let create = json!({ "data": [{ "owner": "u-alice" }] });
    let theirs = format!("{members}?limit=9&query={{%22owner%22:%22u-alice%22}}");
    let upload = json!([{ "objectId": "a.txt", "signedHeader": {} }]);
    for (method, path, body, expected) in [
        ("POST", members.as_str(), create.to_string(), [200, 403, 403]),
        ("GET", &theirs, String::new(), [200, 403, 403]),
        ("GET", &members, String::new(), [403, 403, 403]),
        ("POST", &format!("{members}/remove"), json!({ "query": {} }).to_string(), [403, 403, 403]),
        ("POST", "/v1/functions/open", "{}".into(), [200, 200, 200]),
        ("POST", "/v1/functions/member", "{}".into(), [200, 403, 403]),
        ("POST", "/v1/functions/closed", "{}".into(), [403, 403, 403]),
    ] {
        let mut statuses = [0; 3];
        for (status, token) in statuses.iter_mut().zip([&alice, &guest, ""]) {
            *status = ask(&sandbox, method, path, token, &body).await.status;
        }
        assert_eq!(statuses, expected, "{method} {path}");
    }
    for (token, code) in [(alice.as_str(), Value::Null), (&guest, json!("STORAGE_EXCEED_AUTHORITY"))] {
        let (_, items) = post(&sandbox, "/v1/storages/get-objects-upload-info", token, upload.clone()).await;
        assert_eq!(items[0]["code"], code, "{items}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_files_fail_item_by_item() {
    let sandbox = sandbox().await;
    let (alice, bob) = (by_password(&sandbox, "alice").await, by_password(&sandbox, "bob").await);
    let objects = json!([{ "objectId": "a.txt" }, { "objectId": "b.txt" }]);
    let (_, uploads) = post(&sandbox, "/v1/storages/get-objects-upload-info", &alice, objects).await;
    for upload in uploads.as_array().expect("items") {
        let text = |name: &str| upload[name].as_str().expect("a text");
        let put = Request::new("PUT", text("uploadUrl")).header("origin", PAGE);
        let put =
            put.header("authorization", text("authorization")).header("x-cos-security-token", text("token"));
        let put = put.header("x-cos-meta-fileid", text("cloudObjectMeta")).body("hello");
        assert_eq!(put.send().await.status, 200);
    }
    let id = |at: usize| uploads[at]["cloudObjectId"].clone();
    let asked = json!([{ "cloudObjectId": id(0) }, { "cloudObjectId": "cloud://local.x/none" }, { "cloudObjectId": id(1) }, {}]);
    let (_, links) = post(&sandbox, "/v1/storages/get-objects-download-info", &bob, asked.clone()).await;
    let codes: Vec<&Value> = links.as_array().expect("items").iter().map(|item| &item["code"]).collect();
    assert!(codes[0].is_null() && codes[2].is_null(), "{links}");
    assert!(codes[1].is_string() && codes[3].is_string(), "{links}");
    let link = links[0]["downloadUrl"].as_str().expect("a link");
    assert_eq!(Request::new("GET", link).send().await.text(), "hello");
    let copies =
        json!([{ "srcPath": "a.txt", "dstPath": "c.txt" }, { "srcPath": "none.txt", "dstPath": "d.txt" }]);
    let (_, copied) = post(&sandbox, "/v1/storages/copy-objects", &alice, copies).await;
    assert!(copied[0]["code"].is_null() && copied[1]["code"].is_string(), "{copied}");
    let (_, deleted) = post(&sandbox, "/v1/storages/delete-objects", &alice, asked).await;
    assert!(deleted[0]["code"].is_null() && deleted[1]["code"].is_string(), "{deleted}");
    assert_eq!(Request::new("GET", link).send().await.status, 404);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mini_program_asks_the_gateway_by_calling_a_function() {
    let sandbox = sandbox().await;
    let signed = Request::new("POST", &sandbox.url("/__cloudkit/sign-in")).body(r#"{"openid":"o-alice1"}"#);
    let token = signed.send().await.json()["access_token"].as_str().expect("a token").to_owned();
    let call = |request: Value| {
        json!({ "action": "functions.invokeFunction", "function_name": "httpOverCallFunction",
                "request_data": request.to_string(), "access_token": token })
    };
    let over = async |request: Value| -> Value {
        let (_, answer) = post(&sandbox, "/web?env=local", "", call(request)).await;
        let text = answer["data"]["response_data"].as_str().unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(text).expect("JSON")
    };
    let url = format!("https://cloud-1.api.tcloudbasegateway.com{DOCUMENTS}/private/documents");
    let made = over(json!({ "url": url, "method": "POST", "body": { "data": [{ "n": 1 }] }, "headers": { "X-Db-Instance": null } })).await;
    assert_eq!(
        (&made["statusCode"], made["body"]["insertedIds"].as_array().map(Vec::len)),
        (&json!(200), Some(1))
    );
    let found =
        sandbox.admin("database.getDocument", json!({ "collectionName": "private", "query": "{}" })).await;
    assert!(found["data"]["list"][0].as_str().is_some_and(|text| text.contains("o-alice1")), "{found}");
    let me = over(json!({ "url": "https://x.api.tcloudbasegateway.com/auth/v1/user/me" })).await;
    assert_eq!(me["body"]["sub"], "u-alice");
    let denied = over(json!({ "url": url.replace("private", "adminonly"), "method": "GET" })).await;
    assert_eq!(
        (&denied["statusCode"], &denied["body"]["code"]),
        (&json!(403), &json!("DATABASE_PERMISSION_DENIED"))
    );
    for broken in [
        json!({}),
        json!({ "url": "https://x/admin" }),
        json!({ "url": "a b" }),
        json!({ "url": "/v1/functions/open", "method": "a b" }),
    ] {
        let (_, answer) = post(&sandbox, "/web?env=local", "", call(broken.clone())).await;
        assert_eq!(answer["code"], "INVALID_PARAM", "{broken}: {answer}");
    }

    let large = json!({ "action": "database.addDocument", "collectionName": "private", "access_token": token,
                        "data": { "text": "x".repeat(600 * 1024) } });
    let (_, answer) = post(&sandbox, "/web?env=local", "", large.clone()).await;
    assert_eq!(answer["code"], "INVALID_PARAM", "{answer}");
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("512 KB")), "{answer}");
    let mut of_a_page = large;
    of_a_page["access_token"] = by_password(&sandbox, "alice").await.into();
    assert!(
        post(&sandbox, "/web?env=local", "", of_a_page).await.1["code"].is_null(),
        "a page may send more"
    );
    sandbox.emulator.stop().await;
}
