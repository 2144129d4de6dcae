//! Clients at `/web`: who they are, and what a page may read. See `docs/wire.md#web-envelope`.

use serde_json::{Value, json};

use crate::support::emulator::Sandbox;
use crate::support::http::{Request, Response};
use crate::support::patience::told;

const HOUR: i64 = 3_600_000;
const PAGE: &str = "http://localhost:5173";

/// Sends an action as js-sdk 1 and 2 do, with the access token if there is one.
async fn web(sandbox: &Sandbox, action: &str, token: &str, fields: Value) -> Value {
    let mut body = json!({ "action": action, "dataVersion": "2020-01-10", "env": "cloud-1", "seqId": "1" });
    let map = body.as_object_mut().expect("an object");
    map.extend(fields.as_object().expect("fields").clone());
    if !token.is_empty() {
        map.insert("access_token".into(), token.into());
    }
    let request = Request::new("POST", &sandbox.url("/web?env=cloud-1")).header("origin", PAGE);
    let response = request.header("content-type", "application/json;charset=UTF-8").body(body.to_string());
    let response = response.send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("access-control-allow-origin"), Some(PAGE));
    response.json()
}

/// Logs an anonymous user in; returns refresh and access token.
async fn anonymous(sandbox: &Sandbox) -> (String, String) {
    let signed = web(sandbox, "auth.signInAnonymously", "", json!({ "anonymous_uuid": "" })).await;
    assert!(signed["uuid"].as_str().is_some_and(|uuid| !uuid.is_empty()), "{signed}");
    let refresh = signed["refresh_token"].as_str().expect("a token").to_owned();
    let access = fetch(sandbox, &refresh).await;
    (refresh, access["access_token"].as_str().expect("a token").to_owned())
}

async fn fetch(sandbox: &Sandbox, refresh: &str) -> Value {
    let action = "auth.fetchAccessTokenWithRefreshToken";
    web(sandbox, action, "", json!({ "refresh_token": refresh })).await
}

async fn count(sandbox: &Sandbox, token: &str) -> Value {
    web(sandbox, "database.countDocument", token, json!({ "collectionName": "todos", "query": {} })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_login_lasts_by_the_clock_and_is_refreshed() {
    let sandbox = Sandbox::with_todos().await;
    let (refresh, access) = anonymous(&sandbox).await;
    assert_eq!(count(&sandbox, &access).await["data"]["total"], 0);
    let me = web(&sandbox, "auth.getUserInfo", &access, json!({})).await;
    assert_eq!(me["data"]["loginType"], "ANONYMOUS");

    sandbox.clock.advance(3 * HOUR);
    assert_eq!(count(&sandbox, &access).await["code"], "ACCESS_TOKEN_EXPIRED");
    let again = fetch(&sandbox, &refresh).await;
    assert_eq!(again["access_token_expire"], 2 * HOUR);
    let access = again["access_token"].as_str().expect("a token");
    assert_eq!(count(&sandbox, access).await["data"]["total"], 0);

    let out = web(&sandbox, "auth.logout", "", json!({ "refresh_token": refresh })).await;
    assert!(out["code"].is_null(), "{out}");
    assert_eq!(count(&sandbox, access).await["code"], "ACCESS_TOKEN_DISABLED");
    assert_eq!(fetch(&sandbox, &refresh).await["code"], "INVALID_REFRESH_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_opens_nothing() {
    let sandbox = Sandbox::with_todos().await;
    let (_, access) = anonymous(&sandbox).await;
    let (signed, _) = access.rsplit_once('.').expect("three parts");
    let (_, claims) = signed.split_once('.').expect("three parts");
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let (_, foreign) = anonymous(&Sandbox::start().await).await;
    for token in [none, format!("{signed}.AAAA"), foreign, "x".into()] {
        assert_eq!(count(&sandbox, &token).await["code"], "INVALID_ACCESS_TOKEN", "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phones_code_comes_to_the_terminal_and_logs_in() {
    use cloudkit::emulator::event::Event;

    let sandbox = Sandbox::start().await;
    let mut events = sandbox.emulator.events();
    let phone = "+86 13800000000";
    let sent = web(&sandbox, "auth.sendPhoneCode", "", json!({ "phoneNumber": phone })).await;
    assert_eq!(sent["data"]["SendStatus"], "Ok");
    let sent = |event| match event {
        Event::CodeSent { to, code } => Some((to, code)),
        _ => None,
    };
    let (to, code) = told(&mut events, sent).await;
    assert_eq!(to, phone);
    let sign_in = |code: String| {
        let fields = json!({ "loginType": "PHONE", "phoneNumber": phone, "phoneCode": code });
        web(&sandbox, "auth.signIn", "", fields)
    };
    assert_eq!(sign_in("wrong".into()).await["code"], "PHONE_CODE_NOT_MATCHED");
    let signed = sign_in(code.clone()).await;
    let token = signed["access_token"].as_str().expect("a token");
    let me = web(&sandbox, "auth.getUserInfo", token, json!({})).await;
    assert_eq!((&me["data"]["loginType"], &me["data"]["phoneNumber"]), (&json!("PHONE"), &json!(phone)));
    assert_eq!(sign_in(code).await["code"], "PHONE_CODE_NOT_MATCHED");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_linked_and_let_go_but_for_the_last() {
    let sandbox = Sandbox::start().await;
    let signed = web(&sandbox, "auth.sendPhoneCode", "", json!({ "phoneNumber": "+86 1" })).await;
    assert!(signed["code"].is_null(), "{signed}");
    let code = sandbox.get("/__cloudkit/codes").await.json()[0]["code"].clone();
    let fields = json!({
        "loginType": "PHONE", "phoneNumber": "+86 1", "phoneCode": code, "password": "first-1", "signMethod": "SIGNUP",
    });
    let signed = web(&sandbox, "auth.signIn", "", fields).await;
    let token = signed["access_token"].as_str().expect("a token");
    let by_password = json!({ "loginType": "PHONE", "phoneNumber": "+86 1", "password": "first-1" });
    assert!(web(&sandbox, "auth.signIn", "", by_password).await["code"].is_null());
    let link = json!({ "payload": { "code": "o-1", "loginType": "WECHAT-OPEN" } });
    assert!(web(&sandbox, "auth.linkWithWeixinCode", token, link).await["code"].is_null());
    let linked = web(&sandbox, "auth.getLinkedUidList", token, json!({})).await;
    assert_eq!(linked["data"]["users"][0]["wxOpenId"], "o-1");
    for (platform, code) in [
        ("EMAIL", json!("INVALID_PARAM")),
        ("NONSENSE", json!("INVALID_PARAM")),
        ("PHONE", Value::Null),
        ("PHONE", json!("INVALID_PARAM")),
        ("WECHAT-OPEN", json!("INVALID_PARAM")),
    ] {
        let told = web(&sandbox, "auth.unlink", token, json!({ "platform": platform })).await;
        assert_eq!(told["code"], code, "{platform}: {told}");
    }
    let unknown = json!({
        "loginType": "PHONE", "phoneNumber": "+86 2", "phoneCode": "0", "password": "x", "signMethod": "FORCERESETPWD",
    });
    assert_eq!(web(&sandbox, "auth.signIn", "", unknown).await["code"], "PHONE_CODE_NOT_MATCHED");
    assert_eq!(
        web(&sandbox, "auth.unlink", "", json!({ "platform": "PHONE" })).await["code"],
        "INVALID_ACCESS_TOKEN"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_of_the_admin_are_none_of_a_clients() {
    let sandbox = Sandbox::start().await;
    let asked = web(&sandbox, "auth.getUserInfoForAdmin", "", json!({ "uuid": "u" })).await;
    assert_eq!(asked["code"], "INVALID_ACTION");
    assert_eq!(web(&sandbox, "auth.getJwt", "", json!({})).await["code"], "INVALID_ACTION");
    for api in ["wx.openApi", "wx.api", "wx.wxPayApi"] {
        assert_eq!(
            web(&sandbox, api, "", json!({ "apiName": "x" })).await["code"],
            "INVALID_ACTION",
            "{api}"
        );
    }
}

async fn preflight(sandbox: &Sandbox, path: &str, origin: &str) -> Response {
    let request = Request::new("OPTIONS", &sandbox.url(path)).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let request = request.header("access-control-request-headers", "authorization,x-seqid");
    request.header("access-control-request-private-network", "true").send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_talk_to_the_doors_of_clients() {
    let sandbox = Sandbox::start().await;
    for path in ["/web?env=e", "/auth/v1/signin", "/v1/functions/f", "/__cloudkit/object/a.txt", "/any"] {
        let answer = preflight(&sandbox, path, PAGE).await;
        assert_eq!(answer.status, 204, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-headers", "authorization,x-seqid"),
            ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            ("access-control-allow-private-network", "true"),
            ("access-control-max-age", "7200"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(preflight(&sandbox, path, "https://evil.com").await.status, 403, "{path}");
    }
    for path in ["/admin", "/__cloudkit/env", "/__cloudkit/documents"] {
        let answer = preflight(&sandbox, path, PAGE).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
