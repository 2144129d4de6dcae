//! Real Node processes: each test has a project of its own in a temporary folder.

mod python;
mod reload;
mod typescript;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

mod faults;

use super::*;
use crate::api::event::Identity;
use crate::docdb::Durability;
use crate::emulator::config::{Outward, Quota};
use crate::emulator::logs::{LogRecord, Search};
use crate::model::clock::{Clock, Ids};
use crate::project::{Options, Project};

/// A manifest with the platform's own limits.
const PLAIN: (&str, &str) = ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\n");

/// The manifest of a stage that has no other: on a busy machine what takes a moment takes long.
const PATIENT: (&str, &str) = ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\n");

/// Returns where the inspectors of a stage listen: at ports that no other test has, nor anybody who asks the system for one.
fn inspect() -> Option<u16> {
    static STAGES: AtomicU32 = AtomicU32::new(0);
    let stage = std::process::id() * 4 + STAGES.fetch_add(1, Ordering::Relaxed);
    u16::try_from(10_000 + stage % 2_000 * 10).ok()
}

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
        let (events, received) = tokio::sync::broadcast::channel(1024);
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
        loop {
            let event = self.events.recv().await.expect("the functions are there");
            if let Some(found) = wanted(event) {
                return found;
            }
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
        project: Project::load(&options).expect("a good project"),
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
        (
            "exports.main = 5",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as a number",
        ),
        (
            "exports.main = [1]",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as an array",
        ),
        (
            "exports.main = undefined",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as undefined",
        ),
        ("process.exit(3)", "FUNCTIONS_EXECUTE_FAIL 3 code exit unexpected"),
        ("exports.main = () => Promise.reject()", "FUNCTIONS_EXECUTE_FAIL undefined(callback err is not instance of Error)"),
        ("exports.main = () => { throw { code: 7 } }", "FUNCTIONS_EXECUTE_FAIL {\"code\":7}(callback err is not instance of Error)"),
        ("exports.main = (e, context) => context.fail('no')", "FUNCTIONS_EXECUTE_FAIL no(callback err is not instance of Error)"),
        ("exports.main = async () => 10n", "FUNCTIONS_EXECUTE_FAIL stringify response to json failed: Do not know how to serialize a BigInt"),
        ("exports.main = () => process.kill(process.pid, 'SIGKILL')", "FUNCTIONS_EXECUTE_FAIL signal 9 exit unexpected"),
        (
            "throw new RangeError('at the top')",
            "FUNCTIONS_EXECUTE_FAIL RangeError: at the top",
        ),
        (
            "exports.main = async () => { const a = []; for (;;) a.push(new Array(1e6).fill(0.5)) }",
            "FUNCTIONS_MEMORY_LIMIT_EXCEEDED Memory limit exceeded",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_event_has_to_be_json_of_at_most_six_mebibytes() {
    let stage = Stage::of("exports.main = (event) => event.text.length");
    let event = |length: usize| format!(r#"{{"text":"{}"}}"#, "x".repeat(length));
    let frame = event(0).len();
    assert_eq!(stage.call("f", &event((6 << 20) - frame)).await, Ok(((6 << 20) - frame).to_string()));
    for (event, message) in [
        (event((6 << 20) - frame + 1), "event body size is too long"),
        ("{".to_owned(), "event is not valid JSON: "),
    ] {
        let fault = stage.call("f", &event).await.expect_err("a bad event");
        assert_eq!(fault.kind, FaultKind::Event);
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
}

/// Tells whether a process is there and not only waited for.
#[cfg(target_os = "linux")]
fn is_running(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_ended_and_the_next_call_works() {
    let code = "exports.main = async (e) => {\n  if (e.loop) for (;;);\n  if (e.wait) await new Promise(r => setTimeout(r, 60000)); return process.pid }";
    let stage = Stage::new(&[
        ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 3\n"),
        ("loop/index.js", code),
        ("wait/index.js", code),
    ]);
    let call = async |name: &str, event: &str, why: &str| {
        let mut events = stage.functions.0.events.subscribe();
        let before = stage.call(name, "{}").await.expect("a good call");
        let fault = stage.call(name, event).await.expect_err("a timeout");
        assert_eq!(fault.kind, FaultKind::Timeout);
        assert_eq!(fault.message, "Invoking task timed out after 3 seconds");
        let after = stage.call(name, "{}").await.expect("the next call works");
        assert_ne!(before, after);
        let expected = format!("Error Invoking task timed out after 3 seconds; {why}");
        while !stage.said().iter().any(|line| line.starts_with(&expected)) {
            let heard = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
            heard.unwrap_or_else(|_| panic!("{expected:?} is not in {:?}", stage.said())).expect("an event");
        }
    };
    let file = stage.folder.path().join("cloudfunctions/loop/index.js").display().to_string();
    let computing = format!("it was computing without a pause:\n{file}:2\n  if (e.loop) for (;;);\n");
    tokio::join!(
        call("loop", r#"{"loop":true}"#, &computing),
        call("wait", r#"{"wait":true}"#, "it was waiting for 1 timer"),
    );
}

#[tokio::test]
async fn overlapping_calls_have_processes_of_their_own_and_a_free_one_is_used_again() {
    let stage = Stage::of(
        "let calls = 0; exports.main = async (e) => { await new Promise(r => setTimeout(r, e.wait ?? 0)); return [process.pid, ++calls] }",
    );
    let waiting = r#"{"wait":50}"#;
    let (one, other) = tokio::join!(stage.call("f", waiting), stage.call("f", waiting));
    let (one, other) = (one.expect("a result"), other.expect("a result"));
    assert_ne!(one, other);
    let again = stage.call("f", "{}").await.expect("a result");
    let (pid, calls) = again.split_once(',').expect("two values");
    assert_eq!(calls, "2]", "what a module keeps survives");
    assert!(one.starts_with(pid) || other.starts_with(pid), "{again} after {one} and {other}");
}

#[tokio::test]
async fn a_thousand_overlapping_calls_are_answered_one_at_a_time_by_a_bounded_number_of_processes() {
    let stage = Stage::of(
        "let busy = false; exports.main = async (e) => { if (busy) throw new Error('two calls at once'); busy = true; \
         await new Promise(setImmediate); busy = false; return [e.n, process.pid] }",
    );
    let calls: Vec<_> = (0..1000).map(|n| stage.begin(&format!(r#"{{"n":{n}}}"#))).collect();
    let mut processes = std::collections::HashSet::new();
    for (n, call) in calls.into_iter().enumerate() {
        let text = call.await.expect("it ends").result.expect("a result");
        let (found, process): (usize, u32) = serde_json::from_str(&text).expect("two numbers");
        assert_eq!(found, n);
        processes.insert(process);
    }
    assert!(processes.len() <= pool::CEILING, "{processes:?}");
}

#[tokio::test]
async fn functions_share_the_places_of_processes_and_those_without_one_come_first() {
    let code = "const fs = require('fs'), all = __dirname + '/../../pids/'; fs.writeFileSync(all + process.pid, ''); \
         const lives = (pid) => { try { return process.kill(pid, 0) } catch { return false } }; \
         exports.main = async () => { await new Promise(r => setTimeout(r, 20)); return fs.readdirSync(all).filter(lives).length }";
    let names = ["a", "b", "c", "d", "e"];
    let files: Vec<_> = names.iter().map(|name| (format!("{name}/index.js"), code)).collect();
    let files: Vec<_> = files.iter().map(|(path, code)| (path.as_str(), *code)).collect();
    let stage = Stage::new(&[&[("/pids/1", "")], &files[..]].concat());
    std::fs::remove_file(stage.folder.path().join("pids/1")).expect("it is there");
    let places = &stage.functions.0.registry.crew.places;
    let taken: Vec<_> = (0..places.most() - 3).map(|_| places.take().expect("a place")).collect();
    let calls = (0..60).map(|n| stage.call(names[n % names.len()], "{}"));
    for answer in futures_util::future::join_all(calls).await {
        let together: usize = answer.expect("a result").parse().expect("a number");
        assert!(together <= 3, "{together} processes");
    }
    drop(taken);
}

#[tokio::test]
async fn a_call_of_another_function_is_refused_when_all_places_wait_for_one_another() {
    let stage = Stage::new(&[
        (
            "f/index.js",
            "const fs = require('fs'); exports.main = async (e) => { while (!fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)) }",
        ),
        ("g/index.js", "exports.main = () => 1"),
    ]);
    let file = stage.folder.path().join("ended");
    let places = &stage.functions.0.registry.crew.places;
    let taken: Vec<_> = (0..places.most() - 1).map(|_| places.take().expect("a place")).collect();
    let outer = stage.begin(&serde_json::json!({ "until": file }).to_string());
    while places.take().is_some() {
        tokio::task::yield_now().await;
    }
    let nested = stage.call_as("g", "{}", Caller::Console.through_function("scf")).await;
    assert_eq!(nested.result.expect_err("no place").kind, FaultKind::Busy);
    std::fs::write(file, "").expect("a file");
    outer.await.expect("it ends").result.expect("it is answered");
    assert_eq!(stage.call("g", "{}").await, Ok("1".into()), "`f` gave way");
    drop(taken);
}

#[tokio::test]
async fn a_call_whose_caller_leaves_while_it_waits_in_line_never_begins() {
    let mut stage = Stage::of(
        "const fs = require('fs'); exports.main = async (e) => { console.log(e.n); \
         while (e.until && !fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)) }",
    );
    let places = stage.functions.0.registry.crew.places.clone();
    let taken: Vec<_> = (0..places.most() - 1).map(|_| places.take().expect("a place")).collect();
    let file = stage.folder.path().join("ended");
    let event = serde_json::json!({ "n": 1, "until": file }).to_string();
    let outer = stage.begin(&event);
    stage.event(|event| matches!(event, Event::Logged(_)).then_some(())).await;
    let in_line = stage.begin(r#"{"n":2}"#);
    while stage.functions.0.registry.get("f").expect("it is there").waiting() == 0 {
        tokio::task::yield_now().await;
    }
    in_line.abort();
    assert!(in_line.await.expect_err("it was aborted").is_cancelled());
    std::fs::write(file, "").expect("a file");
    outer.await.expect("it ends").result.expect("it is answered");
    stage.call("f", r#"{"n":3}"#).await.expect("it is answered");
    assert_eq!(stage.said(), ["Info 1", "Info 3"]);
    let lines = stage.logs.search(&Search::default()).found;
    let starts = lines.iter().filter(|line| line.message.starts_with("START RequestId: ")).count();
    assert_eq!(starts, 2);
    drop(taken);
}

#[tokio::test]
async fn a_quick_call_does_not_wait_until_long_ones_have_ended() {
    let mut stage = Stage::of(
        "const fs = require('fs'); exports.main = async (e) => { if (!e.until) return 1; console.log('waits'); \
         while (!fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)); return 2 }",
    );
    for _ in 0..30 {
        assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    }
    let file = stage.folder.path().join("ended");
    let event = serde_json::json!({ "until": file }).to_string();
    let long = [(); 4].map(|()| stage.begin(&event));
    for _ in &long {
        stage
            .event(|event| matches!(event, Event::Logged(line) if line.message == "waits").then_some(()))
            .await;
    }
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    std::fs::write(file, "").expect("a file");
    for call in long {
        assert_eq!(call.await.expect("it ends").result, Ok("2".into()));
    }
}

#[tokio::test]
async fn overlapping_calls_run_once_each_whatever_becomes_of_the_one_before() {
    let stage = Stage::of(
        "const fs = require('fs'); exports.main = async (e) => { fs.appendFileSync(e.file, e.n + '\\n'); \
         if (e.n % 40 === 7) process.exit(1); if (e.n % 10 === 3) await new Promise(r => setTimeout(r, 3)); \
         if (e.n % 10 === 5) for (const end = Date.now() + 3; Date.now() < end; ); return e.n }",
    );
    let file = stage.folder.path().join("begun");
    let event = |n| serde_json::json!({ "n": n, "file": file }).to_string();
    let calls: Vec<_> = (0..400).map(|n| stage.begin(&event(n))).collect();
    for (n, call) in calls.into_iter().enumerate() {
        let expected = match n % 40 {
            7 => Err(Fault { kind: FaultKind::Exit, message: "1 code exit unexpected".into() }),
            _ => Ok(n.to_string()),
        };
        assert_eq!(call.await.expect("it ends").result, expected);
    }
    let begun = std::fs::read_to_string(&file).expect("a file");
    let mut begun: Vec<usize> = begun.lines().map(|n| n.parse().expect("a number")).collect();
    begun.sort_unstable();
    assert_eq!(begun, (0..400).collect::<Vec<_>>());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ten_thousand_calls_leave_nothing_behind() {
    let stage = Stage::of(
        "require('v8').setFlagsFromString('--expose-gc'); const gc = require('vm').runInNewContext('gc'); \
         exports.main = (e) => { if (!e.measure) return; gc(); return [process.memoryUsage().heapUsed, \
         require('fs').readdirSync('/proc/self/fd').length, process.pid] }",
    );
    let alice = Caller::MiniProgram(Identity { openid: "o-alice".into(), unionid: None });
    let measure = async || {
        let text = stage.call("f", r#"{"measure":true}"#).await.expect("a result");
        serde_json::from_str::<(u64, u64, u32)>(&text).expect("three numbers")
    };
    let calls = async |count: usize| {
        for _ in 0..count {
            stage.call_as("f", "{}", alice.clone()).await.result.expect("a result");
        }
    };
    calls(1_000).await;
    let before = measure().await;
    calls(10_000).await;
    let after = measure().await;
    assert_eq!((before.1, before.2), (after.1, after.2), "descriptors, process");
    // Compiled code and caches may still come and go; one object kept for each call would be more.
    assert!(after.0 < before.0 + 500_000, "{before:?} {after:?}");
    assert_eq!(stage.functions.0.callers.lock().expect("whole").len(), REMEMBERED_CALLS);
}

#[tokio::test]
async fn a_saved_change_is_served_on_the_next_call_and_a_call_in_flight_ends_on_the_old_code() {
    let mut stage = Stage::new(&[
        (
            "f/index.js",
            "const fs = require('fs'), part = require('./part'); exports.main = async (e) => { if (e.until) console.log('waits'); \
             while (e.until && !fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)); return part }",
        ),
        ("f/part.js", "module.exports = 'old'"),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""old""#.into()));
    let file = stage.folder.path().join("ended");
    let in_flight = stage.begin(&serde_json::json!({ "until": file }).to_string());
    stage.event(|event| matches!(event, Event::Logged(line) if line.message == "waits").then_some(())).await;
    stage.write("f/part.js", "module.exports = 'brand new'");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""brand new""#.into()));
    std::fs::write(file, "").expect("a file");
    assert_eq!(in_flight.await.expect("it ends").result, Ok(r#""old""#.into()));
    let reloaded = |event| matches!(event, Event::Reloaded { .. }).then_some(());
    stage.event(reloaded).await;
}

#[tokio::test]
async fn a_change_saved_while_calls_wait_in_line_is_served_to_all_who_have_not_begun() {
    let code = |value: u8| {
        format!("exports.main = async () => {{ await new Promise(r => setTimeout(r, 200)); return {value} }}")
    };
    let stage = Stage::of(&code(1));
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    // Polled in this order: all stand in line when the file is saved.
    let line = futures_util::future::join_all((0..20).map(|_| stage.call("f", "{}")));
    let (line, next) = tokio::join!(line, async {
        stage.write("f/index.js", &code(2));
        stage.call("f", "{}").await
    });
    assert_eq!(next, Ok("2".into()));
    let answers: Vec<_> = line.into_iter().map(|answer| answer.expect("nobody is lost")).collect();
    let begun = answers.iter().filter(|answer| *answer == "1").count();
    assert!(begun <= 4 && answers.ends_with(&["2".into()]), "{answers:?}");
}

#[tokio::test]
async fn a_mistake_is_told_when_it_is_saved_with_its_place() {
    let mut stage = Stage::of("exports.main = () => 1");
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    stage.write("f/index.js", "exports.main = () => {\n  return 1 +;\n}");
    let broken = |event| match event {
        Event::Broken { message, .. } => Some(message),
        _ => None,
    };
    let told = stage.event(broken).await;
    let file = stage.folder.path().join("cloudfunctions/f/index.js");
    let expected =
        format!("{}:2\n  return 1 +;\n            ^\n\nSyntaxError: Unexpected token ';'", file.display());
    assert_eq!(told, expected);
    assert_eq!(stage.call("f", "{}").await.expect_err("it cannot be loaded").message, told);
    stage.write("f/index.js", "exports.main = () => 3");
    assert_eq!(stage.call("f", "{}").await, Ok("3".into()));
}

#[tokio::test]
async fn an_es_module_that_cannot_be_loaded_names_the_place_and_nothing_of_the_emulator() {
    let stage = Stage::new(&[
        ("entry/index.mjs", "import './other.mjs';\nexport const main = 1 +;"),
        ("entry/other.mjs", "export const a = 1;"),
        ("helper/index.mjs", "import './good.mjs';\nimport './bad.mjs';\nexport const main = () => 1;"),
        ("helper/good.mjs", "export const a = 1;"),
        ("helper/bad.mjs", "\nexport const b = [;"),
        ("package/index.mjs", "import 'not-there';"),
    ]);
    let folder = stage.folder.path().join("cloudfunctions");
    let at = |file: &str, rest: &str| format!("{}{rest}", folder.join(file).display());
    let expected = [
        (
            "entry",
            at("entry/index.mjs", ":2\nexport const main = 1 +;\n                       ^\n\n")
                + "SyntaxError: Unexpected token ';'",
        ),
        (
            "helper",
            at("helper/bad.mjs", ":2\nexport const b = [;\n                  ^\n\n")
                + "SyntaxError: Unexpected token ';'",
        ),
        (
            "package",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'not-there' imported from ".to_owned()
                + &at("package/index.mjs", ""),
        ),
    ];
    for (function, message) in expected {
        assert_eq!(stage.call(function, "{}").await.expect_err(function).message, message);
    }
}

#[tokio::test]
async fn a_function_that_will_not_load_is_told_before_it_is_called() {
    let mut stage = Stage::new(&[
        ("good/index.js", "exports.main = () => 1"),
        ("half/index.js", "exports.main = () => {\n  return [1,\n"),
    ]);
    let broken = |event| match event {
        Event::Broken { function, message } => Some((function, message)),
        _ => None,
    };
    let (function, message) = stage.event(broken).await;
    assert_eq!(function, "half");
    assert!(message.contains("half/index.js:") && message.contains("SyntaxError"), "{message}");
}

#[tokio::test]
async fn a_function_is_in_utc_unless_its_variables_say_where() {
    let code = "exports.main = () => [new Date(0).getHours(), process.env.TZ]";
    let stage = Stage::new(&[
        (
            "/cloudkit.toml",
            "[functions]\nroot = \"cloudfunctions\"\n[functions.g]\nvariables = { TZ = \"Asia/Shanghai\" }\n",
        ),
        ("f/index.js", code),
        ("g/index.js", code),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok("[0,\"UTC\"]".into()));
    assert_eq!(stage.call("g", "{}").await, Ok("[8,\"Asia/Shanghai\"]".into()));
}

#[tokio::test]
async fn variables_that_a_function_sets_are_text_and_in_force_for_node_and_for_its_programs() {
    let stage = Stage::of(
        "exports.main = () => { process.env.TZ = 'Asia/Shanghai'; process.env.COUNT = 7; process.env.TCB_ENV = 'own'; \
         process.env.GONE = 'x'; delete process.env.GONE; \
         const run = (code) => require('child_process').execFileSync('node', ['-p', code]).toString().trim(); \
         return [new Date(0).getHours(), process.env.COUNT, 'GONE' in process.env, 'TCB_SEQID' in process.env, \
         run('[process.env.TZ, process.env.COUNT, process.env.GONE, process.env.TCB_ENV, !!process.env.TCB_SEQID].join()')] }",
    );
    let expected = r#"[8,"7",false,true,"Asia/Shanghai,7,,own,true"]"#;
    for _ in 0..2 {
        assert_eq!(stage.call("f", "{}").await, Ok(expected.into()));
    }
}

#[tokio::test]
async fn functions_appear_and_vanish_with_their_folders() {
    let stage = Stage::of("exports.main = () => 1");
    stage.write("g/index.js", "exports.main = () => 2");
    assert_eq!(stage.call("g", "{}").await, Ok("2".into()), "at once, before any watcher tells");
    std::fs::remove_dir_all(stage.folder.path().join("cloudfunctions/g")).expect("it can be removed");
    while stage.functions.get("g").await.is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.call("g", "{}").await.expect_err("it is gone").kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_call_shows_its_token_to_be_asked_for_its_caller() {
    let stage = Stage::of("exports.main = () => process.env.TCB_SESSIONTOKEN");
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let token = outcome.result.expect("a result");
    assert_eq!(stage.functions.caller_of(token.trim_matches('"')), Some(Caller::Console));
    assert_eq!(stage.functions.caller_of(&outcome.request_id), None, "logs tell it to everybody");
}

#[tokio::test]
async fn identity_is_lent_for_one_call() {
    let stage = Stage::of(
        "exports.main = (event) => ({ event, openid: process.env.WX_OPENID, source: process.env.TCB_SOURCE, keys: process.env.WX_CONTEXT_KEYS })",
    );
    let alice = Caller::MiniProgram(Identity { openid: "o-alice".into(), unionid: None });
    let event = r#"{"a":1,"userInfo":{"openId":"forged"}}"#;
    let outcome = stage.call_as("f", event, alice.clone()).await;
    assert_eq!(
        outcome.result.expect("a result"),
        r#"{"event":{"a":1,"userInfo":{"appId":"wx1","openId":"o-alice"},"tcbContext":{}},"openid":"o-alice","source":"wx_client","keys":"WX_CLIENTIP,WX_APPID,WX_OPENID,WX_API_TOKEN"}"#
    );
    assert_eq!(stage.functions.caller_of(&outcome.request_id), None, "logs tell it to everybody");
    assert_eq!(stage.call("f", "{}").await, Ok(r#"{"event":{}}"#.into()));
    let nested = stage.call_as("f", "{}", alice.through_function("wx_client,scf")).await;
    let text = nested.result.expect("a result");
    assert!(text.contains(r#""openid":"o-alice","source":"wx_client,scf""#), "{text}");
}

#[tokio::test]
async fn a_timer_brings_its_event_and_no_identity() {
    let stage = Stage::of(
        "exports.main = (event) => [event, process.env.TRIGGER_SRC, process.env.TCB_SOURCE, process.env.WX_OPENID]",
    );
    let events = stage.functions.0.events.clone();
    let outcome =
        crate::emulator::timers::fire(&stage.functions, &events, "f", "daily", 1_550_749_740_500).await;
    assert_eq!(
        outcome.result.expect("a result"),
        r#"[{"Type":"Timer","TriggerName":"daily","Time":"2019-02-21T11:49:00Z","Message":"","userInfo":{"appId":"wx1"}},"timer","wx_trigger",null]"#
    );
}

#[tokio::test]
async fn the_context_tells_what_the_platform_tells() {
    let stage = Stage::of(
        "exports.main = (event, context) => { const { request_id, environ, environment, ...rest } = context; \
         const { TCB_ENV, SCF_NAMESPACE } = JSON.parse(environment); \
         return { ...rest, TCB_ENV, SCF_NAMESPACE, same: environ.includes('TCB_ENV=local;'), \
         left: context.getRemainingTimeInMillis() > 2000, cwd: process.cwd() === __dirname, uuid: request_id.length } }",
    );
    assert_eq!(
        stage.call("f", "").await.expect("an empty event is an empty object"),
        r#"{"callbackWaitsForEmptyEventLoop":true,"memory_limit_in_mb":256,"time_limit_in_ms":300000,"function_version":"$LATEST","function_name":"f","namespace":"local","tencentcloud_region":"ap-shanghai","tencentcloud_appid":"1250000001","tencentcloud_uin":"100000000001","TCB_ENV":"local","SCF_NAMESPACE":"local","same":true,"left":true,"cwd":true,"uuid":36}"#
    );
}

#[tokio::test]
async fn everything_a_function_prints_is_logged_in_order() {
    let stage = Stage::of(
        "console.log('while loading'); exports.main = async () => { console.log('a %d', 1); console.info({ b: 2 }); \
         console.warn('c'); console.error('d\\ne'); console.debug('f'); process.stdout.write('g\\nh'); \
         console.__baseLog__({ level: 'x' }, 'warn'); }",
    );
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let expected = [
        "Info while loading",
        "Info a 1",
        "Info { b: 2 }",
        "Warn c",
        "Error d\ne",
        "Debug f",
        "Info g",
        "Warn { level: 'x' }",
        "Info h",
    ];
    assert_eq!(stage.said(), expected);
    let id = &outcome.request_id;
    let (start, end) =
        (format!("START RequestId: {id}\nwhile loading\na 1\n"), format!("END RequestId: {id}\nREPORT"));
    let log = outcome.log();
    assert!(log.starts_with(&start) && log.contains(&end), "{log}");
    assert!(outcome.memory_bytes > 10 << 20, "{}", outcome.memory_bytes);
}

#[tokio::test]
async fn a_failure_is_logged_with_its_source_line() {
    let stage = Stage::of("exports.main = async () => {\n  throw new Error('boom')\n}");
    stage.call("f", "{}").await.expect_err("it throws");
    let file = stage.folder.path().join("cloudfunctions/f/index.js").display().to_string();
    let expected = format!(
        "Error {file}:2\n  throw new Error('boom')\n        ^\nError: boom\n    at exports.main ({file}:2:9)"
    );
    assert_eq!(stage.said(), [expected]);
}

#[tokio::test]
async fn work_after_the_answer_goes_on_and_is_told_once() {
    let mut stage = Stage::new(&[
        (
            "f/index.js",
            "exports.main = async (e) => { setTimeout(() => console.log('afterwards'), 80); return 1 }",
        ),
        ("quiet/index.js", "exports.main = async (e) => { process.stdout.write('now\\n') }"),
    ]);
    // It has nothing to do after its answer, so nothing is told of it.
    stage.call("quiet", "{}").await.expect("a good call");
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let lingering = |event| match event {
        Event::Lingering { request_id, .. } => Some(request_id),
        _ => None,
    };
    assert_eq!(stage.event(lingering).await, outcome.request_id);
    let logged = |event| match event {
        Event::Logged(record) if record.function == "f" => Some((record.message, record.request_id)),
        _ => None,
    };
    assert_eq!(stage.event(logged).await, ("afterwards".into(), outcome.request_id));
}

#[tokio::test]
async fn modules_of_every_kind_are_found() {
    let library = "module.exports = 'shared'";
    let stage = Stage::new(&[
        (
            "/cloudkit.toml",
            "[functions]\nroot = \"cloudfunctions\"\n[functions.entry]\nhandler = \"src/app.start\"\n",
        ),
        ("/shared/node_modules/lib/index.js", library),
        ("esm/package.json", r#"{"type":"module"}"#),
        (
            "esm/index.js",
            "import lib from 'lib'; import { request } from 'node:https'; export const main = async () => [lib, typeof request]",
        ),
        ("own/node_modules/lib/index.js", "module.exports = 'own'"),
        ("own/index.js", "exports.main = () => require('lib')"),
        ("shares/index.js", "exports.main = () => require('lib')"),
        ("entry/src/app.js", "exports.start = () => require('path').basename(__dirname)"),
        ("top/index.mjs", "const a = await 1; export function main() { return a }"),
    ]);
    for (name, expected) in [
        ("esm", r#"["shared","function"]"#),
        ("own", r#""own""#),
        ("shares", r#""shared""#),
        ("entry", r#""src""#),
        ("top", "1"),
    ] {
        assert_eq!(stage.call(name, "{}").await, Ok(expected.into()), "{name}");
    }
}

#[tokio::test]
async fn a_call_whose_caller_left_goes_on() {
    let mut stage = Stage::of(
        "exports.main = async () => { console.log('begun'); await new Promise(r => setTimeout(r, 20)); console.log('done') }",
    );
    let caller = stage.begin("{}");
    let logged = |event| matches!(event, Event::Logged(_)).then_some(());
    stage.event(logged).await;
    caller.abort();
    stage.event(logged).await;
    let invoked = |event| match event {
        Event::Invoked { failure, .. } => Some(failure),
        _ => None,
    };
    assert_eq!(stage.event(invoked).await, None);
    assert_eq!(stage.said(), ["Info begun", "Info done"]);
}

#[tokio::test]
async fn the_sdks_hosts_lead_to_the_emulator() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let ask = |how: &str| {
        format!(
            "await new Promise((done, fail) => {{ const r = {how}; r.on('response', (a) => {{ a.resume(); a.on('end', done) }}); r.on('error', fail); r.end() }});"
        )
    };
    let code = format!(
        "const http = require('http'), https = require('https'); exports.main = async () => {{ {} {} {} await (await fetch('https://e.api.tcloudbasegateway.com/v1?x=1', {{ method: 'POST', body: 'b' }})).text(); }}",
        ask("https.get('https://api2.weixin.qq.com/a?b=1')"),
        ask(
            "http.request({ hostname: 'tcb-admin.tencentyun.com', path: '/admin', method: 'POST', headers: { host: 'own' } })"
        ),
        ask(
            "https.request(new URL('https://e.ap-shanghai.tcb-api.tencentcloudapi.com/admin'), { agent: new https.Agent({ keepAlive: true }) })"
        ),
    );
    let stage = Stage::at(&url, &[("f/index.js", &code)]);
    let answers = async {
        let mut heads = Vec::new();
        while heads.len() < 4 {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.expect("its head");
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.expect("it listens");
            heads.push(String::from_utf8_lossy(&head[..length]).to_lowercase());
        }
        heads
    };
    let (heads, result) = tokio::join!(answers, stage.call("f", "{}"));
    assert_eq!(result, Ok("null".into()));
    let expected = [
        ("get /a?b=1 ", "host: api2.weixin.qq.com\r", "x-cloudkit-host: https://api2.weixin.qq.com\r"),
        ("post /admin ", "host: own\r", "x-cloudkit-host: http://tcb-admin.tencentyun.com\r"),
        (
            "get /admin ",
            "host: e.ap-shanghai.tcb-api.tencentcloudapi.com\r",
            "x-cloudkit-host: https://e.ap-shanghai.tcb-api.tencentcloudapi.com\r",
        ),
        ("post /v1?x=1 ", "host: 127.0.0.1:", "x-cloudkit-host: https://e.api.tcloudbasegateway.com\r"),
    ];
    for (head, (line, host, origin)) in heads.iter().zip(expected) {
        assert!(head.starts_with(line) && head.contains(host) && head.contains(origin), "{head}");
    }
}

#[tokio::test]
async fn a_deployed_function_runs_until_its_folder_is_saved_again() {
    let stage = Stage::of("exports.main = () => 'folder'");
    let spec = stage.functions.get("f").await.expect("it is there").spec;
    let package = package(&[("index.js", "exports.main = () => 'deployed'")]);
    stage.functions.deploy(spec.clone(), Some(package.clone())).await.expect("a good package");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()));
    assert_eq!(stage.functions.package("f").await.expect("kept"), package);
    assert_eq!(stage.functions.get("f").await.expect("it is there").origin, Origin::Deployed);
    stage.functions.stop().await;

    let stage = Stage::open("http://127.0.0.1:9", stage.folder);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()), "it survives a restart");
    stage.write("f/index.js", "exports.main = () => 'saved again'");
    while stage.call("f", "{}").await != Ok(r#""saved again""#.into()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.functions.get("f").await.expect("it is there").code_sha256, None);
    stage.functions.remove("f").await.expect("it can be deleted");
    assert_eq!(stage.functions.get("f").await, None);
    assert!(stage.functions.remove("f").await.is_err(), "it is gone");
    stage.functions.deploy(spec, Some(package)).await.expect("a good package");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()));
}

/// Packs files as a client does that deploys.
fn package(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in files {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(text.as_bytes()).expect("memory takes it");
    }
    zip.finish().expect("a zip").into_inner()
}

#[tokio::test]
async fn a_failure_of_a_deployed_copy_names_the_projects_file_where_it_is_the_same() {
    let (code, part) =
        ("exports.main = () => require('./part')()", "module.exports = () => { throw new Error('boom') }");
    let stage = Stage::new(&[("f/index.js", "exports.main = () => 'older'"), ("f/part.js", part)]);
    let spec = stage.functions.get("f").await.expect("it is there").spec;
    let package = package(&[("index.js", code), ("part.js", part)]);
    stage.functions.deploy(spec, Some(package)).await.expect("a good package");
    let message = stage.call("f", "{}").await.expect_err("it throws").message;
    let root = stage.folder.path().canonicalize().expect("it is there");
    let own = root.join("cloudfunctions/f/part.js").display().to_string();
    let copy = root.join(".cloudkit/data/functions/f/code/index.js").display().to_string();
    assert!(message.contains(&format!("{own}:1:")) && message.contains(&format!("{copy}:1:")), "{message}");
    assert!(
        stage.said().iter().any(|line| line.starts_with(&format!("Error {own}:1\n"))),
        "{:?}",
        stage.said()
    );
}

#[tokio::test]
async fn a_value_known_where_it_was_deployed_from_outlives_a_save() {
    let code = |value: u8| format!("exports.main = () => [{value}, process.env.S]");
    let manifest =
        "[functions]\nroot = 'cloudfunctions'\n[functions.f]\nvariables = { S = '$KNOWN_ELSEWHERE' }\n";
    let stage = Stage::new(&[("f/index.js", &code(1)), ("/cloudkit.toml", manifest)]);
    assert_eq!(stage.call("f", "{}").await, Ok("[1,null]".into()));
    let mut spec = stage.functions.get("f").await.expect("it is there").spec;
    spec.variables.insert("S".into(), "hunter2".into());
    stage.functions.deploy(spec, None).await.expect("settings alone");
    assert_eq!(stage.call("f", "{}").await, Ok(r#"[1,"hunter2"]"#.into()));
    stage.write("f/index.js", &code(2));
    assert_eq!(stage.call("f", "{}").await, Ok(r#"[2,"hunter2"]"#.into()));
}

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
        .args(["--exact", "emulator::functions::tests::a_victim", "--ignored"])
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

#[tokio::test]
async fn a_moved_clock_is_the_functions_time_and_its_dates_are_dates() {
    let stage = Stage::of(
        "const Kept = Date, before = new Date(0);
         const format = new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: 'UTC' });
         class Day extends Kept {}
         exports.main = async () => {
           const now = new Date();
           return [
             now.toISOString(), Date.now() - now < 60000, Date().includes('2030'), Kept.now() - now < 60000,
             before instanceof Date && now instanceof Kept && now.constructor === Date && new Day(0) instanceof Date,
             Date.length, Date.name, new Date(2020, 1).getFullYear(), new (class extends Date {})().getUTCFullYear(),
             structuredClone(now) instanceof Date, require('util').inspect(now), format.format(),
             format.formatToParts()[0].value, format.format(0), format.format === format.format,
           ].join(' ');
         };",
    );
    let clock = &stage.functions.0.config.clock;
    let real = stage.call("f", "{}").await.expect("an answer");
    clock.hold(1_900_000_000_000);
    let held = stage.call("f", "{}").await.expect("an answer");
    // The function's time runs on from the held one, 17:46:40.
    assert!(held.starts_with("\"2030-03-17T17:4"), "{held}");
    let rest = "true true true true 7 Date 2020 2030 true 2030-03-17T17:4";
    assert!(held.contains(rest), "{held}");
    assert!(held.ends_with("Z 2030 2030 1970 true\""), "{held}");
    clock.resume();
    let resumed = stage.call("f", "{}").await.expect("an answer");
    assert_eq!(resumed.get(..5), real.get(..5));
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_function_that_has_a_clock_of_its_own_keeps_it() {
    let stage = Stage::of(
        "Date.now = () => 7; exports.main = () => [Date.now(), new Date().getUTCFullYear() < 2100];",
    );
    stage.functions.0.config.clock.hold(9_000_000_000_000);
    assert_eq!(stage.call("f", "{}").await.as_deref(), Ok("[7,true]"));
    stage.functions.stop().await;
}

/// Asks the inspector at a port until that is the value of an expression there: it may not listen yet, or be another's.
async fn find(port: u16, expression: &str, wanted: &serde_json::Value) {
    let mut last = None;
    for _ in 0..1200 {
        let asked = pinpoint::evaluate(port, expression);
        last = tokio::time::timeout(Duration::from_secs(10), asked).await.ok().flatten();
        if last.as_ref() == Some(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("at port {port} {expression} is {last:?}, not {wanted}");
}

#[tokio::test]
async fn the_process_after_one_that_ran_out_of_time_is_inspected() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let code = "globalThis.pid = process.pid; exports.main = (e) => { while (e.loop); return process.pid }";
    write(folder.path(), "/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 3\n");
    write(folder.path(), "f/index.js", code);
    let config = Config { inspect: inspect(), ..config(folder.path()) };
    let stage = Stage::with("http://127.0.0.1:9", folder, config);
    let port = stage.functions.inspectors()["f"];
    // While one is in its loop, another process has the calls beside.
    let (out_of_time, beside) = tokio::join!(stage.call("f", r#"{"loop":true}"#), stage.call("f", "{}"));
    assert_eq!(out_of_time.expect_err("a timeout").kind, FaultKind::Timeout);
    let next = stage.call("f", "{}").await.expect("a process id");
    assert_ne!(Ok(&next), beside.as_ref(), "the call goes where a debugger can follow it");
    // The one before listens until it has ended.
    find(port, "globalThis.pid", &next.parse().expect("a number")).await;
}

#[tokio::test]
async fn a_debugger_finds_each_function_at_its_port_before_a_call_and_after_a_change_and_lifts_the_time_limit()
 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let code = "globalThis.who = 'first'; exports.main = async (e) => { await new Promise(r => setTimeout(r, e.wait ?? 0)); \
                if (e.fill) Array.from({ length: e.fill }, (_, n) => ({ n })); return [who, process.pid] }";
    let limits = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 3\nmemory = 128\n";
    write(folder.path(), "/cloudkit.toml", limits);
    write(folder.path(), "f/index.js", code);
    write(folder.path(), "g/index.js", "globalThis.who = 'other'; exports.main = () => 1");
    let config = Config { inspect: inspect(), ..config(folder.path()) };
    let stage = Stage::with("http://127.0.0.1:9", folder, config);
    let ports = stage.functions.inspectors();
    let (f, g) = (ports["f"], ports["g"]);
    assert_ne!(f, g);
    // Nobody has attached to `f`, so its time is limited.
    let fault = stage.call("f", r#"{"wait":60000}"#).await.expect_err("a timeout");
    assert_eq!(fault.kind, FaultKind::Timeout);
    find(g, "globalThis.who", &"other".into()).await;

    stage.call("f", "{}").await.expect("a result");
    find(f, "globalThis.who", &"first".into()).await;
    let (one, _) = tokio::join!(stage.call("f", r#"{"wait":4000}"#), stage.call("f", "{}"));
    let one = one.expect("no limit with a debugger");
    assert_eq!(stage.call("f", "{}").await, Ok(one.clone()), "the process that is debugged has the calls");
    assert_eq!(stage.call("f", r#"{"fill":6000000}"#).await, Ok(one), "with more memory than it has");

    let in_flight = stage.begin(r#"{"wait":300}"#);
    tokio::task::yield_now().await;
    stage.write("f/index.js", &code.replace("first", "second"));
    assert!(stage.call("f", "{}").await.expect("a result").contains("second"));
    in_flight.await.expect("it ends").result.expect("the old code's result");
    find(f, "globalThis.who", &"second".into()).await;
    assert_eq!(stage.functions.inspectors(), ports);
}
