//! From a saved file to the answer of the new code, beside what Node needs to load it.

use std::process::Command;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::functions::{ask, call, function};
use super::process::{Server, median, millis, peers};

const TIMES: usize = 15;

pub fn run(runtime: &Runtime) {
    measure(runtime, "a plain function", "");
    if let Some(peers) = peers() {
        let sdk = peers.join("node_modules/wx-server-sdk");
        measure(runtime, "one with the SDK", &format!("require({:?}).init()\n", sdk.display().to_string()));
    }
}

fn measure(runtime: &Runtime, name: &str, head: &str) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let code = |version| format!("{head}exports.main = async () => 'version ' + {version}\n");
    function(root.path(), "saved", &code(0));
    let server = Server::emulator(root.path());
    let request = call(server.port, "saved", "{}");
    runtime.block_on(ask(server.port, &request));
    let mut version = 0;
    let served = median(TIMES, || {
        // A spare process may still be loading.
        std::thread::sleep(Duration::from_millis(400));
        version += 1;
        function(root.path(), "saved", &code(version));
        let start = Instant::now();
        let answer = runtime.block_on(ask(server.port, &request));
        let taken = start.elapsed();
        assert!(answer.contains(&format!("version {version}")), "{answer}");
        taken
    });
    let loaded = median(TIMES, || {
        let start = Instant::now();
        let status = Command::new("node").arg(root.path().join("saved/index.js")).status();
        assert!(status.is_ok_and(|status| status.success()));
        start.elapsed()
    });
    let (served, loaded) = (millis(served), millis(loaded));
    println!(
        "  {name:17} saved to served {served:.1} ms   node loads it in {loaded:.1} ms   {:.1} ms more   (goal 20)",
        served - loaded
    );
}
