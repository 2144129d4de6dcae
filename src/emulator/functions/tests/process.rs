//! No process outlives its emulator, however that ends.

use super::*;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn stopping_ends_every_process_with_what_it_started() {
    let mut stage = Stage::of(
        "exports.main = async (e) => { const child = require('child_process').spawn('sleep', ['600']); \
         console.log(process.pid + ' ' + child.pid); for (;;); }",
    );
    let _call = stage.begin("{}");
    let logged = |event| match event {
        Event::Logged(record) => Some(record.message),
        _ => None,
    };
    let pids = stage.event(logged).await;
    assert!(pids.split(' ').all(is_running), "{pids}");
    stage.functions.stop().await;
    have_ended(&pids).await;
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
#[tokio::test]
async fn no_process_outlives_an_emulator_that_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pids");
    let mut victim = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "emulator::functions::tests::process::a_victim", "--ignored"])
        .env("CLOUDKIT_TEST_PIDS", &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let read = || std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty());
    until("the process ids", async || read().is_some()).await;
    let pids = read().expect("a moment ago it was there");
    assert!(pids.split(' ').all(is_running), "{pids}");
    victim.kill().expect("SIGKILL");
    victim.wait().expect("it is dead");
    have_ended(&pids).await;
}
