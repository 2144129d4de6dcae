//! Unmodified SDKs on Node, from the lock file in `tests/sdk/`, run under `cloudkit emulate -- …` as a user would.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Installs what the lock file names, once and only when it changed. `None`: there is no Node here, so the tests skip, visibly.
///
/// # Panics
/// Without Node where `CI` is set, or when the installation fails.
pub fn installed() -> Option<PathBuf> {
    static DONE: OnceLock<Option<PathBuf>> = OnceLock::new();
    DONE.get_or_init(|| {
        let folder = folder();
        if Command::new("node").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "CI needs Node.js for the SDK tests");
            eprintln!("skipped: the SDK tests need Node.js");
            return None;
        }
        let modified = |path: &str| std::fs::metadata(folder.join(path)).and_then(|it| it.modified()).ok();
        if modified("node_modules/.package-lock.json") < modified("package-lock.json") {
            let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
            let done = Command::new(npm)
                .args(["ci", "--ignore-scripts"])
                .current_dir(&folder)
                .output()
                .expect("npm runs");
            assert!(done.status.success(), "npm ci failed:\n{}", String::from_utf8_lossy(&done.stderr));
        }
        Some(folder)
    })
    .clone()
}

/// Runs a command under an emulator that serves `tests/sdk/functions`.
fn under_emulator(command: &[&str]) {
    let Some(folder) = installed() else { return };
    let home = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_cloudkit"))
        .args(["emulate", "--ephemeral", "--port", "0", "--no-install", "--"])
        .args(command)
        .current_dir(folder)
        .env("HOME", home.path())
        .env_remove("NODE_OPTIONS")
        .output()
        .expect("cloudkit runs");
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_sdk_generation_runs_the_scenario_unmodified() {
    under_emulator(&["node", "--test", "generations.test.mjs"]);
}
