//! No process outlives its emulator, however that ends.

use super::*;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn stopping_ends_every_process_with_what_it_started() {
    let stage = Stage::of(
        "exports.main = async (e) => { const child = require('child_process').spawn('sleep', ['600']); \
         console.log(process.pid + ' ' + child.pid); for (;;); }",
    );
    let mut events = stage.functions.0.events.subscribe();
    let _call = stage.begin("{}");
    let pids = loop {
        if let Event::Logged(record) = events.recv().await.expect("the functions are there") {
            break record.message;
        }
    };
    assert!(pids.split(' ').all(is_running), "{pids}");
    stage.functions.stop().await;
    while pids.split(' ').any(is_running) {
        tokio::task::yield_now().await;
    }
}

/// The child of the test below: an emulator that is killed in the middle of a call.
#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "the next test starts it"]
async fn a_victim() {
    let stage = Stage::of(
        "exports.main = async (e) => { if (e.loop) { require('fs').writeFileSync(e.file, process.pid + ' ' + e.idle); for (;;); } return process.pid }",
    );
    let idle = stage.call("f", "{}").await.expect("a process id");
    let file = std::env::var("CLOUDKIT_TEST_PIDS").expect("the test names it");
    let event = serde_json::json!({ "loop": true, "file": file, "idle": idle }).to_string();
    // The second call has a process of its own: the first one holds the other.
    let other = stage.call("f", &event);
    let _ = other.await;
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_outlives_an_emulator_that_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pids");
    let mut victim = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "emulator::functions::tests::process::a_victim", "--ignored"])
        .env("CLOUDKIT_TEST_PIDS", &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let read = || std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty());
    let pids = loop {
        match read() {
            Some(pids) => break pids,
            None => std::thread::yield_now(),
        }
    };
    assert!(pids.split(' ').all(is_running), "{pids}");
    victim.kill().expect("SIGKILL");
    victim.wait().expect("it is dead");
    while pids.split(' ').any(is_running) {
        std::thread::yield_now();
    }
}
