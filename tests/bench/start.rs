//! How long a person waits: the program's version, a ready emulator, the first answer.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::load::{Connection, post};
use super::process::{CLOUDKIT, Server, hello_root, median, millis};

const TIMES: usize = 15;

pub fn run(runtime: &tokio::runtime::Runtime) {
    let version = |program: &str| {
        median(TIMES, || {
            let start = Instant::now();
            let status =
                Command::new(program).arg("--version").stdout(Stdio::null()).status().expect("it runs");
            assert!(status.success());
            start.elapsed()
        })
    };
    let (ours, node) = (version(CLOUDKIT), version("node"));
    println!(
        "  cloudkit --version        {:6.1} ms   (goal 5; {:.2} × node --version, {:.1} ms)",
        millis(ours),
        millis(ours) / millis(node),
        millis(node)
    );
    let bare = median(TIMES, || {
        let start = Instant::now();
        Command::new("node").args(["-e", "0"]).status().expect("node runs");
        start.elapsed()
    });
    let root = hello_root();
    let healthz = |port| format!("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").into_bytes();
    // The port accepts as soon as it is bound; only an answer shows that the emulator is ready.
    let ready = median(TIMES, || {
        let start = Instant::now();
        let server = Server::emulator(root.path());
        runtime.block_on(async {
            let mut connection = Connection::open(server.port).await.expect("it listens");
            connection.ask(&healthz(server.port)).await.expect("an answer");
        });
        start.elapsed()
    });
    println!("  emulate, to /healthz      {:6.1} ms   (goal 15)", millis(ready));
    let first = median(TIMES, || {
        let start = Instant::now();
        let server = Server::emulator(root.path());
        let request = post("/admin", server.port, super::invoke::CALL);
        runtime.block_on(async {
            let mut connection = Connection::open(server.port).await.expect("it listens");
            let body = connection.ask(&request).await.expect("an answer");
            assert!(String::from_utf8_lossy(&body).contains("world"), "{}", String::from_utf8_lossy(&body));
        });
        let taken: Duration = start.elapsed();
        taken
    });
    println!(
        "  emulate, to first answer  {:6.1} ms   (goal 65 + the module's load; node -e 0 takes {:.1})",
        millis(first),
        millis(bare)
    );
}
