//! Real Node processes: each test has a project of its own in a temporary folder.

mod clock;
mod debugger;
mod deployed;
mod faults;
mod handler;
mod loading;
mod output;
mod pool;
mod process;
mod python;
mod reload;
mod surroundings;
mod typescript;

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use super::*;
use crate::api::event::Identity;
use crate::docdb::Durability;
use crate::emulator::config::{Outward, Quota};
use crate::emulator::logs::{LogRecord, Search};
use crate::emulator::patience::{until, within};
use crate::model::clock::{Clock, Ids};
use crate::project::{Options, Project};

/// A manifest with the platform's own limits.
const PLAIN: (&str, &str) = ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\n");

/// The manifest of a stage that has no other: on a busy machine what takes a moment takes long.
const PATIENT: (&str, &str) = ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\n");

/// Functions of a project made of `(path, text)` files below `cloudfunctions/`.
struct Stage {
    functions: Functions,
    logs: Logs,
    events: Receiver<Event>,
    folder: TempDir,
}

impl Stage {
    fn new(files: &[(&str, &str)]) -> Self {
        Stage::at("http://127.0.0.1:9", files)
    }

    /// The same for an emulator at `url`.
    fn at(url: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), PATIENT.0, PATIENT.1);
        files.iter().for_each(|(path, text)| write(folder.path(), path, text));
        Stage::open(url, folder)
    }

    fn open(url: &str, folder: TempDir) -> Self {
        let config = config(folder.path());
        Stage::with(url, folder, config)
    }

    fn with(url: &str, folder: TempDir, config: Config) -> Self {
        let events = event::channel();
        let received = events.subscribe();
        let logs = Logs::open(folder.path().join(".cloudkit/data/logs"), events.clone());
        let functions =
            Functions::start(config, url.into(), logs.clone(), events).expect("the functions start");
        Stage { functions, logs, events: received, folder }
    }

    /// A project of one function `f` with that `index.js`.
    fn of(code: &str) -> Self {
        Stage::new(&[("f/index.js", code)])
    }

    fn write(&self, path: &str, text: &str) {
        write(self.folder.path(), path, text);
    }

    async fn call(&self, name: &str, event: &str) -> Result<String, Fault> {
        self.call_as(name, event, Caller::Console).await.result
    }

    async fn call_as(&self, name: &str, event: &str, caller: Caller) -> Outcome {
        self.functions.invoke(name, Invocation { event: event.into(), caller }).await
    }

    /// Begins a call that runs beside the test.
    fn begin(&self, event: &str) -> tokio::task::JoinHandle<Outcome> {
        let (functions, event) = (self.functions.clone(), event.to_owned());
        tokio::spawn(
            async move { functions.invoke("f", Invocation { event, caller: Caller::Console }).await },
        )
    }

    /// Everything said so far but for the platform's frame of each call, as `level message` lines.
    fn said(&self) -> Vec<String> {
        let found = self.logs.search(&Search::default()).found;
        let is_own = |record: &LogRecord| {
            !["START", "END", "REPORT"]
                .iter()
                .any(|it| record.message.starts_with(&format!("{it} RequestId: ")))
        };
        found
            .into_iter()
            .filter(is_own)
            .map(|record| format!("{:?} {}", record.level, record.message))
            .collect()
    }

    /// Waits for the event that `wanted` picks.
    async fn event<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> T {
        event(&mut self.events, wanted).await
    }

    /// Waits until a line of the log begins so.
    async fn says(&self, start: &str) {
        until(Missing(start, self), async || self.said().iter().any(|line| line.starts_with(start))).await;
    }
}

/// Tells what the log says instead of a line.
struct Missing<'a>(&'a str, &'a Stage);

impl std::fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is not in {:?}", self.0, self.1.said())
    }
}

/// Waits for the event that `wanted` picks.
async fn event<T>(events: &mut Receiver<Event>, wanted: impl Fn(Event) -> Option<T>) -> T {
    loop {
        let event = within("an event", events.recv()).await.expect("the functions are there");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    // A leading slash is the project's root.
    let file = match path.strip_prefix('/') {
        Some(path) => folder.join(path),
        None => folder.join("cloudfunctions").join(path),
    };
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

fn config(folder: &Path) -> Config {
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    let inherited = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    Config {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        port: 0,
        env_id: "local".parse().expect("a good id"),
        region: "ap-shanghai".into(),
        app_id: "wx1".into(),
        data: folder.join(".cloudkit/data"),
        durability: Durability::Ephemeral,
        strict: None,
        quota: Quota::FREE,
        enforce_quota: false,
        project: Project::load(&options).expect("a good project").into(),
        seed: None,
        outward: Outward::Open,
        intercept: None,
        https: None,
        shared_modules: Some(folder.join("shared/node_modules")),
        secret_id: "AKIDlocal".into(),
        secret_key: "key".into(),
        inspect: None,
        cold_start: None,
        inherited: ["PATH", "HOME"].into_iter().filter_map(inherited).collect(),
        clock: Clock::default(),
        ids: Ids::default(),
    }
}

/// Tells whether a process is there and not only waited for.
#[cfg(target_os = "linux")]
fn is_running(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
}

/// Waits until none of these processes is there.
#[cfg(target_os = "linux")]
async fn have_ended(pids: &str) {
    until(format!("the end of {pids}"), async || !pids.split(' ').any(is_running)).await;
}

/// Calls functions, each a file's worth of code, and compares what the caller reads: the result, or the fault's code
/// and the first line of its text.
async fn check(cases: &[(&str, &str)]) {
    let files: Vec<(String, &str)> =
        cases.iter().enumerate().map(|(at, (code, _))| (format!("f{at}/index.js"), *code)).collect();
    let files = files.iter().map(|(path, code)| (path.as_str(), *code));
    let stage = Stage::new(&files.collect::<Vec<_>>());
    let calls = cases.iter().enumerate().map(async |(at, (code, expected))| {
        let found = match stage.call(&format!("f{at}"), r#"{"a":1}"#).await {
            Ok(text) => text,
            Err(fault) => {
                format!("{} {}", fault.kind.code(), fault.message.lines().next().unwrap_or_default())
            }
        };
        assert_eq!(found, *expected, "{code}");
    });
    futures_util::future::join_all(calls).await;
    stage.functions.stop().await;
}
