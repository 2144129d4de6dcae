use std::path::Path;

use super::*;
use crate::emulator::identity::Account;
use crate::model::clock::hex;

const NOW: Millis = 1_700_000_000_000;
const APP: &str = "wx0123456789abcdef";

struct Stage {
    folder: tempfile::TempDir,
    clock: Clock,
    people: Identity,
    wechat: WeChat,
}

fn wechat(folder: &Path, clock: &Clock) -> WeChat {
    WeChat {
        file: folder.join("wechat.json"),
        app_id: APP.into(),
        owner: None,
        listener: None,
        clock: clock.clone(),
        ids: Ids::default(),
        events: Events::new(8),
        state: Mutex::new(State {
            kept: kept::read(&folder.join("wechat.json"), Text::default()).expect("readable"),
            risky: Risky::new(&[]),
            ..State::default()
        }),
        pending: tokio::sync::Notify::new(),
        telling: tokio::sync::Mutex::default(),
    }
}

fn stage() -> Stage {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::frozen(NOW));
    let env = "local".parse().expect("an env id");
    let people = Identity::open(folder.path().join("identity.json"), &env, clock.clone(), Ids::default());
    let wechat = wechat(folder.path(), &clock);
    Stage { folder, people: people.expect("readable"), clock, wechat }
}

impl Stage {
    fn ask_with(&self, name: &str, body: Value, media: Option<&[u8]>) -> Answer {
        let method = if name.starts_with('/') { Method::at(name).ok() } else { Method::called(name) };
        let Value::Object(fields) = body else { panic!("{name}: not an object") };
        let asked = Asked {
            method: &method.unwrap_or_else(|| panic!("{name} is no method")),
            fields: &fields,
            signed: None,
            media: media.map(|bytes| Media { name: "a.png", bytes }),
            people: &self.people,
        };
        self.wechat.answer(&asked, Ok(()))
    }

    fn ask(&self, name: &str, body: Value) -> Value {
        match self.ask_with(name, body, None) {
            Answer::Fields(fields) => fields,
            Answer::Picture(picture) => json!({ "picture": picture.content_type }),
        }
    }

    /// Asks and compares the code; 0 is success.
    #[track_caller]
    fn check(&self, name: &str, body: Value, code: i64) {
        let answer = self.ask(name, body.clone());
        assert_eq!(
            answer.get("errcode").and_then(Value::as_i64).unwrap_or(0),
            code,
            "{name} {body}: {answer}"
        );
    }

    fn code(&self, openid: &str) -> String {
        self.wechat.code(openid, Purpose::Login).expect("a code")
    }
}

fn login(code: &str) -> Value {
    json!({ "appid": APP, "secret": "s", "js_code": code, "grant_type": "authorization_code" })
}

#[test]
fn a_code_becomes_a_session_without_an_errcode() {
    let stage = stage();
    let mut alice = Account::in_wechat("o-alice");
    alice.unionid = Some("u-alice".into());
    stage.people.add(alice, None).expect("a new name");
    let session = stage.ask("/sns/jscode2session", login(&stage.code("o-alice")));
    assert_eq!((&session["openid"], &session["unionid"]), (&json!("o-alice"), &json!("u-alice")));
    assert_eq!(session.get("errcode"), None);
    let key = BASE64_STANDARD.decode(session["session_key"].as_str().expect("a key")).expect("base64");
    assert_eq!(key.len(), 16);
    let bob = stage.ask("/sns/jscode2session", login("mock:o-bob"));
    assert_eq!((&bob["openid"], bob.get("unionid")), (&json!("o-bob"), None));
    assert_ne!(bob["session_key"], session["session_key"]);
    // A restart logs nobody out.
    let again = wechat(stage.folder.path(), &stage.clock);
    assert_eq!(again.state().kept.session_keys["o-alice"], session["session_key"]);
}

#[test]
fn a_code_is_for_the_app_that_the_project_names() {
    let mut stage = stage();
    for (owner, code) in [(None, 0), (Some(APP), 0), (Some("wxfedcba9876543210"), 40029)] {
        stage.wechat.owner = owner.map(str::to_owned);
        stage.check("/sns/jscode2session", login(&stage.code("o-1")), code);
        stage.check("/sns/jscode2session", login("mock:o-1"), code);
    }
}

#[test]
fn a_wrong_login_is_told_by_its_code() {
    let stage = stage();
    let used = stage.code("o-1");
    stage.check("/sns/jscode2session", login(&used), 0);
    let late = stage.code("o-1");
    stage.clock.advance(300_000);
    for (change, code) in [
        (json!({ "js_code": used }), 40029),
        (json!({ "js_code": late }), 40029),
        (json!({ "js_code": "mock:开放" }), 40029),
        (json!({ "js_code": "" }), 41008),
        (json!({ "js_code": null }), 41008),
        (json!({ "appid": "" }), 41002),
        (json!({ "appid": "nonsense" }), 40013),
        (json!({ "secret": "" }), 41004),
        (json!({ "grant_type": "password" }), 40002),
    ] {
        let mut body = login(&stage.code("o-1"));
        person::extend(&mut body, change);
        stage.check("/sns/jscode2session", body, code);
    }
    let twice = stage.code("o-1");
    stage.check("/sns/jscode2session", login(&twice), 0);
    stage.check("/sns/jscode2session", login(&twice), 40163);
    let phone = stage.wechat.code("o-1", Purpose::Phone).expect("a code");
    stage.check("/sns/jscode2session", login(&phone), 40029);
}

#[test]
fn tokens_outlive_the_emulator_and_end_by_the_clock() {
    let stage = stage();
    let grant = json!({ "grant_type": "client_credential", "appid": APP, "secret": "s" });
    let plain = stage.ask("/cgi-bin/token", grant.clone());
    let stable = stage.ask("/cgi-bin/stable_token", grant.clone());
    assert_eq!((&plain["expires_in"], &stable["expires_in"]), (&json!(7200), &json!(7200)));
    let token = plain["access_token"].as_str().expect("a token");
    let again = wechat(stage.folder.path(), &stage.clock);
    assert_eq!(again.check_token(Some(token)), Ok(()));
    stage.clock.advance(7_200_000);
    assert_eq!(again.check_token(Some(token)), Err(Refusal::expired_token()));
    stage.check("/cgi-bin/token", json!({ "grant_type": "x", "appid": APP, "secret": "s" }), 40002);
    stage.check("/cgi-bin/token", json!({ "grant_type": "client_credential", "secret": "s" }), 41002);
    stage.check("/cgi-bin/stable_token", json!({ "grant_type": "client_credential", "appid": APP }), 41004);
}

#[test]
fn a_session_is_checked_by_its_signature_and_reset() {
    let stage = stage();
    let session = stage.ask("/sns/jscode2session", login("mock:o-1"));
    let key = BASE64_STANDARD.decode(session["session_key"].as_str().expect("a key")).expect("base64");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let signature = hex(ring::hmac::sign(&key, b"").as_ref());
    let body = json!({ "openid": "o-1", "signature": signature, "sig_method": "hmac_sha256" });
    stage.check("/wxa/checksession", body.clone(), 0);
    stage.check("/wxa/checksession", json!({ "openid": "o-1", "signature": "00" }), 87009);
    stage.check("/wxa/checksession", json!({ "openid": "o-unknown", "signature": signature }), 40003);
    let reset = stage.ask("/wxa/resetusersessionkey", body.clone());
    assert_ne!(reset["session_key"], session["session_key"]);
    stage.check("/wxa/checksession", body, 87009);
}

#[test]
fn what_a_game_reports_of_a_player_is_signed_and_kept_within_bounds() {
    let stage = stage();
    let session = stage.ask("/sns/jscode2session", login("mock:o-1"));
    let key = BASE64_STANDARD.decode(session["session_key"].as_str().expect("a key")).expect("base64");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let body = br#"{ "kv_list": [{ "key": "score", "value": "100" }] }"#;
    let signed = |path: &str, body: &[u8], signature: &str| {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { panic!("not an object") };
        fields.extend([("openid".into(), "o-1".into()), ("signature".into(), signature.into())]);
        let method = Method::at(path).expect("a method");
        let people = &stage.people;
        let asked = Asked { method: &method, fields: &fields, signed: Some(body), media: None, people };
        match stage.wechat.answer(&asked, Ok(())) {
            Answer::Fields(answer) => answer["errcode"].clone(),
            Answer::Picture(_) => Value::Null,
        }
    };
    let signature = hex(ring::hmac::sign(&key, body).as_ref());
    let of_nothing = hex(ring::hmac::sign(&key, b"").as_ref());
    assert_eq!(signed("/wxa/set_user_storage", body, &signature), 0);
    assert_eq!(signed("/wxa/set_user_storage", body, &of_nothing), 87009);
    assert_eq!(signed("/wxa/set_user_storage", body, ""), 87009);
    assert_eq!(
        signed(
            "/wxa/set_user_storage",
            br#"{ "kv_list": [{ "key": "score", "value": "999" }] }"#,
            &signature
        ),
        87009
    );
    let kept = || wechat(stage.folder.path(), &stage.clock).state().kept.hosted["o-1"].clone();
    assert_eq!(kept(), [("score".to_owned(), "100".to_owned())].into());

    // A function's own call has no signature, and other letters.
    let set = |pairs: Vec<(String, Value)>, code| {
        let list: Vec<_> = pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        stage.check("storage.setUserStorage", json!({ "openid": "o-1", "kvList": list }), code);
    };
    let long = |count: usize| "x".repeat(count);
    set(vec![("gold".into(), json!(3000))], 0);
    set(vec![(long(128), json!(long(896)))], 0);
    set(vec![(long(129), json!(""))], 87019);
    set(vec![(long(128), json!(long(897)))], 87016);
    set((0..126).map(|number| (number.to_string(), json!(""))).collect(), 87018);
    set(vec![("a".into(), json!({}))], 47001);
    stage.check("storage.setUserStorage", json!({ "openid": "o-1" }), 47001);
    stage.check("storage.setUserStorage", json!({ "openid": "开放", "kvList": [] }), 40003);
    stage.check("storage.removeUserStorage", json!({ "openid": "o-1", "key": [long(128), "none"] }), 0);
    stage.check("storage.removeUserStorage", json!({ "openid": "o-1" }), 47001);
    assert_eq!(kept().into_keys().collect::<Vec<_>>(), ["gold", "score"]);
}

#[test]
fn a_phone_code_tells_a_number_once() {
    let stage = stage();
    let mut alice = Account::in_wechat("o-alice");
    alice.phone = Some("+86 13800138000".into());
    stage.people.add(alice, None).expect("a new name");
    let code = stage.wechat.code("o-alice", Purpose::Phone).expect("a code");
    let told = stage.ask("phonenumber.getPhoneNumber", json!({ "code": code }));
    assert_eq!(told["phone_info"]["purePhoneNumber"], "13800138000");
    assert_eq!(told["phone_info"]["watermark"], json!({ "timestamp": NOW / 1000, "appid": APP }));
    stage.check("phonenumber.getPhoneNumber", json!({ "code": code }), 40163);
    stage.check("phonenumber.getPhoneNumber", json!({ "code": "x" }), 40029);
    stage.check("phonenumber.getPhoneNumber", json!({}), 41008);
}

#[test]
fn texts_are_checked_by_both_generations() {
    let stage = stage();
    let second = |content: &str| json!({ "version": 2, "openid": "o-1", "scene": 1, "content": content });
    for (body, suggest) in [(second("hello"), "pass"), (second("a cloudkit-risky word"), "risky")] {
        let answer = stage.ask("security.msgSecCheck", body);
        assert_eq!((&answer["errcode"], &answer["result"]["suggest"]), (&json!(0), &json!(suggest)));
        assert_eq!(answer["trace_id"].as_str().map(str::len), Some(26));
    }
    stage.wechat.distrust("坏话".into());
    for (body, code) in [
        (json!({ "content": "hello" }), 0),
        (json!({ "content": "这是坏话" }), 87014),
        (json!({ "content": "特3456书yuuo莞6543李zxcz蒜7782法fgnv级" }), 87014),
        (json!({ "content": "" }), 44002),
        (json!({ "content": 1 }), 47001),
        (json!({}), 47001),
        (json!({ "content": "a".repeat(LONG) }), 45002),
        (second(&"字".repeat(2500)), 0),
        (second(&"字".repeat(2501)), 45002),
        (json!({ "version": 2, "scene": 1, "content": "a" }), 40003),
        (json!({ "version": 2, "openid": "123", "scene": 1, "content": "a" }), 40003),
        (json!({ "version": 2, "openid": "o-1", "content": "a" }), 40129),
        (json!({ "version": 2, "openid": "o-1", "scene": 5, "content": "a" }), 40129),
    ] {
        stage.check("/wxa/msg_sec_check", body, code);
    }
}

#[test]
fn a_parameter_of_another_type_is_a_missing_one() {
    let stage = stage();
    let second = json!({ "version": 2, "openid": "o-1", "scene": 1, "content": "a" });
    let media =
        json!({ "media_url": "https://a.cn/b", "media_type": 2, "version": 2, "openid": "o-1", "scene": 1 });
    let message = json!({ "touser": "o-1", "template_id": "t", "data": {} });
    let text = json!({ "touser": "o-1", "msgtype": "text", "text": { "content": "a" } });
    let app = json!({ "grant_type": "client_credential", "appid": APP, "secret": "s" });
    for (name, right, field, code) in [
        ("auth.code2Session", login("mock:o-1"), "js_code", 41008),
        ("auth.code2Session", login("mock:o-1"), "appid", 41002),
        ("auth.code2Session", login("mock:o-1"), "secret", 41004),
        ("auth.getAccessToken", app.clone(), "grant_type", 40002),
        ("auth.getAccessToken", app.clone(), "appid", 41002),
        ("auth.getStableAccessToken", app.clone(), "secret", 41004),
        ("phonenumber.getPhoneNumber", json!({ "code": "mock:o-1" }), "code", 41008),
        ("security.msgSecCheck", second.clone(), "content", 47001),
        ("security.msgSecCheck", second.clone(), "openid", 40003),
        ("security.msgSecCheck", second, "scene", 40129),
        ("security.mediaCheckAsync", media.clone(), "media_url", 47001),
        ("security.mediaCheckAsync", media.clone(), "media_type", 47001),
        ("security.mediaCheckAsync", media.clone(), "openid", 40003),
        ("security.mediaCheckAsync", media, "scene", 40129),
        ("wxacode.get", json!({ "path": "p" }), "path", 40159),
        ("wxacode.createQRCode", json!({ "path": "p" }), "path", 40159),
        ("wxacode.getUnlimited", json!({ "scene": "a" }), "scene", 40169),
        ("subscribeMessage.send", message.clone(), "touser", 40003),
        ("subscribeMessage.send", message.clone(), "template_id", 40037),
        ("subscribeMessage.send", message, "data", 47001),
        ("subscribeMessage.addTemplate", json!({ "tid": "1" }), "tid", 40037),
        ("customerServiceMessage.send", text.clone(), "touser", 40003),
        ("customerServiceMessage.send", text.clone(), "msgtype", 40008),
        ("customerServiceMessage.send", text, "text", 47001),
        ("customerServiceMessage.setTyping", json!({ "touser": "o-1" }), "touser", 40003),
        ("templateMessage.send", json!({ "touser": "o-1" }), "touser", 40003),
        ("uniformMessage.send", json!({ "touser": "o-1" }), "touser", 40003),
    ] {
        stage.check(name, right.clone(), 0);
        for wrong in [json!(null), json!([]), json!(-7), json!(true)] {
            let mut body = right.clone();
            body[field] = wrong;
            stage.check(name, body, code);
        }
        let mut body = right;
        drop(body.as_object_mut().expect("an object").shift_remove(field));
        stage.check(name, body, code);
    }
}

/// More than 500 KB.
const LONG: usize = 500 * 1024 + 1;

#[test]
fn pictures_are_checked_by_what_is_in_them() {
    let stage = stage();
    let large = vec![0; 1024 * 1024 + 1];
    let picture = |width: u16, height: u16| {
        [b"GIF89a".as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), b";"].concat()
    };
    let risky = [picture(1, 1).as_slice(), b"cloudkit-risky"].concat();
    for (media, code) in [
        (Some(picture(750, 1334).as_slice()), 0),
        (Some(&picture(751, 1)), 40006),
        (Some(&picture(1, 1335)), 40006),
        (Some(&risky), 87014),
        (Some(&b"a text"[..]), 40004),
        (Some(large.as_slice()), 40006),
        (Some(&b""[..]), 41005),
        (None, 41005),
    ] {
        let Answer::Fields(answer) = stage.ask_with("security.imgSecCheck", json!({}), media) else {
            panic!("a picture");
        };
        assert_eq!(answer["errcode"], code, "{answer}");
    }
}

#[test]
fn a_check_of_media_has_its_result_later() {
    let stage = stage();
    let body =
        |url: &str| json!({ "media_url": url, "media_type": 2, "version": 2, "openid": "o-1", "scene": 1 });
    let answer = stage.ask("security.mediaCheckAsync", body("https://a.cn/cloudkit-risky.png"));
    assert!(stage.wechat.due().is_empty());
    stage.clock.advance(push::CHECK);
    let due = stage.wechat.due();
    let event = due.first().expect("a result").event(APP, "gh_1", NOW / 1000);
    assert_eq!((&event["trace_id"], &event["result"]["suggest"]), (&answer["trace_id"], &json!("risky")));
    assert!(stage.wechat.due().is_empty());
    for (body, code) in [
        (body("cloud://a/b.png"), 40066),
        (json!({ "media_type": 2 }), 47001),
        (json!({ "media_url": "https://a.cn", "media_type": 3 }), 47001),
        (json!({ "media_url": "https://a.cn", "media_type": 2, "version": 2 }), 40003),
        (json!({ "media_url": "https://a.cn", "media_type": 2 }), 0),
    ] {
        stage.check("/wxa/media_check_async", body, code);
    }
}

#[test]
fn codes_are_drawn_or_refused() {
    let stage = stage();
    for (name, body, outcome) in [
        ("wxacode.get", json!({ "path": "pages/index" }), Ok("image/jpeg")),
        ("wxacode.get", json!({ "path": "p".repeat(1025) }), Err(40159)),
        ("wxacode.get", json!({}), Err(40159)),
        ("wxacode.createQRCode", json!({ "path": "p", "width": 300 }), Ok("image/jpeg")),
        ("wxacode.createQRCode", json!({ "path": "p".repeat(129) }), Err(40159)),
        ("wxacode.getUnlimited", json!({ "scene": "a=1", "page": "pages/index" }), Ok("image/jpeg")),
        ("wxacode.getUnlimited", json!({ "scene": "a", "is_hyaline": true }), Ok("image/png")),
        ("wxacode.getUnlimited", json!({ "scene": "a".repeat(33) }), Err(40169)),
        ("wxacode.getUnlimited", json!({ "scene": "场景" }), Err(40169)),
        ("wxacode.getUnlimited", json!({ "scene": "" }), Err(40169)),
        ("wxacode.getUnlimited", json!({ "scene": "scancode_time=1" }), Err(85096)),
        ("wxacode.getUnlimited", json!({ "scene": "a", "width": "300" }), Ok("image/jpeg")),
        ("wxacode.getUnlimited", json!({ "scene": "a", "width": -1.5 }), Ok("image/jpeg")),
        (
            "wxacode.getUnlimited",
            json!({ "scene": "a", "width": null, "line_color": null }),
            Ok("image/jpeg"),
        ),
        ("wxacode.getUnlimited", json!({ "scene": "a", "width": "wide" }), Err(47001)),
        ("wxacode.getUnlimited", json!({ "scene": "a", "line_color": "red" }), Err(47001)),
        ("wxacode.getUnlimited", json!({ "scene": "a", "page": "/pages/index" }), Err(41030)),
        ("wxacode.getUnlimited", json!({ "scene": "a", "env_version": "trial" }), Ok("image/jpeg")),
        ("wxacode.getUnlimited", json!({ "scene": "a", "env_version": "developer" }), Err(40097)),
        ("wxacode.get", json!({ "path": "p", "env_version": 1 }), Err(40097)),
        ("wxacode.getUnlimited", json!({ "scene": "a", "page": "pages/index?b=1" }), Err(41030)),
    ] {
        let answer = stage.ask(name, body.clone());
        match outcome {
            Ok(content_type) => assert_eq!(answer["picture"], content_type, "{name} {body}"),
            Err(code) => assert_eq!(answer["errcode"], code, "{name} {body}"),
        }
    }
}

#[test]
fn a_message_opens_a_version_that_there_is() {
    let stage = stage();
    for (state, code) in [("developer", 0), ("formal", 0), ("", 0), ("release", 40097)] {
        let body = json!({ "touser": "o-1", "template_id": "t", "data": {}, "miniprogram_state": state });
        stage.check("subscribeMessage.send", body, code);
    }
}

#[test]
fn messages_go_to_the_inbox_without_secrets() {
    let stage = stage();
    let body = json!({ "touser": "o-1", "template_id": "t", "data": { "thing1": { "value": "云" } } });
    stage.check("subscribeMessage.send", body.clone(), 0);
    stage.check("subscribeMessage.send", json!({ "touser": "", "template_id": "t", "data": {} }), 40003);
    stage.check("subscribeMessage.send", json!({ "touser": "o-1", "data": {} }), 40037);
    stage.check("subscribeMessage.send", json!({ "touser": "o-1", "template_id": "t" }), 47001);
    stage.check("customerServiceMessage.send", json!({ "touser": "o-1", "msgtype": "dance" }), 40008);
    stage.check(
        "/cgi-bin/token",
        json!({ "grant_type": "client_credential", "appid": APP, "secret": "s" }),
        0,
    );
    stage.check("/cv/ocr/idcard", json!({ "img_url": "x", "access_token": "t" }), 0);
    let calls = stage.wechat.calls(Some("wxa/nothing"));
    assert!(calls.is_empty());
    let calls = stage.wechat.calls(Some("subscribeMessage.send"));
    assert_eq!((calls.len(), calls[0].errcode, calls[1].errcode), (4, 0, 40003));
    assert_eq!((&calls[0].body, calls[0].time), (&body, NOW));
    let all: Vec<String> = stage.wechat.calls(None).into_iter().map(|call| call.body.to_string()).collect();
    assert!(all.iter().all(|body| !body.contains("secret") && !body.contains("access_token")), "{all:?}");
    stage.wechat.clear();
    assert!(stage.wechat.calls(None).is_empty());
}

#[test]
fn an_accepted_message_is_sent_once_and_counted_across_restarts() {
    let stage = stage();
    let send = |value: &str| json!({ "touser": "o-1", "template_id": "t", "data": { "thing1": { "value": value } } });
    stage.check("subscribeMessage.send", send("云"), 0);
    stage.wechat.grant("o-1", "t", 2).expect("kept");
    stage.check("subscribeMessage.send", send(&"云".repeat(21)), 47003);
    stage.check("subscribeMessage.send", send("云"), 0);
    let again = Stage { wechat: wechat(stage.folder.path(), &stage.clock), ..stage };
    again.check("subscribeMessage.send", send("云"), 0);
    again.check("subscribeMessage.send", send("云"), 43101);
    assert_eq!(again.wechat.grant("no openid", "t", 1), Err(Refusal::openid()));
    assert_eq!(again.wechat.grant("o-1", "", 1), Err(Refusal::template()));
}

#[test]
fn an_answer_is_prepared_for_the_next_calls() {
    let stage = stage();
    let failure = Prepared::Failure(Refusal::numbered(43101));
    stage.wechat.prepare("subscribeMessage.send", failure, 1);
    let body = json!({ "touser": "o-1", "template_id": "t", "data": {} });
    let refused = stage.ask("subscribeMessage.send", body.clone());
    assert_eq!(refused["errcode"], 43101);
    assert!(
        refused["errmsg"].as_str().is_some_and(|it| it.starts_with("user refuse to accept the msg rid: "))
    );
    stage.check("subscribeMessage.send", body, 0);
    let review = json!({ "result": { "suggest": "review", "label": 20001 } });
    stage.wechat.prepare("wxa/msg_sec_check", Prepared::Answer(review), 1);
    let checked = json!({ "version": 2, "openid": "o-1", "scene": 1, "content": "a" });
    let answer = stage.ask("security.msgSecCheck", checked);
    assert_eq!((&answer["errcode"], &answer["result"]["suggest"]), (&json!(0), &json!("review")));
}

#[test]
fn templates_come_and_go() {
    let stage = stage();
    let id = stage.ask("subscribeMessage.addTemplate", json!({ "tid": "401", "kidList": [1] }))["priTmplId"]
        .clone();
    assert_eq!(stage.ask("subscribeMessage.getTemplateList", json!({}))["data"][0]["priTmplId"], id);
    stage.check("subscribeMessage.deleteTemplate", json!({ "priTmplId": id }), 0);
    stage.check("subscribeMessage.deleteTemplate", json!({ "priTmplId": id }), 40037);
}

#[test]
fn open_data_is_sealed_under_the_session_key() {
    let stage = stage();
    let data = stage.wechat.open_data(&stage.people, "o-1", Kind::UserInfo).expect("open data");
    let session = stage.ask("/sns/jscode2session", login("mock:o-1"));
    let session_key = session["session_key"].as_str().expect("a key");
    assert_eq!(data.signature, seal::sign(&data.raw_data, session_key));
    let iv = BASE64_STANDARD.decode(&data.iv).expect("base64").try_into().expect("16 bytes");
    let opened = stage.wechat.opened(&data.cloud_id);
    assert_eq!(opened["data"]["openId"], "o-1");
    let again = seal::seal(opened["data"].to_string().as_bytes(), &key_of(session_key).expect("a key"), &iv);
    assert_eq!(again, data.encrypted_data);
    stage.clock.advance(300_000);
    assert_eq!(stage.wechat.opened(&data.cloud_id)["errCode"], -601_002);
    assert!(stage.wechat.open_data(&stage.people, "123", Kind::Phone).is_err());
}
