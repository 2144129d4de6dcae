//! Who is let in.

use crate::support::emulator::Sandbox;
use crate::support::http::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_or_origin_is_refused() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url("/healthz");
    for (name, value, status) in [
        ("host", "127.0.0.1", 200),
        ("host", "localhost:7400", 200),
        ("host", "env.internal.ap-shanghai.tcb-api.tencentcloudapi.com", 200),
        ("host", "evil.com", 403),
        ("host", "127.0.0.1.evil.com", 403),
        ("origin", "http://localhost:5173", 200),
        ("origin", "https://evil.com", 403),
        ("origin", "null", 403),
    ] {
        let response = Request::new("GET", &url).header(name, value).send().await;
        assert_eq!(response.status, status, "{name}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absolute_target_counts_as_the_host() {
    let sandbox = Sandbox::start().await;
    for (target, status) in
        [("http://tcb-admin.tencentyun.com/healthz", 200), ("http://evil.com/healthz", 403)]
    {
        let response = Request::new("GET", &sandbox.url("/")).absolute_target(target).send().await;
        assert_eq!(response.status, status, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_named() {
    let sandbox = Sandbox::start().await;
    let response = sandbox.get("/nothing/here").await;
    assert_eq!(response.status, 404);
    assert!(response.text().contains("/nothing/here"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wechats_api_answers_in_its_own_form() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url("/cgi-bin/token?grant_type=client_credential");
    let response = Request::new("GET", &url).header("host", "api.weixin.qq.com").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["errcode"], 41_002);
}
