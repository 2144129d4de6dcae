//! A debugger finds the process that has the calls.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// Returns where the inspectors of a stage listen: at ports that no other test has, nor anybody who asks the system for one.
fn inspect() -> Option<u16> {
    static STAGES: AtomicU32 = AtomicU32::new(0);
    let stage = std::process::id() * 4 + STAGES.fetch_add(1, Ordering::Relaxed);
    u16::try_from(10_000 + stage % 2_000 * 10).ok()
}

/// Asks the inspector at a port until that is the value of an expression there: it may not listen yet, or be another's.
async fn find(port: u16, expression: &str, wanted: &serde_json::Value) {
    until(format!("at port {port} {expression} is {wanted}"), async || {
        pinpoint::evaluate(port, expression).await.as_ref() == Some(wanted)
    })
    .await;
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
