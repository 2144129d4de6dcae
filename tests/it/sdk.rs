//! Unmodified SDKs, from the lock files in `tests/sdk/`, run under `cloudkit emulate -- …` as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::support::patience::output;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Tells whether a program is here. Without it the tests that need it skip, visibly.
///
/// # Panics
/// It is not here, and `CI` is set.
pub fn is_here(program: &str, arguments: &[&str]) -> bool {
    first_here(&[program], arguments).is_some()
}

/// Returns the first of several programs that is here, as [`is_here`] does.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn first_here<'a>(programs: &[&'a str], arguments: &[&str]) -> Option<&'a str> {
    let runs = |program: &&&str| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let here = programs.iter().find(runs).copied();
    let wanted = programs.first().copied().unwrap_or_default();
    assert!(here.is_some() || std::env::var_os("CI").is_none(), "CI needs `{wanted}` for the SDK tests");
    if here.is_none() {
        eprintln!("skipped: this test needs `{wanted}`");
    }
    here
}

/// Returns a browser by one of its names.
fn chromium() -> Option<&'static Path> {
    const NAMES: [&str; 4] = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    first_here(&NAMES, &["--version"]).map(Path::new)
}

/// Returns npm as this system starts it.
pub fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn succeeded(what: &str, output: &Output) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{what} ended with {}\n{}\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
}

/// Installs what the lock file names, once and only when it changed. `None`: there is no Node here.
///
/// # Panics
/// The installation failed.
pub fn installed() -> Option<PathBuf> {
    static DONE: OnceLock<Option<PathBuf>> = OnceLock::new();
    DONE.get_or_init(|| {
        if !is_here("node", &["--version"]) {
            return None;
        }
        let folder = folder();
        let modified = |path: &str| std::fs::metadata(folder.join(path)).and_then(|it| it.modified()).ok();
        if modified("node_modules/.package-lock.json") < modified("package-lock.json") {
            let mut npm = Command::new(npm());
            succeeded("npm ci", &output(npm.args(["ci", "--ignore-scripts"]).current_dir(&folder)));
        }
        Some(folder)
    })
    .clone()
}

/// Installs `requirements.txt` below `target/`, once and only when it changed. `None`: there is no Python here.
fn installed_for_python() -> Option<PathBuf> {
    if !is_here("python3", &["-m", "pip", "--version"]) {
        return None;
    }
    let requirements = folder().join("requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).expect("the requirements");
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let done = packages.join("installed.txt");
    if std::fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"]);
        succeeded("pip install", &output(pip.arg(&packages).arg("--requirement").arg(&requirements)));
        std::fs::write(done, wanted).expect("a note");
    }
    Some(packages)
}

/// Runs a command under an emulator that serves `tests/sdk/functions`.
fn under_emulator(command: &[&str], variables: &[(&str, &Path)]) {
    under_emulator_with(&[], command, variables);
}

fn under_emulator_with(flags: &[&str], command: &[&str], variables: &[(&str, &Path)]) {
    under_emulator_of(&folder(), flags, command, variables);
}

/// Runs a command in a project's folder, under an emulator of the project.
fn under_emulator_of(project: &Path, flags: &[&str], command: &[&str], variables: &[(&str, &Path)]) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_cloudkit"));
    program
        .args(["emulate", "--ephemeral", "--port", "0", "--no-install"])
        .args(flags)
        .arg("--")
        .args(command)
        .current_dir(project)
        .env("HOME", home.path())
        .env_remove("NODE_OPTIONS")
        .envs(variables.iter().copied());
    succeeded(&format!("{command:?}"), &output(&mut program));
}

fn node_under_emulator(arguments: &[&str]) {
    if installed().is_some() {
        under_emulator(&[&["node"], arguments].concat(), &[]);
    }
}

#[test]
fn every_sdk_generation_runs_the_scenario_unmodified() {
    node_under_emulator(&["--test", "generations.test.mjs"]);
}

#[test]
fn web_sdks_of_every_generation_run_unmodified() {
    for page in ["js3", "js2", "js1", "tcb1", "node3", "signed3"] {
        node_under_emulator(&["--test", &format!("web/{page}.test.mjs")]);
    }
}

#[test]
fn permissions_are_the_same_for_every_client() {
    node_under_emulator(&["--test", "permissions/permissions.test.mjs"]);
}

#[test]
fn sdks_that_can_watch_do() {
    for sdk in ["js3", "js2", "js1", "node3"] {
        // A refused watch leaves the SDK its socket, which would keep the process.
        node_under_emulator(&["--test", "--test-force-exit", &format!("realtime/{sdk}.test.mjs")]);
    }
}

#[test]
fn pages_run_unmodified_in_a_real_browser() {
    if let (Some(_), Some(chromium)) = (installed(), chromium()) {
        under_emulator(&["node", "--test", "browser/pages.test.mjs"], &[("CHROMIUM", chromium)]);
    }
}

#[cfg(unix)]
#[test]
fn pages_reach_the_emulator_by_the_platforms_own_names() {
    if let (Some(_), Some(chromium)) = (installed(), chromium()) {
        // Without the preload, and without the redirect script: by a proxy, or by what the names are told to mean.
        for way in ["RESOLVED=", "RESOLVED=1"] {
            let command = ["env", "-u", "NODE_OPTIONS", way, "node", "--test", "browser/pages.test.mjs"];
            under_emulator_with(&["--intercept"], &command, &[("CHROMIUM", chromium)]);
        }
    }
}

#[test]
fn an_independent_engine_gives_the_same_answers() {
    node_under_emulator(&["--test", "differential.test.mjs"]);
}

#[test]
fn a_program_beside_the_emulator_reaches_it_by_the_server_sdk() {
    node_under_emulator(&["control/server-sdk.mjs"]);
}

#[test]
fn a_mini_program_reaches_the_emulator_by_wx_cloud() {
    node_under_emulator(&["--test", "mini-program/wx-cloud.test.mjs"]);
    node_under_emulator(&["--test", "mini-program/watch.test.mjs"]);
}

#[test]
fn functions_ask_wechat_by_the_sdk_and_by_its_host() {
    node_under_emulator(&["--test", "wechat/wechat.test.mjs"]);
}

/// Runs one of `tests/sdk/stories`: functions, people and WeChat, from the first request to the last.
fn story(name: &str, variables: &[(&str, &Path)]) {
    if let Some(folder) = installed() {
        let command = ["node", "--test", &format!("{name}.test.mjs")];
        under_emulator_of(&folder.join("stories"), &[], &command, variables);
    }
}

#[test]
fn a_code_becomes_a_session_a_record_and_a_token() {
    story("login", &[]);
}

#[test]
fn a_token_that_a_timer_renews_is_never_stale_in_five_hours() {
    story("token", &[]);
}

#[test]
fn a_post_is_private_until_its_text_and_its_picture_are_judged() {
    story("moderation", &[]);
}

#[test]
fn one_leaderboard_is_the_same_for_a_page_a_mini_program_and_the_gateway() {
    if let Some(chromium) = chromium() {
        story("leaderboard", &[("CHROMIUM", chromium)]);
    }
}

#[test]
fn the_clouds_node_sdk_manages_the_emulator() {
    node_under_emulator(&["control/node-sdk.mjs"]);
}

#[test]
fn the_manager_sdk_manages_the_emulator() {
    node_under_emulator(&["control/manager-node.mjs"]);
}

#[test]
fn the_clouds_python_sdk_manages_the_emulator() {
    if let Some(packages) = installed_for_python() {
        under_emulator(&["python3", "control/python-sdk.py"], &[("PYTHONPATH", &packages)]);
    }
}

#[cfg(unix)]
#[test]
fn programs_that_know_only_the_real_names_reach_the_emulator_through_its_proxy() {
    // Without the preload: nothing but the proxy leads there.
    if installed().is_some() {
        for program in ["control/intercept.mjs", "control/storage.mjs", "control/tcb.mjs"] {
            let command = ["env", "-u", "NODE_OPTIONS", "node", program];
            under_emulator_with(&["--intercept"], &command, &[]);
        }
    }
    if let Some(packages) = installed_for_python() {
        // Before the path of the preload, which leads Tencent Cloud's SDK to the emulator without a proxy.
        for program in ["control/intercept.py", "control/storage.py"] {
            let command = ["env", "-u", "CLOUDKIT_EMULATOR_URL", "python3", program];
            under_emulator_with(&["--intercept"], &command, &[("PYTHONPATH", &packages)]);
        }
    }
}
