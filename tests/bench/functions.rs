//! Many functions, a further process when calls overlap, and what calls leave behind.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::load::{Connection, post};
use super::process::{Server, hello_root, median, millis, peers, status_megabytes};

const MANY: usize = 200;
const TIMES: usize = 9;
const CALLS: usize = 10_000;
const OVERLAPPING: usize = 1_000;

/// Answers with the id of its process, after a while when asked to.
const WAITING: &str = "exports.main = async ({ wait }) => {
  if (wait) await new Promise((done) => setTimeout(done, wait))
  return process.pid
}
";

pub fn run(runtime: &Runtime) {
    many(runtime);
    further(runtime);
    leftovers(runtime);
    overlapping(runtime);
}

/// A project of one function beside one of many: until the first call they cost the same.
fn many(runtime: &Runtime) {
    for count in [1, MANY] {
        let root = tempfile::tempdir().expect("a temporary folder");
        for number in 0..count {
            function(root.path(), &format!("f{number}"), WAITING);
        }
        let ready = median(TIMES, || {
            let start = Instant::now();
            let server = Server::emulator(root.path());
            runtime
                .block_on(async {
                    let request = format!("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", server.port);
                    Connection::open(server.port).await?.ask(request.as_bytes()).await
                })
                .expect("an answer");
            start.elapsed()
        });
        let server = Server::emulator(root.path());
        // Programs that tell their version are no processes of functions.
        std::thread::sleep(Duration::from_secs(1));
        println!(
            "  {count:3} functions  ready in {:.1} ms   {:.1} MB idle   {} processes",
            millis(ready),
            status_megabytes(server.id(), "VmRSS").unwrap_or_default(),
            server.processes().len()
        );
    }
}

/// Overlapping calls of a function that uses the SDK: each needs a process more, and finds the spare one.
fn further(runtime: &Runtime) {
    let Some(peers) = peers() else { return };
    let root = tempfile::tempdir().expect("a temporary folder");
    function(root.path(), "sdk", &format!("require('wx-server-sdk').init()\n{WAITING}"));
    std::os::unix::fs::symlink(peers.join("node_modules"), root.path().join("node_modules")).expect("a link");
    let mut taken: Vec<Duration> = Vec::new();
    for _ in 0..3 {
        let server = Server::emulator(root.path());
        let long = call(server.port, "sdk", r#"{"wait":3000}"#);
        let short = call(server.port, "sdk", "{}");
        runtime.block_on(async {
            ask(server.port, &short).await;
            let mut holding = JoinSet::new();
            // So many processes are started as soon as calls overlap.
            for _ in 1..4 {
                let (port, long) = (server.port, long.clone());
                holding.spawn(async move { ask(port, &long).await });
                // The spare one takes the place of the one that is busy now, and the next is loaded.
                tokio::time::sleep(Duration::from_millis(600)).await;
                let mut connection = Connection::open(server.port).await.expect("the server listens");
                let start = Instant::now();
                connection.ask(&short).await.expect("an answer");
                taken.push(start.elapsed());
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }
    taken.sort_unstable();
    println!(
        "  a further process with the SDK answers in {:.2} ms, at most {:.2} ms   (goal 3)",
        millis(taken[taken.len() / 2]),
        millis(taken[taken.len() - 1])
    );
}

/// Memory and open files before and after many calls.
fn leftovers(runtime: &Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    let request = call(server.port, "hello", "{}");
    let repeat = |times| {
        runtime.block_on(async {
            let mut connection = Connection::open(server.port).await.expect("the server listens");
            for _ in 0..times {
                connection.ask(&request).await.expect("an answer");
            }
        });
    };
    let look = || {
        let all = [vec![server.id()], server.processes()].concat();
        let memory: f64 = all.iter().filter_map(|id| status_megabytes(*id, "VmRSS")).sum();
        let files = |id: &u32| std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
        (
            status_megabytes(server.id(), "VmRSS").unwrap_or_default(),
            memory,
            all.iter().map(files).sum::<usize>(),
        )
    };
    for calls in [CALLS / 10, CALLS, CALLS] {
        repeat(calls);
        let (own, memory, files) = look();
        println!(
            "  after {calls:5} more calls  {own:.1} MB, with its processes {memory:.1} MB   {files} open files"
        );
    }
}

/// Far more calls at a time than there are processes.
fn overlapping(runtime: &Runtime) {
    let root = tempfile::tempdir().expect("a temporary folder");
    function(root.path(), "waits", WAITING);
    let server = Server::emulator(root.path());
    let request = call(server.port, "waits", r#"{"wait":50}"#);
    let start = Instant::now();
    let (answered, most) = runtime.block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..OVERLAPPING {
            let (port, request) = (server.port, request.clone());
            calls.spawn(async move { ask(port, &request).await });
        }
        let (mut answered, mut most) = (0, (0, 0.0));
        while calls.join_next().await.is_some() {
            answered += 1;
            if answered % 50 == 0 {
                let processes = server.processes();
                let memory: f64 = processes.iter().filter_map(|id| status_megabytes(*id, "RssAnon")).sum();
                most = (processes.len().max(most.0), memory.max(most.1));
            }
        }
        (answered, most)
    });
    println!(
        "  {answered} of {OVERLAPPING} overlapping calls of 50 ms answered in {:.1} s by at most {} processes with {:.0} MB of their own",
        start.elapsed().as_secs_f64(),
        most.0,
        most.1
    );
}

/// Writes a function of one file.
pub fn function(root: &Path, name: &str, code: &str) {
    let folder = root.join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("index.js"), code).expect("a file");
}

/// Returns the request that calls a function.
pub fn call(port: u16, function: &str, event: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "action": "functions.invokeFunction",
        "function_name": function,
        "request_data": event,
    });
    post("/admin", port, &body.to_string())
}

/// Asks on a connection of its own and returns the answer.
pub async fn ask(port: u16, request: &[u8]) -> String {
    let mut connection = Connection::open(port).await.expect("the server listens");
    String::from_utf8(connection.ask(request).await.expect("an answer")).expect("text")
}
