//! `cloudkit user …` and `cloudkit wechat …`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;
use crate::support::http::Request;

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_and_listed() {
    let cloudkit = Cloudkit::serving(&[]).await;
    let added = cloudkit.json(&["user", "add", "alice", "--phone", "+86 13800138000", "--unionid", "u-1"]);
    let openid = added["openid"].as_str().expect("an openid");
    assert_eq!((openid.len(), &openid[..1], &added["name"]), (28, "o", &json!("alice")));
    let bob = cloudkit.json(&["user", "add", "bob", "--openid", "o-bob2", "--password", "s3cret"]);
    assert_eq!(bob["openid"], "o-bob2");
    let names: Vec<_> = cloudkit.json(&["user", "list"]).as_array().expect("a list").clone();
    assert_eq!(names.len(), 2);
    for (arguments, message) in [
        (["user", "add", "alice"].as_slice(), "belongs to"),
        (&["user", "add", "carol", "--openid", "o-bob2"], "belongs to"),
        (&["user", "add", "carol", "--openid", "12345"], "no openid"),
        (&["user", "add", "carol", "--phone", "xyz"], "`xyz` is no phone number"),
        (&["user", "add", "carol", "--email", "carol"], "`carol` is no mail address"),
        (&["user", "add", "carol", "--avatar", "javascript:1"], "is no address of a picture"),
    ] {
        let refused = cloudkit.run(arguments);
        assert!(refused.starts_with("exit 5") && refused.contains(message), "{arguments:?}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wechat_was_asked_is_listed_and_answers_are_prepared() {
    let cloudkit = Cloudkit::serving(&[]).await;
    let log_in = async |code: &str| {
        let query = format!("appid=wx0123456789abcdef&secret=hidden&js_code={code}");
        let url = format!("{}/__cloudkit/wechat/sns/jscode2session?{query}", cloudkit.url());
        Request::new("GET", &url).send().await.json()
    };
    let code = cloudkit.json(&["wechat", "code", "o-alice1"])["code"].clone();
    cloudkit.run(&["wechat", "fail", "sns/jscode2session", "-1", "--times", "2"]);
    let code = code.as_str().expect("a code");
    for errcode in [json!(-1), json!(-1), json!(null)] {
        assert_eq!(log_in(code).await["errcode"], errcode);
    }
    cloudkit.run(&["wechat", "answer", "auth.code2Session", r#"{"unionid":"u-9"}"#]);
    assert_eq!(log_in("mock:o-alice1").await["unionid"], "u-9");

    let calls = cloudkit.json(&["wechat", "calls", "auth.code2Session"]);
    let call = &calls[2];
    assert_eq!((&call["method"], &call["errcode"]), (&json!("auth.code2Session"), &json!(0)));
    assert_eq!((&call["body"]["js_code"], call["body"].get("secret")), (&json!(code), None));
    let shown = cloudkit.run(&["wechat", "calls", "--clear"]);
    assert!(shown.contains("auth.code2Session") && !shown.contains("hidden"), "{shown}");
    assert_eq!(cloudkit.json(&["wechat", "calls"]), json!([]));

    let granted = cloudkit.run(&["wechat", "grant", "o-alice1", "t-1"]);
    assert!(granted.contains("`o-alice1` accepts 1 × `t-1` more"), "{granted}");
    assert_eq!(cloudkit.json(&["wechat", "grant", "o-bob2", "t-1", "--times", "0"])["times"], 0);
    let token = Request::new("POST", &format!("{}/__cloudkit/wechat/cgi-bin/stable_token", cloudkit.url()))
        .body(r#"{"grant_type":"client_credential","appid":"wx0123456789abcdef","secret":"s"}"#)
        .send()
        .await
        .json()["access_token"]
        .clone();
    let token = token.as_str().expect("a token");
    let send = async |openid: &str| {
        let path = format!("__cloudkit/wechat/cgi-bin/message/subscribe/send?access_token={token}");
        let body = json!({ "touser": openid, "template_id": "t-1", "data": {} });
        let url = format!("{}/{path}", cloudkit.url());
        Request::new("POST", &url).body(body.to_string()).send().await.json()["errcode"].clone()
    };
    let sent = [send("o-alice1").await, send("o-alice1").await, send("o-bob2").await];
    assert_eq!(sent, [0, 43101, 43101]);
    assert!(cloudkit.run(&["wechat", "grant", "no openid", "t-1"]).starts_with("exit 5"));

    let refused = cloudkit.run(&["wechat", "fail", "wxacode.get", "-1", "--times", "0"]);
    assert!(refused.starts_with("exit 2"), "{refused}");
    assert!(cloudkit.run(&["wechat", "risky", ""]).contains("An empty text is in every text"));
    let refused = cloudkit.run(&["wechat", "fail", "wxacode.get", "0"]);
    assert!(refused.starts_with("exit 2") && refused.contains("0 is a success"), "{refused}");
    for (arguments, said) in [
        (["wechat", "fail", "msgSecCheck", "-1"].as_slice(), "did you mean `security.msgSecCheck`?"),
        (&["wechat", "answer", "nonsense", "{}"], "`nonsense` is no method"),
        (&["wechat", "calls", "getUnlimited"], "did you mean `wxacode.getUnlimited`?"),
    ] {
        let refused = cloudkit.run(arguments);
        assert!(refused.starts_with("exit 5") && refused.contains(said), "{arguments:?}: {refused}");
    }
    assert!(cloudkit.run(&["wechat", "code", "no openid"]).starts_with("exit 5"));
    assert!(cloudkit.run(&["wechat", "answer", "wxacode.get", "[1]"]).starts_with("exit 5"));
}
