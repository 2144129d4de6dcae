//! The real binary in a sandbox: its own project, home and environment; what it said is told in one text.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cloudkit::emulator::Emulator;
use cloudkit::model::clock::Clock;
use cloudkit::project::running::Running;
use tempfile::TempDir;

use super::emulator::config;
use super::patience::output;

/// A project on disk, an emulator that serves it, and the program that speaks to it.
pub struct Cloudkit {
    project: TempDir,
    home: TempDir,
    emulator: Option<Emulator>,
    variables: Vec<(String, String)>,
}

impl Cloudkit {
    /// Makes a project of these files that nothing serves.
    pub fn alone(files: &[(&str, &str)]) -> Self {
        let project = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = project.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let home = tempfile::tempdir().expect("a temporary folder");
        Cloudkit { project, home, emulator: None, variables: Vec::new() }
    }

    /// Makes a project of these files and serves it. The clock runs: requests are signed with the time.
    pub async fn serving(files: &[(&str, &str)]) -> Self {
        let cloudkit = Self::alone(files);
        let root = cloudkit.project.path().to_owned();
        cloudkit.reaching(&root).await
    }

    /// Makes a project of these files and serves an empty one, which its program reaches: nothing that is saved is watched.
    pub async fn beside_another(files: &[(&str, &str)]) -> Self {
        let cloudkit = Self::alone(files);
        let root = cloudkit.home.path().join("another");
        std::fs::create_dir(&root).expect("a folder");
        cloudkit.reaching(&root).await
    }

    async fn reaching(mut self, root: &Path) -> Self {
        let config = config(root, &Clock::default());
        let running = Running {
            url: String::new(),
            env_id: config.env_id.to_string(),
            region: config.region.clone(),
            pid: std::process::id(),
            secret_id: config.secret_id.clone(),
            secret_key: config.secret_key.clone(),
        };
        let emulator = Emulator::start(config).await.expect("an emulator");
        let running = Running { url: emulator.url().to_owned(), ..running };
        running.leave(self.project.path()).expect("a note");
        self.emulator = Some(emulator);
        self
    }

    /// Sets a variable for what runs next.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the address of the emulator that serves the project.
    pub fn url(&self) -> &str {
        self.emulator.as_ref().expect("an emulator").url()
    }

    pub fn folder(&self) -> &Path {
        self.project.path()
    }

    /// Returns a file of the project.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.project.path().join(path)).expect("a file")
    }

    /// Returns the command, not run yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloudkit"));
        command.args(arguments).current_dir(self.project.path()).env_clear().stdin(Stdio::null());
        // Node is found by PATH; the rest of the world stays outside.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).env("CLOUDKIT_KEYRING", "off");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    /// Runs the program and tells its exit code, its data and its talk, without what differs from run to run.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.tell(&self.output(arguments))
    }

    /// Runs the program and returns its JSON document.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        self.document(self.command(arguments))
    }

    /// Runs the program against an emulator at another address and returns its JSON document.
    pub fn json_at(&self, url: &str, arguments: &[&str]) -> serde_json::Value {
        let mut command = self.command(arguments);
        command.env("CLOUDKIT_EMULATOR_URL", url);
        self.document(command)
    }

    fn document(&self, mut command: Command) -> serde_json::Value {
        let output = output(command.arg("--json"));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.tell(&output)))
    }

    pub fn tell(&self, output: &Output) -> String {
        let mut told = String::new();
        let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        let _ = writeln!(told, "exit {code}");
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                let _ = write!(told, "--- {name}\n{}", self.steady(&String::from_utf8_lossy(bytes)));
            }
        }
        told
    }

    /// Replaces what differs from run to run: addresses, folders, ids, times.
    fn steady(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(emulator) = &self.emulator {
            text = text.replace(emulator.url(), "[url]");
        }
        for (folder, name) in [(&self.project, "[project]"), (&self.home, "[home]")] {
            // A temporary folder may be reached by a link (macOS).
            let real = folder.path().canonicalize().expect("it is there");
            text =
                text.replace(&*real.to_string_lossy(), name).replace(&*folder.path().to_string_lossy(), name);
        }
        text.split_inclusive(|c: char| c.is_whitespace() || "\"'(,:".contains(c)).map(word).collect()
    }
}

/// Replaces a word that is a request's or a document's id, or a time.
fn word(word: &str) -> String {
    let bare = word.trim_end_matches(|c: char| c.is_whitespace() || "\"'(,:".contains(c));
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid =
        bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && hex(&bare.replace('-', ""));
    let is_document = bare.len() == 32 && hex(bare);
    match is_uuid || is_document {
        true => format!("[id]{}", &word[bare.len()..]),
        false => word.to_owned(),
    }
}
