//! Calls of hosts outside: answered by fixtures, refused, recorded, and told in the log. See `docs/outside.md`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use cloudkit::api::event::Caller;
use cloudkit::emulator::Emulator;
use cloudkit::emulator::config::Outward;
use cloudkit::emulator::event::Event;
use cloudkit::emulator::functions::Invocation;
use cloudkit::emulator::logs::Search;
use cloudkit::model::clock::Clock;
use cloudkit::model::level::Level;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sdk;
use crate::support::emulator::{config, folder};
use crate::support::patience::{PATIENCE, told};

/// Sends requests by each of Node's ways, and returns `STATUS BODY` or the error's words of each.
const CALLER: &str = r#"
const https = require('https'), http = require('http'), net = require('net'), dns = require('dns');
// Stands for the name service: hosts below `.test` are this machine, but nothing here knows that.
const { lookup } = dns;
dns.lookup = (name, options, done) => name.endsWith('.test') && options
  ? options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
  : lookup(name, options, done);
const ways = {
  http: ({ url, method = 'GET', body }) => new Promise((resolve) => {
    const sent = (url.startsWith('https') ? https : http).request(url, { method }, (answer) => {
      let text = '';
      answer.on('data', (part) => { text += part; }).on('end', () => resolve(`${answer.statusCode} ${text}`));
    });
    sent.on('error', (error) => resolve(error.message)).end(body);
  }),
  fetch: ({ url, method, body }) => fetch(url, { method, body }).then(
    async (answer) => `${answer.status} ${await answer.text()}`, (error) => error.message),
  tcp: ({ host }) => new Promise((resolve) => net.connect(5432, host).on('error', (error) => resolve(error.message))),
  dns: ({ host }) => dns.promises.resolve4(host).catch((error) => error.message),
};
exports.main = async (calls) => {
  const answers = [];
  for (const call of calls) answers.push(await ways[call.by](call));
  return answers;
};"#;

struct Stage {
    emulator: Emulator,
    folder: TempDir,
}

impl Stage {
    async fn new(outward: Outward, files: &[(&str, &str)]) -> Self {
        let folder = folder(&[&[("functions/f/index.js", CALLER)], files].concat());
        let mut config = config(folder.path(), &Clock::default());
        config.outward = outward;
        Stage { emulator: Emulator::start(config).await.expect("an emulator"), folder }
    }

    async fn call(&self, calls: Value) -> Vec<String> {
        self.call_of("f", calls).await
    }

    async fn call_of(&self, function: &str, calls: Value) -> Vec<String> {
        let invocation = Invocation { event: calls.to_string(), caller: Caller::Console };
        let outcome = self.emulator.environment().functions.invoke(function, invocation).await;
        assert!(
            !outcome.said.contains('→'),
            "the platform's log has what the function said: {}",
            outcome.said
        );
        serde_json::from_str(&outcome.result.expect("an answer")).expect("a list")
    }

    /// What the log tells of calls outside, without the time they took.
    fn told(&self) -> Vec<String> {
        let found = self.emulator.environment().logs.search(&Search::default()).found;
        let lines = found.into_iter().filter(|line| line.level == Level::Debug);
        lines
            .map(|line| {
                let words: Vec<&str> = line.message.split(' ').collect();
                let timed = words.iter().position(|word| *word == "ms").unwrap_or(usize::MAX);
                let kept = words.iter().enumerate().filter(|(at, _)| *at != timed && at + 1 != timed);
                kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }
}

/// A server of this machine that answers `real` and counts; returns its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let body = format!(r#"{{"count":{count},"token":"tttttttt"}}"#);
            let head = format!(
                "content-type: application/json\r\ncontent-length: {}\r\nconnection: close",
                body.len()
            );
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes());
            // A body that is yet to come would break the answer off.
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    port
}

const FIXTURES: (&str, &str) = (
    "fixtures/http/example.toml",
    r#"
[[reply]]
to = "GET https://api.example.com/users/*?page=1"
headers = { x-total = "2" }
json = { name = "Ann" }

[[reply]]
to = "POST https://api.example.com/pay"
with = { order = 1 }
status = 402
text = "no money"

[[reply]]
to = "http://poll.example.com/**"
times = 1
text = "pending"

[[reply]]
to = "http://poll.example.com/**"
text = "done"
"#,
);

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_answer_and_offline_refuses_what_they_do_not() {
    let stage = Stage::new(Outward::Refused, &[FIXTURES]).await;
    let home = server();
    let answers = stage
        .call(json!([
            { "by": "http", "url": "https://api.example.com/users/7?page=1&access_token=abc" },
            { "by": "fetch", "url": "https://api.example.com/users/7?page=1" },
            { "by": "fetch", "url": "https://api.example.com/pay", "method": "POST", "body": r#"{"order":1,"more":2}"# },
            { "by": "http", "url": "https://api.example.com/pay", "method": "POST", "body": r#"{"order":2}"# },
            { "by": "http", "url": "http://poll.example.com/a/b" },
            { "by": "fetch", "url": "http://poll.example.com/" },
            { "by": "http", "url": format!("http://localhost:{home}/") },
            { "by": "http", "url": "https://api.example.com/users/7?page=2" },
            { "by": "fetch", "url": format!("http://out.test:{home}/") },
            { "by": "tcp", "host": "db.example.com" },
            { "by": "dns", "host": "db.example.com" },
        ]))
        .await;
    let refused = |host: &str| {
        format!(
            "`{host}` was not dialled: the emulator runs with --offline; answer it with a file in fixtures/http, or start without --offline"
        )
    };
    let expected = [
        r#"200 {"name":"Ann"}"#.into(),
        r#"200 {"name":"Ann"}"#.into(),
        "402 no money".into(),
        "501 no reply in fixtures/http is left for `POST https://api.example.com/pay` with this body\n"
            .into(),
        "200 pending".into(),
        "200 done".into(),
        r#"200 {"count":0,"token":"tttttttt"}"#.into(),
        refused("api.example.com:443"),
        format!("fetch failed: {}", refused(&format!("out.test:{home}"))),
        refused("db.example.com:5432"),
        refused("db.example.com"),
    ];
    assert_eq!(answers, expected);
    let told = stage.told();
    let expected = [
        "→ GET https://api.example.com/users/7?page=1&access_token=… 200 (fixture)".into(),
        "→ GET https://api.example.com/users/7?page=1 200 (fixture)".into(),
        "→ POST https://api.example.com/pay 402 (fixture)".into(),
        "→ POST https://api.example.com/pay 501 (fixture)".into(),
        "→ GET http://poll.example.com/a/b 200 (fixture)".into(),
        "→ GET http://poll.example.com/ 200 (fixture)".into(),
        format!("→ GET http://localhost:{home}/ 200"),
        "→ GET https://api.example.com/users/7?page=2 refused (--offline)".into(),
        format!("→ GET http://out.test:{home}/ refused (--offline)"),
    ];
    assert_eq!(told.get(..expected.len()), Some(&expected[..]), "{told:#?}");
    stage.emulator.stop().await;
}

const WECHAT: (&str, &str) = (
    "fixtures/http/wechat.toml",
    "[[reply]]\nto = \"GET https://api.weixin.qq.com/cgi-bin/token\"\njson = { access_token = \"mine\" }\n",
);

/// What the log tells of the three requests that `by` makes: two to a path with a fixture, one to a path without.
fn wechat_lines() -> [&'static str; 2] {
    [
        "→ GET https://api.weixin.qq.com/cgi-bin/token?secret=… 200 (fixture)",
        "→ GET https://api.weixin.qq.com/no/such/api 200 (stand-in)",
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_wechat_is_answered_by_a_fixture_else_by_the_stand_in_and_told() {
    for outward in [Outward::Open, Outward::Refused, Outward::Recorded] {
        let stage = Stage::new(outward, &[WECHAT]).await;
        for by in ["http", "fetch"] {
            let before = stage.told().len();
            let answers = stage
                .call(json!([
                    { "by": by, "url": "https://api.weixin.qq.com/cgi-bin/token?secret=abc" },
                    { "by": by, "url": "https://api.weixin.qq.com/no/such/api" },
                ]))
                .await;
            assert_eq!(answers[0], r#"200 {"access_token":"mine"}"#, "{by}");
            assert!(answers[1].starts_with("200 {\"errcode\":"), "{by}: {answers:?}");
            assert_eq!(stage.told().get(before..), Some(&wechat_lines().map(String::from)[..]), "{by}");
        }
        stage.emulator.stop().await;
    }
}

const PYTHON: &str = r#"
import socket, urllib.request
def main_handler(event, context):
  answers = []
  for url in event["urls"]:
    try:
      answers.append(urllib.request.urlopen(url).read().decode())
    except OSError as error:
      answers.append(str(error))
  try:
    socket.create_connection(("192.0.2.1", 80))
  except ConnectionRefusedError as error:
    answers.append(str(error))
  return answers
"#;

#[tokio::test(flavor = "multi_thread")]
async fn offline_python_reaches_this_machine_alone() {
    if !sdk::is_here("python3", &["--version"]) {
        return;
    }
    let stage = Stage::new(Outward::Refused, &[("functions/p/index.py", PYTHON)]).await;
    let home = server();
    let urls = [format!("http://127.0.0.1:{home}/"), "https://api.example.com/".into()];
    let answers = stage.call_of("p", json!({ "urls": urls })).await;
    let refused = |host: &str| {
        format!(
            "`{host}` was not dialled: the emulator runs with --offline; answer it with a file in fixtures/http, or start without --offline"
        )
    };
    let expected = [
        r#"{"count":0,"token":"tttttttt"}"#.to_owned(),
        format!("<urlopen error {}>", refused("api.example.com")),
        refused("192.0.2.1"),
    ];
    assert_eq!(answers, expected);
    let told = [
        format!("→ GET http://127.0.0.1:{home}/ 200"),
        "→ connect api.example.com refused (--offline)".into(),
        "→ connect 192.0.2.1 refused (--offline)".into(),
    ];
    assert_eq!(stage.told(), told);
    stage.emulator.stop().await;
}

/// Sends requests by each of Python's ways, those of packages where they are installed, and returns `STATUS BODY` of each.
const PYTHON_CALLER: &str = r#"
import http.client, json, socket, urllib.error, urllib.request
from urllib.parse import urlsplit

# Hosts below `.test` are this machine, but nothing here knows that.
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: look_up("127.0.0.1" if str(host).endswith(".test") else host, *rest, **named)

def by_urllib(method, url, body):
  try:
    answer = urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method))
  except urllib.error.HTTPError as error:
    answer = error
  return answer.status, answer.read()

def by_http(method, url, body):
  asked = urlsplit(url)
  kind = http.client.HTTPSConnection if asked.scheme == "https" else http.client.HTTPConnection
  connection = kind(asked.netloc)
  for _ in range(2):
    connection.request(method, asked.path + "?" + asked.query, body, {"Host": asked.netloc})
    answer = connection.getresponse()
    text = answer.read()
  return answer.status, text

def by_requests(method, url, body):
  try:
    import requests
  except ImportError:
    return by_urllib(method, url, body)
  answer = requests.Session().request(method, url, data=body)
  return answer.status_code, answer.content

WAYS = {"urllib": by_urllib, "http": by_http, "requests": by_requests}

def main_handler(event, context):
  answers = []
  for call in event:
    status, text = WAYS[call["by"]](call.get("method", "GET"), call["url"], call.get("body", "").encode() or None)
    answers.append("{} {}".format(status, text.decode()))
  return answers
"#;

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_answer_python_functions_and_the_platforms_hosts_are_the_emulator() {
    if !sdk::is_here("python3", &["--version"]) {
        return;
    }
    let stage =
        Stage::new(Outward::Refused, &[FIXTURES, WECHAT, ("functions/p/index.py", PYTHON_CALLER)]).await;
    let pay = |by: &str| json!({ "by": by, "url": "https://api.example.com/pay", "method": "POST", "body": r#"{"order":1}"# });
    let user = |by: &str| json!({ "by": by, "url": "https://api.example.com/users/7?page=1&sign=abc" });
    let platform =
        |by: &str| json!({ "by": by, "url": "https://metadata.tencentyun.com/latest/meta-data/app-id" });
    for by in ["urllib", "http", "requests"] {
        let answers = stage.call_of("p", json!([pay(by), user(by), platform(by)])).await;
        assert_eq!(answers[..2], ["402 no money", r#"200 {"name":"Ann"}"#], "{by}");
        assert!(answers[2].starts_with("404 "), "{by}: {answers:?}");
        let wechat = |path: &str| json!({ "by": by, "url": format!("https://api.weixin.qq.com/{path}") });
        let calls = json!([wechat("cgi-bin/token?secret=abc"), wechat("no/such/api")]);
        let answers = stage.call_of("p", calls).await;
        assert_eq!(answers[0], r#"200 {"access_token":"mine"}"#, "{by}");
        assert!(answers[1].contains("\"errcode\":"), "{by}: {answers:?}");
        let told = stage.told();
        let expected = [
            "→ POST https://api.example.com/pay 402 (fixture)",
            "→ GET https://api.example.com/users/7?page=1&sign=… 200 (fixture)",
        ];
        let expected = [expected, wechat_lines()].concat();
        assert!(expected.iter().all(|line| told.iter().any(|it| it == line)), "{by}: {told:#?}");
        assert!(!told.iter().any(|line| line.contains("metadata")), "{told:#?}");
    }
    stage.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_python_functions_hear_is_recorded_and_answers_from_then_on() {
    if !sdk::is_here("python3", &["--version"]) {
        return;
    }
    let stage = Stage::new(Outward::Recorded, &[("functions/p/index.py", PYTHON_CALLER)]).await;
    let port = server();
    for by in ["urllib", "requests"] {
        let url = format!("http://{by}.test:{port}/list?order=1&sign=ssssssss");
        let first = stage.call_of("p", json!([{ "by": by, "url": url }])).await;
        assert!(first[0].contains("tttttttt"), "the function has what was said: {first:?}");
        let again = stage.call_of("p", json!([{ "by": by, "url": url }])).await;
        assert!(again[0].starts_with("200 ") && again[0].contains("redacted"), "{again:?}");
        let text =
            std::fs::read_to_string(stage.folder.path().join(format!("fixtures/http/{by}.test_{port}.toml")));
        let text = text.expect("a file");
        assert!(text.contains(&format!("to = \"GET http://{by}.test:{port}/list?order=1\"")), "{text}");
        assert!(!text.contains("tttttttt") && !text.contains("ssssssss"), "{text}");
    }
    stage.emulator.stop().await;
}

/// The clients that functions use most, as their packages are.
const CLIENTS: &str = r#"
const [axios, request, fetch] = ['axios', 'request', 'node-fetch'].map((name) => require(`SDK/node_modules/${name}`));
const failed = (error) => error.code;
exports.main = ({ url }) => Promise.all([
  axios.post(url, { by: 'axios' }).then((answer) => answer.data, failed),
  new Promise((resolve) => request.post({ url, json: { by: 'request' } }, (error, _, body) => resolve(error ? error.code : body))),
  fetch(url, { method: 'POST', body: '{"by":"node-fetch"}' }).then((answer) => answer.text(), failed),
]);"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_clients_are_answered_and_refused_alike() {
    let Some(sdk) = sdk::installed() else { return };
    let reply = |by: &str| {
        format!(
            "[[reply]]\nto = \"POST https://api.test/\"\nwith = {{ by = \"{by}\" }}\ntext = \"to {by}\"\n"
        )
    };
    let stage = Stage::new(
        Outward::Refused,
        &[
            ("functions/c/index.js", &CLIENTS.replace("SDK", &sdk.to_string_lossy())),
            ("fixtures/http/a.toml", &["axios", "request", "node-fetch"].map(reply).concat()),
        ],
    )
    .await;
    let answers = stage.call_of("c", json!({ "url": "https://api.test/" })).await;
    assert_eq!(answers, ["to axios", "to request", "to node-fetch"]);
    let answers = stage.call_of("c", json!({ "url": "https://other.test/" })).await;
    assert_eq!(answers, ["ECLOUDKIT_OFFLINE"; 3]);
    assert_eq!(stage.told().len(), 6, "{:#?}", stage.told());
    stage.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_file_answers_the_next_call_and_a_wrong_one_changes_nothing() {
    let stage = Stage::new(
        Outward::Refused,
        &[("fixtures/http/a.toml", "[[reply]]\nto = \"http://a.test/\"\ntext = \"1\"\n")],
    )
    .await;
    let mut events = stage.emulator.events();
    let calls = json!([{ "by": "fetch", "url": "http://a.test/" }, { "by": "http", "url": "http://a.test" }]);
    assert_eq!(stage.call(calls.clone()).await, ["200 1", "200 1"]);
    let file = stage.folder.path().join("fixtures/http/a.toml");
    std::fs::write(&file, "[[reply]]\nto = \"http://a.test/\"\ntext = \"second\"\n").expect("a file");
    assert_eq!(stage.call(calls.clone()).await, ["200 second", "200 second"]);
    std::fs::write(&file, "[[reply]]\nto = \"http://a.test/\"\nstaus = 404\n").expect("a file");
    assert_eq!(stage.call(calls).await, ["200 second", "200 second"]);
    let complaint = |event| match event {
        Event::Warning(warning) if warning.en.contains("fixtures") => Some(warning.en),
        _ => None,
    };
    let warning = told(&mut events, complaint).await;
    assert!(warning.contains("a.toml:3:1\nstaus = 404\n^"), "{warning}");
    stage.emulator.stop().await;

    let error =
        Emulator::start(config(stage.folder.path(), &Clock::default())).await.err().expect("a refusal");
    assert!(error.shown_excerpt().is_some(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_answers_from_then_on_and_holds_no_secret() {
    let stage = Stage::new(Outward::Recorded, &[]).await;
    let port = server();
    let names = [("http", "one.test"), ("fetch", "two.test")];
    for (by, host) in names {
        let url = format!("http://{host}:{port}/list?order=1&sign=ssssssss");
        let told = format!("→ GET http://{host}:{port}/list?order=1&sign=… 200 (fixture)");
        // The answer is written down beside the function's work.
        let mut recorded = false;
        for _ in 0..500 {
            assert!(stage.call(json!([{ "by": by, "url": url }])).await.concat().starts_with("200 "));
            recorded = stage.told().contains(&told);
            if recorded {
                break;
            }
        }
        assert!(recorded, "{:#?}", stage.told());
        let file = stage.folder.path().join(format!("fixtures/http/{host}_{port}.toml"));
        let text = std::fs::read_to_string(file).expect("a file");
        assert_eq!(text.matches("[[reply]]").count(), 1, "{text}");
        assert!(text.contains(&format!("to = \"GET http://{host}:{port}/list?order=1\"")), "{text}");
        assert!(!text.contains("tttttttt") && !text.contains("ssssssss"), "{text}");
    }
    stage.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_that_the_guide_shows_are_good() {
    for guide in [include_str!("../../../docs/outside.md"), include_str!("../../../docs/outside.zh.md")] {
        let shown =
            guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a file");
        let files = [("fixtures/http/guide.toml", shown), ("fixtures/http/logo.png", "png")];
        let stage = Stage::new(Outward::Refused, &files).await;
        let answers = stage
            .call(json!([
                { "by": "http", "url": "https://api.example.com/users/7" },
                { "by": "fetch", "url": "https://api.example.com/orders", "method": "POST", "body": r#"{"sku":"tea","n":2}"# },
                { "by": "http", "url": "https://api.example.com/jobs/1?wait=1" },
                { "by": "http", "url": "https://api.example.com/jobs/1?wait=1" },
                { "by": "http", "url": "https://cdn.example.com/a/b/logo.png" },
            ]))
            .await;
        let expected =
            [r#"200 {"id":7,"name":"Ann"}"#, r#"409 {"error":"sold out"}"#, "202 ", "200 done", "200 png"];
        assert_eq!(answers, expected);
        stage.emulator.stop().await;
    }
}
