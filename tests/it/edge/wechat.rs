//! WeChat's server API over real HTTP: what is refused, what comes later, and the environment from outside of it.

use cloudkit::emulator::logs::Search;
use serde_json::{Value, json};

use crate::support::emulator::Sandbox;
use crate::support::http::{Request, Response};

const APP: &str = "appid=wx0123456789abcdef&secret=s";

async fn send(sandbox: &Sandbox, method: &'static str, path: &str, body: &str) -> Response {
    let url = sandbox.url(path);
    Request::new(method, &url).header("host", "api.weixin.qq.com").body(body).send().await
}

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    send(sandbox, "POST", path, &body.to_string()).await.json()
}

async fn token(sandbox: &Sandbox) -> String {
    let path = format!("/cgi-bin/token?grant_type=client_credential&{APP}");
    let granted = send(sandbox, "GET", &path, "").await.json();
    granted["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn bad_requests_get_wechats_codes() {
    let sandbox = Sandbox::start().await;
    let token = token(&sandbox).await;
    let late = self::token(&sandbox).await;
    for (method, path, body, code) in [
        ("POST", "/wxa/msg_sec_check".to_owned(), "{}", 41001),
        ("POST", "/wxa/msg_sec_check?access_token=".to_owned(), "{}", 41001),
        ("POST", "/wxa/msg_sec_check?access_token=%5Bobject%20Object%5D".to_owned(), "{}", 40014),
        ("POST", "/wxa/msg_sec_check?access_token=90_foreign".to_owned(), "{}", 40001),
        ("GET", format!("/wxa/msg_sec_check?access_token={token}"), "", 43002),
        ("POST", format!("/wxa/msg_sec_check?access_token={token}"), "", 44002),
        ("POST", format!("/wxa/msg_sec_check?access_token={token}"), "content=a", 47001),
        ("POST", format!("/wxa/msg_sec_check?access_token={token}"), "[1]", 47001),
        ("POST", format!("/wxa/msg_sec_check?access_token={token}"), "{\"content\":", 47001),
        ("POST", format!("/cgi-bin/token?grant_type=client_credential&{APP}"), "", 43001),
        ("POST", "/cgi-bin/stable_token".to_owned(), "", 44002),
        ("GET", format!("/sns/jsCode2Session?{APP}&js_code=a"), "", 40066),
        ("GET", "/nowhere".to_owned(), "", 40066),
        ("GET", format!("/sns/jscode2session?{APP}&js_code=the-code-of-a-real-phone"), "", 40029),
        ("POST", format!("/wxa/img_sec_check?access_token={token}"), "{}", 41005),
        ("POST", format!("/tcb/databasequery?access_token={late}"), "", 44002),
        ("POST", format!("/tcb/databasequery?access_token={late}"), "{}", 40101),
        ("POST", format!("/tcb/nonsense?access_token={late}"), "{\"env\":\"e\"}", 40066),
        ("POST", "/tcb/databasequery".to_owned(), "{}", 41001),
        ("POST", format!("/wxa/msg_sec_check?access_token={token}"), "{\"content\":\"a\"}", 0),
    ] {
        let answer = send(&sandbox, method, &path, body).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["errcode"]), (200, &json!(code)), "{method} {path} {body}: {told}");
        let has_rid = told["errmsg"].as_str().is_some_and(|message| message.contains(" rid: "));
        assert_eq!(has_rid, code != 0, "{told}");
    }
    sandbox.clock.advance(7_200_000);
    let path = format!("/wxa/msg_sec_check?access_token={late}");
    assert_eq!(post(&sandbox, &path, json!({ "content": "a" })).await["errcode"], 42001);
}

#[tokio::test]
async fn a_form_brings_a_picture_and_a_path_serves_other_hosts() {
    let sandbox = Sandbox::start().await;
    let token = token(&sandbox).await;
    let url = sandbox.url(&format!("/__cloudkit/wechat/wxa/img_sec_check?access_token={token}"));
    let picture = &b"GIF89a\x01\x00\x01\x00"[..];
    for (field, bytes, code) in [
        ("media", picture, 0),
        ("media", b"GIF89a\x01\x00\x01\x00 cloudkit-risky", 87014),
        ("media", b"a text", 40004),
        ("media", b"", 41005),
        ("img", picture, 41005),
        ("file", picture, 41005),
    ] {
        let answer = Request::new("POST", &url).form(&[(field, bytes)]).send().await.json();
        assert_eq!(answer["errcode"], code, "{field} {bytes:?}");
    }
    let cut = Request::new("POST", &url).header("content-type", "multipart/form-data").body("x").send().await;
    assert_eq!(cut.json()["errcode"], 41005);
    let calls = sandbox.get("/__cloudkit/wechat/calls?method=security.imgSecCheck").await.json();
    assert_eq!(
        (calls.as_array().map(Vec::len), &calls[0]["body"]),
        (Some(7), &json!({ "media": { "name": "media", "bytes": 10 } }))
    );
    Request::new("DELETE", &sandbox.url("/__cloudkit/wechat/calls")).send().await;
    assert_eq!(sandbox.get("/__cloudkit/wechat/calls").await.json(), json!([]));
    let path = sandbox.url("/__cloudkit/wechat/subscriptions");
    for (body, status) in [
        (r#"{"openid":"o-1","templates":{"t":"accept","other":"reject"}}"#, 200),
        (r#"{"openid":"o-1","templates":["t"]}"#, 400),
        (r#"{"openid":"123","templates":{"t":"accept"}}"#, 400),
    ] {
        assert_eq!(Request::new("POST", &path).body(body).send().await.status, status, "{body}");
    }
    for (template, code) in [("t", 0), ("t", 43101), ("other", 43101), ("never-asked", 0)] {
        let path = format!("/cgi-bin/message/subscribe/send?access_token={token}");
        let message = json!({ "touser": "o-1", "template_id": template, "data": {} });
        assert_eq!(post(&sandbox, &path, message).await["errcode"], code, "{template}");
    }
    for body in ["", "{}", r#"{"openid":"123"}"#, r#"{"openid":"o-1","kind":"soul"}"#] {
        let answer = Request::new("POST", &sandbox.url("/__cloudkit/wechat/login")).body(body).send().await;
        assert_eq!((answer.status, answer.json()["code"].clone()), (400, json!("INVALID_PARAM")), "{body}");
    }
}

#[tokio::test]
async fn no_method_answers_without_a_token_of_its_time() {
    let sandbox = Sandbox::start().await;
    let expired = token(&sandbox).await;
    sandbox.clock.advance(7_200_000);
    let replaced = token(&sandbox).await;
    let current = token(&sandbox).await;
    sandbox.clock.advance(300_001);
    let foreign = "90_a-token-that-weixin-made-elsewhere";
    for (method, path) in [
        ("GET", "/wxa/checksession"),
        ("POST", "/wxa/resetusersessionkey"),
        ("GET", "/wxa/getpaidunionid"),
        ("POST", "/wxa/business/getuserphonenumber"),
        ("POST", "/wxa/msg_sec_check"),
        ("POST", "/wxa/img_sec_check"),
        ("POST", "/wxa/media_check_async"),
        ("POST", "/wxa/getwxacode"),
        ("POST", "/wxa/getwxacodeunlimit"),
        ("POST", "/cgi-bin/wxaapp/createwxaqrcode"),
        ("POST", "/cgi-bin/message/subscribe/send"),
        ("POST", "/cgi-bin/message/custom/send"),
        ("POST", "/cgi-bin/message/wxopen/template/send"),
        ("POST", "/cgi-bin/message/wxopen/template/uniform_send"),
        ("GET", "/wxaapi/newtmpl/gettemplate"),
        ("POST", "/cgi-bin/media/upload"),
        ("POST", "/wxa/generatescheme"),
        ("GET", "/datacube/getweanalysisappiddailyvisittrend"),
        ("POST", "/cv/ocr/idcard"),
        ("POST", "/tcb/databasequery"),
        ("POST", "/tcb/invokecloudfunction"),
        ("POST", "/tcb/uploadfile"),
    ] {
        let body = if method == "GET" { "" } else { "{}" };
        for (token, code) in [
            ("", 41001),
            ("undefined%20", 40014),
            (&"a".repeat(513), 40014),
            (foreign, 40001),
            (replaced.as_str(), 40001),
            (expired.as_str(), 42001),
        ] {
            let asked = format!("{path}?access_token={token}");
            let told = send(&sandbox, method, &asked, body).await.json();
            assert_eq!(told["errcode"], code, "{method} {asked}: {told}");
        }
        let told = send(&sandbox, method, &format!("{path}?access_token={current}"), body).await;
        let code = if told.text().starts_with('{') { told.json()["errcode"].as_i64() } else { Some(0) };
        assert!(!matches!(code, Some(40001 | 40014 | 41001 | 42001)), "{method} {path}: {code:?}");
    }
}

#[tokio::test]
async fn an_environment_is_not_for_the_token_of_another_app() {
    let manifest = "[project]\napp-id = 'wxfedcba9876543210'\n[functions]\nroot = 'functions'\n";
    let sandbox = Sandbox::with_files(&[("cloudkit.toml", manifest), ("functions/a/index.js", "")]).await;
    let own = "/cgi-bin/token?grant_type=client_credential&appid=wxfedcba9876543210&secret=s";
    let own = send(&sandbox, "GET", own, "").await.json();
    let own = own["access_token"].as_str().expect("a token").to_owned();
    for (token, code) in [(token(&sandbox).await, 85088), (own, 0)] {
        let path = format!("/tcb/databasecollectionget?access_token={token}");
        assert_eq!(post(&sandbox, &path, json!({ "env": "e" })).await["errcode"], code);
        let path = format!("/wxa/msg_sec_check?access_token={token}");
        assert_eq!(post(&sandbox, &path, json!({ "content": "a" })).await["errcode"], 0);
    }
}

/// Tells what it is told.
const LISTENER: &str = r"
exports.main = async (event) => { console.log('TOLD ' + JSON.stringify(event)) }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_told_to_the_listener_by_the_clock() {
    let files = [
        ("cloudkit.toml", "[functions]\nroot = 'functions'\n[wechat]\nlistener = 'hear'\nrisky = ['坏']\n"),
        ("functions/hear/index.js", LISTENER),
    ];
    let sandbox = Sandbox::with_files(&files).await;
    let token = token(&sandbox).await;
    let body = json!({
        "media_url": "https://a.cn/坏.png", "media_type": 2, "version": 2, "openid": "o-1", "scene": 1,
    });
    let answer = post(&sandbox, &format!("/wxa/media_check_async?access_token={token}"), body).await;
    let trace = answer["trace_id"].as_str().expect("a trace");
    let environment = sandbox.emulator.environment();
    environment.wechat.tell_due(&environment.functions).await;
    let told = || {
        let lines = environment.logs.search(&Search { limit: 100, ..Search::default() }).found;
        lines.into_iter().map(|line| line.message).filter(|line| line.contains("TOLD")).collect::<Vec<_>>()
    };
    assert!(told().is_empty());
    sandbox.clock.advance(2_000);
    environment.wechat.tell_due(&environment.functions).await;
    let told = told();
    assert_eq!(told.len(), 1);
    for part in [trace, r#""suggest":"risky""#, r#""Event":"wxa_media_check""#, r#""openId":"o-1""#] {
        assert!(told[0].contains(part), "{part}: {}", told[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_managed_from_outside() {
    let files = [
        ("cloudkit.toml", "[functions]\nroot = 'functions'\n"),
        ("functions/echo/index.js", "exports.main = async (event) => ({ event })\n"),
        ("functions/broken/index.js", "exports.main = async () => { throw new Error('boom') }\n"),
    ];
    let sandbox = Sandbox::with_files(&files).await;
    let token = token(&sandbox).await;
    let ask = async |name: &str, body: Value| {
        let mut body = body;
        body["env"] = json!("demo-env");
        post(&sandbox, &format!("/tcb/{name}?access_token={token}"), body).await
    };
    let query = |text: &str| json!({ "query": format!("db.collection(\"geo\").{text}") });
    assert_eq!(ask("databasecollectionadd", json!({ "collection_name": "geo" })).await["errcode"], 0);
    let added =
        ask("databaseadd", query("add({data: [{_id: 'a', n: 1, at: new Date(0)}, {_id: 'b', n: 2}]})")).await;
    assert_eq!(added["id_list"], json!(["a", "b"]));
    let found =
        ask("databasequery", query("where({n: _.gt(0)}).orderBy('n', 'asc').limit(10).skip(0).get()")).await;
    assert_eq!(found["pager"], json!({ "Offset": 0, "Limit": 10, "Total": 2 }));
    assert_eq!(found["data"][0], r#"{"_id":"a","n":1,"at":{"$date":"1970-01-01T00:00:00Z"}}"#);
    let updated = ask("databaseupdate", query("where({n: 2}).update({data: {n: _.inc(1)}})")).await;
    assert_eq!(
        (&updated["matched"], &updated["modified"], &updated["id"]),
        (&json!(1), &json!(1), &json!(""))
    );
    let set = ask("databaseupdate", query("doc('c').set({data: {n: 9}})")).await;
    assert_eq!((&set["matched"], &set["id"]), (&json!(0), &json!("c")));
    assert_eq!(ask("databasecount", query("where({n: _.gte(3)}).count()")).await["count"], 2);
    let summed =
        ask("databaseaggregate", query("aggregate().group({_id: null, n: $.sum('$n')}).end()")).await;
    assert_eq!(summed["data"], json!([r#"{"_id":null,"n":13}"#]));
    assert_eq!(ask("databasedelete", query("where({n: 9}).remove()")).await["deleted"], 1);
    let path = format!("/tcb/getqcloudtoken?access_token={token}");
    let least = sandbox.emulator.environment().storage.seconds() + 60;
    let keys = post(&sandbox, &path, json!({ "lifespan": 60 })).await;
    assert!(keys["expired_time"].as_i64().is_some_and(|it| (least..least + 3600).contains(&it)), "{keys}");
    let index = json!({
        "collection_name": "geo",
        "create_indexes": [{ "name": "n_1", "unique": true, "keys": [{ "name": "n", "direction": "1" }] }],
    });
    assert_eq!(ask("updateindex", index).await["errcode"], 0);
    let collections = ask("databasecollectionget", json!({})).await;
    assert_eq!(
        (&collections["collections"][0]["name"], &collections["collections"][0]["count"]),
        (&json!("geo"), &json!(2))
    );

    for (name, body, code) in [
        ("databasequery", json!({ "query": "db.collection('none').get()" }), -502_005),
        ("databasequery", json!({ "query": "process.exit()" }), 40097),
        ("databasequery", query("add({data: {}})"), 40097),
        ("databasequery", query("where({n: _.nope(1)}).get()"), 40097),
        ("databasequery", json!({}), 40101),
        ("databasecollectiondelete", json!({}), 40101),
        ("getqcloudtoken", json!({ "lifespan": 7201 }), 40097),
        ("databasemigrateimport", json!({ "collection_name": "geo", "file_path": "none.json" }), -503_003),
        ("databasemigrateimport", json!({ "collection_name": "none", "file_path": "none.json" }), -502_005),
    ] {
        let answer = ask(name, body.clone()).await;
        assert_eq!(answer["errcode"], code, "{name} {body}: {answer}");
    }

    let invoke = async |name: &str| {
        let path = format!("/tcb/invokecloudfunction?access_token={token}&env=e&name={name}");
        post(&sandbox, &path, json!({ "a": 1 })).await
    };
    assert_eq!(invoke("echo").await["resp_data"], r#"{"event":{"a":1}}"#);
    assert_eq!(invoke("broken").await["errcode"], -504_002);
    assert_eq!(invoke("none").await["errcode"], -501_000);

    let place = ask("uploadfile", json!({ "path": "a/b.txt" })).await;
    let text = |name: &str| place[name].as_str().expect(name).as_bytes().to_vec();
    let form = [
        ("key", b"a/b.txt".to_vec()),
        ("Signature", text("authorization")),
        ("x-cos-security-token", text("token")),
        ("x-cos-meta-fileid", text("cos_file_id")),
        ("file", b"hello".to_vec()),
    ];
    let form: Vec<(&str, &[u8])> = form.iter().map(|(name, value)| (*name, value.as_slice())).collect();
    let url = place["url"].as_str().expect("a url");
    assert!(Request::new("POST", url).form(&form).send().await.status < 300);
    let links =
        ask("batchdownloadfile", json!({ "file_list": [{ "fileid": place["file_id"], "max_age": 60 }] }))
            .await;
    let link = &links["file_list"][0];
    assert_eq!((&link["status"], &link["fileid"]), (&json!(0), &place["file_id"]));
    assert_eq!(
        Request::new("GET", link["download_url"].as_str().expect("a link")).send().await.text(),
        "hello"
    );
    let deleted = ask("batchdeletefile", json!({ "fileid_list": [place["file_id"]] })).await;
    assert_eq!(deleted["delete_list"][0]["status"], 0);
}
