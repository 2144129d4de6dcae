//! The socket of `watch()`, frame by frame. See `docs/wire.md#realtime`.

use std::collections::BTreeMap;

use cloudkit::emulator::event::Event;
use cloudkit::emulator::permissions::Resource;
use cloudkit::model::permission::Permission;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::cloudkit::Cloudkit;
use crate::support::emulator::Sandbox;
use crate::support::http::Request;
use crate::support::listener::{Listener, login};

/// An emulator with the collection `todos`, and the ticket of a server.
async fn sandbox() -> (Sandbox, Value) {
    let sandbox = Sandbox::start().await;
    sandbox.admin("database.addCollection", json!({ "collectionName": "todos" })).await;
    let ticket = sandbox.admin("auth.wsWebSign", json!({})).await["data"].clone();
    (sandbox, ticket)
}

async fn add(sandbox: &Sandbox, document: Value) {
    let fields = json!({ "collectionName": "todos", "data": [document.to_string()] });
    let added = sandbox.admin("database.insertDocument", fields).await;
    assert!(added["code"].is_null(), "{added}");
}

async fn modify(sandbox: &Sandbox, query: Value, data: Value) {
    let fields = json!({
        "collectionName": "todos", "queryType": "WHERE", "query": query.to_string(), "data": data.to_string(),
        "multi": true, "merge": true, "upsert": false,
    });
    let modified = sandbox.admin("database.modifyDocument", fields).await;
    assert!(modified["code"].is_null(), "{modified}");
}

fn permit(sandbox: &Sandbox, permission: &Permission) {
    let todos = Resource::Collection("todos".into());
    sandbox.emulator.environment().permissions.set(&todos, Some(permission)).expect("set");
}

/// Returns the ticket and the uid of somebody who has just logged in anonymously.
async fn guest(sandbox: &Sandbox) -> (Value, String) {
    let web = async |body: Value| {
        let request = Request::new("POST", &sandbox.url("/web?env=local"));
        request.header("content-type", "application/json").body(body.to_string()).send().await.json()
    };
    let signed =
        web(json!({ "action": "auth.signInAnonymously", "env": "local", "anonymous_uuid": "" })).await;
    let refresh = json!({
        "action": "auth.fetchAccessTokenWithRefreshToken", "env": "local", "refresh_token": signed["refresh_token"],
    });
    let token = web(refresh).await["access_token"].clone();
    let ticket = web(json!({ "action": "auth.wsWebSign", "env": "local", "access_token": token })).await;
    let me = web(json!({ "action": "auth.getUserInfo", "env": "local", "access_token": token })).await;
    (ticket["data"].clone(), me["data"]["uid"].as_str().expect("a uid").to_owned())
}

fn changes(frame: &Value) -> Vec<[&str; 3]> {
    let text =
        |event: &'static str, it: &'_ Value| it[event].as_str().unwrap_or_default().to_owned().leak() as &str;
    let events = frame["msgData"]["events"].as_array().expect("events");
    events.iter().map(|it| [text("DataType", it), text("QueueType", it), text("DocID", it)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_is_told_in_the_platforms_form() {
    let (sandbox, ticket) = sandbox().await;
    let (url, sign) = (sandbox.url("/__cloudkit/realtime").replace("http", "ws"), ticket["signStr"].as_str());
    assert_eq!(ticket["wsUrl"], format!("{url}?ticket={}", sign.expect("a ticket")));
    add(&sandbox, json!({ "_id": "a", "n": 1 })).await;
    let mut listener = Listener::log_in(&ticket).await;
    let first = listener.watch("w", json!({ "query": r#""{\"n\":{\"$lt\":9}}""# })).await;
    let query = first["msgData"]["queryID"].clone();
    assert_eq!(
        first,
        json!({ "watchId": "w", "requestId": "w-1", "msgType": "INIT_EVENT", "msgData": {
            "queryID": query, "currEvent": 1,
            "events": [{ "ID": 0, "DataType": "init", "QueueType": "init", "DocID": "a", "Doc": r#"{"_id":"a","n":1}"# }],
        } })
    );
    add(&sandbox, json!({ "_id": "b", "n": 1 })).await;
    let next = listener.hear().await;
    assert_eq!((&next["watchId"], &next["msgType"]), (&json!("w"), &json!("NEXT_EVENT")));
    assert_eq!(
        next["msgData"],
        json!({ "queryID": query, "currEvent": 2, "events": [
            { "ID": 2, "DataType": "add", "QueueType": "enqueue", "DocID": "b", "Doc": r#"{"_id":"b","n":1}"# },
        ] })
    );
    modify(&sandbox, json!({}), json!({ "$set": { "m": 2 }, "$unset": { "n": "" } })).await;
    let told = r#"{"m":2}"#;
    let event = |id: &str| {
        let document = format!(r#"{{"_id":"{id}","m":2}}"#);
        json!({ "ID": 3, "DataType": "update", "QueueType": "dequeue", "DocID": id, "Doc": document,
            "UpdatedFields": told, "removedFields": r#"["n"]"# })
    };
    assert_eq!(listener.hear().await["msgData"]["events"], json!([event("a"), event("b")]));

    let place = |kind: &str, event: i64| json!({ "watchId": "w", "requestId": "p", "msgType": kind, "msgData": { "queryID": query, "eventID": event } });
    let checked = listener.ask(place("CHECK_LAST", 3)).await;
    assert_eq!(checked["msgType"], "CHECK_EVENT");
    assert_eq!(checked["msgData"], json!({ "queryID": query, "currEvent": 3 }));
    let pong = listener.ask(json!({ "requestId": "x", "msgType": "PING", "msgData": null })).await;
    assert_eq!(pong["msgType"], "PONG");
    let rebuilt = listener.ask(place("REBUILD_WATCH", 1)).await;
    assert_eq!((&rebuilt["msgType"], &rebuilt["msgData"]["currEvent"]), (&json!("NEXT_EVENT"), &json!(3)));
    assert_eq!(changes(&rebuilt).len(), 3);

    listener
        .send(&json!({ "watchId": "w", "requestId": "c", "msgType": "CLOSE_WATCH", "msgData": null }))
        .await;
    let gone = listener.ask(place("CHECK_LAST", 3)).await;
    assert_eq!(gone["msgData"]["code"], "QUERYID_INVALID_ERROR");
    sandbox.emulator.stop().await;
    let closed = listener.next().await.expect_err("it is closed");
    assert_eq!(closed.map(|it| u16::from(it.code)), Some(1001));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_out_of_place_are_answered_and_leave_the_socket_whole() {
    let (sandbox, ticket) = sandbox().await;
    let mut early = Listener::connect(&ticket).await;
    assert_eq!(early.watch("w", json!({})).await["msgType"], "INIT_EVENT", "the address has a ticket");
    let url = ticket["wsUrl"].as_str().and_then(|it| it.split('?').next());
    let mut listener = Listener::connect(&json!({ "wsUrl": url })).await;
    let frame = |kind: &str, data: Value| json!({ "watchId": "w", "requestId": "r", "msgType": kind, "msgData": data });
    let place = json!({ "queryID": "q", "eventID": 1 });
    let init = json!({ "collName": "todos", "query": "{}" });
    for (kind, data) in [("INIT_WATCH", &init), ("REBUILD_WATCH", &place), ("CHECK_LAST", &place)] {
        let answer = listener.ask(frame(kind, data.clone())).await;
        assert_eq!(
            (&answer["msgType"], &answer["msgData"]["code"]),
            (&json!("ERROR"), &json!("CHECK_LOGIN_FAILED")),
            "{kind}"
        );
    }
    for (sign, code) in [(json!("no"), "SIGN_INVALID_ERROR"), (json!(null), "SIGN_PARAM_INVALID")] {
        let answer = listener.ask(login(&json!({ "signStr": sign }))).await;
        assert_eq!((&answer["msgType"], &answer["msgData"]["code"]), (&json!("LOGIN_RES"), &json!(code)));
    }
    assert_eq!(listener.ask(login(&ticket)).await["msgData"]["envId"], "local");
    for (kind, data, code) in [
        ("INIT_WATCH", json!(null), "INVALID_PARAM"),
        ("INIT_WATCH", json!({ "collName": "none", "query": "{}" }), "DATABASE_COLLECTION_NOT_EXIST"),
        ("INIT_WATCH", json!({ "collName": "todos", "query": "{" }), "INVALID_PARAM"),
        (
            "INIT_WATCH",
            json!({ "collName": "todos", "query": r#"{"a":{"$no":1}}"# }),
            "DATABASE_INVALID_OPERRATOR",
        ),
        ("REBUILD_WATCH", place.clone(), "QUERYID_INVALID_ERROR"),
        ("REBUILD_WATCH", json!({}), "INVALID_PARAM"),
        ("CHECK_LAST", place.clone(), "QUERYID_INVALID_ERROR"),
        ("CHECK_LAST", json!([]), "INVALID_PARAM"),
        ("SHOUT", json!(null), "INVALID_PARAM"),
    ] {
        let answer = listener.ask(frame(kind, data.clone())).await;
        assert_eq!(
            (&answer["msgType"], &answer["msgData"]["code"]),
            (&json!("ERROR"), &json!(code)),
            "{kind} {data}"
        );
    }
    for text in ["", "{", "[]", "null", r#"{"msgType":1}"#, r#"{"requestId":"x"}"#] {
        listener.send_raw(Message::text(text)).await.expect("sent");
        assert_eq!(listener.hear().await["msgData"]["code"], "INVALID_PARAM", "{text}");
    }
    listener.send_raw(Message::binary(vec![0xff, 0])).await.expect("sent");
    assert_eq!(listener.hear().await["msgType"], "ERROR");
    listener.send(&frame("CLOSE_WATCH", json!(null))).await;
    assert_eq!(listener.watch("w", json!({})).await["msgType"], "INIT_EVENT");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_ten_megabytes_ends_its_socket_and_no_other() {
    let (sandbox, ticket) = sandbox().await;
    let (mut loud, mut calm) = (Listener::log_in(&ticket).await, Listener::log_in(&ticket).await);
    calm.watch("w", json!({})).await;
    // The other end may be closed before all of it is sent.
    let _ = loud.send_raw(Message::text("x".repeat(10 << 20))).await;
    loud.next().await.expect_err("it is closed");
    add(&sandbox, json!({ "_id": "a" })).await;
    assert_eq!(changes(&calm.hear().await), [["add", "enqueue", "a"]]);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_begin_together_are_asked_for_by_few_pings() {
    let (sandbox, ticket) = sandbox().await;
    let mut listener = Listener::log_in(&ticket).await;
    let data = json!({ "envId": "local", "collName": "todos", "query": "{}" });
    for watch in 0..300 {
        let watch = watch.to_string();
        let frame = json!({ "watchId": watch, "requestId": watch, "msgType": "INIT_WATCH", "msgData": data });
        listener.send(&frame).await;
    }
    for _ in 0..300 {
        assert_eq!(listener.hear().await["msgType"], "INIT_EVENT");
    }
    // The library `ws` ends a socket with sixty of them.
    assert!(listener.pings < 60, "{}", listener.pings);
    add(&sandbox, json!({ "_id": "a" })).await;
    for _ in 0..300 {
        assert_eq!(listener.hear().await["msgType"], "NEXT_EVENT");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_socket_loses_nothing() {
    let (sandbox, ticket) = sandbox().await;
    let mut listener = Listener::log_in(&ticket).await;
    let first = listener.watch("w", json!({})).await;
    add(&sandbox, json!({ "_id": "a" })).await;
    assert_eq!(listener.hear().await["msgData"]["currEvent"], 2);
    drop(listener);
    for id in ["b", "c"] {
        add(&sandbox, json!({ "_id": id })).await;
    }
    let mut again = Listener::log_in(&ticket).await;
    let data = json!({ "envId": "local", "collName": "todos", "queryID": first["msgData"]["queryID"], "eventID": 2 });
    let rebuild = json!({ "watchId": "w", "requestId": "r", "msgType": "REBUILD_WATCH", "msgData": data });
    let missed = again.ask(rebuild.clone()).await;
    assert_eq!(changes(&missed), [["add", "enqueue", "b"], ["add", "enqueue", "c"]]);
    add(&sandbox, json!({ "_id": "d" })).await;
    assert_eq!(changes(&again.hear().await), [["add", "enqueue", "d"]]);
    // Another person's ticket does not open it.
    let mut other = Listener::log_in(&guest(&sandbox).await.0).await;
    assert_eq!(other.ask(rebuild).await["msgData"]["code"], "QUERYID_INVALID_ERROR");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_came_back_is_no_longer_its_old_sockets() {
    let (sandbox, _) = sandbox().await;
    let (ticket, uid) = guest(&sandbox).await;
    add(&sandbox, json!({ "_id": "mine", "_openid": uid })).await;
    add(&sandbox, json!({ "_id": "other", "_openid": "o" })).await;
    let mut old = Listener::log_in(&ticket).await;
    let query = old.watch("w", json!({})).await["msgData"]["queryID"].clone();
    // The old socket is still open: a network may lose it without a word.
    let mut new = Listener::log_in(&ticket).await;
    let data = json!({ "queryID": query, "eventID": 1 });
    let rebuild = json!({ "watchId": "w", "requestId": "r", "msgType": "REBUILD_WATCH", "msgData": data });
    assert_eq!(new.ask(rebuild).await["msgData"]["currEvent"], 1);
    permit(&sandbox, &Permission::ReadOnly);
    assert_eq!(changes(&new.hear().await), [["limit", "enqueue", "other"]]);
    old.send(&json!({ "watchId": "w", "requestId": "c", "msgType": "CLOSE_WATCH", "msgData": null })).await;
    old.ask(json!({ "requestId": "x", "msgType": "PING", "msgData": null })).await;
    add(&sandbox, json!({ "_id": "late" })).await;
    let late = new.hear().await;
    assert_eq!(
        (changes(&late), &late["msgData"]["currEvent"]),
        (vec![["add", "enqueue", "late"]], &json!(3))
    );
    permit(&sandbox, &Permission::AdminOnly);
    assert_eq!(new.hear().await["msgData"]["code"], "COLLECTION_PERMISSION_DENIED");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_later_does_not_change_for_whom_a_listener_hears() {
    let (sandbox, admin) = sandbox().await;
    let (ticket, _) = guest(&sandbox).await;
    permit(&sandbox, &Permission::ReadOnly);
    let mut listener = Listener::log_in(&ticket).await;
    listener.watch("w", json!({})).await;
    assert_eq!(listener.ask(login(&admin)).await["msgType"], "LOGIN_RES");
    permit(&sandbox, &Permission::AdminOnly);
    add(&sandbox, json!({ "_id": "secret" })).await;
    let refused = listener.hear().await;
    assert_eq!((&refused["watchId"], &refused["msgType"]), (&json!("w"), &json!("ERROR")), "{refused}");
    assert_eq!(changes(&listener.watch("v", json!({})).await), [["init", "init", "secret"]]);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_out_of_order_leave_one_listener_that_hears_once() {
    let (sandbox, ticket) = sandbox().await;
    let mut listener = Listener::log_in(&ticket).await;
    let close = json!({ "watchId": "w", "requestId": "c", "msgType": "CLOSE_WATCH", "msgData": null });
    let place = |query: &Value, event: i64| json!({ "watchId": "w", "requestId": "p", "msgType": "REBUILD_WATCH", "msgData": { "queryID": query, "eventID": event } });
    listener.send(&close).await;
    let first = listener.watch("w", json!({})).await["msgData"]["queryID"].clone();
    let second = listener.watch("w", json!({})).await["msgData"]["queryID"].clone();
    let gone = listener.ask(place(&first, 1)).await;
    assert_eq!(gone["msgData"]["code"], "QUERYID_INVALID_ERROR", "the later one took its place");
    for ahead in [2, 0, -1, i64::MAX] {
        let answer = listener.ask(place(&second, ahead)).await;
        assert_eq!(answer["msgData"]["code"], "QUERYID_INVALID_ERROR", "event {ahead} was never told");
    }
    add(&sandbox, json!({ "_id": "a" })).await;
    let told = listener.hear().await;
    assert_eq!((&told["msgData"]["queryID"], changes(&told)), (&second, vec![["add", "enqueue", "a"]]));
    assert_eq!(listener.ask(login(&ticket)).await["msgType"], "LOGIN_RES");
    let again = listener.ask(place(&second, 1)).await;
    assert_eq!(changes(&again), [["add", "enqueue", "a"]]);
    for _ in 0..2 {
        listener.send(&close).await;
    }
    add(&sandbox, json!({ "_id": "b" })).await;
    // Nothing comes of it: the next frame is the answer.
    listener.send(&json!({ "requestId": "x", "msgType": "PING", "msgData": null })).await;
    assert_eq!(listener.hear().await["msgType"], "PONG");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_decide_what_is_heard_also_when_they_change() {
    let (sandbox, _) = sandbox().await;
    let (ticket, uid) = guest(&sandbox).await;
    add(&sandbox, json!({ "_id": "mine", "_openid": uid })).await;
    add(&sandbox, json!({ "_id": "other", "_openid": "o" })).await;
    let mut listener = Listener::log_in(&ticket).await;
    // A collection is its creators' at first.
    let first = listener.watch("w", json!({})).await;
    assert_eq!(changes(&first), [["init", "init", "mine"]]);
    modify(&sandbox, json!({}), json!({ "$set": { "n": 1 } })).await;
    assert_eq!(changes(&listener.hear().await), [["update", "update", "mine"]]);
    permit(&sandbox, &Permission::ReadOnly);
    assert_eq!(changes(&listener.hear().await), [["limit", "enqueue", "other"]]);
    modify(&sandbox, json!({}), json!({ "$set": { "n": 2 } })).await;
    let both = listener.hear().await;
    assert_eq!((changes(&both).len(), &both["msgData"]["currEvent"]), (2, &json!(4)));
    permit(&sandbox, &Permission::Custom(r#"{"read":"doc.open == true"}"#.into()));
    let refused = listener.hear().await;
    assert_eq!((&refused["watchId"], &refused["msgType"]), (&json!("w"), &json!("ERROR")));
    assert_eq!(refused["msgData"]["code"], "COLLECTION_PERMISSION_DENIED");
    let open = listener.watch("v", json!({ "query": r#"{"open":true}"# })).await;
    assert_eq!(changes(&open), [[""; 3]; 0]);
    permit(&sandbox, &Permission::AdminOnly);
    assert_eq!(listener.hear().await["watchId"], "v");
    let denied = listener.watch("u", json!({})).await;
    assert_eq!(denied["msgData"]["code"], "COLLECTION_PERMISSION_DENIED");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_holds_up_nobody() {
    let (sandbox, ticket) = sandbox().await;
    let mut events = sandbox.emulator.events();
    let (mut deaf, mut quick) = (Listener::log_in(&ticket).await, Listener::log_in(&ticket).await);
    deaf.watch("w", json!({})).await;
    quick.watch("w", json!({})).await;
    let text = "x".repeat(200_000);
    for id in 0..100 {
        add(&sandbox, json!({ "_id": id, "text": text })).await;
        let mut heard = quick.hear().await;
        assert_eq!(heard["msgData"]["events"][0]["DocID"].take(), id);
    }
    // What it has not read waits for it in order and without a gap, until it is told that it has missed too much; or it was
    // cut off, if all that took long.
    let mut last = 1;
    while last < 101
        && let Ok(frame) = deaf.next().await
    {
        if frame["msgType"] == "ERROR" {
            assert_eq!(frame["msgData"]["code"], "SYS_ERR");
            break;
        }
        for event in frame["msgData"]["events"].as_array().expect("events") {
            assert_eq!(event["ID"], last + 1);
            last += 1;
        }
    }
    assert!(last < 101, "20 MB are more than is kept for anybody");
    let mut told = std::iter::from_fn(|| events.try_recv().ok());
    let why = ["fallen too far behind", "did not read"];
    assert!(told.any(|it| matches!(it, Event::Warning(text) if why.iter().any(|why| text.en.contains(why)))));
    sandbox.emulator.stop().await;
}

/// What a client makes of the frames of one listener: documents by id.
#[derive(Default)]
struct View {
    current: i64,
    documents: BTreeMap<String, Value>,
}

impl View {
    fn take(&mut self, frame: &Value) {
        let current = frame["msgData"]["currEvent"].as_i64().expect("a number");
        for event in frame["msgData"]["events"].as_array().expect("events") {
            let number =
                if frame["msgType"] == "INIT_EVENT" { 1 } else { event["ID"].as_i64().expect("a number") };
            assert!(number == self.current || number == self.current + 1, "{number} after {}", self.current);
            self.current = number;
            let id = event["DocID"].as_str().expect("an id").to_owned();
            if event["QueueType"] == "dequeue" {
                self.documents.remove(&id).expect("it was there");
            } else {
                let document = event["Doc"].as_str().expect("a text");
                self.documents.insert(id, serde_json::from_str(document).expect("a document"));
            }
        }
        assert!(self.current <= current && current <= self.current.max(1), "{frame}");
        self.current = current;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_whatever_the_command_line_does() {
    let lines = r#"{"_id":"c","n":3}
{"_id":"d","n":40}
{"_id":"e","n":5}"#;
    let cloudkit = Cloudkit::serving(&[("more.json", lines), ("again.csv", "_id,n\nc,60\nf,6\n")]).await;
    cloudkit.json(&["db", "collection", "add", "todos"]);
    let request = Request::new("POST", &format!("{}/admin", cloudkit.url()));
    let sign = json!({ "action": "auth.wsWebSign", "envName": "local" }).to_string();
    let ticket = request.header("content-type", "application/json").body(sign).send().await.json();
    let mut listener = Listener::log_in(&ticket["data"]).await;
    let [mut all, mut best] = [View::default(), View::default()];
    all.take(&listener.watch("all", json!({})).await);
    best.take(&listener.watch("best", json!({ "orderBy": { "n": "desc" }, "limit": 2 })).await);
    for step in [
        &["db", "insert", "todos", r#"[{"_id":"a","n":1},{"_id":"b","n":2},{"_id":"x","n":50}]"#][..],
        &["db", "import", "todos", "more.json"],
        &["snapshot", "save", "before"],
        &["db", "import", "todos", "again.csv", "--mode", "upsert"],
        &["db", "insert", "todos", r#"{"_id":"g","n":70}"#],
        &["snapshot", "restore", "before", "--yes"],
        &["clock", "advance", "2h"],
        &["db", "insert", "todos", r#"{"_id":"h","n":45}"#],
        &["db", "collection", "drop", "todos", "--yes"],
        &["db", "collection", "add", "todos"],
        &["db", "insert", "todos", r#"[{"_id":"a","n":9},{"_id":"i","n":8},{"_id":"j","n":7}]"#],
    ] {
        cloudkit.json(step);
        let of_all = if step == ["db", "collection", "drop", "todos", "--yes"] {
            json!([])
        } else {
            cloudkit.json(&["db", "query", "todos", "--sort", "n:desc"])
        };
        let answer = |count| {
            let documents = of_all.as_array().expect("documents").iter().take(count);
            documents.map(|it| (it["_id"].as_str().expect("an id").to_owned(), it.clone())).collect()
        };
        // Events come after the command has ended; what they lead to is known.
        while (&all.documents, &best.documents) != (&answer(usize::MAX), &answer(2)) {
            let frame = listener.hear().await;
            if frame["watchId"] == "all" { all.take(&frame) } else { best.take(&frame) }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_is_answered() {
    let (sandbox, ticket) = sandbox().await;
    let mut listener = Listener::log_in(&ticket).await;
    listener.watch("w", json!({})).await;
    let close = CloseFrame { code: 3001.into(), reason: "NoRealtimeListeners".into() };
    listener.send_raw(Message::Close(Some(close.clone()))).await.expect("sent");
    assert_eq!(listener.next().await, Err(Some(close)));
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_web_socket_is_refused() {
    let (sandbox, _) = sandbox().await;
    assert_eq!(sandbox.get("/__cloudkit/realtime").await.status, 400);
    let foreign =
        Request::new("GET", &sandbox.url("/__cloudkit/realtime")).header("origin", "https://evil.com");
    assert_eq!(foreign.send().await.status, 403);
    sandbox.emulator.stop().await;
}
