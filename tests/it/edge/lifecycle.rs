//! Start, one holder at a time, stop.

use cloudkit::emulator::Emulator;
use cloudkit::emulator::event::{self, Event};
use cloudkit::model::clock::Clock;
use serde_json::json;

use crate::support::emulator::{Sandbox, config};
use crate::support::http::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a_started_emulator_is_ready_and_tells_its_addresses() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.get("/healthz").await.status, 200);
    let told = sandbox.get("/__cloudkit/env").await;
    assert_eq!(told.header("content-type"), Some("application/json; charset=utf-8"));
    let told = told.json();
    assert_eq!(told["url"], sandbox.emulator.url());
    assert_eq!(told["envId"], "local");
    assert_eq!(told["variables"]["TENCENTCLOUD_SECRETID"], "AKIDlocal");
    assert_eq!(told["variables"]["CLOUDKIT_EMULATOR_URL"], sandbox.emulator.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_emulator_is_told_who_holds_the_data() {
    let sandbox = Sandbox::start().await;
    let refused = Emulator::start(config(sandbox.folder.path(), &Clock::default())).await.err();
    let refused = refused.expect("the folder is held").to_string();
    assert!(refused.contains(sandbox.emulator.url()), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let sandbox = Sandbox::start().await;
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut config = config(elsewhere.path(), &Clock::default());
    let port = sandbox.emulator.url().rsplit(':').next().expect("a port").to_owned();
    config.port = port.parse().expect("a number");
    let refused = Emulator::start(config).await.err().expect("the port is taken").to_string();
    assert!(refused.contains(&format!("port {port} is taken")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_a_restart() {
    let sandbox = Sandbox::start().await;
    sandbox.admin("database.addCollection", json!({ "collectionName": "todos" })).await;
    let data = json!({ "collectionName": "todos", "data": [r#"{"_id":"a","n":{"$numberInt":"1"}}"#] });
    sandbox.admin("database.insertDocument", data).await;
    let Sandbox { emulator, clock, folder } = sandbox;
    let url = emulator.url().to_owned();
    emulator.stop().await;
    assert!(
        tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.is_err(),
        "the port is closed"
    );

    let emulator = Emulator::start(config(folder.path(), &clock)).await.expect("the folder was let go");
    let sandbox = Sandbox { emulator, clock, folder };
    let found = sandbox.admin("database.getDocument", json!({ "collectionName": "todos" })).await;
    assert_eq!(found["data"]["list"], json!([r#"{"_id":"a","n":{"$numberInt":"1"}}"#]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_during_the_start_is_heard_by_who_listened_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let deployed = folder.path().join(".cloudkit/data/functions/f");
    std::fs::create_dir_all(&deployed).expect("a folder");
    std::fs::write(deployed.join("spec.json"), "{").expect("a file");
    let events = event::channel();
    let mut heard = events.subscribe();
    let emulator = Emulator::start_with(config(folder.path(), &Clock::default()), events).await;
    let is_meant = |event| matches!(event, Event::Warning(text) if text.en.contains("is damaged"));
    assert!(std::iter::from_fn(|| heard.try_recv().ok()).any(is_meant));
    emulator.expect("an emulator").stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let sandbox = Sandbox::start().await;
    let idle = tokio::net::TcpStream::connect(sandbox.emulator.url().trim_start_matches("http://")).await;
    let _idle = idle.expect("the emulator listens");
    assert_eq!(Request::new("GET", &sandbox.url("/healthz")).send().await.status, 200);
    sandbox.emulator.stop().await;
}
