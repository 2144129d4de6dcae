//! Calls that overlap: who has a process, who waits in line for one, and who leaves.

use super::*;
use crate::emulator::functions::pool::CEILING;

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
    assert!(processes.len() <= CEILING, "{processes:?}");
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
    until("the last place is taken", async || places.take().is_none()).await;
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
    let function = stage.functions.0.registry.get("f").expect("it is there");
    until("a call in line", async || function.waiting() > 0).await;
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
    // Compiled code and caches may still come and go; one object kept for each call would be more.
    let is_less = async || {
        let after = measure().await;
        assert_eq!((before.1, before.2), (after.1, after.2), "descriptors, process");
        after.0 < before.0 + 500_000
    };
    until("the heap is as large as before", is_less).await;
    assert_eq!(stage.functions.0.callers.lock().expect("whole").len(), REMEMBERED_CALLS);
}
