//! Who is let in.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::emulator::Sandbox;
use crate::support::http::Request;
use crate::support::patience::within;

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
async fn who_asks_whether_this_is_the_cloud_gets_a_connection_of_its_own() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.url("").replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.expect("the emulator listens");
    let asked = "GET http://metadata.tencentyun.com/latest/meta-data/app-id HTTP/1.1\r\n\
        host: metadata.tencentyun.com\r\nconnection: keep-alive\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    within("the end of the connection", stream.read_to_string(&mut answer)).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
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
    let response = Request::new("GET", &url).header("host", "hk.api.weixin.qq.com").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["errcode"], 41_002);
}
