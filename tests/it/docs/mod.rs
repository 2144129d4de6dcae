//! The documentation says what the program does.

mod citations;
mod manifest;
mod recipes;

use std::fs;
use std::path::Path;

use crate::support::cloudkit::Cloudkit;
use crate::support::patience::output;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("a file").replace("\r\n", "\n")
}

#[test]
fn the_command_reference_is_the_one_the_program_writes() {
    let output = Cloudkit::alone(&[]).output(&["markdown"]);
    let written = String::from_utf8(output.stdout).expect("text");
    let kept = read("docs/cli.md");
    let differs = kept.lines().zip(written.lines()).find(|(kept, written)| kept != written);
    assert!(kept == written, "`cloudkit markdown > docs/cli.md` mends it; first: {differs:?}");
}

#[test]
fn the_chinese_page_shows_the_commands_of_the_english_one() {
    let commands = |page: &str| -> Vec<String> {
        let text = read(page);
        let blocks = text.split("\n```sh").skip(1).filter_map(|block| block.split("\n```").next());
        let lines = blocks.flat_map(|block| block.lines().skip(1));
        lines.map(|line| line.split(" #").next().unwrap_or(line).trim_end().to_owned()).collect()
    };
    let (english, chinese) = (commands("README.md"), commands("docs/zh.md"));
    assert!(english.len() > 10, "{english:?}");
    assert_eq!(english, chinese);
}

#[cfg(unix)]
mod tour {
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use tempfile::TempDir;

    use super::{fs, output, read};
    use crate::sdk;
    use crate::support::patience::PATIENCE;

    /// A newcomer's machine: an empty home, the program on the path. npm keeps its own settings and cache.
    struct Newcomer {
        home: TempDir,
        /// What runs in the other terminal.
        background: Option<Child>,
    }

    impl Drop for Newcomer {
        fn drop(&mut self) {
            if let Some(child) = &mut self.background {
                // Its shell has become the emulator itself; as it dies, so do its Node processes.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }

    impl Newcomer {
        fn new() -> Self {
            let home = tempfile::tempdir().expect("a temporary folder");
            fs::write(home.path().join(".cwd"), home.path().display().to_string()).expect("written");
            Newcomer { home, background: None }
        }

        /// A shell in the folder where the last block ended.
        fn shell(&self, script: &str) -> Command {
            let program = std::path::Path::new(env!("CARGO_BIN_EXE_cloudkit")).parent().expect("a folder");
            let path = std::env::var_os("PATH").unwrap_or_default();
            let path =
                std::env::join_paths([program.to_owned()].into_iter().chain(std::env::split_paths(&path)));
            let foreign = std::env::vars_os().map(|(name, _)| name).filter(|name| {
                let name = name.to_string_lossy();
                ["CLOUDKIT", "TENCENTCLOUD", "TCB", "XDG_", "NODE_OPTIONS"]
                    .iter()
                    .any(|it| name.starts_with(it))
            });
            let mut shell = Command::new("sh");
            foreign.for_each(|name| {
                shell.env_remove(name);
            });
            shell.args(["-euc", script]).stdin(Stdio::null());
            shell.current_dir(fs::read_to_string(self.home.path().join(".cwd")).expect("a folder").trim());
            shell
                .env("PATH", path.expect("a path"))
                .env("HOME", self.home.path())
                .env("CLOUDKIT_KEYRING", "off");
            if let Some(home) = std::env::var_os("HOME") {
                let home = std::path::PathBuf::from(home);
                shell
                    .env("npm_config_userconfig", home.join(".npmrc"))
                    .env("npm_config_cache", home.join(".npm"));
            }
            shell
        }

        fn type_in(&self, block: &str) -> String {
            let cwd = self.home.path().join(".cwd");
            let output = output(&mut self.shell(&format!("{block}\npwd >{}", cwd.display())));
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "{block}\n{stdout}\n{stderr}");
            stdout
        }

        fn type_in_another_terminal(&mut self, block: &str) {
            let ready = self.home.path().join("ready.json");
            let script = format!("exec {} --ready-file {}", block.trim(), ready.display());
            let said = self.home.path().join("said.txt");
            let stderr = fs::File::create(&said).expect("a file");
            let child = self.shell(&script).stdout(Stdio::null()).stderr(stderr).spawn().expect("a shell");
            let child = self.background.insert(child);
            let begun = Instant::now();
            while !ready.exists() {
                assert!(begun.elapsed() < PATIENCE, "never ready: {block}");
                let ended = child.try_wait().expect("a child");
                assert_eq!(ended, None, "{block}{}", fs::read_to_string(&said).unwrap_or_default());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    #[test]
    fn the_five_minutes_of_the_readme_work_as_written() {
        if sdk::installed().is_none() {
            return;
        }
        let mut newcomer = Newcomer::new();
        let mut told = Vec::new();
        let text = read("README.md");
        let blocks = text.split("\n```").filter_map(|block| block.split_once('\n'));
        for (tag, block) in blocks {
            match tag {
                "sh tour" => told.push(newcomer.type_in(block)),
                "sh tour background" => newcomer.type_in_another_terminal(block),
                _ => {}
            }
        }
        let [_, tests, used, index, deployed] = &told[..] else { panic!("five blocks, not {told:#?}") };
        assert!(tests.contains("pass 4"), "{tests}");
        assert!(used.contains("Alice") && used.contains("score_-1"), "{used}");
        assert!(index.contains("level_1_score_-1"), "{index}");
        assert!(deployed.contains("nothing uploaded"), "{deployed}");
    }
}

#[test]
fn the_demo_runs_from_nothing_to_a_deploy() {
    use serde_json::{Value, json};

    if crate::sdk::installed().is_none() {
        return;
    }
    // Not in a sandboxed home: npm has its settings and its cache there.
    let mut demo = std::process::Command::new(env!("CARGO_BIN_EXE_cloudkit"));
    let output = output(demo.args(["demo", "--json"]).env("CLOUDKIT_KEYRING", "off"));
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{talk}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let steps = told["steps"].as_array().expect("steps");
    let step = |begins: &str| {
        let found =
            steps.iter().filter(|step| step["command"].as_str().is_some_and(|it| it.contains(begins)));
        found.collect::<Vec<_>>()
    };
    assert!(steps.iter().all(|step| step["exitCode"] == 0), "{told:#}");
    let board = &step("fn invoke leaderboard")[0]["output"]["result"];
    assert_eq!(board[0], json!({ "name": "Bob", "score": 5000, "level": 2 }), "{told:#}");
    assert_eq!(step("db explain")[0]["output"]["index"], "score_-1");
    assert_eq!(step("db index add")[0]["output"]["changed"], true);
    let deploys = step("cloudkit deploy");
    assert_eq!(deploys.len(), 2);
    assert_eq!(deploys[1]["output"]["uploadedBytes"], 0, "{:#}", deploys[1]);
}
