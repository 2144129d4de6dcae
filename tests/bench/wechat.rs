//! Codes of mini programs, each drawn and answered over HTTP one after the other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::load::{self, Connection, post};
use super::process::{Server, hello_root, millis};

const ROUND: Duration = Duration::from_secs(2);
const PATH: &str = "/__cloudkit/wechat";

pub fn run(runtime: &Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    let token = runtime.block_on(token(server.port));
    println!("  (goal: 10 ms)");
    let (scene, long) = (json!("a=1"), "y".repeat(1022));
    for (name, method, body) in [
        ("a text is checked", "msg_sec_check", json!({ "content": "hello" })),
        ("code, 430 px", "getwxacodeunlimit", json!({ "scene": scene, "page": "pages/index/index" })),
        ("code, 1280 px", "getwxacodeunlimit", json!({ "scene": scene, "width": 1280 })),
        (
            "code, 1280 px, coloured",
            "getwxacodeunlimit",
            json!({ "scene": scene, "width": 1280, "line_color": { "r": 200, "g": 0, "b": 90 } }),
        ),
        (
            "code, 1280 px, transparent",
            "getwxacodeunlimit",
            json!({ "scene": scene, "width": 1280, "is_hyaline": true }),
        ),
        ("1024 characters, 430 px", "getwxacode", json!({ "path": format!("p?{long}") })),
        ("1024 characters, 1280 px", "getwxacode", json!({ "path": format!("p?{long}"), "width": 1280 })),
    ] {
        let request =
            post(&format!("{PATH}/wxa/{method}?access_token={token}"), server.port, &body.to_string());
        let size = runtime.block_on(async {
            let mut connection = Connection::open(server.port).await.expect("the server listens");
            connection.ask(&request).await.expect("an answer").len()
        });
        let measured = runtime.block_on(load::run(server.port, 1, &request, ROUND));
        let (median, p99) = (millis(measured.median), millis(measured.p99));
        println!("  {name:<28} p50 {median:6.2} ms   p99 {p99:6.2} ms   {:4} KB", size / 1024);
    }
}

async fn token(port: u16) -> String {
    let app = json!({ "grant_type": "client_credential", "appid": "wx0123456789abcdef", "secret": "s" });
    let request = post(&format!("{PATH}/cgi-bin/stable_token"), port, &app.to_string());
    let mut connection = Connection::open(port).await.expect("the server listens");
    let answer = connection.ask(&request).await.expect("an answer");
    let granted: Value = serde_json::from_slice(&answer).expect("JSON");
    granted["access_token"].as_str().expect("a token").to_owned()
}
