//! HTTP access: routes of the manifest, and those that clients make.

use cloudkit::api::control::gateway::*;
use serde_json::{Value, json};

use crate::control::client;
use crate::support::emulator::Sandbox;
use crate::support::http::Request;

const MANIFEST: (&str, &str) = (
    "cloudkit.toml",
    "[gateway]\nroutes = [{ path = '/echo', function = 'echo' }, { path = '/fail', function = 'fail' }, { path = '/size', function = 'size' }]\n",
);
const ECHO: (&str, &str) = (
    "cloudfunctions/echo/index.js",
    "exports.main = async (event, context) => ({ event, id: context.request_id, account: context.tencentcloud_appid, ip: process.env.TCB_SOURCE_IP, openid: process.env.WX_OPENID })",
);
const FAIL: (&str, &str) = (
    "cloudfunctions/fail/index.js",
    "exports.main = async (event) => { if (event.path === '/slow') await new Promise(() => setInterval(() => {}, 1000)); throw new Error('boom') }",
);

const SIZE: (&str, &str) =
    ("cloudfunctions/size/index.js", "exports.main = async (event) => event.body.length");

async fn sandbox() -> Sandbox {
    Sandbox::with_files(&[MANIFEST, ECHO, FAIL, SIZE]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_event() {
    let sandbox = sandbox().await;
    let request = Request::new("POST", &sandbox.url("/echo/a%20b/c?x=1&y=2&y=3"))
        .header("content-type", "application/json")
        .header("X-Token", "t")
        .body(r#"{"n":1}"#);
    let response = request.send().await;
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("application/json; charset=utf-8"))
    );
    let result = response.json();
    let event = &result["event"];
    assert_eq!(event["path"], "/a b/c");
    assert_eq!(event["httpMethod"], "POST");
    assert_eq!(event["queryStringParameters"], json!({ "x": "1", "y": ["2", "3"] }));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"n":1}"#), &json!(false)));
    assert_eq!(event["headers"]["x-token"], "t");
    assert_eq!(event["multiValueHeaders"]["x-token"], json!(["t"]));
    let about = &event["requestContext"];
    assert!(about["envId"].is_string());
    assert_eq!((&about["requestId"], &about["appId"]), (&result["id"], &result["account"]));
    assert_eq!(
        (&result["ip"], &result["openid"], &event["userInfo"]),
        (&json!("127.0.0.1"), &Value::Null, &Value::Null)
    );

    let binary =
        Request::new("PUT", &sandbox.url("/echo")).header("content-type", "image/png").body([0, 255]);
    let event = binary.send().await.json()["event"].take();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("AP8="), &json!(true)));
    for (size, status) in [(6 << 20, 200), ((6 << 20) + 1, 413)] {
        let large = Request::new("PUT", &sandbox.url("/size")).header("content-type", "image/png");
        assert_eq!(large.body(vec![255; size]).send().await.status, status, "{size}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_platforms_codes() {
    let sandbox = sandbox().await;
    let large = "x".repeat((100 << 10) + 1);
    for (method, path, body, status, code) in [
        ("GET", "/nowhere", "", 404, "INVALID_PATH"),
        ("GET", "/echoes", "", 404, "INVALID_PATH"),
        ("GET", "/fail", "", 500, "FUNCTION_INVOCATION_FAILED"),
        ("GET", "/fail/slow", "", 504, "FUNCTION_TIME_LIMIT_EXCEEDED"),
        ("POST", "/echo", large.as_str(), 413, "EXCEED_MAX_PAYLOAD_SIZE"),
    ] {
        let response = Request::new(method, &sandbox.url(path)).body(body).send().await;
        let told = response.json();
        assert_eq!((response.status, told["code"].as_str()), (status, Some(code)), "{path}");
        assert!(told["requestId"].is_string() && told["message"].is_string(), "{told}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_this_machine_may_ask() {
    let sandbox = sandbox().await;
    const PAGE: &str = "http://localhost:5173";
    let preflight = Request::new("OPTIONS", &sandbox.url("/echo"))
        .header("origin", PAGE)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "x-token");
    let response = preflight.send().await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (204, Some(PAGE)));
    assert_eq!(response.header("access-control-allow-headers"), Some("x-token"));
    let response = Request::new("GET", &sandbox.url("/echo")).header("origin", PAGE).send().await;
    assert_eq!(response.header("access-control-allow-origin"), Some(PAGE));
    let foreign = Request::new("GET", &sandbox.url("/echo")).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.status, 403);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_another_door_is_reached_by_the_gateways_own_host() {
    let files = [("cloudkit.toml", "[gateway]\nroutes = [{ path = '/', function = 'echo' }]\n"), ECHO];
    let sandbox = Sandbox::with_files(&files).await;
    for host in
        ["gateway.localhost:7400", "env-1.service.tcloudbase.com", "env-1-125.ap-shanghai.app.tcloudbase.com"]
    {
        let response = Request::new("GET", &sandbox.url("/healthz")).header("host", host).send().await;
        assert_eq!(response.json()["event"]["path"], "/healthz", "{host}");
    }
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_make_list_and_remove_routes() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let create =
        CreateCloudBaseGWAPI { path: "/mine".into(), r#type: 1, name: "echo".into(), ..Default::default() };
    assert!(!client.call(&create).await.expect("made").api_id.is_empty());
    assert_eq!(client.call(&create).await.expect_err("taken").code(), Some("ResourceInUse"));
    let unknown =
        CreateCloudBaseGWAPI { path: "/x".into(), r#type: 1, name: "nobody".into(), ..Default::default() };
    assert!(client.call(&unknown).await.is_err());
    assert_eq!(Request::new("GET", &sandbox.url("/mine/x")).send().await.json()["event"]["path"], "/x");

    let named = DescribeCloudBaseGWAPI { name: Some("echo".into()), ..Default::default() };
    let page = client.call(&named).await.expect("a page");
    let paths: Vec<_> = page.api_set.iter().map(|route| route.path.as_str()).collect();
    assert_eq!((paths, page.total), (vec!["/echo", "/mine"], 2));

    let delete = DeleteCloudBaseGWAPI { path: Some("/mine".into()), ..Default::default() };
    client.call(&delete).await.expect("removed");
    assert!(client.call(&delete).await.is_err());
    assert_eq!(Request::new("GET", &sandbox.url("/mine")).send().await.status, 404);
    sandbox.emulator.stop().await;
}
