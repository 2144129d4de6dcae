//! The local servers of other platforms, with the same function: `wrangler dev` and `serverless offline`.
//!
//! Both work without an account and without the network; what they would tell their makers is turned off. Their versions
//! are the last that do so: wrangler 4.86 for Node 20, serverless 3 without logging in.

use std::path::Path;
use std::process::Command;

use super::process::{Server, free_port, hello_root, installed};

/// Starts those that can be started; says why another cannot.
pub fn start() -> Vec<(&'static str, Server)> {
    let Some(folder) = installed("servers") else { return Vec::new() };
    let starts: [(_, fn(&Path) -> _); 2] =
        [("wrangler dev", wrangler as _), ("serverless-offline", serverless as _)];
    let mut servers = Vec::new();
    for (name, start) in starts {
        match start(&folder) {
            Ok(server) => servers.push((name, server)),
            Err(why) => println!("  ({name} is left out: {why})"),
        }
    }
    servers
}

fn wrangler(folder: &Path) -> Result<Server, String> {
    let port = free_port();
    start_in(folder, port, |root| {
        let mut command = Command::new(root.join("node_modules/.bin/wrangler"));
        command
            .args(["dev", "worker.js", "--local", "--name=hello", "--compatibility-date=2026-01-01"])
            .args(["--ip=127.0.0.1", &format!("--port={port}"), "--inspector-port=0"])
            .arg("--show-interactive-dev-session=false")
            .envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false")])
            // The first asks for the newest version, the second for facts about this place.
            .envs([("WRANGLER_HIDE_BANNER", "true"), ("CLOUDFLARE_CF_FETCH_ENABLED", "false")]);
        command
    })
}

fn serverless(folder: &Path) -> Result<Server, String> {
    let port = free_port();
    start_in(folder, port, |root| {
        let mut command = Command::new(root.join("node_modules/.bin/serverless"));
        command
            .args(["offline", "start", "--host=127.0.0.1", &format!("--httpPort={port}")])
            .arg(format!("--lambdaPort={}", free_port()))
            .envs([("SLS_TELEMETRY_DISABLED", "1"), ("SLS_NOTIFICATIONS_MODE", "off")]);
        command
    })
}

/// Starts one in a project of its own, where it leaves what it writes.
fn start_in(folder: &Path, port: u16, command: impl Fn(&Path) -> Command) -> Result<Server, String> {
    let root = hello_root();
    for file in ["worker.js", "handler.js", "serverless.yml"] {
        std::fs::copy(folder.join(file), root.path().join(file)).expect("a copy");
    }
    std::os::unix::fs::symlink(folder.join("node_modules"), root.path().join("node_modules"))
        .expect("a link");
    let mut command = command(root.path());
    command.current_dir(root.path()).env("HOME", root.path()).env("CI", "1");
    Server::attempt(&mut command, port).map(|server| server.keep(root))
}
