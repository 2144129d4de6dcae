//! Warm calls over HTTP, against Node itself, the official local framework and the local servers of other platforms.

use std::process::Command;
use std::time::Duration;

use super::load::{self, post};
use super::process::{Server, free_port, hello_root, millis, peers};

pub const CALL: &str = r#"{"action":"functions.invokeFunction","function_name":"hello","request_data":"{}"}"#;

/// Interleaved rounds, so that a machine that slows down slows everybody.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);

pub fn run(runtime: &tokio::runtime::Runtime) {
    let root = hello_root();
    let mut servers = vec![("cloudkit", "/admin", CALL, Server::emulator(root.path()))];
    if let Some(folder) = peers() {
        let [raw, framework, google] = [(); 3].map(|()| free_port());
        let server = Server::start(Command::new("node").arg("raw.js").current_dir(&folder), raw);
        servers.push(("raw node http", "/", "{}", server));
        let server = Server::start(
            Command::new(folder.join("node_modules/.bin/tcb-ff"))
                .arg(format!("--port={framework}"))
                .env("NODE_ENV", "production")
                .current_dir(root.path().join("hello")),
            framework,
        );
        servers.push(("functions-framework", "/", "{}", server));
        let server = Server::start(
            Command::new(folder.join("node_modules/.bin/functions-framework"))
                .args(["--target=main", "--source=google.js", &format!("--port={google}")])
                .current_dir(&folder),
            google,
        );
        servers.push(("Google's framework", "/", "{}", server));
    }
    servers.extend(super::servers::start().into_iter().map(|(name, server)| (name, "/", "{}", server)));
    println!("  (goals: 0.80 × raw node http, 2.50 × the framework)");
    for connections in [1, 32] {
        let mut rounds = vec![Vec::new(); servers.len()];
        for _ in 0..ROUNDS {
            for (at, (_, path, body, server)) in servers.iter().enumerate() {
                let request = post(path, server.port, body);
                let before = server.processor_time();
                let measured = runtime.block_on(load::run(server.port, connections, &request, ROUND));
                let after = server.processor_time();
                let each = |time: Duration| time.as_secs_f64() * 1e6 / measured.requests as f64;
                rounds[at].push((
                    measured.requests_per_second,
                    measured.median,
                    measured.p99,
                    each(after.0.saturating_sub(before.0)),
                    each(after.1.saturating_sub(before.1)),
                ));
            }
        }
        let medians: Vec<_> = rounds
            .into_iter()
            .map(|mut it| {
                it.sort_by(|a, b| a.0.total_cmp(&b.0));
                it[ROUNDS / 2]
            })
            .collect();
        for (at, (name, ..)) in servers.iter().enumerate() {
            let (rate, median, p99, own, started) = medians[at];
            println!(
                "  {connections:2} connections  {name:20} {rate:8.0} /s   median {:.2} ms   p99 {:.2} ms   CPU {own:.0} + {started:.0} µs   cloudkit is {:.2} ×",
                millis(median),
                millis(p99),
                medians[0].0 / rate
            );
        }
    }
}
