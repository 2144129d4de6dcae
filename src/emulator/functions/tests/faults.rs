//! Functions that misbehave: what the caller reads, what the log says, and that the next call works.

use rustix::process::Signal;

use super::*;
use crate::emulator::reaper::Victim;

/// A function that does `fault` when its event says so and answers `well` otherwise.
struct Faulty {
    fault: &'static str,
    /// The result of the call at fault, or the fault's code and how its text begins.
    answer: &'static str,
    /// What a line of the log holds; empty is no demand.
    logged: &'static str,
    /// The function's time limit in seconds.
    timeout: u32,
}

impl Default for Faulty {
    fn default() -> Self {
        Faulty { fault: "", answer: "FUNCTIONS_EXECUTE_FAIL", logged: "", timeout: 300 }
    }
}

impl Faulty {
    async fn check(&self) {
        let Faulty { fault, answer, logged, timeout } = self;
        let code = format!(
            "exports.main = async function (event, context, callback) {{\n  if (!event.fault) return 'well';\n  {fault}\n}}"
        );
        let limits = format!("[functions]\nroot = \"cloudfunctions\"\nmemory = 128\ntimeout = {timeout}\n");
        let stage = Stage::new(&[("/cloudkit.toml", &limits), ("f/index.js", &code)]);
        let outcome = stage.call_as("f", r#"{"fault":true}"#, Caller::Console).await;
        let found = match outcome.result {
            Ok(text) => text,
            Err(fault) => format!("{} {}", fault.kind.code(), fault.message),
        };
        assert!(found.starts_with(answer), "{fault}\n{found:.400}");
        assert_eq!(stage.call("f", "{}").await, Ok(r#""well""#.into()), "after {fault}");
        let said = stage.said();
        let is_logged = logged.is_empty() || said.iter().any(|line| line.contains(logged));
        assert!(is_logged, "{fault}\n{said:#?}");
        stage.functions.stop().await;
    }
}

async fn check_all(faults: &[Faulty]) {
    for fault in faults {
        fault.check().await;
    }
}

#[tokio::test]
async fn a_call_is_answered_once() {
    check_all(&[
        Faulty {
            fault: "context.callbackWaitsForEmptyEventLoop = false; callback(null, 1); callback(null, 2); return 3",
            answer: "1",
            ..Faulty::default()
        },
        Faulty {
            fault: "context.callbackWaitsForEmptyEventLoop = false; callback(null, 1); throw new Error('too late')",
            answer: "1",
            ..Faulty::default()
        },
        Faulty { fault: "callback(null, 1); callback(null, 2); callback(new Error('3'))", answer: "1", ..Faulty::default() },
        Faulty {
            fault: "context.fail(new Error('first')); context.succeed(2)",
            answer: "FUNCTIONS_EXECUTE_FAIL Error: first",
            logged: "Error: first",
            ..Faulty::default()
        },
    ])
    .await;
}

#[tokio::test]
async fn a_process_that_goes_down_fails_its_call_alone() {
    check_all(&[
        Faulty {
            fault: "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})",
            answer: "FUNCTIONS_EXECUTE_FAIL signal 9 exit unexpected",
            logged: "signal 9 exit unexpected",
            ..Faulty::default()
        },
        Faulty {
            fault: "process.on('SIGTERM', () => {}); for (let fd = 0; fd < 10; fd++) try { require('fs').closeSync(fd) } catch {} \
                    console.log('nobody hears'); await new Promise(r => setTimeout(r, 60000))",
            ..Faulty::default()
        },
        Faulty {
            fault: "require('fs').writeSync(0, 'not a frame at all'); await new Promise(() => setInterval(() => {}, 1000))",
            ..Faulty::default()
        },
        Faulty {
            fault: "process.abort()",
            answer: "FUNCTIONS_EXECUTE_FAIL signal 6 exit unexpected",
            ..Faulty::default()
        },
        Faulty {
            fault: "const deep = (n) => deep(n + 1) + 1; deep(0)",
            answer: "FUNCTIONS_EXECUTE_FAIL RangeError: Maximum call stack size exceeded",
            logged: "RangeError",
            ..Faulty::default()
        },
    ])
    .await;
}

#[tokio::test]
async fn time_and_memory_end_what_cannot_be_interrupted() {
    check_all(&[
        Faulty {
            fault: "for (;;) await null",
            answer: "FUNCTIONS_TIME_LIMIT_EXCEEDED Invoking task timed out after 3 seconds",
            timeout: 3,
            ..Faulty::default()
        },
        Faulty {
            fault: "const kept = []; for (;;) { kept.push(Buffer.alloc(4 << 20, 1)); await new Promise(setImmediate) }",
            answer: "FUNCTIONS_MEMORY_LIMIT_EXCEEDED Memory limit exceeded",
            logged: "Memory limit exceeded",
            ..Faulty::default()
        },
        Faulty {
            fault: "const kept = []; for (;;) kept.push({ some: 'thing' })",
            answer: "FUNCTIONS_MEMORY_LIMIT_EXCEEDED Memory limit exceeded",
            logged: "Memory limit exceeded",
            ..Faulty::default()
        },
    ])
    .await;
}

#[tokio::test]
async fn what_a_function_does_to_the_language_does_not_reach_the_platform() {
    let nothing = "() => { throw new Error('patched') }";
    for patched in [
        // Not `push` and `pop`: Node itself cannot do without them.
        "Array.prototype.map = Array.prototype.filter = Array.prototype.slice = Array.prototype.some = F",
        "Array.prototype.join = Array.prototype.forEach = Array.prototype[Symbol.iterator] = F",
        "Object.prototype.extra = 'everywhere'; Object.prototype.toJSON = undefined",
        "Object.keys = Object.assign = Object.entries = Object.defineProperty = F",
        "globalThis.Date = class {}; globalThis.setTimeout = F",
        "Date.now = F",
        "JSON.stringify = JSON.parse = F",
        "globalThis.JSON = null",
        "console.log = console.error = F; globalThis.console = null",
        "Buffer.from = Buffer.alloc = Buffer.allocUnsafe = Buffer.byteLength = Buffer.concat = F",
        "Buffer.prototype.write = Buffer.prototype.writeUInt32BE = Buffer.prototype.readUInt32BE = Buffer.prototype.subarray = F",
        "String.prototype.split = String.prototype.charCodeAt = String.prototype.replace = F",
        "require('fs').writeSync = require('fs').readFileSync = F",
        "process.exit = process.memoryUsage = F",
        "Atomics.wait = Math.round = Math.max = F",
        "process.env = {}",
        "process.removeAllListeners()",
    ] {
        let code = format!(
            "const F = {nothing}, later = setTimeout; let done; exports.main = async (event) => {{ if (event.fail) throw new Error('failed'); \
             if (!done) {{ later(() => {{}}, 600000); {patched}; done = true }}; return event.n }}"
        );
        let mut stage = Stage::of(&code);
        for n in 0..3 {
            let found = stage.call("f", &format!(r#"{{"n":{n}}}"#)).await;
            assert_eq!(found, Ok(n.to_string()), "{patched}");
            if n == 0 {
                let lingering = |event| matches!(event, Event::Lingering { .. }).then_some(());
                within(patched, stage.event(lingering)).await;
            }
            let fault = stage.call("f", r#"{"fail":true}"#).await.expect_err(patched);
            assert!(fault.message.starts_with("Error: failed"), "{patched}: {}", fault.message);
        }
        stage.functions.stop().await;
    }
}

#[tokio::test]
async fn what_a_module_does_to_the_language_as_it_loads_does_not_reach_the_platform() {
    for patched in [
        "Array.prototype.toJSON = Object.prototype.toJSON = () => 'patched'",
        "Object.defineProperty(Array.prototype, 'toJSON', { value() { return this.join() } })",
        "Array.prototype.filter = Array.prototype.slice = Array.prototype[Symbol.iterator] = undefined",
        "Object.keys = String.prototype.includes = String.prototype.startsWith = undefined",
        "globalThis.Set = globalThis.JSON = undefined",
    ] {
        let stage = Stage::of(&format!("{patched}; exports.main = (event) => event.n"));
        for n in 0..2 {
            assert_eq!(stage.call("f", &format!(r#"{{"n":{n}}}"#)).await, Ok(n.to_string()), "{patched}");
        }
        stage.functions.stop().await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_that_at_the_end_of_the_call_and_over_the_limit_no_other_call_is_served() {
    let stage = Stage::of(
        "const kept = []; exports.main = async (e) => { if (e.take) kept.push(Buffer.alloc(e.take << 20, 1)); \
         if (e.fail) throw new Error('failed'); if (e.exit) process.exit(1); return process.pid }",
    );
    let used = async |event: &str| {
        let outcome = stage.call_as("f", event, Caller::Console).await;
        (outcome.memory_bytes >> 20, outcome.result.ok())
    };
    let (least, _) = used("{}").await;
    let (failed, _) = used(r#"{"take":40,"fail":true}"#).await;
    assert!((least + 35..least + 60).contains(&failed), "{failed} MB after {least} MB");
    let mut before = failed;
    let mut process = None;
    for _ in 0..3 {
        let (now, answered_by) = used(r#"{"take":40}"#).await;
        assert!((before + 35..before + 60).contains(&now), "{now} MB after {before} MB");
        before = now;
        process = answered_by;
    }
    let (over, last) = used(r#"{"take":80}"#).await;
    assert!(over > 256, "{over} MB");
    assert!(last.is_none() || last == process);
    let (fresh, next) = used("{}").await;
    assert!(fresh < least + 35 && next.is_some() && next != process, "{fresh} MB");
    let (exited, _) = used(r#"{"take":40,"exit":true}"#).await;
    assert!((least + 35..least + 60).contains(&exited), "{exited} MB");
    stage.functions.stop().await;
}

#[tokio::test]
async fn memory_that_runs_out_shows_no_native_stack() {
    let stage = Stage::new(&[
        ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\nmemory = 128\ntimeout = 300\n"),
        (
            "f/index.js",
            "require('v8').setFlagsFromString('--max-old-space-size=20'); \
             exports.main = () => { const kept = []; for (;;) kept.push({ some: 'thing' }) }",
        ),
    ]);
    let fault = stage.call("f", "{}").await.expect_err("there is no end to it");
    assert_eq!(fault.kind, FaultKind::Memory);
    stage.functions.stop().await;
    let said = stage.said();
    assert!(!said.iter().any(|line| line.contains(": 0x") || line.contains("Native stack")), "{said:#?}");
}

#[tokio::test]
async fn what_is_written_past_the_console_is_logged_whole() {
    let stage = Stage::new(&[
        ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\n"),
        (
            "f/index.js",
            "const fs = require('fs'); exports.main = (e) => { process.stdout.write(Buffer.from([0xff, 0x41, 0x0a])); \
             process.stdout.write('ha'); process.stdout.write('lf\\n'); \
             const cloud = Buffer.from('云\\nrest'); process.stdout.write(cloud.subarray(0, 2)); process.stdout.write(cloud.subarray(2)); fs.writeSync(1, 'past\\nhalf a'); \
             fs.writeSync(1, ' line\\n'); }",
        ),
    ]);
    stage.call("f", "{}").await.expect("a good call");
    stage.functions.stop().await;
    let mut said = stage.said();
    // Two ways lead to the log, and each keeps its order.
    said.sort_by_key(|line| line.starts_with("Info past") || line.starts_with("Info half a"));
    assert_eq!(
        said,
        ["Info \u{fffd}A", "Info half", "Info 云", "Info rest", "Info past", "Info half a line"]
    );
}

#[tokio::test]
async fn a_hundred_megabytes_of_output_are_taken_in_without_being_kept() {
    let stage = Stage::new(&[
        ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\nmemory = 1024\n"),
        (
            "f/index.js",
            "const { execSync } = require('child_process'); exports.main = (e) => { \
             if (e.long) { console.log('x'.repeat(e.long)); return 'long' } \
             if (e.unended) { for (let n = 0; n < 3000; n++) process.stdout.write('x'.repeat(10000)); \
             require('v8').setFlagsFromString('--expose-gc'); require('vm').runInNewContext('gc')(); return process.memoryUsage().heapUsed < 20e6 } \
             execSync(`head -c 100000000 /dev/zero | tr '\\\\0' x`, { stdio: ['ignore', 'inherit', 'ignore'] }); \
             for (let n = 0; n < 100; n++) console.log('y'.repeat(100000)); return 'well' }",
        ),
    ]);
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    assert_eq!(outcome.result, Ok(r#""well""#.into()));
    assert!(outcome.said.len() < 3 << 20, "{}", outcome.said.len());
    assert_eq!(stage.call("f", r#"{"long":50000000}"#).await, Ok(r#""long""#.into()));
    assert_eq!(stage.call("f", r#"{"unended":true}"#).await, Ok("true".into()));
    let longest = stage.logs.search(&Search::default()).found.iter().map(|it| it.message.len()).max();
    assert!(longest.is_some_and(|longest| longest <= 1 << 20), "{longest:?}");
}

#[tokio::test]
async fn a_rejection_after_the_answer_ends_the_process_and_not_the_function() {
    let mut stage = Stage::of(
        "exports.main = async (e) => { if (e.fault) setTimeout(() => Promise.reject(new Error('later')), 10); return process.pid }",
    );
    let first = stage.call("f", r#"{"fault":true}"#).await.expect("it answered before");
    let later = |event| match event {
        Event::Logged(record) => record.message.contains("Error: later").then_some(()),
        _ => None,
    };
    stage.event(later).await;
    let second = stage.call("f", "{}").await.expect("the next call works");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_function_that_deletes_its_folder_is_gone_and_others_stay() {
    let stage = Stage::new(&[
        ("f/index.js", "exports.main = () => require('fs').rmSync(__dirname, { recursive: true })"),
        ("g/index.js", "exports.main = () => 'well'"),
    ]);
    stage.call("f", "{}").await.expect("the call itself is good");
    let fault = stage.call("f", "{}").await.expect_err("there is nothing to run");
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert_eq!(stage.call("g", "{}").await, Ok(r#""well""#.into()));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_function_started_ends_with_it_though_it_ignores_signals() {
    let stage = Stage::of(
        "const { spawn, fork } = require('child_process'); process.on('SIGTERM', () => {}); \
         exports.main = async (e) => { if (!e.fault) return 'well'; \
         const held = spawn('sh', ['-c', \"trap '' TERM INT HUP; sleep 600 & wait\"], { stdio: 'inherit' }); \
         const other = spawn('sleep', ['600'], { stdio: 'ignore' }); \
         console.log([process.pid, held.pid, other.pid].join(' ')); \
         await new Promise(r => setTimeout(r, 20)); process.exit(1) }",
    );
    let fault = stage.call("f", r#"{"fault":true}"#).await.expect_err("it exits");
    assert_eq!(fault.kind, FaultKind::Exit);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""well""#.into()));
    let said = stage.said();
    let pids = said.iter().find_map(|line| line.strip_prefix("Info ")).expect("its process ids");
    have_ended(pids).await;
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_spare_process_that_has_ended_has_no_call() {
    let stage = Stage::of(
        "const fs = require('fs'); fs.appendFileSync('../../pids', process.pid + ' '); exports.main = async (e) => { \
         while (e.until && !fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)); return process.pid }",
    );
    let first = stage.call("f", "{}").await.expect("a process id");
    let pids = || std::fs::read_to_string(stage.folder.path().join("pids")).unwrap_or_default();
    let function = stage.functions.0.registry.get("f").expect("it is there");
    let has_spare = || function.idle_since() == Some(None);
    until("a spare process", async || has_spare() && pids().split_whitespace().count() == 2).await;
    let spare = pids().split_whitespace().nth(1).and_then(|pid| pid.parse().ok());
    Victim::Process(spare.expect("a number")).signal(Signal::KILL);
    until("its end", async || !has_spare()).await;
    let file = stage.folder.path().join("ended");
    let held = stage.begin(&serde_json::json!({ "until": file }).to_string());
    until("a call", async || function.is_at_work()).await;
    assert_ne!(stage.call("f", "{}").await.expect("a process of its own"), first);
    std::fs::write(file, "").expect("a file");
    assert_eq!(held.await.expect("it ends").result, Ok(first));
}

/// An emulator's front for functions that call themselves: each connection is a call.
async fn nest(listener: tokio::net::TcpListener, functions: Functions) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    while let Ok((mut stream, _)) = listener.accept().await {
        let functions = functions.clone();
        tokio::spawn(async move {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let depth = head.split_whitespace().nth(1).and_then(|path| path.strip_prefix('/'));
            let depth: i32 = depth.and_then(|depth| depth.parse().ok()).expect("a depth");
            let event = format!(r#"{{"depth":{depth}}}"#);
            let nested = |caller: Caller, _| caller.through_function("scf");
            let caller = (depth..0).fold(Caller::Console.through_function("scf"), nested);
            let answer = match functions.invoke("f", Invocation { event, caller }).await.result {
                Ok(text) => text,
                Err(fault) => serde_json::json!(fault.kind.code()).to_string(),
            };
            let answer = format!("HTTP/1.0 200 OK\r\n\r\n{answer}");
            // An error means that the caller ran out of time.
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

/// Waits until the calls of a recursion have ended, and with them the processes are free; one of them was told why.
async fn goes_no_deeper(stage: &Stage) {
    let function = stage.functions.0.registry.get("f").expect("it is there");
    until("it goes no deeper", async || !function.is_at_work()).await;
    let said = stage.said();
    assert!(said.iter().any(|line| line.contains("functions that wait for one another")), "{said:#?}");
}

#[tokio::test]
async fn a_function_that_calls_itself_without_end_is_told_so_and_one_that_ends_is_answered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let stage = Stage::at(
        &url,
        &[
            ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\n"),
            (
                "f/index.js",
                "exports.main = (e) => e.depth === 0 ? 'end' : new Promise((done) => require('http').get( \
                 process.env.CLOUDKIT_EMULATOR_URL + '/' + (e.depth - 1), (answer) => { let text = ''; \
                 answer.on('data', (part) => text += part); answer.on('end', () => done(JSON.parse(text))) }))",
            ),
        ],
    );
    let front = tokio::spawn(nest(listener, stage.functions.clone()));
    assert_eq!(stage.call("f", r#"{"depth":8}"#).await, Ok(r#""end""#.into()));
    assert_eq!(stage.call("f", r#"{"depth":-1}"#).await, Ok(r#""EXCEED_CONCURRENT_REQUEST_LIMIT""#.into()));
    assert_eq!(stage.call("f", r#"{"depth":0}"#).await, Ok(r#""end""#.into()));
    front.abort();
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_recursion_whose_first_callers_have_given_up_ends() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    // Gives up when it has waited for a while, as the SDK does, and answers how deep it has seen it go.
    let code = "exports.main = (e) => new Promise((done) => { const asked = require('http').get( \
                process.env.CLOUDKIT_EMULATOR_URL + '/' + (e.depth - 1), (answer) => { answer.resume(); \
                answer.on('end', () => done('answered')) }); \
                asked.setTimeout(2000, () => asked.destroy()); asked.on('error', () => done('gave up')) })";
    let limits = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\n";
    let stage = Stage::at(&url, &[("/cloudkit.toml", limits), ("f/index.js", code)]);
    let front = tokio::spawn(nest(listener, stage.functions.clone()));
    stage.call("f", r#"{"depth":-1}"#).await.expect("it gives up, or is answered");
    goes_no_deeper(&stage).await;
    front.abort();
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_recursion_whose_callers_are_ended_before_there_are_many_ends() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    // Each waits for the next, and is out of time when a few more have begun.
    let code = "exports.main = (e) => new Promise((done) => setTimeout(() => require('http').get( \
                process.env.CLOUDKIT_EMULATOR_URL + '/' + (e.depth - 1), (answer) => { answer.resume(); \
                answer.on('end', () => done('answered')) }), 50))";
    let limits = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 1\n";
    let stage = Stage::at(&url, &[("/cloudkit.toml", limits), ("f/index.js", code)]);
    let front = tokio::spawn(nest(listener, stage.functions.clone()));
    assert_eq!(stage.call("f", r#"{"depth":-60}"#).await.expect_err("no end").kind, FaultKind::Timeout);
    goes_no_deeper(&stage).await;
    front.abort();
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_simulated_cold_start_is_waited_for_by_the_first_call_of_a_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "f/index.js", "exports.main = () => 'well'");
    let longer = Duration::from_millis(250);
    let config = Config { cold_start: Some(longer), ..config(folder.path()) };
    let events = event::channel();
    let mut received = events.subscribe();
    let logs = Logs::open(folder.path().join("logs"), events.clone());
    let functions = Functions::start(config, "http://127.0.0.1:9".into(), logs, events).expect("they start");
    let mut cold = async || {
        let invocation = Invocation { event: "{}".into(), caller: Caller::Console };
        functions.invoke("f", invocation).await.result.expect("a good call");
        let invoked = |event| match event {
            Event::Invoked { cold, .. } => Some(cold),
            _ => None,
        };
        event(&mut received, invoked).await
    };
    assert!(cold().await.is_some_and(|waited| waited >= longer));
    assert_eq!(cold().await, None);
    functions.stop().await;
}
