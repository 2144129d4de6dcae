//! Real Node processes: each test has a project of its own in a temporary folder.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use super::*;
use crate::api::event::Identity;
use crate::docdb::Durability;
use crate::emulator::logs::Search;
use crate::model::clock::{Clock, Ids};
use crate::project::{Options, Project};

/// Functions of a project made of `(path, text)` files below `cloudfunctions/`.
struct Stage {
    functions: Functions,
    logs: Logs,
    events: Receiver<Event>,
    folder: TempDir,
}

impl Stage {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        files.iter().for_each(|(path, text)| write(folder.path(), path, text));
        let (events, received) = tokio::sync::broadcast::channel(1024);
        let logs = Logs::new(events.clone());
        let functions =
            Functions::start(config(folder.path()), "http://127.0.0.1:9".into(), logs.clone(), events)
                .expect("the functions start");
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

    /// Everything said so far, as `level message` lines.
    fn said(&self) -> Vec<String> {
        let found = self.logs.search(&Search::default()).found;
        found.into_iter().map(|record| format!("{:?} {}", record.level, record.message)).collect()
    }

    /// Waits for the event that `wanted` picks.
    async fn event<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv().await.expect("the functions are there");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }
}

fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join("cloudfunctions").join(path);
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
        project: Project::load(&options).expect("a good project"),
        seed: None,
        shared_modules: Some(folder.join("shared/node_modules")),
        secret_id: "AKIDlocal".into(),
        secret_key: "key".into(),
        inspect: None,
        inherited: ["PATH", "HOME"].into_iter().filter_map(inherited).collect(),
        clock: Clock::default(),
        ids: Ids::default(),
    }
}

/// Calls functions, each a file's worth of code, and compares what the caller reads: the result, or the fault's code
/// and the first line of its text.
async fn check(cases: &[(&str, &str)]) {
    let files: Vec<(String, &str)> =
        cases.iter().enumerate().map(|(at, (code, _))| (format!("f{at}/index.js"), *code)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, code)| (path.as_str(), *code)).collect();
    let stage = Stage::new(&files);
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

#[tokio::test]
async fn every_form_of_handler_answers_as_on_the_platform() {
    check(&[
        ("exports.main = async (event) => event", r#"{"a":1}"#),
        ("exports.main = async () => 'plain'", r#""plain""#),
        ("exports.main = async () => {}", "null"),
        ("exports.main = () => 7", "7"),
        ("exports.main = () => {}", "null"),
        (
            "exports.main = async () => ({ d: new Date(0), u: undefined, n: NaN })",
            r#"{"d":"1970-01-01T00:00:00.000Z","n":null}"#,
        ),
        ("exports.main = (event, context, callback) => setTimeout(() => callback(null, event.a), 5)", "1"),
        ("exports.main = (event, context, callback) => { callback(null, 'early') }", r#""early""#),
        (
            "exports.main = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; \
             setTimeout(() => {}, 60000); callback(null, 1) }",
            "1",
        ),
        ("exports.main = (event, context) => context.succeed('by the context')", r#""by the context""#),
        ("exports.main = () => new Promise(() => {})", "null"),
        ("module.exports = { main() { return Object.keys(this) } }", r#"["main"]"#),
    ])
    .await;
}

#[tokio::test]
async fn every_failure_is_told_to_the_caller() {
    check(&[
        ("exports.main = async () => { throw new Error('boom') }", "FUNCTIONS_EXECUTE_FAIL Error: boom"),
        ("exports.main = () => { throw new TypeError('sync') }", "FUNCTIONS_EXECUTE_FAIL TypeError: sync"),
        (
            "exports.main = async () => { throw 'text' }",
            "FUNCTIONS_EXECUTE_FAIL text(callback err is not instance of Error)",
        ),
        ("exports.main = (e, c, callback) => callback(new Error('back'))", "FUNCTIONS_EXECUTE_FAIL Error: back"),
        (
            "exports.main = async () => { const a = {}; a.a = a; return a }",
            "FUNCTIONS_EXECUTE_FAIL stringify response to json failed: Converting circular structure to JSON",
        ),
        ("exports.main = async () => 'x'.repeat(6 << 20)", "FUNCTIONS_EXECUTE_FAIL body size is too long"),
        ("exports.main = async () => process.exit(0)", "FUNCTIONS_EXECUTE_FAIL 0 code exit unexpected"),
        (
            "exports.main = () => new Promise(() => setTimeout(() => { throw new Error('late') }, 5))",
            "FUNCTIONS_EXECUTE_FAIL Error: late",
        ),
        (
            "exports.main = () => new Promise(() => { Promise.reject(new Error('unheard')) })",
            "FUNCTIONS_EXECUTE_FAIL Error: unheard",
        ),
        ("require('no-such-module'); exports.main = 1", "FUNCTIONS_EXECUTE_FAIL Error: Cannot find module 'no-such-module'"),
        (
            "exports.handler = 1",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js has no `main`, it exports `handler`",
        ),
        ("process.exit(3)", "FUNCTIONS_EXECUTE_FAIL 3 code exit unexpected"),
        (
            "exports.main = async () => { const a = []; for (;;) a.push(new Array(1000).fill({})) }",
            "FUNCTIONS_MEMORY_LIMIT_EXCEEDED Memory limit exceeded: JavaScript heap out of memory",
        ),
    ])
    .await;
}
